/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Octets as tests write them down, and the comparison that shows both when they differ.
 */

#include "bytes/view.h"

/* NULL gives no octets; aborts if TEXT is not hexadecimal. */
static inline GBytes *
hex_decode (const char *text)
{
    size_t size = text != NULL ? strlen (text) : 0;
    g_assert_cmpuint (size % 2, ==, 0);
    uint8_t *octets = g_malloc (size / 2 + 1);
    for (size_t i = 0; i < size; i++)
    {
        int digit = g_ascii_xdigit_value (text[i]);
        g_assert_cmpint (digit, >=, 0);
        octets[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : octets[i / 2] | digit);
    }
    return g_bytes_new_take (octets, size / 2);
}

static inline char *
hex_encode (ByteView octets)
{
    GString *text = g_string_sized_new (2 * octets.size);
    for (size_t i = 0; i < octets.size; i++)
        g_string_append_printf (text, "%02x", octets.data[i]);
    return g_string_free (text, FALSE);
}

/* Lower case. */
static inline void
hex_assert_equal (ByteView octets, const char *expected)
{
    g_autofree char *text = hex_encode (octets);
    g_assert_cmpstr (text, ==, expected);
}
