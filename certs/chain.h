/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The certificates that a peer sends, read once for all that is asked of them: its signature (signature.h), whom they lead to
 * (trust.h), whom its own speaks for (identity.h).
 */

#include <glib.h>

typedef struct CertsChain CertsChain;

/*
 * CERTIFICATES: GBytes of DER, 1 to CERTS_CHAIN_MAX, the peer's own first, the others in any order.
 * OUTRIDER_ERROR_CERTIFICATE_INVALID.
 */
CertsChain *certs_chain_new (const GPtrArray *certificates, GError **error);
void certs_chain_free (CertsChain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertsChain, certs_chain_free)
