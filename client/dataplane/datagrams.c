/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/datagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* The kernel's own limits of one cut message (64 pieces before Linux 6.9). */
#define RUN_PIECES_MAX 64
#define RUN_OCTETS_MAX 65000
#define RUNS_MAX 64

/* Sending starts when this much waits; the room behind it takes whatever one more packet brings. */
#define SEND_ENOUGH (64 * 1024)
#define SEND_ROOM (SEND_ENOUGH + 2 * (PACKET_MAX + 1))

/* Waiting for room in the socket's buffer: milliseconds at a time, and times. */
#define WAIT_MS 20
#define WAITS_MAX 10

/* Errors of earlier datagrams that one message may meet before it is given up. */
#define STALE_ERRORS_MAX 3

/* Gathered messages need few buffers; single datagrams many. Pages that nothing was read into are never there. */
#define RECEIVE_GATHERED 16
#define RECEIVE_SINGLE 64
#define RECEIVE_STRIDE (PACKET_MAX + 1)

/* UDP_GRO loses datagrams before this Linux. */
#define GRO_MAJOR 5
#define GRO_MINOR 12

typedef struct
{
    size_t offset;
    size_t size;
    size_t piece;
    unsigned count;
    bool closed; /* its last piece was shorter */
} Run;

typedef union
{
    struct cmsghdr header;
    uint8_t octets[CMSG_SPACE (sizeof (uint16_t))];
} SegmentControl;

struct SendBatch
{
    int socket;
    int stop_fd;
    UdpTransport *transport;
    bool can_segment;
    bool segment;
    bool many;
    unsigned lost;
    size_t used;
    unsigned run_count;
    Run runs[RUNS_MAX];
    struct mmsghdr messages[RUNS_MAX];
    struct iovec parts[RUNS_MAX];
    SegmentControl controls[RUNS_MAX];
    uint8_t room[SEND_ROOM];
};

static bool
knows_segments (int fd)
{
    int size;
    socklen_t length = sizeof size;
    return getsockopt (fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
}

SendBatch *
send_batch_new (UdpTransport *transport, int stop_fd, PumpOffloads offloads)
{
    SendBatch *self = g_new0 (SendBatch, 1);
    self->transport = transport;
    self->socket = udp_transport_get_fd (transport);
    self->stop_fd = stop_fd;
    self->can_segment = (offloads & PUMP_UDP_SEGMENT) != 0 && knows_segments (self->socket);
    self->segment = self->can_segment;
    self->many = (offloads & PUMP_MANY) != 0;
    return self;
}

void
send_batch_free (SendBatch *self)
{
    g_free (self);
}

uint8_t *
send_batch_reserve (SendBatch *self, size_t size)
{
    if (SEND_ROOM - self->used < size || self->run_count == RUNS_MAX)
        self->lost += send_batch_flush (self);
    return self->room + self->used;
}

static bool
fits_run (const SendBatch *self, const Run *run, size_t size)
{
    return self->segment && !run->closed && size <= run->piece && run->count < RUN_PIECES_MAX &&
           run->size + size <= RUN_OCTETS_MAX;
}

void
send_batch_commit (SendBatch *self, size_t size)
{
    Run *run = self->run_count > 0 ? &self->runs[self->run_count - 1] : NULL;
    if (run == NULL || !fits_run (self, run, size))
    {
        run = &self->runs[self->run_count++];
        *run = (Run){ .offset = self->used, .piece = size };
    }
    run->closed = size < run->piece;
    run->size += size;
    run->count++;
    self->used += size;
}

bool
send_batch_is_full (const SendBatch *self)
{
    return self->used >= SEND_ENOUGH || self->run_count == RUNS_MAX;
}

void
send_batch_retry_offload (SendBatch *self)
{
    self->segment = self->can_segment;
}

static void
fill_message (SendBatch *self, unsigned index, const Run *run)
{
    struct msghdr *message = &self->messages[index].msg_hdr;
    self->parts[index] = (struct iovec){ self->room + run->offset, run->size };
    *message = (struct msghdr){ .msg_iov = &self->parts[index], .msg_iovlen = 1 };
    if (run->count < 2)
        return;
    uint16_t piece = (uint16_t)run->piece;
    SegmentControl *control = &self->controls[index];
    control->header.cmsg_level = IPPROTO_UDP;
    control->header.cmsg_type = UDP_SEGMENT;
    control->header.cmsg_len = CMSG_LEN (sizeof piece);
    memcpy (CMSG_DATA (&control->header), &piece, sizeof piece);
    message->msg_control = control;
    message->msg_controllen = sizeof *control;
}

/* The number of messages sent, at least one; or -1 with errno. */
static int
send_messages (SendBatch *self, unsigned first, unsigned count)
{
    if (self->many)
    {
        int sent = sendmmsg (self->socket, self->messages + first, count, MSG_NOSIGNAL);
        if (sent >= 0 || errno != ENOSYS)
            return sent;
        self->many = false;
    }
    ssize_t size = sendmsg (self->socket, &self->messages[first].msg_hdr, MSG_NOSIGNAL);
    return size < 0 ? -1 : 1;
}

/* Backpressure: what waits in TUN's queue waits there, not here. False: no room came, or the pump ends. */
static bool
wait_for_room (SendBatch *self)
{
    struct pollfd fds[] = {
        { .fd = self->socket, .events = POLLOUT },
        { .fd = self->stop_fd, .events = POLLIN },
    };
    for (int i = 0; i < WAITS_MAX; i++)
    {
        if (poll (fds, G_N_ELEMENTS (fds), WAIT_MS) <= 0)
            continue;
        if (fds[0].revents & POLLOUT)
            return true;
        if (fds[1].revents != 0)
            return false;
        udp_transport_take_errors (self->transport);
    }
    return false;
}

typedef enum
{
    TROUBLE_AGAIN,  /* try this message again */
    TROUBLE_SINGLY, /* the kernel does not cut it */
    TROUBLE_LOST,   /* pass it over */
} Trouble;

static Trouble
judge_error (SendBatch *self, int error_number, bool cut, unsigned *stale_errors)
{
    switch (error_number)
    {
    case EINTR:
        return TROUBLE_AGAIN;
    case EAGAIN:
        return wait_for_room (self) ? TROUBLE_AGAIN : TROUBLE_LOST;
    case ENOBUFS:
    case ENOMEM:
        return TROUBLE_LOST;
    case EIO:
    case EINVAL:
    case EMSGSIZE:
    case EOPNOTSUPP:
    case ENOPROTOOPT:
        if (cut)
            return TROUBLE_SINGLY;
        break;
    }
    /* An ICMP error for an earlier datagram: it is told once, then this one may leave. */
    return ++*stale_errors < STALE_ERRORS_MAX ? TROUBLE_AGAIN : TROUBLE_LOST;
}

static void send_all (SendBatch *self, const Run *runs, unsigned count);

static void
send_singly (SendBatch *self, const Run *run)
{
    Run pieces[RUN_PIECES_MAX];
    for (unsigned i = 0; i < run->count; i++)
    {
        size_t offset = i * run->piece;
        size_t size = MIN (run->piece, run->size - offset);
        pieces[i] =
            (Run){ .offset = run->offset + offset, .size = size, .piece = size, .count = 1 };
    }
    send_all (self, pieces, run->count);
}

static void
send_all (SendBatch *self, const Run *runs, unsigned count)
{
    unsigned stale_errors = 0;
    unsigned filled = 0;
    unsigned done = 0;
    while (done < count)
    {
        for (; filled < count; filled++)
            fill_message (self, filled, &runs[filled]);
        int sent = send_messages (self, done, count - done);
        if (sent > 0)
        {
            done += (unsigned)sent;
            stale_errors = 0;
            continue;
        }
        switch (judge_error (self, errno, runs[done].count > 1, &stale_errors))
        {
        case TROUBLE_AGAIN:
            break;
        case TROUBLE_SINGLY:
            self->segment = false;
            send_singly (self, &runs[done++]);
            filled = 0; /* the messages were used for the pieces */
            break;
        case TROUBLE_LOST:
            self->lost += runs[done++].count;
            break;
        }
    }
}

unsigned
send_batch_flush (SendBatch *self)
{
    if (self->run_count > 0)
        send_all (self, self->runs, self->run_count);
    self->run_count = 0;
    self->used = 0;
    unsigned lost = self->lost;
    self->lost = 0;
    return lost;
}

typedef union
{
    struct cmsghdr header;
    uint8_t octets[CMSG_SPACE (sizeof (int)) + 64];
} GatherControl;

struct ReceiveBatch
{
    int socket;
    UdpTransport *transport;
    bool gather;
    bool many;
    unsigned messages_max;
    uint8_t *room;
    struct mmsghdr messages[RECEIVE_SINGLE];
    struct iovec parts[RECEIVE_SINGLE];
    GatherControl controls[RECEIVE_SINGLE];
};

static bool
is_gathering_sound (void)
{
    struct utsname name;
    int major = 0, minor = 0;
    if (uname (&name) != 0 || sscanf (name.release, "%d.%d", &major, &minor) != 2)
        return false;
    return major > GRO_MAJOR || (major == GRO_MAJOR && minor >= GRO_MINOR);
}

static bool
set_gathering (int fd, int value)
{
    return setsockopt (fd, IPPROTO_UDP, UDP_GRO, &value, sizeof value) == 0;
}

ReceiveBatch *
receive_batch_new (UdpTransport *transport, PumpOffloads offloads)
{
    ReceiveBatch *self = g_new0 (ReceiveBatch, 1);
    self->transport = transport;
    self->socket = udp_transport_get_fd (transport);
    self->gather =
        (offloads & PUMP_UDP_GRO) != 0 && is_gathering_sound () && set_gathering (self->socket, 1);
    self->many = (offloads & PUMP_MANY) != 0;
    self->messages_max = self->gather ? RECEIVE_GATHERED : RECEIVE_SINGLE;
    self->room = g_malloc ((size_t)self->messages_max * RECEIVE_STRIDE);
    return self;
}

void
receive_batch_free (ReceiveBatch *self)
{
    if (self == NULL)
        return;
    if (self->gather)
        set_gathering (self->socket, 0);
    g_free (self->room);
    g_free (self);
}

static void
prepare_message (ReceiveBatch *self, unsigned index)
{
    self->parts[index] =
        (struct iovec){ self->room + (size_t)index * RECEIVE_STRIDE, RECEIVE_STRIDE };
    self->messages[index].msg_hdr = (struct msghdr){
        .msg_iov = &self->parts[index],
        .msg_iovlen = 1,
        .msg_control = self->gather ? &self->controls[index] : NULL,
        .msg_controllen = self->gather ? sizeof self->controls[index] : 0,
    };
}

static int
receive_messages (ReceiveBatch *self, unsigned count)
{
    if (self->many)
    {
        int got = recvmmsg (self->socket, self->messages, count, MSG_DONTWAIT, NULL);
        if (got >= 0 || errno != ENOSYS)
            return got;
        self->many = false;
    }
    ssize_t size = recvmsg (self->socket, &self->messages[0].msg_hdr, MSG_DONTWAIT);
    if (size < 0)
        return -1;
    self->messages[0].msg_len = (unsigned)size;
    return 1;
}

unsigned
receive_batch_fill (ReceiveBatch *self, bool *ret_more)
{
    unsigned count = self->many ? self->messages_max : 1;
    for (unsigned i = 0; i < count; i++)
        prepare_message (self, i);
    int got = receive_messages (self, count);
    if (got < 0)
    {
        /* Nothing there, or an ICMP error of a datagram that we sent: it ends nothing. */
        *ret_more = false;
        if (errno != EAGAIN)
            udp_transport_take_errors (self->transport);
        return 0;
    }
    *ret_more = (unsigned)got == count;
    return (unsigned)got;
}

static size_t
get_piece_size (struct msghdr *message, size_t size)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO &&
            c->cmsg_len >= CMSG_LEN (sizeof (int)))
        {
            int piece;
            memcpy (&piece, CMSG_DATA (c), sizeof piece);
            return piece > 0 ? (size_t)piece : size;
        }
    return size;
}

bool
receive_batch_get (ReceiveBatch *self, unsigned index, uint8_t **ret_data, size_t *ret_size,
                   size_t *ret_piece)
{
    struct msghdr *message = &self->messages[index].msg_hdr;
    size_t size = self->messages[index].msg_len;
    if (size == 0 || (message->msg_flags & MSG_TRUNC))
        return false;
    *ret_data = self->parts[index].iov_base;
    *ret_size = size;
    *ret_piece = self->gather ? get_piece_size (message, size) : size;
    return true;
}
