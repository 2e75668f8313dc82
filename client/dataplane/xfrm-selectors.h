/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * From negotiated traffic selectors, which know ranges, to the kernel's, which know prefixes and masks: each pair of a local and
 * a remote one becomes as many of the kernel's as it takes.
 */

#include "dataplane/xfrm-message.h"
#include "ike/selector.h"

/* Of one child; the kernel looks through its policies one by one where they have no short prefix in common. */
#define XFRM_SELECTORS_MAX 2048

/*
 * XfrmSelector for packets on the way out (local to remote), each once. Pairs of different families or protocols hold no
 * packet and give none. HOST_REFUSED: more than XFRM_SELECTORS_MAX, or none at all.
 */
GArray *xfrm_selectors_new (const GArray *local, const GArray *remote, GError **error);

/* The same packets on their way back. */
XfrmSelector xfrm_selector_turn (const XfrmSelector *self);

bool xfrm_selector_equal (const XfrmSelector *a, const XfrmSelector *b);

/* The narrower, the more it counts: first by addresses, then by protocol and ports. */
uint32_t xfrm_selector_get_priority (const XfrmSelector *self);
