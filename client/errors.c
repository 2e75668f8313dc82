/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "errors.h"

G_DEFINE_QUARK (outrider - error, outrider_error)

static const struct
{
    const char *name;
    int exit_status;
} errors[OUTRIDER_N_ERRORS] = {
    [OUTRIDER_ERROR_INTERNAL] = { "internal", 1 },
    [OUTRIDER_ERROR_USAGE] = { "usage", 2 },
    [OUTRIDER_ERROR_NAME_NOT_RESOLVED] = { "name-not-resolved", 10 },
    [OUTRIDER_ERROR_NO_ANSWER] = { "no-answer", 20 },
    [OUTRIDER_ERROR_UNREACHABLE] = { "unreachable", 20 },
    [OUTRIDER_ERROR_NO_PROPOSAL] = { "no-proposal", 30 },
    [OUTRIDER_ERROR_CA_UNKNOWN] = { "ca-unknown", 40 },
    [OUTRIDER_ERROR_CERTIFICATE_EXPIRED] = { "certificate-expired", 40 },
    [OUTRIDER_ERROR_CERTIFICATE_INVALID] = { "certificate-invalid", 40 },
    [OUTRIDER_ERROR_NAME_MISMATCH] = { "name-mismatch", 40 },
    [OUTRIDER_ERROR_GATEWAY_AUTH_FAILED] = { "gateway-auth-failed", 40 },
    [OUTRIDER_ERROR_LOGIN_REFUSED] = { "login-refused", 41 },
    [OUTRIDER_ERROR_PASSWORD_WRONG] = { "password-wrong", 41 },
    [OUTRIDER_ERROR_PASSWORD_EXPIRED] = { "password-expired", 41 },
    [OUTRIDER_ERROR_ACCOUNT_DISABLED] = { "account-disabled", 41 },
    [OUTRIDER_ERROR_ACCOUNT_HOURS] = { "account-hours", 41 },
    [OUTRIDER_ERROR_PASSWORD_CHANGE] = { "password-change", 41 },
    [OUTRIDER_ERROR_EAP_METHOD_REFUSED] = { "eap-method-refused", 41 },
    [OUTRIDER_ERROR_SECRET_NEEDED] = { "secret-needed", 42 },
    [OUTRIDER_ERROR_SECRET_WRONG] = { "secret-wrong", 42 },
    [OUTRIDER_ERROR_NO_ADDRESS] = { "no-address", 50 },
    [OUTRIDER_ERROR_SELECTORS_REFUSED] = { "selectors-refused", 50 },
    [OUTRIDER_ERROR_NO_RIGHTS] = { "no-rights", 60 },
    [OUTRIDER_ERROR_NO_TUN] = { "no-tun", 60 },
    [OUTRIDER_ERROR_HOST_REFUSED] = { "host-refused", 60 },
    [OUTRIDER_ERROR_PROFILE_INVALID] = { "profile-invalid", 70 },
    [OUTRIDER_ERROR_FILE] = { "file", 70 },
    [OUTRIDER_ERROR_PROTOCOL] = { "protocol", 20 },
    [OUTRIDER_ERROR_GATEWAY_REFUSED] = { "gateway-refused", 20 },
    [OUTRIDER_ERROR_GATEWAY_CLOSED] = { "gateway-closed", 80 },
    [OUTRIDER_ERROR_CONNECTION_LOST] = { "connection-lost", 80 },
    [OUTRIDER_ERROR_NO_TUNNEL] = { "no-tunnel", 80 },
    [OUTRIDER_ERROR_CANCELLED] = { "cancelled", 0 },
};

const char *
outrider_error_get_name (OutriderError code)
{
    g_return_val_if_fail ((unsigned)code < OUTRIDER_N_ERRORS, "internal");
    return errors[code].name;
}

int
outrider_error_get_exit_status (OutriderError code)
{
    g_return_val_if_fail ((unsigned)code < OUTRIDER_N_ERRORS, 1);
    return errors[code].exit_status;
}
