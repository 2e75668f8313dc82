/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/dn.h"

#include <string.h>

/* Names of attributes beside OpenSSL's own short and long names, as other tools write them. */
static const struct
{
    const char *alias;
    int nid;
} aliases[] = {
    { "E", NID_pkcs9_emailAddress },
    { "email", NID_pkcs9_emailAddress },
    { "G", NID_givenName },
    { "S", NID_surname },
    { "T", NID_title },
    { "D", NID_description },
    { "N", NID_name },
    { "SN", NID_serialNumber },
};

typedef struct
{
    const char *at;
    char separator;
    X509_NAME *name;
} Parser;

static int
find_attribute (const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS (aliases); i++)
        if (g_ascii_strcasecmp (aliases[i].alias, name) == 0)
            return aliases[i].nid;
    g_autofree char *upper = g_ascii_strup (name, -1);
    int nid = OBJ_txt2nid (name);
    return nid != NID_undef ? nid : OBJ_txt2nid (upper);
}

static void
skip_spaces (Parser *self)
{
    while (*self->at == ' ')
        self->at++;
}

/* "\," and "\2C" give a comma (RFC 4514 2.4). */
static bool
read_escaped (Parser *self, GString *value)
{
    int high = g_ascii_xdigit_value (self->at[1]);
    int low = high >= 0 ? g_ascii_xdigit_value (self->at[2]) : -1;
    if (self->at[1] == '\0')
        return false;
    g_string_append_c (value, low >= 0 ? (char)(high << 4 | low) : self->at[1]);
    self->at += low >= 0 ? 3 : 2;
    return true;
}

static bool
ends_value (const Parser *self)
{
    return *self->at == '\0' || *self->at == self->separator || *self->at == '+' ||
           (self->separator == ',' && *self->at == ';');
}

/* Up to a separator, or between quotation marks; spaces at the end do not count unless escaped. */
static bool
read_value (Parser *self, GString *value)
{
    skip_spaces (self);
    bool quoted = *self->at == '"';
    if (quoted)
        self->at++;
    gsize kept = 0;
    while (*self->at != '\0' && (quoted ? *self->at != '"' : !ends_value (self)))
    {
        bool counts = quoted || *self->at != ' ';
        if (*self->at != '\\')
            g_string_append_c (value, *self->at++);
        else if (!read_escaped (self, value))
            return false;
        kept = counts ? value->len : kept;
    }
    g_string_truncate (value, kept);
    if (quoted && *self->at++ != '"')
        return false;
    skip_spaces (self);
    return ends_value (self) && value->len > 0;
}

/* "type=value"; JOINED to the one before by "+". */
static bool
read_part (Parser *self, bool joined)
{
    skip_spaces (self);
    size_t size = strcspn (self->at, "=,/+");
    if (self->at[size] != '=')
        return false;
    g_autofree char *type = g_strstrip (g_strndup (self->at, size));
    g_autoptr (GString) value = g_string_new (NULL);
    int nid = find_attribute (type);
    self->at += size + 1;
    return nid != NID_undef && read_value (self, value) &&
           X509_NAME_add_entry_by_NID (self->name, nid, MBSTRING_UTF8,
                                       (const unsigned char *)value->str, (int)value->len, -1,
                                       joined ? -1 : 0) == 1;
}

X509_NAME *
certs_dn_parse (const char *text)
{
    if (strlen (text) > CERTS_IDENTITY_SIZE_MAX)
        return NULL;
    g_autoptr (X509_NAME) name = X509_NAME_new ();
    Parser parser = { text, ',', name };
    skip_spaces (&parser);
    if (*parser.at == '/')
    {
        parser.separator = '/';
        parser.at++;
    }
    bool joined = false;
    for (unsigned i = 0; i < CERTS_RDN_MAX && read_part (&parser, joined); i++)
    {
        if (*parser.at == '\0')
        {
            int size = i2d_X509_NAME (name, NULL);
            return size > 0 && size <= CERTS_IDENTITY_SIZE_MAX ? g_steal_pointer (&name) : NULL;
        }
        joined = *parser.at++ == '+';
    }
    ERR_clear_error ();
    return NULL;
}

X509_NAME *
certs_dn_decode (GBytes *der)
{
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (der, &size), *at = data;
    if (size == 0 || size > CERTS_IDENTITY_SIZE_MAX)
        return NULL;
    g_autoptr (X509_NAME) name = d2i_X509_NAME (NULL, &at, (long)size);
    ERR_clear_error ();
    return name != NULL && at == data + size ? g_steal_pointer (&name) : NULL;
}

GBytes *
certs_dn_encode (X509_NAME *name)
{
    unsigned char *der = NULL;
    int size = i2d_X509_NAME (name, &der);
    if (size <= 0)
        return NULL;
    GBytes *bytes = g_bytes_new (der, (gsize)size);
    OPENSSL_free (der);
    return bytes;
}
