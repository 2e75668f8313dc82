/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The configuration payload (RFC 7296 3.15, "mode-config"): what we ask for, and what the gateway grants.
 */

#include "bytes/address.h"
#include "bytes/writer.h"

typedef enum
{
    CP_INTERNAL_IP4_ADDRESS = 1,
    CP_INTERNAL_IP4_NETMASK = 2,
    CP_INTERNAL_IP4_DNS = 3,
    CP_INTERNAL_IP4_NBNS = 4,
    CP_APPLICATION_VERSION = 7,
    CP_INTERNAL_IP6_ADDRESS = 8,
    CP_INTERNAL_IP6_DNS = 10,
    CP_INTERNAL_IP4_SUBNET = 13,
    CP_SUPPORTED_ATTRIBUTES = 14,
    CP_INTERNAL_IP6_SUBNET = 15,
    CP_INTERNAL_DNS_DOMAIN = 25,
    CP_UNITY_BANNER = 28672,
    CP_UNITY_DEFAULT_DOMAIN = 28674,
    CP_UNITY_SPLIT_DNS = 28675,
    CP_UNITY_SPLIT_INCLUDE = 28676,
} CpAttribute;

/* What the gateway granted. Text is UTF-8 without control characters; domains are host names without a final dot. */
typedef struct
{
    GArray
        *addresses; /* IpPrefix: a host's own addresses, of both families, in the gateway's order */
    GArray *dns;    /* IpAddress */
    GPtrArray *
        domains; /* char *: INTERNAL_DNS_DOMAIN, Unity default domain first, Unity split DNS; no doubles */
    char *default_domain; /* Unity 28674; or NULL */
    GArray *
        subnets; /* IpPrefix, host bits clear: INTERNAL_IP4_SUBNET, _IP6_SUBNET, Unity split-include */
    char *banner; /* Unity 28672; or NULL */
} IkeGrant;

IkeGrant *ike_grant_new (void);
IkeGrant *ike_grant_copy (const IkeGrant *self);
void ike_grant_free (IkeGrant *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IkeGrant, ike_grant_free)

/* The body of a CFG_REQUEST: an empty attribute each. */
void ike_grant_write_request (ByteWriter *writer);

/* The body of a CFG_REPLY. Attributes that we do not know or cannot use are passed over (RFC 7296 3.15.1). */
bool ike_grant_read_reply (ByteView body, IkeGrant **ret_grant, GError **error);
