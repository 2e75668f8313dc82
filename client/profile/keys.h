/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The one table of what a profile can say: section, key, how the value is read into its field and written from it. Key
 * files, options of the command line and the check of a profile made by other means all go through it. The room's own.
 */

#include "profile/profile.h"

typedef struct ProfileKey ProfileKey;
typedef struct ProfileWord ProfileWord;
typedef struct ProfileItemKind ProfileItemKind;

struct ProfileKey
{
    const char *section;
    const char *name;
    size_t offset; /* of the field */

    /* VALUE is clean text without blanks at its ends. The message says only what is wrong with it. */
    bool (*read) (const ProfileKey *self, const char *value, Profile *profile, GError **error);

    /* The text that reads back as the field; NULL if the field is not set. */
    char *(*write) (const ProfileKey *self, const Profile *profile);

    const ProfileWord *words;     /* of a choice; the last one has no name */
    const ProfileItemKind *items; /* of a list */
    size_t list_offset;           /* of the list beside a choice */
    guint64 least, most;          /* of a number */
};

enum
{
    PROFILE_KEYS_MAX = 64,
    PROFILE_LIST_MAX = 256,   /* items of a list */
    PROFILE_VALUE_MAX = 4096, /* octets */
};

extern const ProfileKey profile_keys[];
extern const size_t profile_n_keys;

bool profile_has_section (const char *section);
const ProfileKey *profile_key_find (const char *section, const char *name);

/* "address, port, identity": for messages. */
char *profile_section_list_keys (const char *section);

/* Checks what holds for every value, then reads it. OUTRIDER_ERROR_PROFILE_INVALID. */
bool profile_key_read (const ProfileKey *self, const char *value, Profile *profile, GError **error);

/* In quotes, shortened if it is long. */
char *profile_quote (const char *text);
