/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Header, chain of payloads, single payloads, SK: what they read, what they refuse, what they write.
 */

#include "errors.h"
#include "ike/nat.h"
#include "ike/payloads.h"
#include "ike/sealed.h"

#include "../support/hex.h"

/* ---- header ---- */

static const char good_header[] = "0102030405060708"
                                  "1112131415161718"
                                  "21"
                                  "20"
                                  "22"
                                  "08"
                                  "00000007"
                                  "0000001c";

static void
test_header (void)
{
    g_autoptr (GBytes) octets = hex_decode (good_header);
    IkeHeader header;
    g_assert_true (ike_header_read (byte_view_of_bytes (octets), &header, NULL));
    g_assert_cmphex (header.initiator_spi, ==, 0x0102030405060708);
    g_assert_cmphex (header.responder_spi, ==, 0x1112131415161718);
    g_assert_cmpuint (header.next_payload, ==, PAYLOAD_SA);
    g_assert_cmpuint (header.exchange, ==, IKE_SA_INIT);
    g_assert_cmpuint (header.flags, ==, IKE_FLAG_INITIATOR);
    g_assert_cmpuint (header.message_id, ==, 7);
    g_auto (ByteWriter) writer = BYTE_WRITER (64);
    ike_header_write (&header, &writer);
    hex_assert_equal (byte_writer_view (&writer), good_header);
}

static void
test_header_refused (void)
{
    static const struct
    {
        size_t at;
        uint8_t value;
    } changes[] = { { 17, 0x10 }, { 17, 0x30 }, { 27, 0x1b }, { 27, 0x1d }, { 24, 1 } };
    g_autoptr (GBytes) octets = hex_decode (good_header);
    for (size_t i = 0; i < G_N_ELEMENTS (changes); i++)
    {
        g_autoptr (GError) error = NULL;
        g_autofree uint8_t *copy = g_memdup2 (g_bytes_get_data (octets, NULL), IKE_HEADER_SIZE);
        IkeHeader header;
        copy[changes[i].at] = changes[i].value;
        g_assert_false (ike_header_read (byte_view (copy, IKE_HEADER_SIZE), &header, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
    }
    for (size_t size = 0; size < IKE_HEADER_SIZE; size++)
    {
        g_autofree uint8_t *cut = g_memdup2 (g_bytes_get_data (octets, NULL), size);
        IkeHeader header;
        g_assert_false (ike_header_read (byte_view (cut, size), &header, NULL));
    }
}

/* ---- chains ---- */

static const struct
{
    uint8_t first;
    const char *chain;
    int count; /* -1: malformed */
} chains[] = {
    { 0, "", 0 },
    { 40, "00000004", 1 },
    { 40, "29000005aa000000050000", -1 }, /* something behind */
    { 40, "29000005aa00000005bb", 2 },
    { 0, "00", -1 },
    { 40, "", -1 },
    { 40, "000000", -1 },
    { 40, "00000003", -1 },
    { 40, "00000000", -1 },
    { 40, "00000005", -1 },
    { 40, "2900000400000004", 2 },
    { 40, "29000004", -1 }, /* the next one is missing */
    { 200, "00000004", 0 }, /* unknown: passed over */
    { 200, "00800004", 1 }, /* unknown and critical: kept */
    { 40, "c800000400000004", 1 },
    { 46, "2900000400000004", -1 }, /* SK is the last one, whatever it says */
    { 46, "29000004", 1 },
    { 40, "007f0004", 1 }, /* reserved bits */
};

static void
test_chains (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (chains); i++)
    {
        g_autoptr (GBytes) octets = hex_decode (chains[i].chain);
        g_autoptr (GError) error = NULL;
        IkePayloads payloads = { .count = 99 };
        bool ok =
            ike_payloads_read (chains[i].first, byte_view_of_bytes (octets), &payloads, &error);
        g_assert_true (ok == (chains[i].count >= 0));
        g_assert_true (ok == (error == NULL));
        g_assert_cmpint ((int)payloads.count, ==, ok ? chains[i].count : 99);
    }
}

static void
test_chain_limit (void)
{
    for (unsigned count = IKE_PAYLOADS_MAX; count <= IKE_PAYLOADS_MAX + 1; count++)
    {
        g_auto (IkeChain) chain = IKE_CHAIN ();
        for (unsigned i = 0; i < count; i++)
            ike_chain_add (&chain, PAYLOAD_VENDOR_ID, byte_view ("v", 1));
        IkePayloads payloads;
        g_assert_true (ike_payloads_read (chain.first, byte_writer_view (&chain.writer), &payloads,
                                          NULL) == (count <= IKE_PAYLOADS_MAX));
    }
}

static void
test_chain_write (void)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, NOTIFY_COOKIE, byte_view ("\xaa", 1));
    ike_key_payload_write (&chain, 19, byte_view ("\xbb\xcc", 2));
    ike_delete_write_ike (&chain);
    g_assert_cmpuint (chain.first, ==, PAYLOAD_NOTIFY);
    hex_assert_equal (byte_writer_view (&chain.writer), "2200000900004006aa"
                                                        "2a00000a00130000bbcc"
                                                        "0000000801000000");
    IkePayloads payloads;
    g_assert_true (
        ike_payloads_read (chain.first, byte_writer_view (&chain.writer), &payloads, NULL));
    g_assert_cmpuint (ike_payloads_count (&payloads, PAYLOAD_KE), ==, 1);
    g_assert_null (ike_payloads_find (&payloads, PAYLOAD_SA));
    g_assert_null (ike_payloads_find_unknown_critical (&payloads));
}

/* A chain past the ceiling gives no message at all. */
static void
test_chain_ceiling (void)
{
    g_autofree uint8_t *large = g_malloc0 (40000);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_VENDOR_ID, byte_view (large, 40000));
    IkeHeader header = { .exchange = IKE_AUTH };
    g_autoptr (GBytes) message = ike_message_build (&header, &chain);
    g_assert_nonnull (message);
    ike_chain_add (&chain, PAYLOAD_VENDOR_ID, byte_view (large, 40000));
    g_assert_null (ike_message_build (&header, &chain));
}

/* ---- payloads ---- */

static void
test_notify (void)
{
    static const struct
    {
        const char *body;
        int type; /* -1: malformed */
        size_t spi, data;
    } rows[] = {
        { "00004006", 16390, 0, 0 },
        { "0304400911223344", 16393, 4, 0 },
        { "00004006aabb", 16390, 0, 2 },
        { "0304400911223344aa", 16393, 4, 1 },
        { "000040", -1, 0, 0 },
        { "03044009112233", -1, 0, 0 },
        { "", -1, 0, 0 },
        { "00ff4006", -1, 0, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (GBytes) body = hex_decode (rows[i].body);
        IkeNotify notify;
        bool ok = ike_notify_read (byte_view_of_bytes (body), &notify, NULL);
        g_assert_true (ok == (rows[i].type >= 0));
        if (!ok)
            continue;
        g_assert_cmpint (notify.type, ==, rows[i].type);
        g_assert_cmpuint (notify.spi.size, ==, rows[i].spi);
        g_assert_cmpuint (notify.data.size, ==, rows[i].data);
    }
}

/* What cannot be read says nothing; the others are found behind it. */
static void
test_notify_walk (void)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_NOTIFY, byte_view ("\0", 1));
    ike_notify_write (&chain, NOTIFY_INITIAL_CONTACT, (ByteView){ 0 });
    ike_chain_add (&chain, PAYLOAD_VENDOR_ID, byte_view ("v", 1));
    ike_notify_write (&chain, NOTIFY_TS_UNACCEPTABLE, (ByteView){ 0 });
    IkePayloads payloads;
    IkeNotify notify;
    g_assert_true (
        ike_payloads_read (chain.first, byte_writer_view (&chain.writer), &payloads, NULL));
    unsigned position = 0, count = 0;
    while (ike_notify_next (&payloads, &position, &notify))
        count++;
    g_assert_cmpuint (count, ==, 2);
    g_assert_true (ike_notify_find_error (&payloads, &notify));
    g_assert_cmpuint (notify.type, ==, NOTIFY_TS_UNACCEPTABLE);
    g_assert_true (ike_notify_find (&payloads, NOTIFY_INITIAL_CONTACT, &notify));
    g_assert_false (ike_notify_find (&payloads, NOTIFY_COOKIE, &notify));
}

static void
test_delete (void)
{
    static const struct
    {
        const char *body;
        int count; /* -1: malformed */
    } rows[] = {
        { "01000000", 0 },          { "0304000111223344", 1 },  { "030400021122334455667788", 2 },
        { "0204000111223344", 1 },  { "03040000", 0 },          { "", -1 },
        { "010000", -1 },           { "01040000", -1 },         { "01000002", -1 },
        { "0308000111223344", -1 }, { "03040001112233", -1 },   { "030400011122334455", -1 },
        { "0304000211223344", -1 }, { "0304ffff11223344", -1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (GBytes) body = hex_decode (rows[i].body);
        IkeDelete deleted;
        bool ok = ike_delete_read (byte_view_of_bytes (body), &deleted, NULL);
        g_assert_true (ok == (rows[i].count >= 0));
        if (ok && rows[i].count > 0)
            g_assert_cmphex (deleted.spis[0], ==, 0x11223344);
        if (ok)
            g_assert_cmpint ((int)deleted.count, ==, rows[i].count);
    }
}

static void
test_nonce (void)
{
    uint8_t octets[300] = { 0 };
    static const size_t sizes[] = { 0, 15, 16, 256, 257 };
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
        ByteView nonce;
        g_assert_true (ike_nonce_payload_read (byte_view (octets, sizes[i]), &nonce, NULL) ==
                       (sizes[i] >= 16 && sizes[i] <= 256));
    }
}

static void
test_certificates (void)
{
    static uint8_t large[IKE_CERTIFICATE_MAX + 2] = { CERT_ENCODING_X509_SIGNATURE };
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_CERT, byte_view ("\14url", 4)); /* hash and URL */
    ike_chain_add (&chain, PAYLOAD_CERT, byte_view ("\4", 1));
    ike_chain_add (&chain, PAYLOAD_CERT, byte_view ("\4der", 4));
    IkePayloads payloads;
    g_assert_true (
        ike_payloads_read (chain.first, byte_writer_view (&chain.writer), &payloads, NULL));
    g_autoptr (GPtrArray) certificates = NULL;
    g_assert_true (ike_certificate_payloads_read (&payloads, &certificates, NULL));
    g_assert_cmpuint (certificates->len, ==, 1);
    hex_assert_equal (byte_view_of_bytes (certificates->pdata[0]), "646572");

    g_auto (IkeChain) too_large = IKE_CHAIN ();
    ike_chain_add (&too_large, PAYLOAD_CERT, byte_view (large, sizeof large));
    g_autoptr (GPtrArray) none = NULL;
    g_assert_true (
        ike_payloads_read (too_large.first, byte_writer_view (&too_large.writer), &payloads, NULL));
    g_assert_false (ike_certificate_payloads_read (&payloads, &none, NULL));
}

/* ---- SK ---- */

static Cipher *
make_cipher (CipherDirection direction, bool aead)
{
    static const uint8_t key[64] = { 1, 2, 3 };
    const Algorithm *encryption =
        algorithm_find_name (TRANSFORM_ENCRYPTION, aead ? "aes256gcm16" : "aes256");
    const Algorithm *integrity = aead ? NULL : algorithm_find_name (TRANSFORM_INTEGRITY, "sha256");
    Cipher *cipher = cipher_new (encryption, integrity, byte_view (key, aead ? 36 : 32),
                                 byte_view (key, aead ? 0 : integrity->key_size), direction, NULL);
    g_assert_nonnull (cipher);
    return cipher;
}

static GBytes *
open_datagram (Cipher *cipher, const uint8_t *data, size_t size, IkeFragmentNumber *ret_fragment)
{
    IkePayloads payloads;
    ByteView chain = byte_view (data + IKE_HEADER_SIZE, size - IKE_HEADER_SIZE);
    if (!ike_payloads_read (data[16], chain, &payloads, NULL))
        return NULL;
    g_assert_cmpuint (payloads.count, ==, 1);
    return ike_sealed_open (cipher, byte_view (data, size), &payloads.items[0], ret_fragment);
}

static void
test_sealed (gconstpointer data)
{
    bool aead = GPOINTER_TO_INT (data) != 0;
    g_autoptr (Cipher) seal = make_cipher (CIPHER_SEAL, aead);
    g_autoptr (Cipher) open = make_cipher (CIPHER_OPEN, aead);
    IkeHeader header = { .initiator_spi = 1, .responder_spi = 2, .exchange = INFORMATIONAL };
    uint8_t plain[40];
    memset (plain, 'p', sizeof plain);
    for (size_t size = 0; size <= sizeof plain; size++)
    {
        g_autoptr (GBytes) datagram =
            ike_sealed_build (seal, &header, PAYLOAD_DELETE, byte_view (plain, size), NULL);
        g_assert_cmpuint (g_bytes_get_size (datagram), <=,
                          size + ike_sealed_get_overhead (seal, false));
        g_autoptr (GBytes) inner = open_datagram (open, g_bytes_get_data (datagram, NULL),
                                                  g_bytes_get_size (datagram), NULL);
        g_assert_nonnull (inner);
        g_assert_true (byte_view_equal (byte_view_of_bytes (inner), byte_view (plain, size)));
    }
}

/* Each octet counts: header, payload header, numbers of the fragment, IV, content, ICV. */
static void
test_sealed_tampered (gconstpointer data)
{
    bool aead = GPOINTER_TO_INT (data) != 0;
    g_autoptr (Cipher) seal = make_cipher (CIPHER_SEAL, aead);
    g_autoptr (Cipher) open = make_cipher (CIPHER_OPEN, aead);
    IkeHeader header = { .initiator_spi = 1, .responder_spi = 2, .exchange = INFORMATIONAL };
    IkeFragmentNumber number = { 2, 3 }, read;
    g_autoptr (GBytes) datagram =
        ike_sealed_build (seal, &header, 0, byte_view ("content", 7), &number);
    gsize size = 0;
    const uint8_t *octets = g_bytes_get_data (datagram, &size);
    g_autoptr (GBytes) inner = open_datagram (open, octets, size, &read);
    g_assert_nonnull (inner);
    g_assert_cmpuint (read.number, ==, 2);
    g_assert_cmpuint (read.total, ==, 3);
    for (size_t i = 0; i < size; i++)
    {
        if (i == 16) /* the type that makes it SKF */
            continue;
        g_autofree uint8_t *copy = g_memdup2 (octets, size);
        copy[i] ^= 0x80;
        g_assert_null (open_datagram (open, copy, size, &read));
    }
    for (size_t cut = IKE_HEADER_SIZE + 8; cut < size; cut++)
    {
        g_autofree uint8_t *copy = g_memdup2 (octets, cut);
        copy[IKE_HEADER_SIZE + 2] = 0;
        copy[IKE_HEADER_SIZE + 3] = (uint8_t)(cut - IKE_HEADER_SIZE);
        g_assert_null (open_datagram (open, copy, cut, &read));
    }
}

/* ---- NAT detection ---- */

static void
test_nat (void)
{
    IkePath ours = { .local = { .port = 500 }, .gateway = { .port = 500 } };
    g_assert_true (ip_address_parse ("192.0.2.1", &ours.local.address));
    g_assert_true (ip_address_parse ("198.51.100.1", &ours.gateway.address));
    for (unsigned changed = 0; changed < 4; changed++)
    {
        IkePath theirs = { .local = ours.gateway, .gateway = ours.local };
        theirs.gateway.port = (changed & 1) != 0 ? 1024 : 500;
        theirs.local.address.octets[0] ^= (changed & 2) != 0 ? 1 : 0;
        g_auto (IkeChain) chain = IKE_CHAIN ();
        g_assert_true (nat_write_notifies (&chain, 1, 2, &theirs, (ByteView){ 0 }, NULL));
        IkePayloads payloads;
        NatFinding finding;
        g_assert_true (
            ike_payloads_read (chain.first, byte_writer_view (&chain.writer), &payloads, NULL));
        g_assert_true (nat_read_notifies (&payloads, 1, 2, &ours, &finding, NULL));
        g_assert_true (finding.supported);
        g_assert_true (finding.local == ((changed & 1) != 0));
        g_assert_true (finding.gateway == ((changed & 2) != 0));
    }
    IkePayloads none = { .count = 0 };
    NatFinding finding;
    g_assert_true (nat_read_notifies (&none, 1, 2, &ours, &finding, NULL));
    g_assert_false (finding.supported || finding.local || finding.gateway);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/message/header", test_header);
    g_test_add_func ("/message/header/refused", test_header_refused);
    g_test_add_func ("/message/chain", test_chains);
    g_test_add_func ("/message/chain/limit", test_chain_limit);
    g_test_add_func ("/message/chain/write", test_chain_write);
    g_test_add_func ("/message/chain/ceiling", test_chain_ceiling);
    g_test_add_func ("/message/notify", test_notify);
    g_test_add_func ("/message/notify/walk", test_notify_walk);
    g_test_add_func ("/message/delete", test_delete);
    g_test_add_func ("/message/nonce", test_nonce);
    g_test_add_func ("/message/certificates", test_certificates);
    g_test_add_data_func ("/message/sealed/aead", GINT_TO_POINTER (1), test_sealed);
    g_test_add_data_func ("/message/sealed/cbc", GINT_TO_POINTER (0), test_sealed);
    g_test_add_data_func ("/message/tampered/aead", GINT_TO_POINTER (1), test_sealed_tampered);
    g_test_add_data_func ("/message/tampered/cbc", GINT_TO_POINTER (0), test_sealed_tampered);
    g_test_add_func ("/message/nat", test_nat);
    return g_test_run ();
}
