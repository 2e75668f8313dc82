/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Who somebody says to be, typed as IKE types it (RFC 7296 3.5), and whether a certificate speaks for that name. The
 * type counts: an address is never matched by a DNS name, a DNS name never by a common name that an alternative name
 * overrules.
 */

#include "certs/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of the ID payload. */
typedef enum
{
    CERTS_IDENTITY_IPV4 = 1,
    CERTS_IDENTITY_FQDN = 2,
    CERTS_IDENTITY_RFC822 = 3,
    CERTS_IDENTITY_IPV6 = 5,
    CERTS_IDENTITY_DER_ASN1_DN = 9,
    CERTS_IDENTITY_KEY_ID = 11,
} CertsIdentityType;

typedef struct
{
    uint8_t type; /* a CertsIdentityType, or what else a gateway sent */
    GBytes *value;
} CertsIdentity;

/* Of any type and value, as they come off the wire. */
CertsIdentity *certs_identity_new (uint8_t type, const void *value, size_t size);
CertsIdentity *certs_identity_copy (const CertsIdentity *self);
void certs_identity_free (CertsIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CertsIdentity, certs_identity_free)

/*
 * Types what a user wrote: "192.0.2.1" and "2001:db8::1" are addresses, "a@example.com" a mailbox, "C=CH, O=x, CN=y"
 * (or "/C=CH/O=x/CN=y") a name of X.500, everything else a host name. A prefix decides where that guess is wrong:
 * "fqdn:", "email:", "ipv4:", "ipv6:", "dn:", "keyid:text", "keyid:0x0a0b", "@#0a0b" (key id), "@text" (host name).
 * OUTRIDER_ERROR_PROFILE_INVALID.
 */
CertsIdentity *certs_identity_parse (const char *text, GError **error);

/* For people; what certs_identity_parse () reads again, unless control characters had to be escaped. */
char *certs_identity_format (const CertsIdentity *self);

/*
 * Host names and mailbox domains regardless of case, X.500 names as RFC 5280 7.1 compares them, the rest octet by
 * octet.
 */
bool certs_identity_equal (const CertsIdentity *a, const CertsIdentity *b);

/*
 * Whether CHAIN's own certificate speaks for this identity: FQDN by an alternative name of type dNSName ("*" as the whole
 * first label alone), by the common name only without any dNSName; an address by an iPAddress; a mailbox by an
 * rfc822Name; an X.500 name by the subject; a key id never. OUTRIDER_ERROR_NAME_MISMATCH, whose message lists the
 * certificate's names and the one sought.
 */
bool certs_identity_matches (const CertsIdentity *self, const CertsChain *chain, GError **error);
