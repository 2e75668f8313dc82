/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frontend/store.h"

#include <string.h>

#define SUFFIX ".profile"
#define MACHINE_DIRECTORY "/etc/outrider"

static StoreEntry *
entry_of_path (const char *path)
{
    StoreEntry *self = g_new0 (StoreEntry, 1);
    self->path = g_strdup (path);
    self->name = g_path_get_basename (path);
    if (g_str_has_suffix (self->name, SUFFIX))
        self->name[strlen (self->name) - strlen (SUFFIX)] = '\0';
    return self;
}

StoreEntry *
store_find_in (const char *const *directories, const char *name)
{
    if (strchr (name, '/') != NULL || g_str_has_suffix (name, SUFFIX))
        return entry_of_path (name);
    g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
    for (; *directories != NULL; directories++)
    {
        g_autofree char *path = g_build_filename (*directories, file, NULL);
        if (g_file_test (path, G_FILE_TEST_EXISTS))
            return entry_of_path (path);
    }
    StoreEntry *self = g_new0 (StoreEntry, 1);
    self->name = g_strdup (name);
    return self;
}

StoreEntry *
store_find (const char *name)
{
    g_autofree char *own = g_build_filename (g_get_user_config_dir (), "outrider", NULL);
    const char *const directories[] = { own, MACHINE_DIRECTORY, NULL };
    return store_find_in (directories, name);
}

void
store_entry_free (StoreEntry *self)
{
    if (self == NULL)
        return;
    g_free (self->path);
    g_free (self->name);
    g_free (self);
}
