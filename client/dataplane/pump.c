/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/pump.h"

#include "dataplane/pump-step.h"
#include "errors.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A device or socket that only reports errors is asked again after so many milliseconds. */
#define ERROR_PAUSE_MS 100

typedef struct
{
    Pump *pump;
    pthread_t thread;
    bool running;
    int wake_fd;
    int input_fd;
    unsigned seen; /* the generation of the table that it uses; guarded by the pump's mutex */
} Half;

struct Pump
{
    UdpTransport *transport;
    PumpSender *sender;
    PumpReceiver *receiver;
    Half send;
    Half receive;
    _Atomic (PumpTable *) table;
    _Atomic unsigned generation;
    atomic_bool stopping;
    pthread_mutex_t mutex; /* of the main thread's wait alone */
    pthread_cond_t passed;
};

static void
take_wakes (const Half *half)
{
    uint64_t count;
    (void)!read (half->wake_fd, &count, sizeof count);
}

/*
 * The point at which a thread holds nothing of an earlier table: it takes the one in force, and says so if the main thread
 * changed it.
 */
static const PumpTable *
pass_point (Half *half, unsigned *generation)
{
    Pump *pump = half->pump;
    unsigned now = atomic_load_explicit (&pump->generation, memory_order_acquire);
    const PumpTable *table = atomic_load_explicit (&pump->table, memory_order_acquire);
    if (now == *generation)
        return table;
    *generation = now;
    take_wakes (half);
    pthread_mutex_lock (&pump->mutex);
    half->seen = now;
    pthread_cond_signal (&pump->passed);
    pthread_mutex_unlock (&pump->mutex);
    return table;
}

static void
wait_for_input (const Half *half)
{
    struct pollfd fds[] = {
        { .fd = half->input_fd, .events = POLLIN },
        { .fd = half->wake_fd, .events = POLLIN },
    };
    if (poll (fds, G_N_ELEMENTS (fds), -1) <= 0)
        return;
    if (fds[1].revents != 0)
        take_wakes (half);
    if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0)
        return;
    udp_transport_take_errors (half->pump->transport);
    /* An ICMP error is off the socket now; a device that was taken away stays an error, and must not keep us busy. */
    if (poll (fds, 1, 0) > 0 && (fds[0].revents & POLLIN) == 0)
        poll (fds + 1, 1, ERROR_PAUSE_MS);
}

static void *
run_sender (void *data)
{
    Half *half = data;
    Pump *pump = half->pump;
    unsigned generation = 0;
    pthread_setname_np (pthread_self (), "outrider-send");
    while (!atomic_load_explicit (&pump->stopping, memory_order_relaxed))
    {
        unsigned before = generation;
        const PumpTable *table = pass_point (half, &generation);
        if (generation != before)
            pump_sender_renew (pump->sender);
        if (!pump_sender_step (pump->sender, table))
            wait_for_input (half);
    }
    return NULL;
}

static void *
run_receiver (void *data)
{
    Half *half = data;
    Pump *pump = half->pump;
    unsigned generation = 0;
    pthread_setname_np (pthread_self (), "outrider-recv");
    while (!atomic_load_explicit (&pump->stopping, memory_order_relaxed))
    {
        const PumpTable *table = pass_point (half, &generation);
        if (!pump_receiver_step (pump->receiver, table))
            wait_for_input (half);
    }
    return NULL;
}

static void
wake (const Half *half)
{
    uint64_t one = 1;
    (void)!write (half->wake_fd, &one, sizeof one);
}

static bool
fail (const char *what, int error_number, GError **error)
{
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s: %s", what,
                 g_strerror (error_number));
    return false;
}

static bool
prepare_half (Half *half, Pump *pump, int input_fd, GError **error)
{
    half->pump = pump;
    half->input_fd = input_fd;
    half->wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    return half->wake_fd >= 0 || fail ("cannot make an event", errno, error);
}

/* Signals are the main thread's. */
static bool
start_half (Half *half, void *(*run) (void *), GError **error)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    int failed = pthread_create (&half->thread, NULL, run, half);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return fail ("cannot start a thread", failed, error);
    half->running = true;
    return true;
}

static void
stop_half (Half *half)
{
    if (half->running)
    {
        wake (half);
        pthread_join (half->thread, NULL);
    }
    if (half->wake_fd >= 0)
        close (half->wake_fd);
}

Pump *
pump_new (const TunDevice *device, UdpTransport *transport, PumpTable *table, PumpOffloads offloads,
          GError **error)
{
    g_autoptr (Pump) self = g_new0 (Pump, 1);
    self->transport = transport;
    self->send.wake_fd = self->receive.wake_fd = -1;
    atomic_init (&self->table, table);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->passed, NULL);
    udp_transport_lend (transport);
    if (!prepare_half (&self->send, self, device->fd, error) ||
        !prepare_half (&self->receive, self, udp_transport_get_fd (transport), error))
        return NULL;
    self->sender = pump_sender_new (device, transport, self->send.wake_fd, offloads);
    self->receiver = pump_receiver_new (device, transport, offloads);
    if (!start_half (&self->send, run_sender, error) ||
        !start_half (&self->receive, run_receiver, error))
        return NULL;
    return g_steal_pointer (&self);
}

void
pump_free (Pump *self)
{
    if (self == NULL)
        return;
    atomic_store (&self->stopping, true);
    stop_half (&self->send);
    stop_half (&self->receive);
    pump_sender_free (self->sender);
    pump_receiver_free (self->receiver);
    udp_transport_reclaim (self->transport);
    pump_table_free (atomic_load (&self->table));
    pthread_cond_destroy (&self->passed);
    pthread_mutex_destroy (&self->mutex);
    g_free (self);
}

void
pump_publish (Pump *self, PumpTable *table)
{
    PumpTable *former = atomic_exchange (&self->table, table);
    unsigned generation = atomic_fetch_add (&self->generation, 1) + 1;
    wake (&self->send);
    wake (&self->receive);
    pthread_mutex_lock (&self->mutex);
    while (self->send.seen != generation || self->receive.seen != generation)
        pthread_cond_wait (&self->passed, &self->mutex);
    pthread_mutex_unlock (&self->mutex);
    pump_table_free (former);
}

const PumpTable *
pump_get_table (const Pump *self)
{
    return atomic_load_explicit (&self->table, memory_order_relaxed);
}

static void
add_sent (const PumpCounts *counts, OutriderCounters *counters)
{
    counters->packets_out += pump_counts_get (counts, COUNT_PACKETS);
    counters->octets_out += pump_counts_get (counts, COUNT_OCTETS);
    counters->dropped_by_selectors += pump_counts_get (counts, COUNT_SELECTORS);
    counters->dropped_malformed += pump_counts_get (counts, COUNT_MALFORMED);
    counters->dropped_too_big += pump_counts_get (counts, COUNT_TOO_BIG);
    counters->dropped_exhausted += pump_counts_get (counts, COUNT_EXHAUSTED);
    counters->dropped_by_host += pump_counts_get (counts, COUNT_LOST);
}

static void
add_received (const PumpCounts *counts, OutriderCounters *counters)
{
    counters->packets_in += pump_counts_get (counts, COUNT_PACKETS);
    counters->octets_in += pump_counts_get (counts, COUNT_OCTETS);
    counters->dropped_replayed += pump_counts_get (counts, COUNT_REPLAYED);
    counters->dropped_unverified += pump_counts_get (counts, COUNT_UNVERIFIED);
    counters->dropped_by_selectors += pump_counts_get (counts, COUNT_SELECTORS);
    counters->dropped_malformed += pump_counts_get (counts, COUNT_MALFORMED);
    counters->dropped_by_host += pump_counts_get (counts, COUNT_LOST);
}

void
pump_add_counters (const Pump *self, OutriderCounters *counters)
{
    add_sent (pump_sender_get_counts (self->sender), counters);
    add_received (pump_receiver_get_counts (self->receiver), counters);
    counters->last_in = MAX (counters->last_in, pump_receiver_get_last_in (self->receiver));
}

void
pump_sa_add_counters (const PumpSa *self, OutriderCounters *counters)
{
    add_sent (&self->sent, counters);
    add_received (&self->received, counters);
}
