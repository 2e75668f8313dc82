/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * OpenSSL's side of a CertsChain; no other room includes it.
 */

#include "certs/chain.h"
#include "certs/openssl.h"

struct CertsChain
{
    X509Stack *certificates; /* the peer's own first */
};

static inline X509 *
certs_chain_get_own (const CertsChain *self)
{
    return sk_X509_value (self->certificates, 0);
}
