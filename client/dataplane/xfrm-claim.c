/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-claim.h"

#include "dataplane/xfrm-socket.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Entries of ours that one run looks at. */
#define LEFTOVERS_MAX 65536

static socklen_t
fill_name (struct sockaddr_un *address, uint32_t if_id)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int size =
        snprintf (address->sun_path + 1, sizeof address->sun_path - 1, "outrider/xfrm/%08x", if_id);
    return (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + (size_t)size);
}

int
xfrm_claim_new (unsigned number)
{
    struct sockaddr_un address;
    socklen_t size = fill_name (&address, XFRM_IF_ID_BASE + number);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind (fd, (struct sockaddr *)&address, size) == 0 && listen (fd, 1) == 0)
        return fd;
    close (fd);
    return -1;
}

/* Anybody may take the name of a dead process, but not speak for it. */
static bool
is_credible (int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid ());
}

bool
xfrm_claim_is_held (uint32_t if_id)
{
    struct sockaddr_un address;
    socklen_t size = fill_name (&address, if_id);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true; /* who cannot ask removes nothing */
    bool held = false;
    if (connect (fd, (struct sockaddr *)&address, size) == 0)
        held = is_credible (fd);
    else
        held = errno != ECONNREFUSED; /* EAGAIN: many ask */
    close (fd);
    return held;
}

bool
xfrm_claim_is_ours (uint32_t if_id)
{
    return if_id >= XFRM_IF_ID_BASE && if_id - XFRM_IF_ID_BASE < XFRM_NUMBERS_MAX;
}

/* ---- leftovers ---- */

/* An answer and its question cannot share the socket with what it leads to: first all is listed, then it is removed. */
typedef struct
{
    GArray *states;   /* XfrmState: addresses and SPI */
    GArray *policies; /* XfrmPolicy */
    GArray *links;    /* XfrmLink */
} Leftovers;

static bool
is_leftover (uint32_t if_id)
{
    return xfrm_claim_is_ours (if_id) && !xfrm_claim_is_held (if_id);
}

static void
hear_state (ByteView message, void *data)
{
    Leftovers *self = data;
    XfrmStateFacts facts;
    if (self->states->len >= LEFTOVERS_MAX || !xfrm_read_state (message, &facts) ||
        !is_leftover (facts.if_id))
        return;
    XfrmState state = { .source = facts.source,
                        .destination = facts.destination,
                        .spi = facts.spi };
    g_array_append_val (self->states, state);
}

static void
hear_policy (ByteView message, void *data)
{
    Leftovers *self = data;
    XfrmPolicy policy;
    if (self->policies->len < LEFTOVERS_MAX && xfrm_read_policy (message, &policy) &&
        is_leftover (policy.if_id))
        g_array_append_val (self->policies, policy);
}

static void
hear_link (ByteView message, void *data)
{
    Leftovers *self = data;
    XfrmLink link;
    if (self->links->len < LEFTOVERS_MAX && xfrm_read_link (message, &link) &&
        is_leftover (link.if_id))
        g_array_append_val (self->links, link);
}

/* 0, or an errno. A kernel without XFRM has nothing of ours. */
static int
list_states_and_policies (XfrmSocket *xfrm, Leftovers *leftovers)
{
    XfrmMessage message;
    xfrm_write_list_policies (&message);
    int refusal = xfrm_socket_ask (xfrm, &message, hear_policy, leftovers);
    xfrm_write_list_states (&message);
    int other = xfrm_socket_ask (xfrm, &message, hear_state, leftovers);
    return refusal != 0 ? refusal : other;
}

static void
list_links (XfrmSocket *route, Leftovers *leftovers)
{
    XfrmMessage message;
    xfrm_write_list_links (&message);
    xfrm_socket_ask (route, &message, hear_link, leftovers);
}

static void
remove_states_and_policies (Leftovers *leftovers)
{
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    if (xfrm == NULL)
        return;
    XfrmMessage message;
    list_states_and_policies (xfrm, leftovers);
    for (guint i = 0; i < leftovers->policies->len; i++)
    {
        xfrm_write_delete_policy (&message, &g_array_index (leftovers->policies, XfrmPolicy, i));
        xfrm_socket_queue (xfrm, &message);
    }
    for (guint i = 0; i < leftovers->states->len; i++)
    {
        xfrm_write_delete_state (&message, &g_array_index (leftovers->states, XfrmState, i));
        xfrm_socket_queue (xfrm, &message);
    }
    xfrm_socket_commit (xfrm);
}

/* The interface last: it is what a user would look for. */
static void
remove_links (Leftovers *leftovers)
{
    g_autoptr (XfrmSocket) route = xfrm_socket_new (NETLINK_ROUTE);
    if (route == NULL)
        return;
    XfrmMessage message;
    list_links (route, leftovers);
    for (guint i = 0; i < leftovers->links->len; i++)
    {
        xfrm_write_delete_link (&message, g_array_index (leftovers->links, XfrmLink, i).index);
        xfrm_socket_queue (route, &message);
    }
    xfrm_socket_commit (route);
}

static Leftovers
leftovers_make (void)
{
    return (Leftovers){
        .states = g_array_new (false, false, sizeof (XfrmState)),
        .policies = g_array_new (false, false, sizeof (XfrmPolicy)),
        .links = g_array_new (false, false, sizeof (XfrmLink)),
    };
}

static void
leftovers_clear (Leftovers *self)
{
    g_array_unref (self->states);
    g_array_unref (self->policies);
    g_array_unref (self->links);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Leftovers, leftovers_clear)

void
xfrm_remove_leftovers (void)
{
    g_auto (Leftovers) leftovers = leftovers_make ();
    remove_states_and_policies (&leftovers);
    remove_links (&leftovers);
}

int
xfrm_count_leftovers (unsigned *ret_count)
{
    g_auto (Leftovers) leftovers = leftovers_make ();
    g_autoptr (XfrmSocket) route = xfrm_socket_new (NETLINK_ROUTE);
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    if (route == NULL)
        return errno;
    list_links (route, &leftovers);
    int refusal = xfrm != NULL ? list_states_and_policies (xfrm, &leftovers) : 0;
    if (refusal == 0)
        *ret_count = leftovers.states->len + leftovers.policies->len + leftovers.links->len;
    return refusal;
}

/* ---- others ---- */

typedef struct
{
    const IpAddress *source;
    unsigned count;
} Foreign;

static void
hear_foreign_policy (ByteView message, void *data)
{
    Foreign *self = data;
    XfrmPolicy policy;
    if (xfrm_read_policy (message, &policy) && policy.if_id == 0 &&
        policy.direction == XFRM_DIRECTION_OUT && policy.selector.destination.length == 0 &&
        ip_prefix_contains (&policy.selector.source, self->source) && !xfrm_is_bypass (message))
        self->count++;
}

int
xfrm_count_foreign (const IpAddress *source, unsigned *ret_count)
{
    Foreign foreign = { .source = source };
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    XfrmMessage message;
    xfrm_write_list_policies (&message);
    int refusal =
        xfrm != NULL ? xfrm_socket_ask (xfrm, &message, hear_foreign_policy, &foreign) : 0;
    if (refusal == 0)
        *ret_count = foreign.count;
    return refusal;
}
