/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/payloads.h"

#include "errors.h"

static bool
refuse (GError **error, const char *payload)
{
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL, "a malformed %s payload", payload);
    return false;
}

bool
ike_key_payload_read (ByteView body, IkeKeyPayload *ret_key, GError **error)
{
    ByteReader reader = byte_reader (body);
    IkeKeyPayload key = { .group = byte_reader_u16 (&reader) };
    byte_reader_u16 (&reader);
    key.value = byte_reader_take_rest (&reader);
    if (!byte_reader_ok (&reader) || key.value.size == 0)
        return refuse (error, "KE");
    *ret_key = key;
    return true;
}

void
ike_key_payload_write (IkeChain *chain, uint16_t group, ByteView value)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_KE);
    byte_writer_u16 (writer, group);
    byte_writer_u16 (writer, 0);
    byte_writer_bytes (writer, value);
    ike_chain_end (chain);
}

bool
ike_identity_payload_read (ByteView body, CertsIdentity **ret_identity, GError **error)
{
    ByteReader reader = byte_reader (body);
    uint8_t type = byte_reader_u8 (&reader);
    byte_reader_take (&reader, 3);
    ByteView value = byte_reader_take_rest (&reader);
    if (!byte_reader_ok (&reader) || value.size == 0 || value.size > IKE_IDENTITY_MAX)
        return refuse (error, "ID");
    *ret_identity = certs_identity_new (type, value.data, value.size);
    return true;
}

void
ike_identity_payload_write (IkeChain *chain, IkePayloadType type, const CertsIdentity *identity)
{
    ByteWriter *writer = ike_chain_begin (chain, type);
    byte_writer_u8 (writer, (uint8_t)identity->type);
    byte_writer_zeros (writer, 3);
    byte_writer_bytes (writer, byte_view_of_bytes (identity->value));
    ike_chain_end (chain);
}

void
ike_certificate_payload_write (IkeChain *chain, GBytes *der)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_CERT);
    byte_writer_u8 (writer, CERT_ENCODING_X509_SIGNATURE);
    byte_writer_bytes (writer, byte_view_of_bytes (der));
    ike_chain_end (chain);
}

bool
ike_certificate_payloads_read (const IkePayloads *payloads, GPtrArray **ret_certificates,
                               GError **error)
{
    g_autoptr (GPtrArray) certificates =
        g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    for (unsigned i = 0; i < payloads->count; i++)
    {
        if (payloads->items[i].type != PAYLOAD_CERT)
            continue;
        ByteReader reader = byte_reader (payloads->items[i].body);
        uint8_t encoding = byte_reader_u8 (&reader);
        ByteView der = byte_reader_take_rest (&reader);
        if (!byte_reader_ok (&reader))
            return refuse (error, "CERT");
        if (encoding != CERT_ENCODING_X509_SIGNATURE || der.size == 0)
            continue;
        if (der.size > IKE_CERTIFICATE_MAX || certificates->len >= IKE_CERTIFICATES_MAX)
        {
            g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                                 "more certificates than a gateway needs");
            return false;
        }
        g_ptr_array_add (certificates, byte_view_to_bytes (der));
    }
    *ret_certificates = g_steal_pointer (&certificates);
    return true;
}

void
ike_certificate_request_write (IkeChain *chain, GPtrArray *hashes)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_CERTREQ);
    byte_writer_u8 (writer, CERT_ENCODING_X509_SIGNATURE);
    for (guint i = 0; i < hashes->len; i++)
        byte_writer_bytes (writer, byte_view_of_bytes (hashes->pdata[i]));
    ike_chain_end (chain);
}

bool
ike_auth_payload_read (ByteView body, IkeAuthPayload *ret_auth, GError **error)
{
    ByteReader reader = byte_reader (body);
    IkeAuthPayload auth = { .method = byte_reader_u8 (&reader) };
    byte_reader_take (&reader, 3);
    auth.data = byte_reader_take_rest (&reader);
    if (!byte_reader_ok (&reader) || auth.data.size == 0)
        return refuse (error, "AUTH");
    *ret_auth = auth;
    return true;
}

void
ike_auth_payload_write (IkeChain *chain, IkeAuthMethod method, ByteView data)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_AUTH);
    byte_writer_u8 (writer, (uint8_t)method);
    byte_writer_zeros (writer, 3);
    byte_writer_bytes (writer, data);
    ike_chain_end (chain);
}

bool
ike_nonce_payload_read (ByteView body, ByteView *ret_nonce, GError **error)
{
    if (body.size < IKE_NONCE_MIN || body.size > IKE_NONCE_MAX)
        return refuse (error, "Nonce");
    *ret_nonce = body;
    return true;
}

bool
ike_notify_read (ByteView body, IkeNotify *ret_notify, GError **error)
{
    ByteReader reader = byte_reader (body);
    IkeNotify notify = { .protocol = byte_reader_u8 (&reader) };
    uint8_t spi_size = byte_reader_u8 (&reader);
    notify.type = byte_reader_u16 (&reader);
    notify.spi = byte_reader_take (&reader, spi_size);
    notify.data = byte_reader_take_rest (&reader);
    if (!byte_reader_ok (&reader))
        return refuse (error, "Notify");
    *ret_notify = notify;
    return true;
}

void
ike_notify_write (IkeChain *chain, IkeNotifyType type, ByteView data)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_NOTIFY);
    byte_writer_u8 (writer, IKE_PROTOCOL_NONE);
    byte_writer_u8 (writer, 0);
    byte_writer_u16 (writer, (uint16_t)type);
    byte_writer_bytes (writer, data);
    ike_chain_end (chain);
}

void
ike_notify_write_spi (IkeChain *chain, IkeNotifyType type, uint32_t esp_spi)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_NOTIFY);
    byte_writer_u8 (writer, IKE_PROTOCOL_ESP);
    byte_writer_u8 (writer, 4);
    byte_writer_u16 (writer, (uint16_t)type);
    byte_writer_u32 (writer, esp_spi);
    ike_chain_end (chain);
}

bool
ike_notify_next (const IkePayloads *payloads, unsigned *position, IkeNotify *ret_notify)
{
    while (*position < payloads->count)
    {
        const IkePayload *payload = &payloads->items[(*position)++];
        if (payload->type == PAYLOAD_NOTIFY && ike_notify_read (payload->body, ret_notify, NULL))
            return true;
    }
    return false;
}

bool
ike_notify_find (const IkePayloads *payloads, IkeNotifyType type, IkeNotify *ret_notify)
{
    unsigned position = 0;
    IkeNotify notify;
    while (ike_notify_next (payloads, &position, &notify))
    {
        if (notify.type != type)
            continue;
        *ret_notify = notify;
        return true;
    }
    return false;
}

bool
ike_notify_find_error (const IkePayloads *payloads, IkeNotify *ret_notify)
{
    unsigned position = 0;
    IkeNotify notify;
    while (ike_notify_next (payloads, &position, &notify))
    {
        if (notify.type >= NOTIFY_FIRST_STATUS)
            continue;
        *ret_notify = notify;
        return true;
    }
    return false;
}

bool
ike_delete_read (ByteView body, IkeDelete *ret_delete, GError **error)
{
    ByteReader reader = byte_reader (body);
    IkeDelete parsed = { .protocol = byte_reader_u8 (&reader) };
    uint8_t spi_size = byte_reader_u8 (&reader);
    unsigned count = byte_reader_u16 (&reader);
    if (parsed.protocol == IKE_PROTOCOL_IKE ? spi_size != 0 || count > 1 : spi_size != 4)
        return refuse (error, "Delete");
    if (parsed.protocol != IKE_PROTOCOL_IKE && count > IKE_DELETE_SPIS_MAX)
        return refuse (error, "Delete");
    if (parsed.protocol != IKE_PROTOCOL_IKE)
        for (; parsed.count < count; parsed.count++)
            parsed.spis[parsed.count] = byte_reader_u32 (&reader);
    if (!byte_reader_done (&reader))
        return refuse (error, "Delete");
    *ret_delete = parsed;
    return true;
}

void
ike_delete_write_ike (IkeChain *chain)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_DELETE);
    byte_writer_u8 (writer, IKE_PROTOCOL_IKE);
    byte_writer_u8 (writer, 0);
    byte_writer_u16 (writer, 0);
    ike_chain_end (chain);
}

void
ike_delete_write_esp (IkeChain *chain, const uint32_t *spis, unsigned count)
{
    ByteWriter *writer = ike_chain_begin (chain, PAYLOAD_DELETE);
    byte_writer_u8 (writer, IKE_PROTOCOL_ESP);
    byte_writer_u8 (writer, 4);
    byte_writer_u16 (writer, (uint16_t)count);
    for (unsigned i = 0; i < count; i++)
        byte_writer_u32 (writer, spis[i]);
    ike_chain_end (chain);
}
