/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A plan's routes and rules in the kernel. Split routes stand in the main table, where everybody looks, behind every route of
 * the same width that is there already. Where rules must tell the tunnel's own outer packets apart (NetworkPlan.own_table),
 * the routes stand in a table of the device's own, and rules lead there:
 *
 *     P:    from all ipproto udp (tcp) dport 53 lookup TABLE
 *     P+1:  the same, prohibit                              NetworkPlan.guard_dns: no name is asked for beside it,
 *                                                           not even by who binds to another link
 *     P+2:  not from all fwmark MARK lookup ATTACHED        what this host is attached to stays on its link
 *     P+3:  not from all fwmark MARK lookup TABLE           the rest, but for the outer packets
 *
 * P is of the device, so that two tunnels never share a rule; the one that came first is asked first.
 *
 * ATTACHED has a copy of the route to each attached network (NetworkPlan.attached), without a next hop: what is sent by it
 * goes no further than that link. The main table itself is not asked: anybody who answers the host's DHCP (option 121) or
 * advertises routes writes there, and a route of theirs that is narrower than the tunnel's would take its traffic out in
 * clear (CVE-2024-3661).
 *
 * What is to go around the tunnel (NetworkPlan.excludes, the gateway among them) is a throw route in TABLE: that table has
 * nothing to say, and the host's own rules and routes decide for each packet. No next hop is copied, so none is stale after
 * the host has moved to another network.
 */

#include "network/netlink.h"

/* To ROUTES: a copy in TABLE of the route to each of NETWORKS (LocalNetwork), the first of several to the same one preferred. */
void netlink_routes_copy_attached (const GArray *networks, uint32_t table, GArray *routes);

/* Brings the kernel from one plan's routes and rules to another's; NULL: none. What is new comes before what is old goes. */
bool netlink_routes_change (Netlink *netlink, const NetworkPlan *from, const NetworkPlan *to,
                            GError **error);

/* Puts back what somebody took away of PLAN, which is in force: copies of attached routes alone, or EVERYTHING. */
void netlink_routes_put_back (Netlink *netlink, const NetworkPlan *plan, bool everything);

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
