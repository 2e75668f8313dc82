/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/names.h"

#include <arpa/inet.h>
#include <string.h>

enum
{
    HOST_NAME_MAX_SIZE = 255,
};

/* A borrowed run of text. */
typedef struct
{
    const char *data;
    size_t size;
} Text;

static Text
text_of (const ASN1_STRING *string)
{
    return (Text){ (const char *)ASN1_STRING_get0_data (string),
                   (size_t)ASN1_STRING_length (string) };
}

static GeneralNames *
get_alternative_names (X509 *certificate)
{
    GeneralNames *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error ();
    return names;
}

bool
certs_names_are_plain (const void *octets, size_t size)
{
    const unsigned char *at = octets;
    for (size_t i = 0; i < size; i++)
        if (!g_ascii_isprint ((char)at[i]))
            return false;
    return size > 0;
}

static bool
is_address (Text text)
{
    char copy[INET6_ADDRSTRLEN] = "";
    uint8_t octets[16];
    if (text.size >= sizeof copy)
        return false;
    memcpy (copy, text.data, text.size);
    return inet_pton (AF_INET, copy, octets) == 1 || inet_pton (AF_INET6, copy, octets) == 1;
}

static bool
equal_without_case (Text a, Text b)
{
    return a.size == b.size && g_ascii_strncasecmp (a.data, b.data, a.size) == 0;
}

/*
 * "*.example.com" speaks for "a.example.com", neither for "example.com" nor for "a.b.example.com"; "*.com" for
 * nobody.
 */
static bool
matches_wildcard (Text pattern, Text host)
{
    Text rest = { pattern.data + 1, pattern.size - 1 };
    const char *dot = memchr (host.data, '.', host.size);
    if (dot == NULL || dot == host.data || memchr (rest.data, '*', rest.size) != NULL ||
        memchr (rest.data + 1, '.', rest.size - 1) == NULL)
        return false;
    return equal_without_case (rest, (Text){ dot, (size_t)(host.data + host.size - dot) });
}

static bool
matches_host (Text pattern, Text host)
{
    if (!certs_names_are_plain (pattern.data, pattern.size) || pattern.size > HOST_NAME_MAX_SIZE ||
        is_address (pattern))
        return false;
    if (pattern.size > 2 && pattern.data[0] == '*' && pattern.data[1] == '.')
        return matches_wildcard (pattern, host);
    return memchr (pattern.data, '*', pattern.size) == NULL && equal_without_case (pattern, host);
}

/* Only the last common name counts, the most specific one. */
static bool
common_name_matches_host (X509 *certificate, Text host)
{
    const X509_NAME *subject = X509_get_subject_name (certificate);
    int index = -1, last = -1;
    while ((index = X509_NAME_get_index_by_NID (subject, NID_commonName, index)) >= 0)
        last = index;
    const X509_NAME_ENTRY *entry = last >= 0 ? X509_NAME_get_entry (subject, last) : NULL;
    return entry != NULL && matches_host (text_of (X509_NAME_ENTRY_get_data (entry)), host);
}

bool
certs_names_match_host (X509 *certificate, const char *data, size_t size)
{
    Text host = { data, size };
    if (size > 1 && data[size - 1] == '.')
        host.size--;
    if (!certs_names_are_plain (host.data, host.size) || host.size > HOST_NAME_MAX_SIZE ||
        memchr (host.data, '*', host.size) != NULL)
        return false;

    bool has_host_names = false;
    g_autoptr (GeneralNames) names = get_alternative_names (certificate);
    for (int i = 0; i < sk_GENERAL_NAME_num (names); i++)
    {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
        if (name->type != GEN_DNS)
            continue;
        has_host_names = true;
        if (matches_host (text_of (name->d.dNSName), host))
            return true;
    }
    return !has_host_names && common_name_matches_host (certificate, host);
}

bool
certs_names_match_address (X509 *certificate, const void *octets, size_t size)
{
    g_autoptr (GeneralNames) names = get_alternative_names (certificate);
    for (int i = 0; i < sk_GENERAL_NAME_num (names); i++)
    {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
        Text found = name->type == GEN_IPADD ? text_of (name->d.iPAddress) : (Text){ 0 };
        if (found.size > 0 && found.size == size && memcmp (found.data, octets, size) == 0)
            return true;
    }
    return false;
}

bool
certs_names_equal_mailboxes (const char *a, size_t a_size, const char *b, size_t b_size)
{
    const char *at = a_size > 0 ? memrchr (a, '@', a_size) : NULL;
    size_t local = at != NULL ? (size_t)(at - a) : a_size;
    return a_size == b_size && a_size > 0 && memcmp (a, b, local) == 0 &&
           g_ascii_strncasecmp (a + local, b + local, a_size - local) == 0;
}

bool
certs_names_match_mailbox (X509 *certificate, const char *mailbox, size_t size)
{
    g_autoptr (GeneralNames) names = get_alternative_names (certificate);
    for (int i = 0; i < sk_GENERAL_NAME_num (names); i++)
    {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
        Text found = name->type == GEN_EMAIL ? text_of (name->d.rfc822Name) : (Text){ 0 };
        if (certs_names_are_plain (found.data, found.size) &&
            certs_names_equal_mailboxes (found.data, found.size, mailbox, size))
            return true;
    }
    return false;
}

/* NULL: of a type that IKE does not know. */
static CertsIdentity *
to_identity (const GENERAL_NAME *name)
{
    CertsIdentityType type;
    Text value;
    switch (name->type)
    {
    case GEN_DNS:
        type = CERTS_IDENTITY_FQDN;
        value = text_of (name->d.dNSName);
        break;
    case GEN_EMAIL:
        type = CERTS_IDENTITY_RFC822;
        value = text_of (name->d.rfc822Name);
        break;
    case GEN_IPADD:
        value = text_of (name->d.iPAddress);
        type = value.size == 4 ? CERTS_IDENTITY_IPV4 : CERTS_IDENTITY_IPV6;
        if (value.size != 4 && value.size != 16)
            return NULL;
        break;
    default: /* URI, directory name, other name */
        return NULL;
    }
    return certs_identity_new ((uint8_t)type, value.data, value.size);
}

CertsIdentity *
certs_names_get_first_identity (X509 *certificate)
{
    g_autoptr (GeneralNames) names = get_alternative_names (certificate);
    for (int i = 0; i < sk_GENERAL_NAME_num (names); i++)
    {
        CertsIdentity *identity = to_identity (sk_GENERAL_NAME_value (names, i));
        if (identity != NULL)
            return identity;
    }
    return NULL;
}

static void
list_common_names (X509 *certificate, GStrvBuilder *list)
{
    const X509_NAME *subject = X509_get_subject_name (certificate);
    int index = -1;
    while ((index = X509_NAME_get_index_by_NID (subject, NID_commonName, index)) >= 0)
    {
        Text text = text_of (X509_NAME_ENTRY_get_data (X509_NAME_get_entry (subject, index)));
        g_autofree char *escaped = certs_text_escape (text.data, text.size);
        g_strv_builder_add (list, escaped);
    }
}

char **
certs_names_list (X509 *certificate)
{
    g_autoptr (GStrvBuilder) list = g_strv_builder_new ();
    g_autoptr (GeneralNames) names = get_alternative_names (certificate);
    unsigned shown = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num (names) && shown < CERTS_NAMES_SHOWN_MAX; i++)
    {
        g_autoptr (CertsIdentity) identity = to_identity (sk_GENERAL_NAME_value (names, i));
        g_autofree char *text = identity != NULL ? certs_identity_format (identity) : NULL;
        if (text == NULL)
            continue;
        g_strv_builder_add (list, text);
        shown++;
    }
    if (shown == 0)
        list_common_names (certificate, list);
    return g_strv_builder_end (list);
}
