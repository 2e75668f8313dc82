/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What we offer and what was chosen: proposals as swanctl writes them ("aes256gcm16-prfsha384-ecp384"), the SA payload
 * (RFC 7296 3.3) both ways, and the choice between two sides.
 */

#include "bytes/writer.h"
#include "crypto/algorithms.h"
#include "ike/protocol.h"

/* One alternative that we offer: any one algorithm of each type in it. */
typedef struct
{
    IkeProtocol protocol;
    GPtrArray *algorithms; /* const Algorithm *, most wanted first within a type */
} IkeProposal;

void ike_proposal_free (IkeProposal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IkeProposal, ike_proposal_free)

/*
 * One proposal, or several separated by commas or semicolons, for PROTOCOL. "default" stands for the default offer. What
 * a proposal leaves open is filled in: a PRF like its integrity, both ESN values. OUTRIDER_ERROR_PROFILE_INVALID names
 * the word that is wrong.
 */
GPtrArray *ike_proposals_parse (IkeProtocol protocol, const char *text, GError **error);

/* Whether this system's OpenSSL can do all of it; OUTRIDER_ERROR_PROFILE_INVALID names what it cannot. Asks OpenSSL, which takes time. */
bool ike_proposals_check (const GPtrArray *proposals, GError **error);

/* A wide, safe offer that serves nearly every gateway: two proposals. */
GPtrArray *ike_proposals_default (IkeProtocol protocol);

/* "aes256gcm16-prfsha256-ecp256, ..." of an offer, for people. */
char *ike_proposals_format (const GPtrArray *proposals);

/* The key exchange group that the first proposal wants most; NULL if it has none. */
const Algorithm *ike_proposals_get_first_group (const GPtrArray *proposals);

/* The group of that number, if one of the proposals offers it; NULL otherwise. */
const Algorithm *ike_proposals_find_group (const GPtrArray *proposals, uint16_t id);

/* Chosen: one algorithm a type. */
typedef struct
{
    uint8_t number; /* of the proposal, as on the wire */
    uint64_t spi;   /* the sender's: 32 bits for ESP; for IKE 64 or 0 (IKE_SA_INIT) */
    const Algorithm *encryption;
    const Algorithm *integrity; /* NULL with an AEAD */
    const Algorithm *prf;       /* IKE */
    const Algorithm *group;     /* NULL: no key exchange (children) */
    bool esn;
} IkeSelection;

char *ike_selection_format (const IkeSelection *self);

/* The SA payload of our offer: SPI of SPI_SIZE octets (0, 4, 8) in each proposal. */
void ike_proposals_write (const GPtrArray *proposals, uint64_t spi, uint8_t spi_size,
                          ByteWriter *writer);

/* Without key exchange groups, for the first child (RFC 7296 1.2). */
GPtrArray *ike_proposals_without_groups (const GPtrArray *proposals);

/* PROPOSALS with the key exchange groups of OTHERS instead of their own, GROUP first. */
GPtrArray *ike_proposals_with_groups (const GPtrArray *proposals, const Algorithm *group,
                                      const GPtrArray *others);

/* The SA payload that answers: one proposal with the chosen algorithms. */
void ike_selection_write (const IkeSelection *self, IkeProtocol protocol, uint64_t spi,
                          uint8_t spi_size, ByteWriter *writer);

/* Reads the answer to OURS: exactly one of our proposals, one algorithm a type. OUTRIDER_ERROR_PROTOCOL. */
bool ike_selection_read (ByteView body, const GPtrArray *ours, uint8_t spi_size,
                         IkeSelection *ret_selection, GError **error);

/*
 * Chooses from the other side's offer in BODY. With WANTED_GROUP (its KE payload's number, 0 for none) that group is
 * preferred; where ours name no group, any that is not weak will do. OUTRIDER_ERROR_NO_PROPOSAL if nothing fits,
 * _PROTOCOL if the payload is malformed.
 */
bool ike_proposals_choose (const GPtrArray *ours, ByteView body, uint8_t spi_size,
                           uint16_t wanted_group, IkeSelection *ret_selection, GError **error);
