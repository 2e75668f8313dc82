/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/warm-up.h"

#include "crypto/group.h"
#include "crypto/random.h"
#include "ike/proposal.h"

struct WarmUp
{
    GSource *source; /* the last one; it may have done its work */
    char *ike, *esp; /* the profile's proposals; NULL: the default ones */
    bool went_on;
};

static GPtrArray *
read_offer (IkeProtocol protocol, const char *text)
{
    return text != NULL ? ike_proposals_parse (protocol, text, NULL)
                        : ike_proposals_default (protocol);
}

static gboolean
prepare_first_packet (gpointer data)
{
    const WarmUp *self = data;
    g_autoptr (GPtrArray) ike = read_offer (IKE_PROTOCOL_IKE, self->ike);
    g_autoptr (GPtrArray) esp = read_offer (IKE_PROTOCOL_ESP, self->esp);
    const Algorithm *group =
        ike != NULL && esp != NULL ? ike_proposals_get_first_group (ike) : NULL;
    if (group != NULL)
        key_exchange_free (key_exchange_new (group, NULL));
    return G_SOURCE_REMOVE;
}

/* To look one cipher up is to look all up. */
static gboolean
prepare_login (gpointer data)
{
    algorithm_is_available (algorithm_find_name (TRANSFORM_ENCRYPTION, "aes256gcm16"));
    return G_SOURCE_REMOVE;
}

static void
cancel (WarmUp *self)
{
    if (self->source != NULL)
        g_source_destroy (self->source);
    g_clear_pointer (&self->source, g_source_unref);
}

static void
plan (WarmUp *self, GSourceFunc prepare)
{
    cancel (self);
    self->source = g_idle_source_new ();
    g_source_set_callback (self->source, prepare, self, NULL);
    g_source_attach (self->source, g_main_context_get_thread_default ());
}

WarmUp *
warm_up_new (const Profile *profile)
{
    WarmUp *self = g_new0 (WarmUp, 1);
    self->ike = g_strdup (profile->ike);
    self->esp = g_strdup (profile->esp);
    random_prepare ();
    plan (self, prepare_first_packet);
    return self;
}

void
warm_up_go_on (WarmUp *self)
{
    if (!self->went_on)
        plan (self, prepare_login);
    self->went_on = true;
}

void
warm_up_free (WarmUp *self)
{
    if (self == NULL)
        return;
    cancel (self);
    g_free (self->ike);
    g_free (self->esp);
    g_free (self);
}
