/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json-line.h"

#include <errno.h>
#include <string.h>

enum
{
    DEPTH_MAX = 8,
    ELEMENTS_MAX = 65536, /* of all lists and objects of a line */
};

typedef struct
{
    const char *at;
    unsigned depth;
    unsigned elements;
} Reader;

/* RET_VALUE: not floating; NULL for null. */
static bool read_value (Reader *self, GVariant **ret_value);

static void
skip_space (Reader *self)
{
    self->at += strspn (self->at, " \t\r\n");
}

static bool
take (Reader *self, const char *word)
{
    skip_space (self);
    if (!g_str_has_prefix (self->at, word))
        return false;
    self->at += strlen (word);
    return true;
}

/* ---- text ---- */

static bool
read_unit (Reader *self, gunichar *ret_unit)
{
    gunichar unit = 0;
    for (unsigned i = 0; i < 4; i++, self->at++)
    {
        int digit = g_ascii_xdigit_value (*self->at);
        if (digit < 0)
            return false;
        unit = unit << 4 | (gunichar)digit;
    }
    *ret_unit = unit;
    return true;
}

/* What follows "\u": one unit of UTF-16, or two that make one character. */
static bool
read_character (Reader *self, GString *text)
{
    gunichar first, second;
    if (!read_unit (self, &first))
        return false;
    if (first >= 0xd800 && first < 0xdc00)
    {
        if (strncmp (self->at, "\\u", 2) != 0)
            return false;
        self->at += 2;
        if (!read_unit (self, &second) || second < 0xdc00 || second > 0xdfff)
            return false;
        first = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }
    if (first == 0 || !g_unichar_validate (first))
        return false;
    g_string_append_unichar (text, first);
    return true;
}

static bool
read_escape (Reader *self, GString *text)
{
    static const char letters[] = "bfnrt\"\\/", meant[] = "\b\f\n\r\t\"\\/";
    char letter = *self->at;
    if (letter == '\0')
        return false;
    self->at++;
    if (letter == 'u')
        return read_character (self, text);
    const char *found = strchr (letters, letter);
    if (found != NULL)
        g_string_append_c (text, meant[found - letters]);
    return found != NULL;
}

static char *
read_string (Reader *self)
{
    g_autoptr (GString) text = g_string_new (NULL);
    if (!take (self, "\""))
        return NULL;
    while (*self->at != '"')
    {
        char octet = *self->at++;
        if (octet == '\\' ? !read_escape (self, text) : (unsigned char)octet < ' ')
            return NULL;
        if (octet != '\\')
            g_string_append_c (text, octet);
    }
    self->at++;
    return g_utf8_validate (text->str, (gssize)text->len, NULL)
               ? g_string_free (g_steal_pointer (&text), false)
               : NULL;
}

/* ---- what holds others ---- */

/* Called with the opening bracket taken; READ reads an element. */
static bool
read_elements (Reader *self, const char *end,
               bool (*read) (Reader *self, GVariantBuilder *elements), GVariantBuilder *elements)
{
    if (take (self, end))
        return true;
    if (self->depth == DEPTH_MAX)
        return false;
    self->depth++;
    do
        if (++self->elements > ELEMENTS_MAX || !read (self, elements))
            return false;
    while (take (self, ","));
    self->depth--;
    return take (self, end);
}

static bool
read_element (Reader *self, GVariantBuilder *elements)
{
    g_autoptr (GVariant) value = NULL;
    if (!read_value (self, &value))
        return false;
    if (value != NULL)
        g_variant_builder_add (elements, "v", value);
    return true;
}

static bool
read_member (Reader *self, GVariantBuilder *members)
{
    g_autoptr (GVariant) value = NULL;
    g_autofree char *name = read_string (self);
    if (name == NULL || !take (self, ":") || !read_value (self, &value))
        return false;
    if (value != NULL)
        g_variant_builder_add (members, "{sv}", name, value);
    return true;
}

static GVariant *
read_collection (Reader *self)
{
    bool object = take (self, "{");
    g_auto (GVariantBuilder) builder =
        G_VARIANT_BUILDER_INIT (object ? G_VARIANT_TYPE_VARDICT : G_VARIANT_TYPE ("av"));
    bool whole = object ? read_elements (self, "}", read_member, &builder)
                        : take (self, "[") && read_elements (self, "]", read_element, &builder);
    return whole ? g_variant_ref_sink (g_variant_builder_end (&builder)) : NULL;
}

/* ---- values ---- */

static GVariant *
read_number (Reader *self)
{
    char *end = NULL;
    errno = 0;
    gint64 number = g_ascii_strtoll (self->at, &end, 10);
    bool digits =
        g_ascii_isdigit (*self->at) || (*self->at == '-' && g_ascii_isdigit (self->at[1]));
    if (!digits || errno != 0)
        return NULL;
    self->at = end;
    return g_variant_ref_sink (g_variant_new_int64 (number));
}

static bool
read_value (Reader *self, GVariant **ret_value)
{
    skip_space (self);
    *ret_value = NULL;
    if (take (self, "null"))
        return true;
    if (*self->at == '"')
    {
        char *text = read_string (self);
        *ret_value = text != NULL ? g_variant_ref_sink (g_variant_new_take_string (text)) : NULL;
    }
    else if (take (self, "true"))
        *ret_value = g_variant_ref_sink (g_variant_new_boolean (true));
    else if (take (self, "false"))
        *ret_value = g_variant_ref_sink (g_variant_new_boolean (false));
    else if (*self->at == '{' || *self->at == '[')
        *ret_value = read_collection (self);
    else
        *ret_value = read_number (self);
    return *ret_value != NULL;
}

GVariant *
json_line_read (const char *line)
{
    Reader reader = { .at = line };
    g_autoptr (GVariant) value = NULL;
    bool whole = read_value (&reader, &value) && value != NULL;
    skip_space (&reader);
    return whole && *reader.at == '\0' && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)
               ? g_steal_pointer (&value)
               : NULL;
}
