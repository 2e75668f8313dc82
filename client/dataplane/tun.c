/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/tun.h"

#include "dataplane/pump.h"
#include "errors.h"

/*
 * Without ESN, a rekey is due when three quarters of the sequence numbers are used up. Looked at once a minute, that is early
 * enough for ten million packets a second.
 */
#define SEQUENCE_SOFT ((uint64_t)3 << 30)

/* Octets. What loading vector instructions costs, they save on some 7 MB. */
#define MUCH_TRAFFIC ((uint64_t)8 << 20)

/* Milliseconds between two looks at the SAs: twice as many each time. */
enum
{
    LOOK_FIRST = 1000,
    LOOK_LAST = 60000,
};

struct _OutriderTunPlane
{
    GObject parent;
    PumpOffloads offloads;
    unsigned replay_window;
    unsigned mtu;
    uint64_t sequence_soft;
    unsigned look_pause; /* milliseconds */
    unsigned look_pause_max;
    guint look_source;
    bool uses_vectors;
    TunDevice device;
    UdpTransport *transport; /* borrowed, while the pump runs */
    Pump *pump;
    OutriderCounters gone; /* what SAs and pumps counted that are no more */
};

static void data_plane_init (OutriderDataPlaneInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutriderTunPlane, outrider_tun_plane, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (OUTRIDER_TYPE_DATA_PLANE, data_plane_init))

static bool
tun_plane_open (OutriderDataPlane *plane, const char *device, GError **error)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    g_return_val_if_fail (self->device.fd < 0, false);
    return tun_device_open (&self->device, device, self->offloads, error);
}

static const char *
tun_plane_get_device (OutriderDataPlane *plane)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    return self->device.fd >= 0 ? self->device.name : NULL;
}

static int
tun_plane_get_device_index (OutriderDataPlane *plane)
{
    return OUTRIDER_TUN_PLANE (plane)->device.index;
}

/* Another table for the pump, which has to be waited for: what an SA counted is final only then. */
static PumpTable *
copy_table (OutriderTunPlane *self)
{
    PumpTable *table =
        self->pump != NULL ? pump_table_copy (pump_get_table (self->pump)) : pump_table_new ();
    table->mtu = self->mtu;
    return table;
}

static void
renew_table (OutriderTunPlane *self)
{
    if (self->pump != NULL)
        pump_publish (self->pump, copy_table (self));
}

/* ---- a look at the SAs now and then ---- */

/* SAs whose sequence numbers run low are announced, each once. */
static void
look_at_sequences (OutriderTunPlane *self)
{
    /* Who hears of it may change the table: one at a time. */
    const PumpTable *table = pump_get_table (self->pump);
    for (unsigned i = 0; i < table->outbound_count; i++)
    {
        PumpSa *sa = table->outbound[i];
        if (sa->child->esn || sa->announced ||
            pump_counts_get (&sa->sent, COUNT_PACKETS) < self->sequence_soft)
            continue;
        sa->announced = true;
        outrider_data_plane_emit_expiring (OUTRIDER_DATA_PLANE (self), sa->child->number,
                                           sa->child->spi_in, false);
        break;
    }
}

/* Much traffic goes over to vector instructions, under way and from then on. */
static void
look_at_traffic (OutriderTunPlane *self)
{
    OutriderCounters counters;
    outrider_data_plane_get_counters (OUTRIDER_DATA_PLANE (self), &counters);
    if (self->uses_vectors || counters.octets_in + counters.octets_out < MUCH_TRAFFIC ||
        !cipher_may_use_vectors ())
        return;
    self->uses_vectors = true;
    const PumpTable *table = pump_get_table (self->pump);
    for (unsigned i = 0; i < table->inbound_count; i++)
        esp_pair_use_vectors (table->inbound[i]->esp);
}

static void plan_look (OutriderTunPlane *self);

static gboolean
look (gpointer data)
{
    OutriderTunPlane *self = data;
    G_GNUC_UNUSED g_autoptr (OutriderTunPlane) alive = g_object_ref (self);
    self->look_source = 0;
    plan_look (self);
    look_at_traffic (self);
    look_at_sequences (self);
    return G_SOURCE_REMOVE;
}

static void
plan_look (OutriderTunPlane *self)
{
    self->look_source = g_timeout_add (self->look_pause, look, self);
    self->look_pause = MIN (2 * self->look_pause, self->look_pause_max);
}

/* ---- children ---- */

static void
stop_pump (OutriderTunPlane *self)
{
    g_clear_handle_id (&self->look_source, g_source_remove);
    if (self->pump == NULL)
        return;
    OutriderCounters counters;
    outrider_data_plane_get_counters (OUTRIDER_DATA_PLANE (self), &counters);
    g_clear_pointer (&self->pump, pump_free);
    self->gone = counters;
    self->transport = NULL;
}

static bool
add_child (OutriderTunPlane *self, UdpTransport *transport, IkeChildSa *child, GError **error)
{
    g_return_val_if_fail (self->device.fd >= 0, false);
    g_autoptr (PumpSa) sa = pump_sa_new (child, self->replay_window, error);
    if (sa == NULL)
        return false;
    if (self->uses_vectors)
        esp_pair_use_vectors (sa->esp);
    /* Another transport is another connection: its predecessor's children are gone. */
    if (self->transport != transport)
        stop_pump (self);

    g_autoptr (PumpTable) table = copy_table (self);
    if (!pump_table_add (table, sa))
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                     "the same child SA twice, or more than %d at a time", PUMP_SAS_MAX);
        return false;
    }
    if (self->pump != NULL)
    {
        pump_publish (self->pump, g_steal_pointer (&table));
        return true;
    }
    self->pump =
        pump_new (&self->device, transport, g_steal_pointer (&table), self->offloads, error);
    if (self->pump == NULL)
        return false;
    self->transport = transport;
    self->look_pause = MIN (LOOK_FIRST, self->look_pause_max);
    plan_look (self);
    return true;
}

static bool
tun_plane_install (OutriderDataPlane *plane, UdpTransport *transport, IkeChildSa *child,
                   GError **error)
{
    return add_child (OUTRIDER_TUN_PLANE (plane), transport, child, error);
}

static bool
tun_plane_switch_child (OutriderDataPlane *plane, IkeChildSa *child, GError **error)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    g_return_val_if_fail (self->pump != NULL, false);
    g_autoptr (PumpTable) table = copy_table (self);
    if (!pump_table_switch (table, child->spi_in))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                             "the child SA to switch to was not installed");
        return false;
    }
    pump_publish (self->pump, g_steal_pointer (&table));
    return true;
}

static void
tun_plane_remove (OutriderDataPlane *plane, IkeChildSa *child)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    if (self->pump == NULL)
        return;
    PumpSa *found = pump_table_find_inbound (pump_get_table (self->pump), child->spi_in);
    if (found == NULL)
        return;
    g_autoptr (PumpSa) sa = pump_sa_ref (found);
    PumpTable *table = copy_table (self);
    pump_table_remove (table, child->spi_in);
    bool last = table->inbound_count == 0;
    pump_publish (self->pump, table);
    pump_sa_add_counters (sa, &self->gone);
    if (last)
        stop_pump (self);
}

static void
tun_plane_moved (OutriderDataPlane *plane)
{
    renew_table (OUTRIDER_TUN_PLANE (plane));
}

static void
tun_plane_set_mtu (OutriderDataPlane *plane, unsigned mtu)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    if (self->mtu == mtu)
        return;
    self->mtu = mtu;
    renew_table (self);
}

static void
tun_plane_get_counters (OutriderDataPlane *plane, OutriderCounters *ret_counters)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    OutriderCounters counters = self->gone;
    if (self->pump != NULL)
    {
        const PumpTable *table = pump_get_table (self->pump);
        pump_add_counters (self->pump, &counters);
        /* Each SA is heard until it is removed, so the inbound list holds them all. */
        for (unsigned i = 0; i < table->inbound_count; i++)
            pump_sa_add_counters (table->inbound[i], &counters);
    }
    *ret_counters = counters;
}

static void
tun_plane_close (OutriderDataPlane *plane)
{
    OutriderTunPlane *self = OUTRIDER_TUN_PLANE (plane);
    stop_pump (self);
    tun_device_close (&self->device);
}

static void
tun_plane_set_replay_window (OutriderDataPlane *plane, unsigned packets)
{
    OUTRIDER_TUN_PLANE (plane)->replay_window = packets;
}

static void
data_plane_init (OutriderDataPlaneInterface *interface)
{
    interface->name = "userspace";
    interface->needs_encapsulation = true;
    interface->open = tun_plane_open;
    interface->get_device = tun_plane_get_device;
    interface->get_device_index = tun_plane_get_device_index;
    interface->install = tun_plane_install;
    interface->switch_child = tun_plane_switch_child;
    interface->remove = tun_plane_remove;
    interface->moved = tun_plane_moved;
    interface->set_mtu = tun_plane_set_mtu;
    interface->set_replay_window = tun_plane_set_replay_window;
    interface->get_counters = tun_plane_get_counters;
    interface->close = tun_plane_close;
}

static void
outrider_tun_plane_init (OutriderTunPlane *self)
{
    self->offloads = PUMP_EVERYTHING;
    self->sequence_soft = SEQUENCE_SOFT;
    self->look_pause_max = LOOK_LAST;
    self->device = (TunDevice)TUN_DEVICE_CLOSED;
}

static void
outrider_tun_plane_dispose (GObject *object)
{
    tun_plane_close (OUTRIDER_DATA_PLANE (object));
    G_OBJECT_CLASS (outrider_tun_plane_parent_class)->dispose (object);
}

static void
outrider_tun_plane_class_init (OutriderTunPlaneClass *class)
{
    G_OBJECT_CLASS (class)->dispose = outrider_tun_plane_dispose;
}

OutriderDataPlane *
outrider_tun_plane_new (void)
{
    return g_object_new (OUTRIDER_TYPE_TUN_PLANE, NULL);
}

void
outrider_tun_plane_set_offloads (OutriderTunPlane *self, PumpOffloads offloads)
{
    g_return_if_fail (self->device.fd < 0);
    self->offloads = offloads;
}

void
outrider_tun_plane_set_sequence_limit (OutriderTunPlane *self, uint64_t packets,
                                       unsigned milliseconds)
{
    self->sequence_soft = packets;
    self->look_pause_max = milliseconds;
}
