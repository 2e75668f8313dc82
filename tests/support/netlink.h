/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A netlink message held against the one that iproute2 sent for the same thing: type, flags and fixed part octet by octet, then
 * the attributes, in whatever order they stand.
 */

#include "bytes/view.h"
#include "support/hex.h"

#include <linux/netlink.h>

#define NETLINK_ATTRIBUTES_MAX 64

typedef struct
{
    ByteView fixed;
    ByteView attributes[NETLINK_ATTRIBUTES_MAX]; /* with their headers */
} NetlinkParts;

/* Whatever stands behind the fixed part must be attributes to the last octet, each once. */
static inline void
netlink_parts_read (ByteView message, size_t fixed, NetlinkParts *ret_parts)
{
    *ret_parts = (NetlinkParts){ .fixed = byte_view (message.data + NLMSG_HDRLEN, fixed) };
    for (size_t at = NLMSG_HDRLEN + fixed; at < message.size;)
    {
        struct nlattr header;
        g_assert_cmpuint (message.size - at, >=, sizeof header);
        memcpy (&header, message.data + at, sizeof header);
        g_assert_cmpuint (header.nla_len, >=, sizeof header);
        g_assert_cmpuint (header.nla_len, <=, message.size - at);
        unsigned type = header.nla_type & NLA_TYPE_MASK;
        g_assert_cmpuint (type, <, NETLINK_ATTRIBUTES_MAX);
        g_assert_null (ret_parts->attributes[type].data);
        ret_parts->attributes[type] = byte_view (message.data + at, header.nla_len);
        at += NLA_ALIGN (header.nla_len);
    }
}

/*
 * FIXED: the size of what stands before the attributes. FREE: flags of the header that do not count. LEFT_OUT: an attribute of
 * iproute2's that says nothing; 0: none.
 */
static inline void
netlink_assert_like (ByteView ours, const char *captured, size_t fixed, uint16_t free_flags,
                     unsigned left_out)
{
    g_autoptr (GBytes) expected = hex_decode (captured);
    ByteView theirs = byte_view_of_bytes (expected);
    struct nlmsghdr our_header, their_header;
    memcpy (&our_header, ours.data, sizeof our_header);
    memcpy (&their_header, theirs.data, sizeof their_header);
    g_assert_cmpuint (our_header.nlmsg_len, ==, ours.size);
    g_assert_cmphex (our_header.nlmsg_type, ==, their_header.nlmsg_type);
    g_assert_cmphex (our_header.nlmsg_flags | free_flags, ==,
                     their_header.nlmsg_flags | free_flags);

    NetlinkParts our, their;
    netlink_parts_read (ours, fixed, &our);
    netlink_parts_read (theirs, fixed, &their);
    g_autofree char *fixed_part = hex_encode (their.fixed);
    hex_assert_equal (our.fixed, fixed_part);
    for (unsigned type = 0; type < NETLINK_ATTRIBUTES_MAX; type++)
    {
        if (type == left_out && left_out != 0)
        {
            g_assert_nonnull (their.attributes[type].data);
            g_assert_null (our.attributes[type].data);
            continue;
        }
        g_autofree char *attribute = hex_encode (their.attributes[type]);
        hex_assert_equal (our.attributes[type], attribute);
    }
}
