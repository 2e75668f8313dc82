/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A plan's routes and rules in this kernel, in a network namespace of this process alone: which tables they stand in, and what
 * is taken for a leftover, however many links the host has had before.
 */

#include "errors.h"
#include "network/netlink-guard.h"
#include "network/netlink-routes.h"
#include "support/alone.h"
#include "support/host-root.h"

/* More than 16 bits have. */
#define INDEX 70000
#define INDEX_TEXT "70000"
#define TABLE (NETLINK_TABLES_OF_DEVICES + INDEX)

static NetworkPlan *
make_plan (int index)
{
    NetworkPlan *plan = host_root_make_plan ("inside", index);
    plan->own_table = true;
    return plan;
}

/* How many rules there are; each leads to TABLE. */
static unsigned
count_rules (Netlink *netlink)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GArray) rules = netlink_list_own_rules (netlink, &error);
    g_assert_no_error (error);
    for (guint i = 0; i < rules->len; i++)
        g_assert_cmphex (g_array_index (rules, NetlinkRule, i).table, ==, TABLE);
    return rules->len;
}

static unsigned
count_leftovers (Netlink *netlink)
{
    g_autoptr (GError) error = NULL;
    unsigned count = 0;
    g_assert_true (netlink_routes_count_leftovers (netlink, &count, &error));
    g_assert_no_error (error);
    return count;
}

static void
a_high_number_of_a_link (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (GError) error = NULL;
    g_autoptr (Netlink) netlink = netlink_new (&error);
    g_assert_no_error (error);
    g_autoptr (NetworkPlan) plan = make_plan (INDEX);
    g_assert_true (alone_run_ip ("link add inside index " INDEX_TEXT " type veth peer name other\n"
                                 "address add 10.9.0.1/32 dev inside\n"
                                 "link set inside up"));

    netlink_routes_change (netlink, NULL, plan, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (count_rules (netlink), >, 0);
    g_autoptr (GArray) routes = netlink_list_own_routes (netlink, TABLE);
    g_assert_cmpuint (routes->len, >, 0);

    /* It is no kill switch, so nobody releases it; and no leftover while its link is there. */
    g_autoptr (GPtrArray) guards = netlink_guard_list (netlink, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (guards->len, ==, 0);
    g_assert_true (netlink_guard_lift (netlink, 0, NULL, &error));
    g_assert_cmpuint (count_leftovers (netlink), ==, 0);
    g_assert_true (netlink_routes_remove_leftovers (netlink, &error));
    g_assert_cmpuint (count_rules (netlink), >, 0);

    g_assert_true (alone_run_ip ("link del inside"));
    g_assert_cmpuint (count_leftovers (netlink), >, 0);
    g_assert_true (netlink_routes_remove_leftovers (netlink, &error));
    g_assert_cmpuint (count_rules (netlink), ==, 0);
}

static void
too_high_a_number (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (GError) error = NULL;
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    g_autoptr (NetworkPlan) plan = make_plan (NETLINK_TABLES_MAX);
    g_assert_false (netlink_routes_change (netlink, NULL, plan, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_cmpuint (count_rules (netlink), ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (alone_enter () && alone_run_ip ("link set lo up"),
                        "a network namespace of one's own, and ip(8)");
    g_test_add_func ("/routes/high-number", a_high_number_of_a_link);
    g_test_add_func ("/routes/too-high-number", too_high_a_number);
    return g_test_run ();
}
