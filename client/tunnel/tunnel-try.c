/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/tunnel-internal.h"

#include "dataplane/choice.h"
#include "errors.h"
#include "ike/limits.h"
#include "network/netlink-host.h"
#include "tunnel/login.h"

enum
{
    ANSWER_TIMEOUT_LEAST = 3, /* seconds for one of several gateways */
    LIFE_GRACE = 180,         /* seconds that a rekey may take, repetitions included */
    LIFE_MAX = 24 * 3600,     /* seconds of a child whose rekeys are left to the gateway */
};

static void try_gateway (OutriderTunnel *self);

/* ---- the end of a try, of a connection, of the tunnel ---- */

void
tunnel_release_connection (OutriderTunnel *self)
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
    g_hash_table_remove_all (self->told);
    self->path = (PathMtu){ 0 };
    self->way = (WayOut){ 0 };
    g_clear_pointer (&self->gateway_identity, g_free);
    g_clear_pointer (&self->ike_proposal, g_free);
    g_clear_pointer (&self->esp_proposal, g_free);
    self->question = 0;
    self->refusals = 0;
}

static void
finish (OutriderTunnel *self)
{
    tunnel_release_connection (self);
    g_clear_pointer (&self->look, gateway_look_cancel);
    g_clear_pointer (&self->deadline, deadline_free);
    g_clear_pointer (&self->pause, deadline_free);
    tunnel_set_state (self, OUTRIDER_TUNNEL_DISCONNECTED);
}

void
tunnel_keep_error (OutriderTunnel *self, const GError *error, const char *stage)
{
    g_clear_error (&self->error);
    g_clear_pointer (&self->stage, g_free);
    self->error = error != NULL ? g_error_copy (error) : NULL;
    self->stage = g_strdup (stage);
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
        tunnel_notice (self, "the gateway refused: asking once more without its name");
        self->name_withheld = true;
        return true;
    }
    if (self->profile->method != PROFILE_METHOD_CERTIFICATE || self->padding_retried ||
        certs_key_get_type (self->credentials->bundle->key) != CERTS_KEY_RSA)
    {
        self->name_withheld = self->padding_retried = false; /* it was not about that */
        return false;
    }
    tunnel_notice (self, "the gateway refused: trying the other RSA scheme once");
    self->padding_retried = true;
    self->padding = self->padding == CERTS_RSA_PSS ? CERTS_RSA_PKCS1 : CERTS_RSA_PSS;
    return true;
}

void
tunnel_end_try (OutriderTunnel *self, const GError *error, const char *stage)
{
    bool was_connected = self->state == OUTRIDER_TUNNEL_CONNECTED;
    bool asked = self->state == OUTRIDER_TUNNEL_DISCONNECTING;
    tunnel_keep_error (self, error, stage);
    if (error == NULL || asked)
    {
        if (asked)
            tunnel_keep_error (self, NULL, NULL);
        finish (self);
        return;
    }

    bool elsewhere = g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_ANSWER) ||
                     g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_UNREACHABLE);
    if (!was_connected && elsewhere && self->gateways != NULL &&
        self->gateway + 1 < self->gateways->len && deadline_now () < self->answer_by)
    {
        tunnel_notice (self, "%s: trying the next address", error->message);
        tunnel_release_connection (self);
        self->gateway++;
        try_gateway (self);
        return;
    }
    if (!was_connected && try_otherwise (self, error))
    {
        tunnel_release_connection (self);
        try_gateway (self);
        return;
    }
    bool reconnecting = was_connected || self->since != 0;
    if (self->profile->retry && reconnecting &&
        retry_is_worthwhile (error, self->password_in_doubt))
    {
        tunnel_release_connection (self);
        gint64 now = deadline_now ();
        deadline_set (self->pause, now + retry_next_pause (&self->retry, now));
        tunnel_set_state (self, OUTRIDER_TUNNEL_RECONNECTING);
        return;
    }
    finish (self);
}

/* ---- a try ---- */

static gint64
get_total_timeout (const OutriderTunnel *self)
{
    return self->profile->timeout != 0 ? self->profile->timeout * IKE_SECOND : IKE_ANSWER_TIMEOUT;
}

/* An even share of what is left for this gateway, as long as it is worth a question. */
static gint64
get_answer_timeout (const OutriderTunnel *self)
{
    gint64 left = self->answer_by - deadline_now ();
    gint64 share = left / (self->gateways->len - self->gateway);
    return MAX (MIN (left, MAX (share, ANSWER_TIMEOUT_LEAST * IKE_SECOND)), IKE_SECOND);
}

/* Long after its rekey was due, and soon enough where this process is no more. */
static gint64
get_child_life (const Profile *profile)
{
    return profile->rekey_child > 0 ? profile->rekey_child + profile->rekey_child / 10 + LIFE_GRACE
                                    : LIFE_MAX;
}

/* What the kernel plane cannot carry is found out before it is offered. */
static bool
choose_plane (OutriderTunnel *self, const IkeSessionConfig *config, const Gateway *gateway,
              GError **error)
{
    g_clear_pointer (&self->why_not_kernel, g_free);
    self->plane = outrider_data_plane_choose (
        self->profile->plane, gateway->endpoint.address.family, config->esp_proposals,
        OUTRIDER_OUTER_MARK, &self->why_not_kernel, error);
    if (self->plane == NULL)
        return false;
    outrider_data_plane_set_replay_window (self->plane, self->profile->replay_window);
    outrider_data_plane_set_life (self->plane, get_child_life (self->profile));
    if (self->why_not_kernel != NULL)
        tunnel_notice (self, "%s: using the userspace plane", self->why_not_kernel);
    tunnel_watch_plane (self);
    return true;
}

static IkeSession *
make_session (OutriderTunnel *self, const Gateway *gateway, GError **error)
{
    g_autoptr (IkeSessionConfig) config =
        login_make_config (self->profile, self->credentials, gateway->name, error);
    if (config == NULL || !choose_plane (self, config, gateway, error))
        return NULL;
    config->force_encapsulation = self->profile->encapsulation == PROFILE_ENCAPSULATION_ALWAYS ||
                                  outrider_data_plane_needs_encapsulation (self->plane);
    config->answer_timeout = get_answer_timeout (self);
    config->send_gateway_identity = config->send_gateway_identity && !self->name_withheld;
    if (config->identity == NULL)
    {
        IpAddress local = udp_transport_get_local (self->transport).address;
        g_autofree char *text = ip_address_format (&local);
        config->identity = certs_identity_parse (text, NULL);
    }
    return ike_session_new (g_steal_pointer (&config), error);
}

static bool
open_connection (OutriderTunnel *self, const Gateway *gateway, GError **error)
{
    self->transport = udp_transport_new (&gateway->endpoint, 0, OUTRIDER_OUTER_MARK,
                                         tunnel_received, self, error);
    if (self->transport == NULL)
        return false;
    self->session = make_session (self, gateway, error);
    return self->session != NULL;
}

static void
try_gateway (OutriderTunnel *self)
{
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    const Gateway *gateway = self->gateways->pdata[self->gateway];
    g_autoptr (GError) error = NULL;
    if (!open_connection (self, gateway, &error))
    {
        tunnel_end_try (self, error, "host");
        return;
    }
    tunnel_set_state (self, OUTRIDER_TUNNEL_CONNECTING);
    IkePath path = { udp_transport_get_local (self->transport), gateway->endpoint };
    ike_session_start (self->session, &path, deadline_now ());
    tunnel_pull (self);
    warm_up_go_on (self->warm_up);

    /* The device is made while the gateway computes; nothing else of the host changes before the login is through. */
    const char *device = self->profile->interface != NULL ? self->profile->interface : "outrider%d";
    if (self->session != NULL && !outrider_data_plane_open (self->plane, device, &error))
    {
        tunnel_abort_session (self, g_steal_pointer (&error));
        tunnel_pull (self);
    }
}

/* Where no name server answers after the connection was lost, the addresses from before are tried again. */
static void
resolved (GPtrArray *gateways, GError *error, void *data)
{
    OutriderTunnel *self = data;
    g_autoptr (GError) guard_error = NULL;
    self->look = NULL;
    if (error != NULL && (self->since == 0 || self->gateways == NULL))
    {
        tunnel_end_try (self, error, "resolving");
        return;
    }
    if (error == NULL)
    {
        g_clear_pointer (&self->gateways, g_ptr_array_unref);
        self->gateways = g_ptr_array_ref (gateways);
    }
    else
        self->answer_by = deadline_now () + get_total_timeout (self);
    self->gateway = 0;
    if (!tunnel_guard (self, &guard_error))
    {
        tunnel_end_try (self, guard_error, "host");
        return;
    }
    try_gateway (self);
}

void
tunnel_give_up_look (OutriderTunnel *self)
{
    g_autoptr (GError) error =
        g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_NOT_RESOLVED,
                     "%s: no name server has answered for %d seconds", self->profile->addresses[0],
                     (int)(get_total_timeout (self) / IKE_SECOND));
    gateway_look_cancel (self->look);
    resolved (NULL, error, self);
}

void
tunnel_begin_try (OutriderTunnel *self)
{
    self->started = deadline_now ();
    self->answer_by = self->started + get_total_timeout (self);
    tunnel_set_state (self, OUTRIDER_TUNNEL_RESOLVING);
    g_autoptr (GError) error = NULL;
    if (!tunnel_guard (self, &error))
    {
        tunnel_end_try (self, error, "host");
        return;
    }
    if (self->warm_up == NULL)
        self->warm_up = warm_up_new (self->profile);
    g_autoptr (GArray) servers =
        self->profile->kill_switch ? outrider_host_list_name_servers (self->host) : NULL;
    GatewayLook *look =
        gateway_look_new (self->profile->addresses, self->profile->port, servers, resolved, self);
    if (look == NULL)
        return;
    self->look = look;
    deadline_set (self->deadline, self->answer_by);
}
