/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a monitor tells of links and addresses in a network namespace of this process alone. Its links are "own", which stands
 * for a tunnel's device, and "another". No link's peer is ever up: a carrier that is found late would be news by itself.
 */

#include "errors.h"
#include "network/monitor.h"
#include "support/alone.h"

#include <net/if.h>
#include <sys/resource.h>

enum
{
    PATIENCE = 10, /* seconds */
    BURST = 150,   /* events: more than are read at once, fewer than a socket holds */
    FLOOD = 1000,  /* twice as many events, several times: many more than it holds */
    FLOODS = 5,
};

static const char links[] = "link add own type veth peer name own-peer\n"
                            "link add another type veth peer name another-peer\n"
                            "addr add 10.9.0.1/32 dev own\n"
                            "addr add 192.0.2.7/24 dev another";

/* ---- who listens ---- */

typedef struct
{
    Monitor *monitor;
    unsigned told;
    unsigned disturbed; /* of these */
    bool once;          /* then it has enough */
} Listener;

static void
listener_stop (Listener *self)
{
    g_clear_pointer (&self->monitor, monitor_free);
}

static void
on_changed (bool disturbed, void *data)
{
    Listener *self = data;
    self->told++;
    self->disturbed += disturbed;
    if (self->once)
        listener_stop (self);
}

static void
listener_set_device (Listener *self, const char *device)
{
    int index = (int)if_nametoindex (device);
    g_assert_cmpint (index, >, 0);
    monitor_set_device (self->monitor, index);
}

static void
assert_told (const Listener *self, unsigned told, unsigned disturbed)
{
    g_assert_cmpuint (self->told, ==, told);
    g_assert_cmpuint (self->disturbed, ==, disturbed);
}

/*
 * Both hear of a change in the same turn of the loop. The witness, to whom no device is its own, came later and is the last
 * to tell: what the subject has not told by then, it does not tell.
 */
typedef struct
{
    Listener subject;
    Listener witness;
} Bench;

static Bench *
bench_new (void)
{
    g_autoptr (GError) error = NULL;
    Bench *self = g_new0 (Bench, 1);
    g_assert_true (alone_run_ip (links));
    self->subject.monitor = monitor_new (on_changed, &self->subject, &error);
    g_assert_no_error (error);
    self->witness.monitor = monitor_new (on_changed, &self->witness, &error);
    g_assert_no_error (error);
    return self;
}

static void
bench_free (Bench *self)
{
    listener_stop (&self->subject);
    listener_stop (&self->witness);
    g_free (self);
    g_assert_true (alone_run_ip ("link del another"));
    g_assert_true (if_nametoindex ("own") == 0 || alone_run_ip ("link del own"));
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static gboolean
on_late (void *data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

/* Until what was done to the host is told. */
static void
bench_turn (const Bench *self)
{
    unsigned told = self->witness.told;
    bool late = false;
    guint source = g_timeout_add_seconds (PATIENCE, on_late, &late);
    while (!late && self->witness.told == told)
        g_main_context_iteration (NULL, true);
    g_assert_false (late);
    g_source_remove (source);
}

static void
bench_change (const Bench *self, const char *lines)
{
    g_assert_true (alone_run_ip (lines));
    bench_turn (self);
}

/* ---- what comes and goes ---- */

static void
each_kind_of_change (void)
{
    static const char *const changes[] = {
        "link add third type veth peer name third-peer",
        "link set third mtu 1400",
        "link del third",
        "addr add 192.0.2.8/24 dev another",
        "addr del 192.0.2.7/24 dev another",
        "addr add 2001:db8:1::7/64 dev another",
        "addr del 2001:db8:1::7/64 dev another",
    };
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    for (unsigned i = 0; i < G_N_ELEMENTS (changes); i++)
    {
        g_test_message ("%s", changes[i]);
        bench_change (bench, changes[i]);
        assert_told (&bench->subject, i + 1, 0);
    }
}

static void
burst_is_told_once (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (GString) burst = g_string_new ("link add third type veth peer name third-peer");
    for (unsigned i = 0; i < BURST; i++)
        g_string_append_printf (burst, "\naddr add 198.18.0.%u/32 dev third", i + 1);
    bench_change (bench, burst->str);
    while (g_main_context_iteration (NULL, false))
        ; /* what is left to read */
    assert_told (&bench->subject, 1, 0);
    bench_change (bench, "link del third");
    assert_told (&bench->subject, 2, 0);
    assert_told (&bench->witness, 2, 0);
}

/* ---- a device of one's own ---- */

static void
what_comes_to_ones_own_is_not_told (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    listener_set_device (&bench->subject, "own");
    bench_change (bench, "addr add 10.9.0.2/32 dev own\naddr add 2001:db8:9::1/128 dev own");
    assert_told (&bench->subject, 0, 0);
    bench_change (bench, "addr add 192.0.2.8/24 dev another");
    assert_told (&bench->subject, 1, 0);
}

static void
ones_own_is_made_ready (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    listener_set_device (&bench->subject, "own");
    bench_change (bench, "link set own mtu 1400");
    bench_change (bench, "link set own up");
    bench_change (bench, "link set own mtu 1380");
    assert_told (&bench->subject, 0, 0);

    /* It was there before anybody could say whose it is. */
    g_assert_true (alone_run_ip ("link add third type veth peer name third-peer"));
    listener_set_device (&bench->subject, "third");
    bench_turn (bench);
    assert_told (&bench->subject, 1, 0);
    listener_set_device (&bench->subject, "own");
    bench_change (bench, "link del third");
    assert_told (&bench->subject, 2, 0);
}

static void
ones_own_is_disturbed (void)
{
    static const struct
    {
        const char *before;
        const char *change;
    } changes[] = {
        { "addr add 10.9.0.2/32 dev own", "addr del 10.9.0.1/32 dev own" },
        { "addr add 2001:db8:9::1/128 dev own", "addr del 2001:db8:9::1/128 dev own" },
        { "addr del 10.9.0.1/32 dev own\nlink set own up", "link set own down" },
        { "addr del 10.9.0.1/32 dev own", "link del own" },
    };
    if (!alone_is_possible ())
        return;
    for (size_t i = 0; i < G_N_ELEMENTS (changes); i++)
    {
        g_test_message ("%s", changes[i].change);
        g_autoptr (Bench) bench = bench_new ();
        bench_change (bench, changes[i].before);
        assert_told (&bench->subject, 1, 0);
        listener_set_device (&bench->subject, "own");
        bench_change (bench, changes[i].change);
        assert_told (&bench->subject, 2, 1);
        bench_change (bench, "addr add 192.0.2.8/24 dev another");
        assert_told (&bench->subject, 3, 1);
        g_assert_cmpuint (bench->witness.disturbed, ==, 0);
    }
}

static void
both_in_one_burst (void)
{
    static const char *const changes[] = {
        "addr add 192.0.2.8/24 dev another\naddr del 10.9.0.1/32 dev own",
        "addr del 10.9.0.2/32 dev own\naddr add 192.0.2.9/24 dev another",
    };
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    listener_set_device (&bench->subject, "own");
    bench_change (bench, "addr add 10.9.0.2/32 dev own");
    for (unsigned i = 0; i < G_N_ELEMENTS (changes); i++)
    {
        bench_change (bench, changes[i]);
        assert_told (&bench->subject, i + 1, i + 1);
    }
}

static void
ones_own_no_more (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    listener_set_device (&bench->subject, "own");
    monitor_set_device (bench->subject.monitor, 0);
    bench_change (bench, "addr add 10.9.0.2/32 dev own");
    assert_told (&bench->subject, 1, 0);
    bench_change (bench, "link del own");
    assert_told (&bench->subject, 2, 0);
}

static void
two_monitors (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    listener_set_device (&bench->subject, "own");
    listener_set_device (&bench->witness, "another");
    bench_change (bench, "addr add 10.9.0.2/32 dev own");
    assert_told (&bench->subject, 0, 0);
    assert_told (&bench->witness, 1, 0);
    bench_change (bench, "addr del 10.9.0.2/32 dev own");
    assert_told (&bench->subject, 1, 1);
    assert_told (&bench->witness, 2, 0);
    bench_change (bench, "addr del 192.0.2.7/24 dev another");
    assert_told (&bench->subject, 2, 1);
    assert_told (&bench->witness, 3, 1);
}

/* ---- too much ---- */

static void
flood_is_a_disturbance (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (GString) flood = g_string_new (NULL);
    for (unsigned i = 0; i < FLOOD; i++)
        g_string_append (flood, "addr add 192.0.2.8/24 dev another\n"
                                "addr del 192.0.2.8/24 dev another\n");
    for (unsigned i = 0; i < FLOODS; i++)
        g_assert_true (alone_run_ip (flood->str));
    bench_turn (bench);
    assert_told (&bench->subject, 1, 1);
    assert_told (&bench->witness, 1, 1);

    /* What comes later is heard. */
    bench_change (bench, "link del own");
    assert_told (&bench->subject, 2, 1);
}

/* ---- the end ---- */

static void
nothing_after_the_end (void)
{
    if (!alone_is_possible ())
        return;
    for (int read = false; read <= true; read++)
    {
        g_autoptr (Bench) bench = bench_new ();
        g_assert_true (alone_run_ip ("addr add 192.0.2.8/24 dev another"));
        if (read)
            g_assert_true (g_main_context_iteration (NULL, false));
        listener_stop (&bench->subject);
        bench_turn (bench);
        assert_told (&bench->subject, 0, 0);
    }
}

static void
whom_it_tells_ends_it (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    bench->subject.once = true;
    bench_change (bench, "addr add 192.0.2.8/24 dev another");
    bench_change (bench, "addr add 192.0.2.9/24 dev another");
    assert_told (&bench->subject, 1, 0);
}

static void
kernel_refuses (void)
{
    g_autoptr (GError) error = NULL;
    struct rlimit before;
    g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
    struct rlimit none = { .rlim_cur = 0, .rlim_max = before.rlim_max };
    g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
    g_autoptr (Monitor) monitor = monitor_new (on_changed, NULL, &error);
    g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
    g_assert_null (monitor);
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (alone_enter () && alone_run_ip (links) &&
                            alone_run_ip ("link del own\nlink del another"),
                        "a network namespace of one's own, with veth links, and ip(8)");
    g_test_add_func ("/monitor/each-kind", each_kind_of_change);
    g_test_add_func ("/monitor/burst", burst_is_told_once);
    g_test_add_func ("/monitor/own-comes", what_comes_to_ones_own_is_not_told);
    g_test_add_func ("/monitor/own-made-ready", ones_own_is_made_ready);
    g_test_add_func ("/monitor/own-disturbed", ones_own_is_disturbed);
    g_test_add_func ("/monitor/both", both_in_one_burst);
    g_test_add_func ("/monitor/own-no-more", ones_own_no_more);
    g_test_add_func ("/monitor/two", two_monitors);
    g_test_add_func ("/monitor/flood", flood_is_a_disturbance);
    g_test_add_func ("/monitor/end", nothing_after_the_end);
    g_test_add_func ("/monitor/end-by-whom-it-tells", whom_it_tells_ends_it);
    g_test_add_func ("/monitor/refused", kernel_refuses);
    return g_test_run ();
}
