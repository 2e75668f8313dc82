/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/journal.h"

#include "errors.h"
#include "network/whole-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define OWNER "owner"

/* When a process was started, in clock ticks: with its number it is unmistakable. Empty if it is gone. */
static char *
process_start (int process)
{
    g_autofree char *path = g_strdup_printf ("/proc/%d/stat", process);
    g_autofree char *stat = NULL;
    if (!g_file_get_contents (path, &stat, NULL, NULL))
        return g_strdup ("");
    const char *behind_name = strrchr (stat, ')');
    g_auto (GStrv) fields = g_strsplit (behind_name != NULL ? behind_name : "", " ", -1);
    return g_strdup (g_strv_length (fields) > 20 ? fields[20] : "");
}

GKeyFile *
journal_new (void)
{
    GKeyFile *self = g_key_file_new ();
    g_autofree char *start = process_start (getpid ());
    g_key_file_set_integer (self, OWNER, "process", getpid ());
    g_key_file_set_string (self, OWNER, "started", start);
    return self;
}

static bool
refuse (GError **error, const char *what, const char *path)
{
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s %s: %s", what, path,
                 g_strerror (errno));
    return false;
}

bool
journal_write (GKeyFile *self, const char *directory, const char *name, GError **error)
{
    if (g_mkdir_with_parents (directory, 0755) < 0)
        return refuse (error, "cannot make", directory);
    g_autofree char *path = g_build_filename (directory, name, NULL);
    gsize size = 0;
    g_autofree char *text = g_key_file_to_data (self, &size, NULL);
    return whole_file_put (path, text, size, 0600) || refuse (error, "cannot write", path);
}

GKeyFile *
journal_read (const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename (directory, name, NULL);
    if (access (path, F_OK) != 0)
        return NULL; /* as nearly always: not worth the words of an error */
    g_autoptr (GKeyFile) self = g_key_file_new ();
    if (!g_key_file_load_from_file (self, path, G_KEY_FILE_NONE, NULL) ||
        g_key_file_get_integer (self, OWNER, "process", NULL) <= 0)
        return NULL;
    return g_steal_pointer (&self);
}

char **
journal_list (const char *directory, const char *prefix)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
    const char *name;
    while (entries != NULL && names->len < JOURNAL_NAMES_MAX &&
           (name = g_dir_read_name (entries)) != NULL)
        if (g_str_has_prefix (name, prefix))
            g_ptr_array_add (names, g_strdup (name));
    g_ptr_array_add (names, NULL);
    return (char **)g_ptr_array_steal (names, NULL);
}

bool
journal_is_of_the_living (GKeyFile *self)
{
    g_autofree char *started = g_key_file_get_string (self, OWNER, "started", NULL);
    g_autofree char *now = process_start (g_key_file_get_integer (self, OWNER, "process", NULL));
    return *now != '\0' && g_strcmp0 (now, started) == 0;
}

bool
journal_count_leftovers (const char *directory, unsigned *ret_count, GError **error)
{
    g_auto (GStrv) names = journal_list (directory, "");
    unsigned count = 0;
    for (char **name = names; *name != NULL; name++)
    {
        g_autofree char *path = g_build_filename (directory, *name, NULL);
        if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
            continue;
        if (access (path, R_OK) != 0 && errno == EACCES)
        {
            g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS, "cannot read %s: %s",
                         path, g_strerror (EACCES));
            return false;
        }
        g_autoptr (GKeyFile) journal = journal_read (directory, *name);
        count += journal != NULL && !journal_is_of_the_living (journal);
    }
    *ret_count = count;
    return true;
}

void
journal_remove (const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename (directory, name, NULL);
    unlink (path);
}
