/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Distinguished names as people write them: "C=CH, O=Example AG, CN=vpn", the order of the certificate; the room's
 * own.
 */

#include "certs/openssl.h"

/* NULL if TEXT is none: an unknown attribute, nothing behind a "=", too many parts, too long. */
X509_NAME *certs_dn_parse (const char *text);

/* From its encoding, all of it; NULL if it is none. */
X509_NAME *certs_dn_decode (GBytes *der);
GBytes *certs_dn_encode (X509_NAME *name);
