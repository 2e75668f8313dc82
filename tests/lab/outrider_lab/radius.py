# SPDX-License-Identifier: GPL-3.0-or-later
"""A FreeRADIUS server in a host of the lab; started by the first scenario that wants it."""

import pathlib

from .charon import template
from .host import LabError, wait_until

PROGRAM = pathlib.Path("/usr/sbin/freeradius")
LONG_NAME = "a" * 180 + "@corp.test"


class Radius:
    def __init__(self, host, directory, pki):
        self.host, self.pki = host, pathlib.Path(pki)
        self.directory = pathlib.Path(directory)
        self.process = None

    def start(self):
        if self.process is not None and self.process.popen.poll() is None:
            return
        if not PROGRAM.exists():
            raise LabError(f"missing: {PROGRAM} (freeradius)")
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "radiusd.conf").write_text(
            template("radius.conf", directory=self.directory, pki=self.pki))
        (self.directory / "users").write_text(template("radius-users", long=LONG_NAME))
        (self.directory / "dictionary").write_text(
            "$INCLUDE /usr/share/freeradius/dictionary\n")
        with (self.directory / "radius.log").open("ab") as log:
            self.process = self.host.spawn(
                [PROGRAM, "-f", "-d", self.directory, "-n", "radiusd", "-l", "stdout"],
                stdout=log, stderr=log)
        if not wait_until(self._listens, 5):
            raise LabError(f"FreeRADIUS did not start, see {self.directory}/radius.log")

    def _listens(self):
        return ":1812" in self.host.must("ss", "-Hlun")
