/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What each tunnel wants of the resolver's file, for it is one for all of them: a journal a tunnel, so that whoever writes the
 * file next knows of the others, and what a killed one wanted is forgotten.
 */

#include "network/plan.h"

typedef struct
{
    char *device;
    char **servers; /* addresses */
    char **search;  /* domains */
    bool full;      /* all traffic goes through it: no other server is to be asked */
    gint64 order;   /* when it came */
} DnsShare;

void dns_share_free (DnsShare *self);

/* PLAN's, in place of an earlier one of its device. OUTRIDER_ERROR_HOST_REFUSED. */
bool dns_share_write (const char *directory, const NetworkPlan *plan, GError **error);
void dns_share_remove (const char *directory, const char *device);

/*
 * DnsShare, those of living processes: full ones first, then in the order in which they came. What the dead left is removed;
 * RET_DEAD (may be NULL): how many.
 */
GPtrArray *dns_share_list (const char *directory, unsigned *ret_dead);
