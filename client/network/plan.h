/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the host shall look like while a tunnel is up: decided here, as data, from what the gateway granted, what the
 * child's selectors allow, and what the profile wants. A host (host.h) makes it so and undoes it. Pure.
 */

#include "ike/attributes.h"
#include "ike/selector.h"
#include "profile/profile.h"

/*
 * A network that this host reaches without a next hop: an address of its own is in it, or another's tunnel carries it.
 */
typedef struct
{
    IpPrefix prefix; /* masked */
    IpAddress
        address; /* this host's there, of which its packets are; IP_NONE: the kernel chooses */
    int device_index;
    char device[16];
    bool
        tunnelled; /* somebody's route through a tunnel of theirs, not what a link says of itself */
} LocalNetwork;

typedef struct
{
    char *device;
    int device_index;
    unsigned mtu;      /* of the device */
    GArray *addresses; /* IpPrefix: /32 and /128, what goes onto the device */
    GArray
        *routes; /* IpPrefix, masked, sorted, no doubles, none inside another: through the device */
    bool full_v4, full_v6; /* the family's default route is among the routes */
    bool
        own_table; /* the gateway or an exclude lies inside the routes: rules must tell them apart */
    GArray *
        excludes; /* IpPrefix, masked: what keeps its way around the tunnel; the gateway too, if routes cover it */
    GArray *
        attached; /* LocalNetwork, in the order of preference: with a table of its own, what the routes cover and stays
                     on its link nevertheless (lan=yes) */
    GArray *
        too_wide; /* LocalNetwork: nobody's LAN is that large; it goes through the tunnel like the rest */
    bool block_v6; /* ipv6-guard: a full IPv4 tunnel without IPv6 refuses IPv6 outside */
    GArray *dns;   /* IpAddress; empty: the resolver is left alone */
    GPtrArray *
        search; /* char *, lower case: search domains, and with split DNS the routing domains; none without DNS */
    bool guard_dns;   /* a full tunnel: no name is to be asked for beside it */
    bool dns_default; /* all names go to these servers, not the domains' alone */
    GArray *
        overlaps; /* LocalNetwork: reached here and not through the tunnel, though the tunnel has them, too */
    GArray *
        missing; /* IpPrefix: asked for by the profile or named by the gateway, and not wholly carried */
    GArray *
        strays; /* IpAddress: the gateway's name servers that are left out, since nothing leads to them */
} NetworkPlan;

typedef struct
{
    const Profile *profile;
    const IkeGrant *grant;
    const GArray *local; /* TrafficSelector of the children, narrowed */
    const GArray *remote;
    IpAddress gateway;            /* outer */
    const GArray *local_networks; /* LocalNetwork; NULL: not known */
    bool without_v6;              /* the kernel's IPv6 is switched off: nothing of it is planned */
    const char *device;
    int device_index;
    unsigned mtu;
} NetworkPlanInputs;

/*
 * Routes are the narrowed remote selectors, cut down to the granted subnets where the gateway gave any (never wider than the
 * selectors), or to the profile's list; families without a granted address are left out. OUTRIDER_ERROR_SELECTORS_REFUSED if
 * the profile's own list has nothing in common with the selectors.
 */
NetworkPlan *network_plan_new (const NetworkPlanInputs *inputs, GError **error);
NetworkPlan *network_plan_copy (const NetworkPlan *self);

/* Whether one of PREFIXES (IpPrefix) is of FAMILY. */
bool network_has_family (const GArray *prefixes, IpFamily family);

/*
 * Whether one of PREFIXES (IpPrefix) has all of NETWORK in it and would take it from its link. Of two tunnels with the very
 * same network it is not the other one's alone.
 */
bool network_is_inside (const LocalNetwork *network, const GArray *prefixes);

bool network_plan_has_address (const NetworkPlan *self, const IpPrefix *address);

/* All the same but the MTU, as when the path became narrower. */
bool network_plan_differs_by_mtu_alone (const NetworkPlan *a, const NetworkPlan *b);
void network_plan_free (NetworkPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NetworkPlan, network_plan_free)

/* The kill switch: what is refused wherever the tunnel does not carry it. */
typedef struct
{
    uint64_t owner;   /* whose it is; 0: of a guard that is in force already, nobody can tell */
    GArray *refused;  /* IpPrefix, masked, none inside another */
    GArray *attached; /* LocalNetwork: of what is refused, these stay reachable on their links */
    GArray *open;     /* IpPrefix: what must be reached around the tunnel: gateways, excludes */
} NetworkGuard;

/*
 * What PROFILE wants guarded: the tunnel's networks as PLAN has them, before there is one (PLAN NULL) what the profile
 * itself lists, and nothing if they are the gateway's to tell. LOCAL_NETWORKS: LocalNetwork, NULL: not known. GATEWAYS:
 * IpAddress. NULL: no kill switch.
 */
NetworkGuard *network_guard_new (const Profile *profile, const NetworkPlan *plan,
                                 const GArray *local_networks, const GArray *gateways);
void network_guard_free (NetworkGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NetworkGuard, network_guard_free)

/*
 * Who owns the guard of a profile: its name, or its first gateway where it has none, hashed so that nobody finds another name
 * for one that is taken. The same in every process; never 0.
 */
uint64_t network_guard_get_owner (const Profile *profile);
