/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The profile's gateways as endpoints to try: names resolved, in the profile's order, IPv6 and IPv4 as the system sorts them.
 */

#include "bytes/address.h"

#include <gio/gio.h>

typedef struct
{
    char *name; /* as typed */
    IpEndpoint endpoint;
} Gateway;

void gateway_free (Gateway *self);

/*
 * Calls back in this main context with GPtrArray of Gateway, or with NAME_NOT_RESOLVED if none of the names has an
 * address. Numeric addresses need no look-up: with those alone, the call back comes before gateway_resolve () returns.
 */
typedef void (*GatewayResolved) (GPtrArray *gateways, GError *error, void *data);

void gateway_resolve (char **addresses, uint16_t port, GCancellable *cancellable,
                      GatewayResolved resolved, void *data);
