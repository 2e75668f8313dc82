/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/host-root.h"

#include <glib/gstdio.h>
#include <unistd.h>

char *
host_root_new (void)
{
    char *self = g_dir_make_tmp ("outrider-root-XXXXXX", NULL);
    g_assert_nonnull (self);
    return self;
}

static void
remove_folder (const char *path)
{
    g_autoptr (GDir) entries = g_dir_open (path, 0, NULL);
    const char *name;
    while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
        g_autofree char *entry = g_build_filename (path, name, NULL);
        if (g_file_test (entry, G_FILE_TEST_IS_DIR) && !g_file_test (entry, G_FILE_TEST_IS_SYMLINK))
            remove_folder (entry);
        else
            g_unlink (entry);
    }
    g_assert_cmpint (g_rmdir (path), ==, 0);
}

void
host_root_free (char *self)
{
    remove_folder (self);
    g_free (self);
}

/* The place of a new file: what was there is gone, what leads there is made. */
static char *
make_room (const char *self, const char *path)
{
    char *whole = g_strconcat (self, path, NULL);
    g_autofree char *folder = g_path_get_dirname (whole);
    g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
    g_unlink (whole);
    return whole;
}

void
host_root_put (const char *self, const char *path, const char *content)
{
    g_autofree char *whole = make_room (self, path);
    g_assert_true (g_file_set_contents (whole, content, -1, NULL));
}

void
host_root_put_link (const char *self, const char *path, const char *target)
{
    g_autofree char *whole = make_room (self, path);
    g_assert_cmpint (symlink (target, whole), ==, 0);
}

char *
host_root_read (const char *self, const char *path)
{
    g_autofree char *whole = g_strconcat (self, path, NULL);
    char *content = NULL;
    g_file_get_contents (whole, &content, NULL, NULL);
    return content;
}

static void
add_server (GArray *servers, const char *address)
{
    IpAddress server;
    g_assert_true (ip_address_parse (address, &server));
    g_array_append_val (servers, server);
}

void
host_root_add_server (NetworkPlan *plan, const char *address)
{
    add_server (plan->dns, address);
}

NetworkPlan *
host_root_make_plan (const char *device, int index)
{
    g_autoptr (Profile) profile = profile_new ();
    g_autoptr (IkeGrant) grant = ike_grant_new ();
    g_autoptr (GArray) remote = g_array_new (false, false, sizeof (TrafficSelector));
    g_autoptr (GError) error = NULL;
    IpPrefix address, network;
    g_assert_true (ip_prefix_parse ("10.9.0.1/32", &address));
    g_assert_true (ip_prefix_parse ("10.77.0.0/24", &network));
    TrafficSelector selector = traffic_selector_of_prefix (&network);
    g_array_append_val (grant->addresses, address);
    g_array_append_val (remote, selector);
    g_ptr_array_add (grant->domains, g_strdup ("corp.test"));
    add_server (grant->dns, "10.77.0.53");
    NetworkPlanInputs inputs = { .profile = profile,
                                 .grant = grant,
                                 .remote = remote,
                                 .device = device,
                                 .device_index = index,
                                 .mtu = 1400 };
    g_assert_true (ip_address_parse ("203.0.113.1", &inputs.gateway));
    NetworkPlan *plan = network_plan_new (&inputs, &error);
    g_assert_no_error (error);
    return plan;
}
