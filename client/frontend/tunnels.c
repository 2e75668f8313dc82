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

/* ---- one socket ---- */

/* Who listens there must be root or we ourselves: nobody else's word counts. */
static bool
is_trusted (int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid ());
}

/*
 * 0 with RET_FD, or an errno: ECONNREFUSED of a socket that nobody holds, EACCES or EPERM of one that is not for us, EAGAIN
 * where so many ask that PATIENCE (seconds; 0: none) was not enough.
 */
static int
reach (const char *path, unsigned patience, int *ret_fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval limit = { .tv_sec = patience };
    if (strlen (path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    strcpy (address.sun_path, path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (patience == 0 ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0)
        return errno;
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* of connect, too */
    int refusal = 0;
    if (connect (fd, (const struct sockaddr *)&address, sizeof address) != 0)
        refusal = errno;
    else if (!is_trusted (fd))
        refusal = EPERM;
    if (refusal == 0)
        *ret_fd = fd;
    else
        close (fd);
    return refusal;
}

/* 0: somebody is there. */
static int
knock (const char *path)
{
    int fd;
    int refusal = reach (path, 0, &fd);
    if (refusal == 0)
        close (fd);
    return refusal == EAGAIN ? 0 : refusal;
}

static bool
is_hidden (int refusal)
{
    return refusal == EACCES || refusal == EPERM;
}

bool
tunnels_is_alive (const char *path)
{
    return knock (path) == 0;
}

/* ---- all of them ---- */

/* REFUSAL: as knock () has it. */
typedef void (*Visit) (const char *path, int refusal, void *data);

static void
set_directory_error (const char *directory, const GError *problem, GError **error)
{
    bool rights = g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
                  g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_PERM);
    g_set_error (error, OUTRIDER_ERROR,
                 rights ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_HOST_REFUSED,
                 "%s cannot be read", directory);
}

static bool
visit_all (const char *directory, Visit visit, void *data, GError **error)
{
    g_autoptr (GError) problem = NULL;
    g_autoptr (GDir) entries = g_dir_open (directory, 0, &problem);
    if (entries == NULL)
    {
        if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        set_directory_error (directory, problem, error);
        return false;
    }
    const char *name;
    for (unsigned i = 0; i < TUNNELS_MAX && (name = g_dir_read_name (entries)) != NULL; i++)
    {
        g_autofree char *path = g_build_filename (directory, name, NULL);
        if (g_str_has_suffix (name, TUNNELS_SUFFIX))
            visit (path, knock (path), data);
    }
    return true;
}

typedef struct
{
    GPtrArray *paths;
    unsigned hidden;
} Listing;

static void
collect (const char *path, int refusal, void *data)
{
    Listing *listing = data;
    if (refusal == 0)
        g_ptr_array_add (listing->paths, g_strdup (path));
    else if (is_hidden (refusal))
        listing->hidden++;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
    return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
tunnels_list (const char *directory, unsigned *ret_hidden, GError **error)
{
    g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
    Listing listing = { .paths = paths };
    if (!visit_all (directory, collect, &listing, error))
        return NULL;
    g_ptr_array_sort (paths, compare);
    *ret_hidden = listing.hidden;
    return g_steal_pointer (&paths);
}

static void
count (const char *path, int refusal, void *data)
{
    *(unsigned *)data += refusal == ECONNREFUSED;
}

static void
clean (const char *path, int refusal, void *data)
{
    *(unsigned *)data += refusal == ECONNREFUSED && unlink (path) == 0;
}

unsigned
tunnels_count_leftovers (const char *directory)
{
    unsigned found = 0;
    visit_all (directory, count, &found, NULL);
    return found;
}

unsigned
tunnels_remove_leftovers (const char *directory)
{
    unsigned removed = 0;
    visit_all (directory, clean, &removed, NULL);
    return removed;
}

/* ---- question and answer ---- */

static char *
read_line (int fd, gint64 deadline)
{
    g_autoptr (GString) answer = g_string_new (NULL);
    char buffer[4096];
    while (answer->len < TUNNELS_ANSWER_MAX && g_get_monotonic_time () < deadline)
    {
        ssize_t size = read (fd, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        const char *end = memchr (buffer, '\n', (size_t)size);
        g_string_append_len (answer, buffer, end != NULL ? end - buffer : size);
        if (end != NULL)
            return g_string_free (g_steal_pointer (&answer), false);
    }
    return NULL;
}

char *
tunnels_ask (const char *path, const char *request, unsigned patience, GError **error)
{
    gint64 deadline = g_get_monotonic_time () + (gint64)patience * G_USEC_PER_SEC;
    g_autofree char *line = g_strconcat (request, "\n", NULL);
    char *answer = NULL;
    int fd;
    int refusal = reach (path, patience, &fd);
    if (refusal == 0)
    {
        if (send (fd, line, strlen (line), MSG_NOSIGNAL) == (ssize_t)strlen (line))
            answer = read_line (fd, deadline);
        close (fd);
        refusal = ECONNRESET;
    }
    if (answer == NULL)
        g_set_error (error, OUTRIDER_ERROR,
                     is_hidden (refusal) ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_NO_TUNNEL,
                     "%s: %s", path, g_strerror (refusal));
    return answer;
}
