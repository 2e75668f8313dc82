/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transport/udp.h"

#include "errors.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/errqueue.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* The port on which IKE is bare (RFC 7296 2.23); everywhere else the marker tells it from ESP (RFC 3948 2.2). */
#define BARE_PORT 500
#define MARKER_SIZE 4

/* Datagrams that wait between the pump's thread and the main loop. */
#define QUEUE_MAX 64
#define DATAGRAM_MAX 65536

/* Datagrams that one turn of the main loop reads, and errors that one call takes off. */
#define READS_MAX 32
#define ERRORS_MAX 64

/*
 * Octets. Much to receive, for a gateway sends in bursts; less to send: what waits there is delay, and TUN's own queue
 * waits behind it.
 */
#define RECEIVE_BUFFER (4 << 20)
#define SEND_BUFFER (1 << 20)

typedef struct
{
    GBytes *datagram; /* NULL: an error */
    int error_number;
} Delivery;

struct UdpTransport
{
    gatomicrefcount references; /* the sources hold one while they dispatch */
    int fd;
    int wake_fd;
    IpEndpoint gateway;
    UdpTransportReceive receive;
    void *data;
    GMainContext *context;
    GSource *socket_source; /* NULL while lent */
    GSource *queue_source;
    bool closed;
    GMutex mutex; /* guards the queue */
    Delivery queue[QUEUE_MAX];
    unsigned first;
    unsigned waiting;
};

typedef union
{
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} SocketAddress;

static socklen_t
socket_address_fill (SocketAddress *self, const IpEndpoint *endpoint)
{
    memset (self, 0, sizeof *self);
    if (endpoint->address.family == IP_V6)
    {
        self->v6.sin6_family = AF_INET6;
        self->v6.sin6_port = htons (endpoint->port);
        memcpy (&self->v6.sin6_addr, endpoint->address.octets, 16);
        return sizeof self->v6;
    }
    self->v4.sin_family = AF_INET;
    self->v4.sin_port = htons (endpoint->port);
    memcpy (&self->v4.sin_addr, endpoint->address.octets, 4);
    return sizeof self->v4;
}

static IpEndpoint
socket_address_read (const SocketAddress *self)
{
    if (self->any.sa_family == AF_INET6)
        return (IpEndpoint){ .address = ip_address (byte_view (&self->v6.sin6_addr, 16)),
                             .port = ntohs (self->v6.sin6_port) };
    return (IpEndpoint){ .address = ip_address (byte_view (&self->v4.sin_addr, 4)),
                         .port = ntohs (self->v4.sin_port) };
}

static OutriderError
code_of (int error_number)
{
    switch (error_number)
    {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return OUTRIDER_ERROR_UNREACHABLE;
    case EPERM:
    case EACCES:
        return OUTRIDER_ERROR_NO_RIGHTS;
    }
    return OUTRIDER_ERROR_HOST_REFUSED;
}

static bool
fail (const char *what, int error_number, GError **error)
{
    g_set_error (error, OUTRIDER_ERROR, code_of (error_number), "%s: %s", what,
                 g_strerror (error_number));
    return false;
}

static void
set_option (int fd, int level, int name, int value)
{
    (void)setsockopt (fd, level, name, &value, sizeof value);
}

/* Past the administrator's limit if we may, else up to it. */
static void
raise_buffer (int fd, int forced, int plain, int size)
{
    if (setsockopt (fd, SOL_SOCKET, forced, &size, sizeof size) != 0)
        set_option (fd, SOL_SOCKET, plain, size);
}

/* IP_PMTUDISC_...; IPv6's have the same numbers. */
static void
set_path_discovery (const UdpTransport *self, int way)
{
    if (self->gateway.address.family == IP_V6)
        set_option (self->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, way);
    else
        set_option (self->fd, IPPROTO_IP, IP_MTU_DISCOVER, way);
}

G_STATIC_ASSERT (IP_PMTUDISC_DONT == IPV6_PMTUDISC_DONT && IP_PMTUDISC_WANT == IPV6_PMTUDISC_WANT &&
                 IP_PMTUDISC_PROBE == IPV6_PMTUDISC_PROBE);

static bool
open_socket (UdpTransport *self, uint16_t local_port, uint32_t mark, GError **error)
{
    bool v6 = self->gateway.address.family == IP_V6;
    self->fd = socket (v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        return fail ("cannot make a UDP socket", errno, error);
    if (v6)
        set_option (self->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option (self->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, 1);
    raise_buffer (self->fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
    raise_buffer (self->fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
    set_path_discovery (self, IP_PMTUDISC_WANT);
    if (mark != 0 && setsockopt (self->fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0)
        return fail ("cannot mark the socket", errno, error);

    IpEndpoint local = { .address.family = self->gateway.address.family, .port = local_port };
    SocketAddress address;
    socklen_t size = socket_address_fill (&address, &local);
    if (local_port != 0 && bind (self->fd, &address.any, size) != 0)
        return fail ("cannot bind the local port", errno, error);
    return true;
}

static bool
connect_socket (UdpTransport *self, const IpEndpoint *gateway, GError **error)
{
    SocketAddress address;
    socklen_t size = socket_address_fill (&address, gateway);
    if (connect (self->fd, &address.any, size) == 0)
        return true;
    int error_number = errno;
    g_autofree char *text = ip_endpoint_format (gateway);
    g_autofree char *what = g_strdup_printf ("cannot reach %s", text);
    return fail (what, error_number, error);
}

static void
unref (UdpTransport *self)
{
    if (!g_atomic_ref_count_dec (&self->references))
        return;
    for (; self->waiting > 0; self->waiting--, self->first++)
        g_clear_pointer (&self->queue[self->first % QUEUE_MAX].datagram, g_bytes_unref);
    if (self->fd >= 0)
        close (self->fd);
    if (self->wake_fd >= 0)
        close (self->wake_fd);
    g_clear_pointer (&self->context, g_main_context_unref);
    g_mutex_clear (&self->mutex);
    g_free (self);
}

/* Tells an IKE datagram from the others that share its port. False: not IKE. */
static bool
strip_marker (const UdpTransport *self, ByteView *datagram)
{
    static const uint8_t marker[MARKER_SIZE] = { 0 };
    if (self->gateway.port == BARE_PORT)
        return datagram->size > 1;
    if (datagram->size <= MARKER_SIZE || memcmp (datagram->data, marker, MARKER_SIZE) != 0)
        return false;
    *datagram = byte_view (datagram->data + MARKER_SIZE, datagram->size - MARKER_SIZE);
    return true;
}

static void
hand_over (UdpTransport *self, ByteView datagram, int error_number)
{
    if (!self->closed)
        self->receive (datagram, error_number, self->data);
}

static gboolean
on_socket (int fd, GIOCondition condition, void *data)
{
    UdpTransport *self = data;
    g_atomic_ref_count_inc (&self->references);
    g_autofree uint8_t *buffer = g_malloc (DATAGRAM_MAX);
    if (condition & G_IO_ERR)
        udp_transport_take_errors (self);
    for (int i = 0; i < READS_MAX && !self->closed && self->socket_source != NULL; i++)
    {
        ssize_t size = recv (fd, buffer, DATAGRAM_MAX, 0);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (size < 0)
            /* The same ICMP error stands in the error queue, which tells it once. */
            continue;
        ByteView datagram = byte_view (buffer, (size_t)size);
        if (strip_marker (self, &datagram))
            hand_over (self, datagram, 0);
    }
    gboolean keep = self->closed ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
    unref (self);
    return keep;
}

static bool
take_delivery (UdpTransport *self, Delivery *ret_delivery)
{
    g_mutex_lock (&self->mutex);
    bool found = self->waiting > 0;
    if (found)
    {
        *ret_delivery = self->queue[self->first];
        self->queue[self->first] = (Delivery){ 0 };
        self->first = (self->first + 1) % QUEUE_MAX;
        self->waiting--;
    }
    g_mutex_unlock (&self->mutex);
    return found;
}

static gboolean
on_queue (int fd, GIOCondition condition, void *data)
{
    UdpTransport *self = data;
    g_atomic_ref_count_inc (&self->references);
    uint64_t count;
    (void)!read (fd, &count, sizeof count);
    Delivery delivery;
    while (!self->closed && take_delivery (self, &delivery))
    {
        hand_over (self, byte_view_of_bytes (delivery.datagram), delivery.error_number);
        g_clear_pointer (&delivery.datagram, g_bytes_unref);
    }
    gboolean keep = self->closed ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
    unref (self);
    return keep;
}

static GSource *
watch (UdpTransport *self, int fd, GUnixFDSourceFunc callback)
{
    GSource *source = g_unix_fd_source_new (fd, G_IO_IN);
    g_source_set_can_recurse (source, TRUE); /* else the loop wakes itself after each datagram */
    g_source_set_callback (source, G_SOURCE_FUNC (callback), self, NULL);
    g_source_attach (source, self->context);
    return source;
}

static void
unwatch (GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy (*source);
    g_clear_pointer (source, g_source_unref);
}

UdpTransport *
udp_transport_new (const IpEndpoint *gateway, uint16_t local_port, uint32_t mark,
                   UdpTransportReceive receive, void *data, GError **error)
{
    g_autoptr (UdpTransport) self = g_new0 (UdpTransport, 1);
    g_atomic_ref_count_init (&self->references);
    g_mutex_init (&self->mutex);
    self->fd = -1;
    self->wake_fd = -1;
    self->gateway = *gateway;
    self->receive = receive;
    self->data = data;
    self->context = g_main_context_ref_thread_default ();

    if (!open_socket (self, local_port, mark, error) || !connect_socket (self, gateway, error))
        return NULL;
    self->wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->wake_fd < 0)
    {
        fail ("cannot make an event", errno, error);
        return NULL;
    }
    self->socket_source = watch (self, self->fd, on_socket);
    self->queue_source = watch (self, self->wake_fd, on_queue);
    return g_steal_pointer (&self);
}

void
udp_transport_free (UdpTransport *self)
{
    if (self == NULL)
        return;
    self->closed = true;
    unwatch (&self->socket_source);
    unwatch (&self->queue_source);
    unref (self);
}

bool
udp_transport_set_gateway (UdpTransport *self, const IpEndpoint *gateway, GError **error)
{
    g_return_val_if_fail (gateway->address.family == self->gateway.address.family, false);
    if (!connect_socket (self, gateway, error))
        return false;
    self->gateway = *gateway;
    return true;
}

IpEndpoint
udp_transport_get_local (const UdpTransport *self)
{
    SocketAddress address = { 0 };
    socklen_t size = sizeof address;
    if (getsockname (self->fd, &address.any, &size) != 0)
        return (IpEndpoint){ 0 };
    return socket_address_read (&address);
}

IpEndpoint
udp_transport_get_gateway (const UdpTransport *self)
{
    return self->gateway;
}

int
udp_transport_get_fd (const UdpTransport *self)
{
    return self->fd;
}

unsigned
udp_transport_get_mtu (const UdpTransport *self)
{
    bool v6 = self->gateway.address.family == IP_V6;
    int mtu = 0;
    socklen_t size = sizeof mtu;
    if (getsockopt (self->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu,
                    &size) != 0 ||
        mtu <= 0)
        return v6 ? 1280 : 1500;
    return (unsigned)mtu;
}

void
udp_transport_look_at_path (UdpTransport *self, unsigned outer_mtu)
{
    if (connect_socket (self, &self->gateway, NULL) && udp_transport_get_mtu (self) < outer_mtu)
        udp_transport_deliver_error (self, EMSGSIZE);
}

/* An ICMP error that waits in the socket fails the next send in its stead, once; the error queue tells of it. */
static bool
send_parts (UdpTransport *self, const struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = count };
    for (int tries = 0; tries < 3; tries++)
    {
        if (sendmsg (self->fd, &message, MSG_NOSIGNAL) >= 0)
            return true;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EMSGSIZE)
            return false;
    }
    return false;
}

static bool
send_ike (UdpTransport *self, ByteView datagram, int way)
{
    static const uint8_t marker[MARKER_SIZE] = { 0 };
    struct iovec parts[] = {
        { (void *)marker, sizeof marker },
        { (void *)datagram.data, datagram.size },
    };
    size_t skipped = self->gateway.port == BARE_PORT ? 1 : 0;
    /* If the pump sends in between, an ESP packet goes the same way: no harm. */
    set_path_discovery (self, way);
    bool sent = send_parts (self, parts + skipped, G_N_ELEMENTS (parts) - skipped);
    set_path_discovery (self, IP_PMTUDISC_WANT);
    return sent;
}

bool
udp_transport_send (UdpTransport *self, ByteView datagram)
{
    return send_ike (self, datagram, IP_PMTUDISC_DONT);
}

bool
udp_transport_send_whole (UdpTransport *self, ByteView datagram)
{
    return send_ike (self, datagram, IP_PMTUDISC_PROBE);
}

void
udp_transport_send_keepalive (UdpTransport *self)
{
    static const uint8_t keepalive = 0xff;
    struct iovec part = { (void *)&keepalive, 1 };
    send_parts (self, &part, 1);
}

bool
udp_transport_give_esp_to_kernel (UdpTransport *self, GError **error)
{
    int type = UDP_ENCAP_ESPINUDP;
    g_return_val_if_fail (self->gateway.port != BARE_PORT, false);
    if (setsockopt (self->fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof type) == 0)
        return true;
    return fail ("the kernel takes no ESP in UDP", errno, error);
}

void
udp_transport_lend (UdpTransport *self)
{
    unwatch (&self->socket_source);
}

void
udp_transport_reclaim (UdpTransport *self)
{
    if (self->socket_source == NULL)
        self->socket_source = watch (self, self->fd, on_socket);
}

static void
queue_delivery (UdpTransport *self, GBytes *datagram, int error_number)
{
    g_mutex_lock (&self->mutex);
    bool room = self->waiting < QUEUE_MAX;
    if (room)
        self->queue[(self->first + self->waiting++) % QUEUE_MAX] =
            (Delivery){ .datagram = datagram, .error_number = error_number };
    g_mutex_unlock (&self->mutex);
    if (!room)
        g_clear_pointer (&datagram, g_bytes_unref);
    uint64_t one = 1;
    (void)!write (self->wake_fd, &one, sizeof one);
}

void
udp_transport_deliver (UdpTransport *self, ByteView datagram)
{
    queue_delivery (self, byte_view_to_bytes (datagram), 0);
}

void
udp_transport_deliver_error (UdpTransport *self, int error_number)
{
    queue_delivery (self, NULL, error_number);
}

/* The error number of one entry of the socket's error queue; 0: none is left. */
static int
read_error (int fd)
{
    uint8_t control[512];
    struct msghdr message = { .msg_control = control, .msg_controllen = sizeof control };
    if (recvmsg (fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR (&message); c != NULL; c = CMSG_NXTHDR (&message, c))
    {
        bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        struct sock_extended_err found;
        if ((v4 || v6) && c->cmsg_len >= CMSG_LEN (sizeof found))
        {
            memcpy (&found, CMSG_DATA (c), sizeof found);
            return (int)found.ee_errno;
        }
    }
    return EIO;
}

void
udp_transport_take_errors (UdpTransport *self)
{
    for (int i = 0; i < ERRORS_MAX; i++)
    {
        int error_number = read_error (self->fd);
        if (error_number == 0)
            return;
        udp_transport_deliver_error (self, error_number);
    }
}
