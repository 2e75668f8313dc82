/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A moment of CLOCK_BOOTTIME in the main loop: time asleep counts, so that a laptop that wakes finds its deadlines passed.
 */

#include <glib.h>

typedef struct Deadline Deadline;

typedef void (*DeadlineReached) (void *data);

/* In the thread's default main context. */
Deadline *deadline_new (DeadlineReached reached, void *data);
void deadline_free (Deadline *self);

/* When, in microseconds; G_MAXINT64: never. */
void deadline_set (Deadline *self, gint64 when);

/* CLOCK_BOOTTIME now, in microseconds. */
gint64 deadline_now (void);
