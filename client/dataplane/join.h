/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Joins what came out of ESP: neighbouring segments of a TCP flow, or equal datagrams of a UDP flow, go to the device as
 * one GSO packet, as if a network card had gathered them. Only packets whose checksum holds are joined, for the kernel will
 * not look again. Nothing is copied and nothing waits: the packets stay where they are until joiner_flush (), which ends
 * each batch.
 */

#include "dataplane/device.h"
#include "dataplane/inner.h"

#define JOIN_SLOTS 8
#define JOIN_PIECES_MAX 64

/* IPv6 and TCP at their longest. */
#define JOIN_HEADER_MAX (IPV6_HEADER_SIZE + 60)

/* Refusals by the kernel after which joining ends for good. */
#define JOIN_REFUSALS_MAX 8

typedef struct
{
    uint8_t *head; /* the first packet; NULL: the slot is free */
    IpFamily family;
    uint8_t protocol;
    size_t network_size;
    size_t header_size;
    size_t step;    /* payload of each piece but the last */
    size_t payload; /* of all pieces */
    uint32_t next_sequence;
    unsigned count;
    struct iovec
        parts[1 + JOIN_PIECES_MAX]; /* the GSO header's place, the first packet, payloads */
} JoinSlot;

typedef struct
{
    const TunDevice *device;
    bool tcp;
    bool udp;
    unsigned refusals;
    unsigned victim;
    unsigned joined; /* pieces that did not need a write of their own */
    unsigned lost;   /* packets that the device did not take */
    JoinSlot slots[JOIN_SLOTS];
} Joiner;

void joiner_init (Joiner *self, const TunDevice *device, PumpOffloads offloads);

/* PACKET, parsed as INNER, inner->size octets: written now or at the next flush. It must stay where it is until then. */
void joiner_add (Joiner *self, uint8_t *packet, const InnerPacket *inner);

void joiner_flush (Joiner *self);
