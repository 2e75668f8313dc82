/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/whole-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file is called until it is whole: always the same, so that a killed process leaves at most one. */
static char *
name_scratch (const char *path)
{
    return g_strdup_printf ("%s.outrider", path);
}

static bool
write_in_place (const char *path, const char *content, size_t size)
{
    int fd = open (path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool ok = write (fd, content, size) == (ssize_t)size && fsync (fd) == 0;
    return close (fd) == 0 && ok;
}

bool
whole_file_put (const char *path, const char *content, size_t size, mode_t mode)
{
    g_autofree char *scratch = name_scratch (path);
    unlink (scratch);
    int fd = open (scratch, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return write_in_place (path, content, size);
    bool written =
        write (fd, content, size) == (ssize_t)size && fchmod (fd, mode) == 0 && fsync (fd) == 0;
    bool closed = close (fd) == 0;
    if (written && closed && rename (scratch, path) == 0)
        return true;
    int kept = errno;
    unlink (scratch);
    errno = kept;
    return written && closed && (kept == EBUSY || kept == EXDEV) &&
           write_in_place (path, content, size);
}

bool
whole_file_put_link (const char *path, const char *target)
{
    g_autofree char *scratch = name_scratch (path);
    unlink (scratch);
    if (symlink (target, scratch) < 0)
        return false;
    if (rename (scratch, path) == 0)
        return true;
    unlink (scratch);
    return false;
}

void
whole_file_remove_scratch (const char *path)
{
    g_autofree char *scratch = name_scratch (path);
    unlink (scratch);
}
