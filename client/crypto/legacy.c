/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The functions below are marked as deprecated since OpenSSL 3.0, as are the algorithms. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/legacy.h"

#include <openssl/crypto.h>
#include <openssl/des.h>
#include <openssl/md4.h>

void
legacy_md4 (ByteView content, uint8_t ret_digest[16])
{
    MD4_CTX context;
    MD4_Init (&context);
    MD4_Update (&context, content.data, content.size);
    MD4_Final (ret_digest, &context);
    OPENSSL_cleanse (&context, sizeof context);
}

/* Spreads 56 bits over 8 octets of 7 bits each, the lowest bit of an octet making its parity odd. */
static void
add_parity (const uint8_t key[7], DES_cblock *ret_key)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 7; i++)
        bits = bits << 8 | key[i];
    for (unsigned i = 0; i < sizeof *ret_key; i++)
    {
        unsigned seven = (unsigned)(bits >> (49 - 7 * i)) & 0x7f;
        (*ret_key)[i] = (uint8_t)(seven << 1 | (__builtin_parity (seven) ^ 1));
    }
}

void
legacy_des_encrypt (const uint8_t key[7], const uint8_t clear[8], uint8_t ret_cipher[8])
{
    DES_cblock full_key, block;
    DES_key_schedule schedule;
    add_parity (key, &full_key);
    memcpy (block, clear, sizeof block);
    DES_set_key_unchecked (&full_key, &schedule);
    DES_ecb_encrypt (&block, &block, &schedule, DES_ENCRYPT);
    memcpy (ret_cipher, block, sizeof block);
    OPENSSL_cleanse (full_key, sizeof full_key);
    OPENSSL_cleanse (&schedule, sizeof schedule);
}
