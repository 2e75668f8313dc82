/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/dataplane.h"

#include "esp/pair.h"

#define COMMON_MTU 1500

G_DEFINE_INTERFACE (OutriderDataPlane, outrider_data_plane, G_TYPE_OBJECT)

enum
{
    EXPIRING,
    TRAFFIC_WITHOUT_CHILD,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
outrider_data_plane_default_init (OutriderDataPlaneInterface *interface)
{
    signals[EXPIRING] =
        g_signal_new ("expiring", OUTRIDER_TYPE_DATA_PLANE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT, G_TYPE_BOOLEAN);
    signals[TRAFFIC_WITHOUT_CHILD] =
        g_signal_new ("traffic-without-child", OUTRIDER_TYPE_DATA_PLANE, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 0);
}

const char *
outrider_data_plane_get_name (OutriderDataPlane *self)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->name;
}

bool
outrider_data_plane_needs_encapsulation (OutriderDataPlane *self)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->needs_encapsulation;
}

bool
outrider_data_plane_open (OutriderDataPlane *self, const char *device, GError **error)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->open (self, device, error);
}

void
outrider_data_plane_set_replay_window (OutriderDataPlane *self, unsigned packets)
{
    OUTRIDER_DATA_PLANE_GET_IFACE (self)->set_replay_window (self, packets);
}

void
outrider_data_plane_set_life (OutriderDataPlane *self, gint64 seconds)
{
    OutriderDataPlaneInterface *interface = OUTRIDER_DATA_PLANE_GET_IFACE (self);
    if (interface->set_life != NULL)
        interface->set_life (self, seconds);
}

const char *
outrider_data_plane_get_device (OutriderDataPlane *self)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->get_device (self);
}

int
outrider_data_plane_get_device_index (OutriderDataPlane *self)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->get_device_index (self);
}

bool
outrider_data_plane_install (OutriderDataPlane *self, UdpTransport *transport, IkeChildSa *child,
                             GError **error)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->install (self, transport, child, error);
}

bool
outrider_data_plane_switch_child (OutriderDataPlane *self, IkeChildSa *child, GError **error)
{
    return OUTRIDER_DATA_PLANE_GET_IFACE (self)->switch_child (self, child, error);
}

void
outrider_data_plane_remove (OutriderDataPlane *self, IkeChildSa *child)
{
    OUTRIDER_DATA_PLANE_GET_IFACE (self)->remove (self, child);
}

void
outrider_data_plane_moved (OutriderDataPlane *self)
{
    OUTRIDER_DATA_PLANE_GET_IFACE (self)->moved (self);
}

void
outrider_data_plane_get_counters (OutriderDataPlane *self, OutriderCounters *ret_counters)
{
    OUTRIDER_DATA_PLANE_GET_IFACE (self)->get_counters (self, ret_counters);
}

unsigned
outrider_data_plane_get_overhead (OutriderDataPlane *self, const IkeChildSa *child, IpFamily outer)
{
    return COMMON_MTU - outrider_data_plane_get_mtu (self, child, outer, COMMON_MTU);
}

unsigned
outrider_data_plane_get_mtu (OutriderDataPlane *self, const IkeChildSa *child, IpFamily outer,
                             unsigned outer_mtu)
{
    return esp_get_inner_mtu (child->encryption, child->integrity, child->encapsulated, outer,
                              outer_mtu);
}

void
outrider_data_plane_set_mtu (OutriderDataPlane *self, unsigned mtu)
{
    OUTRIDER_DATA_PLANE_GET_IFACE (self)->set_mtu (self, mtu);
}

void
outrider_data_plane_close (OutriderDataPlane *self)
{
    OUTRIDER_DATA_PLANE_GET_IFACE (self)->close (self);
}

void
outrider_data_plane_emit_expiring (OutriderDataPlane *self, unsigned number, uint32_t spi_in,
                                   bool hard)
{
    g_signal_emit (self, signals[EXPIRING], 0, number, spi_in, (gboolean)hard);
}

void
outrider_data_plane_emit_traffic_without_child (OutriderDataPlane *self)
{
    g_signal_emit (self, signals[TRAFFIC_WITHOUT_CHILD], 0);
}
