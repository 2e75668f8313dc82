# SPDX-License-Identifier: GPL-3.0-or-later
"""The netlink messages that iproute2 sends, seen with strace: for the headers that tests hold ours against."""

import re
import shlex
import subprocess
import sys

DUMPED = re.compile(r"^ \| [0-9a-f]{5,}  ((?:[0-9a-f]{2} {1,2})+)", re.MULTILINE)
WANTED = {"xfrm": range(0x10, 0x30), "link": range(16, 20), "addr": range(20, 24), "route": range(24, 28),
          "rule": range(32, 36)}


def capture(command):
    """The message of the command that does what it says, as octets."""
    words = shlex.split(command)
    result = subprocess.run(["strace", "-qq", "-e", "trace=sendmsg,sendto,send", "-e", "write=all", *words],
                            capture_output=True, text=True, check=False)
    messages, current = [], None
    for line in result.stderr.splitlines():
        dumped = DUMPED.match(line)
        if dumped:
            current += bytes.fromhex(dumped[1].replace(" ", ""))
        elif line.startswith(" * ") or line.startswith("send"):
            current = bytearray()
            messages.append(current)
    fitting = [message for message in messages if len(message) >= 16
               and int.from_bytes(message[4:6], "little") in WANTED[next(word for word in words[1:] if word in WANTED)]]
    if not fitting:
        sys.exit(f"{command}: no message seen\n{result.stderr}")
    # "ip link" first looks around: its subject comes last.
    message = fitting[-1][:int.from_bytes(fitting[-1][:4], "little")]
    message[8:16] = bytes(8)  # sequence number and port: another each time
    return bytes(message)


def write(commands, script):
    version = subprocess.run(["ip", "-V"], capture_output=True, text=True, check=True).stdout.strip()
    print("/* SPDX-License-Identifier: GPL-3.0-or-later */")
    print("#pragma once")
    print(f"\n/*\n * What {version.split(',')[1].strip()} sends, little-endian. Written by {script}; not edited by hand.\n */")
    print("\n/* clang-format off */")
    for name, command in commands.items():
        text = capture(command).hex()
        command = " ".join(command.split())
        print(f"\n/* {command} */")
        print(f"static const char captured_{name}[] =")
        lines = [text[i:i + 104] for i in range(0, len(text), 104)]
        print("\n".join(f'    "{line}"' for line in lines) + ";")

