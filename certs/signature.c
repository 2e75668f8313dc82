/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/signature.h"

#include "certs/chain-internal.h"
#include "certs/key-internal.h"
#include "certs/scheme.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)

enum
{
    SIGNATURE_SIZE_MAX = 4096, /* RSA of 32768 bits; OpenSSL itself stops at half of it */
};

/* RSASSA-PSS: MGF1 over the same hash is OpenSSL's default, the salt is to be as long as the hash. */
static bool
set_padding (EVP_PKEY_CTX *context, const Scheme *scheme)
{
    if (scheme->form != SCHEME_PSS)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen (context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* 32, 48 or 66 octets: half of a raw signature. */
static size_t
get_scalar_size (const EVP_PKEY *key)
{
    return ((size_t)EVP_PKEY_get_bits (key) + 7) / 8;
}

/* SEQUENCE { r, s } to r | s (RFC 4754 7). */
static GBytes *
to_raw (const EVP_PKEY *key, const unsigned char *der, size_t size)
{
    g_autoptr (ECDSA_SIG) numbers = d2i_ECDSA_SIG (NULL, &der, (long)size);
    size_t half = get_scalar_size (key);
    uint8_t raw[SIGNATURE_SIZE_MAX];
    if (numbers == NULL || 2 * half > sizeof raw ||
        BN_bn2binpad (ECDSA_SIG_get0_r (numbers), raw, (int)half) < 0 ||
        BN_bn2binpad (ECDSA_SIG_get0_s (numbers), raw + half, (int)half) < 0)
        return NULL;
    return g_bytes_new (raw, 2 * half);
}

static GBytes *
from_raw (const EVP_PKEY *key, const uint8_t *raw, size_t size)
{
    size_t half = get_scalar_size (key);
    g_autoptr (ECDSA_SIG) numbers = ECDSA_SIG_new ();
    if (size != 2 * half || numbers == NULL)
        return NULL;
    BIGNUM *r = BN_bin2bn (raw, (int)half, NULL), *s = BN_bin2bn (raw + half, (int)half, NULL);
    if (r == NULL || s == NULL || ECDSA_SIG_set0 (numbers, r, s) != 1)
    {
        BN_free (r);
        BN_free (s);
        return NULL;
    }
    unsigned char *der = NULL;
    int der_size = i2d_ECDSA_SIG (numbers, &der);
    GBytes *bytes = der_size > 0 ? g_bytes_new (der, (gsize)der_size) : NULL;
    OPENSSL_free (der);
    return bytes;
}

static bool
is_on_group (const EVP_PKEY *key, const Scheme *scheme)
{
    char group[64] = "";
    return scheme->group == NULL ||
           (EVP_PKEY_get_group_name (key, group, sizeof group, NULL) == 1 &&
            strcmp (group, scheme->group) == 0);
}

static GBytes *
sign (EVP_PKEY *key, const Scheme *scheme, const void *data, size_t size)
{
    g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
    EVP_PKEY_CTX *wishes = NULL;
    uint8_t signature[SIGNATURE_SIZE_MAX];
    size_t signature_size = sizeof signature;
    if (context == NULL ||
        EVP_DigestSignInit_ex (context, &wishes, scheme->digest, NULL, NULL, key, NULL) != 1 ||
        !set_padding (wishes, scheme) ||
        EVP_DigestSign (context, signature, &signature_size, data, size) != 1)
        return NULL;
    return scheme->form == SCHEME_RAW_ECDSA ? to_raw (key, signature, signature_size)
                                            : g_bytes_new (signature, signature_size);
}

GBytes *
certs_signature_sign (const CertsKey *key, CertsScheme scheme, const void *data, size_t size,
                      GError **error)
{
    const Scheme *row = certs_scheme_get (scheme);
    EVP_PKEY *pkey = certs_key_get_pkey (key);
    bool fits = row->key == certs_key_get_type (key) && is_on_group (pkey, row);
    GBytes *signature = fits ? sign (pkey, row, data, size) : NULL;
    if (signature == NULL)
        certs_fail (error, OUTRIDER_ERROR_INTERNAL, row->name);
    ERR_clear_error ();
    return signature;
}

static bool
check_with (EVP_PKEY *key, const Scheme *scheme, const char *digest, const void *data, size_t size,
            const void *signature, size_t signature_size)
{
    g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
    EVP_PKEY_CTX *wishes = NULL;
    return context != NULL &&
           EVP_DigestVerifyInit_ex (context, &wishes, digest, NULL, NULL, key, NULL) == 1 &&
           set_padding (wishes, scheme) &&
           EVP_DigestVerify (context, signature, signature_size, data, size) == 1;
}

/* Method 1 names no hash: SHA-1 by the RFC, yet gateways use others. */
static bool
check_with_any (EVP_PKEY *key, const Scheme *scheme, bool allow_sha1, const void *data, size_t size,
                const void *signature, size_t signature_size)
{
    static const char *const digests[] = { "SHA1", "SHA2-256", "SHA2-384", "SHA2-512" };
    for (size_t i = allow_sha1 ? 0 : 1; i < G_N_ELEMENTS (digests); i++)
        if (check_with (key, scheme, digests[i], data, size, signature, signature_size))
            return true;
    return false;
}

static bool
check (EVP_PKEY *key, const Scheme *scheme, bool allow_sha1, const void *data, size_t size,
       const void *signature, size_t signature_size)
{
    g_autoptr (GBytes) der = NULL;
    switch (scheme->form)
    {
    case SCHEME_ANY_HASH:
        return check_with_any (key, scheme, allow_sha1, data, size, signature, signature_size);
    case SCHEME_RAW_ECDSA:
        der = from_raw (key, signature, signature_size);
        signature = der != NULL ? g_bytes_get_data (der, &signature_size) : NULL;
        break;
    case SCHEME_PLAIN:
    case SCHEME_PSS:
        break;
    }
    return signature != NULL &&
           check_with (key, scheme, scheme->digest, data, size, signature, signature_size);
}

static bool
is_key_for (const EVP_PKEY *key, const Scheme *scheme)
{
    CertsKeyType type;
    bool pss_only = scheme->form == SCHEME_PSS && EVP_PKEY_is_a (key, "RSA-PSS");
    return (pss_only || (certs_pkey_get_type (key, &type) && type == scheme->key)) &&
           is_on_group (key, scheme) &&
           (scheme->key != CERTS_KEY_RSA || EVP_PKEY_get_bits (key) >= CERTS_RSA_BITS_MIN);
}

/* The own certificate's key, if it is one for SCHEME; borrowed. */
static EVP_PKEY *
get_key (const CertsChain *chain, const Scheme *scheme, GError **error)
{
    EVP_PKEY *key = X509_get0_pubkey (certs_chain_get_own (chain));
    if (key != NULL && is_key_for (key, scheme))
        return key;
    g_autofree char *description =
        key != NULL ? certs_pkey_describe (key) : g_strdup ("unreadable");
    ERR_clear_error ();
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID,
                 "the certificate's key (%s) is none for %s", description, scheme->name);
    return NULL;
}

static bool
verify (const CertsChain *chain, const Scheme *scheme, bool allow_sha1, const void *data,
        size_t size, const void *signature, size_t signature_size, GError **error)
{
    EVP_PKEY *key = get_key (chain, scheme, error);
    if (key == NULL)
        return false;
    bool good = signature_size > 0 && signature_size <= SIGNATURE_SIZE_MAX &&
                check (key, scheme, allow_sha1, data, size, signature, signature_size);
    ERR_clear_error ();
    if (!good)
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                     "the gateway's signature (%s) does not verify", scheme->name);
    return good;
}

bool
certs_signature_verify (const CertsChain *chain, const void *identifier, size_t identifier_size,
                        const void *data, size_t size, const void *signature, size_t signature_size,
                        GError **error)
{
    CertsScheme scheme;
    if (!certs_scheme_parse (identifier, identifier_size, &scheme, error))
        return false;
    const Scheme *row = certs_scheme_get (scheme);
    if (row->hash == CERTS_HASH_SHA1)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                     "the gateway's signature (%s) uses a hash that is no longer safe", row->name);
        return false;
    }
    return verify (chain, row, false, data, size, signature, signature_size, error);
}

bool
certs_signature_verify_method (const CertsChain *chain, uint8_t method, bool allow_sha1,
                               const void *data, size_t size, const void *signature,
                               size_t signature_size, GError **error)
{
    CertsScheme scheme;
    if (!certs_scheme_from_method (method, &scheme))
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                     "the gateway authenticates by method %u, which we do not know", method);
        return false;
    }
    return verify (chain, certs_scheme_get (scheme), allow_sha1, data, size, signature,
                   signature_size, error);
}
