/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/pki.h"

#include "certs/identity.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>

struct PkiEntity
{
    X509 *certificate;
    EVP_PKEY *key;
    GBytes *der;
};

enum
{
    ITERATIONS = 100,
};

static EVP_PKEY *
make_key (const char *name)
{
    static const struct
    {
        const char *name, *type, *group;
        size_t bits;
    } kinds[] = {
        { "rsa1024", "RSA", NULL, 1024 },  { "rsa2048", "RSA", NULL, 2048 },
        { "ecp256", "EC", "P-256", 0 },    { "ecp384", "EC", "P-384", 0 },
        { "ecp521", "EC", "P-521", 0 },    { "ecp256bp", "EC", "brainpoolP256r1", 0 },
        { "ed25519", "ED25519", NULL, 0 }, { "ed448", "ED448", NULL, 0 },
        { "x25519", "X25519", NULL, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
        if (!g_str_equal (kinds[i].name, name))
            continue;
        if (kinds[i].bits > 0)
            return EVP_PKEY_Q_keygen (NULL, NULL, kinds[i].type, kinds[i].bits);
        if (kinds[i].group != NULL)
            return EVP_PKEY_Q_keygen (NULL, NULL, kinds[i].type, kinds[i].group);
        return EVP_PKEY_Q_keygen (NULL, NULL, kinds[i].type);
    }
    g_error ("no key is called %s", name);
}

static void
set_subject (X509 *certificate, const char *subject)
{
    if (subject == NULL)
        return;
    g_autoptr (GError) error = NULL;
    g_autofree char *text = g_strconcat ("dn:", subject, NULL);
    g_autoptr (CertsIdentity) identity = certs_identity_parse (text, &error);
    g_assert_no_error (error);
    gsize size = 0;
    const unsigned char *der = g_bytes_get_data (identity->value, &size);
    X509_NAME *name = d2i_X509_NAME (NULL, &der, (long)size);
    g_assert_true (X509_set_subject_name (certificate, name) == 1);
    X509_NAME_free (name);
}

static void
add_extension (X509 *certificate, X509 *issuer, int nid, const char *value)
{
    if (value == NULL)
        return;
    X509V3_CTX context;
    X509V3_set_ctx (&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
    g_assert_nonnull (extension);
    g_assert_true (X509_add_ext (certificate, extension, -1) == 1);
    X509_EXTENSION_free (extension);
}

static void
add_raw_host_name (X509 *certificate, const char *octets, size_t size)
{
    if (octets == NULL)
        return;
    ASN1_IA5STRING *text = ASN1_IA5STRING_new ();
    ASN1_STRING_set (text, octets, (int)size);
    GENERAL_NAME *name = GENERAL_NAME_new ();
    GENERAL_NAME_set0_value (name, GEN_DNS, text);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null ();
    sk_GENERAL_NAME_push (names, name);
    g_assert_true (X509_add1_ext_i2d (certificate, NID_subject_alt_name, names, 0, 0) == 1);
    GENERAL_NAMES_free (names);
}

static void
set_validity (X509 *certificate, const PkiRequest *request)
{
    gint64 from = request->not_before != 0 ? request->not_before : PKI_NOW - 180 * PKI_DAY;
    gint64 until = request->not_after != 0 ? request->not_after : PKI_NOW + 180 * PKI_DAY;
    ASN1_TIME_set (X509_getm_notBefore (certificate), (time_t)from);
    ASN1_TIME_set (X509_getm_notAfter (certificate), (time_t)until);
}

static void
sign_certificate (X509 *certificate, EVP_PKEY *key, const char *digest)
{
    bool plain = EVP_PKEY_is_a (key, "ED25519") || EVP_PKEY_is_a (key, "ED448");
    const EVP_MD *md = plain ? NULL : EVP_get_digestbyname (digest != NULL ? digest : "SHA256");
    g_assert_true (X509_sign (certificate, key, md) > 0);
}

PkiEntity *
pki_issue (const PkiRequest *request, const PkiEntity *issuer)
{
    static int serial = 1;
    PkiEntity *self = g_new0 (PkiEntity, 1);
    if (request->same_key != NULL)
        self->key = EVP_PKEY_dup (request->same_key->key);
    else
        self->key = make_key (request->key != NULL ? request->key : "ecp256");
    g_assert_nonnull (self->key);

    X509 *certificate = self->certificate = X509_new ();
    X509 *parent = issuer != NULL ? issuer->certificate : certificate;
    X509_set_version (certificate, X509_VERSION_3);
    ASN1_INTEGER_set (X509_get_serialNumber (certificate), serial++);
    set_subject (certificate, request->subject);
    X509_set_issuer_name (certificate, X509_get_subject_name (parent));
    set_validity (certificate, request);
    X509_set_pubkey (certificate, self->key);
    add_extension (certificate, parent, NID_basic_constraints, request->constraints);
    add_extension (certificate, parent, NID_key_usage, request->usage);
    add_extension (certificate, parent, NID_ext_key_usage, request->extended_usage);
    add_extension (certificate, parent, NID_subject_alt_name, request->names);
    add_extension (certificate, parent, NID_name_constraints, request->name_constraints);
    add_raw_host_name (certificate, request->raw_host_name, request->raw_host_name_size);
    sign_certificate (certificate, issuer != NULL ? issuer->key : self->key, request->digest);

    unsigned char *der = NULL;
    int size = i2d_X509 (certificate, &der);
    self->der = g_bytes_new (der, (gsize)size);
    OPENSSL_free (der);
    return self;
}

PkiEntity *
pki_issue_root (const char *common_name)
{
    g_autofree char *subject = g_strconcat ("C=CH, O=Outrider Test, CN=", common_name, NULL);
    return pki_issue (&(PkiRequest){ .subject = subject,
                                     .constraints = "critical,CA:TRUE",
                                     .usage = "critical,keyCertSign,cRLSign" },
                      NULL);
}

void
pki_free (PkiEntity *self)
{
    if (self == NULL)
        return;
    X509_free (self->certificate);
    EVP_PKEY_free (self->key);
    g_bytes_unref (self->der);
    g_free (self);
}

GBytes *
pki_get_certificate (const PkiEntity *self)
{
    return self->der;
}

static char *
take_text (BIO *output)
{
    char *data = NULL;
    long size = BIO_get_mem_data (output, &data);
    char *text = g_strndup (data, (gsize)size);
    BIO_free (output);
    return text;
}

char *
pki_get_certificate_pem (const PkiEntity *self)
{
    BIO *output = BIO_new (BIO_s_mem ());
    g_assert_true (PEM_write_bio_X509 (output, self->certificate) == 1);
    return take_text (output);
}

GBytes *
pki_get_key (const PkiEntity *self)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8 (self->key);
    unsigned char *der = NULL;
    int size = i2d_PKCS8_PRIV_KEY_INFO (info, &der);
    GBytes *bytes = g_bytes_new (der, (gsize)size);
    OPENSSL_free (der);
    PKCS8_PRIV_KEY_INFO_free (info);
    return bytes;
}

char *
pki_get_key_pem (const PkiEntity *self, const char *cipher, const char *passphrase)
{
    BIO *output = BIO_new (BIO_s_mem ());
    const EVP_CIPHER *how = passphrase != NULL ? EVP_get_cipherbyname (cipher) : NULL;
    int size = passphrase != NULL ? (int)strlen (passphrase) : 0;
    g_assert_true (
        PEM_write_bio_PKCS8PrivateKey (output, self->key, how, passphrase, size, NULL, NULL) == 1);
    return take_text (output);
}

char *
pki_get_traditional_key_pem (const PkiEntity *self, const char *passphrase)
{
    BIO *output = BIO_new (BIO_s_mem ());
    const EVP_CIPHER *how = passphrase != NULL ? EVP_aes_128_cbc () : NULL;
    int size = passphrase != NULL ? (int)strlen (passphrase) : 0;
    g_assert_true (PEM_write_bio_PrivateKey_traditional (output, self->key, how,
                                                         (const unsigned char *)passphrase, size,
                                                         NULL, NULL) == 1);
    return take_text (output);
}

/* With the old ciphers: PKCS12_create_ex () under a library that has them. */
static OSSL_LIB_CTX *
get_library (bool old_ciphers)
{
    static OSSL_LIB_CTX *library;
    if (!old_ciphers)
        return NULL;
    if (library == NULL)
    {
        library = OSSL_LIB_CTX_new ();
        g_assert_nonnull (OSSL_PROVIDER_load (library, "default"));
        g_assert_nonnull (OSSL_PROVIDER_load (library, "legacy"));
    }
    return library;
}

GBytes *
pki_get_pkcs12 (const PkiEntity *self, const PkiPkcs12 *options)
{
    STACK_OF (X509) *others = sk_X509_new_null ();
    for (size_t i = 0; options->others != NULL && options->others[i] != NULL; i++)
        sk_X509_push (others, options->others[i]->certificate);
    int key_cipher = options->old_ciphers ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : 0;
    int certificate_cipher = options->old_ciphers ? NID_pbe_WithSHA1And40BitRC2_CBC : 0;
    PKCS12 *file = PKCS12_create_ex (
        options->passphrase, "test", options->without_key ? NULL : self->key, self->certificate,
        others, key_cipher, certificate_cipher, ITERATIONS, options->without_mac ? -1 : ITERATIONS,
        0, get_library (options->old_ciphers), NULL);
    g_assert_nonnull (file);
    const ASN1_INTEGER *iterations = NULL;
    PKCS12_get0_mac (NULL, NULL, NULL, &iterations, file);
    if (options->claimed_iterations != 0)
        ASN1_INTEGER_set ((ASN1_INTEGER *)(uintptr_t)iterations, options->claimed_iterations);
    unsigned char *der = NULL;
    int size = i2d_PKCS12 (file, &der);
    GBytes *bytes = g_bytes_new (der, (gsize)size);
    OPENSSL_free (der);
    PKCS12_free (file);
    sk_X509_free (others);
    return bytes;
}

static GPtrArray *
list_all (const PkiEntity *first, va_list others)
{
    GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    for (const PkiEntity *at = first; at != NULL; at = va_arg (others, const PkiEntity *))
        g_ptr_array_add (list, g_bytes_ref (at->der));
    return list;
}

GPtrArray *
pki_list (const PkiEntity *first, ...)
{
    va_list others;
    va_start (others, first);
    GPtrArray *list = list_all (first, others);
    va_end (others);
    return list;
}

CertsChain *
pki_chain (const PkiEntity *own, ...)
{
    va_list others;
    va_start (others, own);
    g_autoptr (GPtrArray) list = list_all (own, others);
    va_end (others);
    g_autoptr (GError) error = NULL;
    CertsChain *chain = certs_chain_new (list, &error);
    g_assert_no_error (error);
    return chain;
}
