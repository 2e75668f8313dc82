/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/selector.h"

#include "errors.h"
#include "ike/limits.h"

enum
{
    TS_IPV4_ADDR_RANGE = 7,
    TS_IPV6_ADDR_RANGE = 8,
};

TrafficSelector
traffic_selector_any (IpFamily family)
{
    IpPrefix all = { .address = { .family = family } };
    return traffic_selector_of_prefix (&all);
}

TrafficSelector
traffic_selector_of_prefix (const IpPrefix *prefix)
{
    TrafficSelector self = { .last_port = UINT16_MAX };
    ip_prefix_get_range (prefix, &self.first, &self.last);
    return self;
}

bool
traffic_selector_equal (const TrafficSelector *a, const TrafficSelector *b)
{
    return traffic_selector_contains (a, b) && traffic_selector_contains (b, a);
}

bool
traffic_selector_contains (const TrafficSelector *self, const TrafficSelector *inner)
{
    return self->first.family == inner->first.family &&
           (self->protocol == 0 || self->protocol == inner->protocol) &&
           self->first_port <= inner->first_port && self->last_port >= inner->last_port &&
           ip_address_compare (&self->first, &inner->first) <= 0 &&
           ip_address_compare (&self->last, &inner->last) >= 0;
}

bool
traffic_selector_matches (const TrafficSelector *self, const IpAddress *address, uint8_t protocol,
                          bool has_port, uint16_t port)
{
    if (self->first.family != address->family ||
        (self->protocol != 0 && self->protocol != protocol))
        return false;
    bool any_port = self->first_port == 0 && self->last_port == UINT16_MAX;
    if (!any_port && (!has_port || port < self->first_port || port > self->last_port))
        return false;
    return ip_address_compare (&self->first, address) <= 0 &&
           ip_address_compare (&self->last, address) >= 0;
}

static const IpAddress *
later (const IpAddress *a, const IpAddress *b)
{
    return ip_address_compare (a, b) > 0 ? a : b;
}

static const IpAddress *
earlier (const IpAddress *a, const IpAddress *b)
{
    return ip_address_compare (a, b) < 0 ? a : b;
}

bool
traffic_selector_intersect (const TrafficSelector *a, const TrafficSelector *b,
                            TrafficSelector *ret_common)
{
    if (a->first.family != b->first.family ||
        (a->protocol != 0 && b->protocol != 0 && a->protocol != b->protocol))
        return false;
    TrafficSelector common = {
        .protocol = a->protocol != 0 ? a->protocol : b->protocol,
        .first_port = MAX (a->first_port, b->first_port),
        .last_port = MIN (a->last_port, b->last_port),
        .first = *later (&a->first, &b->first),
        .last = *earlier (&a->last, &b->last),
    };
    if (common.first_port > common.last_port ||
        ip_address_compare (&common.first, &common.last) > 0)
        return false;
    *ret_common = common;
    return true;
}

static const char *
protocol_name (uint8_t protocol)
{
    return protocol == 1 ? "icmp" : protocol == 6 ? "tcp" : protocol == 17 ? "udp" : NULL;
}

char *
traffic_selector_format (const TrafficSelector *self)
{
    GString *text = g_string_new (NULL);
    g_autoptr (GArray) prefixes = g_array_new (false, false, sizeof (IpPrefix));
    ip_range_to_prefixes (&self->first, &self->last, prefixes);
    if (prefixes->len == 1)
    {
        g_autofree char *prefix = ip_prefix_format (&g_array_index (prefixes, IpPrefix, 0));
        g_string_append (text, prefix);
    }
    else
    {
        g_autofree char *first = ip_address_format (&self->first);
        g_autofree char *last = ip_address_format (&self->last);
        g_string_append_printf (text, "%s-%s", first, last);
    }

    bool any_port = self->first_port == 0 && self->last_port == UINT16_MAX;
    if (self->protocol == 0 && any_port)
        return g_string_free (text, false);
    const char *name = protocol_name (self->protocol);
    if (name != NULL)
        g_string_append_printf (text, " %s", name);
    else
        g_string_append_printf (text, " %u", self->protocol);
    if (!any_port && self->first_port == self->last_port)
        g_string_append_printf (text, "/%u", self->first_port);
    else if (!any_port)
        g_string_append_printf (text, "/%u-%u", self->first_port, self->last_port);
    return g_string_free (text, false);
}

static bool
read_selector (ByteReader *reader, TrafficSelector *ret_selector, bool *ret_known)
{
    uint8_t type = byte_reader_u8 (reader);
    TrafficSelector selector = { .protocol = byte_reader_u8 (reader) };
    uint16_t length = byte_reader_u16 (reader);
    if (length < 8)
        byte_reader_fail (reader);
    ByteReader body = byte_reader_sub (reader, (size_t)length - 4);
    *ret_known = type == TS_IPV4_ADDR_RANGE || type == TS_IPV6_ADDR_RANGE;
    if (!*ret_known)
        return byte_reader_ok (&body);

    size_t size = type == TS_IPV4_ADDR_RANGE ? 4 : 16;
    selector.first_port = byte_reader_u16 (&body);
    selector.last_port = byte_reader_u16 (&body);
    selector.first = ip_address (byte_reader_take (&body, size));
    selector.last = ip_address (byte_reader_take (&body, size));
    if (!byte_reader_done (&body) || ip_address_compare (&selector.first, &selector.last) > 0)
        return false;

    /* 65535-0 is OPAQUE (ports unseen); no packet that we look at is. Any other reversed range is a fault. */
    if (selector.first_port > selector.last_port)
    {
        *ret_known = false;
        return selector.first_port == UINT16_MAX && selector.last_port == 0;
    }
    *ret_selector = selector;
    return true;
}

bool
traffic_selectors_read (ByteView body, GArray **ret_selectors, GError **error)
{
    ByteReader reader = byte_reader (body);
    unsigned count = byte_reader_u8 (&reader);
    byte_reader_take (&reader, 3);
    g_autoptr (GArray) selectors = g_array_new (false, false, sizeof (TrafficSelector));
    for (unsigned i = 0; i < count; i++)
    {
        TrafficSelector selector;
        bool known = false;
        if (!read_selector (&reader, &selector, &known))
        {
            byte_reader_fail (&reader);
            break;
        }
        if (known)
            g_array_append_val (selectors, selector);
    }
    if (!byte_reader_done (&reader) || count == 0)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a malformed TS payload");
        return false;
    }
    *ret_selectors = g_steal_pointer (&selectors);
    return true;
}

void
traffic_selectors_write (const GArray *selectors, ByteWriter *writer)
{
    g_return_if_fail (selectors->len <= IKE_SELECTORS_MAX);
    byte_writer_u8 (writer, (uint8_t)selectors->len);
    byte_writer_zeros (writer, 3);
    for (guint i = 0; i < selectors->len; i++)
    {
        const TrafficSelector *selector = &g_array_index (selectors, TrafficSelector, i);
        bool v4 = selector->first.family == IP_V4;
        byte_writer_u8 (writer, v4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
        byte_writer_u8 (writer, selector->protocol);
        byte_writer_u16 (writer, v4 ? 16 : 40);
        byte_writer_u16 (writer, selector->first_port);
        byte_writer_u16 (writer, selector->last_port);
        byte_writer_bytes (writer, ip_address_view (&selector->first));
        byte_writer_bytes (writer, ip_address_view (&selector->last));
    }
}
