/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-host.h"

#include "errors.h"
#include "network/dns.h"
#include "network/netlink.h"

#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Split routes stand in the main table, where everybody looks. Where rules must tell the tunnel's own outer packets apart
 * (NetworkPlan.own_table), the routes stand in a table of the device's own, and two rules a family lead there:
 *
 *     20340: from all lookup main suppress_prefixlength N    what is nearer than the tunnel's routes stays where it is
 *     20341: not from all fwmark MARK lookup TABLE           the rest, but for the outer packets
 */
enum
{
    RULE_MAIN = 20340,
    RULE_TABLE = 20341,
    TABLE_BASE = OUTRIDER_OUTER_MARK << 16, /* plus the device's index */
};

struct _OutriderNetlinkHost
{
    GObject parent;
    OutriderNetlinkHostOptions options;
    Netlink *netlink;
    NetworkPlan *plan; /* the one in force; NULL: none */
    Dns *dns;
};

static void host_init (OutriderHostInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutriderNetlinkHost, outrider_netlink_host, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (OUTRIDER_TYPE_HOST, host_init))

static const IpFamily families[] = { IP_V4, IP_V6 };

/* ---- rights and leftovers ---- */

static bool
may_administer (void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
    return syscall (SYS_capget, &header, data) == 0 &&
           (data[0].effective & CAP_TO_MASK (CAP_NET_ADMIN)) != 0;
}

static bool
device_exists (uint32_t table)
{
    char name[IF_NAMESIZE];
    return if_indextoname (table - TABLE_BASE, name) != NULL;
}

/* Routes and rules whose table belongs to a device that is gone: their process did not live to remove them. */
static bool
remove_leftovers (OutriderNetlinkHost *self, GError **error)
{
    g_autoptr (GArray) rules = netlink_list_own_rules (self->netlink, error);
    if (rules == NULL)
        return false;
    g_autoptr (GArray) routes = netlink_list_own_blackholes (self->netlink);
    for (guint i = 0; i < routes->len; i++)
    {
        const NetlinkRoute *route = &g_array_index (routes, NetlinkRoute, i);
        if (route->table != RT_TABLE_MAIN && !device_exists (route->table))
            netlink_delete_route (self->netlink, route);
    }
    bool alive = false;
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (rules, NetlinkRule, i);
        alive = alive || (rule->table != RT_TABLE_MAIN && device_exists (rule->table));
    }
    for (guint i = 0; i < rules->len; i++)
    {
        const NetlinkRule *rule = &g_array_index (rules, NetlinkRule, i);
        bool of_table = rule->table != RT_TABLE_MAIN;
        if (of_table ? !device_exists (rule->table) : !alive)
            netlink_delete_rule (self->netlink, rule);
    }
    return netlink_commit (self->netlink, true, error);
}

static bool
netlink_host_prepare (OutriderHost *host, GError **error)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    if (!may_administer ())
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS,
                             "this process lacks CAP_NET_ADMIN");
        return false;
    }
    if (self->netlink == NULL)
        self->netlink = netlink_new (error);
    return self->netlink != NULL && remove_leftovers (self, error) &&
           (self->options.no_dns || dns_repair (self->dns, error));
}

/* ---- routes and rules ---- */

static uint32_t
table_of (const NetworkPlan *plan)
{
    return plan->own_table ? TABLE_BASE + (uint32_t)plan->device_index : RT_TABLE_MAIN;
}

static IpAddress
source_of (const NetworkPlan *plan, IpFamily family)
{
    for (guint i = 0; i < plan->addresses->len; i++)
    {
        const IpPrefix *address = &g_array_index (plan->addresses, IpPrefix, i);
        if (address->address.family == family)
            return address->address;
    }
    return (IpAddress){ 0 };
}

typedef void (*RouteCall) (Netlink *netlink, const NetlinkRoute *route);
typedef void (*RuleCall) (Netlink *netlink, const NetlinkRule *rule);

static void
for_each_route (OutriderNetlinkHost *self, const NetworkPlan *plan, RouteCall call)
{
    uint32_t table = table_of (plan);
    for (guint i = 0; i < plan->routes->len; i++)
    {
        const IpPrefix *destination = &g_array_index (plan->routes, IpPrefix, i);
        NetlinkRoute route = { NETLINK_ROUTE_DEVICE,
                               *destination,
                               table,
                               plan->device_index,
                               source_of (plan, destination->address.family),
                               0 };
        call (self->netlink, &route);
    }
    for (guint i = 0; i < plan->excludes->len; i++)
    {
        NetlinkRoute route = { .kind = NETLINK_ROUTE_THROW,
                               .destination = g_array_index (plan->excludes, IpPrefix, i),
                               .table = table };
        call (self->netlink, &route);
    }
    if (plan->block_v6)
    {
        NetlinkRoute route = { .kind = NETLINK_ROUTE_UNREACHABLE,
                               .destination = { .address = { .family = IP_V6 } },
                               .table = table,
                               .metric = UINT32_MAX - 1 };
        call (self->netlink, &route);
    }
}

/* The length of the widest route of FAMILY in the plan; -1: it has none. */
static int
widest_route (const NetworkPlan *plan, IpFamily family)
{
    int widest = plan->block_v6 && family == IP_V6 ? 0 : -1;
    for (guint i = 0; i < plan->routes->len; i++)
    {
        const IpPrefix *route = &g_array_index (plan->routes, IpPrefix, i);
        if (route->address.family == family && (widest < 0 || route->length < widest))
            widest = route->length;
    }
    return widest;
}

static void
for_each_rule (OutriderNetlinkHost *self, const NetworkPlan *plan, RuleCall call)
{
    for (size_t f = 0; plan->own_table && f < G_N_ELEMENTS (families); f++)
    {
        int widest = widest_route (plan, families[f]);
        if (widest < 0)
            continue;
        NetlinkRule nearer = { families[f], RULE_MAIN, RT_TABLE_MAIN, 0, widest };
        NetlinkRule ours = { families[f], RULE_TABLE, table_of (plan), OUTRIDER_OUTER_MARK, -1 };
        call (self->netlink, &nearer);
        call (self->netlink, &ours);
    }
}

/* ---- apply and revert ---- */

static void
take_down (OutriderNetlinkHost *self)
{
    const NetworkPlan *plan = self->plan;
    if (!self->options.no_routes)
    {
        for_each_rule (self, plan, netlink_delete_rule);
        for_each_route (self, plan, netlink_delete_route);
    }
    for (guint i = 0; i < plan->addresses->len; i++)
        netlink_delete_address (self->netlink, plan->device_index,
                                &g_array_index (plan->addresses, IpPrefix, i));
    netlink_commit (self->netlink, true, NULL);
}

static bool
put_up (OutriderNetlinkHost *self, const NetworkPlan *plan, GError **error)
{
    netlink_silence_link (self->netlink, plan->device_index);
    netlink_commit (self->netlink, true, NULL);
    netlink_set_link (self->netlink, plan->device_index, plan->mtu, true);
    for (guint i = 0; i < plan->addresses->len; i++)
        netlink_add_address (self->netlink, plan->device_index,
                             &g_array_index (plan->addresses, IpPrefix, i));
    if (!self->options.no_routes)
    {
        for_each_route (self, plan, netlink_add_route);
        for_each_rule (self, plan, netlink_add_rule);
    }
    return netlink_commit (self->netlink, false, error) &&
           (self->options.no_dns || dns_apply (self->dns, plan, error));
}

static void
netlink_host_revert (OutriderHost *host)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    dns_revert (self->dns);
    if (self->plan != NULL)
        take_down (self);
    g_clear_pointer (&self->plan, network_plan_free);
}

static bool
netlink_host_apply (OutriderHost *host, const NetworkPlan *plan, GError **error)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    g_return_val_if_fail (self->netlink != NULL, false);
    if (self->plan != NULL && network_plan_differs_by_mtu_alone (self->plan, plan))
    {
        self->plan->mtu = plan->mtu;
        netlink_set_link (self->netlink, plan->device_index, plan->mtu, true);
        return netlink_commit (self->netlink, false, error);
    }
    netlink_host_revert (host);
    self->plan = network_plan_copy (plan);
    if (put_up (self, plan, error))
        return true;
    netlink_host_revert (host);
    return false;
}

/* By sysctl for the device, or in the kernel altogether. */
static bool
netlink_host_lacks_v6 (OutriderHost *host, const char *device)
{
    g_autofree char *path = g_strdup_printf ("/proc/sys/net/ipv6/conf/%s/disable_ipv6", device);
    g_autofree char *text = NULL;
    return !g_file_get_contents (path, &text, NULL, NULL) || *text == '1';
}

static const char *
netlink_host_get_resolver (OutriderHost *host)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    return self->options.no_dns ? NULL : dns_get_way (self->dns);
}

/* ---- GObject ---- */

static void
host_init (OutriderHostInterface *interface)
{
    interface->prepare = netlink_host_prepare;
    interface->apply = netlink_host_apply;
    interface->revert = netlink_host_revert;
    interface->lacks_v6 = netlink_host_lacks_v6;
    interface->get_resolver = netlink_host_get_resolver;
}

static void
outrider_netlink_host_finalize (GObject *object)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (object);
    netlink_host_revert (OUTRIDER_HOST (self));
    dns_free (self->dns);
    netlink_free (self->netlink);
    G_OBJECT_CLASS (outrider_netlink_host_parent_class)->finalize (object);
}

static void
outrider_netlink_host_class_init (OutriderNetlinkHostClass *klass)
{
    G_OBJECT_CLASS (klass)->finalize = outrider_netlink_host_finalize;
}

static void
outrider_netlink_host_init (OutriderNetlinkHost *self)
{
    self->dns = dns_new ("");
}

OutriderHost *
outrider_netlink_host_new (const OutriderNetlinkHostOptions *options)
{
    OutriderNetlinkHost *self = g_object_new (OUTRIDER_TYPE_NETLINK_HOST, NULL);
    self->options = *options;
    return OUTRIDER_HOST (self);
}
