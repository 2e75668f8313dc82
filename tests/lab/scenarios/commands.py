# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands beside `connect`: status, down and rekey of tunnels that run, doctor of the host they run on."""

import json
import os
import pathlib
import re
import shutil
import signal

from outrider_lab import snapshot
from outrider_lab.resolver import OUTSIDE, Resolvconf, Resolved
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Talker

INSIDE = "10.77.0.2"
FULL = {"local_ts": "0.0.0.0/0"}
SOCKETS = "/run/outrider/tunnels"
MANUAL = pathlib.Path(__file__).resolve().parents[3] / "data" / "man" / "outrider.1"


def profile(case, name="Work", file="lab", **network):
    """Options for a connection by a profile of that name; without one it is called like its file."""
    path = case.directory / f"{file}.profile"
    path.write_text((f"[profile]\nname={name}\n\n" if name else "") + "[gateway]\naddress=gw.test\ntrust=file\n"
                    f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n[login]\nuser=alice\n\n[network]\n"
                    + "".join(f"{key.replace('_', '-')}={value}\n" for key, value in network.items()))
    return {"profile": str(path), "user": None, "method": None, "ca": None}


def run(case, *words, status=0, before=()):
    """The command's output; its exit status is as expected."""
    result = case.host.run(*before, case.program, *words)
    case.equal(f"exit status of {' '.join(words)}", result.returncode, status)
    return result.stdout


def lines(case, *words, **more):
    """The same with --json: its objects."""
    return [json.loads(line) for line in run(case, *words, "--json", **more).splitlines()]


def statuses(case, *names):
    return [line for line in lines(case, "status", *names) if line["event"] == "status"]


def doctor(case, *words, status=0):
    """{"GROUP/CHECK": the levels of its findings}"""
    *findings, last = lines(case, "doctor", *words, status=status)
    case.equal("its own words of the exit status", last["exit"], status)
    levels = {}
    for finding in findings:
        case.check("every problem has a next step", finding["level"] != "problem" or bool(finding["hint"]), finding)
        levels.setdefault(f"{finding['group']}/{finding['check']}", []).append(finding["level"])
    case.equal("problems", last["problems"], sum(level.count("problem") for level in levels.values()))
    return levels


def troubled(levels, *wanted):
    """The checks with a finding of these levels."""
    return sorted(check for check, found in levels.items() if set(found) & set(wanted))


# ---- status ----


@scenario(only="outrider")
def status_of_one_tunnel(case):
    """What it says is what the kernel and the gateway say."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24", v4="dns = 10.77.0.2")
    tunnel = case.connect(**profile(case))
    case.works(tunnel)
    status, = statuses(case)
    device = tunnel.facts["device"]
    for member in ("device", "plane", "addresses", "routes", "dns", "domains", "gateway", "gateway_port",
                   "gateway_identity", "ike_proposal", "esp_proposal", "behind_nat", "resolver", "elapsed_ms"):
        case.equal(member, status.get(member), tunnel.facts.get(member))
    link, = json.loads(case.host.must("ip", "-j", "addr", "show", "dev", device))
    case.equal("the device's addresses", sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"]
                                                if a["scope"] == "global"), sorted(status["addresses"]))
    # It grows while the path is being probed.
    case.becomes("the device's MTU", lambda: statuses(case)[0]["mtu"] == json.loads(
        case.host.must("ip", "-j", "link", "show", "dev", device))[0]["mtu"])
    routes = json.loads(case.host.must("ip", "-j", "route", "show", "table", "all", "proto", "79", "dev", device))
    case.equal("the routes", sorted(route["dst"] for route in routes), sorted(status["routes"]))
    case.equal("profile", status["profile"], "Work")
    case.equal("address", status["address"], "gw.test")
    case.equal("state", status["state"], "connected")
    case.equal("excludes", status["excludes"], [])
    case.equal("kill switch", status["kill_switch"], False)
    case.check("its process", str(status["pid"]) + ".sock" in os.listdir(case.host.path(SOCKETS)), status)
    case.check("packets are counted", status["counters"]["packets_in"] >= 3 <= status["counters"]["packets_out"],
               status["counters"])
    for sa in ("ike", "child"):
        case.check(f"the {sa} SA is young and has a life before it",
                   0 <= status[f"{sa}_age_s"] < 30 < status[f"{sa}_rekey_in_s"], status)
    manual = MANUAL.read_text()
    for member in [*status, *status["counters"]]:
        case.check(f"the manual knows {member}", re.search(rf"(?m)^\.(It )?Va .*\b{member}\b", manual) is not None)
    for name in ("Work", "gw.test", device, str(case.directory / "lab.profile")):
        case.equal(f"tunnels called {name}", len(statuses(case, name)), 1)
    case.equal("tunnels of another name", statuses(case, "Home"), [])

    text = run(case, "status")
    for word in ("Work: connected", device, tunnel.v4, "10.77.0.0/24, 10.78.0.0/24", "198.51.100.10 port 4500"):
        case.check(f"people read {word!r}", word in text, text)
    case.check("no line is longer than a terminal is wide", max(map(len, text.splitlines())) <= 80, text)


@scenario(only="outrider", limit=15)
def status_and_down_of_two_tunnels(case):
    """Each is shown, each is ended by its name; the other stays."""
    case.gateway.configure(local_ts="10.77.0.0/24, 10.78.0.0/24", connection="unique = never")
    work = case.connect(**profile(case, "Work", "one", routes="10.77.0.0/24"))
    other = profile(case, None, "other", routes="10.78.0.0/24")
    lab = case.start(password="wonderland", timeout=8, **other)
    facts = {"Work": work.facts, "other": lab.connected()}
    case.equal("profiles", sorted(status["profile"] for status in statuses(case)), ["Work", "other"])
    for status in statuses(case):
        for member in ("device", "addresses", "routes"):
            case.equal(f"{member} of {status['profile']}", status[member], facts[status["profile"]][member])
    case.equal("tunnels to gw.test", len(statuses(case, "gw.test")), 2)

    case.equal("ended", lines(case, "down", other["profile"])[0]["ended"], 1)
    case.equal("exit status of the other", lab.process.wait(1), 0)
    case.equal("profiles", [status["profile"] for status in statuses(case)], ["Work"])
    case.works(work)
    case.equal("ended", lines(case, "down")[0]["ended"], 1)
    case.equal("exit status of Work", work.client.process.wait(1), 0)
    work.ended = True
    case.equal("sockets", os.listdir(case.host.path(SOCKETS)), [])


@scenario(only="outrider")
def status_while_connecting(case):
    """A tunnel that is not up yet is shown and can be ended."""
    case.gateway.configure()
    case.router.set(drop=["udp dport { 500, 4500 }"])
    client = case.start(password="wonderland", timeout=8, **profile(case))
    case.becomes("it is shown", lambda: [status["state"] for status in statuses(case)] == ["connecting"])
    status, = statuses(case)
    case.check("nothing is said of a connection", "device" not in status and "addresses" not in status, status)
    run(case, "rekey", "Work", status=80)
    case.equal("ended", lines(case, "down", "Work")[0]["ended"], 1)
    case.equal("exit status", client.process.wait(1), 0)


@scenario(only="outrider")
def status_while_reconnecting(case):
    """A tunnel that was lost is shown with the reason."""
    case.gateway.configure()
    tunnel = case.connect(once=False, **profile(case))
    case.router.set(drop=["udp dport { 500, 4500 }"])
    case.gateway.delete_ike()
    case.gateway.terminate_all()
    case.router.set(refuse=True)
    tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 5)
    case.becomes("the reason is told", lambda: any(
        status["state"] == "reconnecting" and status.get("code") and status.get("hint") for status in statuses(case)))
    case.check("people read it", "  because" in run(case, "status"))
    tunnel.ended = True
    run(case, "down")
    case.equal("exit status", tunnel.client.process.wait(1), 0)


@scenario(only="outrider", limit=20)
def status_of_a_stopped_process(case):
    """A process that does not answer is shown, does not hold the command up, and is not said to have ended."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case))
    tunnel.client.process.pause()
    case.equal("state", [status["state"] for status in statuses(case)], ["silent"])
    failed, = lines(case, "down", "--timeout", "1", status=60)
    case.equal("code", failed["code"], "host-refused")
    tunnel.client.process.resume()
    case.equal("exit status", tunnel.client.process.wait(5), 0)  # it was told meanwhile
    tunnel.ended = True


# ---- down, rekey ----


@scenario(only="outrider")
def down_puts_all_back(case):
    """When it returns, the host is as before and the gateway has no SA."""
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6", v4="dns = 10.77.0.2")
    tunnel = case.connect()
    case.works(tunnel)
    text = run(case, "down")
    case.equal("changes", snapshot.difference(case.before, case.lab.snapshot()), [])
    case.check("it says so", "Ended 1 tunnel." in text, text)
    case.equal("exit status", tunnel.client.process.wait(1), 0)
    tunnel.ended = True
    case.becomes("the gateway has no SA", lambda: not case.gateway.sas())
    case.check("a second time, there is none", "No tunnel was up." in run(case, "down"))


@scenario(only="outrider")
def rekey_by_command(case):
    """--child and --ike change the gateway's SAs, and packets go on."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case))

    def children():
        return [child["spi-in"] for child in case.gateway.children()]

    def sas():
        return [sa["initiator-spi"] for sa in case.gateway.established()]

    for words in (("rekey",), ("rekey", "--child", "Work"), ("rekey", tunnel.facts["device"])):
        old = children()
        run(case, *words)
        case.becomes(f"{' '.join(words)}: a new child", lambda: len(children()) == 1 and children() != old)
        case.equal("event", tunnel.client.wait_event({"event": "rekeyed"}, 3)["sa"], "child")
    old = sas()
    run(case, "rekey", "--ike")
    case.becomes("a new IKE SA", lambda: len(case.gateway.sas()) == 1 and len(sas()) == 1 and sas() != old)
    case.equal("event", tunnel.client.wait_event({"event": "rekeyed"}, 3)["sa"], "ike")
    case.works(tunnel)
    run(case, "rekey", "Home", status=80)


@scenario(only="outrider")
def commands_of_another_user(case):
    """Who is not root learns that there are tunnels and nothing else of them, and cannot end them."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case))
    program = shutil.copy(case.program, case.directory / "outrider")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]

    def ask(*words):
        result = case.host.run(*nobody, program, *words)
        for secret in ("wonderland", "alice", "Work", "gw.test", tunnel.v4):
            case.check(f"{secret} is not told", secret not in result.stdout + result.stderr, result.stdout)
        return result

    result = ask("status", "--json")
    case.equal("exit status", result.returncode, 0)
    case.equal("what is told", [json.loads(line) for line in result.stdout.splitlines()],
               [{"event": "hidden", "tunnels": 1}])
    case.check("people are told", "another user" in ask("status").stdout)
    for words in (("down",), ("down", "Work"), ("rekey",), ("doctor", "--repair")):
        result = ask(*words, "--json")
        case.equal(f"exit status of {words}", result.returncode, 60)
        case.equal("code", json.loads(result.stdout)["code"], "no-rights")
    result = ask("doctor", "--json")
    case.equal("exit status of doctor", result.returncode, 0)
    case.check("doctor says what it cannot see", "not looked at" in result.stdout, result.stdout)
    case.equal("tunnels", len(statuses(case)), 1)
    case.works(tunnel)


# ---- doctor ----


@scenario(only="outrider")
def doctor_on_a_clean_host(case):
    """No problem, and nothing changes; nor beside a tunnel, which is no leftover."""
    case.gateway.configure(v4="dns = 10.77.0.2", **FULL)
    run(case, "doctor", "--repair")  # other scenarios kill processes
    levels = doctor(case)
    case.equal("problems", troubled(levels, "problem", "mended"), [])
    case.equal("groups", list(dict.fromkeys(check.partition("/")[0] for check in levels)),
               ["host", "data planes", "network", "others", "leftovers"])
    case.equal("leftovers", troubled({check: found for check, found in levels.items()
                                      if check.startswith("leftovers/")}, "note"), [])
    case.check("people read it", "No problem found." in run(case, "doctor"))
    case.equal("changes", snapshot.difference(case.before, case.lab.snapshot()), [])
    tunnel = case.connect()
    case.equal("problems beside a tunnel", troubled(doctor(case, "--repair"), "problem", "mended"), [])
    case.resolves("www.corp.test", INSIDE)
    case.works(tunnel)


@scenario(only="outrider")
def doctor_mends_what_was_left(case):
    """kill -9 under a full tunnel with name servers: each kind of leftover is found, mended, and gone."""
    case.gateway.configure(v4="dns = 10.77.0.2", **FULL)
    tunnel = case.connect()
    case.equal("first name server", case.nameservers()[:1], ["10.77.0.2"])
    tunnel.client.process.kill()
    tunnel.ended = True
    userspace = case.lab.plane == "userspace"
    found = ["leftovers/resolver", "leftovers/sockets"] + (["leftovers/routes"] if userspace else ["leftovers/xfrm"])
    case.equal("problems", troubled(doctor(case, status=60), "problem"), sorted(found))
    case.equal("first name server", case.nameservers()[:1], ["10.77.0.2"])  # looked at, not touched
    mended = doctor(case, "--repair")
    case.equal("mended", troubled(mended, "mended"), sorted({*found, "leftovers/routes"}))
    case.equal("changes", snapshot.difference(case.before, case.lab.snapshot()), [])
    case.equal("problems afterwards", troubled(doctor(case), "problem", "mended"), [])
    case.equal("sockets", os.listdir(case.host.path(SOCKETS)), [])


def mends_the_resolver(case):
    """kill -9, and the doctor puts name resolution back by itself."""
    tunnel = case.connect()
    case.resolves("www.corp.test", INSIDE)
    tunnel.client.process.kill()
    tunnel.ended = True
    case.gateway.terminate_all()
    found = troubled(doctor(case, status=60), "problem")
    case.check("the resolver is among the problems", "leftovers/resolver" in found, found)
    case.equal("the resolver", doctor(case, "--repair")["leftovers/resolver"], ["mended"])
    case.equal("problems afterwards", troubled(doctor(case), "problem", "mended"), [])
    case.resolves("www.outside.test", OUTSIDE)
    case.equal("journals of the resolver", [name for name in os.listdir(case.host.path("/run/outrider"))
                                            if name.startswith("resol")], [])


@scenario(only="outrider", name="doctor-mends-systemd-resolved", setup={})
@scenario(only="outrider", name="doctor-mends-systemd-resolved-of-the-library",
          setup={"link": None, "nsswitch": "files resolve [!UNAVAIL=return] dns"})
def doctor_mends_systemd_resolved(case, setup):
    """systemd-resolved knew a link that is gone, or is there still; the file may have been changed, too."""
    resolved = Resolved(case, **setup)
    before = case.nameservers()
    case.gateway.configure(v4="dns = 10.77.0.2", local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    mends_the_resolver(case)
    case.equal("name servers", case.nameservers(), before)
    # It reads the file again when it is asked for a name that it does not know.
    case.equal("servers of links", [line for line in resolved.control("dns").stdout.splitlines()
                                    if line.startswith("Link") and INSIDE in line], [])


@scenario(only="outrider", name="doctor-mends-openresolv", package="openresolv")
@scenario(only="outrider", name="doctor-mends-resolvconf", package="resolvconf")
def doctor_mends_resolvconf(case, package):
    """The record of a tunnel that is gone."""
    manager = Resolvconf(case, package)
    case.gateway.configure(v4="dns = 10.77.0.2\n    25 = corp.test")
    mends_the_resolver(case)
    case.equal("records", manager.records(), ["eth0.dhclient"])
    case.equal("name servers", case.nameservers(), [OUTSIDE])


@scenario(only="outrider")
def kill_switch_told_and_released(case):
    """kill -9 with a kill switch: status and doctor tell it, --repair leaves it, `down --release` alone lifts it."""
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect(**profile(case, routes="all", kill_switch="yes"))
    case.equal("kill switch", statuses(case)[0]["kill_switch"], True)
    case.equal("doctor beside the tunnel", doctor(case)["leftovers/kill-switch"], ["ok"])
    talker = Talker(case, OUTSIDE)
    talker.becomes(OUTSIDE, "sent")
    tunnel.client.process.signal(signal.SIGKILL)
    tunnel.client.process.wait(3)
    tunnel.ended = True

    case.equal("doctor --repair", doctor(case, "--repair")["leftovers/kill-switch"], ["note"])
    talker.becomes(OUTSIDE, "EACCES")
    guard, = lines(case, "status")
    case.equal("status", (guard["event"], sorted(guard["refused"])), ("kill-switch", ["0.0.0.0/0", "::/0"]))
    case.equal("status of its name", [line["event"] for line in lines(case, "status", "Work")], ["kill-switch"])
    case.equal("status of another name", lines(case, "status", "Home"), [])
    case.check("people are told how to lift it", "outrider down --release" in run(case, "status"))
    down, = lines(case, "down")
    case.equal("down alone", (down["kill_switches_lifted"], down["kill_switches_in_force"]), (0, 1))
    down, = lines(case, "down", "--release", "Home")
    case.equal("another's", (down["kill_switches_lifted"], down["kill_switches_in_force"]), (0, 1))
    talker.becomes(OUTSIDE, "EACCES")
    talker.leaks_nothing("until it is released")
    down, = lines(case, "down", "--release", "Work")
    case.equal("released", (down["kill_switches_lifted"], down["kill_switches_in_force"]), (1, 0))
    talker.becomes(OUTSIDE, "sent")
    case.equal("doctor afterwards", doctor(case)["leftovers/kill-switch"], ["ok"])


@scenario(only="outrider")
def kill_switch_released_with_its_tunnel(case):
    """`down DEVICE --release` ends the tunnel and lifts the kill switch of its profile."""
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    tunnel = case.connect(**profile(case, routes="all", kill_switch="yes"))
    down, = lines(case, "down", "--release", tunnel.facts["device"])
    case.equal("down", (down["ended"], down["kill_switches_lifted"], down["kill_switches_in_force"]), (1, 1, 0))
    case.equal("exit status", tunnel.client.process.wait(1), 0)
    tunnel.ended = True
    case.equal("changes", snapshot.difference(case.before, case.lab.snapshot()), [])


ANOTHER = """
import socket, sys
open("/proc/self/comm", "w").write("charon")
places = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for place, port in zip(places, (500, 4500)):
    place.bind(("", port))
print("ready", flush=True)
sys.stdin.read()
"""
POLICY = "src 0.0.0.0/0 dst 0.0.0.0/0 dir {} priority 9"


@scenario(only="outrider")
def doctor_tells_of_other_programs(case):
    """Another IPsec daemon on IKE's ports is worth a note; policies of its that take everything are a problem."""
    case.host.shell(f"ip xfrm policy add {POLICY.format('in')} action block\n"
                    f"ip xfrm policy add {POLICY.format('out')}")
    case.at_cleanup(lambda: case.host.shell("ip xfrm policy deleteall"))
    run(case, "doctor", "--repair")
    levels = doctor(case)
    case.equal("without a program, and with policies that let all pass", (levels["others/ports"], levels[
        "others/policies"]), (["ok"], ["ok"]))
    daemon = case.host.spawn(["/usr/bin/python3", "-c", ANOTHER], stdin=-1, stdout=-1)
    case.at_cleanup(daemon.kill)
    daemon.popen.stdout.readline()
    case.host.shell(f"ip xfrm policy update {POLICY.format('out')} tmpl src 192.168.77.2 dst 198.51.100.10 "
                    "proto esp reqid 1 mode tunnel")
    notes = [line for line in lines(case, "doctor", status=60) if line.get("check") == "ports"]
    case.equal("notes", [note["level"] for note in notes], ["note"])
    case.check("it is named with both ports", "charon" in notes[0]["message"]
               and "500 and 4500" in notes[0]["message"], notes)
    case.equal("problems", troubled(doctor(case, status=60), "problem"), ["others/policies"])
    daemon.kill()
    case.host.shell("ip xfrm policy deleteall")
    case.equal("afterwards", doctor(case)["others/policies"], ["ok"])
