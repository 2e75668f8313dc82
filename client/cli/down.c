/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/down.h"

#include "cli/guards.h"
#include "cli/json-line.h"
#include "cli/running.h"
#include "errors.h"
#include "frontend/tunnels.h"

#include <stdio.h>

#define SUMMARY                                                                                    \
    "Ends the tunnels that run, or the one called NAME: a profile, a gateway or a device. A kill " \
    "switch stays\nuntil it is released."

enum
{
    PATIENCE = 10, /* seconds until a tunnel is gone */
    PATIENCE_MAX = 3600,
    ANSWER_PATIENCE = 3,
    LOOK_AGAIN = G_USEC_PER_SEC / 50, /* microseconds */
};

typedef struct
{
    gboolean release;
    gboolean json;
    int timeout;
    char *name;
    char *guard; /* what the kill switch of NAME goes by */
    unsigned ended;
    unsigned lifted;
    unsigned guards; /* still in force */
} Down;

/* Its socket goes when all is put back, or with the process. */
static bool
await_end (const Running *running, gint64 deadline, GError **error)
{
    while (tunnels_is_alive (running->path))
    {
        if (g_get_monotonic_time () >= deadline)
        {
            g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s does not end",
                         running_get_name (running));
            return false;
        }
        g_usleep (LOOK_AGAIN);
    }
    return true;
}

static bool
end_all (Down *self, GError **error)
{
    g_autoptr (GPtrArray) list = running_list_own (self->name, error);
    if (list == NULL)
        return false;
    gint64 deadline = g_get_monotonic_time () + (gint64)self->timeout * G_USEC_PER_SEC;
    for (guint i = 0; i < list->len; i++)
    {
        const Running *running = list->pdata[i];
        g_free (tunnels_ask (running->path, "down", ANSWER_PATIENCE, NULL));
    }
    if (self->name != NULL && list->len > 0)
        self->guard = g_strdup (running_get_name (list->pdata[0]));
    for (guint i = 0; i < list->len; i++)
    {
        if (!await_end (list->pdata[i], deadline, error))
            return false;
        self->ended++;
    }
    return true;
}

/* Also where a tunnel did not end: nothing else than this lifts it. */
static bool
lift (Down *self, GError **error)
{
    const char *name = self->guard != NULL ? self->guard : self->name;
    if (self->release && !guards_lift (name, &self->lifted, error))
        return false;
    g_autoptr (GPtrArray) guards = guards_list (NULL, error);
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
        JsonLine *object = json_line_begin ();
        json_line_add_string (object, "event", "down");
        json_line_add_number (object, "ended", self->ended);
        json_line_add_number (object, "kill_switches_lifted", self->lifted);
        json_line_add_number (object, "kill_switches_in_force", self->guards);
        g_autofree char *line = json_line_end (object);
        puts (line);
        return;
    }
    if (self->ended == 0)
        puts (self->name == NULL ? "No tunnel was up." : "No such tunnel was up.");
    else
        printf ("Ended %u tunnel%s.\n", self->ended, plural (self->ended));
    if (self->lifted > 0)
        printf ("Lifted %u kill switch%s.\n", self->lifted, self->lifted == 1 ? "" : "es");
    else if (self->release)
        puts (self->name == NULL ? "No kill switch was in force."
                                 : "No such kill switch was in force.");
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
    if (self.timeout < 1 || self.timeout > PATIENCE_MAX)
        status = running_refuse_words ("--timeout: seconds, 1 to 3600");
    else
    {
        bool ended = end_all (&self, &error);
        if (lift (&self, ended ? &error : NULL) && ended)
            report (&self);
        else
            status = running_fail (error, self.json);
    }
    g_free (self.name);
    g_free (self.guard);
    return status;
}
