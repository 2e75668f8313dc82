/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/dates.h"

static char *
format_time (const ASN1_TIME *time)
{
    struct tm broken = { 0 };
    if (ASN1_TIME_to_tm (time, &broken) != 1)
        return g_strdup ("an unreadable date");
    return g_strdup_printf ("%04d-%02d-%02d %02d:%02d UTC", broken.tm_year + 1900,
                            broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min);
}

void
certs_dates_set_error (X509 *certificate, gint64 now, GError **error)
{
    g_autofree char *subject = certs_name_format (X509_get_subject_name (certificate));
    g_autofree char *from = format_time (X509_get0_notBefore (certificate));
    g_autofree char *until = format_time (X509_get0_notAfter (certificate));
    g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (now);
    g_autofree char *today =
        date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M UTC") : g_strdup ("unknown");
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CERTIFICATE_EXPIRED,
                 "the certificate of \"%s\" is valid from %s to %s; now is %s", subject, from,
                 until, today);
}

bool
certs_dates_check (X509 *certificate, gint64 now, GError **error)
{
    time_t time = (time_t)now;
    if (X509_cmp_time (X509_get0_notBefore (certificate), &time) < 0 &&
        X509_cmp_time (X509_get0_notAfter (certificate), &time) > 0)
        return true;
    certs_dates_set_error (certificate, now, error);
    return false;
}
