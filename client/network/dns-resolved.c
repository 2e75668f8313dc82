/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/dns-resolved.h"

#include "errors.h"
#include "network/bus.h"
#include "network/journal.h"
#include "network/resolv-conf.h"

#include <net/if.h>
#include <sys/socket.h>

#define NAME "org.freedesktop.resolve1"
#define PATH "/org/freedesktop/resolve1"
#define MANAGER NAME ".Manager"
#define LINK NAME ".Link"
#define DBUS "org.freedesktop.DBus"
#define JOURNAL_PREFIX "resolved."
#define RECORD "link" /* the journal's group */

enum
{
    PATIENCE = 2000, /* ms, for all calls of one step */
    LAST_WORD = 100, /* ms, to take back what was done when the time is up */
    PAUSE = 5,       /* ms, before the same question again */
    SCOPE_DNS = 1,   /* of ScopesMask: servers of this link are in use */
};

struct DnsResolved
{
    char *root;
    char *journals;
    Bus *bus;
    gint64 deadline; /* of the step that is under way */
    bool silent;     /* the bus did not answer when it was asked last */
    char *device;    /* whose link has settings of ours; NULL: none */
    int index;
};

DnsResolved *
dns_resolved_new (const char *root)
{
    DnsResolved *self = g_new0 (DnsResolved, 1);
    self->root = g_strdup (root);
    self->journals = g_strconcat (root, JOURNAL_DIRECTORY, NULL);
    self->bus = bus_new (root);
    return self;
}

void
dns_resolved_free (DnsResolved *self)
{
    if (self == NULL)
        return;
    dns_resolved_revert (self);
    bus_free (self->bus);
    g_free (self->journals);
    g_free (self->root);
    g_free (self);
}

/* ---- the bus ---- */

static void
begin_step (DnsResolved *self)
{
    self->deadline = g_get_monotonic_time () + PATIENCE * G_TIME_SPAN_MILLISECOND;
}

/* Milliseconds; enough for a last word in any case. */
static int
time_left (const DnsResolved *self)
{
    gint64 left = (self->deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
    return (int)MAX (left, LAST_WORD);
}

static GVariant *
ask (DnsResolved *self, const char *path, const char *interface, const char *method,
     GVariant *parameters, GError **error)
{
    g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);
    if (!bus_reach (self->bus, time_left (self), error))
        return NULL;
    return bus_call (self->bus, NAME, path, interface, method, owned, time_left (self), error);
}

static bool
tell (DnsResolved *self, const char *method, GVariant *parameters, GError **error)
{
    g_autoptr (GVariant) reply = ask (self, PATH, MANAGER, method, parameters, error);
    return reply != NULL;
}

static bool
is_unknown_link (const GError *error)
{
    return bus_error_is (error, NAME ".NoSuchLink");
}

/* In our vocabulary. */
static bool
refuse (GError **error, const char *method, GError *reason)
{
    bus_error_strip (reason);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "systemd-resolved: %s: %s",
                 method, reason->message);
    g_error_free (reason);
    return false;
}

/* ---- whose are the names? ---- */

static bool
exists (const DnsResolved *self, const char *path)
{
    g_autofree char *whole = g_strconcat (self->root, path, NULL);
    return g_file_test (whole, G_FILE_TEST_EXISTS);
}

bool
dns_resolved_has_file (const DnsResolved *self)
{
    static const char *const files[] = { "/run/systemd/resolve/stub-resolv.conf",
                                         "/run/systemd/resolve/resolv.conf",
                                         "/usr/lib/systemd/resolv.conf" };
    g_autofree char *target = resolv_conf_get_target (self->root);
    for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    {
        g_autofree char *file = g_strconcat (self->root, files[i], NULL);
        if (strcmp (target, file) == 0)
            return true;
    }
    return false;
}

/* "hosts: files resolve [!UNAVAIL=return] dns": the C library asks it, whatever the file says. */
static bool
is_asked_by_library (const DnsResolved *self)
{
    g_autofree char *path = g_strconcat (self->root, "/etc/nsswitch.conf", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents (path, &text, NULL, NULL))
        return false;
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
    {
        g_auto (GStrv) words = g_strsplit_set (*line, " \t", -1);
        if (g_strcmp0 (words[0], "hosts:") == 0)
            return g_strv_contains ((const char *const *)words, "resolve");
    }
    return false;
}

static bool
ask_for_owner (DnsResolved *self, GError **error)
{
    if (!bus_reach (self->bus, time_left (self), error))
        return false;
    g_autoptr (GVariant) name = g_variant_ref_sink (g_variant_new ("(s)", NAME));
    g_autoptr (GVariant) reply = bus_call (self->bus, DBUS, "/org/freedesktop/DBus", DBUS,
                                           "GetNameOwner", name, time_left (self), error);
    return reply != NULL;
}

/* Nobody knows whether a silent bus has an owner of the name: then what asks it may not go on as if there were none. */
static bool
has_owner (DnsResolved *self)
{
    g_autoptr (GError) error = NULL;
    begin_step (self);
    bool owned = ask_for_owner (self, &error);
    self->silent = bus_error_is_silence (error);
    return owned || self->silent;
}

bool
dns_resolved_owns_names (DnsResolved *self)
{
    return exists (self, "/run/systemd/resolve") &&
           (dns_resolved_has_file (self) || is_asked_by_library (self)) &&
           exists (self, "/run/dbus/system_bus_socket") && has_owner (self);
}

/* ---- the journal: which link has settings of ours ---- */

static bool
write_journal (const DnsResolved *self, const NetworkPlan *plan, GError **error)
{
    g_autoptr (GKeyFile) file = journal_new ();
    g_autofree char *name = g_strconcat (JOURNAL_PREFIX, plan->device, NULL);
    g_key_file_set_integer (file, RECORD, "index", plan->device_index);
    return journal_write (file, self->journals, name, error);
}

static void
remove_journal (const DnsResolved *self, const char *device)
{
    g_autofree char *name = g_strconcat (JOURNAL_PREFIX, device, NULL);
    journal_remove (self->journals, name);
}

/* A link that is gone, or a service that is gone, has nothing of ours any more. */
static bool
revert_link (DnsResolved *self, int index, GError **error)
{
    GError *reason = NULL;
    if (tell (self, "RevertLink", g_variant_new ("(i)", index), &reason))
    {
        tell (self, "FlushCaches", g_variant_new ("()"), NULL);
        return true;
    }
    if (!is_unknown_link (reason) && !bus_error_is (reason, DBUS ".Error.ServiceUnknown") &&
        !bus_error_is (reason, DBUS ".Error.NameHasNoOwner"))
        return refuse (error, "RevertLink", reason);
    g_error_free (reason);
    return true;
}

bool
dns_resolved_repair (DnsResolved *self, GError **error)
{
    g_auto (GStrv) names = journal_list (self->journals, JOURNAL_PREFIX);
    for (char **name = names; *name != NULL; name++)
    {
        g_autoptr (GKeyFile) file = journal_read (self->journals, *name);
        if (file != NULL && journal_is_of_the_living (file))
            continue;
        int index = file != NULL ? g_key_file_get_integer (file, RECORD, "index", NULL) : 0;
        const char *device = *name + strlen (JOURNAL_PREFIX);
        begin_step (self);
        if (index > 0 && (int)if_nametoindex (device) == index &&
            exists (self, "/run/dbus/system_bus_socket") && !revert_link (self, index, error))
            return false;
        journal_remove (self->journals, *name);
    }
    return true;
}

/* ---- apply and revert ---- */

static GVariant *
make_servers (const NetworkPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init (&list, G_VARIANT_TYPE ("a(iay)"));
    for (guint i = 0; i < plan->dns->len; i++)
    {
        const IpAddress *server = &g_array_index (plan->dns, IpAddress, i);
        GVariant *octets = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, server->octets,
                                                      ip_family_size (server->family), 1);
        g_variant_builder_add (&list, "(i@ay)", server->family == IP_V4 ? AF_INET : AF_INET6,
                               octets);
    }
    return g_variant_new ("(ia(iay))", plan->device_index, &list);
}

static bool
is_full (const NetworkPlan *plan)
{
    return plan->full_v4 || plan->full_v6;
}

static GVariant *
make_domains (const NetworkPlan *plan)
{
    GVariantBuilder list;
    g_variant_builder_init (&list, G_VARIANT_TYPE ("a(sb)"));
    for (guint i = 0; i < plan->search->len; i++)
        g_variant_builder_add (&list, "(sb)", plan->search->pdata[i], false);
    if (is_full (plan))
        g_variant_builder_add (&list, "(sb)", ".", true); /* all names, and none to search */
    return g_variant_new ("(ia(sb))", plan->device_index, &list);
}

/* It learns of a new link by itself, a moment after the kernel: until then it does not know the number. */
static bool
await_link (DnsResolved *self, int index, GError **error)
{
    GError *reason = NULL;
    for (bool unknown = true; unknown;)
    {
        g_autoptr (GError) answer = NULL;
        if (tell (self, "SetLinkLLMNR", g_variant_new ("(is)", index, "no"), &answer))
        {
            g_clear_error (&reason);
            return true;
        }
        unknown = is_unknown_link (answer) && g_get_monotonic_time () < self->deadline;
        if (reason == NULL)
            reason = g_steal_pointer (&answer);
        g_usleep (PAUSE * G_TIME_SPAN_MILLISECOND);
    }
    return refuse (error, "SetLinkLLMNR", reason);
}

/* The servers last: with the domains in place before, no name of theirs or of others goes a wrong way meanwhile. */
static bool
set_link (DnsResolved *self, const NetworkPlan *plan, GError **error)
{
    const struct
    {
        const char *method;
        GVariant *parameters;
    } calls[] = {
        { "SetLinkMulticastDNS", g_variant_new ("(is)", plan->device_index, "no") },
        { "SetLinkDomains", make_domains (plan) },
        { "SetLinkDefaultRoute", g_variant_new ("(ib)", plan->device_index, plan->dns_default) },
        { "SetLinkDNS", make_servers (plan) },
    };
    GError *reason = NULL;
    const char *refused = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS (calls); i++)
    {
        g_autoptr (GVariant) parameters = g_variant_ref_sink (calls[i].parameters);
        if (refused != NULL || tell (self, calls[i].method, parameters, &reason))
            continue;
        /* Before version 240 the domains alone decide. */
        if (bus_error_is (reason, DBUS ".Error.UnknownMethod"))
            g_clear_error (&reason);
        else
            refused = calls[i].method;
    }
    return refused == NULL || refuse (error, refused, reason);
}

static char *
get_link_path (DnsResolved *self, int index)
{
    g_autoptr (GVariant) reply =
        ask (self, PATH, MANAGER, "GetLink", g_variant_new ("(i)", index), NULL);
    char *path = NULL;
    if (reply != NULL && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(o)")))
        g_variant_get (reply, "(o)", &path);
    return path;
}

static bool
is_in_use (DnsResolved *self, const char *path)
{
    g_autoptr (GVariant) reply = ask (self, path, "org.freedesktop.DBus.Properties", "Get",
                                      g_variant_new ("(ss)", LINK, "ScopesMask"), NULL);
    g_autoptr (GVariant) mask = NULL;
    if (reply != NULL && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(v)")))
        g_variant_get (reply, "(v)", &mask);
    return mask != NULL && g_variant_is_of_type (mask, G_VARIANT_TYPE_UINT64) &&
           (g_variant_get_uint64 (mask) & SCOPE_DNS) != 0;
}

/* Until it has seen that the link is up and has an address, names still go elsewhere. */
static bool
await_use (DnsResolved *self, int index, GError **error)
{
    g_autofree char *path = get_link_path (self, index);
    for (;;)
    {
        if (path != NULL && is_in_use (self, path))
            return true;
        if (path == NULL || g_get_monotonic_time () >= self->deadline)
            break;
        g_usleep (PAUSE * G_TIME_SPAN_MILLISECOND);
    }
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                         "systemd-resolved does not use the servers of the tunnel's link");
    return false;
}

static void
take_back (DnsResolved *self)
{
    if (revert_link (self, self->index, NULL))
        remove_journal (self, self->device);
    g_clear_pointer (&self->device, g_free);
}

bool
dns_resolved_apply (DnsResolved *self, const NetworkPlan *plan, GError **error)
{
    if (self->silent)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                             "the system bus does not answer, and systemd-resolved needs it");
        return false;
    }
    if (!write_journal (self, plan, error))
        return false;
    begin_step (self);
    if (self->device != NULL && self->index != plan->device_index)
        take_back (self);
    g_free (self->device);
    self->device = g_strdup (plan->device);
    self->index = plan->device_index;
    if (await_link (self, plan->device_index, error) && set_link (self, plan, error) &&
        await_use (self, plan->device_index, error))
    {
        tell (self, "FlushCaches", g_variant_new ("()"), NULL);
        return true;
    }
    take_back (self); /* in what is left of the time */
    return false;
}

void
dns_resolved_revert (DnsResolved *self)
{
    if (self->device == NULL)
        return;
    begin_step (self);
    take_back (self);
}
