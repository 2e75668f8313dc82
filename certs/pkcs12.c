/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/pkcs12.h"

#include "certs/key-internal.h"
#include "certs/pbe.h"

#include <openssl/provider.h>

enum
{
    SAFES_MAX = 16,
    BAGS_MAX = 100,
    NESTING_MAX = 4,
};

typedef STACK_OF (PKCS7) Safes;
typedef STACK_OF (PKCS12_SAFEBAG) Bags;

static void
safes_free (Safes *safes)
{
    sk_PKCS7_pop_free (safes, PKCS7_free);
}

static void
bags_free (Bags *bags)
{
    sk_PKCS12_SAFEBAG_pop_free (bags, PKCS12_SAFEBAG_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Safes, safes_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bags, bags_free)

/* What is collected on the way through the file. */
typedef struct
{
    const char *passphrase; /* as the file wants it: "" and none are two different keys */
    int passphrase_size;
    int64_t budget; /* iterations of stretching that may still be spent */
    bool verified;  /* the MAC has shown that the passphrase is right */
    bool locked;    /* something did not decrypt */
    EVP_PKEY *key;
    GPtrArray *certificates;
} Contents;

static void
contents_clear (Contents *self)
{
    g_clear_pointer (&self->key, EVP_PKEY_free);
    g_clear_pointer (&self->certificates, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Contents, contents_clear)

static PKCS12 *
parse_outside (GBytes *input, GError **error)
{
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (input, &size), *at = data;
    PKCS12 *file = PKCS12_init_ex (NID_pkcs7_data, certs_get_legacy_library (), NULL);
    if (size == 0 || size > CERTS_FILE_SIZE_MAX || file == NULL ||
        d2i_PKCS12 (&file, &at, (long)size) == NULL)
    {
        PKCS12_free (file);
        ERR_clear_error ();
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE, "not a PKCS#12 file");
        return NULL;
    }
    return file;
}

static bool
mac_is_affordable (const PKCS12 *file, int64_t *budget)
{
    const ASN1_INTEGER *iterations = NULL;
    PKCS12_get0_mac (NULL, NULL, NULL, &iterations, file);
    int64_t count = 1;
    if ((iterations != NULL && ASN1_INTEGER_get_int64 (&count, iterations) != 1) || count <= 0 ||
        count > *budget)
        return false;
    *budget -= count;
    return true;
}

/* An empty passphrase is written in two ways; the MAC tells which one this file means. */
static bool
check_mac (PKCS12 *file, const char *passphrase, size_t size, Contents *contents, GError **error)
{
    if (!mac_is_affordable (file, &contents->budget))
        return certs_fail (error, OUTRIDER_ERROR_FILE, "the PKCS#12 file would take too long");

    if (size == 0)
    {
        contents->passphrase = PKCS12_verify_mac (file, NULL, 0) == 1 ? NULL : "";
        contents->verified = contents->passphrase == NULL || PKCS12_verify_mac (file, "", 0) == 1;
    }
    else
        contents->verified = PKCS12_verify_mac (file, passphrase, (int)size) == 1;
    if (contents->verified)
        return true;
    /* OpenSSL is silent where the MAC merely differs. */
    if (ERR_peek_error () != 0)
        return certs_fail (error, OUTRIDER_ERROR_FILE,
                           "the PKCS#12 file is protected in a way that we do not know");
    return certs_pbe_fail (passphrase, "the PKCS#12 file", error);
}

static void
take_key (Contents *self, const PKCS8_PRIV_KEY_INFO *plain)
{
    if (plain == NULL)
        self->locked = true;
    else if (self->key == NULL)
        self->key = EVP_PKCS82PKEY (plain);
}

static void
take_shrouded_key (Contents *self, const PKCS12_SAFEBAG *bag)
{
    const X509_SIG *encrypted = PKCS12_SAFEBAG_get0_pkcs8 (bag);
    const X509_ALGOR *algorithm = NULL;
    if (encrypted == NULL)
        return;
    X509_SIG_get0 (encrypted, &algorithm, NULL);
    g_autoptr (PKCS8_PRIV_KEY_INFO) plain =
        certs_pbe_is_affordable (algorithm, &self->budget)
            ? PKCS12_decrypt_skey_ex (bag, self->passphrase, self->passphrase_size,
                                      certs_get_legacy_library (), NULL)
            : NULL;
    take_key (self, plain);
}

static void
take_certificate (Contents *self, const PKCS12_SAFEBAG *bag)
{
    if (PKCS12_SAFEBAG_get_bag_nid (bag) != NID_x509Certificate)
        return;
    g_autoptr (X509) certificate = PKCS12_SAFEBAG_get1_cert (bag);
    if (certificate != NULL)
        g_ptr_array_add (self->certificates, certs_x509_encode (certificate));
}

static void
take_bags (Contents *self, const Bags *bags, unsigned depth)
{
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num (bags) && i < BAGS_MAX; i++)
    {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value (bags, i);
        switch (PKCS12_SAFEBAG_get_nid (bag))
        {
        case NID_keyBag:
            take_key (self, PKCS12_SAFEBAG_get0_p8inf (bag));
            break;
        case NID_pkcs8ShroudedKeyBag:
            take_shrouded_key (self, bag);
            break;
        case NID_certBag:
            take_certificate (self, bag);
            break;
        case NID_safeContentsBag:
            if (depth < NESTING_MAX)
                take_bags (self, PKCS12_SAFEBAG_get0_safes (bag), depth + 1);
            break;
        default: /* a CRL, a secret, a friend's invention */
            break;
        }
    }
}

static Bags *
open_safe (Contents *self, PKCS7 *safe)
{
    if (PKCS7_type_is_data (safe))
        return PKCS12_unpack_p7data (safe);
    if (!PKCS7_type_is_encrypted (safe) || safe->d.encrypted == NULL ||
        safe->d.encrypted->enc_data == NULL ||
        !certs_pbe_is_affordable (safe->d.encrypted->enc_data->algorithm, &self->budget))
        return NULL;
    return PKCS12_unpack_p7encdata (safe, self->passphrase, self->passphrase_size);
}

static bool
take_all (Contents *self, PKCS12 *file, GError **error)
{
    g_autoptr (Safes) safes = PKCS12_unpack_authsafes (file);
    if (safes == NULL)
        return certs_fail (error, OUTRIDER_ERROR_FILE, "the PKCS#12 file is broken");
    for (int i = 0; i < sk_PKCS7_num (safes) && i < SAFES_MAX; i++)
    {
        g_autoptr (Bags) bags = open_safe (self, sk_PKCS7_value (safes, i));
        if (bags != NULL)
            take_bags (self, bags, 0);
        else
            self->locked = true;
    }
    return true;
}

/* Why a file that we went through is of no use. */
static bool
check_contents (const Contents *self, const char *passphrase, GError **error)
{
    if (self->locked && !self->verified)
        return certs_pbe_fail (passphrase, "the PKCS#12 file", error);
    if (self->locked)
        return certs_fail (error, OUTRIDER_ERROR_FILE,
                           "the PKCS#12 file uses a cipher that this OpenSSL lacks, or is broken");
    if (self->key == NULL)
        return certs_fail (error, OUTRIDER_ERROR_FILE, "the PKCS#12 file holds no private key");
    return true;
}

CertsBundle *
certs_pkcs12_parse (GBytes *input, const char *passphrase, size_t passphrase_size, GError **error)
{
    if (passphrase_size > CERTS_PASSPHRASE_MAX)
    {
        certs_pbe_fail (passphrase, "the PKCS#12 file", error);
        return NULL;
    }
    g_autoptr (PKCS12) file = parse_outside (input, error);
    if (file == NULL)
        return NULL;

    g_auto (Contents) contents = {
        .passphrase = passphrase != NULL ? passphrase : "",
        .passphrase_size = (int)passphrase_size,
        .budget = CERTS_PBE_ITERATIONS_MAX,
        .certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref),
    };
    ERR_clear_error ();
    if ((PKCS12_mac_present (file) &&
         !check_mac (file, passphrase, passphrase_size, &contents, error)) ||
        !take_all (&contents, file, error) || !check_contents (&contents, passphrase, error))
        return NULL;

    ERR_clear_error ();
    g_autoptr (CertsKey) key = certs_key_new (g_steal_pointer (&contents.key), error);
    return key != NULL ? certs_bundle_new (contents.certificates, key, error) : NULL;
}

bool
certs_pkcs12_reads_old_ciphers (void)
{
    return OSSL_PROVIDER_available (certs_get_legacy_library (), "legacy") == 1;
}
