/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Connects, a rekey and a close over a bad network: each single datagram lost, doubled, or behind its successor, in
 * either direction; nothing at all getting through; fragments among it.
 */

#include "session/fixture.h"

typedef struct
{
    NetworkDirection direction;
    unsigned index;
    NetworkFate fate;
} Accident;

static NetworkFate
strike (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    const Accident *accident = network->decide_data;
    return direction == accident->direction && index == accident->index ? accident->fate
                                                                        : FATE_ARRIVES;
}

/* Everything that a short life has: connect, both rekeys of ours and of the gateway's, and the end. */
static void
live (Network *network)
{
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    network_run (network, 30 * IKE_SECOND);
    g_autoptr (GPtrArray) children = responder_get_children (network->gateway);
    responder_rekey_child (network->gateway, ((const IkeChildSa *)children->pdata[0])->spi_in, true,
                           network->now);
    network_run (network, 30 * IKE_SECOND);
    network_assert_children (network, 1);
    responder_rekey_ike (network->gateway, network->now);
    network_run (network, 30 * IKE_SECOND);
    network_assert_children (network, 1);
    ike_session_rekey_child (network->session, network->now);
    network_pull (network);
    network_run (network, 30 * IKE_SECOND);
    network_assert_children (network, 1);
    ike_session_rekey_ike (network->session, network->now);
    network_pull (network);
    network_run (network, 90 * IKE_SECOND);
    network_assert_children (network, 1);
    g_assert_cmpuint (responder_count_sas (network->gateway), ==, 1);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run (network, 30 * IKE_SECOND);
    network_assert_closed_well (network);
    network_assert_story (network, "established up:1 up:1 switch:1 down:1 rekeyed "
                                   "up:1 switch:1 down:1 rekeyed closed");
}

typedef struct
{
    const char *name;
    IkeLogin login;
    size_t fragment_size;
    NetworkFate fate;
    bool detours; /* a cookie and another group first */
} Scenario;

static Network *
make (const Scenario *scenario)
{
    ResponderConfig gateway = fixture_responder (scenario->login);
    gateway.fragment_size = scenario->fragment_size;
    gateway.cookies = scenario->detours ? 1 : 0;
    gateway.wants_group = scenario->detours ? 20 : 0;
    IkeSessionConfig *config = fixture_config (scenario->login);
    config->fragment_size = scenario->fragment_size;
    return fixture_network (scenario->login, config, &gateway);
}

static void
test_each (gconstpointer data)
{
    const Scenario *scenario = data;
    unsigned totals[2];
    {
        g_autoptr (Network) network = make (scenario);
        live (network);
        totals[TO_GATEWAY] = network->sent[TO_GATEWAY];
        totals[TO_CLIENT] = network->sent[TO_CLIENT];
    }
    g_assert_cmpuint (totals[TO_GATEWAY], >, 5);
    g_assert_cmpuint (totals[TO_CLIENT], >, 5);
    for (unsigned direction = TO_GATEWAY; direction <= TO_CLIENT; direction++)
        for (unsigned index = 0; index < totals[direction]; index++)
        {
            Accident accident = { direction, index, scenario->fate };
            g_autoptr (Network) network = make (scenario);
            network->decide = strike;
            network->decide_data = &accident;
            live (network);
        }
}

static const Scenario scenarios[] = {
    { "psk/lost", IKE_LOGIN_PSK, 0, FATE_LOST },
    { "psk/doubled", IKE_LOGIN_PSK, 0, FATE_DOUBLED },
    { "psk/late", IKE_LOGIN_PSK, 0, FATE_LATE },
    { "detours/lost", IKE_LOGIN_PSK, 0, FATE_LOST, true },
    { "detours/doubled", IKE_LOGIN_PSK, 0, FATE_DOUBLED, true },
    { "detours/late", IKE_LOGIN_PSK, 0, FATE_LATE, true },
    { "certificate/lost", IKE_LOGIN_CERTIFICATE, 0, FATE_LOST },
    { "certificate/doubled", IKE_LOGIN_CERTIFICATE, 0, FATE_DOUBLED },
    { "certificate/late", IKE_LOGIN_CERTIFICATE, 0, FATE_LATE },
    { "eap/lost", IKE_LOGIN_EAP, 0, FATE_LOST },
    { "eap/doubled", IKE_LOGIN_EAP, 0, FATE_DOUBLED },
    { "eap/late", IKE_LOGIN_EAP, 0, FATE_LATE },
    { "fragments/lost", IKE_LOGIN_EAP, 600, FATE_LOST },
    { "fragments/doubled", IKE_LOGIN_EAP, 600, FATE_DOUBLED },
    { "fragments/late", IKE_LOGIN_EAP, 600, FATE_LATE },
};

/* One of so many is lost, one doubled, one late, by chance; it takes longer, but it comes through. */
static NetworkFate
roll (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    uint8_t drawn;
    const RandomSource *source = network->decide_data;
    random_fill (source, &drawn, 1);
    return drawn < 40   ? FATE_LOST
           : drawn < 60 ? FATE_DOUBLED
           : drawn < 90 ? FATE_LATE
                        : FATE_ARRIVES;
}

static void
test_weather (void)
{
    for (uint64_t seed = 1; seed <= 25; seed++)
    {
        uint64_t state = seed * 7919;
        RandomSource source = network_random (&state);
        Scenario scenario = { "", IKE_LOGIN_EAP, seed % 2 == 0 ? 600 : 0, FATE_ARRIVES };
        g_autoptr (Network) network = make (&scenario);
        network->decide = roll;
        network->decide_data = &source;
        network_start (network);
        network_run_until_settled (network);
        network_assert_established (network);
        network_run (network, IKE_SECOND);
        network_assert_story (network, "established up:1");
    }
}

/* ---- nobody there ---- */

static NetworkFate
lose_all (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    gint64 *times = (gint64 *)network->decide_data;
    if (direction == TO_GATEWAY && index < 32)
        times[index] = network->now;
    return FATE_LOST;
}

/* The pauses double from half a second to four; the session ends when the configured time is up. */
static void
test_no_answer (void)
{
    gint64 times[32] = { 0 };
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->answer_timeout = 20 * IKE_SECOND;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, NULL);
    gint64 begun = network->now;
    network->decide = lose_all;
    network->decide_data = times;
    network_start (network);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_NO_ANSWER);
    g_assert_cmpstr (network->stage, ==, "IKE_SA_INIT");
    g_assert_nonnull (strstr (network->error->message, "198.51.100.10:500"));
    g_assert_cmpint (network->now - begun, ==, 20 * IKE_SECOND);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 8);
    static const gint64 pauses[] = { 500, 1000, 2000, 4000, 4000, 4000, 4000 };
    for (size_t i = 0; i < G_N_ELEMENTS (pauses); i++)
        g_assert_cmpint (times[i + 1] - times[i], ==, pauses[i] * (IKE_SECOND / 1000));
}

static void
test_no_answer_by_default (void)
{
    gint64 times[32] = { 0 };
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, NULL);
    gint64 begun = network->now;
    network->decide = lose_all;
    network->decide_data = times;
    network_start (network);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_NO_ANSWER);
    g_assert_cmpint (network->now - begun, <, 20 * IKE_SECOND);
}

/* The gateway falls silent behind message number so many of its own. */
static NetworkFate
fall_silent (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    return direction == TO_CLIENT && index >= *(const unsigned *)network->decide_data
               ? FATE_LOST
               : FATE_ARRIVES;
}

static void
test_silence_at (void)
{
    for (unsigned heard = 0; heard < 6; heard++)
    {
        IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
        config->answer_timeout = 10 * IKE_SECOND;
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, config, NULL);
        network->decide = fall_silent;
        network->decide_data = &heard;
        network_start (network);
        network_run_until_closed (network);
        network_assert_closed (network, OUTRIDER_ERROR_NO_ANSWER);
        g_assert_cmpstr (network->stage, ==, heard == 0 ? "IKE_SA_INIT" : "IKE_AUTH");
    }
}

/* After a round trip of 20 ms the first repetition comes early, but not before a quarter of a second. */
static void
test_measured_pause (void)
{
    unsigned heard = 1;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, NULL);
    network->decide = fall_silent;
    network->decide_data = &heard;
    network_start (network);
    network_run (network, 3 * NETWORK_DELAY);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 2);
    network_run (network, IKE_SECOND / 4);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 3);
}

/* A bit of the answer is turned over on the way: as good as lost. */
static NetworkFate
damage (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    if (direction == TO_CLIENT && index == 1)
        datagram->data[datagram->len / 2] ^= 1;
    return FATE_ARRIVES;
}

static void
test_damage (void)
{
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, NULL);
    network->decide = damage;
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 3);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    FIXTURE_ADD_TABLE ("/loss/each", scenarios, test_each);
    g_test_add_func ("/loss/weather", test_weather);
    g_test_add_func ("/loss/no-answer", test_no_answer);
    g_test_add_func ("/loss/no-answer-by-default", test_no_answer_by_default);
    g_test_add_func ("/loss/silence-at", test_silence_at);
    g_test_add_func ("/loss/measured-pause", test_measured_pause);
    g_test_add_func ("/loss/damage", test_damage);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
