/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "esp/pair.h"

enum
{
    KEY_ROOM = 128,
    PACKET_ROOM = 2048,
};

static const uint8_t key_octets[KEY_ROOM] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static EspKeys
keys_of (const char *encryption, const char *integrity, bool esn)
{
    EspKeys keys = {
        .spi_in = 0x01020304,
        .spi_out = 0x01020304,
        .encryption = algorithm_find_name (TRANSFORM_ENCRYPTION, encryption),
        .esn = esn,
    };
    g_assert_nonnull (keys.encryption);
    keys.encryption_key_in = keys.encryption_key_out =
        byte_view (key_octets, (size_t)keys.encryption->key_size + keys.encryption->salt_size);
    if (integrity != NULL)
    {
        keys.integrity = algorithm_find_name (TRANSFORM_INTEGRITY, integrity);
        g_assert_nonnull (keys.integrity);
        keys.integrity_key_in = keys.integrity_key_out =
            byte_view (key_octets, keys.integrity->key_size);
    }
    return keys;
}

static EspPair *
make_pair (const char *encryption, const char *integrity, bool esn)
{
    EspKeys keys = keys_of (encryption, integrity, esn);
    GError *error = NULL;
    EspPair *pair = esp_pair_new (&keys, &error);
    g_assert_no_error (error);
    return pair;
}

static size_t
seal (EspPair *pair, size_t size, uint8_t *ret_packet)
{
    uint8_t inner[PACKET_ROOM];
    for (size_t i = 0; i < sizeof inner; i++)
        inner[i] = (uint8_t)(i * 3);
    size_t sealed = esp_outbound_seal (pair->outbound, inner, size, ESP_NEXT_IPV4, ret_packet);
    for (size_t i = 0; i < sizeof inner; i++)
        g_assert_cmpuint (inner[i], ==, (uint8_t)(i * 3));
    return sealed;
}

static EspVerdict
open_packet (EspPair *pair, const uint8_t *packet, size_t size, ByteView *ret_inner,
             uint8_t *ret_copy)
{
    uint8_t next_header = 0;
    memcpy (ret_copy, packet, size);
    EspVerdict verdict = esp_inbound_open (pair->inbound, ret_copy, size, ret_inner, &next_header);
    if (verdict == ESP_OPENED)
        g_assert_cmpuint (next_header, ==, ESP_NEXT_IPV4);
    return verdict;
}

static void
round_trip (const Algorithm *encryption, const Algorithm *integrity, bool esn)
{
    g_autoptr (EspPair) pair =
        make_pair (encryption->name, integrity != NULL ? integrity->name : NULL, esn);
    uint8_t packet[PACKET_ROOM], copy[PACKET_ROOM];
    for (size_t size = 1; size < 1500; size += size < 70 ? 1 : 97)
    {
        ByteView inner;
        size_t sealed = seal (pair, size, packet);
        g_assert_cmpuint (sealed, ==, esp_outbound_get_size (pair->outbound, size));
        g_assert_cmpuint (sealed % 4, ==, 0);
        /* A changed octet anywhere is found, and costs the right packet nothing. */
        size_t changed = (size_t)g_test_rand_int_range (8, (int)sealed);
        packet[changed] ^= 0x10;
        g_assert_cmpint (open_packet (pair, packet, sealed, &inner, copy), ==, ESP_UNVERIFIED);
        packet[changed] ^= 0x10;
        g_assert_cmpint (open_packet (pair, packet, sealed, &inner, copy), ==, ESP_OPENED);
        g_assert_cmpuint (inner.size, ==, size);
        for (size_t i = 0; i < size; i++)
            g_assert_cmpuint (inner.data[i], ==, (uint8_t)(i * 3));
        g_assert_cmpint (open_packet (pair, packet, sealed, &inner, copy), ==, ESP_REPLAYED);
    }
}

static void
every_algorithm_makes_the_round (void)
{
    size_t count;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        const Algorithm *encryption = &table[i];
        if (encryption->type != TRANSFORM_ENCRYPTION || !algorithm_is_available (encryption) ||
            (encryption->flags & ALGORITHM_IKE_ONLY) != 0)
            continue;
        if ((encryption->flags & ALGORITHM_AEAD) != 0)
        {
            round_trip (encryption, NULL, false);
            round_trip (encryption, NULL, true);
            continue;
        }
        for (size_t j = 0; j < count; j++)
            if (table[j].type == TRANSFORM_INTEGRITY && algorithm_is_available (&table[j]))
            {
                round_trip (encryption, &table[j], false);
                round_trip (encryption, &table[j], true);
            }
    }
}

static void
the_upper_half_counts (gconstpointer data)
{
    const char *integrity = data;
    const char *encryption = integrity != NULL ? "aes128" : "aes128gcm16";
    g_autoptr (EspPair) pair = make_pair (encryption, integrity, true);
    g_autoptr (EspPair) stranger = make_pair (encryption, integrity, false);
    uint8_t packet[PACKET_ROOM], copy[PACKET_ROOM];
    ByteView inner;
    /* Both come halfway through the first 2^32, near its end, and over it. */
    esp_outbound_set_sequence (pair->outbound, 1u << 31);
    size_t halfway = seal (pair, 100, packet);
    g_assert_cmpint (open_packet (pair, packet, halfway, &inner, copy), ==, ESP_OPENED);
    for (uint64_t number = UINT32_MAX - 10ull; number < UINT32_MAX + 10ull; number++)
    {
        esp_outbound_set_sequence (pair->outbound, number);
        size_t size = seal (pair, 100, packet);
        g_assert_cmpint (open_packet (pair, packet, size, &inner, copy), ==, ESP_OPENED);
        /* Whoever knows of no upper half cannot verify. */
        g_assert_cmpint (open_packet (stranger, packet, size, &inner, copy), !=, ESP_OPENED);
    }
}

static void
sending_stops_at_the_last_number (void)
{
    uint8_t packet[PACKET_ROOM];
    g_autoptr (EspPair) pair = make_pair ("aes128gcm16", NULL, false);
    esp_outbound_set_sequence (pair->outbound, UINT32_MAX - 1);
    g_assert_false (esp_outbound_is_exhausted (pair->outbound));
    g_assert_cmpuint (seal (pair, 40, packet), >, 0);
    g_assert_true (esp_outbound_is_exhausted (pair->outbound));
    g_assert_cmpuint (seal (pair, 40, packet), ==, 0);
    g_assert_cmpuint (seal (pair, 40, packet), ==, 0);

    g_autoptr (EspPair) extended = make_pair ("aes128gcm16", NULL, true);
    esp_outbound_set_sequence (extended->outbound, UINT64_MAX - 1);
    g_assert_cmpuint (seal (extended, 40, packet), >, 0);
    g_assert_cmpuint (seal (extended, 40, packet), ==, 0);
}

/* A packet that verifies, with this plaintext: the gateway itself is hostile. */
static EspVerdict
open_plain (ByteView plain, ByteView *ret_inner)
{
    static uint8_t packet[PACKET_ROOM];
    static uint32_t sequence;
    static EspPair *pair;
    static Cipher *cipher;
    EspKeys keys = keys_of ("aes128gcm16", NULL, false);
    if (pair == NULL)
    {
        pair = make_pair ("aes128gcm16", NULL, false);
        cipher = cipher_new (keys.encryption, NULL, keys.encryption_key_in, byte_view (NULL, 0),
                             CIPHER_SEAL, NULL);
    }
    uint32_t head[2] = { GUINT32_TO_BE (keys.spi_in), GUINT32_TO_BE (++sequence) };
    memcpy (packet, head, sizeof head);
    g_assert_true (
        cipher_seal (cipher, byte_view (packet, 8), byte_view (NULL, 0), plain, packet + 8));
    uint8_t next_header;
    size_t size = 8 + plain.size + cipher_get_overhead (cipher);
    return esp_inbound_open (pair->inbound, packet, size, ret_inner, &next_header);
}

static void
padding_is_checked (void)
{
    static const struct
    {
        uint8_t plain[8];
        size_t size;
        EspVerdict verdict;
        size_t inner;
    } cases[] = {
        { { 'a', 'b', 0, 4 }, 4, ESP_OPENED, 2 },
        { { 'a', 1, 1, 4 }, 4, ESP_OPENED, 1 },
        { { 1, 2, 2, 4 }, 4, ESP_OPENED, 0 },
        { { 'a', 'b', 'c', 1, 2, 3, 3, 41 }, 8, ESP_OPENED, 3 },
        { { 'a', 2, 1, 4 }, 4, ESP_MALFORMED, 0 },
        { { 0, 0, 2, 4 }, 4, ESP_MALFORMED, 0 },
        { { 1, 2, 3, 4 }, 4, ESP_MALFORMED, 0 },
        { { 1, 2, 255, 4 }, 4, ESP_MALFORMED, 0 },
        { { 'x', 'x', 0, ESP_NEXT_NONE }, 4, ESP_DUMMY, 0 },
        { { 0, ESP_NEXT_NONE }, 2, ESP_DUMMY, 0 },
        { { 0, 4 }, 2, ESP_OPENED, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        ByteView inner = { 0 };
        g_assert_cmpint (open_plain (byte_view (cases[i].plain, cases[i].size), &inner), ==,
                         cases[i].verdict);
        if (cases[i].verdict == ESP_OPENED)
            g_assert_cmpuint (inner.size, ==, cases[i].inner);
    }
}

static void
no_input_is_believed (void)
{
    static const char *const integrities[] = { NULL, "sha256" };
    for (size_t i = 0; i < G_N_ELEMENTS (integrities); i++)
    {
        g_autoptr (EspPair) pair =
            make_pair (integrities[i] == NULL ? "aes128gcm16" : "aes128", integrities[i], false);
        for (size_t size = 0; size <= 100; size++)
            for (unsigned round = 0; round < 20; round++)
            {
                /* Exactly as large as it is, for the address sanitizer. */
                g_autofree uint8_t *packet = g_malloc (MAX (size, 1));
                for (size_t j = 0; j < size; j++)
                    packet[j] = (uint8_t)g_test_rand_int ();
                static const uint8_t spi[] = { 1, 2, 3, 4 };
                memcpy (packet, spi, MIN (size, 4));
                ByteView inner;
                uint8_t next_header;
                EspVerdict verdict =
                    esp_inbound_open (pair->inbound, packet, size, &inner, &next_header);
                g_assert_true (verdict == ESP_MALFORMED || verdict == ESP_UNVERIFIED);
            }
    }
}

static void
each_cut_and_each_spi_is_refused (void)
{
    g_autoptr (EspPair) pair = make_pair ("chacha20poly1305", NULL, false);
    uint8_t packet[PACKET_ROOM], copy[PACKET_ROOM];
    ByteView inner;
    size_t size = seal (pair, 60, packet);
    for (size_t cut = 0; cut < size; cut++)
        g_assert_cmpint (open_packet (pair, packet, cut, &inner, copy), !=, ESP_OPENED);
    packet[0] ^= 1;
    g_assert_cmpint (open_packet (pair, packet, size, &inner, copy), ==, ESP_MALFORMED);
    packet[0] ^= 1;
    g_assert_cmpint (open_packet (pair, packet, size, &inner, copy), ==, ESP_OPENED);
}

static void
mtu_is_exact (void)
{
    static const struct
    {
        const char *encryption;
        const char *integrity;
        bool encapsulated;
        IpFamily outer;
        unsigned outer_mtu;
        unsigned inner_mtu;
    } cases[] = {
        { "aes128gcm16", NULL, true, IP_V4, 1500, 1438 },
        { "aes256gcm16", NULL, true, IP_V6, 1500, 1418 },
        { "aes256gcm16", NULL, false, IP_V4, 1500, 1446 },
        { "aes256gcm8", NULL, true, IP_V4, 1500, 1446 },
        { "chacha20poly1305", NULL, true, IP_V4, 1500, 1438 },
        { "aes256", "sha256", true, IP_V4, 1500, 1422 },
        { "aes128ctr", "sha256", true, IP_V4, 1500, 1438 },
        { "aes256gcm16", NULL, true, IP_V4, 1280, 1218 },
        { "aes256gcm16", NULL, true, IP_V4, 64, 0 },
        { "aes256gcm16", NULL, true, IP_V4, 0, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        EspKeys keys = keys_of (cases[i].encryption, cases[i].integrity, false);
        unsigned mtu = esp_get_inner_mtu (keys.encryption, keys.integrity, cases[i].encapsulated,
                                          cases[i].outer, cases[i].outer_mtu);
        g_assert_cmpuint (mtu, ==, cases[i].inner_mtu);
        if (mtu == 0)
            continue;
        /* That packet fits, and one octet more does not. */
        g_autoptr (EspPair) pair = make_pair (cases[i].encryption, cases[i].integrity, false);
        size_t around = (cases[i].outer == IP_V6 ? 40 : 20) + (cases[i].encapsulated ? 8 : 0);
        g_assert_cmpuint (around + esp_outbound_get_size (pair->outbound, mtu), <=,
                          cases[i].outer_mtu);
        g_assert_cmpuint (around + esp_outbound_get_size (pair->outbound, mtu + 1), >,
                          cases[i].outer_mtu);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/esp/round-trip", every_algorithm_makes_the_round);
    g_test_add_data_func ("/esp/esn/aead", NULL, the_upper_half_counts);
    g_test_add_data_func ("/esp/esn/integrity", "sha256", the_upper_half_counts);
    g_test_add_func ("/esp/exhausted", sending_stops_at_the_last_number);
    g_test_add_func ("/esp/padding", padding_is_checked);
    g_test_add_func ("/esp/random", no_input_is_believed);
    g_test_add_func ("/esp/cut", each_cut_and_each_spi_is_refused);
    g_test_add_func ("/esp/mtu", mtu_is_exact);
    return g_test_run ();
}
