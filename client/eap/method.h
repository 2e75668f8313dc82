/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the peer knows of an EAP method: a row of a table, and four functions. A method sees its own type data only; the
 * peer keeps the EAP header, the identity, the choice of methods and success and failure.
 */

#include "bytes/secret.h"
#include "bytes/writer.h"
#include "crypto/random.h"

typedef enum
{
    EAP_TYPE_IDENTITY = 1,
    EAP_TYPE_NOTIFICATION = 2,
    EAP_TYPE_NAK = 3,
    EAP_TYPE_MD5 = 4,
    EAP_TYPE_GTC = 6,
    EAP_TYPE_TLS = 13,
    EAP_TYPE_TTLS = 21,
    EAP_TYPE_PEAP = 25,
    EAP_TYPE_MSCHAPV2 = 26,
    EAP_TYPE_EXPANDED = 254,
} EapType;

typedef struct
{
    const char *identity;
    SecretBytes *password;
    const RandomSource *random;
} EapMethodInputs;

typedef struct
{
    EapType type;
    const char *name; /* "EAP-MSCHAPv2" */
    bool needs_password;

    void *(*create) (void);
    void (*destroy) (void *method);

    /*
     * One request's type data in, the response's type data out. False: the login is over; ERROR says why, and what was
     * written to RESPONSE is still sent, so that the gateway can end its side.
     */
    bool (*process) (void *method, const EapMethodInputs *inputs, ByteView request,
                     ByteWriter *response, GError **error);

    /* The method ran to its end and both sides proved themselves as far as it can: EAP-Success may be believed. */
    bool (*is_finished) (const void *method);

    /* The MSK; NULL for methods that make none. */
    SecretBytes *(*get_msk) (const void *method);
} EapMethod;

extern const EapMethod eap_mschapv2;

/* The row of TYPE; NULL if we cannot do it. */
const EapMethod *eap_method_find (uint8_t type);

/* "EAP-TLS", also of methods that we cannot do; "EAP type 77" into BUFFER for unknown ones. */
const char *eap_type_format (uint8_t type, char buffer[static 16]);
