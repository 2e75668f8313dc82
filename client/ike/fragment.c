/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/fragment.h"

static GPtrArray *
datagrams_new (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

static bool
add_datagram (GPtrArray *datagrams, GBytes *datagram)
{
    if (datagram != NULL)
        g_ptr_array_add (datagrams, datagram);
    return datagram != NULL;
}

GPtrArray *
ike_fragments_build (Cipher *cipher, const IkeHeader *header, const IkeChain *chain, size_t size)
{
    if (!byte_writer_ok (&chain->writer))
        return NULL;
    ByteView inner = byte_writer_view (&chain->writer);
    g_autoptr (GPtrArray) datagrams = datagrams_new ();
    if (size == 0 || inner.size + ike_sealed_get_overhead (cipher, false) <= size)
        return add_datagram (datagrams,
                             ike_sealed_build (cipher, header, chain->first, inner, NULL))
                   ? g_steal_pointer (&datagrams)
                   : NULL;

    size_t part =
        MAX (size, (size_t)IKE_FRAGMENT_SIZE_MIN) - ike_sealed_get_overhead (cipher, true);
    size_t total = (inner.size + part - 1) / part;
    if (total > IKE_FRAGMENTS_MAX)
        return NULL;
    for (size_t n = 0; n < total; n++)
    {
        IkeFragmentNumber number = { (uint16_t)(n + 1), (uint16_t)total };
        ByteView piece = byte_view (inner.data + n * part, MIN (part, inner.size - n * part));
        if (!add_datagram (datagrams, ike_sealed_build (cipher, header, n == 0 ? chain->first : 0,
                                                        piece, &number)))
            return NULL;
    }
    return g_steal_pointer (&datagrams);
}

void
ike_reassembly_clear (IkeReassembly *self)
{
    for (unsigned i = 0; i < IKE_FRAGMENTS_MAX; i++)
        g_clear_pointer (&self->parts[i], g_bytes_unref);
    *self = (IkeReassembly){ 0 };
}

static GBytes *
join_parts (IkeReassembly *self)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    for (unsigned i = 0; i < self->total; i++)
        byte_writer_bytes (&writer, byte_view_of_bytes (self->parts[i]));
    return byte_writer_finish (&writer);
}

bool
ike_reassembly_add (IkeReassembly *self, uint32_t message_id, const IkeFragmentNumber *fragment,
                    uint8_t first, GBytes *part, GBytes **ret_inner, uint8_t *ret_first)
{
    if (fragment->total > IKE_FRAGMENTS_MAX)
        return false;

    /* A larger total is the sender's second try with smaller fragments; what came before is void. */
    if (!self->active || self->message_id != message_id || fragment->total > self->total)
    {
        ike_reassembly_clear (self);
        self->active = true;
        self->message_id = message_id;
        self->total = fragment->total;
    }
    unsigned index = fragment->number - 1U;
    size_t size = self->size + g_bytes_get_size (part);
    if (fragment->total < self->total || self->parts[index] != NULL || size > IKE_MESSAGE_MAX)
        return false;

    self->parts[index] = g_bytes_ref (part);
    self->size = size;
    if (fragment->number == 1)
        self->first = first;
    if (++self->got < self->total)
        return false;

    GBytes *inner = join_parts (self);
    uint8_t inner_first = self->first;
    ike_reassembly_clear (self);
    if (inner == NULL)
        return false;
    *ret_inner = inner;
    *ret_first = inner_first;
    return true;
}
