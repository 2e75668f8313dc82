/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The resolver by resolvconf(8), Debian's or openresolv: the tunnel's servers and domains are one record among those of the
 * other links, and the program makes /etc/resolv.conf of them all. A record that a killed process left is found by a journal.
 */

#include "network/plan.h"

typedef struct DnsResolvconf DnsResolvconf;

/* ROOT: where /etc, /run and /usr are, "" for this host. */
DnsResolvconf *dns_resolvconf_new (const char *root);
void dns_resolvconf_free (DnsResolvconf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DnsResolvconf, dns_resolvconf_free)

/* Whether /etc/resolv.conf is made by it: its link (Debian), or its first line (openresolv), and the program is there. */
bool dns_resolvconf_owns_names (const DnsResolvconf *self);

/* Whether it can leave the other links' servers out, as a full tunnel wants it: openresolv alone. */
bool dns_resolvconf_is_exclusive (const DnsResolvconf *self);

/* Undoes what a process that is gone left behind. OUTRIDER_ERROR_HOST_REFUSED. */
bool dns_resolvconf_repair (DnsResolvconf *self, GError **error);

/*
 * Adds the record, in place of that of an earlier plan. OUTRIDER_ERROR_HOST_REFUSED, also where the file does not lead to our
 * servers afterwards: then revert.
 */
bool dns_resolvconf_apply (DnsResolvconf *self, const NetworkPlan *plan, GError **error);

/* As it was found. */
void dns_resolvconf_revert (DnsResolvconf *self);
