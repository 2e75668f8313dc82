/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/keys.h"

#include "bytes/reader.h"
#include "bytes/writer.h"
#include "crypto/prf.h"

void
ike_keys_clear (IkeKeys *self)
{
    secret_bytes_unref (self->derive);
    secret_bytes_unref (self->auth_ours);
    secret_bytes_unref (self->auth_theirs);
    cipher_free (self->seal);
    cipher_free (self->open);
    *self = (IkeKeys){ 0 };
}

static size_t
encryption_key_size (const Algorithm *encryption)
{
    return (size_t)encryption->key_size + encryption->salt_size;
}

static size_t
integrity_key_size (const Algorithm *integrity)
{
    return integrity != NULL ? integrity->key_size : 0;
}

/* AES-XCBC and AES-CMAC take a key of 16 octets: half of it from each nonce (RFC 7296 2.14). */
static bool
prf_has_fixed_key (const Algorithm *prf)
{
    return strstr (prf->name, "xcbc") != NULL || strstr (prf->name, "cmac") != NULL;
}

/* SKEYSEED of a first IKE SA: prf (Ni | Nr, g^ir). */
static SecretBytes *
first_seed (const Algorithm *prf, const SecretBytes *shared, const IkeKeyInputs *inputs,
            GError **error)
{
    ByteView nonce_i = inputs->nonce_i, nonce_r = inputs->nonce_r;
    if (prf_has_fixed_key (prf))
    {
        nonce_i.size = MIN (nonce_i.size, (size_t)8);
        nonce_r.size = MIN (nonce_r.size, (size_t)8);
    }
    g_auto (ByteWriter) key = BYTE_WRITER (1024);
    byte_writer_bytes (&key, nonce_i);
    byte_writer_bytes (&key, nonce_r);
    ByteView parts[] = { secret_bytes_view (shared) };
    return prf_compute (prf, byte_writer_view (&key), parts, 1, error);
}

/* SKEYSEED of a rekeyed one: prf (SK_d (old), g^ir (new) | Ni | Nr). */
static SecretBytes *
next_seed (const Algorithm *old_prf, const SecretBytes *old_derive, const SecretBytes *shared,
           const IkeKeyInputs *inputs, GError **error)
{
    ByteView parts[] = { secret_bytes_view (shared), inputs->nonce_i, inputs->nonce_r };
    return prf_compute (old_prf, secret_bytes_view (old_derive), parts, G_N_ELEMENTS (parts),
                        error);
}

static Cipher *
make_cipher (const IkeSelection *selection, ByteView encryption_key, ByteView integrity_key,
             CipherDirection direction, GError **error)
{
    return cipher_new (selection->encryption, selection->integrity, encryption_key, integrity_key,
                       direction, error);
}

/* Cuts prf+'s output in the order of RFC 7296 2.14: SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi, SK_pr. */
static bool
cut_keys (IkeKeys *keys, const IkeSelection *selection, const SecretBytes *material,
          bool ours_is_initiator, GError **error)
{
    size_t prf_size = selection->prf->key_size;
    size_t a_size = integrity_key_size (selection->integrity);
    size_t e_size = encryption_key_size (selection->encryption);
    ByteReader reader = byte_reader (secret_bytes_view (material));
    ByteView d = byte_reader_take (&reader, prf_size);
    ByteView ai = byte_reader_take (&reader, a_size);
    ByteView ar = byte_reader_take (&reader, a_size);
    ByteView ei = byte_reader_take (&reader, e_size);
    ByteView er = byte_reader_take (&reader, e_size);
    ByteView pi = byte_reader_take (&reader, prf_size);
    ByteView pr = byte_reader_take (&reader, prf_size);
    g_assert (byte_reader_done (&reader));

    keys->derive = secret_bytes_new (d);
    keys->auth_ours = secret_bytes_new (ours_is_initiator ? pi : pr);
    keys->auth_theirs = secret_bytes_new (ours_is_initiator ? pr : pi);
    keys->seal = make_cipher (selection, ours_is_initiator ? ei : er, ours_is_initiator ? ai : ar,
                              CIPHER_SEAL, error);
    if (keys->seal == NULL)
        return false;
    keys->open = make_cipher (selection, ours_is_initiator ? er : ei, ours_is_initiator ? ar : ai,
                              CIPHER_OPEN, error);
    return keys->open != NULL;
}

bool
ike_keys_derive (IkeKeys *ret_keys, const IkeSelection *selection, const SecretBytes *shared,
                 const IkeKeyInputs *inputs, const Algorithm *old_prf,
                 const SecretBytes *old_derive, GError **error)
{
    const Algorithm *prf = selection->prf;
    g_autoptr (SecretBytes) seed = old_prf != NULL
                                       ? next_seed (old_prf, old_derive, shared, inputs, error)
                                       : first_seed (prf, shared, inputs, error);
    if (seed == NULL)
        return false;

    uint64_t spis[] = { GUINT64_TO_BE (inputs->spi_i), GUINT64_TO_BE (inputs->spi_r) };
    ByteView parts[] = { inputs->nonce_i, inputs->nonce_r, byte_view (spis, sizeof spis) };
    size_t size = 3 * (size_t)prf->key_size + 2 * integrity_key_size (selection->integrity) +
                  2 * encryption_key_size (selection->encryption);
    g_autoptr (SecretBytes) material =
        prf_plus (prf, secret_bytes_view (seed), parts, G_N_ELEMENTS (parts), size, error);
    if (material == NULL)
        return false;

    IkeKeys keys = { 0 };
    if (!cut_keys (&keys, selection, material, inputs->ours_is_initiator, error))
    {
        ike_keys_clear (&keys);
        return false;
    }
    *ret_keys = keys;
    return true;
}

static SecretBytes *
take_secret (ByteReader *reader, size_t size)
{
    return size > 0 ? secret_bytes_new (byte_reader_take (reader, size)) : NULL;
}

bool
ike_keys_derive_child (IkeChildSa *child, const Algorithm *prf, const SecretBytes *derive,
                       const SecretBytes *shared, const IkeKeyInputs *inputs, GError **error)
{
    size_t e_size = encryption_key_size (child->encryption);
    size_t a_size = integrity_key_size (child->integrity);
    ByteView parts[] = { secret_bytes_view (shared), inputs->nonce_i, inputs->nonce_r };
    g_autoptr (SecretBytes) material = prf_plus (
        prf, secret_bytes_view (derive), parts, G_N_ELEMENTS (parts), 2 * (e_size + a_size), error);
    if (material == NULL)
        return false;

    /* First the keys of what the exchange's initiator sends, then the responder's. */
    ByteReader reader = byte_reader (secret_bytes_view (material));
    SecretBytes **first_e = &child->encryption_key_out, **first_a = &child->integrity_key_out;
    SecretBytes **second_e = &child->encryption_key_in, **second_a = &child->integrity_key_in;
    if (!inputs->ours_is_initiator)
    {
        first_e = &child->encryption_key_in, first_a = &child->integrity_key_in;
        second_e = &child->encryption_key_out, second_a = &child->integrity_key_out;
    }
    *first_e = take_secret (&reader, e_size);
    *first_a = take_secret (&reader, a_size);
    *second_e = take_secret (&reader, e_size);
    *second_a = take_secret (&reader, a_size);
    return true;
}
