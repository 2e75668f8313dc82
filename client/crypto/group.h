/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One side of a key exchange (transform type 4): a private key, its public value as the KE payload carries it, and
 * the shared secret. MODP (RFC 3526, 2409: left-padded to the group's size), ECP and brainpool (RFC 5903, 6954: X | Y; the
 * secret is X), curve25519 and curve448 (RFC 8031). The other side's value is checked (RFC 6989; an all-zero secret is
 * refused).
 */

#include "bytes/secret.h"
#include "crypto/algorithms.h"

typedef struct KeyExchange KeyExchange;

KeyExchange *key_exchange_new (const Algorithm *group, GError **error);

/* From a known private key (big endian; curve25519/448: as RFC 7748 encodes it): for published vectors. */
KeyExchange *key_exchange_new_from_private (const Algorithm *group, ByteView private_key,
                                            GError **error);
void key_exchange_free (KeyExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyExchange, key_exchange_free)

const Algorithm *key_exchange_get_group (const KeyExchange *self);

/* group->output_size octets, borrowed. */
ByteView key_exchange_get_public (const KeyExchange *self);

/* The shared secret; OUTRIDER_ERROR_PROTOCOL if PUBLIC_VALUE is not one of the group's. */
SecretBytes *key_exchange_derive (KeyExchange *self, ByteView public_value, GError **error);
