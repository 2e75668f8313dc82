/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/eap-server.h"

#include "bytes/reader.h"
#include "bytes/writer.h"
#include "eap/method.h"
#include "eap/mschapv2.h"

enum
{
    REQUEST = 1,
    RESPONSE = 2,
    SUCCESS = 3,
    FAILURE = 4,
};

typedef enum
{
    STAGE_IDENTITY,
    STAGE_FOREIGN,   /* a method that the client will refuse */
    STAGE_CHALLENGE, /* waits for the response to the challenge */
    STAGE_PROVEN,    /* waits for the client's word that our proof is good */
    STAGE_REFUSED,
} Stage;

struct EapServer
{
    EapServerConfig config;
    Stage stage;
    uint8_t identifier;
    uint8_t challenge[MSCHAPV2_CHALLENGE_SIZE];
    SecretBytes *msk;
};

EapServer *
eap_server_new (const EapServerConfig *config, const uint8_t challenge[static 16])
{
    EapServer *self = g_new0 (EapServer, 1);
    self->config = *config;
    self->identifier = 40;
    memcpy (self->challenge, challenge, sizeof self->challenge);
    return self;
}

void
eap_server_free (EapServer *self)
{
    if (self == NULL)
        return;
    secret_bytes_unref (self->msk);
    g_free (self);
}

/* TYPE 0: success and failure have none. */
static GBytes *
make_packet (EapServer *self, uint8_t code, uint8_t type, ByteView data)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (4096);
    byte_writer_u8 (&writer, code);
    byte_writer_u8 (&writer, code == REQUEST ? ++self->identifier : self->identifier);
    byte_writer_u16 (&writer, (uint16_t)(4 + (type != 0) + data.size));
    if (type != 0)
        byte_writer_u8 (&writer, type);
    byte_writer_bytes (&writer, data);
    return byte_writer_finish (&writer);
}

static GBytes *
make_mschapv2 (EapServer *self, uint8_t op, ByteView data)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (1024);
    byte_writer_u8 (&writer, op);
    byte_writer_u8 (&writer, 7);
    byte_writer_u16 (&writer, (uint16_t)(4 + data.size));
    byte_writer_bytes (&writer, data);
    return make_packet (self, REQUEST, EAP_TYPE_MSCHAPV2, byte_writer_view (&writer));
}

static GBytes *
make_challenge (EapServer *self)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (64);
    byte_writer_u8 (&writer, MSCHAPV2_CHALLENGE_SIZE);
    byte_writer_bytes (&writer, byte_view (self->challenge, sizeof self->challenge));
    byte_writer_bytes (&writer, byte_view_of_string ("gateway"));
    self->stage = STAGE_CHALLENGE;
    return make_mschapv2 (self, 1, byte_writer_view (&writer));
}

static GBytes *
propose (EapServer *self)
{
    if (self->config.first_method == 0)
        return make_challenge (self);
    self->stage = STAGE_FOREIGN;
    return make_packet (self, REQUEST, self->config.first_method, byte_view ("?", 1));
}

GBytes *
eap_server_start (EapServer *self)
{
    if (!self->config.asks_identity)
        return propose (self);
    self->stage = STAGE_IDENTITY;
    return make_packet (self, REQUEST, EAP_TYPE_IDENTITY, (ByteView){ 0 });
}

static EapServerTurn
refuse (EapServer *self, unsigned error, GBytes **ret_packet)
{
    g_autofree char *text = g_strdup_printf (
        "E=%u R=0 C=00000000000000000000000000000000 V=3 M=words of the server", error);
    self->stage = STAGE_REFUSED;
    *ret_packet = make_mschapv2 (self, 4, byte_view_of_string (text));
    return EAP_SERVER_SEND;
}

static EapServerTurn
finish (EapServer *self, bool success, GBytes **ret_packet)
{
    *ret_packet = make_packet (self, success ? SUCCESS : FAILURE, 0, (ByteView){ 0 });
    return success ? EAP_SERVER_SUCCESS : EAP_SERVER_FAILURE;
}

/* Checks the answer to the challenge and proves that it knows the password, too. */
static EapServerTurn
check_answer (EapServer *self, ByteReader *body, GBytes **ret_packet)
{
    uint8_t peer[16], theirs[24], ours[24], hash[16], challenges[8], proof[20], msk[64];
    uint8_t size = byte_reader_u8 (body);
    byte_reader_copy (body, peer, sizeof peer);
    byte_reader_take (body, 8);
    byte_reader_copy (body, theirs, sizeof theirs);
    byte_reader_u8 (body);
    ByteView name = byte_reader_take_rest (body);
    if (!byte_reader_ok (body) || size != 49 ||
        !byte_view_equal (name, byte_view_of_string (self->config.user)))
        return finish (self, false, ret_packet);
    const char *backslash = strrchr (self->config.user, '\\');
    const char *bare = backslash != NULL ? backslash + 1 : self->config.user;
    g_assert_true (
        mschapv2_hash_password (byte_view_of_string (self->config.password), hash, NULL));
    g_assert_true (mschapv2_hash_challenges (peer, self->challenge, byte_view_of_string (bare),
                                             challenges, NULL));
    mschapv2_compute_response (challenges, hash, ours);
    if (self->config.error != 0 || memcmp (ours, theirs, sizeof ours) != 0)
        return refuse (self, self->config.error != 0 ? self->config.error : 691, ret_packet);

    g_assert_true (mschapv2_compute_authenticator (hash, ours, challenges, proof, NULL));
    g_assert_true (mschapv2_compute_msk (hash, ours, msk, NULL));
    self->msk = secret_bytes_new (byte_view (msk, sizeof msk));
    g_autoptr (GString) text = g_string_new ("S=");
    for (size_t i = 0; i < sizeof proof; i++)
        g_string_append_printf (text, "%02X", proof[i]);
    g_string_append (text, " M=welcome");
    self->stage = STAGE_PROVEN;
    *ret_packet = make_mschapv2 (self, 3, byte_view (text->str, text->len));
    return EAP_SERVER_SEND;
}

/* The proposed method was refused: MSCHAPv2, if the client named it; otherwise there is no way. */
static EapServerTurn
take_nak (EapServer *self, uint8_t type, ByteView wanted, GBytes **ret_packet)
{
    if ((type != EAP_TYPE_NAK && type != EAP_TYPE_EXPANDED) || wanted.size == 0 ||
        memchr (wanted.data, EAP_TYPE_MSCHAPV2, wanted.size) == NULL)
        return finish (self, false, ret_packet);
    *ret_packet = make_challenge (self);
    return EAP_SERVER_SEND;
}

static EapServerTurn
take_mschapv2 (EapServer *self, ByteReader *reader, size_t size, GBytes **ret_packet)
{
    uint8_t op = byte_reader_u8 (reader);
    if (self->stage != STAGE_CHALLENGE)
        return finish (self, self->stage == STAGE_PROVEN && op == 3, ret_packet);
    uint8_t identifier = byte_reader_u8 (reader);
    uint16_t length = byte_reader_u16 (reader);
    if (op != 2 || identifier != 7 || length != size)
        return finish (self, false, ret_packet);
    return check_answer (self, reader, ret_packet);
}

EapServerTurn
eap_server_receive (EapServer *self, ByteView response, GBytes **ret_packet)
{
    ByteReader reader = byte_reader (response);
    uint8_t code = byte_reader_u8 (&reader);
    uint8_t identifier = byte_reader_u8 (&reader);
    uint16_t length = byte_reader_u16 (&reader);
    uint8_t type = byte_reader_u8 (&reader);
    if (code != RESPONSE || identifier != self->identifier || length != response.size)
        return finish (self, false, ret_packet);
    if (type == EAP_TYPE_NAK || self->stage == STAGE_FOREIGN)
        return take_nak (self, type, byte_reader_take_rest (&reader), ret_packet);
    if (self->stage != STAGE_IDENTITY)
        return type == EAP_TYPE_MSCHAPV2
                   ? take_mschapv2 (self, &reader, byte_reader_left (&reader), ret_packet)
                   : finish (self, false, ret_packet);
    if (type != EAP_TYPE_IDENTITY ||
        !byte_view_equal (byte_reader_take_rest (&reader), byte_view_of_string (self->config.user)))
        return finish (self, false, ret_packet);
    *ret_packet = propose (self);
    return EAP_SERVER_SEND;
}

SecretBytes *
eap_server_get_msk (const EapServer *self)
{
    return self->msk;
}
