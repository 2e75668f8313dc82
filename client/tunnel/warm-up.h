/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * OpenSSL looks its algorithms up at first use, for milliseconds. This does it early, in a thread of its own, so that it is
 * not on the way to the connection: what the first packet needs while files are read and the gateway's name is looked up, the
 * rest while the gateway computes. In between the thread keeps still: two that look up at once wait for each other.
 */

#include "profile/profile.h"

typedef struct WarmUp WarmUp;

/* Starts. PROFILE is read at once. */
WarmUp *warm_up_new (const Profile *profile);

/* Waits until the first packet has all that it needs. */
void warm_up_await (WarmUp *self);

/* The first packet is on its way. */
void warm_up_go_on (WarmUp *self);

/* Waits for the thread, which passes by what is not begun. */
void warm_up_free (WarmUp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WarmUp, warm_up_free)
