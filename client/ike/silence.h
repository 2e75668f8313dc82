/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Whether anything comes in by the children. A gateway that answers IKE while nothing comes of all that we send may have
 * lost our children, or sends where a NAT on the way does not know us any more: a rekey mends both. Traffic that nobody
 * answers, as to a log server, looks the same: then a rekey makes no difference, and there is no other one until
 * something has come in, and the pause before it is twice as long. Times are microseconds.
 */

#include "ike/limits.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct
{
    gint64 heard;         /* when something came in last; 0: never */
    uint64_t sent;        /* packets, all in all */
    uint64_t sent_before; /* up to the last look, or to when something came in */
    gint64 looked_at;
    unsigned unanswered; /* looks in a row that found packets sent and none come in */
    gint64 rekeyed_at;   /* for that reason; 0: never */
    gint64 pause;        /* after that, before the next time */
} IkeSilence;

/* The first child is there. */
void ike_silence_begin (IkeSilence *self, gint64 now);

/* What the data plane knows: when it heard something last, and how many packets it sent. */
void ike_silence_note (IkeSilence *self, gint64 heard, uint64_t sent);

/* When to look: after DELAY without a packet. */
gint64 ike_silence_get_deadline (const IkeSilence *self, gint64 delay);

/* It is time, and the gateway was heard by IKE meanwhile. True: the children want a rekey. */
bool ike_silence_look (IkeSilence *self, gint64 now);
