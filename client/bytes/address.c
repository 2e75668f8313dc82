/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bytes/address.h"

#include <arpa/inet.h>

size_t
ip_family_size (IpFamily family)
{
    return family == IP_V4 ? 4 : family == IP_V6 ? 16 : 0;
}

IpAddress
ip_address (ByteView octets)
{
    IpAddress self = { 0 };
    if (octets.size != 4 && octets.size != 16)
        return self;
    self.family = octets.size == 4 ? IP_V4 : IP_V6;
    memcpy (self.octets, octets.data, octets.size);
    return self;
}

bool
ip_address_parse (const char *text, IpAddress *ret_address)
{
    IpAddress parsed = { 0 };
    if (inet_pton (AF_INET, text, parsed.octets) == 1)
        parsed.family = IP_V4;
    else if (inet_pton (AF_INET6, text, parsed.octets) == 1)
        parsed.family = IP_V6;
    else
        return false;
    *ret_address = parsed;
    return true;
}

char *
ip_address_format (const IpAddress *self)
{
    char text[INET6_ADDRSTRLEN] = "none";
    if (self->family != IP_NONE)
        inet_ntop (self->family == IP_V4 ? AF_INET : AF_INET6, self->octets, text, sizeof text);
    return g_strdup (text);
}

ByteView
ip_address_view (const IpAddress *self)
{
    return byte_view (self->octets, ip_family_size (self->family));
}

int
ip_address_compare (const IpAddress *a, const IpAddress *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp (a->octets, b->octets, sizeof a->octets);
}

bool
ip_address_equal (const IpAddress *a, const IpAddress *b)
{
    return ip_address_compare (a, b) == 0;
}

bool
ip_prefix_parse (const char *text, IpPrefix *ret_prefix)
{
    const char *slash = strchr (text, '/');
    g_autofree char *address = slash != NULL ? g_strndup (text, slash - text) : g_strdup (text);
    IpPrefix parsed = { 0 };
    if (!ip_address_parse (address, &parsed.address))
        return false;

    guint64 length = ip_family_size (parsed.address.family) * 8;
    if (slash != NULL && !g_ascii_string_to_unsigned (slash + 1, 10, 0, length, &length, NULL))
        return false;
    parsed.length = (uint8_t)length;
    *ret_prefix = parsed;
    return true;
}

char *
ip_prefix_format (const IpPrefix *self)
{
    g_autofree char *address = ip_address_format (&self->address);
    return g_strdup_printf ("%s/%u", address, self->length);
}

bool
ip_prefix_equal (const IpPrefix *a, const IpPrefix *b)
{
    return a->length == b->length && ip_address_equal (&a->address, &b->address);
}

/* Sets all octets of ADDRESS behind LENGTH bits to the bits of FILL (0x00 or 0xff). */
static void
fill_host_bits (IpAddress *address, unsigned length, uint8_t fill)
{
    size_t size = ip_family_size (address->family);
    for (size_t i = 0; i < size; i++)
    {
        unsigned kept = length >= 8 * (i + 1) ? 8 : length > 8 * i ? length - 8 * i : 0;
        uint8_t mask = (uint8_t)(0xff00 >> kept);
        address->octets[i] = (uint8_t)((address->octets[i] & mask) | (fill & (uint8_t)~mask));
    }
}

IpPrefix
ip_prefix_masked (const IpPrefix *self)
{
    IpPrefix masked = *self;
    fill_host_bits (&masked.address, masked.length, 0x00);
    return masked;
}

void
ip_prefix_get_range (const IpPrefix *self, IpAddress *ret_first, IpAddress *ret_last)
{
    *ret_first = *ret_last = self->address;
    fill_host_bits (ret_first, self->length, 0x00);
    fill_host_bits (ret_last, self->length, 0xff);
}

bool
ip_prefix_contains (const IpPrefix *self, const IpAddress *address)
{
    IpPrefix theirs = { *address, self->length };
    IpPrefix mine = ip_prefix_masked (self);
    theirs = ip_prefix_masked (&theirs);
    return ip_prefix_equal (&mine, &theirs);
}

int
ip_address_get_mask_length (const IpAddress *mask)
{
    size_t bits = ip_family_size (mask->family) * 8;
    size_t length = 0;
    while (length < bits && (mask->octets[length / 8] & 0x80 >> length % 8) != 0)
        length++;
    for (size_t i = length; i < bits; i++)
        if ((mask->octets[i / 8] & 0x80 >> i % 8) != 0)
            return -1;
    return (int)length;
}

/* Adds one; false when the address was the family's last. */
static bool
step_address (IpAddress *address)
{
    for (size_t i = ip_family_size (address->family); i-- > 0;)
        if (++address->octets[i] != 0)
            return true;
    return false;
}

void
ip_range_to_prefixes (const IpAddress *first, const IpAddress *last, GArray *prefixes)
{
    if (first->family != last->family || ip_address_compare (first, last) > 0)
        return;

    /* Each round takes the widest prefix that begins at START and stays inside: at most two a bit. */
    uint8_t bits = (uint8_t)(ip_family_size (first->family) * 8);
    IpAddress start = *first;
    for (unsigned round = 0; round < 2U * bits; round++)
    {
        IpPrefix widest = { start, bits };
        while (widest.length > 0)
        {
            IpPrefix wider = { start, (uint8_t)(widest.length - 1) };
            IpAddress begin, end;
            ip_prefix_get_range (&wider, &begin, &end);
            if (!ip_address_equal (&begin, &start) || ip_address_compare (&end, last) > 0)
                break;
            widest = wider;
        }
        g_array_append_val (prefixes, widest);

        IpAddress begin, end;
        ip_prefix_get_range (&widest, &begin, &end);
        if (ip_address_compare (&end, last) >= 0 || !step_address (&end))
            return;
        start = end;
    }
}

char *
ip_endpoint_format (const IpEndpoint *self)
{
    g_autofree char *address = ip_address_format (&self->address);
    return g_strdup_printf (self->address.family == IP_V6 ? "[%s]:%u" : "%s:%u", address,
                            self->port);
}

bool
ip_endpoint_equal (const IpEndpoint *a, const IpEndpoint *b)
{
    return a->port == b->port && ip_address_equal (&a->address, &b->address);
}
