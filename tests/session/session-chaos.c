/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Long lives by chance, the same in each run: both sides rekey, delete and ask at any moment over a bad network. However
 * it went, when the weather is good again both sides hold the same one child under one IKE SA.
 */

#include "session/fixture.h"

typedef struct
{
    RandomSource random;
    bool calm;
} Weather;

static unsigned
draw (const RandomSource *random, unsigned below)
{
    uint32_t drawn = 0;
    random_fill (random, &drawn, sizeof drawn);
    return drawn % below;
}

static NetworkFate
blow (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    const Weather *weather = network->decide_data;
    if (weather->calm)
        return FATE_ARRIVES;
    unsigned drawn = draw (&weather->random, 100);
    return drawn < 10   ? FATE_LOST
           : drawn < 15 ? FATE_DOUBLED
           : drawn < 25 ? FATE_LATE
                        : FATE_ARRIVES;
}

static uint32_t
newest_child (const Network *network)
{
    g_autoptr (GPtrArray) children = responder_get_children (network->gateway);
    return children->len > 0 ? ((const IkeChildSa *)children->pdata[children->len - 1])->spi_in
                             : 0x12345678;
}

/* It deletes a child no oftener than a client forgives. */
static void
gateway_acts (Network *network, unsigned what, gint64 *deleted_at)
{
    Responder *gateway = network->gateway;
    if (responder_is_waiting (gateway))
        return;
    if (what < 4)
        responder_rekey_child (gateway, newest_child (network), what % 2 == 0, network->now);
    else if (what < 6)
        responder_rekey_ike (gateway, network->now);
    else if (what < 7 && network->now > *deleted_at + IKE_REVIVAL_FORGIVEN)
    {
        *deleted_at = network->now;
        responder_delete_child (gateway, newest_child (network), network->now);
    }
    else
        responder_check_liveness (gateway, network->now);
}

static void
somebody_acts (Network *network, const RandomSource *random, gint64 *deleted_at)
{
    unsigned what = draw (random, 16);
    if (what < 10)
        gateway_acts (network, what, deleted_at);
    else if (what < 13)
        ike_session_rekey_child (network->session, network->now);
    else if (what < 14)
        ike_session_rekey_ike (network->session, network->now);
    else if (what < 15)
        ike_session_probe (network->session, 1300 + draw (random, 200), network->now);
    else
        ike_session_note_traffic (network->session, network->now, draw (random, 100));
}

static void
live (uint64_t seed)
{
    uint64_t weather_state = seed * 31, state = seed * 17;
    Weather weather = { network_random (&weather_state), true };
    RandomSource random = network_random (&state);
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.fragment_size = seed % 2 == 0 ? 300 : 0;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->fragment_size = 300;
    config->dpd_delay = 30 * IKE_SECOND;
    config->answer_timeout = 60 * IKE_SECOND;
    g_autoptr (Network) network = fixture_connected (IKE_LOGIN_PSK, config, &gateway);
    network->decide = blow;
    network->decide_data = &weather;
    weather.calm = seed % 3 == 0;
    gint64 deleted_at = 0;
    for (unsigned i = 0; i < 150; i++)
    {
        somebody_acts (network, &random, &deleted_at);
        network_run (network, draw (&random, 3) == 0 ? draw (&random, 100) * IKE_SECOND
                                                     : draw (&random, 5) * NETWORK_DELAY);
        g_assert_no_error (network->error);
    }
    weather.calm = true;
    network_run (network, 300 * IKE_SECOND);
    network_assert_children (network, 1);
    g_assert_cmpuint (responder_count_sas (network->gateway), ==, 1);
    ike_session_close (network->session, network->now);
    network_run_until_closed (network);
    network_assert_closed_well (network);
}

static void
test_life (gconstpointer data)
{
    uint64_t first = GPOINTER_TO_SIZE (data);
    for (uint64_t seed = first; seed < first + 10; seed++)
    {
        g_test_message ("seed %" G_GUINT64_FORMAT, seed);
        live (seed);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    for (size_t seed = 1; seed <= 41; seed += 10)
    {
        g_autofree char *path = g_strdup_printf ("/chaos/%zu", seed);
        g_test_add_data_func (path, GSIZE_TO_POINTER (seed), test_life);
    }
    int result = g_test_run ();
    fixture_end ();
    return result;
}
