/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Traffic selectors (RFC 7296 3.13): a protocol, a range of ports and a range of addresses of one family. Lists are
 * GArrays of TrafficSelector.
 */

#include "bytes/address.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

typedef struct
{
    uint8_t protocol; /* IP protocol number; 0 = any */
    uint16_t first_port;
    uint16_t last_port; /* 0..65535 = any; ICMP: type in the upper octet, code in the lower */
    IpAddress first;
    IpAddress last;
} TrafficSelector;

/* All traffic of FAMILY. */
TrafficSelector traffic_selector_any (IpFamily family);
TrafficSelector traffic_selector_of_prefix (const IpPrefix *prefix);

bool traffic_selector_equal (const TrafficSelector *a, const TrafficSelector *b);

/* Every packet of INNER is one of SELF too. */
bool traffic_selector_contains (const TrafficSelector *self, const TrafficSelector *inner);

/* A packet with this address (this selector's side), protocol and port; HAS_PORT is false for fragments and unknowns. */
bool traffic_selector_matches (const TrafficSelector *self, const IpAddress *address,
                               uint8_t protocol, bool has_port, uint16_t port);

/* What both share; false if nothing. */
bool traffic_selector_intersect (const TrafficSelector *a, const TrafficSelector *b,
                                 TrafficSelector *ret_common);

/* "10.0.0.0/8", "10.0.0.1-10.0.0.9 tcp/80" */
char *traffic_selector_format (const TrafficSelector *self);

/* The TS payload's body (RFC 7296 3.13), both ways. Reading skips selector types that we do not know. */
bool traffic_selectors_read (ByteView body, GArray **ret_selectors, GError **error);
void traffic_selectors_write (const GArray *selectors, ByteWriter *writer);
