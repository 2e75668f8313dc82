# SPDX-License-Identifier: GPL-3.0-or-later
"""A charon in a host of the lab, configured from the templates."""

import os
import pathlib
import string

from .daemon import Daemon
from .host import LabError, wait_until
from .vici import Vici, ViciError

TEMPLATES = pathlib.Path(__file__).resolve().parent.parent / "templates"
# All that swanctl looks into: it complains of each that is not there, and hides what is really wrong.
FOLDERS = ("x509", "x509ca", "x509ocsp", "x509aa", "x509ac", "x509crl", "pubkey", "private", "rsa", "ecdsa",
           "bliss", "pkcs8", "pkcs12")


def template(name, **values):
    return string.Template((TEMPLATES / name).read_text()).substitute(values)


class Charon(Daemon):
    """One charon-systemd; start() again only when strongswan.conf must differ."""

    def __init__(self, host, directory, pki):
        self.host = host
        self.directory = pathlib.Path(directory)
        self.pki = pathlib.Path(pki)
        self.configuration = None
        self.log = self.directory / "charon.log"

    @property
    def environment(self):
        return {"STRONGSWAN_CONF": str(self.directory / "strongswan.conf"),
                "SWANCTL_DIR": str(self.directory / "swanctl")}

    def start(self, plane="userspace", settings="", plugins="", resolve="no", mark=False,
              radius=""):
        configuration = template(
            "strongswan.conf", plane="kernel-libipsec" if plane == "userspace" else "",
            settings=settings, plugins=plugins, resolve=resolve, log=self.log,
            radius="eap-radius" if radius else "",
            radius_server=f"eap-radius {{ servers {{ lab {{ address = {radius}\n secret = between-gateway-and-radius\n"
            "retransmit_timeout = 1.0\n retransmit_tries = 1 } } }"
            if radius else "",
            kernel="fwmark = !0x42" if mark else "", socket="fwmark = 0x42" if mark else "")
        if self.running() and configuration == self.configuration:
            return
        self.stop()
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "strongswan.conf").write_text(configuration)
        self.configuration = configuration
        output = (self.directory / "charon-output.log").open("ab")
        self.process = self.host.spawn(["/usr/sbin/charon-systemd"], self.environment,
                                       stdout=output, stderr=output)
        output.close()
        if not wait_until(self._answers, 5):
            raise LabError(f"{self.host.name}: charon did not start, see {self.directory}")

    def _answers(self):
        try:
            with Vici(self.host.path("/run/charon.vici")) as vici:
                return vici.call("version")
        except (OSError, ViciError):
            return None

    def clear(self):
        try:
            os.unlink(self.host.path("/run/charon.vici"))
        except FileNotFoundError:
            pass

    def kill(self):
        """Ends at once, without a word to its peers."""
        self.process.kill()
        self.stop()

    def load(self, configuration, files):
        """Replaces connections, pools and credentials; files maps swanctl/PATH to a file of the PKI."""
        swanctl = self.directory / "swanctl"
        for folder in FOLDERS:
            (swanctl / folder).mkdir(parents=True, exist_ok=True)
            for old in (swanctl / folder).iterdir():
                old.unlink()
        for path, name in files.items():
            (swanctl / path).symlink_to(self.pki / name)
        (swanctl / "swanctl.conf").write_text(configuration)
        # --noprompt: a wrong passphrase shall fail, not wait.
        self.host.must("swanctl", "--load-all", "--clear", "--noprompt", "--uri",
                       "unix:///run/charon.vici", environment=self.environment)

    def call(self, command, message=None, event=None):
        with Vici(self.host.path("/run/charon.vici")) as vici:
            return vici.call(command, message, event)

    def sas(self):
        """The list of IKE SAs, each a flat dict with "child-sas" inside."""
        return [sa for event in self.call("list-sas", event="list-sa") for sa in event.values()]

    def established(self):
        return [sa for sa in self.sas() if sa["state"] == "ESTABLISHED"]

    def children(self):
        return [child for sa in self.sas() for child in sa.get("child-sas", {}).values()
                if child["state"] == "INSTALLED"]

    def terminate_all(self):
        """Ends every SA at once, without waiting for the peer."""
        if not self.running():
            return
        for sa in self.sas():
            try:
                self.call("terminate", {"ike-id": sa["uniqueid"], "force": "yes", "timeout": "-1"})
            except ViciError:
                continue
        if not wait_until(lambda: not self.sas(), 2):
            raise LabError(f"{self.host.name}: charon keeps its SAs")


class Gateway(Charon):
    PROPOSALS = ("aes256gcm16-prfsha384-ecp384, aes256-sha256-ecp256, aes128gcm16-prfsha256-x25519, "
                 "aes256-sha256-modp2048")
    ESP = "aes256gcm16, aes128gcm16, aes256-sha256"

    def __init__(self, host, directory, pki, plane):
        super().__init__(host, directory, pki)
        self.plane = plane

    def configure(self, certificate="gw-ecdsa", login="eap-mschapv2", ike=PROPOSALS, esp=ESP,
                  local_ts="10.77.0.0/24", pools="v4", connection="", child="", v4="", v6="",
                  settings="", plugins="", chain=(), ca=("ca-rsa", "ca-ecdsa"),
                  identity="gw.test", addresses="10.9.0.0/24", connections="", psk="shared in the lab",
                  local="198.51.100.10, 2001:db8:100::10"):
        """certificate: a name of the PKI or several, None for a pre-shared key. login: what the user does.

        connection, child, v4, v6, settings, plugins: more lines for that section of the templates.
        """
        radius = "10.77.0.2" if login == "eap-radius" else ""
        self.start(self.plane, settings, plugins, radius=radius)
        remotes = {
            "eap-mschapv2": "auth = eap-mschapv2\n      eap_id = %any",
            "eap-mschapv2-no-identity": "auth = eap-mschapv2",
            "eap-radius": "auth = eap-radius\n      eap_id = %any",
            "eap-md5": "auth = eap-md5\n      eap_id = %any",
            "certificate": "auth = pubkey\n      id = %any\n      cacerts = ca-rsa.crt, ca-ecdsa.crt",
            "certificate+eap": "auth = pubkey\n      id = %any\n    }\n"
                               "    remote-2 {\n      auth = eap-mschapv2\n      eap_id = %any",
            "psk": "auth = psk\n      id = %any",
        }
        files = {f"x509ca/{name}.crt": f"{name}.crt" for name in (*ca, *chain)}
        certificates = (certificate,) if isinstance(certificate, str) else certificate or ()
        for name in certificates:
            files[f"x509/{name}.crt"] = f"{name}.crt"
            files[f"private/{name}.key"] = f"{name}.key"
        self.load(template(
            "gateway.conf", ike=ike, esp=esp, local_ts=local_ts, pools=pools,
            connection=connection, child=child, v4=v4, v6=v6,
            identity=identity, addresses=addresses, connections=connections, psk=psk, local=local,
            gateway_auth="pubkey" if certificate else "psk",
            gateway_certificate="certs = " + ", ".join(f"{name}.crt" for name in certificates)
            if certificates else "",
            login=remotes[login]), files)

    def rekey_child(self):
        self.call("rekey", {"child": "net"})

    def rekey_ike(self):
        self.call("rekey", {"ike": "gw"})

    def delete_child(self):
        self.call("terminate", {"child": "net", "timeout": "-1"})

    def delete_ike(self):
        self.call("terminate", {"ike": "gw", "timeout": "-1"})
