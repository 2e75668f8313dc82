/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Signals as calls from the main loop. g_unix_signal_add () would start a thread for that, on the way to the first packet.
 */

#include <stddef.h>

typedef void (*SignalsCall) (void *data);

/* From now on each of NUMBERS makes one call. Once in a process; again does nothing. */
void signals_catch (const int *numbers, size_t n_numbers, SignalsCall call, void *data);
