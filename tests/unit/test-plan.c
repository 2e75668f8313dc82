/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Grant, selectors and profile in; the host's plan out: a row a case. */

#include "errors.h"
#include "network/plan.h"

typedef struct
{
    const char *name;
    const char *addresses; /* of the grant */
    const char *subnets;
    const char *selectors; /* the gateway's side; "a-b" for a range */
    const char *list;      /* routes= of the profile; "all", "none", NULL: gateway */
    const char *exclude;
    const char *gateway;
    const char *grant_dns;
    const char *domains;     /* of the grant */
    const char *own_domains; /* of the profile */

    const char *local;   /* what the host is attached to */
    const char *tunnels; /* what another's tunnel has */

    bool without_v6;
    bool no_guard; /* ipv6-guard=no */
    bool no_lan;
    bool no_dns;
    bool kill_switch;
    const char *routes;   /* expected; NULL: refused */
    const char *why;      /* part of the sentence, where it is refused */
    const char *flags;    /* of: v4 v6 table block names default */
    const char *search;   /* NULL: none */
    const char *excludes; /* NULL: not looked at */
    const char *overlaps; /* NULL: none */
    const char *attached; /* that stay on their links by a route of ours; NULL: none */
    const char *too_wide; /* NULL: none */
    const char *missing;  /* of what was asked for; NULL: none */
    const char *stray;    /* a name server that is left out; NULL: none */
    const char *refused;  /* by the kill switch once the plan stands; NULL: there is none */
    const char *before;   /* by the kill switch before; NULL: nothing */
} Case;

static const Case cases[] = {
    { .name = "split by selectors",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16 10.2.0.0/16",
      .routes = "10.1.0.0/16 10.2.0.0/16",
      .flags = "default" },
    { .name = "full v4",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default" },
    { .name = "full both",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .selectors = "0.0.0.0/0 ::/0",
      .routes = "0.0.0.0/0 ::/0",
      .flags = "v4 v6 table default" },
    { .name = "no v6 address, no v6 routes",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0/8 ::/0",
      .routes = "10.0.0.0/8",
      .flags = "default" },
    { .name = "v6 switched off, full v4",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .without_v6 = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table default" },
    { .name = "v6 switched off, full both",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .exclude = "10.1.0.0/16 fd00:1::/32",
      .selectors = "0.0.0.0/0 ::/0",
      .without_v6 = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table default" },
    { .name = "v6 alone",
      .addresses = "fd00::1/128",
      .selectors = "0.0.0.0/0 fd00:77::/64",
      .routes = "fd00:77::/64",
      .flags = "default" },
    { .name = "subnets narrow the selectors",
      .addresses = "10.9.0.1/32",
      .subnets = "10.1.0.0/16",
      .selectors = "0.0.0.0/0",
      .routes = "10.1.0.0/16",
      .flags = "default" },
    { .name = "subnets never widen",
      .addresses = "10.9.0.1/32",
      .subnets = "10.0.0.0/8 192.168.0.0/16",
      .selectors = "10.1.0.0/16",
      .routes = "10.1.0.0/16",
      .flags = "default",
      .missing = "10.0.0.0/8 192.168.0.0/16" },
    { .name = "subnets of one family leave the other",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .subnets = "10.1.0.0/16",
      .selectors = "0.0.0.0/0 fd00:77::/64",
      .routes = "10.1.0.0/16 fd00:77::/64",
      .flags = "default" },
    { .name = "subnets outside of the selectors",
      .addresses = "10.9.0.1/32",
      .subnets = "192.168.0.0/16",
      .selectors = "10.0.0.0/8",
      .routes = NULL,
      .why = "nothing of what the gateway carries (10.0.0.0/8)" },
    { .name = "all beats the subnets",
      .addresses = "10.9.0.1/32",
      .subnets = "10.1.0.0/16",
      .selectors = "0.0.0.0/0",
      .list = "all",
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default" },
    { .name = "all where the gateway carries some",
      .addresses = "10.9.0.1/32",
      .selectors = "10.77.0.0/24",
      .list = "all",
      .routes = NULL,
      .why = "wants all traffic" },
    { .name = "none",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .list = "none",
      .routes = "",
      .flags = "default" },
    { .name = "the profile's list",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .list = "10.1.0.0/16 10.2.3.4/32",
      .routes = "10.1.0.0/16 10.2.3.4/32",
      .flags = "default" },
    { .name = "the profile's list, cut by selectors",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .list = "10.0.0.0/8",
      .routes = "10.1.0.0/16",
      .flags = "default",
      .missing = "10.0.0.0/8" },
    { .name = "the profile's list, parts of which are carried",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16 10.3.0.0/17 10.3.128.0/17 10.4.0.0/17 10.4.128.0/18",
      .list = "10.0.1.0/24 10.1.0.0/16 10.2.0.0/16 10.3.0.0/16 10.4.0.0/16 fd00:1::/64",
      .routes = "10.1.0.0/16 10.3.0.0/17 10.3.128.0/17 10.4.0.0/17 10.4.128.0/18",
      .flags = "default",
      .missing = "10.0.1.0/24 10.2.0.0/16 10.4.0.0/16 fd00:1::/64" },
    { .name = "subnets that the selectors do not carry",
      .addresses = "10.9.0.1/32",
      .subnets = "10.1.0.0/16 10.2.0.0/16",
      .selectors = "10.1.0.0/16",
      .routes = "10.1.0.0/16",
      .flags = "default",
      .missing = "10.2.0.0/16" },
    { .name = "what is excluded is not missing",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0/8",
      .list = "10.1.0.0/16 10.2.0.0/16",
      .exclude = "10.2.0.0/16",
      .routes = "10.1.0.0/16",
      .flags = "table default" },
    { .name = "the profile's list, nothing of it",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .list = "192.168.0.0/16",
      .routes = NULL,
      .why = "none of the networks that the profile" },
    { .name = "doubles and nested ones",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.2.0/24 10.1.0.0/16 10.1.0.0/16 10.0.0.0/8",
      .routes = "10.0.0.0/8",
      .flags = "default" },
    { .name = "a range becomes prefixes",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0-10.0.2.255",
      .routes = "10.0.0.0/23 10.0.2.0/24",
      .flags = "default" },
    { .name = "the gateway inside the routes",
      .addresses = "10.9.0.1/32",
      .selectors = "198.51.0.0/16",
      .gateway = "198.51.100.10",
      .routes = "198.51.0.0/16",
      .flags = "table default" },
    { .name = "an exclude",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0/8",
      .exclude = "10.5.0.0/16",
      .routes = "10.0.0.0/8",
      .flags = "table default" },
    { .name = "the name server outside of the subnets",
      .addresses = "10.9.0.1/32",
      .subnets = "10.1.0.0/16",
      .selectors = "0.0.0.0/0",
      .grant_dns = "10.8.0.53",
      .routes = "10.1.0.0/16 10.8.0.53/32",
      .flags = "default" },
    { .name = "the name server outside of the selectors",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "8.8.8.8",
      .routes = "10.1.0.0/16",
      .flags = "default" },
    { .name = "a private name server that nothing leads to",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "10.8.0.53",
      .domains = "corp.test",
      .routes = "10.1.0.0/16",
      .flags = "default",
      .stray = "10.8.0.53" },
    { .name = "the name server outside of the profile's list, and of the selectors",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .list = "10.1.2.0/24",
      .grant_dns = "10.8.0.53",
      .routes = "10.1.2.0/24",
      .flags = "default",
      .stray = "10.8.0.53" },
    { .name = "a private name server of a network that this host is attached to",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "192.168.7.53",
      .local = "192.168.7.0/24",
      .domains = "corp.test",
      .routes = "10.1.0.0/16",
      .flags = "",
      .search = "corp.test" },
    { .name = "a private name server that is to be asked outside",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .exclude = "10.8.0.0/16",
      .grant_dns = "10.8.0.53",
      .domains = "corp.test",
      .routes = "10.1.0.0/16",
      .flags = "table",
      .search = "corp.test" },
    { .name = "split DNS",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "10.1.0.53",
      .domains = "corp.test",
      .routes = "10.1.0.0/16",
      .flags = "",
      .search = "corp.test" },
    { .name = "a full tunnel takes all names",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .grant_dns = "10.1.0.53",
      .domains = "corp.test",
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default",
      .search = "corp.test" },
    { .name = "domains without a server",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .domains = "corp.test",
      .own_domains = "lab.test",
      .routes = "10.1.0.0/16",
      .flags = "default" },
    { .name = "the gateway may not take com",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "10.1.0.53",
      .domains = "com corp.test",
      .routes = "10.1.0.0/16",
      .flags = "",
      .search = "corp.test" },
    { .name = "nothing but com",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "10.1.0.53",
      .domains = "com",
      .routes = "10.1.0.0/16",
      .flags = "default" },
    { .name = "the profile may name a top-level domain",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .grant_dns = "10.1.0.53",
      .domains = "corp corp.test",
      .own_domains = "Corp fd00::1",
      .routes = "10.1.0.0/16",
      .flags = "",
      .search = "corp corp.test" },
    { .name = "a full tunnel may search a top-level domain",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .grant_dns = "10.1.0.53",
      .domains = "corp",
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default",
      .search = "corp" },
    { .name = "all but the two ends is a whole",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.1-127.255.255.255 128.0.0.0-223.255.255.255",
      .list = "all",
      .routes = "0.0.0.1/32 0.0.0.2/31 0.0.0.4/30 0.0.0.8/29 0.0.0.16/28 0.0.0.32/27 0.0.0.64/26 "
                "0.0.0.128/25 0.0.1.0/24 0.0.2.0/23 0.0.4.0/22 0.0.8.0/21 0.0.16.0/20 0.0.32.0/19 "
                "0.0.64.0/18 0.0.128.0/17 0.1.0.0/16 0.2.0.0/15 0.4.0.0/14 0.8.0.0/13 0.16.0.0/12 "
                "0.32.0.0/11 0.64.0.0/10 0.128.0.0/9 1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/5 "
                "16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/2 192.0.0.0/3",
      .flags = "v4 table block default" },
    { .name = "all but a network of the wide world",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .selectors = "0.0.0.0-8.8.3.255 8.8.5.0-255.255.255.255 2000::/4 3000::/5",
      .list = "all",
      .routes = NULL,
      .why = "wants all traffic" },
    { .name = "the wide world of IPv6",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .selectors = "0.0.0.0/0 2000::/4 3000::/4 fd00::/8",
      .list = "all",
      .routes = "0.0.0.0/0 2000::/4 3000::/4 fd00::/8",
      .flags = "v4 v6 table default" },
    { .name = "two halves are a whole",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/1 128.0.0.0/1",
      .routes = "0.0.0.0/1 128.0.0.0/1",
      .flags = "v4 table block default" },
    { .name = "v6 may leave",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .no_guard = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table default" },
    { .name = "an exclude covers a route",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16 10.2.0.0/16",
      .exclude = "10.2.0.0/15",
      .routes = "10.1.0.0/16",
      .flags = "table default",
      .excludes = "10.2.0.0/15" },
    { .name = "a route to nothing but the gateway",
      .addresses = "10.9.0.1/32",
      .selectors = "198.51.100.10/32 10.1.0.0/16",
      .gateway = "198.51.100.10",
      .routes = "10.1.0.0/16",
      .flags = "table default",
      .excludes = "198.51.100.10/32" },
    { .name = "nothing but the gateway",
      .addresses = "10.9.0.1/32",
      .selectors = "198.51.100.10/32",
      .gateway = "198.51.100.10",
      .routes = NULL,
      .why = "(198.51.100.10/32) is left" },
    { .name = "excludes cover it all",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .exclude = "10.0.0.0/8",
      .routes = NULL,
      .why = "(10.1.0.0/16) is left" },
    { .name = "the host's network inside of a route",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0/8",
      .local = "10.3.0.0/24 192.168.1.0/24",
      .routes = "10.0.0.0/8",
      .flags = "default",
      .overlaps = "10.3.0.0/24" },
    { .name = "the host's network is the route",
      .addresses = "10.9.0.1/32",
      .selectors = "192.168.1.0/24",
      .local = "192.168.1.0/24",
      .routes = "192.168.1.0/24",
      .flags = "default",
      .overlaps = "192.168.1.0/24" },
    { .name = "a route inside of the host's network",
      .addresses = "10.9.0.1/32",
      .selectors = "10.3.7.0/24",
      .local = "10.3.0.0/16",
      .routes = "10.3.7.0/24",
      .flags = "default" },
    { .name = "all networks are inside of a default route",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .local = "192.168.1.0/24",
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default",
      .attached = "192.168.1.0/24" },
    { .name = "the tunnel takes the host's network, too",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0/8",
      .exclude = "10.5.0.0/16",
      .local = "10.3.0.0/24",
      .no_lan = true,
      .routes = "10.0.0.0/8",
      .flags = "table default" },
    { .name = "the host's IPv6 network inside of a route",
      .addresses = "fd00::1/128",
      .selectors = "fd00::/16",
      .local = "fd00:3::/64 10.0.0.0/8",
      .routes = "fd00::/16",
      .flags = "default",
      .overlaps = "fd00:3::/64" },
    { .name = "attached, full",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .selectors = "0.0.0.0/0 ::/0",
      .local = "192.168.77.0/24 fd77:1::/64 192.168.77.0/24 172.17.0.0/16",
      .routes = "0.0.0.0/0 ::/0",
      .flags = "v4 v6 table default",
      .attached = "192.168.77.0/24 fd77:1::/64 172.17.0.0/16" },
    { .name = "attached, full by halves",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/1 128.0.0.0/1",
      .local = "192.168.77.0/24 fd77:1::/64",
      .routes = "0.0.0.0/1 128.0.0.0/1",
      .flags = "v4 table block default",
      .attached = "192.168.77.0/24 fd77:1::/64" },
    { .name = "attached, lan=no",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .local = "192.168.77.0/24 203.0.113.0/7",
      .no_lan = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default" },
    { .name = "attached, in the main table",
      .addresses = "10.9.0.1/32",
      .selectors = "10.0.0.0/8",
      .local = "10.3.0.0/24",
      .tunnels = "10.4.0.0/16",
      .routes = "10.0.0.0/8",
      .flags = "default",
      .overlaps = "10.3.0.0/24" },
    { .name = "attached, wider than any LAN",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .selectors = "0.0.0.0/0 ::/0",
      .local = "0.0.0.0/0 128.0.0.0/1 10.0.0.0/7 11.0.0.0/8 2000::/3 2001:db8::/31 2001:db8::/32",
      .routes = "0.0.0.0/0 ::/0",
      .flags = "v4 v6 table default",
      .attached = "11.0.0.0/8 2001:db8::/32",
      .too_wide = "0.0.0.0/0 128.0.0.0/1 10.0.0.0/7 2000::/3 2001:db8::/31" },
    { .name = "attached, an own table for some networks",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16 10.2.0.0/16",
      .exclude = "10.1.5.0/24",
      .local = "10.1.7.0/24 10.2.0.0/16 10.0.0.0/12 192.168.77.0/24",
      .routes = "10.1.0.0/16 10.2.0.0/16",
      .flags = "table default",
      .overlaps = "10.1.7.0/24 10.2.0.0/16",
      .attached = "10.1.7.0/24 10.2.0.0/16" },
    { .name = "attached, another's tunnel",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .tunnels = "10.78.0.0/16 8.0.0.0/6",
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default",
      .attached = "10.78.0.0/16 8.0.0.0/6" },
    { .name = "attached, another's tunnel with the same network",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .tunnels = "10.1.0.0/16 10.1.2.0/24",
      .kill_switch = true,
      .routes = "10.1.0.0/16",
      .flags = "table default",
      .overlaps = "10.1.2.0/24",
      .attached = "10.1.2.0/24",
      .refused = "10.1.0.0/16" },
    { .name = "names, left alone",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .grant_dns = "10.0.0.1",
      .no_dns = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default" },
    { .name = "kill switch, full",
      .addresses = "10.9.0.1/32 fd00::1/128",
      .selectors = "0.0.0.0/0 ::/0",
      .list = "all",
      .kill_switch = true,
      .routes = "0.0.0.0/0 ::/0",
      .flags = "v4 v6 table default",
      .refused = "0.0.0.0/0 ::/0",
      .before = "0.0.0.0/0 ::/0" },
    { .name = "kill switch, full v4",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .list = "all",
      .kill_switch = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table block default",
      .refused = "0.0.0.0/0 ::/0",
      .before = "0.0.0.0/0 ::/0" },
    { .name = "kill switch, full v4, v6 may leave",
      .addresses = "10.9.0.1/32",
      .selectors = "0.0.0.0/0",
      .list = "all",
      .no_guard = true,
      .kill_switch = true,
      .routes = "0.0.0.0/0",
      .flags = "v4 table default",
      .refused = "0.0.0.0/0",
      .before = "0.0.0.0/0 ::/0" },
    { .name = "kill switch, the profile's list",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16",
      .list = "10.0.0.0/8",
      .kill_switch = true,
      .routes = "10.1.0.0/16",
      .flags = "table default",
      .missing = "10.0.0.0/8",
      .refused = "10.0.0.0/8",
      .before = "10.0.0.0/8" },
    { .name = "kill switch, the gateway's networks",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16 10.2.0.0/16",
      .kill_switch = true,
      .routes = "10.1.0.0/16 10.2.0.0/16",
      .flags = "table default",
      .refused = "10.1.0.0/16 10.2.0.0/16" },
    { .name = "kill switch and excludes",
      .addresses = "10.9.0.1/32",
      .selectors = "10.1.0.0/16 10.2.0.0/16",
      .exclude = "10.2.0.0/16 10.1.7.0/24",
      .kill_switch = true,
      .routes = "10.1.0.0/16",
      .flags = "table default",
      .excludes = "10.1.7.0/24 10.2.0.0/16",
      .refused = "10.1.0.0/16" },
};

static GArray *
prefixes (const char *text)
{
    GArray *list = g_array_new (false, false, sizeof (IpPrefix));
    g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", " ", -1);
    for (char **word = words; *word != NULL && **word != '\0'; word++)
    {
        IpPrefix prefix;
        g_assert_true (ip_prefix_parse (*word, &prefix));
        g_array_append_val (list, prefix);
    }
    return list;
}

static GArray *
selectors (const char *text)
{
    GArray *list = g_array_new (false, false, sizeof (TrafficSelector));
    g_auto (GStrv) words = g_strsplit (text, " ", -1);
    for (char **word = words; *word != NULL; word++)
    {
        TrafficSelector selector = { .last_port = UINT16_MAX };
        g_auto (GStrv) ends = g_strsplit (*word, "-", 2);
        IpPrefix prefix;
        g_assert_true (ip_prefix_parse (ends[0], &prefix));
        selector = traffic_selector_of_prefix (&prefix);
        if (ends[1] != NULL)
            g_assert_true (ip_address_parse (ends[1], &selector.last));
        g_array_append_val (list, selector);
    }
    return list;
}

static void
set_routes (Profile *profile, const char *list)
{
    profile->routes = PROFILE_FROM_GATEWAY;
    if (list == NULL)
        return;
    profile->routes = strcmp (list, "all") == 0    ? PROFILE_ALL
                      : strcmp (list, "none") == 0 ? PROFILE_NONE
                                                   : PROFILE_LIST;
    if (profile->routes != PROFILE_LIST)
        return;
    g_autoptr (GArray) parsed = prefixes (list);
    g_array_append_vals (profile->route_list, parsed->data, parsed->len);
}

static Profile *
make_profile (const Case *row)
{
    Profile *profile = profile_new ();
    profile->ipv6_guard = !row->no_guard;
    profile->lan = !row->no_lan;
    profile->dns = row->no_dns ? PROFILE_NONE : PROFILE_FROM_GATEWAY;
    profile->kill_switch = row->kill_switch;
    set_routes (profile, row->list);
    g_autoptr (GArray) exclude = prefixes (row->exclude);
    g_array_append_vals (profile->exclude, exclude->data, exclude->len);
    if (row->own_domains != NULL)
        profile->domains = g_strsplit (row->own_domains, " ", -1);
    return profile;
}

static GArray *
local_networks (const Case *row)
{
    GArray *networks = g_array_new (false, true, sizeof (LocalNetwork));
    g_autoptr (GArray) list = prefixes (row->local), tunnels = prefixes (row->tunnels);
    for (guint i = 0; i < list->len; i++)
    {
        LocalNetwork network = { .prefix = g_array_index (list, IpPrefix, i),
                                 .device_index = 2,
                                 .device = "eth0" };
        g_array_append_val (networks, network);
    }
    for (guint i = 0; i < tunnels->len; i++)
    {
        LocalNetwork network = { .prefix = g_array_index (tunnels, IpPrefix, i),
                                 .device_index = 3,
                                 .device = "wg0",
                                 .tunnelled = true };
        g_array_append_val (networks, network);
    }
    return networks;
}

static NetworkPlan *
make_plan (const Case *row, GError **error)
{
    g_autoptr (Profile) profile = make_profile (row);
    g_autoptr (IkeGrant) grant = ike_grant_new ();
    g_autoptr (GArray) addresses = prefixes (row->addresses), subnets = prefixes (row->subnets);
    g_array_append_vals (grant->addresses, addresses->data, addresses->len);
    g_array_append_vals (grant->subnets, subnets->data, subnets->len);
    IpAddress server;
    if (row->grant_dns != NULL && ip_address_parse (row->grant_dns, &server))
        g_array_append_val (grant->dns, server);
    g_auto (GStrv) domains = g_strsplit (row->domains != NULL ? row->domains : "", " ", -1);
    for (char **domain = domains; *domain != NULL; domain++)
        g_ptr_array_add (grant->domains, g_strdup (*domain));
    g_autoptr (GArray) networks = local_networks (row);
    g_autoptr (GArray) remote = selectors (row->selectors);
    NetworkPlanInputs inputs = { .profile = profile,
                                 .grant = grant,
                                 .remote = remote,
                                 .local_networks = networks,
                                 .without_v6 = row->without_v6,
                                 .device = "t0",
                                 .device_index = 7,
                                 .mtu = 1400 };
    ip_address_parse (row->gateway != NULL ? row->gateway : "203.0.113.1", &inputs.gateway);
    return network_plan_new (&inputs, error);
}

static char *
format_prefixes (const GArray *list)
{
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < list->len; i++)
    {
        g_autofree char *prefix = ip_prefix_format (&g_array_index (list, IpPrefix, i));
        g_string_append_printf (text, "%s%s", i > 0 ? " " : "", prefix);
    }
    return g_string_free (text, false);
}

static char *
format_addresses (const GArray *addresses)
{
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < addresses->len; i++)
    {
        g_autofree char *address = ip_address_format (&g_array_index (addresses, IpAddress, i));
        g_string_append_printf (text, "%s%s", i > 0 ? " " : "", address);
    }
    return g_string_free (text, false);
}

static char *
format_networks (const GArray *networks)
{
    g_autoptr (GArray) list = prefixes (NULL);
    for (guint i = 0; i < networks->len; i++)
        g_array_append_val (list, g_array_index (networks, LocalNetwork, i).prefix);
    return format_prefixes (list);
}

/* What the kill switch refuses with PLAN in force (NULL: before), and that it lets the gateway be reached. */
static void
check_guard (const Case *row, const NetworkPlan *plan, const char *refused)
{
    g_autoptr (Profile) profile = make_profile (row);
    g_autoptr (GArray) open = g_array_new (false, false, sizeof (IpAddress));
    IpAddress gateway;
    g_assert_true (ip_address_parse ("203.0.113.1", &gateway));
    g_array_append_val (open, gateway);
    g_autoptr (GArray) networks = local_networks (row);
    g_autoptr (NetworkGuard) guard = network_guard_new (profile, plan, networks, open);
    g_assert_cmpint (guard != NULL, ==, row->kill_switch);
    if (guard == NULL)
        return;
    g_autofree char *text = format_prefixes (guard->refused);
    g_assert_cmpstr (text, ==, refused != NULL ? refused : "");
    g_assert_cmphex (guard->owner, ==, network_guard_get_owner (profile));
    g_autofree char *around = format_prefixes (guard->open);
    g_assert_nonnull (strstr (around, "203.0.113.1/32"));
    g_assert_cmpuint (guard->attached->len, ==, row->no_lan ? 0 : networks->len);
}

static char *
format_flags (const NetworkPlan *plan)
{
    const struct
    {
        bool set;
        const char *name;
    } flags[] = { { plan->full_v4, "v4" },
                  { plan->full_v6, "v6" },
                  { plan->own_table, "table" },
                  { plan->block_v6, "block" },
                  { plan->dns_default, "default" } };
    GString *text = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (flags); i++)
        if (flags[i].set)
            g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", flags[i].name);
    return g_string_free (text, false);
}

static char *
format_search (const NetworkPlan *plan)
{
    g_autoptr (GPtrArray) words = g_ptr_array_new ();
    for (guint i = 0; i < plan->search->len; i++)
        g_ptr_array_add (words, plan->search->pdata[i]);
    g_ptr_array_add (words, NULL);
    return g_strjoinv (" ", (char **)words->pdata);
}

static void
plan_is_as_the_row_says (gconstpointer data)
{
    const Case *row = data;
    g_autoptr (GError) error = NULL;
    g_autoptr (NetworkPlan) plan = make_plan (row, &error);
    if (row->routes == NULL)
    {
        g_assert_null (plan);
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SELECTORS_REFUSED);
        g_assert_nonnull (strstr (error->message, row->why));
        return;
    }
    g_assert_no_error (error);
    g_autofree char *routes = format_prefixes (plan->routes);
    g_autofree char *excludes = format_prefixes (plan->excludes);
    g_autofree char *overlaps = format_networks (plan->overlaps);
    g_autofree char *attached = format_networks (plan->attached);
    g_autofree char *too_wide = format_networks (plan->too_wide);
    g_autofree char *missing = format_prefixes (plan->missing);
    g_autofree char *strays = format_addresses (plan->strays);
    g_autofree char *flags = format_flags (plan);
    g_assert_cmpstr (routes, ==, row->routes);
    g_assert_cmpstr (flags, ==, row->flags);
    g_autofree char *search = format_search (plan);
    g_assert_cmpstr (search, ==, row->search != NULL ? row->search : "");
    g_assert_cmpstr (overlaps, ==, row->overlaps != NULL ? row->overlaps : "");
    g_assert_cmpstr (attached, ==, row->attached != NULL ? row->attached : "");
    g_assert_cmpstr (too_wide, ==, row->too_wide != NULL ? row->too_wide : "");
    g_assert_cmpstr (missing, ==, row->missing != NULL ? row->missing : "");
    g_assert_cmpstr (strays, ==, row->stray != NULL ? row->stray : "");
    bool full = plan->full_v4 || plan->full_v6;
    g_assert_cmpint (plan->guard_dns, ==, full && !row->no_dns);
    if (row->excludes != NULL)
        g_assert_cmpstr (excludes, ==, row->excludes);
    check_guard (row, plan, row->refused);
    check_guard (row, NULL, row->before);
}

/* The first octets of SHA-256: a guard in force must be found again by whatever comes later. */
static void
guards_are_told_apart (void)
{
    static const struct
    {
        const char *name, *gateway;
        uint64_t owner;
    } rows[] = {
        { "Work", "gw.test", 0x104ab9213e28e4ff },
        { "Egxy", "gw.test", 0xd298f80b68f54c55 },
        { NULL, "gw.test", 0x3d85f3b21f67c2be },
        { "gw.test", "other.test", 0x3d85f3b21f67c2be }, /* what it goes by is the same */
        { NULL, NULL, 0xe3b0c44298fc1c14 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (Profile) profile = profile_new ();
        profile->name = g_strdup (rows[i].name);
        profile->addresses = rows[i].gateway != NULL ? g_strsplit (rows[i].gateway, ";", 0) : NULL;
        g_assert_cmphex (network_guard_get_owner (profile), ==, rows[i].owner);
    }
}

static void
mtu_is_enough_for_ipv6 (void)
{
    Case row = { .addresses = "fd00::1/128", .selectors = "fd00::/16" };
    g_autoptr (NetworkPlan) plan = make_plan (&row, NULL);
    g_assert_cmpuint (plan->mtu, ==, 1400);
    g_autoptr (NetworkPlan) copy = network_plan_copy (plan);
    g_assert_cmpstr (copy->device, ==, "t0");
    g_assert_cmpuint (copy->routes->len, ==, 1);
}

/* Octets that pad the structures do not count. */
static void
plans_differ_by_mtu_alone (void)
{
    Case row = { .addresses = "10.9.0.1/32", .selectors = "10.0.0.0/8", .grant_dns = "10.0.0.1" };
    g_autoptr (NetworkPlan) plan = make_plan (&row, NULL);
    g_autoptr (NetworkPlan) other = network_plan_copy (plan);
    other->mtu = 1300;
    IpPrefix padded;
    memset (&padded, 0xff, sizeof padded);
    const IpPrefix *route = &g_array_index (plan->routes, IpPrefix, 0);
    padded.address = route->address;
    padded.length = route->length;
    memcpy (other->routes->data, &padded, sizeof padded);
    g_assert_true (network_plan_differs_by_mtu_alone (plan, other));
    g_array_index (other->routes, IpPrefix, 0).length--;
    g_assert_false (network_plan_differs_by_mtu_alone (plan, other));
    g_array_index (other->routes, IpPrefix, 0).length++;
    g_assert_true (network_plan_differs_by_mtu_alone (plan, other));
    LocalNetwork network = { .prefix = padded, .device_index = 2 };
    g_array_append_val (other->attached, network);
    g_assert_false (network_plan_differs_by_mtu_alone (plan, other));
}

static void
v6_alone_needs_v6 (void)
{
    Case row = { .addresses = "fd00::1/128", .selectors = "fd00::/16", .without_v6 = true };
    g_autoptr (GError) error = NULL;
    g_assert_null (make_plan (&row, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autofree char *path = g_strdup_printf ("/plan/%s", cases[i].name);
        g_test_add_data_func (path, &cases[i], plan_is_as_the_row_says);
    }
    g_test_add_func ("/plan/guards-are-told-apart", guards_are_told_apart);
    g_test_add_func ("/plan/differs-by-mtu-alone", plans_differ_by_mtu_alone);
    g_test_add_func ("/plan/v6-alone-needs-v6", v6_alone_needs_v6);
    g_test_add_func ("/plan/mtu", mtu_is_enough_for_ipv6);
    return g_test_run ();
}
