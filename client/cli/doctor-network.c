/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor-checks.h"

#include "network/dns.h"
#include "network/netlink-host.h"
#include "network/resolv-conf.h"

#include <errno.h>
#include <unistd.h>

enum
{
    MTU_LITTLE = 1280, /* what IPv6 must have (RFC 8200 5) */
};

/* Addresses that nobody has (RFC 5737, RFC 3849): only the default route leads there. */
#define ANYWHERE_V4 "192.0.2.1"
#define ANYWHERE_V6 "2001:db8::1"

bool
doctor_find_way_out (IpFamily family, WayOut *ret_way)
{
    g_autoptr (Netlink) netlink = netlink_new (NULL);
    IpAddress anywhere;
    return netlink != NULL &&
           ip_address_parse (family == IP_V4 ? ANYWHERE_V4 : ANYWHERE_V6, &anywhere) &&
           way_out_find (netlink, &anywhere, NULL, OUTRIDER_OUTER_MARK, ret_way);
}

static bool
check_family (Doctor *self, IpFamily family)
{
    WayOut way;
    if (!doctor_find_way_out (family, &way))
        return false;
    const char *name = family == IP_V4 ? "IPv4" : "IPv6";
    g_autofree char *hop =
        way.next_hop.family != IP_NONE ? ip_address_format (&way.next_hop) : NULL;
    g_autofree char *fact =
        g_strdup_printf ("%s leaves by %s%s%s with an MTU of %u", name, way.device,
                         hop != NULL ? " over " : "", hop != NULL ? hop : "", way.mtu);
    if (way.mtu < MTU_LITTLE)
        doctor_note (self, "A tunnel over it takes packets of less than 1200 octets.", "%s", fact);
    else
        doctor_good (self, "%s", fact);
    return true;
}

void
doctor_check_way_out (Doctor *self)
{
    bool v4 = check_family (self, IP_V4);
    bool v6 = check_family (self, IP_V6);
    if (!v4 && !v6)
        doctor_note (self, "Connect this host to a network that leads to the gateway.",
                     "there is no default route");
}

void
doctor_check_reverse_path (Doctor *self)
{
    WayOut way;
    if (doctor_find_way_out (IP_V4, &way) && way_out_is_strict (way.device))
        doctor_note (
            self, "Tunnels work with it; mind it where several links lead out.",
            "the reverse path filter is strict on %s: what comes in where its answer would "
            "not go out is dropped",
            way.device);
    else
        doctor_good (self, "no strict reverse path filter is in the way");
}

void
doctor_check_ipv6 (Doctor *self)
{
    if (way_out_lacks_v6 ())
        doctor_note (self, NULL, "IPv6 is switched off: tunnels carry IPv4 alone");
    else
        doctor_good (self, "IPv6 is switched on");
}

/* The file can be looked at only as far as it is ours to write. */
static void
check_file (Doctor *self)
{
    if (outrider_netlink_host_is_permitted () && access (RESOLV_CONF, W_OK) != 0 && errno != ENOENT)
        doctor_problem (self,
                        "Make it writable, or leave the resolver alone: --no-dns, dns=none in the "
                        "profile.",
                        RESOLV_CONF " cannot be written: %s", g_strerror (errno));
    else
        doctor_note (self, "Names inside of the tunnel's domains alone need systemd-resolved.",
                     "names go by " RESOLV_CONF ": a tunnel's servers are asked for all of them");
}

void
doctor_check_resolver (Doctor *self)
{
    g_autoptr (Dns) dns = dns_new ("");
    const char *way = dns_get_way (dns);
    if (g_str_equal (way, "file"))
        check_file (self);
    else
        doctor_good (self, "names go by %s", way);
}
