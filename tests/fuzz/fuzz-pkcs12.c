/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * PKCS#12 files, with the right passphrase ("secret") and without one.
 */

#include "certs/pkcs12.h"
#include "fuzz/fuzz.h"

static void
parse (GBytes *input, const char *passphrase)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsBundle) bundle = certs_pkcs12_parse (
        input, passphrase, passphrase != NULL ? strlen (passphrase) : 0, &error);
    FUZZ_CHECK_ERROR (bundle != NULL, error);
    if (bundle == NULL)
        return;
    FUZZ_MUST (bundle->key != NULL && bundle->certificate != NULL && bundle->chain != NULL);
    FUZZ_MUST (certs_key_matches_certificate (bundle->key, bundle->certificate));
    g_autoptr (CertsIdentity) identity = certs_bundle_get_default_identity (bundle);
    g_autofree char *text = identity != NULL ? certs_identity_format (identity) : NULL;
    FUZZ_MUST (text == NULL || g_utf8_validate (text, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autoptr (GBytes) input = g_bytes_new_static (data, size);
    parse (input, "secret");
    parse (input, NULL);
    return 0;
}
