/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Keying material of an IKE SA (RFC 7296 2.14, 2.18) and of a child (2.17).
 */

#include "crypto/cipher.h"
#include "ike/actions.h"
#include "ike/proposal.h"

typedef struct
{
    SecretBytes *derive;    /* SK_d */
    SecretBytes *auth_ours; /* SK_pi or SK_pr */
    SecretBytes *auth_theirs;
    Cipher *seal; /* SK_e, SK_a of our direction */
    Cipher *open;
} IkeKeys;

void ike_keys_clear (IkeKeys *self);

/* What both sides put into the derivation; NONCE_I and SPI_I are the initiator's of the exchange. */
typedef struct
{
    ByteView nonce_i;
    ByteView nonce_r;
    uint64_t spi_i;
    uint64_t spi_r;
    bool ours_is_initiator;
} IkeKeyInputs;

/*
 * SHARED: the key exchange's secret. OLD_PRF and OLD_DERIVE (SK_d) come from the IKE SA that is rekeyed; both NULL for the
 * first one.
 */
bool ike_keys_derive (IkeKeys *ret_keys, const IkeSelection *selection, const SecretBytes *shared,
                      const IkeKeyInputs *inputs, const Algorithm *old_prf,
                      const SecretBytes *old_derive, GError **error);

/*
 * Fills the four keys of CHILD. SHARED: of the child's own key exchange, or NULL. INPUTS' SPIs are not used.
 */
bool ike_keys_derive_child (IkeChildSa *child, const Algorithm *prf, const SecretBytes *derive,
                            const SecretBytes *shared, const IkeKeyInputs *inputs, GError **error);
