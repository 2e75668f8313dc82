/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/prf.h"

#include "crypto/failure.h"
#include "crypto/mac.h"
#include "errors.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum
{
    PRF_PLUS_OUTPUTS_MAX = 255, /* the counter is one octet, RFC 7296 2.13 */
    PARTS_MAX = 16,
};

SecretBytes *
prf_compute (const Algorithm *prf, ByteView key, const ByteView *parts, size_t n_parts,
             GError **error)
{
    g_autoptr (Mac) mac = mac_new (prf, key, error);
    if (mac == NULL)
        return NULL;
    g_autoptr (SecretBytes) output = secret_bytes_new_sized (prf->output_size);
    if (!mac_compute (mac, parts, n_parts, secret_bytes_data (output)))
    {
        crypto_fail (error, prf->name);
        return NULL;
    }
    return g_steal_pointer (&output);
}

/* T1 = prf (K, S | 0x01), T2 = prf (K, T1 | S | 0x02), ... */
static bool
expand (Mac *mac, size_t step, const ByteView *parts, size_t n_parts, uint8_t *ret_octets,
        size_t size)
{
    uint8_t output[MAC_SIZE_MAX] = { 0 };
    uint8_t counter = 0;
    ByteView all[PARTS_MAX + 2] = { 0 };
    for (size_t i = 0; i < n_parts; i++)
        all[1 + i] = parts[i];
    all[1 + n_parts] = byte_view (&counter, 1);

    bool done = true;
    for (size_t filled = 0; done && filled < size; filled += step)
    {
        counter++;
        done = mac_compute (mac, all, n_parts + 2, output);
        memcpy (ret_octets + filled, output, MIN (step, size - filled));
        all[0] = byte_view (output, step);
    }
    OPENSSL_cleanse (output, sizeof output);
    return done;
}

SecretBytes *
prf_plus (const Algorithm *prf, ByteView key, const ByteView *parts, size_t n_parts, size_t size,
          GError **error)
{
    g_return_val_if_fail (n_parts <= PARTS_MAX, NULL);

    if (size > (size_t)PRF_PLUS_OUTPUTS_MAX * prf->output_size)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                     "prf+ of %s ends before %zu octets", prf->name, size);
        return NULL;
    }
    g_autoptr (Mac) mac = mac_new (prf, key, error);
    if (mac == NULL)
        return NULL;
    g_autoptr (SecretBytes) output = secret_bytes_new_sized (size);
    if (!expand (mac, prf->output_size, parts, n_parts, secret_bytes_data (output), size))
    {
        crypto_fail (error, prf->name);
        return NULL;
    }
    return g_steal_pointer (&output);
}

static bool
digest_parts (EVP_MD_CTX *context, const EVP_MD *digest, const ByteView *parts, size_t n_parts,
              uint8_t ret_digest[EVP_MAX_MD_SIZE], unsigned *ret_size)
{
    if (EVP_DigestInit_ex2 (context, digest, NULL) != 1)
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].size > 0 && EVP_DigestUpdate (context, parts[i].data, parts[i].size) != 1)
            return false;
    return EVP_DigestFinal_ex (context, ret_digest, ret_size) == 1;
}

GBytes *
digest_compute (const char *name, const ByteView *parts, size_t n_parts, GError **error)
{
    EVP_MD *digest = EVP_MD_fetch (NULL, name, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new ();
    uint8_t output[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    bool done = digest != NULL && context != NULL &&
                digest_parts (context, digest, parts, n_parts, output, &size);
    EVP_MD_CTX_free (context);
    EVP_MD_free (digest);
    if (!done)
    {
        crypto_fail (error, name);
        return NULL;
    }
    return g_bytes_new (output, size);
}
