/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The system's message bus, asked one question after the other. GIO, which speaks with it, is loaded when the bus is first
 * needed: with the libraries that it takes along it costs every start a millisecond, and most hosts have nobody to ask.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct Bus Bus;

/* ROOT as in dns_new (). */
Bus *bus_new (const char *root);
void bus_free (Bus *self);

/* Connects where that is not done yet, or no longer so. TIMEOUT: milliseconds. */
bool bus_reach (Bus *self, int timeout, GError **error);

/*
 * The answer of NAME, which is not started for it; waits TIMEOUT milliseconds. The bus is reached. PARAMETERS: a tuple,
 * borrowed. The errors are GIO's; the functions below know them.
 */
GVariant *bus_call (Bus *self, const char *name, const char *path, const char *interface,
                    const char *method, GVariant *parameters, int timeout, GError **error);

/* The other side answered with the error of this name. */
bool bus_error_is (const GError *error, const char *name);

/* Nobody answered in time. */
bool bus_error_is_silence (const GError *error);

/* Leaves the other side's words alone in ERROR's message. */
void bus_error_strip (GError *error);
