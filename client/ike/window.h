/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Message IDs of one IKE SA (RFC 7296 2.2, 2.3), window size one each way: our request that waits for its answer, sent
 * again with growing pauses, and the answer that we gave last, kept for a repeated request.
 */

#include "ike/limits.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct
{
    /* our requests */
    uint32_t next_id;
    uint32_t request_id;
    GPtrArray *request; /* GBytes: its datagrams; NULL: nothing waits */
    gint64 sent_at;
    gint64 resend_at;
    gint64 give_up_at;
    gint64 pause;
    unsigned tries;
    gint64 round_trip; /* smoothed; 0: not measured yet */

    /* theirs */
    uint32_t expected_id;
    GPtrArray *response; /* to expected_id - 1; NULL: none yet */
} IkeWindow;

typedef enum
{
    IKE_WINDOW_NEW,      /* the request that is due */
    IKE_WINDOW_REPEATED, /* the one answered last: answer again */
    IKE_WINDOW_STRAY,    /* too old or too new */
} IkeWindowVerdict;

typedef enum
{
    IKE_WINDOW_WAIT,
    IKE_WINDOW_RESEND,
    IKE_WINDOW_GIVE_UP,
} IkeWindowStep;

void ike_window_clear (IkeWindow *self);

/* DATAGRAMS (owned from now on) are the request next_id, sent right now. All tries end TIMEOUT later. */
void ike_window_begin (IkeWindow *self, GPtrArray *datagrams, gint64 timeout, gint64 now);
bool ike_window_is_waiting (const IkeWindow *self);

/* The same message ID again with other datagrams (a cookie, another group). */
void ike_window_restart (IkeWindow *self, GPtrArray *datagrams, gint64 now);

/* The answer to our request arrived and was believed. */
void ike_window_finish (IkeWindow *self, gint64 now);

/* When ike_window_advance () wants to be called; G_MAXINT64: never. */
gint64 ike_window_get_deadline (const IkeWindow *self);
IkeWindowStep ike_window_advance (IkeWindow *self, gint64 now);

IkeWindowVerdict ike_window_judge_request (const IkeWindow *self, uint32_t message_id);

/* RESPONSE (owned from now on) answers the expected request. */
void ike_window_answered (IkeWindow *self, GPtrArray *response);
