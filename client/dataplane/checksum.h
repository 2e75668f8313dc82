/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The Internet checksum (RFC 1071). Partial sums are folded to 16 bits and kept in the order of memory, so that they are
 * stored and compared without swapping.
 */

#include "bytes/view.h"

/* The folded sum over OCTETS, added to SUM; an odd octet is padded with a zero. */
uint16_t checksum_add (uint16_t sum, const uint8_t *octets, size_t size);

/* The same with one 16-bit number in host order. */
uint16_t checksum_add_u16 (uint16_t sum, uint16_t number);

/* The sum over the pseudo-header of TCP and UDP: both addresses, which stand side by side in any IP header. */
uint16_t checksum_pseudo (const uint8_t *addresses, size_t addresses_size, uint8_t protocol,
                          size_t transport_size);

/* What is stored: the complement. */
static inline uint16_t
checksum_finish (uint16_t sum)
{
    return (uint16_t)~sum;
}

static inline void
checksum_store (uint8_t *field, uint16_t checksum)
{
    memcpy (field, &checksum, sizeof checksum);
}
