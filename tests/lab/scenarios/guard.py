# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs into the tunnel and may not leave beside it: the kill switch, IPv6 beside an IPv4 tunnel, the LAN."""

import signal

from outrider_lab.guard import guarded, in_force, is_released, release, tables
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Capture, Ping, Talker

INSIDE, INSIDE6 = "10.77.0.2", "fd00:77::2"
OUTSIDE, OUTSIDE6 = "203.0.113.2", "2001:db8:203::2"
LAN = "192.168.77.1"
FULL = {"local_ts": "0.0.0.0/0, ::/0", "pools": "v4, v6"}
REFUSED = "EACCES"


def ask(case, name):
    """Some program looks a name up."""
    case.host.run("getent", "ahosts", name, timeout=15)


def asked_for(capture, name):
    return [line for line in capture.lines() if name in line]


def keeps_to_itself(case, questions, when):
    """The gateway's name is asked for, and no other."""
    ask(case, f"secret-{when}.test")
    case.equal(f"questions that left {when}", asked_for(questions, "secret-"), [])


@scenario(only="outrider", limit=25)
def kill_switch_while_the_name_is_looked_up(case):
    """The gateway's name is asked for, again and again, and nobody else's question leaves: not then, not after a kill -9
    in that moment, not while the next start asks; and that one gets its answer."""
    case.gateway.configure(**FULL)
    questions = Capture(case, case.host, "eth0", "port 53")
    case.router.set(drop=["udp dport 53", "tcp dport 53"])
    client = case.start(password="wonderland", **guarded(case))
    case.becomes("the gateway's name is asked for twice", lambda: len(asked_for(questions, " A? gw.test")) >= 2)
    keeps_to_itself(case, questions, "while-resolving")
    client.process.signal(signal.SIGKILL)
    client.process.wait(3)
    keeps_to_itself(case, questions, "after-a-kill")
    asked = len(asked_for(questions, " A? gw.test"))
    again = case.start(password="wonderland", **guarded(case))
    case.becomes("it is asked for again", lambda: len(asked_for(questions, " A? gw.test")) > asked)
    keeps_to_itself(case, questions, "at-the-next-start")
    case.router.set()
    tunnel = case.came_up(again)
    case.works(tunnel)
    case.stop(tunnel)
    keeps_to_itself(case, questions, "in-the-end")
    release(case)
    ask(case, "secret-no-more.test")
    case.becomes("the capture sees what leaves", lambda: asked_for(questions, "secret-no-more.test"))


@scenario(only="outrider", limit=20)
def kill_switch_after_a_name_without_address(case):
    """When the gateway's name is not found, the rest stays refused."""
    questions = Capture(case, case.host, "eth0", "port 53")
    case.fails("name-not-resolved", 10, **guarded(case, address="nowhere.test"))
    case.becomes("the name was asked for", lambda: asked_for(questions, "nowhere.test"))
    keeps_to_itself(case, questions, "after-the-failure")
    release(case)
    ask(case, "open.test")
    case.becomes("the capture sees what leaves", lambda: asked_for(questions, "open.test"))


@scenario(only="outrider")
def kill_switch_and_a_name_in_another_tunnel(case):
    """The name server is another tunnel's: it is asked through that, and not beside it."""
    case.gateway.configure(v4="dns = 10.77.0.2", **FULL)
    first = case.connect()
    questions = Capture(case, case.host, "eth0", "port 53")
    case.equal("name servers", case.nameservers(), [INSIDE])
    inside = Capture(case, case.host, first.facts["device"], "port 53")
    second = case.start(password="wonderland", **guarded(case, address="nowhere.test"))
    second.wait_event({"event": "state", "state": "disconnected"}, 10)
    case.becomes("it is asked in the tunnel", lambda: asked_for(inside, "nowhere.test"))
    case.equal("questions beside the first tunnel", questions.lines(), [])
    case.works(first)
    case.stop(first)
    release(case)
    ask(case, "open.test")
    case.becomes("the capture sees what leaves", lambda: asked_for(questions, "open.test"))


@scenario(only="outrider")
def kill_switch_that_refuses_nothing_yet(case):
    """The networks are the gateway's to tell, and it refused the login: nothing is said of a kill switch that stays."""
    case.gateway.configure()
    client = case.start(password="wrong", **guarded(case, "gateway"))
    client.wait_event({"event": "state", "state": "disconnected"}, 8)
    case.equal("notices", [event["message"] for event in client.events
                           if event["event"] == "notice" and "kill switch" in event["message"]], [])
    is_released(case)


@scenario(only="outrider")
def kill_switch_while_connecting(case):
    """Nothing leaves before the tunnel is up; then all of it goes inside; then nothing again, until it is released."""
    case.gateway.configure(**FULL)
    case.router.set(drop=["udp dport { 500, 4500 }"])
    client = case.start(password="wonderland", timeout=8, **guarded(case))
    client.wait_event({"event": "state", "state": "connecting"})
    talker = Talker(case, OUTSIDE, OUTSIDE6, INSIDE)
    for address in (OUTSIDE, OUTSIDE6, INSIDE):
        talker.becomes(address, REFUSED)
    case.pings(LAN)
    case.router.set()
    tunnel = case.came_up(client)
    for address in (OUTSIDE, OUTSIDE6, INSIDE):
        talker.becomes(address, "sent")
    case.works(tunnel)
    case.stop(tunnel)
    for address in (OUTSIDE, OUTSIDE6, INSIDE):
        talker.becomes(address, REFUSED)
    talker.leaks_nothing("before, during and after the tunnel")
    release(case)
    talker.becomes(OUTSIDE, "sent")
    is_released(case)


@scenario(only="outrider")
def kill_switch_after_kill(case):
    """Killed with -9: what the tunnel carried is refused; the next start goes on from there."""
    case.gateway.configure(**FULL)
    tunnel = case.connect(**guarded(case))
    talker = Talker(case, OUTSIDE, OUTSIDE6, INSIDE)
    talker.becomes(OUTSIDE, "sent")
    tunnel.client.process.signal(signal.SIGKILL)
    tunnel.client.process.wait(3)
    tunnel.ended = True
    if case.lab.plane == "userspace":
        for address in (OUTSIDE, OUTSIDE6, INSIDE):
            talker.becomes(address, REFUSED)
    case.gateway.terminate_all()
    again = case.connect(**guarded(case))
    talker.becomes(OUTSIDE, "sent")
    case.works(again)
    case.stop(again)
    talker.becomes(OUTSIDE, REFUSED)
    talker.leaks_nothing("over a kill -9 and a new start")
    release(case, "Work")
    is_released(case)


@scenario(only="outrider", limit=15)
def kill_switch_while_reconnecting(case):
    """The gateway is gone without a word, and comes back."""
    case.gateway.configure(**FULL)
    client = case.start(password="wonderland", timeout=8, once=False,
                        **guarded(case, **{"dns": "none"}))
    case.came_up(client)
    talker = Talker(case, OUTSIDE, OUTSIDE6, INSIDE)
    talker.becomes(OUTSIDE, "sent")
    case.gateway.terminate_all()
    client.wait_event({"event": "state", "state": "reconnecting"})
    tunnel = case.came_up(client)
    talker.becomes(OUTSIDE, "sent")
    case.works(tunnel)
    talker.leaks_nothing("while it connected again")
    case.stop(tunnel)
    case.tunnels[0].ended = True
    release(case)
    is_released(case)


@scenario(only="outrider")
def kill_switch_over_rekeys(case):
    """Both kinds of rekey: no packet beside the tunnel, and none lost."""
    case.gateway.configure(**FULL)
    tunnel = case.connect(**guarded(case))
    talker = Talker(case, OUTSIDE, INSIDE)
    ping = Ping(case)
    case.gateway.rekey_child()
    ping.goes_on(10, 5)
    case.gateway.rekey_ike()
    ping.goes_on(10, 5)
    ping.lost_nothing()
    talker.leaks_nothing("while keys changed")
    case.stop(tunnel)
    release(case)


@scenario(only="outrider")
def kill_switch_of_listed_networks(case):
    """Two networks of the profile's: they are refused without the tunnel, everything else goes its way."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24")
    case.router.set(drop=["udp dport { 500, 4500 }"])
    client = case.start(password="wonderland", timeout=8, **guarded(case, "10.77.0.0/24;10.78.0.0/24"))
    client.wait_event({"event": "state", "state": "connecting"})
    talker = Talker(case, INSIDE, "10.78.0.2")
    talker.becomes(INSIDE, REFUSED)
    case.pings(OUTSIDE)
    case.router.set()
    tunnel = case.came_up(client)
    talker.becomes("10.78.0.2", "sent")
    case.goes_inside(tunnel, OUTSIDE, False)
    case.works(tunnel)
    case.stop(tunnel)
    talker.becomes(INSIDE, REFUSED)
    talker.leaks_nothing("of the two networks")
    release(case)
    is_released(case)


@scenario(only="outrider")
def kill_switch_of_granted_networks(case):
    """The gateway tells the networks: the kill switch begins with them and stays."""
    case.gateway.configure()
    tunnel = case.connect(**guarded(case, "gateway"))
    talker = Talker(case, INSIDE)
    case.stop(tunnel)
    talker.becomes(INSIDE, REFUSED)
    case.pings(OUTSIDE)
    again = case.connect(**guarded(case, "gateway"))
    case.works(again)
    case.stop(again)
    talker.becomes(INSIDE, REFUSED)
    talker.leaks_nothing("of the granted network")
    release(case)
    is_released(case)


@scenario(only="outrider")
def kill_switch_and_names(case):
    """A gateway by name, the name server outside of the LAN, and a kill switch in force from the last time."""
    case.gateway.configure(**FULL)
    options = guarded(case)
    case.stop(case.connect(**options))
    case.equal("name servers", case.nameservers(), [OUTSIDE])
    talker = Talker(case, OUTSIDE)
    talker.becomes(OUTSIDE, REFUSED)
    tunnel = case.connect(**options)
    case.works(tunnel)
    case.stop(tunnel)
    talker.leaks_nothing("while the gateway's name was looked up")
    release(case)
    is_released(case)


@scenario(only="outrider")
def kill_switch_without_lan(case):
    """lan=no: the host's own network goes through the tunnel, too; but for the gateway nothing is reached without it."""
    case.gateway.configure(**FULL)
    tunnel = case.connect(**guarded(case, lan="no", dns="none"))
    case.goes_inside(tunnel, LAN)
    case.works(tunnel)
    case.stop(tunnel)
    talker = Talker(case, LAN)
    talker.becomes(LAN, REFUSED)
    talker.leaks_nothing("to the host's own network")
    release(case)
    is_released(case)


@scenario(only="outrider")
def kill_switches_of_two_profiles(case):
    """Each profile has its own, and releasing one leaves the other."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24")
    case.stop(case.connect(**guarded(case, "10.77.0.0/24", "Work")))
    case.stop(case.connect(**guarded(case, "10.78.0.0/24", "Lab")))
    talker = Talker(case, INSIDE, "10.78.0.2")
    talker.becomes(INSIDE, REFUSED)
    talker.becomes("10.78.0.2", REFUSED)
    talker.leaks_nothing("of either profile")
    release(case, "Work")
    talker.becomes(INSIDE, "sent")
    talker.becomes("10.78.0.2", REFUSED)
    release(case)
    is_released(case)


def stands_alone(case, network, name):
    """The table of this profile's kill switch, while there is no other."""
    case.stop(case.connect(**guarded(case, network, name)))
    (table, refused), = tables(case).items()
    case.equal(f"refused by {name} alone", refused, [network])
    release(case, name)
    is_released(case)
    return table


@scenario(only="outrider", limit=20)
def kill_switches_for_the_same_table(case):
    """Two names that lead to the same table: each has its own kill switch, and releasing one leaves the other."""
    networks = {"Plant 129": "10.77.0.0/24", "Lab 16533": "10.78.0.0/24"}
    (first, second), (here, there) = networks, networks.values()
    case.gateway.configure(local_ts=f"{here}, {there}")
    wanted = [stands_alone(case, network, name) for name, network in networks.items()]
    case.equal("the table that the other has alone", wanted[1], wanted[0])

    for name, network in networks.items():
        case.stop(case.connect(**guarded(case, network, name)))
    case.equal("tables", tables(case), {wanted[0]: [here], wanted[0] + 1: [there]})
    case.equal("in force", in_force(case), [[here], [there]])
    case.equal("of each", [in_force(case, name) for name in networks], [[[here]], [[there]]])
    talker = Talker(case, INSIDE, "10.78.0.2")
    talker.becomes(INSIDE, REFUSED)
    talker.becomes("10.78.0.2", REFUSED)
    talker.leaks_nothing("of either profile")
    release(case, first)
    talker.becomes(INSIDE, "sent")
    talker.becomes("10.78.0.2", REFUSED)
    case.equal("of the first", in_force(case, first), [])
    again = case.connect(**guarded(case, there, second))
    case.works(again, "10.78.0.2")
    case.stop(again)
    case.equal("one, where it was", tables(case), {wanted[0] + 1: [there]})
    release(case, second)
    talker.becomes("10.78.0.2", "sent")
    is_released(case)


@scenario(only="outrider")
def ipv6_beside_an_ipv4_tunnel(case):
    """All IPv4 in the tunnel and no IPv6: IPv6 is refused, not sent beside it, and the LAN's stays."""
    case.gateway.configure(local_ts="0.0.0.0/0")
    tunnel = case.connect()
    talker = Talker(case, OUTSIDE6)
    talker.becomes(OUTSIDE6, REFUSED)
    case.pings("fd77:1::1")
    talker.leaks_nothing("by IPv6")
    case.stop(tunnel)
    talker.becomes(OUTSIDE6, "sent")


@scenario(only="outrider")
def ipv6_beside_nearly_all_ipv4(case):
    """A gateway that carries all of IPv4 but its two ends: that is all traffic, and IPv6 stays where it would with it."""
    case.gateway.configure(local_ts="0.0.0.1-255.255.255.254")
    tunnel = case.connect(more=["--routes", "all"])
    talker = Talker(case, OUTSIDE, OUTSIDE6)
    talker.becomes(OUTSIDE, "sent")
    talker.becomes(OUTSIDE6, REFUSED)
    case.pings(LAN)
    talker.leaks_nothing("of all traffic")
    case.works(tunnel)
    case.equal("words about its networks", [
        event["message"] for event in tunnel.client.events if event["event"] == "notice" and "/" in event["message"]], [])
    case.stop(tunnel)


@scenario(only="outrider")
def lan_beside_a_full_tunnel(case):
    """The host's own network stays with its link."""
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.goes_inside(tunnel, LAN, False)
    case.goes_inside(tunnel, "fd77:1::1", False)
    case.pings(LAN)
    case.works(tunnel)


@scenario(only="outrider", limit=25)
def kill_switch_while_roaming(case):
    """The host's address changes under the tunnel: what was inside is refused until it is inside again."""
    case.gateway.configure(**FULL)
    options = guarded(case)
    with open(options["profile"], "a", encoding="utf-8") as profile:
        profile.write("\n[session]\ndpd-delay=1\n")
    client = case.start(password="wonderland", timeout=3, once=False, **options)
    first = case.came_up(client)
    talker = Talker(case, OUTSIDE, OUTSIDE6, INSIDE)
    talker.becomes(OUTSIDE, "sent")
    move = "ip addr flush dev eth0 scope global; ip addr add {}/24 dev eth0; ip addr add fd77:1::{}/64 dev eth0 nodad; " \
           "ip route replace default via 192.168.77.1; ip -6 route replace default via fd77:1::1"
    case.host.shell(move.format("192.168.77.9", 9))
    client.wait_event({"event": "state", "state": "reconnecting"}, 15)
    case.gateway.terminate_all()
    first.ended = True
    tunnel = case.came_up(client, 12)
    case.works(tunnel)
    talker.leaks_nothing("while the host had another address")
    case.stop(tunnel)
    release(case)
    is_released(case)
    case.host.shell(move.format("192.168.77.2", 2).replace(" nodad", ""))
