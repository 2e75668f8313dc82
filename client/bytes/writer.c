/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bytes/writer.h"

void
byte_writer_clear (ByteWriter *self)
{
    if (self->data != NULL)
        explicit_bzero (self->data, self->room);
    g_free (self->data);
    *self = (ByteWriter)BYTE_WRITER (self->ceiling);
}

static bool
grow (ByteWriter *self, size_t count)
{
    if (self->failed || count > self->ceiling - self->size)
    {
        self->failed = true;
        return false;
    }
    if (self->room - self->size >= count)
        return true;

    size_t room = MIN (self->ceiling, MAX (self->size + count, MAX (self->room * 2, 256)));
    uint8_t *data = g_malloc (room);
    if (self->size > 0)
        memcpy (data, self->data, self->size);
    if (self->data != NULL)
        explicit_bzero (self->data, self->room);
    g_free (self->data);
    self->data = data;
    self->room = room;
    return true;
}

uint8_t *
byte_writer_reserve (ByteWriter *self, size_t count)
{
    if (!grow (self, count))
        return NULL;
    uint8_t *place = self->data + self->size;
    if (count > 0)
        memset (place, 0, count);
    self->size += count;
    return place;
}

static void
write_number (ByteWriter *self, uint64_t value, size_t size)
{
    uint8_t *place = byte_writer_reserve (self, size);
    if (place == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        place[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

void
byte_writer_u8 (ByteWriter *self, uint8_t value)
{
    write_number (self, value, 1);
}

void
byte_writer_u16 (ByteWriter *self, uint16_t value)
{
    write_number (self, value, 2);
}

void
byte_writer_u32 (ByteWriter *self, uint32_t value)
{
    write_number (self, value, 4);
}

void
byte_writer_u64 (ByteWriter *self, uint64_t value)
{
    write_number (self, value, 8);
}

void
byte_writer_bytes (ByteWriter *self, ByteView content)
{
    if (content.size == 0)
        return;
    uint8_t *place = byte_writer_reserve (self, content.size);
    if (place != NULL)
        memcpy (place, content.data, content.size);
}

void
byte_writer_zeros (ByteWriter *self, size_t count)
{
    byte_writer_reserve (self, count);
}

size_t
byte_writer_open_u16 (ByteWriter *self)
{
    size_t opened = self->size;
    byte_writer_u16 (self, 0);
    return opened;
}

void
byte_writer_close_u16 (ByteWriter *self, size_t opened, size_t counted_before)
{
    if (self->failed)
        return;
    g_return_if_fail (opened + 2 <= self->size && counted_before <= opened);
    size_t length = self->size - opened + counted_before;
    if (length > UINT16_MAX)
    {
        self->failed = true;
        return;
    }
    self->data[opened] = (uint8_t)(length >> 8);
    self->data[opened + 1] = (uint8_t)length;
}

ByteView
byte_writer_view (const ByteWriter *self)
{
    return self->failed ? (ByteView){ 0 } : (ByteView){ self->data, self->size };
}

bool
byte_writer_ok (const ByteWriter *self)
{
    return !self->failed;
}

GBytes *
byte_writer_finish (ByteWriter *self)
{
    GBytes *bytes = self->failed ? NULL : g_bytes_new (self->data, self->size);
    byte_writer_clear (self);
    return bytes;
}
