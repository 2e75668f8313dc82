/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The SK payload (RFC 7296 3.14): a chain of payloads, padded, encrypted and covered by integrity together with
 * everything before it in the message. SKF (RFC 7383 2.5) has two numbers more before the IV.
 */

#include "crypto/cipher.h"
#include "ike/message.h"

typedef struct
{
    uint16_t number; /* from 1 */
    uint16_t total;
} IkeFragmentNumber;

/* A whole datagram: HEADER, and INNER sealed. FRAGMENT: NULL for SK. FIRST: the first inner payload (0 in later fragments). */
GBytes *ike_sealed_build (Cipher *cipher, const IkeHeader *header, uint8_t first, ByteView inner,
                          const IkeFragmentNumber *fragment);

/* Octets that a datagram is longer than its inner chain, at the most. */
size_t ike_sealed_get_overhead (const Cipher *cipher, bool fragment);

/*
 * Opens PAYLOAD, the SK or SKF payload (in place in DATAGRAM, the last one). The inner chain without its padding. NULL if it
 * does not verify or is malformed: nothing of the datagram may be believed.
 */
GBytes *ike_sealed_open (Cipher *cipher, ByteView datagram, const IkePayload *payload,
                         IkeFragmentNumber *ret_fragment);
