/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "errors.h"
#include "tunnel/retry.h"

#define SECOND G_USEC_PER_SEC

/* Failure after failure: each pause is twice the one before, up to two minutes. */
static void
test_pauses (void)
{
    static const gint64 seconds[] = { 1, 2, 4, 8, 16, 32, 64, 120, 120 };
    Retry retry = { 0 };
    for (size_t i = 0; i < G_N_ELEMENTS (seconds); i++)
        g_assert_cmpint (retry_next_pause (&retry, 1000), ==, seconds[i] * SECOND);
}

/* Only a connection that stood makes the pauses short again. */
static void
test_thrown_out (void)
{
    Retry retry = { 0 };
    retry_connected (&retry, 10 * SECOND);
    g_assert_cmpint (retry_next_pause (&retry, 11 * SECOND), ==, 1 * SECOND);
    retry_connected (&retry, 12 * SECOND);
    g_assert_cmpint (retry_next_pause (&retry, 13 * SECOND), ==, 2 * SECOND);
    retry_connected (&retry, 15 * SECOND);
    g_assert_cmpint (retry_next_pause (&retry, 75 * SECOND), ==, 1 * SECOND);
    g_assert_cmpint (retry_next_pause (&retry, 200 * SECOND), ==, 2 * SECOND);
}

static void
test_worthwhile (void)
{
    static const struct
    {
        OutriderError code;
        bool worthwhile;
    } rows[] = {
        { OUTRIDER_ERROR_NO_ANSWER, true },         { OUTRIDER_ERROR_GATEWAY_CLOSED, true },
        { OUTRIDER_ERROR_NO_PROPOSAL, true },       { OUTRIDER_ERROR_GATEWAY_REFUSED, true },
        { OUTRIDER_ERROR_SELECTORS_REFUSED, true }, { OUTRIDER_ERROR_NO_ADDRESS, true },
        { OUTRIDER_ERROR_PASSWORD_WRONG, false },   { OUTRIDER_ERROR_LOGIN_REFUSED, true },
        { OUTRIDER_ERROR_HOST_REFUSED, true },      { OUTRIDER_ERROR_NAME_MISMATCH, false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (GError) error = g_error_new_literal (OUTRIDER_ERROR, (int)rows[i].code, "");
        g_assert_true (retry_is_worthwhile (error, false) == rows[i].worthwhile);
        g_assert_true (retry_is_worthwhile (error, true) ==
                       (rows[i].worthwhile && rows[i].code != OUTRIDER_ERROR_LOGIN_REFUSED));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/retry/pauses", test_pauses);
    g_test_add_func ("/retry/thrown-out", test_thrown_out);
    g_test_add_func ("/retry/worthwhile", test_worthwhile);
    return g_test_run ();
}
