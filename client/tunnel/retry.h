/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Whether and when a lost connection is tried again: growing pauses for what may pass, never for what a new try
 * cannot mend (a wrong password would lock the account).
 */

#include <glib.h>
#include <stdbool.h>

typedef struct
{
    unsigned failures;     /* in a row */
    gint64 connected_from; /* microseconds of CLOCK_BOOTTIME; 0: not connected */
} Retry;

/*
 * What ended a connection that stood once, or a try to have it back, may be gone by itself. The gateway took this login and
 * this offer: what it refuses now is what one says that was just restarted, whose addresses are all given away for a while, or
 * whose own server for logins is away. So did this host: somebody may have taken away what it let us have.
 * PASSWORD_IN_DOUBT: a refused login cost an attempt at the password.
 */
bool retry_is_worthwhile (const GError *error, bool password_in_doubt);

void retry_connected (Retry *self, gint64 now);

/*
 * The connection or the try is over: the pause before the next try, in microseconds: 1 s, doubled each time, at most two
 * minutes. After a connection that stood for a minute the shortest again: a gateway that takes us and throws us out at
 * once, as for a second login of the same user, is not asked every second for ever.
 */
gint64 retry_next_pause (Retry *self, gint64 now);
