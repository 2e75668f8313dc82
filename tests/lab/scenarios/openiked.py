# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that others wrote: OpenIKED. Its iked needs a kernel with ESP, so this is for the kernel plane."""

from outrider_lab.openiked import OpenIked
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Ping

OUTSIDE = "203.0.113.2"
PASSWORD = {"login": 'eap "mschap-v2"', "settings": 'user "alice" "wonderland"'}


@scenario(only="outrider", plane="kernel", limit=20)
def openiked_pre_shared_key(case):
    """A pre-shared key, behind a NAT; address, networks and name server are the gateway's."""
    OpenIked(case).configure(networks=["10.77.0.0/24", "10.78.0.0/24"])
    tunnel = case.connect(method="psk")
    case.says(tunnel, routes=["10.77.0.0/24", "10.78.0.0/24"], dns=["10.77.0.2"], behind_nat=True)
    case.works(tunnel)
    case.works(tunnel, "10.78.0.2")
    case.resolves("www.corp.test", "10.77.0.2")


@scenario(only="outrider", plane="kernel", name="openiked-ipv6", nat=False)
@scenario(only="outrider", plane="kernel", name="openiked-ipv6-nat", nat=True)
def openiked_ipv6(case, nat):
    """IPv6 outside and inside; the children of its PF_KEY carry no other family than their own."""
    case.router.set(nat=nat)
    OpenIked(case).configure(networks=["fd00:77::/64"], pool="fd00:9::/120")
    tunnel = case.connect(method="psk", host="gw6.test", gateway_id="gw.test")
    case.says(tunnel, routes=["fd00:77::/64"], behind_nat=nat)
    case.works(tunnel, "fd00:77::2")


@scenario(only="outrider", plane="kernel", name="openiked-password-rsa", certificate="rsa")
@scenario(only="outrider", plane="kernel", name="openiked-password-ecdsa", certificate="ecdsa")
def openiked_password(case, certificate):
    """EAP-MSCHAPv2, and the gateway has a certificate; a full tunnel."""
    OpenIked(case).configure(certificate=f"gw-{certificate}", ca=[f"ca-{certificate}"], networks=["0.0.0.0/0"],
                             **PASSWORD)
    tunnel = case.connect(ca=f"ca-{certificate}")
    case.goes_inside(tunnel, OUTSIDE)
    case.check("it leaves at the gateway", '"198.51.100.10"' in case.fetch(f"http://{OUTSIDE}/"))
    case.works(tunnel)


@scenario(only="outrider", plane="kernel", name="openiked-rsa", certificate="rsa")
@scenario(only="outrider", plane="kernel", name="openiked-ecdsa", certificate="ecdsa")
def openiked_certificate(case, certificate):
    """Certificates on both sides, over a path without IP fragments and without a NAT: ESP without UDP."""
    case.router.set(nat=False, drop_fragments=True)
    OpenIked(case).configure(certificate=f"gw-{certificate}", ca=[f"ca-{certificate}"])
    tunnel = case.connect(method="certificate", ca=f"ca-{certificate}", cert=f"alice-{certificate}",
                          key=f"alice-{certificate}")
    case.says(tunnel, behind_nat=False)
    case.works(tunnel)


@scenario(only="outrider", plane="kernel")
def openiked_refuses_the_key(case):
    """A wrong pre-shared key is refused in so many words."""
    OpenIked(case).configure()
    case.fails("login-refused", 41, method="psk", psk="another")


@scenario(only="outrider", plane="kernel")
def openiked_refuses_the_algorithms(case):
    """Nothing in common for the child: it ends the connection in IKE_AUTH with a notify alone."""
    OpenIked(case).configure(child="enc 3des auth hmac-sha1")
    event = case.fails("no-proposal", 30, method="psk")
    case.equal("stage", event["stage"], "IKE_AUTH")


@scenario(only="outrider", plane="kernel")
def openiked_ignores_a_wrong_password(case):
    """To a wrong password it says nothing at all, neither in EAP nor in IKE."""
    OpenIked(case).configure(certificate="gw-ecdsa", ca=["ca-ecdsa"], **PASSWORD)
    event = case.fails("no-answer", 20, password="looking glass", timeout=2)
    case.equal("stage", event["stage"], "IKE_AUTH")


@scenario(only="outrider", plane="kernel", limit=20)
def openiked_rekeys(case):
    """It rekeys the child and the IKE SA on its own, with a key exchange; no ping is lost."""
    OpenIked(case).configure(child="enc aes-256 auth hmac-sha2-512 group curve25519",
                             lifetimes="ikelifetime 4 lifetime 3")
    tunnel = case.connect(method="psk")
    ping, rekeyed = Ping(case), []
    while rekeyed.count("child") < 2 or rekeyed.count("ike") < 1:
        event = tunnel.client.wait_event({"event": "rekeyed"}, 5)
        case.check("rekeyed", event is not None, rekeyed)
        rekeyed.append(event["sa"])
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", plane="kernel")
def openiked_is_rekeyed(case):
    """We rekey the child, with the group that it wants, and the IKE SA; no ping is lost."""
    OpenIked(case).configure(child="enc aes-256 auth hmac-sha2-512 group ecp384")
    tunnel = case.connect(method="psk")
    ping = Ping(case)
    for sa, numbers, words in (("child", case.gateway.children, ()), ("ike", case.gateway.sas, ("--ike",)),
                               ("child", case.gateway.children, ())):
        old = numbers()
        case.host.must(case.program, "rekey", *words)
        case.check(f"rekeyed: {sa}", tunnel.client.wait_event({"event": "rekeyed", "sa": sa}, 5) is not None)
        case.becomes("the gateway has one new SA", lambda: len(numbers()) == 1 and numbers() != old)
    ping.lost_nothing()
    case.works(tunnel)


def impatient(case):
    """A profile that soon misses the gateway."""
    profile = case.directory / "impatient.profile"
    profile.write_text("[gateway]\naddress=gw.test\n[session]\ndpd-delay=1\n")
    return {"profile": str(profile), "method": "psk", "password": None}


@scenario(only="outrider", plane="kernel", name="openiked-deletes",
          end=lambda gateway: gateway.delete("FQDN/alice"), code="gateway-closed")
@scenario(only="outrider", plane="kernel", name="openiked-restarts",
          end=lambda gateway: gateway.restart(), code="connection-lost")
def openiked_ends(case, end, code):
    """It deletes the IKE SA, or is restarted, which it does without a word: we come back."""
    OpenIked(case).configure()
    tunnel = case.connect(**impatient(case), timeout=2, once=False)
    end(case.gateway)
    event = tunnel.client.wait_event({"event": "state", "state": "reconnecting"}, 6)
    case.equal("the reason to connect anew", event and event.get("code"), code)
    tunnel.ended = True
    case.works(case.came_up(tunnel.client))
