/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/mss.h"

#include "dataplane/checksum.h"
#include "dataplane/vnet.h"

enum
{
    FLAGS_OFFSET = 13,
    FLAG_SYN = 0x02,
    OPTION_END = 0,
    OPTION_NOTHING = 1,
    OPTION_MSS = 2,
    OPTION_MSS_SIZE = 4,
};

/* Where the value of the option stands in a TCP header; NULL: nowhere. */
static uint8_t *
find_mss (uint8_t *tcp, size_t header_size)
{
    for (size_t at = TCP_HEADER_MIN; at < header_size && tcp[at] != OPTION_END;)
    {
        if (tcp[at] == OPTION_NOTHING)
        {
            at++;
            continue;
        }
        if (at + 1 >= header_size || tcp[at + 1] < 2 || at + tcp[at + 1] > header_size)
            return NULL;
        if (tcp[at] == OPTION_MSS)
            return tcp[at + 1] == OPTION_MSS_SIZE ? tcp + at + 2 : NULL;
        at += tcp[at + 1];
    }
    return NULL;
}

static uint16_t
add (uint16_t a, uint16_t b)
{
    uint32_t sum = (uint32_t)a + b;
    return (uint16_t)(sum + (sum >> 16));
}

void
mss_clamp (uint8_t *packet, const InnerPacket *inner, unsigned mtu)
{
    unsigned headers =
        (inner->family == IP_V6 ? IPV6_HEADER_SIZE : IPV4_HEADER_MIN) + TCP_HEADER_MIN;
    if (inner->protocol != PROTOCOL_TCP || inner->fragment || mtu <= headers ||
        inner->size < inner->network_size + TCP_HEADER_MIN)
        return;
    uint8_t *tcp = packet + inner->network_size;
    size_t header_size = (size_t)(tcp[12] >> 4) * 4;
    if (!(tcp[FLAGS_OFFSET] & FLAG_SYN) || inner->size < inner->network_size + header_size)
        return;
    uint8_t *mss = find_mss (tcp, header_size);
    if (mss == NULL || inner_read_u16 (mss) <= mtu - headers)
        return;

    /* What the header's sum changes by, the checksum does, too (RFC 1624). */
    uint16_t checksum;
    memcpy (&checksum, tcp + TCP_CHECKSUM_OFFSET, sizeof checksum);
    uint16_t before = checksum_add (0, tcp, header_size);
    inner_write_u16 (mss, (uint16_t)(mtu - headers));
    uint16_t after = checksum_add (0, tcp, header_size);
    uint16_t sum = add (add ((uint16_t)~checksum, (uint16_t)~before), after);
    checksum_store (tcp + TCP_CHECKSUM_OFFSET, checksum_finish (sum));
}
