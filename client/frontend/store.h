/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Finds what a user names: a profile by its name, in the user's or the machine's directory; a file by its path; else a
 * gateway's host name.
 */

#include <glib.h>

typedef struct
{
    char *path; /* of the profile; NULL: no profile of that name, it is a host */
    char *name; /* what it is called: "work" of /etc/outrider/work.profile, or the host */
} StoreEntry;

/*
 * What holds a "/" or ends in ".profile" is a path, whether it exists or not. Then the directories are tried in order:
 * DIRECTORY/NAME.profile.
 */
StoreEntry *store_find_in (const char *const *directories, const char *name);

/* In ~/.config/outrider (XDG_CONFIG_HOME) and /etc/outrider. */
StoreEntry *store_find (const char *name);
void store_entry_free (StoreEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreEntry, store_entry_free)
