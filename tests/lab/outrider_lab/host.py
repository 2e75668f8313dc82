# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of the lab: network, mount, process and host-name namespaces that one process holds.

The namespaces have no name and no file, so nothing is left when the holder ends, however it ends.
"""

import os
import pathlib
import signal
import subprocess
import time

INIT = pathlib.Path(__file__).with_name("host-init")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "G_SLICE", "G_DEBUG")


class LabError(Exception):
    """The lab itself, not the program under test, did not work."""


def wait_until(condition, timeout, interval=0.02):
    """The first true value of condition(), or its last false one when the time is up."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() >= deadline:
            return value
        time.sleep(interval)


def children_of(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Process:
    """A program that runs inside a host."""

    def __init__(self, host, argv, environment=None, **popen):
        variables = dict(ENVIRONMENT)
        variables.update({key: os.environ[key] for key in PASSED_ON if key in os.environ})
        variables.update(environment or {})
        popen.setdefault("stdin", subprocess.DEVNULL)
        self.argv = [str(word) for word in argv]
        self.popen = subprocess.Popen([*host.enter(), *self.argv], env=variables,
                                      start_new_session=True, **popen)
        self._pid = None

    @property
    def pid(self):
        """The process id of the program itself, as seen from outside of the host."""
        if self._pid is None:
            found = wait_until(lambda: children_of(self.popen.pid)
                               or self.popen.poll() is not None, 2)
            if isinstance(found, list):
                self._pid = found[0]
        return self._pid

    def signal(self, number):
        if self.pid is not None and self.popen.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        """nsenter(1) around the program stops together with it."""
        self.signal(signal.SIGCONT)
        os.kill(self.popen.pid, signal.SIGCONT)

    def wait(self, timeout):
        """The exit status (128 + N when signal N ended it), or None when it still runs."""
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        return status if status >= 0 else 128 - status

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.wait(2) is None:
            self.popen.kill()
            self.popen.wait()


class Host:
    def __init__(self, name, log_directory):
        self.name = name
        self.log_directory = pathlib.Path(log_directory)
        self.holder = None
        self.pid = None

    def start(self):
        """Begins to come up; ready() waits for the end of it."""
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child",
             "--propagation", "private", "/bin/bash", str(INIT), self.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=(self.log_directory / f"{self.name}-init.log").open("w"),
            start_new_session=True, env=ENVIRONMENT)

    def ready(self):
        if self.holder.stdout.readline() != b"ready\n":
            log = (self.log_directory / f"{self.name}-init.log").read_text().strip()
            raise LabError(f"host {self.name} did not come up: {log}")
        self.pid = children_of(self.holder.pid)[0]

    def stop(self):
        if self.holder is None:
            return
        # The end of process 1 ends every process of the host; unshare reaps it and ends too.
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
        else:
            self.holder.kill()
        self.holder.wait()
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder = None

    def enter(self):
        """Its root directory, too: the lab may itself run in a chroot, the namespace's root is beyond."""
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-p", "-n", "-r", "-w", "--"]

    def spawn(self, argv, environment=None, **popen):
        return Process(self, argv, environment, **popen)

    def run(self, *argv, timeout=8, environment=None, text=None):
        """Runs to the end; returns a CompletedProcess with text output. Status 124: out of time."""
        process = self.spawn(argv, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.popen.communicate(text, timeout)
            status = process.popen.returncode
        except subprocess.TimeoutExpired:
            process.signal(signal.SIGKILL)
            out, err = process.popen.communicate()
            status = 124
        return subprocess.CompletedProcess(process.argv, status, out, err)

    def must(self, *argv, **options):
        """Like run(), for steps of the lab itself: returns the output, failure is an error."""
        result = self.run(*argv, **options)
        if result.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(result.args)}: status {result.returncode}: "
                           f"{result.stderr.strip()}")
        return result.stdout

    def shell(self, script, **options):
        return self.must("bash", "-e", "-c", script, **options)

    def path(self, path):
        """A path inside the host, as seen from outside (not through symbolic links)."""
        return f"/proc/{self.pid}/root{path}"

    def processes(self):
        """What runs in the host beside its process 1: {pid inside: command line}."""
        found = {}
        for entry in os.listdir(self.path("/proc")):
            if entry.isdigit() and entry != "1":
                try:
                    with open(self.path(f"/proc/{entry}/cmdline"), "rb") as file:
                        found[int(entry)] = file.read().replace(b"\0", b" ").decode().strip()
                except OSError:
                    continue
        return found
