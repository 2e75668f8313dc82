/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/key.h"

#include "certs/key-internal.h"

#include <openssl/ec.h>

struct CertsKey
{
    gatomicrefcount references;
    CertsKeyType type;
    EVP_PKEY *key;
};

static const struct
{
    const char *openssl;
    const char *label;
    CertsKeyType type;
} types[] = {
    { "RSA", "RSA", CERTS_KEY_RSA },
    { "EC", "ECDSA", CERTS_KEY_ECDSA },
    { "ED25519", "Ed25519", CERTS_KEY_ED25519 },
    { "ED448", "Ed448", CERTS_KEY_ED448 },
};

bool
certs_pkey_get_type (const EVP_PKEY *key, CertsKeyType *ret_type)
{
    for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
        if (EVP_PKEY_is_a (key, types[i].openssl))
        {
            *ret_type = types[i].type;
            return true;
        }
    return false;
}

char *
certs_pkey_describe (const EVP_PKEY *key)
{
    CertsKeyType type;
    if (!certs_pkey_get_type (key, &type))
    {
        const char *name = EVP_PKEY_get0_type_name (key);
        return g_strdup (name != NULL ? name : "a key of unknown type");
    }
    char group[64] = "";
    switch (type)
    {
    case CERTS_KEY_RSA:
        return g_strdup_printf ("RSA %d", EVP_PKEY_get_bits (key));
    case CERTS_KEY_ECDSA:
    {
        if (EVP_PKEY_get_group_name (key, group, sizeof group, NULL) != 1)
            return g_strdup_printf ("ECDSA %d", EVP_PKEY_get_bits (key));
        const char *nist = EC_curve_nid2nist (OBJ_sn2nid (group));
        return g_strdup_printf ("ECDSA %s", nist != NULL ? nist : group);
    }
    case CERTS_KEY_ED25519:
    case CERTS_KEY_ED448:
        break;
    }
    return g_strdup (types[type].label);
}

CertsKey *
certs_key_new (EVP_PKEY *key, GError **error)
{
    g_autoptr (EVP_PKEY) owned = key;
    g_autofree char *description = certs_pkey_describe (owned);
    CertsKeyType type;
    if (!certs_pkey_get_type (owned, &type))
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE,
                     "the private key is %s; IKE signs with RSA, ECDSA, Ed25519 or Ed448",
                     description);
        return NULL;
    }
    if (type == CERTS_KEY_RSA && EVP_PKEY_get_bits (owned) < CERTS_RSA_BITS_MIN)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE,
                     "the private key is %s; %d bits are the least that is safe", description,
                     CERTS_RSA_BITS_MIN);
        return NULL;
    }
    CertsKey *self = g_new0 (CertsKey, 1);
    g_atomic_ref_count_init (&self->references);
    self->type = type;
    self->key = g_steal_pointer (&owned);
    return self;
}

CertsKey *
certs_key_ref (CertsKey *self)
{
    g_atomic_ref_count_inc (&self->references);
    return self;
}

void
certs_key_unref (CertsKey *self)
{
    if (self == NULL || !g_atomic_ref_count_dec (&self->references))
        return;
    EVP_PKEY_free (self->key);
    g_free (self);
}

CertsKeyType
certs_key_get_type (const CertsKey *self)
{
    return self->type;
}

unsigned
certs_key_get_bits (const CertsKey *self)
{
    return (unsigned)EVP_PKEY_get_bits (self->key);
}

char *
certs_key_describe (const CertsKey *self)
{
    return certs_pkey_describe (self->key);
}

EVP_PKEY *
certs_key_get_pkey (const CertsKey *self)
{
    return self->key;
}

bool
certs_key_matches_certificate (const CertsKey *self, GBytes *certificate)
{
    g_autoptr (X509) parsed = certs_x509_parse (certificate, NULL);
    EVP_PKEY *public_key = parsed != NULL ? X509_get0_pubkey (parsed) : NULL;
    bool matches = public_key != NULL && EVP_PKEY_eq (public_key, self->key) == 1;
    ERR_clear_error ();
    return matches;
}
