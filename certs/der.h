/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Where in a certificate's DER its public key stands (RFC 5280 4.1), without the cost of making an X509 of it: OpenSSL decodes
 * the key on the way, and its decoders are what makes a program's start slow. The room's own.
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * The SubjectPublicKeyInfo, header included, borrowed from DER. False: DER is not shaped like a certificate, or more than one.
 * True says no more than that.
 */
bool certs_der_find_public_key (const unsigned char *der, size_t size,
                                const unsigned char **ret_key, size_t *ret_key_size);
