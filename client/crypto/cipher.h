/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One direction of protected traffic: encryption with integrity, for the SK payload (RFC 7296 3.14, RFC 5282) and for ESP
 * (RFC 4303, 4106, 4309, 3686, 7634) alike. What goes on the wire behind the authenticated header is
 *
 *     IV | ciphertext | ICV
 *
 * With an AEAD the header is its associated data; otherwise the integrity algorithm covers header, IV and ciphertext,
 * then TAIL (the upper half of an extended sequence number, RFC 4303 2.2.1, which is never sent; empty for IKE. With an
 * AEAD the caller puts it into HEADER instead, RFC 4106 5).
 *
 * A Cipher keeps its OpenSSL contexts: a packet sets the IV alone and allocates nothing. It belongs to one thread at a
 * time. The sender makes IVs itself: a counter for AEAD and counter modes, unpredictable ones for CBC.
 */

#include "bytes/secret.h"
#include "crypto/algorithms.h"

typedef struct Cipher Cipher;

typedef enum
{
    CIPHER_SEAL,
    CIPHER_OPEN,
} CipherDirection;

/*
 * ENCRYPTION_KEY: key_size + salt_size octets; INTEGRITY with INTEGRITY_KEY of its key_size, both NULL/empty for an AEAD.
 * Fails with OUTRIDER_ERROR_INTERNAL if OpenSSL refuses or a size is wrong.
 */
Cipher *cipher_new (const Algorithm *encryption, const Algorithm *integrity,
                    ByteView encryption_key, ByteView integrity_key, CipherDirection direction,
                    GError **error);
void cipher_free (Cipher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Cipher, cipher_free)

/*
 * For much traffic: whether this machine has something faster than its OpenSSL (3.0 knows no vector AES), found when first
 * asked, which takes a millisecond and 4 MB; and the call that takes it, while another thread may be at work with the cipher.
 * False: all stays as it is. What is written is the same.
 */
bool cipher_may_use_vectors (void);
bool cipher_use_vectors (Cipher *self);

size_t cipher_get_iv_size (const Cipher *self);
size_t cipher_get_icv_size (const Cipher *self);
size_t cipher_get_block_size (
    const Cipher *self); /* what a plaintext must be a multiple of; at least 1 */

/* Octets added to a plaintext: IV and ICV. */
size_t cipher_get_overhead (const Cipher *self);

/*
 * Writes IV | ciphertext | ICV, plain.size + overhead octets, to RET_SEALED. plain.data may be RET_SEALED + iv size
 * (in place) or lie apart. Without an AEAD, HEADER must stand in memory right before RET_SEALED (as it does in every
 * packet), for the integrity runs over both in one sweep. False only on misuse, OpenSSL failure or an exhausted
 * counter; nothing of use stands in RET_SEALED then.
 */
bool cipher_seal (Cipher *self, ByteView header, ByteView tail, ByteView plain,
                  uint8_t *ret_sealed);

/*
 * Checks and decrypts IV | ciphertext | ICV to RET_PLAIN, sealed.size - overhead octets, which may be
 * sealed.data + iv size (in place). False if it does not verify; nothing of RET_PLAIN may be used then. HEADER as above.
 */
bool cipher_open (Cipher *self, ByteView header, ByteView tail, ByteView sealed,
                  uint8_t *ret_plain);
