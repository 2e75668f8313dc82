/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What every fuzz target is: one function that takes any octets and returns. Whatever goes wrong aborts. libFuzzer
 * calls it with octets of its own making; replay.c with the files of its corpus.
 */

#include "bytes/reader.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Aborts, which libFuzzer notices; GLib's own fatal errors trap, which it does not. */
#define FUZZ_MUST(promise)                                                                         \
    do                                                                                             \
    {                                                                                              \
        if (!(promise))                                                                            \
        {                                                                                          \
            fprintf (stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #promise);         \
            abort ();                                                                              \
        }                                                                                          \
    } while (0)

/* An error must be set where a function failed, and must not where it did not. */
#define FUZZ_CHECK_ERROR(ok, error) FUZZ_MUST ((ok) == ((error) == NULL))
