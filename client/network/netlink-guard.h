/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The kill switch in the kernel: a table of "prohibit" routes for what belongs into the tunnel, and rules that lead there
 * behind those of every tunnel and before the main table. While the tunnel is up its own routes are found first; when it
 * is not, however it ended, the packet is refused and its sender told (ICMP "administratively prohibited").
 *
 *     P:  not from all fwmark MARK lookup TABLE     all but the tunnel's outer packets, and the questions for the gateway's name
 *
 * Each owner (NetworkGuard.owner) has a table of its own. Its number is made of the owner's last 16 bits, or is the next that is
 * free where another guard stands; whose a table is, a mark in it says, a route that no packet takes. So no guard changes or
 * lifts another, whatever their profiles are called. A guard without a mark is nobody's, and goes with all the others alone.
 *
 * Of what is refused, attached networks stay reachable on their own links (NetworkGuard.attached): copies of their routes
 * stand in TABLE, and go with their links.
 *
 * Routing and not a packet filter, since it is the same question that the tunnel's routes answer: which way does this
 * packet go? One mechanism to reason about, no order of chains against a firewall that is there already, nothing between
 * "the tunnel has it" and "it is refused", and IPv4, IPv6, forwarded packets alike. Nothing of it needs a living process.
 */

#include "network/netlink.h"

/*
 * Brings the guard of GUARD->owner to GUARD, whatever of it is there; nothing that is refused now passes in between. A
 * guard that refuses nothing (what to refuse is not known yet) leaves refused what an earlier process had, if any.
 */
bool netlink_guard_set (Netlink *netlink, const NetworkGuard *guard, GError **error);

/* Lifts the guard of OWNER; 0: every guard of ours. RET_LIFTED (may be NULL): how many there were. */
bool netlink_guard_lift (Netlink *netlink, uint64_t owner, unsigned *ret_lifted, GError **error);

/* NetworkGuard: those in force, whoever set them. */
GPtrArray *netlink_guard_list (Netlink *netlink, GError **error);
