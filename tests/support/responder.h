/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * An IKEv2 gateway for tests, in the same process and without I/O: datagrams in, datagrams out, on the clock of whoever
 * asks. It speaks with the ike room's own writers and readers, but its turns are its own. It can be told to lie: a hook
 * sees each of its messages, as a list of payloads, before it is sealed. What both sides said is kept as a transcript in
 * the arrows of RFC 7296.
 */

#include "certs/signature.h"
#include "ike/session.h"
#include "support/pki.h"

/* Which of the gateway's messages a hook looks at. */
typedef enum
{
    STEP_DETOUR,    /* N(COOKIE) or N(INVALID_KE_PAYLOAD) */
    STEP_INIT,      /* SAr1, KEr, Nr */
    STEP_AUTH,      /* the answer to the first IKE_AUTH request; without EAP the only one */
    STEP_EAP,       /* EAP alone */
    STEP_AUTH_LAST, /* the answer to AUTH behind EAP */
    STEP_CHILD_ANSWER,
    STEP_IKE_ANSWER,
    STEP_INFO_ANSWER,
    STEP_CHILD_REQUEST,
    STEP_IKE_REQUEST,
    STEP_INFO_REQUEST,
    N_STEPS
} ResponderStep;

/* ---- a message while it can still be changed ---- */

typedef struct
{
    uint8_t type;
    bool critical;
    GByteArray *body;
} MessagePayload;

typedef struct
{
    ResponderStep step;
    unsigned round; /* how often this step was reached before */
    IkeHeader header;
    GPtrArray *payloads; /* MessagePayload */
    bool in_clear;       /* not sealed, though it should be */
    bool silent;         /* not sent at all */
} ResponderMessage;

/* The payload of TYPE, the nth of them from 0; NULL if there is none. */
MessagePayload *responder_message_find (ResponderMessage *self, IkePayloadType type, unsigned nth);
void responder_message_remove (ResponderMessage *self, IkePayloadType type);
void responder_message_add (ResponderMessage *self, IkePayloadType type, bool critical,
                            ByteView body);
void responder_message_set (ResponderMessage *self, IkePayloadType type, ByteView body);

/* All payloads go, an error notify comes. */
void responder_message_replace_by_notify (ResponderMessage *self, IkeNotifyType type,
                                          ByteView data);
void responder_message_add_notify (ResponderMessage *self, IkeNotifyType type, ByteView data);

typedef void (*ResponderLie) (ResponderMessage *message, const void *data);

/* ---- the gateway ---- */

typedef struct
{
    IkeLogin login;
    const char *identity; /* IDr */
    const char *psk;
    const char *user;
    const char *password;
    const PkiEntity *entity;       /* its certificate and key */
    const PkiEntity *intermediate; /* sent along; or NULL */
    bool old_auth;                 /* knows nothing of RFC 7427 */
    CertsRsaPadding padding;
    const char *ike, *esp; /* what it accepts; NULL: what the client offers by default */

    unsigned cookies;     /* so many cookies, each another one, before it goes on */
    bool same_cookie;     /* the same one each time */
    uint16_t wants_group; /* 0: any */
    size_t fragment_size; /* 0: does not fragment and says so */
    bool no_nat_detection;
    IpEndpoint own, peer; /* as the gateway sees itself and the client */

    bool eap_identity; /* asks for the identity first */
    uint8_t eap_first; /* proposes this method first; 0: MSCHAPv2 at once */
    unsigned eap_error;
    bool eap_refuses_by_notify; /* instead of EAP-Failure */
    uint16_t child_group; /* children after the first need a KE of this group; 0: as they come */
    bool busy;            /* TEMPORARY_FAILURE to all CREATE_CHILD_SA requests */
    bool dead;            /* hears nothing */

    ResponderLie lie;
    const void *lie_data;
} ResponderConfig;

/* A gateway that lets everybody in who knows the PSK; tests change what they want to. */
ResponderConfig responder_config (IkeLogin login);

typedef struct Responder Responder;

Responder *responder_new (const ResponderConfig *config);
void responder_free (Responder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Responder, responder_free)

/* May be changed at any time. */
ResponderConfig *responder_get_config (Responder *self);

void responder_receive (Responder *self, ByteView datagram, gint64 now);
void responder_advance (Responder *self, gint64 now);
gint64 responder_get_deadline (const Responder *self);

/* The next datagram to send; NULL: none. */
GBytes *responder_next_datagram (Responder *self);

/* ---- what it begins ---- */

void responder_rekey_child (Responder *self, uint32_t spi, bool with_key_exchange, gint64 now);
void responder_rekey_ike (Responder *self, gint64 now);
void responder_delete_child (Responder *self, uint32_t spi, gint64 now);
void responder_delete_ike (Responder *self, gint64 now);
void responder_check_liveness (Responder *self, gint64 now);

/* Whether an answer to a request of its own is due. */
bool responder_is_waiting (const Responder *self);

/*
 * Any chain, sealed with the keys in force, as a request or a response of that message ID; a list of datagrams. NULL
 * before there are keys.
 */
GPtrArray *responder_seal (Responder *self, IkeExchangeType exchange, bool response,
                           uint32_t message_id, uint8_t first, ByteView inner);

/* The next message IDs: of its own requests, and of the client's. */
uint32_t responder_get_next_id (const Responder *self);
uint32_t responder_get_expected_id (const Responder *self);

/* ---- what can be seen ---- */

bool responder_is_established (const Responder *self);
bool responder_is_gone (const Responder *self); /* the client deleted the IKE SA */
unsigned responder_count_sas (const Responder *self);

/* Its view of the children that are alive (IkeChildSa), oldest first. */
GPtrArray *responder_get_children (const Responder *self);

/* Lines such as "--> IKE_AUTH 1 {IDi, N(INITIAL_CONTACT), CP, SA, TSi, TSr}". */
const char *responder_get_transcript (const Responder *self);

/* How often NEEDLE stands in it. */
unsigned responder_count_in_transcript (const Responder *self, const char *needle);
