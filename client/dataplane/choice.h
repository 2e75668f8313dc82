/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Which data plane carries a connection. What the kernel can do is not read off its version but tried, with the algorithms
 * that are to be offered, before IKE starts: what is negotiated then can be installed.
 */

#include "dataplane/dataplane.h"
#include "profile/profile.h"

/*
 * OUTER: the gateway's address family. PROPOSALS: IkeProposal, the ESP offer; NULL: the default one. MARK: for the outer
 * packets. With "auto" RET_WHY_NOT_KERNEL says why it is the userspace plane ("this kernel has no ESP"), NULL if it is not; with
 * "kernel" that reason is the error: HOST_REFUSED, or NO_RIGHTS.
 */
OutriderDataPlane *outrider_data_plane_choose (ProfilePlane wanted, IpFamily outer,
                                               const GPtrArray *proposals, uint32_t mark,
                                               char **ret_why_not_kernel, GError **error);

/* Whether the kernel can do all of PROPOSALS between addresses of family OUTER. Errors as above. */
bool outrider_kernel_plane_is_possible (IpFamily outer, const GPtrArray *proposals, GError **error);

/*
 * Algorithm, those of ESP that profiles may name and this kernel has not: each is tried, ciphers beside a MAC that every
 * kernel with ESP has. NULL: nothing can be tried; errors as above.
 */
GPtrArray *outrider_kernel_plane_list_missing (GError **error);

/* Whether the kernel has XFRM interfaces; none is made. Errors as above. */
bool outrider_kernel_plane_has_interfaces (GError **error);

/* Removes what planes of dead processes left: leftover devices keep their routes. Before anything else is changed. */
void outrider_data_plane_remove_leftovers (void);
