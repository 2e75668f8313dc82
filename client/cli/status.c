/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/status.h"

#include "cli/guards.h"
#include "cli/json-line.h"
#include "cli/running.h"
#include "frontend/explain.h"

#include <stdio.h>

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
join (const Running *self, const char *member)
{
    const json_t *list = json_object_get (self->status, member);
    size_t length = json_array_size (list);
    GString *text = g_string_new (NULL);
    for (size_t i = 0; i < MIN (length, LIST_MAX); i++)
    {
        const char *element = json_string_value (json_array_get (list, i));
        g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", element != NULL ? element : "?");
    }
    if (length > LIST_MAX)
        g_string_append_printf (text, " and %zu more", length - LIST_MAX);
    return g_string_free (text, false);
}

static gint64
get_number (const Running *self, const char *member)
{
    const json_t *number = json_object_get (self->status, member);
    return json_is_integer (number) ? json_integer_value (number) : -1;
}

static bool
is_true (const Running *self, const char *member)
{
    return json_is_true (json_object_get (self->status, member));
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

static guint64
get_count (const json_t *counters, const char *name)
{
    return (guint64)json_integer_value (json_object_get (counters, name));
}

static void
show_traffic (const Running *self)
{
    const json_t *counters = json_object_get (self->status, "counters");
    if (counters == NULL)
        return;
    g_autofree char *in =
        g_format_size_full (get_count (counters, "octets_in"), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *out =
        g_format_size_full (get_count (counters, "octets_out"), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *text = g_strdup_printf (
        "received %s in %" G_GUINT64_FORMAT " packets, sent %s in %" G_GUINT64_FORMAT, in,
        get_count (counters, "packets_in"), out, get_count (counters, "packets_out"));
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
    {
        guint64 count = get_count (counters, drops[i].member);
        if (count > 0)
            g_string_append_printf (dropped, "%s%" G_GUINT64_FORMAT " %s",
                                    dropped->len > 0 ? ", " : "", count, drops[i].words);
    }
    show ("dropped", dropped->str);
}

/* "via 192.0.2.1 on wlan0, from 192.0.2.7" */
static void
show_way (const Running *self)
{
    const json_t *way = json_object_get (self->status, "way_out");
    const char *device = json_string_value (json_object_get (way, "device"));
    const char *next_hop = json_string_value (json_object_get (way, "next_hop"));
    const char *source = json_string_value (json_object_get (way, "source"));
    g_autofree char *text = g_strdup_printf (
        "%s%s%son %s%s%s", next_hop != NULL ? "via " : "", next_hop != NULL ? next_hop : "",
        next_hop != NULL ? " " : "", device != NULL ? device : "?", source != NULL ? ", from " : "",
        source != NULL ? source : "");
    if (device != NULL)
        show ("way out", text);
}

static void
show_connection (const Running *self)
{
    const char *why = running_get (self, "why_not_kernel", NULL);
    g_autofree char *gateway = g_strdup_printf (
        "%s at %s port %" G_GINT64_FORMAT "%s", running_get (self, "gateway_identity", "?"),
        running_get (self, "gateway", "?"), get_number (self, "gateway_port"),
        is_true (self, "behind_nat") ? ", behind a NAT" : "");
    g_autofree char *device = g_strdup_printf (
        "%s, %s plane%s%s%s, MTU %" G_GINT64_FORMAT, running_get (self, "device", "?"),
        running_get (self, "plane", "?"), why != NULL ? " (" : "", why != NULL ? why : "",
        why != NULL ? ")" : "", get_number (self, "mtu"));
    show ("gateway", gateway);
    show_way (self);
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
        g_autofree char *text = join (self, lists[i].member);
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
    if (running_get (self, "device", NULL) != NULL)
        show_connection (self);
    else
        show ("because", running_get (self, "message", NULL));
    show_traffic (self);
    if (is_true (self, "kill_switch"))
        show ("kill switch", "yes");
}

static void
show_guard (const NetworkGuard *guard)
{
    g_autofree char *refused = guards_format_refused (guard);
    printf ("Kill switch in force: without its tunnel, %s is refused (\"outrider down --release\" "
            "lifts it).\n",
            refused);
}

static void
print_guard (const NetworkGuard *guard)
{
    JsonLine *object = json_line_begin ();
    json_line_add_string (object, "event", "kill-switch");
    g_autofree char *owner = g_strdup_printf ("%016" G_GINT64_MODIFIER "x", guard->owner);
    json_line_add_string (object, "owner", guard->owner != 0 ? owner : NULL);
    json_line_add_prefixes (object, "refused", guard->refused);
    json_line_add_prefixes (object, "open", guard->open);
    g_autofree char *line = json_line_end (object);
    puts (line);
}

static void
print_hidden (unsigned hidden)
{
    JsonLine *object = json_line_begin ();
    json_line_add_string (object, "event", "hidden");
    json_line_add_number (object, "tunnels", hidden);
    g_autofree char *line = json_line_end (object);
    puts (line);
}

/* What we may not ask: nobody shall take it for none. */
static void
show_lack (const char *name, bool none, unsigned hidden)
{
    if (none)
        puts (hidden > 0     ? "No tunnel of this user's is up."
              : name != NULL ? "No such tunnel is up."
                             : "No tunnel is up.");
    if (hidden > 0)
        printf ("There are tunnels of another user's (%u): root may see them.\n", hidden);
}

static void
show_all (const GPtrArray *list, const char *name, unsigned hidden, bool json)
{
    for (guint i = 0; i < list->len; i++)
        if (json)
            puts (((const Running *)list->pdata[i])->text);
        else
            show_tunnel (list->pdata[i]);
    if (!json)
        show_lack (name, list->len == 0, hidden);
    else if (hidden > 0)
        print_hidden (hidden);

    const char *guarded = name != NULL && list->len > 0 ? running_get_name (list->pdata[0]) : name;
    g_autoptr (GPtrArray) guards = guards_list (guarded, NULL);
    for (guint i = 0; guards != NULL && i < guards->len; i++)
        (json ? print_guard : show_guard) (guards->pdata[i]);
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
    unsigned hidden = 0;
    if (!running_parse (argc, argv, entries,
                        "Shows the tunnels that run, or the one called NAME: a profile, a gateway "
                        "or a device.",
                        &name, &status))
        return status;
    g_autoptr (GPtrArray) list = running_list (name, &hidden, &error);
    if (list == NULL)
        return running_fail (error, json);
    show_all (list, name, hidden, json);
    return 0;
}
