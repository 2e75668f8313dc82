/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The resolver by systemd-resolved, over D-Bus: the tunnel's link gets servers and domains of its own, and names go the
 * way of the longest domain. Nothing of other links is touched. The settings vanish with the link; a link that outlives
 * its process (an XFRM interface does) is found by a journal. No call waits longer than two seconds in all.
 */

#include "network/plan.h"

typedef struct DnsResolved DnsResolved;

/* ROOT: where /etc and /run are, "" for this host. */
DnsResolved *dns_resolved_new (const char *root);
void dns_resolved_free (DnsResolved *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DnsResolved, dns_resolved_free)

/*
 * Whether programs' names go to it and it runs: /etc/resolv.conf leads to its files, or the C library asks it
 * (nsswitch.conf), and somebody has its name on the system bus. It is never started for this. Where the bus does not answer
 * in time this is true, and apply will fail.
 */
bool dns_resolved_owns_names (DnsResolved *self);

/* Whether programs that read /etc/resolv.conf themselves ask it, too. */
bool dns_resolved_has_file (const DnsResolved *self);

/* Undoes what a process that is gone left behind. OUTRIDER_ERROR_HOST_REFUSED. */
bool dns_resolved_repair (DnsResolved *self, GError **error);

/*
 * Servers and search domains of the plan, in place of those of an earlier one. With full routes the link takes all names ("~."); with domains it takes those; without
 * any its servers are asked beside the others'. When it returns, the servers are in use. OUTRIDER_ERROR_HOST_REFUSED.
 */
bool dns_resolved_apply (DnsResolved *self, const NetworkPlan *plan, GError **error);

/* As it was found. */
void dns_resolved_revert (DnsResolved *self);
