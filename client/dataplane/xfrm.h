/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The kernel plane: an XFRM interface as the device, the child SAs as states and policies that carry its if_id. The kernel
 * encrypts, takes ESP out of the tunnel's own UDP socket (UDP_ENCAP), and tells when an SA comes to its end.
 *
 * Packets that are routed to the interface meet the policies with its if_id and no others do: IKE's own packets and the rest of
 * the host need no exceptions. What the policies do not take is answered with ICMP by the interface itself.
 */

#include "dataplane/dataplane.h"
#include "dataplane/xfrm-message.h"

#define OUTRIDER_TYPE_XFRM_PLANE (outrider_xfrm_plane_get_type ())
G_DECLARE_FINAL_TYPE (OutriderXfrmPlane, outrider_xfrm_plane, OUTRIDER, XFRM_PLANE, GObject)

#define XFRM_REPLAY_WINDOW_DEFAULT 128

/* MARK: put on the outer packets, as on the transport's socket, so that full-tunnel rules leave them alone; 0: none. */
OutriderDataPlane *outrider_xfrm_plane_new (uint32_t mark);

/*
 * Before install: when SAs end. What is 0 there does not end them, but that without extended sequence numbers an SA that
 * sends is announced as expiring well before its numbers are used up.
 */
void outrider_xfrm_plane_set_limits (OutriderXfrmPlane *self, const XfrmLimits *limits);

/* For tests: other addresses make other states, as on a kernel that cannot move them. */
void outrider_xfrm_plane_forgo_migration (OutriderXfrmPlane *self);
