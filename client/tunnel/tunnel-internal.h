/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the files of OutriderTunnel share, and nobody else may see: tunnel.c (calls, signals), tunnel-try.c (from a name to
 * an end), tunnel-actions.c (what the session wants and hears), tunnel-network.c (children, plane, network plan).
 */

#include "certs/signature.h"
#include "dataplane/dataplane.h"
#include "ike/session.h"
#include "tunnel/deadline.h"
#include "tunnel/gateway.h"
#include "tunnel/path-mtu.h"
#include "tunnel/retry.h"
#include "tunnel/tunnel.h"
#include "tunnel/warm-up.h"

struct _OutriderTunnel
{
    GObject parent;

    Profile *profile;
    Credentials *credentials;
    OutriderHost *host;
    CertsTrust *trust;
    WarmUp *warm_up; /* NULL: before the first try */

    OutriderTunnelState state;
    GError *error;
    char *stage;
    GatewayLook *look;   /* the name look-up that is under way */
    GPtrArray *gateways; /* Gateway: those to try */
    guint gateway;       /* the one that is tried */
    CertsRsaPadding padding;
    bool padding_retried;
    bool
        name_withheld; /* our wish for a gateway identity is not sent: the gateway did not know it */
    bool refused_unproven;
    bool password_in_doubt;

    IkeSession *session;
    UdpTransport *transport;
    OutriderDataPlane *plane;
    char *why_not_kernel;
    OutriderCounters counters; /* of the last plane, when it is gone */
    Deadline *deadline;
    Deadline *pause; /* before the next try */
    Retry retry;
    bool pulling;
    bool ending; /* the session said CLOSED; torn down when the pulling is over */
    unsigned refusals;
    unsigned question; /* of the secret that a front end is asked for */

    IkeGrant *grant;
    GPtrArray *children; /* IkeChildSa: those that carry traffic, by number */
    NetworkPlan *plan;
    GHashTable *told; /* char *: sentences about networks, since the tunnel is up */
    WayOut way;       /* of the outer packets, when they were last asked for; all zero: not known */
    PathMtu path; /* all zero: the profile says how large packets are, or there is no child yet */
    uint64_t probed_at; /* how many packets had been sent at the last probe */
    char *gateway_identity;
    char *ike_proposal;
    char *esp_proposal;
    gint64 started;
    gint64 answer_by; /* when a gateway must have answered, whichever it is, its name looked up */
    gint64 elapsed;
    gint64 since;
};

/* tunnel.c */
void tunnel_set_state (OutriderTunnel *self, OutriderTunnelState state);
void tunnel_notice (OutriderTunnel *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void tunnel_warn (OutriderTunnel *self, const char *story);
void tunnel_emit_rekeyed (OutriderTunnel *self, const char *sa);
void tunnel_emit_secret_needed (OutriderTunnel *self, IkeSecretKind kind);

/* tunnel-try.c */

/* Names are looked up, then each address is tried. */
void tunnel_begin_try (OutriderTunnel *self);

/* No name server answers in time. */
void tunnel_give_up_look (OutriderTunnel *self);

/* A failure that ends the try: another gateway, another signature scheme, another time, or the end. ERROR NULL: the end. */
void tunnel_end_try (OutriderTunnel *self, const GError *error, const char *stage);

/* What the tunnel last failed of; both NULL: nothing. */
void tunnel_keep_error (OutriderTunnel *self, const GError *error, const char *stage);

/* All that a connection holds; the host is put back before the device goes. */
void tunnel_release_connection (OutriderTunnel *self);

/* tunnel-actions.c */

/* Does what the session wants until it wants nothing more; then sets the clock. A front end may call in from a signal. */
void tunnel_pull (OutriderTunnel *self);

/* Something of the host's failed while the session lives: it says goodbye to the gateway first. Takes ERROR. */
void tunnel_abort_session (OutriderTunnel *self, GError *error);

/* Callbacks of the clock and of the socket. */
void tunnel_deadline_reached (void *data);
void tunnel_received (ByteView datagram, int error_number, void *data);

/* tunnel-network.c */

/* A plane may want an SA to be rekeyed. */
void tunnel_watch_plane (OutriderTunnel *self);
bool tunnel_bring_child_up (OutriderTunnel *self, IkeChildSa *child, GError **error);
bool tunnel_switch_child (OutriderTunnel *self, IkeChildSa *child, GError **error);
void tunnel_take_child_down (OutriderTunnel *self, IkeChildSa *child);
void tunnel_path_became_narrower (OutriderTunnel *self);

/* Links or addresses of the host came or went: what is in force is brought to what is there now. */
void tunnel_host_changed (OutriderHost *host, gpointer self);

/* Asks the kernel which way the outer packets take. */
void tunnel_find_way (OutriderTunnel *self);

/* How large packets may be: when to ask next, asking if it is time (SENT: packets up to now), and what came of it. */
gint64 tunnel_get_probe_deadline (const OutriderTunnel *self);
void tunnel_probe_path (OutriderTunnel *self, uint64_t sent);
bool tunnel_take_probe (OutriderTunnel *self, unsigned size, bool answered, GError **error);

/* Has the kill switch in force, if the profile wants one. */
bool tunnel_guard (OutriderTunnel *self, GError **error);
