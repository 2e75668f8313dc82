/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/silence.h"

void
ike_silence_begin (IkeSilence *self, gint64 now)
{
    *self = (IkeSilence){ .looked_at = now };
}

void
ike_silence_note (IkeSilence *self, gint64 heard, uint64_t sent)
{
    self->sent = sent;
    if (heard <= self->heard)
        return;
    bool rekey_helped = self->rekeyed_at > self->heard && self->rekeyed_at == self->looked_at;
    if (rekey_helped)
        self->pause = IKE_SILENCE_PAUSE_FIRST;
    self->heard = heard;
    self->sent_before = sent;
    self->unanswered = 0;
}

gint64
ike_silence_get_deadline (const IkeSilence *self, gint64 delay)
{
    return MAX (self->heard, self->looked_at) + delay;
}

bool
ike_silence_look (IkeSilence *self, gint64 now)
{
    self->unanswered = self->sent > self->sent_before ? self->unanswered + 1 : 0;
    self->sent_before = self->sent;
    self->looked_at = now;
    bool rekey_was_futile = self->rekeyed_at > self->heard;
    if (self->unanswered < IKE_SILENT_LOOKS || rekey_was_futile ||
        now < self->rekeyed_at + self->pause)
        return false;
    self->rekeyed_at = now;
    self->pause = CLAMP (2 * self->pause, IKE_SILENCE_PAUSE_FIRST, IKE_SILENCE_PAUSE_LONGEST);
    return true;
}
