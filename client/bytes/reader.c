/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bytes/reader.h"

ByteReader
byte_reader (ByteView input)
{
    return (ByteReader){ .rest = input };
}

ByteView
byte_reader_take (ByteReader *self, size_t size)
{
    if (self->failed || size > self->rest.size)
    {
        byte_reader_fail (self);
        return (ByteView){ 0 };
    }

    ByteView taken = { self->rest.data, size };
    if (size > 0)
        self->rest = (ByteView){ self->rest.data + size, self->rest.size - size };
    return taken;
}

ByteView
byte_reader_take_rest (ByteReader *self)
{
    return byte_reader_take (self, self->rest.size);
}

ByteReader
byte_reader_sub (ByteReader *self, size_t size)
{
    ByteReader sub = { .rest = byte_reader_take (self, size) };
    sub.failed = self->failed;
    return sub;
}

static uint64_t
read_number (ByteReader *self, size_t size)
{
    ByteView field = byte_reader_take (self, size);
    uint64_t value = 0;
    for (size_t i = 0; i < field.size; i++)
        value = value << 8 | field.data[i];
    return value;
}

uint8_t
byte_reader_u8 (ByteReader *self)
{
    return (uint8_t)read_number (self, 1);
}

uint16_t
byte_reader_u16 (ByteReader *self)
{
    return (uint16_t)read_number (self, 2);
}

uint32_t
byte_reader_u32 (ByteReader *self)
{
    return (uint32_t)read_number (self, 4);
}

uint64_t
byte_reader_u64 (ByteReader *self)
{
    return read_number (self, 8);
}

void
byte_reader_copy (ByteReader *self, void *ret_target, size_t size)
{
    ByteView field = byte_reader_take (self, size);
    if (field.size == size && size > 0)
        memcpy (ret_target, field.data, size);
    else
        memset (ret_target, 0, size);
}

void
byte_reader_fail (ByteReader *self)
{
    self->failed = true;
    self->rest = (ByteView){ 0 };
}

bool
byte_reader_ok (const ByteReader *self)
{
    return !self->failed;
}

bool
byte_reader_done (const ByteReader *self)
{
    return !self->failed && self->rest.size == 0;
}
