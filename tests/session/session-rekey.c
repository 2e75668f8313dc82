/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Rekeys of children and of the IKE SA, begun by either side, and what goes wrong with them: refusals, collisions, unknown
 * children, answers that lie.
 */

#include "ike/payloads.h"
#include "session/fixture.h"
#include "support/hex.h"

static uint32_t
gateway_child (const Network *network)
{
    g_autoptr (GPtrArray) children = responder_get_children (network->gateway);
    g_assert_cmpuint (children->len, >, 0);
    return ((const IkeChildSa *)children->pdata[children->len - 1])->spi_in;
}

static unsigned
said (const Network *network, const char *needle)
{
    return responder_count_in_transcript (network->gateway, needle);
}

/* ---- the gateway's ---- */

/*
 *     <--  CREATE_CHILD_SA {N(REKEY_SA), SA, Ni, [KEi,] TSi, TSr}
 *     -->  CREATE_CHILD_SA {SA, Nr, [KEr,] TSi, TSr}
 *     <--  INFORMATIONAL {D}  -->  INFORMATIONAL {D}
 */
static void
test_gateway_child (gconstpointer data)
{
    bool with_key_exchange = GPOINTER_TO_INT (data) != 0;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 1; i <= 20; i++)
    {
        uint32_t before = gateway_child (network);
        responder_rekey_child (network->gateway, before, with_key_exchange, network->now);
        network_run (network, 10 * IKE_SECOND);
        network_assert_children (network, 1);
        g_assert_cmpuint (gateway_child (network), !=, before);
        g_assert_cmpuint (network->sending, ==,
                          ((const IkeChildSa *)network->children->pdata[0])->spi_in);
    }
    g_assert_cmpuint (said (network, with_key_exchange
                                         ? "--> CREATE_CHILD_SA answer 0 {SA, Nonce, KE, TSi, TSr}"
                                         : "--> CREATE_CHILD_SA answer 0 {SA, Nonce, TSi, TSr}"),
                      ==, 1);
    g_assert_true (g_str_has_prefix (network->story->str, "established up:1 up:1 switch:1 down:1"));
}

/* While both SAs are there, the new one is for receiving alone, until the old one is deleted. */
static void
test_gateway_child_overlap (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
    network_run (network, NETWORK_DELAY);
    network_assert_story (network, "established up:1 up:1");
    network_run (network, 3 * NETWORK_DELAY);
    network_assert_story (network, "established up:1 up:1 switch:1");
    network_run (network, 4 * IKE_SECOND);
    g_assert_cmpuint (network->children->len, ==, 2); /* packets of the old one may still come */
    network_run (network, 2 * IKE_SECOND);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1");
}

/* The gateway never deletes the old one: we do, a minute later. */
static void
forget_delete (ResponderMessage *message, const void *data)
{
    if (message->step == STEP_INFO_REQUEST)
        responder_message_remove (message, PAYLOAD_DELETE);
}

static void
test_gateway_forgets_delete (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = forget_delete;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    for (unsigned i = 0; i < 20; i++)
    {
        responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
        network_run (network, 30 * IKE_SECOND);
        g_assert_cmpuint (network->children->len, ==, 2);
        network_run (network, 60 * IKE_SECOND);
        network_assert_children (network, 1);
    }
}

/* Our wish to rekey the newer one waits until the gateway's delete says that it has it. */
static void
test_rekey_behind_gateway (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
    network_run (network, NETWORK_DELAY);
    network_assert_story (network, "established up:1 up:1");
    ike_session_rekey_child (network->session, network->now);
    network_run (network, 20 * IKE_SECOND);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1 up:1 switch:1 up:1 switch:1 down:1 down:1");
    g_assert_cmpuint (said (network, "CHILD_SA_NOT_FOUND"), ==, 0);
}

/* Rekeys in a row, by both sides, while the old ones still linger: some wait, none ends the session. */
static void
test_storm (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 0; i < 40; i++)
    {
        ike_session_rekey_child (network->session, network->now);
        network_run (network, 5 * NETWORK_DELAY);
        if (!responder_is_waiting (network->gateway))
            responder_rekey_child (network->gateway, gateway_child (network), i % 2 == 0,
                                   network->now);
        network_run (network, 5 * NETWORK_DELAY);
        g_assert_no_error (network->error);
        g_assert_cmpuint (network->children->len, <=, IKE_CHILDREN_MAX);
    }
    network_run (network, 60 * IKE_SECOND);
    network_assert_children (network, 1);
}

static void
test_gateway_ike (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 1; i <= 10; i++)
    {
        responder_rekey_ike (network->gateway, network->now);
        network_run (network, 90 * IKE_SECOND);
        g_assert_cmpuint (responder_count_sas (network->gateway), ==, 1);
        network_assert_children (network, 1);
        responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
        network_run (network, 10 * IKE_SECOND);
        network_assert_children (network, 1);
    }
    g_assert_cmpuint (said (network, "<-- CREATE_CHILD_SA 0 {SA, Nonce, KE}") +
                          said (network, "<-- CREATE_CHILD_SA 2 {SA, Nonce, KE}"),
                      ==, 10);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run (network, IKE_SECOND);
    network_assert_closed_well (network);
    g_assert_true (responder_is_gone (network->gateway));
}

/* <-- CREATE_CHILD_SA {N(REKEY_SA) of nobody, ...}  --> {N(CHILD_SA_NOT_FOUND)} */
static void
test_gateway_unknown_child (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_rekey_child (network->gateway, 0x12345678, false, network->now);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA answer 0 {N(CHILD_SA_NOT_FOUND)}"), ==,
                      1);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1");
}

/* ---- requests of the gateway's that are wrong in one thing ---- */

typedef struct
{
    const char *name;
    ResponderStep step;
    IkePayloadType type;
    int action; /* 'd' drop, 's' set, 'a' add, 'c' add critical, 'k' cut one octet */
    const char *hex;
    const char *answer;
} Request;

static const Request requests[] = {
    { "child/no-sa", STEP_CHILD_REQUEST, PAYLOAD_SA, 'd', NULL, "N(INVALID_SYNTAX)" },
    { "child/no-nonce", STEP_CHILD_REQUEST, PAYLOAD_NONCE, 'd', NULL, "N(INVALID_SYNTAX)" },
    { "child/no-tsr", STEP_CHILD_REQUEST, PAYLOAD_TSR, 'd', NULL, "N(INVALID_SYNTAX)" },
    { "child/no-rekey", STEP_CHILD_REQUEST, PAYLOAD_NOTIFY, 'd', NULL, "N(NO_ADDITIONAL_SAS)" },
    { "child/rekey-ah", STEP_CHILD_REQUEST, PAYLOAD_NOTIFY, 's', "0204400911223344",
      "N(CHILD_SA_NOT_FOUND)" },
    { "child/rekey-spi-size", STEP_CHILD_REQUEST, PAYLOAD_NOTIFY, 's', "03034009112233",
      "N(CHILD_SA_NOT_FOUND)" },
    { "child/nonce", STEP_CHILD_REQUEST, PAYLOAD_NONCE, 's', "0102", "N(INVALID_SYNTAX)" },
    { "child/sa", STEP_CHILD_REQUEST, PAYLOAD_SA, 'k', NULL, "N(INVALID_SYNTAX)" },
    { "child/sa-empty", STEP_CHILD_REQUEST, PAYLOAD_SA, 's', "", "N(INVALID_SYNTAX)" },
    { "child/proposal", STEP_CHILD_REQUEST, PAYLOAD_SA, 's',
      "0000001c01030402112233440300000801000003000000080300000c", "N(NO_PROPOSAL_CHOSEN)" },
    { "child/spi-zero", STEP_CHILD_REQUEST, PAYLOAD_SA, 's',
      "00000020010304020000000003"
      "00000c01000014800e01000000000805000000",
      "N(INVALID_SYNTAX)" },
    { "child/ts", STEP_CHILD_REQUEST, PAYLOAD_TSI, 's', "00000000", "N(INVALID_SYNTAX)" },
    { "child/ts-foreign", STEP_CHILD_REQUEST, PAYLOAD_TSI, 's',
      "01000000070000100000ffffac100000ac10ffff", "N(TS_UNACCEPTABLE)" },
    { "child/unknown-critical", STEP_CHILD_REQUEST, (IkePayloadType)99, 'c', "",
      "N(UNSUPPORTED_CRITICAL_PAYLOAD)" },
    { "child/eap", STEP_CHILD_REQUEST, PAYLOAD_EAP, 'a', "03010004", "N(INVALID_SYNTAX)" },
    { "child-ke/no-ke", STEP_CHILD_REQUEST, PAYLOAD_KE, 'd', NULL, "N(INVALID_KE_PAYLOAD)" },
    { "child-ke/group", STEP_CHILD_REQUEST, PAYLOAD_KE, 's', "001400000102",
      "N(INVALID_KE_PAYLOAD)" },
    { "child-ke/value", STEP_CHILD_REQUEST, PAYLOAD_KE, 's', "001300000102", "N(INVALID_SYNTAX)" },
    { "child-ke/header", STEP_CHILD_REQUEST, PAYLOAD_KE, 's', "0013", "N(INVALID_SYNTAX)" },
    { "ike/no-ke", STEP_IKE_REQUEST, PAYLOAD_KE, 'd', NULL, "N(INVALID_SYNTAX)" },
    { "ike/no-nonce", STEP_IKE_REQUEST, PAYLOAD_NONCE, 'd', NULL, "N(INVALID_SYNTAX)" },
    { "ike/sa", STEP_IKE_REQUEST, PAYLOAD_SA, 'k', NULL, "N(INVALID_SYNTAX)" },
    { "ike/ke-group", STEP_IKE_REQUEST, PAYLOAD_KE, 's', "000200000102", "N(INVALID_KE_PAYLOAD)" },
    { "ike/ke-value", STEP_IKE_REQUEST, PAYLOAD_KE, 's', "001300000102", "N(INVALID_SYNTAX)" },
    { "ike/unknown-critical", STEP_IKE_REQUEST, (IkePayloadType)99, 'c', "",
      "N(UNSUPPORTED_CRITICAL_PAYLOAD)" },
    { "info/unknown-critical", STEP_INFO_REQUEST, (IkePayloadType)99, 'c', "",
      "N(UNSUPPORTED_CRITICAL_PAYLOAD)" },
    { "info/unknown", STEP_INFO_REQUEST, (IkePayloadType)99, 'a', "", "" },
    { "info/sa", STEP_INFO_REQUEST, PAYLOAD_SA, 'a', "00", "N(INVALID_SYNTAX)" },
    { "info/delete-broken", STEP_INFO_REQUEST, PAYLOAD_DELETE, 'a', "0304000111", "" },
    { "info/delete-nobody", STEP_INFO_REQUEST, PAYLOAD_DELETE, 'a', "0304000111223344", "" },
    { "info/delete-ah", STEP_INFO_REQUEST, PAYLOAD_DELETE, 'a', "0204000111223344", "" },
    { "info/cookie2", STEP_INFO_REQUEST, PAYLOAD_NOTIFY, 'a', "000040110102030405060708",
      "N(COOKIE2)" },
    { "info/status", STEP_INFO_REQUEST, PAYLOAD_NOTIFY, 'a', "00009999", "" },
    { "info/error", STEP_INFO_REQUEST, PAYLOAD_NOTIFY, 'a', "0000000b", "" },
};

static void
spoil (ResponderMessage *message, const void *data)
{
    const Request *row = data;
    if (message->step != row->step || message->round > 0)
        return;
    g_autoptr (GBytes) body = hex_decode (row->hex);
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    if (row->action == 'd')
        responder_message_remove (message, row->type);
    else if (row->action == 's')
        responder_message_set (message, row->type, byte_view_of_bytes (body));
    else if (row->action == 'k')
        g_byte_array_set_size (payload->body, payload->body->len - 1);
    else
        responder_message_add (message, row->type, row->action == 'c', byte_view_of_bytes (body));
}

/* It is answered, and the tunnel stands as it did; the next request, a good one, is taken. */
static void
test_request (gconstpointer data)
{
    const Request *row = data;
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = spoil;
    gateway.lie_data = row;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    if (row->step == STEP_CHILD_REQUEST)
        responder_rekey_child (network->gateway, gateway_child (network),
                               g_str_has_prefix (row->name, "child-ke/"), network->now);
    else if (row->step == STEP_IKE_REQUEST)
        responder_rekey_ike (network->gateway, network->now);
    else
        responder_check_liveness (network->gateway, network->now);
    network_run (network, IKE_SECOND);
    g_autofree char *answer = g_strdup_printf (" answer 0 {%s}\n", row->answer);
    g_assert_cmpuint (said (network, answer), ==, 1);
    network_assert_story (network, "established up:1");
    network_assert_children (network, 1);
    responder_check_liveness (network->gateway, network->now);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL answer 1 {}"), ==, 1);
}

/* Sealed, and yet its payloads cannot be read: refused by name, and no liveness is read into it. */
static void
add_too_many (ResponderMessage *message, const void *data)
{
    for (unsigned i = 0; message->step == STEP_INFO_REQUEST && i <= IKE_PAYLOADS_MAX; i++)
        responder_message_add (message, PAYLOAD_VENDOR_ID, false, byte_view ("v", 1));
}

static void
test_unreadable_request (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = add_too_many;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    responder_check_liveness (network->gateway, network->now);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL answer 0 {N(INVALID_SYNTAX)}"), ==, 1);
    network_assert_story (network, "established up:1");
}

/* ---- ours ---- */

static void
test_client_child (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1");
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA 2 {N(REKEY_SA), SA, Nonce, TSi, TSr}"),
                      ==, 1);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL 3 {D}"), ==, 1);
}

/* With a group in the profile's proposal the child has a key exchange of its own. */
static void
test_client_child_with_group (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.esp = "aes256gcm16-ecp384";
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->esp_proposals = ike_proposals_parse (IKE_PROTOCOL_ESP, "aes256gcm16-ecp384", NULL);
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, &gateway);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_children (network, 1);
    g_assert_cmpuint (said (network, "<-- CREATE_CHILD_SA answer 2 {SA, Nonce, KE, TSi, TSr}"), ==,
                      1);
}

static void
test_client_ike (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_rekey_ike (network->session, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_story (network, "established up:1 rekeyed");
    g_assert_cmpuint (responder_count_sas (network->gateway), ==, 1);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA 2 {SA, Nonce, KE}"), ==, 1);
    g_assert_cmpuint (said (network, "--> INFORMATIONAL 3 {D}"), ==, 1);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_children (network, 1);
}

/* By time: an hour less up to a tenth for the child, four hours for the IKE SA, and so on and on. */
static void
test_by_time (void)
{
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->rekey_child = 3600 * IKE_SECOND;
    config->rekey_ike = 4 * 3600 * IKE_SECOND;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, NULL);
    network_run (network, 3200 * IKE_SECOND);
    g_assert_cmpuint (said (network, "CREATE_CHILD_SA"), ==, 0);
    network_run (network, 420 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA"), ==, 1);
    network_run (network, 21 * 3600 * IKE_SECOND);
    network_assert_children (network, 1);
    g_assert_cmpuint (said (network, "{N(REKEY_SA), SA, Nonce, TSi, TSr}"), >=, 22);
    g_assert_cmpuint (said (network, "{N(REKEY_SA), SA, Nonce, TSi, TSr}"), <=, 25);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA 2 {SA, Nonce, KE}") +
                          said (network, " {SA, Nonce, KE}\n"),
                      >=, 10);
    g_assert_cmpuint (responder_count_sas (network->gateway), ==, 1);
    g_assert_false (network->closed);
}

/* --> CREATE_CHILD_SA  <-- N(TEMPORARY_FAILURE): again some seconds later, until it is taken. */
static void
test_temporary_failure (gconstpointer data)
{
    bool ike = GPOINTER_TO_INT (data) != 0;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_get_config (network->gateway)->busy = true;
    if (ike)
        ike_session_rekey_ike (network->session, network->now);
    else
        ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 20 * IKE_SECOND);
    unsigned tries = said (network, "{N(TEMPORARY_FAILURE)}");
    g_assert_cmpuint (tries, >=, 4);
    g_assert_cmpuint (tries, <=, 6);
    responder_get_config (network->gateway)->busy = false;
    network_run (network, 15 * IKE_SECOND);
    network_assert_children (network, 1);
    network_assert_story (network, ike ? "established up:1 rekeyed"
                                       : "established up:1 up:1 switch:1 down:1");
}

/*
 * A profile that leaves the group open, a gateway that insists on one:
 *
 *     --> {N(REKEY_SA), SA, Nonce, TSi, TSr}        <-- {N(NO_PROPOSAL_CHOSEN)}
 *     --> {N(REKEY_SA), SA, Nonce, KE, TSi, TSr}    <-- {N(INVALID_KE_PAYLOAD)}
 *     --> {N(REKEY_SA), SA, Nonce, KE', TSi, TSr}   <-- {SA, Nonce, KE, TSi, TSr}
 *
 * and from then on at once.
 */
static void
test_group_wanted (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.child_group = 20;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    for (unsigned i = 0; i < 3; i++)
    {
        ike_session_rekey_child (network->session, network->now);
        network_run (network, 10 * IKE_SECOND);
        network_assert_children (network, 1);
    }
    g_assert_cmpuint (said (network, "{N(NO_PROPOSAL_CHOSEN)}"), ==, 1);
    g_assert_cmpuint (said (network, "{N(INVALID_KE_PAYLOAD)}"), ==, 1);
    g_assert_cmpuint (said (network, "{N(REKEY_SA), SA, Nonce, KE, TSi, TSr}"), ==, 4);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1 up:1 switch:1 down:1 "
                                   "up:1 switch:1 down:1");
}

/* Each time another group: not without end. */
static void
want_another (ResponderMessage *message, const void *data)
{
    uint8_t group[] = { 0, (uint8_t)(19 + message->round % 3) };
    if (message->step == STEP_CHILD_ANSWER || message->step == STEP_IKE_ANSWER)
        responder_message_replace_by_notify (message, NOTIFY_INVALID_KE_PAYLOAD,
                                             byte_view (group, sizeof group));
}

static void
test_group_without_end (gconstpointer data)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = want_another;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    if (GPOINTER_TO_INT (data) != 0)
        ike_session_rekey_ike (network->session, network->now);
    else
        ike_session_rekey_child (network->session, network->now);
    network_run_until_closed (network);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA"), <=, 8);
    network_assert_closed (network, OUTRIDER_ERROR_GATEWAY_REFUSED);
    if (GPOINTER_TO_INT (data) == 0) /* else the gateway has made the SA that it denied */
        g_assert_true (responder_is_gone (network->gateway));
}

/* The gateway names another group for the new IKE SA, one of our offer. */
static void
want_group_once (ResponderMessage *message, const void *data)
{
    if (message->step == STEP_IKE_ANSWER && message->round == 0)
        responder_message_replace_by_notify (message, NOTIFY_INVALID_KE_PAYLOAD,
                                             byte_view ("\0\25", 2));
}

static void
test_group_for_ike (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = want_group_once;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    ike_session_rekey_ike (network->session, network->now);
    network_run (network, 10 * IKE_SECOND);
    network_assert_story (network, "established up:1 rekeyed");
    g_assert_cmpuint (said (network, "{SA, Nonce, KE}\n"), ==, 3);
}

/* ---- answers of the gateway's that are wrong in one thing ---- */

typedef struct
{
    const char *name;
    ResponderStep step;
    IkePayloadType type;
    int action;
    const char *hex;
    OutriderError code;
} Answer;

static const Answer answers[] = {
    { "child/no-sa", STEP_CHILD_ANSWER, PAYLOAD_SA, 'd', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "child/no-nonce", STEP_CHILD_ANSWER, PAYLOAD_NONCE, 'd', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "child/no-tsi", STEP_CHILD_ANSWER, PAYLOAD_TSI, 'd', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "child/sa", STEP_CHILD_ANSWER, PAYLOAD_SA, 'k', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "child/spi-zero", STEP_CHILD_ANSWER, PAYLOAD_SA, 's',
      "0000002001030402000000000300000c01000014800e01000000000805000001", OUTRIDER_ERROR_PROTOCOL },
    { "child/nonce", STEP_CHILD_ANSWER, PAYLOAD_NONCE, 's', "0102", OUTRIDER_ERROR_PROTOCOL },
    { "child/ts", STEP_CHILD_ANSWER, PAYLOAD_TSR, 's', "00000000", OUTRIDER_ERROR_PROTOCOL },
    { "child/ts-foreign", STEP_CHILD_ANSWER, PAYLOAD_TSR, 's',
      "01000000070000100000ffffac100000ac10ffff", OUTRIDER_ERROR_SELECTORS_REFUSED },
    { "child/unknown-critical", STEP_CHILD_ANSWER, (IkePayloadType)99, 'c', "",
      OUTRIDER_ERROR_PROTOCOL },
    { "child/eap", STEP_CHILD_ANSWER, PAYLOAD_EAP, 'a', "03010004", OUTRIDER_ERROR_PROTOCOL },
    { "child/ts-unacceptable", STEP_CHILD_ANSWER, PAYLOAD_NOTIFY, 'r', "0026",
      OUTRIDER_ERROR_SELECTORS_REFUSED },
    { "child/invalid-syntax", STEP_CHILD_ANSWER, PAYLOAD_NOTIFY, 'r', "0007",
      OUTRIDER_ERROR_GATEWAY_REFUSED },
    { "child-ke/no-ke", STEP_CHILD_ANSWER, PAYLOAD_KE, 'd', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "child-ke/group", STEP_CHILD_ANSWER, PAYLOAD_KE, 's', "001300000102",
      OUTRIDER_ERROR_PROTOCOL },
    { "child-ke/value", STEP_CHILD_ANSWER, PAYLOAD_KE, 's', "001400000102",
      OUTRIDER_ERROR_PROTOCOL },
    { "child-ke/header", STEP_CHILD_ANSWER, PAYLOAD_KE, 's', "0014", OUTRIDER_ERROR_PROTOCOL },
    { "ike/no-sa", STEP_IKE_ANSWER, PAYLOAD_SA, 'd', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "ike/no-ke", STEP_IKE_ANSWER, PAYLOAD_KE, 'd', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "ike/ke-group", STEP_IKE_ANSWER, PAYLOAD_KE, 's', "001400000102", OUTRIDER_ERROR_PROTOCOL },
    { "ike/ke-value", STEP_IKE_ANSWER, PAYLOAD_KE, 's', "001300000102", OUTRIDER_ERROR_PROTOCOL },
    { "ike/sa", STEP_IKE_ANSWER, PAYLOAD_SA, 'k', NULL, OUTRIDER_ERROR_PROTOCOL },
    { "ike/unknown-critical", STEP_IKE_ANSWER, (IkePayloadType)99, 'c', "",
      OUTRIDER_ERROR_PROTOCOL },
    { "ike/no-proposal", STEP_IKE_ANSWER, PAYLOAD_NOTIFY, 'r', "000e", OUTRIDER_ERROR_NO_PROPOSAL },
};

static void
spoil_answer (ResponderMessage *message, const void *data)
{
    const Answer *row = data;
    g_autoptr (GBytes) body = hex_decode (row->hex);
    Request request = { "", row->step, row->type, row->action, row->hex, "" };
    if (message->step != row->step)
        return;
    if (row->action != 'r')
    {
        spoil (message, &request);
        return;
    }
    const uint8_t *octets = g_bytes_get_data (body, NULL);
    responder_message_replace_by_notify (message, (IkeNotifyType)(octets[0] << 8 | octets[1]),
                                         (ByteView){ 0 });
}

/* The session ends with what was wrong, and the gateway is told. */
static void
test_answer (gconstpointer data)
{
    const Answer *row = data;
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = spoil_answer;
    gateway.lie_data = row;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    if (g_str_has_prefix (row->name, "child-ke/"))
    {
        gateway.esp = "aes256gcm16-ecp384";
        config->esp_proposals = ike_proposals_parse (IKE_PROTOCOL_ESP, gateway.esp, NULL);
    }
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, &gateway);
    if (row->step == STEP_CHILD_ANSWER)
        ike_session_rekey_child (network->session, network->now);
    else
        ike_session_rekey_ike (network->session, network->now);
    network_pull (network);
    network_run_until_closed (network);
    network_assert_closed (network, row->code);
    g_assert_cmpstr (network->stage, ==, "CREATE_CHILD_SA");
    g_assert_cmpuint (said (network, "{D}"), ==, 1);
}

/* --> CREATE_CHILD_SA {N(REKEY_SA), ...}  <-- N(CHILD_SA_NOT_FOUND): a new child in its place. */
static void
lose_child (ResponderMessage *message, const void *data)
{
    if (message->step == STEP_CHILD_ANSWER && message->round == 0)
        responder_message_replace_by_notify (message, NOTIFY_CHILD_SA_NOT_FOUND, (ByteView){ 0 });
}

static void
test_child_not_found (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = lose_child;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 10 * IKE_SECOND);
    network_assert_story (network, "established up:1 down:1 up:2");
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA 3 {SA, Nonce, TSi, TSr}"), ==, 1);
}

/* ---- collisions ---- */

/* Both rekey the same child at once: ours goes on, the gateway's waits (RFC 7296 2.25.1). */
static void
test_collision_child (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    uint32_t spi = gateway_child (network);
    ike_session_rekey_child (network->session, network->now);
    responder_rekey_child (network->gateway, spi, false, network->now);
    network_pull (network);
    network_run (network, 20 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA answer 0 {N(TEMPORARY_FAILURE)}"), ==, 1);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1");
}

/* Both sides rekey, and each refuses the other's for the moment: it works out. */
static void
test_collision_refused (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_get_config (network->gateway)->busy = true;
    ike_session_rekey_child (network->session, network->now);
    responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
    network_pull (network);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (said (network, "{N(TEMPORARY_FAILURE)}"), ==, 2);
    responder_get_config (network->gateway)->busy = false;
    responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
    network_run (network, 30 * IKE_SECOND);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1"); /* not twice */
}

static void
test_collision_ike (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_rekey_ike (network->session, network->now);
    responder_rekey_ike (network->gateway, network->now);
    network_pull (network);
    network_run (network, 20 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA answer 0 {N(TEMPORARY_FAILURE)}"), ==, 1);
    network_assert_story (network, "established up:1 rekeyed");
    network_assert_children (network, 1);
}

/* Our rekey of a child crosses the gateway's rekey of the IKE SA, and the other way round. */
static void
test_collision_child_and_ike (gconstpointer data)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    bool ours_is_child = GPOINTER_TO_INT (data) != 0;
    if (ours_is_child)
    {
        ike_session_rekey_child (network->session, network->now);
        responder_rekey_ike (network->gateway, network->now);
    }
    else
    {
        ike_session_rekey_ike (network->session, network->now);
        responder_rekey_child (network->gateway, gateway_child (network), false, network->now);
    }
    network_pull (network);
    network_run (network, 90 * IKE_SECOND);
    g_assert_cmpuint (said (network, "--> CREATE_CHILD_SA answer 0 {N(TEMPORARY_FAILURE)}"), ==, 1);
    network_assert_children (network, 1);
    g_assert_false (network->closed);
}

/* Our delete of the old child is lost until the gateway has rekeyed the IKE SA: it is asked for again over the new one. */
static NetworkFate
lose_delete (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    return direction == TO_GATEWAY && index >= 3 && datagram->data[18] == INFORMATIONAL &&
                   (datagram->data[19] & IKE_FLAG_RESPONSE) == 0 &&
                   (datagram->data[19] & IKE_FLAG_INITIATOR) != 0
               ? FATE_LOST
               : FATE_ARRIVES;
}

static void
test_delete_over_rekeyed_ike (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    network->decide = lose_delete; /* what is sent over the first IKE SA, whose initiator we are */
    ike_session_rekey_child (network->session, network->now);
    network_run (network, IKE_SECOND);
    g_assert_cmpuint (network->children->len, ==, 2);
    responder_rekey_ike (network->gateway, network->now);
    network_run (network, 60 * IKE_SECOND);
    network_assert_children (network, 1);
    network_assert_story (network, "established up:1 up:1 switch:1 rekeyed down:1");
}

/* The gateway deletes the child that we are about to rekey: one new child, not two. */
static void
test_delete_crosses_rekey (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 30 * IKE_SECOND);
    g_assert_false (network->closed);
    g_assert_cmpuint (network->children->len, ==, 1);
}

/*
 * We rekeyed, and while our delete of the old child is under way, the gateway deletes the new one: the old one is no
 * successor, a new child is made.
 */
static void
test_delete_of_the_new_one (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    ike_session_rekey_child (network->session, network->now);
    network_run (network, NETWORK_DELAY);
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    network_run (network, 30 * IKE_SECOND);
    g_assert_false (network->closed);
    network_assert_children (network, 1);
    g_assert_cmpuint (((const IkeChildSa *)network->children->pdata[0])->number, ==, 2);
}

/* The gateway deletes the child that we rekey, and does not know it any more when our request arrives. */
static void
test_delete_then_not_found (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.lie = lose_child;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, &gateway);
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 30 * IKE_SECOND);
    g_assert_false (network->closed);
    g_assert_cmpuint (network->children->len, ==, 1);
    g_assert_cmpuint (((const IkeChildSa *)network->children->pdata[0])->number, ==, 2);
}

/* ---- a delete that overtakes the answer ---- */

static NetworkFate
hold_answer (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    unsigned held = GPOINTER_TO_UINT (network->decide_data);
    return direction == TO_CLIENT && index == held ? FATE_LATE : FATE_ARRIVES;
}

/*
 *     -->  CREATE_CHILD_SA {N(REKEY_SA), SA, Ni, TSi, TSr}
 *     <--  INFORMATIONAL {D of the new one}
 *     <--  CREATE_CHILD_SA {SA, Nr, TSi, TSr}      which was sent before
 */
static void
test_delete_overtakes_answer (void)
{
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, NULL, NULL);
    uint32_t before = gateway_child (network);
    network->decide = hold_answer;
    network->decide_data = GUINT_TO_POINTER (network->sent[TO_CLIENT]);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, NETWORK_DELAY);
    g_assert_cmpuint (gateway_child (network), !=, before);
    responder_delete_child (network->gateway, gateway_child (network), network->now);
    network_pull (network);
    network_run (network, 20 * IKE_SECOND);
    network_assert_children (network, 1);
    g_assert_false (network->closed);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    g_test_add_func ("/rekey/delete-overtakes-answer", test_delete_overtakes_answer);
    g_test_add_data_func ("/rekey/gateway/child", GINT_TO_POINTER (0), test_gateway_child);
    g_test_add_data_func ("/rekey/gateway/child-with-ke", GINT_TO_POINTER (1), test_gateway_child);
    g_test_add_func ("/rekey/gateway/child-overlap", test_gateway_child_overlap);
    g_test_add_func ("/rekey/gateway/forgets-delete", test_gateway_forgets_delete);
    g_test_add_func ("/rekey/gateway/and-ours-behind", test_rekey_behind_gateway);
    g_test_add_func ("/rekey/storm", test_storm);
    g_test_add_func ("/rekey/gateway/ike", test_gateway_ike);
    g_test_add_func ("/rekey/gateway/unknown-child", test_gateway_unknown_child);
    FIXTURE_ADD_TABLE ("/rekey/request", requests, test_request);
    g_test_add_func ("/rekey/request/unreadable", test_unreadable_request);
    g_test_add_func ("/rekey/client/child", test_client_child);
    g_test_add_func ("/rekey/client/child-with-group", test_client_child_with_group);
    g_test_add_func ("/rekey/client/ike", test_client_ike);
    g_test_add_func ("/rekey/client/by-time", test_by_time);
    g_test_add_data_func ("/rekey/client/temporary-failure-child", GINT_TO_POINTER (0),
                          test_temporary_failure);
    g_test_add_data_func ("/rekey/client/temporary-failure-ike", GINT_TO_POINTER (1),
                          test_temporary_failure);
    g_test_add_func ("/rekey/client/group-wanted", test_group_wanted);
    g_test_add_data_func ("/rekey/client/group-without-end-child", GINT_TO_POINTER (0),
                          test_group_without_end);
    g_test_add_data_func ("/rekey/client/group-without-end-ike", GINT_TO_POINTER (1),
                          test_group_without_end);
    g_test_add_func ("/rekey/client/group-for-ike", test_group_for_ike);
    FIXTURE_ADD_TABLE ("/rekey/answer", answers, test_answer);
    g_test_add_func ("/rekey/client/child-not-found", test_child_not_found);
    g_test_add_func ("/rekey/collision/child", test_collision_child);
    g_test_add_func ("/rekey/collision/refused", test_collision_refused);
    g_test_add_func ("/rekey/collision/ike", test_collision_ike);
    g_test_add_data_func ("/rekey/collision/our-child-their-ike", GINT_TO_POINTER (1),
                          test_collision_child_and_ike);
    g_test_add_data_func ("/rekey/collision/our-ike-their-child", GINT_TO_POINTER (0),
                          test_collision_child_and_ike);
    g_test_add_func ("/rekey/collision/delete-over-rekeyed-ike", test_delete_over_rekeyed_ike);
    g_test_add_func ("/rekey/collision/delete", test_delete_crosses_rekey);
    g_test_add_func ("/rekey/collision/delete-of-the-new-one", test_delete_of_the_new_one);
    g_test_add_func ("/rekey/collision/delete-not-found", test_delete_then_not_found);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
