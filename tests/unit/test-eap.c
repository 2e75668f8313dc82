/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The EAP peer packet by packet: identity, notification, Nak, the password that is asked for, and success and failure at
 * moments where they do not belong.
 */

#include "eap/peer.h"
#include "errors.h"

#include "../support/hex.h"

static void
fill (void *data, uint8_t *ret_octets, size_t size)
{
    memset (ret_octets, 0x42, size);
}

static const RandomSource constant = { fill, NULL };

static EapPeer *
make_peer (const char *identity, uint8_t method)
{
    return eap_peer_new (identity, &method, method != 0, &constant);
}

static EapPeerResult
receive (EapPeer *peer, const char *packet, char **ret_response, GError **error)
{
    g_autoptr (GBytes) octets = hex_decode (packet);
    g_autoptr (GBytes) response = NULL;
    EapPeerResult result = eap_peer_receive (peer, byte_view_of_bytes (octets), &response, error);
    *ret_response = response != NULL ? hex_encode (byte_view_of_bytes (response)) : NULL;
    return result;
}

static void
expect_response (EapPeer *peer, const char *packet, const char *expected)
{
    g_autofree char *response = NULL;
    g_autoptr (GError) error = NULL;
    g_assert_cmpint (receive (peer, packet, &response, &error), ==, EAP_PEER_RESPOND);
    g_assert_no_error (error);
    g_assert_cmpstr (response, ==, expected);
}

static void
expect_failure (EapPeer *peer, const char *packet, OutriderError code)
{
    g_autofree char *response = NULL;
    g_autoptr (GError) error = NULL;
    g_assert_cmpint (receive (peer, packet, &response, &error), ==, EAP_PEER_FAILED);
    g_assert_error (error, OUTRIDER_ERROR, (gint)code);
    g_assert_null (response);
}

static void
test_identity (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    expect_response (peer, "0107000501", "0207000a01616c696365");
    expect_response (peer, "010800080177686f", "0208000a01616c696365");
    expect_response (peer, "010900090274657874", "0209000502");
    expect_response (peer, "0107000501ffffff", "0207000a01616c696365"); /* padding behind it */
}

static void
test_nak (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    expect_response (peer, "010100060400", "02010006031a");
    expect_response (peer, "010200060d20", "02020006031a");
    expect_response (peer, "0103000cfe00000000000009", "02030014fe00000000000003fe0000000000001a");
    g_autoptr (EapPeer) none = make_peer ("alice", 0);
    expect_response (none, "010100061a00", "020100060300");
}

/* A gateway that proposes one foreign method after the other. */
static void
test_nak_without_end (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    for (unsigned i = 0; i < 4; i++)
        expect_response (peer, "010100060400", "02010006031a");
    expect_failure (peer, "010100061500", OUTRIDER_ERROR_EAP_METHOD_REFUSED);
}

/* EAP-Failure behind a Nak: the method was the reason. */
static void
test_failure_after_nak (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    g_autoptr (GError) error = NULL;
    g_autofree char *response = NULL;
    expect_response (peer, "010100061500", "02010006031a");
    g_assert_cmpint (receive (peer, "04010004", &response, &error), ==, EAP_PEER_FAILED);
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_EAP_METHOD_REFUSED);
    g_assert_nonnull (strstr (error->message, "EAP-TTLS"));
    g_assert_nonnull (strstr (error->message, "EAP-MSCHAPv2"));
}

static void
test_malformed (void)
{
    static const char *const packets[] = {
        "",         "01",         "0101",       "010100",     "01010003",   "01010004",
        "01010006", "0101000601", "0001000501", "0201000501", "0501000501", "ff01000501",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (packets); i++)
    {
        g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
        expect_failure (peer, packets[i], OUTRIDER_ERROR_PROTOCOL);
    }
}

static void
test_early_end (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    expect_failure (peer, "03010004", OUTRIDER_ERROR_PROTOCOL);
    expect_failure (peer, "04010004", OUTRIDER_ERROR_LOGIN_REFUSED);
}

/* ---- MSCHAPv2 ---- */

static const char challenge[] = "0101001a1a0107001510000102030405060708090a0b0c0d0e0f";

static void
start (EapPeer *peer)
{
    g_autofree char *nothing = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) response = NULL;
    g_autoptr (SecretBytes) password = secret_bytes_new (byte_view_of_string ("clouds"));
    g_assert_cmpint (receive (peer, challenge, &nothing, &error), ==, EAP_PEER_ASK_PASSWORD);
    g_assert_cmpint (eap_peer_answer (peer, password, &response, &error), ==, EAP_PEER_RESPOND);
    g_assert_no_error (error);

    /* code, id, length, type, op 2, its id, length, 49, the challenge of ours */
    g_autofree char *text = hex_encode (byte_view_of_bytes (response));
    g_assert_true (g_str_has_prefix (text, "020100401a0207003b3142424242"));
    g_assert_true (g_str_has_suffix (text, "00616c696365"));
}

static void
test_challenge (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_failure (peer, challenge, OUTRIDER_ERROR_PROTOCOL); /* a second one */
}

static void
test_success_before_proof (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_failure (peer, "03020004", OUTRIDER_ERROR_PROTOCOL);
}

static void
test_wrong_proof (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_failure (peer,
                    "010200331a0307002e533d30303030303030303030303030303030303030303030303030"
                    "30303030303030303030303030303030",
                    OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
    expect_failure (peer, "03020004", OUTRIDER_ERROR_PROTOCOL); /* and no way back */
}

static void
test_other_method (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_failure (peer, "010200060600", OUTRIDER_ERROR_EAP_METHOD_REFUSED);
}

/* "E=691 R=1 M=no", answered, and only then the end. */
static void
test_refused (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_response (peer, "010200171a04070012453d36393120523d31204d3d6e6f", "020200061a04");
    expect_failure (peer, "04020004", OUTRIDER_ERROR_PASSWORD_WRONG);
}

/* Nor does it help to go on as if nothing had been. */
static void
test_challenge_after_refusal (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_response (peer, "010200171a04070012453d36393120523d31204d3d6e6f", "020200061a04");
    expect_failure (peer, challenge, OUTRIDER_ERROR_PASSWORD_WRONG);
}

static void
test_names (void)
{
    char buffer[16];
    g_assert_cmpstr (eap_type_format (EAP_TYPE_PEAP, buffer), ==, "PEAP");
    g_assert_cmpstr (eap_type_format (255, buffer), ==, "EAP type 255");
    g_assert_null (eap_method_find (255));
}

/* After its failure a success is not believed either. */
static void
test_success_after_refusal (void)
{
    g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
    start (peer);
    expect_response (peer, "010200171a04070012453d36393120523d31204d3d6e6f", "020200061a04");
    expect_failure (peer, "03020004", OUTRIDER_ERROR_PASSWORD_WRONG);
}

static void
test_malformed_mschapv2 (void)
{
    static const char *const packets[] = {
        "010100051a",           /* nothing */
        "010100081a010700",     /* cut */
        "010100091a01070003",   /* length too small */
        "010100091a010700ff",   /* length too large */
        "010100091a09070004",   /* no such op */
        "0101000a1a0107000510", /* no challenge */
        "0101001a1a0107001508000102030405060708090a0b0c0d0e0f",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (packets); i++)
    {
        g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
        g_autoptr (SecretBytes) password = secret_bytes_new (byte_view_of_string ("clouds"));
        g_autofree char *nothing = NULL;
        g_autoptr (GBytes) response = NULL;
        g_autoptr (GError) error = NULL;
        g_assert_cmpint (receive (peer, packets[i], &nothing, &error), ==, EAP_PEER_ASK_PASSWORD);
        g_assert_cmpint (eap_peer_answer (peer, password, &response, &error), ==, EAP_PEER_FAILED);
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
    }
}

/* Passwords that no account can have: told before anything is sent. */
static void
test_impossible_password (void)
{
    g_autofree char *long_one = g_strnfill (257, 'x');
    const char *const passwords[] = { "\xff\xfe", long_one };
    for (size_t i = 0; i < G_N_ELEMENTS (passwords); i++)
    {
        g_autoptr (EapPeer) peer = make_peer ("alice", EAP_TYPE_MSCHAPV2);
        g_autoptr (SecretBytes) password = secret_bytes_new (byte_view_of_string (passwords[i]));
        g_autofree char *nothing = NULL;
        g_autoptr (GBytes) response = NULL;
        g_autoptr (GError) error = NULL;
        g_assert_cmpint (receive (peer, challenge, &nothing, &error), ==, EAP_PEER_ASK_PASSWORD);
        g_assert_cmpint (eap_peer_answer (peer, password, &response, &error), ==, EAP_PEER_FAILED);
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PASSWORD_WRONG);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/eap/identity", test_identity);
    g_test_add_func ("/eap/nak", test_nak);
    g_test_add_func ("/eap/nak/without-end", test_nak_without_end);
    g_test_add_func ("/eap/nak/failure", test_failure_after_nak);
    g_test_add_func ("/eap/malformed", test_malformed);
    g_test_add_func ("/eap/early-end", test_early_end);
    g_test_add_func ("/eap/mschapv2/challenge", test_challenge);
    g_test_add_func ("/eap/mschapv2/success-before-proof", test_success_before_proof);
    g_test_add_func ("/eap/mschapv2/wrong-proof", test_wrong_proof);
    g_test_add_func ("/eap/mschapv2/other-method", test_other_method);
    g_test_add_func ("/eap/mschapv2/refused", test_refused);
    g_test_add_func ("/eap/mschapv2/success-after-refusal", test_success_after_refusal);
    g_test_add_func ("/eap/mschapv2/challenge-after-refusal", test_challenge_after_refusal);
    g_test_add_func ("/eap/names", test_names);
    g_test_add_func ("/eap/mschapv2/malformed", test_malformed_mschapv2);
    g_test_add_func ("/eap/mschapv2/impossible-password", test_impossible_password);
    return g_test_run ();
}
