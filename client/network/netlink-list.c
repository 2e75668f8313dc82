/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/netlink-internal.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    OWN_RULES_MAX = 4096,
    OWN_ROUTES_MAX = 4096,
    NETWORKS_MAX = 4096,
    DEFAULT_LONGEST = 1, /* a default route is no network; in halves neither */
    ATTRIBUTES_MAX = 64, /* more than rules, routes and addresses have */
};

G_STATIC_ASSERT (FRA_MAX < ATTRIBUTES_MAX && RTA_MAX < ATTRIBUTES_MAX && IFA_MAX < ATTRIBUTES_MAX);

/* ---- asking ---- */

static int
collect_attribute (const struct nlattr *attribute, void *data)
{
    const struct nlattr **attributes = data;
    if (mnl_attr_get_type (attribute) < ATTRIBUTES_MAX)
        attributes[mnl_attr_get_type (attribute)] = attribute;
    return MNL_CB_OK;
}

static bool
has_size (const struct nlattr *attribute, size_t size)
{
    return attribute != NULL && mnl_attr_get_payload_len (attribute) == size;
}

static struct nlmsghdr *
begin (void *buffer, uint16_t type, uint16_t flags)
{
    memset (buffer, 0, NETLINK_MESSAGE_MAX);
    struct nlmsghdr *request = mnl_nlmsg_put_header (buffer);
    request->nlmsg_type = type;
    request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return request;
}

/* Asks for a list and gives each entry to COLLECT; false with errno set. */
static bool
dump (Netlink *self, struct nlmsghdr *request, mnl_cb_t collect, GArray *entries)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_BATCH_SIZE];
    request->nlmsg_seq = ++self->sequence;
    unsigned port = mnl_socket_get_portid (self->socket);
    int result = mnl_socket_sendto (self->socket, request, request->nlmsg_len) < 0 ? -1 : MNL_CB_OK;
    while (result == MNL_CB_OK)
    {
        ssize_t size = mnl_socket_recvfrom (self->socket, buffer, sizeof buffer);
        result = size < 0 ? -1
                          : mnl_cb_run (buffer, (size_t)size, request->nlmsg_seq, port, collect,
                                        entries);
    }
    return result >= 0;
}

/* ---- our own rules ---- */

static int
collect_rule (const struct nlmsghdr *message, void *data)
{
    GArray *rules = data;
    const struct nlattr *attributes[ATTRIBUTES_MAX] = { 0 };
    const struct fib_rule_hdr *header = mnl_nlmsg_get_payload (message);
    if (message->nlmsg_type != RTM_NEWRULE || rules->len >= OWN_RULES_MAX ||
        mnl_attr_parse (message, sizeof *header, collect_attribute, attributes) < 0 ||
        !has_size (attributes[FRA_PROTOCOL], 1) || !has_size (attributes[FRA_PRIORITY], 4) ||
        !has_size (attributes[FRA_TABLE], 4) ||
        mnl_attr_get_u8 (attributes[FRA_PROTOCOL]) != NETLINK_PROTOCOL)
        return MNL_CB_OK;
    NetlinkRule rule = {
        .family = header->family == AF_INET ? IP_V4 : IP_V6,
        .priority = mnl_attr_get_u32 (attributes[FRA_PRIORITY]),
        .table = mnl_attr_get_u32 (attributes[FRA_TABLE]),
        .refuses = header->action == FR_ACT_PROHIBIT,
    };
    if (has_size (attributes[FRA_FWMARK], 4))
        rule.not_mark = mnl_attr_get_u32 (attributes[FRA_FWMARK]);
    if (has_size (attributes[FRA_IP_PROTO], 1))
        rule.ip_protocol = mnl_attr_get_u8 (attributes[FRA_IP_PROTO]);
    struct fib_rule_port_range range;
    if (has_size (attributes[FRA_DPORT_RANGE], sizeof range))
    {
        memcpy (&range, mnl_attr_get_payload (attributes[FRA_DPORT_RANGE]), sizeof range);
        rule.port = range.start;
    }
    g_array_append_val (rules, rule);
    return MNL_CB_OK;
}

struct nlmsghdr *
netlink_write_list_rules (void *buffer)
{
    struct nlmsghdr *request = begin (buffer, RTM_GETRULE, NLM_F_DUMP);
    mnl_nlmsg_put_extra_header (request, sizeof (struct fib_rule_hdr));
    return request;
}

GArray *
netlink_list_own_rules (Netlink *self, GError **error)
{
    g_autoptr (GArray) rules = g_array_new (false, false, sizeof (NetlinkRule));
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    if (!dump (self, netlink_write_list_rules (buffer), collect_rule, rules))
    {
        netlink_set_error (errno, error);
        return NULL;
    }
    return g_steal_pointer (&rules);
}

/* ---- routes ---- */

static IpAddress
read_address (const struct nlattr *attribute, size_t size)
{
    return has_size (attribute, size)
               ? ip_address (byte_view (mnl_attr_get_payload (attribute), size))
               : (IpAddress){ 0 };
}

static bool
read_kind (const struct rtmsg *header, NetlinkRouteKind *ret_kind)
{
    static const struct
    {
        uint8_t type;
        NetlinkRouteKind kind;
    } kinds[] = { { RTN_UNICAST, NETLINK_ROUTE_DEVICE },
                  { RTN_THROW, NETLINK_ROUTE_THROW },
                  { RTN_PROHIBIT, NETLINK_ROUTE_PROHIBIT } };
    for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
        if (kinds[i].type == header->rtm_type)
        {
            *ret_kind = kinds[i].kind;
            return true;
        }
    return false;
}

static int
collect_owner (const struct nlattr *metric, void *data)
{
    uint64_t *owner = data;
    if (mnl_attr_get_type (metric) == RTAX_INITCWND && has_size (metric, 4))
        *owner |= (uint64_t)mnl_attr_get_u32 (metric) << 32;
    if (mnl_attr_get_type (metric) == RTAX_INITRWND && has_size (metric, 4))
        *owner |= mnl_attr_get_u32 (metric);
    return MNL_CB_OK;
}

/* False: it is of a kind that we never make, or there is a next hop to it. */
static bool
read_route (const struct nlmsghdr *message, NetlinkRoute *ret_route)
{
    const struct nlattr *attributes[ATTRIBUTES_MAX] = { 0 };
    const struct rtmsg *header = mnl_nlmsg_get_payload (message);
    NetlinkRoute route = { 0 };
    if (message->nlmsg_type != RTM_NEWROUTE ||
        mnl_nlmsg_get_payload_len (message) < sizeof *header || !read_kind (header, &route.kind) ||
        mnl_attr_parse (message, sizeof *header, collect_attribute, attributes) < 0 ||
        !has_size (attributes[RTA_TABLE], 4) || attributes[RTA_GATEWAY] != NULL ||
        attributes[RTA_VIA] != NULL || attributes[RTA_MULTIPATH] != NULL)
        return false;

    IpFamily family = header->rtm_family == AF_INET ? IP_V4 : IP_V6;
    size_t size = ip_family_size (family);
    route.destination = (IpPrefix){ read_address (attributes[RTA_DST], size), header->rtm_dst_len };
    route.destination.address.family = family;
    route.table = mnl_attr_get_u32 (attributes[RTA_TABLE]);
    route.source = read_address (attributes[RTA_PREFSRC], size);
    if (route.kind == NETLINK_ROUTE_DEVICE && has_size (attributes[RTA_OIF], 4))
        route.device_index = (int)mnl_attr_get_u32 (attributes[RTA_OIF]);
    if (has_size (attributes[RTA_PRIORITY], 4))
        route.metric = mnl_attr_get_u32 (attributes[RTA_PRIORITY]);
    if (attributes[RTA_METRICS] != NULL)
        mnl_attr_parse_nested (attributes[RTA_METRICS], collect_owner, &route.owner);
    *ret_route = route;
    return true;
}

/* ---- our own routes ---- */

static int
collect_route (const struct nlmsghdr *message, void *data)
{
    GArray *routes = data;
    const struct rtmsg *header = mnl_nlmsg_get_payload (message);
    NetlinkRoute route;
    if (routes->len < OWN_ROUTES_MAX && read_route (message, &route) &&
        header->rtm_protocol == NETLINK_PROTOCOL)
        g_array_append_val (routes, route);
    return MNL_CB_OK;
}

/* The kernel looks for what is ours. */
struct nlmsghdr *
netlink_write_list_routes (void *buffer, IpFamily family, uint32_t table)
{
    struct nlmsghdr *request = begin (buffer, RTM_GETROUTE, NLM_F_DUMP);
    struct rtmsg *header = mnl_nlmsg_put_extra_header (request, sizeof *header);
    header->rtm_family = netlink_address_family (family);
    header->rtm_protocol = NETLINK_PROTOCOL;
    mnl_attr_put_u32 (request, RTA_TABLE, table);
    return request;
}

GArray *
netlink_list_own_routes (Netlink *self, uint32_t table)
{
    static const IpFamily families[] = { IP_V4, IP_V6 };
    GArray *routes = g_array_new (false, false, sizeof (NetlinkRoute));
    for (size_t f = 0; f < G_N_ELEMENTS (families); f++)
    {
        _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
        dump (self, netlink_write_list_routes (buffer, families[f], table), collect_route, routes);
    }
    return routes;
}

/* ---- which way something goes now ---- */

/* A next hop of the other family stands in an attribute that tells its own. */
static IpAddress
read_next_hop (const struct nlattr *const *attributes, size_t size)
{
    const struct nlattr *via = attributes[RTA_VIA];
    struct rtvia header;
    if (via == NULL || mnl_attr_get_payload_len (via) < sizeof header)
        return read_address (attributes[RTA_GATEWAY], size);
    memcpy (&header, mnl_attr_get_payload (via), sizeof header);
    size_t expected = ip_family_size (header.rtvia_family == AF_INET6 ? IP_V6 : IP_V4);
    if (!has_size (via, sizeof header + expected))
        return (IpAddress){ 0 };
    const uint8_t *payload = mnl_attr_get_payload (via);
    return ip_address (byte_view (payload + sizeof header, expected));
}

static int
collect_mtu (const struct nlattr *metric, void *data)
{
    unsigned *mtu = data;
    if (mnl_attr_get_type (metric) == RTAX_MTU && has_size (metric, 4))
        *mtu = mnl_attr_get_u32 (metric);
    return MNL_CB_OK;
}

static bool
leads_somewhere (uint8_t type)
{
    return type == RTN_UNICAST || type == RTN_LOCAL || type == RTN_BROADCAST ||
           type == RTN_ANYCAST || type == RTN_MULTICAST;
}

int
netlink_read_way (const struct nlmsghdr *message, void *ret_way)
{
    const struct nlattr *attributes[ATTRIBUTES_MAX] = { 0 };
    const struct rtmsg *header = mnl_nlmsg_get_payload (message);
    if (message->nlmsg_type != RTM_NEWROUTE ||
        mnl_nlmsg_get_payload_len (message) < sizeof *header ||
        mnl_attr_parse (message, sizeof *header, collect_attribute, attributes) < 0 ||
        !leads_somewhere (header->rtm_type) || !has_size (attributes[RTA_OIF], 4))
        return MNL_CB_OK;
    size_t size = ip_family_size (header->rtm_family == AF_INET ? IP_V4 : IP_V6);
    NetlinkWay way = {
        .type = header->rtm_type,
        .device_index = (int)mnl_attr_get_u32 (attributes[RTA_OIF]),
        .next_hop = read_next_hop (attributes, size),
        .source = read_address (attributes[RTA_PREFSRC], size),
    };
    if (attributes[RTA_METRICS] != NULL)
        mnl_attr_parse_nested (attributes[RTA_METRICS], collect_mtu, &way.mtu);
    *(NetlinkWay *)ret_way = way;
    return MNL_CB_OK;
}

struct nlmsghdr *
netlink_write_find_way (void *buffer, const IpAddress *destination, const IpAddress *source,
                        uint32_t mark)
{
    struct nlmsghdr *request = begin (buffer, RTM_GETROUTE, 0);
    struct rtmsg *header = mnl_nlmsg_put_extra_header (request, sizeof *header);
    size_t size = ip_family_size (destination->family);
    header->rtm_family = netlink_address_family (destination->family);
    header->rtm_dst_len = (uint8_t)(8 * size);
    mnl_attr_put (request, RTA_DST, size, destination->octets);
    if (source != NULL)
    {
        header->rtm_src_len = (uint8_t)(8 * size);
        mnl_attr_put (request, RTA_SRC, size, source->octets);
    }
    if (mark != 0)
        mnl_attr_put_u32 (request, RTA_MARK, mark);
    return request;
}

bool
netlink_find_way (Netlink *self, const IpAddress *destination, const IpAddress *source,
                  uint32_t mark, NetlinkWay *ret_way)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX], answer[NETLINK_BATCH_SIZE];
    NetlinkWay way = { 0 };
    struct nlmsghdr *request = netlink_write_find_way (buffer, destination, source, mark);
    request->nlmsg_seq = ++self->sequence;
    if (mnl_socket_sendto (self->socket, request, request->nlmsg_len) < 0)
        return false;
    ssize_t received = mnl_socket_recvfrom (self->socket, answer, sizeof answer);
    if (received <= 0 ||
        mnl_cb_run (answer, (size_t)received, self->sequence, mnl_socket_get_portid (self->socket),
                    netlink_read_way, &way) < 0 ||
        way.device_index == 0)
        return false;
    if (source != NULL)
        way.source = *source;
    *ret_way = way;
    return true;
}

/* ---- the networks that this host is attached to ---- */

/* A link that has just one other end: a tunnel of somebody's, mostly. */
static bool
is_tunnel (unsigned flags)
{
    return (flags & IFF_LOOPBACK) == 0 && (flags & (IFF_POINTOPOINT | IFF_NOARP)) != 0;
}

/* Its flags; 0: it is gone. */
static unsigned
read_flags (int fd, int device_index, char *ret_name)
{
    struct ifreq request = { .ifr_ifindex = device_index };
    if (ioctl (fd, SIOCGIFNAME, &request) < 0)
        return 0;
    memcpy (ret_name, request.ifr_name, IFNAMSIZ);
    return ioctl (fd, SIOCGIFFLAGS, &request) < 0 ? 0 : (unsigned short)request.ifr_flags;
}

/* The zone of link-local addresses of IPv6 says their link. */
static bool
is_network (const struct ifaddrmsg *header)
{
    return header->ifa_scope == RT_SCOPE_UNIVERSE || header->ifa_scope == RT_SCOPE_SITE ||
           (header->ifa_family == AF_INET && header->ifa_scope == RT_SCOPE_LINK);
}

static int
collect_network (const struct nlmsghdr *message, void *data)
{
    GArray *networks = data;
    const struct nlattr *attributes[ATTRIBUTES_MAX] = { 0 };
    const struct ifaddrmsg *header = mnl_nlmsg_get_payload (message);
    if (message->nlmsg_type != RTM_NEWADDR || networks->len >= NETWORKS_MAX ||
        mnl_nlmsg_get_payload_len (message) < sizeof *header || !is_network (header) ||
        mnl_attr_parse (message, sizeof *header, collect_attribute, attributes) < 0)
        return MNL_CB_OK;
    IpFamily family = header->ifa_family == AF_INET ? IP_V4 : IP_V6;
    size_t size = ip_family_size (family);
    if (!has_size (attributes[IFA_ADDRESS], size))
        return MNL_CB_OK;
    IpPrefix prefix = { read_address (attributes[IFA_ADDRESS], size), header->ifa_prefixlen };
    LocalNetwork network = { .prefix = ip_prefix_masked (&prefix),
                             .device_index = (int)header->ifa_index };
    if (family == IP_V4) /* of IPv6 addresses the kernel chooses by age and privacy */
        network.address = read_address (attributes[IFA_LOCAL], size);
    g_array_append_val (networks, network);
    return MNL_CB_OK;
}

/* Put there by who is at the other end, and not by who administers this host: a modem looks like a tunnel. */
static bool
is_learnt (uint8_t protocol)
{
    return protocol == RTPROT_RA || protocol == RTPROT_DHCP || protocol == RTPROT_REDIRECT ||
           protocol == RTPROT_KERNEL;
}

static int
collect_tunnelled (const struct nlmsghdr *message, void *data)
{
    GArray *networks = data;
    const struct rtmsg *header = mnl_nlmsg_get_payload (message);
    NetlinkRoute route;
    if (networks->len >= NETWORKS_MAX || !read_route (message, &route) ||
        is_learnt (header->rtm_protocol) || route.kind != NETLINK_ROUTE_DEVICE ||
        route.table != RT_TABLE_MAIN || route.device_index == 0 ||
        route.destination.length <= DEFAULT_LONGEST)
        return MNL_CB_OK;
    LocalNetwork network = { .prefix = route.destination,
                             .address = route.source,
                             .device_index = route.device_index,
                             .tunnelled = true };
    g_array_append_val (networks, network);
    return MNL_CB_OK;
}

struct nlmsghdr *
netlink_write_list_device_routes (void *buffer, IpFamily family, int device_index)
{
    struct nlmsghdr *request = begin (buffer, RTM_GETROUTE, NLM_F_DUMP);
    struct rtmsg *header = mnl_nlmsg_put_extra_header (request, sizeof *header);
    header->rtm_family = netlink_address_family (family);
    mnl_attr_put_u32 (request, RTA_TABLE, RT_TABLE_MAIN);
    mnl_attr_put_u32 (request, RTA_OIF, (uint32_t)device_index);
    return request;
}

static void
list_tunnelled (Netlink *self, int device_index, const char *device, GArray *networks)
{
    static const IpFamily families[] = { IP_V4, IP_V6 };
    guint first = networks->len;
    for (size_t f = 0; f < G_N_ELEMENTS (families); f++)
    {
        _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
        dump (self, netlink_write_list_device_routes (buffer, families[f], device_index),
              collect_tunnelled, networks);
    }
    for (guint i = first; i < networks->len; i++)
        g_strlcpy (g_array_index (networks, LocalNetwork, i).device, device, IFNAMSIZ);
}

/* Networks of links that are down are nobody's. */
static GArray *
describe_devices (Netlink *self, const GArray *addresses)
{
    GArray *networks = g_array_new (false, true, sizeof (LocalNetwork));
    g_autoptr (GHashTable) tunnels = g_hash_table_new (NULL, NULL);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (guint i = 0; fd >= 0 && i < addresses->len; i++)
    {
        LocalNetwork network = g_array_index (addresses, LocalNetwork, i);
        unsigned flags = read_flags (fd, network.device_index, network.device);
        if ((flags & IFF_UP) == 0)
            continue;
        g_array_append_val (networks, network);
        if (is_tunnel (flags) && g_hash_table_add (tunnels, GINT_TO_POINTER (network.device_index)))
            list_tunnelled (self, network.device_index, network.device, networks);
    }
    if (fd >= 0)
        close (fd);
    return networks;
}

/* The kernel's choice among several links to NETWORK, without what tunnels of ours say; 0: nobody knows. */
static int
find_link (Netlink *self, const LocalNetwork *network)
{
    NetlinkWay way;
    IpAddress first = network->prefix.address; /* the one before it is a broadcast address */
    if (network->prefix.length < 8 * ip_family_size (first.family))
        first.octets[ip_family_size (first.family) - 1] |= 1;
    return netlink_find_way (self, &first, NULL, NETLINK_OUTER_MARK, &way) ? way.device_index : 0;
}

/* Asks once, and only if there is a choice. */
static void
prefer_link (Netlink *self, GArray *networks, guint i)
{
    int link = 0;
    for (guint k = i + 1; k < networks->len; k++)
    {
        LocalNetwork *first = &g_array_index (networks, LocalNetwork, i);
        LocalNetwork *other = &g_array_index (networks, LocalNetwork, k);
        if (first->device_index == other->device_index ||
            !ip_prefix_equal (&first->prefix, &other->prefix))
            continue;
        if (link == 0)
            link = find_link (self, first);
        if (link != other->device_index)
            continue;
        LocalNetwork better = *other;
        *other = *first;
        *first = better;
        return;
    }
}

GArray *
netlink_list_networks (Netlink *self)
{
    g_autoptr (GArray) addresses = g_array_new (false, true, sizeof (LocalNetwork));
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *request = begin (buffer, RTM_GETADDR, NLM_F_DUMP);
    mnl_nlmsg_put_extra_header (request, sizeof (struct ifaddrmsg));
    dump (self, request, collect_network, addresses);
    GArray *networks = describe_devices (self, addresses);
    for (guint i = 0; i < networks->len; i++)
        prefer_link (self, networks, i);
    return networks;
}
