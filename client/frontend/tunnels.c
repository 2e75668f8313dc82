/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frontend/tunnels.h"

#include "errors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum
{
    TUNNELS_MAX = 256,
};

static int
fail (const char *what, int error_number, GError **error)
{
    bool rights = error_number == EACCES || error_number == EPERM;
    g_set_error (error, OUTRIDER_ERROR,
                 rights ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_CONNECTION_LOST, "%s: %s", what,
                 g_strerror (error_number));
    return -1;
}

/* Who listens there must be root or we ourselves: nobody else's word counts. */
static bool
is_trusted (int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid ());
}

static int
reach (const char *path, unsigned patience, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen (path) >= sizeof address.sun_path)
        return fail (path, ENAMETOOLONG, error);
    strcpy (address.sun_path, path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = { .tv_sec = patience };
    if (fd < 0)
        return fail ("socket", errno, error);
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int error_number = connect (fd, (const struct sockaddr *)&address, sizeof address) != 0 ? errno
                       : !is_trusted (fd)                                                   ? EPERM
                                                                                            : 0;
    if (error_number == 0)
        return fd;
    close (fd);
    return fail (path, error_number, error);
}

/* Somebody listens, or at least may: a socket that nobody holds refuses. */
static bool
is_alive (const char *path)
{
    g_autoptr (GError) error = NULL;
    int fd = reach (path, 1, &error);
    if (fd >= 0)
        close (fd);
    return fd >= 0 || errno != ECONNREFUSED;
}

typedef void (*Visit) (const char *path, bool alive, void *data);

static bool
visit_all (const char *directory, Visit visit, void *data, GError **error)
{
    g_autoptr (GError) problem = NULL;
    g_autoptr (GDir) entries = g_dir_open (directory, 0, &problem);
    if (entries == NULL)
    {
        if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        fail (directory, EACCES, error);
        return false;
    }
    const char *name;
    for (unsigned i = 0; i < TUNNELS_MAX && (name = g_dir_read_name (entries)) != NULL; i++)
    {
        g_autofree char *path = g_build_filename (directory, name, NULL);
        if (g_str_has_suffix (name, ".sock"))
            visit (path, is_alive (path), data);
    }
    return true;
}

static void
collect (const char *path, bool alive, void *data)
{
    if (alive)
        g_ptr_array_add (data, g_strdup (path));
}

static gint
compare (gconstpointer a, gconstpointer b)
{
    return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
tunnels_list (const char *directory, GError **error)
{
    g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
    if (!visit_all (directory, collect, paths, error))
        return NULL;
    g_ptr_array_sort (paths, compare);
    return g_steal_pointer (&paths);
}

static void
clean (const char *path, bool alive, void *data)
{
    if (!alive && unlink (path) == 0)
        (*(unsigned *)data)++;
}

unsigned
tunnels_remove_leftovers (const char *directory)
{
    unsigned removed = 0;
    visit_all (directory, clean, &removed, NULL);
    return removed;
}

static char *
read_line (int fd, const char *path, GError **error)
{
    g_autoptr (GString) answer = g_string_new (NULL);
    char buffer[4096];
    while (answer->len < TUNNELS_ANSWER_MAX)
    {
        ssize_t size = read (fd, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        g_string_append_len (answer, buffer, size);
        char *end = memchr (answer->str, '\n', answer->len);
        if (end == NULL)
            continue;
        g_string_truncate (answer, (gsize)(end - answer->str));
        return g_string_free (g_steal_pointer (&answer), false);
    }
    fail (path, ECONNRESET, error);
    return NULL;
}

char *
tunnels_ask (const char *path, const char *request, unsigned patience, GError **error)
{
    int fd = reach (path, patience, error);
    if (fd < 0)
        return NULL;
    g_autofree char *line = g_strconcat (request, "\n", NULL);
    char *answer = NULL;
    if (send (fd, line, strlen (line), MSG_NOSIGNAL) == (ssize_t)strlen (line))
        answer = read_line (fd, path, error);
    else
        fail (path, errno, error);
    close (fd);
    return answer;
}
