/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The other end of EAP-MSCHAPv2 for the test gateway: it proposes, takes a Nak, challenges, checks the answer, proves itself.
 */

#include "bytes/secret.h"

typedef struct EapServer EapServer;

typedef enum
{
    EAP_SERVER_SEND,    /* the next request */
    EAP_SERVER_SUCCESS, /* EAP-Success */
    EAP_SERVER_FAILURE, /* EAP-Failure */
} EapServerTurn;

typedef struct
{
    const char *user; /* as the client's Identity and Name fields must have it */
    const char *password;
    bool asks_identity;
    uint8_t first_method; /* proposed before MSCHAPv2; 0: none */
    unsigned error;       /* MSCHAPv2's number; 0: the password decides */
} EapServerConfig;

EapServer *eap_server_new (const EapServerConfig *config, const uint8_t challenge[static 16]);
void eap_server_free (EapServer *self);

/* The first request. */
GBytes *eap_server_start (EapServer *self);

/* A response in, a packet out. */
EapServerTurn eap_server_receive (EapServer *self, ByteView response, GBytes **ret_packet);

/* After success. */
SecretBytes *eap_server_get_msk (const EapServer *self);
