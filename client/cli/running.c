/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/running.h"

#include "cli/json-line.h"
#include "errors.h"
#include "frontend/explain.h"
#include "frontend/load.h"
#include "frontend/store.h"
#include "frontend/tunnels.h"

#include <stdio.h>
#include <string.h>

enum
{
    PATIENCE = 3, /* seconds for an answer */
};

static void
running_free (Running *self)
{
    g_free (self->path);
    g_free (self->text);
    json_decref (self->status);
    g_free (self);
}

const char *
running_get (const Running *self, const char *member, const char *fallback)
{
    const char *text = json_string_value (json_object_get (self->status, member));
    return text != NULL ? text : fallback;
}

const char *
running_get_name (const Running *self)
{
    return running_get (self, "profile", running_get (self, "address", self->path));
}

static bool
is_called (const Running *self, const char *name)
{
    static const char *const members[] = { "profile", "address", "device" };
    for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
        if (g_strcmp0 (running_get (self, members[i], NULL), name) == 0)
            return true;
    return name == NULL;
}

/* In place of an answer. */
static char *
make_silent_status (void)
{
    JsonLine *object = json_line_begin ();
    json_line_add_string (object, "event", "status");
    json_line_add_string (object, "state", "silent");
    return json_line_end (object);
}

/* NULL: it went meanwhile. */
static Running *
ask (const char *path)
{
    g_autofree char *text = tunnels_ask (path, "status", PATIENCE, NULL);
    if (text == NULL && tunnels_is_alive (path))
        text = make_silent_status ();
    json_auto_t *status = text != NULL ? json_loads (text, 0, NULL) : NULL;
    if (!json_is_object (status))
        return NULL;
    Running *self = g_new0 (Running, 1);
    self->path = g_strdup (path);
    self->text = g_steal_pointer (&text);
    self->status = g_steal_pointer (&status);
    return self;
}

GPtrArray *
running_list (const char *name, unsigned *ret_hidden, GError **error)
{
    unsigned hidden = 0;
    g_autoptr (GPtrArray) paths = tunnels_list (TUNNELS_DIRECTORY, &hidden, error);
    if (paths == NULL)
        return NULL;
    if (ret_hidden != NULL)
        *ret_hidden = hidden;
    GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)running_free);
    for (guint i = 0; i < paths->len; i++)
    {
        Running *running = ask (paths->pdata[i]);
        if (running != NULL && is_called (running, name))
            g_ptr_array_add (list, running);
        else if (running != NULL)
            running_free (running);
    }
    return list;
}

GPtrArray *
running_list_own (const char *name, GError **error)
{
    unsigned hidden = 0;
    g_autoptr (GPtrArray) list = running_list (name, &hidden, error);
    if (list == NULL || list->len > 0 || hidden == 0)
        return g_steal_pointer (&list);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS,
                 "there are tunnels of another user's (%u)", hidden);
    return NULL;
}

int
running_refuse_words (const char *complaint)
{
    g_autofree char *evidence = explain_escape (complaint);
    fprintf (stderr, "outrider: %s (see \"%s --help\")\n", evidence, g_get_prgname ());
    return outrider_error_get_exit_status (OUTRIDER_ERROR_USAGE);
}

/* What is called WORD may have a file of that name, and another name written in it. */
static char *
find_name (const char *word)
{
    g_autoptr (StoreEntry) entry = store_find (word);
    g_autoptr (Profile) profile = entry->path != NULL ? load_profile (entry->path, NULL) : NULL;
    return g_strdup (profile != NULL && profile->name != NULL ? profile->name : entry->name);
}

bool
running_parse (int argc, char **argv, const GOptionEntry *entries, const char *summary,
               char **ret_name, int *ret_status)
{
    g_autoptr (GOptionContext) context = g_option_context_new (ret_name != NULL ? "[NAME]" : NULL);
    g_autoptr (GError) error = NULL;
    g_autofree char *command = g_strconcat ("outrider ", argv[0], NULL);
    gboolean help = FALSE;
    const GOptionEntry own[] = {
        { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "show this help", NULL },
        { 0 },
    };
    g_option_context_set_help_enabled (context, FALSE);
    g_option_context_set_summary (context, summary);
    g_option_context_add_main_entries (context, entries, NULL);
    g_option_context_add_main_entries (context, own, NULL);
    g_set_prgname (command);
    bool good = g_option_context_parse (context, &argc, &argv, &error);
    if (good && help)
    {
        g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
        fputs (text, stdout);
        *ret_status = 0;
        return false;
    }
    if (good && argc <= (ret_name != NULL ? 2 : 1))
    {
        if (ret_name != NULL)
            *ret_name = argc == 2 ? find_name (argv[1]) : NULL;
        return true;
    }
    *ret_status = running_refuse_words (!good              ? error->message
                                        : ret_name != NULL ? "more than one name"
                                                           : "it takes no name");
    return false;
}

int
running_fail (const GError *error, bool json)
{
    OutriderError code = explain_get_code (error);
    int status = outrider_error_get_exit_status (code);
    if (json)
    {
        JsonLine *object = json_line_begin ();
        json_line_add_string (object, "event", "failed");
        json_line_add_failure (object, error);
        json_line_add_number (object, "exit", status);
        g_autofree char *line = json_line_end (object);
        puts (line);
        return status;
    }
    g_autofree char *message = explain_error (error);
    fprintf (stderr, "outrider: %s\nhint: %s\n", message, explain_get_hint (code));
    return status;
}
