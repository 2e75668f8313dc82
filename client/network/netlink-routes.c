/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-routes.h"

#include "errors.h"

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
};

static const IpFamily families[] = { IP_V4, IP_V6 };

/* What a plan puts into the kernel. */
typedef struct
{
    GArray *attached; /* NetlinkRoute: through others' devices, which may go at any time */
    GArray *routes;   /* NetlinkRoute */
    GArray *rules;    /* NetlinkRule */
} State;

static void
state_clear (State *self)
{
    g_array_unref (self->attached);
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
    return plan->own_table ? NETLINK_TABLES_OF_DEVICES + (uint32_t)plan->device_index
                           : RT_TABLE_MAIN;
}

static uint32_t
get_attached_table (const NetworkPlan *plan)
{
    return NETLINK_TABLES_OF_ATTACHED + (uint32_t)plan->device_index;
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

void
netlink_routes_copy_attached (const GArray *networks, uint32_t table, GArray *routes)
{
    for (guint i = 0; i < networks->len; i++)
    {
        const LocalNetwork *network = &g_array_index (networks, LocalNetwork, i);
        NetlinkRoute route = { .kind = NETLINK_ROUTE_DEVICE,
                               .destination = network->prefix,
                               .table = table,
                               .device_index = network->device_index,
                               .source = network->address,
                               .metric = 1,
                               .next_hops = true };
        for (guint k = 0; k < i; k++)
            if (ip_prefix_equal (&g_array_index (networks, LocalNetwork, k).prefix,
                                 &network->prefix))
                route.metric++;
        g_array_append_val (routes, route);
    }
}

static bool
is_attached (const NetworkPlan *plan, const IpPrefix *prefix)
{
    for (guint i = 0; i < plan->attached->len; i++)
    {
        const IpPrefix *network = &g_array_index (plan->attached, LocalNetwork, i).prefix;
        if (network->length <= prefix->length && ip_prefix_contains (network, &prefix->address))
            return true;
    }
    return false;
}

/* An exclude goes its own way within an attached network, too. */
static void
list_attached (const NetworkPlan *plan, GArray *routes)
{
    uint32_t table = get_attached_table (plan);
    netlink_routes_copy_attached (plan->attached, table, routes);
    for (guint i = 0; i < plan->excludes->len; i++)
    {
        NetlinkRoute route = { .kind = NETLINK_ROUTE_THROW,
                               .destination = g_array_index (plan->excludes, IpPrefix, i),
                               .table = table };
        if (is_attached (plan, &route.destination))
            g_array_append_val (routes, route);
    }
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
            .next_hops = !plan->own_table, /* the router of another LAN is not in the tunnel */
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
        if (!blocked && !network_has_family (plan->routes, families[f]))
            continue;
        NetlinkRule attached = { .family = families[f],
                                 .priority = priority + 2,
                                 .table = get_attached_table (plan),
                                 .not_mark = NETLINK_OUTER_MARK };
        NetlinkRule ours = { .family = families[f],
                             .priority = priority + 3,
                             .table = get_table (plan),
                             .not_mark = NETLINK_OUTER_MARK };
        list_name_rules (plan, families[f], rules);
        if (plan->attached->len > 0)
            g_array_append_val (rules, attached);
        g_array_append_val (rules, ours);
    }
}

static State
state_of (const NetworkPlan *plan)
{
    State state = {
        .attached = g_array_new (false, false, sizeof (NetlinkRoute)),
        .routes = g_array_new (false, false, sizeof (NetlinkRoute)),
        .rules = g_array_new (false, false, sizeof (NetlinkRule)),
    };
    if (plan == NULL)
        return state;
    list_attached (plan, state.attached);
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

/* CALLs for all of ROUTES that are not among OTHERS. */
static void
for_each_other_route (Netlink *netlink, const GArray *routes, const GArray *others, RouteCall call)
{
    g_autoptr (GHashTable) known = g_hash_table_new (hash_route, same_route);
    for (guint i = 0; i < others->len; i++)
        g_hash_table_add (known, &g_array_index (others, NetlinkRoute, i));
    for (guint i = 0; i < routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (routes, NetlinkRoute, i);
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

/*
 * A link of somebody else's may go at any moment, and its route with it: that the kernel refuses a copy then is no failure.
 * What is old goes first here: of two routes to one network that differ by their source alone, the kernel takes one.
 */
static void
change_attached (Netlink *netlink, const State *before, const State *after)
{
    for_each_other_route (netlink, before->attached, after->attached, netlink_delete_route);
    for_each_other_route (netlink, after->attached, before->attached, netlink_add_route);
    netlink_commit (netlink, true, NULL);
}

/* Rules stand around their routes in time: they are how leftovers are found. */
bool
netlink_routes_change (Netlink *netlink, const NetworkPlan *from, const NetworkPlan *to,
                       GError **error)
{
    if (to != NULL && to->own_table && (unsigned)to->device_index >= NETLINK_TABLES_MAX)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                     "%s has the number %d among this host's links, too high for a table of its "
                     "own",
                     to->device, to->device_index);
        return false;
    }
    g_auto (State) before = state_of (from);
    g_auto (State) after = state_of (to);
    for_each_other_rule (netlink, &after, &before, netlink_add_rule);
    bool ruled = netlink_commit (netlink, false, error);
    change_attached (netlink, &before, &after);
    for_each_other_route (netlink, after.routes, before.routes, netlink_add_route);
    bool added = netlink_commit (netlink, false, ruled ? error : NULL) && ruled;
    for_each_other_route (netlink, before.routes, after.routes, netlink_delete_route);
    for_each_other_rule (netlink, &before, &after, netlink_delete_rule);
    return netlink_commit (netlink, true, added ? error : NULL) && added;
}

void
netlink_routes_put_back (Netlink *netlink, const NetworkPlan *plan, bool everything)
{
    g_auto (State) wanted = state_of (plan);
    g_auto (State) nothing = state_of (NULL);
    if (everything)
        for_each_other_rule (netlink, &wanted, &nothing, netlink_add_rule);
    for_each_other_route (netlink, wanted.attached, nothing.attached, netlink_add_route);
    if (everything)
        for_each_other_route (netlink, wanted.routes, nothing.routes, netlink_add_route);
    netlink_commit (netlink, true, NULL); /* most of it is there */
}

/* ---- leftovers ---- */

static bool
is_of_device (uint32_t table)
{
    return netlink_table_is_among (table, NETLINK_TABLES_OF_DEVICES) ||
           netlink_table_is_among (table, NETLINK_TABLES_OF_ATTACHED);
}

static bool
device_exists (uint32_t table)
{
    char name[IF_NAMESIZE];
    return if_indextoname (table % NETLINK_TABLES_MAX, name) != NULL;
}

static bool
is_leftover (const NetlinkRule *rule)
{
    return is_of_device (rule->table) && !device_exists (rule->table);
}

static unsigned
for_each_route_of (Netlink *netlink, uint32_t table, RouteCall call)
{
    g_autoptr (GArray) routes = netlink_list_own_routes (netlink, table);
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
        if (!is_leftover (rule))
            continue;
        if (g_hash_table_add (tables, GUINT_TO_POINTER (rule->table)))
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

/* Of what is as good as everything, an address that none but a default route serves (RFC 5737, RFC 3849). */
static IpAddress
get_sample (const IpPrefix *route)
{
    static const IpAddress samples[] = {
        { .family = IP_V4, .octets = { 192, 0, 2, 1 } },
        { .family = IP_V6, .octets = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (samples); i++)
        if (route->length <= 1 && route->address.family == samples[i].family &&
            ip_prefix_contains (route, &samples[i]))
            return samples[i];
    return route->address;
}

static void
check_route (Netlink *netlink, const NetworkPlan *plan, const IpPrefix *route, GPtrArray *sentences)
{
    NetlinkWay way;
    char device[IF_NAMESIZE] = "";
    IpAddress sample = get_sample (route);
    if (is_excluded (plan, &sample) || !netlink_find_way (netlink, &sample, NULL, 0, &way) ||
        way.type != RTN_UNICAST || way.device_index == plan->device_index ||
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
