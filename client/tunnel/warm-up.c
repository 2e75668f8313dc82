/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/warm-up.h"

#include "certs/trust.h"
#include "crypto/group.h"
#include "crypto/random.h"
#include "ike/proposal.h"

struct WarmUp
{
    GSource *source; /* NULL: at rest */
    bool default_offer;
    unsigned next; /* step */
};

/* The group may be another one: what is looked up with one of them serves all. */
static void
prepare_key_exchange (const WarmUp *self)
{
    key_exchange_free (
        key_exchange_new (algorithm_find_name (TRANSFORM_KEY_EXCHANGE, "curve25519"), NULL));
}

static void
prepare_offer (const WarmUp *self)
{
    if (self->default_offer)
        g_ptr_array_unref (ike_proposals_default (IKE_PROTOCOL_IKE));
}

static void
prepare_cipher (const WarmUp *self)
{
    algorithm_is_available (algorithm_find_name (TRANSFORM_ENCRYPTION, "aes256gcm16"));
}

static void
prepare_trust (const WarmUp *self)
{
    certs_trust_prepare ();
}

/* In the order in which they are asked for; short, since an answer may come in meanwhile. */
static void (*const steps[]) (const WarmUp *) = {
    prepare_key_exchange,
    prepare_offer,
    prepare_cipher,
    prepare_trust,
};

enum
{
    FIRST_OF_LOGIN = 2,
};

static gboolean
take_step (gpointer data)
{
    WarmUp *self = data;
    steps[self->next++](self);
    if (self->next != FIRST_OF_LOGIN && self->next != G_N_ELEMENTS (steps))
        return G_SOURCE_CONTINUE;
    g_clear_pointer (&self->source, g_source_unref);
    return G_SOURCE_REMOVE;
}

static void
start (WarmUp *self)
{
    self->source = g_idle_source_new ();
    g_source_set_callback (self->source, take_step, self, NULL);
    g_source_attach (self->source, g_main_context_get_thread_default ());
}

WarmUp *
warm_up_new (const Profile *profile)
{
    WarmUp *self = g_new0 (WarmUp, 1);
    self->default_offer = profile->ike == NULL || profile->esp == NULL;
    random_prepare ();
    start (self);
    return self;
}

void
warm_up_go_on (WarmUp *self)
{
    self->next = MAX (self->next, FIRST_OF_LOGIN);
    if (self->source == NULL && self->next < G_N_ELEMENTS (steps))
        start (self);
}

void
warm_up_free (WarmUp *self)
{
    if (self == NULL)
        return;
    if (self->source != NULL)
        g_source_destroy (self->source);
    g_clear_pointer (&self->source, g_source_unref);
    g_free (self);
}
