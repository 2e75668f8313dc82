/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/status.h"

#include "cli/running.h"
#include "errors.h"
#include "frontend/explain.h"
#include "network/netlink-guard.h"

#include <stdio.h>
#include <unistd.h>

/* Column where the values begin. */
#define ROW "  %-11s %s\n"
#define LIST_MAX 6

static void
show (const char *label, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    g_autofree char *escaped = explain_escape (text);
    printf (ROW, label, escaped);
}

/* "10.0.0.0/8, 10.1.0.0/16 and 7 more" */
static char *
join (const JsonObject *status, const char *member)
{
    JsonArray *list = json_object_has_member ((JsonObject *)status, member)
                          ? json_object_get_array_member ((JsonObject *)status, member)
                          : NULL;
    guint length = list != NULL ? json_array_get_length (list) : 0;
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < MIN (length, LIST_MAX); i++)
        g_string_append_printf (text, "%s%s", i > 0 ? ", " : "",
                                json_array_get_string_element (list, i));
    if (length > LIST_MAX)
        g_string_append_printf (text, " and %u more", length - LIST_MAX);
    return g_string_free (text, false);
}

static gint64
get_number (const Running *self, const char *member)
{
    return json_object_get_int_member_with_default (self->status, member, -1);
}

/* "45 s", "12 min", "3 h 20 min", "2 d 4 h" */
static char *
format_duration (gint64 seconds)
{
    if (seconds < 120)
        return g_strdup_printf ("%" G_GINT64_FORMAT " s", MAX (seconds, 0));
    gint64 minutes = seconds / 60;
    if (minutes < 120)
        return g_strdup_printf ("%" G_GINT64_FORMAT " min", minutes);
    gint64 hours = minutes / 60;
    if (hours < 48)
        return g_strdup_printf ("%" G_GINT64_FORMAT " h %" G_GINT64_FORMAT " min", hours,
                                minutes % 60);
    return g_strdup_printf ("%" G_GINT64_FORMAT " d %" G_GINT64_FORMAT " h", hours / 24,
                            hours % 24);
}

static void
show_keys (const Running *self, const char *label, const char *proposal, const char *age,
           const char *left)
{
    g_autofree char *old = format_duration (get_number (self, age));
    g_autofree char *rest =
        get_number (self, left) >= 0 ? format_duration (get_number (self, left)) : NULL;
    g_autofree char *text =
        g_strdup_printf ("%s, keys %s old%s%s", running_get (self, proposal, "?"), old,
                         rest != NULL ? ", new ones in " : "", rest != NULL ? rest : "");
    show (label, text);
}

static void
show_traffic (const Running *self)
{
    JsonObject *counters = json_object_has_member (self->status, "counters")
                               ? json_object_get_object_member (self->status, "counters")
                               : NULL;
    if (counters == NULL)
        return;
#define COUNT(name) (guint64) json_object_get_int_member_with_default (counters, name, 0)
    g_autofree char *in = g_format_size_full (COUNT ("octets_in"), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *out = g_format_size_full (COUNT ("octets_out"), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *text = g_strdup_printf ("received %s in %" G_GUINT64_FORMAT
                                             " packets, sent %s in %" G_GUINT64_FORMAT,
                                             in, COUNT ("packets_in"), out, COUNT ("packets_out"));
    show ("traffic", text);
    static const struct
    {
        const char *member;
        const char *words;
    } drops[] = {
        { "dropped_replayed", "replayed" },
        { "dropped_unverified", "forged" },
        { "dropped_by_selectors", "of no network of the tunnel" },
        { "dropped_malformed", "malformed" },
        { "dropped_too_big", "too big" },
        { "dropped_exhausted", "for want of new keys" },
        { "dropped_by_host", "by this host" },
    };
    g_autoptr (GString) dropped = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (drops); i++)
        if (COUNT (drops[i].member) > 0)
            g_string_append_printf (dropped, "%s%" G_GUINT64_FORMAT " %s",
                                    dropped->len > 0 ? ", " : "", COUNT (drops[i].member),
                                    drops[i].words);
    show ("dropped", dropped->str);
#undef COUNT
}

static void
show_connection (const Running *self)
{
    bool nat = json_object_get_boolean_member_with_default (self->status, "behind_nat", false);
    const char *why = running_get (self, "why_not_kernel", NULL);
    g_autofree char *gateway = g_strdup_printf (
        "%s at %s port %" G_GINT64_FORMAT "%s", running_get (self, "gateway_identity", "?"),
        running_get (self, "gateway", "?"), get_number (self, "gateway_port"),
        nat ? ", behind a NAT" : "");
    g_autofree char *device = g_strdup_printf (
        "%s, %s plane%s%s%s, MTU %" G_GINT64_FORMAT, running_get (self, "device", "?"),
        running_get (self, "plane", "?"), why != NULL ? " (" : "", why != NULL ? why : "",
        why != NULL ? ")" : "", get_number (self, "mtu"));
    show ("gateway", gateway);
    show ("device", device);
    static const struct
    {
        const char *label;
        const char *member;
    } lists[] = {
        { "addresses", "addresses" }, { "networks", "routes" },
        { "around it", "excludes" },  { "DNS", "dns" },
        { "domains", "domains" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (lists); i++)
    {
        g_autofree char *text = join (self->status, lists[i].member);
        show (lists[i].label, text);
    }
    show ("resolver", running_get (self, "resolver", NULL));
    show_keys (self, "IKE", "ike_proposal", "ike_age_s", "ike_rekey_in_s");
    show_keys (self, "ESP", "esp_proposal", "child_age_s", "child_rekey_in_s");
}

static void
show_tunnel (const Running *self)
{
    g_autofree char *name = explain_escape (running_get_name (self));
    gint64 since = get_number (self, "since");
    g_autofree char *age =
        since > 0 ? format_duration (g_get_real_time () / G_USEC_PER_SEC - since) : NULL;
    printf ("%s: %s%s%s\n", name, running_get (self, "state", "?"), age != NULL ? " for " : "",
            age != NULL ? age : "");
    if (json_object_has_member (self->status, "device"))
        show_connection (self);
    show_traffic (self);
    if (json_object_get_boolean_member_with_default (self->status, "kill_switch", false))
        show ("kill switch", "yes");
}

/* A kill switch may outlive its tunnel. Anybody may look. */
static void
show_guards (bool json)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    g_autoptr (GPtrArray) guards = netlink != NULL ? netlink_guard_list (netlink, NULL) : NULL;
    for (guint i = 0; guards != NULL && i < guards->len; i++)
    {
        const NetworkGuard *guard = guards->pdata[i];
        JsonBuilder *builder = json_line_begin ();
        json_line_add_number (builder, "kill_switch", guard->number);
        json_line_add_prefixes (builder, "refused", guard->refused);
        json_line_add_prefixes (builder, "open", guard->open);
        g_autofree char *line = json_line_end (builder);
        if (json)
        {
            puts (line);
            continue;
        }
        g_autoptr (JsonNode) node = json_from_string (line, NULL);
        g_autofree char *refused = join (json_node_get_object (node), "refused");
        printf ("Kill switch in force: without its tunnel %s %s refused "
                "(\"outrider down --release\" lifts it).\n",
                refused, guard->refused->len == 1 ? "is" : "are");
    }
}

int
status_run (int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "one JSON object a line, one for each tunnel",
          NULL },
        { 0 },
    };
    g_autofree char *name = NULL;
    g_autoptr (GError) error = NULL;
    int status = 0;
    if (!running_parse (argc, argv, entries,
                        "Shows the tunnels that run, or the one called NAME: a profile, a gateway "
                        "or a device.",
                        &name, &status))
        return status;
    g_autoptr (GPtrArray) list = running_list (name, &error);
    for (guint i = 0; list != NULL && i < list->len; i++)
    {
        const Running *running = list->pdata[i];
        if (json)
            puts (running->text);
        else
            show_tunnel (running);
    }
    if (list != NULL && list->len == 0 && !json)
        puts (geteuid () == 0 ? "No tunnel is up."
                              : "No tunnel of yours is up; those of root are shown to root alone.");
    show_guards (json);
    return list == NULL ? running_fail (error, json) : 0;
}
