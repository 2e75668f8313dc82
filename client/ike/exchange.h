/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The table of exchanges: which payloads a message of each kind must and may bring. A message that the table does not
 * allow is refused before any handler sees it.
 */

#include "ike/message.h"

typedef enum
{
    IKE_MESSAGE_INIT_RESPONSE,      /* HDR, SAr1, KEr, Nr */
    IKE_MESSAGE_AUTH_EAP_FIRST,     /* SK {IDr, [CERT,] [AUTH,] EAP} */
    IKE_MESSAGE_AUTH_EAP_NEXT,      /* SK {EAP} */
    IKE_MESSAGE_AUTH_EAP_LAST,      /* SK {AUTH, [CP,] SAr2, TSi, TSr} */
    IKE_MESSAGE_AUTH_DIRECT,        /* SK {IDr, [CERT,] AUTH, [CP,] SAr2, TSi, TSr} */
    IKE_MESSAGE_CHILD_REQUEST,      /* SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr} */
    IKE_MESSAGE_CHILD_RESPONSE,     /* SK {SA, Nr, [KEr,] TSi, TSr} */
    IKE_MESSAGE_REKEY_IKE_REQUEST,  /* SK {SA, Ni, KEi} */
    IKE_MESSAGE_REKEY_IKE_RESPONSE, /* SK {SA, Nr, KEr} */
    IKE_MESSAGE_INFORMATIONAL,      /* SK {[N,] [D,] [CP]} */
    IKE_N_MESSAGES
} IkeMessageKind;

/*
 * Holds PAYLOADS against the row of KIND. In an answer an error notify stands in for what must be there. A payload that we
 * do not know and that is critical is always refused; RET_CRITICAL (may be NULL) gets its type then, else 0.
 */
bool ike_exchange_check (IkeMessageKind kind, const IkePayloads *payloads, uint8_t *ret_critical,
                         GError **error);

/* The same for a request of the gateway's; what is wrong with it is written to RESPONSE (RFC 7296 2.5, 2.21.3). */
bool ike_exchange_check_request (IkeMessageKind kind, const IkePayloads *payloads,
                                 IkeChain *response);
