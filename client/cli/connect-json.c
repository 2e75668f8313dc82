/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-output.h"

#include "cli/json-line.h"
#include "errors.h"
#include "frontend/explain.h"

#include <stdio.h>

static JsonBuilder *
begin (const char *event)
{
    JsonBuilder *builder = json_line_begin ();
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
    g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
    json_line_add_string (builder, "event", event);
    json_line_add_string (builder, "time", time);
    return builder;
}

/* Prints the object as a line and frees the builder. */
static void
end (JsonBuilder *builder)
{
    g_autofree char *line = json_line_end (builder);
    puts (line);
    fflush (stdout);
}

void
connect_json_add_facts (JsonBuilder *builder, const OutriderTunnelFacts *facts)
{
    const NetworkPlan *plan = facts->plan;
    g_autofree char *gateway = ip_address_format (&facts->gateway.address);
    json_line_add_string (builder, "device", facts->device);
    json_line_add_string (builder, "plane", facts->plane);
    json_line_add_prefixes (builder, "addresses", plan->addresses);
    json_line_add_prefixes (builder, "routes", plan->routes);
    json_line_add_addresses (builder, "dns", plan->dns);
    json_line_add_strings (builder, "domains", plan->search);
    json_line_add_string (builder, "resolver", facts->resolver);
    json_line_add_string (builder, "gateway", gateway);
    json_line_add_number (builder, "gateway_port", facts->gateway.port);
    json_line_add_string (builder, "gateway_identity", facts->gateway_identity);
    json_line_add_string (builder, "ike_proposal", facts->ike_proposal);
    json_line_add_string (builder, "esp_proposal", facts->esp_proposal);
    json_line_add_number (builder, "mtu", plan->mtu);
    json_line_add_truth (builder, "behind_nat", facts->behind_nat);
    json_line_add_string (builder, "banner", facts->banner);
    json_line_add_number (builder, "elapsed_ms", facts->elapsed / 1000);
}

void
connect_json_add_counters (JsonBuilder *builder, const OutriderCounters *counters)
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
    json_builder_set_member_name (builder, "counters");
    json_builder_begin_object (builder);
    for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
        json_line_add_number (builder, numbers[i].name, (gint64)numbers[i].value);
    json_builder_end_object (builder);
}

static void
json_state (const ConnectReport *report)
{
    JsonBuilder *builder = begin ("state");
    json_line_add_string (builder, "state", outrider_tunnel_state_get_name (report->state));
    if (report->state == OUTRIDER_TUNNEL_CONNECTED)
        connect_json_add_facts (builder, report->facts);
    if (report->state == OUTRIDER_TUNNEL_RECONNECTING && report->error != NULL)
        json_line_add_failure (builder, report->error);
    if (report->state == OUTRIDER_TUNNEL_DISCONNECTED)
        connect_json_add_counters (builder, report->counters);
    end (builder);
}

static void
json_rekeyed (const char *sa)
{
    JsonBuilder *builder = begin ("rekeyed");
    json_line_add_string (builder, "sa", sa);
    end (builder);
}

static void
json_notice (const char *story)
{
    JsonBuilder *builder = begin ("notice");
    json_line_add_string (builder, "message", story);
    end (builder);
}

static void
json_failed (const GError *error, const char *stage)
{
    JsonBuilder *builder = begin ("failed");
    json_line_add_failure (builder, error);
    json_line_add_string (builder, "stage", stage);
    json_line_add_number (builder, "exit",
                          outrider_error_get_exit_status (explain_get_code (error)));
    end (builder);
}

const ConnectOutput connect_json = {
    .state = json_state,
    .rekeyed = json_rekeyed,
    .notice = json_notice,
    .failed = json_failed,
};
