/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/tunnel-internal.h"

#include "errors.h"
#include "tunnel/login.h"

#include <errno.h>

enum
{
    REFUSALS_BELIEVED =
        2, /* ICMP errors in a row while nobody has answered yet: they are not authenticated */
};

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
    tunnel_emit_secret_needed (self, action->secret);
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

static bool
make_trust (OutriderTunnel *self, GError **error)
{
    if (self->trust == NULL)
        self->trust = login_make_trust (self->credentials, error);
    return self->trust != NULL;
}

static void
answer_verdict (OutriderTunnel *self, const IkeAction *action)
{
    const Gateway *gateway = self->gateways->pdata[self->gateway];
    const char *text =
        self->profile->gateway_identity != NULL ? self->profile->gateway_identity : gateway->name;
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsIdentity) wanted = certs_identity_parse (text, &error);
    if (wanted != NULL && make_trust (self, &error))
        login_verify (self->trust, wanted, action->chain, action->identity, &error);
    ike_session_answer_verdict (self->session, action->question, error, deadline_now ());
}

/* ---- pulling actions ---- */

void
tunnel_abort_session (OutriderTunnel *self, GError *error)
{
    ike_session_abort (self->session, error, deadline_now ());
}

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
    IpEndpoint gateway = udp_transport_get_gateway (self->transport);
    gateway.port = port;
    if (!udp_transport_set_gateway (self->transport, &gateway, error))
        return;
    outrider_data_plane_moved (self->plane);
    tunnel_notice (self,
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
        if (action->datagram != NULL && action->whole)
            udp_transport_send_whole (self->transport, byte_view_of_bytes (action->datagram));
        else if (action->datagram != NULL)
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
        tunnel_emit_rekeyed (self, "ike");
        break;
    case IKE_ACTION_CHILD_UP:
        tunnel_bring_child_up (self, action->child, error);
        break;
    case IKE_ACTION_CHILD_SWITCH:
        tunnel_switch_child (self, action->child, error);
        break;
    case IKE_ACTION_CHILD_DOWN:
        tunnel_take_child_down (self, action->child);
        break;
    case IKE_ACTION_MOVED:
        take_move (self, action->gateway_port, error);
        break;
    case IKE_ACTION_PROBED:
        tunnel_take_probe (self, action->probe_size, action->answered, error);
        break;
    case IKE_ACTION_SILENCE:
        tunnel_notice (self,
                       "the gateway answers, yet nothing comes through the tunnel: it is rekeyed");
        break;
    case IKE_ACTION_CLOSED:
        self->ending = true;
        self->refused_unproven = action->refused_unproven;
        self->password_in_doubt = action->password_in_doubt;
        login_explain_refusal (self->profile, self->credentials, action->error);
        tunnel_keep_error (self, action->error, action->stage);
        break;
    }
}

void
tunnel_pull (OutriderTunnel *self)
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
            tunnel_abort_session (self, g_steal_pointer (&error));
    }
    self->pulling = false;
    if (!self->ending)
    {
        deadline_set (self->deadline, MIN (ike_session_get_deadline (self->session),
                                           tunnel_get_probe_deadline (self)));
        return;
    }
    self->ending = false;
    g_autoptr (GError) error = self->error != NULL ? g_error_copy (self->error) : NULL;
    g_autofree char *stage = g_strdup (self->stage);
    tunnel_end_try (self, error, stage);
}

/* ---- events ---- */

void
tunnel_deadline_reached (void *data)
{
    OutriderTunnel *self = data;
    if (self->session == NULL && self->look != NULL)
        tunnel_give_up_look (self);
    if (self->session == NULL)
        return;
    OutriderCounters counters = { 0 };
    if (self->plane != NULL)
        outrider_data_plane_get_counters (self->plane, &counters);
    ike_session_note_traffic (self->session, counters.last_in, counters.packets_out);
    ike_session_advance (self->session, deadline_now ());
    tunnel_probe_path (self, counters.packets_out);
    tunnel_pull (self);
}

static void
socket_refused (OutriderTunnel *self, int error_number)
{
    if (error_number == EMSGSIZE)
    {
        tunnel_path_became_narrower (self);
        return;
    }
    if (self->state != OUTRIDER_TUNNEL_CONNECTING || ++self->refusals < REFUSALS_BELIEVED)
        return;
    const Gateway *gateway = self->gateways->pdata[self->gateway];
    g_autofree char *endpoint = ip_endpoint_format (&gateway->endpoint);
    tunnel_abort_session (self,
                          g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_UNREACHABLE, "%s (%s): %s",
                                       gateway->name, endpoint, g_strerror (error_number)));
}

void
tunnel_received (ByteView datagram, int error_number, void *data)
{
    OutriderTunnel *self = data;
    if (self->session == NULL)
        return;
    G_GNUC_UNUSED g_autoptr (OutriderTunnel) alive = g_object_ref (self);
    if (error_number != 0)
        socket_refused (self, error_number);
    else
        ike_session_receive (self->session, datagram, deadline_now ());
    bool begins =
        self->state == OUTRIDER_TUNNEL_CONNECTING && ike_session_has_begun_login (self->session);
    if (begins)
        tunnel_set_state (self, OUTRIDER_TUNNEL_AUTHENTICATING);
    tunnel_pull (self);

    /* While the gateway signs. What is wrong with the CAs is told when they are asked. */
    if (begins)
        make_trust (self, NULL);
}
