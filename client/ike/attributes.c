/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/attributes.h"

#include "bytes/reader.h"
#include "errors.h"
#include "ike/limits.h"
#include "ike/protocol.h"

static const CpAttribute requested[] = {
    CP_INTERNAL_IP4_ADDRESS, CP_INTERNAL_IP6_ADDRESS, CP_INTERNAL_IP4_NETMASK,
    CP_INTERNAL_IP4_DNS,     CP_INTERNAL_IP6_DNS,     CP_INTERNAL_IP4_SUBNET,
    CP_INTERNAL_IP6_SUBNET,  CP_INTERNAL_DNS_DOMAIN,  CP_UNITY_SPLIT_INCLUDE,
    CP_UNITY_DEFAULT_DOMAIN, CP_UNITY_SPLIT_DNS,      CP_UNITY_BANNER,
};

IkeGrant *
ike_grant_new (void)
{
    IkeGrant *self = g_new0 (IkeGrant, 1);
    self->addresses = g_array_new (false, false, sizeof (IpPrefix));
    self->dns = g_array_new (false, false, sizeof (IpAddress));
    self->domains = g_ptr_array_new_with_free_func (g_free);
    self->subnets = g_array_new (false, false, sizeof (IpPrefix));
    return self;
}

static gpointer
copy_string (gconstpointer text, gpointer unused)
{
    return g_strdup (text);
}

IkeGrant *
ike_grant_copy (const IkeGrant *self)
{
    IkeGrant *copy = g_new0 (IkeGrant, 1);
    copy->addresses = g_array_copy (self->addresses);
    copy->dns = g_array_copy (self->dns);
    copy->domains = g_ptr_array_copy (self->domains, copy_string, NULL);
    copy->default_domain = g_strdup (self->default_domain);
    copy->subnets = g_array_copy (self->subnets);
    copy->banner = g_strdup (self->banner);
    return copy;
}

void
ike_grant_free (IkeGrant *self)
{
    if (self == NULL)
        return;
    g_array_unref (self->addresses);
    g_array_unref (self->dns);
    g_ptr_array_unref (self->domains);
    g_free (self->default_domain);
    g_array_unref (self->subnets);
    g_free (self->banner);
    g_free (self);
}

void
ike_grant_write_request (ByteWriter *writer)
{
    byte_writer_u8 (writer, CP_TYPE_REQUEST);
    byte_writer_zeros (writer, 3);
    for (size_t i = 0; i < G_N_ELEMENTS (requested); i++)
    {
        byte_writer_u16 (writer, (uint16_t)requested[i]);
        byte_writer_u16 (writer, 0);
    }
}

static bool
address_is_usable (const IpAddress *address)
{
    static const uint8_t zeros[16] = { 0 };
    bool multicast =
        address->family == IP_V4 ? address->octets[0] >= 224 : address->octets[0] == 0xff;
    bool loopback = address->family == IP_V4
                        ? address->octets[0] == 127
                        : memcmp (address->octets, zeros, 15) == 0 && address->octets[15] == 1;
    return memcmp (address->octets, zeros, ip_family_size (address->family)) != 0 && !multicast &&
           !loopback;
}

static void
grant_add_address (IkeGrant *self, ByteView octets, uint8_t length)
{
    IpPrefix prefix = { ip_address (octets), length };
    if (prefix.length > ip_family_size (prefix.address.family) * 8 ||
        !address_is_usable (&prefix.address) || self->addresses->len >= IKE_GRANT_ADDRESSES_MAX)
        return;
    for (guint i = 0; i < self->addresses->len; i++)
        if (ip_address_equal (&g_array_index (self->addresses, IpPrefix, i).address,
                              &prefix.address))
            return;
    g_array_append_val (self->addresses, prefix);
}

/* The netmask of an IPv4 pool: it goes with the last IPv4 address before it that has none. */
static void
grant_add_netmask (IkeGrant *self, ByteView octets)
{
    IpAddress mask = ip_address (octets);
    int length = ip_address_get_mask_length (&mask);
    for (guint i = self->addresses->len; length > 0 && i-- > 0;)
    {
        IpPrefix *prefix = &g_array_index (self->addresses, IpPrefix, i);
        if (prefix->address.family != IP_V4)
            continue;
        prefix->length = (uint8_t)length;
        return;
    }
}

static void
grant_add_dns (IkeGrant *self, ByteView octets)
{
    IpAddress address = ip_address (octets);
    if (!address_is_usable (&address) || self->dns->len >= IKE_GRANT_DNS_MAX)
        return;
    for (guint i = 0; i < self->dns->len; i++)
        if (ip_address_equal (&g_array_index (self->dns, IpAddress, i), &address))
            return;
    g_array_append_val (self->dns, address);
}

static void
grant_add_subnet (IkeGrant *self, const IpAddress *address, int length)
{
    if (length < 0 || self->subnets->len >= IKE_GRANT_SUBNETS_MAX)
        return;
    IpPrefix prefix = { *address, (uint8_t)length };
    prefix = ip_prefix_masked (&prefix);
    g_array_append_val (self->subnets, prefix);
}

/* Address and mask, 8 octets, as attribute 13 and each entry of Unity's list have it. */
static void
grant_add_masked_subnet (IkeGrant *self, ByteReader *reader)
{
    IpAddress address = ip_address (byte_reader_take (reader, 4));
    IpAddress mask = ip_address (byte_reader_take (reader, 4));
    if (byte_reader_ok (reader))
        grant_add_subnet (self, &address, ip_address_get_mask_length (&mask));
}

/* Unity's split-include: entries of address, mask and six octets of ports that nobody fills. */
static void
grant_add_split_include (IkeGrant *self, ByteView value)
{
    size_t entry = value.size % 14 == 0 ? 14 : 8;
    if (value.size % entry != 0)
        return;
    for (size_t at = 0; at + entry <= value.size; at += entry)
    {
        ByteReader reader = byte_reader (byte_view (value.data + at, entry));
        grant_add_masked_subnet (self, &reader);
    }
}

/* A host name as DNS has it, without its final dot; NULL for anything else. */
static char *
read_domain (ByteView value)
{
    size_t size = value.size;
    while (size > 0 && (value.data[size - 1] == '.' || value.data[size - 1] == '\0'))
        size--;
    if (size == 0 || size > 253)
        return NULL;
    size_t label = 0;
    for (size_t i = 0; i < size; i++)
    {
        char c = (char)value.data[i];
        if (c == '.' ? label == 0 : !(g_ascii_isalnum (c) || c == '-' || c == '_') || label >= 63)
            return NULL;
        label = c == '.' ? 0 : label + 1;
    }
    g_autofree char *text = g_strndup ((const char *)value.data, size);
    return g_ascii_strdown (text, -1);
}

static void
grant_add_domain (IkeGrant *self, ByteView value)
{
    g_autofree char *domain = read_domain (value);
    if (domain != NULL && self->domains->len < IKE_GRANT_DOMAINS_MAX &&
        !g_ptr_array_find_with_equal_func (self->domains, domain, g_str_equal, NULL))
        g_ptr_array_add (self->domains, g_steal_pointer (&domain));
}

/* Unity's split DNS: names separated by commas or blanks. */
static void
grant_add_domain_list (IkeGrant *self, ByteView value)
{
    size_t start = 0;
    for (size_t i = 0; i <= value.size; i++)
    {
        if (i < value.size && value.data[i] != ',' && value.data[i] != ' ')
            continue;
        if (i > start)
            grant_add_domain (self, byte_view (value.data + start, i - start));
        start = i + 1;
    }
}

static void
grant_set_default_domain (IkeGrant *self, ByteView value)
{
    char *domain = read_domain (value);
    if (domain == NULL)
        return;
    g_free (self->default_domain);
    self->default_domain = domain;
    grant_add_domain (self, value);
}

/* Text for people: valid UTF-8, control characters but newlines taken out. */
static void
grant_set_banner (IkeGrant *self, ByteView value)
{
    size_t size = MIN (value.size, (size_t)IKE_GRANT_BANNER_MAX);
    g_autofree char *valid = g_utf8_make_valid ((const char *)value.data, (gssize)size);
    GString *text = g_string_new (NULL);
    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
        gunichar c = g_utf8_get_char (at);
        if (c == '\n' || !(g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT))
            g_string_append_unichar (text, c);
    }
    g_free (self->banner);
    self->banner = g_string_free (text, false);
}

static void
grant_add_prefix6 (IkeGrant *self, ByteView value, bool subnet)
{
    ByteReader reader = byte_reader (value);
    ByteView octets = byte_reader_take (&reader, 16);
    uint8_t length = byte_reader_left (&reader) > 0 ? byte_reader_u8 (&reader) : 128;
    if (!byte_reader_done (&reader) || length > 128)
        return;
    if (!subnet)
    {
        grant_add_address (self, octets, length);
        return;
    }
    IpAddress address = ip_address (octets);
    grant_add_subnet (self, &address, length);
}

static void
grant_read_attribute (IkeGrant *self, uint16_t type, ByteView value)
{
    if (value.size == 0)
        return;
    switch (type)
    {
    case CP_INTERNAL_IP4_ADDRESS:
        if (value.size == 4)
            grant_add_address (self, value, 32);
        break;
    case CP_INTERNAL_IP4_NETMASK:
        if (value.size == 4)
            grant_add_netmask (self, value);
        break;
    case CP_INTERNAL_IP4_DNS:
        if (value.size == 4)
            grant_add_dns (self, value);
        break;
    case CP_INTERNAL_IP6_DNS:
        if (value.size == 16)
            grant_add_dns (self, value);
        break;
    case CP_INTERNAL_IP6_ADDRESS:
        grant_add_prefix6 (self, value, false);
        break;
    case CP_INTERNAL_IP6_SUBNET:
        grant_add_prefix6 (self, value, true);
        break;
    case CP_INTERNAL_IP4_SUBNET:
        if (value.size == 8)
        {
            ByteReader reader = byte_reader (value);
            grant_add_masked_subnet (self, &reader);
        }
        break;
    case CP_INTERNAL_DNS_DOMAIN:
        grant_add_domain (self, value);
        break;
    case CP_UNITY_DEFAULT_DOMAIN:
        grant_set_default_domain (self, value);
        break;
    case CP_UNITY_SPLIT_DNS:
        grant_add_domain_list (self, value);
        break;
    case CP_UNITY_SPLIT_INCLUDE:
        grant_add_split_include (self, value);
        break;
    case CP_UNITY_BANNER:
        grant_set_banner (self, value);
        break;
    default:
        break; /* a foreign number: RFC 7296 3.15.1 says to ignore it */
    }
}

bool
ike_grant_read_reply (ByteView body, IkeGrant **ret_grant, GError **error)
{
    g_autoptr (IkeGrant) grant = ike_grant_new ();
    ByteReader reader = byte_reader (body);
    uint8_t type = byte_reader_u8 (&reader);
    byte_reader_take (&reader, 3);
    for (unsigned n = 0; byte_reader_left (&reader) > 0; n++)
    {
        uint16_t attribute = byte_reader_u16 (&reader) & 0x7fff;
        uint16_t length = byte_reader_u16 (&reader);
        ByteView value = byte_reader_take (&reader, length);
        if (n >= IKE_CP_ATTRIBUTES_MAX)
            byte_reader_fail (&reader);
        if (byte_reader_ok (&reader))
            grant_read_attribute (grant, attribute, value);
    }
    if (!byte_reader_done (&reader) || type != CP_TYPE_REPLY)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a malformed configuration payload");
        return false;
    }
    *ret_grant = g_steal_pointer (&grant);
    return true;
}
