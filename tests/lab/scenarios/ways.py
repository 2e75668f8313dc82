# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of the outer packets, and of what goes around the tunnel: the host's own rules decide, and what they decide is told."""

import json
import pathlib

from outrider_lab.resolver import Resolvconf
from outrider_lab.scenario import scenario

GATEWAY, GATEWAY6 = "198.51.100.10", "2001:db8:100::10"
FULL = {"local_ts": "0.0.0.0/0"}
BY_ETH0 = {"device": "eth0", "next_hop": "192.168.77.1", "source": "192.168.77.2"}
BY_ETH1 = {"device": "eth1", "next_hop": "192.168.78.1", "source": "192.168.78.2"}
BY_ETH1_IPV6 = {"device": "eth1", "next_hop": "fd77:2::1", "source": "fd77:2::2"}


def way_out(case):
    """What status says of it, and what people read there."""
    status, = (json.loads(line) for line in case.host.must(case.program, "status", "--json").splitlines())
    way = status["way_out"]
    case.check("people read the same", f"via {way['next_hop']} on {way['device']}, from {way['source']}"
               in case.host.must(case.program, "status"))
    return way


def second_link(case, family=4):
    """Table 100 leads out by another link than the main table."""
    case.lab.add_client_link()
    case.at_cleanup(case.lab.remove_client_link)
    case.prepare(f"ip -{family} route add default via {'192.168.78.1' if family == 4 else 'fd77:2::1'} dev eth1 table 100",
                 f"ip -{family} route flush table 100")


def carried_by(case, device):
    return int(pathlib.Path(case.host.path(f"/sys/class/net/{device}/statistics/tx_packets")).read_text())


def works_by(case, tunnel, device, other):
    """The packets of the tunnel leave by this device, and none by the other."""
    before = carried_by(case, device), carried_by(case, other)
    case.pings("10.77.0.2", count=5)
    case.check(f"they leave by {device}", carried_by(case, device) >= before[0] + 5)
    case.check(f"not by {other}", carried_by(case, other) < before[1] + 5)
    case.fetches(tunnel)


def excluding(case, **network):
    """Options for a connection by a profile with these lines under [network]."""
    path = case.directory / "lab.profile"
    path.write_text(f"[gateway]\naddress=gw.test\ntrust=file\nca-file={case.lab.pki}/ca-ecdsa.crt\n\n[login]\nuser=alice\n\n"
                    "[network]\n" + "".join(f"{key}={value}\n" for key, value in network.items()))
    return {"profile": str(path), "user": None, "method": None, "ca": None, "more": ["-v"]}


def after_names(case, command):
    """Another program, which does this when a tunnel's name servers come and go: its routes are in by then."""
    Resolvconf(case, "resolvconf")
    case.host.shell("cat > /etc/resolvconf/update.d/zz-routes <<'END'\n#!/bin/sh\n" + command + " || true\nEND\n"
                    "chmod +x /etc/resolvconf/update.d/zz-routes")
    case.settle()


@scenario(only="outrider", name="way-out", configuration={})
@scenario(only="outrider", name="way-out-full", configuration=FULL)
def way(case, configuration):
    """Where nobody says otherwise, it is the host's default route."""
    case.gateway.configure(**configuration)
    tunnel = case.connect()
    case.says(tunnel, way_out=BY_ETH0)
    case.equal("status", way_out(case), BY_ETH0)


@scenario(only="outrider", name="way-out-by-a-rule", rule=f"to {GATEWAY}", expected=BY_ETH1)
@scenario(only="outrider", name="way-out-by-a-rule-for-the-mark", rule="fwmark 0x4f75", expected=BY_ETH1)
@scenario(only="outrider", name="way-out-by-a-rule-for-the-source", rule="from 192.168.77.2",
          expected={**BY_ETH1, "source": "192.168.77.2"})
@scenario(only="outrider", name="way-out-by-a-rule-ipv6", rule=f"to {GATEWAY6}", expected=BY_ETH1_IPV6,
          host="gw6.test", family=6)
def way_by_a_rule(case, rule, expected, host="gw.test", family=4):
    """A rule of the user's sends the outer packets through another table, and so they go."""
    second_link(case, family)
    case.prepare(f"ip -{family} rule add {rule} lookup 100 priority 100", f"ip -{family} rule del priority 100")
    case.gateway.configure(**FULL)
    tunnel = case.connect(host=host, gateway_id="gw.test")
    case.says(tunnel, way_out=expected)
    case.equal("status", way_out(case), expected)
    works_by(case, tunnel, "eth1", "eth0")


@scenario(only="outrider")
def way_out_changes(case):
    """The user makes a rule while the tunnel stands: the packets follow it, and status knows."""
    second_link(case)
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.equal("status", way_out(case), BY_ETH0)
    case.host.shell(f"ip rule add to {GATEWAY} lookup 100 priority 100")
    case.equal("status with the rule", way_out(case), {**BY_ETH1, "source": "192.168.77.2"})
    works_by(case, tunnel, "eth1", "eth0")
    case.host.shell("ip rule del priority 100")
    case.equal("status without the rule", way_out(case), BY_ETH0)
    case.works(tunnel)


@scenario(only="outrider", name="way-out-into-the-tunnel", configuration={})
@scenario(only="outrider", name="way-out-into-the-tunnel-around-which-it-goes", configuration={"local_ts": "10.77.0.0/24, 198.51.100.0/24"})
def way_into_the_tunnel(case, configuration):
    """Another program routes the gateway's address into the tunnel: that ends the try, and the gateway hears of it."""
    after_names(case, "ip route replace default dev outrider0 table 100 2> /dev/null")
    case.prepare(f"ip rule add to {GATEWAY} lookup 100 priority 100", "ip rule del priority 100")
    case.gateway.configure(**configuration, v4="dns = 10.77.0.2")
    event = case.fails("host-refused", 60)
    for word in (GATEWAY, "outrider0", "ip rule"):
        case.check(f"the message names {word}", word in event["message"], event)
    case.host.shell("rm /etc/resolvconf/update.d/zz-routes")
    case.settle()
    case.works(case.connect())


@scenario(only="outrider", plane="kernel")
def way_out_turns_into_the_tunnel(case):
    """The same happens to a tunnel that stands, and the path's MTU has its plan made anew: it ends, and does not eat itself."""
    case.gateway.configure()
    tunnel = case.connect()
    case.becomes("the path was probed", lambda: json.loads(
        case.host.must(case.program, "status", "--json"))["mtu"] > 1300)
    case.host.shell("ip route add default dev outrider0 mtu 800 table 100\n"
                    f"ip rule add to {GATEWAY} lookup 100 priority 100")
    event, status = tunnel.client.failed()
    tunnel.ended = True
    case.host.shell("ip rule del priority 100")
    case.equal("code and exit status", (event.get("code"), status), ("host-refused", 60))
    case.check("the message names the address", GATEWAY in event["message"], event)
    case.becomes("the gateway has no SA", lambda: not case.gateway.established())


@scenario(only="outrider")
def exclude_without_a_way(case):
    """An excluded network that the host cannot reach is told, one that it can is not."""
    case.prepare("ip route add unreachable 198.18.0.0/24", "ip route del unreachable 198.18.0.0/24")
    case.gateway.configure(**FULL)
    tunnel = case.connect(**excluding(case, exclude="198.18.0.0/24;203.0.113.0/24"))
    case.told(tunnel.client, "198.18.0.0/24", "no way outside")
    case.check("the other is not told", not any("203.0.113.0/24" in str(event) and event["event"] == "notice"
                                                for event in tunnel.client.events))
    case.goes_inside(tunnel, "203.0.113.2", False)
    case.equal("the kernel's answer", case.route_to("198.18.0.1"), {})
    case.works(tunnel)


@scenario(only="outrider")
def exclude_into_the_tunnel(case):
    """Another program routes an excluded network into the tunnel all the same: it is told."""
    after_names(case, "ip route replace 10.78.0.0/25 dev outrider0 2> /dev/null")
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24", v4="dns = 10.77.0.2")
    tunnel = case.connect(**excluding(case, exclude="10.78.0.0/25"))
    case.told(tunnel.client, "10.78.0.0/25", "leads into the tunnel")
    case.works(tunnel)
