/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The digests behind HMAC are called by their own functions, not through EVP: there an EVP_MD_CTX (and an EVP_MAC,
 * which holds some) allocates with each start or copy, twice a packet, while a state of SHA is a plain struct that
 * copies for nothing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/mac.h"

#include "crypto/failure.h"
#include "errors.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

enum
{
    AES_BLOCK = 16,
    AES_KEY = 16,
    HMAC_BLOCK_MAX = 128, /* SHA-384, SHA-512 */
    CHAIN_CHUNK = 1024,   /* octets that CBC-MAC passes through OpenSSL at a time */
    ID_PRF_XCBC = 4,
    ID_INTEGRITY_XCBC = 5,
};

typedef union
{
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
} DigestState;

typedef struct
{
    const char *name;
    size_t block_size;
    size_t size;
    bool (*start) (DigestState *state);
    bool (*update) (DigestState *state, const void *data, size_t size);
    bool (*finish) (DigestState *state, uint8_t *ret_digest);
} Digest;

/* HMAC (RFC 2104): the digest's state after the inner pad of the key, and after the outer. */
typedef struct
{
    const Digest *digest;
    DigestState inner;
    DigestState outer;
} Hmac;

/* XCBC and CMAC: CBC-MAC whose last block is mixed with one of two keys, whole or padded. */
typedef struct
{
    EVP_CIPHER_CTX *context;
    uint8_t whole[AES_BLOCK];
    uint8_t padded[AES_BLOCK];
} CbcMac;

struct Mac
{
    const Algorithm *algorithm;
    bool is_hmac;
    Hmac hmac;
    CbcMac cbc;
};

static bool
is_xcbc (const Algorithm *algorithm)
{
    return algorithm->id == (algorithm->type == TRANSFORM_PRF ? ID_PRF_XCBC : ID_INTEGRITY_XCBC);
}

#define DEFINE_DIGEST(short_name, member, family)                                                  \
    static bool short_name##_start (DigestState *state)                                            \
    {                                                                                              \
        return family##_Init (&state->member) == 1;                                                \
    }                                                                                              \
    static bool short_name##_update (DigestState *state, const void *data, size_t size)            \
    {                                                                                              \
        return family##_Update (&state->member, data, size) == 1;                                  \
    }                                                                                              \
    static bool short_name##_finish (DigestState *state, uint8_t *ret_digest)                      \
    {                                                                                              \
        return family##_Final (ret_digest, &state->member) == 1;                                   \
    }

DEFINE_DIGEST (sha1, sha1, SHA1)
DEFINE_DIGEST (sha256, sha256, SHA256)
DEFINE_DIGEST (sha384, sha512, SHA384)
DEFINE_DIGEST (sha512, sha512, SHA512)

static const Digest digests[] = {
    { "SHA1", SHA_CBLOCK, SHA_DIGEST_LENGTH, sha1_start, sha1_update, sha1_finish },
    { "SHA2-256", SHA256_CBLOCK, SHA256_DIGEST_LENGTH, sha256_start, sha256_update, sha256_finish },
    { "SHA2-384", SHA512_CBLOCK, SHA384_DIGEST_LENGTH, sha384_start, sha384_update, sha384_finish },
    { "SHA2-512", SHA512_CBLOCK, SHA512_DIGEST_LENGTH, sha512_start, sha512_update, sha512_finish },
};

static bool
digest_parts (const Digest *digest, DigestState *state, const ByteView *parts, size_t n_parts,
              uint8_t *ret_digest)
{
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].size > 0 && !digest->update (state, parts[i].data, parts[i].size))
            return false;
    return digest->finish (state, ret_digest);
}

/* A state that has taken one block of the key under PAD. */
static bool
hmac_take_pad (const Digest *digest, const uint8_t *key, uint8_t pad, DigestState *ret_state)
{
    uint8_t block[HMAC_BLOCK_MAX];
    for (size_t i = 0; i < digest->block_size; i++)
        block[i] = key[i] ^ pad;
    bool done = digest->start (ret_state) && digest->update (ret_state, block, digest->block_size);
    OPENSSL_cleanse (block, sizeof block);
    return done;
}

/* RFC 2104 2: a key longer than the block is replaced by its digest. */
static bool
hmac_fit_key (const Digest *digest, ByteView key, uint8_t ret_key[HMAC_BLOCK_MAX])
{
    DigestState state;
    if (key.size > digest->block_size)
        return digest->start (&state) && digest_parts (digest, &state, &key, 1, ret_key);
    if (key.size > 0)
        memcpy (ret_key, key.data, key.size);
    return true;
}

static bool
hmac_set_up (Hmac *self, const char *name, ByteView key)
{
    for (size_t i = 0; i < G_N_ELEMENTS (digests); i++)
        if (strcmp (digests[i].name, name) == 0)
            self->digest = &digests[i];

    uint8_t fitted[HMAC_BLOCK_MAX] = { 0 };
    bool done = self->digest != NULL && hmac_fit_key (self->digest, key, fitted) &&
                hmac_take_pad (self->digest, fitted, 0x36, &self->inner) &&
                hmac_take_pad (self->digest, fitted, 0x5c, &self->outer);
    OPENSSL_cleanse (fitted, sizeof fitted);
    return done;
}

static bool
hmac_compute (const Hmac *self, const ByteView *parts, size_t n_parts, uint8_t *ret_mac)
{
    DigestState state = self->inner;
    if (!digest_parts (self->digest, &state, parts, n_parts, ret_mac))
        return false;
    ByteView inner = byte_view (ret_mac, self->digest->size);
    state = self->outer;
    return digest_parts (self->digest, &state, &inner, 1, ret_mac);
}

/* One AES block under KEY, through CONTEXT, which keeps KEY. */
static bool
encrypt_block (EVP_CIPHER_CTX *context, const uint8_t *key, const uint8_t in[AES_BLOCK],
               uint8_t ret_out[AES_BLOCK])
{
    static const uint8_t zero_iv[AES_BLOCK];
    int size = 0;
    return EVP_EncryptInit_ex2 (context, NULL, key, zero_iv, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding (context, 0) == 1 &&
           EVP_EncryptUpdate (context, ret_out, &size, in, AES_BLOCK) == 1;
}

/* RFC 3566 4: three keys by enciphering three constants. */
static bool
xcbc_derive_keys (CbcMac *self, const uint8_t key[AES_KEY])
{
    uint8_t derived[3][AES_BLOCK];
    bool done = true;
    for (unsigned i = 0; i < 3; i++)
    {
        memset (derived[i], (int)i + 1, AES_BLOCK);
        done = done && encrypt_block (self->context, key, derived[i], derived[i]);
    }
    memcpy (self->whole, derived[1], AES_BLOCK);
    memcpy (self->padded, derived[2], AES_BLOCK);
    done = done && EVP_EncryptInit_ex2 (self->context, NULL, derived[0], NULL, NULL) == 1;
    OPENSSL_cleanse (derived, sizeof derived);
    return done;
}

/* RFC 4493 2.3: times x in GF(2^128), without a branch on the secret. */
static void
double_block (const uint8_t in[AES_BLOCK], uint8_t ret_out[AES_BLOCK])
{
    uint8_t carry = in[0] >> 7;
    for (unsigned i = 0; i < AES_BLOCK - 1; i++)
        ret_out[i] = (uint8_t)(in[i] << 1 | in[i + 1] >> 7);
    ret_out[AES_BLOCK - 1] = (uint8_t)(in[AES_BLOCK - 1] << 1 ^ (carry * 0x87));
}

static bool
cmac_derive_keys (CbcMac *self, const uint8_t key[AES_KEY])
{
    uint8_t first[AES_BLOCK] = { 0 };
    bool done = encrypt_block (self->context, key, first, first);
    double_block (first, self->whole);
    double_block (self->whole, self->padded);
    OPENSSL_cleanse (first, sizeof first);
    return done;
}

static void
mix (uint8_t *into, const uint8_t *other)
{
    for (unsigned i = 0; i < AES_BLOCK; i++)
        into[i] ^= other[i];
}

/* Chains whole blocks; only the last ciphertext block matters, and OpenSSL keeps that one. */
static bool
cbc_absorb (CbcMac *self, const uint8_t *data, size_t size)
{
    uint8_t scratch[CHAIN_CHUNK];
    while (size > 0)
    {
        int step = (int)MIN (size, sizeof scratch), written = 0;
        if (EVP_EncryptUpdate (self->context, scratch, &written, data, step) != 1)
            return false;
        data += step;
        size -= (size_t)step;
    }
    return true;
}

/*
 * The last block waits in PENDING until it is known to be the last. A part that fills it is followed straight from
 * where it lies; PENDING is never left empty once there was an octet.
 */
static bool
cbc_take (CbcMac *self, ByteView part, uint8_t pending[AES_BLOCK], size_t *pending_size)
{
    size_t taken = MIN (part.size, AES_BLOCK - *pending_size);
    if (taken > 0)
        memcpy (pending + *pending_size, part.data, taken);
    *pending_size += taken;
    size_t left = part.size - taken;
    if (left == 0)
        return true;

    size_t direct = (left - 1) / AES_BLOCK * AES_BLOCK;
    if (!cbc_absorb (self, pending, AES_BLOCK) || !cbc_absorb (self, part.data + taken, direct))
        return false;
    *pending_size = left - direct;
    memcpy (pending, part.data + taken + direct, *pending_size);
    return true;
}

static bool
cbc_compute (CbcMac *self, const ByteView *parts, size_t n_parts, uint8_t *ret_mac)
{
    static const uint8_t zero_iv[AES_BLOCK];
    uint8_t pending[AES_BLOCK];
    size_t pending_size = 0;
    if (EVP_EncryptInit_ex2 (self->context, NULL, NULL, zero_iv, NULL) != 1)
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (!cbc_take (self, parts[i], pending, &pending_size))
            return false;

    if (pending_size < AES_BLOCK)
    {
        memset (pending + pending_size, 0, AES_BLOCK - pending_size);
        pending[pending_size] = 0x80;
        mix (pending, self->padded);
    }
    else
        mix (pending, self->whole);
    int size = 0;
    return EVP_EncryptUpdate (self->context, ret_mac, &size, pending, AES_BLOCK) == 1 &&
           size == AES_BLOCK;
}

static bool
cbc_key (CbcMac *self, const Algorithm *algorithm, const uint8_t key[AES_KEY])
{
    return is_xcbc (algorithm) ? xcbc_derive_keys (self, key) : cmac_derive_keys (self, key);
}

/* RFC 4434 2: short keys get zeros, long ones are digested. RFC 4615 3: every other size is digested. */
static bool
cbc_fit_key (CbcMac *self, const Algorithm *algorithm, ByteView key, uint8_t ret_key[AES_KEY])
{
    bool pad = is_xcbc (algorithm) && key.size < AES_KEY;
    if (pad || key.size == AES_KEY)
    {
        if (key.size > 0)
            memcpy (ret_key, key.data, key.size);
        return true;
    }
    static const uint8_t zero_key[AES_KEY];
    return cbc_key (self, algorithm, zero_key) && cbc_compute (self, &key, 1, ret_key);
}

static bool
cbc_set_up (CbcMac *self, const Algorithm *algorithm, ByteView key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch (NULL, "AES-128-CBC", NULL);
    self->context = EVP_CIPHER_CTX_new ();
    uint8_t fitted[AES_KEY] = { 0 };
    bool done = cipher != NULL && self->context != NULL &&
                EVP_EncryptInit_ex2 (self->context, cipher, NULL, NULL, NULL) == 1 &&
                cbc_fit_key (self, algorithm, key, fitted) && cbc_key (self, algorithm, fitted);
    OPENSSL_cleanse (fitted, sizeof fitted);
    EVP_CIPHER_free (cipher);
    return done;
}

Mac *
mac_new (const Algorithm *algorithm, ByteView key, GError **error)
{
    g_return_val_if_fail (
        algorithm->type == TRANSFORM_INTEGRITY || algorithm->type == TRANSFORM_PRF, NULL);

    if (algorithm->type == TRANSFORM_INTEGRITY && key.size != algorithm->key_size)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                     "%s takes a key of %u octets, not %zu", algorithm->name, algorithm->key_size,
                     key.size);
        return NULL;
    }

    g_autoptr (Mac) self = g_new0 (Mac, 1);
    self->algorithm = algorithm;
    self->is_hmac = algorithm->openssl != NULL;
    bool done = self->is_hmac ? hmac_set_up (&self->hmac, algorithm->openssl, key)
                              : cbc_set_up (&self->cbc, algorithm, key);
    if (!done)
    {
        crypto_fail (error, algorithm->name);
        return NULL;
    }
    return g_steal_pointer (&self);
}

void
mac_free (Mac *self)
{
    if (self == NULL)
        return;
    EVP_CIPHER_CTX_free (self->cbc.context);
    OPENSSL_cleanse (self, sizeof *self);
    g_free (self);
}

bool
mac_compute (Mac *self, const ByteView *parts, size_t n_parts, uint8_t *ret_mac)
{
    return self->is_hmac ? hmac_compute (&self->hmac, parts, n_parts, ret_mac)
                         : cbc_compute (&self->cbc, parts, n_parts, ret_mac);
}
