/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * THE table of algorithms: a row each, with what every room needs to know of it: its number in IKEv2 (IANA "Internet
 * Key Exchange Version 2 Parameters"), the name that a profile uses (swanctl's keywords), sizes in octets, OpenSSL's
 * and the kernel's names. Rows are constant and compared by address.
 */

#include "bytes/view.h"

typedef enum
{
    TRANSFORM_ENCRYPTION = 1,
    TRANSFORM_PRF = 2,
    TRANSFORM_INTEGRITY = 3,
    TRANSFORM_KEY_EXCHANGE = 4,
    TRANSFORM_ESN = 5,
} TransformType;

typedef enum
{
    ALGORITHM_AEAD = 1 << 0,
    ALGORITHM_COUNTER =
        1 << 1, /* counter mode without its own integrity: needs a salt and unique IVs */
    ALGORITHM_WEAK = 1 << 2,     /* only if a profile names it */
    ALGORITHM_ESP_ONLY = 1 << 3, /* no use for the IKE SA */
    ALGORITHM_IKE_ONLY = 1 << 4,
    ALGORITHM_OPTIONAL =
        1
        << 5, /* an OpenSSL may lack it (FIPS, a distribution's choice); others are in every one */
} AlgorithmFlags;

typedef struct
{
    TransformType type;
    uint16_t id;
    uint16_t key_bits; /* the Key Length attribute of a proposal; 0: none is sent */
    const char *name;  /* "aes256gcm16", "prfsha256", "sha256", "ecp256", "esn" */
    const char *label; /* "AES-GCM-256", for people */
    AlgorithmFlags flags;
    uint16_t
        key_size; /* of the key proper, without salt; PRF: its preferred key size (RFC 7296 2.13) */
    uint8_t salt_size;    /* taken from the keying material behind the key (RFC 4106, 5282) */
    uint8_t iv_size;      /* explicit, on the wire */
    uint8_t block_size;   /* plaintext is padded to a multiple */
    uint8_t icv_size;     /* AEAD or integrity: on the wire */
    uint16_t output_size; /* PRF: of its output; key exchange: of the public value */
    const char *openssl;  /* cipher, digest or group name; NULL where crypto/ does it otherwise */
    const char *xfrm;     /* the kernel's name; NULL if it has none */
} Algorithm;

/* The row of NUMBER (and KEY_BITS for ciphers with several, else 0); NULL: unknown to us. */
const Algorithm *algorithm_find (TransformType type, uint16_t id, uint16_t key_bits);

/* The row of that name ("modp2048", "x25519" and other aliases included) among those of TYPE; NULL: unknown. */
const Algorithm *algorithm_find_name (TransformType type, const char *name);

/* All rows in the table's order, for lists, tests and look-ups. */
const Algorithm *algorithm_get_table (size_t *ret_count);

/* Whether this OpenSSL can really do it (asked once, remembered). */
bool algorithm_is_available (const Algorithm *self);
