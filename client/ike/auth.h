/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What AUTH covers and how a shared key makes it (RFC 7296 2.15).
 */

#include "bytes/secret.h"
#include "crypto/algorithms.h"

/* First message of the signing side | the other side's nonce | prf (SK_p, ID payload's body). */
SecretBytes *ike_auth_get_octets (const Algorithm *prf, ByteView first_message, ByteView nonce,
                                  const SecretBytes *sk_p, ByteView identity_body, GError **error);

/* prf (prf (KEY, "Key Pad for IKEv2"), OCTETS): a PSK, or the MSK of an EAP method (2.16). */
SecretBytes *ike_auth_compute_shared (const Algorithm *prf, ByteView key, const SecretBytes *octets,
                                      GError **error);
