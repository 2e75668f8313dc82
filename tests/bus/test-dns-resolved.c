/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What systemd-resolved is told about a tunnel, and what becomes of it where the service is not as it should be. */

#include "errors.h"
#include "network/dns-resolved.h"
#include "network/journal.h"
#include "private-bus.h"
#include "stand-in-resolve1.h"
#include "support/host-root.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

typedef struct
{
    char *root;
    char *journals;
    PrivateBus *bus;
    StandInResolve1 *service;
    DnsResolved *dns;
    NetworkPlan *plan;
} Fixture;

#define SECONDS                                                                                    \
    (2 * G_USEC_PER_SEC) /* what a step may take; two of its calls would take twice that */

/* ---- the scene ---- */

static void
set_up (Fixture *self, gconstpointer unused)
{
    self->root = host_root_new ();
    self->journals = g_strconcat (self->root, JOURNAL_DIRECTORY, NULL);
    self->bus = private_bus_new (self->root);
    self->dns = dns_resolved_new (self->root);
    self->plan = host_root_make_plan ("lo", 1);
    host_root_put (self->root, "/run/systemd/resolve/stub-resolv.conf", "nameserver 127.0.0.53\n");
    host_root_put (self->root, "/etc/nsswitch.conf", "hosts: files dns\n");
    host_root_put_link (self->root, "/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
    dns_resolved_free (self->dns);
    stand_in_resolve1_free (self->service);
    private_bus_free (self->bus);
    network_plan_free (self->plan);
    host_root_free (self->root);
    g_free (self->journals);
}

static void
serve (Fixture *self, StandInResolve1Options options)
{
    self->service = stand_in_resolve1_new (private_bus_get_address (self->bus), &options);
}

static void
assert_told (Fixture *self, const char *expected)
{
    g_autofree char *story = stand_in_resolve1_take_story (self->service);
    g_assert_cmpstr (story, ==, expected);
}

static void
assert_journals (const Fixture *self, unsigned count)
{
    g_auto (GStrv) names = journal_list (self->journals, "");
    g_assert_cmpuint (g_strv_length (names), ==, count);
}

static void
apply (Fixture *self)
{
    g_autoptr (GError) error = NULL;
    g_assert_true (dns_resolved_apply (self->dns, self->plan, &error));
    g_assert_no_error (error);
}

/* Within the time of one step, and with nothing left to be undone but what WORDS tell of. */
static void
assert_refused (Fixture *self, const char *words)
{
    g_autoptr (GError) error = NULL;
    gint64 before = g_get_monotonic_time ();
    g_assert_false (dns_resolved_apply (self->dns, self->plan, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_nonnull (strstr (error->message, words));
    g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * SECONDS);
}

/* ---- what it is told ---- */

static void
split_tunnel (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    host_root_add_server (self->plan, "fd00::53");
    apply (self);
    assert_told (self, "SetLinkLLMNR (1, 'no')\n"
                       "SetLinkMulticastDNS (1, 'no')\n"
                       "SetLinkDomains (1, [('corp.test', false)])\n"
                       "SetLinkDefaultRoute (1, false)\n"
                       "SetLinkDNS (1, [(2, [0x0a, 0x4d, 0x00, 0x35]), (10, [0xfd, 0x00, 0x00, "
                       "0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, "
                       "0x53])])\n"
                       "FlushCaches ()\n");
    assert_journals (self, 1);
    dns_resolved_revert (self->dns);
    assert_told (self, "RevertLink (1,)\nFlushCaches ()\n");
    assert_journals (self, 0);
    dns_resolved_revert (self->dns);
    assert_told (self, "");
}

static void
full_tunnel (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    self->plan->full_v4 = self->plan->dns_default = true;
    apply (self);
    assert_told (self, "SetLinkLLMNR (1, 'no')\n"
                       "SetLinkMulticastDNS (1, 'no')\n"
                       "SetLinkDomains (1, [('corp.test', false), ('.', true)])\n"
                       "SetLinkDefaultRoute (1, true)\n"
                       "SetLinkDNS (1, [(2, [0x0a, 0x4d, 0x00, 0x35])])\n"
                       "FlushCaches ()\n");
}

/* Its servers are asked beside the others': the gateway may not take all names of a split tunnel. */
static void
no_domains (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    g_ptr_array_set_size (self->plan->search, 0);
    self->plan->dns_default = true;
    apply (self);
    assert_told (self, "SetLinkLLMNR (1, 'no')\n"
                       "SetLinkMulticastDNS (1, 'no')\n"
                       "SetLinkDomains (1, [])\n"
                       "SetLinkDefaultRoute (1, true)\n"
                       "SetLinkDNS (1, [(2, [0x0a, 0x4d, 0x00, 0x35])])\n"
                       "FlushCaches ()\n");
}

static void
link_is_reverted_at_the_end (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    apply (self);
    g_free (stand_in_resolve1_take_story (self->service));
    g_clear_pointer (&self->dns, dns_resolved_free);
    assert_told (self, "RevertLink (1,)\nFlushCaches ()\n");
}

/* The same link is told anew, without a moment in which it had nothing; another one is left. */
static void
plan_follows_plan (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    apply (self);
    g_free (stand_in_resolve1_take_story (self->service));
    apply (self);
    g_autofree char *again = stand_in_resolve1_take_story (self->service);
    g_assert_null (strstr (again, "RevertLink"));
    g_assert_nonnull (strstr (again, "SetLinkDNS (1,"));
    self->plan->device_index = 2;
    apply (self);
    g_autofree char *another = stand_in_resolve1_take_story (self->service);
    g_assert_true (g_str_has_prefix (another, "RevertLink (1,)\n"));
    g_assert_nonnull (strstr (another, "SetLinkDNS (2,"));
}

/* ---- a service that is late, old, or does not want ---- */

static void
link_is_learned_late (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .late_link = 3, .late_scope = 3 });
    apply (self);
}

static void
link_is_never_used (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .late_scope = UINT_MAX });
    assert_refused (self, "does not use the servers");
}

static void
scopes_are_odd (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .scopes_type = "s" });
    assert_refused (self, "does not use the servers");
}

static void
old_version_lacks_default_route (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .lacks = "SetLinkDefaultRoute" });
    apply (self);
}

static void
link_is_somebody_elses (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .refuses = "SetLinkDNS" });
    assert_refused (self, "SetLinkDNS: the link is managed");
    g_autofree char *story = stand_in_resolve1_take_story (self->service);
    g_assert_true (g_str_has_suffix (story, "RevertLink (1,)\nFlushCaches ()\n"));
    assert_journals (self, 0);
}

static void
link_is_never_known (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .late_link = UINT_MAX });
    assert_refused (self, "not known");
}

/* What is not answered may have been done: the journal stays for the next start. */
static void
service_hangs (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .ignores = "SetLinkDomains" });
    g_assert_true (dns_resolved_owns_names (self->dns));
    assert_refused (self, "SetLinkDomains");
}

static void
service_hangs_at_the_end (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .ignores = "RevertLink" });
    apply (self);
    gint64 before = g_get_monotonic_time ();
    dns_resolved_revert (self->dns);
    g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * SECONDS);
    assert_journals (self, 1);
}

static void
service_goes (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    apply (self);
    g_clear_pointer (&self->service, stand_in_resolve1_free);
    dns_resolved_revert (self->dns);
    assert_journals (self, 0);
    g_assert_false (dns_resolved_owns_names (self->dns));
    assert_refused (self, "systemd-resolved");
}

static void
bus_is_silent (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    private_bus_pause (self->bus);
    gint64 before = g_get_monotonic_time ();
    g_assert_true (dns_resolved_owns_names (self->dns));
    assert_refused (self, "does not answer");
    g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * SECONDS);
    private_bus_resume (self->bus);
    g_assert_true (dns_resolved_owns_names (self->dns));
    apply (self);
}

static void
bus_starts_anew (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    apply (self);
    stand_in_resolve1_free (self->service);
    private_bus_free (self->bus);
    self->bus = private_bus_new (self->root);
    serve (self, (StandInResolve1Options){ 0 });
    dns_resolved_revert (self->dns);
    assert_told (self, "RevertLink (1,)\nFlushCaches ()\n");
}

/* ---- whose are the names? ---- */

static void
names_are_its_own (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    g_assert_true (dns_resolved_owns_names (self->dns));
    g_assert_true (dns_resolved_has_file (self->dns));
    host_root_put (self->root, "/etc/resolv.conf", "nameserver 192.0.2.53\n");
    g_assert_false (dns_resolved_owns_names (self->dns));
    g_assert_false (dns_resolved_has_file (self->dns));
    host_root_put (self->root, "/etc/nsswitch.conf",
                   "passwd: files\nhosts:\tfiles resolve [!UNAVAIL=return] dns\n");
    g_assert_true (dns_resolved_owns_names (self->dns));
    g_assert_false (dns_resolved_has_file (self->dns));
    host_root_put (self->root, "/etc/nsswitch.conf", "#hosts: resolve\nnetworks: resolve\n");
    g_assert_false (dns_resolved_owns_names (self->dns));
}

/* A service that could be started is not running. */
static void
service_is_not_started (Fixture *self, gconstpointer unused)
{
    g_autofree char *marker = g_strconcat (self->root, "/started", NULL);
    g_autofree char *text =
        g_strdup_printf ("[D-BUS Service]\nName=org.freedesktop.resolve1\nExec=/bin/touch %s\n"
                         "User=root\n",
                         marker);
    host_root_put (self->root, "/services/org.freedesktop.resolve1.service", text);
    g_assert_false (dns_resolved_owns_names (self->dns));
    assert_refused (self, "systemd-resolved");
    g_assert_false (g_file_test (marker, G_FILE_TEST_EXISTS));
    assert_journals (self, 0);
}

static void
no_bus (Fixture *self, gconstpointer unused)
{
    g_autofree char *socket = g_strconcat (self->root, "/run/dbus/system_bus_socket", NULL);
    g_assert_cmpint (g_unlink (socket), ==, 0);
    g_assert_false (dns_resolved_owns_names (self->dns));
    host_root_put (self->root, "/run/dbus/system_bus_socket", "");
    g_assert_false (dns_resolved_owns_names (self->dns));
}

/* ---- what a killed process left ---- */

static void
put_journal (const Fixture *self, const char *device, int process, int index)
{
    g_autofree char *path = g_strdup_printf (JOURNAL_DIRECTORY "/resolved.%s", device);
    g_autofree char *text =
        g_strdup_printf ("[owner]\nprocess=%d\nstarted=1\n[link]\nindex=%d\n", process, index);
    host_root_put (self->root, path, text);
}

static void
leftovers_are_repaired (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    put_journal (self, "lo", getpid (), 1); /* a number that was given anew since */
    put_journal (self, "outrider7", 1, 7);  /* a link that is gone */
    host_root_put (self->root, JOURNAL_DIRECTORY "/resolved.broken", "?");
    g_autoptr (GError) error = NULL;
    g_assert_true (dns_resolved_repair (self->dns, &error));
    g_assert_no_error (error);
    assert_told (self, "RevertLink (1,)\nFlushCaches ()\n");
    assert_journals (self, 0);
}

static void
link_of_another_is_left_alone (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    put_journal (self, "lo", 1, 9); /* its name came back on another link */
    g_assert_true (dns_resolved_repair (self->dns, NULL));
    assert_told (self, "");
    assert_journals (self, 0);
}

static void
living_owner_is_left_alone (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ 0 });
    apply (self);
    g_free (stand_in_resolve1_take_story (self->service));
    g_autoptr (DnsResolved) other = dns_resolved_new (self->root);
    g_assert_true (dns_resolved_repair (other, NULL));
    assert_told (self, "");
    assert_journals (self, 1);
}

static void
repair_of_a_silent_service (Fixture *self, gconstpointer unused)
{
    serve (self, (StandInResolve1Options){ .ignores = "RevertLink" });
    put_journal (self, "lo", 1, 1);
    g_autoptr (GError) error = NULL;
    g_assert_false (dns_resolved_repair (self->dns, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    assert_journals (self, 1);
}

int
main (int argc, char **argv)
{
    static const struct
    {
        const char *path;
        void (*test) (Fixture *, gconstpointer);
    } tests[] = {
        { "/dns-resolved/split", split_tunnel },
        { "/dns-resolved/full", full_tunnel },
        { "/dns-resolved/no-domains", no_domains },
        { "/dns-resolved/end", link_is_reverted_at_the_end },
        { "/dns-resolved/plans", plan_follows_plan },
        { "/dns-resolved/late", link_is_learned_late },
        { "/dns-resolved/never-used", link_is_never_used },
        { "/dns-resolved/odd-scopes", scopes_are_odd },
        { "/dns-resolved/old", old_version_lacks_default_route },
        { "/dns-resolved/busy", link_is_somebody_elses },
        { "/dns-resolved/unknown", link_is_never_known },
        { "/dns-resolved/hangs", service_hangs },
        { "/dns-resolved/hangs-at-the-end", service_hangs_at_the_end },
        { "/dns-resolved/goes", service_goes },
        { "/dns-resolved/silent-bus", bus_is_silent },
        { "/dns-resolved/new-bus", bus_starts_anew },
        { "/dns-resolved/owns", names_are_its_own },
        { "/dns-resolved/not-started", service_is_not_started },
        { "/dns-resolved/no-bus", no_bus },
        { "/dns-resolved/repair", leftovers_are_repaired },
        { "/dns-resolved/repair-another", link_of_another_is_left_alone },
        { "/dns-resolved/repair-living", living_owner_is_left_alone },
        { "/dns-resolved/repair-silent", repair_of_a_silent_service },
    };
    g_test_init (&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
        g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run ();
}
