/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * By the functions of their own that OpenSSL has for them. Through EVP they are the legacy provider's alone, which some
 * systems do not install, and which takes a millisecond to load.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/legacy.h"

#include <openssl/crypto.h>
#include <openssl/des.h>
#include <openssl/md4.h>
#include <openssl/md5.h>

void
legacy_md4 (ByteView content, uint8_t ret_digest[16])
{
    MD4_CTX state;
    MD4_Init (&state);
    MD4_Update (&state, content.data, content.size);
    MD4_Final (ret_digest, &state);
    OPENSSL_cleanse (&state, sizeof state);
}

void
legacy_md5 (const ByteView *parts, size_t n_parts, uint8_t ret_digest[16])
{
    MD5_CTX state;
    MD5_Init (&state);
    for (size_t i = 0; i < n_parts; i++)
        MD5_Update (&state, parts[i].data, parts[i].size);
    MD5_Final (ret_digest, &state);
    OPENSSL_cleanse (&state, sizeof state);
}

/* Spreads 56 bits over 8 octets of 7 bits each; the lowest bit of an octet is its parity. */
static void
spread (const uint8_t key[7], DES_cblock *ret_key)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 7; i++)
        bits = bits << 8 | key[i];
    for (unsigned i = 0; i < DES_KEY_SZ; i++)
        (*ret_key)[i] = (uint8_t)((bits >> (49 - 7 * i) & 0x7f) << 1);
    DES_set_odd_parity (ret_key);
}

void
legacy_des_encrypt (const uint8_t key[7], const uint8_t clear[8], uint8_t ret_cipher[8])
{
    DES_cblock full_key, in, out;
    DES_key_schedule schedule;
    spread (key, &full_key);
    DES_set_key_unchecked (&full_key, &schedule);
    memcpy (in, clear, sizeof in);
    DES_ecb_encrypt (&in, &out, &schedule, DES_ENCRYPT);
    memcpy (ret_cipher, out, sizeof out);
    OPENSSL_cleanse (full_key, sizeof full_key);
    OPENSSL_cleanse (&schedule, sizeof schedule);
}
