/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink.h"

#include "errors.h"
#include "network/netlink-internal.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

enum
{
    RECEIVE_BUFFER = 4 << 20, /* octets: each message of a batch may be refused */
    PATIENCE = 5,             /* seconds for an answer of the kernel's */
};

Netlink *
netlink_new (GError **error)
{
    struct mnl_socket *socket = mnl_socket_open2 (NETLINK_ROUTE, SOCK_CLOEXEC);
    if (socket == NULL || mnl_socket_bind (socket, 0, MNL_SOCKET_AUTOPID) < 0)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                     "the kernel gives no netlink socket: %s", g_strerror (errno));
        if (socket != NULL)
            mnl_socket_close (socket);
        return NULL;
    }
    int one = 1, size = RECEIVE_BUFFER;
    struct timeval patience = { .tv_sec = PATIENCE };
    mnl_socket_setsockopt (socket, NETLINK_GET_STRICT_CHK, &one, sizeof one);
    setsockopt (mnl_socket_get_fd (socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt (mnl_socket_get_fd (socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Netlink *self = g_new0 (Netlink, 1);
    self->socket = socket;
    self->queued = g_byte_array_new ();
    self->ends = g_array_new (false, false, sizeof (size_t));
    return self;
}

void
netlink_free (Netlink *self)
{
    if (self == NULL)
        return;
    mnl_socket_close (self->socket);
    g_byte_array_unref (self->queued);
    g_array_unref (self->ends);
    g_free (self);
}

/* ---- building ---- */

uint8_t
netlink_address_family (IpFamily family)
{
    return family == IP_V4 ? AF_INET : AF_INET6;
}

static struct nlmsghdr *
begin (Netlink *self, void *buffer, uint16_t type, uint16_t flags)
{
    memset (buffer, 0, NETLINK_MESSAGE_MAX); /* what pads attributes goes to the kernel, too */
    struct nlmsghdr *message = mnl_nlmsg_put_header (buffer);
    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    message->nlmsg_seq = ++self->sequence;
    return message;
}

static void
queue (Netlink *self, const struct nlmsghdr *message)
{
    g_byte_array_append (self->queued, (const guint8 *)message, message->nlmsg_len);
    size_t end = self->queued->len;
    g_array_append_val (self->ends, end);
}

static void
put_address (struct nlmsghdr *message, uint16_t type, const IpAddress *address)
{
    mnl_attr_put (message, type, ip_family_size (address->family), address->octets);
}

void
netlink_set_link (Netlink *self, int index, unsigned mtu, bool up)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *message = begin (self, buffer, RTM_NEWLINK, 0);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header (message, sizeof *link);
    link->ifi_index = index;
    link->ifi_change = IFF_UP;
    link->ifi_flags = up ? IFF_UP : 0;
    mnl_attr_put_u32 (message, IFLA_MTU, mtu);
    queue (self, message);
}

void
netlink_silence_link (Netlink *self, int index)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *message = begin (self, buffer, RTM_NEWLINK, 0);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header (message, sizeof *link);
    link->ifi_index = index;
    struct nlattr *families = mnl_attr_nest_start (message, IFLA_AF_SPEC);
    struct nlattr *ipv6 = mnl_attr_nest_start (message, AF_INET6);
    mnl_attr_put_u8 (message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end (message, ipv6);
    mnl_attr_nest_end (message, families);
    queue (self, message);
}

static void
put_address_message (Netlink *self, uint16_t type, uint16_t flags, int index,
                     const IpPrefix *prefix)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *message = begin (self, buffer, type, flags);
    struct ifaddrmsg *address = mnl_nlmsg_put_extra_header (message, sizeof *address);
    address->ifa_family = netlink_address_family (prefix->address.family);
    address->ifa_prefixlen = prefix->length;
    address->ifa_index = (uint32_t)index;
    put_address (message, IFA_LOCAL, &prefix->address);
    put_address (message, IFA_ADDRESS, &prefix->address);
    mnl_attr_put_u32 (message, IFA_FLAGS,
                      prefix->address.family == IP_V6 ? IFA_F_NODAD | IFA_F_NOPREFIXROUTE
                                                      : IFA_F_NOPREFIXROUTE);
    queue (self, message);
}

void
netlink_add_address (Netlink *self, int index, const IpPrefix *address)
{
    put_address_message (self, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address);
}

void
netlink_delete_address (Netlink *self, int index, const IpPrefix *address)
{
    put_address_message (self, RTM_DELADDR, 0, index, address);
}

/* Tables above 255 stand in an attribute. */
static uint8_t
short_table (uint32_t table)
{
    return table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
}

static uint8_t
route_type (NetlinkRouteKind kind)
{
    switch (kind)
    {
    case NETLINK_ROUTE_DEVICE:
        return RTN_UNICAST;
    case NETLINK_ROUTE_THROW:
        return RTN_THROW;
    case NETLINK_ROUTE_PROHIBIT:
        return RTN_PROHIBIT;
    }
    g_assert_not_reached ();
}

/* As the windows of a TCP connection, which no route has that leads nowhere. */
static void
put_owner (struct nlmsghdr *message, uint64_t owner)
{
    struct nlattr *metrics = mnl_attr_nest_start (message, RTA_METRICS);
    mnl_attr_put_u32 (message, RTAX_INITCWND, (uint32_t)(owner >> 32));
    mnl_attr_put_u32 (message, RTAX_INITRWND, (uint32_t)owner);
    mnl_attr_nest_end (message, metrics);
}

static void
put_route_message (Netlink *self, uint16_t type, uint16_t flags, const NetlinkRoute *route)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *message = begin (self, buffer, type, flags);
    struct rtmsg *header = mnl_nlmsg_put_extra_header (message, sizeof *header);
    bool device = route->kind == NETLINK_ROUTE_DEVICE;
    bool v4 = route->destination.address.family == IP_V4;
    header->rtm_family = netlink_address_family (route->destination.address.family);
    header->rtm_dst_len = route->destination.length;
    header->rtm_protocol = NETLINK_PROTOCOL;
    header->rtm_scope = type == RTM_DELROUTE     ? RT_SCOPE_NOWHERE /* whatever it is */
                        : route->next_hops && v4 ? RT_SCOPE_LINK
                                                 : RT_SCOPE_UNIVERSE;
    header->rtm_type = route_type (route->kind);
    header->rtm_table = short_table (route->table);
    if (header->rtm_table == RT_TABLE_UNSPEC)
        mnl_attr_put_u32 (message, RTA_TABLE, route->table);
    if (route->destination.length > 0 || !v4)
        put_address (message, RTA_DST, &route->destination.address);
    if (device)
        mnl_attr_put_u32 (message, RTA_OIF, (uint32_t)route->device_index);
    if (device && route->source.family != IP_NONE)
        put_address (message, RTA_PREFSRC, &route->source);
    if (route->metric != 0)
        mnl_attr_put_u32 (message, RTA_PRIORITY, route->metric);
    if (route->owner != 0)
        put_owner (message, route->owner);
    queue (self, message);
}

void
netlink_add_route (Netlink *self, const NetlinkRoute *route)
{
    put_route_message (self, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

void
netlink_delete_route (Netlink *self, const NetlinkRoute *route)
{
    put_route_message (self, RTM_DELROUTE, 0, route);
}

static void
put_rule_message (Netlink *self, uint16_t type, uint16_t flags, const NetlinkRule *rule)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *message = begin (self, buffer, type, flags);
    struct fib_rule_hdr *header = mnl_nlmsg_put_extra_header (message, sizeof *header);
    header->family = netlink_address_family (rule->family);
    header->action = rule->refuses         ? FR_ACT_PROHIBIT
                     : type == RTM_DELRULE ? FR_ACT_UNSPEC /* the rest says it */
                                           : FR_ACT_TO_TBL;
    header->flags = rule->not_mark != 0 ? FIB_RULE_INVERT : 0;
    mnl_attr_put_u32 (message, FRA_PRIORITY, rule->priority);
    header->table = short_table (rule->table);
    if (header->table == RT_TABLE_UNSPEC)
        mnl_attr_put_u32 (message, FRA_TABLE, rule->table);
    mnl_attr_put_u8 (message, FRA_PROTOCOL, NETLINK_PROTOCOL);
    if (rule->not_mark != 0)
    {
        mnl_attr_put_u32 (message, FRA_FWMARK, rule->not_mark);
        mnl_attr_put_u32 (message, FRA_FWMASK, UINT32_MAX);
    }
    if (rule->ip_protocol != 0)
        mnl_attr_put_u8 (message, FRA_IP_PROTO, rule->ip_protocol);
    if (rule->port != 0)
    {
        struct fib_rule_port_range range = { rule->port, rule->port };
        mnl_attr_put (message, FRA_DPORT_RANGE, sizeof range, &range);
    }
    queue (self, message);
}

static bool
same_rule (const NetlinkRule *a, const NetlinkRule *b)
{
    return a->family == b->family && a->priority == b->priority && a->table == b->table &&
           a->not_mark == b->not_mark && a->ip_protocol == b->ip_protocol && a->port == b->port &&
           a->refuses == b->refuses;
}

bool
netlink_rules_have (const GArray *rules, const NetlinkRule *wanted)
{
    for (guint i = 0; i < rules->len; i++)
        if (same_rule (&g_array_index (rules, NetlinkRule, i), wanted))
            return true;
    return false;
}

void
netlink_add_rule (Netlink *self, const NetlinkRule *rule)
{
    put_rule_message (self, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

void
netlink_delete_rule (Netlink *self, const NetlinkRule *rule)
{
    put_rule_message (self, RTM_DELRULE, 0, rule);
}

/* ---- sending ---- */

static bool
is_missing (int error_number)
{
    return error_number == ESRCH || error_number == ENOENT || error_number == ENODEV ||
           error_number == EADDRNOTAVAIL;
}

/* The first thing that the kernel refused. */
typedef struct
{
    int error_number;     /* 0: nothing */
    IpPrefix destination; /* of a route; family 0: it was something else */
} Refusal;

/* The kernel's answer repeats the message that it refuses. */
static IpPrefix
read_destination (const struct nlmsgerr *answer)
{
    IpPrefix none = { 0 };
    if (answer->msg.nlmsg_type != RTM_NEWROUTE)
        return none;
    const struct rtmsg *route = mnl_nlmsg_get_payload (&answer->msg);
    size_t size = route->rtm_family == AF_INET6 ? 16 : 4;
    const struct nlattr *attribute;
    mnl_attr_for_each (attribute, &answer->msg,
                       sizeof *route) if (mnl_attr_get_type (attribute) == RTA_DST &&
                                          mnl_attr_get_payload_len (attribute) ==
                                              size) return (IpPrefix){
        ip_address (byte_view (mnl_attr_get_payload (attribute), size)), route->rtm_dst_len
    };
    return none;
}

void
netlink_set_error (int error_number, GError **error)
{
    bool rights = error_number == EPERM || error_number == EACCES;
    g_set_error (error, OUTRIDER_ERROR,
                 rights ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_HOST_REFUSED,
                 "the kernel refused to change the network: %s", g_strerror (error_number));
}

static void
set_refusal (const Refusal *refusal, GError **error)
{
    if (refusal->error_number == EEXIST)
    {
        bool known = refusal->destination.address.family != 0;
        g_autofree char *network =
            known ? ip_prefix_format (&refusal->destination) : g_strdup ("one of the networks");
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                     "a route to %s is there already", network);
        return;
    }
    netlink_set_error (refusal->error_number, error);
}

static void
take_answer (const struct nlmsgerr *answer, Refusal *refusal, bool missing_ok)
{
    bool shared_rule = answer->error == -EEXIST && answer->msg.nlmsg_type == RTM_NEWRULE;
    bool passed = answer->error == 0 || shared_rule || (missing_ok && is_missing (-answer->error));
    if (!passed && refusal->error_number == 0)
        *refusal = (Refusal){ -answer->error, read_destination (answer) };
}

/*
 * The kernel answers what it refuses, and the last message of a batch in any case: LAST. The first refusal is kept. False:
 * nothing more can be said or heard.
 */
static bool
read_answers (Netlink *self, uint32_t last, Refusal *refusal, bool missing_ok)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_BATCH_SIZE];
    for (bool done = false; !done;)
    {
        ssize_t size = mnl_socket_recvfrom (self->socket, buffer, sizeof buffer);
        bool overflow = size < 0 && errno == ENOBUFS; /* refusals were lost */
        if (size <= 0 && refusal->error_number == 0)
            refusal->error_number = size < 0 ? errno : EIO;
        if (size <= 0 && !overflow)
            return false;
        const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
        for (int left = (int)size; mnl_nlmsg_ok (message, left);
             message = mnl_nlmsg_next (message, &left))
            if (message->nlmsg_type == NLMSG_ERROR)
            {
                take_answer (mnl_nlmsg_get_payload (message), refusal, missing_ok);
                done = done || message->nlmsg_seq == last;
            }
    }
    return true;
}

/* Sends what is queued from START on, as much as goes at once; where the next batch begins, 0 if it failed. */
static size_t
send_batch (Netlink *self, size_t start, guint *next, Refusal *refusal, bool missing_ok)
{
    size_t end = start, last = start;
    while (*next < self->ends->len &&
           g_array_index (self->ends, size_t, *next) - start <= NETLINK_BATCH_SIZE)
    {
        last = end;
        end = g_array_index (self->ends, size_t, (*next)++);
    }
    struct nlmsghdr *message = (struct nlmsghdr *)(void *)(self->queued->data + last);
    message->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto (self->socket, self->queued->data + start, end - start) < 0)
    {
        refusal->error_number = errno;
        return 0;
    }
    return read_answers (self, message->nlmsg_seq, refusal, missing_ok) ? end : 0;
}

bool
netlink_commit (Netlink *self, bool missing_ok, GError **error)
{
    Refusal refusal = { 0 };
    guint next = 0;
    for (size_t start = 0; next < self->ends->len;)
    {
        start = send_batch (self, start, &next, &refusal, missing_ok);
        if (start == 0)
            break;
    }
    g_byte_array_set_size (self->queued, 0);
    g_array_set_size (self->ends, 0);
    if (refusal.error_number == 0)
        return true;
    set_refusal (&refusal, error);
    return false;
}
