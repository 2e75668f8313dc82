/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * From a profile and its credentials to what an IkeSession wants, the answers to its two questions about certificates (sign
 * this, believe that), and what can be said of ours when it is refused.
 */

#include "certs/signature.h"
#include "certs/trust.h"
#include "ike/session.h"
#include "profile/credentials.h"
#include "profile/profile.h"

/* ADDRESS: the one of the profile's addresses that is tried, as typed. LOCAL: ours, for a PSK login without an identity. */
IkeSessionConfig *login_make_config (const Profile *profile, const Credentials *credentials,
                                     const char *address, GError **error);

/* Whom to believe: the profile's CAs, or the system's. */
CertsTrust *login_make_trust (const Credentials *credentials, GError **error);

/* Our AUTH payload over OCTETS: its method, and its data to RET_DATA. HASHES: uint16_t, the gateway's. */
bool login_sign (const Credentials *credentials, const SecretBytes *octets, const GArray *hashes,
                 CertsRsaPadding padding, uint8_t *ret_method, GBytes **ret_data, GError **error);

/* Is CHAIN good, and does it speak for the identity that CONFIG wants? CLAIMED: the gateway's IDr. */
bool login_verify (CertsTrust *trust, const CertsIdentity *wanted, const CertsChain *chain,
                   const CertsIdentity *claimed, GError **error);

/* Adds to ERROR, a refused login by certificate, what our certificate says against it: its dates, its names. */
void login_explain_refusal (const Profile *profile, const Credentials *credentials, GError *error);
