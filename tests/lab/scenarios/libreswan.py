# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that others wrote: libreswan. Its pluto needs a kernel with ESP, so this is for the kernel plane."""

import json

from outrider_lab.libreswan import Libreswan
from outrider_lab.scenario import scenario
from outrider_lab.traffic import Ping


def as_alice(certificate):
    """Logs in with a certificate of the CA that the gateway's certificate has, too."""
    return {"method": "certificate", "ca": f"ca-{certificate}", "cert": f"alice-{certificate}",
            "key": f"alice-{certificate}"}


@scenario(only="outrider", plane="kernel", limit=20)
def libreswan_pre_shared_key(case):
    """A pre-shared key, behind a NAT; network, name server and domain are the gateway's."""
    Libreswan(case).configure(connection="modecfgdns=10.77.0.2\n    modecfgdomains=corp.test")
    tunnel = case.connect(method="psk")
    case.says(tunnel, routes=["10.77.0.0/24"], dns=["10.77.0.2"], domains=["corp.test"], behind_nat=True)
    case.works(tunnel)
    case.resolves("www.corp.test", "10.77.0.2")


@scenario(only="outrider", plane="kernel", name="libreswan-rsa-full-tunnel", certificate="rsa", authby="rsa-sha2",
          full=True)
@scenario(only="outrider", plane="kernel", name="libreswan-ecdsa", certificate="ecdsa", authby="ecdsa",
          full=False)
def libreswan_certificate(case, certificate, authby, full):
    """Certificates on both sides, without a NAT; of RSA signatures it takes PSS alone."""
    case.router.set(nat=False)
    Libreswan(case).configure(certificate=f"gw-{certificate}", ca=[f"ca-{certificate}"],
                              local_ts="0.0.0.0/0" if full else "10.77.0.0/24", login=f"authby={authby}\n    rightca=%same")
    tunnel = case.connect(**as_alice(certificate))
    case.says(tunnel, behind_nat=False)
    case.works(tunnel)
    case.goes_inside(tunnel, "203.0.113.2", full)


@scenario(only="outrider", plane="kernel")
def libreswan_long_chain_in_fragments(case):
    """A chain of big certificates over a path without IP fragments."""
    case.router.set(drop_fragments=True)
    Libreswan(case).configure(certificate="gw-long", login="sendca=all\n    rightca=%any",
                              ca=["ca-long-3", "ca-long-2", "ca-long-1", "ca-long", "ca-rsa"],
                              connection="fragmentation=force")
    tunnel = case.connect(**as_alice("rsa") | {"ca": "ca-long"})
    case.works(tunnel)


@scenario(only="outrider", plane="kernel", limit=30)
def libreswan_rekeys(case):
    """Either side rekeys the child and the IKE SA; no ping is lost."""
    Libreswan(case).configure()
    tunnel = case.connect(method="psk")
    ping = Ping(case)

    def rekeyed(sa, numbers, rekey):
        old = numbers()
        rekey()
        case.check(f"rekeyed: {sa}", tunnel.client.wait_event({"event": "rekeyed", "sa": sa}, 5) is not None)
        case.becomes("the gateway has one new SA", lambda: len(numbers()) == 1 and numbers() != old)

    rekeyed("child", case.gateway.children, case.gateway.rekey_child)
    rekeyed("ike", case.gateway.sas, case.gateway.rekey_ike)
    rekeyed("child", case.gateway.children, lambda: case.host.must(case.program, "rekey"))
    rekeyed("ike", case.gateway.sas, lambda: case.host.must(case.program, "rekey", "--ike"))
    rekeyed("child", case.gateway.children, case.gateway.rekey_child)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", plane="kernel", limit=20)
def libreswan_deletes(case):
    """It deletes the child and gets another, then the IKE SA: with --once that is the end."""
    Libreswan(case).configure()
    tunnel = case.connect(method="psk")
    old, = case.gateway.children()
    case.gateway.delete(old)
    case.becomes("the gateway has a new child", lambda: case.gateway.children() not in ([], [old]))
    case.works(tunnel)
    case.gateway.delete(case.gateway.sas()[0])
    event, status = tunnel.client.failed(5)
    tunnel.ended = True
    case.equal("code", event.get("code"), "gateway-closed")
    case.equal("exit status", status, 80)


@scenario(only="outrider", plane="kernel", limit=30)
def libreswan_is_probed(case):
    """Over IPv6 and a path that swallows more than 1400 octets: liveness checks and searches for its width pass."""
    case.router.set(mtu=1400, silent=True)
    Libreswan(case).configure(address="2001:db8:100::10", local_ts="fd00:77::/64", pool="fd00:9::10-fd00:9::99",
                              connection="dpddelay=1\n    dpdaction=clear")
    tunnel = case.connect(method="psk", host="gw6.test", gateway_id="gw.test")
    case.works(tunnel, "fd00:77::2")
    before = case.gateway.sas()
    case.becomes("the tunnel's MTU fits", lambda: 1315 <= json.loads(case.host.must(
        "ip", "-j", "link", "show", tunnel.facts["device"]))[0]["mtu"] <= 1330, 15)
    case.transfers(100000, "[fd00:77::2]")
    case.equal("its SAs", case.gateway.sas(), before)
