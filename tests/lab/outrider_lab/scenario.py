# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario is, what it may assert, and how the scenarios are run one after the other."""

import importlib.util
import ipaddress
import json
import pathlib
import signal
import time
import traceback

from . import snapshot
from .client import CLIENTS, Failed
from .host import LabError, wait_until

SCENARIOS = []
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "scenarios"


class Scenario:
    def __init__(self, function, name, limit, only, plane, arguments):
        self.function, self.name, self.limit, self.only, self.plane = function, name, limit, only, plane
        self.arguments = arguments
        self.story = (function.__doc__ or "").strip()


def scenario(function=None, *, name=None, limit=10, only=None, plane=None, **arguments):
    """Makes a function a scenario. Its docstring tells the story; its name is the scenario's.

    limit: seconds. only: "outrider" where strongSwan's own client cannot take the same part. plane: where the
    scenario is about one data plane of the client.
    Further arguments go to the function, so a table of variants is a loop over scenario (...).
    """
    def register(function):
        entry = Scenario(function, name or function.__name__.replace("_", "-"), limit, only,
                         plane, arguments)
        if any(other.name == entry.name for other in SCENARIOS):
            raise LabError(f"two scenarios are named {entry.name}")
        SCENARIOS.append(entry)
        return function
    return register(function) if function else register


def load_all():
    for path in sorted(FOLDER.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"scenario_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return SCENARIOS


class Tunnel:
    """A connection that stands: what the client said of it, and the process behind it."""

    def __init__(self, client, facts):
        self.client, self.facts = client, facts
        self.addresses = [address.partition("/")[0] for address in facts["addresses"]]
        self.v4 = next((a for a in self.addresses if ":" not in a), None)
        self.v6 = next((a for a in self.addresses if ":" in a), None)
        self.ended = False


class Case:
    """One run of one scenario: the lab, and the facts it may assert."""

    def __init__(self, lab, kind, program, directory):
        self.lab, self.kind, self.program = lab, kind, program
        self.gateway, self.router, self.host = lab.gateway, lab.router, lab.client
        self.directory = directory
        self.checks = 0
        self.clients, self.tunnels, self.cleanups = [], [], []
        self.before = None
        self.standing = set()

    # Assertions. Each counts as a verdict.

    def check(self, what, value, detail=""):
        if not isinstance(value, bool):
            raise LabError(f"check '{what}' got no verdict but {value!r}")
        self.checks += 1
        if not value:
            raise Failed(f"not so: {what}{': ' if detail != '' else ''}{detail}")

    def equal(self, what, actual, expected):
        self.check(what, actual == expected, f"is {actual!r}, not {expected!r}")

    def becomes(self, what, condition, timeout=5):
        self.check(what, bool(wait_until(condition, timeout)), f"not within {timeout} s")

    @property
    def is_outrider(self):
        return self.kind == "outrider"

    def at_cleanup(self, function):
        self.cleanups.append(function)

    def prepare(self, script, undo):
        """Changes the client host before the connection; the changed host is what must come back."""
        self.host.shell(script)
        self.at_cleanup(lambda: self.host.shell(undo))
        self.settle()

    def settle(self):
        """The host as it is now, services and all, is what must come back; new addresses of IPv6 are tried out first."""
        def taken():
            self.before = self.lab.snapshot()
            return not any('"tentative"' in line for line in self.before["addresses"])

        wait_until(taken, 3)
        self.standing = set(self.host.processes())

    # The client.

    def start(self, **options):
        client = CLIENTS[self.kind](self, **options)
        self.clients.append(client)
        return client

    def connect(self, timeout_connected=8, **options):
        """Connects as alice unless told otherwise, and compares what client, kernel and gateway say."""
        client = self.start(**login(options))
        return self.came_up(client, timeout_connected)

    def came_up(self, client, timeout=8):
        tunnel = Tunnel(client, client.connected(timeout))
        self.tunnels.append(tunnel)
        present = self.host_addresses()
        for address in tunnel.addresses:
            self.check(f"address {address} is on a device", address in present, present)
        self.becomes("the gateway has one established SA",
                     lambda: len(self.gateway.established()) == 1)
        sa = self.gateway.established()[0]
        self.equal("the gateway's virtual addresses", sorted(sa.get("remote-vips", [])),
                   sorted(tunnel.addresses))
        if self.is_outrider:
            self.equal("plane", tunnel.facts["plane"], self.lab.plane)
            links = self.links()
            self.check("the device exists", tunnel.facts["device"] in links, links)
        return tunnel

    def fails(self, code, status, patience=9, **options):
        """The connection fails with this code and exit status, and no SA stays."""
        client = self.start(**login(options))
        event, actual = client.failed(patience)
        if self.is_outrider:
            self.check("code", event.get("code") in (code if isinstance(code, tuple) else (code,)),
                       f"{event} (exit status {actual}), not {code}")
            self.check("exit status", actual in (status if isinstance(status, tuple) else (status,)),
                       f"{actual}, not {status}")
            self.check("a sentence and a hint for people",
                       bool(event.get("message")) and bool(event.get("hint")), event)
        else:
            self.check("strongSwan fails, too", actual != 0)
        self.becomes("the gateway has no SA", lambda: not self.gateway.established())
        return event

    def says(self, tunnel, **fields):
        """Fields of the JSON line of the connected state."""
        if self.is_outrider:
            for key, value in fields.items():
                self.equal(key, tunnel.facts.get(key), value)

    def stop(self, tunnel, number=signal.SIGTERM):
        """Ends the connection as a user does: exit 0, and the gateway knows."""
        self.equal("exit status", tunnel.client.stop(number), 0)
        tunnel.ended = True
        self.becomes("the gateway has no SA", lambda: not self.gateway.sas())

    def told(self, client, *words):
        """The client, which runs with -v, tells of it."""
        self.check(f"it is told: {' ... '.join(words)}", bool(client.told(*words)))

    # Facts of the client host.

    def host_addresses(self):
        links = json.loads(self.host.must("ip", "-j", "addr"))
        return [info["local"] for link in links for info in link["addr_info"]]

    def links(self):
        return [link["ifname"] for link in json.loads(self.host.must("ip", "-j", "link"))]

    def route_to(self, address):
        """The route that the kernel takes to an address, or {}."""
        result = self.host.run("ip", "-j", "route", "get", address)
        return json.loads(result.stdout)[0] if result.returncode == 0 and result.stdout else {}

    def goes_inside(self, tunnel, address, inside=True):
        used = self.route_to(address).get("prefsrc")
        self.check(f"{address} is {'' if inside else 'not '}routed into the tunnel",
                   (used in tunnel.addresses) == inside, self.route_to(address))

    def pings(self, address, count=3):
        result = self.host.run("ping", "-n", "-c", str(count), "-i", "0.1", "-W", "2", address)
        self.check(f"{address} answers pings", result.returncode == 0, result.stdout.strip())

    def fetch(self, url, timeout=6):
        result = self.host.run("curl", "-sS", "--max-time", str(timeout), url, timeout=timeout + 1)
        self.check(f"{url} is fetched", result.returncode == 0, result.stderr.strip())
        return result.stdout

    def fetches(self, tunnel, address="10.77.0.2", host="inside"):
        """The inside host sees the virtual address as its peer."""
        name = f"[{address}]" if ":" in address else address
        page = json.loads(self.fetch(f"http://{name}/"))
        self.equal("the web server inside", page["host"], host)
        self.check("the peer it sees is our virtual address",
                   ipaddress.ip_address(page["peer"]).compressed in
                   [ipaddress.ip_address(a).compressed for a in tunnel.addresses], page)

    def transfers(self, size=1000000, address="10.77.0.2", timeout=6):
        self.equal("bytes received", len(self.fetch(f"http://{address}/bytes/{size}", timeout)), size)
        result = self.host.run("bash", "-c", f"head -c {size} /dev/zero | curl -sS --max-time "
                               f"{timeout} --data-binary @- http://{address}/", timeout=timeout + 1)
        self.equal("bytes sent", result.stdout.strip(), str(size))

    def works(self, tunnel, address="10.77.0.2"):
        """The one thing a VPN is for."""
        self.pings(address)
        self.fetches(tunnel, address)

    def nameservers(self):
        lines = self.host.must("cat", "/etc/resolv.conf").splitlines()
        return [line.split()[1] for line in lines if line.startswith("nameserver ")]

    def resolves(self, name, address):
        result = self.host.run("getent", "ahosts", name)
        self.check(f"{name} is {address}", address in result.stdout.split(), result.stdout)

    # The end of every scenario.

    def finish(self):
        for tunnel in self.tunnels:
            if not tunnel.ended:
                self.stop(tunnel)

    def cleanup(self):
        for client in self.clients:
            client.cleanup()

    def host_is_as_before(self):
        changed = wait_until(lambda: snapshot.take(self.host) == self.before, 2, 0.1)
        self.check("the host is as before", changed,
                   "; ".join(snapshot.difference(self.before, snapshot.take(self.host))))
        self.becomes("no process is left", lambda: set(self.host.processes()) <= self.standing, 2)


def login(options):
    """Fills in what most scenarios share: alice, her password, the CA of the default gateway."""
    if "raw" in options:
        return options
    filled = {"host": "gw.test", "ca": "ca-ecdsa", "method": "eap-mschapv2", "timeout": 8}
    if options.get("method", "eap-mschapv2") == "eap-mschapv2":
        filled.update(user="alice", password="wonderland")
    if options.get("profile"):
        filled.update(password="wonderland")
    if options.get("method") == "psk":
        filled.update(ca=None, id="alice", psk="shared in the lab")
    filled.update(options)
    return filled


class OutOfTime(Exception):
    pass


def _alarm(*_):
    raise OutOfTime


def run(entry, lab, kind, program):
    """Runs one scenario; returns (reason of failure or None, seconds, directory of its logs)."""
    directory = lab.scratch / "scenarios" / entry.name
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    case = Case(lab, kind, program, directory)
    reason, broken = None, False
    lab.router.reset()
    lab.forget_paths()
    case.before = lab.snapshot()
    previous = signal.signal(signal.SIGALRM, _alarm)
    started = time.monotonic()

    def attempt(step):
        """A step of the scenario or of its end; the first reason is the one that counts."""
        nonlocal reason
        try:
            step()
        except Failed as failure:
            reason = reason or str(failure)
        except OutOfTime:
            reason = reason or f"took longer than {entry.limit} s"
        except Exception as error:  # a scenario that breaks has no verdict: an error
            (directory / "traceback.log").write_text(traceback.format_exc())
            reason = reason or f"error: {type(error).__name__}: {error}"

    def scene():
        signal.setitimer(signal.ITIMER_REAL, entry.limit)
        entry.function(case, **entry.arguments)
        if case.checks == 0:
            raise LabError("the scenario asserted nothing")
        case.finish()

    def end():
        signal.setitimer(signal.ITIMER_REAL, 0)
        elapsed.append(time.monotonic() - started)
        case.cleanup()
        lab.router.set()
        case.gateway.terminate_all()

    elapsed = []
    try:
        attempt(scene)
        attempt(end)
        try:
            case.host_is_as_before()
        except Failed as failure:
            broken = True
            (directory / "host.log").write_text(str(failure).replace("; ", "\n"))
            reason = reason or str(failure)
        for undo in reversed(case.cleanups):
            attempt(undo)
        if wait_until(lambda: lab.client.processes(), 0) or broken:
            lab.renew()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    return reason, elapsed[0] if elapsed else 0.0, directory
