/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm.h"

#include "dataplane/device-name.h"
#include "dataplane/forward-clamp.h"
#include "dataplane/xfrm-children.h"
#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-move.h"
#include "dataplane/xfrm-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/xfrm.h>
#include <time.h>
#include <unistd.h>

#define PATH_LOOK_SECONDS 2

struct _OutriderXfrmPlane
{
    GObject parent;
    XfrmChildrenConfig config;

    int claim; /* -1: not open */
    uint32_t if_id;
    char name[IFNAMSIZ];
    int index;
    ForwardClamp *clamp; /* NULL before an MTU is known */
    XfrmSocket *route;
    XfrmSocket *events;
    GSource *events_source;

    XfrmChildren *children;  /* while it is open */
    UdpTransport *transport; /* borrowed, while it is open */
    unsigned outer_mtu;      /* when it was looked at last */
    guint path_source;
    uint64_t heard; /* packets, when it was asked last */
    gint64 last_in;
};

static void data_plane_init (OutriderDataPlaneInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutriderXfrmPlane, outrider_xfrm_plane, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (OUTRIDER_TYPE_DATA_PLANE, data_plane_init))

/* ---- the device ---- */

/* The interface under the first number that nobody has; the name counts with it where it may. */
static bool
make_device (OutriderXfrmPlane *self, const char *wish, GError **error)
{
    bool counts = strchr (wish, '%') != NULL;
    for (unsigned number = 0; number < XFRM_NUMBERS_MAX - 1; number++)
    {
        if (!device_name_fill (wish, number, self->name))
            break;
        self->if_id = XFRM_IF_ID_BASE + number;
        if (counts && if_nametoindex (self->name) != 0)
            continue;
        self->claim = xfrm_claim_new (number);
        if (self->claim < 0)
            continue;
        XfrmMessage message;
        xfrm_write_add_link (&message, self->name, self->if_id, 0);
        int refusal = xfrm_socket_do (self->route, &message);
        self->index = refusal == 0 ? (int)if_nametoindex (self->name) : 0;
        if (self->index != 0)
            return true;
        close (self->claim);
        self->claim = -1;
        /* Somebody has the name, or somebody else uses our number. */
        if (refusal == EEXIST && (counts || if_nametoindex (self->name) == 0))
            continue;
        g_autofree char *what = g_strdup_printf ("cannot make the XFRM interface %s", self->name);
        return xfrm_refuse (what, refusal != 0 ? refusal : ENODEV, error);
    }
    return xfrm_refuse ("cannot make an XFRM interface", EMFILE, error);
}

static void
remove_device (OutriderXfrmPlane *self)
{
    XfrmMessage message;
    if (self->index != 0)
    {
        xfrm_write_delete_link (&message, self->index);
        xfrm_socket_do (self->route, &message);
    }
    self->index = 0;
    self->if_id = 0;
    if (self->claim >= 0)
        close (self->claim);
    self->claim = -1;
}

/* ---- events ---- */

static void
hear_event (ByteView message, void *data)
{
    OutriderXfrmPlane *self = data;
    XfrmExpiry expiry;
    uint32_t if_id;
    if (self->children == NULL)
        return;
    if (xfrm_read_expiry (message, &expiry) && expiry.if_id == self->if_id)
    {
        const IkeChildSa *sa = xfrm_children_find (self->children, &expiry.destination, expiry.spi);
        if (sa != NULL)
            outrider_data_plane_emit_expiring (OUTRIDER_DATA_PLANE (self), sa->number, sa->spi_in,
                                               expiry.hard);
    }
    else if (xfrm_read_acquire (message, &if_id) && if_id == self->if_id)
        outrider_data_plane_emit_traffic_without_child (OUTRIDER_DATA_PLANE (self));
}

static gboolean
on_event (int fd, GIOCondition condition, void *data)
{
    OutriderXfrmPlane *self = data;
    G_GNUC_UNUSED g_autoptr (OutriderXfrmPlane) alive = g_object_ref (self);
    /* Who hears of it may close the plane. */
    XfrmSocket *events = g_steal_pointer (&self->events);
    xfrm_socket_listen (events, hear_event, self);
    if (self->events_source != g_main_current_source ())
    {
        xfrm_socket_free (events);
        return G_SOURCE_REMOVE;
    }
    self->events = events;
    return G_SOURCE_CONTINUE;
}

static bool
watch_events (OutriderXfrmPlane *self, GError **error)
{
    if (!xfrm_socket_join (self->events, XFRMNLGRP_EXPIRE) ||
        !xfrm_socket_join (self->events, XFRMNLGRP_ACQUIRE))
        return xfrm_refuse ("the kernel does not tell of its SAs", errno, error);
    self->events_source = g_unix_fd_source_new (xfrm_socket_get_fd (self->events), G_IO_IN);
    g_source_set_callback (self->events_source, G_SOURCE_FUNC (on_event), self, NULL);
    g_source_attach (self->events_source, g_main_context_get_thread_default ());
    return true;
}

static void
close_sockets (OutriderXfrmPlane *self)
{
    if (self->events_source != NULL)
        g_source_destroy (self->events_source);
    g_clear_pointer (&self->events_source, g_source_unref);
    g_clear_pointer (&self->events, xfrm_socket_free);
    g_clear_pointer (&self->route, xfrm_socket_free);
}

static bool
open_sockets (OutriderXfrmPlane *self, GError **error)
{
    self->route = xfrm_socket_new (NETLINK_ROUTE);
    self->events = self->route != NULL ? xfrm_socket_new (NETLINK_XFRM) : NULL;
    if (self->events == NULL)
        return xfrm_refuse ("the kernel gives no netlink socket", errno, error);
    return watch_events (self, error);
}

static void
xfrm_plane_close (OutriderDataPlane *plane)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_clear_handle_id (&self->path_source, g_source_remove);
    self->transport = NULL;
    g_clear_pointer (&self->children, xfrm_children_free);
    g_clear_pointer (&self->clamp, forward_clamp_free);
    remove_device (self);
    close_sockets (self);
}

static bool
xfrm_plane_open (OutriderDataPlane *plane, const char *device, GError **error)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_return_val_if_fail (self->claim < 0, false);
    const char *wish = device != NULL ? device : DEVICE_NAME_DEFAULT;
    if (device_name_check (wish, error) && open_sockets (self, error) &&
        make_device (self, wish, error))
        self->children = xfrm_children_new (self->if_id, &self->config, error);
    if (self->children == NULL)
        xfrm_plane_close (plane);
    return self->children != NULL;
}

static const char *
xfrm_plane_get_device (OutriderDataPlane *plane)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    return self->index != 0 ? self->name : NULL;
}

static int
xfrm_plane_get_device_index (OutriderDataPlane *plane)
{
    return OUTRIDER_XFRM_PLANE (plane)->index;
}

/* ---- the path ---- */

/* Routers' complaints about large packets of ESP change the kernel's routes and wake nobody. */
static gboolean
look_at_path (gpointer data)
{
    OutriderXfrmPlane *self = data;
    udp_transport_look_at_path (self->transport, self->outer_mtu);
    self->outer_mtu = udp_transport_get_mtu (self->transport);
    return G_SOURCE_CONTINUE;
}

static void
watch_path (OutriderXfrmPlane *self, UdpTransport *transport)
{
    self->transport = transport;
    self->outer_mtu = udp_transport_get_mtu (transport);
    if (self->path_source == 0)
        self->path_source = g_timeout_add_seconds (PATH_LOOK_SECONDS, look_at_path, self);
}

/* ---- children ---- */

static bool
xfrm_plane_install (OutriderDataPlane *plane, UdpTransport *transport, IkeChildSa *sa,
                    GError **error)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_return_val_if_fail (self->children != NULL, false);
    watch_path (self, transport);
    return xfrm_children_install (self->children, transport, sa, error);
}

static bool
xfrm_plane_switch_child (OutriderDataPlane *plane, IkeChildSa *sa, GError **error)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_return_val_if_fail (self->children != NULL, false);
    return xfrm_children_switch (self->children, sa, error);
}

static void
xfrm_plane_remove (OutriderDataPlane *plane, IkeChildSa *sa)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    if (self->children != NULL)
        xfrm_children_remove (self->children, sa);
}

static void
xfrm_plane_moved (OutriderDataPlane *plane)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    if (self->children == NULL)
        return;
    g_autoptr (GPtrArray) lost = xfrm_children_move (self->children);
    for (guint i = 0; i < lost->len; i++)
    {
        const IkeChildSa *sa = lost->pdata[i];
        outrider_data_plane_emit_expiring (plane, sa->number, sa->spi_in, true);
    }
}

static void
xfrm_plane_set_mtu (OutriderDataPlane *plane, unsigned mtu)
{
    /* For the packets of this host the kernel looks at the device's, which the host sets. */
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    if (self->clamp == NULL)
        self->clamp = forward_clamp_new (self->name);
    forward_clamp_set_mtu (self->clamp, mtu);
}

static void
xfrm_plane_set_replay_window (OutriderDataPlane *plane, unsigned packets)
{
    OUTRIDER_XFRM_PLANE (plane)->config.window =
        packets != 0 ? MIN (packets, XFRM_WINDOW_MAX) : XFRM_REPLAY_WINDOW_DEFAULT;
}

static void
xfrm_plane_set_life (OutriderDataPlane *plane, gint64 seconds)
{
    OUTRIDER_XFRM_PLANE (plane)->config.limits.hard_seconds = (uint64_t)seconds;
}

/* ---- counters ---- */

static gint64
now_of (clockid_t clock)
{
    struct timespec time;
    clock_gettime (clock, &time);
    return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/*
 * When the gateway was heard last. Kernels before 6.2 do not say; then it is now, if anything was heard since it was asked
 * last.
 */
static void
note_heard (OutriderXfrmPlane *self, uint64_t packets, uint64_t last_used)
{
    bool more = packets > self->heard;
    self->heard = packets; /* less, if a state expired */
    if (!more)
        return;
    gint64 now = now_of (CLOCK_BOOTTIME);
    gint64 ago = 0;
    if (last_used != 0)
        ago = MAX (0, now_of (CLOCK_REALTIME) - (gint64)last_used * G_USEC_PER_SEC);
    self->last_in = MAX (self->last_in, now - ago);
}

static void
xfrm_plane_get_counters (OutriderDataPlane *plane, OutriderCounters *ret_counters)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    OutriderCounters counters = { 0 };
    uint64_t last_used = 0;
    if (self->children != NULL)
        xfrm_children_add_counters (self->children, &counters, &last_used);
    note_heard (self, counters.packets_in, last_used);
    counters.last_in = self->last_in;
    *ret_counters = counters;
}

/* ---- GObject ---- */

static void
data_plane_init (OutriderDataPlaneInterface *interface)
{
    interface->name = "kernel";
    interface->open = xfrm_plane_open;
    interface->get_device = xfrm_plane_get_device;
    interface->get_device_index = xfrm_plane_get_device_index;
    interface->install = xfrm_plane_install;
    interface->switch_child = xfrm_plane_switch_child;
    interface->remove = xfrm_plane_remove;
    interface->moved = xfrm_plane_moved;
    interface->set_mtu = xfrm_plane_set_mtu;
    interface->set_replay_window = xfrm_plane_set_replay_window;
    interface->set_life = xfrm_plane_set_life;
    interface->get_counters = xfrm_plane_get_counters;
    interface->close = xfrm_plane_close;
}

static void
outrider_xfrm_plane_init (OutriderXfrmPlane *self)
{
    self->claim = -1;
    self->config.window = XFRM_REPLAY_WINDOW_DEFAULT;
}

static void
outrider_xfrm_plane_dispose (GObject *object)
{
    xfrm_plane_close (OUTRIDER_DATA_PLANE (object));
    G_OBJECT_CLASS (outrider_xfrm_plane_parent_class)->dispose (object);
}

static void
outrider_xfrm_plane_class_init (OutriderXfrmPlaneClass *class)
{
    G_OBJECT_CLASS (class)->dispose = outrider_xfrm_plane_dispose;
}

OutriderDataPlane *
outrider_xfrm_plane_new (uint32_t mark)
{
    OutriderXfrmPlane *self = g_object_new (OUTRIDER_TYPE_XFRM_PLANE, NULL);
    self->config.mark = mark;
    return OUTRIDER_DATA_PLANE (self);
}

void
outrider_xfrm_plane_set_limits (OutriderXfrmPlane *self, const XfrmLimits *limits)
{
    self->config.limits = *limits;
}

void
outrider_xfrm_plane_forgo_migration (OutriderXfrmPlane *self)
{
    self->config.reinstalls = true;
}
