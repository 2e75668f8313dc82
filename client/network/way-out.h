/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * How packets leave this host now: asked of the kernel for one destination, looked at and never changed, for who wants to
 * know what a tunnel's outer packets meet.
 */

#include "network/netlink.h"

#include <net/if.h>

typedef struct
{
    int device_index;
    char device[IFNAMSIZ];
    unsigned mtu;       /* of the path, as far as the kernel knows it */
    IpAddress next_hop; /* IP_NONE: the destination is a neighbour, or the link has just one end */
    IpAddress source;   /* IP_NONE: the kernel does not say */
} WayOut;

/* SOURCE, MARK: of the packets; NULL: not chosen yet; 0: none. False: they go nowhere. */
bool way_out_find (Netlink *netlink, const IpAddress *destination, const IpAddress *source,
                   uint32_t mark, WayOut *ret_way);

/* Whether what DEVICE takes in must come from where the route to its sender leads (rp_filter=1; IPv4 alone). */
bool way_out_is_strict (const char *device);

/* Whether IPv6 is switched off on the whole host, or not in its kernel. */
bool way_out_lacks_v6 (void);
