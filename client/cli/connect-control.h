/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a running `outrider connect` answers on its control socket (control.h); the words are those of frontend/tunnels.h.
 */

#include "profile/profile.h"
#include "tunnel/tunnel.h"

typedef struct ConnectControl ConnectControl;

/* Ends the tunnel in order. */
typedef void (*ConnectControlStop) (void *data);

/* TUNNEL and PROFILE are borrowed. NULL where there can be no socket: the tunnel does without. */
ConnectControl *connect_control_new (OutriderTunnel *tunnel, const Profile *profile,
                                     ConnectControlStop stop, void *data, GError **error);
void connect_control_free (ConnectControl *self);
