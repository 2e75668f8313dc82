/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/icmp.h"

#include "dataplane/checksum.h"

/* RFC 1812 4.3.2.3: an IPv4 answer does not exceed 576 octets. */
#define ICMPV4_ANSWER_MAX 576
#define ICMP_HEADER_SIZE 8
#define HOPS 64

typedef struct
{
    uint8_t type;
    uint8_t code;
} IcmpKind;

static const IcmpKind kinds_v4[] = {
    [ICMP_ANSWER_TOO_BIG] = { 3, 4 },
    [ICMP_ANSWER_PROHIBITED] = { 3, 13 },
};

static const IcmpKind kinds_v6[] = {
    [ICMP_ANSWER_TOO_BIG] = { 2, 0 },
    [ICMP_ANSWER_PROHIBITED] = { 1, 1 },
};

static bool
is_single_host (const IpAddress *address)
{
    if (address->family == IP_V6)
    {
        static const uint8_t unspecified[16] = { 0 };
        return address->octets[0] != 0xff && memcmp (address->octets, unspecified, 16) != 0;
    }
    /* Not 0/8, not multicast, reserved or broadcast. */
    return address->octets[0] != 0 && address->octets[0] < 224;
}

static bool
is_icmp_error (const InnerPacket *inner, const uint8_t *packet)
{
    if (inner->network_size >= inner->size)
        return false;
    uint8_t type = packet[inner->network_size];
    if (inner->family == IP_V6)
        return inner->protocol == PROTOCOL_ICMPV6 && (type < 128 || type == 137);
    return inner->protocol == PROTOCOL_ICMP &&
           (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

static void
write_icmp_header (uint8_t *icmp, IcmpKind kind, const InnerPacket *inner, IcmpAnswer answer,
                   unsigned mtu)
{
    memset (icmp, 0, ICMP_HEADER_SIZE);
    icmp[0] = kind.type;
    icmp[1] = kind.code;
    if (answer != ICMP_ANSWER_TOO_BIG)
        return;
    if (inner->family == IP_V6)
        inner_write_u32 (icmp + 4, mtu);
    else
        inner_write_u16 (icmp + 6, (uint16_t)MIN (mtu, UINT16_MAX));
}

static size_t
write_v4 (IcmpAnswer answer, const InnerPacket *inner, const uint8_t *packet, unsigned mtu,
          uint8_t *ret_answer)
{
    uint8_t *icmp = ret_answer + IPV4_HEADER_MIN;
    size_t quoted = MIN (inner->size, ICMPV4_ANSWER_MAX - IPV4_HEADER_MIN - ICMP_HEADER_SIZE);
    size_t size = IPV4_HEADER_MIN + ICMP_HEADER_SIZE + quoted;
    memset (ret_answer, 0, IPV4_HEADER_MIN);
    ret_answer[0] = 0x45;
    ret_answer[1] = 0xc0; /* internetwork control (RFC 1812 4.3.2.5) */
    inner_write_u16 (ret_answer + 2, (uint16_t)size);
    ret_answer[8] = HOPS;
    ret_answer[9] = PROTOCOL_ICMP;
    memcpy (ret_answer + 12, inner->destination.octets, 4);
    memcpy (ret_answer + 16, inner->source.octets, 4);
    inner_ipv4_finish (ret_answer, IPV4_HEADER_MIN);

    write_icmp_header (icmp, kinds_v4[answer], inner, answer, mtu);
    memcpy (icmp + ICMP_HEADER_SIZE, packet, quoted);
    checksum_store (icmp + 2, checksum_finish (checksum_add (0, icmp, ICMP_HEADER_SIZE + quoted)));
    return size;
}

static size_t
write_v6 (IcmpAnswer answer, const InnerPacket *inner, const uint8_t *packet, unsigned mtu,
          uint8_t *ret_answer)
{
    uint8_t *icmp = ret_answer + IPV6_HEADER_SIZE;
    size_t quoted = MIN (inner->size, ICMP_ANSWER_MAX - IPV6_HEADER_SIZE - ICMP_HEADER_SIZE);
    size_t transport = ICMP_HEADER_SIZE + quoted;
    memset (ret_answer, 0, IPV6_HEADER_SIZE);
    ret_answer[0] = 0x60;
    inner_write_u16 (ret_answer + 4, (uint16_t)transport);
    ret_answer[6] = PROTOCOL_ICMPV6;
    ret_answer[7] = HOPS;
    memcpy (ret_answer + 8, inner->destination.octets, 16);
    memcpy (ret_answer + 24, inner->source.octets, 16);

    write_icmp_header (icmp, kinds_v6[answer], inner, answer, mtu);
    memcpy (icmp + ICMP_HEADER_SIZE, packet, quoted);
    uint16_t sum = checksum_pseudo (ret_answer + 8, 32, PROTOCOL_ICMPV6, transport);
    checksum_store (icmp + 2, checksum_finish (checksum_add (sum, icmp, transport)));
    return IPV6_HEADER_SIZE + transport;
}

size_t
icmp_answer_write (IcmpAnswer answer, const InnerPacket *inner, const uint8_t *packet, unsigned mtu,
                   uint8_t ret_answer[ICMP_ANSWER_MAX])
{
    if (!inner->first || is_icmp_error (inner, packet) || !is_single_host (&inner->source) ||
        !is_single_host (&inner->destination))
        return 0;
    if (inner->family == IP_V6)
        return write_v6 (answer, inner, packet, mtu, ret_answer);
    return write_v4 (answer, inner, packet, mtu, ret_answer);
}
