/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-guard.h"

#include "errors.h"
#include "network/netlink-routes.h"

#include <linux/rtnetlink.h>

enum
{
    PRIORITY_BASE = 22400, /* behind every tunnel's rules */
    PRIORITIES = 2048,
    METRIC_REFUSED = 20340, /* behind the route to an attached network of the same width */
    METRIC_MARK = 20341,    /* beside whatever else is said of its address */
    CLAIMS_MAX = 8,         /* each may be lost to another guard that begins in the same moment */
};

static const IpFamily families[] = { IP_V4, IP_V6 };

/* ---- what a guard is in the kernel ---- */

static uint32_t
get_priority (uint32_t table)
{
    return PRIORITY_BASE + (uint16_t)table % PRIORITIES;
}

static NetlinkRoute
route_of (uint32_t table, NetlinkRouteKind kind, const IpPrefix *destination)
{
    return (NetlinkRoute){ .kind = kind, .destination = *destination, .table = table };
}

/* No packet's destination, and the table has nothing to say about it: it carries the owner and does nothing else. */
static NetlinkRoute
mark_of (uint32_t table, uint64_t owner)
{
    IpPrefix nowhere = { .address = { .family = IP_V4 }, .length = 32 };
    NetlinkRoute route = route_of (table, NETLINK_ROUTE_THROW, &nowhere);
    route.metric = METRIC_MARK;
    route.owner = owner;
    return route;
}

/* Attached networks, where REFUSED has them inside. */
static void
list_attached (uint32_t table, const NetworkGuard *guard, const GArray *refused, GArray *routes)
{
    g_autoptr (GArray) inside = g_array_new (false, false, sizeof (LocalNetwork));
    for (guint i = 0; i < guard->attached->len; i++)
    {
        const LocalNetwork *network = &g_array_index (guard->attached, LocalNetwork, i);
        if (network_is_inside (network, refused))
            g_array_append_vals (inside, network, 1);
    }
    netlink_routes_copy_attached (inside, table, routes);
}

static void
list_routes (uint32_t table, const NetworkGuard *guard, const GArray *refused, GArray *routes)
{
    for (guint i = 0; i < refused->len; i++)
    {
        NetlinkRoute route =
            route_of (table, NETLINK_ROUTE_PROHIBIT, &g_array_index (refused, IpPrefix, i));
        route.metric = METRIC_REFUSED;
        g_array_append_val (routes, route);
    }
    for (guint i = 0; i < guard->open->len; i++)
    {
        NetlinkRoute route =
            route_of (table, NETLINK_ROUTE_THROW, &g_array_index (guard->open, IpPrefix, i));
        g_array_append_val (routes, route);
    }
}

static void
list_rules (uint32_t table, const GArray *refused, GArray *rules)
{
    for (size_t f = 0; f < G_N_ELEMENTS (families); f++)
    {
        NetlinkRule ours = { .family = families[f],
                             .priority = get_priority (table),
                             .table = table,
                             .not_mark = NETLINK_OUTER_MARK };
        if (network_has_family (refused, families[f]))
            g_array_append_val (rules, ours);
    }
}

/* ---- what is there ---- */

typedef struct
{
    uint32_t number; /* of the table itself */
    uint64_t owner;  /* 0: it has no mark */
    GArray *rules;   /* NetlinkRule: they lead there */
    GArray *routes;  /* NetlinkRoute, but for the mark */
} GuardTable;

static void
guard_table_free (GuardTable *self)
{
    g_array_unref (self->rules);
    g_array_unref (self->routes);
    g_free (self);
}

static GuardTable *
find_table (const GPtrArray *tables, uint32_t number)
{
    for (guint i = 0; i < tables->len; i++)
        if (((const GuardTable *)tables->pdata[i])->number == number)
            return tables->pdata[i];
    return NULL;
}

static const GuardTable *
find_owned (const GPtrArray *tables, uint64_t owner)
{
    for (guint i = 0; i < tables->len; i++)
        if (((const GuardTable *)tables->pdata[i])->owner == owner)
            return tables->pdata[i];
    return NULL;
}

static GuardTable *
find_or_add (GPtrArray *tables, uint32_t number)
{
    GuardTable *table = find_table (tables, number);
    if (table != NULL)
        return table;
    table = g_new0 (GuardTable, 1);
    table->number = number;
    table->rules = g_array_new (false, false, sizeof (NetlinkRule));
    g_ptr_array_add (tables, table);
    return table;
}

static void
read_routes (Netlink *netlink, GuardTable *table)
{
    table->routes = netlink_list_own_routes (netlink, table->number);
    for (guint i = table->routes->len; i > 0; i--)
    {
        const NetlinkRoute *route = &g_array_index (table->routes, NetlinkRoute, i - 1);
        if (route->owner == 0)
            continue;
        table->owner = route->owner;
        g_array_remove_index (table->routes, i - 1);
    }
}

/* GuardTable: all to which rules of ours lead. */
static GPtrArray *
list_tables (Netlink *netlink, GError **error)
{
    g_autoptr (GArray) rules = netlink_list_own_rules (netlink, error);
    if (rules == NULL)
        return NULL;
    GPtrArray *tables = g_ptr_array_new_with_free_func ((GDestroyNotify)guard_table_free);
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (rules, NetlinkRule, i);
        if (netlink_table_is_among (rule->table, NETLINK_TABLES_OF_GUARDS))
            g_array_append_vals (find_or_add (tables, rule->table)->rules, rule, 1);
    }
    for (guint i = 0; i < tables->len; i++)
        read_routes (netlink, tables->pdata[i]);
    return tables;
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

/* ---- from one to another ---- */

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

/* ---- a table for each owner ---- */

/* The next one that no rule leads to: of one more than there are, one is not. */
static uint32_t
choose_number (const GPtrArray *tables, uint64_t owner)
{
    uint16_t number = (uint16_t)owner;
    for (guint i = 0;
         i < tables->len && find_table (tables, NETLINK_TABLES_OF_GUARDS + number) != NULL; i++)
        number++;
    return NETLINK_TABLES_OF_GUARDS + (uint32_t)number;
}

/*
 * Of several guards that begin at once the kernel takes one's mark: the table is that one's, and the others' rules, which may
 * lead there too, do it no harm.
 */
static bool
mark (Netlink *netlink, uint32_t table, const NetworkGuard *guard, GError **error)
{
    g_autoptr (GArray) rules = g_array_new (false, false, sizeof (NetlinkRule));
    NetlinkRoute route = mark_of (table, guard->owner);
    list_rules (table, guard->refused, rules);
    for (guint i = 0; i < rules->len; i++)
        netlink_add_rule (netlink, &g_array_index (rules, NetlinkRule, i));
    netlink_add_route (netlink, &route);
    return netlink_commit (netlink, false, error);
}

/* GuardTable: all that are there, GUARD's among them. */
static GPtrArray *
claim (Netlink *netlink, const NetworkGuard *guard, GError **error)
{
    g_autoptr (GPtrArray) tables = list_tables (netlink, error);
    g_autoptr (GError) refusal = NULL;
    for (unsigned i = 0; tables != NULL && find_owned (tables, guard->owner) == NULL; i++)
    {
        if (i == CLAIMS_MAX)
        {
            g_set_error (error, OUTRIDER_ERROR,
                         refusal != NULL ? refusal->code : OUTRIDER_ERROR_HOST_REFUSED,
                         "the kill switch gets no routing table of its own: %s",
                         refusal != NULL ? refusal->message : "they are taken away");
            return NULL;
        }
        g_clear_error (&refusal);
        mark (netlink, choose_number (tables, guard->owner), guard, &refusal);
        g_clear_pointer (&tables, g_ptr_array_unref);
        tables = list_tables (netlink, error);
    }
    return g_steal_pointer (&tables);
}

/* ---- calls ---- */

/* Nothing that is refused now passes in between. */
static bool
change (Netlink *netlink, const GuardTable *table, const NetworkGuard *guard, GError **error)
{
    g_autoptr (GArray) routes = g_array_new (false, false, sizeof (NetlinkRoute));
    g_autoptr (GArray) rules = g_array_new (false, false, sizeof (NetlinkRule));
    g_autoptr (GArray) kept = guard->refused->len == 0 ? list_refused (table->routes) : NULL;
    const GArray *refused = kept != NULL ? kept : guard->refused;
    if (refused->len == 0)
        return true;
    list_routes (table->number, guard, refused, routes);
    list_attached (table->number, guard, refused, routes);
    list_rules (table->number, refused, rules);

    for_each_other_rule (netlink, rules, table->rules, netlink_add_rule);
    for_each_other_route (netlink, routes, table->routes, false, netlink_add_route);
    if (!netlink_commit (netlink, false, error))
        return false;
    /* Of two to one network the kernel takes one; what it refuses, a link has taken with it. */
    for_each_other_route (netlink, table->routes, routes, true, netlink_delete_route);
    for_each_other_route (netlink, routes, table->routes, true, netlink_add_route);
    netlink_commit (netlink, true, NULL);
    for_each_other_route (netlink, table->routes, routes, false, netlink_delete_route);
    for_each_other_rule (netlink, table->rules, rules, netlink_delete_rule);
    return netlink_commit (netlink, true, error);
}

bool
netlink_guard_set (Netlink *netlink, const NetworkGuard *guard, GError **error)
{
    g_autoptr (GPtrArray) tables =
        guard->refused->len > 0 ? claim (netlink, guard, error) : list_tables (netlink, error);
    if (tables == NULL)
        return false;
    const GuardTable *table = find_owned (tables, guard->owner);
    return table == NULL || change (netlink, table, guard, error);
}

/* The mark goes when nothing is refused any more, and the rules last: they are how a guard is found. */
static void
lift (Netlink *netlink, const GuardTable *table)
{
    for (guint i = 0; i < table->routes->len; i++)
        netlink_delete_route (netlink, &g_array_index (table->routes, NetlinkRoute, i));
    NetlinkRoute route = mark_of (table->number, table->owner);
    if (table->owner != 0)
        netlink_delete_route (netlink, &route);
    for (guint i = 0; i < table->rules->len; i++)
        netlink_delete_rule (netlink, &g_array_index (table->rules, NetlinkRule, i));
}

bool
netlink_guard_lift (Netlink *netlink, uint64_t owner, unsigned *ret_lifted, GError **error)
{
    g_autoptr (GPtrArray) tables = list_tables (netlink, error);
    unsigned lifted = 0;
    for (guint i = 0; tables != NULL && i < tables->len; i++)
    {
        const GuardTable *table = tables->pdata[i];
        if (owner != 0 && table->owner != owner)
            continue;
        lift (netlink, table);
        lifted++;
    }
    if (ret_lifted != NULL)
        *ret_lifted = lifted;
    return tables != NULL && netlink_commit (netlink, true, error);
}

static NetworkGuard *
guard_of (const GuardTable *table)
{
    NetworkGuard *guard = g_new0 (NetworkGuard, 1);
    guard->owner = table->owner;
    guard->refused = list_refused (table->routes);
    guard->attached = g_array_new (false, false, sizeof (LocalNetwork));
    guard->open = g_array_new (false, false, sizeof (IpPrefix));
    for (guint i = 0; i < table->routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (table->routes, NetlinkRoute, i);
        LocalNetwork network = { .prefix = route->destination,
                                 .address = route->source,
                                 .device_index = route->device_index };
        if (route->kind == NETLINK_ROUTE_DEVICE)
            g_array_append_val (guard->attached, network);
        else if (route->kind == NETLINK_ROUTE_THROW)
            g_array_append_val (guard->open, route->destination);
    }
    return guard;
}

GPtrArray *
netlink_guard_list (Netlink *netlink, GError **error)
{
    g_autoptr (GPtrArray) tables = list_tables (netlink, error);
    if (tables == NULL)
        return NULL;
    GPtrArray *guards = g_ptr_array_new_with_free_func ((GDestroyNotify)network_guard_free);
    for (guint i = 0; i < tables->len; i++)
        g_ptr_array_add (guards, guard_of (tables->pdata[i]));
    return guards;
}
