# SPDX-License-Identifier: GPL-3.0-or-later
"""Told to stop, or killed, in every phase; two at a time; and who can see the password."""

import json
import pathlib
import random
import signal
import time

from outrider_lab.charon import Gateway
from outrider_lab.scenario import Tunnel, scenario

ALICE = {"host": "gw.test", "user": "alice", "password": "wonderland", "ca": "ca-ecdsa",
         "method": "eap-mschapv2"}
IKE = "udp dport { 500, 4500 }"


def stops(case, client, within=3):
    started = time.monotonic()
    case.equal("exit status", client.stop(timeout=within), 0)
    case.check("it ends in time", time.monotonic() - started < within)


@scenario(only="outrider", name="stopped-while-resolving", drop=["udp dport 53"], state="resolving")
@scenario(only="outrider", name="stopped-at-port-500", drop=[IKE], state="connecting")
@scenario(only="outrider", name="stopped-at-port-4500", drop=["udp dport 4500"], state="authenticating")
def stopped_in(case, drop, state):
    """SIGTERM while nobody answers."""
    case.gateway.configure()
    case.router.set(drop=drop)
    client = case.start(**ALICE)
    event = client.wait_event({"event": "state", "state": state}, 3)
    case.check(f"it says {state}", event is not None, client.last())
    stops(case, client)


@scenario(only="outrider")
def stopped_while_radius_thinks(case):
    """SIGTERM in the midst of EAP: RADIUS does not answer."""
    case.gateway.configure(login="eap-radius")
    case.lab.inside.shell("nft add table inet radius\n"
                          "nft 'add chain inet radius input { type filter hook input priority 0; }'\n"
                          "nft add rule inet radius input udp dport 1812 counter drop")
    case.at_cleanup(lambda: case.lab.inside.shell("nft delete table inet radius"))
    client = case.start(**ALICE)
    case.becomes("RADIUS is asked", lambda: "packets 0" not in case.lab.inside.must(
        "nft", "list", "table", "inet", "radius"))
    stops(case, client)


@scenario(only="outrider")
def stopped_while_reconnecting(case):
    """SIGTERM in the pause before the next try."""
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect(once=False)
    case.gateway.delete_ike()
    case.check("it reconnects", tunnel.client.wait_event(
        {"event": "state", "state": "reconnecting"}, 3) is not None)
    tunnel.ended = True
    stops(case, tunnel.client)


@scenario(only="outrider")
def stopped_while_the_gateway_is_silent(case):
    """SIGTERM when connected, and nobody answers the delete any more."""
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect()
    case.router.set(drop=[IKE])
    tunnel.ended = True
    stops(case, tunnel.client)


@scenario(only="outrider", limit=60)
def killed_at_random_moments(case):
    """kill -9 twenty times, anywhere between the start and the connection; then a start repairs everything."""
    # By default strongSwan is deaf to a peer with five logins half done, and asks for a cookie from the third on; on a
    # machine that runs for seconds only, it may take back any cookie as expired.
    patience = "block_threshold = 100\n  cookie_threshold = 100\n  cookie_threshold_ip = 100"
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6", v4="dns = 10.77.0.2", settings=patience)
    moments = random.Random(2)
    for turn in range(20):
        client = case.start(**{**ALICE, "host": "198.51.100.10"}, gateway_id="gw.test")
        client.process.wait(moments.uniform(0.02, 0.16))
        client.process.kill()
    tunnel = case.connect(host="198.51.100.10", gateway_id="gw.test")
    case.equal("first name server", case.nameservers()[:1], ["10.77.0.2"])
    case.works(tunnel)
    # The gateway still waits for some of the killed ones.
    tunnel.ended = True
    case.equal("exit status", tunnel.client.stop(), 0)


@scenario(only="outrider", limit=15)
def two_gateways_with_the_same_network(case):
    """Two companies use the same inner addresses: the first tunnel keeps them, it is told, and the second has them after it."""
    other = Gateway(case.lab.internet, case.directory / "other", case.lab.pki, case.gateway.plane)
    case.at_cleanup(other.stop)
    case.lab.internet.shell("ip link add company type bridge; ip link set company up\n"
                            "ip addr add 10.77.0.1/24 dev company; ip addr add 10.77.0.2/24 dev company")
    case.at_cleanup(lambda: case.lab.internet.shell("ip link del company"))
    case.gateway.configure()
    other.configure(local="203.0.113.2", addresses="10.19.0.0/24")
    tunnel = case.connect()
    second = case.start(**{**ALICE, "host": "203.0.113.2"}, gateway_id="gw.test", more=["-v"])
    second.connected()
    case.told(second, f"10.77.0.0/24 stays with {tunnel.facts['device']}")
    case.works(tunnel)
    tunnel.ended = True
    case.equal("exit status of the first", tunnel.client.stop(), 0)
    case.becomes("the second one has the network",
                 lambda: case.route_to("10.77.0.2").get("prefsrc", "").startswith("10.19.0."))
    case.equal("the web server inside", json.loads(case.fetch("http://10.77.0.2/"))["host"], "internet")
    case.equal("exit status of the second", second.stop(), 0)


@scenario(only="outrider")
def second_start(case):
    """One gateway by two addresses: both tunnels stand, the first keeps the network, and either may end first."""
    case.gateway.configure(v4="dns = 10.77.0.2", connection="unique = never")
    tunnel = case.connect()
    second = case.start(**{**ALICE, "host": "2001:db8:100::10"}, gateway_id="gw.test")
    second.connected()
    case.goes_inside(tunnel, "10.77.0.2")
    case.resolves("www.corp.test", "10.77.0.2")
    case.works(tunnel)
    tunnel.ended = True
    case.equal("exit status of the first", tunnel.client.stop(), 0)
    case.becomes("the second one has the network", lambda: case.route_to("10.77.0.2").get("prefsrc", "").startswith("10.9.0."))
    case.resolves("www.corp.test", "10.77.0.2")
    case.pings("10.77.0.2")
    case.equal("exit status of the second", second.stop(), 0)


@scenario(only="outrider")
def two_tunnels(case):
    """Two tunnels with different networks at the same time; each ends without harm to the other."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24", connection="unique = never")
    first = case.connect(routes="10.77.0.0/24")
    client = case.start(**ALICE, routes="10.78.0.0/24")
    client.connected()
    case.works(first)
    case.pings("10.78.0.2")
    first.ended = True
    case.equal("exit status of the first", first.client.stop(), 0)
    case.pings("10.78.0.2")
    case.equal("exit status of the second", client.stop(), 0)


@scenario(only="outrider")
def two_devices_of_one_user(case):
    """The gateway's own way with one user's connections; without initial contact neither throws the other out."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24")
    profile = case.directory / "device.profile"
    profile.write_text(f"[gateway]\naddress=gw.test\ntrust=file\nca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                       "[login]\nuser=alice\n\n[session]\ninitial-contact=no\n")
    device = {"profile": str(profile), "user": None, "method": None, "ca": None}
    first = case.connect(**device, routes="10.77.0.0/24")
    for _ in range(2):
        client = case.start(**device, password="wonderland", routes="10.78.0.0/24")
        second = Tunnel(client, client.connected())
        case.equal("SAs at the gateway", len(case.gateway.established()), 2)
        case.works(first)
        case.pings("10.78.0.2")
        case.goes_inside(second, "10.78.0.2")
        case.equal("exit status of the second", client.stop(), 0)
    case.works(first)


@scenario(only="outrider", name="two-full-tunnels-first-ends-first", order=(0, 1))
@scenario(only="outrider", name="two-full-tunnels-second-ends-first", order=(1, 0))
def two_full_tunnels(case, order):
    """Two tunnels that both want all traffic: whatever is decided, the host is as before afterwards."""
    case.gateway.configure(local_ts="0.0.0.0/0", connection="unique = never")
    first = case.connect()
    second = case.start(**{**ALICE, "host": "2001:db8:100::10"}, gateway_id="gw.test")
    second.wait_event({"event": "state", "state": "connected"}, 5)
    case.pings("10.77.0.2")
    first.ended = True
    clients = [first.client, second]
    for index in order:
        if clients[index].process.popen.poll() is None:
            case.equal("exit status", clients[index].stop(), 0)


# ---- who can see the password ----


@scenario(only="outrider", name="password-unseen", more=("-v",))
@scenario(only="outrider", name="password-unseen-core", more=("-v",), core=True)
def password_unseen(case, more, core=False):
    """The password is neither in the process's arguments and environment nor in what it says, nor in a core dump."""
    case.gateway.configure()
    cores = case.directory / "cores"
    cores.mkdir()
    tunnel = case.connect(more=list(more), wrap=["bash", "-c", f"ulimit -c unlimited; cd {cores}; exec \"$@\"",
                                                 "bash"])
    case.gateway.rekey_child()
    tunnel.client.wait_event({"event": "rekeyed"}, 3)
    folder = pathlib.Path(f"/proc/{tunnel.client.process.pid}")
    for name in ("cmdline", "environ"):
        case.check(f"not in {name}", b"wonderland" not in (folder / name).read_bytes())
    if core:
        tunnel.client.process.signal(signal.SIGABRT)
        case.equal("exit status", tunnel.client.process.wait(5), 134)
        tunnel.ended = True
        case.equal("core dumps", list(cores.iterdir()), [])
        if case.lab.plane == "kernel":
            case.stop(case.connect())  # what the dead left goes with the next start
    else:
        case.stop(tunnel)
    said = "".join(tunnel.client.output) + tunnel.client.log.read_text()
    case.check("not in what it says", "wonderland" not in said)


@scenario(only="outrider")
def others_may_not_trace(case):
    """Neither memory nor descriptors of the process are open to the user it runs as."""
    case.gateway.configure()
    tunnel = case.connect()
    owner = pathlib.Path(f"/proc/{tunnel.client.process.pid}/mem").stat()
    case.equal("owner of its memory", owner.st_uid, 0)
    status = pathlib.Path(f"/proc/{tunnel.client.process.pid}/status").read_text()
    locked = next(line for line in status.splitlines() if line.startswith("VmLck"))
    case.check("secrets are locked in memory", int(locked.split()[1]) > 0, locked)


@scenario(only="outrider")
def killed_with_a_full_tunnel(case):
    """kill -9 under a full tunnel without IPv6: rules and routes without a device go with the next start."""
    case.gateway.configure(local_ts="0.0.0.0/0")
    tunnel = case.connect()
    tunnel.client.process.kill()
    tunnel.ended = True
    case.works(case.connect(host="198.51.100.10", gateway_id="gw.test"))
