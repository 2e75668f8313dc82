/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The children of a tunnel go to where the transport is now. Other ports are changed in a state as it stands; to other
 * addresses the kernel moves a state where it can, and otherwise another state goes on where the first one stopped.
 */

#include "dataplane/xfrm-children.h"

/*
 * Replay windows are kept, and no sequence number is used twice. The SAs (IkeChildSa) for which that failed carry nothing any
 * more.
 */
GPtrArray *xfrm_children_move (XfrmChildren *self);
