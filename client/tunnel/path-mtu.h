/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The search for the largest packet that gets through to the gateway, in the manner of RFC 8899: routers that tell are
 * believed as far as the kernel believes them, and those that swallow packets without a word are found out by probes. It
 * starts with what every path should carry, hopes for all that the first link carries, and looks again now and then. Sizes
 * are octets of the outer packet, IP header included; times are microseconds. No I/O.
 */

#include <glib.h>
#include <stdbool.h>

/* What is believed of a path without a proof (RFC 8200 5). */
#define PATH_MTU_BASE 1280

typedef struct
{
    unsigned proven; /* gets through */
    unsigned most;   /* the first link's, or what a router told */
    unsigned tried;  /* sizes up to this one are settled */
    unsigned failed; /* this one does not get through, nor any larger one */
    unsigned trying; /* the probe under way; 0: none */
    gint64 due;      /* the next probe */
    gint64 raise_at; /* the search for more begins anew */
} PathMtu;

/* MOST: as above. */
void path_mtu_init (PathMtu *self, unsigned most, gint64 now);

/* The kernel knows the path better now: MOST became smaller or larger. */
void path_mtu_set_most (PathMtu *self, unsigned most, gint64 now);

/* When to send the next probe; G_MAXINT64: one is under way. */
gint64 path_mtu_get_deadline (const PathMtu *self);

/* The size to try now; it is under way then. */
unsigned path_mtu_begin (PathMtu *self, gint64 now);

/* Whether that only asks if what is proven still holds: of no use on an idle path. */
bool path_mtu_is_settled (const PathMtu *self);

/* It cannot be sent now, or is not worth it: asked for again at WHEN. */
void path_mtu_postpone (PathMtu *self, gint64 when);

/* SIZE: what was really sent, at most the size that was asked for. */
void path_mtu_take_answer (PathMtu *self, unsigned size, gint64 now);
void path_mtu_take_loss (PathMtu *self, gint64 now);
