# SPDX-License-Identifier: GPL-3.0-or-later
"""libreswan's pluto in place of charon on the gateway host, for one scenario; it wants a kernel with ESP.

Its package conflicts with strongSwan's and is unpacked only; see tests/packages.
"""

import pathlib
import re
import shutil
import subprocess

from .charon import template
from .daemon import Daemon
from .host import LabError, wait_until
from .resolver import unpacked

PROGRAMS = pathlib.Path("/usr/libexec/ipsec")
TOOLS = ("certutil", "pk12util")


class Libreswan(Daemon):
    """The facts and the actions of Charon, as far as scenarios need them."""

    def __init__(self, case):
        self.case, self.host, self.pki = case, case.gateway.host, case.lab.pki
        self.directory = case.directory / "libreswan"
        self.package = unpacked("libreswan")
        self.log = self.directory / "pluto.log"

    def configure(self, certificate=None, ca=(), local_ts="10.77.0.0/24", login="rightca=%same", connection="",
                  address="198.51.100.10", pool="10.9.0.10-10.9.0.99"):
        """certificate: a name of the PKI, None for a pre-shared key. ca: what it trusts, and what is between.

        login: more lines for certificates; connection: more lines of the section.
        """
        missing = [tool for tool in TOOLS if shutil.which(tool) is None]
        if missing:
            raise LabError(f"missing: {' '.join(missing)} (libnss3-tools)")
        self.directory.mkdir()
        self._make_database(certificate, ca)
        login = "authby=secret\n    rightid=@alice" if certificate is None else \
            f"leftcert={certificate}\n    leftsendcert=always\n    rightid=%fromcert\n    {login}"
        configuration = self.directory / "ipsec.conf"
        configuration.write_text(template("libreswan.conf", address=address, pool=pool, local_ts=local_ts,
                                          login=login, connection=connection))
        (self.directory / "ipsec.secrets").write_text('@gw.test @alice : PSK "shared in the lab"\n')
        self.case.gateway.stop()
        self.case.gateway = self
        self.case.at_cleanup(self.stop)
        # pluto starts programs of its own by their full paths: they are put there for this host alone.
        self.host.shell(f"[ -d {PROGRAMS} ] || mount -t overlay overlay /usr/libexec "
                        f"-o lowerdir={self.package}/usr/libexec:/usr/libexec")
        with (self.directory / "output.log").open("ab") as output:
            self.process = self.host.spawn(
                [PROGRAMS / "pluto", "--nofork", "--config", configuration, "--logfile", self.log,
                 "--rundir", self.directory, "--nssdir", self.directory, "--ipsecdir", self.directory,
                 "--secretsfile", self.directory / "ipsec.secrets", "--nhelpers", "0", "--no-dnssec"],
                stdout=output, stderr=output)
        if not wait_until(self._listens, 8, 0.1):
            raise LabError(f"pluto did not start, see {self.directory}")

    def _listens(self):
        status = self.whack("--status")
        return "UDP 198.51.100.10:4500" in status and '"gw"' in status

    def _make_database(self, certificate, ca):
        database = f"sql:{self.directory}"
        self._run("certutil", "-N", "-d", database, "--empty-password")
        if certificate:
            bundle = self.directory / "gateway.p12"
            self._run("openssl", "pkcs12", "-export", "-name", certificate, "-in", self.pki / f"{certificate}.crt",
                      "-inkey", self.pki / f"{certificate}.key", "-passout", "pass:", "-out", bundle)
            self._run("pk12util", "-i", bundle, "-d", database, "-W", "", "-K", "")
        for name in ca:
            self._run("certutil", "-A", "-d", database, "-n", name, "-t", "CT,,", "-a", "-i", self.pki / f"{name}.crt")

    @staticmethod
    def _run(*argv):
        result = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            raise LabError(f"{argv[0]}: status {result.returncode}: {result.stderr.strip()}")

    def whack(self, *words):
        return self.host.run(PROGRAMS / "whack", "--rundir", self.directory, *words).stdout

    def established(self):
        """One entry for each client with a child, as far as Charon's has these fields."""
        leases = re.findall(r"type=ESP.* lease=([0-9a-f.:]+)/", self.whack("--trafficstatus"))
        return [{"remote-vips": [lease]} for lease in leases]

    def sas(self):
        """The serial numbers of the IKE SAs."""
        return self._numbers("STATE_V2_ESTABLISHED_IKE_SA")

    def children(self):
        return self._numbers("STATE_V2_ESTABLISHED_CHILD_SA")

    def _numbers(self, state):
        return re.findall(rf"#(\d+): .* {state} ", self.whack("--showstates"))

    def rekey_child(self):
        self.whack("--rekey-ipsec", "--name", "gw", "--asynchronous")

    def rekey_ike(self):
        self.whack("--rekey-ike", "--name", "gw", "--asynchronous")

    def delete(self, number):
        """An IKE SA or a child."""
        self.whack("--deletestate", number)

    def terminate_all(self):
        """pluto ends after the scenario, and with it all that it put into the kernel."""
