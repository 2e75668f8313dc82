/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/resolv-conf.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
    FILE_MAX = 256 * 1024,
};

char *
resolv_conf_follow (const char *path)
{
    char *real = realpath (path, NULL);
    g_autofree char *link = real == NULL ? g_file_read_link (path, NULL) : NULL;
    g_autofree char *directory = g_path_get_dirname (path);
    char *target = g_canonicalize_filename (real != NULL   ? real
                                            : link != NULL ? link
                                                           : path,
                                            directory);
    free (real);
    return target;
}

char *
resolv_conf_get_target (const char *root)
{
    g_autofree char *path = g_strconcat (root, RESOLV_CONF, NULL);
    return resolv_conf_follow (path);
}

char *
resolv_conf_read (const char *root)
{
    g_autofree char *path = g_strconcat (root, RESOLV_CONF, NULL);
    char *text = g_malloc0 (FILE_MAX + 1);
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    bool regular = fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode);
    ssize_t more = 1;
    for (size_t size = 0; regular && more > 0 && size < FILE_MAX; size += (size_t)MAX (more, 0))
        more = read (fd, text + size, FILE_MAX - size);
    if (fd >= 0)
        close (fd);
    return text;
}
