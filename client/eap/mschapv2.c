/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eap/mschapv2.h"

#include "bytes/reader.h"
#include "crypto/legacy.h"
#include "eap/method.h"
#include "errors.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum
{
    PASSWORD_CHARACTERS_MAX = 256,
    MESSAGE_MAX = 256,
    SHA1_SIZE = 20,

    OP_CHALLENGE = 1,
    OP_RESPONSE = 2,
    OP_SUCCESS = 3,
    OP_FAILURE = 4,

    RESPONSE_VALUE_SIZE = 49, /* peer challenge, reserved, response, flags */
};

typedef enum
{
    STATE_START,
    STATE_RESPONDED,
    STATE_FINISHED,
    STATE_FAILED,
} State;

typedef struct
{
    State state;
    uint8_t challenge_hash[8];
    uint8_t password_hash[MSCHAPV2_HASH_SIZE];
    uint8_t response[MSCHAPV2_RESPONSE_SIZE];
    SecretBytes *msk;
} Mschapv2;

/* ---- the steps of RFC 2759 and 3079 ---- */

static bool
sha1 (const ByteView *parts, size_t n_parts, uint8_t ret_digest[static SHA1_SIZE], GError **error)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new ();
    bool ok = context != NULL && EVP_DigestInit_ex (context, EVP_sha1 (), NULL) == 1;
    for (size_t i = 0; ok && i < n_parts; i++)
        ok = EVP_DigestUpdate (context, parts[i].data, parts[i].size) == 1;
    ok = ok && EVP_DigestFinal_ex (context, ret_digest, NULL) == 1;
    EVP_MD_CTX_free (context);
    if (!ok)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL,
                             "OpenSSL refused SHA-1");
    return ok;
}

bool
mschapv2_hash_password (ByteView password, uint8_t ret_hash[static 16], GError **error)
{
    glong characters = 0;
    gunichar2 *wide = NULL;
    if (g_utf8_validate ((const char *)password.data, (gssize)password.size, NULL))
        wide = g_utf8_to_utf16 ((const char *)password.data, (glong)password.size, NULL,
                                &characters, NULL);
    size_t size = (size_t)characters * sizeof *wide;
    if (wide == NULL || characters > PASSWORD_CHARACTERS_MAX)
    {
        if (wide != NULL)
            OPENSSL_cleanse (wide, size);
        g_free (wide);
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PASSWORD_WRONG,
                     "the password is not UTF-8 text of at most %d characters",
                     PASSWORD_CHARACTERS_MAX);
        return false;
    }
    for (glong i = 0; i < characters; i++)
        wide[i] = GUINT16_TO_LE (wide[i]);
    legacy_md4 (byte_view (wide, size), ret_hash);
    OPENSSL_cleanse (wide, size);
    g_free (wide);
    return true;
}

bool
mschapv2_hash_challenges (const uint8_t peer[static 16], const uint8_t authenticator[static 16],
                          ByteView user, uint8_t ret_hash[static 8], GError **error)
{
    ByteView parts[] = { byte_view (peer, 16), byte_view (authenticator, 16), user };
    uint8_t digest[SHA1_SIZE];
    if (!sha1 (parts, G_N_ELEMENTS (parts), digest, error))
        return false;
    memcpy (ret_hash, digest, 8);
    return true;
}

void
mschapv2_compute_response (const uint8_t challenge_hash[static 8],
                           const uint8_t password_hash[static 16], uint8_t ret_response[static 24])
{
    uint8_t padded[21] = { 0 };
    memcpy (padded, password_hash, MSCHAPV2_HASH_SIZE);
    for (unsigned i = 0; i < 3; i++)
        legacy_des_encrypt (padded + 7 * i, challenge_hash, ret_response + 8 * i);
    OPENSSL_cleanse (padded, sizeof padded);
}

bool
mschapv2_compute_authenticator (const uint8_t password_hash[static 16],
                                const uint8_t response[static 24],
                                const uint8_t challenge_hash[static 8],
                                uint8_t ret_authenticator[static 20], GError **error)
{
    uint8_t hash_hash[MSCHAPV2_HASH_SIZE], digest[SHA1_SIZE];
    ByteView first[] = { byte_view (hash_hash, sizeof hash_hash),
                         byte_view (response, MSCHAPV2_RESPONSE_SIZE),
                         byte_view_of_string ("Magic server to client signing constant") };
    ByteView second[] = { byte_view (digest, sizeof digest), byte_view (challenge_hash, 8),
                          byte_view_of_string ("Pad to make it do more than one iteration") };
    legacy_md4 (byte_view (password_hash, MSCHAPV2_HASH_SIZE), hash_hash);
    bool ok = sha1 (first, G_N_ELEMENTS (first), digest, error) &&
              sha1 (second, G_N_ELEMENTS (second), ret_authenticator, error);
    OPENSSL_cleanse (hash_hash, sizeof hash_hash);
    return ok;
}

static bool
start_key (const uint8_t master[static 16], const char *magic, uint8_t ret_key[static 16],
           GError **error)
{
    uint8_t zeros[40] = { 0 }, pad[40], digest[SHA1_SIZE];
    memset (pad, 0xf2, sizeof pad);
    ByteView parts[] = { byte_view (master, 16), byte_view (zeros, sizeof zeros),
                         byte_view_of_string (magic), byte_view (pad, sizeof pad) };
    if (!sha1 (parts, G_N_ELEMENTS (parts), digest, error))
        return false;
    memcpy (ret_key, digest, 16);
    OPENSSL_cleanse (digest, sizeof digest);
    return true;
}

bool
mschapv2_compute_msk (const uint8_t password_hash[static 16], const uint8_t response[static 24],
                      uint8_t ret_msk[static 64], GError **error)
{
    static const char client_sends[] = "On the client side, this is the send key; "
                                       "on the server side, it is the receive key.";
    static const char client_receives[] = "On the client side, this is the receive key; "
                                          "on the server side, it is the send key.";
    uint8_t hash_hash[MSCHAPV2_HASH_SIZE], master[SHA1_SIZE];
    ByteView parts[] = { byte_view (hash_hash, sizeof hash_hash),
                         byte_view (response, MSCHAPV2_RESPONSE_SIZE),
                         byte_view_of_string ("This is the MPPE Master Key") };
    memset (ret_msk, 0, MSCHAPV2_MSK_SIZE);
    legacy_md4 (byte_view (password_hash, MSCHAPV2_HASH_SIZE), hash_hash);
    bool ok = sha1 (parts, G_N_ELEMENTS (parts), master, error) &&
              start_key (master, client_sends, ret_msk, error) &&
              start_key (master, client_receives, ret_msk + 16, error);
    OPENSSL_cleanse (hash_hash, sizeof hash_hash);
    OPENSSL_cleanse (master, sizeof master);
    return ok;
}

/* ---- the method ---- */

static void *
create (void)
{
    return g_new0 (Mschapv2, 1);
}

static void
destroy (void *method)
{
    Mschapv2 *self = method;
    secret_bytes_unref (self->msk);
    OPENSSL_cleanse (self, sizeof *self);
    g_free (self);
}

/* The server hashes the name without its domain, and so do we (RFC 2759 4). */
static ByteView
user_without_domain (const char *identity)
{
    const char *backslash = strrchr (identity, '\\');
    return byte_view_of_string (backslash != NULL ? backslash + 1 : identity);
}

static void
write_response (const Mschapv2 *self, uint8_t identifier, const uint8_t peer_challenge[static 16],
                const char *identity, ByteWriter *response)
{
    size_t start = response->size;
    byte_writer_u8 (response, OP_RESPONSE);
    byte_writer_u8 (response, identifier);
    size_t length = byte_writer_open_u16 (response);
    byte_writer_u8 (response, RESPONSE_VALUE_SIZE);
    byte_writer_bytes (response, byte_view (peer_challenge, MSCHAPV2_CHALLENGE_SIZE));
    byte_writer_zeros (response, 8);
    byte_writer_bytes (response, byte_view (self->response, sizeof self->response));
    byte_writer_u8 (response, 0);
    byte_writer_bytes (response, byte_view_of_string (identity));
    byte_writer_close_u16 (response, length, length - start);
}

static bool
process_challenge (Mschapv2 *self, const EapMethodInputs *inputs, uint8_t identifier,
                   ByteReader *body, ByteWriter *response, GError **error)
{
    uint8_t challenge[MSCHAPV2_CHALLENGE_SIZE], peer_challenge[MSCHAPV2_CHALLENGE_SIZE];
    uint8_t size = byte_reader_u8 (body);
    byte_reader_copy (body, challenge, sizeof challenge);
    if (!byte_reader_ok (body) || size != sizeof challenge || self->state != STATE_START)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "a malformed MSCHAPv2 challenge, or a second one");
        return false;
    }

    random_fill (inputs->random, peer_challenge, sizeof peer_challenge);
    uint8_t msk[MSCHAPV2_MSK_SIZE];
    bool ok =
        mschapv2_hash_password (secret_bytes_view (inputs->password), self->password_hash, error) &&
        mschapv2_hash_challenges (peer_challenge, challenge, user_without_domain (inputs->identity),
                                  self->challenge_hash, error);
    if (ok)
        mschapv2_compute_response (self->challenge_hash, self->password_hash, self->response);
    ok = ok && mschapv2_compute_msk (self->password_hash, self->response, msk, error);
    if (ok)
        self->msk = secret_bytes_new (byte_view (msk, sizeof msk));
    OPENSSL_cleanse (msk, sizeof msk);
    if (!ok)
        return false;
    write_response (self, identifier, peer_challenge, inputs->identity, response);
    self->state = STATE_RESPONDED;
    return true;
}

static bool
process_success (Mschapv2 *self, ByteView message, ByteWriter *response, GError **error)
{
    uint8_t expected[SHA1_SIZE];
    if (!mschapv2_compute_authenticator (self->password_hash, self->response, self->challenge_hash,
                                         expected, error))
        return false;
    char text[2 + 2 * SHA1_SIZE + 1] = "S=";
    for (unsigned i = 0; i < SHA1_SIZE; i++)
        g_snprintf (text + 2 + 2 * i, 3, "%02X", expected[i]);

    size_t size = sizeof text - 1;
    g_autofree char *upper =
        message.size >= size ? g_ascii_strup ((const char *)message.data, (gssize)size) : NULL;
    if (self->state != STATE_RESPONDED || upper == NULL ||
        !secret_equal (byte_view (upper, size), byte_view (text, size)))
    {
        self->state = STATE_FAILED;
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED,
                             "the gateway did not prove that it knows the password");
        return false;
    }
    self->state = STATE_FINISHED;
    byte_writer_u8 (response, OP_SUCCESS);
    return true;
}

/* "E=691 R=1 C=... V=3 M=text": the value of a letter, a number or (for M) all that follows. */
static char *
find_field (const char *message, const char *name)
{
    const char *at = strstr (message, name);
    if (at == NULL)
        return NULL;
    at += strlen (name);
    return strcmp (name, "M=") == 0 ? g_strdup (at) : g_strndup (at, strcspn (at, " "));
}

/* The numbers of RFC 2759 6; what they mean for the user is the code's to say. */
static void
set_failure (const char *message, GError **error)
{
    static const struct
    {
        unsigned number;
        OutriderError code;
        const char *text;
    } failures[] = {
        { 646, OUTRIDER_ERROR_ACCOUNT_HOURS, "restricted logon hours" },
        { 647, OUTRIDER_ERROR_ACCOUNT_DISABLED, "account disabled" },
        { 648, OUTRIDER_ERROR_PASSWORD_EXPIRED, "password expired" },
        { 649, OUTRIDER_ERROR_ACCOUNT_DISABLED, "no dial-in permission" },
        { 691, OUTRIDER_ERROR_PASSWORD_WRONG, "authentication failure" },
        { 709, OUTRIDER_ERROR_PASSWORD_CHANGE, "changing the password failed" },
    };
    g_autofree char *number_text = find_field (message, "E=");
    g_autofree char *text = find_field (message, "M=");
    guint64 number = number_text != NULL ? g_ascii_strtoull (number_text, NULL, 10) : 0;
    OutriderError code = OUTRIDER_ERROR_LOGIN_REFUSED;
    const char *words = "unknown";
    for (size_t i = 0; i < G_N_ELEMENTS (failures); i++)
    {
        if (failures[i].number != number)
            continue;
        code = failures[i].code;
        words = failures[i].text;
    }
    bool says = text != NULL && *text != '\0';
    g_set_error (error, OUTRIDER_ERROR, code, "MSCHAPv2 error %" G_GUINT64_FORMAT " (%s)%s%s",
                 number, words, says ? ": " : "", says ? text : "");
}

static bool
process_failure (Mschapv2 *self, ByteView message, ByteWriter *response, GError **error)
{
    g_autoptr (GString) text = g_string_new (NULL);
    for (size_t i = 0; i < message.size && text->len < MESSAGE_MAX; i++)
        if (g_ascii_isprint ((char)message.data[i]))
            g_string_append_c (text, (char)message.data[i]);
    set_failure (text->str, error);
    self->state = STATE_FAILED;
    byte_writer_u8 (response, OP_FAILURE);
    return false;
}

static bool
process (void *method, const EapMethodInputs *inputs, ByteView request, ByteWriter *response,
         GError **error)
{
    Mschapv2 *self = method;
    ByteReader reader = byte_reader (request);
    uint8_t op = byte_reader_u8 (&reader);
    uint8_t identifier = byte_reader_u8 (&reader);
    uint16_t length = byte_reader_u16 (&reader);
    bool fits = byte_reader_ok (&reader) && length >= 4 && length <= request.size;
    ByteReader body = byte_reader_sub (&reader, fits ? length - 4U : 0);
    if (fits && op == OP_CHALLENGE)
        return process_challenge (self, inputs, identifier, &body, response, error);
    if (fits && op == OP_SUCCESS)
        return process_success (self, byte_reader_take_rest (&body), response, error);
    if (fits && op == OP_FAILURE)
        return process_failure (self, byte_reader_take_rest (&body), response, error);
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                         "a malformed MSCHAPv2 packet");
    return false;
}

static bool
is_finished (const void *method)
{
    return ((const Mschapv2 *)method)->state == STATE_FINISHED;
}

static SecretBytes *
get_msk (const void *method)
{
    return ((const Mschapv2 *)method)->msk;
}

const EapMethod eap_mschapv2 = {
    .type = EAP_TYPE_MSCHAPV2,
    .name = "EAP-MSCHAPv2",
    .needs_password = true,
    .create = create,
    .destroy = destroy,
    .process = process,
    .is_finished = is_finished,
    .get_msk = get_msk,
};
