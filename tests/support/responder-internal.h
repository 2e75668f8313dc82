/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the files of the test gateway share.
 */

#include "crypto/group.h"
#include "ike/fragment.h"
#include "ike/keys.h"
#include "ike/window.h"
#include "support/eap-server.h"
#include "support/responder.h"

typedef enum
{
    PENDING_NONE,
    PENDING_LIVENESS,
    PENDING_CHILD,
    PENDING_IKE,
    PENDING_DELETE_CHILD,
    PENDING_DELETE_IKE,
} ResponderPending;

typedef struct
{
    uint64_t spi_i;
    uint64_t spi_r;
    bool initiator; /* the gateway began this one */
    IkeSelection selection;
    IkeKeys keys;
    IkeWindow window;
    IkeReassembly requests;
    IkeReassembly responses;
    ResponderPending pending;
    guint
        request_hash; /* of the last request that came in one piece: only the very same one is a repetition */
    bool deleted;

    /* its own request under way */
    KeyExchange *key_exchange;
    GBytes *nonce;
    uint64_t new_spi;
    uint32_t rekeyed; /* the child's inbound SPI */
} ResponderSa;

typedef struct
{
    IkeChildSa *sa;
    bool deleted;
} ResponderChild;

struct Responder
{
    ResponderConfig config;
    GPtrArray *ike_proposals;
    GPtrArray *esp_proposals;
    GQueue out;          /* GBytes */
    GPtrArray *sas;      /* ResponderSa, the newest first */
    GPtrArray *children; /* ResponderChild */
    GArray *overdue;     /* uint32_t: children whose delete went down with its IKE SA */
    GString *transcript;
    unsigned rounds[N_STEPS];
    uint64_t noise; /* of its random numbers */
    uint64_t spi;

    GBytes *init_request;
    GBytes *init_response;
    GBytes *nonce_i;
    GBytes *nonce_r;
    unsigned cookies_given;
    bool established;
    bool gone;

    GBytes *identity_i; /* bodies of the ID payloads */
    GBytes *identity_r;
    GArray *hashes; /* of the client */
    EapServer *eap;
    GBytes *first_sa, *first_tsi, *first_tsr; /* of the first request; EAP answers them last */
};

/* ---- responder.c ---- */

ResponderSa *responder_get_sa (const Responder *self);
void responder_sa_free (ResponderSa *self);
void responder_fill (Responder *self, void *ret_octets, size_t size);
GBytes *responder_draw_nonce (Responder *self);
uint32_t responder_draw_spi (Responder *self);
void responder_push (Responder *self, GPtrArray *datagrams);

/* Lets the hook see CHAIN, and answers the request that is due on SA with it. */
void responder_answer (Responder *self, ResponderSa *sa, ResponderStep step,
                       IkeExchangeType exchange, const IkeChain *chain);
void responder_answer_notify (Responder *self, ResponderSa *sa, ResponderStep step,
                              IkeExchangeType exchange, IkeNotifyType type);
void responder_request (Responder *self, ResponderSa *sa, ResponderStep step,
                        IkeExchangeType exchange, ResponderPending pending, const IkeChain *chain,
                        gint64 now);

/* ---- responder-message.c ---- */

ResponderMessage *responder_message_new (ResponderStep step, unsigned round,
                                         const IkeHeader *header, const IkeChain *chain);
void responder_message_free (ResponderMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ResponderMessage, responder_message_free)

/* The chain of what is in the list now, lengths and all. */
void responder_message_write (const ResponderMessage *self, IkeChain *ret_chain);

/* A line of the transcript. */
void responder_describe (GString *text, bool from_client, const IkeHeader *header,
                         const IkePayloads *payloads, bool again);

/* ---- responder-init.c ---- */

void responder_init_receive (Responder *self, ByteView datagram, const IkeHeader *header);

/* ---- responder-auth.c ---- */

void responder_auth_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads);

/* ---- responder-child.c ---- */

/* The first child, from what IKE_AUTH asked for: writes CP, SAr2, TSi, TSr. */
void responder_child_write_first (Responder *self, ResponderSa *sa, IkeChain *chain);
void responder_child_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads);
void responder_ike_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads);
void responder_info_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads);
void responder_response_receive (Responder *self, ResponderSa *sa, const IkePayloads *payloads,
                                 gint64 now);
