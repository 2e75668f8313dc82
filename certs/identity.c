/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/identity.h"

#include "certs/chain-internal.h"
#include "certs/dn.h"
#include "certs/names.h"

#include <arpa/inet.h>
#include <string.h>

CertsIdentity *
certs_identity_new (uint8_t type, const void *value, size_t size)
{
    CertsIdentity *self = g_new0 (CertsIdentity, 1);
    self->type = type;
    self->value = g_bytes_new (value, size);
    return self;
}

CertsIdentity *
certs_identity_copy (const CertsIdentity *self)
{
    CertsIdentity *copy = g_new0 (CertsIdentity, 1);
    copy->type = self->type;
    copy->value = g_bytes_ref (self->value);
    return copy;
}

void
certs_identity_free (CertsIdentity *self)
{
    if (self == NULL)
        return;
    g_bytes_unref (self->value);
    g_free (self);
}

/* --- from text; each gives the value, NULL if TEXT is none of its type --- */

static GBytes *
parse_ipv4 (const char *text)
{
    uint8_t octets[4];
    return inet_pton (AF_INET, text, octets) == 1 ? g_bytes_new (octets, 4) : NULL;
}

static GBytes *
parse_ipv6 (const char *text)
{
    uint8_t octets[16];
    return inet_pton (AF_INET6, text, octets) == 1 ? g_bytes_new (octets, 16) : NULL;
}

static GBytes *
parse_text (const char *text)
{
    size_t size = strlen (text);
    return size <= CERTS_IDENTITY_SIZE_MAX && certs_names_are_plain (text, size)
               ? g_bytes_new (text, size)
               : NULL;
}

/* What goes without a prefix: the characters of host names and of most user names. */
static GBytes *
parse_host (const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*";
    return text[strspn (text, allowed)] == '\0' ? parse_text (text) : NULL;
}

static GBytes *
parse_mailbox (const char *text)
{
    const char *at = strrchr (text, '@');
    return at != NULL && at != text && at[1] != '\0' ? parse_text (text) : NULL;
}

/* Written as X.500 names are, also where people leave the prefix out: something, then "=". */
static GBytes *
parse_dn (const char *text)
{
    g_autoptr (X509_NAME) name = certs_dn_parse (text);
    return name != NULL ? certs_dn_encode (name) : NULL;
}

static GBytes *
parse_hexadecimal (const char *text)
{
    size_t size = strlen (text);
    if (size == 0 || size % 2 != 0 || size > 2 * CERTS_IDENTITY_SIZE_MAX ||
        strspn (text, "0123456789abcdefABCDEF") != size)
        return NULL;
    uint8_t *octets = g_malloc (size / 2);
    for (size_t i = 0; i < size / 2; i++)
        octets[i] = (uint8_t)(g_ascii_xdigit_value (text[2 * i]) << 4 |
                              g_ascii_xdigit_value (text[2 * i + 1]));
    return g_bytes_new_take (octets, size / 2);
}

static GBytes *
parse_key_id (const char *text)
{
    if (g_str_has_prefix (text, "0x"))
        return parse_hexadecimal (text + 2);
    size_t size = strlen (text);
    return size > 0 && size <= CERTS_IDENTITY_SIZE_MAX ? g_bytes_new (text, size) : NULL;
}

/* In this order: the first prefix that fits decides. */
static const struct
{
    const char *prefix;
    CertsIdentityType type;
    GBytes *(*parse) (const char *text);
} prefixes[] = {
    { "fqdn:", CERTS_IDENTITY_FQDN, parse_text },
    { "dns:", CERTS_IDENTITY_FQDN, parse_text },
    { "email:", CERTS_IDENTITY_RFC822, parse_mailbox },
    { "rfc822:", CERTS_IDENTITY_RFC822, parse_mailbox },
    { "ipv4:", CERTS_IDENTITY_IPV4, parse_ipv4 },
    { "ipv6:", CERTS_IDENTITY_IPV6, parse_ipv6 },
    { "dn:", CERTS_IDENTITY_DER_ASN1_DN, parse_dn },
    { "asn1dn:", CERTS_IDENTITY_DER_ASN1_DN, parse_dn },
    { "keyid:", CERTS_IDENTITY_KEY_ID, parse_key_id },
    { "@#", CERTS_IDENTITY_KEY_ID, parse_hexadecimal },
    { "@@", CERTS_IDENTITY_RFC822, parse_mailbox },
    { "@", CERTS_IDENTITY_FQDN, parse_text },
};

/* In this order: the first type whose text it can be. */
static const struct
{
    CertsIdentityType type;
    GBytes *(*parse) (const char *text);
} guesses[] = {
    { CERTS_IDENTITY_IPV4, parse_ipv4 },      { CERTS_IDENTITY_IPV6, parse_ipv6 },
    { CERTS_IDENTITY_DER_ASN1_DN, parse_dn }, { CERTS_IDENTITY_RFC822, parse_mailbox },
    { CERTS_IDENTITY_FQDN, parse_host },
};

static GBytes *
parse_value (const char *text, CertsIdentityType *ret_type)
{
    for (size_t i = 0; i < G_N_ELEMENTS (prefixes); i++)
        if (g_str_has_prefix (text, prefixes[i].prefix))
        {
            *ret_type = prefixes[i].type;
            return prefixes[i].parse (text + strlen (prefixes[i].prefix));
        }
    /* With a "=" it was meant as an X.500 name; as a host name it would only be refused much later. */
    if (strchr (text, '=') != NULL || text[0] == '%')
    {
        *ret_type = CERTS_IDENTITY_DER_ASN1_DN;
        return parse_dn (text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS (guesses); i++)
    {
        GBytes *value = guesses[i].parse (text);
        *ret_type = guesses[i].type;
        if (value != NULL)
            return value;
    }
    return NULL;
}

CertsIdentity *
certs_identity_parse (const char *text, GError **error)
{
    CertsIdentityType type = CERTS_IDENTITY_FQDN;
    g_autoptr (GBytes) value = parse_value (text, &type);
    if (value == NULL)
    {
        g_autofree char *shown = certs_text_escape (text, strlen (text));
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                     "\"%s\" is no identity: neither a host name, an address, a mailbox, an X.500 "
                     "name nor a key id",
                     shown);
        return NULL;
    }
    CertsIdentity *self = g_new0 (CertsIdentity, 1);
    self->type = (uint8_t)type;
    self->value = g_steal_pointer (&value);
    return self;
}

/* --- to text --- */

static char *
format_hexadecimal (const char *prefix, const uint8_t *octets, size_t size)
{
    GString *text = g_string_new (prefix);
    for (size_t i = 0; i < size; i++)
        g_string_append_printf (text, "%02x", octets[i]);
    return g_string_free (text, FALSE);
}

static char *
format_address (int family, const uint8_t *octets, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "";
    bool fits = size == (family == AF_INET ? 4 : 16);
    return fits && inet_ntop (family, octets, text, sizeof text) != NULL
               ? g_strdup (text)
               : format_hexadecimal ("address ", octets, size);
}

static char *
format_dn (GBytes *value)
{
    g_autoptr (X509_NAME) name = certs_dn_decode (value);
    gsize size = 0;
    const uint8_t *octets = g_bytes_get_data (value, &size);
    return name != NULL ? certs_name_format (name) : format_hexadecimal ("dn ", octets, size);
}

static char *
format_key_id (const uint8_t *octets, size_t size)
{
    bool plain =
        certs_names_are_plain (octets, size) && !(size > 1 && memcmp (octets, "0x", 2) == 0);
    return plain ? g_strdup_printf ("keyid:%.*s", (int)size, (const char *)octets)
                 : format_hexadecimal ("keyid:0x", octets, size);
}

/* As it is, if that reads as the same again; behind its prefix if it reads as something else. */
static char *
format_text (const CertsIdentity *self, const char *prefix, const uint8_t *octets, size_t size)
{
    g_autofree char *text = certs_text_escape (octets, size);
    g_autoptr (CertsIdentity) again = certs_identity_parse (text, NULL);
    bool same = again != NULL && certs_identity_equal (again, self);
    bool escaped = strlen (text) != size;
    return same || escaped ? g_steal_pointer (&text) : g_strconcat (prefix, text, NULL);
}

char *
certs_identity_format (const CertsIdentity *self)
{
    gsize size = 0;
    const uint8_t *octets = g_bytes_get_data (self->value, &size);
    g_autofree char *prefix = NULL;
    switch ((CertsIdentityType)self->type)
    {
    case CERTS_IDENTITY_IPV4:
        return format_address (AF_INET, octets, size);
    case CERTS_IDENTITY_IPV6:
        return format_address (AF_INET6, octets, size);
    case CERTS_IDENTITY_FQDN:
        return format_text (self, "fqdn:", octets, size);
    case CERTS_IDENTITY_RFC822:
        return format_text (self, "email:", octets, size);
    case CERTS_IDENTITY_DER_ASN1_DN:
        return format_dn (self->value);
    case CERTS_IDENTITY_KEY_ID:
        return format_key_id (octets, size);
    }
    prefix = g_strdup_printf ("identity of type %u: ", self->type);
    return format_hexadecimal (prefix, octets, size);
}

/* --- comparison --- */

static bool
dns_are_equal (GBytes *a, GBytes *b)
{
    g_autoptr (X509_NAME) first = certs_dn_decode (a);
    g_autoptr (X509_NAME) second = certs_dn_decode (b);
    return first != NULL && second != NULL && X509_NAME_cmp (first, second) == 0;
}

bool
certs_identity_equal (const CertsIdentity *a, const CertsIdentity *b)
{
    gsize a_size = 0, b_size = 0;
    const char *a_octets = g_bytes_get_data (a->value, &a_size);
    const char *b_octets = g_bytes_get_data (b->value, &b_size);
    if (a->type != b->type)
        return false;
    switch ((CertsIdentityType)a->type)
    {
    case CERTS_IDENTITY_FQDN:
        return a_size == b_size && a_size > 0 && memchr (a_octets, 0, a_size) == NULL &&
               g_ascii_strncasecmp (a_octets, b_octets, a_size) == 0;
    case CERTS_IDENTITY_RFC822:
        return certs_names_are_plain (a_octets, a_size) &&
               certs_names_equal_mailboxes (a_octets, a_size, b_octets, b_size);
    case CERTS_IDENTITY_DER_ASN1_DN:
        return dns_are_equal (a->value, b->value);
    case CERTS_IDENTITY_IPV4:
    case CERTS_IDENTITY_IPV6:
    case CERTS_IDENTITY_KEY_ID:
        break;
    }
    return g_bytes_equal (a->value, b->value);
}

static bool
matches_subject (const CertsIdentity *self, X509 *certificate)
{
    g_autoptr (X509_NAME) name = certs_dn_decode (self->value);
    return name != NULL && X509_NAME_entry_count (name) > 0 &&
           X509_NAME_cmp (name, X509_get_subject_name (certificate)) == 0;
}

static bool
matches (const CertsIdentity *self, X509 *certificate)
{
    gsize size = 0;
    const void *octets = g_bytes_get_data (self->value, &size);
    switch ((CertsIdentityType)self->type)
    {
    case CERTS_IDENTITY_FQDN:
        return certs_names_match_host (certificate, octets, size);
    case CERTS_IDENTITY_IPV4:
        return size == 4 && certs_names_match_address (certificate, octets, size);
    case CERTS_IDENTITY_IPV6:
        return size == 16 && certs_names_match_address (certificate, octets, size);
    case CERTS_IDENTITY_RFC822:
        return certs_names_match_mailbox (certificate, octets, size);
    case CERTS_IDENTITY_DER_ASN1_DN:
        return matches_subject (self, certificate);
    case CERTS_IDENTITY_KEY_ID:
        return false;
    }
    return false;
}

static void
set_mismatch (const CertsIdentity *self, X509 *certificate, GError **error)
{
    g_autofree char *sought = certs_identity_format (self);
    g_autofree char *subject = certs_name_format (X509_get_subject_name (certificate));
    g_auto (GStrv) names = certs_names_list (certificate);
    g_autofree char *listed = g_strjoinv (", ", names);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_MISMATCH,
                 "the certificate of \"%s\" speaks for %s, not for %s", subject,
                 *listed != '\0' ? listed : "no other name", sought);
}

bool
certs_identity_matches (const CertsIdentity *self, const CertsChain *chain, GError **error)
{
    if (matches (self, certs_chain_get_own (chain)))
        return true;
    set_mismatch (self, certs_chain_get_own (chain), error);
    return false;
}
