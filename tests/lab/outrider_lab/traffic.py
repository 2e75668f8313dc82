# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic that goes on while other things happen."""

import re
import signal

from .host import LabError, wait_until


class Ping:
    """Pings the inside host twenty times a second until it is told to stop."""

    def __init__(self, case):
        self.case = case
        self.output = case.directory / "ping.txt"
        with self.output.open("w") as file:
            self.process = case.host.spawn(["stdbuf", "-oL", "ping", "-n", "-i", "0.05",
                                            "10.77.0.2"], stdout=file)
        case.at_cleanup(self.process.kill)

    def answers(self):
        return self.output.read_text().count("bytes from")

    def goes_on(self, more, timeout):
        """So many more pings are answered."""
        answers = self.answers()
        self.case.check(f"{more} pings are answered", bool(
            wait_until(lambda: self.answers() >= answers + more, timeout)),
            f"{self.answers() - answers} in {timeout} s")

    def stop(self):
        # Some more, so that the count says something about the time after the last event, too.
        lines = len(self.output.read_text().splitlines())
        wait_until(lambda: len(self.output.read_text().splitlines()) > lines + 5, 2)
        self.process.signal(signal.SIGINT)
        self.process.wait(3)
        counts = re.search(r"(\d+) packets transmitted, (\d+) received", self.output.read_text())
        return int(counts[1]), int(counts[2])

    def lost_nothing(self):
        sent, received = self.stop()
        self.case.check("pings were sent", sent >= 5, sent)
        # The last one may still be on its way when the count is taken.
        self.case.check("no ping was lost", sent - received <= 1, f"{received} of {sent}")

    def lost_at_most(self, share):
        sent, received = self.stop()
        self.case.check("pings were sent", sent >= 5, sent)
        self.case.check(f"at most {share:.0%} of the pings were lost", sent - received <= share * sent,
                        f"{received} of {sent}")


class Capture:
    """What tcpdump sees on a link of one of the lab's hosts, one line a packet; direction "out": what leaves by it alone.
    What ESP held is seen as coming in by the outer link, too, once the device that it was for is gone."""

    def __init__(self, case, host, device, expression, direction="inout"):
        self.output = case.directory / f"capture-{device}.txt"
        with self.output.open("w") as file:
            self.process = host.spawn(["tcpdump", "-l", "-n", "--immediate-mode", "-Z", "root", "-i", device,
                                       "-Q", direction, expression], stdout=file, stderr=file)
        case.clients.append(self)  # ends before the host is looked at
        if not wait_until(lambda: "listening on" in self.output.read_text(), 5):
            raise LabError(f"tcpdump did not start: {self.output.read_text()}")

    def lines(self):
        return [line for line in self.output.read_text().splitlines() if " > " in line]

    def cleanup(self):
        self.process.kill()


TALKER = """
import errno, socket, sys, time
addresses, log = sys.argv[2:], open(sys.argv[1], "w", buffering=1)
while True:
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        outcome = "sent"
        with socket.socket(family, socket.SOCK_DGRAM) as place:
            try:
                place.sendto(b"who hears this?", (address, 9))
            except OSError as error:
                outcome = errno.errorcode[error.errno]
        log.write(f"{address} {outcome}\\n")
    time.sleep(0.01)
"""


# A datagram to an address that nobody has (RFC 5737), put on the link past all routes and rules.
BEACON = "192.0.2.99"
SEND_BEACON = """
import socket, struct, sys
payload = struct.pack(">HHHH", 9, 9, 8, 0)
packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0,
                     socket.inet_aton("192.0.2.98"), socket.inet_aton(sys.argv[1])) + payload
link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
link.sendto(packet, ("eth0", 0x0800, 0, 0, bytes(6)))
"""


class Talker:
    """Sends datagrams to addresses all the time, and watches which of them leave by the client's own link. Names
    are not looked at: the gateway's own is asked for beside the tunnel while there is none."""

    def __init__(self, case, *addresses, watch="not port 53"):
        self.case, self.addresses = case, addresses
        self.log = case.directory / "talker.txt"
        hosts = " or ".join(f"host {address}" for address in (*addresses, BEACON))
        self.capture = Capture(case, case.host, "eth0", f"({hosts}) and ({watch})", direction="out")
        self.beacons = 0
        self.process = case.host.spawn(["/usr/bin/python3", "-c", TALKER, str(self.log), *addresses])
        case.clients.append(self)  # ends before the host is looked at
        if not wait_until(self.log.exists, 3):
            raise LabError("nobody talks")

    def outcomes(self, address):
        return [line.split()[1] for line in self.log.read_text().splitlines() if line.startswith(address + " ")]

    def becomes(self, address, outcome, times=10):
        """The next datagrams to an address have this outcome: "sent", or the name of an error."""
        self.case.becomes(f"to {address}: {outcome}", lambda: self.outcomes(address)[-times:] == [outcome] * times)

    def leaked(self):
        return [line for line in self.capture.lines() if BEACON not in line]

    def leaks_nothing(self, what):
        """Whatever was sent up to now: none of it was seen on the link itself, where a beacon is seen."""
        sent = len(self.log.read_text().splitlines())
        wait_until(lambda: len(self.log.read_text().splitlines()) > sent + 5, 2)
        self.beacons += 1
        self.case.host.must("/usr/bin/python3", "-c", SEND_BEACON, BEACON)
        self.case.becomes("the capture sees what leaves", lambda: sum(
            BEACON in line for line in self.capture.lines()) == self.beacons)
        self.case.equal(f"packets beside the tunnel {what}", self.leaked(), [])

    def cleanup(self):
        self.process.kill()
