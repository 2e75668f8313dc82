/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * MSCHAPv2 (RFC 2759) inside EAP (draft-kamath-pppext-eap-mschapv2-02) and the keys that come of it (RFC 3079). The steps
 * are public for the vectors' sake; the method itself is eap_mschapv2 in method.h.
 */

#include "bytes/view.h"

enum
{
    MSCHAPV2_CHALLENGE_SIZE = 16,
    MSCHAPV2_RESPONSE_SIZE = 24,
    MSCHAPV2_HASH_SIZE = 16,
    MSCHAPV2_MSK_SIZE = 64,
};

/* RFC 2759 8.3: MD4 of the password in UTF-16LE. PASSWORD is UTF-8, at most 256 characters. */
bool mschapv2_hash_password (ByteView password, uint8_t ret_hash[static 16], GError **error);

/* RFC 2759 8.2; USER without a domain before a backslash. */
bool mschapv2_hash_challenges (const uint8_t peer[static 16],
                               const uint8_t authenticator[static 16], ByteView user,
                               uint8_t ret_hash[static 8], GError **error);

/* RFC 2759 8.5 */
void mschapv2_compute_response (const uint8_t challenge_hash[static 8],
                                const uint8_t password_hash[static 16],
                                uint8_t ret_response[static 24]);

/* RFC 2759 8.7: the 20 octets that follow "S=" in hexadecimal. */
bool mschapv2_compute_authenticator (const uint8_t password_hash[static 16],
                                     const uint8_t response[static 24],
                                     const uint8_t challenge_hash[static 8],
                                     uint8_t ret_authenticator[static 20], GError **error);

/* RFC 3079 3.4: the two 16-octet keys, the client's sending one first, then zeros up to 64 octets: the MSK. */
bool mschapv2_compute_msk (const uint8_t password_hash[static 16],
                           const uint8_t response[static 24], uint8_t ret_msk[static 64],
                           GError **error);
