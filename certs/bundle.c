/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/bundle.h"

#include "certs/chain-internal.h"
#include "certs/dates.h"
#include "certs/key-internal.h"
#include "certs/names.h"
#include "certs/openssl.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ASN1_TIME, ASN1_TIME_free)

void
certs_bundle_free (CertsBundle *self)
{
    if (self == NULL)
        return;
    g_clear_pointer (&self->certificate, g_bytes_unref);
    g_clear_pointer (&self->chain, g_ptr_array_unref);
    certs_key_unref (self->key);
    g_free (self);
}

static GPtrArray *
parse_all (GPtrArray *certificates, GError **error)
{
    g_autoptr (GPtrArray) parsed = g_ptr_array_new_with_free_func ((GDestroyNotify)X509_free);
    for (guint i = 0; i < certificates->len; i++)
    {
        X509 *certificate = certs_x509_parse (certificates->pdata[i], error);
        if (certificate == NULL)
            return NULL;
        g_ptr_array_add (parsed, certificate);
    }
    return g_steal_pointer (&parsed);
}

/* Takes the certificate that issued CHILD out of PARSED; NULL if there is none or CHILD issued itself. */
static X509 *
take_issuer (GPtrArray *parsed, X509 *child)
{
    if (X509_check_issued (child, child) == X509_V_OK)
        return NULL;
    for (guint i = 0; i < parsed->len; i++)
        if (X509_check_issued (parsed->pdata[i], child) == X509_V_OK)
            return g_ptr_array_steal_index (parsed, i);
    return NULL;
}

/* Owned by the list of DER that it returns; PARSED keeps what was not reached, in its order, behind. */
static GPtrArray *
order_chain (GPtrArray *parsed, X509 *own)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_autoptr (X509) child = X509_dup (own);
    for (X509 *issuer; child != NULL && (issuer = take_issuer (parsed, child)) != NULL;)
    {
        g_ptr_array_add (chain, certs_x509_encode (issuer));
        X509_free (child);
        child = issuer;
    }
    for (guint i = 0; i < parsed->len; i++)
        g_ptr_array_add (chain, certs_x509_encode (parsed->pdata[i]));
    return chain;
}

CertsBundle *
certs_bundle_new (GPtrArray *certificates, CertsKey *key, GError **error)
{
    g_autoptr (GPtrArray) parsed = parse_all (certificates, error);
    if (parsed == NULL)
        return NULL;
    g_autoptr (X509) own = NULL;
    for (guint i = 0; own == NULL && i < parsed->len; i++)
    {
        EVP_PKEY *public_key = X509_get0_pubkey (parsed->pdata[i]);
        if (public_key != NULL && EVP_PKEY_eq (public_key, certs_key_get_pkey (key)) == 1)
            own = g_ptr_array_steal_index (parsed, i);
    }
    ERR_clear_error ();
    if (own == NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE,
                             "the private key belongs to none of the certificates");
        return NULL;
    }
    CertsBundle *self = g_new0 (CertsBundle, 1);
    self->certificate = certs_x509_encode (own);
    self->chain = order_chain (parsed, own);
    self->key = certs_key_ref (key);
    return self;
}

CertsIdentity *
certs_bundle_get_default_identity (const CertsBundle *self)
{
    g_autoptr (X509) own = certs_x509_parse (self->certificate, NULL);
    if (own == NULL)
        return NULL;
    const X509_NAME *subject = X509_get_subject_name (own);
    const unsigned char *der = NULL;
    size_t size = 0;
    if (X509_NAME_entry_count (subject) > 0 && X509_NAME_get0_der (subject, &der, &size) == 1)
        return certs_identity_new (CERTS_IDENTITY_DER_ASN1_DN, der, size);
    return certs_names_get_first_identity (own);
}

bool
certs_bundle_check (const CertsBundle *self, const CertsIdentity *identity, gint64 now,
                    GError **error)
{
    g_autoptr (GPtrArray) own = g_ptr_array_new ();
    g_ptr_array_add (own, self->certificate);
    g_autoptr (CertsChain) chain = certs_chain_new (own, error);
    return chain != NULL && certs_dates_check (certs_chain_get_own (chain), now, error) &&
           certs_identity_matches (identity, chain, error);
}

static gint64
get_seconds (const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    g_autoptr (ASN1_TIME) epoch = ASN1_TIME_set (NULL, 0);
    if (epoch == NULL || ASN1_TIME_diff (&days, &seconds, epoch, time) != 1)
        return 0;
    return (gint64)days * 86400 + seconds;
}

static char *
get_fingerprint (GBytes *der)
{
    return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
}

CertsDescription *
certs_describe (GBytes *der, GError **error)
{
    g_autoptr (X509) certificate = certs_x509_parse (der, error);
    if (certificate == NULL)
        return NULL;
    CertsDescription *self = g_new0 (CertsDescription, 1);
    EVP_PKEY *key = X509_get0_pubkey (certificate);
    self->subject = certs_name_format (X509_get_subject_name (certificate));
    self->issuer = certs_name_format (X509_get_issuer_name (certificate));
    self->not_before = get_seconds (X509_get0_notBefore (certificate));
    self->not_after = get_seconds (X509_get0_notAfter (certificate));
    self->names = certs_names_list (certificate);
    self->key = key != NULL ? certs_pkey_describe (key) : g_strdup ("a key of unknown type");
    self->fingerprint = get_fingerprint (der);
    self->is_authority = X509_check_ca (certificate) == 1;
    ERR_clear_error ();
    return self;
}

void
certs_description_free (CertsDescription *self)
{
    if (self == NULL)
        return;
    g_free (self->subject);
    g_free (self->issuer);
    g_strfreev (self->names);
    g_free (self->key);
    g_free (self->fingerprint);
    g_free (self);
}
