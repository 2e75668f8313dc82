/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * CREATE_CHILD_SA about a child (RFC 7296 1.3.1, 1.3.3, 2.8, 2.25), begun by either side:
 *
 *     HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}  -->
 *                                        <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *
 * Who began deletes the old SA afterwards. Until then the answering side receives by both and sends by the old one, for
 * the other may not have the new one yet.
 */

#include "ike/session-internal.h"

static const char stage[] = "CREATE_CHILD_SA";

/* ---- ours ---- */

static GArray *
wanted_selectors (const IkeSession *self, const IkeChild *old, bool local)
{
    if (old != NULL)
        return local ? old->sa->local : old->sa->remote;
    return local ? self->config->local : self->config->remote;
}

/* Where groups for children come from: the ESP offer if it names any, else the IKE offer. */
static const GPtrArray *
get_groups (const IkeSession *self)
{
    const IkeSessionConfig *config = self->config;
    return ike_proposals_get_first_group (config->esp_proposals) != NULL ? config->esp_proposals
                                                                         : config->ike_proposals;
}

/* What children after the first are asked for with: the offer, with the group that the gateway turned out to want. */
static GPtrArray *
get_offer (const IkeSession *self)
{
    GPtrArray *esp = self->config->esp_proposals;
    return self->child_group != NULL
               ? ike_proposals_with_groups (esp, self->child_group, get_groups (self))
               : g_ptr_array_ref (esp);
}

static bool
begin_half (IkeSession *self, const IkeTask *task, const IkeChild *old, const GPtrArray *offer,
            GError **error)
{
    ike_half_clear (&self->half);
    const Algorithm *group = ike_proposals_get_first_group (offer);
    if (group != NULL)
    {
        self->half.key_exchange = key_exchange_new (group, error);
        if (self->half.key_exchange == NULL)
            return false;
    }
    self->half.nonce = ike_session_draw_nonce (self);
    self->half.spi = ike_session_draw_esp_spi (self);
    self->half.number = old != NULL ? old->sa->number : ++self->last_number;
    self->half.replaces = old != NULL ? task->spi : 0;
    return true;
}

void
ike_rekey_child_start (IkeSession *self, const IkeTask *task, gint64 now)
{
    IkeChild *old = task->kind == IKE_TASK_REKEY_CHILD ? ike_child_find_in (self, task->spi) : NULL;
    if (task->kind == IKE_TASK_REKEY_CHILD && (old == NULL || old->replaced || old->expires != 0))
        return; /* the gateway was faster */
    if (task->kind == IKE_TASK_NEW_CHILD && !ike_child_is_wanted (self))
        return; /* a rekey that was under way brought one */

    /* Not before the gateway knows the one that it asked for itself, and old ones have gone. */
    if ((old != NULL && ike_child_is_being_replaced (self, old->sa->number)) ||
        self->children->len >= IKE_CHILDREN_MAX)
    {
        ike_session_add_task (self, task->kind, task->spi, now + IKE_RETRY_DELAY);
        return;
    }
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) offer = get_offer (self);
    if (!begin_half (self, task, old, offer, &error))
    {
        ike_session_fail (self, stage, g_steal_pointer (&error), now);
        return;
    }

    g_auto (IkeChain) chain = IKE_CHAIN ();
    if (old != NULL)
        ike_notify_write_spi (&chain, NOTIFY_REKEY_SA, old->sa->spi_in);
    ike_proposals_write (offer, self->half.spi, 4, ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (self->half.nonce));
    if (self->half.key_exchange != NULL)
        ike_key_payload_write (&chain, key_exchange_get_group (self->half.key_exchange)->id,
                               key_exchange_get_public (self->half.key_exchange));
    traffic_selectors_write (wanted_selectors (self, old, true),
                             ike_chain_begin (&chain, PAYLOAD_TSI));
    ike_chain_end (&chain);
    traffic_selectors_write (wanted_selectors (self, old, false),
                             ike_chain_begin (&chain, PAYLOAD_TSR));
    ike_chain_end (&chain);
    ike_session_request (self, ike_session_get_sa (self), CREATE_CHILD_SA, *task, &chain, now);
}

static SecretBytes *
derive_shared (KeyExchange *ours, const Algorithm *group, const IkePayloads *payloads,
               GError **error)
{
    IkeKeyPayload key;
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_KE);
    if (payload == NULL || ours == NULL || key_exchange_get_group (ours) != group)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a child's key exchange does not fit its proposal");
        return NULL;
    }
    if (!ike_key_payload_read (payload->body, &key, error))
        return NULL;
    if (key.group != group->id)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a child's key is of another group than the one chosen");
        return NULL;
    }
    return key_exchange_derive (ours, key.value, error);
}

static bool
take_answer (IkeSession *self, const IkeChild *old, const IkePayloads *payloads, gint64 now,
             GError **error)
{
    IkeSelection selection;
    ByteView nonce;
    g_autoptr (GArray) offered_local = NULL, offered_remote = NULL, local = NULL, remote = NULL;
    g_autoptr (SecretBytes) shared = NULL;
    g_autoptr (GPtrArray) offer = get_offer (self);
    if (!ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body, offer, 4, &selection,
                             error) ||
        !ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body, &nonce,
                                 error) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSI)->body, &offered_local,
                                 error) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSR)->body, &offered_remote,
                                 error))
        return false;
    if (selection.group != NULL &&
        (shared = derive_shared (self->half.key_exchange, selection.group, payloads, error)) ==
            NULL)
        return false;
    if (!ike_child_narrow (wanted_selectors (self, old, true), offered_local, &local) ||
        !ike_child_narrow (wanted_selectors (self, old, false), offered_remote, &remote))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SELECTORS_REFUSED,
                             "the gateway's networks leave nothing of what was asked for");
        return false;
    }
    IkeKeyInputs inputs = { .nonce_i = byte_view_of_bytes (self->half.nonce),
                            .nonce_r = nonce,
                            .ours_is_initiator = true };
    return ike_child_create (self, self->half.number, (uint32_t)self->half.spi, &selection, shared,
                             &inputs, g_steal_pointer (&local), g_steal_pointer (&remote), now,
                             error);
}

/*
 * The gateway wants another key exchange. Where the profile leaves it open, the offer has none, since some gateways refuse
 * any; those that insist on one (RFC 7296 1.3.1) get the IKE SA's own or the one that they name.
 */
static bool
change_group (IkeSession *self, const IkeNotify *notify)
{
    const Algorithm *current =
        self->half.key_exchange != NULL ? key_exchange_get_group (self->half.key_exchange) : NULL;
    const Algorithm *group = NULL;
    if (notify->type == NOTIFY_INVALID_KE_PAYLOAD)
        group = ike_session_find_wanted_group (self, notify, get_groups (self), current);
    else if (notify->type == NOTIFY_NO_PROPOSAL_CHOSEN && current == NULL)
        group = ike_session_get_sa (self)->selection.group;
    if (group != NULL)
        self->child_group = group;
    return group != NULL;
}

/* What an error notify means for the child that was to be replaced or made. */
static void
take_refusal (IkeSession *self, const IkeTask *task, const IkeNotify *notify, gint64 now)
{
    if (notify->type == NOTIFY_TEMPORARY_FAILURE)
    {
        ike_session_add_task (self, task->kind, task->spi,
                              now + ike_session_jitter (self, IKE_RETRY_DELAY));
        return;
    }
    if (change_group (self, notify))
    {
        ike_session_add_task (self, task->kind, task->spi, now);
        return;
    }
    IkeChild *old = ike_child_find_in (self, task->spi);
    if (notify->type == NOTIFY_CHILD_SA_NOT_FOUND && task->kind == IKE_TASK_REKEY_CHILD)
    {
        /* The gateway has lost it, or just deleted it: what it carried goes through a new one (RFC 7296 2.25). */
        if (old != NULL)
            ike_child_retire (self, old, now);
        ike_session_add_task (self, IKE_TASK_NEW_CHILD, 0, now);
        return;
    }
    ike_session_fail (self, stage, ike_session_explain_notify (self, notify, true), now);
}

void
ike_rekey_child_receive (IkeSession *self, const IkeTask *task, const IkePayloads *payloads,
                         gint64 now)
{
    g_autoptr (GError) error = NULL;
    IkeNotify notify;
    if (!ike_exchange_check (IKE_MESSAGE_CHILD_RESPONSE, payloads, NULL, &error))
    {
        ike_session_fail (self, stage, g_steal_pointer (&error), now);
        return;
    }
    if (ike_notify_find_error (payloads, &notify))
    {
        take_refusal (self, task, &notify, now);
        return;
    }
    IkeChild *old = task->spi != 0 ? ike_child_find_in (self, task->spi) : NULL;
    if (!take_answer (self, old, payloads, now, &error))
    {
        ike_session_fail (self, stage, g_steal_pointer (&error), now);
        return;
    }
    IkeChild *new = ike_child_find_in (self, (uint32_t)self->half.spi);
    bool deleted_already = ike_half_knows_deleted (&self->half, new->sa->spi_out);
    ike_half_clear (&self->half);
    self->group_changes = 0;
    if (old != NULL)
    {
        old->replaced = true;
        old->deleting = true;
        ike_session_push (self, IKE_ACTION_CHILD_SWITCH)->child = ike_child_sa_ref (new->sa);
        ike_session_add_task (self, IKE_TASK_DELETE_CHILD, old->sa->spi_in, now);
    }
    if (deleted_already)
        ike_info_lose_child (self, new, now);
}

/* ---- the gateway's ---- */

static void
refuse (IkeChain *response, IkeNotifyType type)
{
    ike_notify_write (response, type, (ByteView){ 0 });
}

/* The child that a request is about, or NULL and the refusal written. */
static IkeChild *
find_rekeyed (IkeSession *self, const IkePayloads *payloads, IkeChain *response)
{
    IkeNotify notify;
    if (!ike_notify_find (payloads, NOTIFY_REKEY_SA, &notify))
    {
        refuse (response, NOTIFY_NO_ADDITIONAL_SAS);
        return NULL;
    }
    ByteReader reader = byte_reader (notify.spi);
    uint32_t spi = byte_reader_u32 (&reader);
    IkeChild *old = byte_reader_done (&reader) ? ike_child_find_out (self, spi) : NULL;
    if (old == NULL || notify.protocol != IKE_PROTOCOL_ESP)
    {
        ike_notify_write_spi (response, NOTIFY_CHILD_SA_NOT_FOUND, spi);
        return NULL;
    }

    /* While we replace or delete the same one, the gateway may try again later (RFC 7296 2.25.1). */
    const IkeTask *running = &ike_session_get_sa (self)->running;
    bool ours = running->kind == IKE_TASK_REKEY_CHILD && running->spi == old->sa->spi_in;
    bool moving = running->kind == IKE_TASK_REKEY_IKE;
    bool coming = running->kind == IKE_TASK_REKEY_CHILD || running->kind == IKE_TASK_NEW_CHILD;
    bool full = self->children->len + coming >= IKE_CHILDREN_MAX; /* old ones will have gone soon */
    if (ours || moving || full || old->deleting || old->replaced ||
        self->state == IKE_STATE_CLOSING)
    {
        refuse (response, NOTIFY_TEMPORARY_FAILURE);
        return NULL;
    }
    return old;
}

static void
write_invalid_group (IkeChain *response, const Algorithm *group)
{
    uint16_t id = GUINT16_TO_BE (group->id);
    ike_notify_write (response, NOTIFY_INVALID_KE_PAYLOAD, byte_view (&id, sizeof id));
}

/* Our half of the child's key exchange; RET_KEY stays NULL if none was chosen. False: the refusal is written. */
static bool
answer_key (const IkeSelection *selection, const IkePayloads *payloads, IkeChain *response,
            KeyExchange **ret_key, SecretBytes **ret_shared)
{
    if (selection->group == NULL)
        return true;
    IkeKeyPayload theirs;
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_KE);
    if (payload == NULL || !ike_key_payload_read (payload->body, &theirs, NULL) ||
        theirs.group != selection->group->id)
    {
        write_invalid_group (response, selection->group);
        return false;
    }
    g_autoptr (KeyExchange) key = key_exchange_new (selection->group, NULL);
    SecretBytes *shared = key != NULL ? key_exchange_derive (key, theirs.value, NULL) : NULL;
    if (shared == NULL)
    {
        refuse (response, NOTIFY_INVALID_SYNTAX);
        return false;
    }
    *ret_key = g_steal_pointer (&key);
    *ret_shared = shared;
    return true;
}

static void
write_answer (const IkeSelection *selection, uint32_t spi, GBytes *nonce, const KeyExchange *key,
              const IkeChildSa *sa, IkeChain *response)
{
    ike_selection_write (selection, IKE_PROTOCOL_ESP, spi, 4,
                         ike_chain_begin (response, PAYLOAD_SA));
    ike_chain_end (response);
    ike_chain_add (response, PAYLOAD_NONCE, byte_view_of_bytes (nonce));
    if (key != NULL)
        ike_key_payload_write (response, selection->group->id, key_exchange_get_public (key));

    /* The gateway began: TSi is its side, TSr ours. */
    traffic_selectors_write (sa->remote, ike_chain_begin (response, PAYLOAD_TSI));
    ike_chain_end (response);
    traffic_selectors_write (sa->local, ike_chain_begin (response, PAYLOAD_TSR));
    ike_chain_end (response);
}

void
ike_rekey_child_answer (IkeSession *self, IkeSa *sa, const IkePayloads *payloads,
                        IkeChain *response, gint64 now)
{
    if (!ike_exchange_check_request (IKE_MESSAGE_CHILD_REQUEST, payloads, response))
        return;
    IkeChild *old = find_rekeyed (self, payloads, response);
    if (old == NULL)
        return;

    IkeKeyPayload key_payload = { 0 };
    const IkePayload *ke = ike_payloads_find (payloads, PAYLOAD_KE);
    g_autoptr (GArray) offered_remote = NULL, offered_local = NULL, local = NULL, remote = NULL;
    IkeSelection selection;
    ByteView nonce;
    g_autoptr (GError) error = NULL;
    if ((ke != NULL && !ike_key_payload_read (ke->body, &key_payload, &error)) ||
        !ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body, &nonce,
                                 &error) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSI)->body, &offered_remote,
                                 &error) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSR)->body, &offered_local,
                                 &error) ||
        !ike_proposals_choose (self->config->esp_proposals,
                               ike_payloads_find (payloads, PAYLOAD_SA)->body, 4, key_payload.group,
                               &selection, &error))
    {
        bool none = g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL);
        refuse (response, none ? NOTIFY_NO_PROPOSAL_CHOSEN : NOTIFY_INVALID_SYNTAX);
        return;
    }
    if (!ike_child_narrow (old->sa->remote, offered_remote, &remote) ||
        !ike_child_narrow (old->sa->local, offered_local, &local))
    {
        refuse (response, NOTIFY_TS_UNACCEPTABLE);
        return;
    }

    g_autoptr (KeyExchange) key = NULL;
    g_autoptr (SecretBytes) shared = NULL;
    if (!answer_key (&selection, payloads, response, &key, &shared))
        return;
    g_autoptr (GBytes) our_nonce = ike_session_draw_nonce (self);
    uint32_t spi = ike_session_draw_esp_spi (self);
    IkeKeyInputs inputs = { .nonce_i = nonce, .nonce_r = byte_view_of_bytes (our_nonce) };
    if (!ike_child_create (self, old->sa->number, spi, &selection, shared, &inputs,
                           g_steal_pointer (&local), g_steal_pointer (&remote), now, NULL))
    {
        refuse (response, NOTIFY_NO_ADDITIONAL_SAS);
        return;
    }
    old->replaced = true;
    old->delete_by = now + IKE_OLD_SA_LINGER;
    write_answer (&selection, spi, our_nonce, key, ike_child_find_in (self, spi)->sa, response);
}
