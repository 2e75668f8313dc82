/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Reads network-order fields off a view. The reader is sticky: a read past the end gives zeros and an empty view and
 * marks the reader failed for good, so that a parser reads all its fields first and asks byte_reader_ok () once. Lengths
 * found in the input must go through byte_reader_take () or byte_reader_sub (), which check them.
 */

#include "bytes/view.h"

typedef struct
{
    ByteView rest;
    bool failed;
} ByteReader;

ByteReader byte_reader (ByteView input);
uint8_t byte_reader_u8 (ByteReader *self);
uint16_t byte_reader_u16 (ByteReader *self);
uint32_t byte_reader_u32 (ByteReader *self);
uint64_t byte_reader_u64 (ByteReader *self);

/* The next SIZE octets, borrowed from the input. */
ByteView byte_reader_take (ByteReader *self, size_t size);

/* All that is left. */
ByteView byte_reader_take_rest (ByteReader *self);

/* A reader of the next SIZE octets; it is failed at once if there are fewer. */
ByteReader byte_reader_sub (ByteReader *self, size_t size);

void byte_reader_copy (ByteReader *self, void *ret_target, size_t size);

/* Marks the input as bad: a value that its field does not allow. */
void byte_reader_fail (ByteReader *self);

/* Nothing failed so far. */
bool byte_reader_ok (const ByteReader *self);

/* Nothing failed and nothing is left. */
bool byte_reader_done (const ByteReader *self);

static inline size_t
byte_reader_left (const ByteReader *self)
{
    return self->rest.size;
}
