/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * IKE fragmentation (RFC 7383): a long chain leaves in several SKF messages under one message ID; those that come in are
 * verified one by one and put together.
 */

#include "ike/sealed.h"

/*
 * The datagrams (GBytes) that carry CHAIN: one SK message if it fits SIZE or SIZE is 0 (not agreed), fragments otherwise.
 * NULL if it is too long for either.
 */
GPtrArray *ike_fragments_build (Cipher *cipher, const IkeHeader *header, const IkeChain *chain,
                                size_t size);

/* One message being put together. */
typedef struct
{
    bool active;
    uint32_t message_id;
    uint16_t total;
    uint16_t got;
    uint8_t first; /* inner payload type, from fragment 1 */
    size_t size;
    GBytes *parts[IKE_FRAGMENTS_MAX];
} IkeReassembly;

void ike_reassembly_clear (IkeReassembly *self);

/*
 * Adds a verified fragment (FIRST is the SKF payload's next-payload field). True when the message is whole: RET_INNER and
 * RET_FIRST are its chain. Fragments that do not fit what came before are passed over (RFC 7383 2.6).
 */
bool ike_reassembly_add (IkeReassembly *self, uint32_t message_id,
                         const IkeFragmentNumber *fragment, uint8_t first, GBytes *part,
                         GBytes **ret_inner, uint8_t *ret_first);
