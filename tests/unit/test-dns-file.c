/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The resolver's file in a scratch directory: changed, put back, and put back by the next start after a crash. */

#include "network/dns-file.h"
#include "network/journal.h"
#include "network/resolv-conf.h"
#include "support/host-root.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOURNAL JOURNAL_DIRECTORY "/resolv.conf.before"
#define SHARE JOURNAL_DIRECTORY "/resolv.conf.of-outrider0"

typedef struct
{
    char *root;
    char *path;
    char *journals;
    DnsFile *dns;
    NetworkPlan *plan;
} Fixture;

static const char before[] = "# mine\nsearch home.test\nnameserver 192.0.2.53\noptions ndots:2\n";

static void
set_up (Fixture *self, gconstpointer unused)
{
    self->root = host_root_new ();
    self->path = g_strconcat (self->root, RESOLV_CONF, NULL);
    self->journals = g_strconcat (self->root, JOURNAL_DIRECTORY, NULL);
    self->dns = dns_file_new (self->path, self->journals);
    self->plan = host_root_make_plan ("outrider0", 7);
    host_root_put (self->root, RESOLV_CONF, before);
}

/* No scratch file stays behind. */
static void
assert_nothing_else_in_folder (const Fixture *self)
{
    g_autofree char *folder = g_path_get_dirname (self->path);
    g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name (entries)) != NULL)
        g_assert_true (strcmp (name, "resolv.conf") == 0 || strcmp (name, "target") == 0);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
    dns_file_free (self->dns);
    network_plan_free (self->plan);
    assert_nothing_else_in_folder (self);
    host_root_free (self->root);
    g_free (self->path);
    g_free (self->journals);
}

static void
assert_content (const Fixture *self, const char *expected)
{
    g_autofree char *content = host_root_read (self->root, RESOLV_CONF);
    g_assert_cmpstr (content, ==, expected);
}

static void
apply (Fixture *self)
{
    g_autoptr (GError) error = NULL;
    g_assert_true (dns_file_apply (self->dns, self->plan, &error));
    g_assert_no_error (error);
}

static const char split[] =
    "# Made by outrider for outrider0. What was here before comes back when the "
    "tunnel ends.\n"
    "search corp.test home.test\nnameserver 10.77.0.53\n"
    "nameserver 192.0.2.53\noptions ndots:2\n";

static void
file_is_changed_and_put_back (Fixture *self, gconstpointer unused)
{
    chmod (self->path, 0640);
    apply (self);
    assert_content (self, split);
    dns_file_revert (self->dns);
    assert_content (self, before);
    struct stat status;
    g_assert_cmpint (lstat (self->path, &status), ==, 0);
    g_assert_cmpuint (status.st_mode & 07777, ==, 0640);
}

static void
full_tunnel_leaves_no_other_server (Fixture *self, gconstpointer unused)
{
    self->plan->full_v4 = true;
    apply (self);
    g_autofree char *content = host_root_read (self->root, RESOLV_CONF);
    g_assert_null (strstr (content, "192.0.2.53"));
    g_assert_nonnull (strstr (content, "options ndots:2"));
}

static void
link_comes_back_as_a_link (Fixture *self, gconstpointer unused)
{
    host_root_put (self->root, "/etc/target", before);
    host_root_put_link (self->root, RESOLV_CONF, "target");
    apply (self);
    assert_content (self, split);
    dns_file_revert (self->dns);
    g_autofree char *leads_to = g_file_read_link (self->path, NULL);
    g_assert_cmpstr (leads_to, ==, "target");
    assert_content (self, before);
}

/* Through a link to a link, the servers that were used stay behind ours. */
static void
links_are_followed (Fixture *self, gconstpointer unused)
{
    host_root_put (self->root, "/run/target", before);
    host_root_put_link (self->root, "/etc/target", "../run/target");
    host_root_put_link (self->root, RESOLV_CONF, "target");
    apply (self);
    assert_content (self, split);
    apply (self);
    assert_content (self, split);
    dns_file_revert (self->dns);
    assert_content (self, before);
}

/* Another plan, as after a new login: nothing of the first one stays, and what was there before comes back. */
static void
plan_follows_plan (Fixture *self, gconstpointer unused)
{
    apply (self);
    g_ptr_array_set_size (self->plan->search, 0);
    g_array_index (self->plan->dns, IpAddress, 0).octets[3] = 54;
    apply (self);
    g_autofree char *content = host_root_read (self->root, RESOLV_CONF);
    g_assert_null (strstr (content, "corp.test"));
    g_assert_null (strstr (content, "10.77.0.53"));
    g_assert_nonnull (strstr (content, "nameserver 10.77.0.54\nnameserver 192.0.2.53\n"));
    dns_file_revert (self->dns);
    assert_content (self, before);
}

/* What somebody else wrote between two plans is what comes back. */
static void
foreign_change_between_plans (Fixture *self, gconstpointer unused)
{
    apply (self);
    host_root_put (self->root, RESOLV_CONF, "nameserver 203.0.113.1\n");
    apply (self);
    g_autofree char *content = host_root_read (self->root, RESOLV_CONF);
    g_assert_nonnull (strstr (content, "nameserver 10.77.0.53\nnameserver 203.0.113.1\n"));
    dns_file_revert (self->dns);
    assert_content (self, "nameserver 203.0.113.1\n");
}

static void
nothing_comes_back_as_nothing (Fixture *self, gconstpointer unused)
{
    unlink (self->path);
    apply (self);
    dns_file_revert (self->dns);
    g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
}

static void
foreign_change_stays (Fixture *self, gconstpointer unused)
{
    apply (self);
    host_root_put (self->root, RESOLV_CONF, "nameserver 203.0.113.1\n");
    dns_file_revert (self->dns);
    assert_content (self, "nameserver 203.0.113.1\n");
}

/* The process that wrote it is no more. */
static void
let_owner_die (const Fixture *self, const char *journal)
{
    g_autofree char *text = host_root_read (self->root, journal);
    char *started = strstr (text, "started=");
    g_assert_nonnull (started);
    started[strlen ("started=")] = 'x';
    host_root_put (self->root, journal, text);
}

/* Killed when the second plan was written down, but not in force yet. */
static void
crash_between_plans (Fixture *self, gconstpointer unused)
{
    apply (self);
    g_autofree char *first = host_root_read (self->root, RESOLV_CONF);
    g_array_index (self->plan->dns, IpAddress, 0).octets[3] = 54;
    apply (self);
    let_owner_die (self, SHARE);
    host_root_put (self->root, RESOLV_CONF, first);
    DnsFile *next = dns_file_new (self->path, self->journals);
    g_assert_true (dns_file_repair (next, NULL));
    assert_content (self, before);
    dns_file_free (next);
}

/* Changes the file in a process that ends without undoing it. */
static void
crash (Fixture *self)
{
    pid_t child = fork ();
    if (child == 0)
        _exit (dns_file_apply (self->dns, self->plan, NULL) ? 0 : 1);
    int status = -1;
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    g_assert_cmpint (status, ==, 0);
    assert_content (self, split);
}

static void
next_start_repairs_after_a_crash (Fixture *self, gconstpointer unused)
{
    crash (self);
    g_autoptr (GError) error = NULL;
    g_assert_true (dns_file_repair (self->dns, &error));
    g_assert_no_error (error);
    assert_content (self, before);
    g_assert_true (dns_file_repair (self->dns, NULL));
    assert_content (self, before);
}

static void
live_owner_is_left_alone (Fixture *self, gconstpointer unused)
{
    apply (self);
    DnsFile *other = dns_file_new (self->path, self->journals);
    g_assert_true (dns_file_repair (other, NULL));
    assert_content (self, split);
    dns_file_free (other);
    assert_content (self, split);
}

static NetworkPlan *
make_second_plan (bool full)
{
    NetworkPlan *plan = host_root_make_plan ("outrider1", 8);
    g_array_index (plan->dns, IpAddress, 0).octets[3] = 99;
    g_ptr_array_set_size (plan->search, 0);
    g_ptr_array_add (plan->search, g_strdup ("lab.test"));
    plan->full_v4 = full;
    return plan;
}

static const char both[] =
    "# Made by outrider for outrider0, outrider1. What was here before comes back when the "
    "tunnel ends.\n"
    "search corp.test lab.test home.test\nnameserver 10.77.0.53\nnameserver 10.77.0.99\n"
    "nameserver 192.0.2.53\noptions ndots:2\n";

/* Two tunnels share the file; whichever ends first takes its own away and leaves the rest. */
static void
tunnels_share_the_file (Fixture *self, gconstpointer unused)
{
    for (unsigned first_ends_first = 0; first_ends_first < 2; first_ends_first++)
    {
        apply (self);
        DnsFile *other = dns_file_new (self->path, self->journals);
        g_autoptr (NetworkPlan) plan = make_second_plan (false);
        g_assert_true (dns_file_apply (other, plan, NULL));
        assert_content (self, both);
        apply (self); /* a new plan of the first keeps its place */
        assert_content (self, both);
        dns_file_revert (first_ends_first ? self->dns : other);
        g_autofree char *left = host_root_read (self->root, RESOLV_CONF);
        g_assert_nonnull (strstr (left, first_ends_first ? "10.77.0.99" : "10.77.0.53"));
        g_assert_null (strstr (left, first_ends_first ? "10.77.0.53" : "10.77.0.99"));
        g_assert_nonnull (strstr (left, "192.0.2.53"));
        dns_file_revert (self->dns);
        dns_file_free (other);
        assert_content (self, before);
    }
}

/* A full tunnel beside a split one: its servers alone are asked. */
static void
a_full_tunnel_takes_it_all (Fixture *self, gconstpointer unused)
{
    apply (self);
    DnsFile *other = dns_file_new (self->path, self->journals);
    g_autoptr (NetworkPlan) plan = make_second_plan (true);
    g_assert_true (dns_file_apply (other, plan, NULL));
    g_autofree char *content = host_root_read (self->root, RESOLV_CONF);
    g_assert_nonnull (strstr (content, "nameserver 10.77.0.99\noptions"));
    g_assert_null (strstr (content, "10.77.0.53"));
    dns_file_free (other);
    assert_content (self, split);
}

/* One of two was killed: the next start takes its own away, and leaves that of the living one. */
static void
a_dead_share_is_taken_away (Fixture *self, gconstpointer unused)
{
    apply (self);
    DnsFile *other = dns_file_new (self->path, self->journals);
    g_autoptr (NetworkPlan) plan = make_second_plan (false);
    g_assert_true (dns_file_apply (other, plan, NULL));
    let_owner_die (self, SHARE);
    g_assert_true (dns_file_repair (other, NULL));
    g_autofree char *content = host_root_read (self->root, RESOLV_CONF);
    g_assert_null (strstr (content, "10.77.0.53"));
    g_assert_nonnull (strstr (content, "10.77.0.99"));
    dns_file_free (other);
    assert_content (self, before);
}

static void
broken_journal_changes_nothing (Fixture *self, gconstpointer unused)
{
    static const char *const contents[] = {
        "",
        "[owner]\nprocess=1\n",
        "[owner]\nprocess=0\nstarted=1\n[before]\nfound=0\ncontent=\nours=\n",
        "[owner]\nprocess=1\nstarted=1\n[before]\nfound=9\ncontent=\nours=\n",
        "[owner]\nprocess=1\nstarted=1\n[before]\nfound=1\ncontent=!!\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (contents); i++)
    {
        host_root_put (self->root, JOURNAL, contents[i]);
        g_assert_true (dns_file_repair (self->dns, NULL));
        assert_content (self, before);
    }
}

static void
no_servers_no_change (Fixture *self, gconstpointer unused)
{
    g_array_set_size (self->plan->dns, 0);
    apply (self);
    assert_content (self, before);
}

int
main (int argc, char **argv)
{
    static const struct
    {
        const char *path;
        void (*test) (Fixture *, gconstpointer);
    } tests[] = {
        { "/dns-file/file", file_is_changed_and_put_back },
        { "/dns-file/full", full_tunnel_leaves_no_other_server },
        { "/dns-file/link", link_comes_back_as_a_link },
        { "/dns-file/links", links_are_followed },
        { "/dns-file/plans", plan_follows_plan },
        { "/dns-file/foreign-between-plans", foreign_change_between_plans },
        { "/dns-file/crash-between-plans", crash_between_plans },
        { "/dns-file/nothing", nothing_comes_back_as_nothing },
        { "/dns-file/foreign", foreign_change_stays },
        { "/dns-file/crash", next_start_repairs_after_a_crash },
        { "/dns-file/live-owner", live_owner_is_left_alone },
        { "/dns-file/share", tunnels_share_the_file },
        { "/dns-file/share-full", a_full_tunnel_takes_it_all },
        { "/dns-file/share-dead", a_dead_share_is_taken_away },
        { "/dns-file/broken-journal", broken_journal_changes_nothing },
        { "/dns-file/no-servers", no_servers_no_change },
    };
    g_test_init (&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
        g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run ();
}
