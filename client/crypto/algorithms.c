/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/algorithms.h"

#include "crypto/group-internal.h"

#include <openssl/evp.h>

/* The rows of a family differ in sizes alone; the macros keep what they share in one place. */

#define AES_CBC(bits)                                                                              \
    {                                                                                              \
        .type = TRANSFORM_ENCRYPTION, .id = 12, .key_bits = bits, .name = "aes" #bits,             \
        .label = "AES-CBC-" #bits, .key_size = bits / 8, .iv_size = 16, .block_size = 16,          \
        .openssl = "AES-" #bits "-CBC", .xfrm = "cbc(aes)"                                         \
    }

/* RFC 3686, and RFC 5930 for the IKE SA */
#define AES_CTR(bits)                                                                              \
    {                                                                                              \
        .type = TRANSFORM_ENCRYPTION, .id = 13, .key_bits = bits, .name = "aes" #bits "ctr",       \
        .label = "AES-CTR-" #bits, .flags = ALGORITHM_COUNTER, .key_size = bits / 8,               \
        .salt_size = 4, .iv_size = 8, .block_size = 1, .openssl = "AES-" #bits "-CTR",             \
        .xfrm = "rfc3686(ctr(aes))"                                                                \
    }

/* RFC 4106, 5282 */
#define AES_GCM(bits, icv, number, remark)                                                         \
    {                                                                                              \
        .type = TRANSFORM_ENCRYPTION, .id = number, .key_bits = bits,                              \
        .name = "aes" #bits "gcm" #icv, .label = "AES-GCM-" #bits remark, .flags = ALGORITHM_AEAD, \
        .key_size = bits / 8, .salt_size = 4, .iv_size = 8, .block_size = 1, .icv_size = icv,      \
        .openssl = "AES-" #bits "-GCM", .xfrm = "rfc4106(gcm(aes))"                                \
    }

/* RFC 4309, 5282 */
#define AES_CCM(bits, icv, number, remark)                                                         \
    {                                                                                              \
        .type = TRANSFORM_ENCRYPTION, .id = number, .key_bits = bits,                              \
        .name = "aes" #bits "ccm" #icv, .label = "AES-CCM-" #bits remark, .flags = ALGORITHM_AEAD, \
        .key_size = bits / 8, .salt_size = 3, .iv_size = 8, .block_size = 1, .icv_size = icv,      \
        .openssl = "AES-" #bits "-CCM", .xfrm = "rfc4309(ccm(aes))"                                \
    }

/* RFC 4868, 2104: the key is as long as the output */
#define PRF_HMAC(number, short_name, title, octets, digest, more)                                  \
    {                                                                                              \
        .type = TRANSFORM_PRF, .id = number, .name = "prf" short_name, .label = "PRF-HMAC-" title, \
        .flags = ALGORITHM_IKE_ONLY | (more), .key_size = octets, .output_size = octets,           \
        .openssl = digest                                                                          \
    }

#define PRF_AES(number, mode, title)                                                               \
    {                                                                                              \
        .type = TRANSFORM_PRF, .id = number, .name = "prfaes" mode, .label = "PRF-AES128-" title,  \
        .flags = ALGORITHM_IKE_ONLY, .key_size = 16, .output_size = 16                             \
    }

#define HMAC(number, short_name, title, octets, icv, digest, kernel, more)                         \
    {                                                                                              \
        .type = TRANSFORM_INTEGRITY, .id = number, .name = short_name, .label = "HMAC-" title,     \
        .flags = (AlgorithmFlags)(more), .key_size = octets, .icv_size = icv,                      \
        .output_size = octets, .openssl = digest, .xfrm = "hmac(" kernel ")"                       \
    }

#define MAC_AES(number, mode, title)                                                               \
    {                                                                                              \
        .type = TRANSFORM_INTEGRITY, .id = number, .name = "aes" mode,                             \
        .label = "AES-" title "-96", .key_size = 16, .icv_size = 12, .output_size = 16,            \
        .xfrm = mode "(aes)"                                                                       \
    }

#define MODP(number, bits, group, more)                                                            \
    {                                                                                              \
        .type = TRANSFORM_KEY_EXCHANGE, .id = number, .name = "modp" #bits,                        \
        .label = "MODP-" #bits, .flags = (AlgorithmFlags)(more), .output_size = bits / 8,          \
        .openssl = group                                                                           \
    }

#define CURVE(number, short_name, title, octets, group, more)                                      \
    {                                                                                              \
        .type = TRANSFORM_KEY_EXCHANGE, .id = number, .name = short_name, .label = title,          \
        .flags = (AlgorithmFlags)(more), .output_size = octets, .openssl = group                   \
    }

static const Algorithm table[] = {
    AES_CBC (128),
    AES_CBC (192),
    AES_CBC (256),
    AES_CTR (128),
    AES_CTR (192),
    AES_CTR (256),
    AES_GCM (128, 16, 20, ""),
    AES_GCM (192, 16, 20, ""),
    AES_GCM (256, 16, 20, ""),
    AES_GCM (128, 12, 19, ", 12-octet ICV"),
    AES_GCM (192, 12, 19, ", 12-octet ICV"),
    AES_GCM (256, 12, 19, ", 12-octet ICV"),
    AES_GCM (128, 8, 18, ", 8-octet ICV"),
    AES_GCM (192, 8, 18, ", 8-octet ICV"),
    AES_GCM (256, 8, 18, ", 8-octet ICV"),
    AES_CCM (128, 16, 16, ""),
    AES_CCM (192, 16, 16, ""),
    AES_CCM (256, 16, 16, ""),
    AES_CCM (128, 12, 15, ", 12-octet ICV"),
    AES_CCM (192, 12, 15, ", 12-octet ICV"),
    AES_CCM (256, 12, 15, ", 12-octet ICV"),
    AES_CCM (128, 8, 14, ", 8-octet ICV"),
    AES_CCM (192, 8, 14, ", 8-octet ICV"),
    AES_CCM (256, 8, 14, ", 8-octet ICV"),
    { .type = TRANSFORM_ENCRYPTION,
      .id = 28, /* RFC 7634; the key length is fixed, so no attribute is sent */
      .name = "chacha20poly1305",
      .label = "ChaCha20-Poly1305",
      .flags = ALGORITHM_AEAD | ALGORITHM_OPTIONAL,
      .key_size = 32,
      .salt_size = 4,
      .iv_size = 8,
      .block_size = 1,
      .icv_size = 16,
      .openssl = "ChaCha20-Poly1305",
      .xfrm = "rfc7539esp(chacha20,poly1305)" },
    { .type = TRANSFORM_ENCRYPTION,
      .id = 3, /* RFC 2451 */
      .name = "3des",
      .label = "3DES-CBC",
      .flags = ALGORITHM_WEAK,
      .key_size = 24,
      .iv_size = 8,
      .block_size = 8,
      .openssl = "DES-EDE3-CBC",
      .xfrm = "cbc(des3_ede)" },

    PRF_HMAC (5, "sha256", "SHA2-256", 32, "SHA2-256", 0),
    PRF_HMAC (6, "sha384", "SHA2-384", 48, "SHA2-384", 0),
    PRF_HMAC (7, "sha512", "SHA2-512", 64, "SHA2-512", 0),
    PRF_AES (4, "xcbc", "XCBC"), /* RFC 4434 */
    PRF_AES (8, "cmac", "CMAC"), /* RFC 4615 */
    PRF_HMAC (2, "sha1", "SHA1", 20, "SHA1", ALGORITHM_WEAK),

    HMAC (12, "sha256", "SHA2-256-128", 32, 16, "SHA2-256", "sha256", 0),
    HMAC (13, "sha384", "SHA2-384-192", 48, 24, "SHA2-384", "sha384", 0),
    HMAC (14, "sha512", "SHA2-512-256", 64, 32, "SHA2-512", "sha512", 0),
    MAC_AES (5, "xcbc", "XCBC"), /* RFC 3566 */
    MAC_AES (8, "cmac", "CMAC"), /* RFC 4494 */
    HMAC (2, "sha1", "SHA1-96", 20, 12, "SHA1", "sha1", ALGORITHM_WEAK),

    CURVE (31, "curve25519", "Curve25519", 32, "X25519", ALGORITHM_OPTIONAL),
    CURVE (32, "curve448", "Curve448", 56, "X448", ALGORITHM_OPTIONAL),
    CURVE (19, "ecp256", "ECP-256", 64, "P-256", 0),
    CURVE (20, "ecp384", "ECP-384", 96, "P-384", 0),
    CURVE (21, "ecp521", "ECP-521", 132, "P-521", 0),
    CURVE (28, "ecp256bp", "Brainpool-256", 64, "brainpoolP256r1", ALGORITHM_OPTIONAL),
    CURVE (29, "ecp384bp", "Brainpool-384", 96, "brainpoolP384r1", ALGORITHM_OPTIONAL),
    CURVE (30, "ecp512bp", "Brainpool-512", 128, "brainpoolP512r1", ALGORITHM_OPTIONAL),
    MODP (14, 2048, "modp_2048", 0),
    MODP (15, 3072, "modp_3072", 0),
    MODP (16, 4096, "modp_4096", 0),
    MODP (17, 6144, "modp_6144", 0),
    MODP (18, 8192, "modp_8192", 0),
    MODP (5, 1536, "modp_1536", ALGORITHM_WEAK),
    MODP (2, 1024, NULL, ALGORITHM_WEAK), /* OpenSSL knows the prime but no name for it */

    { .type = TRANSFORM_ESN,
      .id = 0,
      .name = "noesn",
      .label = "32-bit sequence numbers",
      .flags = ALGORITHM_ESP_ONLY },
    { .type = TRANSFORM_ESN,
      .id = 1,
      .name = "esn",
      .label = "Extended sequence numbers",
      .flags = ALGORITHM_ESP_ONLY },
};

/* What swanctl writes for the same thing. */
static const struct
{
    TransformType type;
    const char *alias;
    const char *name;
} aliases[] = {
    { TRANSFORM_ENCRYPTION, "aes", "aes128" },
    { TRANSFORM_ENCRYPTION, "aesctr", "aes128ctr" },
    { TRANSFORM_ENCRYPTION, "aes128gcm", "aes128gcm16" },
    { TRANSFORM_ENCRYPTION, "aes192gcm", "aes192gcm16" },
    { TRANSFORM_ENCRYPTION, "aes256gcm", "aes256gcm16" },
    { TRANSFORM_ENCRYPTION, "aes128gcm128", "aes128gcm16" },
    { TRANSFORM_ENCRYPTION, "aes192gcm128", "aes192gcm16" },
    { TRANSFORM_ENCRYPTION, "aes256gcm128", "aes256gcm16" },
    { TRANSFORM_ENCRYPTION, "aes128gcm96", "aes128gcm12" },
    { TRANSFORM_ENCRYPTION, "aes192gcm96", "aes192gcm12" },
    { TRANSFORM_ENCRYPTION, "aes256gcm96", "aes256gcm12" },
    { TRANSFORM_ENCRYPTION, "aes128gcm64", "aes128gcm8" },
    { TRANSFORM_ENCRYPTION, "aes192gcm64", "aes192gcm8" },
    { TRANSFORM_ENCRYPTION, "aes256gcm64", "aes256gcm8" },
    { TRANSFORM_ENCRYPTION, "aes128ccm", "aes128ccm16" },
    { TRANSFORM_ENCRYPTION, "aes192ccm", "aes192ccm16" },
    { TRANSFORM_ENCRYPTION, "aes256ccm", "aes256ccm16" },
    { TRANSFORM_ENCRYPTION, "aes128ccm128", "aes128ccm16" },
    { TRANSFORM_ENCRYPTION, "aes192ccm128", "aes192ccm16" },
    { TRANSFORM_ENCRYPTION, "aes256ccm128", "aes256ccm16" },
    { TRANSFORM_ENCRYPTION, "aes128ccm96", "aes128ccm12" },
    { TRANSFORM_ENCRYPTION, "aes192ccm96", "aes192ccm12" },
    { TRANSFORM_ENCRYPTION, "aes256ccm96", "aes256ccm12" },
    { TRANSFORM_ENCRYPTION, "aes128ccm64", "aes128ccm8" },
    { TRANSFORM_ENCRYPTION, "aes192ccm64", "aes192ccm8" },
    { TRANSFORM_ENCRYPTION, "aes256ccm64", "aes256ccm8" },
    { TRANSFORM_PRF, "prfsha2_256", "prfsha256" },
    { TRANSFORM_PRF, "prfsha2_384", "prfsha384" },
    { TRANSFORM_PRF, "prfsha2_512", "prfsha512" },
    { TRANSFORM_INTEGRITY, "sha", "sha1" },
    { TRANSFORM_INTEGRITY, "sha2_256", "sha256" },
    { TRANSFORM_INTEGRITY, "sha2_384", "sha384" },
    { TRANSFORM_INTEGRITY, "sha2_512", "sha512" },
    { TRANSFORM_KEY_EXCHANGE, "x25519", "curve25519" },
    { TRANSFORM_KEY_EXCHANGE, "x448", "curve448" },
};

const Algorithm *
algorithm_find (TransformType type, uint16_t id, uint16_t key_bits)
{
    for (size_t i = 0; i < G_N_ELEMENTS (table); i++)
        if (table[i].type == type && table[i].id == id && table[i].key_bits == key_bits)
            return &table[i];
    return NULL;
}

const Algorithm *
algorithm_find_name (TransformType type, const char *name)
{
    g_return_val_if_fail (name != NULL, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS (aliases); i++)
        if (aliases[i].type == type && strcmp (aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (size_t i = 0; i < G_N_ELEMENTS (table); i++)
        if (table[i].type == type && strcmp (table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const Algorithm *
algorithm_get_table (size_t *ret_count)
{
    *ret_count = G_N_ELEMENTS (table);
    return table;
}

static bool
has_cipher (const char *name)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch (NULL, name, NULL);
    bool found = cipher != NULL;
    EVP_CIPHER_free (cipher);
    return found;
}

static bool
has_digest (const char *name)
{
    EVP_MD *digest = EVP_MD_fetch (NULL, name, NULL);
    bool found = digest != NULL;
    EVP_MD_free (digest);
    return found;
}

static bool
ask_openssl (const Algorithm *self)
{
    switch (self->type)
    {
    case TRANSFORM_ENCRYPTION:
        return has_cipher (self->openssl);
    case TRANSFORM_PRF:
    case TRANSFORM_INTEGRITY:
        return self->openssl != NULL ? has_digest (self->openssl) : has_cipher ("AES-128-CBC");
    case TRANSFORM_KEY_EXCHANGE:
        return group_is_available (self);
    case TRANSFORM_ESN:
        return true;
    }
    return false;
}

bool
algorithm_is_available (const Algorithm *self)
{
    enum
    {
        NOT_ASKED,
        AVAILABLE,
        MISSING,
    };
    static int answers[G_N_ELEMENTS (table)];

    g_return_val_if_fail (self >= table && self < table + G_N_ELEMENTS (table), false);
    int *answer = &answers[self - table];
    if (g_atomic_int_get (answer) == NOT_ASKED)
        g_atomic_int_set (answer, ask_openssl (self) ? AVAILABLE : MISSING);
    return g_atomic_int_get (answer) == AVAILABLE;
}
