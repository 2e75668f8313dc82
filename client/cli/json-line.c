/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json-line.h"

#include "errors.h"
#include "frontend/explain.h"

JsonBuilder *
json_line_begin (void)
{
    JsonBuilder *builder = json_builder_new_immutable ();
    json_builder_begin_object (builder);
    return builder;
}

char *
json_line_end (JsonBuilder *builder)
{
    json_builder_end_object (builder);
    g_autoptr (JsonNode) root = json_builder_get_root (builder);
    g_object_unref (builder);
    return json_to_string (root, false);
}

void
json_line_add_string (JsonBuilder *builder, const char *name, const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    json_builder_set_member_name (builder, name);
    json_builder_add_string_value (builder, valid);
}

void
json_line_add_number (JsonBuilder *builder, const char *name, gint64 number)
{
    json_builder_set_member_name (builder, name);
    json_builder_add_int_value (builder, number);
}

void
json_line_add_truth (JsonBuilder *builder, const char *name, bool truth)
{
    json_builder_set_member_name (builder, name);
    json_builder_add_boolean_value (builder, truth);
}

static void
begin_list (JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name (builder, name);
    json_builder_begin_array (builder);
}

void
json_line_add_prefixes (JsonBuilder *builder, const char *name, const GArray *prefixes)
{
    begin_list (builder, name);
    for (guint i = 0; i < prefixes->len; i++)
    {
        g_autofree char *text = ip_prefix_format (&g_array_index (prefixes, IpPrefix, i));
        json_builder_add_string_value (builder, text);
    }
    json_builder_end_array (builder);
}

void
json_line_add_addresses (JsonBuilder *builder, const char *name, const GArray *addresses)
{
    begin_list (builder, name);
    for (guint i = 0; i < addresses->len; i++)
    {
        g_autofree char *text = ip_address_format (&g_array_index (addresses, IpAddress, i));
        json_builder_add_string_value (builder, text);
    }
    json_builder_end_array (builder);
}

void
json_line_add_strings (JsonBuilder *builder, const char *name, const GPtrArray *strings)
{
    begin_list (builder, name);
    for (guint i = 0; i < strings->len; i++)
        json_builder_add_string_value (builder, strings->pdata[i]);
    json_builder_end_array (builder);
}

void
json_line_add_failure (JsonBuilder *builder, const GError *error)
{
    OutriderError code = explain_get_code (error);
    g_autofree char *message = explain_error (error);
    json_line_add_string (builder, "code", outrider_error_get_name (code));
    json_line_add_string (builder, "message", message);
    json_line_add_string (builder, "hint", explain_get_hint (code));
}
