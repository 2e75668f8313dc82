/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/bundle.h"
#include "certs/pem.h"
#include "certs/pkcs12.h"
#include "certs/signature.h"
#include "certs/trust.h"
#include "errors.h"
#include "support/pki.h"

#include <glib/gstdio.h>
#include <openssl/x509.h>
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

typedef struct
{
    PkiEntity *root, *middle, *user;
} Family;

static Family
family_new (void)
{
    Family family;
    family.root = pki_issue_root ("Root");
    family.middle = pki_issue (&(PkiRequest){ .subject = "CN=Middle",
                                              .constraints = "critical,CA:TRUE",
                                              .usage = "keyCertSign" },
                               family.root);
    family.user =
        pki_issue (&(PkiRequest){ .subject = "C=CH, CN=Alice", .names = "email:alice@example.com" },
                   family.middle);
    return family;
}

static void
family_clear (Family *self)
{
    pki_free (self->root);
    pki_free (self->middle);
    pki_free (self->user);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Family, family_clear)

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
    g_autoptr (GPtrArray) any_order = pki_chain (family.root, family.user, family.middle, NULL);
    g_autoptr (CertsBundle) bundle = certs_bundle_new (any_order, key, &error);
    g_assert_no_error (error);
    assert_bundle (bundle, &family);

    g_autoptr (GPtrArray) without = pki_chain (family.root, stranger, NULL);
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

/* --- identities --- */

static void
identities_are_typed (void)
{
    static const struct
    {
        const char *text;
        CertsIdentityType type;
        const char *shown; /* NULL: as written */
    } cases[] = {
        { "vpn.example.com", CERTS_IDENTITY_FQDN, NULL },
        { "alice", CERTS_IDENTITY_FQDN, NULL },
        { "alice@example.com", CERTS_IDENTITY_RFC822, NULL },
        { "192.0.2.1", CERTS_IDENTITY_IPV4, NULL },
        { "2001:DB8::1", CERTS_IDENTITY_IPV6, "2001:db8::1" },
        { "C=CH, O=Example AG, CN=vpn", CERTS_IDENTITY_DER_ASN1_DN, NULL },
        { "c=CH,o=\"Example, AG\",cn=vpn", CERTS_IDENTITY_DER_ASN1_DN,
          "C=CH, O=Example\\, AG, CN=vpn" },
        { "/C=CH/O=Example AG/CN=vpn", CERTS_IDENTITY_DER_ASN1_DN, "C=CH, O=Example AG, CN=vpn" },
        { "CN=a + OU=b, E=x@y", CERTS_IDENTITY_DER_ASN1_DN, NULL },
        { "dn:CN=alice@example.com", CERTS_IDENTITY_DER_ASN1_DN, "CN=alice@example.com" },
        { "keyid:group1", CERTS_IDENTITY_KEY_ID, NULL },
        { "keyid:0x000aff", CERTS_IDENTITY_KEY_ID, NULL },
        { "@#000AFF", CERTS_IDENTITY_KEY_ID, "keyid:0x000aff" },
        { "@vpn.example.com", CERTS_IDENTITY_FQDN, "vpn.example.com" },
        { "@@a@b", CERTS_IDENTITY_RFC822, "a@b" },
        { "fqdn:192.0.2.1", CERTS_IDENTITY_FQDN, "192.0.2.1" },
        { "email:a@b", CERTS_IDENTITY_RFC822, "a@b" },
        { "ipv4:192.0.2.1", CERTS_IDENTITY_IPV4, "192.0.2.1" },
        { "ipv6:::1", CERTS_IDENTITY_IPV6, "::1" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (GError) error = NULL;
        g_autoptr (CertsIdentity) identity = certs_identity_parse (cases[i].text, &error);
        g_assert_no_error (error);
        g_assert_cmpint (identity->type, ==, cases[i].type);
        g_autofree char *shown = certs_identity_format (identity);
        if (cases[i].type == CERTS_IDENTITY_DER_ASN1_DN && strchr (cases[i].text, '+') != NULL)
            g_assert_nonnull (strstr (shown, "emailAddress=x@y"));
        else
            g_assert_cmpstr (shown, ==, cases[i].shown != NULL ? cases[i].shown : cases[i].text);
        g_autoptr (CertsIdentity) copy = certs_identity_copy (identity);
        g_assert_true (certs_identity_equal (identity, copy));
    }
}

static void
what_is_no_identity_is_refused (void)
{
    static const char *const bad[] = { "",       "%any",      "fqdn:",  "a\nb",   "email:alice",
                                       "@#0",    "@#0g",      "@",      "CN=",    "XYZ=abc",
                                       "CN=a,",  "CN=a,b",    "keyid:", "ipv4:1", "keyid:0x1",
                                       "ipv6:1", "b\xc3\xbc", "CN=\"a", "/",      "CN=a\\" };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
        g_autoptr (GError) error = NULL;
        g_assert_null (certs_identity_parse (bad[i], &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
    }
}

static void
identities_off_the_wire_are_shown_safely (void)
{
    static const struct
    {
        uint8_t type;
        const char *octets;
        size_t size;
        const char *shown;
    } cases[] = {
        { 2, "a\033[31m\0b", 8, "a\\x1b[31m\\x00b" },
        { 3, "\xff@b", 3, "\\xff@b" },
        { 1, "\1\2\3", 3, "address 010203" },
        { 5, "", 0, "address " },
        { 9, "\x30\x05", 2, "dn 3005" },
        { 11, "\0\1", 2, "keyid:0x0001" },
        { 200, "xy", 2, "identity of type 200: 7879" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (CertsIdentity) identity =
            certs_identity_new (cases[i].type, cases[i].octets, cases[i].size);
        g_autofree char *shown = certs_identity_format (identity);
        g_assert_cmpstr (shown, ==, cases[i].shown);
    }
}

static void
identities_compare_by_type (void)
{
    static const struct
    {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "VPN.example.com", "vpn.EXAMPLE.com", true },
        { "a@EXAMPLE.com", "a@example.com", true },
        { "A@example.com", "a@example.com", false },
        { "fqdn:192.0.2.1", "192.0.2.1", false },
        { "C=CH, CN=Alice  Miller", "c=ch,cn=alice miller", true },
        { "C=CH, CN=Alice", "CN=Alice, C=CH", false },
        { "keyid:A", "keyid:a", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (CertsIdentity) a = certs_identity_parse (cases[i].a, NULL);
        g_autoptr (CertsIdentity) b = certs_identity_parse (cases[i].b, NULL);
        g_assert_cmpint (certs_identity_equal (a, b), ==, cases[i].equal);
    }
}

static const PkiRequest named_vpn = { .subject = "C=CH, O=Example, CN=other.example.com",
                                      .names =
                                          "DNS:vpn.example.com,DNS:*.wild.example.com,DNS:*.com,"
                                          "DNS:198.51.100.7,DNS:w*.example.com,"
                                          "IP:192.0.2.1,IP:2001:db8::1,email:vpn@example.com" };
static const PkiRequest common_name_only = { .subject = "CN=vpn.example.com" };
static const PkiRequest address_and_common_name = { .subject = "CN=vpn.example.com",
                                                    .names = "IP:192.0.2.1" };
static const PkiRequest address_as_common_name = { .subject = "CN=192.0.2.1" };
static const PkiRequest null_in_name = { .subject = "CN=vpn.example.com",
                                         .raw_host_name = "vpn.example.com\0.evil.example",
                                         .raw_host_name_size = 29 };
static const PkiRequest nobody = { 0 };

static void
certificates_speak_for_their_names (void)
{
    const struct
    {
        const PkiRequest *request;
        const char *sought;
        bool matches;
    } cases[] = {
        { &named_vpn, "vpn.example.com", true },
        { &named_vpn, "VPN.Example.COM", true },
        { &named_vpn, "vpn.example.com.", true },
        { &named_vpn, "other.example.com", false },
        { &named_vpn, "example.com", false },
        { &named_vpn, "a.vpn.example.com", false },
        { &named_vpn, "a.wild.example.com", true },
        { &named_vpn, "wild.example.com", false },
        { &named_vpn, "a.b.wild.example.com", false },
        { &named_vpn, "fqdn:*.wild.example.com", false },
        { &named_vpn, "fqdn:.wild.example.com", false },
        { &named_vpn, "example.com", false },
        { &named_vpn, "www.example.com", false },
        { &named_vpn, "192.0.2.1", true },
        { &named_vpn, "192.0.2.2", false },
        { &named_vpn, "2001:db8::1", true },
        { &named_vpn, "fqdn:192.0.2.1", false },
        { &named_vpn, "198.51.100.7", false },
        { &named_vpn, "fqdn:198.51.100.7", false },
        { &named_vpn, "vpn@example.com", true },
        { &named_vpn, "vpn@EXAMPLE.com", true },
        { &named_vpn, "Vpn@example.com", false },
        { &named_vpn, "C=CH, O=Example, CN=other.example.com", true },
        { &named_vpn, "C=CH, CN=other.example.com, O=Example", false },
        { &named_vpn, "C=CH, O=Example", false },
        { &named_vpn, "keyid:vpn.example.com", false },
        { &common_name_only, "vpn.example.com", true },
        { &common_name_only, "a.example.com", false },
        { &address_and_common_name, "vpn.example.com", true },
        { &address_as_common_name, "192.0.2.1", false },
        { &address_as_common_name, "fqdn:192.0.2.1", false },
        { &null_in_name, "vpn.example.com", false },
        { &nobody, "vpn.example.com", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autoptr (PkiEntity) entity = pki_issue (cases[i].request, NULL);
        g_autoptr (CertsIdentity) sought = certs_identity_parse (cases[i].sought, NULL);
        g_autoptr (GError) error = NULL;
        bool matches =
            certs_identity_matches_certificate (sought, pki_get_certificate (entity), &error);
        g_test_message ("%s", cases[i].sought);
        g_assert_cmpint (matches, ==, cases[i].matches);
        if (!matches)
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_MISMATCH);
    }
}

static void
a_mismatch_lists_the_names (void)
{
    g_autoptr (PkiEntity) entity = pki_issue (&named_vpn, NULL);
    g_autoptr (CertsIdentity) sought = certs_identity_parse ("mail.example.com", NULL);
    g_autoptr (GError) error = NULL;
    certs_identity_matches_certificate (sought, pki_get_certificate (entity), &error);
    static const char *const parts[] = { "vpn.example.com", "192.0.2.1", "2001:db8::1",
                                         "vpn@example.com", "mail.example.com" };
    for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
        g_assert_nonnull (strstr (error->message, parts[i]));

    g_autoptr (PkiEntity) evil = pki_issue (&null_in_name, NULL);
    g_clear_error (&error);
    certs_identity_matches_certificate (sought, pki_get_certificate (evil), &error);
    g_assert_nonnull (strstr (error->message, "vpn.example.com\\x00.evil.example"));
}

static void
empty_identities_match_nothing (void)
{
    g_autoptr (PkiEntity) entity = pki_issue (&nobody, NULL);
    static const uint8_t empty_name[] = { 0x30, 0x00 };
    for (uint8_t type = 0; type < 20; type++)
    {
        g_autoptr (CertsIdentity) empty = certs_identity_new (type, NULL, 0);
        g_assert_false (
            certs_identity_matches_certificate (empty, pki_get_certificate (entity), NULL));
    }
    g_autoptr (CertsIdentity) name = certs_identity_new (9, empty_name, sizeof empty_name);
    g_assert_false (certs_identity_matches_certificate (name, pki_get_certificate (entity), NULL));
}

/* --- trust --- */

static void
assert_trust_at (CertsTrust *trust, GPtrArray *chain, gint64 now, CertsPurpose purpose, int code,
                 const char *part)
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
assert_trust (CertsTrust *trust, GPtrArray *chain, int code)
{
    assert_trust_at (trust, chain, PKI_NOW, CERTS_PURPOSE_GATEWAY, code, NULL);
}

static CertsTrust *
trust_in (const PkiEntity *entity)
{
    g_autoptr (GPtrArray) list = pki_chain (entity, NULL);
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
    g_autoptr (GPtrArray) whole = pki_chain (family.user, family.middle, NULL);
    g_autoptr (GPtrArray) with_root =
        pki_chain (family.user, stranger, family.root, family.middle, NULL);
    g_autoptr (GPtrArray) alone = pki_chain (family.user, NULL);

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
    g_autoptr (GPtrArray) chain = pki_chain (own, NULL);
    assert_trust (pinned, chain, -1);
    assert_trust (other, chain, OUTRIDER_ERROR_CA_UNKNOWN);
    assert_trust_at (pinned, chain, PKI_NOW + 200 * PKI_DAY, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_EXPIRED, "CN=box");

    /* A leaf under a CA that we do not know, trusted itself. */
    g_autoptr (PkiEntity) leaf = pki_issue (&(PkiRequest){ .subject = "CN=leaf" }, root);
    g_autoptr (CertsTrust) leaf_trust = trust_in (leaf);
    g_autoptr (GPtrArray) leaf_chain = pki_chain (leaf, NULL);
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
    g_autoptr (GPtrArray) chain = pki_chain (family.user, family.middle, NULL);
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
    g_autoptr (GPtrArray) below_old = pki_chain (leaf, old, NULL);
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
        g_autoptr (GPtrArray) chain = pki_chain (leaf, NULL);
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
    g_autoptr (GPtrArray) chain = pki_chain (leaf, middle, NULL);
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
    g_autoptr (GPtrArray) chain = pki_chain (leaf, below, short_path, NULL);
    assert_trust (trust, chain, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

static void
weak_certificates_are_refused (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (PkiEntity) small =
        pki_issue (&(PkiRequest){ .subject = "CN=small", .key = "rsa1024" }, root);
    g_autoptr (GPtrArray) small_chain = pki_chain (small, NULL);
    assert_trust_at (trust, small_chain, PKI_NOW, CERTS_PURPOSE_GATEWAY,
                     OUTRIDER_ERROR_CERTIFICATE_INVALID, "RSA 1024");
    g_autoptr (PkiEntity) old =
        pki_issue (&(PkiRequest){ .subject = "CN=old", .digest = "SHA1" }, root);
    g_autoptr (GPtrArray) old_chain = pki_chain (old, NULL);
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
        g_autoptr (GPtrArray) chain =
            g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
        g_ptr_array_add (chain, g_bytes_new (copy, size));
        g_autoptr (GError) error = NULL;
        g_assert_false (certs_trust_verify (trust, chain, PKI_NOW, CERTS_PURPOSE_GATEWAY, &error));
        g_assert_nonnull (error);
    }
}

static void
chains_have_limits (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    g_autoptr (CertsTrust) trust = trust_in (root);
    g_autoptr (GPtrArray) many = pki_chain (root, NULL);
    while (many->len < 11)
        g_ptr_array_add (many, g_bytes_ref (pki_get_certificate (root)));
    assert_trust (trust, many, OUTRIDER_ERROR_CERTIFICATE_INVALID);
    g_ptr_array_set_size (many, 0);
    assert_trust (trust, many, OUTRIDER_ERROR_CERTIFICATE_INVALID);
    g_autofree uint8_t *large = g_malloc0 (70000);
    g_ptr_array_add (many, g_bytes_new (large, 70000));
    assert_trust (trust, many, OUTRIDER_ERROR_CERTIFICATE_INVALID);
}

/* A system's store in a temporary place: DIRECTORY with hashed names or not, and BUNDLE. */
static void
the_system_store_is_asked_lazily (void)
{
    g_auto (Family) family = family_new ();
    g_autoptr (GPtrArray) chain = pki_chain (family.user, family.middle, NULL);
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

/* --- signatures --- */

static const char data[] = "what is signed";

/* Method 14 by its identifier, the older ones by their number; SHA-1 allowed where it can be. */
static bool
verify (const PkiEntity *entity, CertsScheme scheme, const char *text, GBytes *signature,
        GError **error)
{
    gsize size = 0;
    const void *octets = g_bytes_get_data (signature, &size);
    g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier (scheme);
    if (identifier == NULL)
        return certs_signature_verify_method (pki_get_certificate (entity),
                                              certs_scheme_get_method (scheme), true, text,
                                              strlen (text), octets, size, error);
    g_assert_cmpuint (certs_scheme_get_method (scheme), ==, 14);
    return certs_signature_verify (
        pki_get_certificate (entity), g_bytes_get_data (identifier, NULL),
        g_bytes_get_size (identifier), text, strlen (text), octets, size, error);
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
    for (size_t i = 0; i < G_N_ELEMENTS (with); i++)
    {
        g_autoptr (GBytes) signature = certs_signature_sign (key, with[i], data, 5, NULL);
        gsize size = 0;
        const void *octets = g_bytes_get_data (signature, &size);
        GBytes *certificate = pki_get_certificate (entity);
        g_assert_true (
            certs_signature_verify_method (certificate, 1, true, data, 5, octets, size, NULL));
        bool strict =
            certs_signature_verify_method (certificate, 1, false, data, 5, octets, size, NULL);
        g_assert_cmpint (strict, ==, i > 0);
    }
    g_autoptr (GError) error = NULL;
    g_assert_false (certs_signature_verify_method (pki_get_certificate (entity), 14, true, data, 5,
                                                   data, 5, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
}

static void
small_keys_sign_nothing (void)
{
    g_autoptr (PkiEntity) small = pki_issue (&(PkiRequest){ .key = "rsa1024" }, NULL);
    uint8_t signature[128] = { 1 };
    g_autoptr (GError) error = NULL;
    g_assert_false (certs_signature_verify_method (pki_get_certificate (small), 1, true, data, 5,
                                                   signature, sizeof signature, &error));
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
    g_test_add_func ("/pem/certificates", certificates_are_found_in_files);
    g_test_add_func ("/pem/keys", keys_are_read_in_every_form);
    g_test_add_func ("/pem/keys-refused", keys_of_no_use_are_refused);
    g_test_add_func ("/key/certificate", keys_know_their_certificate);
    g_test_add_func ("/pkcs12/forms", pkcs12_opens_in_every_form);
    g_test_add_func ("/pkcs12/refused", pkcs12_of_no_use_is_refused);
    g_test_add_func ("/pkcs12/damage", pkcs12_survives_damage);
    g_test_add_func ("/bundle/order", bundles_sort_their_certificates);
    g_test_add_func ("/bundle/owner", bundles_name_their_owner);
    g_test_add_func ("/bundle/description", certificates_describe_themselves);
    g_test_add_func ("/identity/types", identities_are_typed);
    g_test_add_func ("/identity/refused", what_is_no_identity_is_refused);
    g_test_add_func ("/identity/shown", identities_off_the_wire_are_shown_safely);
    g_test_add_func ("/identity/equal", identities_compare_by_type);
    g_test_add_func ("/identity/match", certificates_speak_for_their_names);
    g_test_add_func ("/identity/mismatch", a_mismatch_lists_the_names);
    g_test_add_func ("/identity/empty", empty_identities_match_nothing);
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
    g_test_add_func ("/signature/verify", signatures_verify);
    g_test_add_func ("/signature/keys", schemes_keep_to_their_keys);
    g_test_add_func ("/signature/old-rsa", old_rsa_names_no_hash);
    g_test_add_func ("/signature/small", small_keys_sign_nothing);
    g_test_add_func ("/signature/choice", schemes_are_chosen_for_the_peer);
    g_test_add_func ("/signature/identifiers", identifiers_read_back);
    return g_test_run ();
}
