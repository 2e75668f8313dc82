/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a packet inside the tunnel says of itself: enough to hold it against traffic selectors, to cut it and to join it.
 * Nothing is believed that the octets at hand do not bear out.
 */

#include "bytes/address.h"

/* Offsets that both ends of the pump use. */
#define IPV4_HEADER_MIN 20
#define IPV6_HEADER_SIZE 40
#define TCP_HEADER_MIN 20
#define UDP_HEADER_SIZE 8

#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff

enum
{
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMPV6 = 58,
};

typedef struct
{
    IpFamily family;
    uint8_t protocol;     /* of what the IP header and its extensions carry */
    bool fragment;        /* then nothing is said of ports */
    bool first;           /* no fragment, or the first one: what follows is a transport header */
    bool has_ports;       /* ICMP: type and code, on both sides */
    uint16_t source_port; /* ICMP: type in the upper octet, code in the lower */
    uint16_t destination_port;
    IpAddress source;
    IpAddress destination;
    size_t network_size; /* the IP header with all its extensions */
    size_t size;         /* of the whole packet, by its own header */
} InnerPacket;

/*
 * Reads the headers. False: no IP packet, or longer than OCTETS, or a header is cut off. Octets behind the packet are
 * fine; ret_packet->size leaves them out.
 */
bool inner_packet_parse (ByteView octets, InnerPacket *ret_packet);

/* IPv4's flags and fragment offset, as they stand in the header. */
uint16_t inner_ipv4_fragment_field (const uint8_t *header);

uint16_t inner_read_u16 (const uint8_t *field);
uint32_t inner_read_u32 (const uint8_t *field);
void inner_write_u16 (uint8_t *field, uint16_t value);
void inner_write_u32 (uint8_t *field, uint32_t value);

/* Makes the checksum of an IPv4 header anew. */
void inner_ipv4_finish (uint8_t *header, size_t header_size);

/* The addresses in the IP header, source and destination side by side, for the pseudo-header. */
ByteView inner_get_addresses (const uint8_t *packet, IpFamily family);
