/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/output.h"

#include <errno.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum
{
    KEPT_MAX = 256 * 1024,
    LAST_CHANCE = 500, /* milliseconds */
};

typedef struct
{
    int descriptor;
    GByteArray *kept;
    guint source;
} Stream;

static Stream streams[2] = { { .descriptor = STDOUT_FILENO }, { .descriptor = STDERR_FILENO } };

/* Where poll() finds room, a pipe takes PIPE_BUF octets and a terminal a line without waiting. */
static bool
has_room (const Stream *self, int timeout)
{
    struct pollfd look = { .fd = self->descriptor, .events = POLLOUT };
    return TEMP_FAILURE_RETRY (poll (&look, 1, timeout)) > 0;
}

static void
write_kept (Stream *self, int timeout)
{
    while (self->kept->len > 0 && has_room (self, timeout))
    {
        ssize_t count =
            write (self->descriptor, self->kept->data, MIN (self->kept->len, (guint)PIPE_BUF));
        if (count >= 0)
            g_byte_array_remove_range (self->kept, 0, (guint)count);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            g_byte_array_set_size (self->kept, 0); /* nobody will ever read it */
    }
}

static gboolean
room_came (int descriptor, GIOCondition condition, void *data)
{
    Stream *self = data;
    write_kept (self, 0);
    if (self->kept->len > 0)
        return G_SOURCE_CONTINUE;
    self->source = 0;
    return G_SOURCE_REMOVE;
}

static ssize_t
keep (void *cookie, const char *text, size_t size)
{
    Stream *self = cookie;
    if (self->kept->len + size <= KEPT_MAX)
        g_byte_array_append (self->kept, (const guint8 *)text, (guint)size);
    write_kept (self, 0);
    if (self->kept->len > 0 && self->source == 0)
        self->source = g_unix_fd_add (self->descriptor, G_IO_OUT, room_came, self);
    return (ssize_t)size;
}

static FILE *
take_over (Stream *self)
{
    FILE *file = fopencookie (self, "w", (cookie_io_functions_t){ .write = keep });
    g_assert (file != NULL);
    setvbuf (file, NULL, _IOLBF, BUFSIZ);
    self->kept = g_byte_array_new ();
    return file;
}

static void
give_back (Stream *self)
{
    write_kept (self, LAST_CHANCE);
    if (self->source != 0)
        g_source_remove (self->source);
    self->source = 0;
    g_clear_pointer (&self->kept, g_byte_array_unref);
}

static FILE *before[2];

void
output_open (void)
{
    fflush (stdout);
    before[0] = stdout;
    before[1] = stderr;
    stdout = take_over (&streams[0]);
    stderr = take_over (&streams[1]);
}

void
output_close (void)
{
    fclose (stdout);
    fclose (stderr);
    stdout = before[0];
    stderr = before[1];
    give_back (&streams[0]);
    give_back (&streams[1]);
}
