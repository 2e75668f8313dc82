/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-guard.h"

#include "network/netlink-routes.h"

#include <linux/rtnetlink.h>

enum
{
    PRIORITY_BASE = 22400, /* behind every tunnel's rules */
    PRIORITIES = 2048,
    METRIC_REFUSED = 20340, /* behind the route to an attached network of the same width */
    TABLE_BASE = (NETLINK_OUTER_MARK + 1) << 16, /* plus the guard's number */
};

static const IpFamily families[] = { IP_V4, IP_V6 };

/* ---- what a guard is in the kernel ---- */

static uint32_t
get_table (uint16_t number)
{
    return TABLE_BASE + (uint32_t)number;
}

static bool
is_of_guard (uint32_t table)
{
    return table >> 16 == NETLINK_OUTER_MARK + 1;
}

static uint32_t
get_priority (uint16_t number)
{
    return PRIORITY_BASE + number % PRIORITIES;
}

static NetlinkRoute
route_of (const NetworkGuard *guard, NetlinkRouteKind kind, const IpPrefix *destination)
{
    return (NetlinkRoute){ .kind = kind,
                           .destination = *destination,
                           .table = get_table (guard->number) };
}

/* Attached networks, where REFUSED has them inside. */
static void
list_attached (const NetworkGuard *guard, const GArray *refused, GArray *routes)
{
    g_autoptr (GArray) inside = g_array_new (false, false, sizeof (LocalNetwork));
    for (guint i = 0; i < guard->attached->len; i++)
    {
        const LocalNetwork *network = &g_array_index (guard->attached, LocalNetwork, i);
        if (network_is_inside (network, refused))
            g_array_append_vals (inside, network, 1);
    }
    netlink_routes_copy_attached (inside, get_table (guard->number), routes);
}

static void
list_routes (const NetworkGuard *guard, const GArray *refused, GArray *routes)
{
    for (guint i = 0; i < refused->len; i++)
    {
        NetlinkRoute route =
            route_of (guard, NETLINK_ROUTE_PROHIBIT, &g_array_index (refused, IpPrefix, i));
        route.metric = METRIC_REFUSED;
        g_array_append_val (routes, route);
    }
    for (guint i = 0; i < guard->open->len; i++)
    {
        NetlinkRoute route =
            route_of (guard, NETLINK_ROUTE_THROW, &g_array_index (guard->open, IpPrefix, i));
        g_array_append_val (routes, route);
    }
}

static void
list_rules (const NetworkGuard *guard, const GArray *refused, GArray *rules)
{
    for (size_t f = 0; f < G_N_ELEMENTS (families); f++)
    {
        NetlinkRule ours = { .family = families[f],
                             .priority = get_priority (guard->number),
                             .table = get_table (guard->number),
                             .not_mark = NETLINK_OUTER_MARK };
        if (network_has_family (refused, families[f]))
            g_array_append_val (rules, ours);
    }
}

/* ---- what is there ---- */

static GArray *
find_rules (Netlink *netlink, uint16_t number, GError **error)
{
    g_autoptr (GArray) all = netlink_list_own_rules (netlink, error);
    if (all == NULL)
        return NULL;
    GArray *rules = g_array_new (false, false, sizeof (NetlinkRule));
    for (guint i = 0; i < all->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (all, NetlinkRule, i);
        if (rule->table == get_table (number))
            g_array_append_vals (rules, rule, 1);
    }
    return rules;
}

static bool
has_route (const GArray *routes, const NetlinkRoute *wanted)
{
    for (guint i = 0; i < routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (routes, NetlinkRoute, i);
        if (route->kind == wanted->kind && route->device_index == wanted->device_index &&
            (route->kind != NETLINK_ROUTE_DEVICE || route->metric == wanted->metric) &&
            ip_address_equal (&route->source, &wanted->source) &&
            ip_prefix_equal (&route->destination, &wanted->destination))
            return true;
    }
    return false;
}

/* ---- calls ---- */

static GArray *
list_refused (const GArray *routes)
{
    GArray *refused = g_array_new (false, false, sizeof (IpPrefix));
    for (guint i = 0; i < routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (routes, NetlinkRoute, i);
        if (route->kind == NETLINK_ROUTE_PROHIBIT)
            g_array_append_val (refused, route->destination);
    }
    return refused;
}

typedef void (*RouteCall) (Netlink *netlink, const NetlinkRoute *route);

/* CALLs for all of ROUTES that are not among OTHERS, either for those to attached networks or for the rest. */
static void
for_each_other_route (Netlink *netlink, const GArray *routes, const GArray *others, bool attached,
                      RouteCall call)
{
    for (guint i = 0; i < routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (routes, NetlinkRoute, i);
        if ((route->kind == NETLINK_ROUTE_DEVICE) == attached && !has_route (others, route))
            call (netlink, route);
    }
}

static void
for_each_other_rule (Netlink *netlink, const GArray *rules, const GArray *others,
                     void (*call) (Netlink *netlink, const NetlinkRule *rule))
{
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (rules, NetlinkRule, i);
        if (!netlink_rules_have (others, rule))
            call (netlink, rule);
    }
}

bool
netlink_guard_set (Netlink *netlink, const NetworkGuard *guard, GError **error)
{
    g_autoptr (GArray) routes = g_array_new (false, false, sizeof (NetlinkRoute));
    g_autoptr (GArray) rules = g_array_new (false, false, sizeof (NetlinkRule));
    g_autoptr (GArray) old_routes = netlink_list_own_routes (netlink, get_table (guard->number));
    g_autoptr (GArray) old_rules = find_rules (netlink, guard->number, error);
    if (old_rules == NULL)
        return false;
    g_autoptr (GArray) kept = guard->refused->len == 0 ? list_refused (old_routes) : NULL;
    const GArray *refused = kept != NULL ? kept : guard->refused;
    if (refused->len == 0 && old_rules->len == 0)
        return true;
    list_routes (guard, refused, routes);
    list_attached (guard, refused, routes);
    list_rules (guard, refused, rules);

    for_each_other_rule (netlink, rules, old_rules, netlink_add_rule);
    for_each_other_route (netlink, routes, old_routes, false, netlink_add_route);
    if (!netlink_commit (netlink, false, error))
        return false;
    /* Of two to one network the kernel takes one; what it refuses, a link has taken with it. */
    for_each_other_route (netlink, old_routes, routes, true, netlink_delete_route);
    for_each_other_route (netlink, routes, old_routes, true, netlink_add_route);
    netlink_commit (netlink, true, NULL);
    for_each_other_route (netlink, old_routes, routes, false, netlink_delete_route);
    for_each_other_rule (netlink, old_rules, rules, netlink_delete_rule);
    return netlink_commit (netlink, true, error);
}

static void
lift (Netlink *netlink, const NetworkGuard *guard)
{
    g_autoptr (GArray) rules = find_rules (netlink, guard->number, NULL);
    g_autoptr (GArray) routes = netlink_list_own_routes (netlink, get_table (guard->number));
    for (guint i = 0; i < routes->len; i++)
        netlink_delete_route (netlink, &g_array_index (routes, NetlinkRoute, i));
    for (guint i = 0; rules != NULL && i < rules->len; i++)
        netlink_delete_rule (netlink, &g_array_index (rules, NetlinkRule, i));
}

bool
netlink_guard_lift (Netlink *netlink, uint16_t number, unsigned *ret_lifted, GError **error)
{
    g_autoptr (GPtrArray) guards = netlink_guard_list (netlink, error);
    unsigned lifted = 0;
    for (guint i = 0; guards != NULL && i < guards->len; i++)
    {
        const NetworkGuard *guard = guards->pdata[i];
        if (number != 0 && guard->number != number)
            continue;
        lift (netlink, guard);
        lifted++;
    }
    if (ret_lifted != NULL)
        *ret_lifted = lifted;
    return guards != NULL && netlink_commit (netlink, true, error);
}

static NetworkGuard *
find_or_add (GPtrArray *guards, uint32_t table)
{
    uint16_t number = (uint16_t)(table - TABLE_BASE);
    for (guint i = 0; i < guards->len; i++)
        if (((NetworkGuard *)guards->pdata[i])->number == number)
            return guards->pdata[i];
    NetworkGuard *guard = g_new0 (NetworkGuard, 1);
    guard->number = number;
    guard->refused = g_array_new (false, false, sizeof (IpPrefix));
    guard->attached = g_array_new (false, false, sizeof (LocalNetwork));
    guard->open = g_array_new (false, false, sizeof (IpPrefix));
    g_ptr_array_add (guards, guard);
    return guard;
}

static void
read_guard (Netlink *netlink, NetworkGuard *guard)
{
    g_autoptr (GArray) routes = netlink_list_own_routes (netlink, get_table (guard->number));
    for (guint i = 0; i < routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (routes, NetlinkRoute, i);
        LocalNetwork network = { .prefix = route->destination,
                                 .address = route->source,
                                 .device_index = route->device_index };
        if (route->kind == NETLINK_ROUTE_DEVICE)
            g_array_append_val (guard->attached, network);
        else
            g_array_append_val (route->kind == NETLINK_ROUTE_PROHIBIT ? guard->refused
                                                                      : guard->open,
                                route->destination);
    }
}

GPtrArray *
netlink_guard_list (Netlink *netlink, GError **error)
{
    g_autoptr (GArray) rules = netlink_list_own_rules (netlink, error);
    if (rules == NULL)
        return NULL;
    GPtrArray *guards = g_ptr_array_new_with_free_func ((GDestroyNotify)network_guard_free);
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (rules, NetlinkRule, i);
        if (is_of_guard (rule->table))
            find_or_add (guards, rule->table);
    }
    for (guint i = 0; i < guards->len; i++)
        read_guard (netlink, guards->pdata[i]);
    return guards;
}
