# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client host gets: addresses, routes, DNS, and packets of every size through the tunnel."""

from outrider_lab.scenario import scenario
from outrider_lab.traffic import Capture

OUTSIDE, OUTSIDE6 = "203.0.113.2", "2001:db8:203::2"


@scenario(name="behind-nat", nat=True)
@scenario(name="without-nat", nat=False)
def nat(case, nat):
    """The router masquerades, or it does not; the rest of the world stays outside of the tunnel."""
    case.gateway.configure()
    case.router.set(nat=nat)
    tunnel = case.connect()
    source = case.gateway.established()[0]["remote-host"]
    case.equal("the client's address as the gateway sees it", source,
               "198.51.100.1" if nat else "192.168.77.2")
    case.goes_inside(tunnel, "10.77.0.2")
    case.goes_inside(tunnel, OUTSIDE, False)
    case.works(tunnel)


@scenario(only="outrider")
def straight_on_port_4500(case):
    """The profile names port 4500: nothing is ever sent to port 500, which the path drops."""
    case.gateway.configure()
    case.router.set(drop=["udp dport 500"])
    profile = case.directory / "port.profile"
    profile.write_text("[gateway]\naddress=gw.test\nport=4500\ntrust=file\n"
                       f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                       "[login]\nmethod=eap-mschapv2\nuser=alice\n")
    tunnel = case.connect(profile=str(profile), method=None, user=None, ca=None)
    case.check("it says that it logs in", any(event.get("state") == "authenticating"
                                              for event in tunnel.client.events))
    case.equal("datagrams to port 500", case.router.datagrams_to(500), 0)
    case.works(tunnel)


@scenario
def several_networks(case):
    """Three networks behind the gateway, as traffic selectors of one child."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24, 10.79.0.0/24")
    tunnel = case.connect()
    for address in ("10.77.0.2", "10.78.0.2", "10.79.0.2"):
        case.goes_inside(tunnel, address)
        case.works(tunnel, address)
    case.goes_inside(tunnel, OUTSIDE, False)


@scenario(name="subnet-attribute", v4="subnet = 10.77.0.0/24, 10.78.0.0/24")
@scenario(name="unity-split-include", v4="split_include = 10.77.0.0/24, 10.78.0.0/24")
def subnets_by_attribute(case, v4):
    """The selectors allow everything; a configuration attribute says which networks to route."""
    case.gateway.configure(local_ts="0.0.0.0/0", v4=v4)
    tunnel = case.connect()
    case.works(tunnel, "10.77.0.2")
    case.works(tunnel, "10.78.0.2")
    if case.is_outrider:  # strongSwan takes the selectors
        case.goes_inside(tunnel, OUTSIDE, False)


@scenario
def full_tunnel(case):
    """All traffic, v4 and v6: the outside sees the gateway's address, not the client's."""
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect()
    case.goes_inside(tunnel, OUTSIDE)
    case.goes_inside(tunnel, OUTSIDE6)
    case.check("IPv4 leaves at the gateway",
               '"198.51.100.10"' in case.fetch(f"http://{OUTSIDE}/"))
    case.check("IPv6 leaves at the gateway",
               '"2001:db8:100::10"' in case.fetch(f"http://[{OUTSIDE6}]/"))
    case.works(tunnel)
    case.works(tunnel, "fd00:77::2")


@scenario
def full_tunnel_with_strict_source_check(case):
    """The kernel drops packets whose way back would be another (rp_filter = 1, as RHEL has it)."""
    case.prepare("sysctl -q -w net.ipv4.conf.all.rp_filter=1",
                 "sysctl -q -w net.ipv4.conf.all.rp_filter=0")
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect()
    case.goes_inside(tunnel, OUTSIDE)
    case.works(tunnel)


@scenario
def ipv6_outside(case):
    """The gateway is reached over IPv6; the networks behind it are IPv4."""
    case.gateway.configure()
    tunnel = case.connect(host="gw6.test", gateway_id="gw.test")
    case.says(tunnel, gateway="2001:db8:100::10")
    case.works(tunnel)


@scenario
def ipv6_outside_full_tunnel(case):
    """Over IPv6, all traffic of both families in the tunnel."""
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect(host="gw6.test", gateway_id="gw.test")
    case.check("IPv6 leaves at the gateway",
               '"2001:db8:100::10"' in case.fetch(f"http://[{OUTSIDE6}]/"))
    case.works(tunnel)


@scenario
def gateway_by_address(case):
    """No name at all: the gateway's certificate speaks for its address."""
    case.gateway.configure()
    tunnel = case.connect(host="198.51.100.10", gateway_id="198.51.100.10"
                          if case.is_outrider else "gw.test")
    case.works(tunnel)


@scenario
def ipv6_inside(case):
    """Only IPv6 in the tunnel."""
    case.gateway.configure(local_ts="fd00:77::/64", pools="v6")
    tunnel = case.connect()
    case.equal("virtual IPv4 address", tunnel.v4, None)
    case.works(tunnel, "fd00:77::2")


@scenario
def two_virtual_addresses(case):
    """One address of each family, from two pools."""
    case.gateway.configure(local_ts="10.77.0.0/24, fd00:77::/64", pools="v4, v6")
    tunnel = case.connect()
    case.check("both families", bool(tunnel.v4 and tunnel.v6), tunnel.addresses)
    case.works(tunnel, "10.77.0.2")
    case.works(tunnel, "fd00:77::2")


@scenario
def dns(case):
    """The gateway's resolver answers while the tunnel is up, for names that exist only inside."""
    case.gateway.configure(v4="dns = 10.77.0.2\n    25 = corp.test")
    tunnel = case.connect()
    case.says(tunnel, dns=["10.77.0.2"], domains=["corp.test"])
    case.equal("first name server", case.nameservers()[:1], ["10.77.0.2"])
    case.resolves("www.corp.test", "10.77.0.2")
    case.check("the page by its name", '"inside"' in case.fetch("http://www.corp.test/"))


@scenario
def dns_over_ipv6(case):
    """The gateway's resolver has an IPv6 address."""
    case.gateway.configure(local_ts="10.77.0.0/24, fd00:77::/64", pools="v4, v6",
                           v6="dns = fd00:77::2")
    tunnel = case.connect()
    case.says(tunnel, dns=["fd00:77::2"])
    case.equal("first name server", case.nameservers()[:1], ["fd00:77::2"])
    case.resolves("www.corp.test", "fd00:77::2")


@scenario(only="outrider")
def dns_with_a_symbolic_link(case):
    """/etc/resolv.conf is a symbolic link: it is one again afterwards, and its target is untouched."""
    case.prepare("mv /etc/resolv.conf /run/resolv.conf; ln -s /run/resolv.conf /etc/resolv.conf",
                 "rm -f /etc/resolv.conf; mv /run/resolv.conf /etc/resolv.conf")
    target = case.host.must("cat", "/run/resolv.conf")
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect()
    case.resolves("www.corp.test", "10.77.0.2")
    case.stop(tunnel)
    case.equal("the link's target", case.host.must("cat", "/run/resolv.conf"), target)


@scenario(only="outrider")
def no_dns(case):
    """--no-dns leaves the resolver alone."""
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect(more=["--no-dns"])
    case.equal("name servers", case.nameservers(), ["203.0.113.2"])
    case.works(tunnel)


@scenario(only="outrider")
def no_routes(case):
    """--no-routes makes the device and its address, and no route."""
    case.gateway.configure()
    tunnel = case.connect(more=["--no-routes"])
    case.goes_inside(tunnel, "10.77.0.2", False)
    device = tunnel.facts["device"]
    result = case.host.run("curl", "-s", "--max-time", "3", "--interface", device,
                           "http://10.77.0.2/")
    case.check("the tunnel carries what is bound to its device", '"inside"' in result.stdout,
               result)


@scenario(only="outrider")
def chosen_routes(case):
    """--routes takes less than the gateway allows."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24")
    tunnel = case.connect(routes="10.78.0.0/24")
    case.goes_inside(tunnel, "10.77.0.2", False)
    case.works(tunnel, "10.78.0.2")


@scenario(name="path-mtu-1500", mtu=None)
@scenario(name="path-mtu-1400", mtu=1400)
@scenario(name="path-mtu-1280", mtu=1280)
def path_mtu(case, mtu):
    """A megabyte each way, where the path takes less than the client's link."""
    case.gateway.configure()
    case.router.set(mtu=mtu, drop_fragments=False)
    tunnel = case.connect()
    case.transfers(1000000)
    case.works(tunnel)


@scenario(name="path-mtu-1280-over-ipv6")
def path_mtu_ipv6(case):
    """A megabyte each way over IPv6 with the smallest legal MTU."""
    case.gateway.configure()
    case.router.set(mtu=1280)
    case.connect(host="gw6.test", gateway_id="gw.test")
    case.transfers(1000000)


@scenario
def big_transfer(case):
    """Twenty megabytes each way."""
    case.gateway.configure()
    case.connect()
    case.transfers(20000000)


@scenario(limit=25)
def five_percent_loss(case):
    """The path loses 5 % each way: connecting takes longer, and works."""
    case.gateway.configure()
    case.router.set(loss=5)
    tunnel = case.connect(timeout=20, timeout_connected=20)
    case.check("200 kB arrive", len(case.fetch("http://10.77.0.2/bytes/200000", 10)) == 200000)
    case.fetches(tunnel)
    case.router.set()


@scenario(only="outrider")
def networks_that_overlap(case):
    """The gateway has the host's own network and one around it: what is attached here stays here, and it is told."""
    case.gateway.configure(local_ts="0.0.0.0/0", v4="subnet = 10.77.0.0/24, 192.168.0.0/16")
    tunnel = case.connect(more=["-v"])
    case.told(tunnel.client, "192.168.77.0/24", "eth0")
    case.goes_inside(tunnel, "192.168.77.1", False)
    case.pings("192.168.77.1")
    case.goes_inside(tunnel, "192.168.200.1")
    case.works(tunnel)


@scenario(only="outrider")
def network_that_is_routed_already(case):
    """A route of the user's to the same network comes first, and it is told."""
    case.prepare("ip route add 10.78.0.0/24 via 192.168.77.1", "ip route del 10.78.0.0/24")
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24")
    tunnel = case.connect(more=["-v"])
    case.told(tunnel.client, "10.78.0.0/24 stays with eth0")
    case.goes_inside(tunnel, "10.78.0.2", False)
    case.works(tunnel)


@scenario(only="outrider")
def rules_of_the_user(case):
    """Rules that stand before ours are asked first; those behind are not harmed."""
    case.prepare("ip rule add to 203.0.113.2 lookup main priority 100; ip rule add from all lookup 777 priority 30000",
                 "ip rule del priority 100; ip rule del priority 30000")
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect()
    case.goes_inside(tunnel, OUTSIDE, False)
    case.goes_inside(tunnel, "198.18.0.1")
    case.works(tunnel)


@scenario(only="outrider")
def listed_network_that_is_not_granted(case):
    """Asked for and not carried: what is granted works, and the rest, which goes around the tunnel, is told."""
    case.gateway.configure(local_ts="10.77.0.0/24")
    tunnel = case.connect(more=["--routes", "10.77.0.0/24,10.78.0.0/24"])
    case.told(tunnel.client, "does not carry all of 10.78.0.0/24", "around the tunnel")
    case.works(tunnel)
    case.equal("the rest is none of the tunnel's", case.route_to("10.78.0.2")["dev"], "eth0")
    case.stop(tunnel)


@scenario(only="outrider")
def name_server_that_the_tunnel_does_not_lead_to(case):
    """The gateway's own name server, and the profile's networks are without it: nobody outside is asked in its place."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24", v4="dns = 10.77.0.2\n    25 = corp.test")
    questions = Capture(case, case.host, "eth0", "port 53")
    tunnel = case.connect(more=["--routes", "10.78.0.0/24"])
    case.told(tunnel.client, "10.77.0.2 is not asked", "dns=")
    case.check("it is no name server of this host", "10.77.0.2" not in case.nameservers(), case.nameservers())
    case.host.run("getent", "ahosts", "www.corp.test")
    case.becomes("the host's own is asked", lambda: any("corp" in line for line in questions.lines()))
    case.equal("questions to the inside server", [line for line in questions.lines() if "> 10.77.0.2." in line], [])
    case.stop(tunnel)
