# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic that goes on while other things happen."""

import re
import signal

from .host import wait_until


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
