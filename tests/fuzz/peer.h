/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * For the targets that stand behind the keys: a session with the test gateway, and what must hold whatever the gateway says.
 */

#include "fuzz/fuzz.h"
#include "session/fixture.h"

/* A client that asks for 10.77.0.0/16 alone, on a network with a gateway that does as LIE says; not started. */
Network *peer_network (IkeLogin login, ResponderLie lie, const void *data);

/* No child carries more than was asked for; whoever is closed stays so. */
void peer_check (const Network *network);

/* Lets time pass, ends the session, frees it. */
void peer_finish (Network *network);
