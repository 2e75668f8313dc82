# SPDX-License-Identifier: GPL-3.0-or-later
"""Every algorithm that both sides know. A row: the gateway's only proposal; named by the client, too,
where its own default offer does not hold it."""

from outrider_lab.scenario import scenario

ESP = ["aes128gcm16", "aes192gcm16", "aes256gcm16", "aes256gcm12", "aes128ccm16",
       "aes256ccm12", "chacha20poly1305",
       "aes128-sha256", "aes256-sha256", "aes256-sha384", "aes256-sha512",
       "aes128ctr-sha256", "aes256ctr-sha256", "aes128-aesxcbc", "aes128-aescmac"]
ESP_NAMED = ["aes256gcm8", "aes256ccm8", "aes128-sha1", "3des-sha1"]

IKE = ["aes128-sha256-modp2048", "aes256-sha256-modp3072", "aes256-sha512-modp4096",
       "aes128-sha256-ecp256", "aes256-sha384-ecp384", "aes256-sha512-ecp521",
       "aes256-sha256-ecp256bp", "aes256-sha384-ecp384bp", "aes256-sha512-ecp512bp",
       "aes128-sha256-x25519", "aes128gcm16-prfsha256-x25519", "aes256gcm16-prfsha384-ecp384",
       "aes256gcm16-prfsha512-x448", "chacha20poly1305-prfsha256-x25519"]
IKE_NAMED = ["aes256ccm16-prfsha256-modp2048", "aes256ctr-sha256-ecp256",
             "aes128-aesxcbc-prfaesxcbc-modp2048", "aes128-aescmac-prfaescmac-modp2048",
             "aes256-sha256-modp6144", "aes128-sha1-modp2048", "3des-sha1-modp1024"]


def connects(case, ike=None, esp=None, named=False):
    """Negotiated as told; packets of all sizes pass."""
    case.gateway.configure(**{key: value for key, value in (("ike", ike), ("esp", esp)) if value})
    named = named or not case.is_outrider
    tunnel = case.connect(ike=ike if named else None, esp=esp if named else None)
    if ike:
        case.says(tunnel, ike_proposal=full(ike))
    if esp:
        case.says(tunnel, esp_proposal=esp)
    case.works(tunnel)
    if esp:
        case.transfers(100000)


def full(ike):
    """Our name of an IKE proposal always says its PRF."""
    words = ike.split("-")
    if not any(word.startswith("prf") for word in words):
        words.insert(2, "prf" + words[1])
    return "-".join(words).replace("x25519", "curve25519").replace("x448", "curve448")


for proposal in ESP + ESP_NAMED:
    scenario(name=f"esp-{proposal}", esp=proposal, named=proposal in ESP_NAMED)(connects)
for proposal in IKE + IKE_NAMED:
    scenario(name=f"ike-{proposal}", ike=proposal, named=proposal in IKE_NAMED)(connects)
