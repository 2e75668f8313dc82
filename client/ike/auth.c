/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/auth.h"

#include "crypto/prf.h"

SecretBytes *
ike_auth_get_octets (const Algorithm *prf, ByteView first_message, ByteView nonce,
                     const SecretBytes *sk_p, ByteView identity_body, GError **error)
{
    g_autoptr (SecretBytes) identity =
        prf_compute (prf, secret_bytes_view (sk_p), &identity_body, 1, error);
    if (identity == NULL)
        return NULL;

    size_t size = first_message.size + nonce.size + secret_bytes_size (identity);
    SecretBytes *octets = secret_bytes_new_sized (size);
    uint8_t *at = secret_bytes_data (octets);
    memcpy (at, first_message.data, first_message.size);
    memcpy (at + first_message.size, nonce.data, nonce.size);
    memcpy (at + first_message.size + nonce.size, secret_bytes_view (identity).data,
            secret_bytes_size (identity));
    return octets;
}

SecretBytes *
ike_auth_compute_shared (const Algorithm *prf, ByteView key, const SecretBytes *octets,
                         GError **error)
{
    ByteView pad = byte_view_of_string ("Key Pad for IKEv2");
    g_autoptr (SecretBytes) padded = prf_compute (prf, key, &pad, 1, error);
    if (padded == NULL)
        return NULL;
    ByteView covered = secret_bytes_view (octets);
    return prf_compute (prf, secret_bytes_view (padded), &covered, 1, error);
}
