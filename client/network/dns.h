/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The resolver of this host while a tunnel is up, in the way that the host itself has chosen: systemd-resolved where it runs
 * and names go to it, else resolvconf where /etc/resolv.conf is its own, else the file. The first alone can send the names
 * inside of the tunnel's domains one way and all others another; the other two ask the tunnel's servers first.
 */

#include "network/plan.h"

typedef struct Dns Dns;

/* ROOT: where /etc, /run and /usr are: "" for this host, a directory in tests. Nothing is looked at yet. */
Dns *dns_new (const char *root);
void dns_free (Dns *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dns, dns_free)

/* Undoes what a process that is gone left behind, whatever its way was. OUTRIDER_ERROR_HOST_REFUSED. */
bool dns_repair (Dns *self, GError **error);

/* From what is in force to PLAN. With full routes no other server is asked any more. On failure nothing of ours is in force. OUTRIDER_ERROR_HOST_REFUSED. */
bool dns_apply (Dns *self, const NetworkPlan *plan, GError **error);

/* As it was found. Nothing to do is fine. */
void dns_revert (Dns *self);

/* "systemd-resolved", "resolvconf" or "file": the way in force, or the one that would be taken now. */
const char *dns_get_way (Dns *self);
