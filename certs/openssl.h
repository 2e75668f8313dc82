/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the files of this room share to talk to OpenSSL; no other room includes it.
 */

#include "certs/ceilings.h"
#include "errors.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

typedef STACK_OF (X509) X509Stack;
typedef STACK_OF (GENERAL_NAME) GeneralNames;

static inline void
x509_stack_free (X509Stack *stack)
{
    sk_X509_pop_free (stack, X509_free);
}

static inline void
general_names_free (GeneralNames *names)
{
    sk_GENERAL_NAME_pop_free (names, GENERAL_NAME_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ASN1_OBJECT, ASN1_OBJECT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GeneralNames, general_names_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PKCS12, PKCS12_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509Stack, x509_stack_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509_ALGOR, X509_ALGOR_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509_NAME, X509_NAME_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509_SIG, X509_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509_STORE_CTX, X509_STORE_CTX_free)

/*
 * Sets CODE with "WHAT: OpenSSL's reason" (WHAT alone if it gave none) and empties its queue of errors. Always
 * false.
 */
bool certs_fail (GError **error, OutriderError code, const char *what);

/* A library context of our own with the old ciphers that PKCS#12 and PKCS#8 files still use; kept for good. */
OSSL_LIB_CTX *certs_get_legacy_library (void);

/* One certificate and nothing behind it. OUTRIDER_ERROR_CERTIFICATE_INVALID. */
X509 *certs_x509_parse (GBytes *der, GError **error);
GBytes *certs_x509_encode (X509 *certificate);

/*
 * "C=CH, O=Example, CN=vpn + OU=b": the order of the encoding, UTF-8, values escaped as RFC 2253 says, control characters
 * too. dn.h reads it.
 */
char *certs_name_format (const X509_NAME *name);

/* OCTETS as UTF-8 text, everything that is none or not printable as \xNN. */
char *certs_text_escape (const void *octets, size_t size);
