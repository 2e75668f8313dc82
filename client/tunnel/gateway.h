/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The profile's gateways as endpoints to try: names resolved, in the profile's order, IPv6 and IPv4 as the system sorts them.
 */

#include "bytes/address.h"

#include <glib.h>

typedef struct
{
    char *name; /* as typed */
    IpEndpoint endpoint;
} Gateway;

void gateway_free (Gateway *self);

/* A look-up that is under way. */
typedef struct GatewayLook GatewayLook;

/*
 * Calls back with GPtrArray of Gateway, or with NAME_NOT_RESOLVED if none of the names has an address; in the main context
 * that is the thread's default now, from its loop. Numeric addresses need no look-up: with those alone, the call back comes
 * before gateway_look_new () returns. The look frees itself after the call back. SERVERS (NameServer): asked in spite of a
 * kill switch, before the system's resolver is; NULL: there is none.
 */
typedef void (*GatewayResolved) (GPtrArray *gateways, GError *error, void *data);

GatewayLook *gateway_look_new (char **addresses, uint16_t port, const GArray *servers,
                               GatewayResolved resolved, void *data);

/* Does not call back any more. What the system's resolver still waits for, its thread waits for alone. */
void gateway_look_cancel (GatewayLook *self);
