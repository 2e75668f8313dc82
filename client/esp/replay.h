/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The anti-replay window of one inbound SA (RFC 4303 3.4.3): which sequence numbers were seen, and, with extended
 * sequence numbers, what the upper half of a received one must be (RFC 4303 appendix A). A number is looked up before its
 * packet is verified and marked only after.
 */

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW_DEFAULT 1024
#define REPLAY_WINDOW_MIN 32
#define REPLAY_WINDOW_MAX 4096

/* Twice the largest window, so that the words being cleared never belong to the window. */
#define REPLAY_WINDOW_WORDS (2 * REPLAY_WINDOW_MAX / 64)

typedef struct
{
    uint64_t top; /* the highest number that was verified; 0: none yet */
    uint32_t size;
    bool esn;
    uint64_t words[REPLAY_WINDOW_WORDS]; /* a ring: a bit a number */
} ReplayWindow;

/* SIZE in packets, brought between MIN and MAX; 0: the default. */
void replay_window_init (ReplayWindow *self, unsigned size, bool esn);

/* The whole number whose lower half came in a packet; 0 if there is none. */
uint64_t replay_window_infer (const ReplayWindow *self, uint32_t low);

/* Neither too old nor seen; 0 never is. */
bool replay_window_check (const ReplayWindow *self, uint64_t number);

/* Marks a checked number whose packet was verified. */
void replay_window_update (ReplayWindow *self, uint64_t number);
