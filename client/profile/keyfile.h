/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Profiles as key files. Everything is in one table: section, key, how its value is read and written. Unknown sections
 * and keys, doubled keys and bad values are refused with file, line and key (OUTRIDER_ERROR_PROFILE_INVALID).
 */

#include "profile/profile.h"

/* CONTENT of the file called NAME (for messages only). */
Profile *profile_from_keyfile (ByteView content, const char *name, GError **error);

/* The shortest key file that reads back as this profile. */
char *profile_to_keyfile (const Profile *self);

/* "work.profile:7: [gateway] ca-file", for messages; NULL: the value is not from the file. */
char *profile_find_place (const Profile *self, const char *section, const char *key);

/* One value by "section.key", as options of the command line set it; SOURCE ("--routes") stands in messages. */
bool profile_set (Profile *self, const char *section, const char *key, const char *value,
                  const char *source, GError **error);
