/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Message IDs, repetitions and their pauses, the measured round trip, the cache of answers.
 */

#include "ike/window.h"

static GPtrArray *
datagrams (void)
{
    GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (list, g_bytes_new_static ("d", 1));
    return list;
}

/* Runs until it gives up; the pauses in milliseconds. */
static GArray *
get_pauses (IkeWindow *window, gint64 timeout, gint64 begun)
{
    GArray *pauses = g_array_new (false, false, sizeof (gint64));
    gint64 last = begun;
    ike_window_begin (window, datagrams (), timeout, begun);
    for (;;)
    {
        gint64 now = ike_window_get_deadline (window);
        g_assert_cmpint (now, >, last);
        g_assert_cmpint (ike_window_advance (window, now - 1), ==, IKE_WINDOW_WAIT);
        IkeWindowStep step = ike_window_advance (window, now);
        if (step == IKE_WINDOW_GIVE_UP)
        {
            g_assert_cmpint (now, ==, begun + timeout);
            return pauses;
        }
        g_assert_cmpint (step, ==, IKE_WINDOW_RESEND);
        gint64 pause = (now - last) / 1000;
        g_array_append_val (pauses, pause);
        last = now;
    }
}

static void
test_back_off (void)
{
    IkeWindow window = { 0 };
    g_autoptr (GArray) pauses = get_pauses (&window, 18 * IKE_SECOND, 5 * IKE_SECOND);
    static const gint64 expected[] = { 500, 1000, 2000, 4000, 4000, 4000 };
    g_assert_cmpuint (pauses->len, ==, G_N_ELEMENTS (expected));
    for (guint i = 0; i < pauses->len; i++)
        g_assert_cmpint (g_array_index (pauses, gint64, i), ==, expected[i]);
    g_assert_cmpuint (window.tries, ==, 7);
    ike_window_clear (&window);
}

/* One exchange that took MEASURED, then one that is never answered. */
static gint64
first_pause_after (gint64 measured)
{
    IkeWindow window = { 0 };
    ike_window_begin (&window, datagrams (), 60 * IKE_SECOND, 0);
    ike_window_finish (&window, measured);
    g_autoptr (GArray) pauses = get_pauses (&window, 60 * IKE_SECOND, 100 * IKE_SECOND);
    gint64 pause = g_array_index (pauses, gint64, 0);
    ike_window_clear (&window);
    return pause;
}

static void
test_measured (void)
{
    g_assert_cmpint (first_pause_after (0), ==, 250);       /* the floor */
    g_assert_cmpint (first_pause_after (20000), ==, 250);   /* the floor */
    g_assert_cmpint (first_pause_after (200000), ==, 600);  /* three round trips */
    g_assert_cmpint (first_pause_after (400000), ==, 1200); /* the same */
    g_assert_cmpint (first_pause_after (9 * IKE_SECOND), ==, 4000);
}

/* Karn: an answer to a repeated request measures nothing. */
static void
test_karn (void)
{
    IkeWindow window = { 0 };
    ike_window_begin (&window, datagrams (), 60 * IKE_SECOND, 0);
    g_assert_cmpint (ike_window_advance (&window, IKE_SECOND), ==, IKE_WINDOW_RESEND);
    ike_window_finish (&window, IKE_SECOND + 1000);
    g_assert_cmpint (window.round_trip, ==, 0);
    ike_window_begin (&window, datagrams (), 60 * IKE_SECOND, 2 * IKE_SECOND);
    ike_window_finish (&window, 2 * IKE_SECOND + 800);
    g_assert_cmpint (window.round_trip, ==, 800);
    ike_window_begin (&window, datagrams (), 60 * IKE_SECOND, 3 * IKE_SECOND);
    ike_window_finish (&window, 3 * IKE_SECOND + 1600);
    g_assert_cmpint (window.round_trip, ==, 900); /* smoothed by an eighth */
    ike_window_clear (&window);
}

static void
test_ids (void)
{
    IkeWindow window = { 0 };
    for (uint32_t id = 0; id < 5; id++)
    {
        g_assert_false (ike_window_is_waiting (&window));
        g_assert_cmpint (ike_window_get_deadline (&window), ==, G_MAXINT64);
        g_assert_cmpint (ike_window_advance (&window, G_MAXINT64), ==, IKE_WINDOW_WAIT);
        ike_window_begin (&window, datagrams (), IKE_SECOND, 0);
        g_assert_true (ike_window_is_waiting (&window));
        g_assert_cmpuint (window.request_id, ==, id);
        ike_window_finish (&window, 1);
    }
    ike_window_clear (&window);
}

/* A cookie: the same ID, the same end, but the pauses begin anew. */
static void
test_restart (void)
{
    IkeWindow window = { 0 };
    ike_window_begin (&window, datagrams (), 3 * IKE_SECOND, 0);
    g_assert_cmpint (ike_window_advance (&window, IKE_SECOND), ==, IKE_WINDOW_RESEND);
    ike_window_restart (&window, datagrams (), IKE_SECOND);
    g_assert_cmpuint (window.request_id, ==, 0);
    g_assert_cmpint (ike_window_get_deadline (&window), ==, IKE_SECOND + IKE_RETRANSMIT_FIRST);
    g_assert_cmpint (ike_window_advance (&window, 3 * IKE_SECOND), ==, IKE_WINDOW_GIVE_UP);
    ike_window_clear (&window);
}

static void
test_requests (void)
{
    IkeWindow window = { 0 };
    g_assert_cmpint (ike_window_judge_request (&window, 0), ==, IKE_WINDOW_NEW);
    g_assert_cmpint (ike_window_judge_request (&window, 1), ==, IKE_WINDOW_STRAY);
    g_assert_cmpint (ike_window_judge_request (&window, UINT32_MAX), ==, IKE_WINDOW_STRAY);
    ike_window_answered (&window, datagrams ());
    g_assert_cmpint (ike_window_judge_request (&window, 0), ==, IKE_WINDOW_REPEATED);
    g_assert_cmpint (ike_window_judge_request (&window, 1), ==, IKE_WINDOW_NEW);
    ike_window_answered (&window, datagrams ());
    g_assert_cmpint (ike_window_judge_request (&window, 0), ==, IKE_WINDOW_STRAY);
    g_assert_cmpint (ike_window_judge_request (&window, 1), ==, IKE_WINDOW_REPEATED);
    ike_window_clear (&window);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/window/back-off", test_back_off);
    g_test_add_func ("/window/measured", test_measured);
    g_test_add_func ("/window/karn", test_karn);
    g_test_add_func ("/window/ids", test_ids);
    g_test_add_func ("/window/restart", test_restart);
    g_test_add_func ("/window/requests", test_requests);
    return g_test_run ();
}
