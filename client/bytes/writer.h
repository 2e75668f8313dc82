/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Builds octets in network order under a ceiling. Like the reader it is sticky: what does not fit under the ceiling marks
 * it failed and is not written. Length fields are opened before their content and closed after it.
 *
 *     g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
 *     size_t length = byte_writer_open_u16 (&writer, 0);
 *     byte_writer_bytes (&writer, content);
 *     byte_writer_close_u16 (&writer, length, 0);
 */

#include "bytes/view.h"

typedef struct
{
    uint8_t *data;
    size_t size;
    size_t room;
    size_t ceiling;
    bool failed;
} ByteWriter;

#define BYTE_WRITER(most)                                                                          \
    {                                                                                              \
        .ceiling = (most)                                                                          \
    }

/* Wipes and frees what was built. */
void byte_writer_clear (ByteWriter *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ByteWriter, byte_writer_clear)

void byte_writer_u8 (ByteWriter *self, uint8_t value);
void byte_writer_u16 (ByteWriter *self, uint16_t value);
void byte_writer_u32 (ByteWriter *self, uint32_t value);
void byte_writer_u64 (ByteWriter *self, uint64_t value);
void byte_writer_bytes (ByteWriter *self, ByteView content);
void byte_writer_zeros (ByteWriter *self, size_t count);

/* COUNT octets of room to be filled by the caller, zeroed; NULL if they do not fit. Valid until the next call. */
uint8_t *byte_writer_reserve (ByteWriter *self, size_t count);

/*
 * Leaves a 16-bit length field open; the field counts from FROM octets before itself (2 for an IKE payload header,
 * whose length counts its own first octets) to where it is closed.
 */
size_t byte_writer_open_u16 (ByteWriter *self);
void byte_writer_close_u16 (ByteWriter *self, size_t opened, size_t counted_before);

/* The octets so far, borrowed; empty after a failure. */
ByteView byte_writer_view (const ByteWriter *self);
bool byte_writer_ok (const ByteWriter *self);

/* Hands the octets over; NULL after a failure. The writer is empty afterwards. */
GBytes *byte_writer_finish (ByteWriter *self);
