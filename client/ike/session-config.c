/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/session.h"

IkeSessionConfig *
ike_session_config_new (void)
{
    IkeSessionConfig *self = g_new0 (IkeSessionConfig, 1);
    self->random = random_system;
    self->initial_contact = true;
    self->local = g_array_new (false, false, sizeof (TrafficSelector));
    self->remote = g_array_new (false, false, sizeof (TrafficSelector));
    static const IpFamily families[] = { IP_V4, IP_V6 };
    for (size_t i = 0; i < G_N_ELEMENTS (families); i++)
    {
        TrafficSelector any = traffic_selector_any (families[i]);
        g_array_append_val (self->local, any);
        g_array_append_val (self->remote, any);
    }
    return self;
}

void
ike_session_config_free (IkeSessionConfig *self)
{
    if (self == NULL)
        return;
    certs_identity_free (self->identity);
    certs_identity_free (self->gateway_identity);
    g_free (self->eap_identity);
    g_clear_pointer (&self->certificates, g_ptr_array_unref);
    g_clear_pointer (&self->authority_hashes, g_ptr_array_unref);
    g_clear_pointer (&self->ike_proposals, g_ptr_array_unref);
    g_clear_pointer (&self->esp_proposals, g_ptr_array_unref);
    g_array_unref (self->local);
    g_array_unref (self->remote);
    g_free (self);
}
