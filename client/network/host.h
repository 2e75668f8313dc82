/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Who makes a plan real and undoes it: the kernel and the resolver of this host (netlink-host.h), NetworkManager, or a
 * recording one in tests. All calls are made in the main thread and are done when they return.
 */

#include "network/names.h"
#include "network/plan.h"
#include "network/way-out.h"

#include <glib-object.h>

/* Its signal "changed" (no arguments): links or addresses of this host came or went; a plan in force may want to be applied anew. */
#define OUTRIDER_TYPE_HOST (outrider_host_get_type ())
G_DECLARE_INTERFACE (OutriderHost, outrider_host, OUTRIDER, HOST, GObject)

struct _OutriderHostInterface
{
    GTypeInterface parent;
    bool (*prepare) (OutriderHost *self, GError **error);
    bool (*apply) (OutriderHost *self, const NetworkPlan *plan, GError **error);
    bool (*guard) (OutriderHost *self, const NetworkGuard *guard,
                   GError **error);                    /* NULL: cannot */
    GArray *(*list_networks) (OutriderHost *self);     /* NULL: not known */
    GArray *(*list_name_servers) (OutriderHost *self); /* NULL: not known */
    GPtrArray *(*check) (OutriderHost *self);          /* NULL: it is so */
    bool (*find_way) (OutriderHost *self, const IpAddress *gateway, const IpAddress *local,
                      WayOut *ret_way); /* NULL: not known */
    void (*revert) (OutriderHost *self);
    bool (*lacks_v6) (OutriderHost *self, const char *device); /* NULL: it never does */
    const char *(*get_resolver) (OutriderHost *self);          /* NULL: nobody knows */
};

/* Before anything else: whether this process may do it at all (NO_RIGHTS), and mends what a crashed one left behind. */
bool outrider_host_prepare (OutriderHost *self, GError **error);

/*
 * Brings the host from the plan applied before (if any) to PLAN, and puts back what somebody took away of it since. On failure
 * what was applied of it is undone. HOST_REFUSED (the device is gone, too), NO_RIGHTS.
 */
bool outrider_host_apply (OutriderHost *self, const NetworkPlan *plan, GError **error);

/* Has GUARD in force from now on, beyond the end of this process: only netlink_guard_lift () undoes it. HOST_REFUSED. */
bool outrider_host_guard (OutriderHost *self, const NetworkGuard *guard, GError **error);

/* LocalNetwork: what this host is attached to, for the plan. NULL: not known. */
GArray *outrider_host_list_networks (OutriderHost *self);

/* NameServer: who is asked for names now. Never NULL. */
GArray *outrider_host_list_name_servers (OutriderHost *self);

/*
 * After apply: char *, a sentence for each of the plan's networks that this host reaches another way than the plan says:
 * beside the tunnel, or for an exclude through it or not at all. Never NULL.
 */
GPtrArray *outrider_host_check (OutriderHost *self);

/* The way that a tunnel's outer packets from LOCAL to GATEWAY take now. False: there is none, or nobody knows. */
bool outrider_host_find_way (OutriderHost *self, const IpAddress *gateway, const IpAddress *local,
                             WayOut *ret_way);

/* Whether IPv6 is switched off on DEVICE: a plan must do without. */
bool outrider_host_lacks_v6 (OutriderHost *self, const char *device);

/* Who resolves names while a plan with servers is in force: "systemd-resolved", "resolvconf", "file"; NULL: nobody of ours. */
const char *outrider_host_get_resolver (OutriderHost *self);

/* The host as it was found. Nothing to do is fine; also done by the last unref. */
void outrider_host_revert (OutriderHost *self);
