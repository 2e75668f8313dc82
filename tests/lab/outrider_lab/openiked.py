# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenIKED's iked in place of charon on the gateway host, for one scenario; it wants a kernel with ESP and PF_KEY.

Its package would start it on the machine itself and is unpacked only; see tests/packages.
"""

import re

from .charon import template
from .daemon import Daemon
from .host import LabError, wait_until
from .resolver import unpacked

# What its package would make: its user, where it locks itself in, and the folders of its keys, all of this host alone.
HOME = "/var/lib/openiked/empty"
PREPARATION = f"""
grep -q ^_iked: /etc/passwd || {{
    echo _iked:x:992:992::{HOME}:/usr/sbin/nologin >> /etc/passwd
    echo _iked:x:992: >> /etc/group
}}
rm -rf /etc/iked
mkdir -p {HOME} /etc/iked/{{ca,certs,crls,pubkeys/{{fqdn,ipv4,ipv6,ufqdn}}}}
mkdir -m 700 /etc/iked/private
"""


class OpenIked(Daemon):
    """The facts and the actions of Charon, as far as scenarios need them."""

    def __init__(self, case):
        self.case, self.host, self.pki = case, case.gateway.host, case.lab.pki
        self.directory = case.directory / "openiked"
        self.package = unpacked("openiked")
        self.log = self.directory / "iked.log"
        self.configuration = self.directory / "iked.conf"

    def configure(self, certificate=None, ca=(), login="", networks=("10.77.0.0/24",), child="", lifetimes="",
                  settings="", pool="10.9.0.0/24"):
        """certificate: a name of the PKI, None for a pre-shared key. ca: what it trusts.

        login: how the user proves himself, where it is neither of the two; child: its algorithms; lifetimes: when it
        rekeys, in seconds; settings: lines in front of the policy.
        """
        self.directory.mkdir()
        self.configuration.write_text(template(
            "iked.conf", settings=settings, pool=pool, lifetimes=lifetimes, child=f"childsa {child}" if child else "",
            networks=" ".join(f"from {network} to dynamic" for network in networks),
            login=login or ("" if certificate else 'psk "shared in the lab"')))
        self.configuration.chmod(0o600)
        name = certificate or "gw-ecdsa"  # it does not start without a key of its own
        self.host.shell(
            PREPARATION + f"cp {self.pki}/{name}.key /etc/iked/private/local.key\n"
            "openssl pkey -in /etc/iked/private/local.key -pubout -out /etc/iked/local.pub\n" +
            (f"cp {self.pki}/{name}.crt /etc/iked/certs/\n" if certificate else "") +
            "".join(f"cp {self.pki}/{each}.crt /etc/iked/ca/\n" for each in ca))
        self.case.gateway.stop()
        self.case.gateway = self
        self.case.at_cleanup(self.stop)
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = self.host.spawn([self.package / "usr/sbin/iked", "-dvv", "-f", self.configuration],
                                           stdout=log, stderr=log)
        if not wait_until(self._listens, 8, 0.1):
            raise LabError(f"iked did not start, see {self.log}")

    def _listens(self):
        return ":4500 " in self.host.must("ss", "-Hlun") and self.control("show", "sa").returncode == 0

    def control(self, *words):
        """ikectl(8)"""
        return self.host.run(self.package / "usr/sbin/ikectl", *words)

    def restart(self):
        self.stop()
        self.start()

    def _show(self):
        return self.control("show", "sa").stdout

    def established(self):
        """One entry for each client, as far as Charon's has these fields: whose packets it takes."""
        sas = re.findall(r"^iked_sas: .* ESTABLISHED .*\n(?: .*\n)*", self._show(), re.MULTILINE)
        return [{"remote-vips": sorted(set(re.findall(r"sa_flows: \w+ ESP in ([^/ ]+)/", sa)))} for sa in sas]

    def sas(self):
        """Its SPIs of the IKE SAs."""
        return re.findall(r"^iked_sas: \w+ rspi (\w+) ", self._show(), re.MULTILINE)

    def children(self):
        """Its SPIs of the children."""
        return re.findall(r" sa_childsas: \w+ ESP (\w+) in ", self._show())

    def delete(self, identity):
        """The IKE SAs of a client."""
        self.control("reset", "id", identity)

    def terminate_all(self):
        """iked ends after the scenario, and with it all that it put into the kernel."""
