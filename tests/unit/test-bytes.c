/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bytes/address.h"
#include "bytes/reader.h"
#include "bytes/secret.h"
#include "bytes/writer.h"

static void
reader_stops_at_the_end_and_stays_stopped (void)
{
    static const uint8_t input[] = { 1, 0x02, 0x03, 4, 5, 6, 7 };
    ByteReader reader = byte_reader (byte_view (input, sizeof input));
    g_assert_cmpuint (byte_reader_u8 (&reader), ==, 1);
    g_assert_cmpuint (byte_reader_u16 (&reader), ==, 0x0203);
    g_assert_cmpuint (byte_reader_left (&reader), ==, 4);
    g_assert_true (byte_reader_ok (&reader));
    g_assert_cmpuint (byte_reader_u64 (&reader), ==, 0);
    g_assert_false (byte_reader_ok (&reader));
    g_assert_cmpuint (byte_reader_u8 (&reader), ==, 0);
    g_assert_false (byte_reader_done (&reader));
}

static void
reader_refuses_a_length_that_lies (void)
{
    static const uint8_t input[] = { 1, 2, 3 };
    ByteReader reader = byte_reader (byte_view (input, sizeof input));
    ByteReader sub = byte_reader_sub (&reader, 4);
    g_assert_false (byte_reader_ok (&sub));
    g_assert_false (byte_reader_ok (&reader));

    reader = byte_reader (byte_view (input, sizeof input));
    g_assert_cmpuint (byte_reader_take (&reader, SIZE_MAX).size, ==, 0);
    g_assert_false (byte_reader_ok (&reader));
}

static void
writer_keeps_its_ceiling (void)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (8);
    size_t length = byte_writer_open_u16 (&writer);
    byte_writer_u32 (&writer, 0x01020304);
    byte_writer_close_u16 (&writer, length, 0);
    static const uint8_t expected[] = { 0, 6, 1, 2, 3, 4 };
    g_assert_true (byte_view_equal (byte_writer_view (&writer), byte_view (expected, 6)));
    byte_writer_u16 (&writer, 7);
    g_assert_true (byte_writer_ok (&writer));
    byte_writer_u8 (&writer, 0);
    g_assert_false (byte_writer_ok (&writer));
    g_assert_null (byte_writer_finish (&writer));
}

static void
secrets_compare_and_survive_a_full_heap (void)
{
    g_autoptr (GPtrArray) many =
        g_ptr_array_new_with_free_func ((GDestroyNotify)secret_bytes_unref);
    for (unsigned i = 0; i < 600; i++)
        g_ptr_array_add (many, secret_bytes_new_sized (1024));
    SecretBytes *last = many->pdata[599];
    g_assert_cmpuint (secret_bytes_size (last), ==, 1024);
    g_assert_true (secret_equal (secret_bytes_view (last), secret_bytes_view (many->pdata[0])));
    secret_bytes_data (last)[1023] = 1;
    g_assert_false (secret_equal (secret_bytes_view (last), secret_bytes_view (many->pdata[0])));
}

static void
addresses_parse_strictly (void)
{
    static const char *const bad[] = { "10.0.0",    "10.0.0.0/33", "::1/129",
                                       "10.0.0.1/", "1.2.3.4/-1",  "",
                                       "::g" };
    for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
        IpPrefix prefix;
        g_assert_false (ip_prefix_parse (bad[i], &prefix));
    }

    IpPrefix prefix;
    g_assert_true (ip_prefix_parse ("10.1.2.3/12", &prefix));
    IpPrefix masked = ip_prefix_masked (&prefix);
    g_autofree char *text = ip_prefix_format (&masked);
    g_assert_cmpstr (text, ==, "10.0.0.0/12");
    g_assert_true (ip_prefix_contains (&masked, &prefix.address));
}

static void
ranges_become_the_fewest_prefixes (void)
{
    static const struct
    {
        const char *first, *last, *prefixes;
    } cases[] = {
        { "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
        { "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
        { "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
        { "10.0.0.1", "10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32" },
        { "255.255.255.254", "255.255.255.255", "255.255.255.254/31" },
        { "10.0.0.2", "10.0.0.1", "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        IpAddress first, last;
        g_assert_true (ip_address_parse (cases[i].first, &first));
        g_assert_true (ip_address_parse (cases[i].last, &last));
        g_autoptr (GArray) prefixes = g_array_new (false, false, sizeof (IpPrefix));
        ip_range_to_prefixes (&first, &last, prefixes);
        g_autoptr (GString) text = g_string_new (NULL);
        for (guint p = 0; p < prefixes->len; p++)
        {
            g_autofree char *one = ip_prefix_format (&g_array_index (prefixes, IpPrefix, p));
            g_string_append_printf (text, "%s%s", p > 0 ? " " : "", one);
        }
        g_assert_cmpstr (text->str, ==, cases[i].prefixes);
    }

    g_autoptr (GArray) most = g_array_new (false, false, sizeof (IpPrefix));
    IpAddress first, last;
    ip_address_parse ("::1", &first);
    ip_address_parse ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", &last);
    ip_range_to_prefixes (&first, &last, most);
    g_assert_cmpuint (most->len, ==, 254);
}

static void
netmasks_have_no_holes (void)
{
    static const struct
    {
        const char *mask;
        int length;
    } cases[] = {
        { "255.255.255.0", 24 }, { "0.0.0.0", 0 }, { "255.255.255.255", 32 }, { "255.0.255.0", -1 }
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        IpAddress mask;
        g_assert_true (ip_address_parse (cases[i].mask, &mask));
        g_assert_cmpint (ip_address_get_mask_length (&mask), ==, cases[i].length);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/bytes/reader/end", reader_stops_at_the_end_and_stays_stopped);
    g_test_add_func ("/bytes/reader/length", reader_refuses_a_length_that_lies);
    g_test_add_func ("/bytes/writer/ceiling", writer_keeps_its_ceiling);
    g_test_add_func ("/bytes/secret/heap", secrets_compare_and_survive_a_full_heap);
    g_test_add_func ("/bytes/address/parse", addresses_parse_strictly);
    g_test_add_func ("/bytes/address/range", ranges_become_the_fewest_prefixes);
    g_test_add_func ("/bytes/address/mask", netmasks_have_no_holes);
    return g_test_run ();
}
