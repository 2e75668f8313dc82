/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/group.h"

#include "crypto/failure.h"
#include "crypto/group-internal.h"
#include "errors.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BN_CTX, BN_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_GROUP, EC_GROUP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_POINT, EC_POINT_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM, OSSL_PARAM_free)

enum
{
    PUBLIC_MAX = 1024,           /* MODP-8192 */
    EC_UNCOMPRESSED = 4,         /* SEC 1: the octet before X | Y */
    MODP_1024_SECRET_BITS = 160, /* RFC 3526 8 of the strength of such a group, doubled */
};

typedef enum
{
    KIND_MODP,
    KIND_CURVE,      /* X | Y */
    KIND_MONTGOMERY, /* curve25519, curve448 */
} GroupKind;

struct KeyExchange
{
    const Algorithm *group;
    EVP_PKEY *key;
    uint8_t public_value[PUBLIC_MAX];
};

static GroupKind
get_kind (const Algorithm *group)
{
    static const struct
    {
        uint16_t first, last;
        GroupKind kind;
    } ranges[] = {
        { 2, 18, KIND_MODP },
        { 19, 30, KIND_CURVE },
        { 31, 32, KIND_MONTGOMERY },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (ranges); i++)
        if (group->id >= ranges[i].first && group->id <= ranges[i].last)
            return ranges[i].kind;
    g_assert_not_reached ();
}

static const char *
get_key_type (const Algorithm *group)
{
    switch (get_kind (group))
    {
    case KIND_MODP:
        return "DH";
    case KIND_CURVE:
        return "EC";
    case KIND_MONTGOMERY:
        return group->openssl;
    }
    g_assert_not_reached ();
}

/* The group's name, or the prime where OpenSSL has none; then the key's own numbers if there are any. */
static OSSL_PARAM *
build_parameters (const Algorithm *group, const BIGNUM *secret, ByteView public_value)
{
    g_autoptr (OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new ();
    g_autoptr (BIGNUM) prime = NULL;
    g_autoptr (BIGNUM) generator = NULL;
    g_autoptr (BIGNUM) number = NULL;
    bool done = builder != NULL;
    if (group->openssl != NULL)
        done = done && OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                                        group->openssl, 0);
    else
    {
        prime = BN_get_rfc2409_prime_1024 (NULL);
        generator = BN_new ();
        done =
            done && prime != NULL && generator != NULL && BN_set_word (generator, 2) &&
            OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_FFC_P, prime) &&
            OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_FFC_G, generator) &&
            OSSL_PARAM_BLD_push_int (builder, OSSL_PKEY_PARAM_DH_PRIV_LEN, MODP_1024_SECRET_BITS);
    }
    if (done && secret != NULL)
        done = OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
    if (done && public_value.size > 0 && get_kind (group) == KIND_MODP)
    {
        number = BN_bin2bn (public_value.data, (int)public_value.size, NULL);
        done = number != NULL && OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PUB_KEY, number);
    }
    else if (done && public_value.size > 0)
        done = OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY,
                                                 public_value.data, public_value.size);
    return done ? OSSL_PARAM_BLD_to_param (builder) : NULL;
}

/* PUBLIC_VALUE in OpenSSL's form. */
static EVP_PKEY *
make_key (const Algorithm *group, int selection, const BIGNUM *secret, ByteView public_value)
{
    g_autoptr (OSSL_PARAM) parameters = build_parameters (group, secret, public_value);
    g_autoptr (EVP_PKEY_CTX) context =
        EVP_PKEY_CTX_new_from_name (NULL, get_key_type (group), NULL);
    EVP_PKEY *key = NULL;
    if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init (context) != 1 ||
        EVP_PKEY_fromdata (context, &key, selection, parameters) != 1)
        return NULL;
    return key;
}

static EVP_PKEY *
generate (const Algorithm *group)
{
    g_autoptr (EVP_PKEY) domain = NULL;
    g_autoptr (EVP_PKEY_CTX) context = NULL;
    if (get_kind (group) == KIND_MONTGOMERY)
        context = EVP_PKEY_CTX_new_from_name (NULL, group->openssl, NULL);
    else if ((domain = make_key (group, EVP_PKEY_KEY_PARAMETERS, NULL, (ByteView){ 0 })) != NULL)
        context = EVP_PKEY_CTX_new_from_pkey (NULL, domain, NULL);

    EVP_PKEY *key = NULL;
    if (context == NULL || EVP_PKEY_keygen_init (context) != 1 ||
        EVP_PKEY_generate (context, &key) != 1)
        return NULL;
    return key;
}

bool
group_is_available (const Algorithm *group)
{
    g_autoptr (EVP_PKEY) domain = NULL;
    g_autoptr (EVP_PKEY_CTX) context = NULL;
    if (get_kind (group) == KIND_MONTGOMERY)
        context = EVP_PKEY_CTX_new_from_name (NULL, group->openssl, NULL);
    else
        domain = make_key (group, EVP_PKEY_KEY_PARAMETERS, NULL, (ByteView){ 0 });
    bool found = domain != NULL || (context != NULL && EVP_PKEY_keygen_init (context) == 1);
    ERR_clear_error ();
    return found;
}

/* What goes into the KE payload: OpenSSL's encoding, a curve's point without its leading octet. */
static bool
take_public (KeyExchange *self)
{
    unsigned char *encoded = NULL;
    size_t size = EVP_PKEY_get1_encoded_public_key (self->key, &encoded);
    size_t skip = get_kind (self->group) == KIND_CURVE ? 1 : 0;
    bool done = size == self->group->output_size + skip && size - skip <= PUBLIC_MAX &&
                (skip == 0 || encoded[0] == EC_UNCOMPRESSED);
    if (done)
        memcpy (self->public_value, encoded + skip, size - skip);
    OPENSSL_free (encoded);
    return done;
}

static KeyExchange *
wrap (const Algorithm *group, EVP_PKEY *key, GError **error)
{
    g_autoptr (KeyExchange) self = g_new0 (KeyExchange, 1);
    self->group = group;
    self->key = key;
    if (key == NULL || !take_public (self))
    {
        crypto_fail (error, group->name);
        return NULL;
    }
    return g_steal_pointer (&self);
}

KeyExchange *
key_exchange_new (const Algorithm *group, GError **error)
{
    g_return_val_if_fail (group != NULL && group->type == TRANSFORM_KEY_EXCHANGE, NULL);

    return wrap (group, generate (group), error);
}

/* g^x mod p */
static EVP_PKEY *
modp_key_from_private (const Algorithm *group, const BIGNUM *secret)
{
    g_autoptr (EVP_PKEY) domain = make_key (group, EVP_PKEY_KEY_PARAMETERS, NULL, (ByteView){ 0 });
    g_autoptr (BIGNUM) result = BN_new ();
    g_autoptr (BN_CTX) context = BN_CTX_new ();
    BIGNUM *prime = NULL, *generator = NULL;
    uint8_t encoded[PUBLIC_MAX];
    bool done = domain != NULL && result != NULL && context != NULL &&
                EVP_PKEY_get_bn_param (domain, OSSL_PKEY_PARAM_FFC_P, &prime) == 1 &&
                EVP_PKEY_get_bn_param (domain, OSSL_PKEY_PARAM_FFC_G, &generator) == 1 &&
                BN_mod_exp_mont_consttime (result, generator, secret, prime, context, NULL) == 1 &&
                BN_bn2binpad (result, encoded, group->output_size) > 0;
    BN_free (prime);
    BN_free (generator);
    return done
               ? make_key (group, EVP_PKEY_KEYPAIR, secret, byte_view (encoded, group->output_size))
               : NULL;
}

static EVP_PKEY *
curve_key_from_private (const Algorithm *group, const BIGNUM *secret)
{
    g_autoptr (EC_GROUP) curve = EC_GROUP_new_by_curve_name (OBJ_txt2nid (group->openssl));
    if (curve == NULL)
        curve = EC_GROUP_new_by_curve_name (EC_curve_nist2nid (group->openssl));
    g_autoptr (EC_POINT) point = curve != NULL ? EC_POINT_new (curve) : NULL;
    uint8_t encoded[PUBLIC_MAX];
    if (point == NULL || EC_POINT_mul (curve, point, secret, NULL, NULL, NULL) != 1)
        return NULL;
    size_t size = EC_POINT_point2oct (curve, point, POINT_CONVERSION_UNCOMPRESSED, encoded,
                                      sizeof encoded, NULL);
    return size == group->output_size + 1u
               ? make_key (group, EVP_PKEY_KEYPAIR, secret, byte_view (encoded, size))
               : NULL;
}

KeyExchange *
key_exchange_new_from_private (const Algorithm *group, ByteView private_key, GError **error)
{
    g_return_val_if_fail (group != NULL && group->type == TRANSFORM_KEY_EXCHANGE, NULL);

    if (get_kind (group) == KIND_MONTGOMERY)
        return wrap (group,
                     EVP_PKEY_new_raw_private_key_ex (NULL, group->openssl, NULL, private_key.data,
                                                      private_key.size),
                     error);

    g_autoptr (BIGNUM) secret = private_key.size <= PUBLIC_MAX
                                    ? BN_bin2bn (private_key.data, (int)private_key.size, NULL)
                                    : NULL;
    if (secret == NULL || BN_is_zero (secret))
        return wrap (group, NULL, error);
    return wrap (group,
                 get_kind (group) == KIND_MODP ? modp_key_from_private (group, secret)
                                               : curve_key_from_private (group, secret),
                 error);
}

void
key_exchange_free (KeyExchange *self)
{
    if (self == NULL)
        return;
    EVP_PKEY_free (self->key);
    g_free (self);
}

const Algorithm *
key_exchange_get_group (const KeyExchange *self)
{
    return self->group;
}

ByteView
key_exchange_get_public (const KeyExchange *self)
{
    return byte_view (self->public_value, self->group->output_size);
}

/* 1 < y < p - 1 (RFC 6989 2.1): with a safe prime this leaves no small subgroup. */
static bool
modp_value_is_good (const KeyExchange *self, ByteView value)
{
    g_autoptr (BIGNUM) y = BN_bin2bn (value.data, (int)value.size, NULL);
    BIGNUM *limit = NULL;
    bool good =
        y != NULL && EVP_PKEY_get_bn_param (self->key, OSSL_PKEY_PARAM_FFC_P, &limit) == 1 &&
        BN_sub_word (limit, 1) == 1 && BN_cmp (y, BN_value_one ()) > 0 && BN_cmp (y, limit) < 0;
    BN_free (limit);
    return good;
}

/*
 * The peer's key. OpenSSL checks as it reads a point that it lies on its curve (RFC 6989 2.3), and as the cofactor
 * of all these curves is one, a check of its order, which costs as much as the exchange itself, would say no more.
 */
static EVP_PKEY *
make_peer (const KeyExchange *self, ByteView value)
{
    uint8_t point[1 + PUBLIC_MAX];
    if (value.size != self->group->output_size)
        return NULL;
    switch (get_kind (self->group))
    {
    case KIND_MODP:
        return modp_value_is_good (self, value)
                   ? make_key (self->group, EVP_PKEY_PUBLIC_KEY, NULL, value)
                   : NULL;
    case KIND_CURVE:
        point[0] = EC_UNCOMPRESSED;
        memcpy (point + 1, value.data, value.size);
        return make_key (self->group, EVP_PKEY_PUBLIC_KEY, NULL, byte_view (point, 1 + value.size));
    case KIND_MONTGOMERY:
        return EVP_PKEY_new_raw_public_key_ex (NULL, self->group->openssl, NULL, value.data,
                                               value.size);
    }
    g_assert_not_reached ();
}

static SecretBytes *
derive (const KeyExchange *self, EVP_PKEY *peer)
{
    g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey (NULL, self->key, NULL);
    unsigned pad = 1;
    OSSL_PARAM padded[] = {
        OSSL_PARAM_construct_uint (OSSL_EXCHANGE_PARAM_PAD, &pad),
        OSSL_PARAM_construct_end (),
    };
    bool modp = get_kind (self->group) == KIND_MODP;
    size_t size = 0;
    if (context == NULL || EVP_PKEY_derive_init_ex (context, modp ? padded : NULL) != 1 ||
        EVP_PKEY_derive_set_peer (context, peer) != 1 ||
        EVP_PKEY_derive (context, NULL, &size) != 1)
        return NULL;
    g_autoptr (SecretBytes) secret = secret_bytes_new_sized (size);
    if (EVP_PKEY_derive (context, secret_bytes_data (secret), &size) != 1 ||
        size != secret_bytes_size (secret))
        return NULL;
    return g_steal_pointer (&secret);
}

/* Constant time; RFC 8031 5 refuses a secret of zeros, which a point of small order gives. */
static bool
is_zero (const SecretBytes *secret)
{
    uint8_t all = 0;
    ByteView view = secret_bytes_view (secret);
    for (size_t i = 0; i < view.size; i++)
        all |= view.data[i];
    return all == 0;
}

SecretBytes *
key_exchange_derive (KeyExchange *self, ByteView public_value, GError **error)
{
    g_autoptr (EVP_PKEY) peer = make_peer (self, public_value);
    g_autoptr (SecretBytes) secret = peer != NULL ? derive (self, peer) : NULL;
    ERR_clear_error ();
    if (secret == NULL || is_zero (secret))
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                     "the key exchange value is none of %s (%zu octets)", self->group->label,
                     public_value.size);
        return NULL;
    }
    return g_steal_pointer (&secret);
}
