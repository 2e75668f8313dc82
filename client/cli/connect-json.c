/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-output.h"

#include "cli/json-line.h"
#include "errors.h"
#include "frontend/explain.h"

#include <stdio.h>

static JsonLine *
begin (const char *event)
{
    JsonLine *object = json_line_begin ();
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
    g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
    json_line_add_string (object, "event", event);
    json_line_add_string (object, "time", time);
    return object;
}

/* Prints the object as a line and frees the object. */
static void
end (JsonLine *object)
{
    g_autofree char *line = json_line_end (object);
    puts (line);
    fflush (stdout);
}

static void
add_way (JsonLine *object, const WayOut *way)
{
    bool hops = way->next_hop.family != IP_NONE;
    g_autofree char *next_hop = hops ? ip_address_format (&way->next_hop) : NULL;
    g_autofree char *source =
        way->source.family != IP_NONE ? ip_address_format (&way->source) : NULL;
    json_line_begin_object (object, "way_out");
    json_line_add_string (object, "device", way->device);
    json_line_add_string (object, "next_hop", next_hop);
    json_line_add_string (object, "source", source);
    json_line_end_object (object);
}

void
connect_json_add_facts (JsonLine *object, const OutriderTunnelFacts *facts)
{
    const NetworkPlan *plan = facts->plan;
    g_autofree char *gateway = ip_address_format (&facts->gateway.address);
    json_line_add_string (object, "device", facts->device);
    json_line_add_string (object, "plane", facts->plane);
    json_line_add_prefixes (object, "addresses", plan->addresses);
    json_line_add_prefixes (object, "routes", plan->routes);
    json_line_add_addresses (object, "dns", plan->dns);
    json_line_add_strings (object, "domains", plan->search);
    json_line_add_string (object, "resolver", facts->resolver);
    json_line_add_string (object, "gateway", gateway);
    json_line_add_number (object, "gateway_port", facts->gateway.port);
    if (facts->way != NULL)
        add_way (object, facts->way);
    json_line_add_string (object, "gateway_identity", facts->gateway_identity);
    json_line_add_string (object, "ike_proposal", facts->ike_proposal);
    json_line_add_string (object, "esp_proposal", facts->esp_proposal);
    json_line_add_number (object, "mtu", plan->mtu);
    json_line_add_truth (object, "behind_nat", facts->behind_nat);
    json_line_add_string (object, "banner", facts->banner);
    json_line_add_number (object, "elapsed_ms", facts->elapsed / 1000);
}

void
connect_json_add_counters (JsonLine *object, const OutriderCounters *counters)
{
    const struct
    {
        const char *name;
        uint64_t value;
    } numbers[] = {
        { "packets_in", counters->packets_in },
        { "packets_out", counters->packets_out },
        { "octets_in", counters->octets_in },
        { "octets_out", counters->octets_out },
        { "dropped_replayed", counters->dropped_replayed },
        { "dropped_unverified", counters->dropped_unverified },
        { "dropped_by_selectors", counters->dropped_by_selectors },
        { "dropped_malformed", counters->dropped_malformed },
        { "dropped_too_big", counters->dropped_too_big },
        { "dropped_exhausted", counters->dropped_exhausted },
        { "dropped_by_host", counters->dropped_by_host },
    };
    json_line_begin_object (object, "counters");
    for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
        json_line_add_number (object, numbers[i].name, (gint64)numbers[i].value);
    json_line_end_object (object);
}

static void
json_state (const ConnectReport *report)
{
    JsonLine *object = begin ("state");
    json_line_add_string (object, "state", outrider_tunnel_state_get_name (report->state));
    if (report->state == OUTRIDER_TUNNEL_CONNECTED)
        connect_json_add_facts (object, report->facts);
    if (report->state == OUTRIDER_TUNNEL_RECONNECTING && report->error != NULL)
        json_line_add_failure (object, report->error);
    if (report->state == OUTRIDER_TUNNEL_DISCONNECTED)
        connect_json_add_counters (object, report->counters);
    end (object);
}

static void
json_rekeyed (const char *sa)
{
    JsonLine *object = begin ("rekeyed");
    json_line_add_string (object, "sa", sa);
    end (object);
}

static void
json_notice (const char *story)
{
    JsonLine *object = begin ("notice");
    json_line_add_string (object, "message", story);
    end (object);
}

static void
json_failed (const GError *error, const char *stage)
{
    JsonLine *object = begin ("failed");
    json_line_add_failure (object, error);
    json_line_add_string (object, "stage", stage);
    json_line_add_number (object, "exit",
                          outrider_error_get_exit_status (explain_get_code (error)));
    end (object);
}

const ConnectOutput connect_json = {
    .state = json_state,
    .rekeyed = json_rekeyed,
    .notice = json_notice,
    .failed = json_failed,
};
