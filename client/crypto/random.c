/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/random.h"

#include <limits.h>
#include <openssl/rand.h>

static void
fill_from_openssl (void *data, uint8_t *ret_octets, size_t size)
{
    if (size > INT_MAX || RAND_bytes (ret_octets, (int)size) != 1)
        g_error ("OpenSSL has no random octets to give");
}

const RandomSource random_system = { .fill = fill_from_openssl };

void
random_prepare (void)
{
    RAND_set_DRBG_type (NULL, "HASH-DRBG", NULL, NULL, "SHA2-256");
}

void
random_fill (const RandomSource *self, void *ret_octets, size_t size)
{
    if (size > 0)
        self->fill (self->data, ret_octets, size);
}
