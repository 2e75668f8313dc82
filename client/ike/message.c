/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/message.h"

#include "errors.h"

static bool
payload_is_known (uint8_t type)
{
    return (type >= PAYLOAD_SA && type <= PAYLOAD_EAP) || type == PAYLOAD_SKF;
}

bool
ike_header_read (ByteView datagram, IkeHeader *ret_header, GError **error)
{
    ByteReader reader = byte_reader (datagram);
    IkeHeader header = { 0 };
    header.initiator_spi = byte_reader_u64 (&reader);
    header.responder_spi = byte_reader_u64 (&reader);
    header.next_payload = byte_reader_u8 (&reader);
    header.version = byte_reader_u8 (&reader);
    header.exchange = byte_reader_u8 (&reader);
    header.flags = byte_reader_u8 (&reader);
    header.message_id = byte_reader_u32 (&reader);
    header.length = byte_reader_u32 (&reader);

    if (!byte_reader_ok (&reader) || header.length != datagram.size)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                     "an IKE header's length does not fit its datagram of %zu octets",
                     datagram.size);
        return false;
    }
    if (header.version >> 4 != IKE_VERSION >> 4)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL, "an IKE message of version %u",
                     header.version >> 4);
        return false;
    }
    *ret_header = header;
    return true;
}

void
ike_header_write (const IkeHeader *header, ByteWriter *writer)
{
    byte_writer_u64 (writer, header->initiator_spi);
    byte_writer_u64 (writer, header->responder_spi);
    byte_writer_u8 (writer, header->next_payload);
    byte_writer_u8 (writer, IKE_VERSION);
    byte_writer_u8 (writer, header->exchange);
    byte_writer_u8 (writer, header->flags);
    byte_writer_u32 (writer, header->message_id);
    byte_writer_u32 (writer, header->length);
}

bool
ike_payloads_read (uint8_t first, ByteView chain, IkePayloads *ret_payloads, GError **error)
{
    IkePayloads payloads = { .count = 0 };
    ByteReader reader = byte_reader (chain);
    uint8_t type = first;

    for (unsigned n = 0; type != PAYLOAD_NONE; n++)
    {
        IkePayload payload = { .type = type };
        payload.next = byte_reader_u8 (&reader);
        payload.critical = (byte_reader_u8 (&reader) & 0x80) != 0;
        uint16_t length = byte_reader_u16 (&reader);
        if (length < IKE_PAYLOAD_HEADER_SIZE || n >= IKE_PAYLOADS_MAX)
            byte_reader_fail (&reader);
        payload.body = byte_reader_take (&reader, (size_t)length - IKE_PAYLOAD_HEADER_SIZE);
        if (!byte_reader_ok (&reader))
        {
            g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                         "a message whose payloads do not fit (at number %u, type %u)", n + 1,
                         type);
            return false;
        }

        if (payload_is_known (type) || payload.critical)
            payloads.items[payloads.count++] = payload;
        bool sealed = type == PAYLOAD_SK || type == PAYLOAD_SKF;
        type = sealed ? PAYLOAD_NONE : payload.next;
    }

    if (!byte_reader_done (&reader))
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                     "a message with %zu octets behind its last payload",
                     byte_reader_left (&reader));
        return false;
    }
    *ret_payloads = payloads;
    return true;
}

const IkePayload *
ike_payloads_find (const IkePayloads *self, IkePayloadType type)
{
    for (unsigned i = 0; i < self->count; i++)
        if (self->items[i].type == type)
            return &self->items[i];
    return NULL;
}

unsigned
ike_payloads_count (const IkePayloads *self, IkePayloadType type)
{
    unsigned count = 0;
    for (unsigned i = 0; i < self->count; i++)
        count += self->items[i].type == type;
    return count;
}

const IkePayload *
ike_payloads_find_unknown_critical (const IkePayloads *self)
{
    for (unsigned i = 0; i < self->count; i++)
        if (!payload_is_known (self->items[i].type))
            return &self->items[i];
    return NULL;
}

void
ike_chain_clear (IkeChain *self)
{
    byte_writer_clear (&self->writer);
    *self = (IkeChain)IKE_CHAIN ();
}

ByteWriter *
ike_chain_begin (IkeChain *self, IkePayloadType type)
{
    if (self->first == PAYLOAD_NONE)
        self->first = (uint8_t)type;
    else if (byte_writer_ok (&self->writer))
        self->writer.data[self->next_field] = (uint8_t)type;
    self->next_field = self->writer.size;
    byte_writer_u8 (&self->writer, PAYLOAD_NONE);
    byte_writer_u8 (&self->writer, 0);
    self->length_field = byte_writer_open_u16 (&self->writer);
    return &self->writer;
}

void
ike_chain_end (IkeChain *self)
{
    byte_writer_close_u16 (&self->writer, self->length_field, 2);
}

void
ike_chain_add (IkeChain *self, IkePayloadType type, ByteView body)
{
    byte_writer_bytes (ike_chain_begin (self, type), body);
    ike_chain_end (self);
}

GBytes *
ike_message_build (const IkeHeader *header, const IkeChain *chain)
{
    if (!byte_writer_ok (&chain->writer))
        return NULL;
    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    IkeHeader complete = *header;
    complete.next_payload = chain->first;
    complete.length = (uint32_t)(IKE_HEADER_SIZE + chain->writer.size);
    ike_header_write (&complete, &writer);
    byte_writer_bytes (&writer, byte_writer_view (&chain->writer));
    return byte_writer_finish (&writer);
}
