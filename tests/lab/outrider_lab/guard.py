# SPDX-License-Identifier: GPL-3.0-or-later
"""The kill switch: a profile that has it, and its end."""

import json


def guarded(case, routes="all", name="Work", address="gw.test", **keys):
    """A profile with the kill switch; lifted when the scenario is over."""
    profile = case.directory / f"{name}.profile"
    lines = {"routes": routes, "kill-switch": "yes", **keys}
    profile.write_text(f"[profile]\nname={name}\n\n[gateway]\naddress={address}\nidentity=gw.test\ntrust=file\n"
                       f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n[login]\nuser=alice\n\n[network]\n"
                       + "".join(f"{key}={value}\n" for key, value in lines.items()))
    return {"profile": str(profile), "user": None, "method": None, "ca": None}


def release(case, *names):
    result = case.host.run(case.program, "down", "--release", *names)
    case.equal("exit status of down --release", result.returncode, 0)
    return result


def in_force(case, *names):
    """What each kill switch refuses, as status tells it."""
    output = case.host.must(case.program, "status", "--json", *names)
    events = [json.loads(line) for line in output.splitlines()]
    return sorted(sorted(event["refused"]) for event in events if event["event"] == "kill-switch")


def tables(case):
    """Those with a rule of ours for IPv4: the network that each refuses, by its number."""
    rules = json.loads(case.host.must("ip", "-j", "-N", "-4", "rule"))
    numbers = {int(rule["table"]) for rule in rules if rule.get("protocol") == "79"}
    routes = {number: json.loads(case.host.must("ip", "-j", "route", "show", "table", str(number))) for number in numbers}
    return {number: [route["dst"] for route in routes[number] if route["type"] == "prohibit"] for number in numbers}


def is_released(case):
    """Nothing of the kill switch is left."""
    for family in ("-4", "-6"):
        rules = json.loads(case.host.must("ip", "-j", family, "rule"))
        case.equal(f"rules of ours ({family})", [rule for rule in rules if rule.get("protocol") == "79"], [])
