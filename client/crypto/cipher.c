/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/cipher.h"

#include "crypto/cipher-internal.h"
#include "crypto/failure.h"
#include "crypto/mac.h"
#include "crypto/vector-gcm.h"
#include "errors.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>

enum
{
    TEXT_MAX = 1 << 24, /* octets of one packet: far above any, far below OpenSSL's int */
    SALT_MAX = 4,
    COUNTER_SIZE = 8, /* the explicit IV of all AEAD and counter modes */
    NONCE_MAX = 16,
    KEY_MAX = 32,
    IV_POOL_SIZE = 1024, /* octets of unpredictable IVs that are drawn at a time */
};

typedef struct CipherMode CipherMode;

struct Cipher
{
    _Atomic (const CipherMode *) mode; /* cipher_use_vectors () changes it while others work */
    const Algorithm *encryption;
    const Algorithm *integrity; /* NULL for an AEAD */
    CipherDirection direction;
    EVP_CIPHER_CTX *context;
    VectorGcm *vectors; /* works in place of the context; NULL: it does not */
    Mac *mac;
    size_t iv_size;
    size_t icv_size;

    uint64_t counter; /* the next IV of an AEAD or a counter mode; its last value is never used */
    uint8_t key[KEY_MAX];
    uint8_t salt[SALT_MAX];
    OSSL_PARAM tag[2]; /* points at the ICV of the packet at hand */

    uint8_t iv_pool[IV_POOL_SIZE];
    size_t iv_pool_left; /* octets at the pool's end that were not used yet */
};

/* SEALED is IV | ciphertext | ICV, the IV in place; TEXT_SIZE octets of text. */
struct CipherMode
{
    bool (*next_iv) (Cipher *self, uint8_t *ret_iv);
    bool (*seal) (Cipher *self, ByteView header, ByteView tail, const uint8_t *plain,
                  uint8_t *sealed, size_t text_size);
    bool (*open) (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed,
                  uint8_t *plain, size_t text_size);
};

static bool
next_counter_iv (Cipher *self, uint8_t *ret_iv)
{
    if (self->counter == UINT64_MAX)
        return false;
    uint64_t big_endian = GUINT64_TO_BE (self->counter);
    memcpy (ret_iv, &big_endian, COUNTER_SIZE);
    self->counter++;
    return true;
}

/* CBC wants IVs that nobody can foretell (RFC 3602 3). */
static bool
next_random_iv (Cipher *self, uint8_t *ret_iv)
{
    if (self->iv_pool_left < self->iv_size)
    {
        if (RAND_bytes (self->iv_pool, IV_POOL_SIZE) != 1)
            return false;
        self->iv_pool_left = IV_POOL_SIZE;
    }
    memcpy (ret_iv, self->iv_pool + IV_POOL_SIZE - self->iv_pool_left, self->iv_size);
    self->iv_pool_left -= self->iv_size;
    return true;
}

/* An update that OpenSSL would mistake for something else if there is nothing to do. */
static bool
update (EVP_CIPHER_CTX *context, uint8_t *out, const uint8_t *in, size_t size)
{
    int written = 0;
    return size == 0 || (EVP_CipherUpdate (context, out, &written, in, (int)size) == 1 &&
                         (out == NULL || (size_t)written == size));
}

static bool
finish (EVP_CIPHER_CTX *context)
{
    uint8_t nothing[EVP_MAX_BLOCK_LENGTH];
    int written = 0;
    return EVP_CipherFinal_ex (context, nothing, &written) == 1 && written == 0;
}

/* RFC 4106 4, 4309 4, 7634 2: salt, then the explicit IV. */
static void
build_nonce (const Cipher *self, const uint8_t *iv, uint8_t ret_nonce[NONCE_MAX])
{
    size_t salt_size = self->encryption->salt_size;
    memcpy (ret_nonce, self->salt, SALT_MAX);
    memcpy (ret_nonce + salt_size, iv, COUNTER_SIZE);
}

static bool
start (Cipher *self, const uint8_t *nonce, const OSSL_PARAM *parameters)
{
    return EVP_CipherInit_ex2 (self->context, NULL, NULL, nonce, -1, parameters) == 1;
}

static bool
seal_aead (Cipher *self, ByteView header, ByteView tail, const uint8_t *plain, uint8_t *sealed,
           size_t text_size)
{
    uint8_t nonce[NONCE_MAX];
    uint8_t *text = sealed + self->iv_size;
    build_nonce (self, sealed, nonce);
    self->tag[0].data = text + text_size;
    return start (self, nonce, NULL) && update (self->context, NULL, header.data, header.size) &&
           update (self->context, text, plain, text_size) && finish (self->context) &&
           EVP_CIPHER_CTX_get_params (self->context, self->tag) == 1;
}

static bool
open_aead (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, uint8_t *plain,
           size_t text_size)
{
    uint8_t nonce[NONCE_MAX];
    const uint8_t *text = sealed + self->iv_size;
    build_nonce (self, sealed, nonce);
    self->tag[0].data = (void *)(uintptr_t)(text + text_size);
    return start (self, nonce, self->tag) &&
           update (self->context, NULL, header.data, header.size) &&
           update (self->context, plain, text, text_size) && finish (self->context);
}

/* CCM wants the size of the text before anything else, and all of the text in one piece, be it empty. */
static bool
start_ccm (Cipher *self, ByteView header, const uint8_t *iv, size_t text_size,
           const OSSL_PARAM *parameters)
{
    uint8_t nonce[NONCE_MAX];
    int written = 0;
    build_nonce (self, iv, nonce);
    return start (self, nonce, parameters) &&
           EVP_CipherUpdate (self->context, NULL, &written, NULL, (int)text_size) == 1 &&
           update (self->context, NULL, header.data, header.size);
}

static bool
seal_ccm (Cipher *self, ByteView header, ByteView tail, const uint8_t *plain, uint8_t *sealed,
          size_t text_size)
{
    uint8_t *text = sealed + self->iv_size;
    int written = 0;
    self->tag[0].data = text + text_size;
    return start_ccm (self, header, sealed, text_size, NULL) &&
           EVP_CipherUpdate (self->context, text, &written, text_size > 0 ? plain : text,
                             (int)text_size) == 1 &&
           EVP_CIPHER_CTX_get_params (self->context, self->tag) == 1;
}

/* The update itself compares the ICV. */
static bool
open_ccm (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, uint8_t *plain,
          size_t text_size)
{
    uint8_t none;
    const uint8_t *text = sealed + self->iv_size;
    int written = 0;
    self->tag[0].data = (void *)(uintptr_t)(text + text_size);
    return start_ccm (self, header, sealed, text_size, self->tag) &&
           EVP_CipherUpdate (self->context, text_size > 0 ? plain : &none, &written, text,
                             (int)text_size) == 1 &&
           (size_t)written == text_size;
}

/* Counter mode and CBC: encipher, then authenticate header, IV, ciphertext and tail (RFC 4303 3.3.2.1). */
static bool
compute_icv (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, size_t text_size,
             uint8_t ret_mac[MAC_SIZE_MAX])
{
    ByteView parts[] = { header, { sealed, self->iv_size + text_size }, tail };
    return mac_compute (self->mac, parts, G_N_ELEMENTS (parts), ret_mac);
}

static bool
append_icv (Cipher *self, ByteView header, ByteView tail, uint8_t *sealed, size_t text_size)
{
    uint8_t mac[MAC_SIZE_MAX];
    if (!compute_icv (self, header, tail, sealed, text_size, mac))
        return false;
    memcpy (sealed + self->iv_size + text_size, mac, self->icv_size);
    return true;
}

static bool
check_icv (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, size_t text_size)
{
    uint8_t mac[MAC_SIZE_MAX];
    return compute_icv (self, header, tail, sealed, text_size, mac) &&
           CRYPTO_memcmp (mac, sealed + self->iv_size + text_size, self->icv_size) == 0;
}

/* RFC 3686 4: nonce, IV, and a block counter that starts at one. */
static bool
start_ctr (Cipher *self, const uint8_t *iv)
{
    uint8_t block[NONCE_MAX] = { 0 };
    build_nonce (self, iv, block);
    block[NONCE_MAX - 1] = 1;
    return start (self, block, NULL);
}

static bool
seal_ctr (Cipher *self, ByteView header, ByteView tail, const uint8_t *plain, uint8_t *sealed,
          size_t text_size)
{
    return start_ctr (self, sealed) &&
           update (self->context, sealed + self->iv_size, plain, text_size) &&
           append_icv (self, header, tail, sealed, text_size);
}

static bool
open_ctr (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, uint8_t *plain,
          size_t text_size)
{
    return check_icv (self, header, tail, sealed, text_size) && start_ctr (self, sealed) &&
           update (self->context, plain, sealed + self->iv_size, text_size);
}

static bool
seal_cbc (Cipher *self, ByteView header, ByteView tail, const uint8_t *plain, uint8_t *sealed,
          size_t text_size)
{
    return start (self, sealed, NULL) &&
           update (self->context, sealed + self->iv_size, plain, text_size) &&
           append_icv (self, header, tail, sealed, text_size);
}

static bool
open_cbc (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, uint8_t *plain,
          size_t text_size)
{
    return check_icv (self, header, tail, sealed, text_size) && start (self, sealed, NULL) &&
           update (self->context, plain, sealed + self->iv_size, text_size);
}

static bool
seal_vectors (Cipher *self, ByteView header, ByteView tail, const uint8_t *plain, uint8_t *sealed,
              size_t text_size)
{
    uint8_t nonce[NONCE_MAX];
    uint8_t *text = sealed + self->iv_size;
    build_nonce (self, sealed, nonce);
    vector_gcm_seal (self->vectors, nonce, header, plain, text, text_size, text + text_size);
    return true;
}

static bool
open_vectors (Cipher *self, ByteView header, ByteView tail, const uint8_t *sealed, uint8_t *plain,
              size_t text_size)
{
    uint8_t nonce[NONCE_MAX];
    const uint8_t *text = sealed + self->iv_size;
    build_nonce (self, sealed, nonce);
    return vector_gcm_open (self->vectors, nonce, header, text, plain, text_size, text + text_size);
}

static const CipherMode mode_aead = { next_counter_iv, seal_aead, open_aead };
static const CipherMode mode_vectors = { next_counter_iv, seal_vectors, open_vectors };
static const CipherMode mode_ccm = { next_counter_iv, seal_ccm, open_ccm };
static const CipherMode mode_ctr = { next_counter_iv, seal_ctr, open_ctr };
static const CipherMode mode_cbc = { next_random_iv, seal_cbc, open_cbc };

/* By transform id of IKEv2. */
static const struct
{
    uint16_t id;
    const CipherMode *mode;
} modes[] = {
    { 3, &mode_cbc },   { 12, &mode_cbc },  { 13, &mode_ctr },  { 14, &mode_ccm },
    { 15, &mode_ccm },  { 16, &mode_ccm },  { 18, &mode_aead }, { 19, &mode_aead },
    { 20, &mode_aead }, { 28, &mode_aead },
};

static const CipherMode *
find_mode (const Algorithm *encryption)
{
    for (size_t i = 0; i < G_N_ELEMENTS (modes); i++)
        if (modes[i].id == encryption->id)
            return modes[i].mode;
    return NULL;
}

static const CipherMode *
get_mode (const Cipher *self)
{
    return atomic_load_explicit (&self->mode, memory_order_acquire);
}

/* The nonce's and the tag's size must be known before the key. */
static bool
set_up_context (Cipher *self)
{
    const Algorithm *algorithm = self->encryption;
    int encrypts = self->direction == CIPHER_SEAL;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch (NULL, algorithm->openssl, NULL);
    self->context = EVP_CIPHER_CTX_new ();
    bool done = cipher != NULL && self->context != NULL &&
                EVP_CipherInit_ex2 (self->context, cipher, NULL, NULL, encrypts, NULL) == 1;
    if (done && (algorithm->flags & ALGORITHM_AEAD))
        done = EVP_CIPHER_CTX_ctrl (self->context, EVP_CTRL_AEAD_SET_IVLEN,
                                    algorithm->salt_size + algorithm->iv_size, NULL) == 1;
    if (done && get_mode (self) == &mode_ccm)
        done = EVP_CIPHER_CTX_ctrl (self->context, EVP_CTRL_AEAD_SET_TAG, algorithm->icv_size,
                                    NULL) == 1;
    done = done && EVP_CipherInit_ex2 (self->context, NULL, self->key, NULL, encrypts, NULL) == 1;

    /* Where it is set, OpenSSL 3.0 sets it again with every IV: only for the mode that pads. */
    if (done && get_mode (self) == &mode_cbc)
        done = EVP_CIPHER_CTX_set_padding (self->context, 0) == 1;
    EVP_CIPHER_free (cipher);
    return done;
}

static bool
check_sizes (const Algorithm *encryption, const Algorithm *integrity, ByteView encryption_key,
             ByteView integrity_key, GError **error)
{
    bool aead = encryption->flags & ALGORITHM_AEAD;
    size_t wanted = (size_t)encryption->key_size + encryption->salt_size;
    size_t wanted_integrity = aead || integrity == NULL ? 0 : integrity->key_size;
    if (aead == (integrity == NULL) && encryption_key.size == wanted &&
        integrity_key.size == wanted_integrity)
        return true;
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                 "%s with %s takes keys of %zu and %zu octets, not %zu and %zu", encryption->name,
                 integrity != NULL ? integrity->name : "no integrity algorithm", wanted,
                 wanted_integrity, encryption_key.size, integrity_key.size);
    return false;
}

Cipher *
cipher_new (const Algorithm *encryption, const Algorithm *integrity, ByteView encryption_key,
            ByteView integrity_key, CipherDirection direction, GError **error)
{
    g_return_val_if_fail (encryption != NULL && encryption->type == TRANSFORM_ENCRYPTION, NULL);
    g_return_val_if_fail (integrity == NULL || integrity->type == TRANSFORM_INTEGRITY, NULL);

    if (!check_sizes (encryption, integrity, encryption_key, integrity_key, error))
        return NULL;

    g_autoptr (Cipher) self = g_new0 (Cipher, 1);
    atomic_init (&self->mode, find_mode (encryption));
    self->encryption = encryption;
    self->integrity = integrity;
    self->direction = direction;
    self->iv_size = encryption->iv_size;
    self->icv_size = integrity != NULL ? integrity->icv_size : encryption->icv_size;
    self->tag[0] =
        OSSL_PARAM_construct_octet_string (OSSL_CIPHER_PARAM_AEAD_TAG, NULL, self->icv_size);
    self->tag[1] = OSSL_PARAM_construct_end ();
    memcpy (self->key, encryption_key.data, encryption->key_size);
    memcpy (self->salt, encryption_key.data + encryption->key_size, encryption->salt_size);

    if (get_mode (self) == NULL || !set_up_context (self))
    {
        crypto_fail (error, encryption->name);
        return NULL;
    }
    if (integrity != NULL && (self->mac = mac_new (integrity, integrity_key, error)) == NULL)
        return NULL;
    return g_steal_pointer (&self);
}

bool
cipher_may_use_vectors (void)
{
    return OPENSSL_version_major () == 3 && OPENSSL_version_minor () == 0 && vector_gcm_load ();
}

bool
cipher_use_vectors (Cipher *self)
{
    if (self->vectors == NULL)
        self->vectors = vector_gcm_new (self->encryption, self->key);
    if (self->vectors != NULL)
        atomic_store_explicit (&self->mode, &mode_vectors, memory_order_release);
    return self->vectors != NULL;
}

void
cipher_free (Cipher *self)
{
    if (self == NULL)
        return;
    vector_gcm_free (self->vectors);
    EVP_CIPHER_CTX_free (self->context);
    mac_free (self->mac);
    OPENSSL_cleanse (self, sizeof *self);
    g_free (self);
}

size_t
cipher_get_iv_size (const Cipher *self)
{
    return self->iv_size;
}

size_t
cipher_get_icv_size (const Cipher *self)
{
    return self->icv_size;
}

size_t
cipher_get_block_size (const Cipher *self)
{
    return self->encryption->block_size;
}

size_t
cipher_get_overhead (const Cipher *self)
{
    return self->iv_size + self->icv_size;
}

/* An AEAD takes the tail in its header, so one given apart would stay unprotected. */
static bool
fits (const Cipher *self, CipherDirection direction, ByteView header, ByteView tail, size_t size)
{
    return self->direction == direction && size <= TEXT_MAX && header.size <= TEXT_MAX &&
           size % self->encryption->block_size == 0 && (self->integrity != NULL || tail.size == 0);
}

bool
cipher_seal (Cipher *self, ByteView header, ByteView tail, ByteView plain, uint8_t *ret_sealed)
{
    const CipherMode *mode = get_mode (self);
    if (!fits (self, CIPHER_SEAL, header, tail, plain.size) || !mode->next_iv (self, ret_sealed))
        return false;
    if (mode->seal (self, header, tail, plain.data, ret_sealed, plain.size))
        return true;
    OPENSSL_cleanse (ret_sealed, plain.size + cipher_get_overhead (self));
    return false;
}

bool
cipher_open (Cipher *self, ByteView header, ByteView tail, ByteView sealed, uint8_t *ret_plain)
{
    size_t overhead = cipher_get_overhead (self);
    if (sealed.size < overhead || !fits (self, CIPHER_OPEN, header, tail, sealed.size - overhead))
        return false;
    return get_mode (self)->open (self, header, tail, sealed.data, ret_plain,
                                  sealed.size - overhead);
}

void
cipher_preset_iv (Cipher *self, ByteView iv)
{
    g_return_if_fail (iv.size == self->iv_size);

    if (get_mode (self)->next_iv == next_counter_iv)
    {
        memcpy (&self->counter, iv.data, COUNTER_SIZE);
        self->counter = GUINT64_FROM_BE (self->counter);
        return;
    }
    self->iv_pool_left = self->iv_size;
    memcpy (self->iv_pool + IV_POOL_SIZE - self->iv_size, iv.data, iv.size);
}
