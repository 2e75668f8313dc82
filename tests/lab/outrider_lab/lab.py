# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the lab, their wires and their services.

    client ------------- router ---------------- gateway ------------- inside
    192.168.77.2    .77.1 | 198.51.100.1    .100.10 | 10.77.0.1         10.77.0.2
    fd77:1::2    fd77:1::1 | 2001:db8:100::1    ::10 | fd00:77::1       fd00:77::2
                          |                           and 10.78.0.0/24, 10.79.0.0/24
                      internet 203.0.113.2, 2001:db8:203::2

The internet host answers DNS for gw.test (IPv4) and gw6.test (IPv6); the inside host answers DNS for names
that exist only inside (www.corp.test). Both run a web server that tells who asks. The router masquerades
unless a scenario says otherwise. Addresses given to clients: 10.9.0.0/24 and fd00:9::/120.
"""

import concurrent.futures
import importlib.machinery
import importlib.util
import json
import pathlib
import shutil
import subprocess
import tempfile

from . import snapshot
from .charon import Gateway, template
from .host import Host, LabError, wait_until
from .radius import Radius

TESTS = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = {
    "/usr/sbin/charon-systemd": "charon-systemd", "/usr/sbin/swanctl": "strongswan-swanctl",
    "/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so": "libcharon-extauth-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-eap-md5.so": "libcharon-extra-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-chapoly.so": "libstrongswan-extra-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-gcm.so": "libstrongswan-standard-plugins",
    "/usr/sbin/nft": "nftables", "/usr/sbin/dnsmasq": "dnsmasq-base", "/usr/bin/curl": "curl",
    "/usr/bin/ping": "iputils-ping", "/usr/sbin/ip": "iproute2", "/usr/bin/openssl": "openssl",
    "/usr/bin/tcpdump": "tcpdump", "/usr/sbin/freeradius": "freeradius", "/etc/protocols": "netbase",
    "/dev/net/tun": "a kernel with TUN devices",
}

# IPCTNL_MSG_CT_DELETE of NFNL_SUBSYS_CTNETLINK, acknowledged, without attributes: every entry.
FLUSH_CONNTRACK = """
import socket, struct
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
    netlink.send(struct.pack("=LHHLLBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0))
    error, = struct.unpack_from("=i", netlink.recv(4096), 16)
    raise SystemExit(-error)
"""


def make_pki(directory):
    loader = importlib.machinery.SourceFileLoader("make_pki", str(TESTS / "pki" / "make-pki"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_pki", loader))
    loader.exec_module(module)
    module.make_all(directory)


SILENCE = ["icmp type destination-unreachable drop", "icmpv6 type packet-too-big drop"]


class Router:
    def __init__(self, host):
        self.host = host
        self.state = None
        self.was_narrow = False  # hosts may remember that a path carries less

    def set(self, nat=True, drop=(), loss=0, drop_fragments=False, refuse=False, mtu=None,
            ports=None, silent=False):
        """The whole state of the router. drop: nft matches, such as "udp dport 500". ports: of its NAT. silent: what is
        too big is dropped without a word."""
        state = (nat, tuple(drop), loss, drop_fragments, refuse, mtu, ports, silent)
        if state == self.state:
            return
        forward = [f"{match} drop" for match in drop]
        if loss:
            forward += [f"udp {way} {{ 500, 4500 }} numgen random mod 100 < {loss} drop"
                        for way in ("dport", "sport")]
        if refuse:
            forward.append("udp dport { 500, 4500 } reject with icmpx type port-unreachable")
        to = f" to :{ports} random" if ports else ""
        fragments = ["ip frag-off & 0x3fff != 0 drop", "exthdr frag exists drop"]
        self.host.must("nft", "-f", "-", text=template(
            "router.nft", output="\n    ".join(SILENCE) if silent else "",
            forward="\n    ".join(forward),
            fragments="\n    ".join(fragments) if drop_fragments else "",
            nat=f"ip saddr 192.168.77.0/24 meta l4proto udp masquerade{to}\n"
            "    ip saddr 192.168.77.0/24 masquerade\n    ip6 saddr fd77:1::/64 masquerade"
            if nat else ""))
        # A locked MTU on the routes, both ways: what is bigger is answered with "fragmentation needed".
        size = f"mtu lock {mtu}" if mtu else ""
        self.host.shell(
            f"ip route replace 198.51.100.0/24 dev wan {size}\n"
            f"ip route replace 192.168.77.0/24 dev lan {size}\n"
            f"ip -6 route replace 2001:db8:100::/64 dev wan proto kernel metric 256 {size}\n"
            f"ip -6 route replace fd77:1::/64 dev lan proto kernel metric 256 {size}\n")
        self.state = state
        self.was_narrow = self.was_narrow or mtu is not None

    def forget(self, ports):
        """Loses all of the NAT's mappings; new ones use these ports, as after a reboot."""
        self.set(ports=ports)
        self.host.must("/usr/bin/python3", "-c", FLUSH_CONNTRACK)

    def datagrams_to(self, port):
        """How many datagrams the client sent to a port (500 or 4500) since reset()."""
        listing = json.loads(self.host.must("nft", "-j", "list", "counters"))["nftables"]
        return next(entry["counter"]["packets"] for entry in listing
                    if entry.get("counter", {}).get("name") == f"to_{port}")

    def reset(self):
        self.set()
        self.host.must("nft", "reset", "counters")


class Lab:
    def __init__(self, scratch=None, plane="userspace", gateway_plane="userspace", pki=None):
        missing = [f"{path} ({package})" for path, package in TOOLS.items()
                   if not pathlib.Path(path).exists()]
        if missing:
            raise LabError("missing: " + ", ".join(missing))
        self.own_scratch = scratch is None
        self.scratch = pathlib.Path(scratch or tempfile.mkdtemp(prefix="outrider-lab-"))
        self.plane = plane
        self.pki = pathlib.Path(pki or self.scratch / "pki")
        self.scratch.chmod(0o755)
        self.hosts = {name: Host(name, self.scratch)
                      for name in ("client", "router", "gateway", "inside", "internet")}
        self.client, router, gateway, self.inside, self.internet = self.hosts.values()
        self.router = Router(router)
        self.gateway = Gateway(gateway, self.scratch / "gateway", self.pki, gateway_plane)
        self.radius = Radius(self.inside, self.scratch / "radius", self.pki)

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def renew(self):
        """New hosts after a scenario that left its mark, so that the next one starts clean."""
        self.down()
        self.up()

    def up(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            certificates = pool.submit(make_pki, self.pki) if not self.pki.exists() else None
            for host in self.hosts.values():
                host.start()
            for host in self.hosts.values():
                host.ready()
            self._wires()
            self._services()
            self.gateway.start(self.gateway.plane)
            if not wait_until(self._settled, 5, 0.05):
                raise LabError("the client's link does not come up")
            if certificates:
                certificates.result()

    def down(self):
        self.router.state = None
        self.gateway.process = self.radius.process = None
        for host in self.hosts.values():
            host.stop()

    def forget_paths(self):
        """No host remembers what a path carried once."""
        if self.router.was_narrow:
            for host in self.hosts.values():
                host.shell("ip route flush cache; ip -6 route flush cache")
        self.router.was_narrow = False

    def remove_scratch(self):
        if self.own_scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _wires(self):
        client, router, gateway, inside, internet = (h.pid for h in self.hosts.values())
        self.router.host.shell(
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        self._batch(router, f"""
            link add lan type veth peer name eth0 netns {client}
            link add wan type veth peer name eth0 netns {gateway}
            link add net type veth peer name eth0 netns {internet}
            addr add 192.168.77.1/24 dev lan
            addr add fd77:1::1/64 dev lan
            addr add 198.51.100.1/24 dev wan
            addr add 2001:db8:100::1/64 dev wan
            addr add 203.0.113.1/24 dev net
            addr add 2001:db8:203::1/64 dev net
            link set lan up
            link set wan up
            link set net up""")
        self._batch(client, """
            addr add 192.168.77.2/24 dev eth0
            addr add fd77:1::2/64 dev eth0
            link set eth0 up
            route add default via 192.168.77.1
            route add default via fd77:1::1""")
        self._batch(gateway, f"""
            link add inside type veth peer name eth0 netns {inside}
            addr add 198.51.100.10/24 dev eth0
            addr add 2001:db8:100::10/64 dev eth0
            addr add 10.77.0.1/24 dev inside
            addr add 10.78.0.1/24 dev inside
            addr add 10.79.0.1/24 dev inside
            addr add fd00:77::1/64 dev inside
            link set eth0 up
            link set inside up
            route add default via 198.51.100.1
            route add default via 2001:db8:100::1""")
        self._batch(inside, """
            addr add 10.77.0.2/24 dev eth0
            addr add 10.78.0.2/24 dev eth0
            addr add 10.79.0.2/24 dev eth0
            addr add fd00:77::2/64 dev eth0
            link set eth0 up
            route add default via 10.77.0.1
            route add default via fd00:77::1""")
        self._batch(internet, """
            addr add 203.0.113.2/24 dev eth0
            addr add 2001:db8:203::2/64 dev eth0
            link set eth0 up
            route add default via 203.0.113.1
            route add default via 2001:db8:203::1""")
        self.gateway.host.shell("""
            sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            nft add table inet gateway
            nft 'add chain inet gateway nat { type nat hook postrouting priority 100; }'
            nft add rule inet gateway nat oifname eth0 ip saddr 10.9.0.0/16 masquerade
            nft add rule inet gateway nat oifname eth0 ip6 saddr fd00:9::/64 masquerade""")
        self.router.set()
        self.client.shell("echo nameserver 203.0.113.2 > /etc/resolv.conf")

    def add_client_link(self):
        """A second link of the client, eth1, to the same router; no route of its own leads there."""
        self._batch(self.router.host.pid, f"""
            link add lan2 type veth peer name eth1 netns {self.client.pid}
            link set lan2 addrgenmode none
            addr add 192.168.78.1/24 dev lan2
            addr add fd77:2::1/64 dev lan2 nodad
            link set lan2 up""")
        self._batch(self.client.pid, """
            link set eth1 addrgenmode none
            addr add 192.168.78.2/24 dev eth1
            addr add fd77:2::2/64 dev eth1 nodad
            link set eth1 up""")

    def remove_client_link(self):
        self._batch(self.client.pid, "link del eth1")

    def _settled(self):
        """The kernel reports a link as up, with its link-local address, up to a second late."""
        link, = json.loads(self.client.must("ip", "-j", "addr", "show", "eth0"))
        return link["operstate"] == "UP" and any(info["scope"] == "link"
                                                 for info in link["addr_info"])

    @staticmethod
    def _batch(pid, lines):
        """ip(8) in the network of a host, but with the process ids of this side."""
        result = subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "-batch", "-"],
                                input=lines, capture_output=True, text=True)
        if result.returncode != 0:
            raise LabError(f"ip -batch: {result.stderr.strip()}")

    def _services(self):
        names = {
            self.internet: "listen-address=203.0.113.2,2001:db8:203::2\nlocal=/test/\n"
                           "host-record=gw.test,198.51.100.10\n"
                           "host-record=gw6.test,2001:db8:100::10\n"
                           "host-record=www.outside.test,203.0.113.2",
            self.inside: "listen-address=10.77.0.2,fd00:77::2\nlocal=/test/\n"
                         "host-record=www.corp.test,10.77.0.2,fd00:77::2",
        }
        for host, lines in names.items():
            configuration = self.scratch / f"{host.name}-dnsmasq.conf"
            configuration.write_text(template("dnsmasq.conf", lines=lines))
            log = (self.scratch / f"{host.name}-services.log").open("ab")
            host.spawn(["dnsmasq", "-C", configuration], stdout=log, stderr=log)
            host.spawn(["/usr/bin/python3", pathlib.Path(__file__).with_name("http_server.py"),
                        host.name], stdout=log, stderr=log)
            log.close()
        for host in names:
            if not wait_until(lambda: {":53", ":80"} <= self._listening(host), 5):
                raise LabError(f"{host.name}: its services do not listen")

    @staticmethod
    def _listening(host):
        sockets = host.must("ss", "-Hltun").split()
        return {f":{word.rpartition(':')[2]}" for word in sockets if ":" in word}

    def snapshot(self):
        return snapshot.take(self.client)
