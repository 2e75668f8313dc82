/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Staying alive and ending: liveness both ways, keepalives, deletes, junk that must not matter, and the close, with a
 * gateway that is there and one that is not.
 */

#include "ike/payloads.h"
#include "session/fixture.h"

static uint32_t
gateway_child (const Network *network)
{
    g_autoptr (GPtrArray) children = responder_get_children (network->gateway);
    g_assert_cmpuint (children->len, >, 0);
    return ((const IkeChildSa *)children->pdata[0])->spi_in;
}

static unsigned
said (const Network *network, const char *needle)
{
    return responder_count_in_transcript (network->gateway, needle);
}

/* ---- close ---- */

/* --> INFORMATIONAL {D}  <-- INFORMATIONAL {} */
static void
test_close (gconstpointer data)
{
    IkeLogin login = (IkeLogin)GPOINTER_TO_INT (data);
    g_autoptr (Network) network = fixture_connected (login, NULL, NULL);
    gint64 begun = network->now;
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed_well (network);
    network_assert_story (network, "established up:1 closed");
    g_assert_true (responder_is_gone (network->gateway));
    g_assert_cmpint (network->now - begun, ==, 2 * NETWORK_DELAY);
    g_assert_cmpint (ike_session_get_deadline (network->session), ==, G_MAXINT64);
}

static void
test_close_dead_gateway (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_get_config (network->gateway)->dead = true;
    gint64 begun = network->now;
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed_well (network);
    g_assert_cmpint (network->now - begun, <=, IKE_CLOSE_TIMEOUT);
    g_assert_cmpuint (network->sent[TO_GATEWAY], >=, 4); /* the delete was repeated */
}

/* The close waits for a request that is under way, but not for long. */
static void
test_close_behind_request (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_rekey_child (network->session, network->now);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed_well (network);
    g_assert_true (responder_is_gone (network->gateway));
}

static void
test_close_early (void)
{
    for (gint64 wait = 0; wait < 12; wait++)
    {
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
        network_start (network);
        network_run (network, wait * NETWORK_DELAY);
        ike_session_close (network->session, network->now);
        network_pull (network);
        network_run (network, 2 * IKE_SECOND);
        network_assert_closed_well (network);
        g_assert_cmpint (ike_session_get_deadline (network->session), ==, G_MAXINT64);
    }
}

static void
test_close_twice (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_close (network->session, network->now);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run_until_closed (network);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run (network, 5 * IKE_SECOND);
    g_assert_cmpuint (said (network, "{D}"), ==, 1);
}

static void
test_abort (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    GError *error = g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_NO_TUN, "no device");
    ike_session_abort (network->session, error, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_NO_TUN);
    g_assert_true (responder_is_gone (network->gateway));
}

/* The host fails once more while the delete is under way: the first cause is told, and there is no waiting. */
static void
test_abort_twice (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    static const OutriderError codes[] = { OUTRIDER_ERROR_NO_TUN, OUTRIDER_ERROR_HOST_REFUSED };
    for (size_t i = 0; i < G_N_ELEMENTS (codes); i++)
        ike_session_abort (network->session,
                           g_error_new_literal (OUTRIDER_ERROR, (gint)codes[i], "no"),
                           network->now);
    network_pull (network);
    network_assert_closed (network, OUTRIDER_ERROR_NO_TUN);
    ike_session_abort (network->session,
                       g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL, "late"),
                       network->now);
    network_pull (network);
    network_assert_story (network, "established up:1 closed");
}

/* <-- IKE_AUTH when all is done, sealed and in turn: refused, and nothing changes. */
static void
test_auth_again (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    g_autoptr (GPtrArray) request = responder_seal (
        network->gateway, IKE_AUTH, false, 0, PAYLOAD_EAP, byte_view ("\0\0\0\10\3\1\0\4", 8));
    unsigned before = network->sent[TO_GATEWAY];
    network_inject_all (network, request);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, before + 1);
    network_assert_story (network, "established up:1");
    g_assert_true (ike_session_has_begun_login (network->session));
}

/* Freed in the midst of everything: what was allocated is given back (the sanitizer build looks). */
static void
test_free_anywhere (void)
{
    static const IkeLogin logins[] = { IKE_LOGIN_PSK, IKE_LOGIN_CERTIFICATE, IKE_LOGIN_EAP };
    for (size_t l = 0; l < G_N_ELEMENTS (logins); l++)
        for (gint64 wait = 0; wait < 14; wait++)
        {
            ResponderConfig gateway = fixture_responder (logins[l]);
            gateway.fragment_size = 500;
            IkeSessionConfig *config = fixture_config (logins[l]);
            config->fragment_size = 500;
            g_autoptr (Network) network = fixture_network (logins[l], config, &gateway);
            network->holds_answers = wait % 2 == 1;
            if (wait > 0)
                network_start (network);
            network_run (network, wait * NETWORK_DELAY);
            if (network->grant != NULL)
                ike_session_rekey_ike (network->session, network->now); /* actions left behind */
            g_assert_false (network->closed);
        }
    g_autoptr (IkeSession) untouched = ike_session_new (fixture_config (IKE_LOGIN_PSK), NULL);
    g_assert_null (ike_session_next_action (untouched));
    g_assert_cmpint (ike_session_get_deadline (untouched), ==, G_MAXINT64);
}

/* ---- deletes of the gateway's ---- */

/* <-- INFORMATIONAL {D}  --> INFORMATIONAL {} */
static void
test_gateway_deletes_ike (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_delete_ike (network->gateway, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_GATEWAY_CLOSED);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL answer 0 {}"), ==, 1);
}

/* <-- INFORMATIONAL {N(AUTHENTICATION_FAILED)}, as some gateways end it. */
static void
say_failed (ResponderMessage *message, const void *data)
{
    if (message->step == STEP_INFO_REQUEST)
        responder_message_add_notify (message, NOTIFY_AUTHENTICATION_FAILED, (ByteView){ 0 });
}

static void
test_gateway_says_failed (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = say_failed;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    responder_check_liveness (network->gateway, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_GATEWAY_CLOSED);
}

/* Both close at once. */
static void
test_deletes_cross (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_close (network->session, network->now);
    responder_delete_ike (network->gateway, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed_well (network);
}

/*
 *     <-- INFORMATIONAL {D}  --> INFORMATIONAL {D}
 *     --> CREATE_CHILD_SA {SA, Nonce, TSi, TSr}  <-- ...
 */
static void
test_gateway_deletes_child (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    network_pull (network);
    network_run (network, IKE_SECOND);
    network_assert_story (network, "established up:1 down:1 up:2");
    network_assert_children (network, 1);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL answer 0 {D}"), ==, 1);
}

/* A gateway that deletes each child at once is not humoured for ever; and it is told when we stop. */
static void
test_gateway_deletes_each_child (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    unsigned deleted = 0;
    for (; !network->closed && deleted < 20; deleted++)
    {
        responder_delete_child (network->gateway, gateway_child (network), network->now);
        network_pull (network);
        network_run (network, IKE_SECOND);
    }
    network_assert_closed (network, OUTRIDER_ERROR_GATEWAY_CLOSED);
    g_assert_cmpstr (network->error->message, ==, "the gateway deletes each child that it makes");
    g_assert_cmpuint (deleted, ==, IKE_REVIVALS_MAX + 1);
    network_run (network, 5 * IKE_SECOND);
    g_assert_true (responder_is_gone (network->gateway));
}

/* Once in a while is fine, however often: a gateway that has no patience with idle children. */
static void
test_gateway_deletes_seldom (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 0; i < 10; i++)
    {
        responder_delete_child (network->gateway, gateway_child (network), network->now);
        network_pull (network);
        network_run (network, 15 * IKE_SECOND);
        network_assert_children (network, 1);
    }
}

/* While the new child is refused for the moment, liveness checks of the gateway's do not count as deletes. */
static void
test_liveness_while_reviving (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_get_config (network->gateway)->busy = true;
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    network_pull (network);
    for (unsigned i = 0; i < 10; i++)
    {
        network_run (network, IKE_SECOND / 5);
        responder_check_liveness (network->gateway, network->now);
        network_pull (network);
    }
    responder_get_config (network->gateway)->busy = false;
    network_run (network, 10 * IKE_SECOND);
    g_assert_false (network->closed);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1 down:1 up:3"); /* the second try */
}

/* A liveness check that arrives while our request for a new child is under way does not ask for a second one. */
static NetworkFate
hold_new_child (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    return direction == TO_CLIENT && datagram->data[18] == CREATE_CHILD_SA ? FATE_LATE
                                                                           : FATE_ARRIVES;
}

static void
test_liveness_beside_new_child (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    network->decide = hold_new_child;
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    network_pull (network);
    network_run (network, 3 * NETWORK_DELAY);
    responder_check_liveness (network->gateway, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_story (network, "established up:1 down:1 up:2");
    network_assert_children (network, 1);
}

/* ---- alive? ---- */

/* --> INFORMATIONAL {}  <-- INFORMATIONAL {}, after so much silence; the data plane's word spares it. */
static void
test_liveness (void)
{
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->dpd_delay = 30 * IKE_SECOND;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, NULL);
    network_run (network, 29 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL"), ==, 0);
    network_run (network, 2 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL 2 {}"), ==, 1);
    for (unsigned i = 0; i < 100; i++)
    {
        ike_session_note_traffic (network->session, network->now, i);
        network_run (network, 10 * IKE_SECOND);
    }
    g_assert_cmpuint (said (network, "--> INFORMATIONAL"), ==, 1);
    g_assert_false (network->closed);
}

static void
test_gateway_dies (void)
{
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->dpd_delay = 30 * IKE_SECOND;
    config->answer_timeout = 15 * IKE_SECOND;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, NULL);
    gint64 heard = network->now;
    responder_get_config (network->gateway)->dead = true;
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_CONNECTION_LOST);
    g_assert_cmpint (network->now - heard, <=, 45 * IKE_SECOND);
    g_assert_cmpint (network->now - heard, >=, 44 * IKE_SECOND);
}

/* Old datagrams of the gateway's, sent again by somebody else, are no sign of life. */
static NetworkFate
keep_request (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    GByteArray *kept = (GByteArray *)network->decide_data;
    if (direction == TO_CLIENT && (datagram->data[19] & IKE_FLAG_RESPONSE) == 0)
    {
        g_byte_array_set_size (kept, 0);
        g_byte_array_append (kept, datagram->data, datagram->len);
    }
    return FATE_ARRIVES;
}

static void
test_replay_is_no_life (void)
{
    g_autoptr (GByteArray) kept = g_byte_array_new ();
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->dpd_delay = 30 * IKE_SECOND;
    config->answer_timeout = 15 * IKE_SECOND;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, NULL);
    network->decide = keep_request;
    network->decide_data = kept;
    responder_check_liveness (network->gateway, network->now);
    network_pull (network);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (kept->len, >, 0);
    responder_get_config (network->gateway)->dead = true;
    for (unsigned i = 0; i < 20 && !network->closed; i++)
    {
        network_inject (network, byte_view_of_array (kept));
        network_run (network, 5 * IKE_SECOND);
    }
    network_assert_closed (network, OUTRIDER_ERROR_CONNECTION_LOST);
}

/* A request that comes again gets the same octets again, and is not done twice. */
typedef struct
{
    GPtrArray *answers;
} Kept;

static NetworkFate
keep_answers (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    const Kept *kept = network->decide_data;
    if (direction == TO_GATEWAY && datagram->data[18] == CREATE_CHILD_SA)
        g_ptr_array_add (kept->answers, byte_view_to_bytes (byte_view_of_array (datagram)));
    return direction == TO_CLIENT && datagram->data[18] == CREATE_CHILD_SA ? FATE_DOUBLED
                                                                           : FATE_ARRIVES;
}

static void
test_answer_again (void)
{
    Kept kept = { g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref) };
    g_autoptr (GPtrArray) answers = kept.answers;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    network->decide = keep_answers;
    network->decide_data = &kept;
    responder_rekey_child (network->gateway, gateway_child (network), true, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    g_assert_cmpuint (answers->len, ==, 2);
    g_assert_true (g_bytes_equal (answers->pdata[0], answers->pdata[1]));
    network_assert_story (network, "established up:1 up:1 switch:1 down:1");
}

/* Behind a NAT, twenty seconds of silence of ours bring a single octet; without one nothing. */
static void
test_keepalive (gconstpointer data)
{
    bool nat = GPOINTER_TO_INT (data) != 0;
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    if (nat)
        gateway.peer.port = 1024;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    network_run (network, 100 * IKE_SECOND + NETWORK_DELAY);
    g_assert_cmpuint (network->keepalives, ==, nat ? 5 : 0);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run (network, 60 * IKE_SECOND);
    g_assert_cmpuint (network->keepalives, ==, nat ? 5 : 0);
}

/* ---- junk ---- */

static void
inject_notify (Network *network, IkeExchangeType exchange, bool response, IkeNotifyType type,
               uint64_t spi_i, uint64_t spi_r, uint32_t id)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, type, (ByteView){ 0 });
    IkeHeader header = { .initiator_spi = spi_i,
                         .responder_spi = spi_r,
                         .exchange = (uint8_t)exchange,
                         .flags = response ? IKE_FLAG_RESPONSE : 0,
                         .message_id = id };
    g_autoptr (GBytes) datagram = ike_message_build (&header, &chain);
    network_inject (network, byte_view_of_bytes (datagram));
}

typedef struct
{
    uint64_t spi_i, spi_r;
} Spis;

static NetworkFate
keep_spis (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    Spis *spis = (Spis *)network->decide_data;
    ByteReader reader = byte_reader (byte_view_of_array (datagram));
    uint64_t spi_i = byte_reader_u64 (&reader), spi_r = byte_reader_u64 (&reader);
    if (spi_r != 0)
        *spis = (Spis){ spi_i, spi_r };
    return FATE_ARRIVES;
}

/* Whoever sees the SPIs on the way can send such; none of it is signed by anybody. */
static void
throw_junk (Network *network, const Spis *spis)
{
    static const IkeNotifyType types[] = {
        NOTIFY_INVALID_IKE_SPI,
        NOTIFY_INVALID_SYNTAX,
        NOTIFY_AUTHENTICATION_FAILED,
        NOTIFY_NO_PROPOSAL_CHOSEN,
        NOTIFY_COOKIE,
        NOTIFY_INVALID_KE_PAYLOAD,
        NOTIFY_INVALID_MESSAGE_ID,
        NOTIFY_INVALID_MAJOR_VERSION,
    };
    static const IkeExchangeType exchanges[] = { IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA,
                                                 INFORMATIONAL };
    for (size_t t = 0; t < G_N_ELEMENTS (types); t++)
        for (size_t e = 0; e < G_N_ELEMENTS (exchanges); e++)
            for (uint32_t id = 0; id < 4; id++)
            {
                inject_notify (network, exchanges[e], true, types[t], spis->spi_i, spis->spi_r, id);
                inject_notify (network, exchanges[e], false, types[t], spis->spi_i, spis->spi_r,
                               id);
            }
    network_inject (network, (ByteView){ 0 });
    network_inject (network, byte_view ("\377", 1));
}

static void
test_junk_while_connecting (void)
{
    for (gint64 wait = 3; wait < 12; wait++)
    {
        Spis spis = { 0 };
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
        network->decide = keep_spis;
        network->decide_data = &spis;
        network_start (network);
        network_run (network, wait * NETWORK_DELAY);
        throw_junk (network, &spis);
        network_run_until_settled (network);
        network_assert_established (network);
        network_assert_story (network, "established up:1");
    }
}

static void
test_junk_when_established (void)
{
    Spis spis = { 0 };
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->dpd_delay = 30 * IKE_SECOND;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, NULL);
    network->decide = keep_spis;
    network->decide_data = &spis;
    network_start (network);
    network_run_until_settled (network);
    unsigned before = network->sent[TO_GATEWAY];
    throw_junk (network, &spis);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, before); /* not a word in answer */
    network_run (network, 40 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL 2 {}"), ==, 1); /* nor a sign of life */
    network_assert_story (network, "established up:1");
}

/* All that we send comes back to us as well, as if the gateway had said it. */
static NetworkFate
reflect (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    GPtrArray *reflected = (GPtrArray *)network->decide_data;
    if (direction == TO_GATEWAY)
        g_ptr_array_add (reflected, byte_view_to_bytes (byte_view_of_array (datagram)));
    return FATE_ARRIVES;
}

static void
test_reflection (void)
{
    g_autoptr (GPtrArray) reflected =
        g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
    network->decide = reflect;
    network->decide_data = reflected;
    network_start (network);
    for (unsigned step = 0; step < 40; step++)
    {
        if (step == 25)
            ike_session_rekey_child (network->session, network->now);
        network_run (network, NETWORK_DELAY / 2);
        for (guint i = 0; i < reflected->len; i++)
            network_inject (network, byte_view_of_bytes (reflected->pdata[i]));
    }
    network_run (network, 10 * IKE_SECOND);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1");
    network_assert_children (network, 1);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 8); /* not a word more than without */
}

/* Sealed with the true keys, but out of turn. */
static void
test_sealed_out_of_turn (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    unsigned before = network->sent[TO_GATEWAY];
    static const int offsets[] = { -3, -2, -1, 1, 2, 1000 };
    for (size_t i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
        uint32_t id = responder_get_next_id (network->gateway) + (uint32_t)offsets[i];
        g_autoptr (GPtrArray) request =
            responder_seal (network->gateway, INFORMATIONAL, false, id, PAYLOAD_DELETE,
                            byte_view ("\0\0\0\10\1\0\0\0", 8));
        network_inject_all (network, request);
    }
    for (uint32_t id = 0; id < 5; id++)
    {
        g_autoptr (GPtrArray) response =
            responder_seal (network->gateway, INFORMATIONAL, true, id, PAYLOAD_DELETE,
                            byte_view ("\0\0\0\10\1\0\0\0", 8));
        network_inject_all (network, response);
    }
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, before);
    network_assert_story (network, "established up:1");
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    g_test_add_data_func ("/end/close/psk", GINT_TO_POINTER (IKE_LOGIN_PSK), test_close);
    g_test_add_data_func ("/end/close/eap", GINT_TO_POINTER (IKE_LOGIN_EAP), test_close);
    g_test_add_data_func ("/end/close/certificate", GINT_TO_POINTER (IKE_LOGIN_CERTIFICATE),
                          test_close);
    g_test_add_func ("/end/close/dead-gateway", test_close_dead_gateway);
    g_test_add_func ("/end/close/behind-request", test_close_behind_request);
    g_test_add_func ("/end/close/early", test_close_early);
    g_test_add_func ("/end/close/twice", test_close_twice);
    g_test_add_func ("/end/abort", test_abort);
    g_test_add_func ("/end/abort/twice", test_abort_twice);
    g_test_add_func ("/end/junk/auth-again", test_auth_again);
    g_test_add_func ("/end/free-anywhere", test_free_anywhere);
    g_test_add_func ("/end/gateway/deletes-ike", test_gateway_deletes_ike);
    g_test_add_func ("/end/gateway/says-failed", test_gateway_says_failed);
    g_test_add_func ("/end/gateway/deletes-cross", test_deletes_cross);
    g_test_add_func ("/end/gateway/deletes-child", test_gateway_deletes_child);
    g_test_add_func ("/end/gateway/deletes-each-child", test_gateway_deletes_each_child);
    g_test_add_func ("/end/gateway/deletes-seldom", test_gateway_deletes_seldom);
    g_test_add_func ("/end/gateway/liveness-while-reviving", test_liveness_while_reviving);
    g_test_add_func ("/end/gateway/liveness-beside-new-child", test_liveness_beside_new_child);
    g_test_add_func ("/end/liveness", test_liveness);
    g_test_add_func ("/end/gateway/dies", test_gateway_dies);
    g_test_add_func ("/end/liveness/replay", test_replay_is_no_life);
    g_test_add_func ("/end/answer-again", test_answer_again);
    g_test_add_data_func ("/end/keepalive/nat", GINT_TO_POINTER (1), test_keepalive);
    g_test_add_data_func ("/end/keepalive/none", GINT_TO_POINTER (0), test_keepalive);
    g_test_add_func ("/end/junk/connecting", test_junk_while_connecting);
    g_test_add_func ("/end/junk/established", test_junk_when_established);
    g_test_add_func ("/end/junk/reflection", test_reflection);
    g_test_add_func ("/end/junk/sealed", test_sealed_out_of_turn);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
