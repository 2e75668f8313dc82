/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/algorithms.h"
#include "crypto/cipher-internal.h"
#include "crypto/cipher.h"
#include "crypto/group.h"
#include "crypto/legacy.h"
#include "crypto/prf.h"
#include "crypto/random.h"
#include "errors.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum
{
    HEADER_SIZE = 12,
    TEXT_MOST = 1600,
    PACKET_ROOM = HEADER_SIZE + TEXT_MOST + 64,
};

/* OpenSSL's allocations, counted so that a packet can be shown to make none. */
static unsigned allocations;

static void *
counted_malloc (size_t size, const char *file, int line)
{
    allocations++;
    return malloc (size);
}

static void *
counted_realloc (void *old, size_t size, const char *file, int line)
{
    allocations++;
    return realloc (old, size);
}

static void
counted_free (void *old, const char *file, int line)
{
    free (old);
}

/* --- the table --- */

static void
rows_are_found_by_number_and_name (void)
{
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    g_assert_cmpuint (count, >, 40);
    for (size_t i = 0; i < count; i++)
    {
        g_assert_true (algorithm_find (table[i].type, table[i].id, table[i].key_bits) == &table[i]);
        g_assert_true (algorithm_find_name (table[i].type, table[i].name) == &table[i]);
        g_assert_nonnull (table[i].label);
        g_assert_true (algorithm_is_available (&table[i]));
        g_assert_true (algorithm_is_available (&table[i]));
    }
    g_assert_null (algorithm_find (TRANSFORM_ENCRYPTION, 12, 0));
    g_assert_null (algorithm_find (TRANSFORM_ENCRYPTION, 11, 0));
    g_assert_null (algorithm_find_name (TRANSFORM_ENCRYPTION, "sha256"));
    g_assert_null (algorithm_find_name (TRANSFORM_PRF, ""));
}

static void
aliases_lead_to_their_rows (void)
{
    static const struct
    {
        TransformType type;
        const char *alias, *name;
    } rows[] = {
        { TRANSFORM_ENCRYPTION, "aes", "aes128" },
        { TRANSFORM_ENCRYPTION, "aes256gcm", "aes256gcm16" },
        { TRANSFORM_ENCRYPTION, "aes128gcm64", "aes128gcm8" },
        { TRANSFORM_ENCRYPTION, "aes192ccm96", "aes192ccm12" },
        { TRANSFORM_INTEGRITY, "sha2_256", "sha256" },
        { TRANSFORM_PRF, "prfsha2_512", "prfsha512" },
        { TRANSFORM_KEY_EXCHANGE, "x25519", "curve25519" },
        { TRANSFORM_KEY_EXCHANGE, "x448", "curve448" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        const Algorithm *row = algorithm_find_name (rows[i].type, rows[i].alias);
        g_assert_nonnull (row);
        g_assert_cmpstr (row->name, ==, rows[i].name);
    }
}

static void
weak_rows_are_marked (void)
{
    static const char *const weak[] = { "3des", "prfsha1", "sha1", "modp1024", "modp1536" };
    size_t count = 0, found = 0;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        bool expected = false;
        for (size_t k = 0; k < G_N_ELEMENTS (weak); k++)
            expected = expected || strcmp (weak[k], table[i].name) == 0;
        g_assert_cmpint (expected, ==, (table[i].flags & ALGORITHM_WEAK) != 0);
        found += expected;
    }
    g_assert_cmpuint (found, ==, G_N_ELEMENTS (weak));
}

/* --- ciphers --- */

typedef struct
{
    Cipher *seal;
    Cipher *open;
    const Algorithm *encryption;
    bool aead;
} Pair;

/* Who of the two takes the processor's vector instructions, where it has them: the other one is held against it. */
typedef enum
{
    VECTORS_NONE,
    VECTORS_SEAL,
    VECTORS_OPEN,
} Vectors;

static Pair
pair_new (const Algorithm *encryption, const Algorithm *integrity, Vectors vectors)
{
    uint8_t key[64], integrity_key[64];
    random_fill (&random_system, key, sizeof key);
    random_fill (&random_system, integrity_key, sizeof integrity_key);
    ByteView view = byte_view (key, (size_t)encryption->key_size + encryption->salt_size);
    ByteView integrity_view = byte_view (integrity_key, integrity ? integrity->key_size : 0);
    g_autoptr (GError) error = NULL;
    Pair pair = {
        .seal = cipher_new (encryption, integrity, view, integrity_view, CIPHER_SEAL, &error),
        .open = cipher_new (encryption, integrity, view, integrity_view, CIPHER_OPEN, &error),
        .encryption = encryption,
        .aead = integrity == NULL,
    };
    g_assert_no_error (error);
    if (vectors != VECTORS_NONE)
        cipher_use_vectors (vectors == VECTORS_SEAL ? pair.seal : pair.open);
    return pair;
}

static void
pair_clear (Pair *self)
{
    cipher_free (self->seal);
    cipher_free (self->open);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

typedef void (*PairTest) (Pair *pair);

/* TEST with each AEAD, and with each other cipher under each integrity algorithm. */
static void
with_each_pair (PairTest test)
{
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        if (table[i].type != TRANSFORM_ENCRYPTION)
            continue;
        if (table[i].flags & ALGORITHM_AEAD)
        {
            for (Vectors vectors = VECTORS_NONE; vectors <= VECTORS_OPEN; vectors++)
            {
                g_auto (Pair) pair = pair_new (&table[i], NULL, vectors);
                test (&pair);
            }
            continue;
        }
        for (size_t k = 0; k < count; k++)
            if (table[k].type == TRANSFORM_INTEGRITY)
            {
                g_auto (Pair) pair = pair_new (&table[i], &table[k], VECTORS_NONE);
                test (&pair);
            }
    }
}

/* HEADER_SIZE octets of header, then IV | ciphertext | ICV. */
typedef struct
{
    uint8_t octets[PACKET_ROOM];
    uint8_t plain[TEXT_MOST];
    size_t text_size;
    size_t sealed_size;
    ByteView tail;
} Packet;

static ByteView
packet_header (const Packet *self)
{
    return byte_view (self->octets, HEADER_SIZE);
}

static void
packet_seal (Packet *self, Pair *pair, size_t text_size, bool in_place)
{
    static const uint8_t high[] = { 0, 0, 0, 7 };
    self->text_size = text_size;
    self->sealed_size = text_size + cipher_get_overhead (pair->seal);
    self->tail = pair->aead ? (ByteView){ 0 } : byte_view (high, sizeof high);
    random_fill (&random_system, self->octets, HEADER_SIZE);
    random_fill (&random_system, self->plain, text_size);

    uint8_t *text = self->octets + HEADER_SIZE + cipher_get_iv_size (pair->seal);
    if (in_place)
        memcpy (text, self->plain, text_size);
    g_assert_true (cipher_seal (pair->seal, packet_header (self), self->tail,
                                byte_view (in_place ? text : self->plain, text_size),
                                self->octets + HEADER_SIZE));
    if (text_size >= 16)
        g_assert_true (memcmp (text, self->plain, text_size) != 0);
}

static bool
packet_open (Packet *self, Pair *pair, bool in_place)
{
    uint8_t apart[TEXT_MOST];
    uint8_t *sealed = self->octets + HEADER_SIZE;
    uint8_t *plain = in_place ? sealed + cipher_get_iv_size (pair->open) : apart;
    return cipher_open (pair->open, packet_header (self), self->tail,
                        byte_view (sealed, self->sealed_size), plain) &&
           memcmp (plain, self->plain, self->text_size) == 0;
}

static void
round_trip (Pair *pair)
{
    static const size_t sizes[] = { 0, 16, 48, 64, 1408, 1600 };
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
        for (unsigned way = 0; way < 4; way++)
        {
            Packet packet;
            packet_seal (&packet, pair, sizes[i], way & 1);
            g_assert_true (packet_open (&packet, pair, way & 2));
        }
    if (cipher_get_block_size (pair->seal) > 1)
        return;
    for (size_t size = 1; size < 40; size++)
    {
        Packet packet;
        packet_seal (&packet, pair, size, size & 1);
        g_assert_true (packet_open (&packet, pair, size & 2));
    }
}

static void
packets_survive_the_round_trip (void)
{
    with_each_pair (round_trip);
}

static void
tamper (Pair *pair)
{
    Packet packet;
    packet_seal (&packet, pair, 64, false);
    for (size_t i = 0; i < HEADER_SIZE + packet.sealed_size; i++)
    {
        packet.octets[i] ^= 0x01;
        g_assert_false (packet_open (&packet, pair, false));
        packet.octets[i] ^= 0x01;
    }
    g_assert_true (packet_open (&packet, pair, false));

    static const uint8_t other_high[] = { 0, 0, 0, 8 };
    packet.tail = byte_view (other_high, sizeof other_high);
    g_assert_false (packet_open (&packet, pair, false));
}

typedef struct
{
    Cipher *seal, *open;
    gint rounds;
    gint ends;
} Work;

static gpointer
work (gpointer data)
{
    Work *self = data;
    uint8_t plain[256], opened[256], sealed[512], header[HEADER_SIZE] = { 0 };
    ByteView above = byte_view (header, sizeof header);
    while (!g_atomic_int_get (&self->ends))
    {
        memset (plain, g_atomic_int_add (&self->rounds, 1), sizeof plain);
        g_assert_true (cipher_seal (self->seal, above, (ByteView){ 0 },
                                    byte_view (plain, sizeof plain), sealed));
        ByteView view = byte_view (sealed, sizeof plain + cipher_get_overhead (self->seal));
        g_assert_true (cipher_open (self->open, above, (ByteView){ 0 }, view, opened));
        g_assert_cmpmem (opened, sizeof opened, plain, sizeof plain);
    }
    return NULL;
}

static void
await_rounds (Work *self, gint rounds)
{
    gint before = g_atomic_int_get (&self->rounds);
    while (g_atomic_int_get (&self->rounds) < before + rounds)
        g_thread_yield ();
}

/* One end after the other goes over to vector instructions, where the machine has them, while another thread works. */
static void
vectors_come_on_the_way (void)
{
    const Algorithm *gcm = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes128gcm16");
    uint8_t octets[20];
    random_fill (&random_system, octets, sizeof octets);
    ByteView key = byte_view (octets, sizeof octets);
    g_autoptr (Cipher) seal = cipher_new (gcm, NULL, key, (ByteView){ 0 }, CIPHER_SEAL, NULL);
    g_autoptr (Cipher) open = cipher_new (gcm, NULL, key, (ByteView){ 0 }, CIPHER_OPEN, NULL);
    Work data = { .seal = seal, .open = open };
    GThread *thread = g_thread_new ("work", work, &data);
    await_rounds (&data, 100);
    bool possible = cipher_use_vectors (seal);
    await_rounds (&data, 100);
    g_assert_true (cipher_use_vectors (open) == possible);
    await_rounds (&data, 100);
    g_atomic_int_set (&data.ends, 1);
    g_thread_join (thread);
}

static void
each_changed_octet_is_refused (void)
{
    with_each_pair (tamper);
}

static void
cut (Pair *pair)
{
    Packet packet;
    packet_seal (&packet, pair, 32, false);
    size_t whole = packet.sealed_size;
    for (packet.sealed_size = 0; packet.sealed_size < whole; packet.sealed_size++)
        g_assert_false (packet_open (&packet, pair, false));
    packet.sealed_size = whole;
    g_assert_true (packet_open (&packet, pair, false));
    g_assert_false (cipher_open (pair->open, packet_header (&packet), packet.tail, (ByteView){ 0 },
                                 packet.plain));
}

static void
short_packets_are_refused (void)
{
    with_each_pair (cut);
}

static void
misuse (Pair *pair)
{
    uint8_t room[PACKET_ROOM] = { 0 };
    ByteView text = byte_view (room + 200, 32);
    ByteView tail = byte_view (room, 4);
    g_assert_false (cipher_seal (pair->open, byte_view (room, 8), (ByteView){ 0 }, text, room + 8));
    g_assert_false (cipher_open (pair->seal, byte_view (room, 8), (ByteView){ 0 },
                                 byte_view (room + 8, 96), room + 512));
    if (pair->aead)
        g_assert_false (cipher_seal (pair->seal, byte_view (room, 8), tail, text, room + 8));
    size_t block = cipher_get_block_size (pair->seal);
    if (block > 1)
        g_assert_false (cipher_seal (pair->seal, byte_view (room, 8), tail,
                                     byte_view (text.data, block - 1), room + 8));
}

static void
misuse_is_refused (void)
{
    with_each_pair (misuse);
}

static void
exhaust (Pair *pair)
{
    if (!(pair->encryption->flags & (ALGORITHM_AEAD | ALGORITHM_COUNTER)))
        return;
    static const uint8_t last_but_one[8] = { 255, 255, 255, 255, 255, 255, 255, 254 };
    Packet packet;
    cipher_preset_iv (pair->seal, byte_view (last_but_one, sizeof last_but_one));
    packet_seal (&packet, pair, 32, false);
    g_assert_true (packet_open (&packet, pair, false));
    for (unsigned i = 0; i < 3; i++)
        g_assert_false (cipher_seal (pair->seal, packet_header (&packet), packet.tail,
                                     byte_view (packet.plain, 32), packet.octets + HEADER_SIZE));
}

static void
an_exhausted_counter_seals_no_more (void)
{
    with_each_pair (exhaust);
}

static void
fresh_ivs (Pair *pair)
{
    enum
    {
        ROUNDS = 300, /* past the end of the pool of random IVs */
    };
    g_autoptr (GHashTable) seen =
        g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    for (unsigned i = 0; i < ROUNDS; i++)
    {
        Packet packet;
        packet_seal (&packet, pair, 16, false);
        g_assert_true (g_hash_table_add (
            seen, g_bytes_new (packet.octets + HEADER_SIZE, cipher_get_iv_size (pair->seal))));
        g_assert_true (packet_open (&packet, pair, true));
    }
}

static void
no_iv_comes_twice (void)
{
    with_each_pair (fresh_ivs);
}

static void
count_allocations (Pair *pair)
{
    Packet packet;
    packet_seal (&packet, pair, 1408, true);
    g_assert_true (packet_open (&packet, pair, true));

    unsigned before = allocations;
    for (unsigned i = 0; i < 20; i++)
    {
        packet_seal (&packet, pair, 1408, true);
        g_assert_true (packet_open (&packet, pair, true));
    }
    g_assert_cmpuint (allocations, ==, before);
}

static void
a_packet_allocates_nothing (void)
{
    with_each_pair (count_allocations);
}

static void
wrong_key_sizes_are_refused (void)
{
    static const uint8_t key[128];
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    const Algorithm *sha256 = algorithm_find_name (TRANSFORM_INTEGRITY, "sha256");
    for (size_t i = 0; i < count; i++)
    {
        if (table[i].type != TRANSFORM_ENCRYPTION)
            continue;
        bool aead = table[i].flags & ALGORITHM_AEAD;
        size_t size = (size_t)table[i].key_size + table[i].salt_size;
        struct
        {
            const Algorithm *integrity;
            size_t key, integrity_key;
        } wrong[] = {
            { aead ? NULL : sha256, 0, aead ? 0 : 32 },
            { aead ? NULL : sha256, size - 1, aead ? 0 : 32 },
            { aead ? NULL : sha256, size + 1, aead ? 0 : 32 },
            { aead ? NULL : sha256, size, aead ? 1 : 31 },
            { aead ? sha256 : NULL, size, aead ? 32 : 0 },
        };
        for (size_t k = 0; k < G_N_ELEMENTS (wrong); k++)
        {
            g_autoptr (GError) error = NULL;
            g_assert_null (cipher_new (&table[i], wrong[k].integrity, byte_view (key, wrong[k].key),
                                       byte_view (key, wrong[k].integrity_key), CIPHER_SEAL,
                                       &error));
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL);
        }
    }
}

/* --- key exchange --- */

static void
both_sides_agree (void)
{
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        if (table[i].type != TRANSFORM_KEY_EXCHANGE)
            continue;
        g_autoptr (GError) error = NULL;
        g_autoptr (KeyExchange) a = key_exchange_new (&table[i], &error);
        g_assert_no_error (error);
        g_autoptr (KeyExchange) b = key_exchange_new (&table[i], &error);
        g_assert_no_error (error);
        g_assert_true (key_exchange_get_group (a) == &table[i]);
        g_assert_cmpuint (key_exchange_get_public (a).size, ==, table[i].output_size);
        g_autoptr (SecretBytes) first =
            key_exchange_derive (a, key_exchange_get_public (b), &error);
        g_assert_no_error (error);
        g_autoptr (SecretBytes) second =
            key_exchange_derive (b, key_exchange_get_public (a), &error);
        g_assert_no_error (error);
        g_assert_true (secret_equal (secret_bytes_view (first), secret_bytes_view (second)));
        bool curve = table[i].id >= 19 && table[i].id <= 30;
        g_assert_cmpuint (secret_bytes_size (first), ==,
                          curve ? table[i].output_size / 2 : table[i].output_size);
    }
}

static void
assert_refused (KeyExchange *exchange, ByteView value)
{
    g_autoptr (GError) error = NULL;
    g_assert_null (key_exchange_derive (exchange, value, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
}

/* 0, 1, p - 1, p, all ones for MODP; a point beside the curve and zeros for the others. */
static void
bad_public_values_are_refused (void)
{
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        if (table[i].type != TRANSFORM_KEY_EXCHANGE)
            continue;
        size_t size = table[i].output_size;
        uint8_t value[1100];
        g_autoptr (GError) error = NULL;
        g_autoptr (KeyExchange) exchange = key_exchange_new (&table[i], &error);
        g_assert_no_error (error);

        memset (value, 0, sizeof value);
        assert_refused (exchange, (ByteView){ 0 });
        assert_refused (exchange, byte_view (value, size));
        assert_refused (exchange, byte_view (value, size - 1));
        assert_refused (exchange, byte_view (value, size + 1));
        memcpy (value, key_exchange_get_public (exchange).data, size);
        assert_refused (exchange, byte_view (value, size - 1));
        assert_refused (exchange, byte_view (value, size + 1));
        if (table[i].id >= 31)
        {
            memset (value, 0, size);
            value[0] = 1; /* u = 1 has order four, RFC 7748 6 */
            if (table[i].id == 31)
                assert_refused (exchange, byte_view (value, size));
            continue;
        }
        value[size - 1] ^= 1; /* for a curve: leaves it; for MODP: another member of the group */
        if (table[i].id >= 19)
            assert_refused (exchange, byte_view (value, size));
        memset (value, 0xff, size);
        assert_refused (exchange, byte_view (value, size));
        memset (value, 0, size);
        value[size - 1] = 1;
        assert_refused (exchange, byte_view (value, size));
    }
}

/* The prime of RFC 2409 6.2: 64 ones, this, 64 ones. */
static void
modp_refuses_p_minus_one (void)
{
    static const char *const middle =
        "c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
        "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6"
        "f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381";
    const Algorithm *group = algorithm_find_name (TRANSFORM_KEY_EXCHANGE, "modp1024");
    uint8_t prime[128];
    memset (prime, 0xff, sizeof prime);
    g_assert_cmpuint (strlen (middle), ==, 2 * (sizeof prime - 16));
    for (size_t i = 0; i < sizeof prime - 16; i++)
        prime[8 + i] = (uint8_t)(g_ascii_xdigit_value (middle[2 * i]) << 4 |
                                 g_ascii_xdigit_value (middle[2 * i + 1]));
    g_autoptr (GError) error = NULL;
    g_autoptr (KeyExchange) exchange = key_exchange_new (group, &error);
    g_assert_no_error (error);
    assert_refused (exchange, byte_view (prime, sizeof prime));
    prime[sizeof prime - 1] = 0xfe;
    assert_refused (exchange, byte_view (prime, sizeof prime));
    prime[sizeof prime - 1] = 0xfd;
    g_autoptr (SecretBytes) secret =
        key_exchange_derive (exchange, byte_view (prime, sizeof prime), &error);
    g_assert_no_error (error);
    g_assert_nonnull (secret);
}

static void
bad_private_keys_are_refused (void)
{
    static const char *const groups[] = { "modp2048", "ecp256", "curve25519", "curve448" };
    static const uint8_t zeros[16];
    for (size_t i = 0; i < G_N_ELEMENTS (groups); i++)
    {
        g_autoptr (GError) error = NULL;
        const Algorithm *group = algorithm_find_name (TRANSFORM_KEY_EXCHANGE, groups[i]);
        g_assert_null (
            key_exchange_new_from_private (group, byte_view (zeros, sizeof zeros), &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL);
        g_clear_error (&error);
        g_assert_null (key_exchange_new_from_private (group, (ByteView){ 0 }, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL);
    }
}

/* --- PRF, digests, randomness --- */

static void
prf_plus_is_the_chain_that_the_rfc_draws (void)
{
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    ByteView key = byte_view_of_string ("a key of some size");
    ByteView seed[] = { byte_view_of_string ("nonces"), { 0 }, byte_view_of_string ("SPIs") };
    for (size_t i = 0; i < count; i++)
    {
        if (table[i].type != TRANSFORM_PRF)
            continue;
        g_autoptr (GError) error = NULL;
        size_t step = table[i].output_size;
        g_autoptr (SecretBytes) chain =
            prf_plus (&table[i], key, seed, G_N_ELEMENTS (seed), 3 * step - 1, &error);
        g_assert_no_error (error);
        g_assert_cmpuint (secret_bytes_size (chain), ==, 3 * step - 1);

        ByteView whole = byte_view_of_string ("noncesSPIs");
        ByteView first[] = { whole, byte_view_of_string ("\1") };
        g_autoptr (SecretBytes) t1 = prf_compute (&table[i], key, first, 2, &error);
        ByteView second[] = { secret_bytes_view (t1), whole, byte_view_of_string ("\2") };
        g_autoptr (SecretBytes) t2 = prf_compute (&table[i], key, second, 3, &error);
        const uint8_t *octets = secret_bytes_view (chain).data;
        g_assert_true (secret_equal (byte_view (octets, step), secret_bytes_view (t1)));
        g_assert_true (secret_equal (byte_view (octets + step, step), secret_bytes_view (t2)));

        g_assert_null (prf_plus (&table[i], key, seed, 1, 255 * step + 1, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL);
    }
}

/* However the input is cut into parts, the MAC is the same. */
static void
prf_does_not_see_where_parts_end (void)
{
    uint8_t text[100];
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    random_fill (&random_system, text, sizeof text);
    for (size_t i = 0; i < count; i++)
        for (size_t size = 0; table[i].type == TRANSFORM_PRF && size <= sizeof text; size++)
        {
            ByteView whole = byte_view (text, size);
            g_autoptr (SecretBytes) expected = prf_compute (&table[i], whole, &whole, 1, NULL);
            for (size_t at = 0; at <= size; at++)
            {
                ByteView parts[] = { byte_view (text, at),
                                     { 0 },
                                     byte_view (text + at, size - at) };
                g_autoptr (SecretBytes) cut = prf_compute (&table[i], whole, parts, 3, NULL);
                g_assert_true (
                    secret_equal (secret_bytes_view (expected), secret_bytes_view (cut)));
            }
        }
}

static void
digests_by_name (void)
{
    ByteView parts[] = { byte_view_of_string ("a"), { 0 }, byte_view_of_string ("bc") };
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) sha1 = digest_compute ("SHA1", parts, 3, &error);
    g_assert_no_error (error);
    static const uint8_t expected[] = {
        0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
        0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d
    };
    g_assert_true (byte_view_equal (byte_view_of_bytes (sha1), byte_view (expected, 20)));
    g_assert_null (digest_compute ("no such digest", parts, 3, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_INTERNAL);
}

static void
legacy_takes_empty_input (void)
{
    uint8_t digest[16];
    legacy_md4 ((ByteView){ 0 }, digest);
    g_assert_cmphex (digest[0], ==, 0x31);
}

static void
fill_with_sevens (void *data, uint8_t *ret_octets, size_t size)
{
    memset (ret_octets, 7, size);
}

static void
randomness_can_be_injected (void)
{
    const RandomSource sevens = { .fill = fill_with_sevens };
    uint8_t octets[4] = { 0 };
    random_fill (&sevens, octets, 3);
    g_assert_cmphex (octets[2], ==, 7);
    g_assert_cmphex (octets[3], ==, 0);
    random_fill (&sevens, NULL, 0);
}

int
main (int argc, char **argv)
{
    if (CRYPTO_set_mem_functions (counted_malloc, counted_realloc, counted_free) != 1)
        g_error ("OpenSSL allocated before main ()");
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/algorithms/found", rows_are_found_by_number_and_name);
    g_test_add_func ("/algorithms/aliases", aliases_lead_to_their_rows);
    g_test_add_func ("/algorithms/weak", weak_rows_are_marked);
    g_test_add_func ("/cipher/round-trip", packets_survive_the_round_trip);
    g_test_add_func ("/cipher/vectors-on-the-way", vectors_come_on_the_way);
    g_test_add_func ("/cipher/tamper", each_changed_octet_is_refused);
    g_test_add_func ("/cipher/short", short_packets_are_refused);
    g_test_add_func ("/cipher/misuse", misuse_is_refused);
    g_test_add_func ("/cipher/exhausted", an_exhausted_counter_seals_no_more);
    g_test_add_func ("/cipher/fresh-ivs", no_iv_comes_twice);
    g_test_add_func ("/cipher/no-allocation", a_packet_allocates_nothing);
    g_test_add_func ("/cipher/key-sizes", wrong_key_sizes_are_refused);
    g_test_add_func ("/group/agree", both_sides_agree);
    g_test_add_func ("/group/bad-public", bad_public_values_are_refused);
    g_test_add_func ("/group/p-minus-one", modp_refuses_p_minus_one);
    g_test_add_func ("/group/bad-private", bad_private_keys_are_refused);
    g_test_add_func ("/prf/plus", prf_plus_is_the_chain_that_the_rfc_draws);
    g_test_add_func ("/prf/parts", prf_does_not_see_where_parts_end);
    g_test_add_func ("/digest/names", digests_by_name);
    g_test_add_func ("/legacy/empty", legacy_takes_empty_input);
    g_test_add_func ("/random/injected", randomness_can_be_injected);
    return g_test_run ();
}
