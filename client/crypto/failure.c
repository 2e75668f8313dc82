/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/failure.h"

#include "errors.h"

#include <openssl/err.h>

bool
crypto_fail (GError **error, const char *what)
{
    unsigned long code = ERR_get_error ();
    const char *reason = code != 0 ? ERR_reason_error_string (code) : NULL;
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL, "%s: %s", what,
                 reason != NULL ? reason : "OpenSSL gave no reason");
    ERR_clear_error ();
    return false;
}
