# SPDX-License-Identifier: GPL-3.0-or-later
"""What users and service managers have to do with `outrider connect`: the terminal, secrets from elsewhere,
systemd's socket, the last words."""

import os
import socket
import subprocess
from pathlib import Path

from outrider_lab.scenario import scenario


class Typist:
    """The program on a terminal of its own (util-linux script), and somebody who types."""

    def __init__(self, case, *options):
        words = ["exec", case.program, "connect", "gw.test", "--user", "alice", "--ca",
                 case.lab.pki / "ca-ecdsa.crt", "--plane", case.lab.plane, *options]
        self.case, self.text = case, b""
        self.process = case.host.spawn(
            ["script", "--quiet", "--return", "--command", " ".join(map(str, words)), "/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.popen.stdout.fileno(), False)
        case.at_cleanup(self.close)

    def says(self, text):
        def read():
            self.text += self.process.popen.stdout.read() or b""
            return text.encode() in self.text
        self.case.becomes(f"it says {text!r}", read, 8)
        self.text = self.text.partition(text.encode())[2]

    def types(self, text):
        self.process.popen.stdin.write(text.encode())
        self.process.popen.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.popen.stdin.close()
        self.process.popen.stdout.close()


@scenario(only="outrider")
def typed_password(case):
    """The password is typed, once: when the gateway ends the connection, the next login knows it."""
    case.gateway.configure()
    typist = Typist(case)
    typist.says("Password of alice for gw.test: ")
    typist.types("wonderland\n")
    typist.says("Connected in ")
    case.pings("10.77.0.2")
    first = case.gateway.established()[0]["initiator-spi"]
    case.gateway.delete_ike()
    typist.says("Connected in ")
    case.becomes("the gateway has a new SA", lambda: [
        sa["initiator-spi"] for sa in case.gateway.established()] not in ([], [first]))
    typist.types("\x03")
    case.equal("exit status", typist.process.wait(5), 0)
    case.check("the password was not echoed", b"wonderland" not in typist.text)


@scenario(only="outrider")
def typed_password_is_wrong(case):
    """A mistyped password ends with 41."""
    case.gateway.configure()
    typist = Typist(case)
    typist.says("Password of alice for gw.test: ")
    typist.types("looking glass\n")
    typist.says("outrider: wrong user name or password")
    typist.says("hint: ")
    case.equal("exit status", typist.process.wait(5), 41)


@scenario(only="outrider")
def stopped_at_the_password(case):
    """Ctrl-C instead of a password: exit 0."""
    case.gateway.configure()
    typist = Typist(case)
    typist.says("Password of alice for gw.test: ")
    typist.types("\x03")
    case.equal("exit status", typist.process.wait(5), 0)


@scenario(only="outrider")
def password_from_systemd(case):
    """No option and no terminal: a credential of systemd's."""
    case.gateway.configure()
    (case.directory / "gw.test.password").write_text("wonderland")
    tunnel = case.connect(password=None,
                          environment={"CREDENTIALS_DIRECTORY": str(case.directory)})
    case.works(tunnel)


@scenario(only="outrider")
def psk_from_systemd(case):
    """The same with a pre-shared key."""
    case.gateway.configure(certificate=None, login="psk")
    (case.directory / "gw.test.psk").write_text("shared in the lab\n")
    tunnel = case.connect(method="psk", psk=None,
                          environment={"CREDENTIALS_DIRECTORY": str(case.directory)})
    case.works(tunnel)


@scenario(only="outrider")
def systemd_is_told(case):
    """READY=1 when the tunnel is up, STOPPING=1 when it is told to end."""
    case.gateway.configure()
    path = str(case.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
        service.bind(path)
        service.settimeout(3)
        tunnel = case.connect(environment={"NOTIFY_SOCKET": path})
        case.equal("message", service.recv(100), b"READY=1")
        case.stop(tunnel)
        case.equal("message", service.recv(100), b"STOPPING=1")


@scenario(only="outrider")
def last_words(case):
    """The last line counts what went through the tunnel."""
    case.gateway.configure()
    tunnel = case.connect()
    case.transfers(100000)
    case.stop(tunnel)
    last = tunnel.client.wait_event({"event": "state", "state": "disconnected"}, 2)
    for name in ("octets_in", "octets_out"):
        case.check(f"{name} holds the transfer", 100000 < last["counters"][name] < 200000, last)


@scenario(only="outrider")
def no_core_dumps(case):
    """What knows the keys leaves no core dump."""
    case.gateway.configure()
    tunnel = case.connect()
    limits = Path(f"/proc/{tunnel.client.process.pid}/limits").read_text()
    case.check("core dumps are off", any(
        line.split()[:6] == ["Max", "core", "file", "size", "0", "0"]
        for line in limits.splitlines()), limits)
