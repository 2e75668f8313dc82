/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Cuts what one read of the TUN device brought: a GSO packet into the segments that it stands for, and an IPv4 packet
 * larger than the MTU into fragments. Nothing is copied: each piece's header is written right before its payload, over the
 * piece that was sealed before. So a piece must be used up before the next is taken, and nothing of the packet is left in
 * the end.
 */

#include "dataplane/inner.h"
#include "dataplane/vnet.h"

/* IP header with extensions, and TCP header: more than any sane packet has. */
#define SEGMENT_HEADER_MAX 256

typedef struct
{
    uint8_t header[SEGMENT_HEADER_MAX]; /* as it came: the pattern for each piece */
    size_t header_size;
    size_t network_size;
    IpFamily family;
    uint8_t protocol; /* TCP or UDP; 0: one piece, as it stands */
    uint8_t *next;    /* the payload that is left */
    size_t left;
    size_t step; /* payload of each piece but the last */
    unsigned taken;
} SegmentCutter;

/*
 * PACKET is parsed as INNER. A packet that is no GSO packet gets its checksum and is the only piece. False: the header and
 * the packet do not fit together.
 */
bool segment_cutter_begin (SegmentCutter *self, const VnetHeader *vnet, const InnerPacket *inner,
                           uint8_t *packet);

/* The size that the largest piece will have. */
size_t segment_cutter_get_size (const SegmentCutter *self);

/* False: there is none left. */
bool segment_cutter_next (SegmentCutter *self, uint8_t **ret_packet, size_t *ret_size);

typedef struct
{
    uint8_t header[60];
    size_t header_size;
    uint8_t *next;
    size_t left;
    size_t step; /* a multiple of 8 */
    size_t offset;
    bool more; /* the packet was itself a fragment, and not the last */
} FragmentCutter;

/* PACKET: a whole IPv4 packet that may be fragmented. False: MTU leaves no room for payload. */
bool fragment_cutter_begin (FragmentCutter *self, uint8_t *packet, size_t size, unsigned mtu);
bool fragment_cutter_next (FragmentCutter *self, uint8_t **ret_packet, size_t *ret_size);
