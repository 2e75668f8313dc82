/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Signatures of the AUTH payload, and the choice among schemes. The certificates are made while it runs. */

#include "certs/pem.h"
#include "certs/signature.h"
#include "errors.h"
#include "support/pki.h"

#include <string.h>

static GBytes *
bytes_of (const char *text)
{
    return g_bytes_new (text, strlen (text));
}

static const char data[] = "what is signed";

/* Method 14 by its identifier, the older ones by their number; SHA-1 allowed where it can be. */
static bool
verify (const PkiEntity *entity, CertsScheme scheme, const char *text, GBytes *signature,
        GError **error)
{
    gsize size = 0;
    const void *octets = g_bytes_get_data (signature, &size);
    g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier (scheme);
    g_autoptr (CertsChain) chain = pki_chain (entity, NULL);
    if (identifier == NULL)
        return certs_signature_verify_method (chain, certs_scheme_get_method (scheme), true, text,
                                              strlen (text), octets, size, error);
    g_assert_cmpuint (certs_scheme_get_method (scheme), ==, 14);
    return certs_signature_verify (chain, g_bytes_get_data (identifier, NULL),
                                   g_bytes_get_size (identifier), text, strlen (text), octets, size,
                                   error);
}

static CertsKey *
key_of (const PkiEntity *entity)
{
    g_autoptr (GBytes) der = pki_get_key (entity);
    g_autoptr (GError) error = NULL;
    CertsKey *key = NULL;
    certs_parse_key (der, NULL, 0, &key, &error);
    g_assert_no_error (error);
    return key;
}

static const struct
{
    CertsScheme scheme;
    const char *key;
    bool weak;
} schemes[] = {
    { CERTS_SCHEME_RSA_PKCS1_SHA1, "rsa2048", true },
    { CERTS_SCHEME_RSA_PKCS1_SHA256, "rsa2048", false },
    { CERTS_SCHEME_RSA_PKCS1_SHA384, "rsa2048", false },
    { CERTS_SCHEME_RSA_PKCS1_SHA512, "rsa2048", false },
    { CERTS_SCHEME_RSA_PSS_SHA256, "rsa2048", false },
    { CERTS_SCHEME_RSA_PSS_SHA384, "rsa2048", false },
    { CERTS_SCHEME_RSA_PSS_SHA512, "rsa2048", false },
    { CERTS_SCHEME_ECDSA_SHA1, "ecp256", true },
    { CERTS_SCHEME_ECDSA_SHA256, "ecp256", false },
    { CERTS_SCHEME_ECDSA_SHA384, "ecp256bp", false },
    { CERTS_SCHEME_ECDSA_SHA512, "ecp521", false },
    { CERTS_SCHEME_ED25519, "ed25519", false },
    { CERTS_SCHEME_ED448, "ed448", false },
    { CERTS_SCHEME_METHOD_RSA, "rsa2048", false },
    { CERTS_SCHEME_METHOD_ECDSA_256, "ecp256", false },
    { CERTS_SCHEME_METHOD_ECDSA_384, "ecp384", false },
    { CERTS_SCHEME_METHOD_ECDSA_521, "ecp521", false },
};

static void
signatures_verify (void)
{
    g_assert_cmpuint (G_N_ELEMENTS (schemes), ==, CERTS_N_SCHEMES);
    for (size_t i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
        g_autoptr (PkiEntity) entity = pki_issue (&(PkiRequest){ .key = schemes[i].key }, NULL);
        g_autoptr (PkiEntity) other = pki_issue (&(PkiRequest){ .key = schemes[i].key }, NULL);
        g_autoptr (CertsKey) key = key_of (entity);
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) signature =
            certs_signature_sign (key, schemes[i].scheme, data, strlen (data), &error);
        g_assert_no_error (error);
        g_test_message ("%s", certs_scheme_get_name (schemes[i].scheme));
        if (schemes[i].weak)
        {
            g_assert_false (verify (entity, schemes[i].scheme, data, signature, &error));
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
            continue;
        }
        g_assert_true (verify (entity, schemes[i].scheme, data, signature, &error));
        g_assert_no_error (error);
        g_assert_false (verify (other, schemes[i].scheme, data, signature, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
        g_assert_false (verify (entity, schemes[i].scheme, "what is not", signature, NULL));

        gsize size = 0;
        const void *octets = g_bytes_get_data (signature, &size);
        g_autofree uint8_t *copy = g_memdup2 (octets, size);
        copy[size / 2] ^= 1;
        g_autoptr (GBytes) changed = g_bytes_new (copy, size);
        g_assert_false (verify (entity, schemes[i].scheme, data, changed, NULL));
        g_autoptr (GBytes) cut = g_bytes_new (octets, size - 1);
        g_assert_false (verify (entity, schemes[i].scheme, data, cut, NULL));
        g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
        g_assert_false (verify (entity, schemes[i].scheme, data, empty, NULL));
    }
}

/* The older ECDSA methods are bound to one curve, the newer to none. */
static bool
fits (CertsScheme scheme, const char *wanted, const char *key)
{
    bool any_curve = scheme < CERTS_SCHEME_METHOD_ECDSA_256 && g_str_has_prefix (wanted, "ecp");
    return any_curve ? g_str_has_prefix (key, "ecp") : g_str_equal (wanted, key);
}

/* Each scheme with each kind of key that is not its own. */
static void
schemes_keep_to_their_keys (void)
{
    static const char *const names[] = {
        "rsa2048", "ecp256", "ecp384", "ecp521", "ed25519", "ed448"
    };
    for (size_t k = 0; k < G_N_ELEMENTS (names); k++)
    {
        g_autoptr (PkiEntity) entity = pki_issue (&(PkiRequest){ .key = names[k] }, NULL);
        g_autoptr (CertsKey) key = key_of (entity);
        g_autoptr (GBytes) signature = bytes_of ("signature");
        for (size_t i = 0; i < G_N_ELEMENTS (schemes); i++)
        {
            if (fits (schemes[i].scheme, schemes[i].key, names[k]))
                continue;
            g_autoptr (GError) error = NULL;
            g_assert_null (certs_signature_sign (key, schemes[i].scheme, data, 4, &error));
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL);
            g_clear_error (&error);
            g_assert_false (verify (entity, schemes[i].scheme, data, signature, &error));
            if (!schemes[i].weak)
                g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID);
        }
    }
}

static void
old_rsa_names_no_hash (void)
{
    static const CertsScheme with[] = { CERTS_SCHEME_RSA_PKCS1_SHA1, CERTS_SCHEME_RSA_PKCS1_SHA256,
                                        CERTS_SCHEME_RSA_PKCS1_SHA384,
                                        CERTS_SCHEME_RSA_PKCS1_SHA512 };
    g_autoptr (PkiEntity) entity = pki_issue (&(PkiRequest){ .key = "rsa2048" }, NULL);
    g_autoptr (CertsKey) key = key_of (entity);
    g_autoptr (CertsChain) chain = pki_chain (entity, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (with); i++)
    {
        g_autoptr (GBytes) signature = certs_signature_sign (key, with[i], data, 5, NULL);
        gsize size = 0;
        const void *octets = g_bytes_get_data (signature, &size);
        g_assert_true (certs_signature_verify_method (chain, 1, true, data, 5, octets, size, NULL));
        bool strict = certs_signature_verify_method (chain, 1, false, data, 5, octets, size, NULL);
        g_assert_cmpint (strict, ==, i > 0);
    }
    g_autoptr (GError) error = NULL;
    g_assert_false (certs_signature_verify_method (chain, 14, true, data, 5, data, 5, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
}

static void
small_keys_sign_nothing (void)
{
    g_autoptr (PkiEntity) small = pki_issue (&(PkiRequest){ .key = "rsa1024" }, NULL);
    uint8_t signature[128] = { 1 };
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsChain) chain = pki_chain (small, NULL);
    g_assert_false (certs_signature_verify_method (chain, 1, true, data, 5, signature,
                                                   sizeof signature, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

static void
schemes_are_chosen_for_the_peer (void)
{
    static const struct
    {
        const char *key;
        uint16_t hashes[4];
        size_t n_hashes;
        CertsRsaPadding padding;
        int scheme; /* -1: none */
    } cases[] = {
        { "rsa2048", { 2, 3, 4 }, 3, CERTS_RSA_PKCS1, CERTS_SCHEME_RSA_PKCS1_SHA256 },
        { "rsa2048", { 4, 3 }, 2, CERTS_RSA_PSS, CERTS_SCHEME_RSA_PSS_SHA384 },
        { "rsa2048", { 1 }, 1, CERTS_RSA_PKCS1, CERTS_SCHEME_RSA_PKCS1_SHA1 },
        { "rsa2048", { 1 }, 1, CERTS_RSA_PSS, -1 },
        { "rsa2048", { 5 }, 1, CERTS_RSA_PKCS1, -1 },
        { "rsa2048", { 0 }, 0, CERTS_RSA_PSS, CERTS_SCHEME_METHOD_RSA },
        { "ecp256", { 1, 2, 3, 4 }, 4, CERTS_RSA_PKCS1, CERTS_SCHEME_ECDSA_SHA256 },
        { "ecp384", { 2, 3, 4 }, 3, CERTS_RSA_PKCS1, CERTS_SCHEME_ECDSA_SHA384 },
        { "ecp521", { 2, 3, 4 }, 3, CERTS_RSA_PKCS1, CERTS_SCHEME_ECDSA_SHA512 },
        { "ecp521", { 2 }, 1, CERTS_RSA_PKCS1, CERTS_SCHEME_ECDSA_SHA256 },
        { "ecp256", { 0 }, 0, CERTS_RSA_PKCS1, CERTS_SCHEME_METHOD_ECDSA_256 },
        { "ecp384", { 0 }, 0, CERTS_RSA_PKCS1, CERTS_SCHEME_METHOD_ECDSA_384 },
        { "ecp521", { 0 }, 0, CERTS_RSA_PKCS1, CERTS_SCHEME_METHOD_ECDSA_521 },
        { "ecp256bp", { 0 }, 0, CERTS_RSA_PKCS1, -1 },
        { "ed25519", { 2, 5 }, 2, CERTS_RSA_PKCS1, CERTS_SCHEME_ED25519 },
        { "ed25519", { 2, 3, 4 }, 3, CERTS_RSA_PKCS1, -1 },
        { "ed448", { 5 }, 1, CERTS_RSA_PKCS1, CERTS_SCHEME_ED448 },
        { "ed448", { 0 }, 0, CERTS_RSA_PKCS1, -1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (PkiEntity) entity = pki_issue (&(PkiRequest){ .key = cases[i].key }, NULL);
        g_autoptr (CertsKey) key = key_of (entity);
        g_autoptr (GError) error = NULL;
        CertsScheme scheme = CERTS_N_SCHEMES;
        bool chosen = certs_scheme_choose (key, cases[i].hashes, cases[i].n_hashes,
                                           cases[i].padding, &scheme, &error);
        g_assert_cmpint (chosen, ==, cases[i].scheme >= 0);
        if (chosen)
            g_assert_cmpint (scheme, ==, cases[i].scheme);
        else
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL);
    }
}

/* Every identifier reads back as its scheme; cut or changed it is refused or another one. */
static void
identifiers_read_back (void)
{
    for (CertsScheme i = 0; i < CERTS_N_SCHEMES; i++)
    {
        g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier (i);
        if (identifier == NULL)
            continue;
        gsize size = 0;
        const uint8_t *octets = g_bytes_get_data (identifier, &size);
        CertsScheme scheme = CERTS_N_SCHEMES;
        g_assert_true (certs_scheme_parse (octets, size, &scheme, NULL));
        g_assert_cmpint (scheme, ==, i);
        for (size_t cut = 0; cut < size; cut++)
            g_assert_false (certs_scheme_parse (octets, cut, &scheme, NULL));
        for (size_t at = 0; at < size; at++)
        {
            g_autofree uint8_t *copy = g_memdup2 (octets, size);
            copy[at] ^= 0x80;
            g_autoptr (GError) error = NULL;
            g_assert_false (certs_scheme_parse (copy, size, &scheme, &error));
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
        }
        g_autofree uint8_t *longer = g_malloc0 (size + 1);
        memcpy (longer, octets, size);
        g_assert_false (certs_scheme_parse (longer, size + 1, &scheme, NULL));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/signature/verify", signatures_verify);
    g_test_add_func ("/signature/keys", schemes_keep_to_their_keys);
    g_test_add_func ("/signature/old-rsa", old_rsa_names_no_hash);
    g_test_add_func ("/signature/small", small_keys_sign_nothing);
    g_test_add_func ("/signature/choice", schemes_are_chosen_for_the_peer);
    g_test_add_func ("/signature/identifiers", identifiers_read_back);
    return g_test_run ();
}
