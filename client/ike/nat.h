/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * NAT detection (RFC 7296 2.23): each side sends hashes of the addresses that it believes in.
 */

#include "bytes/address.h"
#include "ike/payloads.h"

typedef struct
{
    IpEndpoint local;
    IpEndpoint gateway;
} IkePath;

enum
{
    NAT_HASH_SIZE = 20,
};

/* SHA-1 (SPIi | SPIr | address | port) */
GBytes *nat_hash (uint64_t initiator_spi, uint64_t responder_spi, const IpEndpoint *endpoint,
                  GError **error);

/* Both notifies of ours. With FORCED the source hash is drawn at random (SOURCE_NOISE, 20 octets), so the gateway sees a NAT. */
bool nat_write_notifies (IkeChain *chain, uint64_t initiator_spi, uint64_t responder_spi,
                         const IkePath *path, ByteView source_noise, GError **error);

typedef struct
{
    bool supported; /* the gateway sent its hashes */
    bool local;     /* a NAT before us */
    bool gateway;   /* a NAT before the gateway */
} NatFinding;

/* What the gateway's hashes say about PATH. */
bool nat_read_notifies (const IkePayloads *payloads, uint64_t initiator_spi, uint64_t responder_spi,
                        const IkePath *path, NatFinding *ret_finding, GError **error);
