/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/rekey.h"

#include "cli/running.h"
#include "errors.h"
#include "frontend/tunnels.h"

#include <stdio.h>

enum
{
    PATIENCE = 3, /* seconds */
};

static bool
rekey (const Running *running, const char *request, GError **error)
{
    g_autofree char *answer = tunnels_ask (running->path, request, PATIENCE, error);
    if (answer == NULL || g_str_equal (answer, "{\"ok\":true}"))
        return answer != NULL;
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_TUNNEL, "%s is not connected",
                 running_get_name (running));
    return false;
}

int
rekey_run (int argc, char **argv)
{
    gboolean ike = FALSE, child = FALSE, json = FALSE;
    const GOptionEntry entries[] = {
        { "ike", 0, 0, G_OPTION_ARG_NONE, &ike, "the keys of the IKE SA", NULL },
        { "child", 0, 0, G_OPTION_ARG_NONE, &child, "the keys of the packets (default)", NULL },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "failures as JSON", NULL },
        { 0 },
    };
    g_autofree char *name = NULL;
    g_autoptr (GError) error = NULL;
    int status = 0;
    if (!running_parse (argc, argv, entries, "Replaces the keys of a tunnel now.", &name, &status))
        return status;
    g_autoptr (GPtrArray) list = running_list_own (name, &error);
    if (list != NULL && list->len == 0)
        g_set_error_literal (&error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_TUNNEL,
                             name != NULL ? name : "");
    for (guint i = 0; list != NULL && i < list->len && error == NULL; i++)
    {
        const Running *running = list->pdata[i];
        if (child || !ike)
            rekey (running, "rekey child", &error);
        if (ike && error == NULL)
            rekey (running, "rekey ike", &error);
    }
    return error != NULL ? running_fail (error, json) : 0;
}
