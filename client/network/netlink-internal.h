/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What netlink.c (changes, in batches) and netlink-list.c (questions) share.
 */

#include "network/netlink.h"

#include <libmnl/libmnl.h>

enum
{
    NETLINK_BATCH_SIZE = 32 * 1024, /* octets sent at once; the answers fit the socket's buffer */
    NETLINK_MESSAGE_MAX = 512,
};

struct Netlink
{
    struct mnl_socket *socket;
    uint32_t sequence;
    GByteArray *queued;
    GArray *ends; /* size_t: where each queued message ends */
};

/* AF_INET or AF_INET6 */
uint8_t netlink_address_family (IpFamily family);

/* The questions, in a buffer of NETLINK_MESSAGE_MAX. */
struct nlmsghdr *netlink_write_find_way (void *buffer, const IpAddress *destination,
                                         const IpAddress *source, uint32_t mark);
struct nlmsghdr *netlink_write_list_routes (void *buffer, IpFamily family, uint32_t table);
struct nlmsghdr *netlink_write_list_device_routes (void *buffer, IpFamily family, int device_index);
struct nlmsghdr *netlink_write_list_rules (void *buffer);

/* The kernel's answer to find_way, for mnl_cb_run (): RET_WAY (NetlinkWay) stays as it is where MESSAGE tells of none. */
int netlink_read_way (const struct nlmsghdr *message, void *ret_way);

/* NO_RIGHTS or HOST_REFUSED in the kernel's words. */
void netlink_set_error (int error_number, GError **error);
