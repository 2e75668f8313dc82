/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What MSCHAPv2 (RFC 2759) still needs and nobody should use elsewhere: MD4, single DES, and MD5. They come from OpenSSL's legacy
 * provider, loaded into a library context of its own at first use, so nothing else can pick them by accident.
 */

#include "bytes/view.h"

/* Loads the provider now, where there is time for it, rather than at first use. */
void legacy_prepare (void);

/* 16 octets. OUTRIDER_ERROR_INTERNAL if this OpenSSL has no legacy provider; the message names the package. */
bool legacy_md4 (ByteView content, uint8_t ret_digest[16], GError **error);
bool legacy_md5 (const ByteView *parts, size_t n_parts, uint8_t ret_digest[16], GError **error);

/* One block under a 56-bit key given as 7 octets, parity added here (RFC 2759 8.6). */
bool legacy_des_encrypt (const uint8_t key[7], const uint8_t clear[8], uint8_t ret_cipher[8],
                         GError **error);
