/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * How a tunnel's outer packets leave this host now, to wherever no nearer route leads: looked at and never changed, for who
 * wants to know what a tunnel will meet.
 */

#include "bytes/address.h"

#include <net/if.h>
#include <stdbool.h>

typedef struct
{
    char device[IFNAMSIZ];
    unsigned mtu;       /* of the device */
    IpAddress next_hop; /* IP_NONE: the link has just one end */
    IpAddress source;   /* IP_NONE: the kernel does not say */
    bool
        strict; /* answers must come from where the route to their sender leads (rp_filter=1; IPv4 alone) */
} WayOut;

/* False: there is none for FAMILY. */
bool way_out_find (IpFamily family, WayOut *ret_way);

/* Whether IPv6 is switched off on the whole host, or not in its kernel. */
bool way_out_lacks_v6 (void);
