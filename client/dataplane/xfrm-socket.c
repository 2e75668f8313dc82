/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-socket.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <sys/socket.h>

enum
{
    QUEUE_SIZE = 16 * 1024, /* octets sent at once; the answers fit the socket's buffer */
    ANSWER_SIZE = 32 * 1024,
    LISTENS_MAX = 64, /* datagrams that one call hears */
};

struct XfrmSocket
{
    struct mnl_socket *socket;
    uint32_t sequence; /* of the last message */
    int refusal;
    unsigned waiting; /* messages in the queue */
    size_t queued;
    _Alignas(struct nlmsghdr) uint8_t queue[QUEUE_SIZE];
    _Alignas(struct nlmsghdr) uint8_t answer[ANSWER_SIZE];
};

XfrmSocket *
xfrm_socket_new (int protocol)
{
    struct mnl_socket *socket = mnl_socket_open2 (protocol, SOCK_CLOEXEC);
    if (socket == NULL)
        return NULL;
    if (mnl_socket_bind (socket, 0, MNL_SOCKET_AUTOPID) < 0)
    {
        int error_number = errno;
        mnl_socket_close (socket);
        errno = error_number;
        return NULL;
    }
    int one = 1;
    mnl_socket_setsockopt (socket, NETLINK_GET_STRICT_CHK, &one, sizeof one);
    mnl_socket_setsockopt (socket, NETLINK_CAP_ACK, &one, sizeof one); /* keys do not come back */
    XfrmSocket *self = g_new0 (XfrmSocket, 1);
    self->socket = socket;
    return self;
}

void
xfrm_socket_free (XfrmSocket *self)
{
    if (self == NULL)
        return;
    mnl_socket_close (self->socket);
    explicit_bzero (self->queue, sizeof self->queue);
    explicit_bzero (self->answer, sizeof self->answer);
    g_free (self);
}

/* One more message; the kernel's copy of what is in the answer has its number. */
static void
append (XfrmSocket *self, const XfrmMessage *message)
{
    ByteView octets = xfrm_message_view (message);
    struct nlmsghdr *header = (struct nlmsghdr *)(self->queue + self->queued);
    memcpy (header, octets.data, octets.size);
    header->nlmsg_seq = ++self->sequence;
    self->queued += MNL_ALIGN (octets.size);
    self->waiting++;
}

/* Sends the queue; false with errno set. */
static bool
send_queue (XfrmSocket *self)
{
    bool sent =
        self->queued == 0 || mnl_socket_sendto (self->socket, self->queue, self->queued) >= 0;
    explicit_bzero (self->queue, self->queued);
    self->queued = 0;
    return sent;
}

static ssize_t
receive (XfrmSocket *self)
{
    ssize_t size;
    do
        size = mnl_socket_recvfrom (self->socket, self->answer, sizeof self->answer);
    while (size < 0 && errno == EINTR);
    return size;
}

static void
refuse (XfrmSocket *self, int error_number)
{
    if (self->refusal == 0)
        self->refusal = error_number;
}

/* The acknowledgements of what was sent, one for each. */
static void
read_acknowledgements (XfrmSocket *self)
{
    while (self->waiting > 0)
    {
        ssize_t size = receive (self);
        if (size <= 0)
        {
            refuse (self, size < 0 ? errno : EIO);
            self->waiting = 0;
            return;
        }
        const struct nlmsghdr *message = (const struct nlmsghdr *)self->answer;
        for (int left = (int)size; mnl_nlmsg_ok (message, left) && self->waiting > 0;
             message = mnl_nlmsg_next (message, &left))
        {
            if (message->nlmsg_type != NLMSG_ERROR)
                continue;
            const struct nlmsgerr *verdict = mnl_nlmsg_get_payload (message);
            if (verdict->error != 0)
                refuse (self, -verdict->error);
            self->waiting--;
        }
    }
}

static void
flush (XfrmSocket *self)
{
    if (send_queue (self))
    {
        read_acknowledgements (self);
        return;
    }
    refuse (self, errno);
    self->waiting = 0;
}

void
xfrm_socket_queue (XfrmSocket *self, const XfrmMessage *message)
{
    if (self->queued + MNL_ALIGN (xfrm_message_view (message).size) > QUEUE_SIZE)
        flush (self);
    append (self, message);
}

int
xfrm_socket_commit (XfrmSocket *self)
{
    flush (self);
    int refusal = self->refusal;
    self->refusal = 0;
    return refusal;
}

int
xfrm_socket_do (XfrmSocket *self, const XfrmMessage *message)
{
    g_return_val_if_fail (self->waiting == 0 && self->refusal == 0, EINVAL);
    append (self, message);
    return xfrm_socket_commit (self);
}

typedef struct
{
    XfrmSocketHear hear;
    void *data;
    bool list;
    bool over;
    int error_number;
} Hearing;

/* A message is handed on as it stands; nothing behind its own length is looked at. */
static void
hear_datagram (XfrmSocket *self, ssize_t size, Hearing *hearing)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)self->answer;
    for (int left = (int)size; mnl_nlmsg_ok (message, left) && !hearing->over;
         message = mnl_nlmsg_next (message, &left))
    {
        if (message->nlmsg_type == NLMSG_ERROR)
        {
            const struct nlmsgerr *verdict = mnl_nlmsg_get_payload (message);
            hearing->error_number = -verdict->error;
            hearing->over = true;
        }
        else if (message->nlmsg_type == NLMSG_DONE)
            hearing->over = true;
        else
        {
            hearing->hear (byte_view (message, message->nlmsg_len), hearing->data);
            hearing->over = !hearing->list;
        }
    }
}

int
xfrm_socket_ask (XfrmSocket *self, const XfrmMessage *question, XfrmSocketHear hear, void *data)
{
    g_return_val_if_fail (self->waiting == 0, EINVAL);
    const struct nlmsghdr *header = (const struct nlmsghdr *)question->octets;
    Hearing hearing = {
        .hear = hear,
        .data = data,
        .list = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP,
    };
    append (self, question);
    self->waiting = 0;
    if (!send_queue (self))
        return errno;
    while (!hearing.over)
    {
        ssize_t size = receive (self);
        if (size <= 0)
            return size < 0 ? errno : EIO;
        hear_datagram (self, size, &hearing);
        explicit_bzero (self->answer, (size_t)size);
    }
    return hearing.error_number;
}

bool
xfrm_socket_join (XfrmSocket *self, unsigned group)
{
    int number = (int)group;
    return mnl_socket_setsockopt (self->socket, NETLINK_ADD_MEMBERSHIP, &number, sizeof number) ==
           0;
}

void
xfrm_socket_listen (XfrmSocket *self, XfrmSocketHear hear, void *data)
{
    for (int i = 0; i < LISTENS_MAX; i++)
    {
        ssize_t size =
            recv (xfrm_socket_get_fd (self), self->answer, sizeof self->answer, MSG_DONTWAIT);
        if (size < 0 && errno == ENOBUFS)
            continue; /* some were lost; what counts happens again */
        if (size <= 0)
            return;
        Hearing hearing = { .hear = hear, .data = data, .list = true };
        hear_datagram (self, size, &hearing);
        explicit_bzero (self->answer, (size_t)size);
    }
}

int
xfrm_socket_get_fd (const XfrmSocket *self)
{
    return mnl_socket_get_fd (self->socket);
}
