/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/vector-gcm.h"

#ifdef HAVE_IPSEC_MB

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#define LIBRARY "libIPSec_MB.so.1"
#define INSTRUCTIONS (IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ)
#define ICV_MAX 16

struct VectorGcm
{
    aes_gcm_enc_dec_t encrypt;
    aes_gcm_enc_dec_t decrypt;
    size_t icv_size;
    _Alignas(64) struct gcm_key_data key; /* the library asks for it */
};

/* The table of functions for this processor; it stays, and nothing writes to it. NULL: none. */
static IMB_MGR *
find_functions (void)
{
    void *library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return NULL;
    __typeof__ (&imb_get_version) get_version = dlsym (library, "imb_get_version");
    __typeof__ (&alloc_mb_mgr) allocate = dlsym (library, "alloc_mb_mgr");
    __typeof__ (&init_mb_mgr_auto) choose = dlsym (library, "init_mb_mgr_auto");
    __typeof__ (&free_mb_mgr) release = dlsym (library, "free_mb_mgr");
    bool known = get_version != NULL && allocate != NULL && choose != NULL && release != NULL &&
                 get_version () >= IMB_VERSION_NUM;
    IMB_MGR *functions = known ? allocate (0) : NULL;
    if (functions != NULL)
    {
        choose (functions, NULL);
        if ((functions->features & INSTRUCTIONS) == INSTRUCTIONS)
            return functions;
        release (functions);
    }
    dlclose (library);
    return NULL;
}

static const IMB_MGR *
get_functions (void)
{
    static gsize once;
    static IMB_MGR *functions;
    if (g_once_init_enter (&once))
    {
        functions = find_functions ();
        g_once_init_leave (&once, 1);
    }
    return functions;
}

bool
vector_gcm_load (void)
{
    return get_functions () != NULL;
}

static bool
is_gcm (const Algorithm *algorithm)
{
    return algorithm->type == TRANSFORM_ENCRYPTION && algorithm->id >= 18 && algorithm->id <= 20;
}

VectorGcm *
vector_gcm_new (const Algorithm *algorithm, const uint8_t *key)
{
    if (!is_gcm (algorithm) || !vector_gcm_load ())
        return NULL;
    const IMB_MGR *functions = get_functions ();
    VectorGcm *self = g_aligned_alloc0 (1, sizeof *self, _Alignof(VectorGcm));
    self->icv_size = algorithm->icv_size;
    switch (algorithm->key_size)
    {
    case 16:
        self->encrypt = functions->gcm128_enc;
        self->decrypt = functions->gcm128_dec;
        functions->gcm128_pre (key, &self->key);
        break;
    case 24:
        self->encrypt = functions->gcm192_enc;
        self->decrypt = functions->gcm192_dec;
        functions->gcm192_pre (key, &self->key);
        break;
    default:
        self->encrypt = functions->gcm256_enc;
        self->decrypt = functions->gcm256_dec;
        functions->gcm256_pre (key, &self->key);
        break;
    }
    return self;
}

void
vector_gcm_free (VectorGcm *self)
{
    if (self == NULL)
        return;
    OPENSSL_cleanse (self, sizeof *self);
    g_aligned_free (self);
}

void
vector_gcm_seal (const VectorGcm *self, const uint8_t *nonce, ByteView header, const uint8_t *plain,
                 uint8_t *ret_text, size_t size, uint8_t *ret_icv)
{
    struct gcm_context_data scratch;
    self->encrypt (&self->key, &scratch, ret_text, plain, size, nonce, header.data, header.size,
                   ret_icv, self->icv_size);
}

bool
vector_gcm_open (const VectorGcm *self, const uint8_t *nonce, ByteView header, const uint8_t *text,
                 uint8_t *ret_plain, size_t size, const uint8_t *icv)
{
    struct gcm_context_data scratch;
    uint8_t computed[ICV_MAX];
    self->decrypt (&self->key, &scratch, ret_plain, text, size, nonce, header.data, header.size,
                   computed, self->icv_size);
    return CRYPTO_memcmp (computed, icv, self->icv_size) == 0;
}

#else

bool
vector_gcm_load (void)
{
    return false;
}

VectorGcm *
vector_gcm_new (const Algorithm *algorithm, const uint8_t *key)
{
    return NULL;
}

void
vector_gcm_free (VectorGcm *self)
{
}

void
vector_gcm_seal (const VectorGcm *self, const uint8_t *nonce, ByteView header, const uint8_t *plain,
                 uint8_t *ret_text, size_t size, uint8_t *ret_icv)
{
    g_assert_not_reached ();
}

bool
vector_gcm_open (const VectorGcm *self, const uint8_t *nonce, ByteView header, const uint8_t *text,
                 uint8_t *ret_plain, size_t size, const uint8_t *icv)
{
    g_assert_not_reached ();
}

#endif
