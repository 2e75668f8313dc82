/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/join.h"

#include "dataplane/checksum.h"

#include <errno.h>

/* A GSO packet's total length must stay in 16 bits. */
#define JOINED_MAX 65500

enum
{
    TCP_FLAG_PSH = 0x08,
    TCP_FLAG_ACK = 0x10,
};

/* A packet that could be joined, as its headers say. */
typedef struct
{
    uint8_t *packet;
    const InnerPacket *inner;
    size_t header_size; /* network and transport */
    size_t payload;
} Candidate;

void
joiner_init (Joiner *self, const TunDevice *device, PumpOffloads offloads)
{
    memset (self, 0, sizeof *self);
    self->device = device;
    self->tcp = device->tso && (offloads & PUMP_JOIN) != 0;
    self->udp = device->uso && (offloads & PUMP_JOIN) != 0;
}

static bool
has_plain_network_header (const uint8_t *packet, const InnerPacket *inner)
{
    if (inner->fragment)
        return false;
    if (inner->family == IP_V6)
        return inner->network_size == IPV6_HEADER_SIZE;
    return inner->network_size == IPV4_HEADER_MIN &&
           (inner_ipv4_fragment_field (packet) & ~IPV4_DONT_FRAGMENT) == 0;
}

static bool
is_checksum_right (const uint8_t *packet, const InnerPacket *inner)
{
    size_t transport_size = inner->size - inner->network_size;
    ByteView addresses = inner_get_addresses (packet, inner->family);
    uint16_t sum =
        checksum_pseudo (addresses.data, addresses.size, inner->protocol, transport_size);
    if (inner->family == IP_V4 &&
        checksum_finish (checksum_add (0, packet, inner->network_size)) != 0)
        return false;
    return checksum_finish (checksum_add (sum, packet + inner->network_size, transport_size)) == 0;
}

static size_t
get_tcp_header_size (const uint8_t *tcp, size_t left)
{
    if (left < TCP_HEADER_MIN || (tcp[13] & ~TCP_FLAG_PSH) != TCP_FLAG_ACK || (tcp[12] & 0x0f) != 0)
        return 0;
    size_t size = (size_t)(tcp[12] >> 4) * 4;
    return size >= TCP_HEADER_MIN && size < left ? size : 0;
}

static size_t
get_udp_header_size (const uint8_t *udp, size_t left)
{
    bool good = left > UDP_HEADER_SIZE && inner_read_u16 (udp + 4) == left &&
                inner_read_u16 (udp + UDP_CHECKSUM_OFFSET) != 0;
    return good ? UDP_HEADER_SIZE : 0;
}

static bool
is_candidate (const Joiner *self, uint8_t *packet, const InnerPacket *inner, Candidate *ret)
{
    const uint8_t *transport = packet + inner->network_size;
    size_t left = inner->size - inner->network_size;
    size_t size = 0;
    if (!has_plain_network_header (packet, inner))
        return false;
    if (self->tcp && inner->protocol == PROTOCOL_TCP)
        size = get_tcp_header_size (transport, left);
    else if (self->udp && inner->protocol == PROTOCOL_UDP)
        size = get_udp_header_size (transport, left);
    if (size == 0 || !is_checksum_right (packet, inner))
        return false;
    *ret = (Candidate){ packet, inner, inner->network_size + size, left - size };
    return true;
}

/* Same addresses, same ports. */
static bool
is_same_flow (const JoinSlot *slot, const uint8_t *packet, const InnerPacket *inner)
{
    if (slot->family != inner->family || slot->protocol != inner->protocol || !inner->has_ports)
        return false;
    ByteView ours = inner_get_addresses (slot->head, slot->family);
    ByteView theirs = inner_get_addresses (packet, inner->family);
    return memcmp (ours.data, theirs.data, ours.size) == 0 &&
           memcmp (slot->head + slot->network_size, packet + inner->network_size, 4) == 0;
}

static JoinSlot *
find_slot (Joiner *self, const uint8_t *packet, const InnerPacket *inner)
{
    for (unsigned i = 0; i < JOIN_SLOTS; i++)
        if (self->slots[i].head != NULL && is_same_flow (&self->slots[i], packet, inner))
            return &self->slots[i];
    return NULL;
}

/* All but lengths, identification and checksums. Identifications count up unless DF makes them meaningless (RFC 6864). */
static bool
is_same_network_header (const JoinSlot *slot, const uint8_t *packet)
{
    const uint8_t *head = slot->head;
    if (slot->family == IP_V6)
        return memcmp (head, packet, 4) == 0 && memcmp (head + 6, packet + 6, 2) == 0;
    uint16_t expected = (uint16_t)(inner_read_u16 (head + 4) + slot->count);
    return memcmp (head, packet, 2) == 0 && memcmp (head + 6, packet + 6, 4) == 0 &&
           ((inner_ipv4_fragment_field (head) & IPV4_DONT_FRAGMENT) != 0 ||
            inner_read_u16 (packet + 4) == expected);
}

/* Acknowledgement, header length, window, urgent pointer and options are the same, and the octets follow. */
static bool
is_next_tcp_segment (const JoinSlot *slot, const Candidate *next)
{
    const uint8_t *ours = slot->head + slot->network_size;
    const uint8_t *theirs = next->packet + slot->network_size;
    size_t options = slot->header_size - slot->network_size - TCP_HEADER_MIN;
    return inner_read_u32 (theirs + 4) == slot->next_sequence &&
           memcmp (ours + 8, theirs + 8, 5) == 0 && memcmp (ours + 14, theirs + 14, 2) == 0 &&
           memcmp (ours + 18, theirs + 18, 2) == 0 &&
           memcmp (ours + TCP_HEADER_MIN, theirs + TCP_HEADER_MIN, options) == 0;
}

static bool
can_append (const JoinSlot *slot, const Candidate *next)
{
    return slot->count < JOIN_PIECES_MAX && next->header_size == slot->header_size &&
           next->payload <= slot->step &&
           slot->header_size + slot->payload + next->payload <= JOINED_MAX &&
           is_same_network_header (slot, next->packet) &&
           (slot->protocol == PROTOCOL_UDP || is_next_tcp_segment (slot, next));
}

static void
write_alone (Joiner *self, const uint8_t *packet, size_t size)
{
    if (tun_device_write_packet (self->device, packet, size) != 0)
        self->lost++;
}

/* Turns the first packet's header into the whole train's, and describes the train to the kernel. */
static VnetHeader
make_train (JoinSlot *slot)
{
    uint8_t *transport = slot->head + slot->network_size;
    size_t transport_size = slot->header_size - slot->network_size + slot->payload;
    bool udp = slot->protocol == PROTOCOL_UDP;
    if (slot->family == IP_V6)
        inner_write_u16 (slot->head + 4, (uint16_t)transport_size);
    else
    {
        inner_write_u16 (slot->head + 2, (uint16_t)(slot->network_size + transport_size));
        inner_ipv4_finish (slot->head, slot->network_size);
    }
    if (udp)
        inner_write_u16 (transport + 4, (uint16_t)transport_size);
    size_t offset = udp ? UDP_CHECKSUM_OFFSET : TCP_CHECKSUM_OFFSET;
    ByteView addresses = inner_get_addresses (slot->head, slot->family);
    checksum_store (transport + offset, checksum_pseudo (addresses.data, addresses.size,
                                                         slot->protocol, transport_size));
    return (VnetHeader){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = udp                     ? VIRTIO_NET_HDR_GSO_UDP_L4
                    : slot->family == IP_V6 ? VIRTIO_NET_HDR_GSO_TCPV6
                                            : VIRTIO_NET_HDR_GSO_TCPV4,
        .hdr_len = (uint16_t)slot->header_size,
        .gso_size = (uint16_t)slot->step,
        .csum_start = (uint16_t)slot->network_size,
        .csum_offset = (uint16_t)offset,
    };
}

/* The kernel did not want the train: the pieces still stand where they came, each behind its own header. */
static void
write_pieces (Joiner *self, const JoinSlot *slot)
{
    write_alone (self, slot->head, slot->parts[1].iov_len);
    for (unsigned i = 1; i < slot->count; i++)
        write_alone (self, (uint8_t *)slot->parts[1 + i].iov_base - slot->header_size,
                     slot->parts[1 + i].iov_len + slot->header_size);
}

static void
flush_slot (Joiner *self, JoinSlot *slot)
{
    if (slot->count == 1)
    {
        write_alone (self, slot->head, slot->parts[1].iov_len);
        slot->head = NULL;
        return;
    }
    uint8_t header[JOIN_HEADER_MAX];
    memcpy (header, slot->head, slot->header_size);
    uint8_t *last = (uint8_t *)slot->parts[slot->count].iov_base - slot->header_size;
    if (slot->protocol == PROTOCOL_TCP)
        slot->head[slot->network_size + 13] |= last[slot->network_size + 13] & TCP_FLAG_PSH;
    VnetHeader vnet = make_train (slot);
    int refused = tun_device_write (self->device, &vnet, slot->parts, 1 + slot->count);
    if (refused == EINVAL)
    {
        memcpy (slot->head, header, slot->header_size);
        write_pieces (self, slot);
        if (++self->refusals >= JOIN_REFUSALS_MAX)
            self->tcp = self->udp = false;
    }
    else if (refused != 0)
        self->lost += slot->count;
    else
        self->joined += slot->count - 1;
    slot->head = NULL;
}

static JoinSlot *
open_slot (Joiner *self, const Candidate *first)
{
    JoinSlot *slot = NULL;
    for (unsigned i = 0; i < JOIN_SLOTS && slot == NULL; i++)
        if (self->slots[i].head == NULL)
            slot = &self->slots[i];
    if (slot == NULL)
    {
        slot = &self->slots[self->victim++ % JOIN_SLOTS];
        flush_slot (self, slot);
    }
    slot->head = first->packet;
    slot->family = first->inner->family;
    slot->protocol = first->inner->protocol;
    slot->network_size = first->inner->network_size;
    slot->header_size = first->header_size;
    slot->step = slot->payload = first->payload;
    slot->count = 1;
    slot->parts[1] = (struct iovec){ first->packet, first->inner->size };
    if (slot->protocol == PROTOCOL_TCP)
        slot->next_sequence =
            inner_read_u32 (slot->head + slot->network_size + 4) + (uint32_t)first->payload;
    return slot;
}

/* A train ends at PSH, and with a piece that is shorter than the others. */
static bool
is_end_of_train (const JoinSlot *slot, const Candidate *last)
{
    return last->payload < slot->step ||
           (slot->protocol == PROTOCOL_TCP &&
            (last->packet[slot->network_size + 13] & TCP_FLAG_PSH) != 0);
}

static void
append (Joiner *self, JoinSlot *slot, const Candidate *next)
{
    slot->parts[1 + slot->count++] =
        (struct iovec){ next->packet + next->header_size, next->payload };
    slot->payload += next->payload;
    slot->next_sequence += (uint32_t)next->payload;
    if (is_end_of_train (slot, next))
        flush_slot (self, slot);
}

void
joiner_add (Joiner *self, uint8_t *packet, const InnerPacket *inner)
{
    Candidate candidate = { 0 };
    bool joinable = is_candidate (self, packet, inner, &candidate);
    JoinSlot *slot = find_slot (self, packet, inner);
    if (slot != NULL && joinable && can_append (slot, &candidate))
    {
        append (self, slot, &candidate);
        return;
    }
    /* Order within a flow is kept. */
    if (slot != NULL)
        flush_slot (self, slot);
    if (!joinable)
    {
        write_alone (self, packet, inner->size);
        return;
    }
    slot = open_slot (self, &candidate);
    if (is_end_of_train (slot, &candidate))
        flush_slot (self, slot);
}

void
joiner_flush (Joiner *self)
{
    for (unsigned i = 0; i < JOIN_SLOTS; i++)
        if (self->slots[i].head != NULL)
            flush_slot (self, &self->slots[i]);
}
