# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client host may resolve names by, other than a plain /etc/resolv.conf; and who is asked for them."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import threading

from .host import LabError, wait_until

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
OUTSIDE = "203.0.113.2"  # the server that the host had before, by the router
PLAIN = f"rm -f /etc/resolv.conf; echo nameserver {OUTSIDE} > /etc/resolv.conf"
CLONE_NEWNET = 0x40000000
LAST_QUESTION = b"\1\2\1\0\0\1" + bytes(6) + b"\4last\10question\0\0\1\0\1"  # for its address
CONFIGURATION = """[Resolve]
DNSSEC=no
LLMNR=no
MulticastDNS=no
FallbackDNS=
"""


def unpacked(package):
    """A package that must not be installed, unpacked by tests/packages."""
    folder = PROJECT / "build" / "packages" / package
    if not folder.exists():
        subprocess.run(["bash", "-c", '. tests/packages && unpack_packages "$1"', "bash", package],
                       cwd=PROJECT, stdout=subprocess.DEVNULL, check=False)
    if not folder.exists():
        raise LabError(f"missing: the package {package}, unpacked in {folder}")
    return folder


class Resolved:
    """systemd-resolved on a system bus, asking the outside server for eth0; programs ask its stub."""

    def __init__(self, case, link="/run/systemd/resolve/stub-resolv.conf", nsswitch=None):
        self.case, self.host = case, case.host
        self.folder = unpacked("systemd-resolved")
        self.log = (case.directory / "resolved.log").open("ab")
        self.processes = {}
        case.at_cleanup(self.stop)
        self.host.shell(
            "cp /etc/passwd /etc/group /etc/nsswitch.conf /run\n"
            "grep -q ^systemd-resolve: /etc/passwd || {\n"
            "echo systemd-resolve:x:991:991::/:/usr/sbin/nologin >> /etc/passwd\n"
            "echo systemd-resolve:x:991: >> /etc/group; }\n"
            f"cp {self.folder}/usr/share/dbus-1/system.d/* /etc/dbus-1/system.d/\n"
            f"mkdir -p /etc/systemd; printf '{CONFIGURATION}' > /etc/systemd/resolved.conf\n"
            "install -d /run/dbus; install -d -o systemd-resolve -g systemd-resolve /run/systemd/resolve\n" +
            (f"ln -sf {link} /etc/resolv.conf\n" if link else "") +
            (f"sed -i 's/^hosts:.*/hosts: {nsswitch}/' /etc/nsswitch.conf\n" if nsswitch else ""))
        self.spawn("bus", "dbus-daemon", "--config-file=/usr/share/dbus-1/system.conf", "--nofork", "--nopidfile")
        self.wait_for("/run/dbus/system_bus_socket")
        self.start()
        case.settle()

    def spawn(self, name, *argv):
        self.processes[name] = self.host.spawn(argv, {"SYSTEMD_LOG_TARGET": "console"},
                                               stdout=self.log, stderr=self.log)

    def wait_for(self, path):
        if not wait_until(lambda: os.path.exists(self.host.path(path)), 5):
            raise LabError(f"{path} does not appear, see {self.log.name}")

    def start(self):
        self.spawn("resolved", self.folder / "lib/systemd/systemd-resolved")
        self.wait_for("/run/systemd/resolve/stub-resolv.conf")
        if not wait_until(lambda: self.control("dns", "eth0", OUTSIDE).returncode == 0, 5, 0.05):
            raise LabError(f"systemd-resolved does not answer, see {self.log.name}")

    def control(self, *words):
        """resolvectl(1)"""
        return self.host.run(self.folder / "usr/bin/resolvectl", *words)

    def tells(self, what, device):
        """What resolvectl tells of a link: "dns", "domain" or "default-route"."""
        output = self.control(what, device).stdout
        return output.partition(": ")[2].split()

    def end(self, name):
        process = self.processes.pop(name, None)
        if process is not None:
            process.resume()
            process.signal(signal.SIGTERM)
            if process.wait(2) is None:
                process.kill()

    def stop(self):
        for name in ("resolved", "bus"):
            self.end(name)
        self.log.close()
        self.host.shell(PLAIN + "\nmv /run/passwd /run/group /run/nsswitch.conf /etc\n"
                        "rm -rf /run/systemd /run/dbus /etc/systemd/resolved.conf\n"
                        "rm -f /etc/dbus-1/system.d/org.freedesktop.resolve1.conf\n"
                        "rmdir --ignore-fail-on-non-empty /etc/systemd")


class Resolvconf:
    """Debian's resolvconf or openresolv, over the machine's own /usr, with the outside server as eth0's record."""

    def __init__(self, case, package):
        self.case, self.host = case, case.host
        folder = unpacked(package)
        case.at_cleanup(self.stop)
        self.host.shell(
            f"mkdir -p /mnt/usr/sbin /mnt/usr/lib; cp -a {folder}/sbin {folder}/lib /mnt/usr\n"
            "mount -t overlay overlay -o lowerdir=/mnt/usr:/usr /usr\n"
            "rm -f /etc/resolv.conf\n" +
            (f"cp {folder}/etc/resolvconf.conf /etc\n" if package == "openresolv" else
             f"cp -r {folder}/etc/resolvconf /etc; mkdir -p /run/resolvconf/interface\n"
             "ln -s /run/resolvconf/resolv.conf /etc/resolv.conf; resolvconf --enable-updates\n") +
            f"echo nameserver {OUTSIDE} | resolvconf -a eth0.dhclient")
        case.settle()

    def records(self):
        return self.host.must("resolvconf", "-i").split()

    def stop(self):
        self.host.shell("umount -l /usr; rm -rf /mnt/usr /run/resolvconf /etc/resolvconf /etc/resolvconf.conf\n" + PLAIN)


class Questions:
    """The names that leave the host beside the tunnel: what a capture on its outer link sees."""

    def __init__(self, case):
        self.host, self.output = case.host, case.directory / "questions.txt"
        errors = case.directory / "tcpdump.log"
        with self.output.open("w") as file, errors.open("w") as log:
            self.process = case.host.spawn(["tcpdump", "-l", "-n", "-i", "eth0", "-Z", "root", "port", "53"],
                                           stdout=file, stderr=log)
        case.at_cleanup(self.process.kill)
        if not wait_until(lambda: "listening on" in errors.read_text(), 5):
            raise LabError("tcpdump does not start")

    def asked(self):
        """Ends the capture. A question of our own comes last, so that no other is still on its way."""
        thread = threading.Thread(target=ask_last_question, args=(self.host,))
        thread.start()
        thread.join()
        if not wait_until(lambda: "last.question." in self.output.read_text(), 5):
            raise LabError("the capture does not see our own question")
        self.process.kill()
        return [line for line in self.output.read_text().splitlines()
                if "? " in line and "last.question." not in line]


def ask_last_question(host):
    """In a thread that ends with it, as it goes into the host's network: through eth0, whatever the routes say."""
    with open(f"/proc/{host.pid}/ns/net", "rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", 53))  # from that port: to it, the routes say something after all
        server.sendto(LAST_QUESTION, (OUTSIDE, 5300))
