/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The children of one tunnel in the kernel: an inbound and an outbound state each, and policies for that of a child's SAs
 * which sends. That is an SA whose outbound state was made; while a rekey is under way its successor has an inbound state alone.
 */

#include "dataplane/dataplane.h"
#include "dataplane/xfrm-message.h"

typedef struct XfrmChildren XfrmChildren;

/* What all of them share. */
typedef struct
{
    uint32_t mark;     /* on the outer packets; 0: none */
    unsigned window;   /* against replays, in packets */
    XfrmLimits limits; /* of each state; see outrider_xfrm_plane_set_limits () */
    bool reinstalls;   /* see outrider_xfrm_plane_forgo_migration () */
} XfrmChildrenConfig;

/* CONFIG is borrowed; what it says counts for SAs that are installed from then on. HOST_REFUSED, NO_RIGHTS. */
XfrmChildren *xfrm_children_new (uint32_t if_id, const XfrmChildrenConfig *config, GError **error);

/* Removes what is still there from the kernel. */
void xfrm_children_free (XfrmChildren *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (XfrmChildren, xfrm_children_free)

/* As the calls of the data plane's interface. */
bool xfrm_children_install (XfrmChildren *self, UdpTransport *transport, IkeChildSa *sa,
                            GError **error);
bool xfrm_children_switch (XfrmChildren *self, const IkeChildSa *sa, GError **error);
void xfrm_children_remove (XfrmChildren *self, const IkeChildSa *sa);

/* The SA that has this state, one way or the other; NULL: none. */
const IkeChildSa *xfrm_children_find (const XfrmChildren *self, const IpAddress *destination,
                                      uint32_t spi);

/* Adds what all SAs counted; when one was last used, in seconds since 1970, or 0 if this kernel does not say. */
void xfrm_children_add_counters (XfrmChildren *self, OutriderCounters *counters,
                                 uint64_t *ret_last_heard);

/* The error for a step that the kernel refused; false. */
bool xfrm_refuse (const char *step, int error_number, GError **error);
