/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/pbe.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PBEPARAM, PBEPARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PBE2PARAM, PBE2PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PBKDF2PARAM, PBKDF2PARAM_free)

static bool
take_off (int64_t *budget, const ASN1_INTEGER *count)
{
    int64_t value = 0;
    if (count == NULL || ASN1_INTEGER_get_int64 (&value, count) != 1 || value <= 0 ||
        value > *budget)
        return false;
    *budget -= value;
    return true;
}

/* PBES2 with PBKDF2; scrypt has a ceiling in OpenSSL itself. */
static bool
pbes2_is_affordable (const ASN1_TYPE *parameter, int64_t *budget)
{
    g_autoptr (PBE2PARAM) scheme =
        ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (PBE2PARAM), parameter);
    if (scheme == NULL)
        return false;
    if (OBJ_obj2nid (scheme->keyfunc->algorithm) != NID_id_pbkdf2)
        return true;
    g_autoptr (PBKDF2PARAM) stretching =
        ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (PBKDF2PARAM), scheme->keyfunc->parameter);
    return stretching != NULL && take_off (budget, stretching->iter);
}

bool
certs_pbe_is_affordable (const X509_ALGOR *algorithm, int64_t *budget)
{
    bool affordable;
    if (OBJ_obj2nid (algorithm->algorithm) == NID_pbes2)
        affordable = pbes2_is_affordable (algorithm->parameter, budget);
    else
    {
        g_autoptr (PBEPARAM) parameter =
            ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (PBEPARAM), algorithm->parameter);
        affordable = parameter != NULL && take_off (budget, parameter->iter);
    }
    ERR_clear_error ();
    return affordable;
}

PKCS8_PRIV_KEY_INFO *
certs_pbe_decrypt_key (const X509_SIG *encrypted, const char *passphrase, size_t passphrase_size)
{
    const X509_ALGOR *algorithm = NULL;
    int64_t budget = CERTS_PBE_ITERATIONS_MAX;
    X509_SIG_get0 (encrypted, &algorithm, NULL);
    if (!certs_pbe_is_affordable (algorithm, &budget) || passphrase_size > CERTS_PASSPHRASE_MAX)
        return NULL;
    PKCS8_PRIV_KEY_INFO *key = PKCS8_decrypt_ex (encrypted, passphrase, (int)passphrase_size,
                                                 certs_get_legacy_library (), NULL);
    ERR_clear_error ();
    return key;
}

bool
certs_pbe_fail (const char *passphrase, const char *what, GError **error)
{
    if (passphrase == NULL)
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SECRET_NEEDED,
                     "%s is encrypted and needs its passphrase", what);
    else
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SECRET_WRONG,
                     "the passphrase does not open %s", what);
    ERR_clear_error ();
    return false;
}
