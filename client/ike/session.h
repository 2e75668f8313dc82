/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One IKEv2 session with a gateway, as the initiator, sans I/O. Its host hands in datagrams, time and answers, and pulls actions
 * until there are none. It never calls out. Times are microseconds of CLOCK_BOOTTIME.
 *
 *     ike_session_start (session, &path, now);
 *     while ((action = ike_session_next_action (session)) != NULL) ...do it...
 *     ...wait until ike_session_get_deadline () or a datagram...
 */

#include "crypto/random.h"
#include "ike/actions.h"
#include "ike/nat.h"
#include "ike/proposal.h"

typedef enum
{
    IKE_LOGIN_EAP,
    IKE_LOGIN_CERTIFICATE,
    IKE_LOGIN_PSK,
} IkeLogin;

typedef struct
{
    RandomSource random;

    IkeLogin login;
    CertsIdentity *identity; /* IDi */
    CertsIdentity
        *gateway_identity; /* whom we want; NULL: not named, the certificate decides (VERIFY) */
    bool send_gateway_identity;      /* as IDr */
    bool insist_on_gateway_identity; /* with a PSK: its IDr must be this one */
    bool initial_contact;            /* tell the gateway that this identity has no other IKE SA */
    char *eap_identity;
    uint8_t eap_methods[8];
    unsigned n_eap_methods;
    GPtrArray *certificates;     /* GBytes, DER: ours, its own first; or NULL */
    GPtrArray *authority_hashes; /* GBytes of 20 octets, for CERTREQ; or NULL */

    GPtrArray *ike_proposals; /* IkeProposal; NULL: the default offer, likewise for ESP */
    GPtrArray *esp_proposals;
    GArray *local;  /* TrafficSelector: what we ask for on our side */
    GArray *remote; /* and on the gateway's */

    bool force_encapsulation;
    size_t fragment_size;  /* 0: IKE_FRAGMENT_SIZE */
    gint64 answer_timeout; /* one exchange, all tries; 0: IKE_ANSWER_TIMEOUT */
    gint64 dpd_delay;      /* silence before a liveness check; 0: none */
    gint64 rekey_ike;      /* 0: left to the gateway */
    gint64 rekey_child;
} IkeSessionConfig;

/* An empty configuration with all traffic of both families asked for, and initial contact. */
IkeSessionConfig *ike_session_config_new (void);
void ike_session_config_free (IkeSessionConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IkeSessionConfig, ike_session_config_free)

typedef struct IkeSession IkeSession;

/* Takes CONFIG over. Makes the key of the first offer right away. */
IkeSession *ike_session_new (IkeSessionConfig *config, GError **error);
void ike_session_free (IkeSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IkeSession, ike_session_free)

void ike_session_start (IkeSession *self, const IkePath *path, gint64 now);
void ike_session_receive (IkeSession *self, ByteView datagram, gint64 now);
void ike_session_advance (IkeSession *self, gint64 now);

/*
 * What the data plane knows: it HEARD the gateway last then, so that no liveness check is needed before HEARD and dpd_delay;
 * and it SENT so many packets in all. If nothing comes of them, though the gateway answers, the children are rekeyed.
 */
void ike_session_note_traffic (IkeSession *self, gint64 heard, uint64_t sent);

/* Answers to ASK_SECRET (NULL: there is none), SIGN and VERIFY, by the action's number. Late or wrong numbers are ignored. */
void ike_session_answer_secret (IkeSession *self, unsigned question, SecretBytes *secret,
                                gint64 now);

/* METHOD and DATA of the AUTH payload; for RFC 7427's method DATA begins with the algorithm's length. */
void ike_session_answer_signature (IkeSession *self, unsigned question, uint8_t method,
                                   ByteView data, const GError *refused, gint64 now);

/* REFUSED: NULL if the chain is good. */
void ike_session_answer_verdict (IkeSession *self, unsigned question, const GError *refused,
                                 gint64 now);

void ike_session_rekey_ike (IkeSession *self, gint64 now);
void ike_session_rekey_child (IkeSession *self, gint64 now);

/* Of the keys in force; microseconds. */
typedef struct
{
    gint64 age;
    gint64 left; /* until we replace them; -1: left to the gateway */
} IkeLife;

/* Of the IKE SA, and of the child that was made last; while established. */
IkeLife ike_session_get_life (const IkeSession *self, gint64 now);
IkeLife ike_session_get_child_life (const IkeSession *self, gint64 now);

/*
 * Asks the gateway whether a packet of SIZE octets, IP header included, gets through; the action PROBED tells. False: the
 * session is busy with something else; to be asked again later.
 */
bool ike_session_probe (IkeSession *self, unsigned size, gint64 now);

/* Deletes the IKE SA and ends with CLOSED; at once where there is nothing to delete. */
void ike_session_close (IkeSession *self, gint64 now);

/* As close, but CLOSED brings ERROR (taken over): the host cannot go on. */
void ike_session_abort (IkeSession *self, GError *error, gint64 now);

/* When ike_session_advance () wants to be called; G_MAXINT64: never. */
gint64 ike_session_get_deadline (const IkeSession *self);

/* The next thing to do, owned by the caller; NULL: nothing. */
IkeAction *ike_session_next_action (IkeSession *self);

/* IKE_SA_INIT is through. */
bool ike_session_has_begun_login (const IkeSession *self);

/* For status: whether a NAT was found before us; and the proposal of the IKE SA in force. */
bool ike_session_is_behind_nat (const IkeSession *self);
