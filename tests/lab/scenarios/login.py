# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the two sides are: every way to log in, every kind of gateway certificate."""

from outrider_lab.scenario import scenario


@scenario
def eap_mschapv2_rsa_gateway(case):
    """User and password; the gateway shows an RSA certificate."""
    case.gateway.configure(certificate="gw-rsa", login="eap-mschapv2")
    tunnel = case.connect(method="eap-mschapv2", user="alice", password="wonderland", ca="ca-rsa")
    case.says(tunnel, gateway="198.51.100.10", gateway_identity="gw.test")
    case.works(tunnel)


@scenario
def psk(case):
    """A pre-shared key on both sides."""
    case.gateway.configure(certificate=None, login="psk")
    tunnel = case.connect(method="psk", id="alice", psk="shared in the lab")
    case.works(tunnel)
