/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/tunnel-internal.h"

#include "dataplane/choice.h"
#include "tunnel/login.h"

G_DEFINE_FINAL_TYPE (OutriderTunnel, outrider_tunnel, G_TYPE_OBJECT)

enum
{
    STATE_CHANGED,
    SECRET_NEEDED,
    REKEYED,
    NOTICE,
    WARNING,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

void
tunnel_set_state (OutriderTunnel *self, OutriderTunnelState state)
{
    if (self->state == state)
        return;
    self->state = state;
    g_signal_emit (self, signals[STATE_CHANGED], 0);
}

void
tunnel_notice (OutriderTunnel *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_autofree char *story = g_strdup_vprintf (format, arguments);
    va_end (arguments);
    g_signal_emit (self, signals[NOTICE], 0, story);
}

void
tunnel_warn (OutriderTunnel *self, const char *story)
{
    g_signal_emit (self, signals[WARNING], 0, story);
}

void
tunnel_emit_rekeyed (OutriderTunnel *self, const char *sa)
{
    g_signal_emit (self, signals[REKEYED], 0, sa);
}

void
tunnel_emit_secret_needed (OutriderTunnel *self, IkeSecretKind kind)
{
    g_signal_emit (self, signals[SECRET_NEEDED], 0, (int)kind);
}

/* ---- calls ---- */

static void
pause_is_over (void *data)
{
    OutriderTunnel *self = data;
    tunnel_begin_try (self);
}

void
outrider_tunnel_connect (OutriderTunnel *self)
{
    g_return_if_fail (self->state == OUTRIDER_TUNNEL_IDLE);
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    self->deadline = deadline_new (tunnel_deadline_reached, self);
    self->pause = deadline_new (pause_is_over, self);
    g_autoptr (GError) error = NULL;
    outrider_data_plane_remove_leftovers ();
    if (!outrider_host_prepare (self->host, &error))
    {
        tunnel_end_try (self, error, "host");
        return;
    }
    tunnel_begin_try (self);
}

void
outrider_tunnel_disconnect (OutriderTunnel *self)
{
    if (self->state == OUTRIDER_TUNNEL_DISCONNECTED || self->state == OUTRIDER_TUNNEL_DISCONNECTING)
        return;
    tunnel_set_state (self, OUTRIDER_TUNNEL_DISCONNECTING);
    if (self->session == NULL)
    {
        tunnel_end_try (self, NULL, NULL);
        return;
    }
    ike_session_close (self->session, deadline_now ());
    tunnel_pull (self);
}

void
outrider_tunnel_drop (OutriderTunnel *self)
{
    tunnel_release_connection (self);
}

void
outrider_tunnel_answer_secret (OutriderTunnel *self, SecretBytes *secret)
{
    if (self->session == NULL || self->question == 0)
        return;
    ike_session_answer_secret (self->session, self->question, secret, deadline_now ());
    self->question = 0;
    tunnel_pull (self);
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
    tunnel_pull (self);
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
    ret_facts->resolver = outrider_host_get_resolver (self->host);
    ret_facts->gateway = udp_transport_get_gateway (self->transport);
    ret_facts->way = self->way.device_index != 0 ? &self->way : NULL;
    ret_facts->gateway_identity = self->gateway_identity;
    ret_facts->ike_proposal = self->ike_proposal;
    ret_facts->esp_proposal = self->esp_proposal;
    ret_facts->banner = self->grant->banner;
    ret_facts->why_not_kernel = self->why_not_kernel;
    ret_facts->ike_life = ike_session_get_life (self->session, deadline_now ());
    ret_facts->child_life = ike_session_get_child_life (self->session, deadline_now ());
    ret_facts->behind_nat = ike_session_is_behind_nat (self->session);
}

void
outrider_tunnel_look_at_way (OutriderTunnel *self)
{
    if (self->state == OUTRIDER_TUNNEL_CONNECTED && self->transport != NULL)
        tunnel_find_way (self);
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
    g_signal_connect_object (host, "changed", G_CALLBACK (tunnel_host_changed), self, 0);
    return self;
}

static void
outrider_tunnel_finalize (GObject *object)
{
    OutriderTunnel *self = OUTRIDER_TUNNEL (object);
    tunnel_release_connection (self);
    g_clear_pointer (&self->deadline, deadline_free);
    g_clear_pointer (&self->pause, deadline_free);
    g_clear_pointer (&self->look, gateway_look_cancel);
    g_clear_pointer (&self->gateways, g_ptr_array_unref);
    g_ptr_array_unref (self->children);
    g_hash_table_unref (self->told);
    g_clear_error (&self->error);
    g_free (self->stage);
    g_free (self->why_not_kernel);
    certs_trust_free (self->trust);
    warm_up_free (self->warm_up);
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
        [WARNING] = { "warning", G_TYPE_STRING },
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
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_child_sa_unref);
    self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    self->padding = CERTS_RSA_PSS;
}
