/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Certificates and keys as files and gateways bring them, PEM and DER: parsed, described, asked for names, put into a
 * chain; and the AlgorithmIdentifier of RFC 7427.
 */

#include "certs/bundle.h"
#include "certs/pem.h"
#include "certs/signature.h"
#include "certs/trust.h"
#include "fuzz/fuzz.h"

static void
ask_names (const CertsChain *chain)
{
    static const char *const names[] = { "vpn.example.com", "192.0.2.1", "a@example.com",
                                         "CN=vpn.example.com" };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
        g_autoptr (CertsIdentity) identity = certs_identity_parse (names[i], NULL);
        g_autoptr (GError) error = NULL;
        bool ok = certs_identity_matches (identity, chain, &error);
        FUZZ_CHECK_ERROR (ok, error);
    }
}

static void
look_at (GBytes *certificate)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsDescription) description = certs_describe (certificate, &error);
    FUZZ_CHECK_ERROR (description != NULL, error);
    if (description != NULL)
    {
        FUZZ_MUST (g_utf8_validate (description->subject, -1, NULL));
        FUZZ_MUST (g_utf8_validate (description->issuer, -1, NULL));
        for (char **name = description->names; name != NULL && *name != NULL; name++)
            FUZZ_MUST (g_utf8_validate (*name, -1, NULL));
    }
    g_autoptr (GPtrArray) alone = g_ptr_array_new ();
    g_ptr_array_add (alone, certificate);
    g_clear_error (&error);
    g_autoptr (CertsChain) chain = certs_chain_new (alone, &error);
    FUZZ_CHECK_ERROR (chain != NULL, error);
    if (chain == NULL)
        return;
    ask_names (chain);
    certs_signature_verify_method (chain, 1, true, "data", 4, "signature", 9, NULL);
}

static void
build_chain (GPtrArray *certificates)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsTrust) trust = certs_trust_new (certificates, &error);
    FUZZ_CHECK_ERROR (trust != NULL, error);
    if (trust == NULL)
        return;
    g_autoptr (CertsChain) chain = certs_chain_new (certificates, &error);
    FUZZ_CHECK_ERROR (chain != NULL, error);
    if (chain == NULL)
        return;
    bool ok = certs_trust_verify (trust, chain, 1767225600, CERTS_PURPOSE_GATEWAY, &error);
    FUZZ_CHECK_ERROR (ok, error);
    g_autoptr (GPtrArray) hashes = certs_hash_authority_keys (certificates);
    FUZZ_MUST (hashes->len <= certificates->len);
}

static void
parse_certificates (GBytes *input)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) certificates = NULL;
    bool ok = certs_parse_certificates (input, &certificates, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return;
    FUZZ_MUST (certificates->len > 0);
    for (guint i = 0; i < certificates->len && i < 4; i++)
        look_at (certificates->pdata[i]);
    build_chain (certificates);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autoptr (GBytes) input = g_bytes_new_static (data, size);
    parse_certificates (input);
    look_at (input);
    g_autoptr (CertsKey) key = NULL;
    g_autoptr (GError) error = NULL;
    bool ok = certs_parse_key (input, "secret", 6, &key, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (ok)
    {
        g_autofree char *text = certs_key_describe (key);
        FUZZ_MUST (text != NULL);
    }
    CertsScheme scheme;
    if (certs_scheme_parse (data, size, &scheme, NULL))
        FUZZ_MUST (scheme < CERTS_N_SCHEMES && certs_scheme_get_name (scheme) != NULL);
    return 0;
}
