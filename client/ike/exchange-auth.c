/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * IKE_AUTH (RFC 7296 1.2, 2.15, 2.16). With a PSK or a certificate:
 *
 *     HDR, SK {IDi, [CERT,] [CERTREQ,] [IDr,] AUTH, CP, SAi2, TSi, TSr}  -->
 *                                        <--  HDR, SK {IDr, [CERT,] AUTH, CP, SAr2, TSi, TSr}
 *
 * With EAP the first request has no AUTH, and the gateway proves itself before EAP begins:
 *
 *     HDR, SK {IDi, [CERTREQ,] [IDr,] CP, SAi2, TSi, TSr}  -->
 *                                        <--  HDR, SK {IDr, [CERT,] AUTH, EAP}
 *     HDR, SK {EAP}  -->                 <--  HDR, SK {EAP}        (as often as the method wants)
 *     HDR, SK {AUTH}  -->                <--  HDR, SK {AUTH, CP, SAr2, TSi, TSr}
 */

#include "certs/signature.h"
#include "ike/auth.h"
#include "ike/session-internal.h"

static const char stage[] = "IKE_AUTH";

static void
fail (IkeSession *self, GError *error, gint64 now)
{
    ike_session_fail (self, stage, error, now);
}

static void
fail_with (IkeSession *self, OutriderError code, const char *text, gint64 now)
{
    fail (self, g_error_new_literal (OUTRIDER_ERROR, code, text), now);
}

static const Algorithm *
get_prf (const IkeSession *self)
{
    return ike_session_get_sa (self)->selection.prf;
}

/* ---- our first request ---- */

static SecretBytes *
get_our_octets (IkeSession *self, GError **error)
{
    return ike_auth_get_octets (
        get_prf (self), byte_view_of_bytes (self->init_request), byte_view_of_bytes (self->nonce_r),
        ike_session_get_sa (self)->keys.auth_ours, byte_view_of_bytes (self->identity_body), error);
}

static SecretBytes *
get_gateway_octets (IkeSession *self, ByteView identity_body, GError **error)
{
    return ike_auth_get_octets (get_prf (self), byte_view_of_bytes (self->init_response),
                                byte_view_of_bytes (self->nonce_i),
                                ike_session_get_sa (self)->keys.auth_theirs, identity_body, error);
}

static void
write_certificates (const IkeSession *self, IkeChain *chain)
{
    const IkeSessionConfig *config = self->config;
    if (config->login == IKE_LOGIN_CERTIFICATE && config->certificates != NULL)
        for (guint i = 0; i < config->certificates->len; i++)
            ike_certificate_payload_write (chain, config->certificates->pdata[i]);
    if (config->login != IKE_LOGIN_PSK && config->authority_hashes != NULL &&
        config->authority_hashes->len > 0)
        ike_certificate_request_write (chain, config->authority_hashes);
}

static void
write_child_request (IkeSession *self, IkeChain *chain)
{
    const IkeSessionConfig *config = self->config;
    ike_grant_write_request (ike_chain_begin (chain, PAYLOAD_CP));
    ike_chain_end (chain);
    g_autoptr (GPtrArray) bare = ike_proposals_without_groups (config->esp_proposals);
    self->first_spi = ike_session_draw_esp_spi (self);
    ike_proposals_write (bare, self->first_spi, 4, ike_chain_begin (chain, PAYLOAD_SA));
    ike_chain_end (chain);
    traffic_selectors_write (config->local, ike_chain_begin (chain, PAYLOAD_TSI));
    ike_chain_end (chain);
    traffic_selectors_write (config->remote, ike_chain_begin (chain, PAYLOAD_TSR));
    ike_chain_end (chain);
}

/* METHOD AUTH_METHOD_NONE: EAP, without AUTH. */
static void
send_first (IkeSession *self, IkeAuthMethod method, ByteView auth, gint64 now)
{
    const IkeSessionConfig *config = self->config;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_IDI, byte_view_of_bytes (self->identity_body));
    write_certificates (self, &chain);
    if (config->send_gateway_identity && config->gateway_identity != NULL)
        ike_identity_payload_write (&chain, PAYLOAD_IDR, config->gateway_identity);
    if (method != AUTH_METHOD_NONE)
        ike_auth_payload_write (&chain, method, auth);
    if (config->initial_contact)
        ike_notify_write (&chain, NOTIFY_INITIAL_CONTACT, (ByteView){ 0 });
    write_child_request (self, &chain);
    self->auth_stage = IKE_AUTH_FIRST;
    ike_session_request (self, ike_session_get_sa (self), IKE_AUTH,
                         (IkeTask){ .kind = IKE_TASK_AUTH }, &chain, now);
}

static void
ask_signature (IkeSession *self, gint64 now)
{
    g_autoptr (GError) error = NULL;
    SecretBytes *octets = get_our_octets (self, &error);
    if (octets == NULL)
    {
        fail (self, g_steal_pointer (&error), now);
        return;
    }
    IkeAction *action = ike_session_push_question (self, IKE_ACTION_SIGN);
    action->octets = octets;
    action->hashes = g_array_ref (self->hashes);
}

void
ike_auth_start (IkeSession *self, gint64 now)
{
    g_auto (ByteWriter) body = BYTE_WRITER (IKE_IDENTITY_MAX + 4);
    byte_writer_u8 (&body, (uint8_t)self->config->identity->type);
    byte_writer_zeros (&body, 3);
    byte_writer_bytes (&body, byte_view_of_bytes (self->config->identity->value));
    self->identity_body = byte_writer_finish (&body);
    if (self->identity_body == NULL)
    {
        fail_with (self, OUTRIDER_ERROR_PROFILE_INVALID, "the identity is too long", now);
        return;
    }

    self->auth_stage = IKE_AUTH_ASK;
    switch (self->config->login)
    {
    case IKE_LOGIN_EAP:
        self->eap = eap_peer_new (self->config->eap_identity, self->config->eap_methods,
                                  self->config->n_eap_methods, &self->config->random);
        send_first (self, AUTH_METHOD_NONE, (ByteView){ 0 }, now);
        break;
    case IKE_LOGIN_CERTIFICATE:
        ask_signature (self, now);
        break;
    case IKE_LOGIN_PSK:
        ike_session_push_question (self, IKE_ACTION_ASK_SECRET)->secret = IKE_SECRET_PSK;
        break;
    }
}

void
ike_auth_give_signature (IkeSession *self, uint8_t method, ByteView data, gint64 now)
{
    if (self->auth_stage == IKE_AUTH_ASK)
        send_first (self, (IkeAuthMethod)method, data, now);
}

/* Sends AUTH made of a shared KEY: first (PSK) or last (EAP). */
static SecretBytes *
compute_shared_auth (IkeSession *self, ByteView key, GError **error)
{
    g_autoptr (SecretBytes) octets = get_our_octets (self, error);
    return octets != NULL ? ike_auth_compute_shared (get_prf (self), key, octets, error) : NULL;
}

static void
send_psk (IkeSession *self, SecretBytes *secret, gint64 now)
{
    g_autoptr (GError) error = NULL;
    self->psk = secret_bytes_ref (secret);
    g_autoptr (SecretBytes) auth = compute_shared_auth (self, secret_bytes_view (secret), &error);
    if (auth == NULL)
        fail (self, g_steal_pointer (&error), now);
    else
        send_first (self, AUTH_METHOD_PSK, secret_bytes_view (auth), now);
}

/* ---- the gateway proves itself ---- */

static bool
verify_shared (IkeSession *self, ByteView key, ByteView identity_body, const IkeAuthPayload *auth,
               const char *failure, GError **error)
{
    g_autoptr (SecretBytes) octets = get_gateway_octets (self, identity_body, error);
    g_autoptr (SecretBytes) expected =
        octets != NULL ? ike_auth_compute_shared (get_prf (self), key, octets, error) : NULL;
    if (expected == NULL)
        return false;
    if (auth->method == AUTH_METHOD_PSK && secret_equal (secret_bytes_view (expected), auth->data))
        return true;
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED, failure);
    return false;
}

static CertsChain *
read_chain (const IkePayloads *payloads, GError **error)
{
    g_autoptr (GPtrArray) certificates = NULL;
    if (!ike_certificate_payloads_read (payloads, &certificates, error))
        return NULL;
    if (certificates->len > 0)
        return certs_chain_new (certificates, error);
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                         "the gateway sent no certificate");
    return NULL;
}

static bool
verify_signature (IkeSession *self, const CertsChain *chain, ByteView identity_body,
                  const IkeAuthPayload *auth, GError **error)
{
    g_autoptr (SecretBytes) octets = get_gateway_octets (self, identity_body, error);
    if (octets == NULL)
        return false;
    ByteView signed_octets = secret_bytes_view (octets);
    if (auth->method != AUTH_METHOD_SIGNATURE)
        return certs_signature_verify_method (chain, auth->method, !self->gateway_knows_hashes,
                                              signed_octets.data, signed_octets.size,
                                              auth->data.data, auth->data.size, error);
    ByteReader reader = byte_reader (auth->data);
    ByteView algorithm = byte_reader_take (&reader, byte_reader_u8 (&reader));
    ByteView signature = byte_reader_take_rest (&reader);
    if (!byte_reader_ok (&reader))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a malformed AUTH payload");
        return false;
    }
    return certs_signature_verify (chain, algorithm.data, algorithm.size, signed_octets.data,
                                   signed_octets.size, signature.data, signature.size, error);
}

/* With a PSK nothing but the name can tell the gateway from others that share the key. */
static bool
check_psk_identity (IkeSession *self, GError **error)
{
    const CertsIdentity *wanted = self->config->gateway_identity;
    if (wanted == NULL || !self->config->insist_on_gateway_identity ||
        certs_identity_equal (wanted, self->gateway_identity))
        return true;
    g_autofree char *theirs = certs_identity_format (self->gateway_identity);
    g_autofree char *ours = certs_identity_format (wanted);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_MISMATCH,
                 "the gateway calls itself %s, not %s", theirs, ours);
    return false;
}

static void continue_after_proof (IkeSession *self, const IkePayloads *payloads, gint64 now);

/* Its identity, its certificates, its AUTH; then the host looks at the chain. */
static bool
verify_gateway (IkeSession *self, const IkePayloads *payloads, CertsChain **ret_chain,
                GError **error)
{
    const IkePayload *identity = ike_payloads_find (payloads, PAYLOAD_IDR);
    const IkePayload *proof = ike_payloads_find (payloads, PAYLOAD_AUTH);
    IkeAuthPayload auth;
    if (identity == NULL || proof == NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                             "the gateway did not prove who it is");
        return false;
    }
    certs_identity_free (g_steal_pointer (&self->gateway_identity));
    if (!ike_identity_payload_read (identity->body, &self->gateway_identity, error) ||
        !ike_auth_payload_read (proof->body, &auth, error))
        return false;
    g_clear_pointer (&self->gateway_identity_body, g_bytes_unref);
    self->gateway_identity_body = byte_view_to_bytes (identity->body);

    if (self->config->login == IKE_LOGIN_PSK)
        return verify_shared (self, secret_bytes_view (self->psk), identity->body, &auth,
                              "the gateway's proof does not fit the shared key", error) &&
               check_psk_identity (self, error);
    g_autoptr (CertsChain) chain = read_chain (payloads, error);
    if (chain == NULL || !verify_signature (self, chain, identity->body, &auth, error))
        return false;
    *ret_chain = g_steal_pointer (&chain);
    return true;
}

static void
receive_first (IkeSession *self, const IkePayloads *payloads, GBytes *inner, uint8_t first,
               gint64 now)
{
    bool eap = ike_payloads_find (payloads, PAYLOAD_EAP) != NULL;
    g_autoptr (GError) error = NULL;
    IkeNotify notify;
    if (!ike_exchange_check (eap ? IKE_MESSAGE_AUTH_EAP_FIRST : IKE_MESSAGE_AUTH_DIRECT, payloads,
                             NULL, &error))
    {
        fail (self, g_steal_pointer (&error), now);
        return;
    }
    if (ike_payloads_find (payloads, PAYLOAD_AUTH) == NULL &&
        ike_notify_find_error (payloads, &notify))
    {
        self->refused_unproven = notify.type == NOTIFY_AUTHENTICATION_FAILED;
        ike_session_closed (self, stage, ike_session_explain_notify (self, &notify, true));
        return;
    }
    if (eap != (self->config->login == IKE_LOGIN_EAP))
    {
        fail_with (self, eap ? OUTRIDER_ERROR_EAP_METHOD_REFUSED : OUTRIDER_ERROR_PROTOCOL,
                   eap ? "the gateway wants EAP, which this profile does not use"
                       : "the gateway skips EAP",
                   now);
        return;
    }

    g_autoptr (CertsChain) chain = NULL;
    if (!verify_gateway (self, payloads, &chain, &error))
    {
        fail (self, g_steal_pointer (&error), now);
        return;
    }
    if (chain == NULL)
    {
        continue_after_proof (self, payloads, now);
        return;
    }
    self->held = g_bytes_ref (inner);
    self->held_first = first;
    self->auth_stage = IKE_AUTH_VERDICT;
    IkeAction *action = ike_session_push_question (self, IKE_ACTION_VERIFY);
    action->chain = g_steal_pointer (&chain);
    action->identity = certs_identity_copy (self->gateway_identity);
}

void
ike_auth_give_verdict (IkeSession *self, const GError *refused, gint64 now)
{
    if (self->auth_stage != IKE_AUTH_VERDICT)
        return;
    if (refused != NULL)
    {
        fail (self, g_error_copy (refused), now);
        return;
    }
    g_autoptr (GBytes) held = g_steal_pointer (&self->held);
    IkePayloads payloads;
    if (ike_payloads_read (self->held_first, byte_view_of_bytes (held), &payloads, NULL))
        continue_after_proof (self, &payloads, now);
}

/* ---- EAP ---- */

static void
send_eap (IkeSession *self, GBytes *response, gint64 now)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_EAP, byte_view_of_bytes (response));
    self->auth_stage = IKE_AUTH_EAP;
    ike_session_request (self, ike_session_get_sa (self), IKE_AUTH,
                         (IkeTask){ .kind = IKE_TASK_AUTH }, &chain, now);
}

/* The key that AUTH is made of after EAP: the method's MSK, or SK_p for methods without one (RFC 7296 2.16). */
static ByteView
get_eap_key (IkeSession *self, bool ours)
{
    const IkeKeys *keys = &ike_session_get_sa (self)->keys;
    SecretBytes *msk = eap_peer_get_msk (self->eap);
    return secret_bytes_view (msk != NULL ? msk : ours ? keys->auth_ours : keys->auth_theirs);
}

static void
send_last (IkeSession *self, gint64 now)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (SecretBytes) auth = compute_shared_auth (self, get_eap_key (self, true), &error);
    if (auth == NULL)
    {
        fail (self, g_steal_pointer (&error), now);
        return;
    }
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_auth_payload_write (&chain, AUTH_METHOD_PSK, secret_bytes_view (auth));
    self->auth_stage = IKE_AUTH_LAST;
    ike_session_request (self, ike_session_get_sa (self), IKE_AUTH,
                         (IkeTask){ .kind = IKE_TASK_AUTH }, &chain, now);
}

static void
follow_eap (IkeSession *self, EapPeerResult result, GBytes *response, GError *error, gint64 now)
{
    switch (result)
    {
    case EAP_PEER_RESPOND:
        send_eap (self, response, now);
        break;
    case EAP_PEER_ASK_PASSWORD:
        self->auth_stage = IKE_AUTH_PASSWORD;
        ike_session_push_question (self, IKE_ACTION_ASK_SECRET)->secret = IKE_SECRET_EAP_PASSWORD;
        break;
    case EAP_PEER_SUCCEEDED:
        self->password_in_doubt = false;
        send_last (self, now);
        break;
    case EAP_PEER_FAILED:
        fail (self, g_error_copy (error), now);
        break;
    }
}

static void
receive_eap (IkeSession *self, const IkePayloads *payloads, gint64 now)
{
    const IkePayload *packet = ike_payloads_find (payloads, PAYLOAD_EAP);
    g_autoptr (GError) error = NULL;
    if (packet == NULL) /* an error notify in its place: the table saw to it */
    {
        eap_peer_explain_failure (self->eap, &error);
        ike_session_closed (self, stage, g_steal_pointer (&error));
        return;
    }
    if (self->eap_rounds++ >= IKE_EAP_ROUNDS_MAX)
    {
        fail_with (self, OUTRIDER_ERROR_PROTOCOL, "the gateway's EAP has no end", now);
        return;
    }
    g_autoptr (GBytes) response = NULL;
    EapPeerResult result = eap_peer_receive (self->eap, packet->body, &response, &error);
    follow_eap (self, result, response, error, now);
}

void
ike_auth_give_secret (IkeSession *self, SecretBytes *secret, gint64 now)
{
    if (secret == NULL)
        fail_with (self, OUTRIDER_ERROR_SECRET_NEEDED,
                   self->auth_stage == IKE_AUTH_PASSWORD ? "the password is needed"
                                                         : "the shared key is needed",
                   now);
    else if (self->auth_stage == IKE_AUTH_ASK)
        send_psk (self, secret, now);
    else if (self->auth_stage == IKE_AUTH_PASSWORD)
    {
        g_autoptr (GBytes) response = NULL;
        g_autoptr (GError) error = NULL;
        EapPeerResult result = eap_peer_answer (self->eap, secret, &response, &error);
        self->password_in_doubt = true;
        follow_eap (self, result, response, error, now);
    }
}

/* ---- the grant and the first child ---- */

static bool
read_grant (IkeSession *self, const IkePayloads *payloads, IkeGrant **ret_grant, GError **error)
{
    const IkePayload *reply = ike_payloads_find (payloads, PAYLOAD_CP);
    g_autoptr (IkeGrant) grant = NULL;
    if (reply != NULL && !ike_grant_read_reply (reply->body, &grant, error))
        return false;
    if (grant == NULL || grant->addresses->len == 0)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_ADDRESS,
                             "the gateway gave no virtual address");
        return false;
    }
    *ret_grant = g_steal_pointer (&grant);
    return true;
}

/* What the gateway narrowed our wish to, never more than we asked for; one of our addresses must be in it. */
static bool
read_selectors (IkeSession *self, const IkePayloads *payloads, const IkeGrant *grant,
                GArray **ret_local, GArray **ret_remote, GError **error)
{
    g_autoptr (GArray) offered_local = NULL, offered_remote = NULL, local = NULL, remote = NULL;
    if (!traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSI)->body, &offered_local,
                                 error) ||
        !traffic_selectors_read (ike_payloads_find (payloads, PAYLOAD_TSR)->body, &offered_remote,
                                 error))
        return false;
    bool carries_us = false;
    if (ike_child_narrow (self->config->local, offered_local, &local) &&
        ike_child_narrow (self->config->remote, offered_remote, &remote))
        for (guint s = 0; s < local->len; s++)
            for (guint a = 0; a < grant->addresses->len; a++)
            {
                const TrafficSelector *selector = &g_array_index (local, TrafficSelector, s);
                const IpAddress *address = &g_array_index (grant->addresses, IpPrefix, a).address;
                carries_us = carries_us || (ip_address_compare (&selector->first, address) <= 0 &&
                                            ip_address_compare (&selector->last, address) >= 0);
            }
    if (!carries_us)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SELECTORS_REFUSED,
                             "the gateway's networks leave nothing of what was asked for, or leave "
                             "out the address that it gave");
        return false;
    }
    *ret_local = g_steal_pointer (&local);
    *ret_remote = g_steal_pointer (&remote);
    return true;
}

static bool
take_child (IkeSession *self, const IkePayloads *payloads, IkeGrant **ret_grant, gint64 now,
            GError **error)
{
    IkeNotify notify;
    if (ike_payloads_find (payloads, PAYLOAD_SA) == NULL ||
        ike_payloads_find (payloads, PAYLOAD_TSI) == NULL ||
        ike_payloads_find (payloads, PAYLOAD_TSR) == NULL)
    {
        if (ike_notify_find_error (payloads, &notify))
            g_propagate_error (error, ike_session_explain_notify (self, &notify, true));
        return false;
    }

    g_autoptr (IkeGrant) grant = NULL;
    g_autoptr (GArray) local = NULL, remote = NULL;
    IkeSelection selection;
    g_autoptr (GPtrArray) bare = ike_proposals_without_groups (self->config->esp_proposals);
    if (!ike_selection_read (ike_payloads_find (payloads, PAYLOAD_SA)->body, bare, 4, &selection,
                             error) ||
        !read_grant (self, payloads, &grant, error) ||
        !read_selectors (self, payloads, grant, &local, &remote, error))
        return false;
    *ret_grant = g_steal_pointer (&grant);

    IkeKeyInputs inputs = { .nonce_i = byte_view_of_bytes (self->nonce_i),
                            .nonce_r = byte_view_of_bytes (self->nonce_r),
                            .ours_is_initiator = true };
    return ike_child_create (self, ++self->last_number, self->first_spi, &selection, NULL, &inputs,
                             g_steal_pointer (&local), g_steal_pointer (&remote), now, error);
}

static void
establish (IkeSession *self, const IkePayloads *payloads, gint64 now)
{
    /* From here on the gateway holds an IKE SA: whatever fails is followed by a delete. */
    self->state = IKE_STATE_ESTABLISHED;
    self->last_in = now;
    ike_silence_begin (&self->silence, now);
    IkeAction *established = ike_session_push (self, IKE_ACTION_ESTABLISHED);
    g_autoptr (GError) error = NULL;
    if (!take_child (self, payloads, &established->grant, now, &error))
    {
        g_queue_clear_full (&self->actions, (GDestroyNotify)ike_action_free);
        fail (self, g_steal_pointer (&error), now);
        return;
    }
    IkeSa *sa = ike_session_get_sa (self);
    established->gateway_identity = certs_identity_format (self->gateway_identity);
    established->proposal = ike_selection_format (&sa->selection);
    ike_session_start_life (self, now);
    eap_peer_free (g_steal_pointer (&self->eap));
    secret_bytes_unref (g_steal_pointer (&self->psk));
}

static void
receive_last (IkeSession *self, const IkePayloads *payloads, gint64 now)
{
    g_autoptr (GError) error = NULL;
    IkeNotify notify;
    IkeAuthPayload auth;
    const IkePayload *proof = ike_payloads_find (payloads, PAYLOAD_AUTH);
    if (proof == NULL && ike_notify_find_error (payloads, &notify))
    {
        if (notify.type == NOTIFY_AUTHENTICATION_FAILED)
            eap_peer_explain_failure (self->eap, &error);
        else
            error = ike_session_explain_notify (self, &notify, true);
        ike_session_closed (self, stage, g_steal_pointer (&error));
        return;
    }
    ByteView identity = byte_view_of_bytes (self->gateway_identity_body);
    if (!ike_auth_payload_read (proof->body, &auth, &error) ||
        !verify_shared (self, get_eap_key (self, false), identity, &auth,
                        "the gateway's last proof does not fit the login", &error))
        fail (self, g_steal_pointer (&error), now);
    else
        establish (self, payloads, now);
}

/* ---- the turns ---- */

static void
continue_after_proof (IkeSession *self, const IkePayloads *payloads, gint64 now)
{
    if (self->config->login == IKE_LOGIN_EAP)
        receive_eap (self, payloads, now);
    else
        establish (self, payloads, now);
}

void
ike_auth_receive (IkeSession *self, const IkePayloads *payloads, GBytes *inner, uint8_t first,
                  gint64 now)
{
    g_autoptr (GError) error = NULL;
    if (self->auth_stage == IKE_AUTH_FIRST)
    {
        receive_first (self, payloads, inner, first, now);
        return;
    }
    bool last = self->auth_stage == IKE_AUTH_LAST;
    if (!ike_exchange_check (last ? IKE_MESSAGE_AUTH_EAP_LAST : IKE_MESSAGE_AUTH_EAP_NEXT, payloads,
                             NULL, &error))
        fail (self, g_steal_pointer (&error), now);
    else if (last)
        receive_last (self, payloads, now);
    else
        receive_eap (self, payloads, now);
}
