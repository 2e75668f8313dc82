/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The userspace plane: a TUN device on one side, ESP in UDP on the tunnel's own socket on the other, and a pump of two
 * threads between them.
 */

#include "dataplane/dataplane.h"
#include "dataplane/device.h"

#define OUTRIDER_TYPE_TUN_PLANE (outrider_tun_plane_get_type ())
G_DECLARE_FINAL_TYPE (OutriderTunPlane, outrider_tun_plane, OUTRIDER, TUN_PLANE, GObject)

OutriderDataPlane *outrider_tun_plane_new (void);

/* For tests, before open: tries no offload but these. */
void outrider_tun_plane_set_offloads (OutriderTunPlane *self, PumpOffloads offloads);

/* For tests, before install: an SA without ESN is announced as expiring after so many packets, looked for so often. */
void outrider_tun_plane_set_sequence_limit (OutriderTunPlane *self, uint64_t packets,
                                            unsigned milliseconds);
