/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/pem.h"

#include "certs/der.h"
#include "certs/key-internal.h"
#include "certs/pbe.h"

#include <openssl/pem.h>
#include <string.h>

enum
{
    DER_SEQUENCE = 0x30,
    BLOCKS_MAX = 2 * CERTS_LIST_MAX,
};

/* One block between BEGIN and END; wiped, as it may be a key. */
typedef struct
{
    char *name;
    char *header;
    unsigned char *data;
    long size;
} Block;

static void
block_clear (Block *self)
{
    OPENSSL_free (self->name);
    OPENSSL_free (self->header);
    if (self->data != NULL)
        OPENSSL_clear_free (self->data, (size_t)self->size);
    *self = (Block){ 0 };
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Block, block_clear)

typedef struct
{
    const char *octets;
    size_t size;
    bool was_asked;
} Passphrase;

static bool
is_der (const unsigned char *data, size_t size)
{
    return size > 0 && data[0] == DER_SEQUENCE;
}

static BIO *
open_input (GBytes *input, GError **error)
{
    static const unsigned char byte_order_mark[] = { 0xef, 0xbb, 0xbf };
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (input, &size);
    if (size == 0 || size > CERTS_FILE_SIZE_MAX)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE, "%s",
                     size == 0 ? "the file is empty" : "the file is too large");
        return NULL;
    }
    bool marked = size > sizeof byte_order_mark &&
                  memcmp (data, byte_order_mark, sizeof byte_order_mark) == 0;
    size_t skip = marked ? sizeof byte_order_mark : 0;
    return BIO_new_mem_buf (data + skip, (int)(size - skip));
}

typedef enum
{
    BLOCK_READ,
    BLOCK_NONE_LEFT,
    BLOCK_BROKEN,
} BlockResult;

static BlockResult
read_block (BIO *input, Block *ret_block)
{
    block_clear (ret_block);
    if (PEM_read_bio (input, &ret_block->name, &ret_block->header, &ret_block->data,
                      &ret_block->size) == 1)
        return BLOCK_READ;
    unsigned long code = ERR_peek_last_error ();
    bool end = ERR_GET_LIB (code) == ERR_LIB_PEM && ERR_GET_REASON (code) == PEM_R_NO_START_LINE;
    return end ? BLOCK_NONE_LEFT : BLOCK_BROKEN;
}

/*
 * The certificate's DER, out of the block. It is only looked at from outside here: whoever uses it makes an X509 of it, and
 * a start need not wait for that.
 */
static GBytes *
take_certificate (const Block *block)
{
    const unsigned char *key = NULL, *at = block->data;
    size_t key_size = 0;
    if (strcmp (block->name, PEM_STRING_X509_TRUSTED) != 0)
        return certs_der_find_public_key (block->data, (size_t)block->size, &key, &key_size)
                   ? g_bytes_new (block->data, (size_t)block->size)
                   : NULL;
    g_autoptr (X509) certificate = d2i_X509_AUX (NULL, &at, block->size);
    return certificate != NULL ? certs_x509_encode (certificate) : NULL;
}

static bool
is_certificate (const char *name)
{
    static const char *const names[] = { PEM_STRING_X509, PEM_STRING_X509_OLD,
                                         PEM_STRING_X509_TRUSTED };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        if (strcmp (name, names[i]) == 0)
            return true;
    return false;
}

static bool
add_certificate (GPtrArray *list, const Block *block, GError **error)
{
    g_autoptr (GBytes) der = take_certificate (block);
    if (der == NULL)
        return certs_fail (error, OUTRIDER_ERROR_FILE, "a certificate in the file is broken");
    if (list->len >= CERTS_LIST_MAX || g_bytes_get_size (der) > CERTS_CERTIFICATE_SIZE_MAX)
        return certs_fail (error, OUTRIDER_ERROR_FILE,
                           "the file holds too many certificates, or one too large");
    g_ptr_array_add (list, g_steal_pointer (&der));
    return true;
}

static bool
read_pem_certificates (BIO *input, GPtrArray *list, GError **error)
{
    g_auto (Block) block = { 0 };
    for (unsigned i = 0; i < BLOCKS_MAX; i++)
        switch (read_block (input, &block))
        {
        case BLOCK_READ:
            if (is_certificate (block.name) && !add_certificate (list, &block, error))
                return false;
            break;
        case BLOCK_NONE_LEFT:
            ERR_clear_error ();
            if (list->len > 0)
                return true;
            return certs_fail (error, OUTRIDER_ERROR_FILE, "the file holds no certificate");
        case BLOCK_BROKEN:
            return certs_fail (error, OUTRIDER_ERROR_FILE, "a PEM block in the file is broken");
        }
    return certs_fail (error, OUTRIDER_ERROR_FILE, "the file holds too many PEM blocks");
}

bool
certs_parse_certificates (GBytes *input, GPtrArray **ret_certificates, GError **error)
{
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (input, &size);
    g_autoptr (BIO) source = open_input (input, error);
    if (source == NULL)
        return false;

    g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    if (is_der (data, size))
    {
        g_autoptr (GError) reason = NULL;
        g_autoptr (X509) certificate = certs_x509_parse (input, &reason);
        if (certificate == NULL)
        {
            g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE, reason->message);
            return false;
        }
        g_ptr_array_add (list, g_bytes_ref (input));
    }
    else if (!read_pem_certificates (source, list, error))
        return false;

    *ret_certificates = g_steal_pointer (&list);
    return true;
}

static int
give_passphrase (char *buffer, int room, int writing, void *data)
{
    Passphrase *passphrase = data;
    passphrase->was_asked = true;
    if (passphrase->octets == NULL || passphrase->size > (size_t)room)
        return -1;
    memcpy (buffer, passphrase->octets, passphrase->size);
    return (int)passphrase->size;
}

static EVP_PKEY *
parse_plain_key (const unsigned char *data, long size)
{
    const unsigned char *at = data;
    return d2i_AutoPrivateKey_ex (NULL, &at, size, NULL, NULL);
}

static EVP_PKEY *
parse_encrypted_key (const unsigned char *data, long size, Passphrase *passphrase)
{
    const unsigned char *at = data;
    g_autoptr (X509_SIG) encrypted = d2i_X509_SIG (NULL, &at, size);
    if (encrypted == NULL)
        return NULL;
    passphrase->was_asked = true;
    g_autoptr (PKCS8_PRIV_KEY_INFO) plain =
        passphrase->octets != NULL
            ? certs_pbe_decrypt_key (encrypted, passphrase->octets, passphrase->size)
            : NULL;
    return plain != NULL ? EVP_PKCS82PKEY (plain) : NULL;
}

/* "RSA PRIVATE KEY" and "EC PRIVATE KEY": encrypted if their header says so (RFC 1421). */
static EVP_PKEY *
parse_traditional_key (Block *block, Passphrase *passphrase)
{
    EVP_CIPHER_INFO cipher;
    long size = block->size;
    if (PEM_get_EVP_CIPHER_INFO (block->header, &cipher) != 1 ||
        PEM_do_header (&cipher, block->data, &size, give_passphrase, passphrase) != 1)
        return NULL;
    return parse_plain_key (block->data, size);
}

/* NULL with *RET_SEEN false: a block of another kind. */
static EVP_PKEY *
parse_key_block (Block *block, Passphrase *passphrase, bool *ret_seen)
{
    *ret_seen = true;
    if (strcmp (block->name, PEM_STRING_PKCS8) == 0)
        return parse_encrypted_key (block->data, block->size, passphrase);
    if (strcmp (block->name, PEM_STRING_PKCS8INF) == 0)
        return parse_plain_key (block->data, block->size);
    if (strcmp (block->name, PEM_STRING_RSA) == 0 ||
        strcmp (block->name, PEM_STRING_ECPRIVATEKEY) == 0)
        return parse_traditional_key (block, passphrase);
    *ret_seen = false;
    return NULL;
}

static EVP_PKEY *
read_pem_key (BIO *input, Passphrase *passphrase)
{
    g_auto (Block) block = { 0 };
    bool seen = false;
    EVP_PKEY *key = NULL;
    for (unsigned i = 0; i < BLOCKS_MAX && !seen && read_block (input, &block) == BLOCK_READ; i++)
        key = parse_key_block (&block, passphrase, &seen);
    return key;
}

bool
certs_parse_key (GBytes *input, const char *passphrase, size_t passphrase_size, CertsKey **ret_key,
                 GError **error)
{
    gsize size = 0;
    const unsigned char *data = g_bytes_get_data (input, &size);
    g_autoptr (BIO) source = open_input (input, error);
    if (source == NULL)
        return false;

    Passphrase given = { passphrase, passphrase_size, false };
    g_autoptr (EVP_PKEY) key = NULL;
    if (!is_der (data, size))
        key = read_pem_key (source, &given);
    else if ((key = parse_plain_key (data, (long)size)) == NULL)
        key = parse_encrypted_key (data, (long)size, &given);

    if (key == NULL && given.was_asked)
        return certs_pbe_fail (passphrase, "the private key", error);
    if (key == NULL)
        return certs_fail (error, OUTRIDER_ERROR_FILE,
                           "the file holds no private key that we know");
    ERR_clear_error ();
    CertsKey *made = certs_key_new (g_steal_pointer (&key), error);
    if (made == NULL)
        return false;
    *ret_key = made;
    return true;
}
