/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/down.h"

#include "cli/running.h"
#include "errors.h"
#include "frontend/tunnels.h"
#include "network/netlink-guard.h"

#include <stdio.h>

#define SUMMARY                                                                                    \
    "Ends the tunnels that run, or the one called NAME: a profile, a gateway or a device. A kill " \
    "switch stays\nuntil it is released."

enum
{
    PATIENCE = 10,                    /* seconds until a tunnel is gone */
    LOOK_AGAIN = G_USEC_PER_SEC / 50, /* microseconds */
};

typedef struct
{
    gboolean release;
    gboolean json;
    int timeout;
    char *name;
    unsigned ended;
    unsigned lifted;
    unsigned guards; /* still in force */
} Down;

static bool
is_gone (const char *path)
{
    return !g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The process removes its socket when all is put back. */
static bool
await_end (const Running *running, gint64 deadline, GError **error)
{
    while (!is_gone (running->path) && g_get_monotonic_time () < deadline)
        g_usleep (LOOK_AGAIN);
    if (is_gone (running->path))
        return true;
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s does not end",
                 running_get_name (running));
    return false;
}

static bool
end_all (Down *self, GError **error)
{
    g_autoptr (GPtrArray) list = running_list (self->name, error);
    if (list == NULL)
        return false;
    for (guint i = 0; i < list->len; i++)
    {
        const Running *running = list->pdata[i];
        g_autofree char *answer = tunnels_ask (running->path, "down", PATIENCE, NULL);
    }
    gint64 deadline = g_get_monotonic_time () + self->timeout * G_USEC_PER_SEC;
    for (guint i = 0; i < list->len; i++)
    {
        if (!await_end (list->pdata[i], deadline, error))
            return false;
        self->ended++;
    }
    return true;
}

/* A guard is known by its profile's name; 0: all of them. */
static uint16_t
get_number (const char *name)
{
    if (name == NULL)
        return 0;
    g_autoptr (Profile) profile = profile_new ();
    profile->name = g_strdup (name);
    return network_guard_get_number (profile);
}

static bool
lift (Down *self, GError **error)
{
    g_autoptr (Netlink) netlink = netlink_new (error);
    if (netlink == NULL)
        return false;
    if (self->release &&
        !netlink_guard_lift (netlink, get_number (self->name), &self->lifted, error))
        return false;
    g_autoptr (GPtrArray) guards = netlink_guard_list (netlink, error);
    self->guards = guards != NULL ? guards->len : 0;
    return guards != NULL;
}

static const char *
plural (unsigned count)
{
    return count == 1 ? "" : "s";
}

static void
report (const Down *self)
{
    if (self->json)
    {
        JsonBuilder *builder = json_line_begin ();
        json_line_add_number (builder, "ended", self->ended);
        json_line_add_number (builder, "kill_switches_lifted", self->lifted);
        json_line_add_number (builder, "kill_switches_in_force", self->guards);
        g_autofree char *line = json_line_end (builder);
        puts (line);
        return;
    }
    if (self->ended == 0)
        puts ("No tunnel was up.");
    else
        printf ("Ended %u tunnel%s.\n", self->ended, plural (self->ended));
    if (self->lifted > 0)
        printf ("Lifted %u kill switch%s.\n", self->lifted, self->lifted == 1 ? "" : "es");
    if (self->guards > 0)
        printf ("%u kill switch%s in force: what belongs into the tunnel is refused; "
                "\"outrider down --release\" lifts it.\n",
                self->guards, self->guards == 1 ? " is still" : "es are still");
}

int
down_run (int argc, char **argv)
{
    Down self = { .timeout = PATIENCE };
    const GOptionEntry entries[] = {
        { "release", 'r', 0, G_OPTION_ARG_NONE, &self.release, "lift the kill switch, too", NULL },
        { "timeout", 't', 0, G_OPTION_ARG_INT, &self.timeout,
          "wait so long for the end (default: 10)", "SECONDS" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &self.json, "one JSON object instead of text", NULL },
        { 0 },
    };
    g_autoptr (GError) error = NULL;
    int status = 0;
    if (!running_parse (argc, argv, entries, SUMMARY, &self.name, &status))
        return status;
    if (end_all (&self, &error) && lift (&self, &error))
        report (&self);
    else
        status = running_fail (error, self.json);
    g_free (self.name);
    return status;
}
