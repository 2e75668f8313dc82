/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/retry.h"

#include "errors.h"

enum
{
    PAUSE_LONGEST = 120, /* seconds */
    DOUBLINGS_MAX = 7,
};

#define STOOD_FIRMLY (60 * G_USEC_PER_SEC)

bool
retry_is_worthwhile (const GError *error, bool password_in_doubt)
{
    static const OutriderError passing[] = {
        OUTRIDER_ERROR_NAME_NOT_RESOLVED, OUTRIDER_ERROR_NO_ANSWER,
        OUTRIDER_ERROR_UNREACHABLE,       OUTRIDER_ERROR_GATEWAY_CLOSED,
        OUTRIDER_ERROR_CONNECTION_LOST,   OUTRIDER_ERROR_PROTOCOL,
        OUTRIDER_ERROR_NO_PROPOSAL,       OUTRIDER_ERROR_GATEWAY_REFUSED,
        OUTRIDER_ERROR_SELECTORS_REFUSED, OUTRIDER_ERROR_NO_ADDRESS,
        OUTRIDER_ERROR_HOST_REFUSED,
    };
    if (g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_LOGIN_REFUSED))
        return !password_in_doubt;
    for (size_t i = 0; i < G_N_ELEMENTS (passing); i++)
        if (g_error_matches (error, OUTRIDER_ERROR, (int)passing[i]))
            return true;
    return false;
}

void
retry_connected (Retry *self, gint64 now)
{
    self->connected_from = now;
}

gint64
retry_next_pause (Retry *self, gint64 now)
{
    if (self->connected_from != 0 && now - self->connected_from >= STOOD_FIRMLY)
        self->failures = 0;
    self->connected_from = 0;
    gint64 seconds = MIN (1LL << MIN (self->failures, (unsigned)DOUBLINGS_MAX), PAUSE_LONGEST);
    self->failures++;
    return seconds * G_USEC_PER_SEC;
}
