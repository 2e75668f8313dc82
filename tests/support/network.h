/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The wire between an IkeSession and a test gateway, on a clock of its own: each datagram takes ten milliseconds, unless a
 * test loses it, doubles it or holds it back. It is also the session's host: it answers what the session asks, and keeps
 * what it says as a story of words, such as "established up:1 switch:1 down:1 closed".
 */

#include "certs/pem.h"
#include "certs/trust.h"
#include "errors.h"
#include "support/responder.h"

#define NETWORK_DELAY (IKE_SECOND / 100)

typedef enum
{
    TO_GATEWAY,
    TO_CLIENT,
} NetworkDirection;

typedef enum
{
    FATE_ARRIVES,
    FATE_LOST,
    FATE_DOUBLED,
    FATE_LATE, /* behind the next one */
} NetworkFate;

typedef struct Network Network;

/* What becomes of the datagram number INDEX (from 0, each direction for itself); its octets may be changed. */
typedef NetworkFate (*NetworkDecide) (Network *network, NetworkDirection direction, unsigned index,
                                      GByteArray *datagram);

struct Network
{
    IkeSession *session;
    Responder *gateway;
    gint64 now;
    GQueue flying; /* in the order of their arrival */
    unsigned sent[2];
    NetworkDecide decide;
    const void *decide_data;

    /* What the host knows. */
    const char *psk;
    const char *password;
    const PkiEntity *own;
    CertsTrust *trust;
    const char *wanted; /* the gateway's name */
    CertsRsaPadding padding;
    bool holds_answers; /* questions are kept in `question' */
    IkeAction *question;

    /* What it saw. */
    GString *story;
    GPtrArray *children; /* IkeChildSa: up, not down yet */
    unsigned sending;    /* index of the one to send by */
    IkeGrant *grant;
    char *gateway_identity;
    char *proposal;
    GError *error;
    const char *stage;
    bool closed;
    bool refused_unproven;
    bool password_in_doubt;
    uint16_t port;
    unsigned keepalives;
    size_t largest; /* datagram of the client */
    gint64 last_sent;
};

/* A configuration for the login that fits responder_config (): alice, all traffic, no timers. */
IkeSessionConfig *network_config (IkeLogin login);

/* Takes both over. */
Network *network_new (IkeSessionConfig *config, const ResponderConfig *responder);
void network_free (Network *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Network, network_free)

/* The path that the session is told at the start. */
IkePath network_path (void);
void network_start (Network *self);

/* Does what the session wants done; called by all of those below. */
void network_pull (Network *self);

/* Runs for that long. */
void network_run (Network *self, gint64 duration);

/* Until the session is established or closed; at most a minute. */
void network_run_until_settled (Network *self);
void network_run_until_closed (Network *self);

/* Puts a datagram in front of the client, now. */
void network_inject (Network *self, ByteView datagram);
void network_inject_all (Network *self, GPtrArray *datagrams);

/* Answers the question that was kept. */
void network_answer (Network *self);

/* ---- what must hold ---- */

/* Both sides hold the same children: SPIs, keys, algorithms, selectors; COUNT of them. */
void network_assert_children (const Network *self, unsigned count);

/* Up, with one child, and the grant that the test gateway gives. */
void network_assert_established (const Network *self);

/* Closed with that code. */
void network_assert_closed (const Network *self, OutriderError code);

/* Closed as asked. */
void network_assert_closed_well (const Network *self);

void network_assert_story (const Network *self, const char *story);

/* Deterministic random octets, from SEED. */
RandomSource network_random (uint64_t *seed);
