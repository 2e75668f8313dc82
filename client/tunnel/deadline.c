/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/deadline.h"

#include <glib-unix.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct Deadline
{
    int fd;
    GSource *source;
    gint64 when;
    DeadlineReached reached;
    void *data;
};

static gboolean
timer_fired (int fd, GIOCondition condition, gpointer data)
{
    Deadline *self = data;
    guint64 expirations;
    if (read (fd, &expirations, sizeof expirations) == sizeof expirations)
    {
        self->when = G_MAXINT64;
        self->reached (self->data);
    }
    return G_SOURCE_CONTINUE;
}

Deadline *
deadline_new (DeadlineReached reached, void *data)
{
    Deadline *self = g_new0 (Deadline, 1);
    self->fd = timerfd_create (CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    g_assert (self->fd >= 0);
    self->when = G_MAXINT64;
    self->reached = reached;
    self->data = data;
    self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
    g_source_set_can_recurse (self->source, TRUE); /* else the loop wakes itself each time */
    g_source_set_callback (self->source, G_SOURCE_FUNC (timer_fired), self, NULL);
    g_source_attach (self->source, g_main_context_get_thread_default ());
    return self;
}

void
deadline_free (Deadline *self)
{
    if (self == NULL)
        return;
    g_source_destroy (self->source);
    g_source_unref (self->source);
    close (self->fd);
    g_free (self);
}

void
deadline_set (Deadline *self, gint64 when)
{
    if (self->when == when)
        return;
    self->when = when;
    struct itimerspec timer = { 0 };
    if (when != G_MAXINT64)
    {
        gint64 positive = MAX (when, 1);
        timer.it_value.tv_sec = positive / G_USEC_PER_SEC;
        timer.it_value.tv_nsec = positive % G_USEC_PER_SEC * 1000;
    }
    timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

gint64
deadline_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
