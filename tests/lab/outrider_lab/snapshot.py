# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client host looks like: taken before a connection and compared after it."""

import json

SCRIPT = """
ip -j addr; ip -j -4 route show table all; ip -j -6 route show table all; ip -j -4 rule; ip -j -6 rule
"""
RESOLVER = """
{ stat -c '%F %a %U %N' /etc/resolv.conf; cat /etc/resolv.conf; } 2>&1 || true
ls -AR /mnt/etc/upper /mnt/var/lib/upper
"""
NAMES = ("addresses", "routes", "routes6", "rules", "rules6")


def take(host):
    """{part: sorted lines}; equal before and after, or the host was changed."""
    decoder, text, parts = json.JSONDecoder(), host.shell(SCRIPT), {}
    for name in NAMES:
        text = text.lstrip()
        value, end = decoder.raw_decode(text) if text.startswith("[") else ([], 0)
        text = text[end:]
        parts[name] = sorted(json.dumps(entry, sort_keys=True) for entry in value)
    parts["firewall"] = host.shell("nft list ruleset").splitlines()
    parts["resolver"] = host.shell(RESOLVER).splitlines()
    return parts


def difference(before, after):
    """Lines that came (+) and went (-), for people."""
    lines = []
    for part in before:
        lines += [f"{part}: - {line}" for line in before[part] if line not in after[part]]
        lines += [f"{part}: + {line}" for line in after[part] if line not in before[part]]
        if before[part] != after[part] and not lines:
            lines.append(f"{part}: another order")
    return lines
