/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/credentials.h"

Credentials *
credentials_new (void)
{
    return g_new0 (Credentials, 1);
}

void
credentials_free (Credentials *self)
{
    if (self == NULL)
        return;
    certs_bundle_free (self->bundle);
    g_clear_pointer (&self->authorities, g_ptr_array_unref);
    secret_bytes_unref (self->password);
    secret_bytes_unref (self->psk);
    g_free (self);
}
