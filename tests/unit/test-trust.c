/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Whether a chain is to be believed. The certificates are made while it runs. */

#include "certs/trust.h"
#include "errors.h"
#include "support/family.h"

#include <glib/gstdio.h>
#include <openssl/x509.h>
#include <string.h>

static GBytes *
bytes_of (const char *text)
{
    return g_bytes_new (text, strlen (text));
}

static void
assert_trust_at (CertsTrust *trust, const CertsChain *chain, gint64 now, CertsPurpose purpose,
                 int code, const char *part)
{
    g_autoptr (GError) error = NULL;
    bool good = certs_trust_verify (trust, chain, now, purpose, &error);
    if (code < 0)
    {
        g_assert_no_error (error);
        g_assert_true (good);
        return;
    }
    g_assert_false (good);
    g_assert_error (error, OUTRIDER_ERROR, code);
    g_test_message ("%s", error->message);
    if (part != NULL)
        g_assert_nonnull (strstr (error->message, part));
}

static void
assert_trust (CertsTrust *trust, const CertsChain *chain, int code)
{
    assert_trust_at (trust, chain, PKI_NOW, CERTS_PURPOSE_GATEWAY, code, NULL);
}

static CertsTrust *
trust_in (const PkiEntity *entity)
{
    g_autoptr (GPtrArray) list = pki_list (entity, NULL);
    g_autoptr (GError) error = NULL;
    CertsTrust *trust = certs_trust_new (list, &error);
    g_assert_no_error (error);
    return trust;
}

static void
chains_lead_to_a_trusted_root (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (PkiEntity) stranger = pki_issue_root ("Stranger");
    g_autoptr (CertsTrust) trust = trust_in (family.root);
    g_autoptr (CertsTrust) middle_trust = trust_in (family.middle);
    g_autoptr (CertsTrust) strange_trust = trust_in (stranger);
    g_autoptr (CertsChain) whole = pki_chain (family.user, family.middle, NULL);
    g_autoptr (CertsChain) with_root =
        pki_chain (family.user, stranger, family.root, family.middle, NULL);
    g_autoptr (CertsChain) alone = pki_chain (family.user, NULL);

    assert_trust (trust, whole, -1);
    assert_trust (trust, with_root, -1);
    assert_trust (middle_trust, alone, -1);
    assert_trust (trust, alone, OUTRIDER_ERROR_CA_UNKNOWN);
    assert_trust (strange_trust, whole, OUTRIDER_ERROR_CA_UNKNOWN);
    assert_trust (strange_trust, with_root, OUTRIDER_ERROR_CA_UNKNOWN);
    assert_trust_at (strange_trust, alone, PKI_NOW, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CA_UNKNOWN, "CN=Middle");

    /* The same names over another key: a forged root. */
    g_autoptr (PkiEntity) forged = pki_issue_root ("Root");
    g_autoptr (CertsTrust) forged_trust = trust_in (forged);
    g_assert_false (certs_trust_verify (forged_trust, whole, PKI_NOW, CERTS_PURPOSE_GATEWAY, NULL));
}

static void
self_signed_certificates_are_trusted_by_hand_alone (void)
{
    g_autoptr (PkiEntity) own =
        pki_issue (&(PkiRequest){ .subject = "CN=box", .extended_usage = "emailProtection" }, NULL);
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) pinned = trust_in (own);
    g_autoptr (CertsTrust) other = trust_in (root);
    g_autoptr (CertsChain) chain = pki_chain (own, NULL);
    assert_trust (pinned, chain, -1);
    assert_trust (other, chain, OUTRIDER_ERROR_CA_UNKNOWN);
    assert_trust_at (pinned, chain, PKI_NOW + 200 * PKI_DAY, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "CN=box");

    /* A leaf under a CA that we do not know, trusted itself. */
    g_autoptr (PkiEntity) leaf = pki_issue (&(PkiRequest){ .subject = "CN=leaf" }, root);
    g_autoptr (CertsTrust) leaf_trust = trust_in (leaf);
    g_autoptr (CertsChain) leaf_chain = pki_chain (leaf, NULL);
    assert_trust (leaf_trust, leaf_chain, -1);

    g_autoptr (GPtrArray) none = g_ptr_array_new ();
    g_autoptr (CertsTrust) nobody_trusted = certs_trust_new (none, NULL);
    assert_trust (nobody_trusted, chain, OUTRIDER_ERROR_CA_UNKNOWN);
}

static void
time_is_the_callers (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (CertsTrust) trust = trust_in (family.root);
    g_autoptr (CertsChain) chain = pki_chain (family.user, family.middle, NULL);
    assert_trust_at (trust, chain, PKI_NOW - 181 * PKI_DAY, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "2025-07-05");
    assert_trust_at (trust, chain, PKI_NOW + 181 * PKI_DAY, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "2026-06-30");
    assert_trust_at (trust, chain, PKI_NOW + 179 * PKI_DAY, CERTS_PURPOSE_GATEWAY, -1, NULL);

    /* An expired CA above a leaf that is still good. */
    g_autoptr (PkiEntity) old = pki_issue (&(PkiRequest){ .subject = "CN=Old",
                                                          .constraints = "CA:TRUE",
                                                          .not_after = PKI_NOW - PKI_DAY },
                                           family.root);
    g_autoptr (PkiEntity) leaf = pki_issue (&(PkiRequest){ .subject = "CN=leaf" }, old);
    g_autoptr (CertsChain) below_old = pki_chain (leaf, old, NULL);
    assert_trust_at (trust, below_old, PKI_NOW, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "CN=Old");
}

static void
usages_are_kept (void)
{
    enum
    {
        GOOD = -1,
        BAD = OUTRIDER_ERROR_CERTIFICATE_INVALID,
    };
    static const struct
    {
        const char *usage, *extended;
        int gateway, tls;
    } cases[] = {
        { NULL, NULL, GOOD, GOOD },
        { "digitalSignature", NULL, GOOD, GOOD },
        { "critical,nonRepudiation", NULL, GOOD, GOOD },
        { "keyEncipherment", NULL, BAD, BAD },
        { "keyCertSign", NULL, BAD, BAD },
        { NULL, "serverAuth", GOOD, GOOD },
        { NULL, "clientAuth,1.3.6.1.5.5.7.3.17", GOOD, BAD },
        { NULL, "1.3.6.1.5.5.8.2.2", GOOD, BAD },
        { NULL, "critical,anyExtendedKeyUsage", GOOD, GOOD },
        { NULL, "clientAuth", BAD, BAD },
        { NULL, "emailProtection,codeSigning", BAD, BAD },
    };
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (PkiEntity) leaf =
            pki_issue (&(PkiRequest){ .subject = "CN=leaf",
                                      .usage = cases[i].usage,
                                      .extended_usage = cases[i].extended },
                       root);
        g_autoptr (CertsChain) chain = pki_chain (leaf, NULL);
        assert_trust_at (trust, chain, PKI_NOW, CERTS_PURPOSE_GATEWAY, cases[i].gateway, NULL);
        assert_trust_at (trust, chain, PKI_NOW, CERTS_PURPOSE_TLS_SERVER, cases[i].tls, NULL);
    }
}

/* LEAF below a MIDDLE that may not do this, below a good root. */
static void
assert_below (const PkiRequest *middle_request, const PkiRequest *leaf_request, int code)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (PkiEntity) middle = pki_issue (middle_request, root);
    g_autoptr (PkiEntity) leaf = pki_issue (leaf_request, middle);
    g_autoptr (CertsChain) chain = pki_chain (leaf, middle, NULL);
    assert_trust (trust, chain, code);
}

static void
authorities_keep_their_limits (void)
{
    const PkiRequest leaf = { .subject = "CN=leaf", .names = "DNS:vpn.example.org" };
    assert_below (&(PkiRequest){ .subject = "CN=m", .constraints = "CA:TRUE" }, &leaf, -1);
    assert_below (&(PkiRequest){ .subject = "CN=m", .constraints = "CA:FALSE" }, &leaf,
                  OUTRIDER_ERROR_CERTIFICATE_INVALID);
    assert_below (&(PkiRequest){ .subject = "CN=m" }, &leaf, OUTRIDER_ERROR_CERTIFICATE_INVALID);
    assert_below (&(PkiRequest){ .subject = "CN=m", .constraints = "CA:TRUE", .usage = "cRLSign" },
                  &leaf, OUTRIDER_ERROR_CERTIFICATE_INVALID);
    assert_below (&(PkiRequest){ .subject = "CN=m",
                                 .constraints = "CA:TRUE",
                                 .extended_usage = "emailProtection" },
                  &leaf, OUTRIDER_ERROR_CERTIFICATE_INVALID);
    assert_below (&(PkiRequest){ .subject = "CN=m",
                                 .constraints = "CA:TRUE",
                                 .name_constraints = "critical,permitted;DNS:example.com" },
                  &leaf, OUTRIDER_ERROR_CERTIFICATE_INVALID);
    assert_below (&(PkiRequest){ .subject = "CN=m",
                                 .constraints = "CA:TRUE",
                                 .name_constraints = "critical,permitted;DNS:example.org" },
                  &leaf, -1);
}

static void
path_length_is_kept (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (PkiEntity) short_path = pki_issue (
        &(PkiRequest){ .subject = "CN=short", .constraints = "critical,CA:TRUE,pathlen:0" }, root);
    g_autoptr (PkiEntity) below =
        pki_issue (&(PkiRequest){ .subject = "CN=below", .constraints = "CA:TRUE" }, short_path);
    g_autoptr (PkiEntity) leaf = pki_issue (&(PkiRequest){ .subject = "CN=leaf" }, below);
    g_autoptr (CertsChain) chain = pki_chain (leaf, below, short_path, NULL);
    assert_trust (trust, chain, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

static void
weak_certificates_are_refused (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (PkiEntity) small =
        pki_issue (&(PkiRequest){ .subject = "CN=small", .key = "rsa1024" }, root);
    g_autoptr (CertsChain) small_chain = pki_chain (small, NULL);
    assert_trust_at (trust, small_chain, PKI_NOW, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_INVALID, "RSA 1024");
    g_autoptr (PkiEntity) old =
        pki_issue (&(PkiRequest){ .subject = "CN=old", .digest = "SHA1" }, root);
    g_autoptr (CertsChain) old_chain = pki_chain (old, NULL);
    assert_trust (trust, old_chain, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

static void
a_changed_certificate_is_refused (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (PkiEntity) leaf = pki_issue (&(PkiRequest){ .subject = "CN=leaf" }, root);
    gsize size = 0;
    const uint8_t *der = g_bytes_get_data (pki_get_certificate (leaf), &size);
    for (size_t i = 0; i < size; i++)
    {
        g_autofree uint8_t *copy = g_memdup2 (der, size);
        copy[i] ^= 1;
        g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
        g_ptr_array_add (list, g_bytes_new (copy, size));
        g_autoptr (GError) error = NULL;
        g_autoptr (CertsChain) chain = certs_chain_new (list, &error);
        g_assert_false (chain != NULL &&
                        certs_trust_verify (trust, chain, PKI_NOW, CERTS_PURPOSE_GATEWAY, &error));
        g_assert_nonnull (error);
    }
}

static void
assert_no_chain (const GPtrArray *certificates)
{
    g_autoptr (GError) error = NULL;
    g_assert_null (certs_chain_new (certificates, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

static void
chains_have_limits (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (GPtrArray) many = pki_list (root, NULL);
    while (many->len < 11)
        g_ptr_array_add (many, g_bytes_ref (pki_get_certificate (root)));
    assert_no_chain (many);
    g_ptr_array_set_size (many, 0);
    assert_no_chain (many);
    g_autofree uint8_t *large = g_malloc0 (70000);
    g_ptr_array_add (many, g_bytes_new (large, 70000));
    assert_no_chain (many);
}

/* A system's store in a temporary place: DIRECTORY with hashed names or not, and BUNDLE. */
static void
the_system_store_is_asked_lazily (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (CertsChain) chain = pki_chain (family.user, family.middle, NULL);
    g_autofree char *pem = pki_get_certificate_pem (family.root);
    g_autofree char *place = g_dir_make_tmp ("outrider-XXXXXX", NULL);
    const unsigned char *der = g_bytes_get_data (pki_get_certificate (family.root), NULL);
    X509 *root = d2i_X509 (NULL, &der, (long)g_bytes_get_size (pki_get_certificate (family.root)));
    g_autofree char *hash = g_strdup_printf ("%s/%08lx.0", place, X509_subject_name_hash (root));
    g_autofree char *bundle = g_build_filename (place, "bundle.pem", NULL);
    X509_free (root);

    g_autoptr (CertsTrust) empty = certs_trust_new_system_at (place, bundle);
    g_assert_true (certs_trust_is_system (empty));
    assert_trust (empty, chain, OUTRIDER_ERROR_CA_UNKNOWN);

    g_assert_true (g_file_set_contents (bundle, pem, -1, NULL));
    g_autoptr (CertsTrust) by_bundle = certs_trust_new_system_at (place, bundle);
    assert_trust (by_bundle, chain, -1);
    g_unlink (bundle);

    g_autoptr (CertsTrust) by_hash = certs_trust_new_system_at (place, NULL);
    g_assert_true (g_file_set_contents (hash, pem, -1, NULL));
    assert_trust (by_hash, chain, -1);
    g_autoptr (GPtrArray) hashes = certs_hash_authority_keys (NULL);
    g_assert_cmpuint (hashes->len, ==, 0);
    g_unlink (hash);
    g_rmdir (place);

    g_autoptr (CertsTrust) real = certs_trust_new_system ();
    assert_trust (real, chain, OUTRIDER_ERROR_CA_UNKNOWN);
}

static void
authorities_are_named_by_their_keys (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (GPtrArray) given = g_ptr_array_new ();
    g_ptr_array_add (given, pki_get_certificate (root));
    g_autoptr (GPtrArray) hashes = certs_hash_authority_keys (given);
    g_assert_false (certs_trust_is_system (trust));
    g_assert_cmpuint (hashes->len, ==, 1);

    /* The same from the key's side: EVP_PKEY to SubjectPublicKeyInfo. */
    const unsigned char *der = g_bytes_get_data (pki_get_certificate (root), NULL);
    X509 *parsed = d2i_X509 (NULL, &der, (long)g_bytes_get_size (pki_get_certificate (root)));
    unsigned char *info = NULL;
    int size = i2d_PUBKEY (X509_get0_pubkey (parsed), &info);
    g_autoptr (GChecksum) sha1 = g_checksum_new (G_CHECKSUM_SHA1);
    g_checksum_update (sha1, info, size);
    uint8_t expected[20];
    gsize expected_size = sizeof expected;
    g_checksum_get_digest (sha1, expected, &expected_size);
    g_assert_cmpmem (g_bytes_get_data (hashes->pdata[0], NULL), g_bytes_get_size (hashes->pdata[0]),
                     expected, expected_size);
    OPENSSL_free (info);
    X509_free (parsed);

    g_autoptr (GPtrArray) rubbish = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (rubbish, bytes_of ("rubbish"));
    g_autoptr (GError) error = NULL;
    g_assert_null (certs_trust_new (rubbish, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/trust/chain", chains_lead_to_a_trusted_root);
    g_test_add_func ("/trust/self-signed", self_signed_certificates_are_trusted_by_hand_alone);
    g_test_add_func ("/trust/time", time_is_the_callers);
    g_test_add_func ("/trust/usage", usages_are_kept);
    g_test_add_func ("/trust/authorities", authorities_keep_their_limits);
    g_test_add_func ("/trust/path-length", path_length_is_kept);
    g_test_add_func ("/trust/weak", weak_certificates_are_refused);
    g_test_add_func ("/trust/changed", a_changed_certificate_is_refused);
    g_test_add_func ("/trust/limits", chains_have_limits);
    g_test_add_func ("/trust/system", the_system_store_is_asked_lazily);
    g_test_add_func ("/trust/hashes", authorities_are_named_by_their_keys);
    return g_test_run ();
}
