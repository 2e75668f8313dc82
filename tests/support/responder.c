/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/responder-internal.h"

#include "ike/payloads.h"

#define ANSWER_TIMEOUT (60 * IKE_SECOND)

/* ---- life ---- */

ResponderConfig
responder_config (IkeLogin login)
{
    ResponderConfig config = {
        .login = login,
        .identity = "vpn.example.com",
        .psk = "a key that both know",
        .user = "alice",
        .password = "clouds",
        .eap_identity = true,
        .padding = CERTS_RSA_PSS,
        .own = { .port = 500 },
        .peer = { .port = 500 },
    };
    g_assert_true (ip_address_parse ("198.51.100.10", &config.own.address));
    g_assert_true (ip_address_parse ("192.168.77.2", &config.peer.address));
    return config;
}

void
responder_sa_free (ResponderSa *self)
{
    if (self == NULL)
        return;
    ike_keys_clear (&self->keys);
    ike_window_clear (&self->window);
    ike_reassembly_clear (&self->requests);
    ike_reassembly_clear (&self->responses);
    key_exchange_free (self->key_exchange);
    g_clear_pointer (&self->nonce, g_bytes_unref);
    g_free (self);
}

static void
child_free (ResponderChild *self)
{
    ike_child_sa_unref (self->sa);
    g_free (self);
}

Responder *
responder_new (const ResponderConfig *config)
{
    Responder *self = g_new0 (Responder, 1);
    self->config = *config;
    self->ike_proposals =
        ike_proposals_parse (IKE_PROTOCOL_IKE, config->ike != NULL ? config->ike : "default", NULL);
    self->esp_proposals =
        ike_proposals_parse (IKE_PROTOCOL_ESP, config->esp != NULL ? config->esp : "default", NULL);
    g_assert_nonnull (self->ike_proposals);
    g_assert_nonnull (self->esp_proposals);
    g_queue_init (&self->out);
    self->sas = g_ptr_array_new_with_free_func ((GDestroyNotify)responder_sa_free);
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)child_free);
    self->overdue = g_array_new (false, false, sizeof (uint32_t));
    self->transcript = g_string_new (NULL);
    self->hashes = g_array_new (false, false, sizeof (uint16_t));
    self->noise = 77;
    responder_fill (self, &self->spi, sizeof self->spi);
    return self;
}

void
responder_free (Responder *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref (self->ike_proposals);
    g_ptr_array_unref (self->esp_proposals);
    g_queue_clear_full (&self->out, (GDestroyNotify)g_bytes_unref);
    g_ptr_array_unref (self->sas);
    g_ptr_array_unref (self->children);
    g_array_unref (self->overdue);
    g_string_free (self->transcript, TRUE);
    g_array_unref (self->hashes);
    GBytes **owned[] = { &self->init_request, &self->init_response, &self->nonce_i,
                         &self->nonce_r,      &self->identity_i,    &self->identity_r,
                         &self->first_sa,     &self->first_tsi,     &self->first_tsr };
    for (size_t i = 0; i < G_N_ELEMENTS (owned); i++)
        g_clear_pointer (owned[i], g_bytes_unref);
    eap_server_free (self->eap);
    g_free (self);
}

ResponderConfig *
responder_get_config (Responder *self)
{
    return &self->config;
}

/* ---- numbers ---- */

/* SplitMix64: the same numbers in each run. */
void
responder_fill (Responder *self, void *ret_octets, size_t size)
{
    uint8_t *octets = ret_octets;
    for (size_t i = 0; i < size; i++)
    {
        uint64_t z = self->noise += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        octets[i] = (uint8_t)(z >> 56);
    }
}

GBytes *
responder_draw_nonce (Responder *self)
{
    uint8_t nonce[32];
    responder_fill (self, nonce, sizeof nonce);
    return g_bytes_new (nonce, sizeof nonce);
}

uint32_t
responder_draw_spi (Responder *self)
{
    uint32_t spi;
    responder_fill (self, &spi, sizeof spi);
    return spi | 0x10000;
}

/* ---- out ---- */

ResponderSa *
responder_get_sa (const Responder *self)
{
    return self->sas->len > 0 ? self->sas->pdata[0] : NULL;
}

void
responder_push (Responder *self, GPtrArray *datagrams)
{
    for (guint i = 0; i < datagrams->len; i++)
        g_queue_push_tail (&self->out, g_bytes_ref (datagrams->pdata[i]));
}

GBytes *
responder_next_datagram (Responder *self)
{
    return g_queue_pop_head (&self->out);
}

static IkeHeader
make_header (const ResponderSa *sa, IkeExchangeType exchange, bool response, uint32_t message_id)
{
    return (IkeHeader){ .initiator_spi = sa->spi_i,
                        .responder_spi = sa->spi_r,
                        .exchange = (uint8_t)exchange,
                        .flags = (uint8_t)((sa->initiator ? IKE_FLAG_INITIATOR : 0) |
                                           (response ? IKE_FLAG_RESPONSE : 0)),
                        .message_id = message_id };
}

/* The hook's turn; then the datagrams. NULL: nothing is sent. */
static GPtrArray *
make_datagrams (Responder *self, ResponderSa *sa, ResponderStep step, const IkeHeader *header,
                const IkeChain *chain)
{
    g_autoptr (ResponderMessage) message =
        responder_message_new (step, self->rounds[step]++, header, chain);
    if (self->config.lie != NULL)
        self->config.lie (message, self->config.lie_data);
    if (message->silent)
        return NULL;

    g_auto (IkeChain) written = IKE_CHAIN ();
    responder_message_write (message, &written);
    IkePayloads payloads;
    if (ike_payloads_read (written.first, byte_writer_view (&written.writer), &payloads, NULL))
        responder_describe (self->transcript, false, &message->header, &payloads, false);
    if (!message->in_clear)
        return ike_fragments_build (sa->keys.seal, &message->header, &written,
                                    self->config.fragment_size);
    GPtrArray *datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (datagrams, ike_message_build (&message->header, &written));
    return datagrams;
}

void
responder_answer (Responder *self, ResponderSa *sa, ResponderStep step, IkeExchangeType exchange,
                  const IkeChain *chain)
{
    IkeHeader header = make_header (sa, exchange, true, sa->window.expected_id);
    GPtrArray *datagrams = make_datagrams (self, sa, step, &header, chain);
    if (datagrams == NULL)
        datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    responder_push (self, datagrams);
    ike_window_answered (&sa->window, datagrams);
}

void
responder_answer_notify (Responder *self, ResponderSa *sa, ResponderStep step,
                         IkeExchangeType exchange, IkeNotifyType type)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, type, (ByteView){ 0 });
    responder_answer (self, sa, step, exchange, &chain);
}

void
responder_request (Responder *self, ResponderSa *sa, ResponderStep step, IkeExchangeType exchange,
                   ResponderPending pending, const IkeChain *chain, gint64 now)
{
    g_assert_false (ike_window_is_waiting (&sa->window));
    IkeHeader header = make_header (sa, exchange, false, sa->window.next_id);
    GPtrArray *datagrams = make_datagrams (self, sa, step, &header, chain);
    if (datagrams == NULL) /* a hook's silence: it waits all the same */
        datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    sa->pending = pending;
    responder_push (self, datagrams);
    ike_window_begin (&sa->window, datagrams, ANSWER_TIMEOUT, now);
}

GPtrArray *
responder_seal (Responder *self, IkeExchangeType exchange, bool response, uint32_t message_id,
                uint8_t first, ByteView inner)
{
    ResponderSa *sa = responder_get_sa (self);
    if (sa == NULL || sa->keys.seal == NULL)
        return NULL;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    chain.first = first;
    byte_writer_bytes (&chain.writer, inner);
    IkeHeader header = make_header (sa, exchange, response, message_id);
    return ike_fragments_build (sa->keys.seal, &header, &chain, self->config.fragment_size);
}

/* ---- in ---- */

static ResponderSa *
find_sa (const Responder *self, const IkeHeader *header)
{
    bool from_initiator = (header->flags & IKE_FLAG_INITIATOR) != 0;
    for (guint i = 0; i < self->sas->len; i++)
    {
        ResponderSa *sa = self->sas->pdata[i];
        if (sa->spi_i == header->initiator_spi && sa->spi_r == header->responder_spi &&
            from_initiator != sa->initiator)
            return sa;
    }
    return NULL;
}

static void
receive_request (Responder *self, ResponderSa *sa, const IkeHeader *header,
                 const IkePayloads *payloads)
{
    switch (header->exchange)
    {
    case IKE_AUTH:
        responder_auth_receive (self, sa, payloads);
        break;
    case CREATE_CHILD_SA:
        if (self->config.busy)
            responder_answer_notify (self, sa, STEP_CHILD_ANSWER, CREATE_CHILD_SA,
                                     NOTIFY_TEMPORARY_FAILURE);
        else if (ike_payloads_find (payloads, PAYLOAD_TSI) != NULL)
            responder_child_receive (self, sa, payloads);
        else
            responder_ike_receive (self, sa, payloads);
        break;
    default:
        g_assert_cmpuint (header->exchange, ==, INFORMATIONAL);
        responder_info_receive (self, sa, payloads);
    }
}

static void
receive_inner (Responder *self, ResponderSa *sa, const IkeHeader *header, GBytes *inner,
               uint8_t first, gint64 now)
{
    IkePayloads payloads;
    bool ok = ike_payloads_read (first, byte_view_of_bytes (inner), &payloads, NULL);
    g_assert_true (ok); /* the client never sends what cannot be read */
    responder_describe (self->transcript, true, header, &payloads, false);
    if ((header->flags & IKE_FLAG_RESPONSE) == 0)
    {
        receive_request (self, sa, header, &payloads);
        return;
    }
    ike_window_finish (&sa->window, now);
    responder_response_receive (self, sa, &payloads, now);
}

static void
receive_repeated (Responder *self, ResponderSa *sa, const IkeHeader *header,
                  const IkeFragmentNumber *fragment)
{
    if (fragment->number != 1)
        return;
    IkePayloads none = { .count = 0 };
    responder_describe (self->transcript, true, header, &none, true);
    responder_push (self, sa->window.response);
}

static void
receive_sealed (Responder *self, ResponderSa *sa, const IkeHeader *header, ByteView datagram,
                gint64 now)
{
    IkePayloads outer;
    ByteView chain = byte_view (datagram.data + IKE_HEADER_SIZE, datagram.size - IKE_HEADER_SIZE);
    bool ok = ike_payloads_read (header->next_payload, chain, &outer, NULL);
    g_assert_true (ok && outer.count == 1);
    const IkePayload *sealed = &outer.items[0];
    IkeFragmentNumber fragment = { 0 };
    g_autoptr (GBytes) inner = ike_sealed_open (sa->keys.open, datagram, sealed, &fragment);
    if (inner == NULL)
        return; /* damaged on the way */

    bool response = (header->flags & IKE_FLAG_RESPONSE) != 0;
    if (response &&
        (!ike_window_is_waiting (&sa->window) || sa->window.request_id != header->message_id))
        return;
    IkeWindowVerdict verdict =
        response ? IKE_WINDOW_NEW : ike_window_judge_request (&sa->window, header->message_id);
    g_autoptr (GBytes) octets = g_bytes_new_static (datagram.data, datagram.size);
    guint hash = sealed->type == PAYLOAD_SKF ? 0 : g_bytes_hash (octets);
    if (!response && verdict == IKE_WINDOW_NEW)
        sa->request_hash = hash;
    if (verdict == IKE_WINDOW_REPEATED && hash == sa->request_hash)
        receive_repeated (self, sa, header, &fragment);
    if (verdict != IKE_WINDOW_NEW)
        return;

    uint8_t first = sealed->next;
    g_autoptr (GBytes) whole = NULL;
    if (sealed->type == PAYLOAD_SKF &&
        !ike_reassembly_add (response ? &sa->responses : &sa->requests, header->message_id,
                             &fragment, first, inner, &whole, &first))
        return;
    receive_inner (self, sa, header, whole != NULL ? whole : inner, first, now);
}

void
responder_receive (Responder *self, ByteView datagram, gint64 now)
{
    IkeHeader header;
    if (self->config.dead || !ike_header_read (datagram, &header, NULL))
        return;
    if (header.exchange == IKE_SA_INIT)
    {
        responder_init_receive (self, datagram, &header);
        return;
    }
    ResponderSa *sa = find_sa (self, &header);
    if (sa != NULL)
        receive_sealed (self, sa, &header, datagram, now);
}

/* Children whose delete was not answered before the IKE SA was rekeyed are deleted over the new one. */
static void
delete_overdue (Responder *self, gint64 now)
{
    if (self->overdue->len == 0 || self->config.dead || responder_is_waiting (self))
        return;
    uint32_t spi = g_array_index (self->overdue, uint32_t, 0);
    g_array_remove_index (self->overdue, 0);
    responder_delete_child (self, spi, now);
}

void
responder_advance (Responder *self, gint64 now)
{
    for (guint i = 0; i < self->sas->len && !self->config.dead; i++)
    {
        ResponderSa *sa = self->sas->pdata[i];
        IkeWindowStep step = ike_window_advance (&sa->window, now);
        if (step == IKE_WINDOW_RESEND)
            responder_push (self, sa->window.request);
        else if (step == IKE_WINDOW_GIVE_UP)
            ike_window_finish (&sa->window, now);
    }
    delete_overdue (self, now);
}

gint64
responder_get_deadline (const Responder *self)
{
    gint64 deadline = G_MAXINT64;
    for (guint i = 0; i < self->sas->len && !self->config.dead; i++)
    {
        const ResponderSa *sa = self->sas->pdata[i];
        if (sa->window.request != NULL)
            deadline = MIN (deadline, sa->window.resend_at);
    }
    return deadline;
}

/* ---- to be seen ---- */

bool
responder_is_waiting (const Responder *self)
{
    return ike_window_is_waiting (&responder_get_sa (self)->window);
}

uint32_t
responder_get_next_id (const Responder *self)
{
    const ResponderSa *sa = responder_get_sa (self);
    return sa != NULL ? sa->window.next_id : 0;
}

uint32_t
responder_get_expected_id (const Responder *self)
{
    const ResponderSa *sa = responder_get_sa (self);
    return sa != NULL ? sa->window.expected_id : 0;
}

bool
responder_is_established (const Responder *self)
{
    return self->established;
}

bool
responder_is_gone (const Responder *self)
{
    return self->gone;
}

unsigned
responder_count_sas (const Responder *self)
{
    unsigned count = 0;
    for (guint i = 0; i < self->sas->len; i++)
        count += !((const ResponderSa *)self->sas->pdata[i])->deleted;
    return count;
}

GPtrArray *
responder_get_children (const Responder *self)
{
    GPtrArray *alive = g_ptr_array_new ();
    for (guint i = 0; i < self->children->len; i++)
    {
        const ResponderChild *child = self->children->pdata[i];
        if (!child->deleted)
            g_ptr_array_add (alive, child->sa);
    }
    return alive;
}

const char *
responder_get_transcript (const Responder *self)
{
    return self->transcript->str;
}

unsigned
responder_count_in_transcript (const Responder *self, const char *needle)
{
    unsigned count = 0;
    for (const char *at = self->transcript->str; (at = strstr (at, needle)) != NULL; at++)
        count++;
    return count;
}
