/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the exchanges share: the session's insides. Only files of ike/ include it. Each exchange file builds our requests,
 * takes the gateway's answers to them, and answers the gateway's requests of its kind.
 */

#include "crypto/group.h"
#include "eap/peer.h"
#include "errors.h"
#include "ike/exchange.h"
#include "ike/fragment.h"
#include "ike/keys.h"
#include "ike/session.h"
#include "ike/silence.h"
#include "ike/window.h"

typedef enum
{
    IKE_STATE_IDLE,
    IKE_STATE_INIT, /* IKE_SA_INIT is under way */
    IKE_STATE_AUTH, /* IKE_AUTH, or a question to the host before it */
    IKE_STATE_ESTABLISHED,
    IKE_STATE_CLOSING, /* the delete is under way */
    IKE_STATE_CLOSED,
} IkeState;

/* Exchanges that we begin. */
typedef enum
{
    IKE_TASK_NONE,
    IKE_TASK_INIT,
    IKE_TASK_AUTH,
    IKE_TASK_LIVENESS,
    IKE_TASK_PROBE,
    IKE_TASK_NEW_CHILD,
    IKE_TASK_REKEY_CHILD,
    IKE_TASK_REKEY_IKE,
    IKE_TASK_DELETE_CHILD,
    IKE_TASK_DELETE_IKE,
} IkeTaskKind;

typedef struct
{
    IkeTaskKind kind;
    uint32_t spi; /* the child's inbound SPI, for tasks about one; a probe's size */
    gint64 not_before;
} IkeTask;

typedef struct
{
    uint64_t spi_i;
    uint64_t spi_r;
    bool initiator; /* we began this IKE SA */
    IkeSelection selection;
    IkeKeys keys;
    IkeWindow window;
    IkeTask running; /* what our waiting request is about */
    IkeReassembly requests;
    IkeReassembly responses;
    gint64 expires; /* a replaced one goes at last; 0: in force */
} IkeSa;

typedef struct
{
    IkeChildSa *sa;
    bool replaced;    /* a newer one of the same number is there */
    bool deleting;    /* our delete is queued or under way */
    gint64 delete_by; /* replaced at the gateway's wish: when its delete is overdue; else 0 */
    gint64 made_at;
    gint64 rekey_at; /* 0: never */
    gint64 expires;  /* 0: in use; else CHILD_DOWN comes then */
} IkeChild;

/* One way to begin: IKE_SA_INIT with the key of one group. An answer may come to each that was sent. */
typedef struct
{
    KeyExchange *key_exchange;
    GBytes *request; /* as it was sent last; NULL: not yet */
} IkeOpening;

/* The half of a key exchange that waits for the gateway's half, in both kinds of rekey. */
typedef struct
{
    KeyExchange *key_exchange;
    GBytes *nonce;
    uint64_t spi;                            /* ours, of what is being made */
    unsigned number;                         /* the child's */
    uint32_t replaces;                       /* inbound SPI of the child that is rekeyed; 0: none */
    uint32_t deleted[IKE_EARLY_DELETES_MAX]; /* children unknown yet that the gateway deleted */
    unsigned n_deleted;
} IkeHalf;

typedef enum
{
    IKE_AUTH_ASK,      /* a PSK or a signature is asked of the host */
    IKE_AUTH_FIRST,    /* the first request is out */
    IKE_AUTH_VERDICT,  /* the host looks at the gateway's chain */
    IKE_AUTH_EAP,      /* EAP goes on */
    IKE_AUTH_PASSWORD, /* the password is asked of the host */
    IKE_AUTH_LAST,     /* our AUTH after EAP is out */
} IkeAuthStage;

struct IkeSession
{
    IkeSessionConfig *config;
    IkePath path;
    IkeState state;
    GQueue actions; /* IkeAction */
    unsigned last_question;
    unsigned question; /* the one that is open; 0: none */

    GPtrArray *sas;      /* IkeSa, the one in force first */
    GArray *tasks;       /* IkeTask */
    GPtrArray *children; /* IkeChild */
    unsigned last_number;
    IkeHalf half;

    /* IKE_SA_INIT */
    GPtrArray *openings; /* IkeOpening, each of another group; empty when it is through */
    IkeOpening *opening; /* the one that was sent last */
    GError *doubted;     /* what would have ended it, unproven; NULL: nothing yet */
    gint64 doubt_until;
    GBytes *init_request; /* the one that was answered */
    GBytes *init_response;
    GBytes *nonce_i;
    GBytes *nonce_r;
    GBytes *cookie;
    uint8_t source_noise[NAT_HASH_SIZE];
    unsigned restarts;
    NatFinding nat;
    bool encapsulated;
    bool fragmentation;
    GArray *hashes; /* uint16_t: the gateway's, RFC 7427 */
    bool gateway_knows_hashes;

    /* IKE_AUTH */
    IkeAuthStage auth_stage;
    GBytes *identity_body;           /* of our IDi payload */
    CertsIdentity *gateway_identity; /* its IDr */
    GBytes *gateway_identity_body;   /* of the IDr payload, as it came */
    GBytes *held;                    /* the answer that waits for the host's verdict */
    uint8_t held_first;
    EapPeer *eap;
    unsigned eap_rounds;
    SecretBytes *psk;
    uint32_t first_spi; /* of the first child, ours */

    /* Rekeys */
    const Algorithm *child_group; /* that the gateway wants for children; NULL: as the offer says */
    const Algorithm *ike_group;   /* that it wants for the IKE SA; NULL: the one in force */
    unsigned group_changes;       /* since the last rekey that went through */

    gint64 last_in;  /* something authenticated of the gateway's */
    gint64 last_out; /* anything sent */
    IkeSilence silence;
    gint64 ike_made_at;
    gint64 rekey_ike_at; /* 0: never */
    gint64 close_at;
    GError *closing_error;
    const char *closing_stage;
    bool refused_unproven;
    bool password_in_doubt;
    unsigned revivals;
    gint64 last_revival;
};

/* ---- session.c: what exchanges call ---- */

IkeSa *ike_session_get_sa (const IkeSession *self);
IkeAction *ike_session_push (IkeSession *self, IkeActionKind kind);
IkeAction *ike_session_push_question (IkeSession *self, IkeActionKind kind);
void ike_session_push_datagrams (IkeSession *self, GPtrArray *datagrams, gint64 now);
void ike_session_add_task (IkeSession *self, IkeTaskKind kind, uint32_t spi, gint64 not_before);

/* Seals CHAIN as our next request on SA and sends it. False: too long (the session fails). */
bool ike_session_request (IkeSession *self, IkeSa *sa, IkeExchangeType exchange, IkeTask task,
                          const IkeChain *chain, gint64 now);

/* The keys of the IKE SA in force are new. */
void ike_session_start_life (IkeSession *self, gint64 now);

/* One datagram of a request, never fragments (RFC 7383); NULL: too long. */
GBytes *ike_session_seal_whole (IkeSession *self, IkeSa *sa, IkeExchangeType exchange,
                                uint32_t message_id, const IkeChain *chain);

/* Ends the session with ERROR (taken over): with a delete if the gateway holds an SA, else at once. */
void ike_session_fail (IkeSession *self, const char *stage, GError *error, gint64 now);
void ike_session_closed (IkeSession *self, const char *stage, GError *error);

uint32_t ike_session_draw_esp_spi (IkeSession *self);
uint64_t ike_session_draw_ike_spi (IkeSession *self);
GBytes *ike_session_draw_nonce (IkeSession *self);
void ike_half_clear (IkeHalf *self);

/* The gateway's delete of a child may overtake the answer that makes it. SPI: the gateway's. */
void ike_half_note_deleted (IkeHalf *self, uint32_t spi);
bool ike_half_knows_deleted (const IkeHalf *self, uint32_t spi);
void ike_sa_free (IkeSa *self);

/* A later time by up to a tenth less, so that both sides do not rekey at once. */
gint64 ike_session_jitter (IkeSession *self, gint64 delay);

/*
 * A rekey was refused with INVALID_KE_PAYLOAD: the group it names, if PROPOSALS offer it, it is not CURRENT, and this did
 * not go on too often already. Otherwise NULL.
 */
const Algorithm *ike_session_find_wanted_group (IkeSession *self, const IkeNotify *notify,
                                                const GPtrArray *proposals,
                                                const Algorithm *current);

/* ---- explain.c ---- */

/* An error for a notify that the gateway sent. ABOUT_CHILD: what we offered last was for a child, as in IKE_AUTH. */
GError *ike_session_explain_notify (IkeSession *self, const IkeNotify *notify, bool about_child);

/* ---- child.c ---- */

IkeChild *ike_child_find_in (IkeSession *self, uint32_t spi_in);
IkeChild *ike_child_find_out (IkeSession *self, uint32_t spi_out);
IkeChild *ike_child_find_newest (IkeSession *self, unsigned number);
bool ike_child_is_wanted (const IkeSession *self);
void ike_child_rekey_all (IkeSession *self, gint64 now);
void ike_child_free (IkeChild *self);

/* What both the wanted lists and the offered ones share. False if nothing is left of either side. */
bool ike_child_narrow (const GArray *wanted, const GArray *offered, GArray **ret_common);

/* Makes the SA, adds it and emits CHILD_UP. SHARED may be NULL. Selectors are taken over. */
bool ike_child_create (IkeSession *self, unsigned number, uint32_t spi_in,
                       const IkeSelection *selection, const SecretBytes *shared,
                       const IkeKeyInputs *inputs, GArray *local, GArray *remote, gint64 now,
                       GError **error);

/* A newer SA that the gateway asked for is there, but its delete of the old one, and so its word that it has the newer, is not. */
bool ike_child_is_being_replaced (const IkeSession *self, unsigned number);

/* Sends by the newest SA of CHILD's number from now on; CHILD goes after a while. */
void ike_child_retire (IkeSession *self, IkeChild *child, gint64 now);
void ike_child_advance (IkeSession *self, gint64 now);
gint64 ike_child_get_deadline (const IkeSession *self);

/* ---- the exchanges ---- */

/* Takes KEY_EXCHANGE over. */
IkeOpening *ike_init_add_opening (IkeSession *self, KeyExchange *key_exchange);
void ike_opening_free (IkeOpening *self);
void ike_init_start (IkeSession *self, gint64 now);
void ike_init_receive (IkeSession *self, ByteView datagram, const IkeHeader *header, gint64 now);

/* When what was doubted is to be believed, and doing so; while IKE_SA_INIT is under way. */
gint64 ike_init_get_deadline (const IkeSession *self);
void ike_init_advance (IkeSession *self, gint64 now);

void ike_auth_start (IkeSession *self, gint64 now);
void ike_auth_receive (IkeSession *self, const IkePayloads *payloads, GBytes *inner, uint8_t first,
                       gint64 now);
void ike_auth_give_secret (IkeSession *self, SecretBytes *secret, gint64 now);
void ike_auth_give_signature (IkeSession *self, uint8_t method, ByteView data, gint64 now);
void ike_auth_give_verdict (IkeSession *self, const GError *refused, gint64 now);

void ike_rekey_child_start (IkeSession *self, const IkeTask *task, gint64 now);
void ike_rekey_child_receive (IkeSession *self, const IkeTask *task, const IkePayloads *payloads,
                              gint64 now);
void ike_rekey_child_answer (IkeSession *self, IkeSa *sa, const IkePayloads *payloads,
                             IkeChain *response, gint64 now);

void ike_rekey_ike_start (IkeSession *self, gint64 now);
void ike_rekey_ike_receive (IkeSession *self, const IkePayloads *payloads, gint64 now);
void ike_rekey_ike_answer (IkeSession *self, IkeSa *sa, const IkePayloads *payloads,
                           IkeChain *response, gint64 now);

/* Whether the gateway lives, and its children do: when to see to that, and doing so; while established. */
gint64 ike_info_get_check_deadline (const IkeSession *self);
void ike_info_check (IkeSession *self, gint64 now);

void ike_info_start_liveness (IkeSession *self, gint64 now);
void ike_info_start_delete_child (IkeSession *self, const IkeTask *task, gint64 now);
void ike_info_start_delete_ike (IkeSession *self, IkeSa *sa, gint64 now);
void ike_info_receive (IkeSession *self, IkeSa *sa, const IkeTask *task,
                       const IkePayloads *payloads, gint64 now);

/* What becomes of the session once the answer is out. */
typedef enum
{
    IKE_GOES_ON,
    IKE_IS_CLOSED, /* the gateway deleted the IKE SA */
    IKE_GIVES_UP,  /* it keeps deleting our children */
} IkeAftermath;

/* The gateway deleted CHILD: another one is asked for if none is left, but not for ever. */
void ike_info_lose_child (IkeSession *self, IkeChild *child, gint64 now);

/* It deletes them, whatever we do: the end of the IKE SA. */
void ike_info_give_up (IkeSession *self, gint64 now);

IkeAftermath ike_info_answer (IkeSession *self, IkeSa *sa, const IkePayloads *payloads,
                              IkeChain *response, gint64 now);

/* ---- exchange-probe.c ---- */

bool ike_probe_start (IkeSession *self, unsigned size, gint64 now);

/* Nothing has come back yet. */
void ike_probe_resend (IkeSession *self, IkeSa *sa, gint64 now);

/* If SA has a probe under way: it goes on as a small liveness check. */
void ike_probe_end (IkeSession *self, IkeSa *sa, gint64 now);
void ike_probe_receive (IkeSession *self, const IkeTask *task);

/* If SA has a probe under way: it will not be answered any more. */
void ike_probe_lose (IkeSession *self, const IkeSa *sa);
