/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/warm-up.h"

#include "certs/trust.h"
#include "crypto/group.h"
#include "crypto/random.h"
#include "ike/proposal.h"

struct WarmUp
{
    GSource *source; /* NULL: at rest */
    char *ike, *esp; /* the profile's proposals; NULL: the default ones */
    unsigned next;   /* step */
};

static GPtrArray *
read_offer (IkeProtocol protocol, const char *text)
{
    return text != NULL ? ike_proposals_parse (protocol, text, NULL)
                        : ike_proposals_default (protocol);
}

static void
prepare_first_packet (const WarmUp *self)
{
    g_autoptr (GPtrArray) ike = read_offer (IKE_PROTOCOL_IKE, self->ike);
    g_autoptr (GPtrArray) esp = read_offer (IKE_PROTOCOL_ESP, self->esp);
    const Algorithm *group =
        ike != NULL && esp != NULL ? ike_proposals_get_first_group (ike) : NULL;
    if (group != NULL)
        key_exchange_free (key_exchange_new (group, NULL));
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
    prepare_first_packet,
    prepare_cipher,
    prepare_trust,
};

enum
{
    FIRST_OF_LOGIN = 1,
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
    self->ike = g_strdup (profile->ike);
    self->esp = g_strdup (profile->esp);
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
    g_free (self->ike);
    g_free (self->esp);
    g_free (self);
}
