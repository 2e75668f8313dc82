# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a tunnel that stands: rekeys, deletes, a gateway or a client that dies, signals."""

import signal
import time

from outrider_lab.scenario import scenario
from outrider_lab.traffic import Ping


@scenario
def gateway_rekeys_child(case):
    """The gateway rekeys the child three times; pings go on without loss."""
    case.gateway.configure()
    tunnel = case.connect()
    ping = Ping(case)
    for _ in range(3):
        old = case.gateway.children()[0]["spi-in"]
        case.gateway.rekey_child()
        case.becomes("the gateway has one new child", lambda: [
            child["spi-in"] for child in case.gateway.children()] not in ([old], [])
            and len(case.gateway.children()) == 1)
        if case.is_outrider:
            case.equal("event", tunnel.client.wait_event({"event": "rekeyed"}, 3)["sa"], "child")
        case.pings("10.77.0.2")
    ping.lost_nothing()
    case.works(tunnel)


@scenario
def gateway_rekeys_ike(case):
    """The gateway rekeys the IKE SA twice, then the child of the newest one."""
    case.gateway.configure()
    tunnel = case.connect()
    ping = Ping(case)
    for _ in range(2):
        old = case.gateway.established()[0]["initiator-spi"]
        case.gateway.rekey_ike()
        case.becomes("the gateway has one new IKE SA", lambda: len(case.gateway.sas()) == 1
                     and case.gateway.established()
                     and case.gateway.established()[0]["initiator-spi"] != old)
        if case.is_outrider:
            case.equal("event", tunnel.client.wait_event({"event": "rekeyed"}, 3)["sa"], "ike")
    old = case.gateway.children()[0]["spi-in"]
    case.gateway.rekey_child()
    case.becomes("the gateway has a new child", lambda: len(case.gateway.children()) == 1
                 and case.gateway.children()[0]["spi-in"] != old)
    ping.lost_nothing()
    case.works(tunnel)


@scenario
def gateway_rekeys_on_its_own(case):
    """Lifetimes of two seconds at the gateway: several rekeys, nothing lost."""
    case.gateway.configure(child="rekey_time = 1s\n        rand_time = 0\n        life_time = 5s")
    tunnel = case.connect()
    first = case.gateway.children()[0]["spi-in"]
    ping, seen = Ping(case), {first}

    def three_children():
        seen.update(child["spi-in"] for child in case.gateway.children())
        return len(seen) > 3

    case.becomes("the child is rekeyed three times", three_children, 8)
    ping.lost_nothing()
    case.works(tunnel)


@scenario
def gateway_asks_whether_we_live(case):
    """Liveness checks of the gateway are answered: it keeps the SA."""
    case.gateway.configure(connection="dpd_delay = 1s")
    tunnel = case.connect()
    before = case.router.datagrams_to(4500)
    case.becomes("answers are sent", lambda: case.router.datagrams_to(4500) >= before + 2, 5)
    case.equal("SAs at the gateway", len(case.gateway.established()), 1)
    case.works(tunnel)


@scenario(only="outrider")
def gateway_deletes_ike(case):
    """The gateway ends the connection; with --once that is the end: 80."""
    case.gateway.configure()
    tunnel = case.connect()
    case.gateway.delete_ike()
    event, status = tunnel.client.failed(5)
    tunnel.ended = True
    case.equal("code", event.get("code"), "gateway-closed")
    case.equal("exit status", status, 80)


@scenario(only="outrider", limit=20)
def gateway_deletes_ike_and_we_return(case):
    """Without --once the client connects again."""
    case.gateway.configure()
    tunnel = case.connect(once=False)
    case.gateway.delete_ike()
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 5)
    case.check("it says that it reconnects", event is not None, tunnel.client.last())
    tunnel.ended = True
    again = case.came_up(tunnel.client, 12)
    case.works(again)


@scenario(only="outrider")
def gateway_deletes_child(case):
    """The gateway deletes the only child: the client makes a new one on the same IKE SA."""
    case.gateway.configure()
    tunnel = case.connect()
    ike = case.gateway.established()[0]["initiator-spi"]
    old = case.gateway.children()[0]["spi-in"]
    case.gateway.delete_child()
    case.becomes("the gateway has a new child", lambda: [
        child["spi-in"] for child in case.gateway.children()] not in ([], [old]))
    case.equal("IKE SA", [sa["initiator-spi"] for sa in case.gateway.established()], [ike])
    case.works(tunnel)


def short_liveness(case, **options):
    """A profile whose liveness check asks after one second of silence."""
    profile = case.directory / "short.profile"
    profile.write_text("[gateway]\naddress=gw.test\ntrust=file\n"
                       f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                       "[login]\nmethod=eap-mschapv2\nuser=alice\n\n"
                       "[session]\ndpd-delay=1\n")
    return case.connect(profile=str(profile), method=None, user=None, ca=None, timeout=4, **options)


@scenario(only="outrider", limit=20)
def gateway_killed(case):
    """The gateway is gone without a word: the liveness check notices, --once ends with 80."""
    case.gateway.configure()
    tunnel = short_liveness(case)
    case.gateway.kill()
    event, status = tunnel.client.failed(15)
    tunnel.ended = True
    case.equal("code", event.get("code"), "connection-lost")
    case.equal("exit status", status, 80)


@scenario(only="outrider", limit=30)
def gateway_restarted(case):
    """The gateway is killed and comes back: the client does, too."""
    case.gateway.configure()
    tunnel = short_liveness(case, once=False)
    case.gateway.kill()
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 12)
    case.check("it says that it reconnects", event is not None, tunnel.client.last())
    case.gateway.configure()
    tunnel.ended = True
    again = case.came_up(tunnel.client, 15)
    case.works(again)


@scenario(only="outrider", limit=30)
def gateway_is_back_before_its_configuration(case):
    """A gateway that knows nobody yet refuses; who was connected before asks again."""
    case.gateway.configure()
    tunnel = short_liveness(case, once=False)
    case.gateway.call("unload-conn", {"name": "gw"})
    case.gateway.terminate_all()
    for code in ("gateway-closed", "no-proposal"):
        event = tunnel.client.wait_event({"event": "state", "state": "reconnecting", "code": code}, 8)
        case.check(f"it is refused: {code}", event is not None, tunnel.client.last())
    case.gateway.configure()
    tunnel.ended = True
    case.works(case.came_up(tunnel.client, 12))


@scenario(name="sigterm", number=signal.SIGTERM)
@scenario(name="sigint", number=signal.SIGINT)
def told_to_stop(case, number):
    """A signal ends the connection: exit 0, SAs deleted at the gateway, host as before."""
    case.gateway.configure()
    tunnel = case.connect()
    case.works(tunnel)
    case.stop(tunnel, number)
    if case.is_outrider:
        ended = tunnel.client.wait_event({"event": "state", "state": "disconnected"}, 2)
        case.check("it says that it is disconnected", ended is not None, tunnel.client.last())


@scenario(only="outrider")
def second_sigint(case):
    """The gateway does not answer the delete; a second signal ends at once."""
    case.gateway.configure()
    tunnel = case.connect()
    case.router.set(drop=["udp dport { 500, 4500 }"])
    tunnel.client.process.signal(signal.SIGINT)
    event = tunnel.client.wait_event({"event": "state", "state": "disconnecting"}, 3)
    case.check("it says that it is disconnecting", event is not None, tunnel.client.last())
    tunnel.client.process.signal(signal.SIGINT)
    started = time.monotonic()
    status = tunnel.client.process.wait(3)
    tunnel.ended = True
    case.check("it ends at once", status is not None and time.monotonic() - started < 1, status)
    case.check("exit status", status in (0, 130), status)


@scenario(only="outrider")
def stopped_while_connecting(case):
    """A signal before anybody answered: exit 0 at once."""
    case.gateway.configure()
    case.router.set(drop=["udp dport { 500, 4500 }"])
    client = case.start(host="gw.test", method="eap-mschapv2", user="alice", password="wonderland",
                        ca="ca-ecdsa")
    event = client.wait_event({"event": "state", "state": "connecting"}, 3)
    case.check("it says that it is connecting", event is not None, client.last())
    case.equal("exit status", client.stop(), 0)


@scenario(only="outrider")
def killed(case):
    """kill -9: what the process did to the host is undone, at the latest by the next connection."""
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect()
    device = tunnel.facts["device"]
    case.equal("first name server", case.nameservers()[:1], ["10.77.0.2"])
    tunnel.client.process.kill()
    tunnel.ended = True
    if case.lab.plane == "userspace":
        case.becomes("the device vanishes", lambda: device not in case.links())
        case.check("its address vanishes", tunnel.v4 not in case.host_addresses())
        now, before = case.lab.snapshot(), case.before
        for part in ("addresses", "routes"):
            case.equal(part, now[part], before[part])
    else:
        # What the kernel holds stays: nothing goes beside the tunnel.
        case.goes_inside(tunnel, "10.77.0.2")
    # The gateway still has the old SA; INITIAL_CONTACT of the next connection ends it. A name cannot be
    # resolved now, since the resolver is still the one inside.
    again = case.connect(host="198.51.100.10", gateway_id="gw.test")
    case.becomes("the gateway has one SA", lambda: len(case.gateway.sas()) == 1)
    case.equal("device", again.facts["device"], device)
    case.works(again)


@scenario(only="outrider")
def killed_then_refused(case):
    """After kill -9 even a connection that fails repairs the resolver."""
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect()
    tunnel.client.process.kill()
    tunnel.ended = True
    case.gateway.terminate_all()
    case.fails("password-wrong", 41, host="198.51.100.10", gateway_id="gw.test", password="wrong")
    case.equal("name servers", case.nameservers(), ["203.0.113.2"])


@scenario(only="outrider")
def connected_twice(case):
    """The same user connects a second time, after an orderly end: the same address."""
    case.gateway.configure()
    first = case.connect()
    case.stop(first)
    second = case.connect()
    case.equal("virtual address", second.v4, first.v4)
    case.works(second)
