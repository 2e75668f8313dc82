# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asked for which name, by every kind of resolver that the host may have."""

import os

from outrider_lab.guard import guarded, release
from outrider_lab.resolver import OUTSIDE, Questions, Resolvconf, Resolved
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Capture

SPLIT = {"v4": "dns = 10.77.0.2\n    25 = corp.test"}
FULL = {"local_ts": "0.0.0.0/0, ::/0", "pools": "v4, v6", "v4": "dns = 10.77.0.2"}
STUB = ["127.0.0.53"]


def is_split(case, tunnel):
    """Names of the domain go inside, all others outside."""
    device = tunnel.facts["device"]
    questions = Questions(case)
    case.resolves("www.corp.test", "10.77.0.2")
    case.resolves("www.outside.test", OUTSIDE)
    asked = questions.asked()
    case.check("the outside server was asked for the outside name", any("www.outside.test." in line for line in asked),
               asked)
    case.check("it was not asked for the inside name", not any("corp" in line for line in asked), asked)
    return device


def is_guarded(case):
    """No name is asked for beside the tunnel, whatever becomes of the question."""
    questions = Questions(case)
    case.resolves("www.corp.test", "10.77.0.2")
    result = case.host.run("getent", "ahosts", "www.outside.test")
    case.equal("what the inside server says of an outside name", result.stdout, "")
    case.host.run("getent", "ahosts", "short")
    case.host.run("getent", "hosts", OUTSIDE)
    case.equal("questions beside the tunnel", questions.asked(), [])


def nothing_is_noted(case):
    """What was changed is changed back, so nothing is left to be repaired."""
    names = os.listdir(case.host.path("/run/outrider"))
    case.equal("journals of the resolver", [name for name in names if name.startswith("resol")], [])


# ---- systemd-resolved ----


@scenario(only="outrider")
def resolved_split(case):
    """systemd-resolved: the gateway's domain goes to its server, other names go where they went."""
    resolved = Resolved(case)
    case.gateway.configure(**SPLIT)
    tunnel = case.connect()
    case.says(tunnel, resolver="systemd-resolved")
    device = is_split(case, tunnel)
    case.equal("servers of the link", resolved.tells("dns", device), ["10.77.0.2"])
    case.equal("domains of the link", resolved.tells("domain", device), ["corp.test"])
    case.equal("does the link take other names?", resolved.tells("default-route", device), ["no"])
    case.equal("name servers of the file", case.nameservers(), STUB)
    case.stop(tunnel)
    case.equal("servers of eth0", resolved.tells("dns", "eth0"), [OUTSIDE])
    case.resolves("www.outside.test", OUTSIDE)
    nothing_is_noted(case)


@scenario(only="outrider")
def resolved_full(case):
    """systemd-resolved and a full tunnel: no name is asked for beside it."""
    resolved = Resolved(case)
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.says(tunnel, resolver="systemd-resolved")
    is_guarded(case)
    case.equal("domains of the link", resolved.tells("domain", tunnel.facts["device"]), ["~."])
    case.stop(tunnel)
    case.resolves("www.outside.test", OUTSIDE)


@scenario(only="outrider")
def resolved_and_a_kill_switch(case):
    """systemd-resolved asks for nobody any more, and the next start finds the gateway by its name nevertheless."""
    Resolved(case)
    case.gateway.configure(**FULL)
    case.stop(case.connect(**guarded(case)))
    questions = Capture(case, case.host, "eth0", "dst port 53")
    tunnel = case.connect(**guarded(case))
    case.says(tunnel, resolver="systemd-resolved")
    case.works(tunnel)
    case.becomes("the capture sees what leaves", lambda: len(questions.lines()) >= 2)
    case.equal("other questions", [line for line in questions.lines() if "gw.test" not in line], [])
    case.stop(tunnel)
    release(case)


@scenario(only="outrider")
def resolved_full_and_a_domain_of_the_lan(case):
    """The LAN's own domain, which systemd-resolved would ask of the LAN's server: not beside a full tunnel."""
    resolved = Resolved(case)
    resolved.control("domain", "eth0", "outside.test")
    case.settle()
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    questions = Questions(case)
    case.host.run("getent", "ahosts", "www.outside.test", timeout=4)
    case.equal("questions beside the tunnel", questions.asked(), [])
    case.resolves("www.corp.test", "10.77.0.2")
    case.stop(tunnel)
    case.resolves("www.outside.test", OUTSIDE)


@scenario(only="outrider")
def file_rewritten_beside_a_full_tunnel(case):
    """A DHCP client puts the LAN's server back into the file: it is not asked while the tunnel has everything."""
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.host.shell(f"echo nameserver {OUTSIDE} > /etc/resolv.conf")
    questions = Questions(case)
    case.host.run("getent", "ahosts", "www.outside.test", timeout=4)
    case.equal("questions beside the tunnel", questions.asked(), [])
    case.stop(tunnel)
    case.equal("name servers", case.nameservers(), [OUTSIDE])


@scenario(only="outrider")
def resolved_without_domains(case):
    """Networks and a server, but no domain: the server is asked beside the others, and all names resolve."""
    resolved = Resolved(case)
    case.gateway.configure(v4="dns = 10.77.0.2")
    tunnel = case.connect()
    case.equal("domains of the link", resolved.tells("domain", tunnel.facts["device"]), [])
    case.resolves("www.corp.test", "10.77.0.2")
    case.resolves("www.outside.test", OUTSIDE)


@scenario(only="outrider")
def resolved_many_domains(case):
    """Domains by every attribute, and a top-level one, which is not believed."""
    resolved = Resolved(case)
    case.gateway.configure(v4="dns = 10.77.0.2\n    25 = corp.test\n    28674 = lab.test\n"
                           "    28675 = \"build.test,com\"")
    tunnel = case.connect()
    domains = ["build.test", "corp.test", "lab.test"]
    case.equal("domains of the link", sorted(resolved.tells("domain", tunnel.facts["device"])), domains)
    case.equal("domains", sorted(tunnel.facts["domains"]), domains)


@scenario(only="outrider")
def resolved_killed(case):
    """kill -9 with systemd-resolved: names go where they went, at the latest after the next start."""
    resolved = Resolved(case)
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    tunnel.client.process.kill()
    tunnel.ended = True
    again = case.connect(host="198.51.100.10", gateway_id="gw.test")
    is_guarded(case)
    case.stop(again)
    case.equal("links with servers", [line for line in resolved.control("dns").stdout.splitlines()
                                      if "10.77.0.2" in line], [])
    case.resolves("www.outside.test", OUTSIDE)
    nothing_is_noted(case)


@scenario(only="outrider")
def resolved_restarted(case):
    """systemd-resolved starts anew under the tunnel: it still knows the link's server."""
    resolved = Resolved(case)
    case.gateway.configure(**SPLIT)
    tunnel = case.connect()
    resolved.end("resolved")
    resolved.start()
    case.standing = set(case.host.processes()) - {pid for pid, line in case.host.processes().items()
                                                  if "connect" in line}
    is_split(case, tunnel)


@scenario(only="outrider", name="resolved-hangs", what="resolved")
@scenario(only="outrider", name="bus-hangs", what="bus")
def resolved_hangs(case, what):
    """systemd-resolved, or the bus, does not answer: told in words within seconds, and --no-dns does without."""
    resolved = Resolved(case)
    case.gateway.configure(**SPLIT)
    resolved.processes[what].pause()
    case.fails("host-refused", 60, host="198.51.100.10", gateway_id="gw.test")
    case.works(case.connect(host="198.51.100.10", gateway_id="gw.test", more=["--no-dns"]))
    resolved.processes[what].resume()


@scenario(only="outrider")
def resolved_stopped(case):
    """/etc/resolv.conf leads to a systemd-resolved that does not run: the file is taken, and is a link afterwards."""
    resolved = Resolved(case)
    case.gateway.configure(**SPLIT)
    resolved.end("resolved")
    tunnel = case.connect(host="198.51.100.10", gateway_id="gw.test")
    case.says(tunnel, resolver="file")
    case.equal("first name server", case.nameservers()[:1], ["10.77.0.2"])
    case.resolves("www.corp.test", "10.77.0.2")
    case.stop(tunnel)
    case.equal("name servers", case.nameservers(), STUB)


@scenario(only="outrider")
def resolved_by_the_library(case):
    """The C library asks systemd-resolved, the file names another: a full tunnel guards both."""
    resolved = Resolved(case, link=None, nsswitch="files resolve [!UNAVAIL=return] dns")
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.says(tunnel, resolver="systemd-resolved")
    case.equal("domains of the link", resolved.tells("domain", tunnel.facts["device"]), ["~."])
    case.equal("name servers of the file", case.nameservers(), ["10.77.0.2"])
    case.stop(tunnel)
    case.equal("name servers", case.nameservers(), [OUTSIDE])


# ---- resolvconf ----


@scenario(only="outrider", name="openresolv", package="openresolv")
@scenario(only="outrider", name="resolvconf", package="resolvconf")
def resolvconf(case, package):
    """resolvconf makes the file: ours comes first, and is gone afterwards."""
    manager = Resolvconf(case, package)
    case.gateway.configure(**SPLIT)
    tunnel = case.connect()
    case.says(tunnel, resolver="resolvconf")
    case.equal("records", sorted(manager.records()), ["eth0.dhclient", f"vpn.{tunnel.facts['device']}"])
    case.equal("name servers", case.nameservers(), ["10.77.0.2", OUTSIDE])
    case.resolves("www.corp.test", "10.77.0.2")
    case.stop(tunnel)
    case.equal("records", manager.records(), ["eth0.dhclient"])
    nothing_is_noted(case)


@scenario(only="outrider", name="openresolv-full", package="openresolv")
@scenario(only="outrider", name="resolvconf-full", package="resolvconf")
def resolvconf_full(case, package):
    """resolvconf and a full tunnel: no other server is asked."""
    Resolvconf(case, package)
    case.gateway.configure(**FULL)
    tunnel = case.connect()
    case.says(tunnel, resolver="resolvconf" if package == "openresolv" else "file")
    case.equal("name servers", case.nameservers(), ["10.77.0.2"])
    is_guarded(case)
    case.stop(tunnel)
    case.resolves("www.outside.test", OUTSIDE)


@scenario(only="outrider", name="openresolv-killed", package="openresolv")
@scenario(only="outrider", name="resolvconf-killed", package="resolvconf")
def resolvconf_killed(case, package):
    """kill -9 with resolvconf: the next start removes the record, even one that fails."""
    manager = Resolvconf(case, package)
    case.gateway.configure(**SPLIT)
    tunnel = case.connect()
    tunnel.client.process.kill()
    tunnel.ended = True
    case.gateway.terminate_all()
    case.fails("password-wrong", 41, host="198.51.100.10", gateway_id="gw.test", password="wrong")
    case.equal("records", manager.records(), ["eth0.dhclient"])
    case.equal("name servers", case.nameservers(), [OUTSIDE])
    nothing_is_noted(case)


# ---- the file ----


@scenario(only="outrider")
def file_full(case):
    """A plain file and a full tunnel: no name is asked for beside it."""
    case.gateway.configure(**FULL)
    case.connect()
    is_guarded(case)


@scenario(only="outrider")
def file_rewritten(case):
    """Somebody else writes /etc/resolv.conf while the tunnel is up: theirs stays."""
    case.gateway.configure(**SPLIT)
    tunnel = case.connect()
    case.host.shell("echo nameserver 203.0.113.9 > /etc/resolv.conf")
    case.stop(tunnel)
    case.equal("name servers", case.nameservers(), ["203.0.113.9"])
    nothing_is_noted(case)
    case.host.shell(f"echo nameserver {OUTSIDE} > /etc/resolv.conf")
