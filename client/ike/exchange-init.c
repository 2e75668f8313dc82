/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * IKE_SA_INIT (RFC 7296 1.2):
 *
 *     HDR, [N(COOKIE),] SAi1, KEi, Ni, N...  -->
 *                                            <--  HDR, SAr1, KEr, Nr, N...
 *
 * and its two detours, a cookie (2.6) and another group (1.2), together bounded. Nothing of it is authenticated until
 * IKE_AUTH covers it.
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
build_request (IkeSession *self, const IkeSa *sa, GError **error)
{
    const KeyExchange *key = self->half.key_exchange;
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

/* Sends the request, or sends it anew with what the detour asked for. */
static void
send_request (IkeSession *self, gint64 now)
{
    IkeSa *sa = ike_session_get_sa (self);
    g_autoptr (GError) error = NULL;
    GBytes *message = build_request (self, sa, &error);
    if (message == NULL)
    {
        ike_session_closed (self, stage, g_steal_pointer (&error));
        return;
    }
    g_clear_pointer (&self->init_request, g_bytes_unref);
    self->init_request = message;
    GPtrArray *datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (datagrams, g_bytes_ref (message));
    ike_session_push_datagrams (self, datagrams, now);
    if (ike_window_is_waiting (&sa->window))
        ike_window_restart (&sa->window, datagrams, now);
    else
        ike_window_begin (&sa->window, datagrams, self->config->answer_timeout, now);
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
    send_request (self, now);
}

static void
fail (IkeSession *self, OutriderError code, const char *text)
{
    ike_session_closed (self, stage, g_error_new_literal (OUTRIDER_ERROR, code, text));
}

static bool
may_restart (IkeSession *self)
{
    if (self->restarts++ < IKE_INIT_RESTARTS_MAX)
        return true;
    fail (self, OUTRIDER_ERROR_PROTOCOL,
          "the gateway asks for cookies or other groups without end");
    return false;
}

/* N(COOKIE): the same request again with the cookie first. */
static void
take_cookie (IkeSession *self, const IkeNotify *notify, gint64 now)
{
    if (notify->data.size == 0 || notify->data.size > IKE_COOKIE_MAX)
    {
        fail (self, OUTRIDER_ERROR_PROTOCOL, "a cookie of an impossible size");
        return;
    }
    if (self->cookie != NULL && byte_view_equal (notify->data, byte_view_of_bytes (self->cookie)))
        return; /* a late double: what it asks for is under way */
    if (!may_restart (self))
        return;
    g_clear_pointer (&self->cookie, g_bytes_unref);
    self->cookie = byte_view_to_bytes (notify->data);
    send_request (self, now);
}

/* N(INVALID_KE_PAYLOAD): the request again with the group that it names, if that is one of our offer. */
static void
take_group (IkeSession *self, const IkeNotify *notify, gint64 now)
{
    ByteReader reader = byte_reader (notify->data);
    uint16_t id = byte_reader_u16 (&reader);
    if (!byte_reader_done (&reader))
    {
        ike_session_closed (self, stage,
                            g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                                                 "a malformed INVALID_KE_PAYLOAD"));
        return;
    }
    const Algorithm *group = ike_proposals_find_group (self->config->ike_proposals, id);
    if (group == NULL)
    {
        g_autofree char *offered = ike_proposals_format (self->config->ike_proposals);
        ike_session_closed (self, stage,
                            g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL,
                                         "the gateway wants key exchange group %u, which is not in "
                                         "our IKE offer: %s",
                                         id, offered));
        return;
    }
    if (group == key_exchange_get_group (self->half.key_exchange))
        return; /* a late double: that group is under way */
    if (!may_restart (self))
        return;
    g_autoptr (GError) error = NULL;
    KeyExchange *key_exchange = key_exchange_new (group, &error);
    if (key_exchange == NULL)
    {
        ike_session_closed (self, stage, g_steal_pointer (&error));
        return;
    }
    key_exchange_free (self->half.key_exchange);
    self->half.key_exchange = key_exchange;
    send_request (self, now);
}

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
read_notifies (IkeSession *self, const IkePayloads *payloads, const IkeSa *sa, GError **error)
{
    IkeNotify notify;
    self->fragmentation = ike_notify_find (payloads, NOTIFY_FRAGMENTATION_SUPPORTED, &notify);
    if (ike_notify_find (payloads, NOTIFY_SIGNATURE_HASH_ALGORITHMS, &notify))
        read_hashes (self, &notify);
    if (!nat_read_notifies (payloads, sa->spi_i, sa->spi_r, &self->path, &self->nat, error))
        return false;
    self->encapsulated = self->nat.supported && (self->config->force_encapsulation ||
                                                 self->nat.local || self->nat.gateway);
    if (self->config->force_encapsulation && !self->nat.supported)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "the gateway does not support NAT traversal, which the userspace data "
                             "plane needs");
        return false;
    }
    return true;
}

/* The key exchange is complete: SKEYSEED and all that comes of it. */
static bool
derive_keys (IkeSession *self, IkeSa *sa, const IkeKeyPayload *key, GError **error)
{
    KeyExchange *ours = self->half.key_exchange;
    if (sa->selection.group != key_exchange_get_group (ours) ||
        key->group != sa->selection.group->id)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "the gateway's key is of another group than the one it chose");
        return false;
    }
    g_autoptr (SecretBytes) shared = key_exchange_derive (ours, key->value, error);
    if (shared == NULL)
        return false;
    IkeKeyInputs inputs = { byte_view_of_bytes (self->nonce_i), byte_view_of_bytes (self->nonce_r),
                            sa->spi_i, sa->spi_r, true };
    return ike_keys_derive (&sa->keys, &sa->selection, shared, &inputs, NULL, NULL, error);
}

static bool
take_answer (IkeSession *self, IkeSa *sa, const IkePayloads *payloads, GError **error)
{
    IkeKeyPayload key;
    ByteView nonce;
    if (!ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body,
                             self->config->ike_proposals, 0, &sa->selection, error) ||
        !ike_key_payload_read (ike_payloads_find (payloads, PAYLOAD_KE)->body, &key, error) ||
        !ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body, &nonce,
                                 error) ||
        !read_notifies (self, payloads, sa, error))
        return false;
    self->nonce_r = byte_view_to_bytes (nonce);
    return derive_keys (self, sa, &key, error);
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

void
ike_init_receive (IkeSession *self, ByteView datagram, const IkeHeader *header, gint64 now)
{
    IkeSa *sa = ike_session_get_sa (self);
    IkePayloads payloads;
    g_autoptr (GError) error = NULL;
    ByteView chain = byte_view (datagram.data + IKE_HEADER_SIZE, datagram.size - IKE_HEADER_SIZE);
    if (header->initiator_spi != sa->spi_i || header->message_id != 0 ||
        (header->flags & IKE_FLAG_RESPONSE) == 0 || (header->flags & IKE_FLAG_INITIATOR) != 0 ||
        !ike_payloads_read (header->next_payload, chain, &payloads, NULL))
        return; /* not for us, or not readable: an answer that is may still come */

    IkeNotify notify;
    if (!ike_exchange_check (IKE_MESSAGE_INIT_RESPONSE, &payloads, NULL, &error))
    {
        /* A cookie comes alone, without the payloads that an answer must have. */
        if (ike_notify_find (&payloads, NOTIFY_COOKIE, &notify) &&
            ike_payloads_find (&payloads, PAYLOAD_SA) == NULL)
            take_cookie (self, &notify, now);
        else
            ike_session_closed (self, stage, g_steal_pointer (&error));
        return;
    }
    if (ike_notify_find (&payloads, NOTIFY_INVALID_KE_PAYLOAD, &notify))
        take_group (self, &notify, now);
    else if (ike_notify_find_error (&payloads, &notify))
        ike_session_closed (self, stage, ike_session_explain_notify (self, &notify, false));
    else if (header->responder_spi == 0)
        fail (self, OUTRIDER_ERROR_PROTOCOL, "the gateway's SPI is zero");
    else
    {
        sa->spi_r = header->responder_spi;
        ike_window_finish (&sa->window, now);
        if (!take_answer (self, sa, &payloads, &error))
        {
            ike_session_closed (self, stage, g_steal_pointer (&error));
            return;
        }
        self->init_response = byte_view_to_bytes (datagram);
        ike_half_clear (&self->half);
        float_port (self);
        self->state = IKE_STATE_AUTH;
        self->last_in = now;
        ike_auth_start (self, now);
    }
}
