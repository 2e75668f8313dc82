/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A neighbour who reads along and is faster than the gateway (RFC 7296 2.21.1): nothing that can be said before there are
 * keys ends a try at once, and the good answer wins if it comes in time. An error that nobody contradicts is told as it is.
 */

#include "ike/payloads.h"
#include "session/fixture.h"
#include "support/hex.h"

/* ---- the neighbour ---- */

typedef struct
{
    const char *name;
    IkeNotifyType type;
    const char *data;
    OutriderError code;
    const char *says;
} Forgery;

static const Forgery forgeries[] = {
    { "no-proposal", NOTIFY_NO_PROPOSAL_CHOSEN, "", OUTRIDER_ERROR_NO_PROPOSAL,
      "the gateway accepts nothing of our IKE offer: aes" },
    { "invalid-syntax", NOTIFY_INVALID_SYNTAX, "", OUTRIDER_ERROR_GATEWAY_REFUSED,
      "the gateway ended it with notify 7 (INVALID_SYNTAX)" },
    { "major-version", NOTIFY_INVALID_MAJOR_VERSION, "", OUTRIDER_ERROR_GATEWAY_REFUSED,
      "the gateway ended it with notify 5" },
    { "auth-failed", NOTIFY_AUTHENTICATION_FAILED, "", OUTRIDER_ERROR_LOGIN_REFUSED,
      "the gateway refused the login: the pre-shared key" },
    { "unknown", 9999, "00", OUTRIDER_ERROR_GATEWAY_REFUSED,
      "the gateway ended it with notify 9999" },
    { "group-unknown", NOTIFY_INVALID_KE_PAYLOAD, "1267", OUTRIDER_ERROR_NO_PROPOSAL,
      "the gateway wants key exchange group 4711, which is not in our IKE offer: aes" },
    { "group-weak", NOTIFY_INVALID_KE_PAYLOAD, "0002", OUTRIDER_ERROR_NO_PROPOSAL,
      "the gateway wants key exchange group 2, " },
    { "group-empty", NOTIFY_INVALID_KE_PAYLOAD, "", OUTRIDER_ERROR_PROTOCOL,
      "a malformed INVALID_KE_PAYLOAD" },
    { "group-long", NOTIFY_INVALID_KE_PAYLOAD, "001400", OUTRIDER_ERROR_PROTOCOL,
      "a malformed INVALID_KE_PAYLOAD" },
    { "cookie-empty", NOTIFY_COOKIE, "", OUTRIDER_ERROR_PROTOCOL,
      "a cookie of an impossible size" },
    { "nothing", NOTIFY_INITIAL_CONTACT, "", OUTRIDER_ERROR_PROTOCOL,
      "the answer to IKE_SA_INIT has 0 SA payloads" },
};

static const Forgery *const no_proposal = &forgeries[0];

/* The network, and what can be seen on the way. */
typedef struct
{
    Network *network;
    gint64 begun;
    GByteArray *requests[8]; /* of the client, the first ones */
    bool deaf;               /* the gateway's answers are lost */
    unsigned lost;           /* bits: the client's datagrams of these numbers do not arrive */
} Wire;

static NetworkFate
see (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    Wire *wire = (Wire *)network->decide_data;
    if (direction == TO_CLIENT)
        return wire->deaf ? FATE_LOST : FATE_ARRIVES;
    if (index < G_N_ELEMENTS (wire->requests))
        wire->requests[index] = g_byte_array_ref (datagram);
    return index < 32 && (wire->lost >> index & 1) != 0 ? FATE_LOST : FATE_ARRIVES;
}

static void
wire_begin (Wire *self, IkeLogin login, IkeSessionConfig *config, const ResponderConfig *gateway)
{
    self->network = fixture_network (login, config, gateway);
    self->network->decide = see;
    self->network->decide_data = self;
    self->begun = self->network->now;
    network_start (self->network);
}

static void
wire_clear (Wire *self)
{
    network_free (self->network);
    for (size_t i = 0; i < G_N_ELEMENTS (self->requests); i++)
        g_clear_pointer (&self->requests[i], g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wire, wire_clear)

static gint64
wire_get_time (const Wire *self)
{
    return self->network->now - self->begun;
}

static unsigned
wire_count_sent (const Wire *self)
{
    return self->network->sent[TO_GATEWAY];
}

static void
inject_chain (Wire *wire, IkeExchangeType exchange, uint8_t flags, const IkeChain *chain)
{
    ByteReader request = byte_reader (byte_view_of_array (wire->requests[0]));
    IkeHeader header = { .initiator_spi = byte_reader_u64 (&request),
                         .exchange = (uint8_t)exchange,
                         .flags = flags };
    g_autoptr (GBytes) message = ike_message_build (&header, chain);
    network_inject (wire->network, byte_view_of_bytes (message));
}

static void
forge (Wire *wire, const Forgery *forgery)
{
    g_autoptr (GBytes) data = hex_decode (forgery->data);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, forgery->type, byte_view_of_bytes (data));
    inject_chain (wire, IKE_SA_INIT, IKE_FLAG_RESPONSE, &chain);
}

static void
forge_group (Wire *wire, const char *group)
{
    forge (wire, &(Forgery){ .type = NOTIFY_INVALID_KE_PAYLOAD, .data = group });
}

/* As if nobody had forged anything: up at once, with one request for each exchange. */
static void
assert_connects (Wire *wire)
{
    network_run_until_settled (wire->network);
    network_assert_established (wire->network);
    network_assert_story (wire->network, "established up:1");
    g_assert_cmpint (wire_get_time (wire), <, IKE_SECOND / 4);
    g_assert_cmpuint (wire_count_sent (wire), ==, 2);
    network_run (wire->network, 5 * IKE_SECOND);
    network_assert_story (wire->network, "established up:1");
}

static void
assert_told (const Wire *wire, const Forgery *forgery, gint64 after)
{
    network_assert_closed (wire->network, forgery->code);
    network_assert_story (wire->network, "closed");
    g_assert_cmpstr (wire->network->stage, ==, "IKE_SA_INIT");
    g_assert_true (g_str_has_prefix (wire->network->error->message, forgery->says));
    g_assert_cmpint (wire_get_time (wire), ==, after);
}

/* ---- errors ---- */

/*
 *     HDR, SAi1, KEi, Ni  -->  <--  HDR, N(NO_PROPOSAL_CHOSEN)   the neighbour's
 *                              <--  HDR, SAr1, KEr, Nr
 */
static void
test_contradicted (gconstpointer forgery)
{
    g_auto (Wire) wire = { 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    forge (&wire, forgery);
    assert_connects (&wire);
}

/* The same failure as ever, a second later; meanwhile the request is sent again as if nothing had come. */
static void
test_alone (gconstpointer forgery)
{
    g_auto (Wire) wire = { .deaf = true };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    network_run (wire.network, 5 * NETWORK_DELAY);
    forge (&wire, forgery);
    network_run_until_closed (wire.network);
    assert_told (&wire, forgery, 5 * NETWORK_DELAY + IKE_DOUBT_GRACE);
    g_assert_cmpuint (wire_count_sent (&wire), ==, 2);
}

/* The gateway says so itself, to each request. */
static void
test_of_the_gateway (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.ike = "aes256-sha512-modp1024";
    g_auto (Wire) wire = { 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, &gateway);
    network_run_until_closed (wire.network);
    assert_told (&wire, no_proposal, 2 * NETWORK_DELAY + IKE_DOUBT_GRACE);
}

/* The first request is lost; the second one is answered within the grace. */
static void
test_answer_to_repetition (void)
{
    g_auto (Wire) wire = { .lost = 1 << 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    forge (&wire, no_proposal);
    network_run_until_settled (wire.network);
    network_assert_established (wire.network);
    g_assert_cmpint (wire_get_time (&wire), <, IKE_DOUBT_GRACE);
}

/* Two requests are lost, the third one comes behind the grace: the error was believed by then. */
static void
test_answer_too_late (void)
{
    g_auto (Wire) wire = { .lost = 1 << 0 | 1 << 1 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    forge (&wire, no_proposal);
    network_run (wire.network, 5 * IKE_SECOND);
    network_assert_closed (wire.network, OUTRIDER_ERROR_NO_PROPOSAL);
    g_assert_cmpuint (wire_count_sent (&wire), ==, 2);
}

/* They cost no datagram, do not prolong the grace, and the first one is told. */
static void
test_hundred (void)
{
    g_auto (Wire) wire = { .deaf = true };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 0; i < 100; i++)
    {
        forge (&wire, &forgeries[i % G_N_ELEMENTS (forgeries)]);
        network_run (wire.network, NETWORK_DELAY / 2);
    }
    g_assert_false (wire.network->closed);
    g_assert_cmpuint (wire_count_sent (&wire), ==, 2);
    while (!wire.network->closed && wire_get_time (&wire) < 2 * IKE_SECOND)
    {
        forge (&wire, &forgeries[1]);
        network_run (wire.network, NETWORK_DELAY);
    }
    assert_told (&wire, &forgeries[0], IKE_DOUBT_GRACE);
}

static void
test_hundred_contradicted (void)
{
    g_auto (Wire) wire = { 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 0; i < 100; i++)
        forge (&wire, &forgeries[i % G_N_ELEMENTS (forgeries)]);
    assert_connects (&wire);
}

/* The time for an answer is over before the grace is: the error says more than silence. */
static void
test_timeout (void)
{
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->answer_timeout = 3 * IKE_SECOND / 2;
    g_auto (Wire) wire = { .deaf = true };
    wire_begin (&wire, IKE_LOGIN_PSK, config, NULL);
    network_run (wire.network, IKE_SECOND);
    forge (&wire, no_proposal);
    network_run_until_closed (wire.network);
    assert_told (&wire, no_proposal, 3 * IKE_SECOND / 2);
}

static void
test_closed_meanwhile (void)
{
    g_auto (Wire) wire = { 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    forge (&wire, no_proposal);
    ike_session_close (wire.network->session, wire.network->now);
    network_run (wire.network, 5 * IKE_SECOND);
    network_assert_closed_well (wire.network);
    network_assert_story (wire.network, "closed");
}

/* ---- groups ---- */

/*
 *     HDR, SAi1, KEi, Ni   -->  <--  HDR, N(INVALID_KE_PAYLOAD)   the neighbour's
 *     HDR, SAi1, KEi', Ni  -->                                    is lost
 *                               <--  HDR, SAr1, KEr, Nr           with the group of KEi
 */
static void
test_group (void)
{
    g_auto (Wire) wire = { .lost = 1 << 1 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    forge_group (&wire, "0014");
    g_assert_cmpuint (wire_count_sent (&wire), ==, 2);
    network_run_until_settled (wire.network);
    network_assert_established (wire.network);
    g_assert_true (g_str_has_suffix (wire.network->proposal, "ecp256"));
    g_assert_cmpint (wire_get_time (&wire), <, IKE_SECOND / 4);
}

/* The gateway heard the second request alone, and takes no group but that of the first one: that is sent again, the same. */
static void
test_group_and_back (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.wants_group = 19;
    g_auto (Wire) wire = { .lost = 1 << 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, &gateway);
    forge_group (&wire, "0014");
    network_run_until_settled (wire.network);
    network_assert_established (wire.network);
    g_assert_true (byte_view_equal (byte_view_of_array (wire.requests[0]),
                                    byte_view_of_array (wire.requests[2])));
    g_assert_cmpint (wire_get_time (&wire), <, IKE_SECOND / 4);
}

/* There and back without end: few requests come of it, and the answer to the first one is as good as ever. */
static void
test_hundred_groups (void)
{
    g_auto (Wire) wire = { .lost = ~1U };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    for (unsigned i = 0; i < 100; i++)
        forge_group (&wire, i % 2 == 0 ? "0014" : "0013");
    g_assert_cmpuint (wire_count_sent (&wire), ==, 1 + IKE_INIT_RESTARTS_MAX);
    wire.lost = 0;
    network_run_until_settled (wire.network);
    network_assert_established (wire.network);
    g_assert_cmpint (wire_get_time (&wire), <, IKE_SECOND / 4);
}

/* ---- sealed messages before there are keys ---- */

/* As if the gateway asked for something, though nobody can have sealed it yet. */
static void
test_sealed (void)
{
    static const IkeExchangeType exchanges[] = { IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA,
                                                 INFORMATIONAL };
    static const IkePayloadType types[] = { PAYLOAD_SK, PAYLOAD_SKF };
    static const uint8_t body[64] = { 0, 1, 0, 1 };
    g_auto (Wire) wire = { 0 };
    wire_begin (&wire, IKE_LOGIN_PSK, NULL, NULL);
    for (size_t e = 0; e < G_N_ELEMENTS (exchanges); e++)
        for (size_t t = 0; t < G_N_ELEMENTS (types); t++)
        {
            g_auto (IkeChain) chain = IKE_CHAIN ();
            ike_chain_add (&chain, types[t], byte_view (body, sizeof body));
            inject_chain (&wire, exchanges[e], 0, &chain);
            inject_chain (&wire, exchanges[e], IKE_FLAG_RESPONSE, &chain);
        }
    assert_connects (&wire);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    FIXTURE_ADD_TABLE ("/doubt/contradicted", forgeries, test_contradicted);
    FIXTURE_ADD_TABLE ("/doubt/alone", forgeries, test_alone);
    g_test_add_func ("/doubt/of-the-gateway", test_of_the_gateway);
    g_test_add_func ("/doubt/answer-to-repetition", test_answer_to_repetition);
    g_test_add_func ("/doubt/answer-too-late", test_answer_too_late);
    g_test_add_func ("/doubt/hundred", test_hundred);
    g_test_add_func ("/doubt/hundred-contradicted", test_hundred_contradicted);
    g_test_add_func ("/doubt/timeout", test_timeout);
    g_test_add_func ("/doubt/closed-meanwhile", test_closed_meanwhile);
    g_test_add_func ("/doubt/group", test_group);
    g_test_add_func ("/doubt/group-and-back", test_group_and_back);
    g_test_add_func ("/doubt/hundred-groups", test_hundred_groups);
    g_test_add_func ("/doubt/sealed", test_sealed);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
