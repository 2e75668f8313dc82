/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What an IkeSession wants of its host, as data. The host pulls one action after the other (ike_session_next_action),
 * does it, and frees it; three of them are questions, answered later by their number.
 */

#include "bytes/address.h"
#include "bytes/secret.h"
#include "certs/chain.h"
#include "certs/identity.h"
#include "crypto/algorithms.h"
#include "ike/attributes.h"
#include "ike/selector.h"

/* One child SA, both directions: what a data plane installs. Immutable, reference counted. */
typedef struct
{
    gatomicrefcount references;
    unsigned number;  /* of the child it belongs to: the same over all rekeys */
    uint32_t spi_in;  /* ours, host order */
    uint32_t spi_out; /* the gateway's */
    const Algorithm *encryption;
    const Algorithm *integrity; /* NULL for an AEAD */
    bool esn;
    bool encapsulated;              /* ESP in UDP (RFC 3948) */
    SecretBytes *encryption_key_in; /* key and salt */
    SecretBytes *encryption_key_out;
    SecretBytes *integrity_key_in; /* NULL for an AEAD */
    SecretBytes *integrity_key_out;
    GArray *local;  /* TrafficSelector: our side */
    GArray *remote; /* TrafficSelector: the gateway's side */
} IkeChildSa;

IkeChildSa *ike_child_sa_new (void);
IkeChildSa *ike_child_sa_ref (IkeChildSa *self);
void ike_child_sa_unref (IkeChildSa *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IkeChildSa, ike_child_sa_unref)

/* "aes256gcm16-esn", as swanctl would write it. */
char *ike_child_sa_format_proposal (const IkeChildSa *self);

typedef enum
{
    IKE_ACTION_SEND,
    IKE_ACTION_ASK_SECRET,
    IKE_ACTION_SIGN,
    IKE_ACTION_VERIFY,
    IKE_ACTION_ESTABLISHED,
    IKE_ACTION_REKEYED,
    IKE_ACTION_CHILD_UP,
    IKE_ACTION_CHILD_SWITCH,
    IKE_ACTION_CHILD_DOWN,
    IKE_ACTION_MOVED,
    IKE_ACTION_PROBED,
    IKE_ACTION_SILENCE, /* the gateway answers, and nothing comes in: the children are rekeyed */
    IKE_ACTION_CLOSED,
} IkeActionKind;

typedef enum
{
    IKE_SECRET_EAP_IDENTITY,
    IKE_SECRET_EAP_PASSWORD,
    IKE_SECRET_PSK,
} IkeSecretKind;

typedef struct
{
    IkeActionKind kind;
    unsigned question; /* ASK_SECRET, SIGN, VERIFY: the number to answer by */

    /* SEND: the host adds the non-ESP marker on every port but 500. NULL: a NAT keepalive (RFC 3948 2.3). */
    GBytes *datagram;
    bool whole; /* SEND: it must not be fragmented on the way, by nobody */

    /* ASK_SECRET */
    IkeSecretKind secret;

    /* SIGN: these octets, with the profile's key, under one of the hashes that the gateway knows (RFC 7427 numbers). */
    SecretBytes *octets;
    GArray *
        hashes; /* uint16_t; empty: the old methods of RFC 7296 (RSA with SHA-1, ECDSA with its curve's hash) */

    /* VERIFY: is this chain good for the gateway, and does it speak for the identity that the profile wants? */
    CertsChain *chain;
    CertsIdentity *identity; /* what it calls itself (IDr) */

    /* ESTABLISHED */
    IkeGrant *grant;
    char *gateway_identity;
    char *proposal; /* of the IKE SA; REKEYED: of the new one */

    /*
     * CHILD_UP: carry it; while another SA of the same number is there, for receiving only. CHILD_SWITCH: send by this one
     * from now on. CHILD_DOWN: remove it; what was in flight has been waited for.
     */
    IkeChildSa *child;

    /* MOVED: talk to this port of the gateway from now on. */
    uint16_t gateway_port;

    /* PROBED: packets of this size get through, or it seems that they do not. */
    unsigned probe_size;
    bool answered;

    /* CLOSED: NULL if it ended as asked. */
    GError *error;
    bool
        refused_unproven; /* the gateway refused our first IKE_AUTH request before it proved itself: who we ask for, or who we are */
    bool password_in_doubt; /* the gateway has our answer to its challenge, and did not take it */
    const char *stage;      /* "IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA", "INFORMATIONAL" */
} IkeAction;

void ike_action_free (IkeAction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IkeAction, ike_action_free)
