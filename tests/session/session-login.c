/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Logins that end badly, each with its own code; and hosts that take their time to answer what the session asks.
 */

#include "session/fixture.h"

/* ---- MSCHAPv2's errors in words ---- */

typedef struct
{
    const char *name;
    unsigned error;
    OutriderError code;
} Failure;

static const Failure failures[] = {
    { "646", 646, OUTRIDER_ERROR_ACCOUNT_HOURS },
    { "647", 647, OUTRIDER_ERROR_ACCOUNT_DISABLED },
    { "648", 648, OUTRIDER_ERROR_PASSWORD_EXPIRED },
    { "649", 649, OUTRIDER_ERROR_ACCOUNT_DISABLED },
    { "691", 691, OUTRIDER_ERROR_PASSWORD_WRONG },
    { "709", 709, OUTRIDER_ERROR_PASSWORD_CHANGE },
    { "700", 700, OUTRIDER_ERROR_LOGIN_REFUSED },
};

/*
 *     <--  HDR, SK {EAP (E=691 ...)}
 *     HDR, SK {EAP (Failure)}  -->
 *                               <--  HDR, SK {EAP-Failure}   or   HDR, SK {N(AUTHENTICATION_FAILED)}
 */
static void
test_failure (gconstpointer data)
{
    const Failure *row = data;
    for (unsigned by_notify = 0; by_notify < 2; by_notify++)
    {
        ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
        gateway.eap_error = row->error;
        gateway.eap_refuses_by_notify = by_notify != 0;
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
        network_start (network);
        network_run_until_settled (network);
        network_assert_closed (network, row->code);
        g_assert_cmpstr (network->stage, ==, "IKE_AUTH");
        g_assert_nonnull (strstr (network->error->message, row->name));
        g_assert_nonnull (strstr (network->error->message, "words of the server"));
        g_assert_null (strstr (network->error->message, "clouds"));
        g_assert_false (network->refused_unproven);
    }
}

static void
test_wrong_password (void)
{
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
    network->password = "rain";
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_PASSWORD_WRONG);
}

static void
test_empty_password (void)
{
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
    network->password = "";
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_PASSWORD_WRONG);
}

static void
test_no_password (void)
{
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
    network->password = NULL;
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_SECRET_NEEDED);
    network_run (network, IKE_SECOND);
    g_assert_true (responder_is_gone (network->gateway));
}

/* The gateway hears the password's proof and says no more: the words tell it from a path that is dead from the start. */
static void
fall_silent (ResponderMessage *message, const void *data)
{
    message->silent = message->step == *(const ResponderStep *)data;
}

static void
test_silence (void)
{
    static const struct
    {
        ResponderStep from;
        bool in_login;
    } rows[] = { { STEP_INIT, false }, { STEP_AUTH, false }, { STEP_EAP, true } };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
        gateway.lie = fall_silent;
        gateway.lie_data = &rows[i].from;
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
        network_start (network);
        network_run_until_closed (network);
        network_assert_closed (network, OUTRIDER_ERROR_NO_ANSWER);
        g_assert_cmpint (strstr (network->error->message, "wrong password") != NULL, ==,
                         rows[i].in_login);
    }
}

static void
test_password_in_other_letters (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.password = "Zürich \xf0\x9f\x94\x91";
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network->password = gateway.password;
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

/* The gateway takes a method that we do not have, and ours is none of its. */
static void
test_method_refused (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.eap_first = 21;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
    config->n_eap_methods = 0;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_EAP_METHOD_REFUSED);
    g_assert_nonnull (strstr (network->error->message, "EAP-TTLS"));
}

/* A gateway that wants EAP, and a profile that has a key instead. */
static void
test_eap_not_wanted (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_LOGIN_REFUSED);
    g_assert_true (network->refused_unproven);
}

/* A gateway that asks for the identity again and again. */
static void
ask_again (ResponderMessage *message, const void *data)
{
    if (message->step == STEP_EAP)
        responder_message_set (message, PAYLOAD_EAP, byte_view ("\1\7\0\5\1", 5));
}

static void
test_without_end (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.lie = ask_again;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_PROTOCOL);
    g_assert_cmpuint (network->sent[TO_GATEWAY], <=, IKE_EAP_ROUNDS_MAX + 3);
}

/* ---- the gateway is not whom we want ---- */

typedef struct
{
    const char *name;
    const char *wanted;
    OutriderError code;
} Name;

static const Name names[] = {
    { "other", "other.example.com", OUTRIDER_ERROR_NAME_MISMATCH },
    { "parent", "example.com", OUTRIDER_ERROR_NAME_MISMATCH },
    { "address", "198.51.100.10", OUTRIDER_ERROR_NAME_MISMATCH },
    { "mailbox", "vpn@example.com", OUTRIDER_ERROR_NAME_MISMATCH },
};

static void
test_name (gconstpointer data)
{
    const Name *row = data;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
    network->wanted = row->wanted;
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, row->code);
    g_assert_nonnull (strstr (network->error->message, "vpn.example.com"));
    g_assert_cmpuint (responder_count_in_transcript (network->gateway, "{EAP}"), ==, 0);
}

static void
test_expired (void)
{
    PkiRequest request = { .subject = "CN=vpn.example.com",
                           .names = "DNS:vpn.example.com",
                           .extended_usage = "serverAuth",
                           .not_before = PKI_NOW - 100 * PKI_DAY,
                           .not_after = PKI_NOW - PKI_DAY };
    g_autoptr (PkiEntity) entity = pki_issue (&request, fixture_root ());
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.entity = entity;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_CERTIFICATE_EXPIRED);
}

/* An intermediate CA that the gateway sends along. */
static void
test_chain (void)
{
    PkiRequest middle = { .subject = "CN=Middle CA",
                          .constraints = "critical,CA:TRUE",
                          .usage = "keyCertSign" };
    g_autoptr (PkiEntity) intermediate = pki_issue (&middle, fixture_root ());
    PkiRequest leaf = { .subject = "CN=vpn.example.com", .names = "DNS:vpn.example.com" };
    g_autoptr (PkiEntity) entity = pki_issue (&leaf, intermediate);
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.entity = entity;
    {
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
        network_start (network);
        network_run_until_settled (network);
        network_assert_closed (network, OUTRIDER_ERROR_CA_UNKNOWN);
    }
    gateway.intermediate = intermediate;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

/* ---- answers that take their time ---- */

static const IkeActionKind questions_psk[] = { IKE_ACTION_ASK_SECRET };
static const IkeActionKind questions_certificate[] = { IKE_ACTION_SIGN, IKE_ACTION_VERIFY };
static const IkeActionKind questions_eap[] = { IKE_ACTION_VERIFY, IKE_ACTION_ASK_SECRET };

typedef struct
{
    const char *name;
    IkeLogin login;
    const IkeActionKind *questions;
    unsigned n_questions;
} Waiting;

static const Waiting waitings[] = {
    { "psk", IKE_LOGIN_PSK, questions_psk, 1 },
    { "certificate", IKE_LOGIN_CERTIFICATE, questions_certificate, 2 },
    { "eap", IKE_LOGIN_EAP, questions_eap, 2 },
};

/* A minute for each answer, during which nothing is sent and nothing times out. */
static void
test_late_answers (gconstpointer data)
{
    const Waiting *row = data;
    g_autoptr (Network) network = fixture_network (row->login, NULL, NULL);
    network->holds_answers = true;
    network_start (network);
    for (unsigned i = 0; i < row->n_questions; i++)
    {
        network_run (network, IKE_SECOND);
        g_assert_nonnull (network->question);
        g_assert_cmpint (network->question->kind, ==, row->questions[i]);
        unsigned sent = network->sent[TO_GATEWAY];
        network_run (network, 60 * IKE_SECOND);
        g_assert_cmpuint (network->sent[TO_GATEWAY], ==, sent);
        network_answer (network);
    }
    network_run_until_settled (network);
    network_assert_established (network);
}

/* Numbers that are not asked, or not any more, change nothing; nor do answers of another kind. */
static void
test_answers_to_nothing (gconstpointer data)
{
    const Waiting *row = data;
    g_autoptr (Network) network = fixture_network (row->login, NULL, NULL);
    g_autoptr (SecretBytes) secret = secret_bytes_new (byte_view_of_string ("nothing"));
    network->holds_answers = true;
    network_start (network);
    for (unsigned i = 0; i < row->n_questions; i++)
    {
        network_run (network, IKE_SECOND);
        unsigned number = network->question->question;
        for (unsigned other = 0; other < 6; other++)
        {
            if (other == number)
                continue;
            ike_session_answer_secret (network->session, other, secret, network->now);
            ike_session_answer_signature (network->session, other, 14, byte_view ("x", 1), NULL,
                                          network->now);
            ike_session_answer_verdict (network->session, other, NULL, network->now);
        }
        network_answer (network);
    }
    network_run_until_settled (network);
    network_assert_established (network);
}

static void
test_close_while_asked (gconstpointer data)
{
    const Waiting *row = data;
    for (unsigned answered = 0; answered < row->n_questions; answered++)
    {
        g_autoptr (Network) network = fixture_network (row->login, NULL, NULL);
        network->holds_answers = true;
        network_start (network);
        for (unsigned i = 0; i <= answered; i++)
        {
            network_run (network, IKE_SECOND);
            if (i < answered)
                network_answer (network);
        }
        ike_session_close (network->session, network->now);
        network_pull (network);
        network_assert_closed_well (network);
        network_answer (network); /* too late */
        network_run (network, 5 * IKE_SECOND);
        network_assert_story (network, "closed");
    }
}

/* The card was pulled out: the host's own error is what the session ends with. */
static void
test_sign_refused (void)
{
    g_autoptr (GError) refused =
        g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_SECRET_WRONG, "no such card");
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_CERTIFICATE, NULL, NULL);
    network->holds_answers = true;
    network_start (network);
    network_run (network, IKE_SECOND);
    ike_session_answer_signature (network->session, network->question->question, 0, (ByteView){ 0 },
                                  refused, network->now);
    network_pull (network);
    network_assert_closed (network, OUTRIDER_ERROR_SECRET_WRONG);
    g_assert_cmpstr (network->error->message, ==, "no such card");
}

/* The gateway tries while the host still thinks about its certificate: not a word before the verdict. */
static void
test_gateway_while_asked (void)
{
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, NULL);
    network->holds_answers = true;
    network_start (network);
    network_run (network, IKE_SECOND);
    unsigned sent = network->sent[TO_GATEWAY];
    responder_check_liveness (network->gateway, network->now);
    network_run (network, 10 * IKE_SECOND);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, sent);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    FIXTURE_ADD_TABLE ("/login/mschapv2", failures, test_failure);
    g_test_add_func ("/login/password/wrong", test_wrong_password);
    g_test_add_func ("/login/password/empty", test_empty_password);
    g_test_add_func ("/login/password/none", test_no_password);
    g_test_add_func ("/login/password/silence", test_silence);
    g_test_add_func ("/login/password/other-letters", test_password_in_other_letters);
    g_test_add_func ("/login/method-refused", test_method_refused);
    g_test_add_func ("/login/eap-not-wanted", test_eap_not_wanted);
    g_test_add_func ("/login/without-end", test_without_end);
    FIXTURE_ADD_TABLE ("/login/name", names, test_name);
    g_test_add_func ("/login/expired", test_expired);
    g_test_add_func ("/login/chain", test_chain);
    FIXTURE_ADD_TABLE ("/login/late", waitings, test_late_answers);
    FIXTURE_ADD_TABLE ("/login/answers-to-nothing", waitings, test_answers_to_nothing);
    FIXTURE_ADD_TABLE ("/login/close-while-asked", waitings, test_close_while_asked);
    g_test_add_func ("/login/sign-refused", test_sign_refused);
    g_test_add_func ("/login/gateway-while-asked", test_gateway_while_asked);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
