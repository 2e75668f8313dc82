/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/way-out.h"

#include "network/netlink-routes.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    RP_FILTER_STRICT = 1,
};

/* Addresses that nobody has (RFC 5737, RFC 3849): only the default route leads there. */
#define ANYWHERE_V4 "192.0.2.1"
#define ANYWHERE_V6 "2001:db8::1"

/* 0: there is no such file. */
static int
read_sysctl (const char *family, const char *device, const char *name)
{
    g_autofree char *path = g_strdup_printf ("/proc/sys/net/%s/conf/%s/%s", family, device, name);
    g_autofree char *text = NULL;
    return g_file_get_contents (path, &text, NULL, NULL) ? atoi (text) : 0;
}

/* The kernel takes the higher of the two. */
static bool
is_strict (const char *device)
{
    int all = read_sysctl ("ipv4", "all", "rp_filter");
    int own = read_sysctl ("ipv4", device, "rp_filter");
    return MAX (all, own) == RP_FILTER_STRICT;
}

static unsigned
read_mtu (const char *device)
{
    struct ifreq request = { 0 };
    g_strlcpy (request.ifr_name, device, sizeof request.ifr_name);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    unsigned mtu = ioctl (fd, SIOCGIFMTU, &request) == 0 ? (unsigned)request.ifr_mtu : 0;
    close (fd);
    return mtu;
}

bool
way_out_find (IpFamily family, WayOut *ret_way)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    IpAddress anywhere;
    NetlinkWay route;
    WayOut way = { 0 };
    if (netlink == NULL ||
        !ip_address_parse (family == IP_V4 ? ANYWHERE_V4 : ANYWHERE_V6, &anywhere) ||
        !netlink_find_way (netlink, &anywhere, NETLINK_OUTER_MARK, &route) ||
        if_indextoname ((unsigned)route.device_index, way.device) == NULL)
        return false;
    netlink_find_source (netlink, &anywhere, NETLINK_OUTER_MARK, &way.source);
    way.next_hop = route.next_hop;
    way.mtu = read_mtu (way.device);
    way.strict = family == IP_V4 && is_strict (way.device);
    *ret_way = way;
    return true;
}

bool
way_out_lacks_v6 (void)
{
    return !g_file_test ("/proc/sys/net/ipv6", G_FILE_TEST_EXISTS) ||
           read_sysctl ("ipv6", "all", "disable_ipv6") != 0;
}
