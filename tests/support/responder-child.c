/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/responder-internal.h"

#include "ike/exchange.h"
#include "ike/payloads.h"

/* ---- children ---- */

static ResponderChild *
find_child (Responder *self, uint32_t spi, bool inbound)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        ResponderChild *child = self->children->pdata[i];
        if (!child->deleted && (inbound ? child->sa->spi_in : child->sa->spi_out) == spi)
            return child;
    }
    return NULL;
}

/* Our networks are 10.77.0.0/16 and fd00:77::/64; LOCAL narrows a wish to them. */
static GArray *
narrow (ByteView body, bool local)
{
    static const char *const networks[] = { "10.77.0.0/16", "fd00:77::/64" };
    static const char *const addresses[] = { "10.99.0.2/32", "fd00:99::2/128" };
    g_autoptr (GArray) wished = NULL;
    g_assert_true (traffic_selectors_read (body, &wished, NULL));
    GArray *narrowed = g_array_new (false, false, sizeof (TrafficSelector));
    for (size_t i = 0; i < G_N_ELEMENTS (networks); i++)
    {
        IpPrefix prefix;
        g_assert_true (ip_prefix_parse (local ? networks[i] : addresses[i], &prefix));
        TrafficSelector granted = traffic_selector_of_prefix (&prefix), common;
        for (guint w = 0; w < wished->len; w++)
            if (traffic_selector_intersect (&granted, &g_array_index (wished, TrafficSelector, w),
                                            &common))
                g_array_append_val (narrowed, common);
    }
    return narrowed;
}

/* Selectors are taken over. */
static IkeChildSa *
add_child (Responder *self, ResponderSa *ike, uint32_t spi_in, const IkeSelection *selection,
           const SecretBytes *shared, const IkeKeyInputs *inputs, GArray *local, GArray *remote)
{
    ResponderChild *child = g_new0 (ResponderChild, 1);
    child->sa = ike_child_sa_new ();
    child->sa->spi_in = spi_in;
    child->sa->spi_out = (uint32_t)selection->spi;
    child->sa->encryption = selection->encryption;
    child->sa->integrity = selection->integrity;
    child->sa->esn = selection->esn;
    child->sa->local = local;
    child->sa->remote = remote;
    g_assert_true (ike_keys_derive_child (child->sa, ike->selection.prf, ike->keys.derive, shared,
                                          inputs, NULL));
    g_ptr_array_add (self->children, child);
    return child->sa;
}

static void
write_selectors (IkeChain *chain, const GArray *initiator, const GArray *responder)
{
    traffic_selectors_write (initiator, ike_chain_begin (chain, PAYLOAD_TSI));
    ike_chain_end (chain);
    traffic_selectors_write (responder, ike_chain_begin (chain, PAYLOAD_TSR));
    ike_chain_end (chain);
}

static void
write_grant (IkeChain *chain)
{
    static const uint8_t reply[] = {
        CP_TYPE_REPLY,
        0,
        0,
        0, /* */
        0,
        CP_INTERNAL_IP4_ADDRESS,
        0,
        4,
        10,
        99,
        0,
        2, /* */
        0,
        CP_INTERNAL_IP4_DNS,
        0,
        4,
        10,
        77,
        0,
        53, /* */
        0,
        CP_INTERNAL_IP6_ADDRESS,
        0,
        17,
        0xfd,
        0,
        0,
        0x99,
        0,
        0,
        0, /* */
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        2,
        64, /* */
    };
    ike_chain_add (chain, PAYLOAD_CP, byte_view (reply, sizeof reply));
}

void
responder_child_write_first (Responder *self, ResponderSa *sa, IkeChain *chain)
{
    IkeSelection selection;
    g_autoptr (GPtrArray) bare = ike_proposals_without_groups (self->esp_proposals);
    write_grant (chain);
    if (!ike_proposals_choose (bare, byte_view_of_bytes (self->first_sa), 4, 0, &selection, NULL))
    {
        ike_notify_write (chain, NOTIFY_NO_PROPOSAL_CHOSEN, (ByteView){ 0 });
        return;
    }
    GArray *remote = narrow (byte_view_of_bytes (self->first_tsi), false);
    GArray *local = narrow (byte_view_of_bytes (self->first_tsr), true);
    IkeKeyInputs inputs = { .nonce_i = byte_view_of_bytes (self->nonce_i),
                            .nonce_r = byte_view_of_bytes (self->nonce_r) };
    uint32_t spi = responder_draw_spi (self);
    add_child (self, sa, spi, &selection, NULL, &inputs, local, remote);
    ike_selection_write (&selection, IKE_PROTOCOL_ESP, spi, 4, ike_chain_begin (chain, PAYLOAD_SA));
    ike_chain_end (chain);
    write_selectors (chain, remote, local);
}

/* ---- CREATE_CHILD_SA, begun by the client ---- */

/* A KE of our own beside theirs; *RET_KEY stays NULL if none was chosen. False: the refusal is sent. */
static bool
answer_key (Responder *self, ResponderSa *sa, const IkeSelection *selection,
            const IkePayloads *payloads, KeyExchange **ret_key, SecretBytes **ret_shared)
{
    IkeKeyPayload theirs = { 0 };
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_KE);
    if (selection->group == NULL)
        return true;
    g_assert_nonnull (payload);
    g_assert_true (ike_key_payload_read (payload->body, &theirs, NULL));
    if (theirs.group != selection->group->id)
    {
        g_auto (IkeChain) chain = IKE_CHAIN ();
        uint16_t id = GUINT16_TO_BE (selection->group->id);
        ike_notify_write (&chain, NOTIFY_INVALID_KE_PAYLOAD, byte_view (&id, sizeof id));
        responder_answer (self, sa, STEP_CHILD_ANSWER, CREATE_CHILD_SA, &chain);
        return false;
    }
    *ret_key = key_exchange_new (selection->group, NULL);
    *ret_shared = key_exchange_derive (*ret_key, theirs.value, NULL);
    g_assert_nonnull (*ret_shared);
    return true;
}

static uint16_t
get_group (const IkePayloads *payloads)
{
    IkeKeyPayload key = { 0 };
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_KE);
    if (payload != NULL)
        g_assert_true (ike_key_payload_read (payload->body, &key, NULL));
    return key.group;
}

/* A gateway that insists on a group of its own. True: it refused. */
static bool
insist_on_group (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    uint16_t wanted = self->config.child_group, theirs = get_group (payloads);
    if (wanted == 0 || theirs == wanted)
        return false;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    uint16_t id = GUINT16_TO_BE (wanted);
    if (theirs == 0)
        ike_notify_write (&chain, NOTIFY_NO_PROPOSAL_CHOSEN, (ByteView){ 0 });
    else
        ike_notify_write (&chain, NOTIFY_INVALID_KE_PAYLOAD, byte_view (&id, sizeof id));
    responder_answer (self, sa, STEP_CHILD_ANSWER, CREATE_CHILD_SA, &chain);
    return true;
}

void
responder_child_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    IkeSelection selection;
    IkeNotify notify;
    g_autoptr (KeyExchange) key = NULL;
    g_autoptr (SecretBytes) shared = NULL;
    ByteReader spi_reader = { 0 };
    if (insist_on_group (self, sa, payloads))
        return;
    bool rekey = ike_notify_find (payloads, NOTIFY_REKEY_SA, &notify);
    if (rekey)
        spi_reader = byte_reader (notify.spi);
    uint16_t wanted =
        self->config.wants_group != 0 ? self->config.wants_group : get_group (payloads);
    if (rekey && find_child (self, byte_reader_u32 (&spi_reader), false) == NULL)
        responder_answer_notify (self, sa, STEP_CHILD_ANSWER, CREATE_CHILD_SA,
                                 NOTIFY_CHILD_SA_NOT_FOUND);
    else if (!ike_proposals_choose (self->esp_proposals,
                                    ike_payloads_find (payloads, PAYLOAD_SA)->body, 4, wanted,
                                    &selection, NULL))
        responder_answer_notify (self, sa, STEP_CHILD_ANSWER, CREATE_CHILD_SA,
                                 NOTIFY_NO_PROPOSAL_CHOSEN);
    else if (answer_key (self, sa, &selection, payloads, &key, &shared))
    {
        GArray *remote = narrow (ike_payloads_find (payloads, PAYLOAD_TSI)->body, false);
        GArray *local = narrow (ike_payloads_find (payloads, PAYLOAD_TSR)->body, true);
        g_autoptr (GBytes) nonce = responder_draw_nonce (self);
        IkeKeyInputs inputs = { .nonce_i = ike_payloads_find (payloads, PAYLOAD_NONCE)->body,
                                .nonce_r = byte_view_of_bytes (nonce) };
        uint32_t spi = responder_draw_spi (self);
        add_child (self, sa, spi, &selection, shared, &inputs, local, remote);
        g_auto (IkeChain) chain = IKE_CHAIN ();
        ike_selection_write (&selection, IKE_PROTOCOL_ESP, spi, 4,
                             ike_chain_begin (&chain, PAYLOAD_SA));
        ike_chain_end (&chain);
        ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (nonce));
        if (key != NULL)
            ike_key_payload_write (&chain, selection.group->id, key_exchange_get_public (key));
        write_selectors (&chain, remote, local);
        responder_answer (self, sa, STEP_CHILD_ANSWER, CREATE_CHILD_SA, &chain);
    }
}

/* The new IKE SA takes the place of OLD. */
static ResponderSa *
inherit (Responder *self, const ResponderSa *old, const IkeSelection *selection, bool initiator,
         uint64_t ours, const SecretBytes *shared, ByteView nonce_i, ByteView nonce_r)
{
    ResponderSa *sa = g_new0 (ResponderSa, 1);
    sa->initiator = initiator;
    sa->spi_i = initiator ? ours : selection->spi;
    sa->spi_r = initiator ? selection->spi : ours;
    sa->selection = *selection;
    IkeKeyInputs inputs = { nonce_i, nonce_r, sa->spi_i, sa->spi_r, initiator };
    g_assert_true (ike_keys_derive (&sa->keys, selection, shared, &inputs, old->selection.prf,
                                    old->keys.derive, NULL));
    g_ptr_array_insert (self->sas, 0, sa);
    return sa;
}

void
responder_ike_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    IkeSelection selection;
    IkeKeyPayload theirs;
    g_assert_true (
        ike_key_payload_read (ike_payloads_find (payloads, PAYLOAD_KE)->body, &theirs, NULL));
    if (!ike_proposals_choose (self->ike_proposals, ike_payloads_find (payloads, PAYLOAD_SA)->body,
                               8, theirs.group, &selection, NULL))
    {
        responder_answer_notify (self, sa, STEP_IKE_ANSWER, CREATE_CHILD_SA,
                                 NOTIFY_NO_PROPOSAL_CHOSEN);
        return;
    }
    g_autoptr (KeyExchange) key = key_exchange_new (selection.group, NULL);
    g_autoptr (SecretBytes) shared = key_exchange_derive (key, theirs.value, NULL);
    g_autoptr (GBytes) nonce = responder_draw_nonce (self);
    uint64_t spi;
    responder_fill (self, &spi, sizeof spi);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_selection_write (&selection, IKE_PROTOCOL_IKE, spi, 8,
                         ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (nonce));
    ike_key_payload_write (&chain, selection.group->id, key_exchange_get_public (key));
    inherit (self, sa, &selection, false, spi, shared,
             ike_payloads_find (payloads, PAYLOAD_NONCE)->body, byte_view_of_bytes (nonce));
    responder_answer (self, sa, STEP_IKE_ANSWER, CREATE_CHILD_SA, &chain);
}

/* ---- INFORMATIONAL, begun by the client ---- */

static void
take_delete (Responder *self, ResponderSa *sa, ByteView body, IkeChain *response)
{
    IkeDelete parsed;
    g_assert_true (ike_delete_read (body, &parsed, NULL));
    if (parsed.protocol == IKE_PROTOCOL_IKE)
    {
        if (sa->pending == PENDING_DELETE_CHILD)
            g_array_append_val (self->overdue, sa->rekeyed);
        sa->deleted = true;
        self->gone = self->gone || sa == responder_get_sa (self);
        return;
    }
    uint32_t ours[IKE_DELETE_SPIS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < parsed.count; i++)
    {
        ResponderChild *child = find_child (self, parsed.spis[i], false);
        if (child == NULL)
            continue;
        child->deleted = true;
        ours[count++] = child->sa->spi_in;
    }
    if (count > 0)
        ike_delete_write_esp (response, ours, count);
}

void
responder_info_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    IkeNotify notify;
    for (unsigned i = 0; i < payloads->count; i++)
        if (payloads->items[i].type == PAYLOAD_DELETE)
            take_delete (self, sa, payloads->items[i].body, &chain);
    if (ike_notify_find (payloads, NOTIFY_AUTHENTICATION_FAILED, &notify))
        self->gone = true;
    responder_answer (self, sa, STEP_INFO_ANSWER, INFORMATIONAL, &chain);
}

/* ---- begun by the gateway ---- */

void
responder_rekey_child (Responder *self, uint32_t spi, bool with_key_exchange, gint64 now)
{
    ResponderSa *sa = responder_get_sa (self);
    const ResponderChild *old = find_child (self, spi, true);
    GPtrArray *proposals = with_key_exchange
                               ? ike_proposals_parse (IKE_PROTOCOL_ESP, "aes256gcm16-ecp256", NULL)
                               : ike_proposals_without_groups (self->esp_proposals);
    g_autoptr (GPtrArray) offer = proposals;
    sa->rekeyed = spi;
    sa->new_spi = responder_draw_spi (self);
    g_clear_pointer (&sa->nonce, g_bytes_unref);
    sa->nonce = responder_draw_nonce (self);
    key_exchange_free (g_steal_pointer (&sa->key_exchange));
    if (with_key_exchange)
        sa->key_exchange = key_exchange_new (ike_proposals_get_first_group (offer), NULL);

    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write_spi (&chain, NOTIFY_REKEY_SA, spi);
    ike_proposals_write (offer, sa->new_spi, 4, ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (sa->nonce));
    if (sa->key_exchange != NULL)
        ike_key_payload_write (&chain, key_exchange_get_group (sa->key_exchange)->id,
                               key_exchange_get_public (sa->key_exchange));
    g_autoptr (GArray) any = g_array_new (false, false, sizeof (TrafficSelector));
    TrafficSelector all = traffic_selector_any (IP_V4);
    g_array_append_val (any, all);
    write_selectors (&chain, old != NULL ? old->sa->local : any,
                     old != NULL ? old->sa->remote : any);
    responder_request (self, sa, STEP_CHILD_REQUEST, CREATE_CHILD_SA, PENDING_CHILD, &chain, now);
}

void
responder_rekey_ike (Responder *self, gint64 now)
{
    ResponderSa *sa = responder_get_sa (self);
    responder_fill (self, &sa->new_spi, sizeof sa->new_spi);
    g_clear_pointer (&sa->nonce, g_bytes_unref);
    sa->nonce = responder_draw_nonce (self);
    key_exchange_free (g_steal_pointer (&sa->key_exchange));
    sa->key_exchange = key_exchange_new (sa->selection.group, NULL);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_proposals_write (self->ike_proposals, sa->new_spi, 8, ike_chain_begin (&chain, PAYLOAD_SA));
    ike_chain_end (&chain);
    ike_chain_add (&chain, PAYLOAD_NONCE, byte_view_of_bytes (sa->nonce));
    ike_key_payload_write (&chain, sa->selection.group->id,
                           key_exchange_get_public (sa->key_exchange));
    responder_request (self, sa, STEP_IKE_REQUEST, CREATE_CHILD_SA, PENDING_IKE, &chain, now);
}

static void
delete_child (Responder *self, ResponderSa *sa, uint32_t spi, gint64 now)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_delete_write_esp (&chain, &spi, 1);
    sa->rekeyed = spi;
    responder_request (self, sa, STEP_INFO_REQUEST, INFORMATIONAL, PENDING_DELETE_CHILD, &chain,
                       now);
}

void
responder_delete_child (Responder *self, uint32_t spi, gint64 now)
{
    delete_child (self, responder_get_sa (self), spi, now);
}

static void
delete_ike (Responder *self, ResponderSa *sa, gint64 now)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_delete_write_ike (&chain);
    responder_request (self, sa, STEP_INFO_REQUEST, INFORMATIONAL, PENDING_DELETE_IKE, &chain, now);
}

void
responder_delete_ike (Responder *self, gint64 now)
{
    delete_ike (self, responder_get_sa (self), now);
}

void
responder_check_liveness (Responder *self, gint64 now)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    responder_request (self, responder_get_sa (self), STEP_INFO_REQUEST, INFORMATIONAL,
                       PENDING_LIVENESS, &chain, now);
}

/* ---- the answers to that; what a hook's lie made of them is passed over ---- */

static SecretBytes *
derive_shared (ResponderSa *sa, const IkePayloads *payloads)
{
    IkeKeyPayload theirs;
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_KE);
    if (payload == NULL || !ike_key_payload_read (payload->body, &theirs, NULL))
        return NULL;
    return key_exchange_derive (sa->key_exchange, theirs.value, NULL);
}

static void
take_child (Responder *self, ResponderSa *sa, const IkePayloads *payloads, gint64 now)
{
    IkeSelection selection;
    g_autoptr (GArray) local = NULL, remote = NULL;
    g_autoptr (SecretBytes) shared = NULL;
    g_autoptr (GPtrArray) offer = ike_proposals_parse (
        IKE_PROTOCOL_ESP, sa->key_exchange != NULL ? "aes256gcm16-ecp256" : "default", NULL);
    if (!ike_exchange_check (IKE_MESSAGE_CHILD_RESPONSE, payloads, NULL, NULL) ||
        !ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body, offer, 4, &selection,
                             NULL) ||
        (sa->key_exchange != NULL && (shared = derive_shared (sa, payloads)) == NULL) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSI)->body, &local, NULL) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSR)->body, &remote, NULL))
        return;
    IkeKeyInputs inputs = { .nonce_i = byte_view_of_bytes (sa->nonce),
                            .nonce_r = ike_payloads_find (payloads, PAYLOAD_NONCE)->body,
                            .ours_is_initiator = true };
    add_child (self, sa, (uint32_t)sa->new_spi, &selection, shared, &inputs,
               g_steal_pointer (&local), g_steal_pointer (&remote));
    delete_child (self, sa, sa->rekeyed, now);
}

static void
take_ike (Responder *self, ResponderSa *sa, const IkePayloads *payloads, gint64 now)
{
    IkeSelection selection;
    g_autoptr (SecretBytes) shared = NULL;
    if (!ike_exchange_check (IKE_MESSAGE_REKEY_IKE_RESPONSE, payloads, NULL, NULL) ||
        !ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body, self->ike_proposals, 8,
                             &selection, NULL) ||
        (shared = derive_shared (sa, payloads)) == NULL)
        return;
    inherit (self, sa, &selection, true, sa->new_spi, shared, byte_view_of_bytes (sa->nonce),
             ike_payloads_find (payloads, PAYLOAD_NONCE)->body);
    delete_ike (self, sa, now);
}

void
responder_response_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads,
                            gint64 now)
{
    IkeNotify notify;
    ResponderPending pending = sa->pending;
    sa->pending = PENDING_NONE;
    bool refused = ike_notify_find_error (payloads, &notify);
    switch (pending)
    {
    case PENDING_NONE:
    case PENDING_LIVENESS:
        break;
    case PENDING_CHILD:
        if (!refused)
            take_child (self, sa, payloads, now);
        break;
    case PENDING_IKE:
        if (!refused)
            take_ike (self, sa, payloads, now);
        break;
    case PENDING_DELETE_CHILD:
    {
        ResponderChild *child = find_child (self, sa->rekeyed, true);
        if (child != NULL)
            child->deleted = true;
        break;
    }
    case PENDING_DELETE_IKE:
        sa->deleted = true;
        break;
    }
}
