/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Signatures of the AUTH payload: method 14, "Digital Signature", whose algorithm is named by an AlgorithmIdentifier
 * (RFC 7427, 8420), and the older methods that mean one algorithm each (RFC 7296, 4754). A scheme is one way to
 * sign.
 */

#include "certs/chain.h"
#include "certs/key.h"

#include <stddef.h>
#include <stdint.h>

typedef enum
{
    CERTS_SCHEME_RSA_PKCS1_SHA1,
    CERTS_SCHEME_RSA_PKCS1_SHA256,
    CERTS_SCHEME_RSA_PKCS1_SHA384,
    CERTS_SCHEME_RSA_PKCS1_SHA512,
    CERTS_SCHEME_RSA_PSS_SHA256,
    CERTS_SCHEME_RSA_PSS_SHA384,
    CERTS_SCHEME_RSA_PSS_SHA512,
    CERTS_SCHEME_ECDSA_SHA1,
    CERTS_SCHEME_ECDSA_SHA256,
    CERTS_SCHEME_ECDSA_SHA384,
    CERTS_SCHEME_ECDSA_SHA512,
    CERTS_SCHEME_ED25519,
    CERTS_SCHEME_ED448,
    CERTS_SCHEME_METHOD_RSA, /* method 1: PKCS #1 v1.5, SHA-1 to sign, any of its hashes to verify */
    CERTS_SCHEME_METHOD_ECDSA_256, /* method 9: P-256, SHA2-256, r | s */
    CERTS_SCHEME_METHOD_ECDSA_384, /* method 10 */
    CERTS_SCHEME_METHOD_ECDSA_521, /* method 11 */
    CERTS_N_SCHEMES
} CertsScheme;

/* Numbers of the SIGNATURE_HASH_ALGORITHMS notify. */
typedef enum
{
    CERTS_HASH_SHA1 = 1,
    CERTS_HASH_SHA2_256 = 2,
    CERTS_HASH_SHA2_384 = 3,
    CERTS_HASH_SHA2_512 = 4,
    CERTS_HASH_IDENTITY = 5, /* RFC 8420: Ed25519, Ed448 */
} CertsHash;

typedef enum
{
    CERTS_RSA_PKCS1,
    CERTS_RSA_PSS,
} CertsRsaPadding;

/* "RSASSA-PSS with SHA2-256", for people. */
const char *certs_scheme_get_name (CertsScheme scheme);

/* The Auth Method field: 14, 1, 9, 10 or 11. */
uint8_t certs_scheme_get_method (CertsScheme scheme);

/* Its AlgorithmIdentifier in DER; NULL for the older methods. */
GBytes *certs_scheme_get_algorithm_identifier (CertsScheme scheme);

/*
 * The scheme that the octets of an AlgorithmIdentifier name, however their DER chooses to write the same thing.
 * OUTRIDER_ERROR_GATEWAY_AUTH_FAILED: broken, or none of ours.
 */
bool certs_scheme_parse (const void *identifier, size_t size, CertsScheme *ret_scheme,
                         GError **error);

/* The scheme of an older method's number; false: none of ours. */
bool certs_scheme_from_method (uint8_t method, CertsScheme *ret_scheme);

/*
 * How to sign with KEY so that the peer can check it: HASHES are the numbers of its SIGNATURE_HASH_ALGORITHMS; none
 * of them (it sent no such notify): an older method. PADDING is what an RSA key shall use.
 * OUTRIDER_ERROR_NO_PROPOSAL if nothing fits.
 */
bool certs_scheme_choose (const CertsKey *key, const uint16_t *hashes, size_t n_hashes,
                          CertsRsaPadding padding, CertsScheme *ret_scheme, GError **error);

/*
 * The signature as the AUTH payload carries it. OUTRIDER_ERROR_INTERNAL: KEY is none of SCHEME's, or OpenSSL
 * refuses.
 */
GBytes *certs_signature_sign (const CertsKey *key, CertsScheme scheme, const void *data,
                              size_t size, GError **error);

/*
 * Checks a signature of method 14 over DATA, made as IDENTIFIER (the octets of an AlgorithmIdentifier) says, by the
 * public key of CHAIN's own certificate, which certs_trust_verify () is to check apart.
 * OUTRIDER_ERROR_GATEWAY_AUTH_FAILED: it does not verify, is made in a way that is none of ours, or over SHA-1;
 * OUTRIDER_ERROR_CERTIFICATE_INVALID: the key is of another kind, or too small.
 */
bool certs_signature_verify (const CertsChain *chain, const void *identifier,
                             size_t identifier_size, const void *data, size_t size,
                             const void *signature, size_t signature_size, GError **error);

/*
 * The same for an older METHOD (1, 9, 10, 11). Gateways that know method 1 alone sign over SHA-1, which an attacker
 * cannot prepare for as the octets hold our nonce; ALLOW_SHA1 takes it from them.
 */
bool certs_signature_verify_method (const CertsChain *chain, uint8_t method, bool allow_sha1,
                                    const void *data, size_t size, const void *signature,
                                    size_t signature_size, GError **error);
