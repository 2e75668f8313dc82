/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/session-internal.h"

/* How long packets of a replaced SA may still be on their way. */
#define CHILD_LINGER (5 * IKE_SECOND)

void
ike_child_free (IkeChild *self)
{
    if (self == NULL)
        return;
    ike_child_sa_unref (self->sa);
    g_free (self);
}

IkeChild *
ike_child_find_in (IkeSession *self, uint32_t spi_in)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        IkeChild *child = self->children->pdata[i];
        if (child->sa->spi_in == spi_in)
            return child;
    }
    return NULL;
}

IkeChild *
ike_child_find_out (IkeSession *self, uint32_t spi_out)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        IkeChild *child = self->children->pdata[i];
        if (child->sa->spi_out == spi_out && child->expires == 0)
            return child;
    }
    return NULL;
}

IkeChild *
ike_child_find_newest (IkeSession *self, unsigned number)
{
    for (guint i = self->children->len; i-- > 0;)
    {
        IkeChild *child = self->children->pdata[i];
        if (child->sa->number == number && child->expires == 0 && !child->deleting)
            return child;
    }
    return NULL;
}

void
ike_child_rekey_all (IkeSession *self, gint64 now)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChild *child = self->children->pdata[i];
        if (!child->replaced && child->expires == 0)
            ike_session_add_task (self, IKE_TASK_REKEY_CHILD, child->sa->spi_in, now);
    }
}

/* No child carries traffic any more: the tunnel wants a new one. */
bool
ike_child_is_wanted (const IkeSession *self)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChild *child = self->children->pdata[i];
        if (child->expires == 0 && !child->deleting)
            return false;
    }
    return true;
}

bool
ike_child_narrow (const GArray *wanted, const GArray *offered, GArray **ret_common)
{
    g_autoptr (GArray) common = g_array_new (false, false, sizeof (TrafficSelector));
    for (guint o = 0; o < offered->len; o++)
    {
        for (guint w = 0; w < wanted->len && common->len < IKE_SELECTORS_MAX; w++)
        {
            TrafficSelector shared;
            if (traffic_selector_intersect (&g_array_index (wanted, TrafficSelector, w),
                                            &g_array_index (offered, TrafficSelector, o), &shared))
                g_array_append_val (common, shared);
        }
    }
    if (common->len == 0)
        return false;
    *ret_common = g_steal_pointer (&common);
    return true;
}

bool
ike_child_create (IkeSession *self, unsigned number, uint32_t spi_in, const IkeSelection *selection,
                  const SecretBytes *shared, const IkeKeyInputs *inputs, GArray *local,
                  GArray *remote, gint64 now, GError **error)
{
    g_autoptr (IkeChildSa) sa = ike_child_sa_new ();
    sa->number = number;
    sa->spi_in = spi_in;
    sa->spi_out = (uint32_t)selection->spi;
    sa->encryption = selection->encryption;
    sa->integrity = selection->integrity;
    sa->esn = selection->esn;
    sa->encapsulated = self->encapsulated;
    sa->local = local;
    sa->remote = remote;
    if (self->children->len >= IKE_CHILDREN_MAX)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "more child SAs than a tunnel needs");
        return false;
    }
    const IkeSa *ike = ike_session_get_sa (self);
    if (!ike_keys_derive_child (sa, ike->selection.prf, ike->keys.derive, shared, inputs, error))
        return false;

    IkeChild *child = g_new0 (IkeChild, 1);
    child->sa = ike_child_sa_ref (sa);
    child->made_at = now;
    if (self->config->rekey_child > 0)
        child->rekey_at = now + ike_session_jitter (self, self->config->rekey_child);
    g_ptr_array_add (self->children, child);
    ike_session_push (self, IKE_ACTION_CHILD_UP)->child = ike_child_sa_ref (sa);
    return true;
}

bool
ike_child_is_being_replaced (const IkeSession *self, unsigned number)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChild *child = self->children->pdata[i];
        if (child->sa->number == number && child->delete_by != 0 && child->expires == 0)
            return true;
    }
    return false;
}

/* The gateway rekeyed CHILD and forgot to delete it: we do (RFC 7296 2.8 leaves it to who began). */
static void
delete_forgotten (IkeSession *self, IkeChild *child, gint64 now)
{
    IkeChild *newest = ike_child_find_newest (self, child->sa->number);
    child->delete_by = 0;
    child->replaced = newest != child; /* else the newer one went first */
    if (newest == child)
        return;
    child->deleting = true;
    ike_session_push (self, IKE_ACTION_CHILD_SWITCH)->child = ike_child_sa_ref (newest->sa);
    ike_session_add_task (self, IKE_TASK_DELETE_CHILD, child->sa->spi_in, now);
}

void
ike_child_retire (IkeSession *self, IkeChild *child, gint64 now)
{
    if (child->expires != 0)
        return;
    child->expires = now;
    IkeChild *newest = ike_child_find_newest (self, child->sa->number);
    if (newest == NULL)
        return; /* without a successor nothing may be sent by it any more */
    child->expires = now + CHILD_LINGER;
    if (!child->deleting) /* else it was told when our rekey was answered */
        ike_session_push (self, IKE_ACTION_CHILD_SWITCH)->child = ike_child_sa_ref (newest->sa);
}

void
ike_child_advance (IkeSession *self, gint64 now)
{
    for (guint i = self->children->len; i-- > 0;)
    {
        IkeChild *child = self->children->pdata[i];
        if (child->expires != 0 && now >= child->expires)
        {
            ike_session_push (self, IKE_ACTION_CHILD_DOWN)->child = ike_child_sa_ref (child->sa);
            g_ptr_array_remove_index (self->children, i);
        }
        else if (child->expires == 0 && child->delete_by != 0 && now >= child->delete_by &&
                 self->state == IKE_STATE_ESTABLISHED)
            delete_forgotten (self, child, now);
        else if (child->expires == 0 && child->rekey_at != 0 && now >= child->rekey_at &&
                 self->state == IKE_STATE_ESTABLISHED)
        {
            child->rekey_at = 0;
            if (!child->replaced)
                ike_session_add_task (self, IKE_TASK_REKEY_CHILD, child->sa->spi_in, now);
        }
    }
}

gint64
ike_child_get_deadline (const IkeSession *self)
{
    gint64 deadline = G_MAXINT64;
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChild *child = self->children->pdata[i];
        if (child->expires != 0)
            deadline = MIN (deadline, child->expires);
        else if (child->delete_by != 0 && self->state == IKE_STATE_ESTABLISHED)
            deadline = MIN (deadline, child->delete_by);
        else if (child->rekey_at != 0 && self->state == IKE_STATE_ESTABLISHED)
            deadline = MIN (deadline, child->rekey_at);
    }
    return deadline;
}
