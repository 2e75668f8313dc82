# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab opens all the time, as an archive that the guest unpacks into its memory.

The guest could open each of these files on the host, too, and does so with all others; but a question to the
host takes longer than many thousands of its instructions, and each start of a program asks some sixty of them.
"""

import glob
import os
import pathlib
import shutil
import subprocess
import tarfile

PROGRAMS = ("awk", "bash", "busybox", "cat", "charon-systemd", "chmod", "cp", "curl", "dnsmasq", "env", "freeradius",
            "getent", "grep", "head", "hostname", "ip", "ln", "ls", "mkdir", "mount", "mv", "nft", "nsenter", "openssl",
            "ping", "prlimit", "/usr/bin/python3", "rm", "script", "sed", "setpriv", "sleep", "ss", "stat", "stdbuf", "swanctl",
            "sysctl", "tail", "tcpdump", "timeout", "umount", "unshare")
# Patterns; folders with all that is in them.
FOLDERS = ("/etc/iproute2", "/usr/lib/freeradius", "/usr/lib/ipsec", "/usr/lib/locale/C.utf8",
           "/usr/lib/python3.*", "/usr/share/freeradius", "/usr/lib/*-linux-gnu/ossl-modules")
LEFT_OUT = {"test", "idlelib", "lib2to3", "ensurepip", "tkinter", "distutils", "dist-packages", "pydoc_data"}
FILES = ("/etc/group", "/etc/gai.conf", "/etc/host.conf", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf",
         "/etc/passwd", "/etc/protocols", "/etc/services", "/etc/ssl/openssl.cnf", "/usr/share/locale/locale.alias",
         "/usr/lib/ssl/openssl.cnf", "/usr/lib/*-linux-gnu/gconv/gconv-modules.cache",
         "/usr/libexec/coreutils/libstdbuf.so", "/usr/lib/*-linux-gnu/libgcc_s.so.1")


def libraries(programs):
    """What the dynamic linker takes for these programs."""
    listing = subprocess.run(["ldd", *programs], capture_output=True, text=True).stdout
    return [word for line in listing.splitlines() for word in line.split() if word.startswith("/")
            and not word.endswith(":")]


def expanded(patterns):
    return [path for pattern in patterns for path in glob.glob(pattern)]


def inside(folder):
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith("config-")]
        yield from (os.path.join(path, name) for name in names)


class Archive:
    def __init__(self, path):
        self.tar = tarfile.open(path, "w")
        self.known = {"/"}

    def add(self, path):
        """A file, its folders, and where it is a symbolic link, what that leads to."""
        path = pathlib.Path(path)
        if not path.exists():
            return
        path = pathlib.Path(os.path.realpath(path.parent)) / path.name
        for each in (*reversed(path.parents), path):
            if str(each) not in self.known:
                self.known.add(str(each))
                self.tar.add(each, arcname=str(each).lstrip("/"), recursive=False)
        if path.is_symlink():
            self.add(path.parent / os.readlink(path))


def write(path, more_programs=(), more_folders=()):
    """An archive of all this, and of the programs and the folders of the caller."""
    programs = [found for found in map(shutil.which, PROGRAMS) if found]
    programs += [str(program) for program in more_programs]
    archive = Archive(path)
    with archive.tar:
        for file in (*programs, *libraries(programs), *expanded(FILES)):
            archive.add(file)
        for folder in (*expanded(FOLDERS), *more_folders):
            for file in inside(folder):
                archive.add(file)
