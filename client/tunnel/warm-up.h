/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * OpenSSL looks its algorithms up at first use, for milliseconds. This does it where the main loop has nothing else to do: what
 * the first packet needs while the gateway's name is looked up, the rest while the gateway computes. Nobody waits for it: what
 * is not prepared is looked up when it is used. In the main thread, as a second one would wait for OpenSSL's locks and, where
 * its processor slept, longer than all of this takes.
 */

#include "profile/profile.h"

typedef struct WarmUp WarmUp;

/* Begins once the caller's main loop is idle. PROFILE is read at once. */
WarmUp *warm_up_new (const Profile *profile);

/* The first packet is on its way. */
void warm_up_go_on (WarmUp *self);

void warm_up_free (WarmUp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WarmUp, warm_up_free)
