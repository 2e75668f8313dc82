/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The EAP peer (RFC 3748): a request in, a response out. It answers identity requests, takes the methods that the profile
 * allows and refuses others with a Nak that names them, and believes a success only after the method is through.
 */

#include "eap/method.h"

typedef struct EapPeer EapPeer;

typedef enum
{
    EAP_PEER_RESPOND,      /* send the response */
    EAP_PEER_ASK_PASSWORD, /* call eap_peer_answer () with it */
    EAP_PEER_SUCCEEDED,
    EAP_PEER_FAILED, /* the error says why */
} EapPeerResult;

/* METHODS: allowed types, most wanted first; those that we cannot do are left out. */
EapPeer *eap_peer_new (const char *identity, const uint8_t *methods, size_t n_methods,
                       const RandomSource *random);
void eap_peer_free (EapPeer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EapPeer, eap_peer_free)

EapPeerResult eap_peer_receive (EapPeer *self, ByteView packet, GBytes **ret_response,
                                GError **error);

/* The password that was asked for; goes on with the request that wanted it. */
EapPeerResult eap_peer_answer (EapPeer *self, SecretBytes *password, GBytes **ret_response,
                               GError **error);

/* The gateway ended the login by other means than EAP (an error notify): sets ERROR to what is known of the cause. */
void eap_peer_explain_failure (EapPeer *self, GError **error);

/* After success; NULL if the method makes no key. */
SecretBytes *eap_peer_get_msk (const EapPeer *self);
