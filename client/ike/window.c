/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/window.h"

void
ike_window_clear (IkeWindow *self)
{
    g_clear_pointer (&self->request, g_ptr_array_unref);
    g_clear_pointer (&self->response, g_ptr_array_unref);
}

static void
sent (IkeWindow *self, gint64 now)
{
    self->sent_at = now;
    self->tries = 1;
    self->pause = self->round_trip == 0 ? IKE_RETRANSMIT_FIRST
                                        : MAX (3 * self->round_trip, IKE_RETRANSMIT_FLOOR);
    self->pause = MIN (self->pause, IKE_RETRANSMIT_CEILING);
    self->resend_at = now + self->pause;
}

void
ike_window_begin (IkeWindow *self, GPtrArray *datagrams, gint64 timeout, gint64 now)
{
    g_return_if_fail (self->request == NULL);
    self->request = datagrams;
    self->request_id = self->next_id++;
    self->give_up_at = now + timeout;
    sent (self, now);
}

bool
ike_window_is_waiting (const IkeWindow *self)
{
    return self->request != NULL;
}

void
ike_window_restart (IkeWindow *self, GPtrArray *datagrams, gint64 now)
{
    g_return_if_fail (self->request != NULL);
    g_ptr_array_unref (self->request);
    self->request = datagrams;
    sent (self, now);
}

void
ike_window_finish (IkeWindow *self, gint64 now)
{
    g_return_if_fail (self->request != NULL);
    g_clear_pointer (&self->request, g_ptr_array_unref);

    /* A repeated request does not tell which copy was answered (Karn). */
    gint64 measured = MAX (now - self->sent_at, 1);
    if (self->tries == 1)
        self->round_trip = self->round_trip == 0 ? measured : (7 * self->round_trip + measured) / 8;
}

gint64
ike_window_get_deadline (const IkeWindow *self)
{
    return self->request == NULL ? G_MAXINT64 : MIN (self->resend_at, self->give_up_at);
}

IkeWindowStep
ike_window_advance (IkeWindow *self, gint64 now)
{
    if (self->request == NULL)
        return IKE_WINDOW_WAIT;
    if (now >= self->give_up_at)
        return IKE_WINDOW_GIVE_UP;
    if (now < self->resend_at)
        return IKE_WINDOW_WAIT;
    self->tries++;
    self->pause = MIN (2 * self->pause, IKE_RETRANSMIT_CEILING);
    self->resend_at = now + self->pause;
    return IKE_WINDOW_RESEND;
}

IkeWindowVerdict
ike_window_judge_request (const IkeWindow *self, uint32_t message_id)
{
    if (message_id == self->expected_id)
        return IKE_WINDOW_NEW;
    return self->response != NULL && message_id + 1 == self->expected_id ? IKE_WINDOW_REPEATED
                                                                         : IKE_WINDOW_STRAY;
}

void
ike_window_answered (IkeWindow *self, GPtrArray *response)
{
    g_clear_pointer (&self->response, g_ptr_array_unref);
    self->response = response;
    self->expected_id++;
}
