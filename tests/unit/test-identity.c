/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Who somebody says to be, and whether a certificate speaks for it. The certificates are made while it runs. */

#include "certs/identity.h"
#include "errors.h"
#include "support/pki.h"

#include <string.h>

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
        { "CN=a + OU=b, E=x@y", CERTS_IDENTITY_DER_ASN1_DN, "CN=a + OU=b, emailAddress=x@y" },
        { "CN=a, S=Muster, SN=17", CERTS_IDENTITY_DER_ASN1_DN, "CN=a, S=Muster, serialNumber=17" },
        { "S=M\\+SN\\=1", CERTS_IDENTITY_DER_ASN1_DN, "S=M\\+SN=1" },
        { "dn:CN=alice@example.com", CERTS_IDENTITY_DER_ASN1_DN, "CN=alice@example.com" },
        { "keyid:group1", CERTS_IDENTITY_KEY_ID, NULL },
        { "keyid:0x000aff", CERTS_IDENTITY_KEY_ID, NULL },
        { "@#000AFF", CERTS_IDENTITY_KEY_ID, "keyid:0x000aff" },
        { "@vpn.example.com", CERTS_IDENTITY_FQDN, "vpn.example.com" },
        { "@@a@b", CERTS_IDENTITY_RFC822, "a@b" },
        { "fqdn:192.0.2.1", CERTS_IDENTITY_FQDN, NULL }, /* an address without its prefix */
        { "@a b", CERTS_IDENTITY_FQDN, "fqdn:a b" },
        { "@\"", CERTS_IDENTITY_FQDN, "fqdn:\"" },
        { "@fqdn:a", CERTS_IDENTITY_FQDN, "fqdn:fqdn:a" },
        { "@C=CH", CERTS_IDENTITY_FQDN, "fqdn:C=CH" },
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
        g_autoptr (CertsChain) chain = pki_chain (entity, NULL);
        bool matches = certs_identity_matches (sought, chain, &error);
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
    g_autoptr (CertsChain) chain = pki_chain (entity, NULL);
    certs_identity_matches (sought, chain, &error);
    static const char *const parts[] = { "vpn.example.com", "192.0.2.1", "2001:db8::1",
                                         "vpn@example.com", "mail.example.com" };
    for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
        g_assert_nonnull (strstr (error->message, parts[i]));

    g_autoptr (PkiEntity) evil = pki_issue (&null_in_name, NULL);
    g_clear_error (&error);
    g_autoptr (CertsChain) evil_chain = pki_chain (evil, NULL);
    certs_identity_matches (sought, evil_chain, &error);
    g_assert_nonnull (strstr (error->message, "vpn.example.com\\x00.evil.example"));
}

static void
empty_identities_match_nothing (void)
{
    g_autoptr (PkiEntity) entity = pki_issue (&nobody, NULL);
    g_autoptr (CertsChain) chain = pki_chain (entity, NULL);
    static const uint8_t empty_name[] = { 0x30, 0x00 };
    for (uint8_t type = 0; type < 20; type++)
    {
        g_autoptr (CertsIdentity) empty = certs_identity_new (type, NULL, 0);
        g_assert_false (certs_identity_matches (empty, chain, NULL));
    }
    g_autoptr (CertsIdentity) name = certs_identity_new (9, empty_name, sizeof empty_name);
    g_assert_false (certs_identity_matches (name, chain, NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/identity/types", identities_are_typed);
    g_test_add_func ("/identity/refused", what_is_no_identity_is_refused);
    g_test_add_func ("/identity/shown", identities_off_the_wire_are_shown_safely);
    g_test_add_func ("/identity/equal", identities_compare_by_type);
    g_test_add_func ("/identity/match", certificates_speak_for_their_names);
    g_test_add_func ("/identity/mismatch", a_mismatch_lists_the_names);
    g_test_add_func ("/identity/empty", empty_identities_match_nothing);
    return g_test_run ();
}
