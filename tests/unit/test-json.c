/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * JSON on a line: what is written, and what is read of what another process wrote.
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
    g_autoptr (GVariant) read = json_line_read (line);
    g_assert_cmpstr (line, ==, "{}");
    g_assert_nonnull (read);
    g_assert_cmpuint (g_variant_n_children (read), ==, 0);
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
        { "\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"" },
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

        g_autoptr (GVariant) read = json_line_read (line);
        g_autofree char *valid = g_utf8_make_valid (rows[i].text, -1);
        const char *text = NULL;
        g_assert_nonnull (read);
        g_assert_true (g_variant_lookup (read, "x", "&s", &text));
        g_assert_cmpstr (text, ==, valid);
    }
}

/* GVariant's text form of what was read. */
static void
lines_are_read (void)
{
    static const struct
    {
        const char *line, *read;
    } rows[] = {
        { "{}", "@a{sv} {}" },
        { " { \"a\" : 1 , \"b\" : [ ] } ", "{'a': <int64 1>, 'b': <@av []>}" },
        { "{\"n\":-9223372036854775808,\"m\":0}",
          "{'n': <int64 -9223372036854775808>, 'm': <int64 0>}" },
        { "{\"t\":true,\"f\":false,\"n\":null}", "{'t': <true>, 'f': <false>}" },
        { "{\"l\":[\"a\",1,[null],{\"o\":{}}]}",
          "{'l': <[<'a'>, <int64 1>, <@av []>, <{'o': <@a{sv} {}>}>]>}" },
        { "{\"s\":\"\\u00fc\\ud83d\\udd11\\/\\n\"}", "{'s': <'\xc3\xbc\xf0\x9f\x94\x91/\\n'>}" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_test_message ("%s", rows[i].line);
        g_autoptr (GVariant) read = json_line_read (rows[i].line);
        g_assert_nonnull (read);
        g_autofree char *text = g_variant_print (read, true);
        g_assert_cmpstr (text, ==, rows[i].read);
    }
}

static void
anything_else_is_refused (void)
{
    static const char *const lines[] = {
        "",
        " ",
        "null",
        "1",
        "\"a\"",
        "[]",
        "{",
        "}",
        "{}}",
        "{} {}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":[}",
        "{\"a\":truth}",
        "{\"a\":nul}",
        "{\"a\":-}",
        "{\"a\":+1}",
        "{\"a\":0x10}",
        "{\"a\":1.5}",
        "{\"a\":1e3}",
        "{\"a\":9223372036854775808}",
        "{\"a\":\"b}",
        "{\"a\":\"\\",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\xff\"}",
        "{\"\xc3\":1}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (lines); i++)
    {
        g_autofree char *shown = g_strescape (lines[i], NULL);
        g_test_message ("%s", shown);
        g_assert_null (json_line_read (lines[i]));
    }
}

static void
depth_and_number_are_bounded (void)
{
    g_autoptr (GString) deep = g_string_new ("{\"a\":");
    g_autoptr (GString) wide = g_string_new ("{\"a\":[0");
    for (unsigned i = 0; i < 100000; i++)
    {
        g_string_append (deep, "[");
        g_string_append (wide, ",0");
    }
    g_string_append (wide, "]}");
    g_assert_null (json_line_read (deep->str));
    g_assert_null (json_line_read (wide->str));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/json/order", members_come_in_order);
    g_test_add_func ("/json/empty", an_object_may_be_empty);
    g_test_add_func ("/json/text", text_is_escaped);
    g_test_add_func ("/json/read", lines_are_read);
    g_test_add_func ("/json/refused", anything_else_is_refused);
    g_test_add_func ("/json/bounds", depth_and_number_are_bounded);
    return g_test_run ();
}
