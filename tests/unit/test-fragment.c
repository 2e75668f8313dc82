/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * IKE fragmentation (RFC 7383): how a message is cut, and by which rules its fragments are put together.
 */

#include "ike/fragment.h"

static Cipher *
make_cipher (void)
{
    static const uint8_t key[36] = { 1, 2, 3 };
    const Algorithm *gcm = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes256gcm16");
    Cipher *cipher =
        cipher_new (gcm, NULL, byte_view (key, sizeof key), (ByteView){ 0 }, CIPHER_SEAL, NULL);
    g_assert_nonnull (cipher);
    return cipher;
}

static GPtrArray *
cut (size_t content, size_t size)
{
    g_autoptr (Cipher) cipher = make_cipher ();
    g_autofree uint8_t *octets = g_malloc0 (content);
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_chain_add (&chain, PAYLOAD_VENDOR_ID, byte_view (octets, content));
    IkeHeader header = { .exchange = IKE_AUTH };
    return ike_fragments_build (cipher, &header, &chain, size);
}

static void
test_sizes (void)
{
    static const struct
    {
        size_t content, size;
        guint count; /* 0: refused */
    } rows[] = {
        { 100, 1000, 1 }, { 3000, 0, 1 },      { 3000, 1000, 4 }, { 3000, 10, 22 },
        { 900, 1000, 1 }, { 60000, 1228, 52 }, { 60000, 500, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (GPtrArray) datagrams = cut (rows[i].content, rows[i].size);
        g_assert_cmpuint (datagrams != NULL ? datagrams->len : 0, ==, rows[i].count);
        size_t most = MAX (rows[i].size, (size_t)IKE_FRAGMENT_SIZE_MIN);
        for (guint d = 0; rows[i].size > 0 && datagrams != NULL && d < datagrams->len; d++)
            g_assert_cmpuint (g_bytes_get_size (datagrams->pdata[d]), <=, most);
    }
}

/* ---- reassembly ---- */

typedef struct
{
    uint32_t id;
    uint16_t number, total;
    const char *text;
    const char *whole; /* what is complete then; NULL: not yet */
} Step;

static void
play (const Step *steps, size_t n_steps)
{
    IkeReassembly reassembly = { 0 };
    for (size_t i = 0; i < n_steps; i++)
    {
        IkeFragmentNumber number = { steps[i].number, steps[i].total };
        g_autoptr (GBytes) part = g_bytes_new (steps[i].text, strlen (steps[i].text));
        g_autoptr (GBytes) whole = NULL;
        uint8_t first = 0;
        bool done = ike_reassembly_add (&reassembly, steps[i].id, &number,
                                        steps[i].number == 1 ? 35 : 0, part, &whole, &first);
        g_assert_true (done == (steps[i].whole != NULL));
        if (!done)
            continue;
        g_assert_true (
            byte_view_equal (byte_view_of_bytes (whole), byte_view_of_string (steps[i].whole)));
        g_assert_cmpuint (first, ==, 35);
    }
    ike_reassembly_clear (&reassembly);
}

static void
test_order (void)
{
    static const Step in_order[] = { { 1, 1, 3, "a", NULL },
                                     { 1, 2, 3, "b", NULL },
                                     { 1, 3, 3, "c", "abc" } };
    static const Step backwards[] = { { 1, 3, 3, "c", NULL },
                                      { 1, 2, 3, "b", NULL },
                                      { 1, 1, 3, "a", "abc" } };
    static const Step doubled[] = { { 1, 2, 2, "b", NULL },
                                    { 1, 2, 2, "x", NULL },
                                    { 1, 1, 2, "a", "ab" } };
    static const Step alone[] = { { 1, 1, 1, "a", "a" }, { 2, 1, 1, "b", "b" } };
    play (in_order, G_N_ELEMENTS (in_order));
    play (backwards, G_N_ELEMENTS (backwards));
    play (doubled, G_N_ELEMENTS (doubled));
    play (alone, G_N_ELEMENTS (alone));
}

/* RFC 7383 2.6: more fragments than before are the sender's second try, fewer are old ones. */
static void
test_second_try (void)
{
    static const Step more[] = { { 1, 1, 2, "ab", NULL },
                                 { 1, 1, 3, "a", NULL },
                                 { 1, 2, 2, "cd", NULL },
                                 { 1, 2, 3, "b", NULL },
                                 { 1, 3, 3, "c", "abc" } };
    static const Step next_message[] = { { 1, 1, 2, "a", NULL },
                                         { 2, 2, 2, "y", NULL },
                                         { 1, 2, 2, "b", NULL },
                                         { 2, 1, 2, "x", NULL },
                                         { 2, 2, 2, "y", "xy" } };
    play (more, G_N_ELEMENTS (more));
    play (next_message, G_N_ELEMENTS (next_message));
}

static void
test_limits (void)
{
    static const Step too_many[] = { { 1, 1, IKE_FRAGMENTS_MAX + 1, "a", NULL },
                                     { 1, 1, 1, "a", "a" } };
    play (too_many, G_N_ELEMENTS (too_many));

    IkeReassembly reassembly = { 0 };
    g_autofree uint8_t *large = g_malloc0 (40000);
    g_autoptr (GBytes) part = g_bytes_new_static (large, 40000);
    g_autoptr (GBytes) small = g_bytes_new_static (large, 25000);
    g_autoptr (GBytes) whole = NULL;
    uint8_t first = 0;
    IkeFragmentNumber numbers[] = { { 1, 2 }, { 2, 2 } };
    g_assert_false (ike_reassembly_add (&reassembly, 1, &numbers[0], 35, part, &whole, &first));
    g_assert_false (ike_reassembly_add (&reassembly, 1, &numbers[1], 0, part, &whole, &first));

    /* What was passed over does not count: a smaller one completes it. */
    g_assert_true (ike_reassembly_add (&reassembly, 1, &numbers[1], 0, small, &whole, &first));
    g_assert_cmpuint (g_bytes_get_size (whole), ==, 65000);
    ike_reassembly_clear (&reassembly);
}

/* Old fragments that come again and again do not fill the message up. */
static void
test_old_ones_do_not_count (void)
{
    IkeReassembly reassembly = { 0 };
    g_autofree uint8_t *octets = g_malloc0 (30000);
    g_autoptr (GBytes) part = g_bytes_new_static (octets, 30000);
    g_autoptr (GBytes) whole = NULL;
    uint8_t first = 0;
    IkeFragmentNumber numbers[] = { { 1, 3 }, { 2, 3 }, { 3, 3 }, { 2, 2 } };
    g_autoptr (GBytes) tail = g_bytes_new_static (octets, 1);
    g_assert_false (ike_reassembly_add (&reassembly, 1, &numbers[0], 35, part, &whole, &first));
    for (unsigned i = 0; i < 10; i++)
        g_assert_false (ike_reassembly_add (&reassembly, 1, &numbers[3], 0, part, &whole, &first));
    g_assert_false (ike_reassembly_add (&reassembly, 1, &numbers[1], 0, part, &whole, &first));
    g_assert_true (ike_reassembly_add (&reassembly, 1, &numbers[2], 0, tail, &whole, &first));
    g_assert_cmpuint (g_bytes_get_size (whole), ==, 60001);
    ike_reassembly_clear (&reassembly);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/fragment/sizes", test_sizes);
    g_test_add_func ("/fragment/order", test_order);
    g_test_add_func ("/fragment/second-try", test_second_try);
    g_test_add_func ("/fragment/limits", test_limits);
    g_test_add_func ("/fragment/old-ones", test_old_ones_do_not_count);
    return g_test_run ();
}
