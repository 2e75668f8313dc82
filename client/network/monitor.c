/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/monitor.h"

#include "errors.h"

#include <errno.h>
#include <glib-unix.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

enum
{
    PAUSE = 100,            /* milliseconds from the first event of a burst */
    DATAGRAM = 32 * 1024,   /* octets: more than the kernel puts into one */
    DATAGRAMS_AT_ONCE = 64, /* then the loop does something else, too */
};

struct Monitor
{
    struct mnl_socket *socket;
    GSource *source;
    GSource *pause; /* NULL: nothing to tell */
    int device_index;
    bool disturbed;
    MonitorChanged changed;
    void *data;
};

static gboolean
pause_is_over (gpointer data)
{
    Monitor *self = data;
    bool disturbed = self->disturbed;
    g_clear_pointer (&self->pause, g_source_unref);
    self->disturbed = false;
    self->changed (disturbed, self->data);
    return G_SOURCE_REMOVE;
}

static void
tell (Monitor *self, bool disturbed)
{
    self->disturbed = self->disturbed || disturbed;
    if (self->pause != NULL)
        return;
    self->pause = g_timeout_source_new (PAUSE);
    g_source_set_callback (self->pause, pause_is_over, self, NULL);
    g_source_attach (self->pause, g_main_context_get_thread_default ());
}

static void
take_event (Monitor *self, int device_index, bool gone)
{
    bool own = self->device_index != 0 && device_index == self->device_index;
    if (!own || gone)
        tell (self, own);
}

/* As opposed to: is not up yet. All of a new link counts as changed. */
static bool
went_down (const struct ifinfomsg *header)
{
    bool is_new = header->ifi_change == UINT_MAX;
    return !is_new && (header->ifi_change & IFF_UP) != 0 && (header->ifi_flags & IFF_UP) == 0;
}

static int
read_event (const struct nlmsghdr *message, void *data)
{
    Monitor *self = data;
    size_t size = mnl_nlmsg_get_payload_len (message);
    bool link = message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK;
    bool address = message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR;
    if (link && size >= sizeof (struct ifinfomsg))
    {
        const struct ifinfomsg *header = mnl_nlmsg_get_payload (message);
        take_event (self, header->ifi_index,
                    message->nlmsg_type == RTM_DELLINK || went_down (header));
    }
    else if (address && size >= sizeof (struct ifaddrmsg))
    {
        const struct ifaddrmsg *header = mnl_nlmsg_get_payload (message);
        take_event (self, (int)header->ifa_index, message->nlmsg_type == RTM_DELADDR);
    }
    return MNL_CB_OK;
}

static gboolean
socket_is_readable (int fd, GIOCondition condition, gpointer data)
{
    Monitor *self = data;
    _Alignas(struct nlmsghdr) uint8_t buffer[DATAGRAM];
    for (unsigned i = 0; i < DATAGRAMS_AT_ONCE; i++)
    {
        ssize_t size = mnl_socket_recvfrom (self->socket, buffer, sizeof buffer);
        if (size < 0 && errno == ENOBUFS)
            tell (self, true);
        else if (size <= 0)
            break;
        else
            mnl_cb_run (buffer, (size_t)size, 0, 0, read_event, self);
    }
    return G_SOURCE_CONTINUE;
}

Monitor *
monitor_new (MonitorChanged changed, void *data, GError **error)
{
    struct mnl_socket *socket = mnl_socket_open2 (NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    unsigned groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (socket == NULL || mnl_socket_bind (socket, groups, MNL_SOCKET_AUTOPID) < 0)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                     "the kernel does not tell what changes: %s", g_strerror (errno));
        if (socket != NULL)
            mnl_socket_close (socket);
        return NULL;
    }
    Monitor *self = g_new0 (Monitor, 1);
    self->socket = socket;
    self->changed = changed;
    self->data = data;
    self->source = g_unix_fd_source_new (mnl_socket_get_fd (socket), G_IO_IN);
    g_source_set_callback (self->source, G_SOURCE_FUNC (socket_is_readable), self, NULL);
    g_source_attach (self->source, g_main_context_get_thread_default ());
    return self;
}

void
monitor_free (Monitor *self)
{
    if (self == NULL)
        return;
    if (self->pause != NULL)
        g_source_destroy (self->pause);
    g_clear_pointer (&self->pause, g_source_unref);
    g_source_destroy (self->source);
    g_source_unref (self->source);
    mnl_socket_close (self->socket);
    g_free (self);
}

void
monitor_set_device (Monitor *self, int device_index)
{
    self->device_index = device_index;
}
