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

/*
 * For a quick start, before anything was drawn: OpenSSL's generator of choice is made of a cipher, and with its first cipher
 * it looks up all others. One that is made of a digest is as good (NIST SP 800-90A has both). What the system's configuration
 * says of generators still counts.
 */
void random_prepare (void);

void random_fill (const RandomSource *self, void *ret_octets, size_t size);
