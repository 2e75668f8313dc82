/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * JSON on a line, as others read it.
 */

#include "cli/json-line.h"

static void
members_come_in_order (void)
{
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    g_autoptr (GPtrArray) none = g_ptr_array_new ();
    g_ptr_array_add (names, (void *)"a.test");
    g_ptr_array_add (names, (void *)"b.test");
    JsonLine *object = json_line_begin ();
    json_line_add_string (object, "event", "status");
    json_line_add_string (object, "banner", NULL);
    json_line_add_number (object, "mtu", -1400);
    json_line_begin_object (object, "counters");
    json_line_add_number (object, "in", G_MAXINT64);
    json_line_add_number (object, "out", 0);
    json_line_end_object (object);
    json_line_add_truth (object, "kill_switch", true);
    json_line_add_truth (object, "nat", false);
    json_line_add_strings (object, "domains", names);
    json_line_add_strings (object, "none", none);
    g_autofree char *line = json_line_end (object);
    g_assert_cmpstr (line, ==,
                     "{\"event\":\"status\",\"mtu\":-1400,"
                     "\"counters\":{\"in\":9223372036854775807,\"out\":0},"
                     "\"kill_switch\":true,\"nat\":false,\"domains\":[\"a.test\",\"b.test\"],"
                     "\"none\":[]}");
}

static void
an_object_may_be_empty (void)
{
    g_autofree char *line = json_line_end (json_line_begin ());
    g_assert_cmpstr (line, ==, "{}");
}

/* Nothing in a text ends the text, the line, or the encoding. */
static void
text_is_escaped (void)
{
    static const struct
    {
        const char *text, *written;
    } rows[] = {
        { "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
        { "\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\"" },
        { "Z\xc3\xbcrich \xf0\x9f\x94\x91", "\"Z\xc3\xbcrich \xf0\x9f\x94\x91\"" },
        { "a\xff"
          "b",
          "\"a\xef\xbf\xbd"
          "b\"" },
        { "", "\"\"" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        JsonLine *object = json_line_begin ();
        json_line_add_string (object, "x", rows[i].text);
        g_autofree char *line = json_line_end (object);
        g_autofree char *expected = g_strdup_printf ("{\"x\":%s}", rows[i].written);
        g_assert_cmpstr (line, ==, expected);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/json/order", members_come_in_order);
    g_test_add_func ("/json/empty", an_object_may_be_empty);
    g_test_add_func ("/json/text", text_is_escaped);
    return g_test_run ();
}
