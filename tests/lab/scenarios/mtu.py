# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of the right size: paths that carry less than the client's link, and that say so or do not."""

import json

from outrider_lab.scenario import scenario

BODY = 10000000
FULL = {"local_ts": "0.0.0.0/0, ::/0", "pools": "v4, v6"}


def device_mtu(case, tunnel):
    return json.loads(case.host.must("ip", "-j", "link", "show", tunnel.facts["device"]))[0]["mtu"]


def fits(case, tunnel, path, outer=20):
    """The tunnel's MTU becomes what the path leaves: ESP takes 34 octets and up to 3 of padding, UDP 8 more."""
    case.becomes(f"the tunnel's MTU is right for {path} octets",
                 lambda: path - outer - 45 <= device_mtu(case, tunnel) <= path - outer - 34, 15)


@scenario(name="black-hole-1280", mtu=1280, limit=30)
@scenario(name="black-hole-1400", mtu=1400, limit=30)
@scenario(name="black-hole-1492", mtu=1492, limit=30)
@scenario(name="black-hole-1500", mtu=None, limit=30)
def black_hole(case, mtu):
    """Too big a packet is swallowed without a word: ten megabytes each way at once, and the right MTU in the end."""
    case.gateway.configure()
    case.router.set(mtu=mtu, silent=True)
    tunnel = case.connect()
    case.transfers(BODY, timeout=8)
    fits(case, tunnel, mtu or 1500)
    case.works(tunnel)


@scenario(name="told-1280", mtu=1280, limit=30)
@scenario(name="told-1400", mtu=1400, limit=30)
def told(case, mtu):
    """Routers say what is too big."""
    case.gateway.configure()
    case.router.set(mtu=mtu)
    tunnel = case.connect()
    case.transfers(BODY, timeout=8)
    fits(case, tunnel, mtu)


@scenario(name="black-hole-over-ipv6", limit=30)
def black_hole_over_ipv6(case):
    """The same over IPv6."""
    case.gateway.configure()
    case.router.set(mtu=1400, silent=True)
    tunnel = case.connect(host="gw6.test", gateway_id="gw.test")
    case.transfers(BODY, timeout=8)
    fits(case, tunnel, 1400, outer=40)


@scenario(name="black-hole-ipv6-inside", limit=30)
def black_hole_ipv6_inside(case):
    """IPv6 in the tunnel, over a path that swallows more than 1400 octets."""
    case.gateway.configure(**FULL)
    case.router.set(mtu=1400, silent=True)
    tunnel = case.connect()
    case.transfers(BODY, "[fd00:77::2]", timeout=8)
    case.transfers(1000000)
    fits(case, tunnel, 1400)


@scenario(only="outrider", name="path-becomes-narrower-1400", silent=False, limit=30)
def path_becomes_narrower(case, silent):
    """The path carries less from some moment on: the next packets fit."""
    case.host.shell("ip route flush cache")  # what routers told before
    case.gateway.configure()
    tunnel = case.connect()
    fits(case, tunnel, 1500)
    case.router.set(mtu=1400, silent=silent)
    case.host.run("ping", "-n", "-c", "3", "-i", "0.2", "-s", "1400", "-W", "1", "10.77.0.2")
    fits(case, tunnel, 1400)
    case.transfers(1000000)


@scenario(only="outrider")
def mtu_of_the_profile(case):
    """The profile says how large packets are: nothing is tried."""
    case.gateway.configure()
    profile = case.directory / "mtu.profile"
    profile.write_text("[gateway]\naddress=gw.test\ntrust=file\n"
                       f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n[login]\nuser=alice\n\n[network]\nmtu=1300\n")
    tunnel = case.connect(profile=str(profile), method=None, user=None, ca=None)
    case.equal("the device's MTU", device_mtu(case, tunnel), 1300)
    case.transfers(1000000)
    case.equal("the device's MTU later", device_mtu(case, tunnel), 1300)


CONTAINER = """
set -e
ip link add veth0 type veth peer name eth0 netns {pid}
ip addr add 172.30.0.1/24 dev veth0; ip link set veth0 up
nsenter -t {pid} -n sh -c 'ip addr add 172.30.0.2/24 dev eth0; ip link set eth0 up; ip link set lo up; ip route add default via 172.30.0.1'
sysctl -qw net.ipv4.ip_forward=1
nft 'add table ip containers; add chain ip containers out {{ type nat hook postrouting priority 100; }}; add rule ip containers out ip saddr 172.30.0.0/24 masquerade'
"""


@scenario(only="outrider", limit=30)
def forwarded_segments_fit(case):
    """A container behind the client, whose own link is wide: its connections announce segments that fit the tunnel."""
    case.gateway.configure()
    box = case.host.spawn(["unshare", "--net", "sleep", "77"])
    case.at_cleanup(box.kill)

    def inside():
        return next((pid for pid, line in case.host.processes().items() if line == "sleep 77"), None)

    case.becomes("the container is there", lambda: inside() is not None)
    case.prepare(CONTAINER.format(pid=inside()),
                 "nft delete table ip containers; ip link del veth0; sysctl -qw net.ipv4.ip_forward=0")
    tunnel = case.connect()
    fits(case, tunnel, 1500)
    heard = case.directory / "syn.txt"
    with heard.open("w") as file:
        tcpdump = case.lab.inside.spawn(["tcpdump", "-l", "-n", "-i", "eth0", "-c", "2", "tcp[tcpflags] & tcp-syn != 0"],
                                        stdout=file, stderr=file)
    case.at_cleanup(tcpdump.kill)
    case.becomes("tcpdump listens", lambda: "listening on" in heard.read_text())
    case.router.set(silent=True)
    result = case.host.run("nsenter", "-t", str(inside()), "-n", "curl", "-sS", "--max-time", "6",
                           "http://10.77.0.2/bytes/1000000", timeout=8)
    case.equal("octets that the container got", len(result.stdout), 1000000)
    case.becomes("both SYNs were seen", lambda: heard.read_text().count("mss ") == 2)
    first = int(heard.read_text().split("mss ")[1].split(",")[0])
    case.check("the announced segment fits the tunnel", first <= device_mtu(case, tunnel) - 40, first)
