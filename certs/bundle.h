/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a user logs in with: the own certificate, its private key, and the certificates that lead from it to a CA. And
 * what a certificate says to a human.
 */

#include "certs/identity.h"
#include "certs/key.h"

typedef struct
{
    GBytes *certificate; /* DER */
    GPtrArray
        *chain; /* of GBytes: the issuer first, then its issuer ...; then what belongs nowhere */
    CertsKey *key;
} CertsBundle;

/*
 * Finds the certificate of KEY among CERTIFICATES (GBytes, any order) and puts the others in order. Borrows both.
 * OUTRIDER_ERROR_FILE if KEY belongs to none of them.
 */
CertsBundle *certs_bundle_new (GPtrArray *certificates, CertsKey *key, GError **error);
void certs_bundle_free (CertsBundle *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertsBundle, certs_bundle_free)

/*
 * Whom the certificate names if the profile says nothing: its subject; with an empty subject its first alternative
 * name. NULL if it names nobody.
 */
CertsIdentity *certs_bundle_get_default_identity (const CertsBundle *self);

/*
 * Whether the certificate is valid at NOW (seconds since 1970) and speaks for IDENTITY. OUTRIDER_ERROR_CERTIFICATE_EXPIRED;
 * OUTRIDER_ERROR_NAME_MISMATCH.
 */
bool certs_bundle_check (const CertsBundle *self, const CertsIdentity *identity, gint64 now,
                         GError **error);

/* For people: text with control characters escaped. */
typedef struct
{
    char *subject;
    char *issuer;
    gint64 not_before; /* seconds since 1970 */
    gint64 not_after;
    char **names;      /* the alternative names; without any the common name */
    char *key;         /* "RSA 2048" */
    char *fingerprint; /* SHA-256, hexadecimal */
    bool is_authority;
} CertsDescription;

/* OUTRIDER_ERROR_CERTIFICATE_INVALID if DER is no certificate. */
CertsDescription *certs_describe (GBytes *der, GError **error);
void certs_description_free (CertsDescription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertsDescription, certs_description_free)
