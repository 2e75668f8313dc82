/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-selectors.h"
#include "errors.h"

/* A traffic selector as a test writes it: a prefix or a range, a protocol, ports. */
static void
add (GArray *selectors, const char *first, const char *last, uint8_t protocol, uint16_t first_port,
     uint16_t last_port)
{
    TrafficSelector selector = {
        .protocol = protocol,
        .first_port = first_port,
        .last_port = last_port,
    };
    g_assert_true (ip_address_parse (first, &selector.first));
    g_assert_true (ip_address_parse (last, &selector.last));
    g_array_append_val (selectors, selector);
}

static GArray *
new_selectors (void)
{
    return g_array_new (false, false, sizeof (TrafficSelector));
}

static char *
format (const XfrmSelector *selector)
{
    g_autofree char *source = ip_prefix_format (&selector->source);
    g_autofree char *destination = ip_prefix_format (&selector->destination);
    return g_strdup_printf ("%s>%s %u %u/%04x>%u/%04x", source, destination, selector->protocol,
                            selector->source_port, selector->source_mask,
                            selector->destination_port, selector->destination_mask);
}

static void
assert_selectors (const GArray *local, const GArray *remote, const char *const *expected)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GArray) found = xfrm_selectors_new (local, remote, &error);
    g_assert_no_error (error);
    guint i = 0;
    for (; expected[i] != NULL; i++)
    {
        g_assert_cmpuint (i, <, found->len);
        g_autofree char *text = format (&g_array_index (found, XfrmSelector, i));
        g_assert_cmpstr (text, ==, expected[i]);
    }
    g_assert_cmpuint (found->len, ==, i);
}

static void
each_pair_once (void)
{
    g_autoptr (GArray) local = new_selectors ();
    g_autoptr (GArray) remote = new_selectors ();
    add (local, "10.9.0.1", "10.9.0.1", 0, 0, 65535);
    add (local, "fd00:9::1", "fd00:9::1", 0, 0, 65535);
    add (remote, "10.77.0.0", "10.77.0.255", 0, 0, 65535);
    add (remote, "10.78.0.1", "10.78.0.2", 0, 0, 65535);
    add (remote, "10.77.0.0", "10.77.0.255", 0, 0, 65535);
    add (remote, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, 65535);
    assert_selectors (local, remote,
                      (const char *const[]){
                          "10.9.0.1/32>10.77.0.0/24 0 0/0000>0/0000",
                          "10.9.0.1/32>10.78.0.1/32 0 0/0000>0/0000",
                          "10.9.0.1/32>10.78.0.2/32 0 0/0000>0/0000",
                          "fd00:9::1/128>::/0 0 0/0000>0/0000",
                          NULL,
                      });
}

static void
protocols_and_ports (void)
{
    g_autoptr (GArray) local = new_selectors ();
    g_autoptr (GArray) remote = new_selectors ();
    add (local, "10.9.0.1", "10.9.0.1", 0, 0, 65535);
    add (local, "10.9.0.1", "10.9.0.1", 17, 0, 65535);
    add (remote, "10.77.0.2", "10.77.0.2", 6, 443, 443);
    add (remote, "10.77.0.2", "10.77.0.2", 6, 1022, 1025);
    assert_selectors (local, remote,
                      (const char *const[]){
                          "10.9.0.1/32>10.77.0.2/32 6 0/0000>443/ffff",
                          "10.9.0.1/32>10.77.0.2/32 6 0/0000>1022/fffe",
                          "10.9.0.1/32>10.77.0.2/32 6 0/0000>1024/fffe",
                          NULL,
                      });
}

/* Every port is in one block if it is in the range, in none otherwise. */
static void
port_ranges_are_exact (void)
{
    static const uint16_t ranges[][2] = {
        { 0, 0 },        { 0, 1 },         { 1, 65535 },   { 0, 65534 }, { 1, 65534 },
        { 1024, 65535 }, { 65535, 65535 }, { 5060, 5061 }, { 137, 139 },
    };
    for (size_t r = 0; r < G_N_ELEMENTS (ranges); r++)
    {
        g_autoptr (GArray) local = new_selectors ();
        g_autoptr (GArray) remote = new_selectors ();
        add (local, "10.9.0.1", "10.9.0.1", 17, 0, 65535);
        add (remote, "10.77.0.2", "10.77.0.2", 17, ranges[r][0], ranges[r][1]);
        g_autoptr (GArray) found = xfrm_selectors_new (local, remote, NULL);
        g_assert_nonnull (found);
        g_assert_cmpuint (found->len, <=, 30);
        for (unsigned port = 0; port <= UINT16_MAX; port++)
        {
            unsigned hits = 0;
            for (guint i = 0; i < found->len; i++)
            {
                const XfrmSelector *selector = &g_array_index (found, XfrmSelector, i);
                hits += ((port ^ selector->destination_port) & selector->destination_mask) == 0;
            }
            g_assert_cmpuint (hits, ==, port >= ranges[r][0] && port <= ranges[r][1] ? 1 : 0);
        }
    }
}

/* Type and code, from either side. */
static void
icmp (void)
{
    g_autoptr (GArray) local = new_selectors ();
    g_autoptr (GArray) remote = new_selectors ();
    add (local, "10.9.0.1", "10.9.0.1", 1, 0, 65535);
    add (remote, "10.77.0.2", "10.77.0.2", 1, 0x0800, 0x0800);
    add (remote, "10.77.0.2", "10.77.0.2", 1, 0x0300, 0x03ff);
    assert_selectors (local, remote,
                      (const char *const[]){
                          "10.9.0.1/32>10.77.0.2/32 1 8/ffff>0/ffff",
                          "10.9.0.1/32>10.77.0.2/32 1 3/ffff>0/0000",
                          NULL,
                      });
    g_autoptr (GArray) found = xfrm_selectors_new (local, remote, NULL);
    XfrmSelector back = xfrm_selector_turn (&g_array_index (found, XfrmSelector, 0));
    g_autofree char *text = format (&back);
    g_assert_cmpstr (text, ==, "10.77.0.2/32>10.9.0.1/32 1 8/ffff>0/ffff");
}

static void
the_way_back (void)
{
    g_autoptr (GArray) local = new_selectors ();
    g_autoptr (GArray) remote = new_selectors ();
    add (local, "10.9.0.1", "10.9.0.1", 6, 1000, 1000);
    add (remote, "10.77.0.2", "10.77.0.2", 6, 443, 443);
    g_autoptr (GArray) found = xfrm_selectors_new (local, remote, NULL);
    const XfrmSelector *out = &g_array_index (found, XfrmSelector, 0);
    XfrmSelector back = xfrm_selector_turn (out);
    g_autofree char *text = format (&back);
    g_assert_cmpstr (text, ==, "10.77.0.2/32>10.9.0.1/32 6 443/ffff>1000/ffff");
    g_assert_false (xfrm_selector_equal (out, &back));
    back = xfrm_selector_turn (&back);
    g_assert_true (xfrm_selector_equal (out, &back));
}

static void
what_cannot_be (void)
{
    g_autoptr (GArray) local = new_selectors ();
    g_autoptr (GArray) remote = new_selectors ();
    g_autoptr (GError) error = NULL;
    add (local, "10.9.0.1", "10.9.0.1", 0, 0, 65535);
    add (remote, "fd00::1", "fd00::1", 0, 0, 65535);
    g_assert_null (xfrm_selectors_new (local, remote, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_clear_error (&error);

    /* 30 x 30 port blocks a pair of addresses: too many soon. */
    g_array_set_size (local, 0);
    g_array_set_size (remote, 0);
    add (local, "10.9.0.1", "10.9.0.6", 17, 1, 65534);
    add (remote, "10.77.0.1", "10.77.0.6", 17, 1, 65534);
    g_assert_null (xfrm_selectors_new (local, remote, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
}

static XfrmSelector
make (const char *source, const char *destination, uint8_t protocol, uint16_t mask)
{
    XfrmSelector selector = { .protocol = protocol, .destination_mask = mask };
    g_assert_true (ip_prefix_parse (source, &selector.source));
    g_assert_true (ip_prefix_parse (destination, &selector.destination));
    return selector;
}

static void
the_narrower_counts_more (void)
{
    const XfrmSelector order[] = {
        make ("fd00::1/128", "fd00::2/128", 6, UINT16_MAX),
        make ("fd00::1/128", "fd00::2/128", 0, 0),
        make ("fd00::1/128", "::/0", 0, 0),
        make ("10.9.0.1/32", "10.77.0.2/32", 6, UINT16_MAX),
        make ("10.9.0.1/32", "10.77.0.2/32", 6, 0),
        make ("10.9.0.1/32", "10.77.0.2/32", 0, 0),
        make ("10.9.0.1/32", "10.77.0.0/31", 6, UINT16_MAX),
        make ("10.9.0.1/32", "0.0.0.0/0", 0, 0),
        make ("0.0.0.0/0", "0.0.0.0/0", 0, 0),
    };
    uint32_t before = 0;
    for (size_t i = 0; i < G_N_ELEMENTS (order); i++)
    {
        uint32_t priority = xfrm_selector_get_priority (&order[i]);
        g_assert_cmpuint (priority, >, before);
        before = priority;
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/xfrm-selectors/pairs", each_pair_once);
    g_test_add_func ("/xfrm-selectors/ports", protocols_and_ports);
    g_test_add_func ("/xfrm-selectors/port-ranges", port_ranges_are_exact);
    g_test_add_func ("/xfrm-selectors/icmp", icmp);
    g_test_add_func ("/xfrm-selectors/way-back", the_way_back);
    g_test_add_func ("/xfrm-selectors/impossible", what_cannot_be);
    g_test_add_func ("/xfrm-selectors/priority", the_narrower_counts_more);
    return g_test_run ();
}
