/* SPDX-License-Identifier: GPL-3.0-or-later */

/* RFC 2759 9.2 and RFC 3079 3.5.3: user "User", password "clientPass". */

#include "eap/mschapv2.h"
#include "support/hex.h"

static const char authenticator_challenge[] = "5b5d7c7d7b3f2f3e3c2c602132262628";
static const char peer_challenge[] = "21402324255e262a28295f2b3a337c7e";
static const char password_hash[] = "44ebba8d5312b8d611474411f56989ae";
static const char challenge_hash[] = "d02e4386bce91226";
static const char response[] = "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df";

static const uint8_t *
octets (GBytes *bytes)
{
    return g_bytes_get_data (bytes, NULL);
}

static void
password_is_hashed (void)
{
    uint8_t hash[MSCHAPV2_HASH_SIZE];
    g_autoptr (GError) error = NULL;
    g_assert_true (mschapv2_hash_password (byte_view_of_string ("clientPass"), hash, &error));
    g_assert_no_error (error);
    hex_assert_equal (byte_view (hash, sizeof hash), password_hash);
}

static void
challenges_are_hashed (void)
{
    uint8_t hash[8];
    g_autoptr (GBytes) peer = hex_decode (peer_challenge);
    g_autoptr (GBytes) authenticator = hex_decode (authenticator_challenge);
    g_assert_true (mschapv2_hash_challenges (octets (peer), octets (authenticator),
                                             byte_view_of_string ("User"), hash, NULL));
    hex_assert_equal (byte_view (hash, sizeof hash), challenge_hash);
}

static void
response_is_computed (void)
{
    uint8_t computed[MSCHAPV2_RESPONSE_SIZE];
    g_autoptr (GBytes) challenge = hex_decode (challenge_hash);
    g_autoptr (GBytes) hash = hex_decode (password_hash);
    mschapv2_compute_response (octets (challenge), octets (hash), computed);
    hex_assert_equal (byte_view (computed, sizeof computed), response);
}

static void
authenticator_is_computed (void)
{
    uint8_t computed[20];
    g_autoptr (GBytes) challenge = hex_decode (challenge_hash);
    g_autoptr (GBytes) hash = hex_decode (password_hash);
    g_autoptr (GBytes) answer = hex_decode (response);
    g_assert_true (mschapv2_compute_authenticator (octets (hash), octets (answer),
                                                   octets (challenge), computed, NULL));
    hex_assert_equal (byte_view (computed, sizeof computed),
                      "407a5589115fd0d6209f510fe9c04566932cda56");
}

/* RFC 3079 shows the server's sending key: what the client receives by, the second half. */
static void
keys_are_derived (void)
{
    uint8_t msk[MSCHAPV2_MSK_SIZE];
    g_autoptr (GBytes) hash = hex_decode (password_hash);
    g_autoptr (GBytes) answer = hex_decode (response);
    g_assert_true (mschapv2_compute_msk (octets (hash), octets (answer), msk, NULL));
    hex_assert_equal (byte_view (msk + 16, 16), "8b7cdc149b993a1ba118cb153f56dccb");
    static const uint8_t zeros[32] = { 0 };
    g_assert_cmpmem (msk + 32, 32, zeros, 32);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/mschapv2/password-hash", password_is_hashed);
    g_test_add_func ("/mschapv2/challenge-hash", challenges_are_hashed);
    g_test_add_func ("/mschapv2/response", response_is_computed);
    g_test_add_func ("/mschapv2/authenticator", authenticator_is_computed);
    g_test_add_func ("/mschapv2/keys", keys_are_derived);
    return g_test_run ();
}
