/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/control.h"

#include "errors.h"
#include "frontend/tunnels.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum
{
    PEERS_MAX = 8,    /* at a time; others wait in the socket's queue */
    PEER_SECONDS = 2, /* for the whole of it */
};

struct Control
{
    char *path;
    int fd;
    bool listens;
    guint source; /* 0: as many peers as there may be */
    ControlAnswer answer;
    void *data;
    GPtrArray *peers; /* Peer */
};

typedef struct
{
    Control *control;
    int fd;
    guint source;
    guint timeout;
    GString *request;
    char *answer; /* NULL: the request is not whole yet */
    size_t size;
    size_t sent;
} Peer;

static void
peer_free (Peer *self)
{
    g_source_remove (self->source);
    g_source_remove (self->timeout);
    close (self->fd);
    g_string_free (self->request, true);
    g_free (self->answer);
    g_free (self);
}

static void welcome (Control *self);

/* Frees SELF. */
static void
dismiss (Peer *self)
{
    Control *control = self->control;
    g_ptr_array_remove (control->peers, self);
    welcome (control);
}

static gboolean
peer_is_slow (gpointer data)
{
    dismiss (data);
    return G_SOURCE_CONTINUE; /* it was removed with the peer */
}

static gboolean
peer_is_writable (int fd, GIOCondition condition, gpointer data)
{
    Peer *self = data;
    ssize_t size =
        send (fd, self->answer + self->sent, self->size - self->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    self->sent += size > 0 ? (size_t)size : 0;
    if (size <= 0 || self->sent == self->size)
        dismiss (self);
    return G_SOURCE_CONTINUE;
}

static void
take_request (Peer *self)
{
    g_autofree char *answer = self->control->answer (self->request->str, self->control->data);
    self->answer = g_strconcat (answer != NULL ? answer : "{\"ok\":false}", "\n", NULL);
    self->size = strlen (self->answer);
    g_source_remove (self->source);
    self->source = g_unix_fd_add (self->fd, G_IO_OUT, peer_is_writable, self);
    /* Mostly it all goes at once; and the tunnel may be about to end. */
    peer_is_writable (self->fd, G_IO_OUT, self);
}

static gboolean
peer_is_readable (int fd, GIOCondition condition, gpointer data)
{
    Peer *self = data;
    char buffer[TUNNELS_REQUEST_MAX];
    ssize_t size = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    const char *end = size > 0 ? memchr (buffer, '\n', (size_t)size) : NULL;
    if (size > 0)
        g_string_append_len (self->request, buffer, end != NULL ? end - buffer : size);
    if (size <= 0 || self->request->len > TUNNELS_REQUEST_MAX ||
        memchr (self->request->str, '\0', self->request->len) != NULL)
        dismiss (self);
    else if (end != NULL)
        take_request (self);
    return G_SOURCE_CONTINUE; /* whoever is done with it removes the source */
}

static bool
may_ask (int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid ());
}

static gboolean
somebody_comes (int fd, GIOCondition condition, gpointer data)
{
    Control *self = data;
    int peer_fd = accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer_fd < 0)
        return G_SOURCE_CONTINUE;
    if (!may_ask (peer_fd))
    {
        close (peer_fd);
        return G_SOURCE_CONTINUE;
    }
    Peer *peer = g_new0 (Peer, 1);
    peer->control = self;
    peer->fd = peer_fd;
    peer->request = g_string_new (NULL);
    peer->source = g_unix_fd_add (peer_fd, G_IO_IN, peer_is_readable, peer);
    peer->timeout = g_timeout_add_seconds (PEER_SECONDS, peer_is_slow, peer);
    g_ptr_array_add (self->peers, peer);
    if (self->peers->len < PEERS_MAX)
        return G_SOURCE_CONTINUE;
    self->source = 0;
    return G_SOURCE_REMOVE;
}

/* Whoever comes next. */
static void
welcome (Control *self)
{
    if (self->source == 0)
        self->source = g_unix_fd_add (self->fd, G_IO_IN, somebody_comes, self);
}

/* Under another name until it listens: a socket that does not is taken for a dead process's. */
static bool
listen_at (Control *self)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *scratch = g_strconcat (self->path, ".new", NULL);
    if (strlen (scratch) >= sizeof address.sun_path)
    {
        errno = ENAMETOOLONG;
        return false;
    }
    if (tunnels_is_alive (self->path))
    {
        errno = EADDRINUSE; /* a container that shares the directory, but not the process numbers */
        return false;
    }
    strcpy (address.sun_path, scratch);
    unlink (scratch);
    if (bind (self->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return false;
    if (chmod (scratch, 0600) == 0 && listen (self->fd, PEERS_MAX) == 0 &&
        rename (scratch, self->path) == 0)
        return true;
    int error_number = errno;
    unlink (scratch);
    errno = error_number;
    return false;
}

Control *
control_new (const char *directory, ControlAnswer answer, void *data, GError **error)
{
    g_autoptr (Control) self = g_new0 (Control, 1);
    self->path = g_strdup_printf ("%s/%d" TUNNELS_SUFFIX, directory, (int)getpid ());
    self->answer = answer;
    self->data = data;
    self->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)peer_free);
    self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->fd < 0 || g_mkdir_with_parents (directory, 0755) != 0 || !listen_at (self))
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s: %s", self->path,
                     g_strerror (errno));
        return NULL;
    }
    self->listens = true;
    welcome (self);
    return g_steal_pointer (&self);
}

void
control_free (Control *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref (self->peers);
    if (self->source != 0)
        g_source_remove (self->source);
    if (self->listens)
        unlink (self->path);
    if (self->fd >= 0)
        close (self->fd);
    g_free (self->path);
    g_free (self);
}
