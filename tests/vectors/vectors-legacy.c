/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * MD4 (RFC 1320), DES as RFC 2759 uses it.
 */

#include "crypto/legacy.h"
#include "support/hex.h"

static const struct
{
    const char *text, *md4;
} digests[] = {
    { "", "31d6cfe0d16ae931b73c59d7e0c089c0" },
    { "a", "bde52cb31de33e46245e05fbdbd6fb24" },
    { "abc", "a448017aaf21d8525fc10ae87aa6729d" },
    { "message digest", "d9130a8164549fe818874806e1c7014b" },
    { "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9" },
    { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "043f8582f241db351ce627e153e7f0e4" },
    { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "e33b4ddc9c38f2199c3e7b164fcc0536" },
};

static void
digests_are_those_of_the_rfc (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (digests); i++)
    {
        ByteView text = byte_view_of_string (digests[i].text);
        uint8_t digest[16];
        legacy_md4 (text, digest);
        hex_assert_equal (byte_view (digest, sizeof digest), digests[i].md4);
    }
}

/* Keys of 56 bits, without parity. */
static const struct
{
    const char *source, *key, *clear, *cipher;
} blocks[] = {
    { "133457799bbcdff1 without parity", "12695bc9b7b7f8", "0123456789abcdef", "85e813540f0ab405" },
    { "RFC 2759 9.2, first third", "44ebba8d5312b8", "d02e4386bce91226", "82309ecd8d708b5e" },
    { "RFC 2759 9.2, second third", "d611474411f569", "d02e4386bce91226", "a08faa3981cd8354" },
    { "RFC 2759 9.2, last third", "89ae0000000000", "d02e4386bce91226", "4233114a3d85d6df" },
};

static void
des_gives_the_published_blocks (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++)
    {
        g_test_message ("%s", blocks[i].source);
        g_autoptr (GBytes) key = hex_decode (blocks[i].key);
        g_autoptr (GBytes) clear = hex_decode (blocks[i].clear);
        uint8_t cipher[8];
        legacy_des_encrypt (g_bytes_get_data (key, NULL), g_bytes_get_data (clear, NULL), cipher);
        hex_assert_equal (byte_view (cipher, sizeof cipher), blocks[i].cipher);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/legacy/digests", digests_are_those_of_the_rfc);
    g_test_add_func ("/legacy/des", des_gives_the_published_blocks);
    return g_test_run ();
}
