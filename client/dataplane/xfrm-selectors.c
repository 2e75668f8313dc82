/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-selectors.h"

#include "dataplane/inner.h"
#include "errors.h"

#define PRIORITY_BASE 2000

/* An aligned run of ports: those that equal PORT under MASK. */
typedef struct
{
    uint16_t port;
    uint16_t mask;
} PortBlock;

typedef struct
{
    PortBlock blocks[32]; /* a range of 16 bits needs 30 at most */
    unsigned count;
} PortBlocks;

static PortBlocks
split_ports (uint32_t first, uint32_t last)
{
    PortBlocks found = { 0 };
    while (first <= last)
    {
        uint32_t size = 1;
        while (first % (2 * size) == 0 && first + 2 * size - 1 <= last && size < 0x10000)
            size *= 2;
        found.blocks[found.count++] = (PortBlock){ (uint16_t)first, (uint16_t) ~(size - 1) };
        first += size;
    }
    return found;
}

static bool
is_icmp (uint8_t protocol)
{
    return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

/* An octet of ICMP as the port that the kernel makes of it. */
static PortBlock
widen (uint8_t value, uint8_t mask)
{
    return (PortBlock){ value, mask != 0 ? (uint16_t)(0xff00 | mask) : 0 };
}

static void
set_ports (XfrmSelector *selector, PortBlock source, PortBlock destination)
{
    selector->source_port = source.port;
    selector->source_mask = source.mask;
    selector->destination_port = destination.port;
    selector->destination_mask = destination.mask;
}

typedef struct
{
    GArray *found;
    bool too_many;
} Collector;

static void
collect (Collector *self, const XfrmSelector *selector)
{
    for (guint i = 0; i < self->found->len; i++)
        if (xfrm_selector_equal (&g_array_index (self->found, XfrmSelector, i), selector))
            return;
    if (self->found->len < XFRM_SELECTORS_MAX)
        g_array_append_val (self->found, *selector);
    else
        self->too_many = true;
}

/* Type and code stand in the ports of either side alike (RFC 7296 3.13.1): both must allow them. */
static void
collect_icmp (Collector *self, XfrmSelector *selector, const TrafficSelector *local,
              const TrafficSelector *remote)
{
    uint32_t first = MAX (local->first_port, remote->first_port);
    uint32_t last = MIN (local->last_port, remote->last_port);
    PortBlocks blocks = split_ports (first, last);
    for (unsigned i = 0; i < blocks.count; i++)
    {
        PortBlock block = blocks.blocks[i];
        set_ports (selector, widen ((uint8_t)(block.port >> 8), (uint8_t)(block.mask >> 8)),
                   widen ((uint8_t)block.port, (uint8_t)block.mask));
        collect (self, selector);
    }
}

static void
collect_ports (Collector *self, XfrmSelector *selector, const TrafficSelector *local,
               const TrafficSelector *remote)
{
    PortBlocks sources = split_ports (local->first_port, local->last_port);
    PortBlocks destinations = split_ports (remote->first_port, remote->last_port);
    for (unsigned s = 0; s < sources.count; s++)
        for (unsigned d = 0; d < destinations.count; d++)
        {
            set_ports (selector, sources.blocks[s], destinations.blocks[d]);
            collect (self, selector);
        }
}

static void
collect_pair (Collector *self, const TrafficSelector *local, const TrafficSelector *remote)
{
    if (local->first.family != remote->first.family ||
        (local->protocol != 0 && remote->protocol != 0 && local->protocol != remote->protocol))
        return;
    uint8_t protocol = local->protocol != 0 ? local->protocol : remote->protocol;
    g_autoptr (GArray) sources = g_array_new (false, false, sizeof (IpPrefix));
    g_autoptr (GArray) destinations = g_array_new (false, false, sizeof (IpPrefix));
    ip_range_to_prefixes (&local->first, &local->last, sources);
    ip_range_to_prefixes (&remote->first, &remote->last, destinations);
    for (guint s = 0; s < sources->len && !self->too_many; s++)
        for (guint d = 0; d < destinations->len && !self->too_many; d++)
        {
            XfrmSelector selector = {
                .source = g_array_index (sources, IpPrefix, s),
                .destination = g_array_index (destinations, IpPrefix, d),
                .protocol = protocol,
            };
            if (is_icmp (protocol))
                collect_icmp (self, &selector, local, remote);
            else
                collect_ports (self, &selector, local, remote);
        }
}

GArray *
xfrm_selectors_new (const GArray *local, const GArray *remote, GError **error)
{
    g_autoptr (GArray) found = g_array_new (false, false, sizeof (XfrmSelector));
    Collector collector = { .found = found };
    for (guint l = 0; l < local->len; l++)
        for (guint r = 0; r < remote->len && !collector.too_many; r++)
            collect_pair (&collector, &g_array_index (local, TrafficSelector, l),
                          &g_array_index (remote, TrafficSelector, r));
    if (found->len > 0 && !collector.too_many)
        return g_steal_pointer (&found);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                 collector.too_many ? "the child's traffic selectors need more than %d policies"
                                    : "the child's traffic selectors hold no packet",
                 XFRM_SELECTORS_MAX);
    return NULL;
}

XfrmSelector
xfrm_selector_turn (const XfrmSelector *self)
{
    XfrmSelector turned = *self;
    turned.source = self->destination;
    turned.destination = self->source;
    if (!is_icmp (self->protocol))
        set_ports (&turned, (PortBlock){ self->destination_port, self->destination_mask },
                   (PortBlock){ self->source_port, self->source_mask });
    return turned;
}

bool
xfrm_selector_equal (const XfrmSelector *a, const XfrmSelector *b)
{
    return a->protocol == b->protocol && a->source_port == b->source_port &&
           a->source_mask == b->source_mask && a->destination_port == b->destination_port &&
           a->destination_mask == b->destination_mask && ip_prefix_equal (&a->source, &b->source) &&
           ip_prefix_equal (&a->destination, &b->destination);
}

uint32_t
xfrm_selector_get_priority (const XfrmSelector *self)
{
    unsigned narrow = 4u * (self->source.length + self->destination.length);
    narrow += self->protocol != 0 ? 1 : 0;
    narrow += self->source_mask != 0 ? 1 : 0;
    narrow += self->destination_mask != 0 ? 1 : 0;
    return PRIORITY_BASE - narrow;
}
