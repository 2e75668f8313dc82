/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * PKCS#12 files (.p12, .pfx; RFC 7292): a key with its certificates under one passphrase, also under the old ciphers
 * (RC2, 3DES) that many tools still write.
 */

#include "certs/bundle.h"

#include <stddef.h>

/*
 * PASSPHRASE is borrowed, SIZE octets; NULL: none was given (a file under the empty passphrase opens all the same).
 * OUTRIDER_ERROR_SECRET_NEEDED, OUTRIDER_ERROR_SECRET_WRONG; OUTRIDER_ERROR_FILE: not understood, without a key, or
 * its key belongs to none of its certificates.
 */
CertsBundle *certs_pkcs12_parse (GBytes *input, const char *passphrase, size_t passphrase_size,
                                 GError **error);

/* Whether OpenSSL's legacy provider is there, which has RC2. */
bool certs_pkcs12_reads_old_ciphers (void);
