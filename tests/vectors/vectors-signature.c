/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * AlgorithmIdentifiers as RFC 7427 A and RFC 8420 A print them; other libraries write the same octets into
 * certificates.
 */

#include "certs/signature.h"
#include "support/hex.h"

/* "sent" is what we send; the others mean the same and must be understood. */
static const struct
{
    const char *source;
    CertsScheme scheme;
    bool sent;
    const char *octets;
} identifiers[] = {
    { "RFC 7427 A.1.1", CERTS_SCHEME_RSA_PKCS1_SHA1, true, "300d06092a864886f70d0101050500" },
    { "RFC 7427 A.1.2", CERTS_SCHEME_RSA_PKCS1_SHA256, true, "300d06092a864886f70d01010b0500" },
    { "RFC 7427 A.1.3", CERTS_SCHEME_RSA_PKCS1_SHA384, true, "300d06092a864886f70d01010c0500" },
    { "RFC 7427 A.1.4", CERTS_SCHEME_RSA_PKCS1_SHA512, true, "300d06092a864886f70d01010d0500" },
    { "parameter absent", CERTS_SCHEME_RSA_PKCS1_SHA256, false, "300b06092a864886f70d01010b" },
    { "RFC 7427 A.3.1", CERTS_SCHEME_ECDSA_SHA1, true, "300906072a8648ce3d0401" },
    { "RFC 7427 A.3.2", CERTS_SCHEME_ECDSA_SHA256, true, "300a06082a8648ce3d040302" },
    { "RFC 7427 A.3.3", CERTS_SCHEME_ECDSA_SHA384, true, "300a06082a8648ce3d040303" },
    { "RFC 7427 A.3.4", CERTS_SCHEME_ECDSA_SHA512, true, "300a06082a8648ce3d040304" },
    { "RFC 7427 A.4.3, trailer written out", CERTS_SCHEME_RSA_PSS_SHA256, false,
      "304606092a864886f70d01010a3039a00f300d06096086480165030402010500"
      "a11c301a06092a864886f70d010108300d06096086480165030402010500"
      "a203020120a303020101" },
    { "the same in DER", CERTS_SCHEME_RSA_PSS_SHA256, true,
      "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
      "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120" },
    { "RSASSA-PSS, SHA2-384", CERTS_SCHEME_RSA_PSS_SHA384, true,
      "304106092a864886f70d01010a3034a00f300d06096086480165030402020500"
      "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130" },
    { "RSASSA-PSS, SHA2-512", CERTS_SCHEME_RSA_PSS_SHA512, true,
      "304106092a864886f70d01010a3034a00f300d06096086480165030402030500"
      "a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140" },
    { "hashes without NULL", CERTS_SCHEME_RSA_PSS_SHA256, false,
      "303d06092a864886f70d01010a3030a00d300b0609608648016503040201"
      "a11a301806092a864886f70d010108300b0609608648016503040201a203020120" },
    { "RFC 8420 A.1", CERTS_SCHEME_ED25519, true, "300506032b6570" },
    { "RFC 8420 A.2", CERTS_SCHEME_ED448, true, "300506032b6571" },
};

static const struct
{
    const char *why, *octets;
} refused[] = {
    { "RFC 7427 A.4.1: empty parameters mean SHA-1", "300d06092a864886f70d01010a3000" },
    { "RSASSA-PSS without parameters", "300b06092a864886f70d01010a" },
    { "MGF1 over another hash",
      "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
      "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020120" },
    { "salt of another size",
      "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
      "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020114" },
    { "another trailer", "304606092a864886f70d01010a3039a00f300d06096086480165030402010500"
                         "a11c301a06092a864886f70d010108300d06096086480165030402010500"
                         "a203020120a303020102" },
    { "RFC 7427 A.2: DSA", "300b0609608648016503040302" },
    { "ECDSA with a parameter", "300c06082a8648ce3d0403020500" },
    { "Ed25519 with a parameter", "300706032b65700500" },
    { "MD5 with RSA", "300d06092a864886f70d0101040500" },
    { "no octets", "" },
    { "no end", "300d06092a864886f70d01010b05" },
    { "more behind the end", "300d06092a864886f70d01010b050000" },
};

static void
identifiers_are_those_of_the_rfc (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (identifiers); i++)
    {
        g_test_message ("%s", identifiers[i].source);
        g_autoptr (GBytes) octets = hex_decode (identifiers[i].octets);
        g_autoptr (GError) error = NULL;
        CertsScheme scheme = CERTS_N_SCHEMES;
        g_assert_true (certs_scheme_parse (g_bytes_get_data (octets, NULL),
                                           g_bytes_get_size (octets), &scheme, &error));
        g_assert_no_error (error);
        g_assert_cmpint (scheme, ==, identifiers[i].scheme);
        if (!identifiers[i].sent)
            continue;
        g_autoptr (GBytes) sent = certs_scheme_get_algorithm_identifier (scheme);
        hex_assert_equal (byte_view_of_bytes (sent), identifiers[i].octets);
    }
}

static void
other_identifiers_are_refused (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (refused); i++)
    {
        g_test_message ("%s", refused[i].why);
        g_autoptr (GBytes) octets = hex_decode (refused[i].octets);
        CertsScheme scheme = CERTS_N_SCHEMES;
        g_assert_false (certs_scheme_parse (g_bytes_get_data (octets, NULL),
                                            g_bytes_get_size (octets), &scheme, NULL));
        g_assert_cmpint (scheme, ==, CERTS_N_SCHEMES);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/signature/identifiers", identifiers_are_those_of_the_rfc);
    g_test_add_func ("/signature/refused", other_identifiers_are_refused);
    return g_test_run ();
}
