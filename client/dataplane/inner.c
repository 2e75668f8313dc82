/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/inner.h"

#include "dataplane/checksum.h"

/* Extension headers that one packet may have; more is an attack. */
#define EXTENSIONS_MAX 8

/* IPv6 extension headers (RFC 8200 4, RFC 4302). */
enum
{
    EXTENSION_HOP_BY_HOP = 0,
    EXTENSION_ROUTING = 43,
    EXTENSION_FRAGMENT = 44,
    EXTENSION_AUTHENTICATION = 51,
    EXTENSION_NONE = 59,
    EXTENSION_DESTINATION = 60,
};

uint16_t
inner_read_u16 (const uint8_t *field)
{
    return (uint16_t)(field[0] << 8 | field[1]);
}

uint32_t
inner_read_u32 (const uint8_t *field)
{
    uint32_t value;
    memcpy (&value, field, sizeof value);
    return GUINT32_FROM_BE (value);
}

void
inner_write_u16 (uint8_t *field, uint16_t value)
{
    field[0] = (uint8_t)(value >> 8);
    field[1] = (uint8_t)value;
}

void
inner_write_u32 (uint8_t *field, uint32_t value)
{
    value = GUINT32_TO_BE (value);
    memcpy (field, &value, sizeof value);
}

void
inner_ipv4_finish (uint8_t *header, size_t header_size)
{
    checksum_store (header + 10, 0);
    checksum_store (header + 10, checksum_finish (checksum_add (0, header, header_size)));
}

uint16_t
inner_ipv4_fragment_field (const uint8_t *header)
{
    return inner_read_u16 (header + 6);
}

ByteView
inner_get_addresses (const uint8_t *packet, IpFamily family)
{
    return family == IP_V6 ? byte_view (packet + 8, 32) : byte_view (packet + 12, 8);
}

static void
copy_address (IpAddress *ret_address, IpFamily family, const uint8_t *octets)
{
    memset (ret_address, 0, sizeof *ret_address);
    ret_address->family = family;
    memcpy (ret_address->octets, octets, family == IP_V6 ? 16 : 4);
}

static bool
parse_ipv4 (ByteView octets, InnerPacket *self)
{
    const uint8_t *header = octets.data;
    if (octets.size < IPV4_HEADER_MIN)
        return false;
    self->network_size = (size_t)(header[0] & 0x0f) * 4;
    self->size = inner_read_u16 (header + 2);
    if (self->network_size < IPV4_HEADER_MIN || self->size < self->network_size ||
        self->size > octets.size)
        return false;
    uint16_t field = inner_ipv4_fragment_field (header);
    self->fragment = (field & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) != 0;
    self->first = (field & IPV4_FRAGMENT_OFFSET) == 0;
    self->protocol = header[9];
    copy_address (&self->source, IP_V4, header + 12);
    copy_address (&self->destination, IP_V4, header + 16);
    return true;
}

/* Walks the extension headers; self->network_size grows over them. */
static bool
skip_extensions (ByteView octets, InnerPacket *self)
{
    for (unsigned i = 0; i < EXTENSIONS_MAX; i++)
    {
        size_t at = self->network_size;
        size_t left = self->size - at;
        const uint8_t *extension = octets.data + at;
        size_t length = 0;
        switch (self->protocol)
        {
        case EXTENSION_HOP_BY_HOP:
        case EXTENSION_ROUTING:
        case EXTENSION_DESTINATION:
            length = left >= 8 ? ((size_t)extension[1] + 1) * 8 : 8;
            break;
        case EXTENSION_AUTHENTICATION:
            length = left >= 8 ? ((size_t)extension[1] + 2) * 4 : 8;
            break;
        case EXTENSION_FRAGMENT:
            length = 8;
            break;
        default:
            return true;
        }
        if (length > left)
            return false;
        if (self->protocol == EXTENSION_FRAGMENT)
        {
            /* An "atomic" fragment (RFC 6946) is whole. */
            uint16_t field = inner_read_u16 (extension + 2);
            self->fragment = self->fragment || (field & 0xfff9) != 0;
            self->first = self->first && field >> 3 == 0;
        }
        self->protocol = extension[0];
        self->network_size += length;
        if (!self->first)
            return true;
    }
    return false;
}

static bool
parse_ipv6 (ByteView octets, InnerPacket *self)
{
    const uint8_t *header = octets.data;
    if (octets.size < IPV6_HEADER_SIZE)
        return false;
    self->network_size = IPV6_HEADER_SIZE;
    self->size = IPV6_HEADER_SIZE + (size_t)inner_read_u16 (header + 4);
    if (self->size > octets.size)
        return false;
    self->protocol = header[6];
    copy_address (&self->source, IP_V6, header + 8);
    copy_address (&self->destination, IP_V6, header + 24);
    return skip_extensions (octets, self);
}

static void
parse_ports (ByteView octets, InnerPacket *self)
{
    const uint8_t *transport = octets.data + self->network_size;
    size_t left = self->size - self->network_size;
    if (self->fragment)
        return;
    switch (self->protocol)
    {
    case PROTOCOL_TCP:
    case PROTOCOL_UDP:
    case 132: /* SCTP */
    case 136: /* UDP-Lite */
        self->has_ports = left >= 4;
        if (self->has_ports)
        {
            self->source_port = inner_read_u16 (transport);
            self->destination_port = inner_read_u16 (transport + 2);
        }
        return;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
        self->has_ports = left >= 2;
        if (self->has_ports)
            self->source_port = self->destination_port = inner_read_u16 (transport);
        return;
    }
}

bool
inner_packet_parse (ByteView octets, InnerPacket *ret_packet)
{
    InnerPacket self = { .first = true };
    if (octets.size == 0)
        return false;
    self.family = octets.data[0] >> 4 == 4 ? IP_V4 : octets.data[0] >> 4 == 6 ? IP_V6 : IP_NONE;
    if (self.family == IP_NONE)
        return false;
    if (self.family == IP_V4 ? !parse_ipv4 (octets, &self) : !parse_ipv6 (octets, &self))
        return false;
    parse_ports (octets, &self);
    *ret_packet = self;
    return true;
}
