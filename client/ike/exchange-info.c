/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * INFORMATIONAL (RFC 7296 1.4): liveness checks and deletes, begun by either side. Deletes of children go in pairs: each
 * side names the SPIs of what it receives by.
 *
 *     HDR, SK {[N,] [D,] [CP]}  -->
 *                                        <--  HDR, SK {[D]}
 */

#include "ike/session-internal.h"

/* ---- alive? ---- */

gint64
ike_info_get_check_deadline (const IkeSession *self)
{
    gint64 delay = self->config->dpd_delay;
    if (delay == 0 || ike_window_is_waiting (&ike_session_get_sa (self)->window))
        return G_MAXINT64;
    return MIN (self->last_in + delay, ike_silence_get_deadline (&self->silence, delay));
}

/* The silence of the children says something only of a gateway that answers: it is asked first. */
void
ike_info_check (IkeSession *self, gint64 now)
{
    if (now >= self->last_in + self->config->dpd_delay)
        ike_session_add_task (self, IKE_TASK_LIVENESS, 0, now);
    else if (ike_silence_look (&self->silence, now))
    {
        ike_session_push (self, IKE_ACTION_SILENCE);
        ike_child_rekey_all (self, now);
    }
}

/* ---- ours ---- */

void
ike_info_start_liveness (IkeSession *self, gint64 now)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_session_request (self, ike_session_get_sa (self), INFORMATIONAL,
                         (IkeTask){ .kind = IKE_TASK_LIVENESS }, &chain, now);
}

void
ike_info_start_delete_child (IkeSession *self, const IkeTask *task, gint64 now)
{
    if (ike_child_find_in (self, task->spi) == NULL)
        return;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_delete_write_esp (&chain, &task->spi, 1);
    ike_session_request (self, ike_session_get_sa (self), INFORMATIONAL, *task, &chain, now);
}

void
ike_info_start_delete_ike (IkeSession *self, IkeSa *sa, gint64 now)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_delete_write_ike (&chain);
    ike_session_request (self, sa, INFORMATIONAL, (IkeTask){ .kind = IKE_TASK_DELETE_IKE }, &chain,
                         now);
}

void
ike_info_receive (IkeSession *self, IkeSa *sa, const IkeTask *task, const IkePayloads *payloads,
                  gint64 now)
{
    if (task->kind == IKE_TASK_DELETE_CHILD)
    {
        IkeChild *child = ike_child_find_in (self, task->spi);
        if (child != NULL)
            ike_child_retire (self, child, now);
    }
    else if (task->kind == IKE_TASK_DELETE_IKE && sa != ike_session_get_sa (self))
        g_ptr_array_remove (self->sas, sa);
    else if (task->kind == IKE_TASK_DELETE_IKE)
        ike_session_closed (self, self->closing_stage, g_steal_pointer (&self->closing_error));
}

/* ---- the gateway's ---- */

/* The gateway deleted a child without a successor: what it carried goes through a new one, but not for ever. */
static bool
revive (IkeSession *self, gint64 now)
{
    if (now > self->last_revival + IKE_REVIVAL_FORGIVEN)
        self->revivals = 0;
    self->last_revival = now;
    if (self->revivals++ >= IKE_REVIVALS_MAX)
        return false;
    ike_session_add_task (self, IKE_TASK_NEW_CHILD, 0, now);
    return true;
}

void
ike_info_give_up (IkeSession *self, gint64 now)
{
    ike_session_fail (self, "INFORMATIONAL",
                      g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_CLOSED,
                                           "the gateway deletes each child that it makes"),
                      now);
}

void
ike_info_lose_child (IkeSession *self, IkeChild *child, gint64 now)
{
    ike_child_retire (self, child, now);
    if (ike_child_is_wanted (self) && !revive (self, now))
        ike_info_give_up (self, now);
}

static void
delete_children (IkeSession *self, const IkeDelete *delete, IkeChain *response, gint64 now)
{
    uint32_t ours[IKE_DELETE_SPIS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < delete->count; i++)
    {
        IkeChild *child = ike_child_find_out (self, delete->spis[i]);
        if (child == NULL)
        {
            ike_half_note_deleted (&self->half, delete->spis[i]);
            continue;
        }

        /* Crossing deletes: the answer to ours is enough (RFC 7296 1.4.1). */
        const IkeTask *running = &ike_session_get_sa (self)->running;
        if (running->kind != IKE_TASK_DELETE_CHILD || running->spi != child->sa->spi_in)
            ours[count++] = child->sa->spi_in;
        ike_child_retire (self, child, now);
    }
    if (count > 0)
        ike_delete_write_esp (response, ours, count);
}

/* True: the gateway deleted this IKE SA. */
static bool
handle_delete (IkeSession *self, const IkePayload *payload, IkeChain *response, gint64 now)
{
    IkeDelete delete;
    if (!ike_delete_read (payload->body, &delete, NULL))
        return false;
    if (delete.protocol == IKE_PROTOCOL_ESP)
        delete_children (self, &delete, response, now);
    return delete.protocol == IKE_PROTOCOL_IKE;
}

static void
answer_notifies (const IkePayloads *payloads, IkeChain *response)
{
    IkeNotify notify;
    if (ike_notify_find (payloads, NOTIFY_COOKIE2, &notify) && notify.data.size <= IKE_COOKIE_MAX)
        ike_notify_write (response, NOTIFY_COOKIE2, notify.data);
}

IkeAftermath
ike_info_answer (IkeSession *self, IkeSa *sa, const IkePayloads *payloads, IkeChain *response,
                 gint64 now)
{
    if (!ike_exchange_check_request (IKE_MESSAGE_INFORMATIONAL, payloads, response))
        return IKE_GOES_ON;
    bool deleted = false, had_child = !ike_child_is_wanted (self);
    for (unsigned i = 0; i < payloads->count; i++)
        if (payloads->items[i].type == PAYLOAD_DELETE)
            deleted = handle_delete (self, &payloads->items[i], response, now) || deleted;
    answer_notifies (payloads, response);

    IkeNotify notify;
    bool current = sa == ike_session_get_sa (self);
    bool refused = ike_notify_find (payloads, NOTIFY_AUTHENTICATION_FAILED, &notify);
    if (current && (deleted || refused))
        return IKE_IS_CLOSED;
    if (deleted)
        sa->expires = now + IKE_DELETED_SA_LINGER;
    else if (self->state == IKE_STATE_ESTABLISHED && had_child && ike_child_is_wanted (self) &&
             !revive (self, now))
        return IKE_GIVES_UP;
    return IKE_GOES_ON;
}
