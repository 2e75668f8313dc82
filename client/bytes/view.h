/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A borrowed run of octets. Whoever holds the octets must outlive the view. A view is passed by value; {NULL, 0} is the
 * empty one.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct
{
    const uint8_t *data;
    size_t size;
} ByteView;

static inline ByteView
byte_view (const void *data, size_t size)
{
    return (ByteView){ data, size };
}

/* The octets of a C string without its end; NULL gives the empty view. */
static inline ByteView
byte_view_of_string (const char *text)
{
    return (ByteView){ (const uint8_t *)text, text != NULL ? strlen (text) : 0 };
}

/* Of a GBytes; NULL gives the empty view. */
static inline ByteView
byte_view_of_bytes (GBytes *bytes)
{
    gsize size = 0;
    const uint8_t *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
    return (ByteView){ data, size };
}

/* Of a GByteArray; NULL gives the empty view. */
static inline ByteView
byte_view_of_array (const GByteArray *array)
{
    return (ByteView){ array != NULL ? array->data : NULL, array != NULL ? array->len : 0 };
}

static inline GBytes *
byte_view_to_bytes (ByteView self)
{
    return g_bytes_new (self.data, self.size);
}

/* For public octets only: the time tells where they differ. Secrets compare by secret_equal (). */
static inline bool
byte_view_equal (ByteView a, ByteView b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}
