/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A private key that can sign for an IKE SA. Reference counted and immutable; what it holds never leaves OpenSSL.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct CertsKey CertsKey;

typedef enum
{
    CERTS_KEY_RSA,
    CERTS_KEY_ECDSA,
    CERTS_KEY_ED25519,
    CERTS_KEY_ED448,
} CertsKeyType;

CertsKey *certs_key_ref (CertsKey *self);
void certs_key_unref (CertsKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertsKey, certs_key_unref)

CertsKeyType certs_key_get_type (const CertsKey *self);

/* Of the modulus or the field: 2048, 256, 521. */
unsigned certs_key_get_bits (const CertsKey *self);

/* "RSA 2048", "ECDSA P-256", "Ed25519" */
char *certs_key_describe (const CertsKey *self);

/* Whether CERTIFICATE (DER) holds the public half of this key. */
bool certs_key_matches_certificate (const CertsKey *self, GBytes *certificate);
