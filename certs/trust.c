/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/trust.h"

#include "certs/chain-internal.h"
#include "certs/dates.h"
#include "certs/der.h"
#include "certs/key-internal.h"
#include "certs/pem.h"

#include <openssl/sha.h>
#include <string.h>

struct CertsTrust
{
    GMutex lock;
    X509_STORE *store;       /* of a system: made when it is first asked */
    GPtrArray *certificates; /* GBytes; NULL: the system's */
    char *directory;
    char *bundle;
};

/* Where distributions keep them: Debian, SUSE; Fedora; others. */
static const char *const system_directories[] = {
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted/pem/directory-hash",
    "/etc/pki/tls/certs",
};
static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
};

static bool
add_to_store (X509_STORE *store, GBytes *der, GError **error)
{
    g_autoptr (X509) certificate = certs_x509_parse (der, error);
    if (certificate == NULL)
        return false;
    if (X509_STORE_add_cert (store, certificate) != 1)
        return certs_fail (error, OUTRIDER_ERROR_CERTIFICATE_INVALID, "a CA certificate");
    return true;
}

CertsTrust *
certs_trust_new (GPtrArray *certificates, GError **error)
{
    g_autoptr (X509_STORE) store = X509_STORE_new ();
    g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; i < certificates->len; i++)
    {
        if (!add_to_store (store, certificates->pdata[i], error))
            return NULL;
        g_ptr_array_add (kept, g_bytes_ref (certificates->pdata[i]));
    }
    CertsTrust *self = g_new0 (CertsTrust, 1);
    g_mutex_init (&self->lock);
    self->store = g_steal_pointer (&store);
    self->certificates = g_steal_pointer (&kept);
    return self;
}

CertsTrust *
certs_trust_new_system_at (const char *directory, const char *bundle)
{
    CertsTrust *self = g_new0 (CertsTrust, 1);
    g_mutex_init (&self->lock);
    self->directory = g_strdup (directory);
    self->bundle = g_strdup (bundle);
    return self;
}

/* Certificates under the names that OpenSSL looks for: 8 hexadecimal digits, a dot, a number. */
static bool
is_hashed_directory (const char *path)
{
    g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
    for (const char *name; directory != NULL && (name = g_dir_read_name (directory)) != NULL;)
        if (strspn (name, "0123456789abcdef") == 8 && name[8] == '.' && g_ascii_isdigit (name[9]))
            return true;
    return false;
}

CertsTrust *
certs_trust_new_system (void)
{
    return certs_trust_new_system_at (NULL, NULL);
}

void
certs_trust_free (CertsTrust *self)
{
    if (self == NULL)
        return;
    X509_STORE_free (self->store);
    g_clear_pointer (&self->certificates, g_ptr_array_unref);
    g_free (self->directory);
    g_free (self->bundle);
    g_mutex_clear (&self->lock);
    g_free (self);
}

bool
certs_trust_is_system (const CertsTrust *self)
{
    return self->certificates == NULL;
}

/* The bundle goes through our own reader, which passes by what is no certificate. */
static bool
load_bundle (X509_STORE *store, const char *path)
{
    g_autofree char *content = NULL;
    gsize size = 0;
    g_autoptr (GPtrArray) certificates = NULL;
    if (!g_file_get_contents (path, &content, &size, NULL))
        return false;
    g_autoptr (GBytes) input = g_bytes_new_take (g_steal_pointer (&content), size);
    if (!certs_parse_certificates (input, &certificates, NULL))
        return false;
    for (guint i = 0; i < certificates->len; i++)
        add_to_store (store, certificates->pdata[i], NULL);
    return true;
}

/* A directory costs a look-up a CA; a bundle has to be read from end to end. */
static void
load_system (const CertsTrust *self, X509_STORE *store)
{
    bool anywhere = self->directory == NULL && self->bundle == NULL;
    const char *const *directories =
        anywhere ? system_directories : (const char *const *)&self->directory;
    const char *const *bundles = anywhere ? system_bundles : (const char *const *)&self->bundle;
    size_t n_directories = anywhere ? G_N_ELEMENTS (system_directories) : 1;
    size_t n_bundles = anywhere ? G_N_ELEMENTS (system_bundles) : 1;

    for (size_t i = 0; i < n_directories; i++)
        if (directories[i] != NULL && is_hashed_directory (directories[i]) &&
            X509_STORE_load_path (store, directories[i]) == 1)
            return;
    for (size_t i = 0; i < n_bundles; i++)
        if (bundles[i] != NULL && load_bundle (store, bundles[i]))
            return;
}

static X509_STORE *
get_store (CertsTrust *self)
{
    g_mutex_lock (&self->lock);
    if (self->store == NULL)
    {
        self->store = X509_STORE_new ();
        load_system (self, self->store);
        ERR_clear_error ();
    }
    X509_STORE *store = self->store;
    g_mutex_unlock (&self->lock);
    return store;
}

/* What OpenSSL's verdict means to a user; every other one makes the certificate invalid. */
static const struct
{
    int verdict;
    OutriderError code;
} verdicts[] = {
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, OUTRIDER_ERROR_CA_UNKNOWN },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, OUTRIDER_ERROR_CA_UNKNOWN },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, OUTRIDER_ERROR_CA_UNKNOWN },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, OUTRIDER_ERROR_CA_UNKNOWN },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, OUTRIDER_ERROR_CA_UNKNOWN },
    { X509_V_ERR_CERT_UNTRUSTED, OUTRIDER_ERROR_CA_UNKNOWN },
    { X509_V_ERR_CERT_HAS_EXPIRED, OUTRIDER_ERROR_CERTIFICATE_EXPIRED },
    { X509_V_ERR_CERT_NOT_YET_VALID, OUTRIDER_ERROR_CERTIFICATE_EXPIRED },
};

static OutriderError
get_code (int verdict)
{
    for (size_t i = 0; i < G_N_ELEMENTS (verdicts); i++)
        if (verdicts[i].verdict == verdict)
            return verdicts[i].code;
    return OUTRIDER_ERROR_CERTIFICATE_INVALID;
}

static void
explain (X509_STORE_CTX *context, gint64 now, GError **error)
{
    int verdict = X509_STORE_CTX_get_error (context);
    OutriderError code = get_code (verdict);
    X509 *culprit = X509_STORE_CTX_get_current_cert (context);
    if (culprit == NULL)
        culprit = X509_STORE_CTX_get0_cert (context);
    g_autofree char *subject = certs_name_format (X509_get_subject_name (culprit));
    g_autofree char *issuer = certs_name_format (X509_get_issuer_name (culprit));
    EVP_PKEY *key = X509_get0_pubkey (culprit);
    g_autofree char *key_text = key != NULL ? certs_pkey_describe (key) : g_strdup ("none");

    if (code == OUTRIDER_ERROR_CERTIFICATE_EXPIRED)
        certs_dates_set_error (culprit, now, error);
    else if (code == OUTRIDER_ERROR_CA_UNKNOWN)
        g_set_error (error, OUTRIDER_ERROR, (int)code,
                     "the certificate of \"%s\" was issued by \"%s\", which is not trusted",
                     subject, issuer);
    else
        g_set_error (error, OUTRIDER_ERROR, (int)code,
                     "the certificate of \"%s\" (key %s, issued by \"%s\"): %s", subject, key_text,
                     issuer, X509_verify_cert_error_string (verdict));
}

static bool
refuse_usage (X509 *certificate, const char *what, GError **error)
{
    g_autofree char *subject = certs_name_format (X509_get_subject_name (certificate));
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID,
                 "the certificate of \"%s\": %s", subject, what);
    return false;
}

/* RFC 4945 5.1.3.12 and RFC 5280 4.2.1.12; iKEIntermediate is Microsoft's and Apple's older wish. */
static const struct
{
    const char *oid;
    bool allowed[2]; /* by CertsPurpose */
} usages[] = {
    { "1.3.6.1.5.5.7.3.1", { true, true } },   /* serverAuth */
    { "1.3.6.1.5.5.7.3.17", { true, false } }, /* ipsecIKE */
    { "1.3.6.1.5.5.8.2.2", { true, false } },  /* iKEIntermediate */
    { "2.5.29.37.0", { true, true } },         /* anyExtendedKeyUsage */
};

static bool
allows_purpose (const ASN1_OBJECT *usage, CertsPurpose purpose)
{
    char oid[64] = "";
    if (OBJ_obj2txt (oid, sizeof oid, usage, 1) <= 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS (usages); i++)
        if (strcmp (usages[i].oid, oid) == 0)
            return usages[i].allowed[purpose];
    return false;
}

/* Without the extension a certificate is good for everything. */
static bool
check_extended_usage (X509 *certificate, CertsPurpose purpose, GError **error)
{
    int critical = -1;
    EXTENDED_KEY_USAGE *extension =
        X509_get_ext_d2i (certificate, NID_ext_key_usage, &critical, NULL);
    if (extension == NULL && critical == -1)
        return true;
    bool allowed = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num (extension); i++)
        allowed = allowed || allows_purpose (sk_ASN1_OBJECT_value (extension, i), purpose);
    EXTENDED_KEY_USAGE_free (extension);
    return allowed ||
           refuse_usage (certificate, "its extended key usage does not allow a VPN gateway", error);
}

/* RFC 4945 5.1.3.2: one of the two that sign. X509_get_key_usage gives all ones without the extension. */
static bool
check_key_usage (X509 *certificate, GError **error)
{
    return (X509_get_key_usage (certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 ||
           refuse_usage (certificate, "its key usage does not allow signatures", error);
}

/* The last of the path was trusted by hand, be it the gateway's own certificate: nobody asks what for. */
static bool
check_usages (X509_STORE_CTX *context, CertsPurpose purpose, GError **error)
{
    const X509Stack *path = X509_STORE_CTX_get0_chain (context);
    int count = sk_X509_num (path);
    for (int i = 0; i < count; i++)
        if (i < count - 1 && !check_extended_usage (sk_X509_value (path, i), purpose, error))
            return false;
    return check_key_usage (sk_X509_value (path, 0), error);
}

bool
certs_trust_verify (CertsTrust *self, const CertsChain *chain, gint64 now, CertsPurpose purpose,
                    GError **error)
{
    g_autoptr (X509_STORE_CTX) context = X509_STORE_CTX_new ();
    if (context == NULL ||
        X509_STORE_CTX_init (context, get_store (self), certs_chain_get_own (chain),
                             chain->certificates) != 1)
        return certs_fail (error, OUTRIDER_ERROR_INTERNAL, "checking a certificate");

    X509_VERIFY_PARAM *wish = X509_STORE_CTX_get0_param (context);
    X509_VERIFY_PARAM_set_time (wish, (time_t)now);
    X509_VERIFY_PARAM_set_depth (wish, CERTS_CHAIN_MAX);
    X509_VERIFY_PARAM_set_auth_level (wish, CERTS_SECURITY_LEVEL);
    /* Any certificate that was trusted by hand ends a chain, be it an intermediate CA or the gateway's own. */
    X509_VERIFY_PARAM_set_flags (wish, X509_V_FLAG_PARTIAL_CHAIN);

    bool good = X509_verify_cert (context) == 1;
    if (!good)
        explain (context, now, error);
    ERR_clear_error ();
    return good && check_usages (context, purpose, error);
}

static GBytes *
hash_key (GBytes *der)
{
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (der, &size), *key = NULL;
    unsigned char digest[SHA_DIGEST_LENGTH];
    size_t key_size = 0;
    bool done = certs_der_find_public_key (data, size, &key, &key_size) &&
                EVP_Q_digest (NULL, "SHA1", NULL, key, key_size, digest, NULL) == 1;
    return done ? g_bytes_new (digest, sizeof digest) : NULL;
}

GPtrArray *
certs_hash_authority_keys (const GPtrArray *certificates)
{
    GPtrArray *hashes = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; certificates != NULL && i < certificates->len; i++)
    {
        GBytes *hash = hash_key (certificates->pdata[i]);
        if (hash != NULL)
            g_ptr_array_add (hashes, hash);
    }
    return hashes;
}
