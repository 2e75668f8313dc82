# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's kernel package: unpacked once into a cache, never installed; and an initramfs for it."""

import fcntl
import pathlib
import re
import shutil
import subprocess
import tempfile

VM = pathlib.Path(__file__).resolve().parent.parent
META_PACKAGE = "linux-image-amd64"
# What the guest needs before it can load modules by itself: the host's file system and the way back to it.
EARLY_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console", "virtio_rng")


class VmError(Exception):
    """The machine did not come up, or did not come to an end."""


def run(*argv, **options):
    result = subprocess.run([str(word) for word in argv], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise VmError(f"{argv[0]}: status {result.returncode}: {result.stderr.strip()[-300:]}")
    return result.stdout


class Kernel:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        image, = (self.directory / "boot").glob("vmlinuz-*")
        self.image = image
        self.version = image.name.removeprefix("vmlinuz-")
        self.modules = self.directory / "lib" / "modules"

    def early_modules(self):
        """Files, each after those that it depends on."""
        files = {}
        for name in EARLY_MODULES:
            listing = run("modprobe", "-d", self.directory, "-S", self.version, "--show-depends", name)
            for line in listing.splitlines():
                kind, _, path = line.strip().partition(" ")
                if kind == "insmod":
                    files[path.split()[0]] = None
        return list(files)

    def make_initramfs(self, path):
        with tempfile.TemporaryDirectory(prefix="outrider-vm-") as scratch:
            root = pathlib.Path(scratch)
            for folder in ("bin", "proc", "sys", "dev", "modules"):
                (root / folder).mkdir()
            shutil.copy("/bin/busybox", root / "bin")
            shutil.copy(VM / "init", root / "init")
            (root / "init").chmod(0o755)
            for number, module in enumerate(self.early_modules()):
                shutil.copy(module, root / "modules" / f"{number:02}-{pathlib.Path(module).name}")
            names = "\n".join(str(file.relative_to(root)) for file in sorted(root.rglob("*")))
            with open(path, "wb") as output:
                subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, check=True,
                               input=names.encode(), stdout=output)


def newest_package():
    for update in (False, True):
        if update:
            run("apt-get", "update", "-q")
        found = re.search(r"Depends: (linux-image-\S+-amd64)\b", subprocess.run(
            ["apt-cache", "depends", META_PACKAGE], capture_output=True, text=True).stdout)
        if found:
            return found[1]
    raise VmError(f"missing: the package {META_PACKAGE}")


def unpack(cache):
    """Downloads and unpacks into a folder beside, so that the cache is whole or not there."""
    with tempfile.TemporaryDirectory(prefix=cache.name + "-", dir=cache.parent) as scratch:
        package = newest_package()
        try:
            run("apt-get", "download", "-q", package, cwd=scratch)
        except VmError:  # the lists are older than the archive
            run("apt-get", "update", "-q")
            package = newest_package()
            run("apt-get", "download", "-q", package, cwd=scratch)
        archive, = pathlib.Path(scratch).glob("*.deb")
        root = pathlib.Path(scratch) / "root"
        run("dpkg", "-x", archive, root)
        run("depmod", "-b", root, Kernel(root).version)
        root.chmod(0o755)
        root.rename(cache)


def get(cache):
    """The kernel in the cache; the first who asks fills it, others wait for him."""
    cache = pathlib.Path(cache)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with open(cache.with_name(cache.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cache.exists():
            unpack(cache)
    return Kernel(cache)
