/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frontend/file.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
    FIRST_ROOM = 4096,
};

/* Octets that grow without leaving copies behind. */
typedef struct
{
    uint8_t *data;
    size_t size;
    size_t room;
} Wiped;

static void
wiped_free (void *data)
{
    Wiped *self = data;
    if (self->data != NULL)
        explicit_bzero (self->data, self->room);
    g_free (self->data);
    g_free (self);
}

static void
wiped_grow (Wiped *self, size_t most)
{
    size_t room = MIN (MAX (self->room * 2, FIRST_ROOM), most);
    uint8_t *data = g_malloc (room);
    if (self->data != NULL)
    {
        memcpy (data, self->data, self->size);
        explicit_bzero (self->data, self->room);
    }
    g_free (self->data);
    self->data = data;
    self->room = room;
}

static GBytes *
fail (const char *name, const char *reason, GError **error)
{
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE, "%s: %s", name, reason);
    return NULL;
}

GBytes *
file_read_descriptor (int descriptor, const char *name, size_t most, GError **error)
{
    Wiped *content = g_new0 (Wiped, 1);
    ssize_t count = 0;
    do
    {
        if (content->size == content->room)
            wiped_grow (content, most + 1); /* one more tells that there is too much */
        count = TEMP_FAILURE_RETRY (
            read (descriptor, content->data + content->size, content->room - content->size));
        content->size += count > 0 ? (size_t)count : 0;
    } while (count > 0 && content->size <= most);

    int failure = count < 0 ? errno : 0;
    if (failure == 0 && content->size <= most)
        return g_bytes_new_with_free_func (content->data, content->size, wiped_free, content);
    g_autofree char *large = g_strdup_printf ("larger than %zu octets", most);
    wiped_free (content);
    return fail (name, failure != 0 ? g_strerror (failure) : large, error);
}

GBytes *
file_read (const char *path, size_t most, GError **error)
{
    int descriptor = TEMP_FAILURE_RETRY (open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (descriptor < 0)
        return fail (path, g_strerror (errno), error);
    struct stat status;
    GBytes *content = NULL;
    if (fstat (descriptor, &status) != 0)
        fail (path, g_strerror (errno), error);
    else if (!S_ISREG (status.st_mode) && !S_ISFIFO (status.st_mode))
        fail (path, S_ISDIR (status.st_mode) ? "a directory" : "neither a file nor a pipe", error);
    else
        content = file_read_descriptor (descriptor, path, most, error);
    close (descriptor);
    return content;
}
