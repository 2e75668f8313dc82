/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Another program, run to its end: no shell, an environment of its own, no terminal, no files of ours, and a bound on its time.
 */

#include <glib.h>
#include <stdbool.h>

/*
 * Runs ARGV (NULL-terminated; the first word is a path) with INPUT as its standard input. True: it ended with status 0.
 * OUTRIDER_ERROR_HOST_REFUSED with the last line of its standard error, or after TIMEOUT milliseconds: it and what it started
 * in its process group are ended then.
 */
bool command_run (const char *const *argv, const char *input, unsigned timeout, GError **error);
