/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the plane answers in a router's stead, to the host itself: "too big" with the MTU (RFC 1191, RFC 8201), so that
 * path MTU discovery works inside the tunnel, and "prohibited" for what no child carries, so that programs fail at once.
 */

#include "dataplane/inner.h"

typedef enum
{
    ICMP_ANSWER_TOO_BIG,
    ICMP_ANSWER_PROHIBITED,
} IcmpAnswer;

/* RFC 4443 2.4: as much of the packet as fits the smallest IPv6 MTU. */
#define ICMP_ANSWER_MAX 1280

/*
 * Writes the answer to PACKET (parsed as INNER) and gives its size; 0 where none may be sent: to another ICMP error, to a
 * fragment but the first, to and from multicast (RFC 1122 3.2.2, RFC 4443 2.4). It comes from the address that the packet
 * went to: its route leads to the device, so the host's reverse path check lets it in. MTU: for TOO_BIG.
 */
size_t icmp_answer_write (IcmpAnswer answer, const InnerPacket *inner, const uint8_t *packet,
                          unsigned mtu, uint8_t ret_answer[ICMP_ANSWER_MAX]);
