/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/session.h"

#include "ike/session-internal.h"

/* ---- life ---- */

void
ike_half_clear (IkeHalf *self)
{
    key_exchange_free (self->key_exchange);
    g_clear_pointer (&self->nonce, g_bytes_unref);
    *self = (IkeHalf){ 0 };
}

void
ike_half_note_deleted (IkeHalf *self, uint32_t spi)
{
    if (self->nonce != NULL && self->n_deleted < IKE_EARLY_DELETES_MAX)
        self->deleted[self->n_deleted++] = spi;
}

bool
ike_half_knows_deleted (const IkeHalf *self, uint32_t spi)
{
    for (unsigned i = 0; i < self->n_deleted; i++)
        if (self->deleted[i] == spi)
            return true;
    return false;
}

void
ike_sa_free (IkeSa *self)
{
    if (self == NULL)
        return;
    ike_keys_clear (&self->keys);
    ike_window_clear (&self->window);
    ike_reassembly_clear (&self->requests);
    ike_reassembly_clear (&self->responses);
    g_free (self);
}

IkeSession *
ike_session_new (IkeSessionConfig *config, GError **error)
{
    if (config->ike_proposals == NULL)
        config->ike_proposals = ike_proposals_default (IKE_PROTOCOL_IKE);
    if (config->esp_proposals == NULL)
        config->esp_proposals = ike_proposals_default (IKE_PROTOCOL_ESP);
    const Algorithm *group = ike_proposals_get_first_group (config->ike_proposals);
    KeyExchange *key_exchange = group != NULL ? key_exchange_new (group, error) : NULL;
    if (key_exchange == NULL)
    {
        if (group == NULL)
            g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                                 "the IKE proposal names no key exchange group");
        ike_session_config_free (config);
        return NULL;
    }

    IkeSession *self = g_new0 (IkeSession, 1);
    self->config = config;
    if (config->answer_timeout == 0)
        config->answer_timeout = IKE_ANSWER_TIMEOUT;
    if (config->fragment_size == 0)
        config->fragment_size = IKE_FRAGMENT_SIZE;
    g_queue_init (&self->actions);
    self->openings = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_opening_free);
    ike_init_add_opening (self, key_exchange);
    self->sas = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_sa_free);
    self->tasks = g_array_new (false, false, sizeof (IkeTask));
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_child_free);
    self->hashes = g_array_new (false, false, sizeof (uint16_t));
    return self;
}

void
ike_session_free (IkeSession *self)
{
    if (self == NULL)
        return;
    g_queue_clear_full (&self->actions, (GDestroyNotify)ike_action_free);
    ike_half_clear (&self->half);
    g_ptr_array_unref (self->openings);
    g_clear_error (&self->doubted);
    g_ptr_array_unref (self->sas);
    g_array_unref (self->tasks);
    g_ptr_array_unref (self->children);
    g_array_unref (self->hashes);
    GBytes **owned[] = { &self->init_request, &self->init_response,
                         &self->nonce_i,      &self->nonce_r,
                         &self->cookie,       &self->identity_body,
                         &self->held,         &self->gateway_identity_body };
    for (size_t i = 0; i < G_N_ELEMENTS (owned); i++)
        g_clear_pointer (owned[i], g_bytes_unref);
    certs_identity_free (self->gateway_identity);
    eap_peer_free (self->eap);
    secret_bytes_unref (self->psk);
    g_clear_error (&self->closing_error);
    ike_session_config_free (self->config);
    g_free (self);
}

/* ---- what the exchanges call ---- */

IkeSa *
ike_session_get_sa (const IkeSession *self)
{
    return self->sas->pdata[0];
}

IkeAction *
ike_session_push (IkeSession *self, IkeActionKind kind)
{
    IkeAction *action = g_new0 (IkeAction, 1);
    action->kind = kind;
    g_queue_push_tail (&self->actions, action);
    return action;
}

IkeAction *
ike_session_push_question (IkeSession *self, IkeActionKind kind)
{
    IkeAction *action = ike_session_push (self, kind);
    action->question = self->question = ++self->last_question;
    return action;
}

void
ike_session_push_datagrams (IkeSession *self, GPtrArray *datagrams, gint64 now)
{
    /* A host that does not pull loses datagrams, as a network does. */
    for (guint i = 0; i < datagrams->len && self->actions.length < IKE_ACTIONS_MAX; i++)
        ike_session_push (self, IKE_ACTION_SEND)->datagram = g_bytes_ref (datagrams->pdata[i]);
    self->last_out = now;
}

void
ike_session_add_task (IkeSession *self, IkeTaskKind kind, uint32_t spi, gint64 not_before)
{
    for (guint i = 0; i < self->tasks->len; i++)
    {
        const IkeTask *queued = &g_array_index (self->tasks, IkeTask, i);
        if (queued->kind == kind && queued->spi == spi)
            return;
    }
    IkeTask task = { kind, spi, not_before };
    if (self->tasks->len < IKE_TASKS_MAX)
        g_array_append_val (self->tasks, task);
}

static IkeHeader
make_header (const IkeSa *sa, IkeExchangeType exchange, bool response, uint32_t message_id)
{
    return (IkeHeader){
        .initiator_spi = sa->spi_i,
        .responder_spi = sa->spi_r,
        .exchange = (uint8_t)exchange,
        .flags = (uint8_t)((sa->initiator ? IKE_FLAG_INITIATOR : 0) |
                           (response ? IKE_FLAG_RESPONSE : 0)),
        .message_id = message_id,
    };
}

static GPtrArray *
seal_chain (IkeSession *self, IkeSa *sa, const IkeHeader *header, const IkeChain *chain)
{
    size_t size = self->fragmentation ? self->config->fragment_size : 0;
    return ike_fragments_build (sa->keys.seal, header, chain, size);
}

GBytes *
ike_session_seal_whole (IkeSession *self, IkeSa *sa, IkeExchangeType exchange, uint32_t message_id,
                        const IkeChain *chain)
{
    IkeHeader header = make_header (sa, exchange, false, message_id);
    g_autoptr (GPtrArray) datagrams = ike_fragments_build (sa->keys.seal, &header, chain, 0);
    return datagrams != NULL && datagrams->len == 1 ? g_bytes_ref (datagrams->pdata[0]) : NULL;
}

bool
ike_session_request (IkeSession *self, IkeSa *sa, IkeExchangeType exchange, IkeTask task,
                     const IkeChain *chain, gint64 now)
{
    IkeHeader header = make_header (sa, exchange, false, sa->window.next_id);
    GPtrArray *datagrams = seal_chain (self, sa, &header, chain);
    if (datagrams == NULL)
    {
        ike_session_fail (self, ike_exchange_type_get_name (exchange),
                          g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                                       "a message of %zu octets cannot be sent",
                                       chain->writer.size),
                          now);
        return false;
    }
    sa->running = task;
    ike_session_push_datagrams (self, datagrams, now);
    ike_window_begin (&sa->window, datagrams, self->config->answer_timeout, now);
    return true;
}

void
ike_session_start_life (IkeSession *self, gint64 now)
{
    self->ike_made_at = now;
    if (self->config->rekey_ike > 0)
        self->rekey_ike_at = now + ike_session_jitter (self, self->config->rekey_ike);
}

static IkeLife
life_of (gint64 made_at, gint64 rekey_at, gint64 now)
{
    return (IkeLife){ .age = now - made_at, .left = rekey_at != 0 ? MAX (rekey_at - now, 0) : -1 };
}

IkeLife
ike_session_get_life (const IkeSession *self, gint64 now)
{
    return life_of (self->ike_made_at, self->rekey_ike_at, now);
}

IkeLife
ike_session_get_child_life (const IkeSession *self, gint64 now)
{
    IkeLife youngest = { .age = G_MAXINT64, .left = -1 };
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChild *child = self->children->pdata[i];
        IkeLife life = life_of (child->made_at, child->rekey_at, now);
        if (life.age < youngest.age)
            youngest = life;
    }
    return youngest;
}

uint32_t
ike_session_draw_esp_spi (IkeSession *self)
{
    for (;;)
    {
        uint32_t spi = 0;
        random_fill (&self->config->random, &spi, sizeof spi);
        if (spi > 255 && ike_child_find_in (self, spi) == NULL && spi != self->first_spi)
            return spi;
    }
}

uint64_t
ike_session_draw_ike_spi (IkeSession *self)
{
    uint64_t spi = 0;
    while (spi == 0)
        random_fill (&self->config->random, &spi, sizeof spi);
    return spi;
}

GBytes *
ike_session_draw_nonce (IkeSession *self)
{
    uint8_t nonce[IKE_NONCE_SIZE];
    random_fill (&self->config->random, nonce, sizeof nonce);
    return g_bytes_new (nonce, sizeof nonce);
}

gint64
ike_session_jitter (IkeSession *self, gint64 delay)
{
    uint32_t drawn = 0;
    random_fill (&self->config->random, &drawn, sizeof drawn);
    return delay - delay / 10 * (drawn % 1000) / 1000;
}

/* ---- the end ---- */

void
ike_session_closed (IkeSession *self, const char *stage, GError *error)
{
    if (self->state == IKE_STATE_CLOSED)
    {
        g_clear_error (&error);
        return;
    }
    self->state = IKE_STATE_CLOSED;
    self->question = 0;
    g_array_set_size (self->tasks, 0);
    IkeAction *action = ike_session_push (self, IKE_ACTION_CLOSED);
    action->stage = stage;
    action->error = error;
    action->refused_unproven = self->refused_unproven;
    action->password_in_doubt = self->password_in_doubt;
}

/* The gateway did not prove itself, or we cannot go on in the midst of IKE_AUTH: one word to it (RFC 7296 2.21.2). */
static void
say_goodbye (IkeSession *self, gint64 now)
{
    IkeSa *sa = ike_session_get_sa (self);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, NOTIFY_AUTHENTICATION_FAILED, (ByteView){ 0 });
    IkeHeader header = make_header (sa, INFORMATIONAL, false, sa->window.next_id);
    g_autoptr (GPtrArray) datagrams = seal_chain (self, sa, &header, &chain);
    if (datagrams != NULL)
        ike_session_push_datagrams (self, datagrams, now);
}

void
ike_session_fail (IkeSession *self, const char *stage, GError *error, gint64 now)
{
    if (self->state == IKE_STATE_ESTABLISHED)
    {
        self->closing_error = error;
        self->closing_stage = stage;
        ike_session_close (self, now);
        return;
    }
    if (self->state == IKE_STATE_CLOSING && self->closing_error != NULL)
        g_clear_error (&error);
    if (self->state == IKE_STATE_CLOSING)
        error = error != NULL ? error : g_steal_pointer (&self->closing_error);
    if (self->state == IKE_STATE_AUTH && self->sas->len > 0 &&
        !ike_window_is_waiting (&ike_session_get_sa (self)->window))
        say_goodbye (self, now);
    ike_session_closed (self, stage, error);
}

void
ike_session_close (IkeSession *self, gint64 now)
{
    if (self->state == IKE_STATE_CLOSING || self->state == IKE_STATE_CLOSED)
        return;
    if (self->state != IKE_STATE_ESTABLISHED)
    {
        ike_session_closed (self, NULL, NULL);
        return;
    }
    self->state = IKE_STATE_CLOSING;
    self->close_at = now + IKE_CLOSE_TIMEOUT;
    g_array_set_size (self->tasks, 0);
    ike_session_add_task (self, IKE_TASK_DELETE_IKE, 0, 0);
    ike_probe_end (self, ike_session_get_sa (self), now);
    ike_session_advance (self, now);
}

void
ike_session_abort (IkeSession *self, GError *error, gint64 now)
{
    ike_session_fail (self, "host", error, now);
}

static void
finish_closing (IkeSession *self)
{
    ike_session_closed (self, self->closing_stage, g_steal_pointer (&self->closing_error));
}

/* ---- in: start and answers ---- */

void
ike_session_start (IkeSession *self, const IkePath *path, gint64 now)
{
    g_return_if_fail (self->state == IKE_STATE_IDLE);
    self->path = *path;
    self->state = IKE_STATE_INIT;
    ike_init_start (self, now);
}

static bool
take_question (IkeSession *self, unsigned question)
{
    if (question == 0 || question != self->question)
        return false;
    self->question = 0;
    return true;
}

void
ike_session_answer_secret (IkeSession *self, unsigned question, SecretBytes *secret, gint64 now)
{
    if (take_question (self, question))
        ike_auth_give_secret (self, secret, now);
}

void
ike_session_answer_signature (IkeSession *self, unsigned question, uint8_t method, ByteView data,
                              const GError *refused, gint64 now)
{
    if (!take_question (self, question))
        return;
    if (refused != NULL)
        ike_session_fail (self, "IKE_AUTH", g_error_copy (refused), now);
    else
        ike_auth_give_signature (self, method, data, now);
}

void
ike_session_answer_verdict (IkeSession *self, unsigned question, const GError *refused, gint64 now)
{
    if (take_question (self, question))
        ike_auth_give_verdict (self, refused, now);
}

void
ike_session_note_traffic (IkeSession *self, gint64 heard, uint64_t sent)
{
    self->last_in = MAX (self->last_in, heard);
    ike_silence_note (&self->silence, heard, sent);
}

void
ike_session_rekey_ike (IkeSession *self, gint64 now)
{
    if (self->state != IKE_STATE_ESTABLISHED)
        return;
    ike_session_add_task (self, IKE_TASK_REKEY_IKE, 0, now);
    ike_session_advance (self, now);
}

bool
ike_session_probe (IkeSession *self, unsigned size, gint64 now)
{
    return ike_probe_start (self, size, now);
}

void
ike_session_rekey_child (IkeSession *self, gint64 now)
{
    if (self->state == IKE_STATE_ESTABLISHED)
        ike_child_rekey_all (self, now);
    ike_session_advance (self, now);
}

/* ---- in: datagrams ---- */

static IkeSa *
find_sa (const IkeSession *self, const IkeHeader *header)
{
    for (guint i = 0; i < self->sas->len; i++)
    {
        IkeSa *sa = self->sas->pdata[i];
        bool from_initiator = (header->flags & IKE_FLAG_INITIATOR) != 0;
        if (sa->spi_i == header->initiator_spi && sa->spi_r == header->responder_spi &&
            from_initiator != sa->initiator)
            return sa;
    }
    return NULL;
}

/* Which request of the gateway this is decides who answers it. PAYLOADS NULL: they could not be read. */
static IkeAftermath
answer_by_exchange (IkeSession *self, IkeSa *sa, uint8_t exchange, const IkePayloads *payloads,
                    IkeChain *response, gint64 now)
{
    bool about_child = payloads != NULL && ike_payloads_find (payloads, PAYLOAD_TSI) != NULL;
    if (payloads == NULL)
        ike_notify_write (response, NOTIFY_INVALID_SYNTAX, (ByteView){ 0 });
    else if (exchange == INFORMATIONAL)
        return ike_info_answer (self, sa, payloads, response, now);
    else if (exchange == CREATE_CHILD_SA && sa != ike_session_get_sa (self))
        ike_notify_write (response, NOTIFY_TEMPORARY_FAILURE, (ByteView){ 0 });
    else if (exchange == CREATE_CHILD_SA && about_child)
        ike_rekey_child_answer (self, sa, payloads, response, now);
    else if (exchange == CREATE_CHILD_SA)
        ike_rekey_ike_answer (self, sa, payloads, response, now);
    else
        ike_notify_write (response, NOTIFY_INVALID_SYNTAX, (ByteView){ 0 });
    return IKE_GOES_ON;
}

/* What an answered request leaves to do. */
static void
follow_request (IkeSession *self, IkeAftermath aftermath, gint64 now)
{
    if (aftermath == IKE_GOES_ON)
        return;
    if (aftermath == IKE_GIVES_UP)
    {
        ike_info_give_up (self, now);
        return;
    }
    bool ours = self->state == IKE_STATE_CLOSING;
    GError *error = ours ? g_steal_pointer (&self->closing_error)
                         : g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_CLOSED,
                                                "the gateway ended the connection");
    ike_session_closed (self, "INFORMATIONAL", error);
}

static void
receive_request (IkeSession *self, IkeSa *sa, const IkeHeader *header, const IkePayloads *payloads,
                 gint64 now)
{
    if (self->state != IKE_STATE_ESTABLISHED && self->state != IKE_STATE_CLOSING)
        return; /* it comes again when IKE_AUTH is through here, too */

    g_auto (IkeChain) response = IKE_CHAIN ();
    IkeAftermath aftermath =
        answer_by_exchange (self, sa, header->exchange, payloads, &response, now);
    IkeHeader response_header =
        make_header (sa, (IkeExchangeType)header->exchange, true, header->message_id);
    GPtrArray *datagrams = seal_chain (self, sa, &response_header, &response);
    if (datagrams != NULL)
    {
        ike_session_push_datagrams (self, datagrams, now);
        ike_window_answered (&sa->window, datagrams);
    }
    follow_request (self, aftermath, now);
}

static void
receive_response (IkeSession *self, IkeSa *sa, const IkePayloads *payloads, GBytes *inner,
                  uint8_t first, gint64 now)
{
    IkeTask task = sa->running;
    sa->running = (IkeTask){ 0 };
    switch (task.kind)
    {
    case IKE_TASK_NONE:
    case IKE_TASK_INIT:
        break;
    case IKE_TASK_AUTH:
        ike_auth_receive (self, payloads, inner, first, now);
        break;
    case IKE_TASK_NEW_CHILD:
    case IKE_TASK_REKEY_CHILD:
        ike_rekey_child_receive (self, &task, payloads, now);
        break;
    case IKE_TASK_REKEY_IKE:
        ike_rekey_ike_receive (self, payloads, now);
        break;
    case IKE_TASK_PROBE:
        ike_probe_receive (self, &task);
        break;
    case IKE_TASK_LIVENESS:
    case IKE_TASK_DELETE_CHILD:
    case IKE_TASK_DELETE_IKE:
        ike_info_receive (self, sa, &task, payloads, now);
        break;
    }
}

/* A whole message whose origin is proven. */
static void
receive_inner (IkeSession *self, IkeSa *sa, const IkeHeader *header, GBytes *inner, uint8_t first,
               gint64 now)
{
    bool response = (header->flags & IKE_FLAG_RESPONSE) != 0;
    g_autoptr (GError) error = NULL;
    IkePayloads payloads;
    bool readable = ike_payloads_read (first, byte_view_of_bytes (inner), &payloads, &error);
    if (response)
    {
        ike_window_finish (&sa->window, now);
        if (readable)
            receive_response (self, sa, &payloads, inner, first, now);
        else
            ike_session_fail (self, ike_exchange_type_get_name (header->exchange),
                              g_steal_pointer (&error), now);
        return;
    }
    receive_request (self, sa, header, readable ? &payloads : NULL, now);
}

/* The exchange that a task of ours runs in. */
static IkeExchangeType
get_exchange (IkeTaskKind task)
{
    switch (task)
    {
    case IKE_TASK_NONE:
    case IKE_TASK_INIT:
        return IKE_SA_INIT;
    case IKE_TASK_AUTH:
        return IKE_AUTH;
    case IKE_TASK_NEW_CHILD:
    case IKE_TASK_REKEY_CHILD:
    case IKE_TASK_REKEY_IKE:
        return CREATE_CHILD_SA;
    case IKE_TASK_LIVENESS:
    case IKE_TASK_PROBE:
    case IKE_TASK_DELETE_CHILD:
    case IKE_TASK_DELETE_IKE:
        return INFORMATIONAL;
    }
    g_assert_not_reached ();
}

/*
 * Whether a sealed message can and need be opened: there are keys, and it is the answer that is due, or a request that is
 * due or was just answered.
 */
static bool
is_due (const IkeSa *sa, const IkeHeader *header)
{
    if (sa->keys.open == NULL)
        return false;
    if ((header->flags & IKE_FLAG_RESPONSE) != 0)
        return ike_window_is_waiting (&sa->window) && header->message_id == sa->window.request_id &&
               header->exchange == get_exchange (sa->running.kind);
    return ike_window_judge_request (&sa->window, header->message_id) != IKE_WINDOW_STRAY;
}

static void
receive_sealed (IkeSession *self, IkeSa *sa, const IkeHeader *header, ByteView datagram, gint64 now)
{
    IkePayloads outer;
    ByteView chain = byte_view (datagram.data + IKE_HEADER_SIZE, datagram.size - IKE_HEADER_SIZE);
    if (!is_due (sa, header) || !ike_payloads_read (header->next_payload, chain, &outer, NULL) ||
        outer.count != 1)
        return;
    const IkePayload *sealed = &outer.items[0];
    if (sealed->type != PAYLOAD_SK && (sealed->type != PAYLOAD_SKF || !self->fragmentation))
        return;

    IkeFragmentNumber fragment = { 0 };
    g_autoptr (GBytes) inner = ike_sealed_open (sa->keys.open, datagram, sealed, &fragment);
    if (inner == NULL)
        return;

    bool response = (header->flags & IKE_FLAG_RESPONSE) != 0;
    if (!response &&
        ike_window_judge_request (&sa->window, header->message_id) == IKE_WINDOW_REPEATED)
    {
        if (fragment.number == 1) /* RFC 7383 2.6.1: once, not for each fragment */
            ike_session_push_datagrams (self, sa->window.response, now);
        return;
    }
    self->last_in = now; /* fresh, and the gateway's: a repetition could be anybody's */

    uint8_t first = sealed->next;
    if (sealed->type == PAYLOAD_SKF)
    {
        IkeReassembly *reassembly = response ? &sa->responses : &sa->requests;
        g_autoptr (GBytes) whole = NULL;
        if (!ike_reassembly_add (reassembly, header->message_id, &fragment, first, inner, &whole,
                                 &first))
            return;
        receive_inner (self, sa, header, whole, first, now);
        return;
    }
    receive_inner (self, sa, header, inner, first, now);
}

void
ike_session_receive (IkeSession *self, ByteView datagram, gint64 now)
{
    IkeHeader header;
    if (self->state == IKE_STATE_IDLE || self->state == IKE_STATE_CLOSED ||
        !ike_header_read (datagram, &header, NULL))
        return;
    if (header.exchange == IKE_SA_INIT)
    {
        if (self->state == IKE_STATE_INIT)
            ike_init_receive (self, datagram, &header, now);
    }
    else
    {
        IkeSa *sa = find_sa (self, &header);
        if (sa != NULL)
            receive_sealed (self, sa, &header, datagram, now);
    }
    ike_session_advance (self, now);
}

/* ---- in: time ---- */

static void
run_task (IkeSession *self, const IkeTask *task, gint64 now)
{
    switch (task->kind)
    {
    case IKE_TASK_NONE:
    case IKE_TASK_INIT:
    case IKE_TASK_AUTH:
    case IKE_TASK_PROBE: /* never queued */
        break;
    case IKE_TASK_LIVENESS:
        ike_info_start_liveness (self, now);
        break;
    case IKE_TASK_NEW_CHILD:
    case IKE_TASK_REKEY_CHILD:
        ike_rekey_child_start (self, task, now);
        break;
    case IKE_TASK_REKEY_IKE:
        ike_rekey_ike_start (self, now);
        break;
    case IKE_TASK_DELETE_CHILD:
        ike_info_start_delete_child (self, task, now);
        break;
    case IKE_TASK_DELETE_IKE:
        ike_info_start_delete_ike (self, ike_session_get_sa (self), now);
        break;
    }
}

/* Begins the next exchanges that are due, as far as the window allows. */
static void
run_tasks (IkeSession *self, gint64 now)
{
    guint i = 0;
    while (i < self->tasks->len &&
           (self->state == IKE_STATE_ESTABLISHED || self->state == IKE_STATE_CLOSING) &&
           !ike_window_is_waiting (&ike_session_get_sa (self)->window))
    {
        IkeTask task = g_array_index (self->tasks, IkeTask, i);
        if (task.not_before > now)
        {
            i++;
            continue;
        }
        g_array_remove_index (self->tasks, i);
        run_task (self, &task, now);
        i = 0;
    }
}

/* A replaced IKE SA goes. The delete of a child that was not answered over it is asked for again over the one in force. */
static void
drop_sa (IkeSession *self, IkeSa *sa, gint64 now)
{
    ike_probe_lose (self, sa);
    if (sa->running.kind == IKE_TASK_DELETE_CHILD)
        ike_session_add_task (self, sa->running.kind, sa->running.spi, now);
    g_ptr_array_remove (self->sas, sa);
}

/* What a gateway that falls silent in the midst of the login tells by how far it came. */
static const char *
explain_silence (const IkeSession *self)
{
    if (self->state != IKE_STATE_AUTH)
        return "";
    if (self->auth_stage >= IKE_AUTH_EAP)
        return "; it answered up to the login, and some say nothing to a wrong password";
    return self->fragmentation ? "; it answered IKE_SA_INIT"
                               : "; it answered IKE_SA_INIT, and does not fragment what is longer "
                                 "than the way may carry";
}

static void
give_up (IkeSession *self, IkeSa *sa, gint64 now)
{
    if (sa != ike_session_get_sa (self))
    {
        drop_sa (self, sa, now);
        return;
    }
    if (self->state == IKE_STATE_CLOSING)
    {
        finish_closing (self);
        return;
    }
    bool lost = self->state == IKE_STATE_ESTABLISHED;
    g_autofree char *gateway = ip_endpoint_format (&self->path.gateway);
    GError *error = g_error_new (OUTRIDER_ERROR,
                                 lost ? OUTRIDER_ERROR_CONNECTION_LOST : OUTRIDER_ERROR_NO_ANSWER,
                                 "%s does not answer%s (%u tries)%s", gateway,
                                 lost ? " any more" : "", sa->window.tries, explain_silence (self));
    static const char *const stages[] = { [IKE_STATE_INIT] = "IKE_SA_INIT",
                                          [IKE_STATE_AUTH] = "IKE_AUTH",
                                          [IKE_STATE_ESTABLISHED] = "INFORMATIONAL" };
    ike_session_closed (self, stages[self->state], error);
}

static void
advance_windows (IkeSession *self, gint64 now)
{
    for (guint i = self->sas->len; i-- > 0 && self->state != IKE_STATE_CLOSED;)
    {
        IkeSa *sa = self->sas->pdata[i];
        IkeWindowStep step = ike_window_advance (&sa->window, now);
        if (step == IKE_WINDOW_RESEND && sa->running.kind == IKE_TASK_PROBE)
            ike_probe_resend (self, sa, now);
        else if (step == IKE_WINDOW_RESEND)
            ike_session_push_datagrams (self, sa->window.request, now);
        else if (step == IKE_WINDOW_GIVE_UP)
            give_up (self, sa, now);
        else if (sa->expires != 0 && now >= sa->expires)
            drop_sa (self, sa, now);
    }
}

/* Whether NAT mappings want to be kept open: only our side's silence closes one. */
static bool
wants_keepalive (const IkeSession *self)
{
    return self->state == IKE_STATE_ESTABLISHED && self->nat.local;
}

static void
advance_established (IkeSession *self, gint64 now)
{
    if (now >= ike_info_get_check_deadline (self))
        ike_info_check (self, now);
    if (self->rekey_ike_at != 0 && now >= self->rekey_ike_at)
    {
        self->rekey_ike_at = 0;
        ike_session_add_task (self, IKE_TASK_REKEY_IKE, 0, now);
    }
    if (wants_keepalive (self) && now >= self->last_out + IKE_KEEPALIVE_INTERVAL)
    {
        ike_session_push (self, IKE_ACTION_SEND);
        self->last_out = now;
    }
}

void
ike_session_advance (IkeSession *self, gint64 now)
{
    if (self->state == IKE_STATE_IDLE || self->state == IKE_STATE_CLOSED)
        return;
    if (self->state == IKE_STATE_INIT)
        ike_init_advance (self, now);
    advance_windows (self, now);
    if (self->state == IKE_STATE_CLOSING && now >= self->close_at)
        finish_closing (self);
    if (self->state == IKE_STATE_ESTABLISHED)
        advance_established (self, now);
    if (self->state != IKE_STATE_CLOSED)
        ike_child_advance (self, now);
    run_tasks (self, now);
}

gint64
ike_session_get_deadline (const IkeSession *self)
{
    if (self->state == IKE_STATE_IDLE || self->state == IKE_STATE_CLOSED)
        return G_MAXINT64;
    gint64 deadline = ike_child_get_deadline (self);
    for (guint i = 0; i < self->sas->len; i++)
    {
        const IkeSa *sa = self->sas->pdata[i];
        deadline = MIN (deadline, ike_window_get_deadline (&sa->window));
        deadline = sa->expires != 0 ? MIN (deadline, sa->expires) : deadline;
    }
    if (self->state == IKE_STATE_INIT)
        deadline = MIN (deadline, ike_init_get_deadline (self));
    if (self->state == IKE_STATE_CLOSING)
        deadline = MIN (deadline, self->close_at);
    if (self->state != IKE_STATE_ESTABLISHED)
        return deadline;

    bool busy = ike_window_is_waiting (&ike_session_get_sa (self)->window);
    for (guint i = 0; !busy && i < self->tasks->len; i++)
        deadline = MIN (deadline, g_array_index (self->tasks, IkeTask, i).not_before);
    deadline = MIN (deadline, ike_info_get_check_deadline (self));
    if (self->rekey_ike_at != 0)
        deadline = MIN (deadline, self->rekey_ike_at);
    if (wants_keepalive (self))
        deadline = MIN (deadline, self->last_out + IKE_KEEPALIVE_INTERVAL);
    return deadline;
}

IkeAction *
ike_session_next_action (IkeSession *self)
{
    return g_queue_pop_head (&self->actions);
}

bool
ike_session_is_behind_nat (const IkeSession *self)
{
    return self->nat.local;
}

bool
ike_session_has_begun_login (const IkeSession *self)
{
    return self->state == IKE_STATE_AUTH || self->state == IKE_STATE_ESTABLISHED;
}
