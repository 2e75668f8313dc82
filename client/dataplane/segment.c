/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/segment.h"

#include "dataplane/checksum.h"

enum
{
    TCP_FLAG_FIN = 0x01,
    TCP_FLAG_PSH = 0x08,
    TCP_FLAG_CWR = 0x80,
};

/* CHECKSUM is what the field must hold; UDP writes 0 as its equal, all ones (RFC 768). */
static void
store_transport_checksum (uint8_t *field, uint16_t checksum, uint8_t protocol)
{
    if (checksum == 0 && protocol == PROTOCOL_UDP)
        checksum = UINT16_MAX;
    checksum_store (field, checksum);
}

/* The kernel left the sum over the pseudo-header in the field: the sum over all that follows makes it whole. */
static bool
complete_checksum (const VnetHeader *vnet, const InnerPacket *inner, uint8_t *packet)
{
    size_t start = vnet->csum_start;
    size_t field = start + vnet->csum_offset;
    if (start >= inner->size || field + 2 > inner->size)
        return false;
    uint16_t sum = checksum_add (0, packet + start, inner->size - start);
    store_transport_checksum (packet + field, checksum_finish (sum), inner->protocol);
    return true;
}

/* What the kind of GSO says, held against what the packet is. 0: they differ. */
static uint8_t
get_gso_protocol (uint8_t type, const InnerPacket *inner)
{
    static const struct
    {
        uint8_t type;
        IpFamily family;
        uint8_t protocol;
    } kinds[] = {
        { VIRTIO_NET_HDR_GSO_TCPV4, IP_V4, PROTOCOL_TCP },
        { VIRTIO_NET_HDR_GSO_TCPV6, IP_V6, PROTOCOL_TCP },
        { VIRTIO_NET_HDR_GSO_UDP_L4, IP_V4, PROTOCOL_UDP },
        { VIRTIO_NET_HDR_GSO_UDP_L4, IP_V6, PROTOCOL_UDP },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
        if (kinds[i].type == type && kinds[i].family == inner->family &&
            kinds[i].protocol == inner->protocol)
            return kinds[i].protocol;
    return 0;
}

static size_t
get_transport_header_size (const uint8_t *transport, size_t left, uint8_t protocol)
{
    if (protocol == PROTOCOL_UDP)
        return UDP_HEADER_SIZE;
    return left >= TCP_HEADER_MIN ? (size_t)(transport[12] >> 4) * 4 : 0;
}

static bool
begin_gso (SegmentCutter *self, const VnetHeader *vnet, const InnerPacket *inner, uint8_t *packet)
{
    self->protocol = get_gso_protocol (vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN, inner);
    if (self->protocol == 0 || inner->fragment || vnet->gso_size == 0)
        return false;
    size_t transport = get_transport_header_size (
        packet + inner->network_size, inner->size - inner->network_size, self->protocol);
    size_t least = self->protocol == PROTOCOL_UDP ? UDP_HEADER_SIZE : TCP_HEADER_MIN;
    self->header_size = inner->network_size + transport;
    if (transport < least || self->header_size > SEGMENT_HEADER_MAX ||
        self->header_size > inner->size)
        return false;
    memcpy (self->header, packet, self->header_size);
    self->network_size = inner->network_size;
    self->next = packet + self->header_size;
    self->left = inner->size - self->header_size;
    self->step = vnet->gso_size;
    return true;
}

bool
segment_cutter_begin (SegmentCutter *self, const VnetHeader *vnet, const InnerPacket *inner,
                      uint8_t *packet)
{
    self->family = inner->family;
    self->taken = 0;
    if (vnet->gso_type != VIRTIO_NET_HDR_GSO_NONE)
        return begin_gso (self, vnet, inner, packet);
    if ((vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && !complete_checksum (vnet, inner, packet))
        return false;
    self->protocol = 0;
    self->header_size = 0;
    self->next = packet;
    self->left = inner->size;
    self->step = inner->size;
    return true;
}

size_t
segment_cutter_get_size (const SegmentCutter *self)
{
    return self->header_size + MIN (self->left, self->step);
}

static void
finish_network (const SegmentCutter *self, uint8_t *packet, size_t size)
{
    if (self->family == IP_V6)
    {
        inner_write_u16 (packet + 4, (uint16_t)(size - IPV6_HEADER_SIZE));
        return;
    }
    inner_write_u16 (packet + 2, (uint16_t)size);
    inner_write_u16 (packet + 4, (uint16_t)(inner_read_u16 (self->header + 4) + self->taken));
    inner_ipv4_finish (packet, self->network_size);
}

static void
finish_transport (const SegmentCutter *self, uint8_t *packet, size_t size, bool last)
{
    uint8_t *transport = packet + self->network_size;
    size_t transport_size = size - self->network_size;
    uint8_t *field = transport + TCP_CHECKSUM_OFFSET;
    if (self->protocol == PROTOCOL_UDP)
    {
        field = transport + UDP_CHECKSUM_OFFSET;
        inner_write_u16 (transport + 4, (uint16_t)transport_size);
    }
    else
    {
        uint32_t first = inner_read_u32 (self->header + self->network_size + 4);
        inner_write_u32 (transport + 4, first + self->taken * (uint32_t)self->step);
        if (!last)
            transport[13] &= (uint8_t) ~(TCP_FLAG_FIN | TCP_FLAG_PSH);
        if (self->taken > 0)
            transport[13] &= (uint8_t)~TCP_FLAG_CWR;
    }
    checksum_store (field, 0);
    ByteView addresses = inner_get_addresses (packet, self->family);
    uint16_t sum = checksum_pseudo (addresses.data, addresses.size, self->protocol, transport_size);
    sum = checksum_add (sum, transport, transport_size);
    store_transport_checksum (field, checksum_finish (sum), self->protocol);
}

bool
segment_cutter_next (SegmentCutter *self, uint8_t **ret_packet, size_t *ret_size)
{
    if (self->left == 0 && (self->taken > 0 || self->protocol == 0))
        return false;
    size_t payload = MIN (self->left, self->step);
    size_t size = self->header_size + payload;
    uint8_t *packet = self->next - self->header_size;
    if (self->protocol != 0)
    {
        memcpy (packet, self->header, self->header_size);
        finish_network (self, packet, size);
        finish_transport (self, packet, size, payload == self->left);
    }
    self->next += payload;
    self->left -= payload;
    self->taken++;
    *ret_packet = packet;
    *ret_size = size;
    return true;
}

bool
fragment_cutter_begin (FragmentCutter *self, uint8_t *packet, size_t size, unsigned mtu)
{
    self->header_size = (size_t)(packet[0] & 0x0f) * 4;
    if (mtu < self->header_size + 8 || size < self->header_size)
        return false;
    uint16_t field = inner_ipv4_fragment_field (packet);
    memcpy (self->header, packet, self->header_size);
    self->next = packet + self->header_size;
    self->left = size - self->header_size;
    self->step = (mtu - self->header_size) / 8 * 8;
    self->offset = (size_t)(field & IPV4_FRAGMENT_OFFSET) * 8;
    self->more = (field & IPV4_MORE_FRAGMENTS) != 0;
    return true;
}

/* Options whose copy flag is clear stand in the first fragment only (RFC 791 3.1): blank them with "no operation". */
static void
blank_options (uint8_t *header, size_t header_size)
{
    for (size_t at = IPV4_HEADER_MIN; at < header_size;)
    {
        size_t length = 1;
        if (header[at] == 0)
            return;
        if (header[at] != 1)
            length = at + 1 < header_size ? header[at + 1] : 0;
        if (length == 0 || length > header_size - at)
            return;
        if ((header[at] & 0x80) == 0)
            memset (header + at, 1, length);
        at += length;
    }
}

bool
fragment_cutter_next (FragmentCutter *self, uint8_t **ret_packet, size_t *ret_size)
{
    if (self->left == 0)
        return false;
    size_t payload = MIN (self->left, self->step);
    size_t size = self->header_size + payload;
    uint8_t *packet = self->next - self->header_size;
    memcpy (packet, self->header, self->header_size);
    self->next += payload;
    self->left -= payload;
    uint16_t more = self->left > 0 || self->more ? IPV4_MORE_FRAGMENTS : 0;
    inner_write_u16 (packet + 2, (uint16_t)size);
    inner_write_u16 (packet + 6, (uint16_t)(self->offset / 8 | more));
    inner_ipv4_finish (packet, self->header_size);
    self->offset += payload;
    blank_options (self->header, self->header_size);
    *ret_packet = packet;
    *ret_size = size;
    return true;
}
