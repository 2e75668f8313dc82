/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-host.h"

#include "errors.h"
#include "network/dns.h"
#include "network/monitor.h"
#include "network/netlink-guard.h"
#include "network/netlink-routes.h"
#include "network/resolv-conf.h"

#include <linux/capability.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

struct _OutriderNetlinkHost
{
    GObject parent;
    OutriderNetlinkHostOptions options;
    Netlink *netlink;
    Monitor *monitor;  /* NULL: not yet, or the kernel does not tell */
    NetworkPlan *plan; /* the one in force; NULL: none */
    bool stale;        /* links came or went since: copies of their routes may be gone */
    bool disturbed;    /* our own device was touched */
    Dns *dns;
};

static void host_init (OutriderHostInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutriderNetlinkHost, outrider_netlink_host, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (OUTRIDER_TYPE_HOST, host_init))

/* ---- rights and leftovers ---- */

bool
outrider_netlink_host_is_permitted (void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
    return syscall (SYS_capget, &header, data) == 0 &&
           (data[0].effective & CAP_TO_MASK (CAP_NET_ADMIN)) != 0;
}

static bool
netlink_host_prepare (OutriderHost *host, GError **error)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    if (!outrider_netlink_host_is_permitted ())
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS,
                             "this process lacks CAP_NET_ADMIN");
        return false;
    }
    if (self->netlink == NULL)
        self->netlink = netlink_new (error);
    return self->netlink != NULL && netlink_routes_remove_leftovers (self->netlink, error) &&
           (self->options.no_dns || dns_repair (self->dns, error));
}

/* ---- apply and revert ---- */

static void
change_addresses (OutriderNetlinkHost *self, const NetworkPlan *plan, const NetworkPlan *other,
                  void (*change) (Netlink *netlink, int index, const IpPrefix *address))
{
    for (guint i = 0; plan != NULL && i < plan->addresses->len; i++)
    {
        const IpPrefix *address = &g_array_index (plan->addresses, IpPrefix, i);
        if (other == NULL || other->device_index != plan->device_index ||
            !network_plan_has_address (other, address))
            change (self->netlink, plan->device_index, address);
    }
}

/* What is new comes before what is old goes: no packet finds itself between the two. */
static bool
put_up (OutriderNetlinkHost *self, const NetworkPlan *plan, GError **error)
{
    netlink_silence_link (self->netlink, plan->device_index);
    netlink_commit (self->netlink, true, NULL);
    netlink_set_link (self->netlink, plan->device_index, plan->mtu, true);
    change_addresses (self, plan, self->plan, netlink_add_address);
    return netlink_commit (self->netlink, false, error) &&
           (self->options.no_routes ||
            netlink_routes_change (self->netlink, self->plan, plan, error)) &&
           (self->options.no_dns || dns_apply (self->dns, plan, error));
}

/* The device lives on for a while: without a successor it is down again, and takes what others route through it with it. */
static void
take_down (OutriderNetlinkHost *self, const NetworkPlan *plan, const NetworkPlan *successor)
{
    if (!self->options.no_routes && successor == NULL)
        netlink_routes_change (self->netlink, plan, NULL, NULL);
    change_addresses (self, plan, successor, netlink_delete_address);
    if (successor == NULL)
        netlink_set_link (self->netlink, plan->device_index, plan->mtu, false);
    netlink_commit (self->netlink, true, NULL);
}

static void
netlink_host_revert (OutriderHost *host)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    dns_revert (self->dns);
    if (self->plan != NULL)
        take_down (self, self->plan, NULL);
    g_clear_pointer (&self->plan, network_plan_free);
    if (self->monitor != NULL)
        monitor_set_device (self->monitor, 0);
}

static bool
has_device (const NetworkPlan *plan, GError **error)
{
    char name[IF_NAMESIZE];
    if (if_indextoname ((unsigned)plan->device_index, name) != NULL)
        return true;
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "the device %s was taken away",
                 plan->device);
    return false;
}

/* The kernel takes the routes of a link that goes down, and does not bring them back. */
static bool
put_back (OutriderNetlinkHost *self, GError **error)
{
    bool everything = self->disturbed;
    bool stale = everything || self->stale;
    self->disturbed = self->stale = false;
    if (everything)
    {
        netlink_set_link (self->netlink, self->plan->device_index, self->plan->mtu, true);
        change_addresses (self, self->plan, NULL, netlink_add_address);
        if (!netlink_commit (self->netlink, false, error))
            return false;
    }
    if (stale && !self->options.no_routes)
        netlink_routes_put_back (self->netlink, self->plan, everything);
    return true;
}

static bool
change_plan (OutriderNetlinkHost *self, const NetworkPlan *plan, GError **error)
{
    if (self->plan != NULL && network_plan_differs_by_mtu_alone (self->plan, plan))
    {
        if (self->plan->mtu == plan->mtu)
            return true;
        self->plan->mtu = plan->mtu;
        netlink_set_link (self->netlink, plan->device_index, plan->mtu, true);
        return netlink_commit (self->netlink, false, error);
    }
    bool done = put_up (self, plan, error);
    g_autoptr (NetworkPlan) old = g_steal_pointer (&self->plan);
    self->plan = network_plan_copy (plan);
    if (old != NULL)
        take_down (self, old, done ? plan : NULL);
    return done;
}

static bool
netlink_host_apply (OutriderHost *host, const NetworkPlan *plan, GError **error)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    g_return_val_if_fail (self->netlink != NULL, false);
    bool again = self->plan != NULL;
    if (self->monitor != NULL)
        monitor_set_device (self->monitor, plan->device_index);
    if (!again)
        self->disturbed = self->stale = false;
    bool done = (!again || has_device (plan, error)) && change_plan (self, plan, error) &&
                (!again || put_back (self, error));
    if (!done)
        netlink_host_revert (host);
    return done;
}

/* ---- what changes by itself ---- */

static void
host_changed (bool disturbed, void *data)
{
    OutriderNetlinkHost *self = data;
    self->stale = true;
    self->disturbed = self->disturbed || disturbed;
    g_signal_emit_by_name (self, "changed");
}

/* From before the networks are listed: nothing passes in between. What the kernel does not tell is found at the next try. */
static void
watch (OutriderNetlinkHost *self)
{
    if (self->monitor == NULL)
        self->monitor = monitor_new (host_changed, self, NULL);
}

/* ---- what else is there ---- */

static bool
netlink_host_guard (OutriderHost *host, const NetworkGuard *guard, GError **error)
{
    return netlink_guard_set (OUTRIDER_NETLINK_HOST (host)->netlink, guard, error);
}

static GArray *
netlink_host_list_networks (OutriderHost *host)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    watch (self);
    return netlink_list_networks (self->netlink);
}

static GArray *
netlink_host_list_name_servers (OutriderHost *host)
{
    return resolv_conf_list_servers ("");
}

static GPtrArray *
netlink_host_check (OutriderHost *host)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    if (self->plan == NULL || self->options.no_routes)
        return g_ptr_array_new ();
    return netlink_routes_check (self->netlink, self->plan);
}

static bool
netlink_host_find_way (OutriderHost *host, const IpAddress *gateway, const IpAddress *local,
                       WayOut *ret_way)
{
    return way_out_find (OUTRIDER_NETLINK_HOST (host)->netlink, gateway, local, NETLINK_OUTER_MARK,
                         ret_way);
}

static char *
read_disable_v6 (const char *device)
{
    g_autofree char *path = g_strdup_printf ("/proc/sys/net/ipv6/conf/%s/disable_ipv6", device);
    char *text = NULL;
    g_file_get_contents (path, &text, NULL, NULL);
    return text;
}

/*
 * By sysctl for the device, or in the kernel altogether. A device whose MTU is too small for IPv6 just now is out of the
 * kernel's sight: it would come back by the default.
 */
static bool
netlink_host_lacks_v6 (OutriderHost *host, const char *device)
{
    g_autofree char *text = read_disable_v6 (device);
    if (text == NULL)
        text = read_disable_v6 ("default");
    return text == NULL || *text == '1';
}

static const char *
netlink_host_get_resolver (OutriderHost *host)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (host);
    bool in_force = !self->options.no_dns && self->plan != NULL && self->plan->dns->len > 0;
    return in_force ? dns_get_way (self->dns) : NULL;
}

/* ---- GObject ---- */

static void
host_init (OutriderHostInterface *interface)
{
    interface->prepare = netlink_host_prepare;
    interface->apply = netlink_host_apply;
    interface->guard = netlink_host_guard;
    interface->list_networks = netlink_host_list_networks;
    interface->list_name_servers = netlink_host_list_name_servers;
    interface->check = netlink_host_check;
    interface->find_way = netlink_host_find_way;
    interface->revert = netlink_host_revert;
    interface->lacks_v6 = netlink_host_lacks_v6;
    interface->get_resolver = netlink_host_get_resolver;
}

static void
outrider_netlink_host_finalize (GObject *object)
{
    OutriderNetlinkHost *self = OUTRIDER_NETLINK_HOST (object);
    netlink_host_revert (OUTRIDER_HOST (self));
    monitor_free (self->monitor);
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
