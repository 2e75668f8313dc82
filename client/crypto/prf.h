/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Pseudo-random functions of IKEv2: HMAC (RFC 2104, 4868), AES-XCBC (RFC 4434), AES-CMAC (RFC 4615), and prf+ (RFC 7296
 * 2.13). A key of another size than the PRF's is brought to size as those RFCs say.
 */

#include "bytes/secret.h"
#include "crypto/algorithms.h"

/* prf (key, parts[0] | parts[1] | ...); output_size octets. */
SecretBytes *prf_compute (const Algorithm *prf, ByteView key, const ByteView *parts, size_t n_parts,
                          GError **error);

/* prf+ (key, parts...): SIZE octets, at most 255 outputs. */
SecretBytes *prf_plus (const Algorithm *prf, ByteView key, const ByteView *parts, size_t n_parts,
                       size_t size, GError **error);

/* A plain digest by OpenSSL's name ("SHA1", "SHA2-256", ...) over PARTS. */
GBytes *digest_compute (const char *digest, const ByteView *parts, size_t n_parts, GError **error);
