/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-children-internal.h"
#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-selectors.h"
#include "errors.h"

#include <errno.h>
#include <linux/xfrm.h>

/* Without ESN, a rekey is due when three quarters of the sequence numbers are used up. */
#define SEQUENCE_SOFT ((uint64_t)3 << 30)

/* Blocks of 64 bits begin to repeat long before a key has seen 2^32 of them (Sweet32). */
#define SHORT_BLOCK 8
#define SHORT_BLOCK_SOFT ((uint64_t)1 << 30)
#define SHORT_BLOCK_HARD ((uint64_t)2 << 30)

static void
child_free (XfrmChild *self)
{
    ike_child_sa_unref (self->sa);
    g_clear_pointer (&self->selectors, g_array_unref);
    g_free (self);
}

bool
xfrm_refuse (const char *step, int error_number, GError **error)
{
    bool rights = error_number == EPERM || error_number == EACCES;
    g_set_error (error, OUTRIDER_ERROR,
                 rights ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_HOST_REFUSED, "%s: %s", step,
                 g_strerror (error_number));
    return false;
}

/* ---- states ---- */

/* The same for a child over all rekeys; other tunnels have another if_id. */
static uint32_t
reqid_of (const XfrmChildren *self, const XfrmChild *child)
{
    return (self->if_id - XFRM_IF_ID_BASE + 1) << 16 | (child->sa->number & UINT16_MAX);
}

static void
set_limits (const XfrmChildren *self, XfrmChild *child)
{
    child->limits[XFRM_INBOUND] = child->limits[XFRM_OUTBOUND] = self->config->limits;
    for (XfrmWay way = XFRM_INBOUND; way <= XFRM_OUTBOUND; way++)
        if (child->sa->encryption->block_size == SHORT_BLOCK && child->limits[way].hard_octets == 0)
        {
            child->limits[way].soft_octets = SHORT_BLOCK_SOFT;
            child->limits[way].hard_octets = SHORT_BLOCK_HARD;
        }
    XfrmLimits *limits = &child->limits[XFRM_OUTBOUND];
    if (child->sa->esn)
        return;
    if (limits->soft_packets == 0 || limits->soft_packets > SEQUENCE_SOFT)
        limits->soft_packets = SEQUENCE_SOFT;
    if (limits->hard_packets == 0 || limits->hard_packets > XFRM_SEQUENCE_HARD)
        limits->hard_packets = XFRM_SEQUENCE_HARD;
}

XfrmState
xfrm_children_get_state (const XfrmChildren *self, const XfrmChild *child, XfrmWay way)
{
    const IkeChildSa *sa = child->sa;
    bool in = way == XFRM_INBOUND;
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
        .window = in ? self->config->window : 0,
        .source_port = sa->encapsulated ? source->port : 0,
        .destination_port = sa->encapsulated ? destination->port : 0,
        .mark = in ? 0 : self->config->mark,
        .limits = child->limits[way],
    };
}

bool
xfrm_children_install_state (XfrmChildren *self, XfrmChild *child, XfrmWay way,
                             const XfrmReplay *replay, GError **error)
{
    XfrmState state = xfrm_children_get_state (self, child, way);
    state.replay = replay;
    g_auto (XfrmMessage) message;
    xfrm_write_add_state (&message, &state);
    int refusal = xfrm_socket_do (self->socket, &message);
    child->made[way] = refusal == 0;
    return refusal == 0 || xfrm_refuse ("the kernel refused the child SA", refusal, error);
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

bool
xfrm_children_get_facts (XfrmChildren *self, const XfrmState *state, XfrmStateFacts *ret_facts)
{
    StateSearch search = { .spi = state->spi, .destination = state->destination };
    XfrmMessage message;
    xfrm_write_get_state (&message, state);
    if (xfrm_socket_ask (self->socket, &message, hear_state, &search) != 0 || !search.found)
        return false;
    *ret_facts = search.facts;
    return true;
}

bool
xfrm_children_hear_end (XfrmSocket *listener, const XfrmState *state, XfrmStateFacts *ret_facts)
{
    StateSearch search = { .spi = state->spi, .destination = state->destination };
    xfrm_socket_listen (listener, hear_deleted_state, &search);
    if (search.found)
        *ret_facts = search.facts;
    return search.found;
}

void
xfrm_children_add_facts (const XfrmStateFacts *facts, XfrmWay way, OutriderCounters *counters)
{
    if (way == XFRM_OUTBOUND)
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

/* Those of the counters that states have. */
static void
add_gone (const OutriderCounters *gone, OutriderCounters *counters)
{
    counters->packets_in += gone->packets_in;
    counters->octets_in += gone->octets_in;
    counters->packets_out += gone->packets_out;
    counters->octets_out += gone->octets_out;
    counters->dropped_replayed += gone->dropped_replayed;
    counters->dropped_unverified += gone->dropped_unverified;
}

void
xfrm_children_delete_state (XfrmChildren *self, const XfrmState *state, XfrmWay way)
{
    XfrmStateFacts facts;
    XfrmMessage message;
    if (xfrm_children_get_facts (self, state, &facts))
        xfrm_children_add_facts (&facts, way, &self->gone);
    xfrm_write_delete_state (&message, state);
    xfrm_socket_do (self->socket, &message);
}

/* ---- policies ---- */

static XfrmPolicy
policy_of (const XfrmChildren *self, const XfrmChild *child, const XfrmSelector *selector,
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
        /* One SA sends, if it is there; either that of a rekey may be heard. */
        .spi = out && child->made[XFRM_OUTBOUND] ? child->sa->spi_out : 0,
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
is_in_force (const XfrmChildren *self, const XfrmSelector *selector)
{
    for (guint i = 0; i < self->list->len; i++)
    {
        const XfrmChild *child = self->list->pdata[i];
        if (child->sends && has_selector (child, selector))
            return true;
    }
    return false;
}

void
xfrm_children_queue_policies (XfrmChildren *self, const XfrmChild *child, XfrmDirection direction)
{
    for (guint i = 0; i < child->selectors->len; i++)
    {
        const XfrmSelector *selector = &g_array_index (child->selectors, XfrmSelector, i);
        XfrmPolicy policy = policy_of (self, child, selector, direction);
        XfrmMessage message;
        xfrm_write_put_policy (&message, &policy, is_in_force (self, selector));
        xfrm_socket_queue (self->socket, &message);
    }
}

static bool
put_policies (XfrmChildren *self, const XfrmChild *child, GError **error)
{
    for (size_t d = 0; d < G_N_ELEMENTS (directions); d++)
        xfrm_children_queue_policies (self, child, directions[d]);
    int refusal = xfrm_socket_commit (self->socket);
    return refusal == 0 ||
           xfrm_refuse ("the kernel refused the policies of the child SA", refusal, error);
}

/* The policies of CHILD, but those that SUCCESSOR (or NULL) has, too. */
static void
delete_policies (XfrmChildren *self, const XfrmChild *child, const XfrmChild *successor)
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
            xfrm_socket_queue (self->socket, &message);
        }
    }
    xfrm_socket_commit (self->socket);
}

/* ---- children ---- */

static XfrmChild *
find_child (const XfrmChildren *self, uint32_t spi_in)
{
    for (guint i = 0; i < self->list->len; i++)
    {
        XfrmChild *child = self->list->pdata[i];
        if (child->sa->spi_in == spi_in)
            return child;
    }
    return NULL;
}

static XfrmChild *
find_sender (const XfrmChildren *self, unsigned number)
{
    for (guint i = 0; i < self->list->len; i++)
    {
        XfrmChild *child = self->list->pdata[i];
        if (child->sa->number == number && child->sends)
            return child;
    }
    return NULL;
}

/* First what sends is there, then what leads to it. */
static bool
let_send (XfrmChildren *self, XfrmChild *child, GError **error)
{
    if (!child->made[XFRM_OUTBOUND] &&
        !xfrm_children_install_state (self, child, XFRM_OUTBOUND, NULL, error))
        return false;
    bool put = put_policies (self, child, error);
    child->sends = true;
    return put;
}

/* Two children may ask for the same packets: what one gives up is the other's again. */
static void
renew_policies (XfrmChildren *self)
{
    for (guint i = 0; i < self->list->len; i++)
    {
        const XfrmChild *child = self->list->pdata[i];
        if (child->sends)
            put_policies (self, child, NULL);
    }
}

static void
remove_state (XfrmChildren *self, const XfrmChild *child, XfrmWay way)
{
    XfrmState state = xfrm_children_get_state (self, child, way);
    if (child->made[way])
        xfrm_children_delete_state (self, &state, way);
}

static void
remove_child (XfrmChildren *self, XfrmChild *child)
{
    if (child->sends)
        delete_policies (self, child, NULL);
    remove_state (self, child, XFRM_OUTBOUND);
    remove_state (self, child, XFRM_INBOUND);
    g_ptr_array_remove (self->list, child);
}

static bool
install_child (XfrmChildren *self, XfrmChild *child, GError **error)
{
    if (child->sa->encapsulated && !udp_transport_give_esp_to_kernel (self->transport, error))
        return false;
    return xfrm_children_install_state (self, child, XFRM_INBOUND, NULL, error) &&
           (find_sender (self, child->sa->number) != NULL || let_send (self, child, error));
}

bool
xfrm_children_install (XfrmChildren *self, UdpTransport *transport, IkeChildSa *sa, GError **error)
{
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
    g_ptr_array_add (self->list, child);
    if (install_child (self, child, error))
        return true;
    remove_child (self, child);
    return false;
}

bool
xfrm_children_switch (XfrmChildren *self, const IkeChildSa *sa, GError **error)
{
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

void
xfrm_children_remove (XfrmChildren *self, const IkeChildSa *sa)
{
    XfrmChild *child = find_child (self, sa->spi_in);
    if (child == NULL)
        return;
    bool sent = child->sends;
    remove_child (self, child);
    if (sent)
        renew_policies (self);
}

/* ---- what they did ---- */

const IkeChildSa *
xfrm_children_find (const XfrmChildren *self, const IpAddress *destination, uint32_t spi)
{
    for (guint i = 0; i < self->list->len; i++)
    {
        const XfrmChild *child = self->list->pdata[i];
        bool in = spi == child->sa->spi_in && ip_address_equal (destination, &child->local.address);
        bool out = child->made[XFRM_OUTBOUND] && spi == child->sa->spi_out &&
                   ip_address_equal (destination, &child->gateway.address);
        if (in || out)
            return child->sa;
    }
    return NULL;
}

void
xfrm_children_add_counters (XfrmChildren *self, OutriderCounters *counters,
                            uint64_t *ret_last_heard)
{
    *ret_last_heard = 0;
    for (guint i = 0; i < self->list->len; i++)
    {
        const XfrmChild *child = self->list->pdata[i];
        for (XfrmWay way = XFRM_INBOUND; way <= XFRM_OUTBOUND; way++)
        {
            XfrmState state = xfrm_children_get_state (self, child, way);
            XfrmStateFacts facts;
            if (!child->made[way] || !xfrm_children_get_facts (self, &state, &facts))
                continue;
            xfrm_children_add_facts (&facts, way, counters);
            if (way == XFRM_INBOUND)
                *ret_last_heard = MAX (*ret_last_heard, facts.last_used);
        }
    }
    add_gone (&self->gone, counters);
}

/* ---- begin and end ---- */

XfrmChildren *
xfrm_children_new (uint32_t if_id, const XfrmChildrenConfig *config, GError **error)
{
    XfrmSocket *socket = xfrm_socket_new (NETLINK_XFRM);
    if (socket == NULL)
    {
        xfrm_refuse ("the kernel gives no netlink socket", errno, error);
        return NULL;
    }
    XfrmChildren *self = g_new0 (XfrmChildren, 1);
    self->socket = socket;
    self->if_id = if_id;
    self->config = config;
    self->list = g_ptr_array_new_with_free_func ((GDestroyNotify)child_free);
    return self;
}

void
xfrm_children_free (XfrmChildren *self)
{
    if (self == NULL)
        return;
    while (self->list->len > 0)
        remove_child (self, self->list->pdata[self->list->len - 1]);
    g_ptr_array_unref (self->list);
    xfrm_socket_free (self->socket);
    g_free (self);
}
