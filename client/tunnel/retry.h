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
    unsigned failures; /* in a row */
} Retry;

/* What failed may be gone by itself. */
bool retry_is_worthwhile (const GError *error);

/* The pause before the next try, in microseconds: 1 s, doubled each time, at most two minutes. */
gint64 retry_next_pause (Retry *self);

/* Connected: the next pause is the shortest again. */
void retry_reset (Retry *self);
