/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A keyed message authentication code behind both integrity and PRF rows of the table: HMAC, AES-XCBC-MAC (RFC 3566)
 * and AES-CMAC (RFC 4493). The room's own: others use cipher.h and prf.h. A Mac belongs to one thread at a time;
 * computing allocates nothing, for it stands on the way of each packet.
 */

#include "crypto/algorithms.h"

typedef struct Mac Mac;

/* The most octets that a Mac gives. */
#define MAC_SIZE_MAX 64

/*
 * ALGORITHM of type TRANSFORM_INTEGRITY, KEY exactly its key_size; or of type TRANSFORM_PRF, KEY of any size,
 * brought to size as RFC 2104, 4434 and 4615 say. OUTRIDER_ERROR_INTERNAL.
 */
Mac *mac_new (const Algorithm *algorithm, ByteView key, GError **error);
void mac_free (Mac *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mac, mac_free)

/* Over parts[0] | parts[1] | ...: the algorithm's output_size octets, not cut to the ICV. */
bool mac_compute (Mac *self, const ByteView *parts, size_t n_parts, uint8_t *ret_mac);
