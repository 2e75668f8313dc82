/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/keyfile.h"

#include "errors.h"
#include "profile/keys.h"

enum
{
    KEYFILE_SIZE_MAX = 256 * 1024,
    KEYFILE_LINE_MAX = 8192,
};

/* What people write into configuration files and must not write here. */
static const char *const secret_names[] = { "password", "passphrase",  "psk", "secret",
                                            "pin",      "private-key", NULL };

/* Where reading stands. */
typedef struct
{
    const char *name;
    unsigned line;
    char *section;                   /* NULL: before the first one */
    unsigned seen[PROFILE_KEYS_MAX]; /* line where each key of the table stood; 0: not yet */
    Profile *profile;
} Reader;

static bool refuse (const Reader *self, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static bool
refuse (const Reader *self, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_autofree char *text = g_strdup_vprintf (format, arguments);
    va_end (arguments);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID, "%s:%u: %s", self->name,
                 self->line, text);
    return false;
}

static bool
refuse_unknown_key (const Reader *self, const char *key, GError **error)
{
    g_autofree char *folded = g_ascii_strdown (key, -1);
    if (g_strv_contains (secret_names, folded))
        return refuse (self, error,
                       "[%s] %s: a profile holds no secrets; it is asked for, or comes by "
                       "--password-file or --psk-file",
                       self->section, folded);
    g_autofree char *quoted = profile_quote (key);
    g_autofree char *known = profile_section_list_keys (self->section);
    return refuse (self, error, "[%s] %s: unknown key; this section knows %s", self->section,
                   quoted, known);
}

static bool
read_section (Reader *self, char *text, GError **error)
{
    size_t size = strlen (text);
    if (text[size - 1] != ']')
        return refuse (self, error, "a section has no \"]\" at its end");
    text[size - 1] = '\0';
    g_autofree char *quoted = profile_quote (text + 1);
    if (!profile_has_section (text + 1))
        return refuse (self, error,
                       "%s: unknown section; there are profile, gateway, login, proposals, "
                       "network, session",
                       quoted);
    g_free (self->section);
    self->section = g_strdup (text + 1);
    return true;
}

static bool
read_value (Reader *self, const char *name, const char *value, GError **error)
{
    const ProfileKey *key = profile_key_find (self->section, name);
    if (key == NULL)
        return refuse_unknown_key (self, name, error);
    unsigned *seen = &self->seen[key - profile_keys];
    if (*seen != 0)
        return refuse (self, error, "[%s] %s: stands already in line %u", key->section, key->name,
                       *seen);
    *seen = self->line;
    if (profile_key_read (key, value, self->profile, error))
        return true;
    g_prefix_error (error, "%s:%u: [%s] %s: ", self->name, self->line, key->section, key->name);
    return false;
}

/* TEXT is the line's own copy. */
static bool
read_line (Reader *self, char *text, GError **error)
{
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
        if (g_unichar_iscntrl (g_utf8_get_char (c)) && *c != '\t' && *c != '\r')
            return refuse (self, error, "a control character");
    g_strstrip (text);
    if (*text == '\0' || *text == '#')
        return true;
    if (*text == '[')
        return read_section (self, text, error);
    char *equals = strchr (text, '=');
    if (equals == NULL || equals == text)
    {
        g_autofree char *quoted = profile_quote (text);
        return refuse (self, error, "neither [section] nor key=value: %s", quoted);
    }
    *equals = '\0';
    g_autofree char *name = g_strchomp (g_strdup (text));
    if (self->section == NULL)
    {
        g_autofree char *quoted = profile_quote (name);
        return refuse (self, error, "%s: stands before the first [section]", quoted);
    }
    return read_value (self, name, equals + 1, error);
}

static bool
read_lines (Reader *self, ByteView content, GError **error)
{
    while (content.size > 0)
    {
        const uint8_t *end = memchr (content.data, '\n', content.size);
        size_t size = end != NULL ? (size_t)(end - content.data) : content.size;
        self->line++;
        if (size > KEYFILE_LINE_MAX)
            return refuse (self, error, "a line of more than %d octets", KEYFILE_LINE_MAX);
        if (!g_utf8_validate ((const char *)content.data, (gssize)size, NULL))
            return refuse (self, error, "not UTF-8 text");
        g_autofree char *text = g_strndup ((const char *)content.data, size);
        if (!read_line (self, text, error))
            return false;
        size_t step = end != NULL ? size + 1 : size;
        content = byte_view (content.data + step, content.size - step);
    }
    return true;
}

Profile *
profile_from_keyfile (ByteView content, const char *name, GError **error)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    size_t mark = sizeof byte_order_mark - 1;
    g_autoptr (Profile) profile = profile_new ();
    Reader reader = { .name = name, .profile = profile };
    if (content.size > KEYFILE_SIZE_MAX)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                     "%s: larger than %d KiB, which no profile is", name, KEYFILE_SIZE_MAX / 1024);
        return NULL;
    }
    if (content.size >= mark && memcmp (content.data, byte_order_mark, mark) == 0)
        content = byte_view (content.data + mark, content.size - mark);
    bool done = read_lines (&reader, content, error);
    g_free (reader.section);
    if (!done)
        return NULL;
    profile->file = g_strdup (name);
    g_array_append_vals (profile->lines, reader.seen, (guint)profile_n_keys);
    return g_steal_pointer (&profile);
}

char *
profile_find_place (const Profile *self, const char *section, const char *key)
{
    const ProfileKey *found = profile_key_find (section, key);
    size_t index = found != NULL ? (size_t)(found - profile_keys) : 0;
    if (found == NULL || index >= self->lines->len ||
        g_array_index (self->lines, unsigned, index) == 0)
        return NULL;
    return g_strdup_printf ("%s:%u: [%s] %s", self->file,
                            g_array_index (self->lines, unsigned, index), section, key);
}

char *
profile_to_keyfile (const Profile *self)
{
    g_autoptr (Profile) defaults = profile_new ();
    GString *text = g_string_new (NULL);
    const char *section = NULL;
    for (size_t i = 0; i < profile_n_keys; i++)
    {
        const ProfileKey *key = &profile_keys[i];
        g_autofree char *value = key->write (key, self);
        g_autofree char *ordinary = key->write (key, defaults);
        if (value == NULL || g_strcmp0 (value, ordinary) == 0)
            continue;
        if (g_strcmp0 (section, key->section) != 0)
            g_string_append_printf (text, "%s[%s]\n", text->len > 0 ? "\n" : "", key->section);
        section = key->section;
        g_string_append_printf (text, "%s=%s\n", key->name, value);
    }
    return g_string_free (text, FALSE);
}

bool
profile_set (Profile *self, const char *section, const char *key, const char *value,
             const char *source, GError **error)
{
    const ProfileKey *found = profile_key_find (section, key);
    if (found == NULL)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                     "%s: a profile has no [%s] %s", source, section, key);
        return false;
    }
    size_t index = (size_t)(found - profile_keys);
    if (index < self->lines->len)
        g_array_index (self->lines, unsigned, index) = 0;
    if (profile_key_read (found, value, self, error))
        return true;
    g_prefix_error (error, "%s: ", source);
    return false;
}
