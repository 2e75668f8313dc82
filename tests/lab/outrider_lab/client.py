# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's side of a scenario: outrider itself, or strongSwan to try the lab without it."""

import json
import pathlib
import queue
import signal
import subprocess
import threading
import time

from .charon import Charon, template
from .host import LabError

PSK = "shared in the lab"
PASSWORD = "wonderland"


class Failed(Exception):
    """A fact is not as the scenario says."""


def find_program(build):
    found = sorted((path for path in pathlib.Path(build).rglob("outrider")
                    if path.is_file() and path.stat().st_mode & 0o111), key=lambda p: len(p.parts))
    if not found:
        raise LabError(f"missing: the program outrider under {build}")
    return found[0].resolve()


class OutriderClient:
    """One `outrider connect` in the client host."""

    kind = "outrider"

    def __init__(self, case, wrap=(), raw=None, environment=None, stdout=None, **options):
        self.case = case
        self.host = case.lab.client
        number = len(case.clients) + 1
        self.log = case.directory / f"outrider-{number}.log"
        words = raw if raw is not None else self._words(case, number, options)
        self.events, self.queue = [], queue.Queue()
        self.started = time.monotonic()
        self.output = []
        with self.log.open("w") as log:
            print("$ outrider", *words, file=log, flush=True)
            self.process = self.host.spawn([*wrap, case.program, *words], environment,
                                           stdout=subprocess.PIPE, stderr=log)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @staticmethod
    def _words(case, number, options):
        """The command line; secrets become files, names of the PKI become paths."""
        def secret(name, text):
            path = case.directory / f"{name}-{number}"
            path.write_text(text + "\n")
            path.chmod(0o644 if options.get("readable") else 0o600)
            return path

        words = ["connect", options.get("profile") or options.get("host", "gw.test"), "--json",
                 "--plane", options.get("plane", case.lab.plane)]
        for key in ("user", "method", "id", "gateway_id", "ike", "esp", "routes", "timeout"):
            if options.get(key) is not None:
                words += ["--" + key.replace("_", "-"), str(options[key])]
        for key, suffix in (("ca", ".crt"), ("cert", ".crt"), ("key", ".key"), ("pkcs12", ".p12")):
            if options.get(key) is not None:
                words += [f"--{key}", str(case.lab.pki / (options[key] + suffix))]
        if options.get("password") is not None:
            words += ["--password-file", str(secret("password", options["password"]))]
        if options.get("psk") is not None:
            words += ["--psk-file", str(secret("psk", options["psk"]))]
        if options.get("once", True):
            words.append("--once")
        return words + list(options.get("more", ()))

    def _read(self):
        with self.log.with_suffix(".json").open("wb") as copy:
            for line in self.process.popen.stdout:
                copy.write(line)
                copy.flush()
                self.output.append(line.decode(errors="replace"))
                try:
                    event = json.loads(line)
                except ValueError:
                    event = {"event": "not JSON", "line": self.output[-1]}
                self.queue.put(event)
        self.queue.put(None)

    def wait_event(self, wanted, timeout=8):
        """The next event of that kind, ({"event": ..., "state": ...}); None: the program ended."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = self.queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"no {wanted} within {timeout} s; last event {self.last()}") from None
            if event is None:
                self.queue.put(None)
                return None
            self.events.append(event)
            if wanted.items() <= event.items():
                return event

    def told(self, *words, timeout=5):
        """A notice that holds these words, now or soon; with -v alone there are any."""
        deadline = time.monotonic() + timeout
        heard, event = list(self.events), None
        while True:
            for event in heard:
                if event.get("event") == "notice" and all(word in event["message"] for word in words):
                    return event["message"]
            heard = [self.wait_event({"event": "notice"}, deadline - time.monotonic())]
            if heard == [None]:
                raise Failed(f"ended without telling of {words}; last event {self.last()}")

    def last(self):
        return self.events[-1] if self.events else "none"

    def connected(self, timeout=8):
        event = self.wait_event({"event": "state", "state": "connected"}, timeout)
        if event is None:
            raise Failed(f"ended with status {self.process.wait(2)} before it was connected; "
                         f"last event {self.last()}")
        return event

    def failed(self, timeout=8):
        """Waits for the end: ({"event": "failed", ...} or {}, exit status)."""
        deadline = time.monotonic() + timeout
        event = self.wait_event({"event": "failed"}, timeout)
        status = self.process.wait(max(0.1, deadline - time.monotonic() + 1))
        return event or {}, status

    def stop(self, number=signal.SIGTERM, timeout=5):
        self.process.signal(number)
        return self.process.wait(timeout)

    def cleanup(self):
        if self.process.popen.poll() is None:
            self.process.kill()
        self.reader.join(2)
        self.process.popen.stdout.close()


class StrongswanClient:
    """The same request made of strongSwan: no JSON, no codes, but the same network facts."""

    kind = "strongswan"

    def __init__(self, case, host="gw.test", user="alice", method="eap-mschapv2", ca="ca-ecdsa",
                 cert=None, pkcs12=None, psk=None, password=None, gateway_id="gw.test", id=None,
                 ike=None, esp=None, timeout=8, **_):
        self.case = case
        self.charon = Charon(case.lab.client, case.lab.scratch / "client", case.lab.pki)
        self.charon.start(resolve="yes", mark=True)
        files, login = {}, {
            "eap-mschapv2": f"auth = eap\n      eap_id = {user}\n      id = {user}",
            "psk": f"auth = psk\n      id = {id}",
        }
        if method == "certificate":
            name = cert or pkcs12.removesuffix("-legacy")
            files[f"x509/{name}.crt"] = f"{name}.crt"
            if cert:
                files[f"private/{name}.key"] = f"{name}.key"
            else:
                files["pkcs12/user.p12"] = f"{pkcs12}.p12"
            login[method] = f"auth = pubkey\n      id = alice@corp.test\n      certs = {name}.crt"
        if ca:
            files[f"x509ca/{ca}.crt"] = f"{ca}.crt"
        gateway = f"auth = psk\n      id = {gateway_id}" if method == "psk" else (
            f"auth = pubkey\n      id = {gateway_id}\n      cacerts = {ca}.crt")
        case.at_cleanup(self.cleanup)
        self.charon.load(template(
            "client.conf", host=host, port=500, ike=ike or "default", esp=esp or "default",
            login=login[method], gateway=gateway, user=user, password=password or PASSWORD,
            psk=psk or PSK, passphrase=password or ""), files)
        self.result = case.lab.client.run(
            "swanctl", "--initiate", "--child", "net", "--timeout", str(min(int(timeout), 8)),
            "--uri", "unix:///run/charon.vici", timeout=10)
        self.events = []

    def connected(self, timeout=8):
        del timeout
        if self.result.returncode != 0:
            raise Failed(f"swanctl --initiate: status {self.result.returncode}: "
                         f"{self.result.stdout.splitlines()[-1:]}")
        sa, = self.charon.established()
        return {"addresses": [a + ("/128" if ":" in a else "/32") for a in sa["local-vips"]]}

    def failed(self, timeout=8):
        del timeout
        if self.result.returncode == 0:
            raise Failed("strongSwan is connected")
        return {}, self.result.returncode

    def stop(self, number=signal.SIGTERM, timeout=5):
        del number, timeout
        self.charon.stop()
        return 0

    def cleanup(self):
        self.charon.stop()


CLIENTS = {client.kind: client for client in (OutriderClient, StrongswanClient)}
