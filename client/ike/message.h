/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The frame of a message: the IKE header (RFC 7296 3.1) and the chain of payloads behind it (3.2), both ways. What the
 * payloads mean is the business of payloads.h and of the exchanges.
 */

#include "bytes/reader.h"
#include "bytes/writer.h"
#include "ike/limits.h"
#include "ike/protocol.h"

typedef struct
{
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint8_t next_payload;
    uint8_t version;
    uint8_t exchange;
    uint8_t flags;
    uint32_t message_id;
    uint32_t length;
} IkeHeader;

typedef struct
{
    uint8_t type;
    bool critical;
    ByteView body; /* behind the generic header, borrowed */
    uint8_t next;  /* the next payload's type: for SK and SKF, of the first one inside */
} IkePayload;

typedef struct
{
    IkePayload items[IKE_PAYLOADS_MAX];
    unsigned count;
} IkePayloads;

/* Reads the header and holds its length against the datagram's. OUTRIDER_ERROR_PROTOCOL. */
bool ike_header_read (ByteView datagram, IkeHeader *ret_header, GError **error);
void ike_header_write (const IkeHeader *header, ByteWriter *writer);

/*
 * Reads a chain that begins with a payload of type FIRST. An SK or SKF payload ends it (RFC 7296 3.14). Unknown payloads
 * are kept in the list if they are critical, passed over if not.
 */
bool ike_payloads_read (uint8_t first, ByteView chain, IkePayloads *ret_payloads, GError **error);

/* The first payload of TYPE; NULL if there is none. */
const IkePayload *ike_payloads_find (const IkePayloads *self, IkePayloadType type);
unsigned ike_payloads_count (const IkePayloads *self, IkePayloadType type);

/* A payload whose type we do not know and whose sender insists on it; NULL if there is none. */
const IkePayload *ike_payloads_find_unknown_critical (const IkePayloads *self);

/* Builds a chain: begin a payload, write its body to WRITER, end it, begin the next. */
typedef struct
{
    ByteWriter writer;
    uint8_t first;
    size_t next_field; /* where the last payload's "next payload" stands */
    size_t length_field;
} IkeChain;

#define IKE_CHAIN()                                                                                \
    {                                                                                              \
        .writer = BYTE_WRITER (IKE_MESSAGE_MAX)                                                    \
    }

void ike_chain_clear (IkeChain *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IkeChain, ike_chain_clear)
ByteWriter *ike_chain_begin (IkeChain *self, IkePayloadType type);
void ike_chain_end (IkeChain *self);

/* A payload with a ready body. */
void ike_chain_add (IkeChain *self, IkePayloadType type, ByteView body);

/* A whole message in clear: HEADER with next payload and length filled in, and the chain. NULL if it is too long. */
GBytes *ike_message_build (const IkeHeader *header, const IkeChain *chain);
