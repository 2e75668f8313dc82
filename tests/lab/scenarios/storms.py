# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifetimes, rekeys and paths at their worst, with traffic all the time."""

import time

from outrider_lab.scenario import scenario
from outrider_lab.traffic import Ping


def profile(case, session="", **sections):
    path = case.directory / "storm.profile"
    path.write_text("[gateway]\naddress=gw.test\ntrust=file\n"
                    f"ca-file={case.lab.pki}/ca-ecdsa.crt\n\n"
                    "[login]\nmethod=eap-mschapv2\nuser=alice\n\n"
                    + "".join(f"[{name}]\n{lines}\n\n" for name, lines in sections.items())
                    + f"[session]\n{session}\n")
    return {"profile": str(path), "method": None, "user": None, "ca": None}


def rekeys(tunnel, sa, count, timeout):
    """Waits for so many rekeys of "ike" or "child"."""
    deadline = time.monotonic() + timeout
    for _ in range(count):
        tunnel.client.wait_event({"event": "rekeyed", "sa": sa}, max(0, deadline - time.monotonic()))


PFS = "aes128gcm16-ecp256"


@scenario(only="outrider", name="pfs-rekey-by-gateway", named=None)
@scenario(only="outrider", name="pfs-rekey-by-gateway-named", named=PFS)
def pfs_by_gateway(case, named):
    """A gateway that wants a key exchange in each rekey of the child, and rekeys."""
    case.gateway.configure(esp=PFS)
    tunnel = case.connect(esp=named)
    ping = Ping(case)
    for _ in range(2):
        case.gateway.rekey_child()
        case.check("the child is rekeyed", tunnel.client.wait_event(
            {"event": "rekeyed", "sa": "child"}, 3) is not None)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", name="pfs-rekey-by-us", esp=None)
@scenario(only="outrider", name="pfs-rekey-by-us-named", esp=PFS)
def pfs_by_us(case, esp):
    """The same, and the client rekeys."""
    case.gateway.configure(esp=PFS)
    sections = {"proposals": f"esp={esp}"} if esp else {}
    tunnel = case.connect(**profile(case, "rekey-child=2s", **sections))
    ping = Ping(case)
    rekeys(tunnel, "child", 2, 8)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", limit=20)
def rekeys_by_us(case):
    """The client rekeys child and IKE SA every few seconds."""
    case.gateway.configure()
    tunnel = case.connect(**profile(case, "rekey-child=1s\nrekey-ike=2s"))
    ping = Ping(case)
    rekeys(tunnel, "ike", 3, 12)
    case.becomes("the gateway has one IKE SA", lambda: len(case.gateway.sas()) == 1)
    ping.lost_nothing()
    case.works(tunnel)


@scenario(only="outrider", limit=60)
def rekeys_collide(case):
    """Both sides rekey everything every second or two for 25 seconds: nothing is lost."""
    case.gateway.configure(child="rekey_time = 1s\n        rand_time = 0\n        life_time = 5s",
                           connection="rekey_time = 2s\n    rand_time = 0\n    over_time = 10s")
    tunnel = case.connect(**profile(case, "rekey-child=1s\nrekey-ike=2s"))
    ping = Ping(case)
    ping.goes_on(480, 27)
    ping.lost_nothing()
    case.becomes("the gateway has one IKE SA", lambda: len(case.gateway.sas()) == 1, 3)
    case.works(tunnel)


@scenario(only="outrider")
def pfs_with_the_second_group(case):
    """The client's first group for children is not the gateway's: INVALID_KE_PAYLOAD, asked again."""
    case.gateway.configure(esp=PFS)
    tunnel = case.connect(**profile(case, "rekey-child=2s",
                                    proposals="esp=aes128gcm16-ecp384-ecp256"))
    ping = Ping(case)
    rekeys(tunnel, "child", 2, 8)
    ping.lost_nothing()
    case.works(tunnel)
