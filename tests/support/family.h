/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A root, an authority below it, and a user below that: the usual three of a test about chains.
 */

#include "support/pki.h"

typedef struct
{
    PkiEntity *root, *middle, *user;
} Family;

static inline Family
family_new (void)
{
    Family family;
    family.root = pki_issue_root ("Root");
    family.middle = pki_issue (&(PkiRequest){ .subject = "CN=Middle",
                                              .constraints = "critical,CA:TRUE",
                                              .usage = "keyCertSign" },
                               family.root);
    family.user =
        pki_issue (&(PkiRequest){ .subject = "C=CH, CN=Alice", .names = "email:alice@example.com" },
                   family.middle);
    return family;
}

static inline void
family_clear (Family *self)
{
    pki_free (self->root);
    pki_free (self->middle);
    pki_free (self->user);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Family, family_clear)
