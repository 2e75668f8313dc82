/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json-line.h"

#include "errors.h"
#include "frontend/explain.h"

#include <jansson.h>

struct JsonLine
{
    json_t *line;
    json_t *object; /* the one at hand: the line itself, or its member; borrowed */
};

/* What is no UTF-8 is made valid: the library refuses it. */
static json_t *
make_text (const char *octets)
{
    g_autofree char *valid = g_utf8_make_valid (octets, -1);
    return json_string (valid);
}

JsonLine *
json_line_begin (void)
{
    JsonLine *self = g_new0 (JsonLine, 1);
    self->line = self->object = json_object ();
    return self;
}

char *
json_line_end (JsonLine *self)
{
    char *text = json_dumps (self->line, JSON_COMPACT);
    char *line = g_strdup (text);
    free (text);
    json_decref (self->line);
    g_free (self);
    return line;
}

void
json_line_begin_object (JsonLine *self, const char *name)
{
    json_object_set_new (self->line, name, json_object ());
    self->object = json_object_get (self->line, name);
}

void
json_line_end_object (JsonLine *self)
{
    self->object = self->line;
}

void
json_line_add_string (JsonLine *self, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new (self->object, name, make_text (text));
}

void
json_line_add_number (JsonLine *self, const char *name, gint64 number)
{
    json_object_set_new (self->object, name, json_integer (number));
}

void
json_line_add_truth (JsonLine *self, const char *name, bool truth)
{
    json_object_set_new (self->object, name, json_boolean (truth));
}

/* ---- lists ---- */

/* Empty; borrowed. */
static json_t *
add_list (JsonLine *self, const char *name)
{
    json_object_set_new (self->object, name, json_array ());
    return json_object_get (self->object, name);
}

void
json_line_add_prefixes (JsonLine *self, const char *name, const GArray *prefixes)
{
    json_t *list = add_list (self, name);
    for (guint i = 0; i < prefixes->len; i++)
    {
        g_autofree char *text = ip_prefix_format (&g_array_index (prefixes, IpPrefix, i));
        json_array_append_new (list, json_string (text));
    }
}

void
json_line_add_addresses (JsonLine *self, const char *name, const GArray *addresses)
{
    json_t *list = add_list (self, name);
    for (guint i = 0; i < addresses->len; i++)
    {
        g_autofree char *text = ip_address_format (&g_array_index (addresses, IpAddress, i));
        json_array_append_new (list, json_string (text));
    }
}

void
json_line_add_strings (JsonLine *self, const char *name, const GPtrArray *strings)
{
    json_t *list = add_list (self, name);
    for (guint i = 0; i < strings->len; i++)
        json_array_append_new (list, make_text (strings->pdata[i]));
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
