/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * From when until when a certificate is valid; the room's own.
 */

#include "certs/openssl.h"

/* Sets OUTRIDER_ERROR_CERTIFICATE_EXPIRED; the message has the dates and NOW (seconds since 1970). */
void certs_dates_set_error (X509 *certificate, gint64 now, GError **error);

/* That error unless CERTIFICATE is valid at NOW. */
bool certs_dates_check (X509 *certificate, gint64 now, GError **error);
