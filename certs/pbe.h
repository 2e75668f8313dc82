/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Passwords that open files, as pem.c and pkcs12.c both need them; the room's own.
 */

#include "certs/openssl.h"

/*
 * Whether *BUDGET, which starts at CERTS_PBE_ITERATIONS_MAX for a file, is enough to stretch the password for
 * ALGORITHM; takes off what that costs. A file must not hang us.
 */
bool certs_pbe_is_affordable (const X509_ALGOR *algorithm, int64_t *budget);

/* The PKCS#8 inside an encrypted one, old ciphers included; NULL if the passphrase does not open it. */
PKCS8_PRIV_KEY_INFO *certs_pbe_decrypt_key (const X509_SIG *encrypted, const char *passphrase,
                                            size_t passphrase_size);

/* OUTRIDER_ERROR_SECRET_NEEDED if PASSPHRASE is NULL, else OUTRIDER_ERROR_SECRET_WRONG. Always false. */
bool certs_pbe_fail (const char *passphrase, const char *what, GError **error);
