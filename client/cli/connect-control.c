/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-control.h"

#include "cli/connect-output.h"
#include "cli/control.h"
#include "frontend/tunnels.h"

#include <unistd.h>

struct ConnectControl
{
    Control *control;
    OutriderTunnel *tunnel;
    const Profile *profile;
    ConnectControlStop stop;
    void *data;
};

static void
add_life (JsonLine *object, const char *age, const char *left, IkeLife life)
{
    json_line_add_number (object, age, life.age / G_USEC_PER_SEC);
    if (life.left >= 0)
        json_line_add_number (object, left, life.left / G_USEC_PER_SEC);
}

static char *
tell_status (const ConnectControl *self)
{
    OutriderTunnelState state = outrider_tunnel_get_state (self->tunnel);
    OutriderTunnelFacts facts;
    OutriderCounters counters;
    outrider_tunnel_look_at_way (self->tunnel);
    outrider_tunnel_get_facts (self->tunnel, &facts);
    outrider_tunnel_get_counters (self->tunnel, &counters);
    JsonLine *object = json_line_begin ();
    json_line_add_string (object, "event", "status");
    json_line_add_string (object, "profile", self->profile->name);
    json_line_add_string (object, "address",
                          self->profile->addresses != NULL ? self->profile->addresses[0] : NULL);
    json_line_add_number (object, "pid", getpid ());
    json_line_add_string (object, "state", outrider_tunnel_state_get_name (state));
    json_line_add_truth (object, "kill_switch", self->profile->kill_switch);
    if (facts.plan != NULL)
    {
        connect_json_add_facts (object, &facts);
        json_line_add_prefixes (object, "excludes", facts.plan->excludes);
        json_line_add_string (object, "why_not_kernel", facts.why_not_kernel);
        json_line_add_number (object, "since", facts.since);
        add_life (object, "ike_age_s", "ike_rekey_in_s", facts.ike_life);
        add_life (object, "child_age_s", "child_rekey_in_s", facts.child_life);
    }
    if (state == OUTRIDER_TUNNEL_RECONNECTING && outrider_tunnel_get_error (self->tunnel) != NULL)
        json_line_add_failure (object, outrider_tunnel_get_error (self->tunnel));
    connect_json_add_counters (object, &counters);
    return json_line_end (object);
}

/* Told twice, it would end at once and without an answer. */
static bool
is_ending (OutriderTunnelState state)
{
    return state == OUTRIDER_TUNNEL_DISCONNECTING || state == OUTRIDER_TUNNEL_DISCONNECTED;
}

static char *
answer (const char *request, void *data)
{
    ConnectControl *self = data;
    OutriderTunnelState state = outrider_tunnel_get_state (self->tunnel);
    if (g_str_equal (request, "status"))
        return tell_status (self);
    bool ike = g_str_equal (request, "rekey ike");
    if (ike || g_str_equal (request, "rekey child"))
    {
        if (state != OUTRIDER_TUNNEL_CONNECTED)
            return NULL;
        outrider_tunnel_rekey (self->tunnel, ike);
        return g_strdup ("{\"ok\":true}");
    }
    if (!g_str_equal (request, "down"))
        return NULL;
    if (!is_ending (state))
        self->stop (self->data);
    return g_strdup ("{\"ok\":true}");
}

ConnectControl *
connect_control_new (OutriderTunnel *tunnel, const Profile *profile, ConnectControlStop stop,
                     void *data, GError **error)
{
    ConnectControl *self = g_new0 (ConnectControl, 1);
    self->tunnel = tunnel;
    self->profile = profile;
    self->stop = stop;
    self->data = data;
    tunnels_remove_leftovers (TUNNELS_DIRECTORY);
    self->control = control_new (TUNNELS_DIRECTORY, answer, self, error);
    if (self->control == NULL)
        g_clear_pointer (&self, g_free);
    return self;
}

void
connect_control_free (ConnectControl *self)
{
    if (self == NULL)
        return;
    control_free (self->control);
    g_free (self);
}
