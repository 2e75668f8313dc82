/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The two SAs of a child, made from its keys, and what they cost on the wire.
 */

#include "bytes/address.h"
#include "esp/packet.h"

/* What a pair is made of; the views are read once. Integrity is NULL, its keys are empty, with an AEAD. */
typedef struct
{
    uint32_t spi_in;
    uint32_t spi_out;
    const Algorithm *encryption;
    const Algorithm *integrity;
    bool esn;
    unsigned replay_window;     /* in packets; 0: the default */
    ByteView encryption_key_in; /* key and salt */
    ByteView encryption_key_out;
    ByteView integrity_key_in;
    ByteView integrity_key_out;
} EspKeys;

typedef struct
{
    uint32_t spi_in;
    EspOutbound *outbound;
    EspInbound *inbound;
} EspPair;

/* Fails with OUTRIDER_ERROR_INTERNAL if OpenSSL refuses. */
EspPair *esp_pair_new (const EspKeys *keys, GError **error);
void esp_pair_free (EspPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EspPair, esp_pair_free)

/* See cipher_use_vectors (): both ways. */
bool esp_pair_use_vectors (EspPair *self);

/*
 * The largest inner packet whose ESP packet, in UDP if ENCAPSULATED, fits an outer packet of OUTER_MTU octets; 0 if none.
 */
unsigned esp_get_inner_mtu (const Algorithm *encryption, const Algorithm *integrity,
                            bool encapsulated, IpFamily outer, unsigned outer_mtu);
