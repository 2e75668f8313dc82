/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-output.h"

#include "errors.h"
#include "frontend/explain.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

/* outrider(1) documents these objects; a change of a name or a meaning is a change of the interface. */

static JsonBuilder *
begin (const char *event)
{
    JsonBuilder *builder = json_builder_new_immutable ();
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
    g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "event");
    json_builder_add_string_value (builder, event);
    json_builder_set_member_name (builder, "time");
    json_builder_add_string_value (builder, time);
    return builder;
}

/* Prints the object as a line and frees the builder. */
static void
end (JsonBuilder *builder)
{
    json_builder_end_object (builder);
    g_autoptr (JsonNode) root = json_builder_get_root (builder);
    g_autofree char *line = json_to_string (root, false);
    puts (line);
    fflush (stdout);
    g_object_unref (builder);
}

/* What is NULL is left out. */
static void
add_string (JsonBuilder *builder, const char *name, const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    json_builder_set_member_name (builder, name);
    json_builder_add_string_value (builder, valid);
}

static void
add_number (JsonBuilder *builder, const char *name, gint64 number)
{
    json_builder_set_member_name (builder, name);
    json_builder_add_int_value (builder, number);
}

static void
add_truth (JsonBuilder *builder, const char *name, bool truth)
{
    json_builder_set_member_name (builder, name);
    json_builder_add_boolean_value (builder, truth);
}

static void
begin_list (JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name (builder, name);
    json_builder_begin_array (builder);
}

static void
add_prefixes (JsonBuilder *builder, const char *name, const GArray *prefixes)
{
    begin_list (builder, name);
    for (guint i = 0; i < prefixes->len; i++)
    {
        g_autofree char *text = ip_prefix_format (&g_array_index (prefixes, IpPrefix, i));
        json_builder_add_string_value (builder, text);
    }
    json_builder_end_array (builder);
}

static void
add_addresses (JsonBuilder *builder, const char *name, const GArray *addresses)
{
    begin_list (builder, name);
    for (guint i = 0; i < addresses->len; i++)
    {
        g_autofree char *text = ip_address_format (&g_array_index (addresses, IpAddress, i));
        json_builder_add_string_value (builder, text);
    }
    json_builder_end_array (builder);
}

static void
add_strings (JsonBuilder *builder, const char *name, const GPtrArray *strings)
{
    begin_list (builder, name);
    for (guint i = 0; i < strings->len; i++)
        json_builder_add_string_value (builder, strings->pdata[i]);
    json_builder_end_array (builder);
}

static void
add_facts (JsonBuilder *builder, const OutriderTunnelFacts *facts)
{
    const NetworkPlan *plan = facts->plan;
    g_autofree char *gateway = ip_address_format (&facts->gateway.address);
    add_string (builder, "device", facts->device);
    add_string (builder, "plane", facts->plane);
    add_prefixes (builder, "addresses", plan->addresses);
    add_prefixes (builder, "routes", plan->routes);
    add_addresses (builder, "dns", plan->dns);
    add_strings (builder, "domains", plan->search);
    add_string (builder, "resolver", facts->resolver);
    add_string (builder, "gateway", gateway);
    add_number (builder, "gateway_port", facts->gateway.port);
    add_string (builder, "gateway_identity", facts->gateway_identity);
    add_string (builder, "ike_proposal", facts->ike_proposal);
    add_string (builder, "esp_proposal", facts->esp_proposal);
    add_number (builder, "mtu", plan->mtu);
    add_truth (builder, "behind_nat", facts->behind_nat);
    add_string (builder, "banner", facts->banner);
    add_number (builder, "elapsed_ms", facts->elapsed / 1000);
}

static void
add_failure (JsonBuilder *builder, const GError *error)
{
    OutriderError code = explain_get_code (error);
    g_autofree char *message = explain_error (error);
    add_string (builder, "code", outrider_error_get_name (code));
    add_string (builder, "message", message);
    add_string (builder, "hint", explain_get_hint (code));
}

static void
add_counters (JsonBuilder *builder, const OutriderCounters *counters)
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
        add_number (builder, numbers[i].name, (gint64)numbers[i].value);
    json_builder_end_object (builder);
}

static void
json_state (const ConnectReport *report)
{
    JsonBuilder *builder = begin ("state");
    add_string (builder, "state", outrider_tunnel_state_get_name (report->state));
    if (report->state == OUTRIDER_TUNNEL_CONNECTED)
        add_facts (builder, report->facts);
    if (report->state == OUTRIDER_TUNNEL_RECONNECTING && report->error != NULL)
        add_failure (builder, report->error);
    if (report->state == OUTRIDER_TUNNEL_DISCONNECTED)
        add_counters (builder, report->counters);
    end (builder);
}

static void
json_rekeyed (const char *sa)
{
    JsonBuilder *builder = begin ("rekeyed");
    add_string (builder, "sa", sa);
    end (builder);
}

static void
json_notice (const char *story)
{
    JsonBuilder *builder = begin ("notice");
    add_string (builder, "message", story);
    end (builder);
}

static void
json_failed (const GError *error, const char *stage)
{
    JsonBuilder *builder = begin ("failed");
    add_failure (builder, error);
    add_string (builder, "stage", stage);
    add_number (builder, "exit", outrider_error_get_exit_status (explain_get_code (error)));
    end (builder);
}

const ConnectOutput connect_json = {
    .state = json_state,
    .rekeyed = json_rekeyed,
    .notice = json_notice,
    .failed = json_failed,
};
