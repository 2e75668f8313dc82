/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * How large packets may be: probes that are padded liveness checks, over paths that swallow what is too large.
 *
 *     -->  INFORMATIONAL {V}
 *     <--  INFORMATIONAL {}
 */

#include "session/fixture.h"

/* Octets around a message: IPv4 header, UDP header, and the marker on any port but 500. */
static unsigned
around (const Network *network)
{
    return network->port == 0 || network->port == 500 ? 28 : 32;
}

/* The path carries packets of so many octets. */
static NetworkFate
swallow (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    unsigned carries = GPOINTER_TO_UINT (network->decide_data);
    return direction == TO_GATEWAY && datagram->len + around (network) > carries ? FATE_LOST
                                                                                 : FATE_ARRIVES;
}

/* The gateway's answers up to that one are lost. */
static NetworkFate
lose_answers (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    return direction == TO_CLIENT && index < GPOINTER_TO_UINT (network->decide_data) ? FATE_LOST
                                                                                     : FATE_ARRIVES;
}

/* The gateway's next answer is lost. */
static NetworkFate
lose_answer (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    return direction == TO_CLIENT && index == GPOINTER_TO_UINT (network->decide_data)
               ? FATE_LOST
               : FATE_ARRIVES;
}

/* IKE: the suite; NULL: the default. */
static Network *
connected (const char *ike)
{
    g_autoptr (GError) error = NULL;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    if (ike != NULL)
    {
        gateway.ike = ike;
        g_clear_pointer (&config->ike_proposals, g_ptr_array_unref);
        config->ike_proposals = ike_proposals_parse (IKE_PROTOCOL_IKE, ike, &error);
        g_assert_no_error (error);
    }
    return fixture_connected (IKE_LOGIN_PSK, config, &gateway);
}

static void
probe (Network *network, unsigned size)
{
    g_string_truncate (network->story, 0);
    g_assert_true (ike_session_probe (network->session, size, network->now));
    g_assert_false (ike_session_probe (network->session, size, network->now)); /* one at a time */
    network_pull (network);
}

/* The session lives: the gateway hears us, and we it. */
static void
assert_alive (Network *network)
{
    network->decide = NULL;
    g_assert_false (network->closed);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_children (network, 1);
}

static const struct
{
    const char *name;
    const char *ike;
    unsigned block;
} suites[] = {
    { "gcm", "aes256gcm16-prfsha256-x25519", 1 },
    { "ccm", "aes128ccm16-prfsha256-x25519", 1 },
    { "chacha", "chacha20poly1305-prfsha256-x25519", 1 },
    { "cbc", "aes256-sha256-x25519", 16 },
    { "ctr", "aes128ctr-sha256-x25519", 1 },
};

static void
each_suite_fills_the_packet (gconstpointer data)
{
    const typeof (suites[0]) *suite = data;
    g_autoptr (Network) network = connected (suite->ike);
    for (unsigned size = 1280; size <= 1500; size += 11)
    {
        network->largest = 0;
        probe (network, size);
        network_run (network, IKE_SECOND);
        unsigned sent = (unsigned)network->largest + around (network);
        g_assert_cmpuint (sent, <=, size);
        g_assert_cmpuint (sent, >, size - suite->block);
        g_autofree char *story = g_strdup_printf ("passes:%u", sent);
        network_assert_story (network, story);
    }
}

static void
what_is_swallowed_is_told (void)
{
    g_autoptr (Network) network = connected (NULL);
    network->decide = swallow;
    network->decide_data = GUINT_TO_POINTER (1400);
    for (unsigned size = 1398; size < 1404; size++)
    {
        gint64 begun = network->now;
        probe (network, size);
        network_run (network, 3 * IKE_SECOND);
        g_autofree char *story = g_strdup_printf (size <= 1400 ? "passes:%u" : "lost:%u", size);
        network_assert_story (network, story);
        g_assert_cmpint (network->now - begun, <=, 3 * IKE_SECOND);
    }
    assert_alive (network);
}

/* The answer alone is lost: the probe comes once more. */
static void
a_lost_answer_is_repeated (void)
{
    g_autoptr (Network) network = connected (NULL);
    network->decide = lose_answer;
    network->decide_data = GUINT_TO_POINTER (network->sent[TO_CLIENT]);
    probe (network, 1500);
    network_run (network, 2 * IKE_SECOND);
    network_assert_story (network, "passes:1500");
    assert_alive (network);
}

/* The gateway has the large one and answers nothing but its repetition; all its answers to the first copies are lost. */
static void
the_gateway_knows_the_large_one (void)
{
    g_autoptr (Network) network = connected (NULL);
    network->decide = lose_answers;
    network->decide_data = GUINT_TO_POINTER (network->sent[TO_CLIENT] + 5);
    probe (network, 1500);
    network_run (network, 120 * IKE_SECOND); /* longer than anybody waits for an answer */
    network_assert_story (network, "lost:1500");
    assert_alive (network);
}

/* While a probe is lost for good, everything else waits, and then goes on. */
static void
rekeys_wait_for_a_probe (void)
{
    g_autoptr (Network) network = connected (NULL);
    network->decide = swallow;
    network->decide_data = GUINT_TO_POINTER (1400);
    probe (network, 1500);
    ike_session_rekey_ike (network->session, network->now);
    ike_session_rekey_child (network->session, network->now);
    network_run (network, 30 * IKE_SECOND);
    g_assert_true (g_str_has_prefix (network->story->str, "lost:1500 rekeyed"));
    assert_alive (network);
}

/* The gateway rekeys the IKE SA with a probe under way. */
static void
the_gateway_rekeys_meanwhile (void)
{
    g_autoptr (Network) network = connected (NULL);
    network->decide = swallow;
    network->decide_data = GUINT_TO_POINTER (1400);
    probe (network, 1500);
    responder_rekey_ike (network->gateway, network->now);
    network_run (network, 60 * IKE_SECOND);
    g_assert_nonnull (strstr (network->story->str, "lost:1500"));
    assert_alive (network);
}

static void
a_close_does_not_wait_for_long (void)
{
    g_autoptr (Network) network = connected (NULL);
    network->decide = swallow;
    network->decide_data = GUINT_TO_POINTER (1400);
    probe (network, 1500);
    gint64 begun = network->now;
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed_well (network);
    g_assert_cmpint (network->now - begun, <=, IKE_CLOSE_TIMEOUT);
    g_assert_true (responder_is_gone (network->gateway));
}

/* The gateway died: a probe ends as any liveness check does. */
static void
a_dead_gateway_is_found (void)
{
    g_autoptr (Network) network = connected (NULL);
    responder_get_config (network->gateway)->dead = true;
    probe (network, 1500);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_CONNECTION_LOST);
}

static void
probes_need_a_session (void)
{
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, NULL);
    g_assert_false (ike_session_probe (network->session, 1500, network->now));
    network_start (network);
    g_assert_false (ike_session_probe (network->session, 1500, network->now));
    network_run_until_settled (network);
    g_assert_false (ike_session_probe (network->session, IKE_PROBE_MAX + 1, network->now));
    g_assert_false (ike_session_probe (network->session, 60, network->now)); /* no room */
    probe (network, 1500);
    network_run (network, IKE_SECOND);
    network_assert_story (network, "passes:1500");
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    FIXTURE_ADD_TABLE ("/probe/suite", suites, each_suite_fills_the_packet);
    g_test_add_func ("/probe/swallowed", what_is_swallowed_is_told);
    g_test_add_func ("/probe/lost-answer", a_lost_answer_is_repeated);
    g_test_add_func ("/probe/known", the_gateway_knows_the_large_one);
    g_test_add_func ("/probe/rekeys-wait", rekeys_wait_for_a_probe);
    g_test_add_func ("/probe/gateway-rekeys", the_gateway_rekeys_meanwhile);
    g_test_add_func ("/probe/close", a_close_does_not_wait_for_long);
    g_test_add_func ("/probe/dead-gateway", a_dead_gateway_is_found);
    g_test_add_func ("/probe/needs-a-session", probes_need_a_session);
    int status = g_test_run ();
    fixture_end ();
    return status;
}
