/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Certificates and private keys as files hold them, PEM or DER; the octets come in, never a path. A passphrase is
 * borrowed, SIZE octets without an end; NULL says that none was given, which is not the same as an empty one.
 */

#include "certs/key.h"

#include <stddef.h>

/*
 * All certificates of INPUT, in its order: PEM, any number of them, text and other blocks around them ignored; or one
 * in DER. The list holds GBytes, a DER each. OUTRIDER_ERROR_FILE if there is none or one is broken.
 */
bool certs_parse_certificates (GBytes *input, GPtrArray **ret_certificates, GError **error);

/*
 * The first private key of INPUT: PKCS#8 plain or encrypted, traditional RSA or EC; PEM (certificates around it
 * ignored) or DER. OUTRIDER_ERROR_SECRET_NEEDED: it is encrypted and PASSPHRASE is NULL; OUTRIDER_ERROR_SECRET_WRONG:
 * PASSPHRASE does not open it; OUTRIDER_ERROR_FILE: not understood, or of no use for IKE.
 */
bool certs_parse_key (GBytes *input, const char *passphrase, size_t passphrase_size,
                      CertsKey **ret_key, GError **error);
