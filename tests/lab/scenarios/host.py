# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in odd states: files that cannot be written, limits, full pipes, signals at the wrong moment."""

import os
import pathlib
import subprocess

from outrider_lab.scenario import scenario

DNS = "dns = 10.77.0.2"


def resolver(case, script, undo):
    """Changes /etc/resolv.conf before the connection."""
    case.gateway.configure(v4=DNS)
    case.prepare("echo '198.51.100.10 gw.test' >> /etc/hosts\n" + script, undo + "\nsed -i /gw.test/d /etc/hosts")


RESTORE = "rm -f /etc/resolv.conf; echo nameserver 203.0.113.2 > /etc/resolv.conf"


@scenario(only="outrider", name="resolver-missing", script="rm /etc/resolv.conf")
@scenario(only="outrider", name="resolver-dangling-link",
          script="rm /etc/resolv.conf; ln -s /run/nowhere/resolv.conf /etc/resolv.conf")
@scenario(only="outrider", name="resolver-unreadable", script="chmod 000 /etc/resolv.conf")
@scenario(only="outrider", name="resolver-empty", script=": > /etc/resolv.conf")
@scenario(only="outrider", name="resolver-bind-mount",
          script="cp /etc/resolv.conf /run/mine; mount --bind /run/mine /etc/resolv.conf",
          undo="umount /etc/resolv.conf; rm /run/mine\n" + RESTORE)
@scenario(only="outrider", name="resolver-link-to-another-file-system",
          script="mv /etc/resolv.conf /run/there; ln -s /run/there /etc/resolv.conf",
          undo="rm /run/there\n" + RESTORE)
def resolver_file(case, script, undo=RESTORE):
    """/etc/resolv.conf is not the plain file that one expects: names inside resolve, and it comes back."""
    resolver(case, script, undo)
    tunnel = case.connect()
    case.resolves("www.corp.test", "10.77.0.2")
    case.stop(tunnel)


@scenario(only="outrider", name="etc-read-only", script="mount --bind /etc /etc; mount -o remount,bind,ro /etc",
          undo="umount /etc")
@scenario(only="outrider", name="resolver-bind-mount-read-only",
          script="cp /etc/resolv.conf /run/mine; mount --bind /run/mine /etc/resolv.conf\n"
          "mount -o remount,bind,ro /etc/resolv.conf; mount --bind /etc /etc\n"
          "mount -o remount,bind,ro /etc",
          undo="umount /etc; umount /etc/resolv.conf; rm /run/mine")
@scenario(only="outrider", name="run-read-only", script="mount --bind /run /run; mount -o remount,bind,ro /run",
          undo="umount /run")
@scenario(only="outrider", name="run-full", script="mkdir -p /run/outrider; mount -t tmpfs -o size=4k tmpfs "
          "/run/outrider; head -c 4096 /dev/zero > /run/outrider/full", undo="umount /run/outrider")
def resolver_cannot_be_changed(case, script, undo):
    """Name servers that cannot be put in force end the connection; --no-dns does without."""
    resolver(case, script, undo)
    event = case.fails("host-refused", 60)
    case.check("the message names a path", "/" in event["message"], event)
    case.works(case.connect(more=["--no-dns"]))


@scenario(only="outrider")
def no_home(case):
    """Neither HOME nor anything else in the environment, as under systemd."""
    case.gateway.configure(v4=DNS)
    case.works(case.connect(wrap=["env", "-i"]))


@scenario(only="outrider", name="little-locked-memory", bound="memlock=0:0")
@scenario(only="outrider", name="few-descriptors", bound="nofile=32:32")
def limits(case, bound):
    """A process with little of something."""
    case.gateway.configure(v4=DNS)
    case.works(case.connect(wrap=["prlimit", f"--{bound}"]))


@scenario(only="outrider")
def too_few_descriptors(case):
    """So few descriptors that it cannot work: an error in words."""
    case.gateway.configure()
    case.fails(("host-refused", "internal", "no-tun", "name-not-resolved"), (1, 10, 60),
               wrap=["prlimit", "--nofile=9:9"])


@scenario(only="outrider")
def ipv6_switched_off(case):
    """The kernel has no IPv6 here, and the gateway gives addresses of both families."""
    case.prepare("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
                 "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0\n"
                 "ip addr replace fd77:1::2/64 dev eth0; ip route replace default via fd77:1::1")
    case.gateway.configure(local_ts="0.0.0.0/0, ::/0", pools="v4, v6")
    client = case.start(host="gw.test", user="alice", password="wonderland", ca="ca-ecdsa")
    addresses = client.connected()["addresses"]
    case.check("one address, of IPv4", len(addresses) == 1 and addresses[0].startswith("10.9.0."), addresses)
    case.pings("10.77.0.2")
    case.equal("exit status", client.stop(), 0)
    case.gateway.configure(local_ts="0.0.0.0/0")
    case.works(case.connect())


@scenario(only="outrider")
def interface_exists(case):
    """The profile's interface name is taken."""
    case.prepare("ip link add work0 type bridge", "ip link del work0")
    case.gateway.configure()
    path = case.directory / "interface.profile"
    path.write_text(f"[gateway]\naddress=gw.test\ntrust=file\nca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                    "[login]\nmethod=eap-mschapv2\nuser=alice\n\n[network]\ninterface=work0\n")
    event = case.fails("host-refused", 60, profile=str(path), method=None, user=None, ca=None)
    case.check("the message names the interface", "work0" in event["message"], event)


@scenario(only="outrider")
def outrider0_exists(case):
    """Another device is called outrider0 already: the tunnel takes the next name."""
    case.prepare("ip link add outrider0 type bridge", "ip link del outrider0")
    case.gateway.configure()
    tunnel = case.connect()
    case.equal("device", tunnel.facts["device"], "outrider1")
    case.works(tunnel)


@scenario(only="outrider")
def address_exists(case):
    """Another device has the virtual address already."""
    case.prepare("ip link add other type bridge; ip addr add 10.9.0.1/32 dev other; ip link set other up",
                 "ip link del other")
    case.gateway.configure()
    client = case.start(host="gw.test", user="alice", password="wonderland", ca="ca-ecdsa")
    client.connected()
    case.pings("10.77.0.2")
    case.equal("exit status", client.stop(), 0)


# ---- standard output and input ----


@scenario(only="outrider", name="stdout-full", json=True, limit=15)
@scenario(only="outrider", name="stdout-full-human", json=False, limit=15)
def stdout_full(case, json):
    """Nobody reads the output and the pipe is full: the tunnel lives, rekeys, and ends when told to."""
    case.gateway.configure(child="rekey_time = 1s\n        rand_time = 0\n        life_time = 5s")
    words = ["connect", "gw.test", "--user", "alice", "--ca", case.lab.pki / "ca-ecdsa.crt", "-v",
             "--password-file", "/run/password"] + (["--json"] if json else [])
    (pathlib.Path(case.host.path("/run/password"))).write_text("wonderland\n")
    case.at_cleanup(lambda: case.host.shell("rm /run/password"))
    case.before = case.lab.snapshot()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    process = case.host.spawn([case.program, *words], stdout=writer, stderr=subprocess.DEVNULL)
    case.at_cleanup(process.kill)
    os.close(writer)
    try:
        case.becomes("the gateway has an SA", lambda: case.gateway.established())
        first = case.gateway.children()[0]["spi-in"]
        case.becomes("the child is rekeyed", lambda: [
            child["spi-in"] for child in case.gateway.children()][-1:] not in ([], [first]))
        case.pings("10.77.0.2")
        process.signal(15)
        case.equal("exit status", process.wait(4), 0)
        case.becomes("the gateway has no SA", lambda: not case.gateway.sas())
    finally:
        os.close(reader)


@scenario(only="outrider", name="no-standard-files", script="exec \"$@\" <&- >&- 2>&-")
@scenario(only="outrider", name="no-standard-input", script="exec \"$@\" <&-")
@scenario(only="outrider", name="output-to-full-device", script="exec \"$@\" >/dev/full 2>/dev/full")
def standard_files(case, script):
    """Started with closed or broken standard files."""
    case.gateway.configure(v4=DNS)
    client = case.start(wrap=["bash", "-c", script, "bash"], host="gw.test", user="alice",
                        password="wonderland", ca="ca-ecdsa")
    case.becomes("the gateway has an SA", lambda: case.gateway.established())
    files = [os.readlink(f"/proc/{client.process.pid}/fd/{number}") for number in range(3)]
    case.check("nothing else is in the place of the standard files", not any(
        file.startswith(("socket:", "anon_inode:", "/dev/net")) for file in files), files)
    case.becomes("the route is there", lambda: case.route_to("10.77.0.2").get("prefsrc", "").startswith("10.9.0."))
    case.pings("10.77.0.2")
    case.fetch("http://10.77.0.2/bytes/100000")
    case.equal("exit status", client.stop(), 0)
    case.becomes("the gateway has no SA", lambda: not case.gateway.sas())


@scenario(only="outrider")
def reader_goes(case):
    """Whoever reads the output goes away: no SIGPIPE."""
    case.gateway.configure()
    process = case.host.spawn([case.program, "connect", "gw.test", "--user", "alice", "--ca",
                               case.lab.pki / "ca-ecdsa.crt", "--json", "--password-fd", "0"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    case.at_cleanup(process.kill)
    process.popen.stdin.write(b"wonderland\n")
    process.popen.stdin.close()
    process.popen.stdout.readline()
    process.popen.stdout.close()
    case.becomes("the gateway has an SA", lambda: case.gateway.established())
    case.gateway.rekey_child()
    case.pings("10.77.0.2")
    process.signal(15)
    case.equal("exit status", process.wait(4), 0)
