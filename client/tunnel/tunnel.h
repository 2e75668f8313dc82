/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One VPN connection, alive: it resolves the gateway's name, runs an IkeSession over a UdpTransport, carries its
 * children over a data plane, has the network plan applied, keeps all that up, and takes it down. Front ends listen:
 *
 *     "state-changed" ()            the state, or what outrider_tunnel_get_... tells of it, changed
 *     "secret-needed" (int kind)    an IkeSecretKind; answer by outrider_tunnel_answer_secret ()
 *     "rekeyed" (const char *sa)    "ike" or "child"
 *     "notice" (const char *story)  one line of what happened, for people who want to know (-v)
 *     "warning" (const char *story) one line that everybody should know: something is not as the profile says
 *
 * The last state is OUTRIDER_TUNNEL_DISCONNECTED; outrider_tunnel_get_error () says why then, NULL if as asked.
 */

#include "dataplane/dataplane.h"
#include "ike/session.h"
#include "network/host.h"
#include "profile/credentials.h"
#include "profile/profile.h"

#define OUTRIDER_TYPE_TUNNEL (outrider_tunnel_get_type ())
G_DECLARE_FINAL_TYPE (OutriderTunnel, outrider_tunnel, OUTRIDER, TUNNEL, GObject)

typedef enum
{
    OUTRIDER_TUNNEL_IDLE,
    OUTRIDER_TUNNEL_RESOLVING,
    OUTRIDER_TUNNEL_CONNECTING,     /* IKE_SA_INIT */
    OUTRIDER_TUNNEL_AUTHENTICATING, /* IKE_AUTH */
    OUTRIDER_TUNNEL_CONNECTED,
    OUTRIDER_TUNNEL_RECONNECTING, /* waits before the next try; the error is the last one's */
    OUTRIDER_TUNNEL_DISCONNECTING,
    OUTRIDER_TUNNEL_DISCONNECTED,
} OutriderTunnelState;

/* Takes PROFILE and CREDENTIALS over. HOST is referenced. */
OutriderTunnel *outrider_tunnel_new (Profile *profile, Credentials *credentials,
                                     OutriderHost *host);

/* Never fails itself: what goes wrong is told by the state. */
void outrider_tunnel_connect (OutriderTunnel *self);

/* Deletes the SAs and puts the host back; ends in DISCONNECTED. */
void outrider_tunnel_disconnect (OutriderTunnel *self);

/* Puts the host back at once, without a word to the gateway or to who listens; for a process that ends right after. */
void outrider_tunnel_drop (OutriderTunnel *self);

/* NULL: nobody has one. */
void outrider_tunnel_answer_secret (OutriderTunnel *self, SecretBytes *secret);

void outrider_tunnel_rekey (OutriderTunnel *self, bool ike);

OutriderTunnelState outrider_tunnel_get_state (OutriderTunnel *self);

/* "resolving", "connected", ...: the words of JSON. */
const char *outrider_tunnel_state_get_name (OutriderTunnelState state);

/* The failure and the exchange that it came in; NULL without one. */
const GError *outrider_tunnel_get_error (OutriderTunnel *self);
const char *outrider_tunnel_get_stage (OutriderTunnel *self);

/* While connected; borrowed until the next change. Strings are NULL and the plan is NULL otherwise. */
typedef struct
{
    const NetworkPlan *plan;
    const char *device;
    const char *plane;    /* "userspace", "kernel" */
    const char *resolver; /* "systemd-resolved", "resolvconf", "file"; NULL: left alone */
    IpEndpoint gateway;
    const WayOut *way; /* of the outer packets; NULL: not known */
    const char *gateway_identity;
    const char *ike_proposal;
    const char *esp_proposal;
    const char *banner; /* the gateway's, sanitised */
    bool behind_nat;
    const char *why_not_kernel; /* NULL: the kernel carries the packets, or nobody asked it */
    IkeLife ike_life;
    IkeLife child_life;
    gint64 elapsed; /* microseconds from connect to connected */
    gint64 since;   /* wall clock, seconds since 1970 */
} OutriderTunnelFacts;

void outrider_tunnel_get_facts (OutriderTunnel *self, OutriderTunnelFacts *ret_facts);

/* The way is asked for whenever the plan is applied; and now, as the host may have moved since. */
void outrider_tunnel_look_at_way (OutriderTunnel *self);

/* Of the connection that is, or of the last one. */
void outrider_tunnel_get_counters (OutriderTunnel *self, OutriderCounters *ret_counters);
