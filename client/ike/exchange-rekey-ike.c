/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * CREATE_CHILD_SA about the IKE SA itself (RFC 7296 1.3.2, 2.18), begun by either side:
 *
 *     HDR, SK {SA, Ni, KEi}  -->
 *                                        <--  HDR, SK {SA, Nr, KEr}
 *
 * The new IKE SA inherits all children; who began deletes the old one.
 */

#include "ike/session-internal.h"

static const char stage[] = "CREATE_CHILD_SA";

/* SA takes the place of the one in force; that one stays for its delete, but not for ever. */
static void
inherit (IkeSession *self, IkeSa *sa, gint64 now)
{
    ike_session_get_sa (self)->expires = now + IKE_OLD_SA_LINGER;
    g_ptr_array_insert (self->sas, 0, sa);
    ike_session_start_life (self, now);
    self->group_changes = 0;
    ike_session_push (self, IKE_ACTION_REKEYED)->proposal = ike_selection_format (&sa->selection);
}

static bool
derive_keys (IkeSa *sa, const IkeSa *old, KeyExchange *ours, const IkeKeyPayload *theirs,
             ByteView nonce_i, ByteView nonce_r, GError **error)
{
    if (theirs->group != key_exchange_get_group (ours)->id ||
        sa->selection.group != key_exchange_get_group (ours))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a key of another group than the one chosen");
        return false;
    }
    g_autoptr (SecretBytes) shared = key_exchange_derive (ours, theirs->value, error);
    if (shared == NULL)
        return false;
    IkeKeyInputs inputs = { nonce_i, nonce_r, sa->spi_i, sa->spi_r, sa->initiator };
    return ike_keys_derive (&sa->keys, &sa->selection, shared, &inputs, old->selection.prf,
                            old->keys.derive, error);
}

/* ---- ours ---- */

void
ike_rekey_ike_start (IkeSession *self, gint64 now)
{
    g_autoptr (GError) error = NULL;
    if (self->sas->len >= IKE_SAS_MAX)
    {
        ike_session_add_task (self, IKE_TASK_REKEY_IKE, 0, now + IKE_RETRY_DELAY);
        return; /* deletes of older ones are still under way */
    }
    ike_half_clear (&self->half);

    /* The group that the gateway took before is the one that it takes again, unless it said otherwise. */
    const Algorithm *group =
        self->ike_group != NULL ? self->ike_group : ike_session_get_sa (self)->selection.group;
    self->half.key_exchange = key_exchange_new (group, &error);
    if (self->half.key_exchange == NULL)
    {
        ike_session_fail (self, stage, g_steal_pointer (&error), now);
        return;
    }
    self->half.nonce = ike_session_draw_nonce (self);
    self->half.spi = ike_session_draw_ike_spi (self);

    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_proposals_write (self->config->ike_proposals, self->half.spi, 8,
                         ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (self->half.nonce));
    ike_key_payload_write (&chain, key_exchange_get_group (self->half.key_exchange)->id,
                           key_exchange_get_public (self->half.key_exchange));
    ike_session_request (self, ike_session_get_sa (self), CREATE_CHILD_SA,
                         (IkeTask){ .kind = IKE_TASK_REKEY_IKE }, &chain, now);
}

static IkeSa *
take_answer (IkeSession *self, const IkePayloads *payloads, GError **error)
{
    IkeSa *sa = g_new0 (IkeSa, 1);
    sa->initiator = true;
    sa->spi_i = self->half.spi;
    IkeKeyPayload key;
    ByteView nonce;
    if (ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body,
                            self->config->ike_proposals, 8, &sa->selection, error) &&
        ike_key_payload_read (ike_payloads_find (payloads, PAYLOAD_KE)->body, &key, error) &&
        ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body, &nonce, error))
    {
        sa->spi_r = sa->selection.spi;
        if (derive_keys (sa, ike_session_get_sa (self), self->half.key_exchange, &key,
                         byte_view_of_bytes (self->half.nonce), nonce, error))
            return sa;
    }
    ike_sa_free (sa);
    return NULL;
}

static void
take_refusal (IkeSession *self, const IkeNotify *notify, gint64 now)
{
    if (notify->type == NOTIFY_TEMPORARY_FAILURE)
    {
        ike_session_add_task (self, IKE_TASK_REKEY_IKE, 0,
                              now + ike_session_jitter (self, IKE_RETRY_DELAY));
        return;
    }
    const Algorithm *group =
        notify->type == NOTIFY_INVALID_KE_PAYLOAD
            ? ike_session_find_wanted_group (self, notify, self->config->ike_proposals,
                                             key_exchange_get_group (self->half.key_exchange))
            : NULL;
    if (group == NULL)
    {
        ike_session_fail (self, stage, ike_session_explain_notify (self, notify, false), now);
        return;
    }
    self->ike_group = group;
    ike_session_add_task (self, IKE_TASK_REKEY_IKE, 0, now);
}

void
ike_rekey_ike_receive (IkeSession *self, const IkePayloads *payloads, gint64 now)
{
    g_autoptr (GError) error = NULL;
    IkeNotify notify;
    if (!ike_exchange_check (IKE_MESSAGE_REKEY_IKE_RESPONSE, payloads, NULL, &error))
    {
        ike_session_fail (self, stage, g_steal_pointer (&error), now);
        return;
    }
    if (ike_notify_find_error (payloads, &notify))
    {
        take_refusal (self, &notify, now);
        return;
    }
    IkeSa *sa = take_answer (self, payloads, &error);
    if (sa == NULL)
    {
        ike_session_fail (self, stage, g_steal_pointer (&error), now);
        return;
    }
    ike_half_clear (&self->half);
    IkeSa *old = ike_session_get_sa (self);
    inherit (self, sa, now);
    ike_info_start_delete_ike (self, old, now);
}

/* ---- the gateway's ---- */

static bool
is_busy (const IkeSession *self)
{
    IkeTaskKind running = ike_session_get_sa (self)->running.kind;
    return self->state == IKE_STATE_CLOSING || self->sas->len >= IKE_SAS_MAX ||
           running == IKE_TASK_REKEY_IKE || running == IKE_TASK_REKEY_CHILD ||
           running == IKE_TASK_NEW_CHILD;
}

static void
refuse (IkeChain *response, const GError *error)
{
    bool none = g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL);
    ike_notify_write (response, none ? NOTIFY_NO_PROPOSAL_CHOSEN : NOTIFY_INVALID_SYNTAX,
                      (ByteView){ 0 });
}

/* Makes the new IKE SA with the gateway as its initiator; NULL and the refusal written if that cannot be. */
static IkeSa *
make_sa (IkeSession *self, const IkeSa *old, const IkePayloads *payloads, IkeChain *response)
{
    IkeSa *sa = g_new0 (IkeSa, 1);
    IkeKeyPayload theirs;
    ByteView nonce;
    g_autoptr (GError) error = NULL;
    g_autoptr (KeyExchange) ours = NULL;
    g_autoptr (GBytes) our_nonce = ike_session_draw_nonce (self);
    sa->spi_r = ike_session_draw_ike_spi (self);
    if (!ike_key_payload_read (ike_payloads_find (payloads, PAYLOAD_KE)->body, &theirs, &error) ||
        !ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body, &nonce,
                                 &error) ||
        !ike_proposals_choose (self->config->ike_proposals,
                               ike_payloads_find (payloads, PAYLOAD_SA)->body, 8, theirs.group,
                               &sa->selection, &error))
    {
        refuse (response, error);
        ike_sa_free (sa);
        return NULL;
    }
    if (sa->selection.group->id != theirs.group)
    {
        uint16_t id = GUINT16_TO_BE (sa->selection.group->id);
        ike_notify_write (response, NOTIFY_INVALID_KE_PAYLOAD, byte_view (&id, sizeof id));
        ike_sa_free (sa);
        return NULL;
    }
    sa->spi_i = sa->selection.spi;
    ours = key_exchange_new (sa->selection.group, &error);
    if (ours == NULL || sa->spi_i == 0 ||
        !derive_keys (sa, old, ours, &theirs, nonce, byte_view_of_bytes (our_nonce), &error))
    {
        refuse (response, error);
        ike_sa_free (sa);
        return NULL;
    }
    ike_selection_write (&sa->selection, IKE_PROTOCOL_IKE, sa->spi_r, 8,
                         ike_chain_begin (response, PAYLOAD_SA));
    ike_chain_end (response);
    ike_chain_add (response, PAYLOAD_NONCE, byte_view_of_bytes (our_nonce));
    ike_key_payload_write (response, theirs.group, key_exchange_get_public (ours));
    return sa;
}

void
ike_rekey_ike_answer (IkeSession *self, IkeSa *old, const IkePayloads *payloads, IkeChain *response,
                      gint64 now)
{
    if (!ike_exchange_check_request (IKE_MESSAGE_REKEY_IKE_REQUEST, payloads, response))
        return;
    if (is_busy (self))
    {
        ike_notify_write (response, NOTIFY_TEMPORARY_FAILURE, (ByteView){ 0 });
        return;
    }
    IkeSa *sa = make_sa (self, old, payloads, response);
    if (sa != NULL)
        inherit (self, sa, now);
}
