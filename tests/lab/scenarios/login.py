# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the two sides are: every way to log in, every kind of gateway certificate."""

from outrider_lab.scenario import scenario

RSA, ECDSA = "ca-rsa", "ca-ecdsa"


@scenario(name="eap-mschapv2-rsa-gateway", certificate="gw-rsa", ca=RSA)
@scenario(name="eap-mschapv2-ecdsa-gateway", certificate="gw-ecdsa", ca=ECDSA)
@scenario(name="eap-mschapv2-ecdsa384-gateway", certificate="gw-ecdsa384", ca=ECDSA)
@scenario(name="eap-mschapv2-ed25519-gateway", certificate="gw-ed25519", ca=ECDSA)
@scenario(name="eap-mschapv2-constrained-ca", certificate="gw-constrained", ca="ca-constrained")
def eap_mschapv2(case, certificate, ca):
    """User and password; the gateway proves itself by a certificate."""
    case.gateway.configure(certificate=certificate, login="eap-mschapv2")
    tunnel = case.connect(method="eap-mschapv2", user="alice", password="wonderland", ca=ca)
    case.says(tunnel, gateway="198.51.100.10", gateway_identity="gw.test")
    case.works(tunnel)


@scenario(name="certificate-rsa", cert="alice-rsa")
@scenario(name="certificate-ecdsa", cert="alice-ecdsa")
@scenario(name="certificate-ed25519", cert="alice-ed25519")
def certificate(case, cert):
    """The user proves herself by a certificate in PEM files."""
    case.gateway.configure(login="certificate")
    tunnel = case.connect(method="certificate", cert=cert, key=cert, id="alice@corp.test")
    case.works(tunnel)


@scenario(name="pkcs12-rsa", pkcs12="alice-rsa")
@scenario(name="pkcs12-ecdsa", pkcs12="alice-ecdsa")
@scenario(name="pkcs12-rsa-legacy", pkcs12="alice-rsa-legacy")
def pkcs12(case, pkcs12):
    """Certificate and key in one PKCS#12 file with a passphrase; "legacy" is the RC2/3DES form."""
    case.gateway.configure(login="certificate")
    tunnel = case.connect(method="certificate", pkcs12=pkcs12, password="opensesame",
                          id="alice@corp.test")
    case.works(tunnel)


@scenario
def psk(case):
    """A pre-shared key on both sides."""
    case.gateway.configure(certificate=None, login="psk")
    tunnel = case.connect(method="psk", id="alice", psk="shared in the lab")
    case.works(tunnel)


@scenario
def old_signatures(case):
    """A gateway that does not know RFC 7427 signatures (only RSA with SHA-1, as IKEv2 began)."""
    case.gateway.configure(certificate="gw-rsa", login="certificate",
                           settings="signature_authentication = no")
    tunnel = case.connect(method="certificate", cert="alice-rsa", key="alice-rsa",
                          id="alice@corp.test", ca="ca-rsa")
    case.works(tunnel)


@scenario
def rsa_pss(case):
    """A gateway that signs with RSASSA-PSS."""
    case.gateway.configure(certificate="gw-rsa", login="certificate", settings="rsa_pss = yes")
    tunnel = case.connect(method="certificate", cert="alice-rsa", key="alice-rsa",
                          id="alice@corp.test", ca="ca-rsa")
    case.works(tunnel)


@scenario
def eap_without_identity(case):
    """The gateway does not ask for the EAP identity: it takes the IKE identity for it."""
    case.gateway.configure(login="eap-mschapv2-no-identity")
    tunnel = case.connect()
    case.works(tunnel)


@scenario
def long_chain_without_ip_fragments(case):
    """Three RSA 4096 intermediates, on a path that drops IP fragments: IKE must fragment."""
    case.gateway.configure(certificate="gw-long",
                           chain=("ca-long-1", "ca-long-2", "ca-long-3"))
    case.router.set(drop_fragments=True)
    tunnel = case.connect(ca="ca-long")
    case.works(tunnel)


@scenario
def small_ike_fragments(case):
    """A gateway that fragments at 576 bytes."""
    case.gateway.configure(certificate="gw-long", settings="fragment_size = 576",
                           chain=("ca-long-1", "ca-long-2", "ca-long-3"))
    case.router.set(drop_fragments=True)
    tunnel = case.connect(ca="ca-long")
    case.works(tunnel)


@scenario
def cookie(case):
    """A gateway under load asks for a cookie first: two IKE_SA_INIT requests instead of one."""
    case.gateway.configure(settings="cookie_threshold = 0\n  cookie_threshold_ip = 0")
    tunnel = case.connect()
    case.equal("datagrams to port 500", case.router.datagrams_to(500), 2)
    case.works(tunnel)


@scenario
def invalid_ke(case):
    """The gateway's only group is the second one of the client: INVALID_KE_PAYLOAD, asked again."""
    case.gateway.configure(ike="aes256-sha256-modp3072")
    tunnel = case.connect(ike="aes256-sha256-ecp256-modp3072")
    case.equal("datagrams to port 500", case.router.datagrams_to(500), 2)
    case.works(tunnel)


@scenario(only="outrider")
def profile_file(case):
    """Everything from a profile; file names in it are relative to it."""
    case.gateway.configure()
    profile = case.directory / "lab.profile"
    (case.directory / "ca.pem").write_bytes((case.lab.pki / "ca-ecdsa.crt").read_bytes())
    profile.write_text("[profile]\nname=Lab\n\n"
                       "[gateway]\naddress=gw.test\ntrust=file\nca-file=ca.pem\n\n"
                       "[login]\nmethod=eap-mschapv2\nuser=alice\n\n"
                       f"[network]\nplane={case.lab.plane}\n")
    tunnel = case.connect(profile=str(profile), method=None, user=None, ca=None)
    case.works(tunnel)


@scenario(only="outrider")
def second_address_of_the_profile(case):
    """The first of two gateways in the profile has no address; the second one serves."""
    case.gateway.configure()
    profile = case.directory / "lab.profile"
    profile.write_text("[gateway]\naddress=nowhere.test;gw.test\nidentity=gw.test\ntrust=file\n"
                       f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                       "[login]\nmethod=eap-mschapv2\nuser=alice\n")
    tunnel = case.connect(profile=str(profile), method=None, user=None, ca=None)
    case.works(tunnel)
