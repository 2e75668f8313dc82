/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a tunnel is about to change on this host, written down before it does: a key file in a runtime directory, for root
 * alone, that also says whose it is. So the next start can tell what a killed process left behind from what a living one uses.
 */

#include <glib.h>
#include <stdbool.h>

/* The directory of this host. */
#define JOURNAL_DIRECTORY "/run/outrider"

/* An empty one of this process. Add groups of any name but "owner". */
GKeyFile *journal_new (void);

/* Makes DIRECTORY if it is missing. OUTRIDER_ERROR_HOST_REFUSED. */
bool journal_write (GKeyFile *self, const char *directory, const char *name, GError **error);

/* NULL: there is none, or none that says whose it is. */
GKeyFile *journal_read (const char *directory, const char *name);

/* The names in DIRECTORY that begin with PREFIX; at most JOURNAL_NAMES_MAX of them. NULL-terminated. */
char **journal_list (const char *directory, const char *prefix);
#define JOURNAL_NAMES_MAX 256

/* How many there are of processes that are gone. NO_RIGHTS if there are some that we may not read. */
bool journal_count_leftovers (const char *directory, unsigned *ret_count, GError **error);

/* Whether the process that wrote it still runs. */
bool journal_is_of_the_living (GKeyFile *self);

void journal_remove (const char *directory, const char *name);
