/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/responder-internal.h"

#include "ike/payloads.h"

/*
 *     HDR, [N(COOKIE),] SAi1, KEi, Ni, N...  -->
 *                                            <--  HDR, N(COOKIE)                or
 *                                            <--  HDR, N(INVALID_KE_PAYLOAD)    or
 *                                            <--  HDR, SAr1, KEr, Nr, N...
 */

/* In clear; the hook may have its way with it. NULL: not sent. */
static GBytes *
make_message (Responder *self, ResponderStep step, uint64_t spi_i, uint64_t spi_r,
              const IkeChain *chain)
{
    IkeHeader header = { .initiator_spi = spi_i,
                         .responder_spi = spi_r,
                         .exchange = IKE_SA_INIT,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr (ResponderMessage) message =
        responder_message_new (step, self->rounds[step]++, &header, chain);
    if (self->config.lie != NULL)
        self->config.lie (message, self->config.lie_data);
    if (message->silent)
        return NULL;
    g_auto (IkeChain) written = IKE_CHAIN ();
    responder_message_write (message, &written);
    IkePayloads payloads;
    if (ike_payloads_read (written.first, byte_writer_view (&written.writer), &payloads, NULL))
        responder_describe (self->transcript, false, &message->header, &payloads, false);
    return ike_message_build (&message->header, &written);
}

static void
send_detour (Responder *self, const IkeHeader *header, IkeNotifyType type, ByteView data)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, type, data);
    GBytes *message = make_message (self, STEP_DETOUR, header->initiator_spi, 0, &chain);
    if (message != NULL)
        g_queue_push_tail (&self->out, message);
}

/* The cookie that is due: another one each time, unless told otherwise. */
static void
make_cookie (const Responder *self, unsigned number, uint8_t ret_cookie[static 20])
{
    memset (ret_cookie, self->config.same_cookie ? 9 : 9 + (int)number, 20);
}

static bool
has_cookie (const Responder *self, const IkePayloads *payloads)
{
    uint8_t cookie[20];
    IkeNotify notify;
    make_cookie (self, self->cookies_given, cookie);
    if (payloads->items[0].type != PAYLOAD_NOTIFY ||
        !ike_notify_read (payloads->items[0].body, &notify, NULL))
        return false;
    return notify.type == NOTIFY_COOKIE &&
           byte_view_equal (notify.data, byte_view (cookie, sizeof cookie));
}

static void
read_hashes (Responder *self, const IkePayloads *payloads)
{
    IkeNotify notify;
    g_array_set_size (self->hashes, 0);
    if (self->config.old_auth ||
        !ike_notify_find (payloads, NOTIFY_SIGNATURE_HASH_ALGORITHMS, &notify))
        return;
    for (size_t at = 0; at + 2 <= notify.data.size; at += 2)
    {
        uint16_t hash = (uint16_t)(notify.data.data[at] << 8 | notify.data.data[at + 1]);
        g_array_append_val (self->hashes, hash);
    }
}

static void
write_notifies (Responder *self, const ResponderSa *sa, IkeChain *chain)
{
    static const uint8_t hashes[] = { 0, 2, 0, 3, 0, 4, 0, 5 };
    IkePath path = { .local = self->config.own, .gateway = self->config.peer };
    if (!self->config.no_nat_detection)
        g_assert_true (
            nat_write_notifies (chain, sa->spi_i, sa->spi_r, &path, (ByteView){ 0 }, NULL));
    if (self->config.fragment_size > 0)
        ike_notify_write (chain, NOTIFY_FRAGMENTATION_SUPPORTED, (ByteView){ 0 });
    if (!self->config.old_auth)
        ike_notify_write (chain, NOTIFY_SIGNATURE_HASH_ALGORITHMS,
                          byte_view (hashes, sizeof hashes));
}

static void
make_sa (Responder *self, ByteView datagram, const IkeHeader *header, const IkePayloads *payloads,
         const IkeKeyPayload *theirs, const IkeSelection *selection)
{
    ResponderSa *sa = g_new0 (ResponderSa, 1);
    sa->spi_i = header->initiator_spi;
    sa->spi_r = self->spi;
    sa->selection = *selection;
    sa->window.expected_id = 1;
    g_ptr_array_set_size (self->sas, 0);
    g_ptr_array_add (self->sas, sa);

    ByteView nonce;
    g_assert_true (
        ike_nonce_payload_read (ike_payloads_find (payloads, PAYLOAD_NONCE)->body, &nonce, NULL));
    g_clear_pointer (&self->nonce_i, g_bytes_unref);
    g_clear_pointer (&self->nonce_r, g_bytes_unref);
    self->nonce_i = byte_view_to_bytes (nonce);
    self->nonce_r = responder_draw_nonce (self);
    g_autoptr (KeyExchange) ours = key_exchange_new (selection->group, NULL);
    g_autoptr (SecretBytes) shared = key_exchange_derive (ours, theirs->value, NULL);
    g_assert_nonnull (shared);
    IkeKeyInputs inputs = { byte_view_of_bytes (self->nonce_i), byte_view_of_bytes (self->nonce_r),
                            sa->spi_i, sa->spi_r, false };
    g_assert_true (ike_keys_derive (&sa->keys, selection, shared, &inputs, NULL, NULL, NULL));
    read_hashes (self, payloads);

    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_selection_write (selection, IKE_PROTOCOL_IKE, 0, 0, ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_key_payload_write (&chain, selection->group->id, key_exchange_get_public (ours));
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (self->nonce_r));
    write_notifies (self, sa, &chain);

    g_clear_pointer (&self->init_request, g_bytes_unref);
    g_clear_pointer (&self->init_response, g_bytes_unref);
    self->init_request = byte_view_to_bytes (datagram);
    self->init_response = make_message (self, STEP_INIT, sa->spi_i, sa->spi_r, &chain);
}

static void
answer (Responder *self, ByteView datagram, const IkeHeader *header, const IkePayloads *payloads)
{
    IkeKeyPayload theirs;
    IkeSelection selection;
    g_assert_true (
        ike_key_payload_read (ike_payloads_find (payloads, PAYLOAD_KE)->body, &theirs, NULL));
    uint16_t wanted = self->config.wants_group != 0 ? self->config.wants_group : theirs.group;
    if (!ike_proposals_choose (self->ike_proposals, ike_payloads_find (payloads, PAYLOAD_SA)->body,
                               0, wanted, &selection, NULL))
    {
        send_detour (self, header, NOTIFY_NO_PROPOSAL_CHOSEN, (ByteView){ 0 });
        return;
    }
    if (selection.group->id != theirs.group || wanted != theirs.group)
    {
        uint16_t id = GUINT16_TO_BE (wanted);
        send_detour (self, header, NOTIFY_INVALID_KE_PAYLOAD, byte_view (&id, sizeof id));
        return;
    }
    make_sa (self, datagram, header, payloads, &theirs, &selection);
    if (self->init_response != NULL)
        g_queue_push_tail (&self->out, g_bytes_ref (self->init_response));
}

void
responder_init_receive (Responder *self, ByteView datagram, const IkeHeader *header)
{
    IkePayloads payloads;
    ByteView chain = byte_view (datagram.data + IKE_HEADER_SIZE, datagram.size - IKE_HEADER_SIZE);
    g_assert_true (ike_payloads_read (header->next_payload, chain, &payloads, NULL));
    bool again = byte_view_equal (datagram, byte_view_of_bytes (self->init_request));
    responder_describe (self->transcript, true, header, &payloads, again);
    if (self->established)
        return;
    if (again && self->init_response != NULL)
    {
        g_queue_push_tail (&self->out, g_bytes_ref (self->init_response));
        return;
    }
    bool fits = has_cookie (self, &payloads);
    if (self->cookies_given < self->config.cookies || (self->config.cookies > 0 && !fits))
    {
        uint8_t cookie[20];
        self->cookies_given += self->cookies_given == 0 || fits;
        make_cookie (self, self->cookies_given, cookie);
        send_detour (self, header, NOTIFY_COOKIE, byte_view (cookie, sizeof cookie));
        return;
    }
    answer (self, datagram, header, &payloads);
}
