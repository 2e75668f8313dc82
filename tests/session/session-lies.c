/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A gateway that lies in each field, one field a row: what the session says of it. A row is a message of the gateway's, a
 * change, and the code that the session must close with; TOLERATED: the RFC says to live with it. OUTRIDER_ERROR_NO_ANSWER:
 * such a message is as good as none. Whenever the gateway believes in an IKE SA at the end, it must have been told.
 */

#include "ike/payloads.h"
#include "session/fixture.h"
#include "support/hex.h"
#include "support/responder-internal.h"

enum
{
    TOLERATED = -1,
};

typedef struct Row Row;

struct Row
{
    const char *name;
    IkeLogin login;
    ResponderStep step;
    unsigned round;
    void (*lie) (ResponderMessage *message, const Row *row);
    unsigned type;   /* of a payload or a notify */
    unsigned number; /* an offset, a size, a count */
    const char *hex;
    int expected;
};

/* ---- kinds of lies ---- */

static void
drop (ResponderMessage *message, const Row *row)
{
    responder_message_remove (message, row->type);
}

static void
set (ResponderMessage *message, const Row *row)
{
    g_autoptr (GBytes) body = hex_decode (row->hex);
    responder_message_set (message, row->type, byte_view_of_bytes (body));
}

/* Octets at a place; NUMBER counts from the start of the body. */
static void
poke (ResponderMessage *message, const Row *row)
{
    g_autoptr (GBytes) octets = hex_decode (row->hex);
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    g_assert_cmpuint (row->number + g_bytes_get_size (octets), <=, payload->body->len);
    memcpy (payload->body->data + row->number, g_bytes_get_data (octets, NULL),
            g_bytes_get_size (octets));
}

static void
flip (ResponderMessage *message, const Row *row)
{
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    payload->body->data[payload->body->len - 1 - row->number] ^= 1;
}

/* NUMBER octets less at the end. */
static void
cut (ResponderMessage *message, const Row *row)
{
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    g_byte_array_set_size (payload->body, payload->body->len - row->number);
}

static void
extend (ResponderMessage *message, const Row *row)
{
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    for (unsigned i = 0; i < row->number; i++)
        g_byte_array_append (payload->body, (const uint8_t *)"\1", 1);
}

static void
zero_behind (ResponderMessage *message, const Row *row)
{
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    memset (payload->body->data + row->number, 0, payload->body->len - row->number);
}

static void
twice (ResponderMessage *message, const Row *row)
{
    MessagePayload *payload = responder_message_find (message, row->type, 0);
    responder_message_add (message, row->type, false, byte_view_of_array (payload->body));
}

static void
add (ResponderMessage *message, const Row *row)
{
    g_autoptr (GBytes) body = hex_decode (row->hex);
    for (unsigned i = 0; i < MAX (row->number, 1); i++)
        responder_message_add (message, row->type, false, byte_view_of_bytes (body));
}

static void
add_critical (ResponderMessage *message, const Row *row)
{
    responder_message_add (message, row->type, true, (ByteView){ 0 });
}

static void
make_critical (ResponderMessage *message, const Row *row)
{
    responder_message_find (message, row->type, 0)->critical = true;
}

static void
refuse (ResponderMessage *message, const Row *row)
{
    g_autoptr (GBytes) data = hex_decode (row->hex);
    responder_message_replace_by_notify (message, row->type, byte_view_of_bytes (data));
}

/* It proves itself, but makes no child. */
static void
refuse_child (ResponderMessage *message, const Row *row)
{
    static const IkePayloadType child[] = { PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR, PAYLOAD_CP };
    g_autoptr (GBytes) data = hex_decode (row->hex);
    for (size_t i = 0; i < G_N_ELEMENTS (child); i++)
        responder_message_remove (message, child[i]);
    responder_message_add_notify (message, row->type, byte_view_of_bytes (data));
}

/* It turns to EAP, though the login is another one. */
static void
turn_to_eap (ResponderMessage *message, const Row *row)
{
    static const IkePayloadType child[] = { PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR, PAYLOAD_CP };
    for (size_t i = 0; i < G_N_ELEMENTS (child); i++)
        responder_message_remove (message, child[i]);
    add (message, row);
}

/* It skips EAP, and gives a child at once. */
static void
skip_eap (ResponderMessage *message, const Row *row)
{
    responder_message_remove (message, PAYLOAD_EAP);
    responder_message_add (message, PAYLOAD_SA, false, (ByteView){ 0 });
    responder_message_add (message, PAYLOAD_TSI, false, (ByteView){ 0 });
    responder_message_add (message, PAYLOAD_TSR, false, (ByteView){ 0 });
}

static void
notify (ResponderMessage *message, const Row *row)
{
    g_autoptr (GBytes) data = hex_decode (row->hex);
    responder_message_add_notify (message, row->type, byte_view_of_bytes (data));
}

static void
renotify (ResponderMessage *message, const Row *row)
{
    responder_message_remove (message, PAYLOAD_NOTIFY);
    notify (message, row);
}

static void
no_lie (ResponderMessage *message, const Row *row)
{
}

/* NUMBER copies of the certificate. */
static void
many_certificates (ResponderMessage *message, const Row *row)
{
    for (unsigned i = 1; i < row->number; i++)
        twice (message, row);
}

static void
other_certificate (ResponderMessage *message, const Row *row)
{
    responder_message_remove (message, PAYLOAD_CERT);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_certificate_payload_write (&chain, pki_get_certificate (fixture_client ()));
    ByteView written = byte_writer_view (&chain.writer);
    responder_message_add (message, PAYLOAD_CERT, false,
                           byte_view (written.data + 4, written.size - 4));
}

/* ---- the header ---- */

static void
other_initiator_spi (ResponderMessage *message, const Row *row)
{
    message->header.initiator_spi++;
}

static void
responder_spi (ResponderMessage *message, const Row *row)
{
    message->header.responder_spi = row->number;
}

static void
message_id (ResponderMessage *message, const Row *row)
{
    message->header.message_id += row->number;
}

static void
flags (ResponderMessage *message, const Row *row)
{
    message->header.flags ^= (uint8_t)row->number;
}

static void
exchange (ResponderMessage *message, const Row *row)
{
    message->header.exchange = (uint8_t)row->number;
}

static void
in_clear (ResponderMessage *message, const Row *row)
{
    message->in_clear = true;
}

#define PSK IKE_LOGIN_PSK
#define CERT IKE_LOGIN_CERTIFICATE
#define EAP IKE_LOGIN_EAP
#define E(code) OUTRIDER_ERROR_##code

/* ---- IKE_SA_INIT ---- */

static const Row init_rows[] = {
    { "header/none", PSK, STEP_INIT, 0, no_lie, 0, 0, NULL, TOLERATED },
    { "header/initiator-spi", PSK, STEP_INIT, 0, other_initiator_spi, 0, 0, NULL, E (NO_ANSWER) },
    { "header/responder-spi-zero", PSK, STEP_INIT, 0, responder_spi, 0, 0, NULL, E (PROTOCOL) },
    { "header/message-id", PSK, STEP_INIT, 0, message_id, 0, 1, NULL, E (NO_ANSWER) },
    { "header/request", PSK, STEP_INIT, 0, flags, 0, IKE_FLAG_RESPONSE, NULL, E (NO_ANSWER) },
    { "header/initiator", PSK, STEP_INIT, 0, flags, 0, IKE_FLAG_INITIATOR, NULL, E (NO_ANSWER) },
    { "header/exchange", PSK, STEP_INIT, 0, exchange, 0, IKE_AUTH, NULL, E (NO_ANSWER) },
    { "header/reserved-flag", PSK, STEP_INIT, 0, flags, 0, 0x40, NULL, TOLERATED },

    { "payloads/no-sa", PSK, STEP_INIT, 0, drop, PAYLOAD_SA, 0, NULL, E (PROTOCOL) },
    { "payloads/no-ke", PSK, STEP_INIT, 0, drop, PAYLOAD_KE, 0, NULL, E (PROTOCOL) },
    { "payloads/no-nonce", PSK, STEP_INIT, 0, drop, PAYLOAD_NONCE, 0, NULL, E (PROTOCOL) },
    { "payloads/two-sa", PSK, STEP_INIT, 0, twice, PAYLOAD_SA, 0, NULL, E (PROTOCOL) },
    { "payloads/two-ke", PSK, STEP_INIT, 0, twice, PAYLOAD_KE, 0, NULL, E (PROTOCOL) },
    { "payloads/two-nonces", PSK, STEP_INIT, 0, twice, PAYLOAD_NONCE, 0, NULL, E (PROTOCOL) },
    { "payloads/unknown", PSK, STEP_INIT, 0, add, 200, 0, "0102", TOLERATED },
    { "payloads/unknown-critical", PSK, STEP_INIT, 0, add_critical, 200, 0, NULL, E (PROTOCOL) },
    { "payloads/known-critical", PSK, STEP_INIT, 0, make_critical, PAYLOAD_SA, 0, NULL, TOLERATED },
    { "payloads/auth", PSK, STEP_INIT, 0, add, PAYLOAD_AUTH, 0, "0200000001", E (PROTOCOL) },
    { "payloads/eap", PSK, STEP_INIT, 0, add, PAYLOAD_EAP, 0, "03010004", E (PROTOCOL) },
    { "payloads/certreq", PSK, STEP_INIT, 0, add, PAYLOAD_CERTREQ, 0, "04", TOLERATED },
    { "payloads/vendor-ids", PSK, STEP_INIT, 0, add, PAYLOAD_VENDOR_ID, 50, "aa", TOLERATED },
    { "payloads/too-many", PSK, STEP_INIT, 0, add, PAYLOAD_VENDOR_ID, 70, "aa", E (NO_ANSWER) },
    { "payloads/status", PSK, STEP_INIT, 0, notify, 40000, 0, "0102", TOLERATED },

    { "sa/empty", PSK, STEP_INIT, 0, set, PAYLOAD_SA, 0, "", E (PROTOCOL) },
    { "sa/cut", PSK, STEP_INIT, 0, cut, PAYLOAD_SA, 1, NULL, E (PROTOCOL) },
    { "sa/extended", PSK, STEP_INIT, 0, extend, PAYLOAD_SA, 1, NULL, E (PROTOCOL) },
    { "sa/more", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 0, "02", E (PROTOCOL) },
    { "sa/length", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 2, "0007", E (PROTOCOL) },
    { "sa/number-zero", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 4, "00", E (PROTOCOL) },
    { "sa/number-other", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 4, "02", E (PROTOCOL) },
    { "sa/number-unknown", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 4, "09", E (PROTOCOL) },
    { "sa/protocol", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 5, "03", E (PROTOCOL) },
    { "sa/spi-size", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 6, "04", E (PROTOCOL) },
    { "sa/transforms-more", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 7, "04", E (PROTOCOL) },
    { "sa/transforms-less", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 7, "02", E (PROTOCOL) },
    { "sa/transforms-none", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 7, "00", E (PROTOCOL) },
    { "sa/transform-length", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 10, "0003", E (PROTOCOL) },
    { "sa/transform-type", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 12, "09", E (PROTOCOL) },
    { "sa/encryption-weak", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 14, "0003", E (PROTOCOL) },
    { "sa/encryption-null", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 14, "000b", E (PROTOCOL) },
    { "sa/key-length", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 18, "00c0", E (PROTOCOL) },
    { "sa/attribute", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 16, "800f", E (PROTOCOL) },
    { "sa/prf-md5", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 26, "0001", E (PROTOCOL) },
    { "sa/group-of-another", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 34, "0014", E (PROTOCOL) },
    { "sa/group-none", PSK, STEP_INIT, 0, poke, PAYLOAD_SA, 34, "0000", E (PROTOCOL) },

    { "ke/group", PSK, STEP_INIT, 0, poke, PAYLOAD_KE, 0, "0014", E (PROTOCOL) },
    { "ke/header-cut", PSK, STEP_INIT, 0, set, PAYLOAD_KE, 0, "001300", E (PROTOCOL) },
    { "ke/empty", PSK, STEP_INIT, 0, set, PAYLOAD_KE, 0, "00130000", E (PROTOCOL) },
    { "ke/zero", PSK, STEP_INIT, 0, zero_behind, PAYLOAD_KE, 4, NULL, E (PROTOCOL) },
    { "ke/short", PSK, STEP_INIT, 0, cut, PAYLOAD_KE, 1, NULL, E (PROTOCOL) },
    { "ke/long", PSK, STEP_INIT, 0, extend, PAYLOAD_KE, 1, NULL, E (PROTOCOL) },
    { "ke/off-curve", PSK, STEP_INIT, 0, flip, PAYLOAD_KE, 0, NULL, E (PROTOCOL) },

    { "nonce/empty", PSK, STEP_INIT, 0, set, PAYLOAD_NONCE, 0, "", E (PROTOCOL) },
    { "nonce/short", PSK, STEP_INIT, 0, cut, PAYLOAD_NONCE, 17, NULL, E (PROTOCOL) },
    { "nonce/long", PSK, STEP_INIT, 0, extend, PAYLOAD_NONCE, 225, NULL, E (PROTOCOL) },

    { "notify/hashes-odd", PSK, STEP_INIT, 0, renotify, 16431, 0, "000203", TOLERATED },
    { "notify/nat-size", PSK, STEP_INIT, 0, notify, 16388, 0, "00", TOLERATED },
    { "notify/broken", PSK, STEP_INIT, 0, add, PAYLOAD_NOTIFY, 0, "00ff", TOLERATED },
    { "notify/no-proposal", PSK, STEP_INIT, 0, refuse, 14, 0, NULL, E (NO_PROPOSAL) },
    { "notify/invalid-syntax", PSK, STEP_INIT, 0, refuse, 7, 0, NULL, E (GATEWAY_REFUSED) },
    { "notify/major-version", PSK, STEP_INIT, 0, refuse, 5, 0, NULL, E (GATEWAY_REFUSED) },
    { "notify/auth-failed", PSK, STEP_INIT, 0, refuse, 24, 0, NULL, E (LOGIN_REFUSED) },
    { "notify/unknown-error", PSK, STEP_INIT, 0, refuse, 9999, 0, "00", E (GATEWAY_REFUSED) },
    { "notify/beside", PSK, STEP_INIT, 0, notify, 14, 0, NULL, E (NO_PROPOSAL) },
    { "notify/cookie-empty", PSK, STEP_INIT, 0, refuse, 16390, 0, NULL, E (PROTOCOL) },
    { "notify/cookie-large", PSK, STEP_INIT, 0, refuse, 16390, 0,
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
      E (PROTOCOL) },
    { "notify/group-empty", PSK, STEP_INIT, 0, refuse, 17, 0, NULL, E (PROTOCOL) },
    { "notify/group-long", PSK, STEP_INIT, 0, refuse, 17, 0, "001400", E (PROTOCOL) },
    { "notify/group-same", PSK, STEP_INIT, 0, refuse, 17, 0, "0013", E (NO_ANSWER) },
    { "notify/group-weak", PSK, STEP_INIT, 0, refuse, 17, 0, "0002", E (NO_PROPOSAL) },
};

/* ---- IKE_AUTH without EAP ---- */

static const Row auth_rows[] = {
    { "header/in-clear", PSK, STEP_AUTH, 0, in_clear, 0, 0, NULL, E (NO_ANSWER) },
    { "header/message-id", PSK, STEP_AUTH, 0, message_id, 0, 1, NULL, E (NO_ANSWER) },
    { "header/message-id-old", PSK, STEP_AUTH, 0, message_id, 0, -1U, NULL, E (NO_ANSWER) },
    { "header/request", PSK, STEP_AUTH, 0, flags, 0, IKE_FLAG_RESPONSE, NULL, E (NO_ANSWER) },
    { "header/initiator", PSK, STEP_AUTH, 0, flags, 0, IKE_FLAG_INITIATOR, NULL, E (NO_ANSWER) },
    { "header/responder-spi", PSK, STEP_AUTH, 0, responder_spi, 0, 7, NULL, E (NO_ANSWER) },
    { "header/exchange", PSK, STEP_AUTH, 0, exchange, 0, INFORMATIONAL, NULL, E (NO_ANSWER) },
    { "header/exchange-zero", PSK, STEP_AUTH, 0, exchange, 0, 0, NULL, E (NO_ANSWER) },

    { "payloads/no-idr", PSK, STEP_AUTH, 0, drop, PAYLOAD_IDR, 0, NULL, E (PROTOCOL) },
    { "payloads/no-auth", PSK, STEP_AUTH, 0, drop, PAYLOAD_AUTH, 0, NULL, E (PROTOCOL) },
    { "payloads/no-sa", PSK, STEP_AUTH, 0, drop, PAYLOAD_SA, 0, NULL, E (PROTOCOL) },
    { "payloads/no-tsi", PSK, STEP_AUTH, 0, drop, PAYLOAD_TSI, 0, NULL, E (PROTOCOL) },
    { "payloads/no-tsr", PSK, STEP_AUTH, 0, drop, PAYLOAD_TSR, 0, NULL, E (PROTOCOL) },
    { "payloads/two-idr", PSK, STEP_AUTH, 0, twice, PAYLOAD_IDR, 0, NULL, E (PROTOCOL) },
    { "payloads/two-auth", PSK, STEP_AUTH, 0, twice, PAYLOAD_AUTH, 0, NULL, E (PROTOCOL) },
    { "payloads/two-cp", PSK, STEP_AUTH, 0, twice, PAYLOAD_CP, 0, NULL, E (PROTOCOL) },
    { "payloads/idi", PSK, STEP_AUTH, 0, add, PAYLOAD_IDI, 0, "0200000061", E (PROTOCOL) },
    { "payloads/ke", PSK, STEP_AUTH, 0, add, PAYLOAD_KE, 0, "0013000061", E (PROTOCOL) },
    { "payloads/delete", PSK, STEP_AUTH, 0, add, PAYLOAD_DELETE, 0, "01000000", E (PROTOCOL) },
    { "payloads/unknown", PSK, STEP_AUTH, 0, add, 33 + 20 + 1, 0, "01", TOLERATED },
    { "payloads/unknown-critical", PSK, STEP_AUTH, 0, add_critical, 120, 0, NULL, E (PROTOCOL) },
    { "payloads/too-many", PSK, STEP_AUTH, 0, add, PAYLOAD_VENDOR_ID, 70, "aa", E (PROTOCOL) },
    { "payloads/eap", PSK, STEP_AUTH, 0, add, PAYLOAD_EAP, 0, "03010004", E (PROTOCOL) },
    { "payloads/eap-instead", PSK, STEP_AUTH, 0, turn_to_eap, PAYLOAD_EAP, 0, "0101000501",
      E (EAP_METHOD_REFUSED) },
    { "payloads/status", PSK, STEP_AUTH, 0, notify, 16417, 0, NULL, TOLERATED },

    { "idr/empty", PSK, STEP_AUTH, 0, set, PAYLOAD_IDR, 0, "", E (PROTOCOL) },
    { "idr/no-value", PSK, STEP_AUTH, 0, set, PAYLOAD_IDR, 0, "02000000", E (PROTOCOL) },
    { "idr/value", PSK, STEP_AUTH, 0, flip, PAYLOAD_IDR, 0, NULL, E (GATEWAY_AUTH_FAILED) },
    { "idr/type", PSK, STEP_AUTH, 0, poke, PAYLOAD_IDR, 0, "0b", E (GATEWAY_AUTH_FAILED) },
    { "idr/reserved", PSK, STEP_AUTH, 0, poke, PAYLOAD_IDR, 2, "01", E (GATEWAY_AUTH_FAILED) },

    { "auth/empty", PSK, STEP_AUTH, 0, set, PAYLOAD_AUTH, 0, "", E (PROTOCOL) },
    { "auth/no-value", PSK, STEP_AUTH, 0, set, PAYLOAD_AUTH, 0, "02000000", E (PROTOCOL) },
    { "auth/first-octet", PSK, STEP_AUTH, 0, flip, PAYLOAD_AUTH, 31, NULL,
      E (GATEWAY_AUTH_FAILED) },
    { "auth/last-octet", PSK, STEP_AUTH, 0, flip, PAYLOAD_AUTH, 0, NULL, E (GATEWAY_AUTH_FAILED) },
    { "auth/cut", PSK, STEP_AUTH, 0, cut, PAYLOAD_AUTH, 1, NULL, E (GATEWAY_AUTH_FAILED) },
    { "auth/one-octet", PSK, STEP_AUTH, 0, cut, PAYLOAD_AUTH, 31, NULL, E (GATEWAY_AUTH_FAILED) },
    { "auth/long", PSK, STEP_AUTH, 0, extend, PAYLOAD_AUTH, 1, NULL, E (GATEWAY_AUTH_FAILED) },
    { "auth/method", PSK, STEP_AUTH, 0, poke, PAYLOAD_AUTH, 0, "01", E (GATEWAY_AUTH_FAILED) },
    { "auth/method-null", PSK, STEP_AUTH, 0, poke, PAYLOAD_AUTH, 0, "0d", E (GATEWAY_AUTH_FAILED) },

    { "cp/none", PSK, STEP_AUTH, 0, drop, PAYLOAD_CP, 0, NULL, E (NO_ADDRESS) },
    { "cp/request", PSK, STEP_AUTH, 0, poke, PAYLOAD_CP, 0, "01", E (PROTOCOL) },
    { "cp/set", PSK, STEP_AUTH, 0, poke, PAYLOAD_CP, 0, "03", E (PROTOCOL) },
    { "cp/cut", PSK, STEP_AUTH, 0, cut, PAYLOAD_CP, 1, NULL, E (PROTOCOL) },
    { "cp/empty", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "", E (PROTOCOL) },
    { "cp/no-attributes", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "02000000", E (NO_ADDRESS) },
    { "cp/no-address", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "02000000000300040a4d0035",
      E (NO_ADDRESS) },
    { "cp/zero-address", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "020000000001000400000000",
      E (NO_ADDRESS) },
    { "cp/loopback", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "02000000000100047f000001",
      E (NO_ADDRESS) },
    { "cp/multicast", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "0200000000010004e0000001",
      E (NO_ADDRESS) },
    { "cp/address-size", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "02000000000100030a6300",
      E (NO_ADDRESS) },
    { "cp/other-address", PSK, STEP_AUTH, 0, set, PAYLOAD_CP, 0, "02000000000100040a630007",
      E (SELECTORS_REFUSED) },

    { "sa/spi-zero", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 8, "00000000", E (PROTOCOL) },
    { "sa/spi-reserved", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 8, "000000ff", E (PROTOCOL) },
    { "sa/spi-size", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 6, "00", E (PROTOCOL) },
    { "sa/number", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 4, "05", E (PROTOCOL) },
    { "sa/protocol-ah", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 5, "02", E (PROTOCOL) },
    { "sa/encryption", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 18, "0012", E (PROTOCOL) },
    { "sa/encryption-null", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 18, "000b", E (PROTOCOL) },
    { "sa/key-length", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 22, "0040", E (PROTOCOL) },
    { "sa/esn", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 30, "0002", E (PROTOCOL) },
    { "sa/group", PSK, STEP_AUTH, 0, poke, PAYLOAD_SA, 28, "04000013", E (PROTOCOL) },

    { "ts/tsi-empty", PSK, STEP_AUTH, 0, set, PAYLOAD_TSI, 0, "00000000", E (PROTOCOL) },
    { "ts/tsr-empty", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0, "00000000", E (PROTOCOL) },
    { "ts/no-header", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0, "01", E (PROTOCOL) },
    { "ts/count-more", PSK, STEP_AUTH, 0, poke, PAYLOAD_TSR, 0, "03", E (PROTOCOL) },
    { "ts/count-less", PSK, STEP_AUTH, 0, poke, PAYLOAD_TSR, 0, "01", E (PROTOCOL) },
    { "ts/unknown-type", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0, "01000000090000080000ffff",
      E (SELECTORS_REFUSED) },
    { "ts/length-short", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0, "0100000007000004", E (PROTOCOL) },
    { "ts/length-other", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0, "010000000700000c0000ffff0a4d0000",
      E (PROTOCOL) },
    { "ts/reversed", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0,
      "01000000070000100000ffff0a4d00ff0a4d0000", E (PROTOCOL) },
    { "ts/reversed-ports", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0,
      "01000000070600100051005000000000ffffffff", E (PROTOCOL) },
    { "ts/opaque-ports", PSK, STEP_AUTH, 0, set, PAYLOAD_TSR, 0,
      "0100000007060010ffff00000a4d00000a4dffff", E (SELECTORS_REFUSED) },
    { "ts/not-our-address", PSK, STEP_AUTH, 0, set, PAYLOAD_TSI, 0,
      "01000000070000100000ffff0a6300090a630009", E (SELECTORS_REFUSED) },

    { "notify/auth-failed", PSK, STEP_AUTH, 0, refuse, 24, 0, NULL, E (LOGIN_REFUSED) },
    { "notify/invalid-syntax", PSK, STEP_AUTH, 0, refuse, 7, 0, NULL, E (GATEWAY_REFUSED) },
    { "notify/ms-status", PSK, STEP_AUTH, 0, refuse, 12345, 0, "000035e9", E (GATEWAY_REFUSED) },
    { "notify/child-proposal", PSK, STEP_AUTH, 0, refuse_child, 14, 0, NULL, E (NO_PROPOSAL) },
    { "notify/child-ts", PSK, STEP_AUTH, 0, refuse_child, 38, 0, NULL, E (SELECTORS_REFUSED) },
    { "notify/child-pair", PSK, STEP_AUTH, 0, refuse_child, 34, 0, NULL, E (SELECTORS_REFUSED) },
    { "notify/child-address", PSK, STEP_AUTH, 0, refuse_child, 36, 0, NULL, E (NO_ADDRESS) },
    { "notify/child-cp", PSK, STEP_AUTH, 0, refuse_child, 37, 0, NULL, E (NO_ADDRESS) },
    { "notify/child-sas", PSK, STEP_AUTH, 0, refuse_child, 35, 0, NULL, E (GATEWAY_REFUSED) },
    { "notify/child-unknown", PSK, STEP_AUTH, 0, refuse_child, 8000, 0, "00", E (GATEWAY_REFUSED) },

    { "certificate/none", CERT, STEP_AUTH, 0, drop, PAYLOAD_CERT, 0, NULL,
      E (GATEWAY_AUTH_FAILED) },
    { "certificate/empty", CERT, STEP_AUTH, 0, set, PAYLOAD_CERT, 0, "04",
      E (GATEWAY_AUTH_FAILED) },
    { "certificate/no-encoding", CERT, STEP_AUTH, 0, set, PAYLOAD_CERT, 0, "", E (PROTOCOL) },
    { "certificate/hash-and-url", CERT, STEP_AUTH, 0, poke, PAYLOAD_CERT, 0, "0c",
      E (GATEWAY_AUTH_FAILED) },
    { "certificate/garbage", CERT, STEP_AUTH, 0, set, PAYLOAD_CERT, 0, "0430820101",
      E (CERTIFICATE_INVALID) },
    { "certificate/another", CERT, STEP_AUTH, 0, other_certificate, 0, 0, NULL,
      E (GATEWAY_AUTH_FAILED) },
    { "certificate/too-many", CERT, STEP_AUTH, 0, many_certificates, PAYLOAD_CERT, 13, NULL,
      E (PROTOCOL) },
    { "certificate/several", CERT, STEP_AUTH, 0, many_certificates, PAYLOAD_CERT, 10, NULL,
      TOLERATED },
    { "signature/flipped", CERT, STEP_AUTH, 0, flip, PAYLOAD_AUTH, 0, NULL,
      E (GATEWAY_AUTH_FAILED) },
    { "signature/cut", CERT, STEP_AUTH, 0, cut, PAYLOAD_AUTH, 4, NULL, E (GATEWAY_AUTH_FAILED) },
    { "signature/no-algorithm", CERT, STEP_AUTH, 0, set, PAYLOAD_AUTH, 0, "0e000000ff",
      E (PROTOCOL) },
    { "signature/empty", CERT, STEP_AUTH, 0, set, PAYLOAD_AUTH, 0, "0e00000000",
      E (GATEWAY_AUTH_FAILED) },
    { "signature/method-psk", CERT, STEP_AUTH, 0, poke, PAYLOAD_AUTH, 0, "02",
      E (GATEWAY_AUTH_FAILED) },
    { "signature/method-null", CERT, STEP_AUTH, 0, poke, PAYLOAD_AUTH, 0, "0d",
      E (GATEWAY_AUTH_FAILED) },
    { "signature/identity", CERT, STEP_AUTH, 0, flip, PAYLOAD_IDR, 0, NULL,
      E (GATEWAY_AUTH_FAILED) },
};

/* ---- IKE_AUTH with EAP: round 0 of STEP_EAP is the challenge, 1 its proof, 2 EAP-Success ---- */

static const Row eap_rows[] = {
    { "first/no-auth", EAP, STEP_AUTH, 0, drop, PAYLOAD_AUTH, 0, NULL, E (GATEWAY_AUTH_FAILED) },
    { "first/no-certificate", EAP, STEP_AUTH, 0, drop, PAYLOAD_CERT, 0, NULL,
      E (GATEWAY_AUTH_FAILED) },
    { "first/no-idr", EAP, STEP_AUTH, 0, drop, PAYLOAD_IDR, 0, NULL, E (PROTOCOL) },
    { "first/no-eap", EAP, STEP_AUTH, 0, drop, PAYLOAD_EAP, 0, NULL, E (PROTOCOL) },
    { "first/signature", EAP, STEP_AUTH, 0, flip, PAYLOAD_AUTH, 0, NULL, E (GATEWAY_AUTH_FAILED) },
    { "first/sa", EAP, STEP_AUTH, 0, add, PAYLOAD_SA, 0, "00", E (PROTOCOL) },
    { "first/skipped", EAP, STEP_AUTH, 0, skip_eap, 0, 0, NULL, E (PROTOCOL) },
    { "first/success", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "03290004", E (PROTOCOL) },
    { "first/failure", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "04290004", E (LOGIN_REFUSED) },
    { "first/response", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "0229000501", E (PROTOCOL) },
    { "first/code", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "0529000501", E (PROTOCOL) },
    { "first/empty", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "", E (PROTOCOL) },
    { "first/no-type", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "01290004", E (PROTOCOL) },
    { "first/length-short", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "0129000301", E (PROTOCOL) },
    { "first/length-long", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "0129000601", E (PROTOCOL) },
    { "first/padded", EAP, STEP_AUTH, 0, extend, PAYLOAD_EAP, 3, NULL, TOLERATED },
    { "first/refused", EAP, STEP_AUTH, 0, refuse, 24, 0, NULL, E (LOGIN_REFUSED) },

    { "challenge/success", EAP, STEP_EAP, 0, set, PAYLOAD_EAP, 0, "032a0004", E (PROTOCOL) },
    { "challenge/failure", EAP, STEP_EAP, 0, set, PAYLOAD_EAP, 0, "042a0004", E (LOGIN_REFUSED) },
    { "challenge/size", EAP, STEP_EAP, 0, poke, PAYLOAD_EAP, 9, "08", E (PROTOCOL) },
    { "challenge/op", EAP, STEP_EAP, 0, poke, PAYLOAD_EAP, 5, "07", E (PROTOCOL) },
    { "challenge/length", EAP, STEP_EAP, 0, poke, PAYLOAD_EAP, 7, "0100", E (PROTOCOL) },
    { "challenge/cut", EAP, STEP_EAP, 0, set, PAYLOAD_EAP, 0, "012a000c1a010700071000",
      E (PROTOCOL) },
    { "challenge/proof-at-once", EAP, STEP_EAP, 0, poke, PAYLOAD_EAP, 5, "03",
      E (GATEWAY_AUTH_FAILED) },
    { "challenge/auth-instead", EAP, STEP_EAP, 0, add, PAYLOAD_AUTH, 0, "0200000001",
      E (PROTOCOL) },
    { "challenge/two", EAP, STEP_EAP, 0, twice, PAYLOAD_EAP, 0, NULL, E (PROTOCOL) },
    { "challenge/nothing", EAP, STEP_EAP, 0, drop, PAYLOAD_EAP, 0, NULL, E (PROTOCOL) },

    { "proof/success", EAP, STEP_EAP, 1, set, PAYLOAD_EAP, 0, "032b0004", E (PROTOCOL) },
    { "proof/wrong", EAP, STEP_EAP, 1, poke, PAYLOAD_EAP, 11, "3030303030303030",
      E (GATEWAY_AUTH_FAILED) },
    { "proof/no-proof", EAP, STEP_EAP, 1, set, PAYLOAD_EAP, 0, "012b00091a03070004",
      E (GATEWAY_AUTH_FAILED) },
    { "proof/second-challenge", EAP, STEP_EAP, 1, set, PAYLOAD_EAP, 0,
      "012b001a1a010700151000112233445566778899aabbccddeeff", E (PROTOCOL) },
    { "proof/other-method", EAP, STEP_EAP, 1, set, PAYLOAD_EAP, 0, "012b000604ff",
      E (EAP_METHOD_REFUSED) },
    { "proof/failure", EAP, STEP_EAP, 1, set, PAYLOAD_EAP, 0, "042b0004", E (LOGIN_REFUSED) },

    { "end/failure", EAP, STEP_EAP, 2, set, PAYLOAD_EAP, 0, "042b0004", E (LOGIN_REFUSED) },
    { "end/refused", EAP, STEP_EAP, 2, refuse, 24, 0, NULL, E (LOGIN_REFUSED) },

    { "last/no-auth", EAP, STEP_AUTH_LAST, 0, drop, PAYLOAD_AUTH, 0, NULL, E (PROTOCOL) },
    { "last/auth", EAP, STEP_AUTH_LAST, 0, flip, PAYLOAD_AUTH, 0, NULL, E (GATEWAY_AUTH_FAILED) },
    { "last/method", EAP, STEP_AUTH_LAST, 0, poke, PAYLOAD_AUTH, 0, "0e", E (GATEWAY_AUTH_FAILED) },
    { "last/eap", EAP, STEP_AUTH_LAST, 0, add, PAYLOAD_EAP, 0, "032b0004", E (PROTOCOL) },
    { "last/refused", EAP, STEP_AUTH_LAST, 0, refuse, 24, 0, NULL, E (LOGIN_REFUSED) },
    { "last/no-cp", EAP, STEP_AUTH_LAST, 0, drop, PAYLOAD_CP, 0, NULL, E (NO_ADDRESS) },
    { "last/no-sa", EAP, STEP_AUTH_LAST, 0, drop, PAYLOAD_SA, 0, NULL, E (PROTOCOL) },
    { "last/idr", EAP, STEP_AUTH_LAST, 0, add, PAYLOAD_IDR, 0, "0200000061", E (PROTOCOL) },
    { "last/child-ts", EAP, STEP_AUTH_LAST, 0, refuse_child, 38, 0, NULL, E (SELECTORS_REFUSED) },
};

/* ---- the test ---- */

static void
tell (ResponderMessage *message, const void *data)
{
    const Row *row = data;
    if (message->step == row->step && message->round == row->round)
        row->lie (message, row);
}

static void
test_row (gconstpointer data)
{
    const Row *row = data;
    ResponderConfig gateway = fixture_responder (row->login);
    gateway.lie = tell;
    gateway.lie_data = row;
    g_autoptr (Network) network = fixture_network (row->login, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    if (row->expected == TOLERATED)
    {
        network_assert_established (network);
        return;
    }
    network_assert_closed (network, (OutriderError)row->expected);
    g_assert_cmpstr (network->stage, ==, row->step == STEP_INIT ? "IKE_SA_INIT" : "IKE_AUTH");
    network_assert_story (network, "closed");
    g_assert_cmpuint (network->children->len, ==, 0);

    /* Unless it said so itself or never got through, the gateway learns that there is no SA. */
    network_run (network, 5 * IKE_SECOND);
    if (row->step != STEP_INIT && row->lie != refuse && row->expected != E (NO_ANSWER) &&
        responder_is_established (network->gateway))
        g_assert_true (responder_is_gone (network->gateway));
}

/* A refusal without a word, early and late: what it may be about, and whether it cost an attempt at the password. */
static void
test_silent_refusal (void)
{
    static const struct
    {
        Row row;
        bool password_in_doubt;
        const char *words;
    } rows[] = {
        { { "", EAP, STEP_AUTH, 0, set, PAYLOAD_EAP, 0, "04290004", 0 }, false, "before it asked" },
        { { "", EAP, STEP_EAP, 1, set, PAYLOAD_EAP, 0, "042b0004", 0 }, true, "gave no reason" },
        { { "", EAP, STEP_EAP, 1, refuse, 24, 0, NULL, 0 }, true, "gave no reason" },
        { { "", EAP, STEP_AUTH_LAST, 0, refuse, 24, 0, NULL, 0 }, false, "took the password" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        ResponderConfig gateway = fixture_responder (EAP);
        gateway.lie = tell;
        gateway.lie_data = &rows[i].row;
        g_autoptr (Network) network = fixture_network (EAP, NULL, &gateway);
        network_start (network);
        network_run_until_settled (network);
        network_assert_closed (network, OUTRIDER_ERROR_LOGIN_REFUSED);
        g_assert_true (network->password_in_doubt == rows[i].password_in_doubt);
        g_assert_nonnull (strstr (network->error->message, rows[i].words));
    }
}

/* ---- lies of another one, before the gateway's own answer to IKE_SA_INIT ---- */

typedef struct
{
    const Row *row;
    GBytes *lie;
} Neighbour;

static GBytes *
build (const ResponderMessage *message, IkeChain *chain)
{
    responder_message_write (message, chain);
    return ike_message_build (&message->header, chain);
}

/* The gateway's own message stays true. */
static void
overhear (ResponderMessage *message, const void *data)
{
    Neighbour *neighbour = (Neighbour *)data;
    if (message->step != STEP_INIT)
        return;
    g_auto (IkeChain) truth = IKE_CHAIN ();
    g_auto (IkeChain) chain = IKE_CHAIN ();
    responder_message_write (message, &truth);
    g_autoptr (ResponderMessage) copy =
        responder_message_new (message->step, message->round, &message->header, &truth);
    neighbour->row->lie (copy, neighbour->row);
    neighbour->lie = build (copy, &chain);
}

/* Up to where the lie was heard and the gateway's answer is under way. */
static Network *
lie_first (Neighbour *neighbour)
{
    IkeLogin login = neighbour->row->login;
    ResponderConfig gateway = fixture_responder (login);
    gateway.lie = overhear;
    gateway.lie_data = neighbour;
    Network *network = fixture_network (login, NULL, &gateway);
    network_start (network);
    network_run (network, NETWORK_DELAY);
    network_inject (network, byte_view_of_bytes (neighbour->lie));
    g_clear_pointer (&neighbour->lie, g_bytes_unref);
    return network;
}

static void
test_neighbour (gconstpointer data)
{
    Neighbour neighbour = { .row = data };
    g_autoptr (Network) network = lie_first (&neighbour);
    network_run_until_settled (network);
    network_assert_established (network);
    network_assert_story (network, "established up:1");
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 2);
}

/* All but the key is good: nothing of it, such as the hashes that it names, is left in the session. */
static void
test_neighbour_leaves_nothing (void)
{
    static const Row row = { "ke/off-curve", CERT, STEP_INIT, 0,           flip,
                             PAYLOAD_KE,     0,    NULL,      E (PROTOCOL) };
    Neighbour neighbour = { .row = &row };
    g_autoptr (Network) network = lie_first (&neighbour);
    network->holds_answers = true;
    network_run (network, 3 * NETWORK_DELAY);
    g_assert_nonnull (network->question);
    g_assert_cmpuint (network->question->hashes->len, ==, 4);
    network->holds_answers = false;
    network_answer (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

static void
add_neighbours (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (init_rows); i++)
    {
        g_autofree char *path = g_strdup_printf ("/lies/neighbour/%s", init_rows[i].name);
        if (init_rows[i].expected != TOLERATED)
            g_test_add_data_func (path, &init_rows[i], test_neighbour);
    }
    g_test_add_func ("/lies/neighbour-leaves-nothing", test_neighbour_leaves_nothing);
}

/* ---- lies that want a look of their own ---- */

typedef struct
{
    const char *name;
    const char *tsr;
    const char *kept;
} Widening;

/* We ask for 10.77.0.0/16 alone; whatever it answers, no more than that comes of it. */
static const Widening widenings[] = {
    { "all", "01000000070000100000ffff00000000ffffffff", "10.77.0.0/16" },
    { "overlap", "01000000070000100000ffff0a4c00000a4d00ff", "10.77.0.0/24" },
    { "two", "02000000070000100000ffff0a4d00000a4d00ff070000100000ffffac100000ac1fffff",
      "10.77.0.0/24" },
    { "ports", "01000000070600100050005000000000ffffffff", "10.77.0.0/16 tcp/80" },
};

static void
widen (ResponderMessage *message, const void *data)
{
    const Widening *row = data;
    g_autoptr (GBytes) body = hex_decode (row->tsr);
    if (message->step == STEP_AUTH)
        responder_message_set (message, PAYLOAD_TSR, byte_view_of_bytes (body));
}

static void
test_widening (gconstpointer data)
{
    const Widening *row = data;
    ResponderConfig gateway = fixture_responder (PSK);
    gateway.lie = widen;
    gateway.lie_data = row;
    IkeSessionConfig *config = fixture_config (PSK);
    IpPrefix prefix;
    g_assert_true (ip_prefix_parse ("10.77.0.0/16", &prefix));
    TrafficSelector wanted = traffic_selector_of_prefix (&prefix);
    g_array_set_size (config->remote, 0);
    g_array_append_val (config->remote, wanted);
    g_autoptr (Network) network = fixture_network (PSK, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_story (network, "established up:1");
    const IkeChildSa *child = network->children->pdata[0];
    g_assert_cmpuint (child->remote->len, ==, 1);
    g_autofree char *kept =
        traffic_selector_format (&g_array_index (child->remote, TrafficSelector, 0));
    g_assert_cmpstr (kept, ==, row->kept);
}

typedef struct
{
    const char *name;
    size_t offset;
    uint8_t value;
    int expected;
} Raw;

/* What no builder of messages would write: version and length of the header, generic payload headers. */
static const Raw raws[] = {
    { "version-1", 17, 0x10, E (NO_ANSWER) },    { "version-3", 17, 0x30, E (NO_ANSWER) },
    { "minor-version", 17, 0x21, TOLERATED },    { "length", 27, 0xff, E (NO_ANSWER) },
    { "next-payload", 16, 0, E (NO_ANSWER) },    { "payload-length", 30, 0xff, E (NO_ANSWER) },
    { "payload-short", 31, 3, E (NO_ANSWER) },   { "flags-version", 19, 0x30, TOLERATED },
    { "payload-reserved", 29, 0x7f, TOLERATED },
};

static NetworkFate
overwrite (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    const Raw *row = network->decide_data;
    if (direction == TO_CLIENT && datagram->data[18] == IKE_SA_INIT)
        datagram->data[row->offset] = row->value;
    return FATE_ARRIVES;
}

static void
test_raw (gconstpointer data)
{
    const Raw *row = data;
    g_autoptr (Network) network = fixture_network (PSK, NULL, NULL);
    network->decide = overwrite;
    network->decide_data = row;
    network_start (network);
    network_run_until_settled (network);
    if (row->expected != TOLERATED)
        network_assert_closed (network, (OutriderError)row->expected);
    else if (row->offset == 29 || row->offset == 17 || row->offset == 19)
        /* What the octets said is covered by AUTH: read, but not believed. */
        network_assert_closed (network, OUTRIDER_ERROR_GATEWAY_AUTH_FAILED);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    FIXTURE_ADD_TABLE ("/lies/init", init_rows, test_row);
    add_neighbours ();
    g_test_add_func ("/lies/silent-refusal", test_silent_refusal);
    FIXTURE_ADD_TABLE ("/lies/auth", auth_rows, test_row);
    FIXTURE_ADD_TABLE ("/lies/eap", eap_rows, test_row);
    FIXTURE_ADD_TABLE ("/lies/widening", widenings, test_widening);
    FIXTURE_ADD_TABLE ("/lies/raw", raws, test_raw);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
