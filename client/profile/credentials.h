/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a profile's files held, read by the front end as the calling user and handed over as octets, and the secrets that
 * go with it. The engine takes a Profile and Credentials and opens nothing itself.
 */

#include "bytes/secret.h"
#include "certs/bundle.h"
#include "certs/trust.h"

typedef struct
{
    CertsBundle *bundle;    /* the user's certificate, chain and key; NULL for methods without */
    GPtrArray *authorities; /* GBytes, DER: the profile's CAs; NULL: the system's store */
    SecretBytes *password;  /* UTF-8; NULL: ask when it is needed */
    SecretBytes *psk;
} Credentials;

Credentials *credentials_new (void);
void credentials_free (Credentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Credentials, credentials_free)
