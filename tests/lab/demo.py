# SPDX-License-Identifier: GPL-3.0-or-later
"""The story that tests/demo tells, on the lab; ends with status 1 when a part of it is not true."""

import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from outrider_lab import snapshot  # noqa: E402
from outrider_lab.client import find_program  # noqa: E402
from outrider_lab.host import LabError, wait_until  # noqa: E402
from outrider_lab.lab import Lab  # noqa: E402


def title(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def must(true, complaint):
    if not true:
        sys.exit(f"the demo failed: {complaint}")


def show(host, *command):
    print(f"$ {' '.join(command)}")
    result = host.run(*command)
    print(result.stdout.rstrip(), flush=True)
    must(result.returncode == 0, f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


class Foreground:
    """`outrider connect` as a user sees it: its lines appear as they come."""

    def __init__(self, host, program, words):
        print("$ outrider " + " ".join(words), flush=True)
        self.process = host.spawn([program, *words], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        self.thread = threading.Thread(target=self._copy, daemon=True)
        self.thread.start()

    def _copy(self):
        for line in self.process.popen.stdout:
            print("  " + line.decode(errors="replace").rstrip(), flush=True)


def capture(router, path):
    """Everything between router and gateway, while the tunnel is in use."""
    process = router.spawn(["tcpdump", "-i", "wan", "-n", "-U", "-Z", "root", "-w", path],
                           stderr=subprocess.PIPE)
    while b"listening on" not in process.popen.stderr.readline():
        must(process.popen.poll() is None, "tcpdump did not start")
    return process


def end_capture(process):
    # -U writes each packet as it comes; SIGINT makes tcpdump write the rest and end.
    process.signal(signal.SIGINT)
    process.wait(3)


def count(router, path, expression):
    return len(router.must("tcpdump", "-n", "-r", path, expression).splitlines())


def story(lab, program):
    client, router = lab.client, lab.router.host
    lab.gateway.configure(certificate="gw-ecdsa", local_ts="10.77.0.0/24, 10.78.0.0/24",
                          v4="dns = 10.77.0.2\n    25 = corp.test")
    title("The lab: client 192.168.77.2 -- NAT router -- gateway 198.51.100.10 (strongSwan) -- inside 10.77.0.2")
    before = lab.snapshot()
    reached = client.run("curl", "-sS", "--max-time", "1", "http://10.77.0.2/")
    must(reached.returncode != 0, "the inside host is reachable without the tunnel")
    print("Without a tunnel the client cannot reach 10.77.0.2.")
    recording = str(lab.scratch / "wire.pcap")
    tcpdump = capture(router, recording)

    title("Connecting with user name and password (EAP-MSCHAPv2), userspace data plane")
    password = lab.scratch / "password"
    password.write_text("wonderland\n")
    password.chmod(0o600)
    shown = Foreground(client, program, [
        "connect", "gw.test", "--user", "alice", "--method", "eap-mschapv2",
        "--ca", str(lab.pki / "ca-ecdsa.crt"), "--password-file", str(password),
        "--plane", "userspace", "--once"])

    def routed():
        route = json.loads(client.must("ip", "-j", "route", "get", "10.77.0.2"))[0]
        return (route.get("prefsrc", "").startswith("10.9.")
                and "10.77.0.2" in client.must("cat", "/etc/resolv.conf"))

    up = wait_until(lambda: shown.process.popen.poll() is not None or routed(), 15)
    must(up and shown.process.popen.poll() is None, "outrider did not connect")

    title("What the client has now")
    device = json.loads(client.must("ip", "-j", "route", "get", "10.77.0.2"))[0]["dev"]
    show(client, "ip", "-brief", "addr", "show", "dev", device)
    show(client, "ip", "route", "show", "table", "all", "type", "unicast", "dev", device)
    show(client, "cat", "/etc/resolv.conf")
    title("What the gateway says")
    sa = lab.gateway.established()[0]
    child = lab.gateway.children()[0]
    print(f"{sa.get('remote-eap-id', sa['remote-id'])} at {sa['remote-host']}, virtual address "
          f"{', '.join(sa['remote-vips'])}, IKE {sa['encr-alg']}-{sa.get('encr-keysize', '')} "
          f"{sa['prf-alg']} {sa['dh-group']}, ESP {child['encr-alg']}-"
          f"{child.get('encr-keysize', '')}, networks {', '.join(child['local-ts'])}")

    title("A page from the host behind the gateway, by a name that exists only there")
    page = show(client, "curl", "-sS", "--max-time", "5", "http://www.corp.test/")
    must(json.loads(page)["host"] == "inside", "another web server answered")
    must(json.loads(page)["peer"] in sa["remote-vips"], "it saw another address than the virtual one")
    size = len(client.must("curl", "-sS", "--max-time", "8", "http://10.77.0.2/bytes/5000000"))
    must(size == 5000000, "the download is incomplete")
    print(f"and {size} bytes more; the web server saw {json.loads(page)['peer']}")

    title("Disconnecting (SIGINT, as Ctrl-C does)")
    shown.process.signal(signal.SIGINT)
    status = shown.process.wait(5)
    shown.thread.join(2)
    must(status == 0, f"outrider ended with status {status}")
    must(bool(wait_until(lambda: not lab.gateway.sas(), 3)), "the gateway still has an SA")

    title("What passed between router and gateway")
    end_capture(tcpdump)
    # The router's own table of neighbours is not traffic of the client, and not counted.
    neighbours = "(arp or (icmp6 and (ip6[40] >= 130 and ip6[40] <= 143)))"
    vpn = count(router, recording, "udp port 500 or udp port 4500 or ip[6:2] & 0x1fff != 0")
    esp = count(router, recording, "udp port 4500 and udp[8:4] != 0")
    other = count(router, recording,
                  f"not (udp port 500 or udp port 4500 or ip[6:2] & 0x1fff != 0 or {neighbours})")
    inside = count(router, recording, "net 10.77.0.0/24 or net 10.9.0.0/24")
    print(f"{vpn} packets of UDP 500 and 4500 ({esp} of them ESP), {other} others, "
          f"{inside} with an inside address in clear")
    must(esp > 50 and other == 0 and inside == 0, "something else than the VPN passed")

    title("The host afterwards")
    same = wait_until(lambda: lab.snapshot() == before, 3, 0.1)
    must(same, "; ".join(snapshot.difference(before, lab.snapshot())))
    print("Addresses, routes, rules, links and /etc/resolv.conf are as they were before.")

    title("Your own gateway")
    print(f"  {program} connect vpn.example.com --user you --ca ca.pem\n"
          "asks for the password and stays in the foreground until Ctrl-C. --help tells the rest,\n"
          "a profile file keeps it: see data/man/outrider.profile.5.")


def main():
    started = time.monotonic()
    program = find_program(sys.argv[1])
    lab = Lab()
    with lab:
        story(lab, program)
    lab.remove_scratch()
    print(f"\nThe demo took {time.monotonic() - started:.0f} s and left nothing behind.")


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        main()
    except LabError as error:
        sys.exit(f"the demo failed: {error}")
