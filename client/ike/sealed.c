/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/sealed.h"

enum
{
    FRAGMENT_NUMBERS_SIZE = 4,
};

static size_t
padding_for (const Cipher *cipher, size_t size)
{
    size_t block = cipher_get_block_size (cipher);
    return (block - (size + 1) % block) % block;
}

GBytes *
ike_sealed_build (Cipher *cipher, const IkeHeader *header, uint8_t first, ByteView inner,
                  const IkeFragmentNumber *fragment)
{
    size_t padding = padding_for (cipher, inner.size);
    size_t plain_size = inner.size + padding + 1;
    size_t prefix = IKE_PAYLOAD_HEADER_SIZE + (fragment != NULL ? FRAGMENT_NUMBERS_SIZE : 0);
    size_t payload_size = prefix + plain_size + cipher_get_overhead (cipher);
    IkeHeader complete = *header;
    complete.next_payload = fragment != NULL ? PAYLOAD_SKF : PAYLOAD_SK;
    complete.length = (uint32_t)(IKE_HEADER_SIZE + payload_size);
    if (payload_size > UINT16_MAX)
        return NULL;

    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    ike_header_write (&complete, &writer);
    byte_writer_u8 (&writer, first);
    byte_writer_u8 (&writer, 0);
    byte_writer_u16 (&writer, (uint16_t)payload_size);
    if (fragment != NULL)
    {
        byte_writer_u16 (&writer, fragment->number);
        byte_writer_u16 (&writer, fragment->total);
    }
    size_t header_size = writer.size;
    uint8_t *sealed = byte_writer_reserve (&writer, plain_size + cipher_get_overhead (cipher));
    if (sealed == NULL)
        return NULL;

    uint8_t *plain = sealed + cipher_get_iv_size (cipher);
    if (inner.size > 0)
        memcpy (plain, inner.data, inner.size);
    plain[plain_size - 1] = (uint8_t)padding;
    if (!cipher_seal (cipher, byte_view (writer.data, header_size), (ByteView){ 0 },
                      byte_view (plain, plain_size), sealed))
        return NULL;
    return byte_writer_finish (&writer);
}

size_t
ike_sealed_get_overhead (const Cipher *cipher, bool fragment)
{
    return IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE + (fragment ? FRAGMENT_NUMBERS_SIZE : 0) +
           cipher_get_overhead (cipher) + cipher_get_block_size (cipher);
}

GBytes *
ike_sealed_open (Cipher *cipher, ByteView datagram, const IkePayload *payload,
                 IkeFragmentNumber *ret_fragment)
{
    ByteReader reader = byte_reader (payload->body);
    IkeFragmentNumber fragment = { 1, 1 };
    if (payload->type == PAYLOAD_SKF)
    {
        fragment.number = byte_reader_u16 (&reader);
        fragment.total = byte_reader_u16 (&reader);
    }
    ByteView sealed = byte_reader_take_rest (&reader);
    size_t overhead = cipher_get_overhead (cipher);
    if (!byte_reader_ok (&reader) || sealed.size <= overhead || fragment.number == 0 ||
        fragment.number > fragment.total ||
        (sealed.size - overhead) % cipher_get_block_size (cipher) != 0)
        return NULL;

    size_t plain_size = sealed.size - overhead;
    g_autofree uint8_t *plain = g_malloc (plain_size);
    ByteView header = byte_view (datagram.data, (size_t)(sealed.data - datagram.data));
    if (!cipher_open (cipher, header, (ByteView){ 0 }, sealed, plain))
        return NULL;
    size_t padding = plain[plain_size - 1];
    if (padding + 1 > plain_size)
        return NULL;
    if (ret_fragment != NULL)
        *ret_fragment = fragment;
    return g_bytes_new_take (g_steal_pointer (&plain), plain_size - 1 - padding);
}
