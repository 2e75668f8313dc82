/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/legacy.h"

#include "crypto/failure.h"
#include "errors.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD, EVP_MD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_CIPHER, EVP_CIPHER_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

enum
{
    DIGEST_SIZE = 16, /* MD4 and MD5 */
    DES_BLOCK = 8,
};

/*
 * A library context that lives as long as the process; NULL without the legacy provider. That one alone: to look DES up among
 * the default provider's ciphers, too, takes six times as long.
 */
static OSSL_LIB_CTX *
load_library (void)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new ();
    if (library != NULL && OSSL_PROVIDER_load (library, "legacy") != NULL)
        return library;
    OSSL_LIB_CTX_free (library);
    return NULL;
}

static OSSL_LIB_CTX *
get_library (GError **error)
{
    static GMutex lock;
    static OSSL_LIB_CTX *library;

    g_mutex_lock (&lock);
    if (library == NULL)
        library = load_library ();
    OSSL_LIB_CTX *found = library;
    g_mutex_unlock (&lock);

    if (found == NULL)
    {
        g_set_error_literal (
            error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
            "OpenSSL's legacy provider (ossl-modules/legacy.so) is missing; it comes "
            "with the package libssl3 or openssl-provider-legacy");
        ERR_clear_error ();
    }
    return found;
}

void
legacy_prepare (void)
{
    static const uint8_t key[7] = { 1 }, clear[DES_BLOCK] = { 0 };
    uint8_t out[DIGEST_SIZE];
    if (legacy_md4 (byte_view (clear, sizeof clear), out, NULL))
        legacy_des_encrypt (key, clear, out, NULL);
}

static bool
digest_parts (const char *name, const ByteView *parts, size_t n_parts, uint8_t ret_digest[16],
              GError **error)
{
    OSSL_LIB_CTX *library = get_library (error);
    if (library == NULL)
        return false;

    g_autoptr (EVP_MD) digest = EVP_MD_fetch (library, name, NULL);
    g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
    if (digest == NULL || context == NULL || EVP_DigestInit_ex2 (context, digest, NULL) != 1)
        return crypto_fail (error, name);
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].size > 0 && EVP_DigestUpdate (context, parts[i].data, parts[i].size) != 1)
            return crypto_fail (error, name);

    uint8_t result[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex (context, result, NULL) != 1)
        return crypto_fail (error, name);
    memcpy (ret_digest, result, DIGEST_SIZE);
    OPENSSL_cleanse (result, sizeof result);
    return true;
}

bool
legacy_md4 (ByteView content, uint8_t ret_digest[16], GError **error)
{
    return digest_parts ("MD4", &content, 1, ret_digest, error);
}

bool
legacy_md5 (const ByteView *parts, size_t n_parts, uint8_t ret_digest[16], GError **error)
{
    OSSL_LIB_CTX *library = get_library (error);
    if (library != NULL && !OSSL_PROVIDER_available (library, "default"))
        OSSL_PROVIDER_load (library, "default");
    return library != NULL && digest_parts ("MD5", parts, n_parts, ret_digest, error);
}

/* Spreads 56 bits over 8 octets of 7 bits each, the lowest bit of an octet making its parity odd. */
static void
add_parity (const uint8_t key[7], uint8_t ret_key[DES_BLOCK])
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 7; i++)
        bits = bits << 8 | key[i];
    for (unsigned i = 0; i < DES_BLOCK; i++)
    {
        unsigned seven = (unsigned)(bits >> (49 - 7 * i)) & 0x7f;
        ret_key[i] = (uint8_t)(seven << 1 | (__builtin_parity (seven) ^ 1));
    }
}

bool
legacy_des_encrypt (const uint8_t key[7], const uint8_t clear[8], uint8_t ret_cipher[8],
                    GError **error)
{
    OSSL_LIB_CTX *library = get_library (error);
    if (library == NULL)
        return false;

    uint8_t full_key[DES_BLOCK];
    add_parity (key, full_key);
    g_autoptr (EVP_CIPHER) cipher = EVP_CIPHER_fetch (library, "DES-ECB", NULL);
    g_autoptr (EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new ();
    uint8_t result[2 * DES_BLOCK];
    int size = 0;
    bool done = cipher != NULL && context != NULL &&
                EVP_EncryptInit_ex2 (context, cipher, full_key, NULL, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding (context, 0) == 1 &&
                EVP_EncryptUpdate (context, result, &size, clear, DES_BLOCK) == 1 &&
                size == DES_BLOCK;
    OPENSSL_cleanse (full_key, sizeof full_key);
    if (!done)
        return crypto_fail (error, "DES");
    memcpy (ret_cipher, result, DES_BLOCK);
    return true;
}
