/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bytes/secret.h"

#include <openssl/crypto.h>

enum
{
    SECURE_HEAP_SIZE = 256 * 1024,
    SECURE_HEAP_SMALLEST = 32,
};

struct SecretBytes
{
    gatomicrefcount references;
    size_t size;
    uint8_t data[];
};

static void *
allocate (size_t size)
{
    static gsize prepared = 0;
    if (g_once_init_enter (&prepared))
    {
        if (!CRYPTO_secure_malloc_initialized ())
            CRYPTO_secure_malloc_init (SECURE_HEAP_SIZE, SECURE_HEAP_SMALLEST);
        g_once_init_leave (&prepared, 1);
    }

    /* A full secure heap gives NULL; an ordinary place, still wiped, is better than no tunnel. */
    void *place = CRYPTO_secure_malloc_initialized () ? OPENSSL_secure_zalloc (size) : NULL;
    return place != NULL ? place : OPENSSL_zalloc (size);
}

SecretBytes *
secret_bytes_new_sized (size_t size)
{
    SecretBytes *self = allocate (sizeof *self + size);
    g_assert (self != NULL);
    g_atomic_ref_count_init (&self->references);
    self->size = size;
    return self;
}

SecretBytes *
secret_bytes_new (ByteView content)
{
    SecretBytes *self = secret_bytes_new_sized (content.size);
    if (content.size > 0)
        memcpy (self->data, content.data, content.size);
    return self;
}

SecretBytes *
secret_bytes_ref (SecretBytes *self)
{
    g_atomic_ref_count_inc (&self->references);
    return self;
}

void
secret_bytes_unref (SecretBytes *self)
{
    if (self == NULL || !g_atomic_ref_count_dec (&self->references))
        return;
    size_t size = sizeof *self + self->size;
    if (CRYPTO_secure_allocated (self))
        OPENSSL_secure_clear_free (self, size);
    else
        OPENSSL_clear_free (self, size);
}

ByteView
secret_bytes_view (const SecretBytes *self)
{
    return self != NULL ? (ByteView){ self->data, self->size } : (ByteView){ 0 };
}

uint8_t *
secret_bytes_data (SecretBytes *self)
{
    return self->data;
}

size_t
secret_bytes_size (const SecretBytes *self)
{
    return self != NULL ? self->size : 0;
}

bool
secret_equal (ByteView a, ByteView b)
{
    return a.size == b.size && (a.size == 0 || CRYPTO_memcmp (a.data, b.data, a.size) == 0);
}
