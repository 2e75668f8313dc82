/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * MD4 (RFC 1320), MD5 (RFC 1321), DES as RFC 2759 uses it.
 */

#include "crypto/legacy.h"
#include "support/hex.h"

static const struct
{
    const char *text, *md4, *md5;
} digests[] = {
    { "", "31d6cfe0d16ae931b73c59d7e0c089c0", "d41d8cd98f00b204e9800998ecf8427e" },
    { "a", "bde52cb31de33e46245e05fbdbd6fb24", "0cc175b9c0f1b6a831c399e269772661" },
    { "abc", "a448017aaf21d8525fc10ae87aa6729d", "900150983cd24fb0d6963f7d28e17f72" },
    { "message digest", "d9130a8164549fe818874806e1c7014b", "f96b697d7cb7938d525a2f31aaf161d0" },
    { "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9",
      "c3fcd3d76192e4007dfb496cca67e13b" },
    { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "043f8582f241db351ce627e153e7f0e4", "d174ab98d277d9f5a5611c2c9f419d9f" },
    { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "e33b4ddc9c38f2199c3e7b164fcc0536", "57edf4a22be3c955ac49da2e2107b67a" },
};

static void
digests_are_those_of_the_rfcs (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (digests); i++)
    {
        ByteView text = byte_view_of_string (digests[i].text);
        ByteView parts[] = { byte_view (text.data, text.size / 2),
                             byte_view (text.data + text.size / 2, text.size - text.size / 2) };
        uint8_t digest[16];
        g_autoptr (GError) error = NULL;
        g_assert_true (legacy_md4 (text, digest, &error));
        g_assert_no_error (error);
        hex_assert_equal (byte_view (digest, sizeof digest), digests[i].md4);
        g_assert_true (legacy_md5 (parts, G_N_ELEMENTS (parts), digest, &error));
        hex_assert_equal (byte_view (digest, sizeof digest), digests[i].md5);
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
        g_autoptr (GError) error = NULL;
        uint8_t cipher[8];
        g_assert_true (legacy_des_encrypt (g_bytes_get_data (key, NULL),
                                           g_bytes_get_data (clear, NULL), cipher, &error));
        g_assert_no_error (error);
        hex_assert_equal (byte_view (cipher, sizeof cipher), blocks[i].cipher);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/legacy/digests", digests_are_those_of_the_rfcs);
    g_test_add_func ("/legacy/des", des_gives_the_published_blocks);
    return g_test_run ();
}
