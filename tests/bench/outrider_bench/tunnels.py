# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels between the two places, all up at once. Each knows the address to talk to through it, and the process on the
client's side that does the work."""

import shutil
import subprocess
import textwrap

from .place import BenchError, wait_until

CLIENT, GATEWAY = "10.77.0.1", "10.77.0.2"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def answers(client, address):
    wait_until(f"ping {address}", lambda: " 0% packet loss" in client.run(
        "ping", "-c", "1", "-W", "1", address, check=False), seconds=15)


class Outrider:
    """Our userspace plane on both ends, fixed keys."""

    name = "ours"
    inside = "10.91.0.2"
    needs = ()

    def __init__(self, client, gateway, scratch, build, proposal="aes128gcm16", without=""):
        environment = {"OUTRIDER_PUMP_WITHOUT": without}
        self.processes = []
        for place, far, own, spis in ((client, GATEWAY, 1, ("0x1111", "0x2222")),
                                      (gateway, CLIENT, 2, ("0x2222", "0x1111"))):
            process = place.start("outrider", build / "tests/bench/esp-peer", 4501, far, 4501, *spis,
                                  "tun-ours", proposal, environment=environment)
            wait_until("esp-peer", lambda log=process.log: "ready" in log.read_text())
            mtu = process.log.read_text().split()[2]
            place.run("ip", "addr", "add", f"10.91.0.{own}/24", "dev", "tun-ours")
            place.run("ip", "link", "set", "tun-ours", "mtu", mtu, "up")
            self.processes.append(process)
        answers(client, self.inside)

    @property
    def pid(self):
        return self.processes[0].pid

    @property
    def gateway_pid(self):
        return self.processes[1].pid


class StrongSwan:
    """charon with kernel-libipsec on both ends: ESP in userspace."""

    name = "strongswan"
    inside = "10.88.0.1"
    needs = ("/usr/sbin/charon-systemd", "swanctl")
    plugins = ("nonce random drbg openssl aesni gcm chapoly sha2 hmac kdf curve25519 kernel-libipsec "
               "kernel-netlink socket-default vici updown")

    def __init__(self, client, gateway, scratch, build):
        gateway.run("ip", "addr", "add", f"{self.inside}/24", "dev", "lo")
        self.processes = []
        for place, section in ((gateway, self.gateway_section()), (client, self.client_section())):
            folder = scratch / f"strongswan-{place.name}"
            configuration = write(folder / "strongswan.conf", f"""\
                charon-systemd {{
                  start-scripts {{ creds = /usr/sbin/swanctl --load-all }}
                  load = {self.plugins}
                  plugins {{ kernel-libipsec {{ load = yes }} }}
                }}
                swanctl {{ load = random openssl pem pkcs1 }}
                """)
            write(folder / "swanctl/swanctl.conf", section + textwrap.dedent("""\
                secrets { ike-1 { secret = "not a secret" } }
                """))
            for name in ("conf.d", "x509", "private"):
                (folder / "swanctl" / name).mkdir(exist_ok=True)
            environment = {"STRONGSWAN_CONF": str(configuration),
                           "SWANCTL_DIR": str(folder / "swanctl")}
            process = place.start("strongswan", "/usr/sbin/charon-systemd", mount=True,
                                  environment=environment)
            process.environment = environment
            self.processes.insert(0, process)
            wait_until("charon", lambda p=process: "net" in self.swanctl(p, "--list-conns"))
        text = self.swanctl(self.processes[0], "--initiate", "--child", "net", "--timeout", "10")
        if "completed successfully" not in text:
            raise BenchError(f"strongSwan does not connect: {text}")
        answers(client, self.inside)

    @staticmethod
    def section(own, remote, child, more=""):
        return textwrap.dedent(f"""\
            connections {{
              peer {{
                version = 2
                {own}
                proposals = aes128gcm16-prfsha256-x25519
                encap = yes
                mobike = no
                local {{ auth = psk }}
                remote {{ auth = psk }}
                {remote}
                children {{
                  net {{
                    {child}
                    esp_proposals = aes128gcm16
                    rekey_time = 0
                  }}
                }}
              }}
            }}
            {more}
            """)

    def gateway_section(self):
        return self.section(f"local_addrs = {GATEWAY}", "pools = p", "local_ts = 10.88.0.0/16",
                            "pools { p { addrs = 10.92.0.0/24 } }")

    def client_section(self):
        return self.section(f"local_addrs = {CLIENT}\n    remote_addrs = {GATEWAY}",
                            "vips = 0.0.0.0", "remote_ts = 10.88.0.0/16")

    @staticmethod
    def swanctl(process, *words):
        command = ["nsenter", "--target", str(process.pid), "--mount", "--net", "swanctl", *words]
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False,
                                stderr=subprocess.STDOUT, timeout=20,
                                env={**process.environment, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        return result.stdout

    @property
    def pid(self):
        return self.processes[0].pid

    @property
    def gateway_pid(self):
        return self.processes[1].pid


class OpenVpn:
    """OpenVPN over UDP, AES-GCM, its own data channel in userspace."""

    name = "openvpn"
    inside = "10.93.0.1"
    needs = ("openvpn", "openssl")

    def __init__(self, client, gateway, scratch, build):
        folder = scratch / "openvpn"
        folder.mkdir()
        prints = {}
        for role in ("server", "client"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={role}",
                            "-keyout", folder / f"{role}.key", "-out", folder / f"{role}.crt"],
                           check=True, capture_output=True)
            prints[role] = subprocess.run(
                ["openssl", "x509", "-in", folder / f"{role}.crt", "-noout", "-fingerprint", "-sha256"],
                check=True, capture_output=True, text=True).stdout.split("=")[1].strip()
        common = ["--dev", "tun-ovpn", "--dev-type", "tun", "--proto", "udp4", "--disable-dco",
                  "--cipher", "AES-128-GCM", "--data-ciphers", "AES-128-GCM", "--sndbuf", "2000000",
                  "--rcvbuf", "2000000", "--port", "1194", "--reneg-sec", "0"]
        server = gateway.start("openvpn", "openvpn", *common, "--tls-server", "--dh", "none",
                               "--ifconfig", "10.93.0.1", "10.93.0.2", "--cert",
                               folder / "server.crt", "--key", folder / "server.key",
                               "--peer-fingerprint", prints["client"])
        own = client.start("openvpn", "openvpn", *common, "--tls-client", "--remote", GATEWAY,
                           "--ifconfig", "10.93.0.2", "10.93.0.1", "--cert", folder / "client.crt",
                           "--key", folder / "client.key", "--peer-fingerprint", prints["server"])
        self.pid, self.gateway_pid = own.pid, server.pid
        answers(client, self.inside)


class WireGuardGo:
    """Debian's wireguard-go on both ends (ChaCha20, its only cipher)."""

    name = "wireguard-go"
    inside = "10.94.0.2"
    needs = ("wireguard-go", "wg")

    def __init__(self, client, gateway, scratch, build):
        keys = {}
        for role in ("client", "gateway"):
            path = scratch / f"wg-{role}.key"
            path.write_text(subprocess.run(["wg", "genkey"], check=True, capture_output=True,
                                           text=True).stdout)
            path.chmod(0o600)
            keys[role] = subprocess.run(["wg", "pubkey"], input=path.read_text(), check=True,
                                        capture_output=True, text=True).stdout.strip()
        pids = []
        for place, role, other, far, number in ((client, "client", "gateway", GATEWAY, 1),
                                                (gateway, "gateway", "client", CLIENT, 2)):
            device = f"wg-{role}"
            process = place.start("wireguard-go", "wireguard-go", "--foreground", device,
                                  environment={"LOG_LEVEL": "error"})
            wait_until(device, lambda: device in place.run("ip", "-o", "link"))
            wait_until(device, lambda: "Unable" not in place.run(
                "wg", "set", device, "listen-port", "51820", "private-key", scratch / f"{device}.key",
                "peer", keys[other], "allowed-ips", "0.0.0.0/0", "endpoint", f"{far}:51820",
                check=False))
            place.run("ip", "addr", "add", f"10.94.0.{number}/24", "dev", device)
            place.run("ip", "link", "set", device, "mtu", "1420", "up")
            pids.append(process.pid)
        self.pid, self.gateway_pid = pids
        answers(client, self.inside)


class OpenConnect:
    """openconnect and ocserv: DTLS 1.2, AES-GCM."""

    name = "openconnect"
    inside = "10.95.0.1"
    needs = ("openconnect", "ocserv", "ocpasswd", "openssl")

    def __init__(self, client, gateway, scratch, build):
        folder = scratch / "openconnect"
        folder.mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=gw", "-addext", f"subjectAltName=IP:{GATEWAY}", "-keyout",
                        folder / "gw.key", "-out", folder / "gw.crt"], check=True, capture_output=True)
        subprocess.run(["ocpasswd", "-c", folder / "passwd", "alice"], input="wonderland\n" * 2,
                       text=True, check=True, capture_output=True)
        configuration = write(folder / "ocserv.conf", f"""\
            auth = "plain[passwd={folder}/passwd]"
            tcp-port = 4443
            udp-port = 4443
            run-as-user = root
            run-as-group = root
            socket-file = {folder}/socket
            server-cert = {folder}/gw.crt
            server-key = {folder}/gw.key
            isolate-workers = false
            max-clients = 4
            device = oc
            ipv4-network = 10.95.0.0
            ipv4-netmask = 255.255.255.0
            route = 10.95.0.0/24
            tls-priorities = "NORMAL:%SERVER_PRECEDENCE:-VERS-TLS1.3"
            cookie-timeout = 300
            mtu = 1500
            """)
        script = write(folder / "script", """\
            #!/bin/sh
            [ "$reason" = connect ] || exit 0
            ip addr add "$INTERNAL_IP4_ADDRESS/24" dev "$TUNDEV"
            ip link set "$TUNDEV" mtu "${INTERNAL_IP4_MTU:-1400}" up
            """)
        script.chmod(0o755)
        gateway.start("ocserv", "ocserv", "--foreground", "--config", configuration)
        wait_until("ocserv", lambda: ":4443" in gateway.run("ss", "-ltn"))
        (folder / "password").write_text("wonderland\n")
        own = client.start("openconnect", "sh", "-c",
                           f"exec openconnect --user alice --passwd-on-stdin --servercert "
                           f"\"$(openssl x509 -in {folder}/gw.crt -pubkey -noout | openssl pkey -pubin -outform der"
                           f" | openssl dgst -sha256 -binary | base64 | sed s/^/pin-sha256:/)\" --script {script} "
                           f"--interface tun-oc https://{GATEWAY}:4443 < {folder}/password")
        self.pid, self.gateway_pid = own.pid, None
        answers(client, self.inside)
        wait_until("DTLS", lambda: "DTLS" in own.log.read_text())


PEERS = (StrongSwan, OpenVpn, WireGuardGo, OpenConnect)


def missing(tunnel):
    return [program for program in tunnel.needs if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
            is None]
