/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/openssl.h"

#include <openssl/provider.h>

bool
certs_fail (GError **error, OutriderError code, const char *what)
{
    unsigned long reason_code = ERR_peek_last_error ();
    const char *reason = reason_code != 0 ? ERR_reason_error_string (reason_code) : NULL;
    g_set_error (error, OUTRIDER_ERROR, (int)code, "%s%s%s", what, reason != NULL ? ": " : "",
                 reason != NULL ? reason : "");
    ERR_clear_error ();
    return false;
}

/* Without the legacy provider (a package of its own on some systems) what needs no old cipher still works. */
OSSL_LIB_CTX *
certs_get_legacy_library (void)
{
    static gsize library = 0;
    if (g_once_init_enter (&library))
    {
        OSSL_LIB_CTX *context = OSSL_LIB_CTX_new ();
        g_assert (context != NULL);
        OSSL_PROVIDER_load (context, "default");
        OSSL_PROVIDER_load (context, "legacy");
        ERR_clear_error ();
        g_once_init_leave (&library, (gsize)context);
    }
    return (OSSL_LIB_CTX *)library;
}

X509 *
certs_x509_parse (GBytes *der, GError **error)
{
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (der, &size), *at = data;
    if (size == 0 || size > CERTS_CERTIFICATE_SIZE_MAX)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID,
                     "a certificate of %zu octets", (size_t)size);
        return NULL;
    }
    g_autoptr (X509) certificate = d2i_X509 (NULL, &at, (long)size);
    if (certificate == NULL || at != data + size)
    {
        certs_fail (error, OUTRIDER_ERROR_CERTIFICATE_INVALID, "not a certificate");
        return NULL;
    }
    return g_steal_pointer (&certificate);
}

GBytes *
certs_x509_encode (X509 *certificate)
{
    unsigned char *der = NULL;
    int size = i2d_X509 (certificate, &der);
    g_assert (size > 0);
    GBytes *bytes = g_bytes_new (der, (gsize)size);
    OPENSSL_free (der);
    return bytes;
}

/* OpenSSL's "SN" is the surname; everybody else's, dn.c included, the serial number. */
static const char *
get_attribute_name (const ASN1_OBJECT *type, char *room, int size)
{
    int nid = OBJ_obj2nid (type);
    if (nid == NID_surname)
        return "S";
    if (nid != NID_undef)
        return OBJ_nid2sn (nid);
    OBJ_obj2txt (room, size, type, 1);
    return room;
}

char *
certs_name_format (const X509_NAME *name)
{
    unsigned long flags = ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL |
                          ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |
                          ASN1_STRFLGS_DUMP_DER;
    g_autoptr (BIO) output = BIO_new (BIO_s_mem ());
    int set = -1;
    for (int i = 0; output != NULL && i < X509_NAME_entry_count (name); i++)
    {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry (name, i);
        char room[80] = "";
        const char *type =
            get_attribute_name (X509_NAME_ENTRY_get_object (entry), room, sizeof room);
        const char *separator = i == 0 ? "" : X509_NAME_ENTRY_set (entry) == set ? " + " : ", ";
        set = X509_NAME_ENTRY_set (entry);
        BIO_printf (output, "%s%s=", separator, type);
        ASN1_STRING_print_ex (output, X509_NAME_ENTRY_get_data (entry), flags);
    }
    ERR_clear_error ();
    char *text = NULL;
    long size = output != NULL ? BIO_get_mem_data (output, &text) : 0;
    return size > 0 ? certs_text_escape (text, (size_t)size) : g_strdup ("");
}

char *
certs_text_escape (const void *octets, size_t size)
{
    g_autoptr (GString) text = g_string_sized_new (size);
    const char *at = size > 0 ? octets : "", *end = at + size;
    while (at < end)
    {
        gunichar point = g_utf8_get_char_validated (at, end - at);
        bool whole = point != (gunichar)-1 && point != (gunichar)-2;
        if (whole && g_unichar_isprint (point))
            g_string_append_unichar (text, point);
        else
            for (int i = 0, n = whole ? g_unichar_to_utf8 (point, NULL) : 1; i < n; i++)
                g_string_append_printf (text, "\\x%02x", (unsigned char)at[i]);
        at += whole ? g_unichar_to_utf8 (point, NULL) : 1;
    }
    return g_string_free (g_steal_pointer (&text), FALSE);
}
