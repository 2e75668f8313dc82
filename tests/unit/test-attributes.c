/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The configuration payload: each attribute as gateways send it, malformed ones, and the limits.
 */

#include "errors.h"
#include "ike/attributes.h"
#include "ike/limits.h"

#include "../support/hex.h"

static IkeGrant *
read_reply (const char *attributes)
{
    g_autoptr (GError) error = NULL;
    g_autofree char *text = g_strconcat ("02000000", attributes, NULL);
    g_autoptr (GBytes) body = hex_decode (text);
    IkeGrant *grant = NULL;
    ike_grant_read_reply (byte_view_of_bytes (body), &grant, &error);
    g_assert_no_error (error);
    return grant;
}

/* "10.0.0.1/32 fd00::1/64": addresses, then "|", DNS, "|", subnets, "|", domains. */
static char *
describe (const IkeGrant *grant)
{
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < grant->addresses->len; i++)
    {
        g_autofree char *prefix = ip_prefix_format (&g_array_index (grant->addresses, IpPrefix, i));
        g_string_append_printf (text, "%s ", prefix);
    }
    g_string_append (text, "|");
    for (guint i = 0; i < grant->dns->len; i++)
    {
        g_autofree char *address = ip_address_format (&g_array_index (grant->dns, IpAddress, i));
        g_string_append_printf (text, " %s", address);
    }
    g_string_append (text, " |");
    for (guint i = 0; i < grant->subnets->len; i++)
    {
        g_autofree char *prefix = ip_prefix_format (&g_array_index (grant->subnets, IpPrefix, i));
        g_string_append_printf (text, " %s", prefix);
    }
    g_string_append (text, " |");
    for (guint i = 0; i < grant->domains->len; i++)
        g_string_append_printf (text, " %s", (const char *)grant->domains->pdata[i]);
    return g_string_free (text, false);
}

static const struct
{
    const char *attributes;
    const char *grant;
} rows[] = {
    { "", "| | |" },
    /* addresses */
    { "000100040a630002", "10.99.0.2/32 | | |" },
    { "000100040a63000200020004ffffff00", "10.99.0.2/24 | | |" },
    { "000100040a63000200020004ff00ff00", "10.99.0.2/32 | | |" }, /* a mask with a hole */
    { "00020004ffffff00", "| | |" },
    { "000100040a630002000100040a630003", "10.99.0.2/32 10.99.0.3/32 | | |" },
    { "000100040a630002000100040a630002", "10.99.0.2/32 | | |" },
    { "00010000", "| | |" },
    { "000100030a6300", "| | |" },
    { "000100050a63000200", "| | |" },
    { "0001000400000000", "| | |" },
    { "000100047f000001", "| | |" },
    { "00010004e0000001", "| | |" },
    { "00010004ffffffff", "| | |" },
    { "800100040a630002", "10.99.0.2/32 | | |" }, /* the reserved bit */
    { "00080011fd00000000000000000000000000000240", "fd00::2/64 | | |" },
    { "00080010fd000000000000000000000000000002", "fd00::2/128 | | |" },
    { "00080011fd00000000000000000000000000000281", "| | |" },
    { "000800110000000000000000000000000000000140", "| | |" },
    { "00080011ff02000000000000000000000000000140", "| | |" },
    /* DNS */
    { "000300040a4d0035000300040a4d0035000300040a4d0036", "| 10.77.0.53 10.77.0.54 | |" },
    { "000a0010fd000000000000000000000000000035", "| fd00::35 | |" },
    { "000300100a4d0035000000000000000000000000", "| | |" },
    { "000a00040a4d0035", "| | |" },
    { "0003000400000000", "| | |" },
    /* subnets */
    { "000d00080a4d0000ffff0000", "| | 10.77.0.0/16 |" },
    { "000d00080a4d0007ffff0000", "| | 10.77.0.0/16 |" },
    { "000d00080000000000000000", "| | 0.0.0.0/0 |" },
    { "000d00080a4d0000ff00ff00", "| | |" },
    { "000d00040a4d0000", "| | |" },
    { "000f0011fd00000000000000000000000000000140", "| | fd00::/64 |" },
    { "000f0011fd00000000000000000000000000000181", "| | |" },
    /* Unity's split-include, with six octets of ports or without */
    { "7004000e0a4d0000ffff0000000000000000", "| | 10.77.0.0/16 |" },
    { "700400100a4d0000ffff0000ac100000fff00000", "| | 10.77.0.0/16 172.16.0.0/12 |" },
    { "700400070a4d0000ffff00", "| | |" },
    /* domains: 25, Unity 28674 (default), 28675 (list) */
    { "00190004612e622e", "| | | a.b" },
    { "00190004412e4200", "| | | a.b" },
    { "001900036a6f65001900036a6f65", "| | | joe" },
    { "001900012e", "| | |" },
    { "00190003612062", "| | |" },
    { "00190003610a62", "| | |" },
    { "00190004612e2e62", "| | |" },
    { "700200036a6f65", "| | | joe" },
    { "70030007612c622c2c2063", "| | | a b c" },
    /* unknown ones are passed over */
    { "752f0003010203000100040a630002", "10.99.0.2/32 | | |" },
};

static void
test_attributes (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (IkeGrant) grant = read_reply (rows[i].attributes);
        g_autofree char *text = describe (grant);
        g_assert_cmpstr (text, ==, rows[i].grant);
    }
}

static void
test_default_domain (void)
{
    g_autoptr (IkeGrant) grant = read_reply ("7002000b4578616d706c652e4f7267"
                                             "001900036a6f65");
    g_assert_cmpstr (grant->default_domain, ==, "example.org");
    g_assert_cmpuint (grant->domains->len, ==, 2);
    g_autoptr (IkeGrant) copy = ike_grant_copy (grant);
    g_assert_cmpstr (copy->default_domain, ==, "example.org");
    g_assert_cmpstr (copy->domains->pdata[1], ==, "joe");
}

/* "Hi\r\n\x1b[31m\xffZürich": text for people, nothing that a terminal obeys. */
static void
test_banner (void)
{
    g_autoptr (IkeGrant) grant = read_reply ("7000001148690d0a1b5b33316dff5ac3bc72696368");
    g_assert_cmpstr (grant->banner, ==, "Hi\n[31m\xef\xbf\xbdZürich");
}

static void
test_malformed (void)
{
    static const char *const bodies[] = {
        "",
        "02",
        "020000",
        "01000000",
        "03000000",
        "04000000000100040a630002",
        "0200000000",
        "02000000000100",
        "020000000001000a0a630002",
        "02000000000100040a63000200",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
        g_autoptr (GError) error = NULL;
        g_autoptr (IkeGrant) grant = NULL;
        g_autoptr (GBytes) body = hex_decode (bodies[i]);
        g_assert_false (ike_grant_read_reply (byte_view_of_bytes (body), &grant, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
        g_assert_null (grant);
    }
}

/* So many of each that every limit is passed; the first ones count. */
static void
test_limits (void)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    byte_writer_u32 (&writer, 0x02000000);
    for (uint32_t i = 0; i < 2000; i++)
    {
        g_autofree char *domain = g_strdup_printf ("d%04u", i);
        byte_writer_u32 (&writer, (1 << 16) | 4);
        byte_writer_u32 (&writer, 0x0a000001 + i);
        byte_writer_u32 (&writer, (3 << 16) | 4);
        byte_writer_u32 (&writer, 0x0a000001 + i);
        byte_writer_u32 (&writer, (25 << 16) | 5);
        byte_writer_bytes (&writer, byte_view_of_string (domain));
    }
    g_autoptr (IkeGrant) grant = NULL;
    g_assert_true (ike_grant_read_reply (byte_writer_view (&writer), &grant, NULL));
    g_assert_cmpuint (grant->addresses->len, ==, IKE_GRANT_ADDRESSES_MAX);
    g_assert_cmpuint (grant->dns->len, ==, IKE_GRANT_DNS_MAX);
    g_assert_cmpuint (grant->domains->len, ==, IKE_GRANT_DOMAINS_MAX);
    g_assert_cmpstr (grant->domains->pdata[0], ==, "d0000");
}

static void
test_too_many_attributes (void)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    byte_writer_u32 (&writer, 0x02000000);
    for (unsigned i = 0; i < IKE_CP_ATTRIBUTES_MAX; i++)
        byte_writer_u32 (&writer, 0x752f0000);
    g_autoptr (IkeGrant) grant = NULL;
    g_assert_true (ike_grant_read_reply (byte_writer_view (&writer), &grant, NULL));
    byte_writer_u32 (&writer, 0x752f0000);
    g_autoptr (IkeGrant) more = NULL;
    g_assert_false (ike_grant_read_reply (byte_writer_view (&writer), &more, NULL));
}

/* Names as long as DNS allows, and one octet longer. */
static void
test_domain_sizes (void)
{
    static const struct
    {
        unsigned label, total;
        bool good;
    } sizes[] = { { 63, 63, true }, { 64, 64, false }, { 63, 253, true }, { 63, 254, false } };
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
        g_auto (ByteWriter) writer = BYTE_WRITER (1024);
        byte_writer_u32 (&writer, 0x02000000);
        byte_writer_u32 (&writer, (25U << 16) | sizes[i].total);
        for (unsigned at = 0; at < sizes[i].total; at++)
            byte_writer_u8 (&writer, (at + 1) % (sizes[i].label + 1) == 0 ? '.' : 'a');
        g_autoptr (IkeGrant) grant = NULL;
        g_assert_true (ike_grant_read_reply (byte_writer_view (&writer), &grant, NULL));
        g_assert_cmpuint (grant->domains->len, ==, sizes[i].good);
    }
}

/* An empty attribute each, as RFC 7296 3.15.1 has it; among them all that we read. */
static void
test_request (void)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (1024);
    ike_grant_write_request (&writer);
    g_autofree char *text = hex_encode (byte_writer_view (&writer));
    g_assert_true (g_str_has_prefix (text, "01000000"));
    static const char *const wanted[] = { "00010000", "00080000", "00030000", "000a0000",
                                          "000d0000", "000f0000", "00190000", "70040000" };
    for (size_t i = 0; i < G_N_ELEMENTS (wanted); i++)
        g_assert_nonnull (strstr (text, wanted[i]));
    g_assert_cmpuint (strlen (text) % 8, ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/attributes/each", test_attributes);
    g_test_add_func ("/attributes/default-domain", test_default_domain);
    g_test_add_func ("/attributes/banner", test_banner);
    g_test_add_func ("/attributes/malformed", test_malformed);
    g_test_add_func ("/attributes/limits", test_limits);
    g_test_add_func ("/attributes/too-many", test_too_many_attributes);
    g_test_add_func ("/attributes/domain-sizes", test_domain_sizes);
    g_test_add_func ("/attributes/request", test_request);
    return g_test_run ();
}
