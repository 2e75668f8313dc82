/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A plan's routes and rules in the kernel. Split routes stand in the main table, where everybody looks, behind every route of
 * the same width that is there already. Where rules must tell the tunnel's own outer packets apart (NetworkPlan.own_table),
 * the routes stand in a table of the device's own, and two rules a family lead there:
 *
 *     P:    from all ipproto udp (tcp) dport 53 lookup TABLE
 *     P+1:  the same, prohibit                              NetworkPlan.guard_dns: no name is asked for beside it,
 *                                                           not even by who binds to another link
 *     P+2:  from all lookup main suppress_prefixlength N    what is nearer than the tunnel's routes stays where it is
 *     P+3:  not from all fwmark MARK lookup TABLE           the rest, but for the outer packets
 *
 * P is of the device, so that two tunnels never share a rule; the one that came first is asked first.
 *
 * What is to go around the tunnel (NetworkPlan.excludes, the gateway among them) is a throw route in TABLE: that table has
 * nothing to say, and the host's own rules and routes decide for each packet. No next hop is copied, so none is stale after
 * the host has moved to another network.
 */

#include "network/netlink.h"

/* The mark that the tunnel's own outer packets carry (SO_MARK): rules leave them alone. */
#define NETLINK_OUTER_MARK 0x4f75

/* Brings the kernel from one plan's routes and rules to another's; NULL: none. What is new comes before what is old goes. */
bool netlink_routes_change (Netlink *netlink, const NetworkPlan *from, const NetworkPlan *to,
                            GError **error);

/* Removes what belongs to devices that are gone: their process did not live to do it. */
bool netlink_routes_remove_leftovers (Netlink *netlink, GError **error);

/* How many of them there are. Anybody may ask. */
bool netlink_routes_count_leftovers (Netlink *netlink, unsigned *ret_count, GError **error);

/*
 * Asks the kernel where PLAN's routes and excludes lead now that they are in force, by the first address of each: char *, a
 * sentence for each route that leads elsewhere since another route or rule comes first, and for each exclude that leads into
 * the tunnel or nowhere. The first NETLINK_ROUTES_CHECKED of either alone.
 */
#define NETLINK_ROUTES_CHECKED 64
GPtrArray *netlink_routes_check (Netlink *netlink, const NetworkPlan *plan);
