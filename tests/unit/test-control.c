/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The socket of a running tunnel, in a scratch directory: who asks well, who asks badly, and what dead processes leave. */

#include "cli/control.h"
#include "errors.h"
#include "frontend/tunnels.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum
{
    PATIENCE = 8,           /* seconds: far more than any peer is given */
    MANY = 20,              /* peers, more than are let in at once */
    LONG_ANSWER = 6000000,  /* octets, more than a socket holds */
    LONG_REQUEST = 1 << 20, /* octets */
};

typedef struct
{
    char *directory;
    char *path;
    Control *control;
    unsigned asked;
} Fixture;

static char *
answer (const char *request, void *data)
{
    Fixture *self = data;
    self->asked++;
    if (g_str_equal (request, "status"))
        return g_strdup ("{\"state\":\"connected\"}");
    return g_str_equal (request, "long") ? g_strnfill (LONG_ANSWER, 'x') : NULL;
}

static void
set_up (Fixture *self, gconstpointer unused)
{
    self->directory = g_dir_make_tmp ("outrider-control-XXXXXX", NULL);
    self->path = g_strdup_printf ("%s/tunnels/%d" TUNNELS_SUFFIX, self->directory, (int)getpid ());
    g_autofree char *tunnels = g_path_get_dirname (self->path);
    g_autoptr (GError) error = NULL;
    self->control = control_new (tunnels, answer, self, &error);
    g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
    g_autofree char *tunnels = g_path_get_dirname (self->path);
    control_free (self->control);
    g_assert_cmpint (g_rmdir (tunnels), ==, 0); /* nothing is left in it */
    g_assert_cmpint (g_rmdir (self->directory), ==, 0);
    g_free (self->path);
    g_free (self->directory);
}

/* ---- peers that ask as they please, while the tunnel's loop runs ---- */

static int
open_peer (const Fixture *self)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy (address.sun_path, self->path, sizeof address.sun_path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    while (g_main_context_iteration (NULL, false))
        ; /* it is let in, or waits */
    return fd;
}

static gboolean
wake (gpointer unused)
{
    return G_SOURCE_CONTINUE;
}

/* What PEER hears until it is hung up on. */
static char *
hear (int peer)
{
    g_autoptr (GString) heard = g_string_new (NULL);
    gint64 deadline = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
    guint source = g_timeout_add (10, wake, NULL);
    for (;;)
    {
        char buffer[65536];
        ssize_t size = recv (peer, buffer, sizeof buffer, MSG_DONTWAIT);
        if (size > 0)
            g_string_append_len (heard, buffer, size);
        else if (size == 0 || errno != EAGAIN)
            break;
        else
            g_main_context_iteration (NULL, true);
        g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
    g_source_remove (source);
    close (peer);
    return g_string_free (g_steal_pointer (&heard), false);
}

static void
say (int peer, const char *text, size_t size)
{
    g_assert_cmpint (send (peer, text, size, MSG_NOSIGNAL), ==, (ssize_t)size);
}

static char *
say_and_hear (const Fixture *self, const char *text, size_t size)
{
    int peer = open_peer (self);
    say (peer, text, size);
    return hear (peer);
}

/* ---- peers as the commands are, each in a thread of its own ---- */

typedef struct
{
    const Fixture *fixture;
    const char *request;
    char *answer;
    int done; /* atomic */
} Asker;

static void *
ask (void *data)
{
    Asker *self = data;
    self->answer = tunnels_ask (self->fixture->path, self->request, PATIENCE, NULL);
    g_atomic_int_set (&self->done, true);
    g_main_context_wakeup (NULL);
    return NULL;
}

static void
run_asker (Asker *self, GThread *thread)
{
    while (!g_atomic_int_get (&self->done))
        g_main_context_iteration (NULL, true);
    g_thread_join (thread);
}

static char *
ask_well (const Fixture *self, const char *request)
{
    Asker asker = { .fixture = self, .request = request };
    run_asker (&asker, g_thread_new ("asker", ask, &asker));
    return asker.answer;
}

static void
assert_answers (const Fixture *self)
{
    g_autofree char *text = ask_well (self, "status");
    g_assert_cmpstr (text, ==, "{\"state\":\"connected\"}");
}

/* ---- good peers ---- */

static void
questions_are_answered (Fixture *self, gconstpointer unused)
{
    assert_answers (self);
    g_autofree char *unknown = ask_well (self, "dance");
    g_assert_cmpstr (unknown, ==, "{\"ok\":false}");
    g_autofree char *all = ask_well (self, "long");
    g_assert_cmpuint (strlen (all), ==, LONG_ANSWER);
    g_autofree char *empty = ask_well (self, "");
    g_assert_cmpstr (empty, ==, "{\"ok\":false}");
}

static void
many_are_answered (Fixture *self, gconstpointer unused)
{
    Asker askers[MANY];
    GThread *threads[MANY];
    for (unsigned i = 0; i < MANY; i++)
    {
        askers[i] = (Asker){ .fixture = self, .request = i % 2 == 0 ? "status" : "long" };
        threads[i] = g_thread_new ("asker", ask, &askers[i]);
    }
    for (unsigned i = 0; i < MANY; i++)
    {
        run_asker (&askers[i], threads[i]);
        g_assert_cmpuint (strlen (askers[i].answer), ==,
                          i % 2 == 0 ? strlen ("{\"state\":\"connected\"}") : LONG_ANSWER);
        g_free (askers[i].answer);
    }
    g_assert_cmpuint (self->asked, ==, MANY);
}

static void
it_is_for_its_user_alone (Fixture *self, gconstpointer unused)
{
    GStatBuf status;
    g_assert_cmpint (g_stat (self->path, &status), ==, 0);
    g_assert_true (S_ISSOCK (status.st_mode));
    g_assert_cmpint (status.st_mode & 0777, ==, 0600);
}

/* ---- bad peers ---- */

static void
what_is_no_line_is_not_heard (Fixture *self, gconstpointer unused)
{
    static const struct
    {
        const char *text;
        size_t size;
    } requests[] = {
        { "sta\0tus\n", 8 },
        { "status\0\n", 8 },
        { "\0", 1 },
        { "\0\n", 2 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (requests); i++)
    {
        g_autofree char *heard = say_and_hear (self, requests[i].text, requests[i].size);
        g_assert_cmpstr (heard, ==, "");
    }
    g_assert_cmpuint (self->asked, ==, 0);
    assert_answers (self);
}

/* Hung up on before it has said it all. */
static void
a_long_line_is_not_heard (Fixture *self, gconstpointer unused)
{
    static const size_t sizes[] = { TUNNELS_REQUEST_MAX + 1, 4096, LONG_REQUEST };
    g_autofree char *text = g_strnfill (LONG_REQUEST, 'x');
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
        int peer = open_peer (self);
        ssize_t sent = send (peer, text, sizes[i], MSG_NOSIGNAL | MSG_DONTWAIT);
        g_assert_cmpint (sent, >, 0);
        g_autofree char *heard = hear (peer);
        g_assert_cmpstr (heard, ==, "");
    }
    g_assert_cmpuint (self->asked, ==, 0);
    assert_answers (self);
}

static void
one_line_is_heard (Fixture *self, gconstpointer unused)
{
    static const char text[] = "status\nstatus\ndance\n";
    g_autofree char *heard = say_and_hear (self, text, sizeof text - 1);
    g_assert_cmpstr (heard, ==, "{\"state\":\"connected\"}\n");
    g_assert_cmpuint (self->asked, ==, 1);
}

/* A line in pieces, and one from a peer that says no more: both are heard. */
static void
slow_and_half_closed_lines_are_heard (Fixture *self, gconstpointer unused)
{
    int pieces = open_peer (self);
    for (const char *letter = "status\n"; *letter != '\0'; letter++)
    {
        say (pieces, letter, 1);
        assert_answers (self);
    }
    g_autofree char *whole = hear (pieces);
    g_assert_cmpstr (whole, ==, "{\"state\":\"connected\"}\n");

    int half = open_peer (self);
    say (half, "status\n", 7);
    shutdown (half, SHUT_WR);
    g_autofree char *heard = hear (half);
    g_assert_cmpstr (heard, ==, "{\"state\":\"connected\"}\n");
}

static void
who_goes_away_is_forgotten (Fixture *self, gconstpointer unused)
{
    for (unsigned i = 0; i < MANY; i++)
    {
        int peer = open_peer (self);
        if (i % 2 == 0)
            say (peer, "long\n", 5);
        close (peer);
        assert_answers (self);
    }
}

/* As many as are let in, and more: who comes behind them waits, and the tunnel does not. */
static void
silent_ones_are_hung_up_on (Fixture *self, gconstpointer unused)
{
    int peers[MANY / 2];
    for (size_t i = 0; i < G_N_ELEMENTS (peers); i++)
    {
        peers[i] = open_peer (self);
        if (i % 2 == 0)
            say (peers[i], "status", 6); /* and no end of the line */
    }
    assert_answers (self);
    g_assert_cmpuint (self->asked, ==, 1);
    for (size_t i = 0; i < G_N_ELEMENTS (peers); i++)
    {
        g_autofree char *heard = hear (peers[i]);
        g_assert_cmpstr (heard, ==, "");
    }
}

static void
who_does_not_read_is_hung_up_on (Fixture *self, gconstpointer unused)
{
    int peer = open_peer (self);
    say (peer, "long\n", 5);
    while (self->asked == 0)
        g_main_context_iteration (NULL, true);
    gint64 deadline = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
    struct pollfd hangup = { .fd = peer };
    while (poll (&hangup, 1, 10) == 0)
    {
        assert_answers (self);
        g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
    g_autofree char *heard = hear (peer);
    g_assert_cmpuint (strlen (heard), <, LONG_ANSWER);
}

/* ---- the directory ---- */

static unsigned
count_listed (const char *directory)
{
    g_autoptr (GError) error = NULL;
    unsigned hidden = 99;
    g_autoptr (GPtrArray) list = tunnels_list (directory, &hidden, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (hidden, ==, 0);
    return list->len;
}

static void
leave_dead_socket (const char *directory, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *path = g_build_filename (directory, name, NULL);
    g_strlcpy (address.sun_path, path, sizeof address.sun_path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    close (fd);
}

static void
dead_sockets_are_found_and_removed (Fixture *self, gconstpointer unused)
{
    g_autofree char *tunnels = g_path_get_dirname (self->path);
    leave_dead_socket (tunnels, "1" TUNNELS_SUFFIX);
    leave_dead_socket (tunnels, "2" TUNNELS_SUFFIX);
    leave_dead_socket (tunnels, "readme");
    g_assert_cmpuint (count_listed (tunnels), ==, 1);
    g_assert_cmpuint (tunnels_count_leftovers (tunnels), ==, 2);
    g_assert_cmpuint (tunnels_remove_leftovers (tunnels), ==, 2);
    g_assert_cmpuint (tunnels_count_leftovers (tunnels), ==, 0);
    g_assert_cmpuint (count_listed (tunnels), ==, 1);
    g_autofree char *other = g_build_filename (tunnels, "readme", NULL);
    g_assert_cmpint (g_unlink (other), ==, 0); /* it was left alone */
    assert_answers (self);
}

static void
a_number_is_taken_once (Fixture *self, gconstpointer unused)
{
    g_autofree char *tunnels = g_path_get_dirname (self->path);
    g_autoptr (GError) error = NULL;
    g_assert_null (control_new (tunnels, answer, self, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    assert_answers (self);

    g_clear_pointer (&self->control, control_free);
    g_assert_false (tunnels_is_alive (self->path));
    g_autofree char *name = g_path_get_basename (self->path);
    leave_dead_socket (tunnels, name);
    g_clear_error (&error);
    self->control = control_new (tunnels, answer, self, &error);
    g_assert_no_error (error);
    assert_answers (self);
}

static void
directories_that_cannot_be (Fixture *self, gconstpointer unused)
{
    g_autofree char *none = g_build_filename (self->directory, "none", NULL);
    g_autofree char *file = g_build_filename (self->directory, "file", NULL);
    g_autofree char *within = g_build_filename (file, "tunnels", NULL);
    g_autofree char *deep = g_strnfill (200, 'd');
    g_autofree char *too_deep = g_build_filename (self->directory, deep, NULL);
    g_assert_true (g_file_set_contents (file, "", 0, NULL));
    const char *refused[] = { within, file, too_deep };
    for (size_t i = 0; i < G_N_ELEMENTS (refused); i++)
    {
        g_autoptr (GError) error = NULL;
        g_assert_null (control_new (refused[i], answer, self, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    }
    g_rmdir (too_deep);

    unsigned hidden;
    g_autoptr (GError) error = NULL;
    g_assert_null (tunnels_list (file, &hidden, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_cmpuint (count_listed (none), ==, 0);
    g_assert_cmpuint (tunnels_count_leftovers (none), ==, 0);
    g_assert_cmpint (g_unlink (file), ==, 0);
}

static void
nobody_there (Fixture *self, gconstpointer unused)
{
    g_autoptr (GError) error = NULL;
    g_clear_pointer (&self->control, control_free);
    g_assert_null (tunnels_ask (self->path, "status", 1, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_TUNNEL);
}

/* Somebody listens and says nothing, or never ends a line: who asks is not held up. */
static void
no_answer (Fixture *self, gconstpointer unused)
{
    g_autoptr (GError) error = NULL;
    gint64 begin = g_get_monotonic_time ();
    g_assert_null (tunnels_ask (self->path, "status", 1, &error)); /* our loop does not run */
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_TUNNEL);
    g_assert_cmpint (g_get_monotonic_time () - begin, <, PATIENCE * G_USEC_PER_SEC);
    g_assert_true (tunnels_is_alive (self->path));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
    ADD ("/control/answers", questions_are_answered);
    ADD ("/control/many", many_are_answered);
    ADD ("/control/mode", it_is_for_its_user_alone);
    ADD ("/control/no-line", what_is_no_line_is_not_heard);
    ADD ("/control/long-line", a_long_line_is_not_heard);
    ADD ("/control/second-line", one_line_is_heard);
    ADD ("/control/slow-line", slow_and_half_closed_lines_are_heard);
    ADD ("/control/gone", who_goes_away_is_forgotten);
    ADD ("/control/silent", silent_ones_are_hung_up_on);
    ADD ("/control/no-reader", who_does_not_read_is_hung_up_on);
    ADD ("/tunnels/dead", dead_sockets_are_found_and_removed);
    ADD ("/tunnels/same-number", a_number_is_taken_once);
    ADD ("/tunnels/directories", directories_that_cannot_be);
    ADD ("/tunnels/nobody", nobody_there);
    ADD ("/tunnels/no-answer", no_answer);
    return g_test_run ();
}
