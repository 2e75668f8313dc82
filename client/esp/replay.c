/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "esp/replay.h"

#include <glib.h>
#include <string.h>

static uint64_t *
word_of (ReplayWindow *self, uint64_t number)
{
    return &self->words[number / 64 % REPLAY_WINDOW_WORDS];
}

void
replay_window_init (ReplayWindow *self, unsigned size, bool esn)
{
    memset (self, 0, sizeof *self);
    self->size =
        CLAMP (size != 0 ? size : REPLAY_WINDOW_DEFAULT, REPLAY_WINDOW_MIN, REPLAY_WINDOW_MAX);
    self->esn = esn;
}

/*
 * RFC 4303 A2.2. The window's bottom tells which 2^32 a number lies in: below the bottom it can only be of the next one,
 * except while the window itself spans two of them; then what lies above the bottom is of the previous one.
 */
uint64_t
replay_window_infer (const ReplayWindow *self, uint32_t low)
{
    if (!self->esn)
        return low;

    uint32_t top_low = (uint32_t)self->top;
    uint64_t high = self->top >> 32;
    uint32_t bottom = top_low - self->size + 1;
    bool within_one = top_low >= self->size - 1;
    if (within_one && low < bottom)
        high++;
    else if (!within_one && low >= bottom)
        high--;
    /* Before the first 2^32 and behind the last there is nothing. */
    return high <= UINT32_MAX ? high << 32 | low : 0;
}

bool
replay_window_check (const ReplayWindow *self, uint64_t number)
{
    if (number == 0)
        return false;
    if (number > self->top)
        return true;
    if (self->top - number >= self->size)
        return false;
    return (self->words[number / 64 % REPLAY_WINDOW_WORDS] >> number % 64 & 1) == 0;
}

void
replay_window_update (ReplayWindow *self, uint64_t number)
{
    if (number > self->top)
    {
        uint64_t steps = number / 64 - self->top / 64;
        if (steps >= REPLAY_WINDOW_WORDS)
            memset (self->words, 0, sizeof self->words);
        else
            for (uint64_t i = 1; i <= steps; i++)
                *word_of (self, self->top + 64 * i) = 0;
        self->top = number;
    }
    *word_of (self, number) |= (uint64_t)1 << number % 64;
}
