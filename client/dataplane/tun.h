/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The userspace plane: a TUN device on one side, ESP in UDP on the tunnel's own socket on the other, and a pump of two
 * threads between them.
 */

#include "dataplane/dataplane.h"

#define OUTRIDER_TYPE_TUN_PLANE (outrider_tun_plane_get_type ())
G_DECLARE_FINAL_TYPE (OutriderTunPlane, outrider_tun_plane, OUTRIDER, TUN_PLANE, GObject)

OutriderDataPlane *outrider_tun_plane_new (void);
