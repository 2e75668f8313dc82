# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: each failure has its own code and exit status, a sentence and a hint, and leaves the host
as it was (which is checked after every scenario)."""

import shutil
import time

from outrider_lab.scenario import scenario

IKE = "udp dport { 500, 4500 }"


@scenario
def name_not_resolved(case):
    """The gateway's name does not exist."""
    event = case.fails("name-not-resolved", 10, host="nowhere.test")
    if case.is_outrider:
        case.check("the message names the name", "nowhere.test" in event["message"], event)


@scenario
def nobody_answers(case):
    """The path swallows everything: the end comes when --timeout says so."""
    case.gateway.configure()
    case.router.set(drop=[IKE])
    started = time.monotonic()
    case.fails("no-answer", 20, timeout=2)
    case.check("within the time", 1.5 < time.monotonic() - started < 4,
               f"{time.monotonic() - started:.1f} s")


@scenario(only="outrider")
def none_of_several_addresses_answers(case):
    """A name with four addresses has no more time than one with a single one."""
    case.gateway.configure()
    case.prepare("for last in 10 11 12 13; do echo 198.51.100.$last many.test >> /etc/hosts; done",
                 "sed -i /many.test/d /etc/hosts")
    case.router.set(drop=[IKE])
    started = time.monotonic()
    case.fails("no-answer", 20, host="many.test", timeout=4)
    case.check("within the time", 3.5 < time.monotonic() - started < 6, f"{time.monotonic() - started:.1f} s")


@scenario(only="outrider")
def no_name_server_answers(case):
    """--timeout counts for the name, too, however patient the system's resolver is."""
    case.router.set(drop=["udp dport 53", "tcp dport 53"])
    started = time.monotonic()
    event = case.fails("name-not-resolved", 10, host="nowhere.test", timeout=2)
    case.check("within the time", 1.5 < time.monotonic() - started < 4, f"{time.monotonic() - started:.1f} s")
    case.check("the message names the name", "nowhere.test" in event["message"], event)


@scenario
def nobody_answers_on_4500(case):
    """IKE_SA_INIT passes, port 4500 does not."""
    case.gateway.configure()
    case.router.set(drop=["udp dport 4500"])
    event = case.fails("no-answer", 20, timeout=2)
    if case.is_outrider:
        case.check("the message says how far it came",
                   ":4500 does not answer" in event["message"] and "it answered IKE_SA_INIT" in event["message"],
                   event)


@scenario(only="outrider")
def a_long_answer_is_lost(case):
    """A path that drops IP fragments, and a gateway that does not know those of IKE."""
    case.gateway.configure("gw-long", login="eap-mschapv2", connection="fragmentation = no",
                           chain=("ca-long-1", "ca-long-2", "ca-long-3"))
    case.router.set(drop_fragments=True)
    event = case.fails("no-answer", 20, ca="ca-long", timeout=2)
    case.check("the message says what may be", "does not fragment" in event["message"], event)


@scenario
def icmp_refused(case):
    """The router answers with "port unreachable"."""
    case.gateway.configure()
    case.router.set(refuse=True)
    case.fails("unreachable", 20, timeout=5)


@scenario(only="outrider")
def no_route(case):
    """This host has no route to the gateway."""
    case.prepare("ip route del default; echo '198.51.100.10 gw.test' >> /etc/hosts",
                 "ip route add default via 192.168.77.1; sed -i /gw.test/d /etc/hosts")
    case.fails("unreachable", 20, timeout=5)


@scenario
def no_common_ike_proposal(case):
    """The gateway knows none of the client's IKE proposals."""
    case.gateway.configure(ike="aes256-sha512-modp4096")
    event = case.fails("no-proposal", 30, ike="aes128-sha256-modp3072")
    if case.is_outrider:
        case.check("the message shows the offer", "aes128" in event["message"], event)


@scenario(only="outrider")
def no_common_esp_proposal(case):
    """The gateway knows none of the client's ESP proposals."""
    case.gateway.configure(esp="aes256-sha512")
    event = case.fails("no-proposal", 30, esp="aes128gcm16")
    case.check("the message shows the offer", "aes128gcm16" in event["message"], event)


@scenario
def wrong_psk(case):
    """The pre-shared keys differ."""
    case.gateway.configure(certificate=None, login="psk")
    event = case.fails("login-refused", 41, method="psk", psk="another")
    if case.is_outrider:
        case.check("the message names the key", "pre-shared key" in event["message"], event)


@scenario(name="gateway-unknown-ca", certificate="gw-unknown", code="ca-unknown")
@scenario(name="gateway-expired", certificate="gw-expired", code="certificate-expired")
@scenario(name="gateway-wrong-usage", certificate="gw-client-usage", code="certificate-invalid",
          only="outrider")
@scenario(name="gateway-outside-of-name-constraints", certificate="gw-elsewhere", ca="ca-elsewhere",
          code=("certificate-invalid", "name-mismatch"))
def not_trusted(case, certificate, code, ca="ca-ecdsa"):
    """The gateway's certificate is not to be believed: no password is sent."""
    case.gateway.configure(certificate=certificate)
    case.fails(code, 40, ca=ca)


@scenario
def gateway_wrong_name(case):
    """The certificate speaks for other names, and the message shows which."""
    case.gateway.configure(certificate="gw-wrong-name")
    event = case.fails("name-mismatch", 40)
    if case.is_outrider:
        case.check("the message shows the certificate's names",
                   "other.test" in event["message"] and "vpn.other.test" in event["message"], event)


@scenario
def other_identity_wanted(case):
    """The user typed another identity than the gateway proves."""
    case.gateway.configure()
    case.fails("name-mismatch", 40, gateway_id="vpn.example.com")


@scenario
def wrong_password(case):
    """MSCHAPv2 says 691."""
    case.gateway.configure()
    case.fails("password-wrong", 41, password="looking glass")


@scenario
def unknown_user(case):
    """The gateway does not know the user."""
    case.gateway.configure()
    case.fails(("password-wrong", "login-refused"), 41, user="mallory")


@scenario(only="outrider")
def eap_method_refused(case):
    """The gateway offers only EAP-MD5, which proves nothing about the gateway."""
    case.gateway.configure(login="eap-md5")
    case.fails("eap-method-refused", 41)


@scenario
def user_certificate_not_accepted(case):
    """The user's certificate comes from a CA that the gateway does not know."""
    case.gateway.configure(login="certificate")
    case.fails("login-refused", 41, method="certificate", cert="gw-unknown", key="gw-unknown",
               id="gw.test")


@scenario(only="outrider", name="user-certificate-expired", cert="gw-expired", id="gw.test", words="; now is 20")
@scenario(only="outrider", name="user-certificate-of-another-name", cert="alice-ecdsa", id="bob@corp.test",
          words="speaks for alice@corp.test, not for bob@corp.test")
def user_certificate_of_no_use(case, cert, words, **identity):
    """The gateway does not say why it refuses the user's certificate; the certificate does."""
    case.gateway.configure(login="certificate")
    event = case.fails("login-refused", 41, method="certificate", cert=cert, key=cert, **identity)
    case.check("the message says what is wrong", words in event["message"], event)


@scenario(only="outrider")
def no_virtual_address(case):
    """The gateway has no pool for us."""
    case.gateway.configure(pools="")
    case.fails("no-address", 50)


@scenario(only="outrider")
def selectors_refused(case):
    """The gateway's policy does not cover the address it gave us."""
    case.gateway.configure(child="remote_ts = 192.0.2.0/24")
    case.fails("selectors-refused", 50)


@scenario(only="outrider")
def no_rights(case):
    """An ordinary user without capabilities."""
    case.gateway.configure()
    # Where nobody can reach it, whatever the checkout's permissions are.
    program = case.directory / "outrider"
    shutil.copy(case.program, program)
    case.program = program
    case.fails("no-rights", 60, readable=True, wrap=[
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
        "--inh-caps=-all"])


@scenario(only="outrider", plane="userspace")
def no_tun(case):
    """/dev/net/tun does not exist."""
    case.gateway.configure()
    case.prepare("mount -t tmpfs tmpfs /dev/net", "umount /dev/net")
    case.fails("no-tun", 60)


def profile(case, text):
    path = case.directory / "bad.profile"
    path.write_text(text)
    return str(path)


@scenario(only="outrider", name="profile-unknown-key", wrong="colour=blue")
@scenario(only="outrider", name="profile-bad-network", wrong="[network]\nroutes=10.0.0.0/33")
@scenario(only="outrider", name="profile-bad-dns", wrong="[network]\ndns=10.77.0.256")
@scenario(only="outrider", name="profile-unknown-section", wrong="[colours]\nroof=blue")
def profile_invalid(case, wrong):
    """A profile that cannot be meant so; the message says file, line and key."""
    text = f"[gateway]\naddress=gw.test\n{wrong}\n"
    path = profile(case, text)
    event = case.fails("profile-invalid", 70, profile=path, method=None, user=None, ca=None)
    key = wrong.splitlines()[-1].partition("=")[0] if "roof" not in wrong else "colours"
    line = text.splitlines().index(wrong.splitlines()[0 if "roof" in wrong else -1]) + 1
    case.check("the message names the key", key in event["message"], event)
    case.check("the message names the line", str(line) in event["message"], event)
    case.check("the message names the file", "bad.profile" in event["message"], event)


@scenario(only="outrider")
def profile_missing(case):
    """The profile's file does not exist."""
    event = case.fails(("file", "profile-invalid"), 70, profile="/nonexistent/lab.profile",
                       method=None, user=None, ca=None)
    case.check("the message names the file", "/nonexistent/lab.profile" in event["message"], event)


@scenario(only="outrider")
def ca_file_missing(case):
    """The file of --ca does not exist."""
    event = case.fails("file", 70, ca="nonexistent")
    case.check("the message names the file", "nonexistent.crt" in event["message"], event)


@scenario(only="outrider")
def ca_file_is_no_certificate(case):
    """The file of --ca holds something else."""
    path = case.directory / "ca.pem"
    path.write_text("not a certificate\n")
    event = case.fails("file", 70, ca=None, more=["--ca", str(path)])
    case.check("the message names the file", str(path) in event["message"], event)


@scenario(only="outrider")
def pkcs12_wrong_passphrase(case):
    """The passphrase does not open the PKCS#12 file."""
    case.gateway.configure(login="certificate")
    case.fails("secret-wrong", 42, method="certificate", pkcs12="alice-rsa", password="closesesame",
               id="alice@corp.test")


@scenario(only="outrider")
def nobody_to_ask(case):
    """No password given and no terminal."""
    case.gateway.configure()
    case.fails("secret-needed", 42, password=None)


@scenario(only="outrider", name="usage-no-host", words=["connect"])
@scenario(only="outrider", name="usage-unknown-option", words=["connect", "gw.test", "--colour"])
@scenario(only="outrider", name="usage-unknown-command", words=["conect", "gw.test"])
@scenario(only="outrider", name="usage-bad-method",
          words=["connect", "gw.test", "--method", "telepathy"])
def usage(case, words):
    """The command line is wrong: status 2, and something on standard error."""
    client = case.start(raw=words)
    case.equal("exit status", client.process.wait(5), 2)
    complaint = client.log.read_text().splitlines()[1:]
    case.check("it says why", bool(complaint), complaint)
