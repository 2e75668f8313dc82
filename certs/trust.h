/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Whom we believe: the CAs that a profile gives, or the system's. The system's store costs nothing until it is
 * asked, and then only the CAs that are looked up are read. What a gateway sends along may complete a chain, but
 * never ends one.
 */

#include "certs/chain.h"

#include <stdbool.h>

typedef struct CertsTrust CertsTrust;

typedef enum
{
    CERTS_PURPOSE_GATEWAY, /* an IKE gateway: EKU, if any, serverAuth, ipsecIKE, iKEIntermediate or any */
    CERTS_PURPOSE_TLS_SERVER, /* the server inside EAP-TTLS, EAP-TLS, PEAP: EKU, if any, serverAuth or any */
} CertsPurpose;

/*
 * CERTIFICATES: GBytes of DER, borrowed: CAs of any level, or a gateway's own certificate.
 * OUTRIDER_ERROR_CERTIFICATE_INVALID.
 */
CertsTrust *certs_trust_new (GPtrArray *certificates, GError **error);

/* The system's: its directory by subject hash; where that holds nothing, its bundle. */
CertsTrust *certs_trust_new_system (void);

/* The same from other places; either may be NULL. */
CertsTrust *certs_trust_new_system_at (const char *directory, const char *bundle);
void certs_trust_free (CertsTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertsTrust, certs_trust_free)

bool certs_trust_is_system (const CertsTrust *self);

/*
 * Whether CHAIN leads to a trusted CA, is valid at NOW (seconds since 1970), strong enough, and allowed for PURPOSE. A certificate that is itself trusted needs no
 * CA. It says nothing about names. OUTRIDER_ERROR_CA_UNKNOWN; OUTRIDER_ERROR_CERTIFICATE_EXPIRED (the message has
 * the dates); OUTRIDER_ERROR_CERTIFICATE_INVALID (the message says in which way).
 */
bool certs_trust_verify (CertsTrust *self, const CertsChain *chain, gint64 now,
                         CertsPurpose purpose, GError **error);

/*
 * What the CERTREQ payload carries (RFC 7296 3.7): the SHA-1 of each CA's SubjectPublicKeyInfo, GBytes of 20 octets. Of CAs that were
 * given (GBytes of DER; NULL: none) alone: nobody wants the hashes of a whole system's store.
 */
GPtrArray *certs_hash_authority_keys (const GPtrArray *certificates);
