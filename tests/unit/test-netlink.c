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
    NetlinkRoute thrown = route_of (4);
    netlink_delete_route (netlink, &thrown);
    assert_queued (netlink, captured_route_delete);
}

static void
rules_are_added (void)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    NetlinkRule nearer = { .family = IP_V4, .priority = 20342, .table = RT_TABLE_MAIN };
    netlink_add_rule (netlink, &nearer);
    assert_queued (netlink, captured_rule_nearer);
    NetlinkRule table = {
        .family = IP_V4, .priority = 20343, .table = TABLE, .not_mark = MARK, .suppress_length = -1
    };
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
                             .suppress_length = -1,
                             .ip_protocol = IPPROTO_UDP,
                             .port = 53,
                             .refuses = true };
    netlink_add_rule (netlink, &refusing);
    assert_queued (netlink, captured_rule_refuses);
    NetlinkRule names = { .family = IP_V4,
                          .priority = 22402,
                          .table = RT_TABLE_MAIN,
                          .suppress_length = -1,
                          .to = address ("192.0.2.53"),
                          .ip_protocol = IPPROTO_UDP,
                          .port = 53 };
    netlink_add_rule (netlink, &names);
    assert_queued (netlink, captured_rule_names);
    names.family = IP_V6;
    names.to = address ("2001:db8::53");
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

static void
questions (void)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_MESSAGE_MAX];
    IpAddress v4 = address ("198.51.100.10"), v6 = address ("2001:db8:100::10");
    uint32_t route = RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH;
    assert_question (netlink_write_find_way (buffer, &v4, MARK, route), captured_way_find);
    /* iproute2 does not ask for the table of IPv6. */
    assert_question (netlink_write_find_way (buffer, &v6, MARK, RTM_F_FIB_MATCH),
                     captured_way_find_v6);
    assert_question (netlink_write_find_way (buffer, &v4, 0, RTM_F_LOOKUP_TABLE),
                     captured_way_source);
    assert_question (netlink_write_list_routes (buffer, IP_V4, TABLE), captured_routes_list);
    assert_question (netlink_write_list_routes (buffer, IP_V6, TABLE), captured_routes_list_v6);
    struct nlmsghdr *rules = netlink_write_list_rules (buffer);
    ((struct fib_rule_hdr *)mnl_nlmsg_get_payload (rules))->family = AF_INET; /* we ask for both */
    assert_question (rules, captured_rules_list);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/netlink/links-and-addresses", links_and_addresses);
    g_test_add_func ("/netlink/routes", routes_are_added);
    g_test_add_func ("/netlink/rules", rules_are_added);
    g_test_add_func ("/netlink/questions", questions);
    return g_test_run ();
}
