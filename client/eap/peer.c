/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "eap/peer.h"

#include "bytes/reader.h"
#include "errors.h"

enum
{
    EAP_REQUEST = 1,
    EAP_RESPONSE = 2,
    EAP_SUCCESS = 3,
    EAP_FAILURE = 4,

    EAP_PACKET_MAX = 65000,
    EAP_ALLOWED_MAX = 8,
    EAP_NAKS_MAX = 4,
    EAP_VENDOR_SIZE = 3, /* of an expanded type (RFC 3748 5.7) */
};

struct EapPeer
{
    char *identity;
    const RandomSource *random;
    const EapMethod *allowed[EAP_ALLOWED_MAX];
    unsigned n_allowed;
    unsigned naks;
    uint8_t refused; /* the last type that we refused; 0: none */

    const EapMethod *method; /* the one that runs */
    void *state;
    SecretBytes *password;
    GBytes *held;    /* the request that waits for the password */
    GError *verdict; /* what the method found wrong; told when the gateway ends */
};

static const EapMethod *const methods[] = { &eap_mschapv2 };

const EapMethod *
eap_method_find (uint8_t type)
{
    for (size_t i = 0; i < G_N_ELEMENTS (methods); i++)
        if (methods[i]->type == type)
            return methods[i];
    return NULL;
}

const char *
eap_type_format (uint8_t type, char buffer[static 16])
{
    static const struct
    {
        EapType type;
        const char *name;
    } names[] = {
        { EAP_TYPE_MD5, "EAP-MD5" },
        { EAP_TYPE_GTC, "EAP-GTC" },
        { EAP_TYPE_TLS, "EAP-TLS" },
        { EAP_TYPE_TTLS, "EAP-TTLS" },
        { EAP_TYPE_PEAP, "PEAP" },
        { EAP_TYPE_MSCHAPV2, "EAP-MSCHAPv2" },
        { EAP_TYPE_EXPANDED, "a vendor's EAP" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        if (names[i].type == type)
            return names[i].name;
    g_snprintf (buffer, 16, "EAP type %u", type);
    return buffer;
}

EapPeer *
eap_peer_new (const char *identity, const uint8_t *types, size_t n_types,
              const RandomSource *random)
{
    EapPeer *self = g_new0 (EapPeer, 1);
    self->identity = g_strdup (identity);
    self->random = random;
    for (size_t i = 0; i < n_types && self->n_allowed < EAP_ALLOWED_MAX; i++)
    {
        const EapMethod *method = eap_method_find (types[i]);
        if (method != NULL)
            self->allowed[self->n_allowed++] = method;
    }
    return self;
}

void
eap_peer_free (EapPeer *self)
{
    if (self == NULL)
        return;
    if (self->method != NULL)
        self->method->destroy (self->state);
    g_free (self->identity);
    secret_bytes_unref (self->password);
    g_clear_pointer (&self->held, g_bytes_unref);
    g_clear_error (&self->verdict);
    g_free (self);
}

/* Code, identifier, length, type: the length is closed by finish_response (). */
static void
begin_response (ByteWriter *writer, uint8_t identifier, EapType type)
{
    byte_writer_u8 (writer, EAP_RESPONSE);
    byte_writer_u8 (writer, identifier);
    byte_writer_open_u16 (writer);
    byte_writer_u8 (writer, (uint8_t)type);
}

static EapPeerResult
finish_response (ByteWriter *writer, GBytes **ret_response, GError **error)
{
    byte_writer_close_u16 (writer, 2, 2);
    GBytes *response = byte_writer_finish (writer);
    if (response == NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "an EAP response would be too long");
        return EAP_PEER_FAILED;
    }
    *ret_response = response;
    return EAP_PEER_RESPOND;
}

static const EapMethod *
find_allowed (const EapPeer *self, uint8_t type)
{
    for (unsigned i = 0; i < self->n_allowed; i++)
        if (self->allowed[i]->type == type)
            return self->allowed[i];
    return NULL;
}

/* An expanded type is answered in expanded form (RFC 3748 5.3.2), a plain one in plain form (5.3.1). */
static void
write_nak (const EapPeer *self, uint8_t identifier, uint8_t requested, ByteWriter *writer)
{
    bool expanded = requested == EAP_TYPE_EXPANDED;
    begin_response (writer, identifier, expanded ? EAP_TYPE_EXPANDED : EAP_TYPE_NAK);
    if (expanded)
    {
        byte_writer_zeros (writer, EAP_VENDOR_SIZE); /* the IETF's own types */
        byte_writer_u32 (writer, EAP_TYPE_NAK);
    }
    for (unsigned i = 0; i < self->n_allowed; i++)
    {
        if (expanded)
        {
            byte_writer_u8 (writer, EAP_TYPE_EXPANDED);
            byte_writer_zeros (writer, EAP_VENDOR_SIZE);
            byte_writer_u32 (writer, self->allowed[i]->type);
        }
        else
            byte_writer_u8 (writer, (uint8_t)self->allowed[i]->type);
    }
    if (self->n_allowed == 0 && !expanded)
        byte_writer_u8 (writer, 0);
}

static EapPeerResult
refuse_method (EapPeer *self, uint8_t type, GError **error)
{
    char buffer[16];
    g_autoptr (GString) ours = g_string_new (NULL);
    for (unsigned i = 0; i < self->n_allowed; i++)
        g_string_append_printf (ours, "%s%s", i > 0 ? ", " : "", self->allowed[i]->name);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_EAP_METHOD_REFUSED,
                 "the gateway wants %s; this profile allows %s", eap_type_format (type, buffer),
                 ours->len > 0 ? ours->str : "no method");
    return EAP_PEER_FAILED;
}

static EapPeerResult
run_method (EapPeer *self, uint8_t identifier, ByteView data, GBytes **ret_response, GError **error)
{
    EapMethodInputs inputs = { self->identity, self->password, self->random };
    g_auto (ByteWriter) writer = BYTE_WRITER (EAP_PACKET_MAX);
    begin_response (&writer, identifier, self->method->type);
    size_t header = writer.size;
    g_autoptr (GError) verdict = NULL;
    if (self->verdict != NULL)
    {
        g_propagate_error (error, g_steal_pointer (&self->verdict));
        return EAP_PEER_FAILED;
    }
    if (!self->method->process (self->state, &inputs, data, &writer, &verdict))
    {
        if (writer.size == header)
        {
            g_propagate_error (error, g_steal_pointer (&verdict));
            return EAP_PEER_FAILED;
        }
        self->verdict = g_steal_pointer (&verdict);
    }
    return finish_response (&writer, ret_response, error);
}

static EapPeerResult
receive_method_request (EapPeer *self, ByteView packet, uint8_t identifier, uint8_t type,
                        ByteView data, GBytes **ret_response, GError **error)
{
    const EapMethod *method = find_allowed (self, type);
    if (self->method == NULL && method == NULL)
    {
        self->refused = type;
        if (self->naks++ >= EAP_NAKS_MAX)
            return refuse_method (self, type, error);
        g_auto (ByteWriter) writer = BYTE_WRITER (EAP_PACKET_MAX);
        write_nak (self, identifier, type, &writer);
        return finish_response (&writer, ret_response, error);
    }
    if (self->method != NULL && self->method != method)
        return refuse_method (self, type, error);

    if (self->method == NULL)
    {
        self->method = method;
        self->state = method->create ();
    }
    if (method->needs_password && self->password == NULL)
    {
        g_clear_pointer (&self->held, g_bytes_unref);
        self->held = byte_view_to_bytes (packet);
        return EAP_PEER_ASK_PASSWORD;
    }
    return run_method (self, identifier, data, ret_response, error);
}

static EapPeerResult
receive_request (EapPeer *self, ByteView packet, uint8_t identifier, ByteReader *reader,
                 GBytes **ret_response, GError **error)
{
    uint8_t type = byte_reader_u8 (reader);
    ByteView data = byte_reader_take_rest (reader);
    if (!byte_reader_ok (reader))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "an EAP request without a type");
        return EAP_PEER_FAILED;
    }

    g_auto (ByteWriter) writer = BYTE_WRITER (EAP_PACKET_MAX);
    if (type == EAP_TYPE_IDENTITY)
    {
        begin_response (&writer, identifier, EAP_TYPE_IDENTITY);
        byte_writer_bytes (&writer, byte_view_of_string (self->identity));
        return finish_response (&writer, ret_response, error);
    }
    if (type == EAP_TYPE_NOTIFICATION)
    {
        begin_response (&writer, identifier, EAP_TYPE_NOTIFICATION);
        return finish_response (&writer, ret_response, error);
    }
    return receive_method_request (self, packet, identifier, type, data, ret_response, error);
}

/* Of a failure without a word: how far the login had come. */
static const char *
guess_reason (const EapPeer *self)
{
    if (self->method != NULL && self->method->is_finished (self->state))
        return "the gateway refused the login after it took the password: this user may not use it";
    if (self->password != NULL)
        return "the gateway refused the login and gave no reason: the password is wrong, or the "
               "account may not dial in";
    return "the gateway refused the login before it asked for the password: it does not know this "
           "user, or cannot ask its own server";
}

/* The gateway ended it: success counts only after a method's own end. */
static EapPeerResult
receive_end (EapPeer *self, bool success, GError **error)
{
    if (self->verdict != NULL)
        g_propagate_error (error, g_steal_pointer (&self->verdict));
    else if (success && self->method != NULL && self->method->is_finished (self->state))
        return EAP_PEER_SUCCEEDED;
    else if (success)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "the gateway claims EAP success before a method was through");
    else if (self->method == NULL && self->refused != 0)
        return refuse_method (self, self->refused, error);
    else
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_LOGIN_REFUSED,
                             guess_reason (self));
    return EAP_PEER_FAILED;
}

EapPeerResult
eap_peer_receive (EapPeer *self, ByteView packet, GBytes **ret_response, GError **error)
{
    ByteReader reader = byte_reader (packet);
    uint8_t code = byte_reader_u8 (&reader);
    uint8_t identifier = byte_reader_u8 (&reader);
    uint16_t length = byte_reader_u16 (&reader);

    /* What stands behind the length is padding of a lower layer (RFC 3748 4.1). */
    bool fits = byte_reader_ok (&reader) && length >= 4 && length <= packet.size;
    ByteReader body = byte_reader_sub (&reader, fits ? length - 4U : 0);
    if (fits && code == EAP_REQUEST)
        return receive_request (self, byte_view (packet.data, length), identifier, &body,
                                ret_response, error);
    if (fits && (code == EAP_SUCCESS || code == EAP_FAILURE))
        return receive_end (self, code == EAP_SUCCESS, error);
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL, "a malformed EAP packet");
    return EAP_PEER_FAILED;
}

EapPeerResult
eap_peer_answer (EapPeer *self, SecretBytes *password, GBytes **ret_response, GError **error)
{
    g_return_val_if_fail (self->held != NULL && password != NULL, EAP_PEER_FAILED);
    secret_bytes_unref (self->password);
    self->password = secret_bytes_ref (password);
    g_autoptr (GBytes) held = g_steal_pointer (&self->held);
    return eap_peer_receive (self, byte_view_of_bytes (held), ret_response, error);
}

void
eap_peer_explain_failure (EapPeer *self, GError **error)
{
    receive_end (self, false, error);
}

SecretBytes *
eap_peer_get_msk (const EapPeer *self)
{
    return self->method != NULL && self->method->get_msk != NULL
               ? self->method->get_msk (self->state)
               : NULL;
}
