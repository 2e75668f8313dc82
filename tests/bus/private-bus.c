/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "private-bus.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct PrivateBus
{
    char *address;
    GPid process;
};

static const char configuration[] =
    "<busconfig>\n"
    "<listen>%s</listen><servicedir>%s/services</servicedir>\n"
    "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\n"
    "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow receive_sender=\"*\"/></policy>\n"
    "</busconfig>\n";

static void
make_folder (const char *root, const char *name)
{
    g_autofree char *path = g_build_filename (root, name, NULL);
    g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
}

/* It prints its address once it listens. */
static void
await_address (int output)
{
    char letter = 0;
    while (letter != '\n')
        g_assert_cmpint (read (output, &letter, 1), ==, 1);
    close (output);
}

/* No bus outlives its test. */
static void
end_with_parent (void *unused)
{
    prctl (PR_SET_PDEATHSIG, SIGKILL);
}

PrivateBus *
private_bus_new (const char *root)
{
    PrivateBus *self = g_new0 (PrivateBus, 1);
    self->address = g_strdup_printf ("unix:path=%s/run/dbus/system_bus_socket", root);
    g_autofree char *path = g_build_filename (root, "bus.conf", NULL);
    g_autofree char *text = g_strdup_printf (configuration, self->address, root);
    make_folder (root, "run/dbus");
    make_folder (root, "services");
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
    g_autofree char *option = g_strconcat ("--config-file=", path, NULL);
    const char *argv[] = { "dbus-daemon",     option, "--nofork", "--nopidfile", "--nosyslog",
                           "--print-address", NULL };
    g_autoptr (GError) error = NULL;
    int output = -1;
    g_spawn_async_with_pipes (NULL, (char **)argv, NULL,
                              G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                  G_SPAWN_STDERR_TO_DEV_NULL,
                              end_with_parent, NULL, &self->process, NULL, &output, NULL, &error);
    g_assert_no_error (error); /* missing: the package dbus-daemon */
    await_address (output);
    return self;
}

void
private_bus_free (PrivateBus *self)
{
    kill (self->process, SIGKILL);
    g_assert_cmpint (waitpid (self->process, NULL, 0), ==, self->process);
    g_free (self->address);
    g_free (self);
}

const char *
private_bus_get_address (const PrivateBus *self)
{
    return self->address;
}

void
private_bus_pause (PrivateBus *self)
{
    kill (self->process, SIGSTOP);
    g_assert_cmpint (waitpid (self->process, NULL, WUNTRACED), ==, self->process);
}

void
private_bus_resume (PrivateBus *self)
{
    kill (self->process, SIGCONT);
}
