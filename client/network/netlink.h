/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * rtnetlink as far as a tunnel needs it: the messages, and a socket that sends batches of them. Every message that the
 * kernel refuses is told. Nobody's tables are dumped but our own: where packets go is asked for each destination. Of the
 * main table, what leads through another's tunnel is asked for by its device, and the kernel looks for it.
 */

#include "network/plan.h"

typedef struct Netlink Netlink;

/* The protocol number on all routes and rules of ours ("ip route show proto 79"). */
#define NETLINK_PROTOCOL 79

/* The mark that the tunnel's own outer packets carry (SO_MARK): rules leave them alone. */
#define NETLINK_OUTER_MARK 0x4f75

/*
 * Routing tables of ours, so many of each kind: for each device that needs them one of its routes and one of attached networks,
 * both by its index, and one for each kill switch.
 */
#define NETLINK_TABLES_MAX 0x400000u
#define NETLINK_TABLES_OF_DEVICES 0x4f400000u
#define NETLINK_TABLES_OF_ATTACHED 0x4f800000u
#define NETLINK_TABLES_OF_GUARDS 0x4fc00000u

/* TABLES: one of the three. */
static inline bool
netlink_table_is_among (uint32_t table, uint32_t tables)
{
    return table >= tables && table - tables < NETLINK_TABLES_MAX;
}

Netlink *netlink_new (GError **error);
void netlink_free (Netlink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Netlink, netlink_free)

/* Each call queues one message; netlink_commit () sends what is queued and waits for every answer. */
void netlink_set_link (Netlink *self, int index, unsigned mtu, bool up);
/* No link-local address of IPv6: nobody is at the other end to speak it with. Refused by kernels without IPv6. */
void netlink_silence_link (Netlink *self, int index);

void netlink_add_address (Netlink *self, int index, const IpPrefix *address);
void netlink_delete_address (Netlink *self, int index, const IpPrefix *address);

typedef enum
{
    NETLINK_ROUTE_DEVICE,   /* through DEVICE_INDEX */
    NETLINK_ROUTE_THROW,    /* this table has nothing to say about it */
    NETLINK_ROUTE_PROHIBIT, /* refused, and the sender is told: "administratively prohibited" */
} NetlinkRouteKind;

typedef struct
{
    NetlinkRouteKind kind;
    IpPrefix destination;
    uint32_t table;
    int device_index;
    IpAddress source; /* preferred; IP_NONE: none */
    uint32_t metric;  /* 0: the kernel's default */
    uint64_t owner;   /* 0: none; the kernel keeps it and makes nothing of it */
    bool
        next_hops; /* neighbours are there: IPv4's next hops of other routes may be looked for among them */
} NetlinkRoute;

void netlink_add_route (Netlink *self, const NetlinkRoute *route);
void netlink_delete_route (Netlink *self, const NetlinkRoute *route);

typedef struct
{
    IpFamily family;
    uint32_t priority;
    uint32_t table;
    uint32_t not_mark;   /* 0: any packet; else those without this mark */
    uint8_t ip_protocol; /* IPPROTO_UDP, ...; 0: any */
    uint16_t port;       /* of the destination; 0: any */
    bool
        refuses; /* the sender is told: "administratively prohibited"; TABLE just says whose rule it is */
} NetlinkRule;

/* RULES: NetlinkRule */
bool netlink_rules_have (const GArray *rules, const NetlinkRule *wanted);

void netlink_add_rule (Netlink *self, const NetlinkRule *rule);
void netlink_delete_rule (Netlink *self, const NetlinkRule *rule);

/* NO_RIGHTS or HOST_REFUSED with the kernel's words; MISSING_OK passes over what is not there (deletes). */
bool netlink_commit (Netlink *self, bool missing_ok, GError **error);

/* Rules with our protocol number of either family (NetlinkRule), for cleaning up behind a crashed process. */
GArray *netlink_list_own_rules (Netlink *self, GError **error);

/*
 * What a table of ours has (NetlinkRoute): the kernel removes with our device what leads through it alone. Such a table has
 * a rule that leads to it from before its first route until after its last one.
 */
GArray *netlink_list_own_routes (Netlink *self, uint32_t table);

/* Where a packet goes now. */
typedef struct
{
    uint8_t
        type; /* RTN_UNICAST; RTN_LOCAL: it stays here; RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST */
    int device_index;
    IpAddress
        next_hop;     /* IP_NONE: the destination is a neighbour, or the device has just one end */
    IpAddress source; /* that such a packet bears; IP_NONE: the kernel does not say */
    unsigned mtu;     /* of the route or, where that is known, of the path; 0: the device's */
} NetlinkWay;

/* One question to the kernel. SOURCE: of the packet; NULL: not chosen yet. MARK: its; 0: none. False: it goes nowhere. */
bool netlink_find_way (Netlink *self, const IpAddress *destination, const IpAddress *source,
                       uint32_t mark, NetlinkWay *ret_way);

/*
 * LocalNetwork: of each address on a link that is up, but for IPv6's of a link's own scope; and what the main table sends
 * through a tunnel of another's. Where several links lead to the same network, the one that the kernel takes comes first.
 */
GArray *netlink_list_networks (Netlink *self);
