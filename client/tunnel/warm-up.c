/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/warm-up.h"

#include "certs/trust.h"
#include "crypto/group.h"
#include "crypto/legacy.h"
#include "crypto/random.h"
#include "ike/proposal.h"
#include "tunnel/login.h"

struct WarmUp
{
    GThread *thread;
    bool default_offer;
    bool eap;

    GMutex lock; /* of what follows */
    GCond changed;
    bool ready;
    bool goes_on;
    bool ends;
};

/* The group may be another one: what is looked up with one of them serves all. */
static void
prepare_first_packet (const WarmUp *self)
{
    random_prepare ();
    key_exchange_free (
        key_exchange_new (algorithm_find_name (TRANSFORM_KEY_EXCHANGE, "ecp256"), NULL));
    if (self->default_offer)
        g_ptr_array_unref (ike_proposals_default (IKE_PROTOCOL_IKE));
}

/* In the order in which the login asks for it. */
static void
prepare_login (const WarmUp *self)
{
    algorithm_is_available (algorithm_find_name (TRANSFORM_ENCRYPTION, "aes256gcm16"));
    certs_trust_prepare ();
    if (self->eap)
        legacy_prepare ();
}

static gpointer
run (gpointer data)
{
    WarmUp *self = data;
    prepare_first_packet (self);
    g_mutex_lock (&self->lock);
    self->ready = true;
    g_cond_signal (&self->changed);
    while (!self->goes_on && !self->ends)
        g_cond_wait (&self->changed, &self->lock);
    bool ends = self->ends;
    g_mutex_unlock (&self->lock);
    if (!ends)
        prepare_login (self);
    return NULL;
}

WarmUp *
warm_up_new (const Profile *profile)
{
    WarmUp *self = g_new0 (WarmUp, 1);
    self->default_offer = profile->ike == NULL || profile->esp == NULL;
    self->eap = login_has_eap (profile);
    g_mutex_init (&self->lock);
    g_cond_init (&self->changed);
    self->thread = g_thread_new ("outrider-warm", run, self);
    return self;
}

void
warm_up_await (WarmUp *self)
{
    g_mutex_lock (&self->lock);
    while (!self->ready)
        g_cond_wait (&self->changed, &self->lock);
    g_mutex_unlock (&self->lock);
}

void
warm_up_go_on (WarmUp *self)
{
    g_mutex_lock (&self->lock);
    self->goes_on = true;
    g_cond_signal (&self->changed);
    g_mutex_unlock (&self->lock);
}

void
warm_up_free (WarmUp *self)
{
    if (self == NULL)
        return;
    g_mutex_lock (&self->lock);
    self->ends = true;
    g_cond_signal (&self->changed);
    g_mutex_unlock (&self->lock);
    g_thread_join (self->thread);
    g_cond_clear (&self->changed);
    g_mutex_clear (&self->lock);
    g_free (self);
}
