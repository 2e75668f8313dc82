/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * AES-GCM over several blocks at once (VAES, VPCLMULQDQ), by the intel-ipsec-mb library: a quarter of the time that
 * OpenSSL 3.0 takes for a packet. The library is looked for when it is first wanted; without it, or on a processor
 * without these instructions, there is no VectorGcm and OpenSSL does the work. The room's own: others use cipher.h.
 */

#include "crypto/algorithms.h"

typedef struct VectorGcm VectorGcm;

/* One row's key (key_size octets, no salt), for either direction. NULL: not AES-GCM, or not to be had here. */
VectorGcm *vector_gcm_new (const Algorithm *algorithm, const uint8_t *key);
void vector_gcm_free (VectorGcm *self);

/* NONCE: 12 octets. SIZE octets of PLAIN to TEXT (the same place or apart), and the ICV of the row's size. */
void vector_gcm_seal (const VectorGcm *self, const uint8_t *nonce, ByteView header,
                      const uint8_t *plain, uint8_t *ret_text, size_t size, uint8_t *ret_icv);

/* False if the ICV is not right; what stands in PLAIN then is nothing to use. */
bool vector_gcm_open (const VectorGcm *self, const uint8_t *nonce, ByteView header,
                      const uint8_t *text, uint8_t *ret_plain, size_t size, const uint8_t *icv);

/* Finds the library now, so that the first key need not wait for it. Any thread; true: it is of use here. */
bool vector_gcm_load (void);
