# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways with odd but legal configurations: how they call themselves, what they send, what they allow."""

from outrider_lab.scenario import scenario

DN = "O=Outrider lab gw-ecdsa, CN=gw.test"


@scenario(name="gateway-named-by-dn", identity=f'"{DN}"')
@scenario(name="gateway-named-by-address", identity="198.51.100.10")
@scenario(name="gateway-named-by-mail", identity="vpn@corp.test", certificate="gw-mail")
@scenario(name="gateway-named-by-dn-as-typed", identity=f'"{DN}"', typed=DN)
@scenario(name="gateway-named-by-mail-as-typed", identity="vpn@corp.test", certificate="gw-mail",
          typed="vpn@corp.test")
@scenario(name="gateway-named-by-dn-but-typed-by-name", identity=f'"{DN}"', typed="gw.test")
def named(case, identity, certificate="gw-ecdsa", typed=None):
    """The gateway's identity is not its host name; its certificate speaks for what the user typed."""
    case.gateway.configure(identity=identity, certificate=certificate)
    tunnel = case.connect(gateway_id=typed if case.is_outrider else identity.strip('"'))
    case.works(tunnel)


@scenario(name="several-certificates-rsa", ca="ca-rsa")
@scenario(name="several-certificates-ecdsa", ca="ca-ecdsa")
def several_certificates(case, ca):
    """A gateway with two certificates takes the one of the CA that we ask for."""
    case.gateway.configure(certificate=("gw-rsa", "gw-ecdsa"))
    case.works(case.connect(ca=ca))


@scenario(name="second-identity", only="outrider")
def second_identity(case):
    """Two connections at one address; the identity that the user types chooses the second."""
    case.gateway.configure(certificate=("gw-ecdsa", "gw-wrong-name"), connections="""
  other {
    version = 2
    local_addrs = 198.51.100.10
    pools = v6
    local {
      auth = pubkey
      id = other.test
      certs = gw-wrong-name.crt
    }
    remote {
      auth = eap-mschapv2
      eap_id = %any
    }
    children {
      net {
        local_ts = fd00:77::/64
      }
    }
  }""")
    tunnel = case.connect(gateway_id="other.test")
    case.equal("virtual IPv4 address", tunnel.v4, None)
    case.works(tunnel, "fd00:77::2")


@scenario(name="certificate-sent-if-asked", connection="send_cert = ifasked")
@scenario(name="certificate-sent-never", connection="send_cert = never", fails=True)
def certificates_sent(case, connection, fails=False):
    """A gateway that sends its certificate only when asked is asked; one that never does is an error."""
    case.gateway.configure(connection=connection)
    if fails:
        case.fails("gateway-auth-failed", 40)
    else:
        case.works(case.connect())


def bundle(case, *names):
    path = case.directory / "bundle.pem"
    path.write_text("".join((case.lab.pki / f"{name}.crt").read_text() for name in names))
    return ["--ca", str(path)]


@scenario(only="outrider")
def intermediates_in_our_bundle(case):
    """The gateway sends no intermediate; they are in the user's file."""
    case.gateway.configure(certificate="gw-long")
    tunnel = case.connect(ca=None, more=bundle(case, "ca-other", "ca-long-2", "ca-long", "ca-long-3",
                                               "ca-long-1"))
    case.works(tunnel)


@scenario(only="outrider")
def intermediate_missing(case):
    """The gateway sends no intermediate, and nobody has one."""
    case.gateway.configure(certificate="gw-long")
    case.fails("ca-unknown", 40, ca="ca-long")


@scenario(only="outrider")
def pinned_leaf(case):
    """--ca is the gateway's own certificate."""
    case.gateway.configure()
    case.works(case.connect(ca="gw-ecdsa"))


@scenario(only="outrider")
def other_pinned_leaf(case):
    """--ca is another gateway's certificate of the same CA."""
    case.gateway.configure()
    case.fails("ca-unknown", 40, ca="gw-mail")


@scenario(only="outrider")
def system_authorities(case):
    """No --ca: the company's CA is installed on the host."""
    pem = case.lab.pki / "ca-ecdsa.crt"
    case.prepare(f"cp -a /etc/ssl/certs /run/certs; cp {pem} /run/certs/lab.pem\n"
                 f"ln -s lab.pem /run/certs/$(openssl x509 -noout -hash -in {pem}).0\n"
                 f"cat {pem} >> /run/certs/ca-certificates.crt\n"
                 "mkdir -p /etc/ssl/certs; mount --bind /run/certs /etc/ssl/certs",
                 "umount /etc/ssl/certs; rm -r /run/certs")
    case.gateway.configure()
    case.works(case.connect(ca=None))


@scenario(only="outrider")
def system_authorities_without_ours(case):
    """No --ca, and the host does not know the company's CA."""
    case.gateway.configure()
    case.fails("ca-unknown", 40, ca=None)


@scenario(only="outrider")
def two_rounds(case):
    """The gateway wants a certificate and a password: a clear refusal."""
    case.gateway.configure(login="certificate+eap")
    case.fails("login-refused", 41)
    case.fails("login-refused", 41, method="certificate", cert="alice-ecdsa", key="alice-ecdsa",
               id="alice@corp.test")


@scenario(only="outrider")
def childless(case):
    """The gateway insists on IKE SAs without a child."""
    case.gateway.configure(connection="childless = force")
    case.fails("gateway-refused", 20)


@scenario(only="outrider")
def pool_exhausted(case):
    """The pool's only address is taken by somebody else."""
    case.gateway.configure(addresses="10.9.0.1", connection="unique = never")
    first = case.connect()
    second = case.start(host="gw.test", user="alice", password="wonderland", ca="ca-ecdsa")
    event, status = second.failed(8)
    case.equal("code", event.get("code"), "no-address")
    case.equal("exit status", status, 50)
    case.works(first)


@scenario(name="mobike", connection="mobike = yes")
@scenario(name="no-mobike", connection="mobike = no")
@scenario(name="encap-no", connection="encap = no")
@scenario(name="fragmentation-no", connection="fragmentation = no")
@scenario(name="fragmentation-force", connection="fragmentation = force", settings="fragment_size = 300")
def switches(case, **options):
    """A switch of the gateway's connection."""
    case.gateway.configure(**options)
    case.works(case.connect())


@scenario
def narrow_network(case):
    """The gateway narrows the networks to a /30."""
    case.gateway.configure(local_ts="10.77.0.0/30")
    tunnel = case.connect()
    case.goes_inside(tunnel, "10.77.0.4", False)
    case.works(tunnel)


@scenario(only="outrider")
def selectors_with_ports(case):
    """Selectors with protocols and ports: what they name passes, the rest of the host does not."""
    case.gateway.configure(local_ts="10.77.0.0/24[icmp], 10.77.0.0/24[tcp/80], 10.78.0.0/24[tcp/80]")
    tunnel = case.connect()
    case.works(tunnel)
    case.fetches(tunnel, "10.78.0.2")
    result = case.host.run("ping", "-n", "-c", "2", "-i", "0.1", "-W", "1", "10.78.0.2")
    case.check("no pings where only TCP is allowed", result.returncode != 0, result.stdout)


@scenario(only="outrider", name="big-psk", psk="0123456789abcdef" * 64)
@scenario(only="outrider", name="utf8-psk", psk="Schlüssel 密码 🔑")
def psks(case, psk):
    """A pre-shared key of a kilobyte, and one beyond ASCII."""
    case.gateway.configure(certificate=None, login="psk", psk=psk)
    case.works(case.connect(method="psk", psk=psk))
