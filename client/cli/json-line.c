/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json-line.h"

#include "errors.h"
#include "frontend/explain.h"

struct JsonLine
{
    GString *text;
    bool begun; /* the object at hand has members already */
};

static void
append_string (GString *text, const char *octets)
{
    static const char plain[] = "\b\f\n\r\t\"\\", escaped[] = "bfnrt\"\\";
    g_autofree char *valid = g_utf8_make_valid (octets, -1);
    g_string_append_c (text, '"');
    for (const char *c = valid; *c != '\0'; c++)
    {
        const char *found = strchr (plain, *c);
        if (found != NULL)
            g_string_append_printf (text, "\\%c", escaped[found - plain]);
        else if (g_ascii_iscntrl (*c))
            g_string_append_printf (text, "\\u%04x", (unsigned)*c);
        else
            g_string_append_c (text, *c);
    }
    g_string_append_c (text, '"');
}

static void
begin_member (JsonLine *self, const char *name)
{
    if (self->begun)
        g_string_append_c (self->text, ',');
    self->begun = true;
    append_string (self->text, name);
    g_string_append_c (self->text, ':');
}

JsonLine *
json_line_begin (void)
{
    JsonLine *self = g_new0 (JsonLine, 1);
    self->text = g_string_new ("{");
    return self;
}

char *
json_line_end (JsonLine *self)
{
    g_string_append_c (self->text, '}');
    char *line = g_string_free (self->text, false);
    g_free (self);
    return line;
}

void
json_line_begin_object (JsonLine *self, const char *name)
{
    begin_member (self, name);
    g_string_append_c (self->text, '{');
    self->begun = false;
}

void
json_line_end_object (JsonLine *self)
{
    g_string_append_c (self->text, '}');
    self->begun = true;
}

void
json_line_add_string (JsonLine *self, const char *name, const char *text)
{
    if (text == NULL)
        return;
    begin_member (self, name);
    append_string (self->text, text);
}

void
json_line_add_number (JsonLine *self, const char *name, gint64 number)
{
    begin_member (self, name);
    g_string_append_printf (self->text, "%" G_GINT64_FORMAT, number);
}

void
json_line_add_truth (JsonLine *self, const char *name, bool truth)
{
    begin_member (self, name);
    g_string_append (self->text, truth ? "true" : "false");
}

/* ---- lists ---- */

static void
add_element (JsonLine *self, guint index, const char *text)
{
    g_string_append_c (self->text, index == 0 ? '[' : ',');
    append_string (self->text, text);
}

static void
end_list (JsonLine *self, guint length)
{
    g_string_append (self->text, length == 0 ? "[]" : "]");
}

void
json_line_add_prefixes (JsonLine *self, const char *name, const GArray *prefixes)
{
    begin_member (self, name);
    for (guint i = 0; i < prefixes->len; i++)
    {
        g_autofree char *text = ip_prefix_format (&g_array_index (prefixes, IpPrefix, i));
        add_element (self, i, text);
    }
    end_list (self, prefixes->len);
}

void
json_line_add_addresses (JsonLine *self, const char *name, const GArray *addresses)
{
    begin_member (self, name);
    for (guint i = 0; i < addresses->len; i++)
    {
        g_autofree char *text = ip_address_format (&g_array_index (addresses, IpAddress, i));
        add_element (self, i, text);
    }
    end_list (self, addresses->len);
}

void
json_line_add_strings (JsonLine *self, const char *name, const GPtrArray *strings)
{
    begin_member (self, name);
    for (guint i = 0; i < strings->len; i++)
        add_element (self, i, strings->pdata[i]);
    end_list (self, strings->len);
}

void
json_line_add_failure (JsonLine *self, const GError *error)
{
    OutriderError code = explain_get_code (error);
    g_autofree char *message = explain_error (error);
    json_line_add_string (self, "code", outrider_error_get_name (code));
    json_line_add_string (self, "message", message);
    json_line_add_string (self, "hint", explain_get_hint (code));
}
