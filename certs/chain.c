/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/chain-internal.h"

CertsChain *
certs_chain_new (const GPtrArray *certificates, GError **error)
{
    if (certificates->len == 0 || certificates->len > CERTS_CHAIN_MAX)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_INVALID,
                     "a chain of %u certificates; 1 to %d are allowed", certificates->len,
                     CERTS_CHAIN_MAX);
        return NULL;
    }
    g_autoptr (X509Stack) read = sk_X509_new_reserve (NULL, (int)certificates->len);
    for (guint i = 0; i < certificates->len; i++)
    {
        X509 *certificate = certs_x509_parse (certificates->pdata[i], error);
        if (certificate == NULL)
            return NULL;
        sk_X509_push (read, certificate);
    }
    CertsChain *self = g_new0 (CertsChain, 1);
    self->certificates = g_steal_pointer (&read);
    return self;
}

void
certs_chain_free (CertsChain *self)
{
    if (self == NULL)
        return;
    x509_stack_free (self->certificates);
    g_free (self);
}
