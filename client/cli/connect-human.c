/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-output.h"

#include "errors.h"
#include "frontend/explain.h"

#include <stdio.h>

/* Column where the values of the connected block begin. */
#define ROW "  %-10s  %s\n"

static void say (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
say (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vprintf (format, arguments);
    va_end (arguments);
    putchar ('\n');
    fflush (stdout);
}

/* ---- the block of a connection that stands ---- */

/* Nothing is said of what is not there. */
static void
show (const char *label, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    g_autofree char *escaped = explain_escape (text);
    printf (ROW, label, escaped);
}

static void
show_prefixes (const char *label, const GArray *prefixes, const char *if_none)
{
    GString *list = g_string_new (NULL);
    for (guint i = 0; i < prefixes->len; i++)
    {
        const IpPrefix *prefix = &g_array_index (prefixes, IpPrefix, i);
        bool host = prefix->length == ip_family_size (prefix->address.family) * 8;
        g_autofree char *text =
            host ? ip_address_format (&prefix->address) : ip_prefix_format (prefix);
        g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", text);
    }
    show (label, list->len > 0 ? list->str : if_none);
    g_string_free (list, true);
}

static void
show_addresses (const char *label, const GArray *addresses)
{
    GString *list = g_string_new (NULL);
    for (guint i = 0; i < addresses->len; i++)
    {
        g_autofree char *text = ip_address_format (&g_array_index (addresses, IpAddress, i));
        g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", text);
    }
    show (label, list->str);
    g_string_free (list, true);
}

static void
show_strings (const char *label, const GPtrArray *strings)
{
    GString *list = g_string_new (NULL);
    for (guint i = 0; i < strings->len; i++)
        g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", (const char *)strings->pdata[i]);
    show (label, list->str);
    g_string_free (list, true);
}

static void
show_way (const WayOut *way)
{
    g_autoptr (GString) text = g_string_new (NULL);
    if (way->next_hop.family != IP_NONE)
    {
        g_autofree char *next_hop = ip_address_format (&way->next_hop);
        g_string_append_printf (text, "via %s ", next_hop);
    }
    g_string_append_printf (text, "on %s", way->device);
    if (way->source.family != IP_NONE)
    {
        g_autofree char *source = ip_address_format (&way->source);
        g_string_append_printf (text, ", from %s", source);
    }
    show ("way out", text->str);
}

static void
show_connection (const OutriderTunnelFacts *facts)
{
    const NetworkPlan *plan = facts->plan;
    g_autofree char *endpoint = ip_endpoint_format (&facts->gateway);
    g_autofree char *plane =
        facts->why_not_kernel != NULL
            ? g_strdup_printf ("%s plane: %s", facts->plane, facts->why_not_kernel)
            : g_strdup_printf ("%s plane", facts->plane);
    g_autofree char *device = g_strdup_printf ("%s (%s; MTU %u)", facts->device, plane, plan->mtu);
    g_autofree char *gateway = g_strdup_printf ("%s at %s%s", facts->gateway_identity, endpoint,
                                                facts->behind_nat ? ", behind a NAT" : "");
    printf ("Connected in %.2f s\n", (double)facts->elapsed / G_USEC_PER_SEC);
    show ("gateway", gateway);
    if (facts->way != NULL)
        show_way (facts->way);
    show ("device", device);
    show_prefixes ("addresses", plan->addresses, NULL);
    show_prefixes ("networks", plan->routes, "none");
    show_addresses ("DNS", plan->dns);
    show_strings ("domains", plan->search);
    show ("resolver", facts->resolver);
    show ("IKE", facts->ike_proposal);
    show ("ESP", facts->esp_proposal);
    show ("message", facts->banner);
    fflush (stdout);
}

/* ---- states ---- */

static void
say_first_address (const char *verb, const Profile *profile)
{
    g_autofree char *address = explain_escape (profile->addresses[0]);
    say ("%s %s ...", verb, address);
}

static void
say_login (const Profile *profile)
{
    const char *name = profile->method == PROFILE_METHOD_CERTIFICATE ? NULL : profile->user;
    g_autofree char *user = name != NULL ? explain_escape (name) : NULL;
    if (user != NULL)
        say ("Logging in as %s ...", user);
    else
        say ("Logging in ...");
}

static void
say_goodbye (const ConnectReport *report)
{
    if (report->facts->since == 0)
        return;
    g_autofree char *in = g_format_size_full (report->counters->octets_in, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *out =
        g_format_size_full (report->counters->octets_out, G_FORMAT_SIZE_IEC_UNITS);
    say ("Disconnected; received %s, sent %s", in, out);
}

static void
human_state (const ConnectReport *report)
{
    switch (report->state)
    {
    case OUTRIDER_TUNNEL_IDLE:
        break;
    case OUTRIDER_TUNNEL_RESOLVING:
        break; /* takes no time worth a line, or fails with one */
    case OUTRIDER_TUNNEL_CONNECTING:
        say_first_address ("Connecting to", report->profile);
        break;
    case OUTRIDER_TUNNEL_AUTHENTICATING:
        say_login (report->profile);
        break;
    case OUTRIDER_TUNNEL_CONNECTED:
        show_connection (report->facts);
        break;
    case OUTRIDER_TUNNEL_RECONNECTING:
    {
        g_autofree char *why = report->error != NULL ? explain_error (report->error) : NULL;
        say ("Waiting to connect again%s%s", why != NULL ? ": " : "", why != NULL ? why : "");
        break;
    }
    case OUTRIDER_TUNNEL_DISCONNECTING:
        say ("Disconnecting ...");
        break;
    case OUTRIDER_TUNNEL_DISCONNECTED:
        say_goodbye (report);
        break;
    }
}

static void
human_rekeyed (const char *sa)
{
}

static void
human_notice (const char *story)
{
    g_autofree char *escaped = explain_escape (story);
    say ("  (%s)", escaped);
}

static void
human_failed (const GError *error, const char *stage)
{
    OutriderError code = explain_get_code (error);
    g_autofree char *message = explain_error (error);
    fflush (stdout);
    fprintf (stderr, "outrider: %s\nhint: %s\n", message, explain_get_hint (code));
}

const ConnectOutput connect_human = {
    .state = human_state,
    .rekeyed = human_rekeyed,
    .notice = human_notice,
    .failed = human_failed,
};
