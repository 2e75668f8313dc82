/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/way-out.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    RP_FILTER_STRICT = 1,
};

/* 0: there is no such file. */
static int
read_sysctl (const char *family, const char *device, const char *name)
{
    g_autofree char *path = g_strdup_printf ("/proc/sys/net/%s/conf/%s/%s", family, device, name);
    g_autofree char *text = NULL;
    return g_file_get_contents (path, &text, NULL, NULL) ? atoi (text) : 0;
}

/* The device's name, and its MTU unless the route's is known. False: it is gone. */
static bool
describe_device (WayOut *way)
{
    struct ifreq request = { .ifr_ifindex = way->device_index };
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool known = ioctl (fd, SIOCGIFNAME, &request) == 0;
    if (known)
        g_strlcpy (way->device, request.ifr_name, sizeof way->device);
    if (known && way->mtu == 0 && ioctl (fd, SIOCGIFMTU, &request) == 0)
        way->mtu = (unsigned)request.ifr_mtu;
    close (fd);
    return known;
}

bool
way_out_find (Netlink *netlink, const IpAddress *destination, const IpAddress *source,
              uint32_t mark, WayOut *ret_way)
{
    NetlinkWay found;
    if (!netlink_find_way (netlink, destination, source, mark, &found))
        return false;
    WayOut way = { .device_index = found.device_index,
                   .mtu = found.mtu,
                   .next_hop = found.next_hop,
                   .source = found.source };
    if (!describe_device (&way))
        return false;
    *ret_way = way;
    return true;
}

/* The kernel takes the higher of the two. */
bool
way_out_is_strict (const char *device)
{
    int all = read_sysctl ("ipv4", "all", "rp_filter");
    int own = read_sysctl ("ipv4", device, "rp_filter");
    return MAX (all, own) == RP_FILTER_STRICT;
}

bool
way_out_lacks_v6 (void)
{
    return !g_file_test ("/proc/sys/net/ipv6", G_FILE_TEST_EXISTS) ||
           read_sysctl ("ipv6", "all", "disable_ipv6") != 0;
}
