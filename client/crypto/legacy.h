/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What MSCHAPv2 (RFC 2759) still needs and nobody should use elsewhere: MD4, single DES, and MD5.
 */

#include "bytes/view.h"

/* 16 octets. */
void legacy_md4 (ByteView content, uint8_t ret_digest[16]);
void legacy_md5 (const ByteView *parts, size_t n_parts, uint8_t ret_digest[16]);

/* One block under a 56-bit key given as 7 octets, parity added here (RFC 2759 8.6). */
void legacy_des_encrypt (const uint8_t key[7], const uint8_t clear[8], uint8_t ret_cipher[8]);
