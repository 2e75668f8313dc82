/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Internet addresses as every room passes them on: by value, in network order, either family.
 */

#include "bytes/view.h"

typedef enum
{
    IP_NONE = 0,
    IP_V4 = 4,
    IP_V6 = 6,
} IpFamily;

typedef struct
{
    IpFamily family;
    uint8_t octets[16]; /* the first four for IPv4, the others zero */
} IpAddress;

/* Address and prefix length; the host bits may be set (an interface's address). */
typedef struct
{
    IpAddress address;
    uint8_t length;
} IpPrefix;

typedef struct
{
    IpAddress address;
    uint16_t port; /* host order */
} IpEndpoint;

/* 4 or 16; 0 for IP_NONE. */
size_t ip_family_size (IpFamily family);

/* From 4 or 16 octets; anything else gives IP_NONE. */
IpAddress ip_address (ByteView octets);

/* Strict numeric form, no scope; false leaves RET untouched. */
bool ip_address_parse (const char *text, IpAddress *ret_address);
char *ip_address_format (const IpAddress *self);
ByteView ip_address_view (const IpAddress *self);
bool ip_address_equal (const IpAddress *a, const IpAddress *b);
int ip_address_compare (const IpAddress *a, const IpAddress *b);

/* "10.0.0.0/8" or a bare address (a host's prefix). */
bool ip_prefix_parse (const char *text, IpPrefix *ret_prefix);
char *ip_prefix_format (const IpPrefix *self);
bool ip_prefix_equal (const IpPrefix *a, const IpPrefix *b);
bool ip_prefix_contains (const IpPrefix *self, const IpAddress *address);

/* The same prefix with its host bits cleared. */
IpPrefix ip_prefix_masked (const IpPrefix *self);

/* First and last address of the prefix. */
void ip_prefix_get_range (const IpPrefix *self, IpAddress *ret_first, IpAddress *ret_last);

/* The length of a netmask such as 255.255.255.0; -1 if it has holes. */
int ip_address_get_mask_length (const IpAddress *mask);

/* Appends the fewest prefixes that cover FIRST..LAST exactly to PREFIXES (IpPrefix). At most 254 an IPv6 range. */
void ip_range_to_prefixes (const IpAddress *first, const IpAddress *last, GArray *prefixes);

/* "192.0.2.1:4500", "[2001:db8::1]:4500" */
char *ip_endpoint_format (const IpEndpoint *self);
bool ip_endpoint_equal (const IpEndpoint *a, const IpEndpoint *b);
