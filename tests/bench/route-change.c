/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * How long the host takes to get a tunnel's routes, and to lose them again:
 *
 *     route-change DEVICE COUNT [split|table]
 *
 * DEVICE exists and is up. COUNT networks of 10.0.0.0/8 and up, each a /26; with "table" one exclude makes it a plan with a
 * table and rules of its own. Prints "apply S revert S", seconds.
 */

#include "network/netlink-host.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT_MAX 1000000

static double
now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static IpPrefix
prefix (uint32_t address, uint8_t length)
{
    uint32_t octets = GUINT32_TO_BE (address);
    return (IpPrefix){ .address = ip_address (byte_view (&octets, sizeof octets)),
                       .length = length };
}

static NetworkPlan *
make_plan (const char *device, int index, unsigned count, bool table)
{
    g_autoptr (Profile) profile = profile_new ();
    g_autoptr (IkeGrant) grant = ike_grant_new ();
    g_autoptr (GArray) selectors = g_array_new (false, false, sizeof (TrafficSelector));
    IpPrefix own = prefix (0x0a090001, 32), excluded = prefix (0x0a000000, 27);
    g_array_append_val (grant->addresses, own);
    if (table)
        g_array_append_val (profile->exclude, excluded);
    for (unsigned i = 0; i < count; i++)
    {
        /* Every other one, so that none can be joined with its neighbour. */
        IpPrefix network = prefix (0x0a000000 + (i << 7), 26);
        TrafficSelector selector = traffic_selector_of_prefix (&network);
        g_array_append_val (selectors, selector);
    }
    NetworkPlanInputs inputs = { .profile = profile,
                                 .grant = grant,
                                 .remote = selectors,
                                 .device = device,
                                 .device_index = index,
                                 .mtu = 1400 };
    ip_address_parse ("198.51.100.10", &inputs.gateway);
    return network_plan_new (&inputs, NULL);
}

int
main (int argc, char **argv)
{
    unsigned count = argc > 2 ? (unsigned)strtoul (argv[2], NULL, 10) : 0;
    int index = argc > 2 ? (int)if_nametoindex (argv[1]) : 0;
    if (index == 0 || count == 0 || count > COUNT_MAX)
    {
        fprintf (stderr, "usage: route-change DEVICE COUNT [split|table]\n");
        return 2;
    }
    OutriderNetlinkHostOptions options = { .no_dns = true };
    g_autoptr (OutriderHost) host = outrider_netlink_host_new (&options);
    g_autoptr (GError) error = NULL;
    g_autoptr (NetworkPlan) plan =
        make_plan (argv[1], index, count, argc > 3 && g_str_equal (argv[3], "table"));
    if (plan == NULL || plan->routes->len != count || !outrider_host_prepare (host, &error))
    {
        fprintf (stderr, "route-change: %s\n", error != NULL ? error->message : "no such plan");
        return 1;
    }
    double start = now ();
    if (!outrider_host_apply (host, plan, &error))
    {
        fprintf (stderr, "route-change: %s\n", error->message);
        return 1;
    }
    double applied = now ();
    outrider_host_revert (host);
    printf ("apply %.6f revert %.6f\n", applied - start, now () - applied);
    return 0;
}
