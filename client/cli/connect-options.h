/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The options of `outrider connect`: one table, most of whose rows set a key of the profile. What the command line says
 * overrides what the profile says.
 */

#include "frontend/store.h"
#include "profile/profile.h"

typedef struct
{
    bool help;
    bool json;
    bool verbose;
    char *password_file;
    int password_descriptor; /* -1: none */
    char *psk_file;
    StoreEntry *entry; /* what the argument named */
    Profile *profile;  /* checked */
} ConnectOptions;

/*
 * On failure what was understood so far stays (json). OUTRIDER_ERROR_USAGE for the command line, OUTRIDER_ERROR_FILE and
 * OUTRIDER_ERROR_PROFILE_INVALID for the profile.
 */
bool connect_options_parse (ConnectOptions *self, int argc, char **argv, GError **error);
void connect_options_clear (ConnectOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ConnectOptions, connect_options_clear)

void connect_options_print_help (void);
