/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A whole datagram: header, chain of payloads, the inside of each payload, the table of exchanges. What was read and is
 * written again reads the same.
 */

#include "fuzz/fuzz.h"
#include "ike/exchange.h"
#include "ike/nat.h"
#include "ike/payloads.h"
#include "ike/sealed.h"

static void
read_identity (ByteView body)
{
    g_autoptr (CertsIdentity) identity = NULL;
    g_autoptr (GError) error = NULL;
    bool ok = ike_identity_payload_read (body, &identity, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return;
    g_autofree char *text = certs_identity_format (identity);
    FUZZ_MUST (text != NULL && g_utf8_validate (text, -1, NULL));
    FUZZ_MUST (g_bytes_get_size (identity->value) + 4 == body.size);
}

static void
read_notify (ByteView body)
{
    IkeNotify notify;
    if (!ike_notify_read (body, &notify, NULL))
        return;
    FUZZ_MUST (4 + notify.spi.size + notify.data.size == body.size);
    FUZZ_MUST (ike_notify_type_get_name (notify.type) != NULL);
}

static void
read_delete (ByteView body)
{
    IkeDelete deleted;
    if (!ike_delete_read (body, &deleted, NULL))
        return;
    FUZZ_MUST (deleted.count <= IKE_DELETE_SPIS_MAX);
    if (deleted.protocol != IKE_PROTOCOL_ESP)
        return;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_delete_write_esp (&chain, deleted.spis, deleted.count);
    ByteView written = byte_writer_view (&chain.writer);
    FUZZ_MUST (byte_view_equal (byte_view (written.data + 4, written.size - 4), body));
}

static void
read_payload (const IkePayload *payload)
{
    IkeKeyPayload key;
    IkeAuthPayload auth;
    ByteView nonce;
    FUZZ_MUST (ike_payload_type_get_name (payload->type) != NULL);
    switch (payload->type)
    {
    case PAYLOAD_KE:
        if (ike_key_payload_read (payload->body, &key, NULL))
            FUZZ_MUST (key.value.size > 0);
        break;
    case PAYLOAD_IDI:
    case PAYLOAD_IDR:
        read_identity (payload->body);
        break;
    case PAYLOAD_AUTH:
        if (ike_auth_payload_read (payload->body, &auth, NULL))
            FUZZ_MUST (auth.data.size > 0);
        break;
    case PAYLOAD_NONCE:
        if (ike_nonce_payload_read (payload->body, &nonce, NULL))
            FUZZ_MUST (nonce.size >= IKE_NONCE_MIN && nonce.size <= IKE_NONCE_MAX);
        break;
    case PAYLOAD_NOTIFY:
        read_notify (payload->body);
        break;
    case PAYLOAD_DELETE:
        read_delete (payload->body);
        break;
    default:
        break;
    }
}

static void
check_exchanges (const IkePayloads *payloads)
{
    for (unsigned kind = 0; kind < IKE_N_MESSAGES; kind++)
    {
        uint8_t critical = 0;
        g_autoptr (GError) error = NULL;
        bool ok = ike_exchange_check ((IkeMessageKind)kind, payloads, &critical, &error);
        FUZZ_CHECK_ERROR (ok, error);
        FUZZ_MUST (!ok || critical == 0);
    }
}

static void
read_lists (const IkePayloads *payloads)
{
    g_autoptr (GPtrArray) certificates = NULL;
    if (ike_certificate_payloads_read (payloads, &certificates, NULL))
        FUZZ_MUST (certificates->len <= IKE_CERTIFICATES_MAX);
    IkePath path = { .local = { .address.family = IP_V4, .port = 500 },
                     .gateway = { .address.family = IP_V6, .port = 4500 } };
    NatFinding finding;
    FUZZ_MUST (nat_read_notifies (payloads, 1, 2, &path, &finding, NULL));
    IkeNotify notify;
    unsigned position = 0, count = 0;
    while (ike_notify_next (payloads, &position, &notify))
        count++;
    FUZZ_MUST (count <= ike_payloads_count (payloads, PAYLOAD_NOTIFY));
}

/* A key that opens nothing: only the way to the integrity check is walked. */
static void
open_sealed (ByteView datagram, const IkePayload *payload)
{
    static const uint8_t key[36] = { 0 };
    const Algorithm *gcm = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes256gcm16");
    g_autoptr (Cipher) cipher =
        cipher_new (gcm, NULL, byte_view (key, sizeof key), (ByteView){ 0 }, CIPHER_OPEN, NULL);
    IkeFragmentNumber fragment;
    g_autoptr (GBytes) inner = ike_sealed_open (cipher, datagram, payload, &fragment);
    if (inner != NULL)
        FUZZ_MUST (fragment.number >= 1 && fragment.number <= fragment.total);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    IkeHeader header;
    IkePayloads payloads;
    g_autoptr (GError) error = NULL;
    ByteView datagram = byte_view (data, size);
    bool ok = ike_header_read (datagram, &header, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return 0;
    FUZZ_MUST (ike_exchange_type_get_name (header.exchange) != NULL);
    ByteView chain = byte_view (data + IKE_HEADER_SIZE, size - IKE_HEADER_SIZE);
    ok = ike_payloads_read (header.next_payload, chain, &payloads, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return 0;
    FUZZ_MUST (payloads.count <= IKE_PAYLOADS_MAX);
    for (unsigned i = 0; i < payloads.count; i++)
    {
        const IkePayload *payload = &payloads.items[i];
        if (payload->type == PAYLOAD_SK || payload->type == PAYLOAD_SKF)
            open_sealed (datagram, payload);
        else
            read_payload (payload);
    }
    check_exchanges (&payloads);
    read_lists (&payloads);
    return 0;
}
