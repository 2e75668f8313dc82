# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifetimes, rekeys and paths at their worst, with traffic all the time."""

import time

from outrider_lab.host import wait_until
from outrider_lab.libreswan import Libreswan
from outrider_lab.openiked import OpenIked
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Ping


def profile(case, session="", **sections):
    path = case.directory / "storm.profile"
    path.write_text("[gateway]\naddress=gw.test\ntrust=file\n"
                    f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                    "[login]\nmethod=eap-mschapv2\nuser=alice\n\n"
                    + "".join(f"[{name}]\n{lines}\n\n" for name, lines in sections.items())
                    + f"[session]\n{session}\n")
    return {"profile": str(path), "method": None, "user": None, "ca": None}


def rekeys(tunnel, sa, count, timeout):
    """Waits for so many rekeys of "ike" or "child"."""
    deadline = time.monotonic() + timeout
    for _ in range(count):
        tunnel.client.wait_event({"event": "rekeyed", "sa": sa}, max(0, deadline - time.monotonic()))


PFS = "aes128gcm16-ecp256"


@scenario(only="outrider", name="pfs-rekey-by-gateway", named=None)
@scenario(only="outrider", name="pfs-rekey-by-gateway-named", named=PFS)
def pfs_by_gateway(case, named):
    """A gateway that wants a key exchange in each rekey of the child, and rekeys."""
    case.gateway.configure(esp=PFS)
    tunnel = case.connect(esp=named)
    ping = Ping(case)
    for _ in range(2):
        case.gateway.rekey_child()
        case.check("the child is rekeyed", tunnel.client.wait_event(
            {"event": "rekeyed", "sa": "child"}, 3) is not None)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", name="pfs-rekey-by-us", esp=None)
@scenario(only="outrider", name="pfs-rekey-by-us-named", esp=PFS)
def pfs_by_us(case, esp):
    """The same, and the client rekeys."""
    case.gateway.configure(esp=PFS)
    sections = {"proposals": f"esp={esp}"} if esp else {}
    tunnel = case.connect(**profile(case, "rekey-child=2s", **sections))
    ping = Ping(case)
    rekeys(tunnel, "child", 2, 8)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", limit=20)
def rekeys_by_us(case):
    """The client rekeys child and IKE SA every few seconds."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case, "rekey-child=1s\nrekey-ike=2s"))
    ping = Ping(case)
    rekeys(tunnel, "ike", 3, 12)
    case.becomes("the gateway has one IKE SA", lambda: len(case.gateway.sas()) == 1)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", limit=60)
def rekeys_collide(case):
    """Both sides rekey everything every second or two for 400 pings: the tunnel lives, and comes to one SA of each kind.

    strongSwan 5.9.8 sends nothing until the next rekey if its own rekey is answered TEMPORARY_FAILURE after it took
    part in ours (it never installs the outbound half), so a collision can cost it a second's pings.
    """
    case.gateway.configure(child="rekey_time = 1s\n        rand_time = 0\n        life_time = 5s",
                           connection="rekey_time = 2s\n    rand_time = 0\n    over_time = 10s")
    tunnel = case.connect(**profile(case, "rekey-child=1s\nrekey-ike=2s"))
    ping = Ping(case)
    ping.goes_on(400, 40)
    ping.lost_at_most(0.3)
    case.becomes("the gateway has one IKE SA", lambda: len(case.gateway.sas()) == 1, 3)
    case.works(tunnel)


@scenario(only="outrider")
def pfs_with_the_second_group(case):
    """The client's first group for children is not the gateway's: INVALID_KE_PAYLOAD, asked again."""
    case.gateway.configure(esp=PFS)
    tunnel = case.connect(**profile(case, "rekey-child=2s",
                                    proposals="esp=aes128gcm16-ecp384-ecp256"))
    ping = Ping(case)
    rekeys(tunnel, "child", 2, 8)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", limit=25)
def gateway_wants_a_new_login(case):
    """The gateway sends AUTH_LIFETIME and ends the connection after it: the client logs in anew and says so."""
    case.gateway.configure(connection="reauth_time = 3s\n    rand_time = 0\n    over_time = 1s")
    tunnel = case.connect(once=False)
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 8)
    case.check("it says that it reconnects, and why", bool(event and event.get("code")), event)
    tunnel.ended = True
    case.works(case.came_up(tunnel.client, 8))


@scenario(only="outrider", limit=20)
def another_address_after_the_restart(case):
    """The gateway is restarted and gives another address."""
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect(**profile(case, "dpd-delay=1"), timeout=3, once=False)
    first = tunnel.v4
    case.gateway.kill()
    case.gateway.configure(addresses="10.9.1.0/24", v4="dns = 10.77.0.2")
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 8)
    case.check("it says that it reconnects", event is not None, tunnel.client.last())
    tunnel.ended = True
    again = case.came_up(tunnel.client, 10)
    case.check("the address is another one", again.v4 != first, again.v4)
    case.check("the old one is gone", first not in case.host_addresses())
    case.resolves("www.corp.test", "10.77.0.2")
    case.works(again)


@scenario(only="outrider", limit=30)
def nat_forgets(case):
    """The router loses its table and masquerades with other ports: the traffic comes back."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case, "dpd-delay=2"), once=False)
    ping = Ping(case)
    ping.goes_on(5, 2)
    before = case.gateway.established()[0]["remote-port"]
    case.router.forget(ports="40000-40999")
    ping.goes_on(20, 15)
    case.becomes("the gateway sees another port", lambda: [
        sa["remote-port"] for sa in case.gateway.established()] not in ([], [before]))
    ping.stop()
    case.works(tunnel)


@scenario(only="outrider", plane="kernel", limit=20, name="libreswan-and-a-nat-that-forgets", other=Libreswan)
@scenario(only="outrider", plane="kernel", limit=20, name="openiked-and-a-nat-that-forgets", other=OpenIked)
def others_and_a_nat_that_forgets(case, other):
    """The router loses its table: the gateway's IKE SA goes on at our new port, its child only with our rekey."""
    other(case).configure()
    tunnel = case.connect(**profile(case, "dpd-delay=1") | {"method": "psk", "password": None})
    ping = Ping(case)
    ping.goes_on(5, 2)
    before = case.gateway.sas()
    case.router.forget(ports="40000-40999")
    case.check("rekeyed", tunnel.client.wait_event({"event": "rekeyed", "sa": "child"}, 6) is not None)
    ping.goes_on(20, 3)
    ping.stop()
    case.equal("its SAs", case.gateway.sas(), before)
    case.works(tunnel)


@scenario(only="outrider")
def child_falls_silent(case):
    """The gateway answers, and its packets of the child get lost: the child is rekeyed, and the traffic comes back."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case, "dpd-delay=1"))
    ping = Ping(case)
    ping.goes_on(5, 2)
    spi = case.gateway.children()[0]["spi-out"]
    case.router.set(drop=[f"udp sport 4500 @th,64,32 0x{spi}"])
    rekeys(tunnel, "child", 1, 5)
    ping.goes_on(20, 3)
    ping.stop()
    case.works(tunnel)


@scenario(only="outrider", limit=40)
def asleep(case):
    """The client sleeps for longer than the gateway's patience and finds its way back."""
    case.gateway.configure(connection="dpd_delay = 1s", settings="retransmit_tries = 1")
    tunnel = case.connect(**profile(case, "dpd-delay=2"), timeout=4, once=False)
    tunnel.client.process.pause()
    case.becomes("the gateway gives the client up", lambda: not case.gateway.sas(), 20)
    tunnel.client.process.resume()
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 12)
    case.check("it says that it reconnects", event is not None, tunnel.client.last())
    tunnel.ended = True
    case.works(case.came_up(tunnel.client, 8))


@scenario(only="outrider", limit=20)
def nap(case):
    """The client sleeps for a moment: the tunnel stays."""
    case.gateway.configure()
    tunnel = case.connect()
    ping = Ping(case)
    ping.goes_on(5, 2)
    tunnel.client.process.pause()
    if case.lab.plane == "userspace":
        case.becomes("no pings are answered", lambda: not wait_until(
            lambda before=ping.answers(): ping.answers() > before, 0.5))
    else:
        ping.goes_on(5, 2)  # the kernel does not sleep
    tunnel.client.process.resume()
    ping.goes_on(20, 5)
    ping.stop()
    case.works(tunnel)


@scenario(only="outrider", limit=30)
def router_reboots(case):
    """The link is down for a while, and the default route with it: the tunnel goes on, or comes again."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case, "dpd-delay=1"), timeout=4, once=False)
    case.at_cleanup(lambda: case.host.shell("ip link set eth0 up; ip route replace default via "
                                            "192.168.77.1; ip route replace default via fd77:1::1"))
    case.host.shell("ip link set eth0 down")
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 12)
    case.check("it says that it reconnects", event is not None, tunnel.client.last())
    case.host.shell("ip link set eth0 up; ip addr replace fd77:1::2/64 dev eth0\n"
                    "ip route replace default via 192.168.77.1; ip route replace default via fd77:1::1")
    tunnel.ended = True
    case.works(case.came_up(tunnel.client, 15))


@scenario(only="outrider", limit=60)
def twenty_percent_loss(case):
    """The path loses 20 % each way: connecting takes its time, and works; so does a rekey."""
    case.gateway.configure()
    case.router.set(loss=20)
    tunnel = case.connect(**profile(case, "rekey-child=2s\nrekey-ike=3s"), timeout=30,
                          timeout_connected=30, once=False)
    rekeys(tunnel, "ike", 1, 30)
    case.router.set()
    case.works(tunnel)


@scenario(only="outrider")
def thrown_out_again_and_again(case):
    """A gateway that takes us and throws us out at once is not asked every second for ever."""
    case.gateway.configure()
    tunnel = case.connect(once=False)
    pauses = []
    for _ in range(2):
        case.gateway.delete_ike()
        started = time.monotonic()
        tunnel.ended = True
        tunnel = case.came_up(tunnel.client, 6)
        pauses.append(time.monotonic() - started)
    case.check("the second pause is longer", pauses[1] > 1.8 > pauses[0], pauses)
