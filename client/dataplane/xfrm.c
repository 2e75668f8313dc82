/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm.h"

#include "dataplane/device-name.h"
#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-selectors.h"
#include "dataplane/xfrm-socket.h"
#include "errors.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/xfrm.h>
#include <time.h>
#include <unistd.h>

/* Without ESN, a rekey is due when three quarters of the sequence numbers are used up; the last one ends the SA. */
#define SEQUENCE_SOFT ((uint64_t)3 << 30)
#define SEQUENCE_HARD ((uint64_t)UINT32_MAX)

typedef struct
{
    IkeChildSa *sa;
    IpEndpoint local; /* outer: what its states were made for */
    IpEndpoint gateway;
    GArray *selectors;    /* XfrmSelector, outbound */
    XfrmLimits limits[2]; /* a way each: what is left of them */
    bool made[2];         /* the state is there, and ours */
    bool sends;           /* its policies are in force */
} XfrmChild;

typedef enum
{
    INBOUND,
    OUTBOUND,
} Way;

struct _OutriderXfrmPlane
{
    GObject parent;
    uint32_t mark;
    unsigned replay_window;
    XfrmLimits limits;

    int claim; /* -1: not open */
    uint32_t if_id;
    char name[IFNAMSIZ];
    int index;
    XfrmSocket *xfrm;
    XfrmSocket *route;
    XfrmSocket *events;
    GSource *events_source;

    UdpTransport *transport; /* borrowed, while there are children */
    GPtrArray *children;     /* XfrmChild */
    OutriderCounters gone;   /* what states counted that are no more */
    uint64_t heard;          /* packets, when it was asked last */
    gint64 last_in;
};

static void data_plane_init (OutriderDataPlaneInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutriderXfrmPlane, outrider_xfrm_plane, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (OUTRIDER_TYPE_DATA_PLANE, data_plane_init))

static void
child_free (XfrmChild *self)
{
    ike_child_sa_unref (self->sa);
    g_clear_pointer (&self->selectors, g_array_unref);
    g_free (self);
}

static bool
fail (const char *what, int error_number, GError **error)
{
    bool rights = error_number == EPERM || error_number == EACCES;
    g_set_error (error, OUTRIDER_ERROR,
                 rights ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_HOST_REFUSED, "%s: %s", what,
                 g_strerror (error_number));
    return false;
}

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
        return fail (what, refusal != 0 ? refusal : ENODEV, error);
    }
    return fail ("cannot make an XFRM interface", EMFILE, error);
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
take_expiry (OutriderXfrmPlane *self, const XfrmExpiry *expiry)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        const XfrmChild *child = self->children->pdata[i];
        bool in = expiry->spi == child->sa->spi_in &&
                  ip_address_equal (&expiry->destination, &child->local.address);
        bool out = child->made[OUTBOUND] && expiry->spi == child->sa->spi_out &&
                   ip_address_equal (&expiry->destination, &child->gateway.address);
        if (!in && !out)
            continue;
        outrider_data_plane_emit_expiring (OUTRIDER_DATA_PLANE (self), child->sa->number,
                                           child->sa->spi_in, expiry->hard);
        return;
    }
}

static void
hear_event (ByteView message, void *data)
{
    OutriderXfrmPlane *self = data;
    XfrmExpiry expiry;
    uint32_t if_id;
    if (xfrm_read_expiry (message, &expiry))
    {
        if (expiry.if_id == self->if_id)
            take_expiry (self, &expiry);
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
        return fail ("the kernel does not tell of its SAs", errno, error);
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
    g_clear_pointer (&self->xfrm, xfrm_socket_free);
}

static bool
open_sockets (OutriderXfrmPlane *self, GError **error)
{
    self->xfrm = xfrm_socket_new (NETLINK_XFRM);
    self->route = self->xfrm != NULL ? xfrm_socket_new (NETLINK_ROUTE) : NULL;
    self->events = self->route != NULL ? xfrm_socket_new (NETLINK_XFRM) : NULL;
    if (self->events == NULL)
        return fail ("the kernel gives no netlink socket", errno, error);
    return watch_events (self, error);
}

static bool
xfrm_plane_open (OutriderDataPlane *plane, const char *device, GError **error)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_return_val_if_fail (self->claim < 0, false);
    const char *wish = device != NULL ? device : DEVICE_NAME_DEFAULT;
    if (device_name_check (wish, error) && open_sockets (self, error) &&
        make_device (self, wish, error))
        return true;
    remove_device (self);
    close_sockets (self);
    return false;
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

/* ---- states ---- */

/* The same for a child over all rekeys; other tunnels have another if_id. */
static uint32_t
reqid_of (const OutriderXfrmPlane *self, const XfrmChild *child)
{
    return (self->if_id - XFRM_IF_ID_BASE + 1) << 16 | (child->sa->number & UINT16_MAX);
}

static void
set_limits (const OutriderXfrmPlane *self, XfrmChild *child)
{
    child->limits[INBOUND] = child->limits[OUTBOUND] = self->limits;
    XfrmLimits *limits = &child->limits[OUTBOUND];
    if (child->sa->esn)
        return;
    if (limits->soft_packets == 0 || limits->soft_packets > SEQUENCE_SOFT)
        limits->soft_packets = SEQUENCE_SOFT;
    if (limits->hard_packets == 0 || limits->hard_packets > SEQUENCE_HARD)
        limits->hard_packets = SEQUENCE_HARD;
}

static XfrmState
state_of (const OutriderXfrmPlane *self, const XfrmChild *child, Way way)
{
    const IkeChildSa *sa = child->sa;
    bool in = way == INBOUND;
    const IpEndpoint *source = in ? &child->gateway : &child->local;
    const IpEndpoint *destination = in ? &child->local : &child->gateway;
    return (XfrmState){
        .source = source->address,
        .destination = destination->address,
        .spi = in ? sa->spi_in : sa->spi_out,
        .reqid = reqid_of (self, child),
        .if_id = self->if_id,
        .encryption = sa->encryption,
        .integrity = sa->integrity,
        .encryption_key = secret_bytes_view (in ? sa->encryption_key_in : sa->encryption_key_out),
        .integrity_key = secret_bytes_view (in ? sa->integrity_key_in : sa->integrity_key_out),
        .esn = sa->esn,
        .window = in ? self->replay_window : 0,
        .source_port = sa->encapsulated ? source->port : 0,
        .destination_port = sa->encapsulated ? destination->port : 0,
        .mark = in ? 0 : self->mark,
        .limits = child->limits[way],
    };
}

static bool
install_state (OutriderXfrmPlane *self, XfrmChild *child, Way way, const XfrmReplay *replay,
               GError **error)
{
    XfrmState state = state_of (self, child, way);
    state.replay = replay;
    g_auto (XfrmMessage) message;
    xfrm_write_add_state (&message, &state);
    int refusal = xfrm_socket_do (self->xfrm, &message);
    child->made[way] = refusal == 0;
    return refusal == 0 || fail ("the kernel refused the child SA", refusal, error);
}

typedef struct
{
    XfrmStateFacts facts;
    uint32_t spi;
    IpAddress destination;
    bool found;
} StateSearch;

static void
keep_facts (StateSearch *search, const XfrmStateFacts *facts)
{
    if (facts->spi != search->spi || !ip_address_equal (&facts->destination, &search->destination))
        return;
    search->facts = *facts;
    search->found = true;
}

static void
hear_state (ByteView message, void *data)
{
    XfrmStateFacts facts;
    if (xfrm_read_state (message, &facts))
        keep_facts (data, &facts);
}

static void
hear_deleted_state (ByteView message, void *data)
{
    XfrmStateFacts facts;
    if (xfrm_read_deleted_state (message, &facts))
        keep_facts (data, &facts);
}

static bool
get_facts (OutriderXfrmPlane *self, const XfrmState *state, XfrmStateFacts *ret_facts)
{
    StateSearch search = { .spi = state->spi, .destination = state->destination };
    XfrmMessage message;
    xfrm_write_get_state (&message, state);
    if (xfrm_socket_ask (self->xfrm, &message, hear_state, &search) != 0 || !search.found)
        return false;
    *ret_facts = search.facts;
    return true;
}

static void
add_facts (const XfrmStateFacts *facts, Way way, OutriderCounters *counters)
{
    if (way == OUTBOUND)
    {
        counters->packets_out += facts->packets;
        counters->octets_out += facts->octets;
        return;
    }
    counters->packets_in += facts->packets;
    counters->octets_in += facts->octets;
    counters->dropped_replayed += facts->replayed;
    counters->dropped_unverified += facts->unverified;
}

/* ---- policies ---- */

static XfrmPolicy
policy_of (const OutriderXfrmPlane *self, const XfrmChild *child, const XfrmSelector *selector,
           XfrmDirection direction)
{
    bool out = direction == XFRM_DIRECTION_OUT;
    return (XfrmPolicy){
        .direction = direction,
        .selector = out ? *selector : xfrm_selector_turn (selector),
        .if_id = self->if_id,
        .priority = xfrm_selector_get_priority (selector),
        .source = out ? child->local.address : child->gateway.address,
        .destination = out ? child->gateway.address : child->local.address,
        .reqid = reqid_of (self, child),
        /* One SA sends; either that of a rekey may be heard. */
        .spi = out ? child->sa->spi_out : 0,
    };
}

static const XfrmDirection directions[] = { XFRM_DIRECTION_IN, XFRM_DIRECTION_FORWARD,
                                            XFRM_DIRECTION_OUT };

static bool
has_selector (const XfrmChild *child, const XfrmSelector *selector)
{
    for (guint i = 0; child != NULL && i < child->selectors->len; i++)
        if (xfrm_selector_equal (&g_array_index (child->selectors, XfrmSelector, i), selector))
            return true;
    return false;
}

/* Some child's policies hold these packets, be it the same child's. */
static bool
is_in_force (const OutriderXfrmPlane *self, const XfrmSelector *selector)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        const XfrmChild *child = self->children->pdata[i];
        if (child->sends && has_selector (child, selector))
            return true;
    }
    return false;
}

static bool
put_policies (OutriderXfrmPlane *self, const XfrmChild *child, GError **error)
{
    for (guint i = 0; i < child->selectors->len; i++)
    {
        const XfrmSelector *selector = &g_array_index (child->selectors, XfrmSelector, i);
        bool replace = is_in_force (self, selector);
        for (size_t d = 0; d < G_N_ELEMENTS (directions); d++)
        {
            XfrmMessage message;
            XfrmPolicy policy = policy_of (self, child, selector, directions[d]);
            xfrm_write_put_policy (&message, &policy, replace);
            xfrm_socket_queue (self->xfrm, &message);
        }
    }
    int refusal = xfrm_socket_commit (self->xfrm);
    return refusal == 0 || fail ("the kernel refused the policies of the child SA", refusal, error);
}

/* The policies of CHILD, but those that SUCCESSOR (or NULL) has, too. */
static void
delete_policies (OutriderXfrmPlane *self, const XfrmChild *child, const XfrmChild *successor)
{
    for (guint i = 0; i < child->selectors->len; i++)
    {
        const XfrmSelector *selector = &g_array_index (child->selectors, XfrmSelector, i);
        for (size_t d = 0; !has_selector (successor, selector) && d < G_N_ELEMENTS (directions);
             d++)
        {
            XfrmMessage message;
            XfrmPolicy policy = policy_of (self, child, selector, directions[d]);
            xfrm_write_delete_policy (&message, &policy);
            xfrm_socket_queue (self->xfrm, &message);
        }
    }
    xfrm_socket_commit (self->xfrm);
}

/* ---- children ---- */

static XfrmChild *
find_child (const OutriderXfrmPlane *self, uint32_t spi_in)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        XfrmChild *child = self->children->pdata[i];
        if (child->sa->spi_in == spi_in)
            return child;
    }
    return NULL;
}

static XfrmChild *
find_sender (const OutriderXfrmPlane *self, unsigned number)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        XfrmChild *child = self->children->pdata[i];
        if (child->sa->number == number && child->sends)
            return child;
    }
    return NULL;
}

/* First what sends is there, then what leads to it. */
static bool
let_send (OutriderXfrmPlane *self, XfrmChild *child, GError **error)
{
    if (!child->made[OUTBOUND] && !install_state (self, child, OUTBOUND, NULL, error))
        return false;
    bool put = put_policies (self, child, error);
    child->sends = true;
    return put;
}

/* Two children may ask for the same packets: what one gives up is the other's again. */
static void
renew_policies (OutriderXfrmPlane *self)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        const XfrmChild *child = self->children->pdata[i];
        if (child->sends)
            put_policies (self, child, NULL);
    }
}

static void
delete_state (OutriderXfrmPlane *self, const XfrmChild *child, Way way)
{
    if (!child->made[way])
        return;
    XfrmState state = state_of (self, child, way);
    XfrmStateFacts facts;
    XfrmMessage message;
    if (get_facts (self, &state, &facts))
        add_facts (&facts, way, &self->gone);
    xfrm_write_delete_state (&message, &state);
    xfrm_socket_do (self->xfrm, &message);
}

static void
remove_child (OutriderXfrmPlane *self, XfrmChild *child)
{
    if (child->sends)
        delete_policies (self, child, NULL);
    delete_state (self, child, OUTBOUND);
    delete_state (self, child, INBOUND);
    g_ptr_array_remove (self->children, child);
}

static bool
install_child (OutriderXfrmPlane *self, XfrmChild *child, GError **error)
{
    if (child->sa->encapsulated && !udp_transport_give_esp_to_kernel (self->transport, error))
        return false;
    return install_state (self, child, INBOUND, NULL, error) &&
           (find_sender (self, child->sa->number) != NULL || let_send (self, child, error));
}

static bool
xfrm_plane_install (OutriderDataPlane *plane, UdpTransport *transport, IkeChildSa *sa,
                    GError **error)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_return_val_if_fail (self->index != 0, false);
    /* The same keys twice would count from the same nonce twice. */
    if (find_child (self, sa->spi_in) != NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                             "the same child SA twice");
        return false;
    }
    GArray *selectors = xfrm_selectors_new (sa->local, sa->remote, error);
    if (selectors == NULL)
        return false;
    self->transport = transport;
    XfrmChild *child = g_new0 (XfrmChild, 1);
    child->sa = ike_child_sa_ref (sa);
    child->selectors = selectors;
    child->local = udp_transport_get_local (transport);
    child->gateway = udp_transport_get_gateway (transport);
    set_limits (self, child);
    g_ptr_array_add (self->children, child);
    if (install_child (self, child, error))
        return true;
    remove_child (self, child);
    return false;
}

static bool
xfrm_plane_switch_child (OutriderDataPlane *plane, IkeChildSa *sa, GError **error)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    XfrmChild *child = find_child (self, sa->spi_in);
    if (child == NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                             "the child SA to switch to was not installed");
        return false;
    }
    XfrmChild *former = find_sender (self, sa->number);
    if (former == child)
        return true;
    if (!let_send (self, child, error))
        return false;
    if (former != NULL)
    {
        delete_policies (self, former, child);
        former->sends = false;
    }
    return true;
}

static void
xfrm_plane_remove (OutriderDataPlane *plane, IkeChildSa *sa)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    XfrmChild *child = find_child (self, sa->spi_in);
    if (child == NULL)
        return;
    bool sent = child->sends;
    remove_child (self, child);
    if (sent)
        renew_policies (self);
}

/* ---- another path ---- */

/*
 * XFRM_MSG_MIGRATE would not do: the kernel copies a state with its sequence number and deletes it after, so that what is sent
 * in between uses numbers that the copy uses again, and with them nonces. Here the state goes first; the kernel's last word on
 * it has the numbers where they stopped.
 */
static bool
take_state (OutriderXfrmPlane *self, XfrmSocket *listener, const XfrmState *state,
            XfrmStateFacts *ret_facts)
{
    StateSearch search = { .spi = state->spi, .destination = state->destination };
    XfrmMessage message;
    xfrm_write_delete_state (&message, state);
    if (xfrm_socket_do (self->xfrm, &message) != 0)
        return false;
    xfrm_socket_listen (listener, hear_deleted_state, &search);
    if (search.found)
        *ret_facts = search.facts;
    return search.found;
}

static uint64_t
reduce (uint64_t limit, uint64_t used)
{
    return limit == 0 ? 0 : limit > used ? limit - used : 1;
}

/* What was used up stays used up; the time begins anew, which the session's own clock watches. */
static void
reduce_limits (XfrmLimits *limits, const XfrmStateFacts *facts)
{
    limits->soft_packets = reduce (limits->soft_packets, facts->packets);
    limits->hard_packets = reduce (limits->hard_packets, facts->packets);
    limits->soft_octets = reduce (limits->soft_octets, facts->octets);
    limits->hard_octets = reduce (limits->hard_octets, facts->octets);
}

static bool
move_state (OutriderXfrmPlane *self, XfrmSocket *listener, const XfrmState *from, XfrmChild *child,
            Way way)
{
    XfrmStateFacts facts;
    child->made[way] = false;
    if (!take_state (self, listener, from, &facts))
        return false;
    add_facts (&facts, way, &self->gone);
    reduce_limits (&child->limits[way], &facts);
    return install_state (self, child, way, &facts.replay, NULL);
}

/* False: one of its states is lost, for its numbers are not known any more. */
static bool
move_child (OutriderXfrmPlane *self, XfrmSocket *listener, XfrmChild *child)
{
    bool moved = true;
    XfrmState from[] = { state_of (self, child, INBOUND), state_of (self, child, OUTBOUND) };
    child->local = udp_transport_get_local (self->transport);
    child->gateway = udp_transport_get_gateway (self->transport);
    for (Way way = INBOUND; way <= OUTBOUND; way++)
        if (child->made[way])
            moved = move_state (self, listener, &from[way], child, way) && moved;
    return moved && (!child->sends || put_policies (self, child, NULL));
}

static bool
is_elsewhere (const OutriderXfrmPlane *self, const XfrmChild *child)
{
    IpEndpoint local = udp_transport_get_local (self->transport);
    IpEndpoint gateway = udp_transport_get_gateway (self->transport);
    return !ip_endpoint_equal (&local, &child->local) ||
           !ip_endpoint_equal (&gateway, &child->gateway);
}

static void
xfrm_plane_moved (OutriderDataPlane *plane)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    g_autoptr (XfrmSocket) listener = NULL;
    g_autoptr (GPtrArray) lost =
        g_ptr_array_new_with_free_func ((GDestroyNotify)ike_child_sa_unref);
    for (guint i = 0; i < self->children->len; i++)
    {
        XfrmChild *child = self->children->pdata[i];
        if (!is_elsewhere (self, child))
            continue;
        if (listener == NULL)
            listener = xfrm_socket_new (NETLINK_XFRM);
        bool hears = listener != NULL && xfrm_socket_join (listener, XFRMNLGRP_SA);
        if (!hears || !move_child (self, listener, child))
            g_ptr_array_add (lost, ike_child_sa_ref (child->sa));
    }
    for (guint i = 0; i < lost->len; i++)
    {
        const IkeChildSa *sa = lost->pdata[i];
        outrider_data_plane_emit_expiring (plane, sa->number, sa->spi_in, true);
    }
}

static void
xfrm_plane_set_mtu (OutriderDataPlane *plane, unsigned mtu)
{
    /* The kernel looks at the device's, which the host sets. */
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
    OutriderCounters counters = self->gone;
    uint64_t last_used = 0;
    for (guint i = 0; i < self->children->len; i++)
    {
        const XfrmChild *child = self->children->pdata[i];
        XfrmState inbound = state_of (self, child, INBOUND);
        XfrmState outbound = state_of (self, child, OUTBOUND);
        XfrmStateFacts facts;
        if (get_facts (self, &inbound, &facts))
        {
            add_facts (&facts, INBOUND, &counters);
            last_used = MAX (last_used, facts.last_used);
        }
        if (child->made[OUTBOUND] && get_facts (self, &outbound, &facts))
            add_facts (&facts, OUTBOUND, &counters);
    }
    note_heard (self, counters.packets_in, last_used);
    counters.last_in = self->last_in;
    *ret_counters = counters;
}

/* ---- the end ---- */

static void
xfrm_plane_close (OutriderDataPlane *plane)
{
    OutriderXfrmPlane *self = OUTRIDER_XFRM_PLANE (plane);
    while (self->children->len > 0)
        remove_child (self, self->children->pdata[self->children->len - 1]);
    remove_device (self);
    close_sockets (self);
    self->transport = NULL;
}

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
    interface->get_counters = xfrm_plane_get_counters;
    interface->close = xfrm_plane_close;
}

static void
outrider_xfrm_plane_init (OutriderXfrmPlane *self)
{
    self->claim = -1;
    self->replay_window = XFRM_REPLAY_WINDOW_DEFAULT;
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)child_free);
}

static void
outrider_xfrm_plane_dispose (GObject *object)
{
    xfrm_plane_close (OUTRIDER_DATA_PLANE (object));
    G_OBJECT_CLASS (outrider_xfrm_plane_parent_class)->dispose (object);
}

static void
outrider_xfrm_plane_finalize (GObject *object)
{
    g_ptr_array_unref (OUTRIDER_XFRM_PLANE (object)->children);
    G_OBJECT_CLASS (outrider_xfrm_plane_parent_class)->finalize (object);
}

static void
outrider_xfrm_plane_class_init (OutriderXfrmPlaneClass *class)
{
    G_OBJECT_CLASS (class)->dispose = outrider_xfrm_plane_dispose;
    G_OBJECT_CLASS (class)->finalize = outrider_xfrm_plane_finalize;
}

OutriderDataPlane *
outrider_xfrm_plane_new (uint32_t mark)
{
    OutriderXfrmPlane *self = g_object_new (OUTRIDER_TYPE_XFRM_PLANE, NULL);
    self->mark = mark;
    return OUTRIDER_DATA_PLANE (self);
}

void
outrider_xfrm_plane_set_replay_window (OutriderXfrmPlane *self, unsigned packets)
{
    self->replay_window =
        packets != 0 ? MIN (packets, XFRM_WINDOW_MAX) : XFRM_REPLAY_WINDOW_DEFAULT;
}

void
outrider_xfrm_plane_set_limits (OutriderXfrmPlane *self, const XfrmLimits *limits)
{
    self->limits = *limits;
}
