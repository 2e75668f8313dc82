# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client host looks like: taken before a connection and compared after it."""

import json

# One process where it can be one: in an emulated machine it is the processes that take the time.
SCRIPT = """
printf 'addr\nroute show table all\nrule\n' | ip -j -batch -
ip -j -6 rule
echo ---
nft list ruleset
echo ---
printf 'xfrm state\nxfrm policy\n' | ip -batch -
echo ---
{ stat -c '%F %a %U %N' /etc/resolv.conf; cat /etc/resolv.conf; } 2>&1 || true
ls -AR /mnt/etc/upper /mnt/var/lib/upper
"""
NAMES = ("addresses", "routes", "rules", "rules6")


def take(host):
    """{part: sorted lines}; equal before and after, or the host was changed."""
    text, firewall, xfrm, resolver = host.shell(SCRIPT).split("---\n", 3)
    decoder, parts = json.JSONDecoder(), {}
    for name in NAMES:
        text = text.lstrip()
        value, end = decoder.raw_decode(text) if text.startswith("[") else ([], 0)
        text = text[end:]
        parts[name] = sorted(json.dumps(entry, sort_keys=True) for entry in value)
    parts["firewall"] = firewall.splitlines()
    parts["xfrm"] = xfrm.splitlines()
    parts["resolver"] = resolver.splitlines()
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
