/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every message about links, addresses, routes and rules, against what iproute2 sends for the same thing (route-captures.h). */

#include "network/netlink-internal.h"
#include "route-captures.h"
#include "support/netlink.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#define DEVICE 1
#define TABLE 0x4f750001
#define ATTACHED 0x4f770001
#define MARK 0x4f75

static IpPrefix
prefix (const char *text)
{
    IpPrefix parsed;
    g_assert_true (ip_prefix_parse (text, &parsed));
    return parsed;
}

static IpAddress
address (const char *text)
{
    IpAddress parsed;
    g_assert_true (ip_address_parse (text, &parsed));
    return parsed;
}

static size_t
get_fixed_size (uint16_t type)
{
    switch (type)
    {
    case RTM_NEWLINK:
        return sizeof (struct ifinfomsg);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return sizeof (struct ifaddrmsg);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
    case RTM_GETROUTE:
        return sizeof (struct rtmsg);
    case RTM_NEWRULE:
    case RTM_DELRULE:
    case RTM_GETRULE:
        return sizeof (struct fib_rule_hdr);
    }
    g_assert_not_reached ();
}

/* The message that was queued, and the queue is empty again. Acknowledgements are asked for when a batch is sent. */
static void
assert_queued (Netlink *netlink, const char *captured)
{
    g_assert_cmpuint (netlink->ends->len, ==, 1);
    ByteView message = byte_view (netlink->queued->data, netlink->queued->len);
    struct nlmsghdr header;
    memcpy (&header, message.data, sizeof header);
    netlink_assert_like (message, captured, get_fixed_size (header.nlmsg_type), NLM_F_ACK, 0);
    g_byte_array_set_size (netlink->queued, 0);
    g_array_set_size (netlink->ends, 0);
}

static void
links_and_addresses (void)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    IpPrefix v4 = prefix ("10.9.0.1/32"), v6 = prefix ("fd00:9::1/128");
    netlink_set_link (netlink, DEVICE, 1400, true);
    assert_queued (netlink, captured_link_up);
    /* We say of nested attributes that they are nested, as the kernel would have it of all newer ones; iproute2 does not. */
    g_autoptr (GString) nested = g_string_new (captured_link_silent);
    g_string_replace (nested, "10001a000c000a00", "10001a800c000a80", 1);
    netlink_silence_link (netlink, DEVICE);
    assert_queued (netlink, nested->str);
    netlink_add_address (netlink, DEVICE, &v4);
    assert_queued (netlink, captured_address_v4);
    netlink_add_address (netlink, DEVICE, &v6);
    assert_queued (netlink, captured_address_v6);
    netlink_delete_address (netlink, DEVICE, &v4);
    assert_queued (netlink, captured_address_delete);
}

static const struct
{
    const char *name;
    NetlinkRouteKind kind;
    const char *destination, *source; /* NULL: none */
    uint32_t table, metric;
    const char *captured;
} routes[] = {
    { "split", NETLINK_ROUTE_DEVICE, "10.77.0.0/24", "10.9.0.1", RT_TABLE_MAIN, 20341,
      captured_route_split },
    { "split-v6", NETLINK_ROUTE_DEVICE, "fd00:77::/64", "fd00:9::1", RT_TABLE_MAIN, 20341,
      captured_route_split_v6 },
    { "default", NETLINK_ROUTE_DEVICE, "0.0.0.0/0", "10.9.0.1", TABLE, 0, captured_route_default },
    { "default-v6", NETLINK_ROUTE_DEVICE, "::/0", "fd00:9::1", TABLE, 0,
      captured_route_default_v6 },
    { "attached", NETLINK_ROUTE_DEVICE, "192.168.77.0/24", "192.168.77.2", ATTACHED, 1,
      captured_route_attached },
    { "attached-v6", NETLINK_ROUTE_DEVICE, "fd77:1::/64", NULL, ATTACHED, 1,
      captured_route_attached_v6 },
    { "throw", NETLINK_ROUTE_THROW, "198.51.100.10/32", NULL, TABLE, 0, captured_route_throw },
    { "throw-v6", NETLINK_ROUTE_THROW, "2001:db8:100::10/128", NULL, TABLE, 0,
      captured_route_throw_v6 },
    { "prohibit", NETLINK_ROUTE_PROHIBIT, "10.0.0.0/8", NULL, TABLE, 0, captured_route_prohibit },
    { "prohibit-v6", NETLINK_ROUTE_PROHIBIT, "::/0", NULL, TABLE, INT32_MAX,
      captured_route_prohibit_v6 },
};

static NetlinkRoute
route_of (size_t i)
{
    return (NetlinkRoute){
        .kind = routes[i].kind,
        .destination = prefix (routes[i].destination),
        .table = routes[i].table,
        .device_index = DEVICE,
        .source = routes[i].source != NULL ? address (routes[i].source) : (IpAddress){ 0 },
        .metric = routes[i].metric,
        .next_hops = routes[i].kind == NETLINK_ROUTE_DEVICE && routes[i].table != TABLE,
    };
}

static void
routes_are_added (void)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (routes); i++)
    {
        g_test_message ("%s", routes[i].name);
        NetlinkRoute route = route_of (i);
        netlink_add_route (netlink, &route);
        assert_queued (netlink, routes[i].captured);
    }
    NetlinkRoute thrown = route_of (6);
    netlink_delete_route (netlink, &thrown);
    assert_queued (netlink, captured_route_delete);
    NetlinkRoute owned = { .kind = NETLINK_ROUTE_THROW,
                           .destination = prefix ("0.0.0.0/32"),
                           .table = TABLE,
                           .metric = 20341,
                           .owner = 0x104ab9213e28e4ff };
    g_autoptr (GString) nested = g_string_new (captured_route_owned);
    g_string_replace (nested, "14000800", "14000880", 1); /* as with links */
    netlink_add_route (netlink, &owned);
    assert_queued (netlink, nested->str);
}

static void
rules_are_added (void)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    NetlinkRule table = { .family = IP_V4, .priority = 20343, .table = TABLE, .not_mark = MARK };
    netlink_add_rule (netlink, &table);
    assert_queued (netlink, captured_rule_table);
    netlink_delete_rule (netlink, &table);
    assert_queued (netlink, captured_rule_delete);
    table.family = IP_V6;
    netlink_add_rule (netlink, &table);
    assert_queued (netlink, captured_rule_table_v6);
    NetlinkRule refusing = { .family = IP_V4,
                             .priority = 20341,
                             .table = TABLE,
                             .ip_protocol = IPPROTO_UDP,
                             .port = 53,
                             .refuses = true };
    netlink_add_rule (netlink, &refusing);
    assert_queued (netlink, captured_rule_refuses);
    NetlinkRule names = {
        .family = IP_V4, .priority = 20340, .table = TABLE, .ip_protocol = IPPROTO_UDP, .port = 53
    };
    netlink_add_rule (netlink, &names);
    assert_queued (netlink, captured_rule_names);
    names.family = IP_V6;
    names.ip_protocol = IPPROTO_TCP;
    netlink_add_rule (netlink, &names);
    assert_queued (netlink, captured_rule_names_v6);
    g_autoptr (GArray) rules = g_array_new (false, false, sizeof (NetlinkRule));
    g_array_append_val (rules, names);
    g_assert_true (netlink_rules_have (rules, &names));
    names.port = 54;
    g_assert_false (netlink_rules_have (rules, &names));
}

static void
assert_question (const struct nlmsghdr *request, const char *captured)
{
    ByteView message = byte_view (request, request->nlmsg_len);
    netlink_assert_like (message, captured, get_fixed_size (request->nlmsg_type), 0, 0);
}

/* iproute2 asks for the route's table, too, where it is IPv4. */
static void
assert_way_question (const char *destination, const char *source, uint32_t mark,
                     const char *captured)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    IpAddress to = address (destination), from = address (source != NULL ? source : destination);
    struct nlmsghdr *question =
        netlink_write_find_way (buffer, &to, source != NULL ? &from : NULL, mark);
    if (to.family == IP_V4)
        ((struct rtmsg *)mnl_nlmsg_get_payload (question))->rtm_flags = RTM_F_LOOKUP_TABLE;
    assert_question (question, captured);
}

static void
questions (void)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    assert_way_question ("198.51.100.10", NULL, MARK, captured_way_find);
    assert_way_question ("2001:db8:100::10", NULL, MARK, captured_way_find_v6);
    assert_way_question ("198.51.100.10", "127.0.0.1", MARK, captured_way_find_from);
    assert_way_question ("2001:db8:100::10", "::1", MARK, captured_way_find_from_v6);
    assert_way_question ("198.51.100.10", NULL, 0, captured_way_find_unmarked);
    assert_question (netlink_write_list_routes (buffer, IP_V4, TABLE), captured_routes_list);
    assert_question (netlink_write_list_routes (buffer, IP_V6, TABLE), captured_routes_list_v6);
    assert_question (netlink_write_list_device_routes (buffer, IP_V4, DEVICE),
                     captured_device_routes_list);
    assert_question (netlink_write_list_device_routes (buffer, IP_V6, DEVICE),
                     captured_device_routes_list_v6);
    struct nlmsghdr *rules = netlink_write_list_rules (buffer);
    ((struct fib_rule_hdr *)mnl_nlmsg_get_payload (rules))->family = AF_INET; /* we ask for both */
    assert_question (rules, captured_rules_list);
}

/* ---- which way: the kernel's answers ---- */

#define ANSWER_DEVICE 7

static struct nlmsghdr *
begin_answer (void *buffer, uint8_t family, uint8_t type)
{
    memset (buffer, 0, NETLINK_MESSAGE_MAX);
    struct nlmsghdr *answer = mnl_nlmsg_put_header (buffer);
    answer->nlmsg_type = RTM_NEWROUTE;
    struct rtmsg *header = mnl_nlmsg_put_extra_header (answer, sizeof *header);
    header->rtm_family = family;
    header->rtm_type = type;
    mnl_attr_put_u32 (answer, RTA_OIF, ANSWER_DEVICE);
    return answer;
}

static void
put (struct nlmsghdr *answer, uint16_t type, const char *text)
{
    IpAddress value = address (text);
    mnl_attr_put (answer, type, ip_family_size (value.family), value.octets);
}

static void
put_mtu (struct nlmsghdr *answer, uint32_t mtu)
{
    struct nlattr *metrics = mnl_attr_nest_start (answer, RTA_METRICS);
    mnl_attr_put_u32 (answer, RTAX_HOPLIMIT, 64);
    mnl_attr_put_u32 (answer, RTAX_MTU, mtu);
    mnl_attr_nest_end (answer, metrics);
}

/* Of memory that ends where the message ends. */
static NetlinkWay
read_way (const struct nlmsghdr *answer, size_t size)
{
    g_autofree struct nlmsghdr *copy = g_memdup2 (answer, size);
    copy->nlmsg_len = (uint32_t)size;
    NetlinkWay way = { 0 };
    g_assert_cmpint (netlink_read_way (copy, &way), ==, MNL_CB_OK);
    return way;
}

static void
assert_address (const IpAddress *actual, const char *expected)
{
    g_autofree char *text = actual->family != IP_NONE ? ip_address_format (actual) : NULL;
    g_assert_cmpstr (text, ==, expected);
}

static void
ways (void)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *answer = begin_answer (buffer, AF_INET, RTN_UNICAST);
    put (answer, RTA_GATEWAY, "192.0.2.1");
    put (answer, RTA_PREFSRC, "192.0.2.7");
    put_mtu (answer, 1400);
    NetlinkWay way = read_way (answer, answer->nlmsg_len);
    g_assert_cmpint (way.device_index, ==, ANSWER_DEVICE);
    g_assert_cmpuint (way.type, ==, RTN_UNICAST);
    g_assert_cmpuint (way.mtu, ==, 1400);
    assert_address (&way.next_hop, "192.0.2.1");
    assert_address (&way.source, "192.0.2.7");

    answer = begin_answer (buffer, AF_INET6, RTN_UNICAST);
    put (answer, RTA_GATEWAY, "fe80::1");
    way = read_way (answer, answer->nlmsg_len);
    g_assert_cmpuint (way.mtu, ==, 0);
    assert_address (&way.next_hop, "fe80::1");
    assert_address (&way.source, NULL);

    answer = begin_answer (buffer, AF_INET, RTN_LOCAL);
    way = read_way (answer, answer->nlmsg_len);
    g_assert_cmpint (way.device_index, ==, ANSWER_DEVICE);
    g_assert_cmpuint (way.type, ==, RTN_LOCAL);
    assert_address (&way.next_hop, NULL);
}

/* IPv4 over a next hop of IPv6 (RFC 5549). */
static void
next_hop_of_the_other_family (void)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    IpAddress hop = address ("fe80::1");
    uint8_t via[sizeof (struct rtvia) + sizeof hop.octets];
    memcpy (via, &(struct rtvia){ .rtvia_family = AF_INET6 }, sizeof (struct rtvia));
    memcpy (via + sizeof (struct rtvia), hop.octets, sizeof hop.octets);
    for (size_t size = 0; size <= sizeof via; size++)
    {
        struct nlmsghdr *answer = begin_answer (buffer, AF_INET, RTN_UNICAST);
        mnl_attr_put (answer, RTA_VIA, size, via);
        NetlinkWay way = read_way (answer, answer->nlmsg_len);
        g_assert_cmpint (way.device_index, ==, ANSWER_DEVICE);
        assert_address (&way.next_hop, size == sizeof via ? "fe80::1" : NULL);
    }
}

static void
no_way (void)
{
    static const uint8_t types[] = { RTN_UNSPEC,   RTN_BLACKHOLE, RTN_UNREACHABLE,
                                     RTN_PROHIBIT, RTN_THROW,     RTN_NAT };
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    {
        struct nlmsghdr *answer = begin_answer (buffer, AF_INET, types[i]);
        g_assert_cmpint (read_way (answer, answer->nlmsg_len).device_index, ==, 0);
    }
    struct nlmsghdr *answer = begin_answer (buffer, AF_INET, RTN_UNICAST);
    answer->nlmsg_type = RTM_NEWADDR;
    g_assert_cmpint (read_way (answer, answer->nlmsg_len).device_index, ==, 0);
}

/* However much of an answer there is, nothing beyond its end is looked at, and no half of an address is taken. Messages are padded. */
static void
answers_cut_short (void)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    struct nlmsghdr *answer = begin_answer (buffer, AF_INET6, RTN_UNICAST);
    size_t device_ends = answer->nlmsg_len;
    put (answer, RTA_GATEWAY, "fe80::1");
    size_t hop_ends = answer->nlmsg_len;
    put_mtu (answer, 1400);
    for (size_t size = NLMSG_HDRLEN; size <= answer->nlmsg_len; size += NLMSG_ALIGNTO)
    {
        NetlinkWay way = read_way (answer, size);
        g_assert_cmpint (way.device_index, ==, size >= device_ends ? ANSWER_DEVICE : 0);
        assert_address (&way.next_hop, size >= hop_ends ? "fe80::1" : NULL);
        g_assert_cmpuint (way.mtu, ==, size == answer->nlmsg_len ? 1400 : 0);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/netlink/links-and-addresses", links_and_addresses);
    g_test_add_func ("/netlink/routes", routes_are_added);
    g_test_add_func ("/netlink/rules", rules_are_added);
    g_test_add_func ("/netlink/questions", questions);
    g_test_add_func ("/netlink/way/answers", ways);
    g_test_add_func ("/netlink/way/next-hop-of-the-other-family", next_hop_of_the_other_family);
    g_test_add_func ("/netlink/way/none", no_way);
    g_test_add_func ("/netlink/way/cut-short", answers_cut_short);
    return g_test_run ();
}
