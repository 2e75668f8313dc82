/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/tunnel-internal.h"

#include "errors.h"
#include "network/netlink-host.h"

/* Before the path is asked again, where nothing was sent or the session had something else to do. */
#define IDLE_PAUSE (60 * G_USEC_PER_SEC)
#define BUSY_PAUSE (G_USEC_PER_SEC / 4)

#define MISSING_TOLD 8

/* ---- the network plan ---- */

static GArray *
join_selectors (const OutriderTunnel *self, bool local)
{
    GArray *all = g_array_new (false, false, sizeof (TrafficSelector));
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChildSa *child = self->children->pdata[i];
        const GArray *side = local ? child->local : child->remote;
        g_array_append_vals (all, side->data, side->len);
    }
    return all;
}

/* Without a search: what the route to the gateway carries. */
static unsigned
compute_mtu (OutriderTunnel *self, const IkeChildSa *child)
{
    if (self->profile->mtu != 0)
        return self->profile->mtu;
    IpEndpoint gateway = udp_transport_get_gateway (self->transport);
    unsigned outer =
        self->path.most != 0 ? self->path.proven : udp_transport_get_mtu (self->transport);
    return outrider_data_plane_get_mtu (self->plane, child, gateway.address.family, outer);
}

bool
tunnel_guard (OutriderTunnel *self, GError **error)
{
    if (!self->profile->kill_switch)
        return true;
    g_autoptr (GArray) gateways = g_array_new (false, false, sizeof (IpAddress));
    for (guint i = 0; self->gateways != NULL && i < self->gateways->len; i++)
    {
        const Gateway *gateway = self->gateways->pdata[i];
        g_array_append_val (gateways, gateway->endpoint.address);
    }
    g_autoptr (GArray) networks = outrider_host_list_networks (self->host);
    g_autoptr (NetworkGuard) guard =
        network_guard_new (self->profile, self->plan, networks, gateways);
    return guard == NULL || outrider_host_guard (self->host, guard, error);
}

void
tunnel_find_way (OutriderTunnel *self)
{
    IpAddress gateway = udp_transport_get_gateway (self->transport).address;
    IpAddress local = udp_transport_get_local (self->transport).address;
    self->way = (WayOut){ 0 };
    outrider_host_find_way (self->host, &gateway, &local, &self->way);
}

/* Our own routes and rules leave the outer packets alone; another's may not. The goodbye must not go that way either. */
static bool
check_way (OutriderTunnel *self, const NetworkPlan *plan, GError **error)
{
    tunnel_find_way (self);
    if (self->way.device_index != plan->device_index)
        return true;
    IpAddress gateway = udp_transport_get_gateway (self->transport).address;
    g_autofree char *address = ip_address_format (&gateway);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                 "packets to the gateway at %s would go into the tunnel itself (%s): a rule or "
                 "route that is not the tunnel's leads there; look at \"ip rule\" and \"ip route "
                 "get %s mark 0x%x\"",
                 address, plan->device, address, (unsigned)OUTRIDER_OUTER_MARK);
    outrider_host_revert (self->host);
    return false;
}

/* Takes SENTENCE. Once while the tunnel is up, however often the plan is applied. */
static void
tell_once (OutriderTunnel *self, char *sentence)
{
    if (g_hash_table_add (self->told, sentence))
        tunnel_warn (self, sentence);
}

static void
tell_missing (OutriderTunnel *self)
{
    const GArray *missing = self->plan->missing;
    const char *fate = self->profile->kill_switch && self->profile->routes == PROFILE_LIST
                           ? "the rest is refused"
                           : "the rest goes around the tunnel";
    for (guint i = 0; i < MIN (missing->len, MISSING_TOLD); i++)
    {
        g_autofree char *text = ip_prefix_format (&g_array_index (missing, IpPrefix, i));
        tell_once (self, g_strdup_printf ("the gateway does not carry all of %s: %s", text, fate));
    }
    if (missing->len > MISSING_TOLD)
        tell_once (
            self, g_strdup_printf ("so it is with %u other networks", missing->len - MISSING_TOLD));
}

/* What a user should know of the host's other networks, and of the plan's. */
static void
tell_plan (OutriderTunnel *self)
{
    for (guint i = 0; i < self->plan->overlaps->len; i++)
    {
        const LocalNetwork *network = &g_array_index (self->plan->overlaps, LocalNetwork, i);
        g_autofree char *text = ip_prefix_format (&network->prefix);
        tell_once (self, g_strdup_printf (network->tunnelled
                                              ? "%s stays with %s, which has it, too"
                                              : "%s stays with %s: this host is attached to it",
                                          text, network->device));
    }
    for (guint i = 0; i < self->plan->too_wide->len; i++)
    {
        const LocalNetwork *network = &g_array_index (self->plan->too_wide, LocalNetwork, i);
        g_autofree char *text = ip_prefix_format (&network->prefix);
        tell_once (self, g_strdup_printf ("%s at %s is too wide for a network that this host is "
                                          "attached to: it goes through the tunnel",
                                          text, network->device));
    }
    tell_missing (self);
    for (guint i = 0; i < self->plan->strays->len; i++)
    {
        g_autofree char *text =
            ip_address_format (&g_array_index (self->plan->strays, IpAddress, i));
        tell_once (
            self, g_strdup_printf ("the gateway's name server %s is not asked: the tunnel does "
                                   "not lead to it; set dns= in the profile to ask it nevertheless",
                                   text));
    }
    if (self->plan->guard_dns && self->plan->dns->len == 0)
        tell_once (self, g_strdup ("the gateway names no name server: this host's own are asked "
                                   "through the tunnel; set dns= in the profile if they do not "
                                   "answer there"));
    g_autoptr (GPtrArray) elsewhere = outrider_host_check (self->host);
    for (guint i = 0; i < elsewhere->len; i++)
        tell_once (self, g_strdup (elsewhere->pdata[i]));
}

static bool
apply_plan (OutriderTunnel *self, GError **error)
{
    g_autoptr (GArray) local = join_selectors (self, true);
    g_autoptr (GArray) remote = join_selectors (self, false);
    const char *device = outrider_data_plane_get_device (self->plane);
    g_autoptr (GArray) networks = outrider_host_list_networks (self->host);
    NetworkPlanInputs inputs = {
        .profile = self->profile,
        .grant = self->grant,
        .local = local,
        .remote = remote,
        .local_networks = networks,
        .gateway = udp_transport_get_gateway (self->transport).address,
        .without_v6 = outrider_host_lacks_v6 (self->host, device),
        .device = device,
        .device_index = outrider_data_plane_get_device_index (self->plane),
        .mtu = compute_mtu (self, self->children->pdata[0]),
    };
    NetworkPlan *plan = network_plan_new (&inputs, error);
    if (plan == NULL)
        return false;
    outrider_data_plane_set_mtu (self->plane, plan->mtu);
    if (!outrider_host_apply (self->host, plan, error) || !check_way (self, plan, error))
    {
        network_plan_free (plan);
        return false;
    }
    bool same = self->plan != NULL && network_plan_differs_by_mtu_alone (self->plan, plan);
    network_plan_free (self->plan);
    self->plan = plan;
    if (!same && self->state == OUTRIDER_TUNNEL_CONNECTED)
        tell_plan (self);
    return tunnel_guard (self, error);
}

void
tunnel_host_changed (OutriderHost *host, gpointer data)
{
    OutriderTunnel *self = data;
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    g_autoptr (GError) error = NULL;
    bool waits = self->state == OUTRIDER_TUNNEL_IDLE ||
                 self->state == OUTRIDER_TUNNEL_DISCONNECTING ||
                 self->state == OUTRIDER_TUNNEL_DISCONNECTED;
    if (self->state != OUTRIDER_TUNNEL_CONNECTED && !waits && !tunnel_guard (self, &error))
        tunnel_warn (self, error->message);
    if (self->state != OUTRIDER_TUNNEL_CONNECTED || self->children->len == 0 ||
        apply_plan (self, &error))
        return;
    tunnel_abort_session (self, g_steal_pointer (&error));
    tunnel_pull (self);
}

/* ---- how large packets may be ---- */

/* Until a probe went through, the MTU is one that every path carries: no connection begins with segments that get lost. */
static void
begin_path_search (OutriderTunnel *self)
{
    if (self->profile->mtu == 0)
        path_mtu_init (&self->path, udp_transport_get_mtu (self->transport), deadline_now ());
}

static bool
change_mtu (OutriderTunnel *self, GError **error)
{
    if (self->children->len == 0 || self->plan == NULL ||
        compute_mtu (self, self->children->pdata[0]) == self->plan->mtu)
        return true;
    unsigned before = self->plan->mtu;
    if (!apply_plan (self, error))
        return false;
    if (self->plan->mtu != before)
        tunnel_notice (self, "packets of %u octets pass: the tunnel's MTU is %u", self->path.proven,
                       self->plan->mtu);
    return true;
}

void
tunnel_path_became_narrower (OutriderTunnel *self)
{
    if (self->state != OUTRIDER_TUNNEL_CONNECTED || self->children->len == 0)
        return;
    g_autoptr (GError) error = NULL;
    if (self->path.most != 0)
        path_mtu_set_most (&self->path, udp_transport_get_mtu (self->transport), deadline_now ());
    if (!change_mtu (self, &error))
        tunnel_abort_session (self, g_steal_pointer (&error));
}

gint64
tunnel_get_probe_deadline (const OutriderTunnel *self)
{
    return self->path.most != 0 ? path_mtu_get_deadline (&self->path) : G_MAXINT64;
}

void
tunnel_probe_path (OutriderTunnel *self, uint64_t sent)
{
    gint64 now = deadline_now ();
    if (now < tunnel_get_probe_deadline (self))
        return;
    path_mtu_set_most (&self->path, udp_transport_get_mtu (self->transport), now);
    if (path_mtu_is_settled (&self->path) && sent == self->probed_at)
    {
        path_mtu_postpone (&self->path, now + IDLE_PAUSE);
        return;
    }
    self->probed_at = sent;
    if (!ike_session_probe (self->session, path_mtu_begin (&self->path, now), now))
        path_mtu_postpone (&self->path, now + BUSY_PAUSE);
}

bool
tunnel_take_probe (OutriderTunnel *self, unsigned size, bool answered, GError **error)
{
    if (self->path.most == 0)
        return true;
    if (answered)
        path_mtu_take_answer (&self->path, size, deadline_now ());
    else
        path_mtu_take_loss (&self->path, deadline_now ());
    return change_mtu (self, error);
}

/* ---- children ---- */

static IkeChildSa *
find_child (const OutriderTunnel *self, unsigned number)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        IkeChildSa *child = self->children->pdata[i];
        if (child->number == number)
            return child;
    }
    return NULL;
}

/* The kernel counts what the session does not see. */
static void
child_expires (OutriderDataPlane *plane, guint number, guint spi_in, gboolean hard, gpointer data)
{
    OutriderTunnel *self = data;
    const IkeChildSa *child = plane == self->plane ? find_child (self, number) : NULL;
    if (self->session == NULL || child == NULL || child->spi_in != spi_in)
        return; /* it was replaced already */
    tunnel_notice (self, hard ? "a child SA has come to its end: it is rekeyed"
                              : "a child SA comes to its end: it is rekeyed");
    ike_session_rekey_child (self->session, deadline_now ());
    tunnel_pull (self);
}

/* Somebody took it away: another IPsec program that stops may remove the SAs of all. */
static void
child_is_missed (OutriderDataPlane *plane, gpointer data)
{
    OutriderTunnel *self = data;
    if (plane != self->plane || self->session == NULL || self->children->len == 0)
        return;
    tunnel_notice (self, "a packet finds no child SA: it is rekeyed");
    ike_session_rekey_child (self->session, deadline_now ());
    tunnel_pull (self);
}

void
tunnel_watch_plane (OutriderTunnel *self)
{
    g_signal_connect_object (self->plane, "expiring", G_CALLBACK (child_expires), self, 0);
    g_signal_connect_object (self->plane, "traffic-without-child", G_CALLBACK (child_is_missed),
                             self, 0);
}

static void
remember_child (OutriderTunnel *self, IkeChildSa *child)
{
    IkeChildSa *old = find_child (self, child->number);
    if (old != NULL)
        g_ptr_array_remove (self->children, old);
    g_ptr_array_add (self->children, ike_child_sa_ref (child));
    g_free (self->esp_proposal);
    self->esp_proposal = ike_child_sa_format_proposal (child);
}

bool
tunnel_bring_child_up (OutriderTunnel *self, IkeChildSa *child, GError **error)
{
    /* Before there is a pump to be told: that takes the time of waking its threads. */
    if (self->children->len == 0)
    {
        begin_path_search (self);
        outrider_data_plane_set_mtu (self->plane, compute_mtu (self, child));
    }
    if (!outrider_data_plane_install (self->plane, self->transport, child, error))
        return false;
    if (find_child (self, child->number) != NULL)
        return true; /* a rekey: CHILD_SWITCH makes it the one that counts */
    remember_child (self, child);
    if (!apply_plan (self, error))
        return false;
    if (self->state == OUTRIDER_TUNNEL_CONNECTED)
        return true;
    self->elapsed = deadline_now () - self->started;
    self->since = g_get_real_time () / G_USEC_PER_SEC;
    retry_connected (&self->retry, deadline_now ());
    tunnel_keep_error (self, NULL, NULL);
    tunnel_set_state (self, OUTRIDER_TUNNEL_CONNECTED);
    if (self->plan != NULL)
        tell_plan (self);
    return true;
}

bool
tunnel_switch_child (OutriderTunnel *self, IkeChildSa *child, GError **error)
{
    if (!outrider_data_plane_switch_child (self->plane, child, error))
        return false;
    remember_child (self, child);
    tunnel_emit_rekeyed (self, "child");
    return true;
}

void
tunnel_take_child_down (OutriderTunnel *self, IkeChildSa *child)
{
    outrider_data_plane_remove (self->plane, child);
    g_ptr_array_remove (self->children, child);
}
