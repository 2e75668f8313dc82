/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "esp/replay.h"

#include <glib.h>

static void
accept (ReplayWindow *window, uint64_t number)
{
    g_assert_true (replay_window_check (window, number));
    replay_window_update (window, number);
    g_assert_false (replay_window_check (window, number));
}

static void
takes_each_number_once (void)
{
    ReplayWindow window;
    replay_window_init (&window, 64, false);
    g_assert_false (replay_window_check (&window, 0));
    accept (&window, 1);
    accept (&window, 3);
    accept (&window, 2);
    accept (&window, 64);
    accept (&window, 65);
    g_assert_false (replay_window_check (&window, 1));
    accept (&window, 4);
    accept (&window, 1000);
    g_assert_false (replay_window_check (&window, 936));
    accept (&window, 937);
    accept (&window, 999);
    accept (&window, UINT32_MAX);
    g_assert_false (replay_window_check (&window, 1000));
}

static void
changes_nothing_until_verified (void)
{
    ReplayWindow window;
    replay_window_init (&window, 0, false);
    g_assert_cmpuint (window.size, ==, REPLAY_WINDOW_DEFAULT);
    accept (&window, 10);
    g_assert_true (replay_window_check (&window, 1u << 31));
    g_assert_true (replay_window_check (&window, 9));
}

static void
agrees_with_a_plain_set (gconstpointer data)
{
    unsigned size = GPOINTER_TO_UINT (data);
    ReplayWindow window;
    replay_window_init (&window, size, false);
    enum
    {
        NUMBERS = 60000
    };
    g_autofree bool *seen = g_new0 (bool, NUMBERS);
    uint64_t top = 0;
    for (unsigned i = 0; i < 200000; i++)
    {
        uint64_t ahead = (uint64_t)g_test_rand_int_range (0, 40);
        uint64_t behind = i % 5 != 0 ? (uint64_t)g_test_rand_int_range (0, (int)size + 70) : 0;
        uint64_t jump = g_test_rand_int_range (0, 2000) == 0 ? 9000 : 0;
        uint64_t number = top + ahead + jump;
        number = MIN (number, NUMBERS - 1);
        number = number > behind ? number - behind : number;
        bool fresh = number != 0 && !seen[number] && (number > top || top - number < size);
        g_assert_cmpint (replay_window_check (&window, number), ==, fresh);
        if (!fresh)
            continue;
        replay_window_update (&window, number);
        seen[number] = true;
        top = MAX (top, number);
    }
}

static void
infers_the_upper_half (void)
{
    ReplayWindow window;
    replay_window_init (&window, 64, true);
    g_assert_cmpuint (replay_window_infer (&window, 1), ==, 1);
    /* Nothing lies before the first 2^32. */
    g_assert_cmpuint (replay_window_infer (&window, UINT32_MAX), ==, 0);
    accept (&window, 0xffffffe0);
    g_assert_cmpuint (replay_window_infer (&window, 0xfffffff0), ==, 0xfffffff0);
    g_assert_cmpuint (replay_window_infer (&window, 5), ==, 0x100000005);
    /* The window spans both. */
    accept (&window, 0x100000005);
    g_assert_cmpuint (replay_window_infer (&window, 0xfffffff0), ==, 0xfffffff0);
    g_assert_cmpuint (replay_window_infer (&window, 6), ==, 0x100000006);
    g_assert_false (replay_window_check (&window, 0xffffffe0));
    accept (&window, 0xfffffff0);
    /* And leaves the first behind. */
    accept (&window, 0x100000100);
    g_assert_cmpuint (replay_window_infer (&window, 0xfffffff0), ==, 0x1fffffff0);
    g_assert_cmpuint (replay_window_infer (&window, 0xc0), ==, 0x2000000c0);
    g_assert_cmpuint (replay_window_infer (&window, 0xc1), ==, 0x1000000c1);
}

static void
ends_with_the_last_number (void)
{
    ReplayWindow window;
    replay_window_init (&window, 64, true);
    accept (&window, UINT64_MAX - 1);
    accept (&window, UINT64_MAX);
    g_assert_cmpuint (replay_window_infer (&window, 1), ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/replay/once", takes_each_number_once);
    g_test_add_func ("/replay/unverified", changes_nothing_until_verified);
    g_test_add_data_func ("/replay/set/32", GUINT_TO_POINTER (32), agrees_with_a_plain_set);
    g_test_add_data_func ("/replay/set/100", GUINT_TO_POINTER (100), agrees_with_a_plain_set);
    g_test_add_data_func ("/replay/set/1024", GUINT_TO_POINTER (1024), agrees_with_a_plain_set);
    g_test_add_data_func ("/replay/set/4096", GUINT_TO_POINTER (4096), agrees_with_a_plain_set);
    g_test_add_func ("/replay/esn", infers_the_upper_half);
    g_test_add_func ("/replay/last", ends_with_the_last_number);
    return g_test_run ();
}
