/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/scheme.h"

#include "certs/key-internal.h"

#include <openssl/rsa.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RSA_PSS_PARAMS, RSA_PSS_PARAMS_free)

enum
{
    METHOD_RSA = 1,
    METHOD_ECDSA_256 = 9,
    METHOD_ECDSA_384 = 10,
    METHOD_ECDSA_521 = 11,
    METHOD_SIGNATURE = 14,
};

/* SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.1.LAST, NULL } (RFC 7427 A.1) */
#define RSA_BLOB(last)                                                                             \
    {                                                                                              \
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last, 0x05, 0x00   \
    }

/* SEQUENCE { OBJECT IDENTIFIER 1.2.840.10045.4.3.LAST } (RFC 7427 A.3) */
#define ECDSA_BLOB(last)                                                                           \
    {                                                                                              \
        0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last                     \
    }

/* SHA2 of 2.16.840.1.101.3.4.2.HASH for the text and for MGF1, SALT octets of salt (RFC 7427 A.4) */
#define PSS_BLOB(hash, salt)                                                                       \
    {                                                                                              \
        0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34,  \
            0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,    \
            hash, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,    \
            0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,    \
            0x04, 0x02, hash, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, salt                             \
    }

/* SEQUENCE { OBJECT IDENTIFIER 1.3.101.LAST } (RFC 8420 A) */
#define EDDSA_BLOB(last)                                                                           \
    {                                                                                              \
        0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, last                                                   \
    }

static const uint8_t rsa_sha1[] = RSA_BLOB (0x05);
static const uint8_t rsa_sha256[] = RSA_BLOB (0x0b);
static const uint8_t rsa_sha384[] = RSA_BLOB (0x0c);
static const uint8_t rsa_sha512[] = RSA_BLOB (0x0d);
static const uint8_t pss_sha256[] = PSS_BLOB (0x01, 32);
static const uint8_t pss_sha384[] = PSS_BLOB (0x02, 48);
static const uint8_t pss_sha512[] = PSS_BLOB (0x03, 64);
static const uint8_t ecdsa_sha1[] = { 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x04, 0x01 };
static const uint8_t ecdsa_sha256[] = ECDSA_BLOB (0x02);
static const uint8_t ecdsa_sha384[] = ECDSA_BLOB (0x03);
static const uint8_t ecdsa_sha512[] = ECDSA_BLOB (0x04);
static const uint8_t ed25519[] = EDDSA_BLOB (0x70);
static const uint8_t ed448[] = EDDSA_BLOB (0x71);

#define SIGNATURE(title, key_type, shape, hash_number, number, openssl_digest, octets)             \
    {                                                                                              \
        .name = title, .key = key_type, .form = shape, .hash = hash_number,                        \
        .method = METHOD_SIGNATURE, .nid = number, .digest = openssl_digest, .blob = octets,       \
        .blob_size = sizeof octets                                                                 \
    }
#define OLD_ECDSA(title, hash_number, number, openssl_digest, curve)                               \
    {                                                                                              \
        .name = title, .key = CERTS_KEY_ECDSA, .form = SCHEME_RAW_ECDSA, .hash = hash_number,      \
        .method = number, .digest = openssl_digest, .group = curve                                 \
    }

static const Scheme schemes[CERTS_N_SCHEMES] = {
    [CERTS_SCHEME_RSA_PKCS1_SHA1] =
        SIGNATURE ("RSASSA-PKCS1-v1_5 with SHA-1", CERTS_KEY_RSA, SCHEME_PLAIN, CERTS_HASH_SHA1,
                   NID_sha1WithRSAEncryption, "SHA1", rsa_sha1),
    [CERTS_SCHEME_RSA_PKCS1_SHA256] =
        SIGNATURE ("RSASSA-PKCS1-v1_5 with SHA2-256", CERTS_KEY_RSA, SCHEME_PLAIN,
                   CERTS_HASH_SHA2_256, NID_sha256WithRSAEncryption, "SHA2-256", rsa_sha256),
    [CERTS_SCHEME_RSA_PKCS1_SHA384] =
        SIGNATURE ("RSASSA-PKCS1-v1_5 with SHA2-384", CERTS_KEY_RSA, SCHEME_PLAIN,
                   CERTS_HASH_SHA2_384, NID_sha384WithRSAEncryption, "SHA2-384", rsa_sha384),
    [CERTS_SCHEME_RSA_PKCS1_SHA512] =
        SIGNATURE ("RSASSA-PKCS1-v1_5 with SHA2-512", CERTS_KEY_RSA, SCHEME_PLAIN,
                   CERTS_HASH_SHA2_512, NID_sha512WithRSAEncryption, "SHA2-512", rsa_sha512),
    [CERTS_SCHEME_RSA_PSS_SHA256] =
        SIGNATURE ("RSASSA-PSS with SHA2-256", CERTS_KEY_RSA, SCHEME_PSS, CERTS_HASH_SHA2_256,
                   NID_rsassaPss, "SHA2-256", pss_sha256),
    [CERTS_SCHEME_RSA_PSS_SHA384] =
        SIGNATURE ("RSASSA-PSS with SHA2-384", CERTS_KEY_RSA, SCHEME_PSS, CERTS_HASH_SHA2_384,
                   NID_rsassaPss, "SHA2-384", pss_sha384),
    [CERTS_SCHEME_RSA_PSS_SHA512] =
        SIGNATURE ("RSASSA-PSS with SHA2-512", CERTS_KEY_RSA, SCHEME_PSS, CERTS_HASH_SHA2_512,
                   NID_rsassaPss, "SHA2-512", pss_sha512),
    [CERTS_SCHEME_ECDSA_SHA1] =
        SIGNATURE ("ECDSA with SHA-1", CERTS_KEY_ECDSA, SCHEME_PLAIN, CERTS_HASH_SHA1,
                   NID_ecdsa_with_SHA1, "SHA1", ecdsa_sha1),
    [CERTS_SCHEME_ECDSA_SHA256] =
        SIGNATURE ("ECDSA with SHA2-256", CERTS_KEY_ECDSA, SCHEME_PLAIN, CERTS_HASH_SHA2_256,
                   NID_ecdsa_with_SHA256, "SHA2-256", ecdsa_sha256),
    [CERTS_SCHEME_ECDSA_SHA384] =
        SIGNATURE ("ECDSA with SHA2-384", CERTS_KEY_ECDSA, SCHEME_PLAIN, CERTS_HASH_SHA2_384,
                   NID_ecdsa_with_SHA384, "SHA2-384", ecdsa_sha384),
    [CERTS_SCHEME_ECDSA_SHA512] =
        SIGNATURE ("ECDSA with SHA2-512", CERTS_KEY_ECDSA, SCHEME_PLAIN, CERTS_HASH_SHA2_512,
                   NID_ecdsa_with_SHA512, "SHA2-512", ecdsa_sha512),
    [CERTS_SCHEME_ED25519] = SIGNATURE ("Ed25519", CERTS_KEY_ED25519, SCHEME_PLAIN,
                                        CERTS_HASH_IDENTITY, NID_ED25519, NULL, ed25519),
    [CERTS_SCHEME_ED448] = SIGNATURE ("Ed448", CERTS_KEY_ED448, SCHEME_PLAIN, CERTS_HASH_IDENTITY,
                                      NID_ED448, NULL, ed448),
    [CERTS_SCHEME_METHOD_RSA] = { .name = "RSA Digital Signature",
                                  .key = CERTS_KEY_RSA,
                                  .form = SCHEME_ANY_HASH,
                                  .hash = CERTS_HASH_SHA1,
                                  .method = METHOD_RSA,
                                  .digest = "SHA1" },
    [CERTS_SCHEME_METHOD_ECDSA_256] =
        OLD_ECDSA ("ECDSA with SHA2-256 on P-256", CERTS_HASH_SHA2_256, METHOD_ECDSA_256,
                   "SHA2-256", "prime256v1"),
    [CERTS_SCHEME_METHOD_ECDSA_384] =
        OLD_ECDSA ("ECDSA with SHA2-384 on P-384", CERTS_HASH_SHA2_384, METHOD_ECDSA_384,
                   "SHA2-384", "secp384r1"),
    [CERTS_SCHEME_METHOD_ECDSA_521] =
        OLD_ECDSA ("ECDSA with SHA2-512 on P-521", CERTS_HASH_SHA2_512, METHOD_ECDSA_521,
                   "SHA2-512", "secp521r1"),
};

const Scheme *
certs_scheme_get (CertsScheme scheme)
{
    g_assert ((unsigned)scheme < CERTS_N_SCHEMES);
    return &schemes[scheme];
}

const char *
certs_scheme_get_name (CertsScheme scheme)
{
    return certs_scheme_get (scheme)->name;
}

uint8_t
certs_scheme_get_method (CertsScheme scheme)
{
    return certs_scheme_get (scheme)->method;
}

GBytes *
certs_scheme_get_algorithm_identifier (CertsScheme scheme)
{
    const Scheme *row = certs_scheme_get (scheme);
    return row->blob != NULL ? g_bytes_new_static (row->blob, row->blob_size) : NULL;
}

bool
certs_scheme_from_method (uint8_t method, CertsScheme *ret_scheme)
{
    if (method == METHOD_SIGNATURE)
        return false;
    for (CertsScheme i = 0; i < CERTS_N_SCHEMES; i++)
        if (schemes[i].method == method)
        {
            *ret_scheme = i;
            return true;
        }
    return false;
}

/* --- the AlgorithmIdentifier --- */

/* RFC 4055 2.1: absent or NULL, both mean nothing. */
static bool
has_no_parameter (const X509_ALGOR *algorithm)
{
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0 (NULL, &type, NULL, algorithm);
    return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

static int
get_nid (const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
    return OBJ_obj2nid (object);
}

/* MGF1 over which hash; NID_undef: something else. */
static int
get_mask_hash (const X509_ALGOR *mask)
{
    if (get_nid (mask) != NID_mgf1)
        return NID_undef;
    g_autoptr (X509_ALGOR) hash =
        ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (X509_ALGOR), mask->parameter);
    return hash != NULL && has_no_parameter (hash) ? get_nid (hash) : NID_undef;
}

static bool
integer_is (const ASN1_INTEGER *integer, int64_t wanted)
{
    int64_t value = 0;
    return ASN1_INTEGER_get_int64 (&value, integer) == 1 && value == wanted;
}

/* By object number and size: EVP_MD_is_a () knows OpenSSL's newer names only once a provider was asked for one. */
static const struct
{
    CertsHash hash;
    int nid;
    int64_t size;
} pss_hashes[] = {
    { CERTS_HASH_SHA2_256, NID_sha256, 32 },
    { CERTS_HASH_SHA2_384, NID_sha384, 48 },
    { CERTS_HASH_SHA2_512, NID_sha512, 64 },
};

/*
 * RSASSA-PSS as we speak it: HASH for all, salt as long as it, trailer 1 (RFC 8017 A.2.3). What is absent means
 * SHA-1.
 */
static bool
is_pss_with (const X509_ALGOR *algorithm, CertsHash hash)
{
    g_autoptr (RSA_PSS_PARAMS) parameters =
        ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (RSA_PSS_PARAMS), algorithm->parameter);
    if (parameters == NULL || parameters->hashAlgorithm == NULL ||
        parameters->maskGenAlgorithm == NULL || parameters->saltLength == NULL)
        return false;
    int nid = get_nid (parameters->hashAlgorithm);
    for (size_t i = 0; i < G_N_ELEMENTS (pss_hashes); i++)
        if (pss_hashes[i].hash == hash)
            return pss_hashes[i].nid == nid && has_no_parameter (parameters->hashAlgorithm) &&
                   get_mask_hash (parameters->maskGenAlgorithm) == nid &&
                   integer_is (parameters->saltLength, pss_hashes[i].size) &&
                   (parameters->trailerField == NULL || integer_is (parameters->trailerField, 1));
    return false;
}

static bool
names_scheme (const X509_ALGOR *algorithm, const Scheme *scheme)
{
    if (scheme->nid == NID_undef || get_nid (algorithm) != scheme->nid)
        return false;
    if (scheme->form == SCHEME_PSS)
        return is_pss_with (algorithm, scheme->hash);
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0 (NULL, &type, NULL, algorithm);
    return scheme->key == CERTS_KEY_RSA ? has_no_parameter (algorithm) : type == V_ASN1_UNDEF;
}

bool
certs_scheme_parse (const void *identifier, size_t size, CertsScheme *ret_scheme, GError **error)
{
    const unsigned char *at = identifier;
    g_autoptr (X509_ALGOR) algorithm = NULL;
    if (size > 0 && size <= CERTS_ALGORITHM_IDENTIFIER_MAX)
        algorithm = d2i_X509_ALGOR (NULL, &at, (long)size);
    bool whole = algorithm != NULL && at == (const unsigned char *)identifier + size;
    for (CertsScheme i = 0; whole && i < CERTS_N_SCHEMES; i++)
        if (names_scheme (algorithm, &schemes[i]))
        {
            *ret_scheme = i;
            ERR_clear_error ();
            return true;
        }
    char oid[80] = "a broken identifier";
    if (whole)
        OBJ_obj2txt (oid, sizeof oid, algorithm->algorithm, 0);
    ERR_clear_error ();
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                 "the gateway signed in a way that we do not know (%s)", oid);
    return false;
}

/* --- the choice --- */

static bool
contains (const uint16_t *hashes, size_t n_hashes, CertsHash hash)
{
    for (size_t i = 0; i < n_hashes; i++)
        if (hashes[i] == hash)
            return true;
    return false;
}

/* The hash that is as strong as the key first, then the stronger, then the weaker ones, SHA-1 last. */
static void
order_hashes (const CertsKey *key, CertsHash ret_order[4])
{
    static const CertsHash orders[3][4] = {
        { CERTS_HASH_SHA2_256, CERTS_HASH_SHA2_384, CERTS_HASH_SHA2_512, CERTS_HASH_SHA1 },
        { CERTS_HASH_SHA2_384, CERTS_HASH_SHA2_512, CERTS_HASH_SHA2_256, CERTS_HASH_SHA1 },
        { CERTS_HASH_SHA2_512, CERTS_HASH_SHA2_384, CERTS_HASH_SHA2_256, CERTS_HASH_SHA1 },
    };
    unsigned bits = certs_key_get_bits (key);
    bool curve = certs_key_get_type (key) == CERTS_KEY_ECDSA;
    size_t row = !curve || bits <= 256 ? 0 : bits <= 384 ? 1 : 2;
    memcpy (ret_order, orders[row], sizeof orders[row]);
}

static bool
find_scheme (CertsKeyType key, SchemeForm form, CertsHash hash, CertsScheme *ret_scheme)
{
    for (CertsScheme i = 0; i < CERTS_N_SCHEMES; i++)
        if (schemes[i].key == key && schemes[i].form == form && schemes[i].hash == hash &&
            schemes[i].method == METHOD_SIGNATURE)
        {
            *ret_scheme = i;
            return true;
        }
    return false;
}

static bool
choose_old (const CertsKey *key, CertsScheme *ret_scheme)
{
    char group[64] = "";
    EVP_PKEY_get_group_name (certs_key_get_pkey (key), group, sizeof group, NULL);
    ERR_clear_error ();
    for (CertsScheme i = 0; i < CERTS_N_SCHEMES; i++)
        if (schemes[i].method != METHOD_SIGNATURE && schemes[i].key == certs_key_get_type (key) &&
            (schemes[i].group == NULL || strcmp (schemes[i].group, group) == 0))
        {
            *ret_scheme = i;
            return true;
        }
    return false;
}

static bool
choose_new (const CertsKey *key, const uint16_t *hashes, size_t n_hashes, CertsRsaPadding padding,
            CertsScheme *ret_scheme)
{
    CertsKeyType type = certs_key_get_type (key);
    if (type == CERTS_KEY_ED25519 || type == CERTS_KEY_ED448)
        return contains (hashes, n_hashes, CERTS_HASH_IDENTITY) &&
               find_scheme (type, SCHEME_PLAIN, CERTS_HASH_IDENTITY, ret_scheme);

    SchemeForm form = type == CERTS_KEY_RSA && padding == CERTS_RSA_PSS ? SCHEME_PSS : SCHEME_PLAIN;
    CertsHash order[4];
    order_hashes (key, order);
    for (size_t i = 0; i < G_N_ELEMENTS (order); i++)
        if (contains (hashes, n_hashes, order[i]) && find_scheme (type, form, order[i], ret_scheme))
            return true;
    return false;
}

bool
certs_scheme_choose (const CertsKey *key, const uint16_t *hashes, size_t n_hashes,
                     CertsRsaPadding padding, CertsScheme *ret_scheme, GError **error)
{
    if (n_hashes > 0 ? choose_new (key, hashes, n_hashes, padding, ret_scheme)
                     : choose_old (key, ret_scheme))
        return true;
    g_autofree char *description = certs_key_describe (key);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL,
                 "the gateway can check no signature of an %s key", description);
    return false;
}
