/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-routes.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

enum
{
    PRIORITY_BASE = 20340, /* of the first device's rules; so many for each */
    PRIORITY_STEP = 4,
    PRIORITY_DEVICES = 512,
    DNS_PORT = 53,
    METRIC_SPLIT =
        20340, /* in the main table, plus the device's index: far behind everybody else's */
    METRIC_LAST = INT32_MAX,
    TABLE_BASE = NETLINK_OUTER_MARK << 16, /* plus the device's index */
};

static const IpFamily families[] = { IP_V4, IP_V6 };

/* What a plan puts into the kernel. */
typedef struct
{
    GArray *routes; /* NetlinkRoute */
    GArray *rules;  /* NetlinkRule */
} State;

static void
state_clear (State *self)
{
    g_array_unref (self->routes);
    g_array_unref (self->rules);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (State, state_clear)

static uint32_t
get_priority (uint32_t device_index)
{
    return PRIORITY_BASE + PRIORITY_STEP * (device_index % PRIORITY_DEVICES);
}

static uint32_t
get_table (const NetworkPlan *plan)
{
    return plan->own_table ? TABLE_BASE + (uint32_t)plan->device_index : RT_TABLE_MAIN;
}

static IpAddress
get_source (const NetworkPlan *plan, IpFamily family)
{
    for (guint i = 0; i < plan->addresses->len; i++)
    {
        const IpPrefix *address = &g_array_index (plan->addresses, IpPrefix, i);
        if (address->address.family == family)
            return address->address;
    }
    return (IpAddress){ 0 };
}

static void
list_routes (const NetworkPlan *plan, GArray *routes)
{
    uint32_t table = get_table (plan);
    for (guint i = 0; i < plan->routes->len; i++)
    {
        const IpPrefix *destination = &g_array_index (plan->routes, IpPrefix, i);
        NetlinkRoute route = {
            .kind = NETLINK_ROUTE_DEVICE,
            .destination = *destination,
            .table = table,
            .device_index = plan->device_index,
            .source = get_source (plan, destination->address.family),
            .metric = plan->own_table ? 0 : METRIC_SPLIT + (uint32_t)plan->device_index,
        };
        g_array_append_val (routes, route);
    }
    for (guint i = 0; i < plan->excludes->len; i++)
    {
        NetlinkRoute route = { .kind = NETLINK_ROUTE_THROW,
                               .destination = g_array_index (plan->excludes, IpPrefix, i),
                               .table = table };
        g_array_append_val (routes, route);
    }
    if (plan->block_v6)
    {
        NetlinkRoute route = { .kind = NETLINK_ROUTE_PROHIBIT,
                               .destination = { .address = { .family = IP_V6 } },
                               .table = table,
                               .metric = METRIC_LAST };
        g_array_append_val (routes, route);
    }
}

/*
 * Whatever a resolver thinks of other links' servers, or somebody writes into its file meanwhile: questions go through the
 * tunnel that takes all traffic. A profile that leaves the resolver alone leaves its questions alone, too.
 */
static void
list_name_rules (const NetworkPlan *plan, IpFamily family, GArray *rules)
{
    static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
    bool full = family == IP_V6 ? plan->full_v6 || plan->block_v6 : plan->full_v4;
    for (size_t i = 0; full && plan->guard_dns && i < 2 * G_N_ELEMENTS (protocols); i++)
    {
        uint32_t refuses = i % 2;
        NetlinkRule rule = { .family = family,
                             .priority = get_priority ((uint32_t)plan->device_index) + refuses,
                             .table = get_table (plan),
                             .suppress_length = -1,
                             .ip_protocol = protocols[i / 2],
                             .port = DNS_PORT,
                             .refuses = refuses != 0 };
        g_array_append_val (rules, rule);
    }
}

static void
list_rules (const NetworkPlan *plan, GArray *rules)
{
    uint32_t priority = get_priority ((uint32_t)plan->device_index);
    for (size_t f = 0; plan->own_table && f < G_N_ELEMENTS (families); f++)
    {
        bool blocked = plan->block_v6 && families[f] == IP_V6;
        int widest = blocked ? 0 : network_find_widest (plan->routes, families[f]);
        if (widest < 0)
            continue;
        NetlinkRule nearer = { .family = families[f],
                               .priority = priority + 2,
                               .table = RT_TABLE_MAIN,
                               .suppress_length = widest };
        NetlinkRule ours = { .family = families[f],
                             .priority = priority + 3,
                             .table = get_table (plan),
                             .not_mark = NETLINK_OUTER_MARK,
                             .suppress_length = -1 };
        list_name_rules (plan, families[f], rules);
        if (plan->lan)
            g_array_append_val (rules, nearer);
        g_array_append_val (rules, ours);
    }
}

static State
state_of (const NetworkPlan *plan)
{
    State state = {
        .routes = g_array_new (false, false, sizeof (NetlinkRoute)),
        .rules = g_array_new (false, false, sizeof (NetlinkRule)),
    };
    if (plan == NULL)
        return state;
    list_routes (plan, state.routes);
    list_rules (plan, state.rules);
    return state;
}

/* ---- from one to another ---- */

static guint
hash_route (gconstpointer key)
{
    const NetlinkRoute *route = key;
    guint hash = route->destination.length + 31 * route->table;
    for (size_t i = 0; i < ip_family_size (route->destination.address.family); i++)
        hash = 31 * hash + route->destination.address.octets[i];
    return hash;
}

static gboolean
same_route (gconstpointer a, gconstpointer b)
{
    const NetlinkRoute *first = a, *second = b;
    return first->kind == second->kind && first->table == second->table &&
           first->device_index == second->device_index && first->metric == second->metric &&
           ip_prefix_equal (&first->destination, &second->destination) &&
           ip_address_equal (&first->source, &second->source);
}

typedef void (*RouteCall) (Netlink *netlink, const NetlinkRoute *route);
typedef void (*RuleCall) (Netlink *netlink, const NetlinkRule *rule);

/* CALLs for all routes of STATE that OTHER has not. */
static void
for_each_other_route (Netlink *netlink, const State *state, const State *other, RouteCall call)
{
    g_autoptr (GHashTable) known = g_hash_table_new (hash_route, same_route);
    for (guint i = 0; i < other->routes->len; i++)
        g_hash_table_add (known, &g_array_index (other->routes, NetlinkRoute, i));
    for (guint i = 0; i < state->routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (state->routes, NetlinkRoute, i);
        if (!g_hash_table_contains (known, route))
            call (netlink, route);
    }
}

static void
for_each_other_rule (Netlink *netlink, const State *state, const State *other, RuleCall call)
{
    for (guint i = 0; i < state->rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (state->rules, NetlinkRule, i);
        if (!netlink_rules_have (other->rules, rule))
            call (netlink, rule);
    }
}

/* Rules stand around their routes in time: they are how leftovers are found. */
bool
netlink_routes_change (Netlink *netlink, const NetworkPlan *from, const NetworkPlan *to,
                       GError **error)
{
    g_auto (State) before = state_of (from);
    g_auto (State) after = state_of (to);
    for_each_other_rule (netlink, &after, &before, netlink_add_rule);
    for_each_other_route (netlink, &after, &before, netlink_add_route);
    bool added = netlink_commit (netlink, false, error);
    for_each_other_route (netlink, &before, &after, netlink_delete_route);
    for_each_other_rule (netlink, &before, &after, netlink_delete_rule);
    return netlink_commit (netlink, true, added ? error : NULL) && added;
}

/* ---- leftovers ---- */

static bool
is_of_device (uint32_t table)
{
    return table >> 16 == NETLINK_OUTER_MARK;
}

static bool
device_exists (uint32_t table)
{
    char name[IF_NAMESIZE];
    return if_indextoname (table - TABLE_BASE, name) != NULL;
}

/* The table that the other rule of RULE's pair leads to; 0: there is none. */
static uint32_t
find_table_of_pair (const GArray *rules, const NetlinkRule *rule)
{
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *other = &g_array_index (rules, NetlinkRule, i);
        if (other->family == rule->family && other->priority == rule->priority + 1 &&
            is_of_device (other->table))
            return other->table;
    }
    return 0;
}

static bool
is_leftover (const GArray *rules, const NetlinkRule *rule)
{
    if (rule->priority < PRIORITY_BASE ||
        rule->priority >= PRIORITY_BASE + PRIORITY_STEP * PRIORITY_DEVICES)
        return false;
    if (rule->table != RT_TABLE_MAIN)
        return is_of_device (rule->table) && !device_exists (rule->table);
    uint32_t table = find_table_of_pair (rules, rule);
    return table == 0 || !device_exists (table);
}

static unsigned
for_each_route_of (Netlink *netlink, uint32_t table, RouteCall call)
{
    g_autoptr (GArray) routes = netlink_list_own_blackholes (netlink, table);
    for (guint i = 0; i < routes->len; i++)
        call (netlink, &g_array_index (routes, NetlinkRoute, i));
    return routes->len;
}

/* Gives each to its call; how many. False: the kernel does not tell. */
static bool
for_each_leftover (Netlink *netlink, RouteCall route_call, RuleCall rule_call, unsigned *ret_count,
                   GError **error)
{
    g_autoptr (GArray) rules = netlink_list_own_rules (netlink, error);
    if (rules == NULL)
        return false;
    g_autoptr (GHashTable) tables = g_hash_table_new (NULL, NULL);
    unsigned count = 0;
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (rules, NetlinkRule, i);
        if (!is_leftover (rules, rule))
            continue;
        if (is_of_device (rule->table) && g_hash_table_add (tables, GUINT_TO_POINTER (rule->table)))
            count += for_each_route_of (netlink, rule->table, route_call);
        rule_call (netlink, rule);
        count++;
    }
    *ret_count = count;
    return true;
}

bool
netlink_routes_remove_leftovers (Netlink *netlink, GError **error)
{
    unsigned count;
    return for_each_leftover (netlink, netlink_delete_route, netlink_delete_rule, &count, error) &&
           netlink_commit (netlink, true, error);
}

static void
leave_route (Netlink *netlink, const NetlinkRoute *route)
{
}

static void
leave_rule (Netlink *netlink, const NetlinkRule *rule)
{
}

bool
netlink_routes_count_leftovers (Netlink *netlink, unsigned *ret_count, GError **error)
{
    return for_each_leftover (netlink, leave_route, leave_rule, ret_count, error);
}

/* ---- is it so? ---- */

static bool
is_excluded (const NetworkPlan *plan, const IpAddress *address)
{
    for (guint i = 0; i < plan->excludes->len; i++)
        if (ip_prefix_contains (&g_array_index (plan->excludes, IpPrefix, i), address))
            return true;
    return false;
}

static void
check_route (Netlink *netlink, const NetworkPlan *plan, const IpPrefix *route, GPtrArray *sentences)
{
    NetlinkWay way;
    char device[IF_NAMESIZE] = "";
    if (route->length == 0 || is_excluded (plan, &route->address) ||
        !netlink_find_way (netlink, &route->address, NULL, 0, &way) || way.type != RTN_UNICAST ||
        way.device_index == plan->device_index ||
        if_indextoname ((unsigned)way.device_index, device) == NULL)
        return;
    g_autofree char *network = ip_prefix_format (route);
    g_ptr_array_add (sentences,
                     g_strdup_printf ("%s stays with %s, which had it before", network, device));
}

static void
check_exclude (Netlink *netlink, const NetworkPlan *plan, const IpPrefix *exclude,
               GPtrArray *sentences)
{
    NetlinkWay way;
    bool found = netlink_find_way (netlink, &exclude->address, NULL, 0, &way);
    if (found && way.device_index != plan->device_index)
        return;
    g_autofree char *network = ip_prefix_format (exclude);
    g_ptr_array_add (sentences,
                     g_strdup_printf (found ? "the excluded network %s leads into the tunnel"
                                            : "the excluded network %s has no way outside",
                                      network));
}

GPtrArray *
netlink_routes_check (Netlink *netlink, const NetworkPlan *plan)
{
    GPtrArray *sentences = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < MIN (plan->routes->len, NETLINK_ROUTES_CHECKED); i++)
        check_route (netlink, plan, &g_array_index (plan->routes, IpPrefix, i), sentences);
    for (guint i = 0; i < MIN (plan->excludes->len, NETLINK_ROUTES_CHECKED); i++)
        check_exclude (netlink, plan, &g_array_index (plan->excludes, IpPrefix, i), sentences);
    return sentences;
}
