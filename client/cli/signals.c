/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/signals.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct
{
    int event; /* eventfd: counts the signals that were not called for yet */
    SignalsCall call;
    void *data;
} signals = { .event = -1 };

static void
count_signal (int number)
{
    static const uint64_t one = 1;
    int before = errno;
    ssize_t written = write (signals.event, &one, sizeof one);
    (void)written; /* nothing can be done about it in here */
    errno = before;
}

static gboolean
call_for_signals (int event, GIOCondition condition, void *data)
{
    uint64_t count = 0;
    if (read (event, &count, sizeof count) != sizeof count)
        return G_SOURCE_CONTINUE;
    while (count-- > 0)
        signals.call (signals.data);
    return G_SOURCE_CONTINUE;
}

void
signals_catch (const int *numbers, size_t n_numbers, SignalsCall call, void *data)
{
    if (signals.event >= 0)
        return;
    signals.event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_assert (signals.event >= 0);
    signals.call = call;
    signals.data = data;
    g_unix_fd_add (signals.event, G_IO_IN, call_for_signals, NULL);
    struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
    sigemptyset (&action.sa_mask);
    for (size_t i = 0; i < n_numbers; i++)
        sigaction (numbers[i], &action, NULL);
}
