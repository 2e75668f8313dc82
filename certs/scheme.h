/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The table of signature schemes behind signature.h; the room's own.
 */

#include "certs/openssl.h"
#include "certs/signature.h"

typedef enum
{
    SCHEME_PLAIN, /* what EVP gives: PKCS #1 v1.5, ECDSA's SEQUENCE, EdDSA */
    SCHEME_PSS,
    SCHEME_RAW_ECDSA, /* r | s */
    SCHEME_ANY_HASH,  /* method 1 */
} SchemeForm;

typedef struct
{
    const char *name;
    CertsKeyType key;
    SchemeForm form;
    CertsHash hash;
    uint8_t method;
    int nid;             /* of the AlgorithmIdentifier; NID_undef: none */
    const char *digest;  /* OpenSSL's name; NULL: none */
    const char *group;   /* the curve that an older ECDSA method is bound to */
    const uint8_t *blob; /* the AlgorithmIdentifier */
    size_t blob_size;
} Scheme;

const Scheme *certs_scheme_get (CertsScheme scheme);
