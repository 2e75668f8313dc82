/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Where packets go, as this kernel tells it of real routes and rules, in a network namespace of this process alone. Its links
 * are "wan" and "other", to 192.0.2.1 and 198.18.0.1, and "inside", which stands for a tunnel's device.
 */

#include "network/netlink-host.h"
#include "support/alone.h"

#define GATEWAY "203.0.113.10"
#define GATEWAY_V6 "2001:db8:203::10"
#define MARK NETLINK_OUTER_MARK

static const char links[] = "link add wan type veth peer name wan-peer\n"
                            "link add other type veth peer name other-peer\n"
                            "link add inside type veth peer name inside-peer\n"
                            "link set wan-peer up\n"
                            "link set other-peer up\n"
                            "link set inside-peer up\n"
                            "addr add 192.0.2.7/24 dev wan\n"
                            "addr add 2001:db8:1::7/64 dev wan nodad\n"
                            "addr add 198.18.0.7/24 dev other\n"
                            "link set wan up\n"
                            "link set other up\n"
                            "route add default via 192.0.2.1 dev wan\n"
                            "route add default via 2001:db8:1::1 dev wan\n"
                            "route add default via 198.18.0.1 dev other table 100";

static IpAddress
address (const char *text)
{
    IpAddress parsed;
    g_assert_true (ip_address_parse (text, &parsed));
    return parsed;
}

static bool
find (const char *destination, const char *source, uint32_t mark, WayOut *ret_way)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    IpAddress to = address (destination), from = address (source != NULL ? source : destination);
    return way_out_find (netlink, &to, source != NULL ? &from : NULL, mark, ret_way);
}

static void
assert_address (const IpAddress *actual, const char *expected)
{
    g_autofree char *text = actual->family != IP_NONE ? ip_address_format (actual) : NULL;
    g_assert_cmpstr (text, ==, expected);
}

static void
assert_way (const WayOut *way, const char *device, const char *next_hop, const char *source)
{
    g_assert_cmpstr (way->device, ==, device);
    g_assert_cmpuint ((unsigned)way->device_index, ==, if_nametoindex (device));
    assert_address (&way->next_hop, next_hop);
    assert_address (&way->source, source);
}

static void
default_route (void)
{
    WayOut way;
    if (!alone_is_possible ())
        return;
    g_assert_true (find (GATEWAY, NULL, MARK, &way));
    assert_way (&way, "wan", "192.0.2.1", "192.0.2.7");
    g_assert_true (find (GATEWAY_V6, NULL, MARK, &way));
    assert_way (&way, "wan", "2001:db8:1::1", "2001:db8:1::7");
}

static void
neighbour_and_self (void)
{
    WayOut way;
    if (!alone_is_possible ())
        return;
    g_assert_true (find ("192.0.2.20", NULL, 0, &way));
    assert_way (&way, "wan", NULL, "192.0.2.7");
    g_assert_true (find ("192.0.2.7", NULL, 0, &way));
    g_assert_cmpstr (way.device, ==, "lo");
}

static void
mtu_of_the_device_and_of_the_route (void)
{
    WayOut way;
    if (!alone_is_possible ())
        return;
    g_assert_true (alone_run_ip ("link set wan mtu 1420"));
    g_assert_true (find (GATEWAY, NULL, MARK, &way));
    g_assert_cmpuint (way.mtu, ==, 1420);
    g_assert_true (alone_run_ip ("route add " GATEWAY " via 192.0.2.1 dev wan mtu 1300"));
    g_assert_true (find (GATEWAY, NULL, MARK, &way));
    g_assert_cmpuint (way.mtu, ==, 1300);
    g_assert_true (alone_run_ip ("route del " GATEWAY "\nlink set wan mtu 1500"));
}

static void
rules_decide (void)
{
    WayOut way;
    if (!alone_is_possible ())
        return;
    g_assert_true (alone_run_ip ("rule add fwmark 0x4f75 lookup 100 priority 100"));
    g_assert_true (find (GATEWAY, NULL, MARK, &way));
    assert_way (&way, "other", "198.18.0.1", "198.18.0.7");
    g_assert_true (find (GATEWAY, NULL, 0, &way));
    assert_way (&way, "wan", "192.0.2.1", "192.0.2.7");
    g_assert_true (
        alone_run_ip ("rule del priority 100\nrule add from 192.0.2.7 lookup 100 priority 100"));
    g_assert_true (find (GATEWAY, NULL, MARK, &way));
    assert_way (&way, "wan", "192.0.2.1", "192.0.2.7");
    g_assert_true (find (GATEWAY, "192.0.2.7", MARK, &way));
    assert_way (&way, "other", "198.18.0.1", "192.0.2.7");
    g_assert_true (alone_run_ip ("rule del priority 100"));
}

static void
nowhere (void)
{
    static const char *const kinds[] = { "unreachable", "prohibit", "blackhole", "throw" };
    if (!alone_is_possible ())
        return;
    for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
        WayOut way = { .device_index = 77 };
        g_autofree char *more =
            g_strdup_printf ("route add %s " GATEWAY "\nroute add %s " GATEWAY_V6 "\n"
                             "route del default\nroute del default via 2001:db8:1::1 dev wan",
                             kinds[i], kinds[i]);
        g_autofree char *less =
            g_strdup_printf ("route del %s " GATEWAY "\nroute del %s " GATEWAY_V6 "\n"
                             "route add default via 192.0.2.1 dev wan\n"
                             "route add default via 2001:db8:1::1 dev wan",
                             kinds[i], kinds[i]);
        g_test_message ("%s", kinds[i]);
        g_assert_true (alone_run_ip (more));
        g_assert_false (find (GATEWAY, NULL, MARK, &way));
        g_assert_false (find (GATEWAY_V6, NULL, MARK, &way));
        g_assert_cmpint (way.device_index, ==, 77);
        g_assert_true (alone_run_ip (less));
    }
    WayOut way;
    g_assert_false (find (GATEWAY, "192.0.2.99", MARK, &way)); /* not an address of this host's */
}

/* ---- a plan in force ---- */

/* 10.77.0.0/16 and the gateway's network through "inside", but for EXCLUDES. */
static NetworkPlan *
make_plan (const char *const *excludes)
{
    g_autoptr (Profile) profile = profile_new ();
    g_autoptr (IkeGrant) grant = ike_grant_new ();
    g_autoptr (GArray) selectors = g_array_new (false, false, sizeof (TrafficSelector));
    static const char *const networks[] = { "10.77.0.0/16", "203.0.113.0/24" };
    for (size_t i = 0; i < G_N_ELEMENTS (networks); i++)
    {
        IpPrefix network;
        g_assert_true (ip_prefix_parse (networks[i], &network));
        TrafficSelector selector = traffic_selector_of_prefix (&network);
        g_array_append_val (selectors, selector);
    }
    for (; *excludes != NULL; excludes++)
    {
        IpPrefix exclude;
        g_assert_true (ip_prefix_parse (*excludes, &exclude));
        g_array_append_val (profile->exclude, exclude);
    }
    IpPrefix own = { .address = address ("10.9.0.1"), .length = 32 };
    g_array_append_val (grant->addresses, own);
    NetworkPlanInputs inputs = { .profile = profile,
                                 .grant = grant,
                                 .remote = selectors,
                                 .gateway = address (GATEWAY),
                                 .device = "inside",
                                 .device_index = (int)if_nametoindex ("inside"),
                                 .mtu = 1400 };
    g_autoptr (GError) error = NULL;
    NetworkPlan *plan = network_plan_new (&inputs, &error);
    g_assert_no_error (error);
    return plan;
}

static OutriderHost *
apply (const NetworkPlan *plan)
{
    OutriderNetlinkHostOptions options = { .no_dns = true };
    OutriderHost *host = outrider_netlink_host_new (&options);
    g_autoptr (GError) error = NULL;
    outrider_host_prepare (host, &error);
    g_assert_no_error (error);
    outrider_host_apply (host, plan, &error);
    g_assert_no_error (error);
    return host;
}

static void
gateway_inside_the_networks (void)
{
    static const char *const none[] = { NULL };
    if (!alone_is_possible ())
        return;
    g_autoptr (NetworkPlan) plan = make_plan (none);
    g_autoptr (OutriderHost) host = apply (plan);
    IpAddress gateway = address (GATEWAY), local = address ("192.0.2.7");
    WayOut way;
    g_assert_true (outrider_host_find_way (host, &gateway, &local, &way));
    assert_way (&way, "wan", "192.0.2.1", "192.0.2.7");
    g_assert_true (find ("203.0.113.11", NULL, 0, &way));
    g_assert_cmpstr (way.device, ==, "inside");

    /* Somebody's rule comes first: it is told as it is. */
    g_assert_true (alone_run_ip ("route add default dev inside table 101\n"
                                 "rule add to " GATEWAY " lookup 101 priority 100"));
    g_assert_true (outrider_host_find_way (host, &gateway, &local, &way));
    g_assert_cmpint (way.device_index, ==, plan->device_index);

    /* What leads through the device does not outlive the plan. */
    outrider_host_revert (host);
    g_assert_true (outrider_host_find_way (host, &gateway, &local, &way));
    assert_way (&way, "wan", "192.0.2.1", "192.0.2.7");
    g_assert_true (alone_run_ip ("rule del priority 100"));
}

static void
excludes_are_checked (void)
{
    static const char *const excludes[] = { "10.77.1.0/24", "10.77.2.0/24", "10.77.3.0/24", NULL };
    if (!alone_is_possible ())
        return;
    g_autoptr (NetworkPlan) plan = make_plan (excludes);
    g_autoptr (OutriderHost) host = apply (plan);
    g_assert_true (alone_run_ip ("route add unreachable 10.77.1.0/24\n"
                                 "route add 10.77.2.0/24 dev inside"));
    g_autoptr (GPtrArray) sentences = outrider_host_check (host);
    g_assert_cmpuint (sentences->len, ==, 2);
    g_assert_cmpstr (sentences->pdata[0], ==,
                     "the excluded network 10.77.1.0/24 has no way outside");
    g_assert_cmpstr (sentences->pdata[1], ==,
                     "the excluded network 10.77.2.0/24 leads into the tunnel");
    g_assert_true (alone_run_ip ("route del unreachable 10.77.1.0/24"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (alone_enter () && alone_run_ip (links),
                        "a network namespace of one's own, with veth links, and ip(8)");
    g_test_add_func ("/way-out/default-route", default_route);
    g_test_add_func ("/way-out/neighbour-and-self", neighbour_and_self);
    g_test_add_func ("/way-out/mtu", mtu_of_the_device_and_of_the_route);
    g_test_add_func ("/way-out/rules", rules_decide);
    g_test_add_func ("/way-out/nowhere", nowhere);
    g_test_add_func ("/way-out/gateway-inside", gateway_inside_the_networks);
    g_test_add_func ("/way-out/excludes", excludes_are_checked);
    return g_test_run ();
}
