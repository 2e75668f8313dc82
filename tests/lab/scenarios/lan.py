# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host is attached to stays on its links, and nothing else does, whatever those networks say of themselves."""

from outrider_lab.guard import guarded, is_released, release
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Capture, Talker

INSIDE, LAN = "10.77.0.2", "192.168.77.1"
OUTSIDE, OUTSIDE6 = "203.0.113.2", "2001:db8:203::2"
FULL = {"local_ts": "0.0.0.0/0, ::/0", "pools": "v4, v6"}
REFUSED = "EACCES"
HALVES = ("0.0.0.0/1", "128.0.0.0/1")


def advertised(case, *networks):
    """Routes that DHCP (option 121) or a router advertisement would bring: to the router of the LAN."""
    for network in networks:
        family, router = ("-6", "fd77:1::1") if ":" in network else ("-4", LAN)
        case.prepare(f"ip {family} route add {network} via {router} dev eth0",
                     f"ip {family} route del {network} via {router} dev eth0")


def second_tunnel(case, **options):
    """Beside the first one, by the gateway's other address: (client, facts)."""
    client = case.start(host="gw6.test", gateway_id="gw.test", ca="ca-ecdsa", method="eap-mschapv2", user="alice",
                        password="wonderland", timeout=8, **options)
    return client, client.connected()


def end(case, tunnel, second):
    """Both of them."""
    tunnel.ended = True
    for client in (second, tunnel.client):
        case.equal("exit status", client.stop(), 0)


def seen_in_clear(case, *addresses):
    """The control: without a tunnel, the capture sees what is sent there."""
    talker = Talker(case, *addresses)
    for address in addresses:
        case.becomes(f"without a tunnel, packets to {address} are seen on the link",
                     lambda: any(f"> {address}." in line for line in talker.leaked()))
    talker.cleanup()
    talker.capture.cleanup()


@scenario(only="outrider", name="routes-by-dhcp", networks=HALVES, addresses=(OUTSIDE, INSIDE))
@scenario(only="outrider", name="routes-by-dhcp-to-one-host", networks=(f"{OUTSIDE}/32",), addresses=(OUTSIDE,))
@scenario(only="outrider", name="routes-by-router-advertisement", networks=("2000::/3",), addresses=(OUTSIDE6,))
def advertised_routes(case, networks, addresses):
    """Narrower than the tunnel's default route, and not of an attached network: nothing goes there beside the tunnel."""
    case.gateway.configure(**FULL)
    advertised(case, *networks)
    seen_in_clear(case, *addresses)
    tunnel = case.connect()
    talker = Talker(case, *addresses)
    for address in addresses:
        case.goes_inside(tunnel, address)
        talker.becomes(address, "sent")
    case.pings(LAN)
    case.pings("fd77:1::1")
    case.works(tunnel)
    talker.leaks_nothing("by the advertised routes")


@scenario(only="outrider", name="routes-by-dhcp-beside-the-kill-switch", networks=HALVES, addresses=(OUTSIDE, INSIDE))
@scenario(only="outrider", name="routes-by-router-advertisement-beside-the-kill-switch", networks=("2000::/3",),
          addresses=(OUTSIDE6,))
def advertised_routes_and_the_kill_switch(case, networks, addresses):
    """The kill switch refuses what belongs into the tunnel, and the LAN stays."""
    case.gateway.configure(**FULL)
    advertised(case, *networks)
    seen_in_clear(case, *addresses)
    tunnel = case.connect(**guarded(case))
    talker = Talker(case, *addresses)
    for address in addresses:
        talker.becomes(address, "sent")
    case.works(tunnel)
    case.stop(tunnel)
    for address in addresses:
        talker.becomes(address, REFUSED)
    case.pings(LAN)
    case.pings("fd77:1::1")
    talker.leaks_nothing("with and without the tunnel")
    release(case)
    is_released(case)


@scenario(only="outrider", name="route-wider-than-a-network-of-the-tunnel", kill_switch=False)
@scenario(only="outrider", name="route-wider-than-a-network-of-the-tunnel-and-the-kill-switch", kill_switch=True)
def wider_route(case, kill_switch):
    """The tunnel has two networks, one far wider: a route around the narrow one is still wider than that."""
    case.gateway.configure(local_ts="10.77.0.0/24, 198.51.0.0/16")
    advertised(case, "10.77.0.0/17")
    seen_in_clear(case, INSIDE)
    options = guarded(case, "gateway", **({} if kill_switch else {"kill-switch": "no"}))
    tunnel = case.connect(**options)
    case.goes_inside(tunnel, INSIDE)
    talker = Talker(case, INSIDE)
    talker.becomes(INSIDE, "sent")
    case.works(tunnel)
    if kill_switch:
        case.stop(tunnel)
        talker.becomes(INSIDE, REFUSED)
    talker.leaks_nothing("by the wider route")
    if kill_switch:
        release(case)
        is_released(case)


@scenario(only="outrider")
def lan_that_claims_the_world(case):
    """An attached network that is wider than any LAN goes through the tunnel, and that is told."""
    case.gateway.configure(**FULL)
    case.prepare("ip addr add 203.0.113.77/7 dev eth0", "ip addr del 203.0.113.77/7 dev eth0")
    tunnel = case.connect(host="198.51.100.10", gateway_id="gw.test", more=["-v"])
    case.told(tunnel.client, "202.0.0.0/7", "eth0", "too wide")
    case.goes_inside(tunnel, OUTSIDE)
    case.pings(LAN)


@scenario(only="outrider")
def links_of_ipv6_beside_an_ipv4_tunnel(case):
    """IPv6 is refused beside the tunnel, but for the addresses of a link."""
    case.gateway.configure(local_ts="0.0.0.0/0")
    case.connect()
    route = case.host.must("ip", "-6", "route", "get", "fe80::1", "oif", "eth0")
    case.check("a neighbour's own address stays on its link", "dev eth0" in route, route)
    case.equal("all nodes of the link answer",
               case.host.run("ping", "-6", "-c", "1", "-W", "2", "ff02::1%eth0").returncode, 0)


@scenario(only="outrider")
def network_made_beside_the_tunnel(case):
    """Somebody makes a network while the tunnel stands, as a container does: it is reached, and goes again."""
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    number = case.directory / "neighbour"
    neighbour = case.host.spawn(["sh", "-c", f"echo $$ > {number}; exec unshare -n sleep 60"])
    case.at_cleanup(neighbour.kill)
    case.becomes("there is a neighbour", lambda: number.exists() and number.read_text().strip())
    number = number.read_text().strip()
    case.goes_inside(tunnel, "172.31.9.2")
    case.becomes("the neighbour has a network of its own", lambda: case.host.run(
        "sh", "-c", f"test $(readlink /proc/{number}/ns/net) != $(readlink /proc/self/ns/net)").returncode == 0)
    case.host.shell("ip link add bridge9 type veth peer name far9; "
                    f"ip link set far9 netns {number}; "
                    "ip addr add 172.31.9.1/24 dev bridge9; ip link set bridge9 up; "
                    f"nsenter -t {number} -n ip addr add 172.31.9.2/24 dev far9; "
                    f"nsenter -t {number} -n ip link set far9 up")
    case.becomes("the new network is reached by its link",
                 lambda: case.route_to("172.31.9.2").get("dev") == "bridge9")
    case.pings("172.31.9.2")
    case.works(tunnel)
    case.host.shell("ip link del bridge9")
    case.becomes("without it, its addresses are like any other",
                 lambda: case.route_to("172.31.9.2").get("prefsrc") in tunnel.addresses)
    case.host.must("kill", number)


@scenario(only="outrider")
def another_lan(case):
    """The link gets another network while the tunnel stands, and loses it."""
    case.gateway.configure(**FULL)
    tunnel = case.connect(**guarded(case))
    case.goes_inside(tunnel, "192.168.99.1")
    case.host.shell("ip addr add 192.168.99.2/24 dev eth0")
    case.becomes("it stays on its link", lambda: case.route_to("192.168.99.1").get("prefsrc") == "192.168.99.2")
    case.host.shell("ip addr del 192.168.99.2/24 dev eth0")
    case.becomes("it goes inside again",
                 lambda: case.route_to("192.168.99.1").get("prefsrc") in tunnel.addresses)
    case.works(tunnel)
    case.stop(tunnel)
    talker = Talker(case, "192.168.99.1")
    talker.becomes("192.168.99.1", REFUSED)
    case.pings(LAN)
    release(case)
    is_released(case)


@scenario(only="outrider")
def router_of_another_lan(case):
    """A DHCP client sets address and route at once: the kernel finds the router on the link, not in the tunnel or refused."""
    arrive = ("ip addr add 192.168.99.2/24 dev eth0; ip route add 203.0.113.128/25 via 192.168.99.1; "
              "ip addr add fd99::2/64 dev eth0 nodad; ip -6 route add 2001:db8:99::/64 via fd99::1")
    leave = ("ip route del 203.0.113.128/25; ip addr del 192.168.99.2/24 dev eth0; "
             "ip -6 route del 2001:db8:99::/64; ip addr del fd99::2/64 dev eth0")
    case.gateway.configure(**FULL)
    tunnel = case.connect(**guarded(case))
    for what in ("beside the tunnel", "with the kill switch alone"):
        case.host.shell(arrive)
        for family, network in (("-4", "203.0.113.128/25"), ("-6", "2001:db8:99::/64")):
            route = case.host.must("ip", family, "route", "show", network)
            case.check(f"the route leads to the link {what}", "dev eth0" in route, route)
        case.host.shell(leave)
        if not tunnel.ended:
            case.works(tunnel)
            case.stop(tunnel)
    release(case)
    is_released(case)


@scenario(only="outrider")
def lan_by_two_links(case):
    """Two links to the same network: the one that the host prefers, and the other one while that is down."""
    eth0 = "192.168.77.0/24 dev eth0 proto kernel scope link src 192.168.77.2"
    case.prepare("ip link add second9 type veth peer name far9; ip link set far9 up; ip link set second9 up; "
                 "for i in $(seq 100); do ip link show second9 | grep -q 'state UP' && break; sleep 0.05; done; "
                 f"ip addr add 192.168.77.9/24 dev second9; ip route add {eth0} metric 100; ip route del {eth0} metric 0",
                 f"ip link del second9; ip route add {eth0}; ip route del {eth0} metric 100")
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.equal("the preferred link", case.route_to(LAN).get("dev"), "second9")
    case.host.shell("ip link set second9 down")
    case.becomes("the other link", lambda: case.route_to(LAN).get("dev") == "eth0")
    case.pings(LAN)
    case.host.shell("ip link set second9 up")
    case.becomes("the preferred link again", lambda: case.route_to(LAN).get("dev") == "second9")
    case.works(tunnel)


@scenario(only="outrider")
def lan_after_the_link_was_down(case):
    """The kernel forgets the routes of a link that goes down; the LAN is there again with its link."""
    case.gateway.configure(**FULL)
    case.prepare("sysctl -q -w net.ipv6.conf.eth0.keep_addr_on_down=1",
                 "sysctl -q -w net.ipv6.conf.eth0.keep_addr_on_down=0")
    tunnel = case.connect()
    case.host.shell("ip link set eth0 down; ip link set eth0 up; ip route replace default via 192.168.77.1; "
                    "ip -6 route replace default via fd77:1::1")
    for address in (LAN, "fd77:1::1"):
        case.becomes(f"{address} stays on its link", lambda: case.route_to(address).get("dev") == "eth0")
        case.pings(address)
    case.works(tunnel)


@scenario(only="outrider")
def networks_of_other_tunnels(case):
    """What a tunnel of somebody else's has, and what another one of ours has, stays with them beside a full tunnel."""
    case.gateway.configure(connection="unique = never", **FULL)
    case.prepare("ip tuntap add dev theirs9 mode tun; ip addr add 10.99.0.1/32 dev theirs9; ip link set theirs9 up; "
                 "ip route add 10.98.0.0/16 dev theirs9 src 10.99.0.1; "
                 "ip route add 10.96.0.0/16 dev theirs9 proto dhcp; ip -6 route add 2a00::/12 dev theirs9 proto ra; "
                 "for i in $(seq 100); do ip link show theirs9 | grep -q NO-CARRIER && break; sleep 0.05; done",
                 "ip link del theirs9")
    split = case.connect(routes="10.78.0.0/24")
    second, full = second_tunnel(case, routes="all")
    case.equal("the other's network", case.route_to("10.98.0.1").get("dev"), "theirs9")
    case.equal("the split tunnel's network", case.route_to("10.78.0.2").get("dev"), split.facts["device"])
    for address in (OUTSIDE, OUTSIDE6, "10.96.0.1", "2a00::1"):
        case.equal("the rest, and what was learnt by DHCP or an advertisement", case.route_to(address).get("dev"),
                   full["device"])
    case.host.shell("ip route add 10.97.0.0/16 dev theirs9; ip addr add 10.99.0.2/32 dev theirs9")
    case.becomes("another network of the other's", lambda: case.route_to("10.97.0.1").get("dev") == "theirs9")
    case.fetches(split, "10.78.0.2")
    case.host.shell("ip route del 10.97.0.0/16 dev theirs9; ip addr del 10.99.0.2/32 dev theirs9")
    end(case, split, second)


@scenario(only="outrider")
def two_full_tunnels(case):
    """The one that was first has it all, and the second tells that."""
    case.gateway.configure(connection="unique = never", **FULL)
    first = case.connect(more=["-v"])
    second, _ = second_tunnel(case, more=["-v"])
    case.told(second, "0.0.0.0/0", "stays with", first.facts["device"])
    case.told(second, "::/0", "stays with", first.facts["device"])
    case.goes_inside(first, OUTSIDE)
    end(case, first, second)
    case.equal("what the first told of it", [event for event in first.client.events
                                             if "stays with" in event.get("message", "")], [])


@scenario(only="outrider", limit=15)
def device_taken_away(case):
    """Somebody deletes the device: nothing leaves in clear beside the kill switch, and the tunnel comes again."""
    case.gateway.configure(connection="unique = replace", **FULL)
    client = case.start(password="wonderland", timeout=8, once=False, **guarded(case))
    first = case.came_up(client)
    talker = Talker(case, OUTSIDE, OUTSIDE6, INSIDE)
    talker.becomes(OUTSIDE, "sent")
    case.host.must("ip", "link", "del", first.facts["device"])
    talker.becomes(OUTSIDE, REFUSED, times=2)
    client.wait_event({"event": "state", "state": "reconnecting"})
    first.ended = True
    tunnel = case.came_up(client)
    talker.becomes(OUTSIDE, "sent")
    case.works(tunnel)
    talker.leaks_nothing("while there was no device")
    case.stop(tunnel)
    release(case)
    is_released(case)


@scenario(only="outrider")
def device_taken_away_once(case):
    """With --once it is the end, and why is told."""
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.host.must("ip", "link", "del", tunnel.facts["device"])
    event = tunnel.client.failed()[0]
    tunnel.ended = True
    case.equal("code", event["code"], "host-refused")
    case.check("it is told which device", tunnel.facts["device"] in event["message"], event)


@scenario(only="outrider", name="addresses-taken-away", what="ip addr flush dev {0}; ip route flush dev {0}", full=True)
@scenario(only="outrider", name="addresses-taken-away-of-some-networks", what="ip route flush dev {0}; ip addr flush dev {0}", full=False)
@scenario(only="outrider", name="device-set-down", what="ip link set {0} down", full=True)
@scenario(only="outrider", name="device-set-down-and-up", what="ip link set {0} down; ip link set {0} up", full=True)
def taken_away(case, what, full):
    """Somebody takes away what we set up on the device: it comes back."""
    case.gateway.configure(**(FULL if full else {}))
    tunnel = case.connect()
    case.host.shell(what.format(tunnel.facts["device"]))
    case.becomes("it is routed inside again",
                 lambda: case.route_to(INSIDE).get("prefsrc") in tunnel.addresses)
    case.works(tunnel)
    if full:
        case.works(tunnel, "fd00:77::2")


@scenario(only="outrider", name="names-beside-a-full-tunnel-without-a-name-server", dns=None)
@scenario(only="outrider", name="names-beside-a-full-tunnel-left-alone", dns="none")
def names_beside_a_full_tunnel(case, dns):
    """The gateway names no name server, and the host asks the LAN's: not beside the tunnel, unless the profile says so."""
    case.gateway.configure(**FULL)
    options = guarded(case, address="198.51.100.10", **{"kill-switch": "no"}, **({"dns": dns} if dns else {}))
    case.prepare(f"cp /etc/resolv.conf /run/names; echo 'nameserver {LAN}' > /etc/resolv.conf",
                 "cat /run/names > /etc/resolv.conf; rm /run/names")
    capture = Capture(case, case.host, "eth0", f"port 53 and host {LAN}")
    ask = ["python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
           f"s.sendto(b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6secret\\4test\\0\\0\\1\\0\\1', ('{LAN}', 53))"]
    case.host.must(*ask)
    case.becomes("without a tunnel, the question is seen on the link", lambda: len(capture.lines()) >= 1)
    tunnel = case.connect(more=["-v"], **options)
    before = len(capture.lines())
    case.host.must(*ask)
    if dns == "none":
        case.becomes("the question is seen on the link", lambda: len(capture.lines()) > before)
    else:
        case.told(tunnel.client, "names no name server", "dns=")
        case.goes_inside(tunnel, OUTSIDE)
        case.pings(LAN)
        case.equal("questions beside the tunnel", capture.lines()[before:], [])
