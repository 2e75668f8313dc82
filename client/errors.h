/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One vocabulary of failure, from the wire to the window. Each code is a thing that a user can act on; the message of
 * the GError holds the evidence ("the certificate names are a, b"), never a secret. Sentences and hints for people
 * stand in frontend/explain.c alone; the code's name (outrider_error_get_name) is what JSON and D-Bus carry, and its
 * exit status is what a shell sees. Every room may include this header.
 */

#include <glib.h>

#define OUTRIDER_ERROR (outrider_error_quark ())

typedef enum
{
    OUTRIDER_ERROR_INTERNAL,            /* our own fault: out of memory, a refused library call */
    OUTRIDER_ERROR_USAGE,               /* the command line is wrong */
    OUTRIDER_ERROR_NAME_NOT_RESOLVED,   /* the gateway's name has no address */
    OUTRIDER_ERROR_NO_ANSWER,           /* nobody answered until the time was up */
    OUTRIDER_ERROR_UNREACHABLE,         /* ICMP refused, or this host has no route */
    OUTRIDER_ERROR_NO_PROPOSAL,         /* NO_PROPOSAL_CHOSEN for the IKE SA or the child */
    OUTRIDER_ERROR_CA_UNKNOWN,          /* the gateway's chain does not end at a trusted CA */
    OUTRIDER_ERROR_CERTIFICATE_EXPIRED, /* expired or not yet valid */
    OUTRIDER_ERROR_CERTIFICATE_INVALID, /* wrong usage, broken signature, too weak, revoked */
    OUTRIDER_ERROR_NAME_MISMATCH, /* the certificate or ID does not speak for the wanted name */
    OUTRIDER_ERROR_GATEWAY_AUTH_FAILED, /* AUTH does not verify: the gateway did not prove who it is */
    OUTRIDER_ERROR_LOGIN_REFUSED,  /* AUTHENTICATION_FAILED or EAP failure without a closer cause */
    OUTRIDER_ERROR_PASSWORD_WRONG, /* MSCHAPv2 691 */
    OUTRIDER_ERROR_PASSWORD_EXPIRED, /* MSCHAPv2 648 */
    OUTRIDER_ERROR_ACCOUNT_DISABLED, /* MSCHAPv2 647, 649 */
    OUTRIDER_ERROR_ACCOUNT_HOURS,    /* MSCHAPv2 646 */
    OUTRIDER_ERROR_PASSWORD_CHANGE,  /* MSCHAPv2 709 */
    OUTRIDER_ERROR_EAP_METHOD_REFUSED, /* the gateway wants an EAP method that the profile does not allow */
    OUTRIDER_ERROR_SECRET_NEEDED,     /* a secret is needed and nobody can be asked */
    OUTRIDER_ERROR_SECRET_WRONG,      /* a passphrase does not open the key file or the PKCS#12 */
    OUTRIDER_ERROR_NO_ADDRESS,        /* no virtual address was given */
    OUTRIDER_ERROR_SELECTORS_REFUSED, /* TS_UNACCEPTABLE, or selectors that we did not ask for */
    OUTRIDER_ERROR_NO_RIGHTS,         /* not root, no CAP_NET_ADMIN */
    OUTRIDER_ERROR_NO_TUN,            /* no /dev/net/tun */
    OUTRIDER_ERROR_HOST_REFUSED,      /* kernel or resolver refused another step */
    OUTRIDER_ERROR_PROFILE_INVALID,   /* file, line, key */
    OUTRIDER_ERROR_FILE,              /* a file that the user named cannot be read or understood */
    OUTRIDER_ERROR_PROTOCOL,          /* the gateway broke the protocol */
    OUTRIDER_ERROR_GATEWAY_REFUSED,   /* an error notify without a closer cause */
    OUTRIDER_ERROR_GATEWAY_CLOSED,    /* the gateway deleted the IKE SA */
    OUTRIDER_ERROR_CONNECTION_LOST,   /* the gateway does not answer any more */
    OUTRIDER_ERROR_NO_TUNNEL,         /* status, down, rekey: none of that name, or it is not up */
    OUTRIDER_ERROR_CANCELLED,         /* ended as asked while still connecting */
    OUTRIDER_N_ERRORS
} OutriderError;

GQuark outrider_error_quark (void);

/* "password-wrong" and so on: stable, lower case, the name in JSON. */
const char *outrider_error_get_name (OutriderError code);

/* The process exit status of the code: 1, 2, 10, 20, 30, 40, 41, 42, 50, 60, 70, 80. */
int outrider_error_get_exit_status (OutriderError code);
