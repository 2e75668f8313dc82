/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Stands on a bus in place of systemd-resolved, in a thread of its own: notes what it is told, and answers as a test wants.
 */

#include <glib.h>

typedef struct
{
    const char *refuses;     /* this method, by LinkBusy; NULL: none */
    const char *ignores;     /* this method is never answered */
    const char *lacks;       /* this method is not known */
    unsigned late_link;      /* so many calls are answered by NoSuchLink */
    unsigned late_scope;     /* so often ScopesMask says that the link is not in use */
    const char *scopes_type; /* of ScopesMask; NULL: "t", as it should be */
} StandInResolve1Options;

typedef struct StandInResolve1 StandInResolve1;

/* Owns the name when this returns. */
StandInResolve1 *stand_in_resolve1_new (const char *address, const StandInResolve1Options *options);
void stand_in_resolve1_free (StandInResolve1 *self);

/* What it was told since the last time, a line a call: "SetLinkLLMNR (7, 'no')". Questions (GetLink, ScopesMask) are left out. */
char *stand_in_resolve1_take_story (StandInResolve1 *self);
