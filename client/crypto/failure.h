/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A call that OpenSSL refused, as a GError; the room's own.
 */

#include <glib.h>
#include <stdbool.h>

/* Sets OUTRIDER_ERROR_INTERNAL: "WHAT: OpenSSL's reason", and empties OpenSSL's queue of errors. Always false. */
bool crypto_fail (GError **error, const char *what);
