/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Traffic selectors: what lies in what, what two share, how they read, and the TS payload.
 */

#include "errors.h"
#include "ike/selector.h"

#include "../support/hex.h"

/* "10.0.0.0-10.0.0.9 6 80 90", of a protocol and a range of ports. */
static TrafficSelector
make (const char *first, const char *last, uint8_t protocol, uint16_t first_port,
      uint16_t last_port)
{
    TrafficSelector self = { .protocol = protocol,
                             .first_port = first_port,
                             .last_port = last_port };
    g_assert_true (ip_address_parse (first, &self.first));
    g_assert_true (ip_address_parse (last, &self.last));
    return self;
}

static TrafficSelector
any_port (const char *first, const char *last)
{
    return make (first, last, 0, 0, UINT16_MAX);
}

static void
test_contains (void)
{
    TrafficSelector net = any_port ("10.0.0.0", "10.0.255.255");
    TrafficSelector host = any_port ("10.0.0.7", "10.0.0.7");
    TrafficSelector web = make ("10.0.0.7", "10.0.0.7", 6, 80, 80);
    TrafficSelector v6 = any_port ("fd00::", "fd00::ffff");
    TrafficSelector past = any_port ("10.0.255.255", "10.1.0.0");
    g_assert_true (traffic_selector_contains (&net, &net));
    g_assert_true (traffic_selector_contains (&net, &host));
    g_assert_true (traffic_selector_contains (&host, &web));
    g_assert_false (traffic_selector_contains (&web, &host));
    g_assert_false (traffic_selector_contains (&host, &net));
    g_assert_false (traffic_selector_contains (&net, &v6));
    g_assert_false (traffic_selector_contains (&net, &past));
    g_assert_true (traffic_selector_equal (&web, &web));
    g_assert_false (traffic_selector_equal (&net, &host));
}

static void
test_matches (void)
{
    TrafficSelector web = make ("10.0.0.0", "10.0.0.255", 6, 80, 443);
    TrafficSelector all = any_port ("10.0.0.0", "10.0.0.255");
    IpAddress in, out, v6;
    g_assert_true (ip_address_parse ("10.0.0.255", &in));
    g_assert_true (ip_address_parse ("10.0.1.0", &out));
    g_assert_true (ip_address_parse ("fd00::1", &v6));
    g_assert_true (traffic_selector_matches (&web, &in, 6, true, 80));
    g_assert_true (traffic_selector_matches (&web, &in, 6, true, 443));
    g_assert_false (traffic_selector_matches (&web, &in, 6, true, 444));
    g_assert_false (traffic_selector_matches (&web, &in, 17, true, 80));
    g_assert_false (traffic_selector_matches (&web, &in, 6, false, 0)); /* a fragment */
    g_assert_false (traffic_selector_matches (&web, &out, 6, true, 80));
    g_assert_true (traffic_selector_matches (&all, &in, 17, false, 0));
    g_assert_false (traffic_selector_matches (&all, &v6, 17, true, 0));
}

static void
test_intersect (void)
{
    TrafficSelector a = make ("10.0.0.0", "10.0.0.99", 0, 0, 1000);
    TrafficSelector b = make ("10.0.0.50", "10.0.1.0", 17, 500, 65535);
    TrafficSelector c = make ("10.0.0.50", "10.0.1.0", 6, 500, 65535);
    TrafficSelector ports = make ("10.0.0.0", "10.0.0.99", 0, 1001, 2000);
    TrafficSelector apart = any_port ("10.0.0.100", "10.0.0.200");
    TrafficSelector v6 = traffic_selector_any (IP_V6);
    TrafficSelector common;
    g_assert_true (traffic_selector_intersect (&a, &b, &common));
    TrafficSelector expected = make ("10.0.0.50", "10.0.0.99", 17, 500, 1000);
    g_assert_true (traffic_selector_equal (&common, &expected));
    common = expected;
    g_assert_false (traffic_selector_intersect (&b, &c, &common));
    g_assert_false (traffic_selector_intersect (&a, &ports, &common));
    g_assert_false (traffic_selector_intersect (&a, &apart, &common));
    g_assert_false (traffic_selector_intersect (&a, &v6, &common));
    g_assert_true (traffic_selector_equal (&common, &expected)); /* untouched */
}

static void
test_format (void)
{
    static const struct
    {
        const char *first, *last;
        uint8_t protocol;
        uint16_t first_port, last_port;
        const char *text;
    } rows[] = {
        { "0.0.0.0", "255.255.255.255", 0, 0, 65535, "0.0.0.0/0" },
        { "10.0.0.0", "10.255.255.255", 0, 0, 65535, "10.0.0.0/8" },
        { "10.0.0.1", "10.0.0.9", 6, 80, 80, "10.0.0.1-10.0.0.9 tcp/80" },
        { "10.0.0.1", "10.0.0.1", 17, 0, 65535, "10.0.0.1/32 udp" },
        { "10.0.0.1", "10.0.0.1", 17, 1, 5, "10.0.0.1/32 udp/1-5" },
        { "10.0.0.1", "10.0.0.1", 132, 0, 65535, "10.0.0.1/32 132" },
        { "fd00::", "fd00::ffff:ffff:ffff:ffff", 0, 0, 65535, "fd00::/64" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        TrafficSelector selector = make (rows[i].first, rows[i].last, rows[i].protocol,
                                         rows[i].first_port, rows[i].last_port);
        g_autofree char *text = traffic_selector_format (&selector);
        g_assert_cmpstr (text, ==, rows[i].text);
    }
}

/* ---- the payload ---- */

static void
test_write (void)
{
    g_autoptr (GArray) list = g_array_new (false, false, sizeof (TrafficSelector));
    TrafficSelector web = make ("10.0.0.1", "10.0.0.9", 6, 80, 443);
    TrafficSelector v6 = any_port ("fd00::", "fd00::ffff");
    g_array_append_val (list, web);
    g_array_append_val (list, v6);
    g_auto (ByteWriter) writer = BYTE_WRITER (1024);
    traffic_selectors_write (list, &writer);
    hex_assert_equal (byte_writer_view (&writer), "02000000"
                                                  "07060010005001bb0a0000010a000009"
                                                  "080000280000ffff"
                                                  "fd000000000000000000000000000000"
                                                  "fd00000000000000000000000000ffff");
    g_autoptr (GArray) read = NULL;
    g_assert_true (traffic_selectors_read (byte_writer_view (&writer), &read, NULL));
    g_assert_cmpuint (read->len, ==, 2);
    g_assert_true (traffic_selector_equal (&g_array_index (read, TrafficSelector, 0), &web));
    g_assert_true (traffic_selector_equal (&g_array_index (read, TrafficSelector, 1), &v6));
}

static void
test_read (void)
{
    static const struct
    {
        const char *body;
        int count; /* -1: malformed */
    } rows[] = {
        { "0100000007000010000affff0a0000000a0000ff", 1 },
        { "", -1 },
        { "01", -1 },
        { "00000000", -1 },
        { "01000000", -1 },
        { "0100000007000010000affff0a0000000a0000", -1 },     /* cut */
        { "0100000007000010000affff0a0000000a0000ff00", -1 }, /* something behind */
        { "0200000007000010000affff0a0000000a0000ff", -1 },   /* one too few */
        { "010000000700000f000affff0a0000000a0000", -1 },     /* length of no address */
        { "0100000008000010000affff0a0000000a0000ff", -1 },   /* IPv6 of IPv4's size */
        { "0100000007000004", -1 },
        { "0100000007000010000affff0a0000ff0a000000", -1 }, /* addresses reversed */
        { "0100000007000010001400100a0000000a0000ff", -1 }, /* ports reversed */
        { "0100000007000010ffff00000a0000000a0000ff", 0 },  /* OPAQUE: of no use */
        { "01000000090000080000ffff", 0 },                  /* a type that we do not know */
        { "02000000090000080000ffff070000100000ffff0a0000000a0000ff", 1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (GArray) list = NULL;
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) body = hex_decode (rows[i].body);
        bool ok = traffic_selectors_read (byte_view_of_bytes (body), &list, &error);
        g_assert_true (ok == (rows[i].count >= 0));
        if (ok)
            g_assert_cmpint ((int)list->len, ==, rows[i].count);
        else
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/selector/contains", test_contains);
    g_test_add_func ("/selector/matches", test_matches);
    g_test_add_func ("/selector/intersect", test_intersect);
    g_test_add_func ("/selector/format", test_format);
    g_test_add_func ("/selector/write", test_write);
    g_test_add_func ("/selector/read", test_read);
    return g_test_run ();
}
