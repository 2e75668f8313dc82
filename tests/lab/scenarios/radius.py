# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway asks a RADIUS server (FreeRADIUS) about the user, as companies do."""

from outrider_lab.radius import LONG_NAME
from outrider_lab.scenario import scenario


def ask_radius(case):
    case.lab.radius.start()
    case.gateway.configure(login="eap-radius")


@scenario(name="radius", user="alice")
@scenario(name="radius-user-at-realm", user="alice@corp.test")
@scenario(name="radius-domain-user", user="CORP\\alice", only="outrider")
@scenario(name="radius-utf8", user="jürgen", password="Schlüssel 密码", only="outrider")
@scenario(name="radius-long-name", user=LONG_NAME, only="outrider")
def radius(case, user, password="wonderland"):
    """EAP-MSCHAPv2 through RADIUS, with all kinds of names and passwords."""
    ask_radius(case)
    tunnel = case.connect(user=user, password=password)
    case.works(tunnel)


@scenario(name="radius-offers-md5-first", only="outrider", method="MD5")
@scenario(name="radius-offers-gtc-first", only="outrider", method="GTC")
@scenario(name="radius-offers-tls-first", only="outrider", method="TLS")
@scenario(name="radius-offers-ttls-first", only="outrider", method="TTLS")
@scenario(name="radius-offers-peap-first", only="outrider", method="PEAP")
def radius_offers_another_method(case, method):
    """RADIUS offers another method first; our Nak brings MSCHAPv2."""
    ask_radius(case)
    case.works(case.connect(user=f"prefers-{method}"))


@scenario
def radius_wrong_password(case):
    """RADIUS refuses the password with MSCHAPv2's 691."""
    ask_radius(case)
    case.fails("password-wrong", 41, password="looking glass")


@scenario
def radius_unknown_user(case):
    """RADIUS does not know the user."""
    ask_radius(case)
    case.fails(("password-wrong", "login-refused"), 41, user="mallory")


@scenario(only="outrider")
def radius_does_not_answer(case):
    """The RADIUS server is away: the login is refused, or nobody answers, in bounded time."""
    case.gateway.configure(login="eap-radius")
    case.lab.inside.shell("nft add table inet radius\n"
                          "nft 'add chain inet radius input { type filter hook input priority 0; }'\n"
                          "nft add rule inet radius input udp dport 1812 drop")
    case.at_cleanup(lambda: case.lab.inside.shell("nft delete table inet radius"))
    case.fails(("login-refused", "no-answer"), (20, 41), timeout=3)


@scenario(only="outrider", limit=15)
def radius_away_for_a_while(case):
    """The gateway ends the connection while its RADIUS server is away, and refuses the login: it is tried again."""
    ask_radius(case)
    tunnel = case.connect(once=False)
    case.lab.radius.process.kill()
    case.gateway.delete_ike()
    case.check("the login is refused", tunnel.client.wait_event(
        {"event": "state", "state": "reconnecting", "code": "login-refused"}) is not None)
    case.lab.radius.start()
    tunnel.client.connected()
    case.works(tunnel)
