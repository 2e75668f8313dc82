# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's data plane: what it can do and the other cannot, what `ip xfrm` shows of it, and what it leaves
alone."""

import re

from outrider_lab.scenario import scenario
from outrider_lab.traffic import Capture, Ping

IF_IDS = range(0x4f750000, 0x4f760000)

# Seconds: what comes in by a deleted SA is read for five more.
OLD_STATE_GOES = 10


def states(host):
    """{SPI: the lines of `ip xfrm state` about it}, newest last."""
    entries = re.split(r"^(?=src )", host.must("ip", "-s", "xfrm", "state"), flags=re.MULTILINE)
    return {int(re.search(r"spi 0x([0-9a-f]+)", entry)[1], 16): entry for entry in entries if entry.strip()}


def policies(host):
    return [" ".join(entry.split()) for entry in
            re.split(r"^(?=src )", host.must("ip", "xfrm", "policy"), flags=re.MULTILINE) if entry.strip()]


def pair(case):
    """The client's states of the only child: (inbound, outbound)."""
    child, = case.gateway.children()
    found = states(case.host)
    return found[int(child["spi-out"], 16)], found[int(child["spi-in"], 16)]


def if_id(text):
    return int(re.search(r"if_id 0x([0-9a-f]+)", text)[1], 16)


@scenario(only="outrider", plane="kernel")
def native_esp_without_nat(case):
    """Nobody translates addresses on the path: ESP goes as IP protocol 50, not in UDP."""
    case.gateway.configure()
    case.router.set(nat=False)
    capture = Capture(case, case.router.host, "wan", "ip proto 50 or udp port 4500")
    tunnel = case.connect()
    logged_in = len(capture.lines())
    case.works(tunnel)
    seen = capture.lines()[logged_in:]
    case.check("ESP in both directions", all(
        any(f"{way}: ESP(" in line for line in seen)
        for way in ("192.168.77.2 > 198.51.100.10", "198.51.100.10 > 192.168.77.2")), seen)
    case.equal("ESP in UDP", [line for line in seen if "UDP-encap" in line], [])
    for state in pair(case):
        case.check("the state encapsulates nothing", "encap" not in state, state)


@scenario(only="outrider", plane="kernel")
def native_esp_over_ipv6(case):
    """The same with IPv6 outside."""
    case.gateway.configure()
    case.router.set(nat=False)
    capture = Capture(case, case.router.host, "wan", "ip6 proto 50")
    tunnel = case.connect(host="gw6.test", gateway_id="gw.test")
    case.works(tunnel)
    case.becomes("ESP in both directions", lambda: all(
        any(f"{way}: ESP(" in line for line in capture.lines())
        for way in ("fd77:1::2 > 2001:db8:100::10", "2001:db8:100::10 > fd77:1::2")))


@scenario(only="outrider", plane="kernel")
def states_as_negotiated(case):
    """`ip xfrm state` and `ip xfrm policy` show what was negotiated, and the interface's number on all of it."""
    case.gateway.configure(esp="aes256-sha384")
    tunnel = case.connect()
    case.works(tunnel)
    inbound, outbound = pair(case)
    link = case.host.must("ip", "-d", "link", "show", tunnel.facts["device"])
    number = if_id(link)
    case.check("the interface's number is one of ours", number in IF_IDS, hex(number))
    case.check("inbound addresses", inbound.startswith("src 198.51.100.10 dst 192.168.77.2"), inbound)
    case.check("outbound addresses", outbound.startswith("src 192.168.77.2 dst 198.51.100.10"), outbound)
    for state in (inbound, outbound):
        case.equal("if_id", if_id(state), number)
        for part in ("mode tunnel", "enc cbc(aes)", "auth-trunc hmac(sha384)", " 192\n", "af-unspec",
                     "encap type espinudp"):
            case.check(f"the state says {part!r}", part in state, state)
    case.check("the outer packets are marked", "output-mark 0x" in outbound, outbound)
    case.check("ports", "sport 4500 dport" in inbound and "dport 4500" in outbound, inbound + outbound)
    ours = [policy for policy in policies(case.host) if if_id(policy) == number]
    for direction, source, destination in (("out", tunnel.v4 + "/32", "10.77.0.0/24"),
                                           ("in", "10.77.0.0/24", tunnel.v4 + "/32"),
                                           ("fwd", "10.77.0.0/24", tunnel.v4 + "/32")):
        case.equal(f"policies {direction}", len([policy for policy in ours if policy.startswith(
            f"src {source} dst {destination} dir {direction} ")]), 1)
    case.equal("policies", len(ours), 3)


@scenario(only="outrider", plane="kernel")
def extended_sequence_numbers(case):
    """Both sides use 64-bit sequence numbers."""
    esp = "aes256gcm16-esn"
    case.gateway.configure(esp=esp)
    tunnel = case.connect(esp=esp)
    case.works(tunnel)
    case.equal("the gateway's child", case.gateway.children()[0].get("esn"), "1")
    for state in pair(case):
        case.check("the state has ESN", "flag af-unspec esn" in " ".join(state.split()), state)
    case.transfers(1000000)


@scenario(only="outrider", plane="kernel")
def sequence_numbers_without_esn(case):
    """A gateway that wants 32 bits gets them."""
    case.gateway.configure(esp="aes256gcm16-noesn")
    tunnel = case.connect()
    case.works(tunnel)
    for state in pair(case):
        case.check("the state has no ESN", "esn" not in state.partition("anti-replay")[0], state)


@scenario(only="outrider", plane="kernel")
def replayed_packets(case):
    """The path doubles all ESP: each packet counts once."""
    case.gateway.configure()
    case.router.set(nat=False)
    tunnel = case.connect()
    case.works(tunnel)
    window = re.search(r"replay_window (\d+)|replay-window (\d+)", pair(case)[0].partition("anti-replay")[2])
    case.equal("replay window", window and int(window[1] or window[2]), 128)
    case.router.host.shell(
        "nft add table ip twice\n"
        "nft 'add chain ip twice mangle { type filter hook prerouting priority mangle; }'\n"
        "nft add rule ip twice mangle iifname wan ip protocol esp dup to 192.168.77.2 device lan")

    def replayed():
        return int(re.search(r"replay (\d+) failed", pair(case)[0].replace("\n", " "))[1])

    before = replayed()
    result = case.host.run("ping", "-n", "-c", "20", "-i", "0.02", "-W", "2", "10.77.0.2")
    case.check("each ping has one answer", "20 received" in result.stdout and "DUP" not in result.stdout,
               result.stdout)
    case.becomes("replays are counted", lambda: replayed() >= before + 20)
    last = tunnel.client
    case.stop(tunnel)
    ended = last.wait_event({"event": "state", "state": "disconnected"}, 2)
    case.check("it says so in the end", ended["counters"].get("dropped_replayed", 0) >= 20, ended)


@scenario(only="outrider", plane="kernel", limit=20)
def gateway_rekeys_by_bytes(case):
    """The gateway's children live for so many bytes: it rekeys while a transfer is under way."""
    case.gateway.configure(child="rekey_bytes = 1000000\n        life_bytes = 8000000\n        rand_bytes = 0")
    tunnel = case.connect()
    ping = Ping(case)
    case.transfers(3000000, timeout=10)
    case.check("the child is rekeyed", tunnel.client.wait_event(
        {"event": "rekeyed", "sa": "child"}, 3) is not None)
    ping.lost_nothing()
    case.works(tunnel)
    case.becomes("two states are left", lambda: len(states(case.host)) == 2, OLD_STATE_GOES)


@scenario(only="outrider", plane="kernel", limit=20)
def old_state_goes_after_a_rekey(case):
    """After a rekey the client sends with the new SA alone, and soon has no other."""
    case.gateway.configure()
    tunnel = case.connect()
    old = set(states(case.host))
    case.gateway.rekey_child()
    case.check("the child is rekeyed", tunnel.client.wait_event(
        {"event": "rekeyed", "sa": "child"}, 3) is not None)
    case.becomes("two states, none of the old", lambda: len(states(case.host)) == 2
                 and not old & set(states(case.host)), OLD_STATE_GOES)
    case.works(tunnel)
    out, = (policy for policy in policies(case.host) if " dir out " in policy)
    case.check("the policy names the SA that sends", f"spi 0x{int(case.gateway.children()[0]['spi-in'], 16):08x}"
               in out, out)


@scenario(only="outrider", plane="kernel")
def states_have_a_hard_end(case):
    """Nobody renews the states of a process that was killed: they end by themselves, a while after a rekey was due."""
    case.gateway.configure()
    case.connect()
    for state in pair(case):
        case.check("it ends after an hour and a bit", "hard 4140(sec)" in state, state)


FOREIGN = """
ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x4f750001 reqid 65537 mode tunnel \
    aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 128
ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x00001000 reqid 1 mode transport \
    enc 'cbc(aes)' 0x000102030405060708090a0b0c0d0e0f auth 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213 \
    if_id 0x2a
ip xfrm policy add src 192.0.2.0/24 dst 198.18.0.0/24 dir out priority 1 tmpl src 192.0.2.1 dst 192.0.2.2 \
    proto esp reqid 1 mode tunnel
ip xfrm policy add src 10.77.0.0/24 dst 10.9.0.0/24 dir in if_id 0x2a tmpl proto esp reqid 2 mode tunnel
ip link add foreign0 type xfrm if_id 0x2a
"""
UNDO = """
ip link del foreign0
ip xfrm state deleteall
ip xfrm policy deleteall
"""


@scenario(only="outrider", plane="kernel", limit=20)
def foreign_states_stay(case):
    """Another IPsec program's states, policies and interface outlive our start, kill -9, next start and end."""
    case.prepare(FOREIGN, UNDO)
    foreign_states = {spi: state for spi, state in states(case.host).items()}
    foreign_policies = policies(case.host)
    case.equal("foreign states", len(foreign_states), 2)
    case.equal("foreign policies", len(foreign_policies), 2)

    def untouched(when):
        now = states(case.host)
        for spi, state in foreign_states.items():
            case.equal(f"the state {spi:#x} {when}", now.get(spi), state)
        case.check(f"the policies {when}", set(foreign_policies) <= set(policies(case.host)))
        case.check(f"the interface {when}", "foreign0" in case.links())

    case.gateway.configure()
    tunnel = case.connect()
    untouched("when connected")
    case.works(tunnel)
    tunnel.client.process.kill()
    tunnel.ended = True
    untouched("after kill -9")
    second = case.connect()
    untouched("after the next start")
    case.works(second)
    case.stop(second)
    untouched("in the end")
    case.equal("no states of ours", set(states(case.host)), set(foreign_states))


@scenario(only="outrider", plane="kernel", limit=20)
def nothing_is_left_after_kill_and_next_start(case):
    """kill -9 leaves interface, states and policies; the next start removes them even when its login is refused."""
    case.gateway.configure()
    tunnel = case.connect()
    device = tunnel.facts["device"]
    tunnel.client.process.kill()
    tunnel.ended = True
    case.check("the states are left", len(states(case.host)) == 2, states(case.host))
    case.check("the interface is left", device in case.links(), case.links())
    case.gateway.terminate_all()
    case.fails("password-wrong", 41, password="wrong")
    case.equal("states", states(case.host), {})
    case.equal("policies", policies(case.host), [])
    case.check("the interface is gone", device not in case.links(), case.links())


@scenario(only="outrider", plane="kernel", limit=20)
def states_are_taken_away(case):
    """Another IPsec program flushes all states: the next packet is missed by the kernel, and the child made anew."""
    case.gateway.configure()
    tunnel = case.connect()
    before = set(states(case.host))
    case.host.must("ip", "xfrm", "state", "flush")
    case.host.run("ping", "-c", "1", "-W", "0.1", "10.77.0.2")
    tunnel.client.wait_event({"event": "rekeyed"}, 5)
    case.works(tunnel)
    # What the packet waited for has no key; the kernel forgets it after half a minute.
    keyed = {spi for spi, state in states(case.host).items() if "aead" in state}
    case.check("the states are others", len(keyed) == 2 and not before & keyed, states(case.host))


@scenario(only="outrider", plane="kernel")
def full_tunnel_does_not_loop(case):
    """All traffic inside, IPv6 outside: what the states send is marked and goes by the link itself."""
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect()
    case.works(tunnel)
    capture = Capture(case, case.host, "eth0", "ip")
    case.fetch("http://203.0.113.2/")
    case.pings("203.0.113.2")
    lines = capture.lines()
    case.check("something was sent", bool(lines))
    case.equal("packets that are not for the gateway", [line for line in lines
                                                        if "198.51.100.10.4500" not in line], [])
    mark = int(re.search(r"output-mark (0x[0-9a-f]+)", pair(case)[1])[1], 16)
    case.check("a rule takes the mark", any(f"fwmark {mark:#x}" in line for line in
                                            case.host.must("ip", "rule").splitlines()), hex(mark))
    case.transfers(1000000)


def kernel_has_esp(case):
    """What the kernel itself says."""
    words = ["src", "192.0.2.1", "dst", "192.0.2.2", "proto", "esp", "spi", "0x1000"]
    if case.host.run("ip", "xfrm", "state", "add", *words, "aead", "rfc4106(gcm(aes))", "0x" + "00" * 20,
                     "128").returncode != 0:
        return False
    case.host.must("ip", "xfrm", "state", "delete", *words)
    return True


@scenario(only="outrider")
def plane_chosen_automatically(case):
    """--plane auto takes the kernel's where the kernel has ESP, and says why it does not where it has none."""
    can = kernel_has_esp(case)
    case.gateway.configure()
    client = case.start(host="gw.test", user="alice", password="wonderland", ca="ca-ecdsa", method="eap-mschapv2",
                        plane="auto", more=["-v"])
    facts = client.connected()
    case.equal("plane", facts["plane"], "kernel" if can else "userspace")
    notices = [event for event in client.events if event.get("event") == "notice"]
    case.equal("it says why", any("this kernel has no ESP" in str(event) for event in notices), not can)
    case.pings("10.77.0.2")
    case.equal("exit status", client.stop(), 0)


@scenario(only="outrider", plane="userspace")
def kernel_plane_where_there_is_none(case):
    """--plane kernel on a kernel without ESP is refused in words; on one that has it, it works."""
    can = kernel_has_esp(case)
    case.gateway.configure()
    if can:
        client = case.start(host="gw.test", user="alice", password="wonderland", ca="ca-ecdsa",
                            method="eap-mschapv2", plane="kernel")
        case.equal("plane", client.connected()["plane"], "kernel")
        case.equal("exit status", client.stop(), 0)
    else:
        event = case.fails("host-refused", 60, plane="kernel")
        case.check("the message says what is missing", "no ESP" in event["message"], event)


def every_point_holds(case, name, limit):
    """A program of tests/unit that needs a kernel with ESP; each of its points is one of ours."""
    program = case.program.parents[2] / "tests" / "unit" / name
    result = case.host.run(str(program), timeout=limit)
    points = re.findall(r"^(ok|not ok) \d+ (\S+)(.*)$", result.stdout, re.MULTILINE)
    plan = re.search(r"^1\.\.(\d+)$", result.stdout, re.MULTILINE)
    for verdict, point, more in points:
        case.check(point, verdict == "ok" and "SKIP" not in more, result.stdout[-2000:])
    case.check("it came to its end", bool(plan) and len(points) == int(plan[1]) and result.returncode == 0,
               result.stdout[-1000:] + result.stderr[-1000:])


@scenario(only="outrider", plane="kernel", limit=60)
def plane_against_itself(case):
    """Two kernel planes and a wire between them: every algorithm, rekeys, ends, kill -9 (test-xfrm-plane)."""
    every_point_holds(case, "test-xfrm-plane", 60)


@scenario(only="outrider", plane="kernel", limit=90)
def moves_against_themselves(case):
    """The same two, whose addresses and ports change: by the kernel's migration and without it (test-xfrm-move)."""
    every_point_holds(case, "test-xfrm-move", 90)
