/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/tunnel.h"

#include "dataplane/tun.h"
#include "errors.h"
#include "ike/limits.h"
#include "ike/session.h"
#include "network/netlink-host.h"
#include "tunnel/deadline.h"
#include "tunnel/gateway.h"
#include "tunnel/login.h"
#include "tunnel/retry.h"

#include <errno.h>

enum
{
    REFUSALS_BELIEVED =
        2, /* ICMP errors in a row while nobody has answered yet: they are not authenticated */
    ANSWER_TIMEOUT_LEAST = 3, /* seconds for one of several gateways */
};

struct _OutriderTunnel
{
    GObject parent;

    Profile *profile;
    Credentials *credentials;
    OutriderHost *host;
    CertsTrust *trust;

    OutriderTunnelState state;
    GError *error;
    char *stage;
    GCancellable *cancellable; /* of the name look-up */
    GPtrArray *gateways;       /* Gateway: those to try */
    guint gateway;             /* the one that is tried */
    CertsRsaPadding padding;
    bool padding_retried;
    bool
        name_withheld; /* our wish for a gateway identity is not sent: the gateway did not know it */
    bool refused_unproven;

    IkeSession *session;
    UdpTransport *transport;
    OutriderDataPlane *plane;
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
    char *gateway_identity;
    char *ike_proposal;
    char *esp_proposal;
    gint64 started;
    gint64 elapsed;
    gint64 since;
};

G_DEFINE_FINAL_TYPE (OutriderTunnel, outrider_tunnel, G_TYPE_OBJECT)

enum
{
    STATE_CHANGED,
    SECRET_NEEDED,
    REKEYED,
    NOTICE,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void begin_try (OutriderTunnel *self);
static void try_gateway (OutriderTunnel *self);
static void pull (OutriderTunnel *self);

static void
set_state (OutriderTunnel *self, OutriderTunnelState state)
{
    if (self->state == state)
        return;
    self->state = state;
    g_signal_emit (self, signals[STATE_CHANGED], 0);
}

static void notice (OutriderTunnel *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
notice (OutriderTunnel *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_autofree char *story = g_strdup_vprintf (format, arguments);
    va_end (arguments);
    g_signal_emit (self, signals[NOTICE], 0, story);
}

/* ---- the end of a try, of a connection, of the tunnel ---- */

/* All that a connection holds; the host is put back before the device goes. */
static void
release_connection (OutriderTunnel *self)
{
    outrider_host_revert (self->host);
    outrider_tunnel_get_counters (self, &self->counters);
    if (self->plane != NULL)
        outrider_data_plane_close (self->plane);
    g_clear_object (&self->plane);
    g_clear_pointer (&self->session, ike_session_free);
    g_clear_pointer (&self->transport, udp_transport_free);
    if (self->deadline != NULL)
        deadline_set (self->deadline, G_MAXINT64);
    g_clear_pointer (&self->grant, ike_grant_free);
    g_ptr_array_set_size (self->children, 0);
    g_clear_pointer (&self->plan, network_plan_free);
    g_clear_pointer (&self->gateway_identity, g_free);
    g_clear_pointer (&self->ike_proposal, g_free);
    g_clear_pointer (&self->esp_proposal, g_free);
    self->question = 0;
    self->refusals = 0;
}

static void
finish (OutriderTunnel *self)
{
    release_connection (self);
    g_cancellable_cancel (self->cancellable);
    g_clear_pointer (&self->deadline, deadline_free);
    g_clear_pointer (&self->pause, deadline_free);
    set_state (self, OUTRIDER_TUNNEL_DISCONNECTED);
}

static void
keep_error (OutriderTunnel *self, const GError *error, const char *stage)
{
    g_clear_error (&self->error);
    g_clear_pointer (&self->stage, g_free);
    self->error = error != NULL ? g_error_copy (error) : NULL;
    self->stage = g_strdup (stage);
}

static void
pause_is_over (void *data)
{
    OutriderTunnel *self = data;
    begin_try (self);
}

/*
 * A refused login may be about how we asked. Each way is tried once: without the gateway's name, which it may not know as
 * its own (what it proves is then held against the name here), and with the other RSA scheme.
 */
static bool
try_otherwise (OutriderTunnel *self, const GError *error)
{
    if (!g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_LOGIN_REFUSED) ||
        !self->refused_unproven)
        return false;
    if (self->profile->gateway_identity != NULL && !self->name_withheld)
    {
        notice (self, "the gateway refused: asking once more without its name");
        self->name_withheld = true;
        return true;
    }
    if (self->profile->method != PROFILE_METHOD_CERTIFICATE || self->padding_retried ||
        certs_key_get_type (self->credentials->bundle->key) != CERTS_KEY_RSA)
        return false;
    notice (self, "the gateway refused: trying the other RSA scheme once");
    self->padding_retried = true;
    self->padding = self->padding == CERTS_RSA_PSS ? CERTS_RSA_PKCS1 : CERTS_RSA_PSS;
    return true;
}

/* A failure that ends the try: another gateway, another signature scheme, another time, or the end. */
static void
end_try (OutriderTunnel *self, const GError *error, const char *stage)
{
    bool was_connected = self->state == OUTRIDER_TUNNEL_CONNECTED;
    bool asked = self->state == OUTRIDER_TUNNEL_DISCONNECTING;
    keep_error (self, error, stage);
    if (error == NULL || asked)
    {
        if (asked)
            keep_error (self, NULL, NULL);
        finish (self);
        return;
    }

    bool elsewhere = g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_ANSWER) ||
                     g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_UNREACHABLE);
    if (!was_connected && elsewhere && self->gateways != NULL &&
        self->gateway + 1 < self->gateways->len)
    {
        notice (self, "%s: trying the next address", error->message);
        release_connection (self);
        self->gateway++;
        try_gateway (self);
        return;
    }
    if (!was_connected && try_otherwise (self, error))
    {
        release_connection (self);
        try_gateway (self);
        return;
    }
    bool reconnecting = was_connected || self->since != 0;
    if (self->profile->retry && reconnecting && retry_is_worthwhile (error, was_connected))
    {
        release_connection (self);
        gint64 now = deadline_now ();
        deadline_set (self->pause, now + retry_next_pause (&self->retry, now));
        set_state (self, OUTRIDER_TUNNEL_RECONNECTING);
        return;
    }
    finish (self);
}

static void
fail (OutriderTunnel *self, GError *error)
{
    end_try (self, error, "host");
    g_error_free (error);
}

/* Something of the host's failed while the session lives: it says goodbye to the gateway first. */
static void
abort_session (OutriderTunnel *self, GError *error)
{
    ike_session_abort (self->session, error, deadline_now ());
}

/* ---- the network plan ---- */

static GArray *
join_selectors (const OutriderTunnel *self, bool local)
{
    GArray *all = g_array_new (false, false, sizeof (TrafficSelector));
    for (guint i = 0; i < self->children->len; i++)
    {
        const IkeChildSa *child = self->children->pdata[i];
        const GArray *side = local ? child->local : child->remote;
        g_array_append_vals (all, side->data, side->len);
    }
    return all;
}

static unsigned
compute_mtu (OutriderTunnel *self, const IkeChildSa *child)
{
    if (self->profile->mtu != 0)
        return self->profile->mtu;
    IpEndpoint gateway = udp_transport_get_gateway (self->transport);
    return outrider_data_plane_get_mtu (self->plane, child, gateway.address.family,
                                        udp_transport_get_mtu (self->transport));
}

static bool
apply_plan (OutriderTunnel *self, GError **error)
{
    g_autoptr (GArray) local = join_selectors (self, true);
    g_autoptr (GArray) remote = join_selectors (self, false);
    const char *device = outrider_data_plane_get_device (self->plane);
    NetworkPlanInputs inputs = {
        .profile = self->profile,
        .grant = self->grant,
        .local = local,
        .remote = remote,
        .gateway = udp_transport_get_gateway (self->transport).address,
        .without_v6 = outrider_host_lacks_v6 (self->host, device),
        .device = device,
        .device_index = outrider_data_plane_get_device_index (self->plane),
        .mtu = compute_mtu (self, self->children->pdata[0]),
    };
    NetworkPlan *plan = network_plan_new (&inputs, error);
    if (plan == NULL)
        return false;
    outrider_data_plane_set_mtu (self->plane, plan->mtu);
    if (!outrider_host_apply (self->host, plan, error))
    {
        network_plan_free (plan);
        return false;
    }
    network_plan_free (self->plan);
    self->plan = plan;
    return true;
}

static void
path_became_narrower (OutriderTunnel *self)
{
    if (self->state != OUTRIDER_TUNNEL_CONNECTED || self->children->len == 0 ||
        compute_mtu (self, self->children->pdata[0]) == self->plan->mtu)
        return;
    g_autoptr (GError) error = NULL;
    if (!apply_plan (self, &error))
        abort_session (self, g_steal_pointer (&error));
}

/* ---- children ---- */

static IkeChildSa *
find_child (const OutriderTunnel *self, unsigned number)
{
    for (guint i = 0; i < self->children->len; i++)
    {
        IkeChildSa *child = self->children->pdata[i];
        if (child->number == number)
            return child;
    }
    return NULL;
}

static void
remember_child (OutriderTunnel *self, IkeChildSa *child)
{
    IkeChildSa *old = find_child (self, child->number);
    if (old != NULL)
        g_ptr_array_remove (self->children, old);
    g_ptr_array_add (self->children, ike_child_sa_ref (child));
    g_free (self->esp_proposal);
    self->esp_proposal = ike_child_sa_format_proposal (child);
}

static bool
bring_child_up (OutriderTunnel *self, IkeChildSa *child, GError **error)
{
    /* Before there is a pump to be told: that takes the time of waking its threads. */
    if (self->children->len == 0)
        outrider_data_plane_set_mtu (self->plane, compute_mtu (self, child));
    if (!outrider_data_plane_install (self->plane, self->transport, child, error))
        return false;
    if (find_child (self, child->number) != NULL)
        return true; /* a rekey: CHILD_SWITCH makes it the one that counts */
    remember_child (self, child);
    if (!apply_plan (self, error))
        return false;
    if (self->state == OUTRIDER_TUNNEL_CONNECTED)
        return true;
    self->elapsed = deadline_now () - self->started;
    self->since = g_get_real_time () / G_USEC_PER_SEC;
    retry_connected (&self->retry, deadline_now ());
    keep_error (self, NULL, NULL);
    set_state (self, OUTRIDER_TUNNEL_CONNECTED);
    return true;
}

static bool
switch_child (OutriderTunnel *self, IkeChildSa *child, GError **error)
{
    if (!outrider_data_plane_switch_child (self->plane, child, error))
        return false;
    remember_child (self, child);
    g_signal_emit (self, signals[REKEYED], 0, "child");
    return true;
}

static void
take_child_down (OutriderTunnel *self, IkeChildSa *child)
{
    outrider_data_plane_remove (self->plane, child);
    g_ptr_array_remove (self->children, child);
}

/* ---- the session's questions ---- */

static void
answer_secret (OutriderTunnel *self, const IkeAction *action)
{
    SecretBytes *secret =
        action->secret == IKE_SECRET_PSK ? self->credentials->psk : self->credentials->password;
    if (secret != NULL)
    {
        ike_session_answer_secret (self->session, action->question, secret, deadline_now ());
        return;
    }
    self->question = action->question;
    g_signal_emit (self, signals[SECRET_NEEDED], 0, (int)action->secret);
}

static void
answer_signature (OutriderTunnel *self, const IkeAction *action)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) data = NULL;
    uint8_t method = 0;
    login_sign (self->credentials, action->octets, action->hashes, self->padding, &method, &data,
                &error);
    ike_session_answer_signature (self->session, action->question, method,
                                  byte_view_of_bytes (data), error, deadline_now ());
}

static void
answer_verdict (OutriderTunnel *self, const IkeAction *action)
{
    const Gateway *gateway = self->gateways->pdata[self->gateway];
    const char *text =
        self->profile->gateway_identity != NULL ? self->profile->gateway_identity : gateway->name;
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsIdentity) wanted = certs_identity_parse (text, &error);
    if (wanted != NULL)
        login_verify (self->trust, wanted, action->chain, action->identity, &error);
    ike_session_answer_verdict (self->session, action->question, error, deadline_now ());
}

/* ---- pulling actions ---- */

static void
take_established (OutriderTunnel *self, IkeAction *action)
{
    ike_grant_free (self->grant);
    self->grant = g_steal_pointer (&action->grant);
    g_free (self->gateway_identity);
    self->gateway_identity = g_steal_pointer (&action->gateway_identity);
    g_free (self->ike_proposal);
    self->ike_proposal = g_steal_pointer (&action->proposal);
}

static void
take_move (OutriderTunnel *self, uint16_t port, GError **error)
{
    if (!udp_transport_set_gateway_port (self->transport, port, error))
        return;
    outrider_data_plane_moved (self->plane);
    notice (self,
            ike_session_is_behind_nat (self->session)
                ? "there is a NAT on the way: going on at port %u"
                : "going on at port %u",
            port);
}

static void
do_action (OutriderTunnel *self, IkeAction *action, GError **error)
{
    switch (action->kind)
    {
    case IKE_ACTION_SEND:
        if (action->datagram != NULL)
            udp_transport_send (self->transport, byte_view_of_bytes (action->datagram));
        else
            udp_transport_send_keepalive (self->transport);
        break;
    case IKE_ACTION_ASK_SECRET:
        answer_secret (self, action);
        break;
    case IKE_ACTION_SIGN:
        answer_signature (self, action);
        break;
    case IKE_ACTION_VERIFY:
        answer_verdict (self, action);
        break;
    case IKE_ACTION_ESTABLISHED:
        take_established (self, action);
        break;
    case IKE_ACTION_REKEYED:
        g_free (self->ike_proposal);
        self->ike_proposal = g_steal_pointer (&action->proposal);
        g_signal_emit (self, signals[REKEYED], 0, "ike");
        break;
    case IKE_ACTION_CHILD_UP:
        bring_child_up (self, action->child, error);
        break;
    case IKE_ACTION_CHILD_SWITCH:
        switch_child (self, action->child, error);
        break;
    case IKE_ACTION_CHILD_DOWN:
        take_child_down (self, action->child);
        break;
    case IKE_ACTION_MOVED:
        take_move (self, action->gateway_port, error);
        break;
    case IKE_ACTION_CLOSED:
        self->ending = true;
        self->refused_unproven = action->refused_unproven;
        keep_error (self, action->error, action->stage);
        break;
    }
}

/* Does what the session wants until it wants nothing more; then sets the clock. A front end may call in from a signal. */
static void
pull (OutriderTunnel *self)
{
    if (self->pulling || self->session == NULL)
        return;
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    self->pulling = true;
    IkeAction *next;
    while (!self->ending && (next = ike_session_next_action (self->session)) != NULL)
    {
        g_autoptr (IkeAction) action = next;
        g_autoptr (GError) error = NULL;
        do_action (self, action, &error);
        if (error != NULL)
            abort_session (self, g_steal_pointer (&error));
    }
    self->pulling = false;
    if (!self->ending)
    {
        deadline_set (self->deadline, ike_session_get_deadline (self->session));
        return;
    }
    self->ending = false;
    g_autoptr (GError) error = self->error != NULL ? g_error_copy (self->error) : NULL;
    g_autofree char *stage = g_strdup (self->stage);
    end_try (self, error, stage);
}

/* ---- events ---- */

static void
deadline_reached (void *data)
{
    OutriderTunnel *self = data;
    if (self->session == NULL)
        return;
    OutriderCounters counters = { 0 };
    if (self->plane != NULL)
        outrider_data_plane_get_counters (self->plane, &counters);
    ike_session_note_traffic (self->session, counters.last_in);
    ike_session_advance (self->session, deadline_now ());
    pull (self);
}

static void
socket_refused (OutriderTunnel *self, int error_number)
{
    if (error_number == EMSGSIZE)
    {
        path_became_narrower (self);
        return;
    }
    if (self->state != OUTRIDER_TUNNEL_CONNECTING || ++self->refusals < REFUSALS_BELIEVED)
        return;
    const Gateway *gateway = self->gateways->pdata[self->gateway];
    g_autofree char *endpoint = ip_endpoint_format (&gateway->endpoint);
    abort_session (self, g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_UNREACHABLE, "%s (%s): %s",
                                      gateway->name, endpoint, g_strerror (error_number)));
}

static void
received (ByteView datagram, int error_number, void *data)
{
    OutriderTunnel *self = data;
    if (self->session == NULL)
        return;
    if (error_number != 0)
        socket_refused (self, error_number);
    else
        ike_session_receive (self->session, datagram, deadline_now ());
    if (self->state == OUTRIDER_TUNNEL_CONNECTING && ike_session_has_begun_login (self->session))
        set_state (self, OUTRIDER_TUNNEL_AUTHENTICATING);
    pull (self);
}

/* ---- a try ---- */

static gint64
get_answer_timeout (const OutriderTunnel *self)
{
    gint64 total =
        self->profile->timeout != 0 ? self->profile->timeout * IKE_SECOND : IKE_ANSWER_TIMEOUT;
    return self->gateways->len <= 1
               ? total
               : MAX (total / self->gateways->len, ANSWER_TIMEOUT_LEAST * IKE_SECOND);
}

static IkeSession *
make_session (OutriderTunnel *self, const Gateway *gateway, GError **error)
{
    IkeSessionConfig *config =
        login_make_config (self->profile, self->credentials, gateway->name, error);
    if (config == NULL)
        return NULL;
    config->force_encapsulation = true; /* the userspace plane has no raw socket */
    config->answer_timeout = get_answer_timeout (self);
    config->send_gateway_identity = config->send_gateway_identity && !self->name_withheld;
    if (config->identity == NULL)
    {
        IpAddress local = udp_transport_get_local (self->transport).address;
        g_autofree char *text = ip_address_format (&local);
        config->identity = certs_identity_parse (text, NULL);
    }
    return ike_session_new (config, error);
}

static bool
open_connection (OutriderTunnel *self, const Gateway *gateway, GError **error)
{
    self->transport =
        udp_transport_new (&gateway->endpoint, 0, OUTRIDER_OUTER_MARK, received, self, error);
    if (self->transport == NULL)
        return false;
    self->session = make_session (self, gateway, error);
    if (self->session == NULL)
        return false;
    self->plane = outrider_tun_plane_new ();
    return true;
}

static void
try_gateway (OutriderTunnel *self)
{
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    const Gateway *gateway = self->gateways->pdata[self->gateway];
    g_autoptr (GError) error = NULL;
    if (!open_connection (self, gateway, &error))
    {
        end_try (self, error, "host");
        return;
    }
    set_state (self, OUTRIDER_TUNNEL_CONNECTING);
    IkePath path = { udp_transport_get_local (self->transport), gateway->endpoint };
    ike_session_start (self->session, &path, deadline_now ());
    pull (self);

    /*
     * The CAs are read and the device is made while the gateway computes; nothing else of the host changes before the login
     * is through.
     */
    if (self->trust == NULL)
        self->trust = login_make_trust (self->credentials, &error);
    const char *device = self->profile->interface != NULL ? self->profile->interface : "outrider%d";
    if (self->session != NULL &&
        (self->trust == NULL || !outrider_data_plane_open (self->plane, device, &error)))
    {
        abort_session (self, g_steal_pointer (&error));
        pull (self);
    }
}

static void
resolved (GPtrArray *gateways, GError *error, void *data)
{
    OutriderTunnel *self = data;
    if (error != NULL)
    {
        end_try (self, error, "resolving");
        return;
    }
    g_clear_pointer (&self->gateways, g_ptr_array_unref);
    self->gateways = g_ptr_array_ref (gateways);
    self->gateway = 0;
    try_gateway (self);
}

static void
begin_try (OutriderTunnel *self)
{
    self->started = deadline_now ();
    set_state (self, OUTRIDER_TUNNEL_RESOLVING);
    gateway_resolve (self->profile->addresses, self->profile->port, self->cancellable, resolved,
                     self);
}

/* ---- calls ---- */

GThread *
outrider_tunnel_warm_up (const Profile *profile)
{
    return login_warm_up (profile);
}

void
outrider_tunnel_connect (OutriderTunnel *self)
{
    g_return_if_fail (self->state == OUTRIDER_TUNNEL_IDLE);
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    self->deadline = deadline_new (deadline_reached, self);
    self->pause = deadline_new (pause_is_over, self);
    GError *error = NULL;
    if (!outrider_host_prepare (self->host, &error))
    {
        fail (self, error);
        return;
    }
    begin_try (self);
}

void
outrider_tunnel_disconnect (OutriderTunnel *self)
{
    if (self->state == OUTRIDER_TUNNEL_DISCONNECTED || self->state == OUTRIDER_TUNNEL_DISCONNECTING)
        return;
    set_state (self, OUTRIDER_TUNNEL_DISCONNECTING);
    if (self->session == NULL)
    {
        end_try (self, NULL, NULL);
        return;
    }
    ike_session_close (self->session, deadline_now ());
    pull (self);
}

void
outrider_tunnel_answer_secret (OutriderTunnel *self, SecretBytes *secret)
{
    if (self->session == NULL || self->question == 0)
        return;
    ike_session_answer_secret (self->session, self->question, secret, deadline_now ());
    self->question = 0;
    pull (self);
}

void
outrider_tunnel_rekey (OutriderTunnel *self, bool ike)
{
    if (self->session == NULL)
        return;
    if (ike)
        ike_session_rekey_ike (self->session, deadline_now ());
    else
        ike_session_rekey_child (self->session, deadline_now ());
    pull (self);
}

OutriderTunnelState
outrider_tunnel_get_state (OutriderTunnel *self)
{
    return self->state;
}

const char *
outrider_tunnel_state_get_name (OutriderTunnelState state)
{
    static const char *const names[] = {
        [OUTRIDER_TUNNEL_IDLE] = "idle",
        [OUTRIDER_TUNNEL_RESOLVING] = "resolving",
        [OUTRIDER_TUNNEL_CONNECTING] = "connecting",
        [OUTRIDER_TUNNEL_AUTHENTICATING] = "authenticating",
        [OUTRIDER_TUNNEL_CONNECTED] = "connected",
        [OUTRIDER_TUNNEL_RECONNECTING] = "reconnecting",
        [OUTRIDER_TUNNEL_DISCONNECTING] = "disconnecting",
        [OUTRIDER_TUNNEL_DISCONNECTED] = "disconnected",
    };
    return names[state];
}

const GError *
outrider_tunnel_get_error (OutriderTunnel *self)
{
    return self->error;
}

const char *
outrider_tunnel_get_stage (OutriderTunnel *self)
{
    return self->stage;
}

void
outrider_tunnel_get_facts (OutriderTunnel *self, OutriderTunnelFacts *ret_facts)
{
    bool up = self->state == OUTRIDER_TUNNEL_CONNECTED && self->plan != NULL;
    *ret_facts = (OutriderTunnelFacts){ .elapsed = self->elapsed, .since = self->since };
    if (!up)
        return;
    ret_facts->plan = self->plan;
    ret_facts->device = outrider_data_plane_get_device (self->plane);
    ret_facts->plane = outrider_data_plane_get_name (self->plane);
    ret_facts->gateway = udp_transport_get_gateway (self->transport);
    ret_facts->gateway_identity = self->gateway_identity;
    ret_facts->ike_proposal = self->ike_proposal;
    ret_facts->esp_proposal = self->esp_proposal;
    ret_facts->banner = self->grant->banner;
    ret_facts->behind_nat = ike_session_is_behind_nat (self->session);
}

void
outrider_tunnel_get_counters (OutriderTunnel *self, OutriderCounters *ret_counters)
{
    OutriderCounters counters = self->counters;
    if (self->plane != NULL)
        outrider_data_plane_get_counters (self->plane, &counters);
    *ret_counters = counters;
}

/* ---- GObject ---- */

OutriderTunnel *
outrider_tunnel_new (Profile *profile, Credentials *credentials, OutriderHost *host)
{
    OutriderTunnel *self = g_object_new (OUTRIDER_TYPE_TUNNEL, NULL);
    self->profile = profile;
    self->credentials = credentials;
    self->host = g_object_ref (host);
    return self;
}

static void
outrider_tunnel_finalize (GObject *object)
{
    OutriderTunnel *self = OUTRIDER_TUNNEL (object);
    release_connection (self);
    g_clear_pointer (&self->deadline, deadline_free);
    g_clear_pointer (&self->pause, deadline_free);
    g_clear_object (&self->cancellable);
    g_clear_pointer (&self->gateways, g_ptr_array_unref);
    g_ptr_array_unref (self->children);
    g_clear_error (&self->error);
    g_free (self->stage);
    certs_trust_free (self->trust);
    g_clear_object (&self->host);
    credentials_free (self->credentials);
    profile_free (self->profile);
    G_OBJECT_CLASS (outrider_tunnel_parent_class)->finalize (object);
}

static void
outrider_tunnel_class_init (OutriderTunnelClass *klass)
{
    G_OBJECT_CLASS (klass)->finalize = outrider_tunnel_finalize;
    static const struct
    {
        const char *name;
        GType parameter;
    } table[N_SIGNALS] = {
        [STATE_CHANGED] = { "state-changed", G_TYPE_NONE },
        [SECRET_NEEDED] = { "secret-needed", G_TYPE_INT },
        [REKEYED] = { "rekeyed", G_TYPE_STRING },
        [NOTICE] = { "notice", G_TYPE_STRING },
    };
    for (size_t i = 0; i < N_SIGNALS; i++)
        signals[i] = g_signal_new (table[i].name, OUTRIDER_TYPE_TUNNEL, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE,
                                   table[i].parameter == G_TYPE_NONE ? 0 : 1, table[i].parameter);
}

static void
outrider_tunnel_init (OutriderTunnel *self)
{
    self->state = OUTRIDER_TUNNEL_IDLE;
    self->cancellable = g_cancellable_new ();
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_child_sa_unref);
    self->padding = CERTS_RSA_PSS;
}
