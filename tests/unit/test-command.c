/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Other programs: what they see of us, and what we tell of their ends. */

#include "errors.h"
#include "network/command.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

#define SECOND 1000

static bool
run (const char *script, const char *input, unsigned timeout, GError **error)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    return command_run (argv, input, timeout, error);
}

static void
input_arrives (void)
{
    g_autoptr (GError) error = NULL;
    g_assert_true (run ("test \"$(cat)\" = 'search a\nnameserver b'", "search a\nnameserver b\n",
                        5 * SECOND, &error));
    g_assert_no_error (error);
}

/* More than a pipe would hold: nobody waits for anybody. */
static void
much_is_no_trouble (void)
{
    g_autofree char *much = g_strnfill (300000, 'x');
    g_assert_true (run ("true", much, 5 * SECOND, NULL));
    g_assert_true (run ("test $(cat | wc -c) = 300000", much, 5 * SECOND, NULL));
    g_assert_true (
        run ("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2", "", 5 * SECOND, NULL));
}

/* Neither our environment, nor our files, nor our signals. */
static void
nothing_of_ours_is_seen (void)
{
    g_autoptr (GError) error = NULL;
    g_setenv ("OUTRIDER_SECRET", "x", true);
    signal (SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigemptyset (&blocked);
    sigaddset (&blocked, SIGTERM);
    sigprocmask (SIG_BLOCK, &blocked, NULL);
    bool ok = run ("test -z \"$OUTRIDER_SECRET\" && test \"$PWD\" = / && test \"$LC_ALL\" = C && "
                   "grep -q '^SigIgn:.*0000000$' /proc/self/status && "
                   "grep -q '^SigBlk:.0*$' /proc/self/status && "
                   "test \"$(ls /proc/self/fd | wc -l)\" = 4",
                   "", 5 * SECOND, &error);
    sigprocmask (SIG_UNBLOCK, &blocked, NULL);
    signal (SIGPIPE, SIG_DFL);
    g_assert_no_error (error);
    g_assert_true (ok);
}

static void
assert_refused (const char *script, const char *words)
{
    g_autoptr (GError) error = NULL;
    g_assert_false (run (script, "", 5 * SECOND, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_nonnull (strstr (error->message, words));
}

static void
failures_are_told (void)
{
    assert_refused ("exit 3", "status 3");
    assert_refused ("echo first >&2; echo the last >&2; exit 99", "status 99: the last");
    assert_refused ("printf '\\377\\n' >&2; exit 1", "status 1");
    assert_refused ("kill -9 $$", "signal 9");
}

static void
missing_program (void)
{
    const char *argv[] = { "/nowhere/resolvconf", NULL };
    g_autoptr (GError) error = NULL;
    g_assert_false (command_run (argv, "", SECOND, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_nonnull (strstr (error->message, "/nowhere/resolvconf"));
}

/* It and its children end, and the call returns. */
static void
time_is_bounded (void)
{
    g_autofree char *directory = g_dir_make_tmp ("outrider-command-XXXXXX", NULL);
    g_autofree char *path = g_build_filename (directory, "pid", NULL);
    g_autofree char *script = g_strdup_printf ("sleep 60 & echo $! > %s; wait", path);
    g_autoptr (GError) error = NULL;
    gint64 before = g_get_monotonic_time ();
    g_assert_false (run (script, "", 300, &error));
    g_assert_cmpint (g_get_monotonic_time () - before, <, 5 * G_USEC_PER_SEC);
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_autofree char *text = NULL;
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    g_autofree char *stat = g_strdup_printf ("/proc/%s/stat", g_strchomp (text));
    for (unsigned n = 0; n < 500; n++)
    {
        g_autofree char *state = NULL;
        if (!g_file_get_contents (stat, &state, NULL, NULL) || strstr (state, ") Z ") != NULL)
            break;
        g_assert_cmpuint (n, <, 499);
        g_usleep (10000);
    }
    unlink (path);
    g_rmdir (directory);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/command/input", input_arrives);
    g_test_add_func ("/command/much", much_is_no_trouble);
    g_test_add_func ("/command/nothing-of-ours", nothing_of_ours_is_seen);
    g_test_add_func ("/command/failures", failures_are_told);
    g_test_add_func ("/command/missing", missing_program);
    g_test_add_func ("/command/time", time_is_bounded);
    return g_test_run ();
}
