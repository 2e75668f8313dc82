# SPDX-License-Identifier: GPL-3.0-or-later
"""A network namespace without a name: it lives as long as the process that holds it, and every process here dies with
the bench. So nothing is left behind, however the bench ends."""

import os
import pathlib
import re
import subprocess
import time


class BenchError(Exception):
    """Something could not be set up or measured."""


def wait_until(what, condition, seconds=10.0, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(step)
    raise BenchError(f"{what}: not within {seconds:.0f} s")


class Place:
    def __init__(self, name, scratch):
        self.name = name
        self.scratch = pathlib.Path(scratch)
        self.processes = []
        self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net",
                                        "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        wait_until(f"namespace {name}",
                   lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *words, mount=False):
        enter = ["nsenter", "--net", "--target", str(self.holder.pid)]
        if mount:  # a /run of its own keeps two of the same daemon apart
            enter += ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                      'mount -t tmpfs tmpfs /run && exec "$0" "$@"']
        return ["setpriv", "--pdeathsig", "KILL", *enter, *map(str, words)]

    def run(self, *words, check=True, timeout=60, **options):
        result = subprocess.run(self.command(*words), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=timeout, check=False, **options)
        if check and result.returncode != 0:
            raise BenchError(f"{self.name}: {' '.join(map(str, words))}: {result.stdout.strip()}")
        return result.stdout

    def start(self, name, *words, mount=False, environment=None):
        """A process in the background, its output in a file."""
        path = self.scratch / f"{self.name}-{name}.log"
        with open(path, "wb") as log:
            process = subprocess.Popen(self.command(*words, mount=mount), stdout=log,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       env={**os.environ, **(environment or {})})
        process.log = path
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            stop(process)
        stop(self.holder)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(pid):
    """All threads of a process, as the scheduler counts them."""
    total = 0
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread that just ended
    return total / 1e9


def peak_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def connect_places(client, gateway):
    client.run("ip", "link", "add", "outer", "type", "veth", "peer", "name", "outer", "netns",
               gateway.holder.pid)
    for place, number in ((client, 1), (gateway, 2)):
        place.run("ip", "addr", "add", f"10.77.0.{number}/24", "dev", "outer")
        place.run("ip", "link", "set", "outer", "up")
