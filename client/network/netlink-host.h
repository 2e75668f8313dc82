/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * This host: addresses, routes and rules by rtnetlink, names by its resolver (dns.h).
 */

#include "network/host.h"
#include "network/netlink-routes.h"

#define OUTRIDER_TYPE_NETLINK_HOST (outrider_netlink_host_get_type ())
G_DECLARE_FINAL_TYPE (OutriderNetlinkHost, outrider_netlink_host, OUTRIDER, NETLINK_HOST, GObject)

/* The mark that the tunnel's own outer socket carries (SO_MARK): full-tunnel rules leave such packets alone. */
#define OUTRIDER_OUTER_MARK NETLINK_OUTER_MARK

typedef struct
{
    bool no_dns;
    bool no_routes;
} OutriderNetlinkHostOptions;

/* Whether this process has CAP_NET_ADMIN. */
bool outrider_netlink_host_is_permitted (void);

OutriderHost *outrider_netlink_host_new (const OutriderNetlinkHostOptions *options);
