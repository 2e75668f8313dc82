/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Identities as users type them and as the ID payload brings them (the first octet is its type): what is formatted
 * reads back as the same, unless octets had to be escaped.
 */

#include "certs/identity.h"
#include "fuzz/fuzz.h"

static void
parse_text (const char *text)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsIdentity) identity = certs_identity_parse (text, &error);
    FUZZ_CHECK_ERROR (identity != NULL, error);
    if (identity == NULL)
        return;
    FUZZ_MUST (certs_identity_equal (identity, identity));
    g_autofree char *formatted = certs_identity_format (identity);
    FUZZ_MUST (g_utf8_validate (formatted, -1, NULL));
    g_autoptr (CertsIdentity) again = certs_identity_parse (formatted, NULL);
    bool escaped = strchr (formatted, '\\') != NULL;
    FUZZ_MUST (escaped || (again != NULL && certs_identity_equal (identity, again)));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    g_autofree char *text = g_strndup ((const char *)data + 1, size - 1);
    if (g_utf8_validate (text, -1, NULL))
        parse_text (text);
    g_autoptr (CertsIdentity) identity = certs_identity_new (data[0], data + 1, size - 1);
    g_autoptr (CertsIdentity) copy = certs_identity_copy (identity);

    /* Octets that are no name of their type equal nothing; what equals itself equals its copy. */
    FUZZ_MUST (certs_identity_equal (identity, copy) == certs_identity_equal (copy, identity));
    FUZZ_MUST (identity->type != CERTS_IDENTITY_KEY_ID || certs_identity_equal (identity, copy));
    g_autofree char *formatted = certs_identity_format (identity);
    FUZZ_MUST (g_utf8_validate (formatted, -1, NULL));
    for (const char *c = formatted; *c != '\0'; c++)
        FUZZ_MUST (!g_ascii_iscntrl (*c));
    return 0;
}
