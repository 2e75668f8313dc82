/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a user logs in with: PEM, keys, PKCS#12, bundles. The certificates are made while it runs. */

#include "certs/bundle.h"
#include "certs/identity.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/pkcs12.h"
#include "errors.h"
#include "support/family.h"

#include <string.h>

static GBytes *
bytes_of (const char *text)
{
    return g_bytes_new (text, strlen (text));
}

/* --- files --- */

static void
assert_certificates (const char *text, gssize size, unsigned count)
{
    g_autoptr (GBytes) input = g_bytes_new (text, size < 0 ? strlen (text) : (gsize)size);
    g_autoptr (GPtrArray) list = NULL;
    g_autoptr (GError) error = NULL;
    bool done = certs_parse_certificates (input, &list, &error);
    if (count == 0)
    {
        g_assert_false (done);
        g_assert_null (list);
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
        return;
    }
    g_assert_no_error (error);
    g_assert_true (done);
    g_assert_cmpuint (list->len, ==, count);
}

static void
certificates_are_found_in_files (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autofree char *pem = pki_get_certificate_pem (root);
    g_autofree char *key = pki_get_key_pem (root, NULL, NULL);
    gsize size = 0;
    const char *der = g_bytes_get_data (pki_get_certificate (root), &size);

    assert_certificates (pem, -1, 1);
    assert_certificates (der, (gssize)size, 1);
    g_autofree char *many = g_strconcat ("Subject: text\n", pem, key, "more text\r\n", pem, NULL);
    assert_certificates (many, -1, 2);
    g_autofree char *marked = g_strconcat ("\xef\xbb\xbf", pem, NULL);
    assert_certificates (marked, -1, 1);

    assert_certificates ("", -1, 0);
    assert_certificates ("no certificate at all", -1, 0);
    assert_certificates (key, -1, 0);
    assert_certificates (der, (gssize)size - 1, 0);
    assert_certificates ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", -1, 0);
    g_autofree char *cut = g_strndup (pem, strlen (pem) / 2);
    assert_certificates (cut, -1, 0);
    g_autofree char *good_then_cut = g_strconcat (pem, cut, NULL);
    assert_certificates (good_then_cut, -1, 0);
    g_autofree char *longer = g_malloc0 (size + 1);
    memcpy (longer, der, size);
    assert_certificates (longer, (gssize)size + 1, 0);
}

/* CODE -1: it opens, as a key of TYPE. */
static void
assert_key (GBytes *input, const char *passphrase, int code, CertsKeyType type)
{
    g_autoptr (CertsKey) key = NULL;
    g_autoptr (GError) error = NULL;
    size_t size = passphrase != NULL ? strlen (passphrase) : 0;
    bool done = certs_parse_key (input, passphrase, size, &key, &error);
    if (code >= 0)
    {
        g_assert_false (done);
        g_assert_null (key);
        g_assert_error (error, OUTRIDER_ERROR, code);
        return;
    }
    g_assert_no_error (error);
    g_assert_true (done);
    g_assert_cmpint (certs_key_get_type (key), ==, type);
}

static const struct
{
    const char *name, *label;
    CertsKeyType type;
    bool traditional;
} keys[] = {
    { "rsa2048", "RSA 2048", CERTS_KEY_RSA, true },
    { "ecp256", "ECDSA P-256", CERTS_KEY_ECDSA, true },
    { "ecp521", "ECDSA P-521", CERTS_KEY_ECDSA, true },
    { "ecp256bp", "ECDSA brainpoolP256r1", CERTS_KEY_ECDSA, true },
    { "ed25519", "Ed25519", CERTS_KEY_ED25519, false },
    { "ed448", "Ed448", CERTS_KEY_ED448, false },
};

static void
check_encrypted_key (const char *pem, CertsKeyType type)
{
    g_autoptr (GBytes) input = bytes_of (pem);
    assert_key (input, "secret", -1, type);
    assert_key (input, NULL, OUTRIDER_ERROR_SECRET_NEEDED, type);
    assert_key (input, "", OUTRIDER_ERROR_SECRET_WRONG, type);
    assert_key (input, "Secret", OUTRIDER_ERROR_SECRET_WRONG, type);
}

static void
keys_are_read_in_every_form (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
        CertsKeyType type = keys[i].type;
        g_autoptr (PkiEntity) entity = pki_issue (&(PkiRequest){ .key = keys[i].name }, NULL);
        g_autoptr (GBytes) der = pki_get_key (entity);
        assert_key (der, NULL, -1, type);
        assert_key (der, "not asked for", -1, type);

        g_autofree char *certificate = pki_get_certificate_pem (entity);
        g_autofree char *pem = pki_get_key_pem (entity, NULL, NULL);
        g_autofree char *both = g_strconcat (certificate, pem, NULL);
        g_autoptr (GBytes) input = bytes_of (both);
        assert_key (input, NULL, -1, type);

        g_autofree char *encrypted = pki_get_key_pem (entity, "AES-256-CBC", "secret");
        check_encrypted_key (encrypted, type);
        if (!keys[i].traditional)
            continue;
        g_autofree char *old = pki_get_traditional_key_pem (entity, NULL);
        g_autoptr (GBytes) old_input = bytes_of (old);
        assert_key (old_input, NULL, -1, type);
        g_autofree char *old_encrypted = pki_get_traditional_key_pem (entity, "secret");
        check_encrypted_key (old_encrypted, type);
    }
}

static void
keys_of_no_use_are_refused (void)
{
    static const char *const bad[] = {
        "", "text", "-----BEGIN PRIVATE KEY-----\nAAAA\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "0"
    };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
        g_autoptr (GBytes) input = bytes_of (bad[i]);
        assert_key (input, NULL, OUTRIDER_ERROR_FILE, CERTS_KEY_RSA);
    }
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autofree char *certificate = pki_get_certificate_pem (root);
    g_autoptr (GBytes) input = bytes_of (certificate);
    assert_key (input, NULL, OUTRIDER_ERROR_FILE, CERTS_KEY_RSA);
    g_autoptr (PkiEntity) small = pki_issue (&(PkiRequest){ .key = "rsa1024" }, NULL);
    g_autoptr (GBytes) small_key = pki_get_key (small);
    assert_key (small_key, NULL, OUTRIDER_ERROR_FILE, CERTS_KEY_RSA);
}

static void
keys_know_their_certificate (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
        g_autoptr (PkiEntity) entity = pki_issue (&(PkiRequest){ .key = keys[i].name }, NULL);
        g_autoptr (PkiEntity) other = pki_issue (&(PkiRequest){ .key = keys[i].name }, NULL);
        g_autoptr (GBytes) der = pki_get_key (entity);
        g_autoptr (CertsKey) key = NULL;
        g_assert_true (certs_parse_key (der, NULL, 0, &key, NULL));
        g_autofree char *label = certs_key_describe (key);
        g_assert_cmpstr (label, ==, keys[i].label);
        g_assert_true (certs_key_matches_certificate (key, pki_get_certificate (entity)));
        g_assert_false (certs_key_matches_certificate (key, pki_get_certificate (other)));
        g_assert_false (certs_key_matches_certificate (key, der));
    }
}

/* --- PKCS#12 --- */

static void
assert_bundle (const CertsBundle *bundle, const Family *family)
{
    g_assert_true (g_bytes_equal (bundle->certificate, pki_get_certificate (family->user)));
    g_assert_cmpuint (bundle->chain->len, ==, 2);
    g_assert_true (g_bytes_equal (bundle->chain->pdata[0], pki_get_certificate (family->middle)));
    g_assert_true (g_bytes_equal (bundle->chain->pdata[1], pki_get_certificate (family->root)));
    g_assert_true (certs_key_matches_certificate (bundle->key, bundle->certificate));
}

static void
assert_pkcs12 (GBytes *input, const char *passphrase, int code, const Family *family)
{
    g_autoptr (GError) error = NULL;
    size_t size = passphrase != NULL ? strlen (passphrase) : 0;
    g_autoptr (CertsBundle) bundle = certs_pkcs12_parse (input, passphrase, size, &error);
    if (code >= 0)
    {
        g_assert_null (bundle);
        g_assert_error (error, OUTRIDER_ERROR, code);
        return;
    }
    g_assert_no_error (error);
    assert_bundle (bundle, family);
}

/* Everything that tools write, and what opens it. */
static void
pkcs12_opens_in_every_form (void)
{
    g_auto (Family) family = family_new ();
    const PkiEntity *others[] = { family.root, family.middle, NULL };
    static const struct
    {
        const char *written;
        bool old_ciphers, without_mac;
        const char *given;
        int code;
    } cases[] = {
        { "secret", false, false, "secret", -1 },
        { "secret", false, false, NULL, OUTRIDER_ERROR_SECRET_NEEDED },
        { "secret", false, false, "", OUTRIDER_ERROR_SECRET_WRONG },
        { "secret", false, false, "Secret", OUTRIDER_ERROR_SECRET_WRONG },
        { "secret", true, false, "secret", -1 },
        { "secret", true, false, "Secret", OUTRIDER_ERROR_SECRET_WRONG },
        { "secret", false, true, "secret", -1 },
        { "secret", false, true, NULL, OUTRIDER_ERROR_SECRET_NEEDED },
        { "secret", false, true, "Secret", OUTRIDER_ERROR_SECRET_WRONG },
        { "secret", true, true, "secret", -1 },
        { "", false, false, NULL, -1 },
        { "", false, false, "", -1 },
        { "", true, false, NULL, -1 },
        { NULL, false, false, NULL, -1 },
        { NULL, false, false, "", -1 },
        { NULL, true, false, "", -1 },
        { "", false, false, "secret", OUTRIDER_ERROR_SECRET_WRONG },
        { "p\xc3\xa4sswort", true, false, "p\xc3\xa4sswort", -1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (GBytes) file =
            pki_get_pkcs12 (family.user, &(PkiPkcs12){ .passphrase = cases[i].written,
                                                       .old_ciphers = cases[i].old_ciphers,
                                                       .without_mac = cases[i].without_mac,
                                                       .others = others });
        assert_pkcs12 (file, cases[i].given, cases[i].code, &family);
    }
}

static void
pkcs12_of_no_use_is_refused (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (GBytes) no_key =
        pki_get_pkcs12 (family.user, &(PkiPkcs12){ .passphrase = "x", .without_key = true });
    assert_pkcs12 (no_key, "x", OUTRIDER_ERROR_FILE, &family);
    g_autoptr (GBytes) endless = pki_get_pkcs12 (
        family.user, &(PkiPkcs12){ .passphrase = "x", .claimed_iterations = 2000000000 });
    assert_pkcs12 (endless, "x", OUTRIDER_ERROR_FILE, &family);
    g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
    assert_pkcs12 (empty, "x", OUTRIDER_ERROR_FILE, &family);
    assert_pkcs12 (pki_get_certificate (family.user), "x", OUTRIDER_ERROR_FILE, &family);
}

/* Cut or changed anywhere: an error, never a crash; only what no check covers may pass. */
static void
pkcs12_survives_damage (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (GBytes) file = pki_get_pkcs12 (family.user, &(PkiPkcs12){ .passphrase = "x" });
    gsize size = 0;
    const uint8_t *data = g_bytes_get_data (file, &size);
    for (size_t i = 0; i < size; i++)
    {
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) cut = g_bytes_new (data, i);
        g_assert_null (certs_pkcs12_parse (cut, "x", 1, &error));
        g_assert_nonnull (error);

        g_autofree uint8_t *copy = g_memdup2 (data, size);
        copy[i] ^= 0xff;
        g_autoptr (GBytes) changed = g_bytes_new (copy, size);
        g_autoptr (GError) reason = NULL;
        g_autoptr (CertsBundle) bundle = certs_pkcs12_parse (changed, "x", 1, &reason);
        g_assert_true ((bundle != NULL) != (reason != NULL));
    }
}

/* --- bundles --- */

static void
bundles_sort_their_certificates (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (PkiEntity) stranger = pki_issue_root ("Stranger");
    g_autoptr (GBytes) der = pki_get_key (family.user);
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsKey) key = NULL;
    g_assert_true (certs_parse_key (der, NULL, 0, &key, &error));
    g_autoptr (GPtrArray) any_order = pki_list (family.root, family.user, family.middle, NULL);
    g_autoptr (CertsBundle) bundle = certs_bundle_new (any_order, key, &error);
    g_assert_no_error (error);
    assert_bundle (bundle, &family);

    g_autoptr (GPtrArray) without = pki_list (family.root, stranger, NULL);
    g_assert_null (certs_bundle_new (without, key, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
}

static void
assert_default_identity (const PkiRequest *request, const char *expected)
{
    g_autoptr (PkiEntity) entity = pki_issue (request, NULL);
    CertsBundle bundle = { .certificate = pki_get_certificate (entity) };
    g_autoptr (CertsIdentity) identity = certs_bundle_get_default_identity (&bundle);
    g_autofree char *text = identity != NULL ? certs_identity_format (identity) : NULL;
    g_assert_cmpstr (text, ==, expected);
}

static void
bundles_name_their_owner (void)
{
    assert_default_identity (&(PkiRequest){ .subject = "C=CH, CN=Alice", .names = "email:a@b.c" },
                             "C=CH, CN=Alice");
    assert_default_identity (&(PkiRequest){ .names = "URI:x:y,email:a@b.c" }, "a@b.c");
    assert_default_identity (&(PkiRequest){ 0 }, NULL);
}

static void
bundles_know_what_speaks_against_them (void)
{
    static const struct
    {
        const char *identity;
        int days;
        int code; /* -1: nothing does */
        const char *part;
    } rows[] = {
        { "a@b.c", 0, -1, NULL },
        { "C=CH, CN=Alice", 179, -1, NULL },
        { "bob@b.c", 0, OUTRIDER_ERROR_NAME_MISMATCH, "speaks for a@b.c, not for bob@b.c" },
        { "a@b.c", -181, OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "is valid from 2025-07-05" },
        { "a@b.c", 180, OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "now is 2026-06-30" },
    };
    g_autoptr (PkiEntity) entity =
        pki_issue (&(PkiRequest){ .subject = "C=CH, CN=Alice", .names = "email:a@b.c" }, NULL);
    CertsBundle bundle = { .certificate = pki_get_certificate (entity) };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (CertsIdentity) identity = certs_identity_parse (rows[i].identity, NULL);
        g_autoptr (GError) error = NULL;
        bool good =
            certs_bundle_check (&bundle, identity, PKI_NOW + rows[i].days * PKI_DAY, &error);
        g_assert_true (good == (rows[i].code < 0));
        if (good)
            continue;
        g_assert_error (error, OUTRIDER_ERROR, rows[i].code);
        g_assert_nonnull (strstr (error->message, rows[i].part));
    }
}

static void
certificates_describe_themselves (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (PkiEntity) leaf = pki_issue (
        &(PkiRequest){ .subject = "CN=a\\0Ab\\C3\\A4", .names = "DNS:x.y,IP:2001:db8::1" }, root);
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsDescription) text = certs_describe (pki_get_certificate (leaf), &error);
    g_assert_no_error (error);
    g_assert_cmpstr (text->subject, ==, "CN=a\\0Ab\xc3\xa4");
    g_assert_cmpstr (text->issuer, ==, "C=CH, O=Outrider Test, CN=Root");
    g_assert_cmpint (text->not_before, ==, PKI_NOW - 180 * PKI_DAY);
    g_assert_cmpint (text->not_after, ==, PKI_NOW + 180 * PKI_DAY);
    g_assert_cmpstr (text->names[0], ==, "x.y");
    g_assert_cmpstr (text->names[1], ==, "2001:db8::1");
    g_assert_null (text->names[2]);
    g_assert_cmpstr (text->key, ==, "ECDSA P-256");
    g_assert_cmpuint (strlen (text->fingerprint), ==, 64);
    g_assert_false (text->is_authority);
    g_autoptr (CertsDescription) authority = certs_describe (pki_get_certificate (root), NULL);
    g_assert_true (authority->is_authority);
    g_autoptr (GBytes) rubbish = bytes_of ("rubbish");
    g_assert_null (certs_describe (rubbish, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/pem/certificates", certificates_are_found_in_files);
    g_test_add_func ("/pem/keys", keys_are_read_in_every_form);
    g_test_add_func ("/pem/keys-refused", keys_of_no_use_are_refused);
    g_test_add_func ("/key/certificate", keys_know_their_certificate);
    g_test_add_func ("/pkcs12/forms", pkcs12_opens_in_every_form);
    g_test_add_func ("/pkcs12/refused", pkcs12_of_no_use_is_refused);
    g_test_add_func ("/pkcs12/damage", pkcs12_survives_damage);
    g_test_add_func ("/bundle/order", bundles_sort_their_certificates);
    g_test_add_func ("/bundle/owner", bundles_name_their_owner);
    g_test_add_func ("/bundle/fault", bundles_know_what_speaks_against_them);
    g_test_add_func ("/bundle/description", certificates_describe_themselves);
    return g_test_run ();
}
