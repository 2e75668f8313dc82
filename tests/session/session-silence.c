/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Children by which nothing comes in, though the gateway answers: when a rekey is tried, when it is not, and how often
 * where it makes no difference.
 */

#include "session/fixture.h"

#define DELAY (30 * IKE_SECOND)
#define MINUTE (60 * IKE_SECOND)
#define HOUR (60 * MINUTE)

/* A session and its data plane. */
typedef struct
{
    Network *network;
    uint64_t sent;
    gint64 heard;
} Life;

static Life
begin (gint64 delay)
{
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->dpd_delay = delay;
    return (Life){ .network = fixture_connected (IKE_LOGIN_PSK, config, NULL) };
}

/* For that long, with a packet each second that is sent, or that comes in. */
static void
live (Life *life, gint64 duration, bool sends, bool hears)
{
    for (gint64 end = life->network->now + duration; life->network->now < end;)
    {
        life->sent += sends ? 1 : 0;
        life->heard = hears ? life->network->now : life->heard;
        ike_session_note_traffic (life->network->session, life->heard, life->sent);
        network_run (life->network, IKE_SECOND);
    }
}

static unsigned
count_checks (const Life *life)
{
    return responder_count_in_transcript (life->network->gateway, "--> INFORMATIONAL");
}

static unsigned
count_rekeys (const Life *life)
{
    return responder_count_in_transcript (life->network->gateway, "--> CREATE_CHILD_SA");
}

static void
end (Life *life)
{
    network_assert_children (life->network, 1);
    network_free (life->network);
}

/* ---- nothing to mend ---- */

static void
test_healthy (void)
{
    Life life = begin (DELAY);
    live (&life, HOUR, true, true);
    live (&life, HOUR, false, true);
    g_assert_cmpuint (count_checks (&life), ==, 0);
    g_assert_cmpuint (count_rekeys (&life), ==, 0);
    end (&life);
}

static void
test_idle (void)
{
    Life life = begin (DELAY);
    live (&life, MINUTE, true, true);
    live (&life, HOUR, false, false);
    g_assert_cmpuint (count_checks (&life), >=, 115);
    network_assert_story (life.network, "established up:1");
    end (&life);
}

/* A packet now and then that nobody answers, and none in the next half a minute: never in two looks in a row. */
static void
test_lone_packets (void)
{
    Life life = begin (DELAY);
    for (unsigned i = 0; i < 60; i++)
    {
        live (&life, IKE_SECOND, true, true);
        live (&life, 40 * IKE_SECOND, false, false);
        live (&life, IKE_SECOND, true, false);
        live (&life, 2 * MINUTE, false, false);
    }
    network_assert_story (life.network, "established up:1");
    end (&life);
}

static void
test_no_checks_wanted (void)
{
    Life life = begin (0);
    live (&life, HOUR, true, false);
    network_assert_story (life.network, "established up:1");
    end (&life);
}

/* The liveness check is not answered: that is another end. */
static void
test_gateway_dies (void)
{
    Life life = begin (DELAY);
    responder_get_config (life.network->gateway)->dead = true;
    live (&life, 50 * IKE_SECOND, true, false);
    network_assert_closed (life.network, OUTRIDER_ERROR_CONNECTION_LOST);
    network_assert_story (life.network, "established up:1 closed");
    network_free (life.network);
}

/* ---- a dead path ---- */

static void
test_dead_path (void)
{
    Life life = begin (DELAY);
    live (&life, 10 * MINUTE, true, true);
    live (&life, 2 * DELAY - IKE_SECOND, true, false);
    network_assert_story (life.network, "established up:1");
    live (&life, 5 * IKE_SECOND, true, false);
    network_assert_story (life.network, "established up:1 silence up:1 switch:1");
    live (&life, HOUR, true, true);
    network_assert_story (life.network, "established up:1 silence up:1 switch:1 down:1");
    end (&life);
}

/* Nothing ever came in. */
static void
test_dead_from_the_start (void)
{
    Life life = begin (DELAY);
    live (&life, 3 * DELAY, true, false);
    network_assert_story (life.network, "established up:1 silence up:1 switch:1 down:1");
    end (&life);
}

/* The gateway's own checks spare ours, and say as much. */
static void
test_gateway_asks (void)
{
    Life life = begin (DELAY);
    live (&life, MINUTE, true, true);
    for (unsigned i = 0; i < 7; i++)
    {
        responder_check_liveness (life.network->gateway, life.network->now);
        live (&life, 10 * IKE_SECOND, true, false);
    }
    g_assert_cmpuint (count_rekeys (&life), ==, 1);
    end (&life);
}

/* The gateway has no time for the first rekey: it is asked again, by the same task. */
static void
test_busy_gateway (void)
{
    Life life = begin (DELAY);
    responder_get_config (life.network->gateway)->busy = true;
    live (&life, 2 * DELAY + 10 * IKE_SECOND, true, false);
    network_assert_story (life.network, "established up:1 silence");
    responder_get_config (life.network->gateway)->busy = false;
    live (&life, 20 * IKE_SECOND, true, false);
    network_assert_story (life.network, "established up:1 silence up:1 switch:1 down:1");
    end (&life);
}

/* A NAT that forgets us every few minutes: each rekey helps, and none comes late for it. */
static void
test_dies_again_and_again (void)
{
    Life life = begin (DELAY);
    for (unsigned i = 1; i <= 20; i++)
    {
        live (&life, 4 * MINUTE, true, true);
        live (&life, 2 * DELAY + 5 * IKE_SECOND, true, false);
        g_assert_cmpuint (count_rekeys (&life), ==, i);
    }
    live (&life, MINUTE, true, true);
    end (&life);
}

/* ---- traffic that nobody answers ---- */

static void
test_one_way (void)
{
    Life life = begin (DELAY);
    live (&life, MINUTE, true, true);
    live (&life, 24 * HOUR, true, false);
    g_assert_cmpuint (count_rekeys (&life), ==, 1);
    live (&life, IKE_SECOND, true, true); /* a sign of life, and it may be worth a try again */
    live (&life, 24 * HOUR, true, false);
    g_assert_cmpuint (count_rekeys (&life), ==, 2);
    end (&life);
}

/* A name is looked up now and then, and else a log is sent: the pauses grow to an hour. */
static void
test_mostly_one_way (void)
{
    Life life = begin (DELAY);
    for (unsigned i = 0; i < 24 * 6; i++)
    {
        live (&life, IKE_SECOND, true, true);
        live (&life, 10 * MINUTE, true, false);
    }
    g_assert_cmpuint (count_rekeys (&life), >, 20);
    g_assert_cmpuint (count_rekeys (&life), <, 30);
    end (&life);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    g_test_add_func ("/silence/healthy", test_healthy);
    g_test_add_func ("/silence/idle", test_idle);
    g_test_add_func ("/silence/lone-packets", test_lone_packets);
    g_test_add_func ("/silence/no-checks-wanted", test_no_checks_wanted);
    g_test_add_func ("/silence/gateway-dies", test_gateway_dies);
    g_test_add_func ("/silence/dead-path", test_dead_path);
    g_test_add_func ("/silence/dead-from-the-start", test_dead_from_the_start);
    g_test_add_func ("/silence/gateway-asks", test_gateway_asks);
    g_test_add_func ("/silence/busy-gateway", test_busy_gateway);
    g_test_add_func ("/silence/dies-again-and-again", test_dies_again_and_again);
    g_test_add_func ("/silence/one-way", test_one_way);
    g_test_add_func ("/silence/mostly-one-way", test_mostly_one_way);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
