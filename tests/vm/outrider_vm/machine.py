# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the emulated machine."""

import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from . import hot
from .kernel import VM, VmError

QEMU = "qemu-system-x86_64"
# What costs an emulated processor much and gives a test nothing is left out: above all addresses that are
# other ones for each process (code that was translated for one is of no use to the next), and what defends
# one process of the guest against another.
#
# The guest's clock counts instructions, one a nanosecond: time does not pass while the host is busy with
# something else, so that a deadline in the guest is as long as on a slow real machine, however slow this is.
CLOCK = ("-icount", "shift=0", "-rtc", "clock=vm")
CPU = "Nehalem,+aes,+pclmulqdq,+rdrand"
APPEND = ("console=ttyS0 quiet panic=-1 oops=panic random.trust_cpu=on norandmaps mitigations=off "
          "init_on_alloc=0 hardened_usercopy=off apparmor=0 audit=0")


class Machine:
    """Boots, runs one command, powers off. Use as a context: whatever happens, no process is left."""

    def __init__(self, kernel, memory=2048, processors=1):
        self.kernel, self.memory, self.processors = kernel, memory, processors
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="outrider-vm-"))
        self.scratch.chmod(0o755)
        self.share = self.scratch / "share"
        self.temporary = self.scratch / "tmp"
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        # What the command left in its folder for temporary files stays, at the path where the command saw it.
        left = self.share / "left"
        if left.is_dir() and any(left.iterdir()):
            self.temporary.rmdir()
            left.rename(self.temporary)
            shutil.rmtree(self.share)
            (self.scratch / "initramfs").unlink()
        else:
            shutil.rmtree(self.scratch)

    def run(self, command, directory, timeout, programs=(), output=sys.stdout.buffer):
        """Copies what the command says to output; returns its exit status. programs: that it often starts."""
        self._share(command, directory, programs)
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._start(theirs.fileno())
            self._copy(ours, output, time.monotonic() + timeout)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self._fail("the guest does not power off")
        return self._status()

    def _share(self, command, directory, programs):
        self.share.mkdir()
        self.temporary.mkdir()
        hot.write(self.share / "hot.tar", programs, [VM.parent / "lab"])
        (self.share / "temporary").write_text(str(self.temporary))
        shutil.copy(VM / "guest", self.share / "guest")
        (self.share / "command").write_bytes(b"".join(str(word).encode() + b"\0" for word in command))
        (self.share / "directory").write_text(str(directory))
        (self.share / "modules").write_text(str(self.kernel.modules))

    def _start(self, port):
        initramfs = self.scratch / "initramfs"
        self.kernel.make_initramfs(initramfs)
        # Instructions are counted for one processor alone: several run side by side, by the host's clock.
        clock = CLOCK if self.processors == 1 else ()
        words = [
            # The kernel ends qemu when we end, even by SIGKILL.
            "setpriv", "--pdeathsig", "KILL", QEMU, "-accel", "tcg", *clock, "-cpu", CPU,
            "-smp", str(self.processors), "-m", str(self.memory),
            "-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot",
            "-kernel", self.kernel.image, "-initrd", initramfs,
            "-append", APPEND,
            "-serial", f"file:{self.scratch / 'console'}",
            "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=port,fd={port}", "-device", "virtserialport,chardev=port,nr=1",
            *self._folder("host", "/", ",readonly=on"), *self._folder("share", self.share, "")]
        self.process = subprocess.Popen([str(word) for word in words], pass_fds=[port],
                                        stdin=subprocess.DEVNULL)

    @staticmethod
    def _folder(tag, path, more):
        escaped = str(path).replace(",", ",,")
        return ["-virtfs", f"local,path={escaped},mount_tag={tag},security_model=none,"
                f"multidevs=remap{more}"]

    def _copy(self, port, output, deadline):
        while True:
            port.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = port.recv(65536)
            except TimeoutError:
                self._fail("the guest took too long")
            except ConnectionResetError:
                return
            if not data:
                return
            output.write(data)
            output.flush()

    def _status(self):
        try:
            return int((self.share / "status").read_text())
        except (FileNotFoundError, ValueError):
            self._fail("the guest ended without a word")

    def _fail(self, reason):
        try:
            console = (self.scratch / "console").read_text(errors="replace")
        except FileNotFoundError:
            console = ""
        lines = [line for line in console.splitlines() if line.strip()]
        for line in lines[-40:]:
            print(f"console: {line}", flush=True)
        raise VmError(reason)
