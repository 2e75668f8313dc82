/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect.h"

#include "cli/connect-control.h"
#include "cli/connect-options.h"
#include "cli/connect-output.h"
#include "cli/connect-secrets.h"
#include "cli/guards.h"
#include "cli/notify.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "errors.h"
#include "frontend/explain.h"
#include "frontend/secrets.h"
#include "network/netlink-host.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum
{
    EXIT_AT_ONCE = 130, /* 128 + SIGINT, as shells have it */
    LONG_LOOK = 100,    /* milliseconds; a name that is looked up longer is worth watching */
};

typedef struct
{
    ConnectOptions options;
    ConnectSecrets secrets;
    const ConnectOutput *output;
    OutriderHost *host;
    OutriderTunnel *tunnel;
    guint opening; /* of the control socket */
    ConnectControl *control;
    bool stopping;
    bool ended;
} Connect;

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* ---- what the user tells ---- */

/* The first signal ends the tunnel in order, a second one at once: but the host is put back. */
static void
stop (void *data)
{
    Connect *self = data;
    if (self->stopping)
    {
        if (self->tunnel != NULL)
            outrider_tunnel_drop (self->tunnel);
        _exit (EXIT_AT_ONCE);
    }
    self->stopping = true;
    notify_systemd ("STOPPING=1");
    connect_secrets_stop (&self->secrets);
    if (self->tunnel != NULL)
        outrider_tunnel_disconnect (self->tunnel);
}

/* Not before there is something to end in order: until then a signal just ends the process, blocked on a pipe or not. */
static void
catch_signals (void *data)
{
    signals_catch (ending_signals, G_N_ELEMENTS (ending_signals), stop, data);
}

/* Without a socket, nobody can ask: that is all. */
static gboolean
open_control (gpointer data)
{
    Connect *self = data;
    g_autoptr (GError) error = NULL;
    self->opening = 0;
    self->control = connect_control_new (self->tunnel, self->options.profile, stop, self, &error);
    if (self->control == NULL && self->options.verbose)
        self->output->notice (error->message);
    return G_SOURCE_REMOVE;
}

/* Not on the way to the connection, but when there is nothing else to do: while the gateway computes. */
static void
plan_control (Connect *self, guint delay)
{
    if (self->control != NULL)
        return;
    g_clear_handle_id (&self->opening, g_source_remove);
    self->opening = g_timeout_add_full (G_PRIORITY_LOW, delay, open_control, self, NULL);
}

/* ---- what the tunnel tells ---- */

static void
report_state (Connect *self, OutriderTunnelState state)
{
    OutriderTunnelFacts facts = { 0 };
    OutriderCounters counters = { 0 };
    const GError *error = NULL;
    if (self->tunnel != NULL)
    {
        outrider_tunnel_get_facts (self->tunnel, &facts);
        outrider_tunnel_get_counters (self->tunnel, &counters);
        error = outrider_tunnel_get_error (self->tunnel);
    }
    ConnectReport report = {
        .state = state,
        .profile = self->options.profile,
        .facts = &facts,
        .error = error,
        .counters = &counters,
    };
    self->output->state (&report);
}

/* Before the gateway has told the networks, and without the rights, nothing is refused yet. */
static bool
is_guarded (const Profile *profile)
{
    uint64_t owner = network_guard_get_owner (profile);
    g_autoptr (GPtrArray) guards = profile->kill_switch ? guards_list (NULL, NULL) : NULL;
    for (guint i = 0; guards != NULL && i < guards->len; i++)
    {
        const NetworkGuard *guard = guards->pdata[i];
        if (guard->owner == owner && guard->refused->len > 0)
            return true;
    }
    return false;
}

/* The last thing that is told; gives the exit status. ERROR may be NULL: ended as asked. */
static int
report_end (Connect *self, const GError *error, const char *stage)
{
    bool failed =
        error != NULL && !g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CANCELLED);
    if (failed)
        self->output->failed (error, stage != NULL ? stage : "start");
    if (self->tunnel != NULL && is_guarded (self->options.profile))
        self->output->notice (
            "the kill switch stays: what belongs into the tunnel is refused until "
            "\"outrider down --release\"");
    report_state (self, OUTRIDER_TUNNEL_DISCONNECTED);
    return failed ? outrider_error_get_exit_status (explain_get_code (error)) : 0;
}

static void
state_changed (OutriderTunnel *tunnel, void *data)
{
    Connect *self = data;
    OutriderTunnelState state = outrider_tunnel_get_state (tunnel);
    if (state == OUTRIDER_TUNNEL_DISCONNECTED)
    {
        self->ended = true; /* told by report_end () */
        return;
    }
    report_state (self, state);
    if (state == OUTRIDER_TUNNEL_CONNECTING)
        plan_control (self, 0);
    if (state == OUTRIDER_TUNNEL_CONNECTED)
        notify_systemd ("READY=1");
}

static void
secret_needed (OutriderTunnel *tunnel, int kind, void *data)
{
    Connect *self = data;
    connect_secrets_ask (&self->secrets, kind);
}

static void
rekeyed (OutriderTunnel *tunnel, const char *sa, void *data)
{
    Connect *self = data;
    self->output->rekeyed (sa);
}

static void
noticed (OutriderTunnel *tunnel, const char *story, void *data)
{
    Connect *self = data;
    if (self->options.verbose)
        self->output->notice (story);
}

static void
warned (OutriderTunnel *tunnel, const char *story, void *data)
{
    Connect *self = data;
    self->output->notice (story);
}

/* ---- from the options to the end ---- */

static OutriderHost *
make_host (const Profile *profile)
{
    OutriderNetlinkHostOptions options = {
        .no_dns = profile->dns == PROFILE_NONE,
        .no_routes = profile->routes == PROFILE_NONE,
    };
    return outrider_netlink_host_new (&options);
}

static bool
make_tunnel (Connect *self, GError **error)
{
    g_autoptr (Credentials) credentials = credentials_new ();
    self->host = make_host (self->options.profile);
    self->secrets = (ConnectSecrets){
        .options = &self->options,
        .host = self->host,
        .about_to_ask = catch_signals,
        .owner = self,
    };
    if (!connect_secrets_load (&self->secrets, credentials, error))
        return false;
    self->tunnel = outrider_tunnel_new (profile_copy (self->options.profile),
                                        g_steal_pointer (&credentials), self->host);
    self->secrets.tunnel = self->tunnel;
    g_signal_connect (self->tunnel, "state-changed", G_CALLBACK (state_changed), self);
    g_signal_connect (self->tunnel, "secret-needed", G_CALLBACK (secret_needed), self);
    g_signal_connect (self->tunnel, "rekeyed", G_CALLBACK (rekeyed), self);
    g_signal_connect (self->tunnel, "notice", G_CALLBACK (noticed), self);
    g_signal_connect (self->tunnel, "warning", G_CALLBACK (warned), self);
    return true;
}

static int
run_tunnel (Connect *self)
{
    catch_signals (self);
    plan_control (self, LONG_LOOK);
    outrider_tunnel_connect (self->tunnel);
    while (!self->ended)
        g_main_context_iteration (NULL, true);
    return report_end (self, outrider_tunnel_get_error (self->tunnel),
                       outrider_tunnel_get_stage (self->tunnel));
}

/* Wrong words get one line; everything else its sentence and its hint. */
static int
report_refusal (Connect *self, const GError *error)
{
    if (!g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_USAGE) || self->options.json)
        return report_end (self, error, NULL);
    g_autofree char *evidence = explain_escape (error->message);
    fprintf (stderr, "outrider: %s (see \"outrider connect --help\")\n", evidence);
    return outrider_error_get_exit_status (OUTRIDER_ERROR_USAGE);
}

static void
clear (Connect *self)
{
    g_clear_handle_id (&self->opening, g_source_remove);
    connect_secrets_clear (&self->secrets);
    g_clear_object (&self->tunnel);
    g_clear_object (&self->host);
    g_clear_pointer (&self->control, connect_control_free); /* its end says that all is put back */
    connect_options_clear (&self->options);
}

int
connect_run (int argc, char **argv)
{
    Connect self = { .output = &connect_human };
    g_autoptr (GError) error = NULL;
    secrets_protect_process ();
    signal (SIGPIPE, SIG_IGN); /* a reader of our lines may go; the tunnel stays */
    bool understood = connect_options_parse (&self.options, argc, argv, &error);
    int status = 0;
    if (self.options.json)
        self.output = &connect_json;
    if (understood && self.options.help)
        connect_options_print_help ();
    else
    {
        output_open ();
        status = understood && make_tunnel (&self, &error) ? run_tunnel (&self)
                                                           : report_refusal (&self, error);
        output_close ();
    }
    clear (&self);
    return status;
}
