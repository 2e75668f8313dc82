/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Where SPIs, nonces and challenges come from: injected, so that a test can replay a session. (Private keys of a key
 * exchange come from OpenSSL itself.)
 */

#include "bytes/view.h"

typedef struct
{
    void (*fill) (void *data, uint8_t *ret_octets, size_t size);
    void *data;
} RandomSource;

/* OpenSSL's generator; it aborts rather than give weak octets. */
extern const RandomSource random_system;

void random_fill (const RandomSource *self, void *ret_octets, size_t size);
