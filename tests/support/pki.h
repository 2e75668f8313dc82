/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Certificates for tests, made while they run: no private key lies in the tree. A field left out of a request gives a
 * sensible gateway certificate, valid half a year around PKI_NOW. Whatever fails here aborts the test.
 */

#include "certs/chain.h"

#include <stdbool.h>
#include <stddef.h>

/* 2026-01-01 00:00 UTC */
#define PKI_NOW G_GINT64_CONSTANT (1767225600)
#define PKI_DAY 86400

typedef struct PkiEntity PkiEntity;

typedef struct
{
    const char *subject; /* "C=CH, O=Test, CN=vpn.example.com"; NULL: empty */
    const char
        *key; /* "rsa2048", "rsa1024", "ecp256" (default), "ecp384", "ecp521", "ed25519", "ed448" */
    const PkiEntity *same_key; /* instead: this one's key */
    const char *names;         /* "DNS:a.example.com,IP:192.0.2.1,email:a@example.com" */
    const char *
        raw_host_name; /* one dNSName of these octets, a NUL among them if wished; instead of names */
    size_t raw_host_name_size;
    const char *usage;            /* "digitalSignature"; NULL: no extension */
    const char *extended_usage;   /* "serverAuth", "1.3.6.1.5.5.7.3.17"; NULL: no extension */
    const char *constraints;      /* "critical,CA:TRUE,pathlen:0"; NULL: no extension */
    const char *name_constraints; /* "permitted;DNS:example.com" */
    const char *digest;           /* "SHA256" (default), "SHA1" */
    gint64 not_before, not_after; /* seconds since 1970 */
} PkiRequest;

/* ISSUER NULL: self-signed. */
PkiEntity *pki_issue (const PkiRequest *request, const PkiEntity *issuer);
void pki_free (PkiEntity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PkiEntity, pki_free)

/* A root CA of that common name under an ECDSA key. */
PkiEntity *pki_issue_root (const char *common_name);

/* DER; borrowed. */
GBytes *pki_get_certificate (const PkiEntity *self);

char *pki_get_certificate_pem (const PkiEntity *self);

/* PKCS#8 in DER, plain. */
GBytes *pki_get_key (const PkiEntity *self);

/* PKCS#8 in PEM; under CIPHER ("AES-256-CBC") if PASSPHRASE is not NULL. */
char *pki_get_key_pem (const PkiEntity *self, const char *cipher, const char *passphrase);

/* "RSA PRIVATE KEY" or "EC PRIVATE KEY". */
char *pki_get_traditional_key_pem (const PkiEntity *self, const char *passphrase);

typedef struct
{
    const char *passphrase; /* NULL and "" differ */
    bool old_ciphers;       /* RC2-40 and 3DES, SHA-1 */
    bool without_mac;
    bool without_key;
    long
        claimed_iterations; /* what the MAC says of itself, though it was made with few; 0: the truth */
    const PkiEntity *const *others; /* further certificates, NULL-terminated */
} PkiPkcs12;

GBytes *pki_get_pkcs12 (const PkiEntity *self, const PkiPkcs12 *options);

/* Certificates (GBytes of DER) as a list, and as a peer sends them; ends with NULL. */
GPtrArray *pki_list (const PkiEntity *first, ...) G_GNUC_NULL_TERMINATED;
CertsChain *pki_chain (const PkiEntity *own, ...) G_GNUC_NULL_TERMINATED;
