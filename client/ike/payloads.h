/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The insides of single payloads, each read and written side by side (RFC 7296 3.4 to 3.11). Views borrow from the
 * payload's body.
 */

#include "certs/identity.h"
#include "ike/message.h"

/* KE, 3.4 */
typedef struct
{
    uint16_t group;
    ByteView value;
} IkeKeyPayload;

bool ike_key_payload_read (ByteView body, IkeKeyPayload *ret_key, GError **error);
void ike_key_payload_write (IkeChain *chain, uint16_t group, ByteView value);

/* IDi, IDr, 3.5: type and value; RFC 7296's "RestOfIDPayload" is the whole body. */
bool ike_identity_payload_read (ByteView body, CertsIdentity **ret_identity, GError **error);
void ike_identity_payload_write (IkeChain *chain, IkePayloadType type,
                                 const CertsIdentity *identity);

/* CERT, 3.6 */
void ike_certificate_payload_write (IkeChain *chain, GBytes *der);

/* All X.509 certificates of a message in their order (GBytes); other encodings are passed over. */
bool ike_certificate_payloads_read (const IkePayloads *payloads, GPtrArray **ret_certificates,
                                    GError **error);

/* CERTREQ, 3.7: SHA-1 hashes of the trusted CAs' public keys (GBytes of 20 octets). */
void ike_certificate_request_write (IkeChain *chain, GPtrArray *hashes);

/* AUTH, 3.8 */
typedef struct
{
    uint8_t method;
    ByteView data;
} IkeAuthPayload;

bool ike_auth_payload_read (ByteView body, IkeAuthPayload *ret_auth, GError **error);
void ike_auth_payload_write (IkeChain *chain, IkeAuthMethod method, ByteView data);

/* Nonce, 3.9 */
bool ike_nonce_payload_read (ByteView body, ByteView *ret_nonce, GError **error);

/* Notify, 3.10 */
typedef struct
{
    uint8_t protocol;
    uint16_t type;
    ByteView spi;
    ByteView data;
} IkeNotify;

bool ike_notify_read (ByteView body, IkeNotify *ret_notify, GError **error);
void ike_notify_write (IkeChain *chain, IkeNotifyType type, ByteView data);
void ike_notify_write_spi (IkeChain *chain, IkeNotifyType type, uint32_t esp_spi);

/*
 * Walks over the notifies of a message: *POSITION starts at 0; false at the end. Notifies that cannot be read are passed
 * over: they say nothing.
 */
bool ike_notify_next (const IkePayloads *payloads, unsigned *position, IkeNotify *ret_notify);
bool ike_notify_find (const IkePayloads *payloads, IkeNotifyType type, IkeNotify *ret_notify);

/* The first notify that is an error (below 16384). */
bool ike_notify_find_error (const IkePayloads *payloads, IkeNotify *ret_notify);

/* Delete, 3.11: the SPIs of one protocol; for the IKE SA itself there is none. */
typedef struct
{
    uint8_t protocol;
    unsigned count;
    uint32_t spis[IKE_DELETE_SPIS_MAX]; /* ESP, host order */
} IkeDelete;

bool ike_delete_read (ByteView body, IkeDelete *ret_delete, GError **error);
void ike_delete_write_ike (IkeChain *chain);
void ike_delete_write_esp (IkeChain *chain, const uint32_t *spis, unsigned count);
