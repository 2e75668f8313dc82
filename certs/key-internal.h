/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * OpenSSL's side of a CertsKey; no other room includes it.
 */

#include "certs/key.h"
#include "certs/openssl.h"

/* The type of a private or public key that IKE can use; false: of another type. */
bool certs_pkey_get_type (const EVP_PKEY *key, CertsKeyType *ret_type);
char *certs_pkey_describe (const EVP_PKEY *key);

/* Takes KEY over. OUTRIDER_ERROR_FILE if it is of a type that IKE cannot use or too small. */
CertsKey *certs_key_new (EVP_PKEY *key, GError **error);
EVP_PKEY *certs_key_get_pkey (const CertsKey *self);
