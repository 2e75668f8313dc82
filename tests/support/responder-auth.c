/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/responder-internal.h"

#include "certs/pem.h"
#include "certs/signature.h"
#include "ike/auth.h"
#include "ike/payloads.h"

/* ---- AUTH, theirs and ours ---- */

static SecretBytes *
get_octets (Responder *self, ResponderSa *sa, bool ours)
{
    SecretBytes *octets = ike_auth_get_octets (
        sa->selection.prf, byte_view_of_bytes (ours ? self->init_response : self->init_request),
        byte_view_of_bytes (ours ? self->nonce_i : self->nonce_r),
        ours ? sa->keys.auth_ours : sa->keys.auth_theirs,
        byte_view_of_bytes (ours ? self->identity_r : self->identity_i), NULL);
    g_assert_nonnull (octets);
    return octets;
}

static SecretBytes *
compute_shared (Responder *self, ResponderSa *sa, bool ours, ByteView key)
{
    g_autoptr (SecretBytes) octets = get_octets (self, sa, ours);
    SecretBytes *auth = ike_auth_compute_shared (sa->selection.prf, key, octets, NULL);
    g_assert_nonnull (auth);
    return auth;
}

static bool
check_shared (Responder *self, ResponderSa *sa, const IkePayloads *payloads, ByteView key)
{
    IkeAuthPayload auth;
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_AUTH);
    g_autoptr (SecretBytes) expected = compute_shared (self, sa, false, key);
    return payload != NULL && ike_auth_payload_read (payload->body, &auth, NULL) &&
           auth.method == AUTH_METHOD_PSK && secret_equal (auth.data, secret_bytes_view (expected));
}

static bool
check_signature (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    IkeAuthPayload auth;
    g_autoptr (GPtrArray) certificates = NULL;
    const IkePayload *payload = ike_payloads_find (payloads, PAYLOAD_AUTH);
    g_assert_true (ike_certificate_payloads_read (payloads, &certificates, NULL));
    if (payload == NULL || !ike_auth_payload_read (payload->body, &auth, NULL))
        return false;
    g_autoptr (CertsChain) chain = certs_chain_new (certificates, NULL);
    if (chain == NULL)
        return false;
    g_autoptr (SecretBytes) octets = get_octets (self, sa, false);
    ByteView covered = secret_bytes_view (octets);
    if (self->config.old_auth)
        return certs_signature_verify_method (chain, auth.method, true, covered.data, covered.size,
                                              auth.data.data, auth.data.size, NULL);
    size_t size = auth.data.data[0];
    return auth.method == AUTH_METHOD_SIGNATURE && size < auth.data.size &&
           certs_signature_verify (chain, auth.data.data + 1, size, covered.data, covered.size,
                                   auth.data.data + 1 + size, auth.data.size - 1 - size, NULL);
}

static bool
client_proved_itself (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    switch (self->config.login)
    {
    case IKE_LOGIN_PSK:
        return check_shared (self, sa, payloads, byte_view_of_string (self->config.psk));
    case IKE_LOGIN_CERTIFICATE:
        return check_signature (self, sa, payloads);
    case IKE_LOGIN_EAP:
        return ike_payloads_find (payloads, PAYLOAD_AUTH) == NULL;
    }
    return false;
}

static void
write_signature (Responder *self, ResponderSa *sa, IkeChain *chain)
{
    g_autoptr (CertsKey) key = NULL;
    g_autoptr (GBytes) der = g_bytes_ref (pki_get_key (self->config.entity));
    CertsScheme scheme;
    g_assert_true (certs_parse_key (der, NULL, 0, &key, NULL));
    g_assert_true (certs_scheme_choose (key, (const uint16_t *)self->hashes->data,
                                        self->hashes->len, self->config.padding, &scheme, NULL));
    g_autoptr (SecretBytes) octets = get_octets (self, sa, true);
    ByteView covered = secret_bytes_view (octets);
    g_autoptr (GBytes) signature =
        certs_signature_sign (key, scheme, covered.data, covered.size, NULL);
    g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier (scheme);
    g_auto (ByteWriter) data = BYTE_WRITER (8192);
    if (identifier != NULL)
        byte_writer_u8 (&data, (uint8_t)g_bytes_get_size (identifier));
    byte_writer_bytes (&data, byte_view_of_bytes (identifier));
    byte_writer_bytes (&data, byte_view_of_bytes (signature));
    ike_auth_payload_write (chain, certs_scheme_get_method (scheme), byte_writer_view (&data));
}

static void
write_shared (Responder *self, ResponderSa *sa, ByteView key, IkeChain *chain)
{
    g_autoptr (SecretBytes) auth = compute_shared (self, sa, true, key);
    ike_auth_payload_write (chain, AUTH_METHOD_PSK, secret_bytes_view (auth));
}

/* IDr, [CERT,] AUTH */
static void
write_proof (Responder *self, ResponderSa *sa, IkeChain *chain)
{
    g_autoptr (CertsIdentity) identity = certs_identity_parse (self->config.identity, NULL);
    g_assert_nonnull (identity);
    ike_identity_payload_write (chain, PAYLOAD_IDR, identity);
    ByteView written = byte_writer_view (&chain->writer);
    g_clear_pointer (&self->identity_r, g_bytes_unref);
    self->identity_r = byte_view_to_bytes (
        byte_view (written.data + IKE_PAYLOAD_HEADER_SIZE, written.size - IKE_PAYLOAD_HEADER_SIZE));
    if (self->config.login == IKE_LOGIN_PSK)
    {
        write_shared (self, sa, byte_view_of_string (self->config.psk), chain);
        return;
    }
    ike_certificate_payload_write (chain, pki_get_certificate (self->config.entity));
    if (self->config.intermediate != NULL)
        ike_certificate_payload_write (chain, pki_get_certificate (self->config.intermediate));
    write_signature (self, sa, chain);
}

/* ---- the turns ---- */

static void
refuse (Responder *self, ResponderSa *sa, ResponderStep step)
{
    responder_answer_notify (self, sa, step, IKE_AUTH, NOTIFY_AUTHENTICATION_FAILED);
}

static void
keep (GBytes **target, const IkePayloads *payloads, IkePayloadType type)
{
    const IkePayload *payload = ike_payloads_find (payloads, type);
    g_assert_nonnull (payload);
    g_clear_pointer (target, g_bytes_unref);
    *target = byte_view_to_bytes (payload->body);
}

static void
begin_eap (Responder *self, IkeChain *chain)
{
    uint8_t challenge[16];
    responder_fill (self, challenge, sizeof challenge);
    EapServerConfig config = {
        .user = self->config.user,
        .password = self->config.password,
        .asks_identity = self->config.eap_identity,
        .first_method = self->config.eap_first,
        .error = self->config.eap_error,
    };
    self->eap = eap_server_new (&config, challenge);
    g_autoptr (GBytes) request = eap_server_start (self->eap);
    ike_chain_add (chain, PAYLOAD_EAP, byte_view_of_bytes (request));
}

static void
receive_first (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    keep (&self->identity_i, payloads, PAYLOAD_IDI);
    keep (&self->first_sa, payloads, PAYLOAD_SA);
    keep (&self->first_tsi, payloads, PAYLOAD_TSI);
    keep (&self->first_tsr, payloads, PAYLOAD_TSR);
    if (!client_proved_itself (self, sa, payloads))
    {
        refuse (self, sa, STEP_AUTH);
        return;
    }
    g_auto (IkeChain) chain = IKE_CHAIN ();
    write_proof (self, sa, &chain);
    if (self->config.login == IKE_LOGIN_EAP)
        begin_eap (self, &chain);
    else
    {
        responder_child_write_first (self, sa, &chain);
        self->established = true;
    }
    responder_answer (self, sa, STEP_AUTH, IKE_AUTH, &chain);
}

static void
receive_eap (Responder *self, ResponderSa *sa, ByteView response)
{
    g_autoptr (GBytes) packet = NULL;
    EapServerTurn turn = eap_server_receive (self->eap, response, &packet);
    if (turn == EAP_SERVER_FAILURE && self->config.eap_refuses_by_notify)
    {
        refuse (self, sa, STEP_EAP);
        return;
    }
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_EAP, byte_view_of_bytes (packet));
    responder_answer (self, sa, STEP_EAP, IKE_AUTH, &chain);
}

static void
receive_last (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    SecretBytes *msk = eap_server_get_msk (self->eap);
    if (msk == NULL || !check_shared (self, sa, payloads, secret_bytes_view (msk)))
    {
        refuse (self, sa, STEP_AUTH_LAST);
        return;
    }
    g_auto (IkeChain) chain = IKE_CHAIN ();
    write_shared (self, sa, secret_bytes_view (msk), &chain);
    responder_child_write_first (self, sa, &chain);
    self->established = true;
    responder_answer (self, sa, STEP_AUTH_LAST, IKE_AUTH, &chain);
}

void
responder_auth_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads)
{
    const IkePayload *eap = ike_payloads_find (payloads, PAYLOAD_EAP);
    if (self->established) /* a hook's lie made the client lose its way */
        refuse (self, sa, STEP_AUTH);
    else if (self->eap == NULL)
        receive_first (self, sa, payloads);
    else if (eap != NULL)
        receive_eap (self, sa, eap->body);
    else
        receive_last (self, sa, payloads);
}
