/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Kill switches in this kernel, in a network namespace of this process alone: each owner has its own, wherever it must stand.
 */

#include "network/netlink-guard.h"
#include "support/alone.h"

#include <linux/rtnetlink.h>

#define TABLE(number) (NETLINK_TABLES_OF_GUARDS + (number))
#define PRIORITY(number) (22400u + (number) % 2048)

/* Their tables have the same number by right; the last one that there is. */
#define FIRST 0x1111111100000007
#define SECOND 0x2222222200000007
#define THIRD 0x3333333300000007
#define LAST 0x111111110000ffff
#define BEYOND 0x222222220000ffff

static IpPrefix
prefix (const char *text)
{
    IpPrefix parsed;
    g_assert_true (ip_prefix_parse (text, &parsed));
    return parsed;
}

/* REFUSED: NULL: nothing. */
static void
set (Netlink *netlink, uint64_t owner, const char *refused)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (NetworkGuard) guard = g_new0 (NetworkGuard, 1);
    guard->owner = owner;
    guard->refused = g_array_new (false, false, sizeof (IpPrefix));
    guard->attached = g_array_new (false, false, sizeof (LocalNetwork));
    guard->open = g_array_new (false, false, sizeof (IpPrefix));
    IpPrefix open = prefix ("10.77.0.9/32");
    g_array_append_val (guard->open, open);
    IpPrefix network = refused != NULL ? prefix (refused) : open;
    if (refused != NULL)
        g_array_append_val (guard->refused, network);
    netlink_guard_set (netlink, guard, &error);
    g_assert_no_error (error);
}

static void
lift (Netlink *netlink, uint64_t owner, unsigned expected)
{
    g_autoptr (GError) error = NULL;
    unsigned lifted = 0;
    g_assert_true (netlink_guard_lift (netlink, owner, &lifted, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (lifted, ==, expected);
}

/* "10.0.0.0/8 ::/0": what all guards of OWNER refuse; NULL: it has none. */
static char *
get_refused (Netlink *netlink, uint64_t owner)
{
    g_autoptr (GPtrArray) guards = netlink_guard_list (netlink, NULL);
    g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
    unsigned found = 0;
    g_assert_nonnull (guards);
    for (guint i = 0; i < guards->len; i++)
    {
        const NetworkGuard *guard = guards->pdata[i];
        if (guard->owner != owner)
            continue;
        found++;
        for (guint k = 0; k < guard->refused->len; k++)
            g_ptr_array_add (words,
                             ip_prefix_format (&g_array_index (guard->refused, IpPrefix, k)));
        g_assert_cmpuint (guard->open->len, <=, 1); /* its mark is none of it */
    }
    g_ptr_array_add (words, NULL);
    return found > 0 ? g_strjoinv (" ", (char **)words->pdata) : NULL;
}

static void
assert_refused (Netlink *netlink, uint64_t owner, const char *expected)
{
    g_autofree char *refused = get_refused (netlink, owner);
    g_assert_cmpstr (refused, ==, expected);
}

/* Whether a rule leads to the table of NUMBER. */
static bool
is_in_use (Netlink *netlink, uint32_t number)
{
    g_autoptr (GArray) rules = netlink_list_own_rules (netlink, NULL);
    g_assert_nonnull (rules);
    for (guint i = 0; i < rules->len; i++)
        if (g_array_index (rules, NetlinkRule, i).table == TABLE (number))
            return true;
    return false;
}

/* Everything goes with a release of all, and nothing is left in the tables that were used. */
static void
assert_lifted (Netlink *netlink, unsigned expected)
{
    static const uint32_t numbers[] = { 7, 8, 9, 0xffff, 0 };
    lift (netlink, 0, expected);
    g_autoptr (GArray) rules = netlink_list_own_rules (netlink, NULL);
    g_assert_cmpuint (rules->len, ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
        g_autoptr (GArray) routes = netlink_list_own_routes (netlink, TABLE (numbers[i]));
        g_assert_cmpuint (routes->len, ==, 0);
    }
}

/* As somebody else wrote it, or a process that did not come to its end. */
static void
write_rule (Netlink *netlink, uint32_t number)
{
    g_autoptr (GError) error = NULL;
    NetlinkRule rule = { .family = IP_V4,
                         .priority = PRIORITY (number),
                         .table = TABLE (number),
                         .not_mark = NETLINK_OUTER_MARK };
    netlink_add_rule (netlink, &rule);
    netlink_commit (netlink, false, &error);
    g_assert_no_error (error);
}

static void
write_route (Netlink *netlink, uint32_t number, NetlinkRouteKind kind, const char *destination,
             uint32_t metric, uint64_t owner)
{
    g_autoptr (GError) error = NULL;
    NetlinkRoute route = { .kind = kind,
                           .destination = prefix (destination),
                           .table = TABLE (number),
                           .metric = metric,
                           .owner = owner };
    netlink_add_route (netlink, &route);
    netlink_commit (netlink, false, &error);
    g_assert_no_error (error);
}

static void
write_mark (Netlink *netlink, uint32_t number, uint64_t owner)
{
    write_route (netlink, number, NETLINK_ROUTE_THROW, "0.0.0.0/32", 20341, owner);
}

/* ---- each has its own ---- */

static void
one_comes_and_goes (Netlink *netlink)
{
    set (netlink, FIRST, NULL);
    assert_refused (netlink, FIRST, NULL);
    set (netlink, FIRST, "10.77.0.0/24");
    g_assert_true (is_in_use (netlink, 7));
    assert_refused (netlink, FIRST, "10.77.0.0/24");
    set (netlink, FIRST, NULL);
    assert_refused (netlink, FIRST, "10.77.0.0/24");
    set (netlink, FIRST, "fd00::/16");
    assert_refused (netlink, FIRST, "fd00::/16");
    lift (netlink, SECOND, 0);
    lift (netlink, FIRST, 1);
    assert_refused (netlink, FIRST, NULL);
    assert_lifted (netlink, 0);
}

static void
same_number (Netlink *netlink)
{
    set (netlink, FIRST, "10.1.0.0/16");
    set (netlink, SECOND, "10.2.0.0/16");
    set (netlink, THIRD, "10.3.0.0/16");
    g_assert_true (is_in_use (netlink, 7) && is_in_use (netlink, 8) && is_in_use (netlink, 9));
    assert_refused (netlink, FIRST, "10.1.0.0/16");
    assert_refused (netlink, SECOND, "10.2.0.0/16");
    assert_refused (netlink, THIRD, "10.3.0.0/16");
    lift (netlink, FIRST, 1);
    set (netlink, THIRD, "10.33.0.0/16"); /* it stays where it is, though the number is free now */
    assert_refused (netlink, FIRST, NULL);
    assert_refused (netlink, SECOND, "10.2.0.0/16");
    assert_refused (netlink, THIRD, "10.33.0.0/16");
    g_assert_false (is_in_use (netlink, 7));
    lift (netlink, SECOND, 1);
    assert_refused (netlink, THIRD, "10.33.0.0/16");
    assert_lifted (netlink, 1);
}

static void
behind_the_last_number (Netlink *netlink)
{
    set (netlink, LAST, "10.1.0.0/16");
    set (netlink, BEYOND, "10.2.0.0/16");
    g_assert_true (is_in_use (netlink, 0xffff) && is_in_use (netlink, 0));
    assert_refused (netlink, LAST, "10.1.0.0/16");
    assert_refused (netlink, BEYOND, "10.2.0.0/16");
    lift (netlink, BEYOND, 1);
    assert_refused (netlink, LAST, "10.1.0.0/16");
    assert_lifted (netlink, 1);
}

/* ---- what others left ---- */

static void
without_a_mark (Netlink *netlink)
{
    write_rule (netlink, 7);
    write_route (netlink, 7, NETLINK_ROUTE_PROHIBIT, "10.9.0.0/16", 20340, 0);
    set (netlink, FIRST, "10.1.0.0/16");
    assert_refused (netlink, 0, "10.9.0.0/16");
    assert_refused (netlink, FIRST, "10.1.0.0/16");
    lift (netlink, FIRST, 1);
    assert_refused (netlink, 0, "10.9.0.0/16");
    assert_lifted (netlink, 1);
}

static void
half_written (Netlink *netlink)
{
    write_rule (netlink, 7);
    write_mark (netlink, 7, FIRST);
    assert_refused (netlink, FIRST, "");
    set (netlink, FIRST, NULL);
    assert_refused (netlink, FIRST, "");
    set (netlink, FIRST, "10.1.0.0/16");
    assert_refused (netlink, FIRST, "10.1.0.0/16");
    g_assert_false (is_in_use (netlink, 8));
    assert_lifted (netlink, 1);
}

static void
mark_without_a_rule (Netlink *netlink)
{
    write_mark (netlink, 7, SECOND);
    set (netlink, FIRST, "10.1.0.0/16");
    g_assert_true (is_in_use (netlink, 8));
    assert_refused (netlink, FIRST, "10.1.0.0/16");
    set (netlink, SECOND, "10.2.0.0/16");
    assert_refused (netlink, SECOND, "10.2.0.0/16");
    lift (netlink, FIRST, 1);
    assert_refused (netlink, SECOND, "10.2.0.0/16");
    assert_lifted (netlink, 1);
}

/* ---- at once ---- */

enum
{
    STARTERS = 6,
    ROUNDS = 20,
};

typedef struct
{
    GMutex mutex;
    GCond changed;
    unsigned ready;
    bool go;
} Gate;

typedef struct
{
    Gate *gate;
    unsigned number;
} Starter;

static uint64_t
get_owner (unsigned starter)
{
    return (uint64_t)(starter + 1) << 32 | 7;
}

static char *
get_network (unsigned starter)
{
    return g_strdup_printf ("10.%u.0.0/16", starter);
}

static void *
start (void *data)
{
    const Starter *self = data;
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    g_autofree char *network = get_network (self->number);
    g_mutex_lock (&self->gate->mutex);
    self->gate->ready++;
    g_cond_broadcast (&self->gate->changed);
    while (!self->gate->go)
        g_cond_wait (&self->gate->changed, &self->gate->mutex);
    g_mutex_unlock (&self->gate->mutex);
    set (netlink, get_owner (self->number), network);
    return NULL;
}

static void
start_all (void)
{
    Gate gate = { 0 };
    GThread *threads[STARTERS];
    Starter starters[STARTERS];
    g_mutex_init (&gate.mutex);
    g_cond_init (&gate.changed);
    for (unsigned i = 0; i < STARTERS; i++)
    {
        starters[i] = (Starter){ &gate, i };
        threads[i] = g_thread_new ("starter", start, &starters[i]);
    }
    g_mutex_lock (&gate.mutex);
    while (gate.ready < STARTERS)
        g_cond_wait (&gate.changed, &gate.mutex);
    gate.go = true;
    g_cond_broadcast (&gate.changed);
    g_mutex_unlock (&gate.mutex);
    for (unsigned i = 0; i < STARTERS; i++)
        g_thread_join (threads[i]);
    g_cond_clear (&gate.changed);
    g_mutex_clear (&gate.mutex);
}

static void
at_the_same_moment (Netlink *netlink)
{
    for (unsigned round = 0; round < ROUNDS; round++)
    {
        start_all ();
        for (unsigned i = 0; i < STARTERS; i++)
        {
            g_autofree char *network = get_network (i);
            assert_refused (netlink, get_owner (i), network);
        }
        assert_lifted (netlink, STARTERS);
    }
}

static const struct
{
    const char *path;
    void (*run) (Netlink *netlink);
} tests[] = {
    { "/guard/comes-and-goes", one_comes_and_goes },
    { "/guard/same-number", same_number },
    { "/guard/behind-the-last-number", behind_the_last_number },
    { "/guard/without-a-mark", without_a_mark },
    { "/guard/half-written", half_written },
    { "/guard/mark-without-a-rule", mark_without_a_rule },
    { "/guard/at-the-same-moment", at_the_same_moment },
};

static void
with_netlink (gconstpointer data)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    tests[GPOINTER_TO_SIZE (data)].run (netlink);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (alone_enter (), "a network namespace of one's own");
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
        g_test_add_data_func (tests[i].path, GSIZE_TO_POINTER (i), with_netlink);
    return g_test_run ();
}
