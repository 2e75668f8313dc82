/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/actions.h"

IkeChildSa *
ike_child_sa_new (void)
{
    IkeChildSa *self = g_new0 (IkeChildSa, 1);
    g_atomic_ref_count_init (&self->references);
    return self;
}

IkeChildSa *
ike_child_sa_ref (IkeChildSa *self)
{
    g_atomic_ref_count_inc (&self->references);
    return self;
}

void
ike_child_sa_unref (IkeChildSa *self)
{
    if (self == NULL || !g_atomic_ref_count_dec (&self->references))
        return;
    secret_bytes_unref (self->encryption_key_in);
    secret_bytes_unref (self->encryption_key_out);
    secret_bytes_unref (self->integrity_key_in);
    secret_bytes_unref (self->integrity_key_out);
    g_clear_pointer (&self->local, g_array_unref);
    g_clear_pointer (&self->remote, g_array_unref);
    g_free (self);
}

char *
ike_child_sa_format_proposal (const IkeChildSa *self)
{
    return g_strdup_printf ("%s%s%s%s", self->encryption->name, self->integrity != NULL ? "-" : "",
                            self->integrity != NULL ? self->integrity->name : "",
                            self->esn ? "-esn" : "");
}

void
ike_action_free (IkeAction *self)
{
    if (self == NULL)
        return;
    g_clear_pointer (&self->datagram, g_bytes_unref);
    secret_bytes_unref (self->octets);
    g_clear_pointer (&self->hashes, g_array_unref);
    g_clear_pointer (&self->chain, certs_chain_free);
    certs_identity_free (self->identity);
    ike_grant_free (self->grant);
    g_free (self->gateway_identity);
    g_free (self->proposal);
    ike_child_sa_unref (self->child);
    g_clear_error (&self->error);
    g_free (self);
}
