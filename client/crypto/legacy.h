/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What MSCHAPv2 (RFC 2759) still needs and nobody should use elsewhere: MD4 and single DES. By OpenSSL's functions for these two
 * alone: its EVP has them in the legacy provider, a package of its own on some systems, which takes a millisecond to load.
 */

#include "bytes/view.h"

void legacy_md4 (ByteView content, uint8_t ret_digest[16]);

/* One block under a 56-bit key given as 7 octets, parity added here (RFC 2759 8.6). */
void legacy_des_encrypt (const uint8_t key[7], const uint8_t clear[8], uint8_t ret_cipher[8]);
