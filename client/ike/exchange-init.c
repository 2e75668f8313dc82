/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * IKE_SA_INIT (RFC 7296 1.2):
 *
 *     HDR, [N(COOKIE),] SAi1, KEi, Ni, N...  -->
 *                                            <--  HDR, SAr1, KEr, Nr, N...
 *
 * and its two detours, a cookie (2.6) and another group (1.2), together bounded. Nothing of it is authenticated until
 * IKE_AUTH covers it, and somebody on the way may answer sooner than the gateway: a good answer leads on, to whichever
 * group we asked with; anything else is doubted for a while (2.21.1).
 */

#include "ike/session-internal.h"

static const char stage[] = "IKE_SA_INIT";

/* The hashes that we verify signatures with (RFC 7427 4): SHA2-256, -384, -512, identity (RFC 8420). */
static const uint16_t our_hashes[] = { 2, 3, 4, 5 };

static void
write_hashes (IkeChain *chain)
{
    g_auto (ByteWriter) hashes = BYTE_WRITER (64);
    for (size_t i = 0; i < G_N_ELEMENTS (our_hashes); i++)
        byte_writer_u16 (&hashes, our_hashes[i]);
    ike_notify_write (chain, NOTIFY_SIGNATURE_HASH_ALGORITHMS, byte_writer_view (&hashes));
}

static GBytes *
build_request (IkeSession *self, const KeyExchange *key, GError **error)
{
    const IkeSa *sa = ike_session_get_sa (self);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    if (self->cookie != NULL)
        ike_notify_write (&chain, NOTIFY_COOKIE, byte_view_of_bytes (self->cookie));
    ike_proposals_write (self->config->ike_proposals, 0, 0, ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_key_payload_write (&chain, key_exchange_get_group (key)->id, key_exchange_get_public (key));
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (self->nonce_i));
    ByteView noise = self->config->force_encapsulation
                         ? byte_view (self->source_noise, sizeof self->source_noise)
                         : (ByteView){ 0 };
    if (!nat_write_notifies (&chain, sa->spi_i, 0, &self->path, noise, error))
        return NULL;
    ike_notify_write (&chain, NOTIFY_FRAGMENTATION_SUPPORTED, (ByteView){ 0 });
    write_hashes (&chain);

    IkeHeader header = { .initiator_spi = sa->spi_i,
                         .exchange = IKE_SA_INIT,
                         .flags = IKE_FLAG_INITIATOR };
    GBytes *message = ike_message_build (&header, &chain);
    if (message == NULL)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                             "the proposals are too long for a message");
    return message;
}

/* Sends the request of OPENING, with the cookie if there is one, instead of what was sent before. */
static bool
send_request (IkeSession *self, IkeOpening *opening, gint64 now, GError **error)
{
    IkeWindow *window = &ike_session_get_sa (self)->window;
    GBytes *request = build_request (self, opening->key_exchange, error);
    if (request == NULL)
        return false;
    g_clear_pointer (&opening->request, g_bytes_unref);
    opening->request = request;
    self->opening = opening;
    GPtrArray *datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (datagrams, g_bytes_ref (request));
    ike_session_push_datagrams (self, datagrams, now);
    if (ike_window_is_waiting (window))
        ike_window_restart (window, datagrams, now);
    else
        ike_window_begin (window, datagrams, self->config->answer_timeout, now);
    return true;
}

IkeOpening *
ike_init_add_opening (IkeSession *self, KeyExchange *key_exchange)
{
    IkeOpening *opening = g_new0 (IkeOpening, 1);
    opening->key_exchange = key_exchange;
    g_ptr_array_add (self->openings, opening);
    return opening;
}

void
ike_opening_free (IkeOpening *self)
{
    key_exchange_free (self->key_exchange);
    g_clear_pointer (&self->request, g_bytes_unref);
    g_free (self);
}

static IkeOpening *
find_opening (const IkeSession *self, const Algorithm *group)
{
    for (guint i = 0; i < self->openings->len; i++)
    {
        IkeOpening *opening = self->openings->pdata[i];
        if (key_exchange_get_group (opening->key_exchange) == group)
            return opening;
    }
    return NULL;
}

void
ike_init_start (IkeSession *self, gint64 now)
{
    IkeSa *sa = g_new0 (IkeSa, 1);
    sa->initiator = true;
    sa->spi_i = ike_session_draw_ike_spi (self);
    sa->running.kind = IKE_TASK_INIT;
    g_ptr_array_add (self->sas, sa);
    self->nonce_i = ike_session_draw_nonce (self);
    random_fill (&self->config->random, self->source_noise, sizeof self->source_noise);
    g_autoptr (GError) error = NULL;
    if (!send_request (self, self->openings->pdata[0], now, &error))
        ike_session_closed (self, stage, g_steal_pointer (&error));
}

/* ---- detours ---- */

static bool
may_restart (IkeSession *self, GError **error)
{
    if (self->restarts++ < IKE_INIT_RESTARTS_MAX)
        return true;
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                         "the gateway asks for cookies or other groups without end");
    return false;
}

/* N(COOKIE): the same request again with the cookie first. What answers its group from now on is taken to answer this one. */
static bool
take_cookie (IkeSession *self, const IkeNotify *notify, gint64 now, GError **error)
{
    if (notify->data.size == 0 || notify->data.size > IKE_COOKIE_MAX)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a cookie of an impossible size");
        return false;
    }
    if (self->cookie != NULL && byte_view_equal (notify->data, byte_view_of_bytes (self->cookie)))
        return true; /* a late double: what it asks for is under way */
    if (!may_restart (self, error))
        return false;
    g_clear_pointer (&self->cookie, g_bytes_unref);
    self->cookie = byte_view_to_bytes (notify->data);
    return send_request (self, self->opening, now, error);
}

/* N(INVALID_KE_PAYLOAD): the request again with the group that it names, if that is one of our offer. */
static bool
take_group (IkeSession *self, const IkeNotify *notify, gint64 now, GError **error)
{
    ByteReader reader = byte_reader (notify->data);
    uint16_t id = byte_reader_u16 (&reader);
    if (!byte_reader_done (&reader))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a malformed INVALID_KE_PAYLOAD");
        return false;
    }
    const Algorithm *group = ike_proposals_find_group (self->config->ike_proposals, id);
    if (group == NULL)
    {
        g_autofree char *offered = ike_proposals_format (self->config->ike_proposals);
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL,
                     "the gateway wants key exchange group %u, which is not in our IKE offer: %s",
                     id, offered);
        return false;
    }
    IkeOpening *opening = find_opening (self, group);
    if (opening == self->opening)
        return true; /* a late double: that group is under way */
    if (!may_restart (self, error))
        return false;
    if (opening == NULL)
    {
        KeyExchange *key_exchange = key_exchange_new (group, error);
        if (key_exchange == NULL)
            return false;
        opening = ike_init_add_opening (self, key_exchange);
    }
    return send_request (self, opening, now, error);
}

/* ---- the answer ---- */

/* What comes in, and what a good answer says: all of it is read before anything of the session changes. */
typedef struct
{
    ByteView datagram;
    const IkeHeader *header;
    IkePayloads payloads;

    IkeOpening *opening; /* what it answers */
    IkeSelection selection;
    ByteView nonce;
    NatFinding nat;
    IkeKeys keys;
} Answer;

static void
read_hashes (IkeSession *self, const IkeNotify *notify)
{
    ByteReader reader = byte_reader (notify->data);
    while (byte_reader_left (&reader) >= 2 && self->hashes->len < IKE_HASHES_MAX)
    {
        uint16_t hash = byte_reader_u16 (&reader);
        g_array_append_val (self->hashes, hash);
    }
    self->gateway_knows_hashes = self->hashes->len > 0;
}

static bool
read_nat (const IkeSession *self, Answer *answer, GError **error)
{
    if (!nat_read_notifies (&answer->payloads, answer->header->initiator_spi,
                            answer->header->responder_spi, &self->path, &answer->nat, error))
        return false;
    if (!self->config->force_encapsulation || answer->nat.supported)
        return true;
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                         "the gateway does not support NAT traversal, which the userspace data "
                         "plane needs");
    return false;
}

/* The key exchange is complete: SKEYSEED and all that comes of it. */
static bool
derive_keys (const IkeSession *self, Answer *answer, const IkeKeyPayload *key, GError **error)
{
    const IkeSelection *selection = &answer->selection;
    answer->opening = find_opening (self, selection->group);
    if (answer->opening == NULL || answer->opening->request == NULL ||
        key->group != selection->group->id)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "the gateway's key is of another group than the one it chose");
        return false;
    }
    g_autoptr (SecretBytes) shared =
        key_exchange_derive (answer->opening->key_exchange, key->value, error);
    if (shared == NULL)
        return false;
    IkeKeyInputs inputs = { byte_view_of_bytes (self->nonce_i), answer->nonce,
                            answer->header->initiator_spi, answer->header->responder_spi, true };
    return ike_keys_derive (&answer->keys, selection, shared, &inputs, NULL, NULL, error);
}

static bool
read_answer (const IkeSession *self, Answer *answer, GError **error)
{
    const IkePayloads *payloads = &answer->payloads;
    IkeKeyPayload key;
    if (answer->header->responder_spi == 0)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "the gateway's SPI is zero");
        return false;
    }
    return ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body,
                               self->config->ike_proposals, 0, &answer->selection, error) &&
           ike_key_payload_read (ike_payloads_find (payloads, PAYLOAD_KE)->body, &key, error) &&
           ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body,
                                   &answer->nonce, error) &&
           read_nat (self, answer, error) && derive_keys (self, answer, &key, error);
}

/* All further messages go to port 4500 if there is a NAT or ESP is to be wrapped (RFC 7296 2.23). */
static void
float_port (IkeSession *self)
{
    if (!self->encapsulated || self->path.gateway.port != IKE_PORT)
        return;
    self->path.gateway.port = IKE_PORT_NAT;
    ike_session_push (self, IKE_ACTION_MOVED)->gateway_port = IKE_PORT_NAT;
}

/* Takes the keys of ANSWER over. */
static void
go_on (IkeSession *self, const Answer *answer, gint64 now)
{
    IkeSa *sa = ike_session_get_sa (self);
    IkeNotify notify;
    ike_window_finish (&sa->window, now);
    sa->spi_r = answer->header->responder_spi;
    sa->selection = answer->selection;
    sa->keys = answer->keys;
    self->init_request = g_bytes_ref (answer->opening->request);
    self->init_response = byte_view_to_bytes (answer->datagram);
    self->nonce_r = byte_view_to_bytes (answer->nonce);
    self->fragmentation =
        ike_notify_find (&answer->payloads, NOTIFY_FRAGMENTATION_SUPPORTED, &notify);
    if (ike_notify_find (&answer->payloads, NOTIFY_SIGNATURE_HASH_ALGORITHMS, &notify))
        read_hashes (self, &notify);
    self->nat = answer->nat;
    self->encapsulated = self->nat.supported && (self->config->force_encapsulation ||
                                                 self->nat.local || self->nat.gateway);
    self->opening = NULL;
    g_ptr_array_set_size (self->openings, 0);
    g_clear_error (&self->doubted);
    float_port (self);
    self->state = IKE_STATE_AUTH;
    self->last_in = now;
    ike_auth_start (self, now);
}

/* ---- what comes in ---- */

/* False: ERROR is what would end the try. */
static bool
take_message (IkeSession *self, Answer *answer, gint64 now, GError **error)
{
    const IkePayloads *payloads = &answer->payloads;
    IkeNotify notify;

    /* A cookie comes alone, without the payloads that an answer must have. */
    if (ike_payloads_find (payloads, PAYLOAD_SA) == NULL &&
        ike_notify_find (payloads, NOTIFY_COOKIE, &notify))
        return take_cookie (self, &notify, now, error);
    if (!ike_exchange_check (IKE_MESSAGE_INIT_RESPONSE, payloads, NULL, error))
        return false;
    if (ike_notify_find (payloads, NOTIFY_INVALID_KE_PAYLOAD, &notify))
        return take_group (self, &notify, now, error);
    if (ike_notify_find_error (payloads, &notify))
    {
        g_propagate_error (error, ike_session_explain_notify (self, &notify, false));
        return false;
    }
    if (!read_answer (self, answer, error))
        return false;
    go_on (self, answer, now);
    return true;
}

/* The exchange goes on as if nothing had come, for a while. The first ERROR (taken over) is the one to be told. */
static void
doubt (IkeSession *self, GError *error, gint64 now)
{
    if (self->doubted != NULL)
    {
        g_error_free (error);
        return;
    }
    self->doubted = error;
    self->doubt_until = MIN (now + IKE_DOUBT_GRACE, ike_session_get_sa (self)->window.give_up_at);
}

void
ike_init_receive (IkeSession *self, ByteView datagram, const IkeHeader *header, gint64 now)
{
    Answer answer = { .datagram = datagram, .header = header };
    g_autoptr (GError) error = NULL;
    ByteView chain = byte_view (datagram.data + IKE_HEADER_SIZE, datagram.size - IKE_HEADER_SIZE);
    if (header->initiator_spi != ike_session_get_sa (self)->spi_i || header->message_id != 0 ||
        (header->flags & IKE_FLAG_RESPONSE) == 0 || (header->flags & IKE_FLAG_INITIATOR) != 0 ||
        !ike_payloads_read (header->next_payload, chain, &answer.payloads, NULL))
        return; /* not for us, or not readable: an answer that is may still come */
    if (!take_message (self, &answer, now, &error))
        doubt (self, g_steal_pointer (&error), now);
}

gint64
ike_init_get_deadline (const IkeSession *self)
{
    return self->doubted != NULL ? self->doubt_until : G_MAXINT64;
}

void
ike_init_advance (IkeSession *self, gint64 now)
{
    if (now >= ike_init_get_deadline (self))
        ike_session_closed (self, stage, g_steal_pointer (&self->doubted));
}
