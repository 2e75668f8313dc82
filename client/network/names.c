/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/names.h"

#include "errors.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum
{
    FIRST_TIMEOUT = 1000, /* milliseconds; doubled with each round through the servers */
    ROUNDS = 4,
    PATIENCE = 15, /* seconds in all */
};

typedef struct
{
    const GArray *servers; /* NameServer */
    uint32_t mark;
    GArray *watched; /* struct pollfd */
    GArray *found;   /* IpAddress */
    int status;
    bool done;
} Look;

/* ---- sockets, as c-ares wants them ---- */

static ares_socket_t
open_socket (int domain, int type, int protocol, void *data)
{
    return socket (domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

static int
close_socket (ares_socket_t fd, void *data)
{
    return close (fd);
}

/* c-ares knows servers by their addresses alone. */
static unsigned
find_scope (const Look *self, const struct sockaddr_in6 *to)
{
    IpAddress address = ip_address (byte_view (&to->sin6_addr, sizeof to->sin6_addr));
    for (guint i = 0; i < self->servers->len; i++)
    {
        const NameServer *server = &g_array_index (self->servers, NameServer, i);
        if (ip_address_equal (&server->address, &address))
            return server->scope;
    }
    return 0;
}

/* Prohibited is what the host's rules refuse. Where they do not, the question goes the way of everybody's. */
static int
connect_socket (ares_socket_t fd, const struct sockaddr *to, ares_socklen_t size, void *data)
{
    const Look *self = data;
    struct sockaddr_in6 scoped;
    if (to->sa_family == AF_INET6 && size == sizeof scoped)
    {
        scoped = *(const struct sockaddr_in6 *)(const void *)to;
        if (IN6_IS_ADDR_LINKLOCAL (&scoped.sin6_addr))
            scoped.sin6_scope_id = find_scope (self, &scoped);
        to = (const void *)&scoped;
    }
    int result = connect (fd, to, size);
    if (result == 0 || errno != EACCES)
        return result;
    if (setsockopt (fd, SOL_SOCKET, SO_MARK, &self->mark, sizeof self->mark) != 0)
        return -1;
    return connect (fd, to, size);
}

static ares_ssize_t
receive (ares_socket_t fd, void *buffer, size_t size, int flags, struct sockaddr *from,
         ares_socklen_t *from_size, void *data)
{
    return recvfrom (fd, buffer, size, flags, from, from_size);
}

static ares_ssize_t
send_parts (ares_socket_t fd, const struct iovec *parts, int count, void *data)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };
    return sendmsg (fd, &message, MSG_NOSIGNAL);
}

static void
watch_socket (void *data, ares_socket_t fd, int readable, int writable)
{
    Look *self = data;
    for (guint i = 0; i < self->watched->len; i++)
        if (g_array_index (self->watched, struct pollfd, i).fd == fd)
        {
            g_array_remove_index_fast (self->watched, i);
            break;
        }
    struct pollfd watched = { .fd = fd,
                              .events =
                                  (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)) };
    if (watched.events != 0)
        g_array_append_val (self->watched, watched);
}

/* ---- answers ---- */

static void
answered (void *data, int status, int timeouts, struct ares_addrinfo *result)
{
    Look *self = data;
    self->done = true;
    self->status = status;
    if (result == NULL)
        return;
    for (const struct ares_addrinfo_node *node = result->nodes; node != NULL; node = node->ai_next)
    {
        const struct sockaddr_in *v4 = (const void *)node->ai_addr;
        const struct sockaddr_in6 *v6 = (const void *)node->ai_addr;
        IpAddress address = node->ai_family == AF_INET6
                                ? ip_address (byte_view (&v6->sin6_addr, sizeof v6->sin6_addr))
                                : ip_address (byte_view (&v4->sin_addr, sizeof v4->sin_addr));
        g_array_append_val (self->found, address);
    }
    ares_freeaddrinfo (result);
}

static void
await_event (Look *self, ares_channel channel)
{
    struct timeval left, most = { .tv_sec = PATIENCE };
    const struct timeval *wait = ares_timeout (channel, &most, &left);
    g_autoptr (GArray) ready = g_array_copy (self->watched);
    poll ((struct pollfd *)(void *)ready->data, ready->len,
          (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));
    ares_process_fd (channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (guint i = 0; i < ready->len; i++)
    {
        const struct pollfd *socket = &g_array_index (ready, struct pollfd, i);
        bool writable = (socket->revents & POLLOUT) != 0;
        bool readable = (socket->revents & ~POLLOUT) != 0;
        if (readable || writable)
            ares_process_fd (channel, readable ? socket->fd : ARES_SOCKET_BAD,
                             writable ? socket->fd : ARES_SOCKET_BAD);
    }
}

static void
await_answer (Look *self, ares_channel channel)
{
    gint64 end = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
    while (!self->done && g_get_monotonic_time () < end)
        await_event (self, channel);
    if (self->done)
        return;
    ares_cancel (channel);
    self->status = ARES_ETIMEOUT;
}

/* ---- the look ---- */

static char *
format_servers (const GArray *servers)
{
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < servers->len; i++)
    {
        g_autofree char *address =
            ip_address_format (&g_array_index (servers, NameServer, i).address);
        g_string_append_printf (text, "%s%s", i > 0 ? "," : "", address);
    }
    return g_string_free (text, false);
}

static int
open_channel (Look *self, ares_channel *ret_channel)
{
    static const struct ares_socket_functions functions = {
        .asocket = open_socket,
        .aclose = close_socket,
        .aconnect = connect_socket,
        .arecvfrom = receive,
        .asendv = send_parts,
    };
    char files_alone[] = "f", files_first[] = "fb";
    struct ares_options options = {
        .timeout = FIRST_TIMEOUT,
        .tries = ROUNDS,
        .lookups = self->servers->len > 0 ? files_first : files_alone,
        .sock_state_cb = watch_socket,
        .sock_state_cb_data = self,
    };
    int status = ares_init_options (ret_channel, &options,
                                    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                                        ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS)
        return status;
    ares_set_socket_functions (*ret_channel, &functions, self);
    g_autofree char *servers = format_servers (self->servers);
    return self->servers->len > 0 ? ares_set_servers_csv (*ret_channel, servers) : ARES_SUCCESS;
}

static void
look_up (Look *self, const char *name)
{
    ares_channel channel = NULL;
    self->status = open_channel (self, &channel);
    if (self->status == ARES_SUCCESS)
    {
        struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
        ares_getaddrinfo (channel, name, NULL, &hints, answered, self);
        await_answer (self, channel);
    }
    if (channel != NULL)
        ares_destroy (channel);
}

static void
prepare_library (void)
{
    static gsize once;
    if (g_once_init_enter (&once))
        g_once_init_leave (&once, ares_library_init (ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 1 : 2);
}

GArray *
names_look_up (const char *name, const GArray *servers, uint32_t mark, GError **error)
{
    prepare_library ();
    g_autoptr (GArray) watched = g_array_new (false, false, sizeof (struct pollfd));
    g_autoptr (GArray) found = g_array_new (false, false, sizeof (IpAddress));
    Look self = { .servers = servers, .mark = mark, .watched = watched, .found = found };
    look_up (&self, name);
    if (found->len > 0)
        return g_steal_pointer (&found);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_NOT_RESOLVED, "%s: %s", name,
                 ares_strerror (self.status));
    return NULL;
}
