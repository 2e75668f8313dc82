/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Reads a profile and the files that it names, as the calling user, into the octets that the engine works with. File names
 * are relative to the profile's directory.
 */

#include "profile/credentials.h"
#include "profile/profile.h"

/* The profile in the file at PATH, its file names made absolute. OUTRIDER_ERROR_FILE, OUTRIDER_ERROR_PROFILE_INVALID. */
Profile *load_profile (const char *path, GError **error);

/*
 * The passphrase of FILE, which is encrypted. ATTEMPT counts from 0: what was given before did not open it. NULL: nobody has
 * one, or ATTEMPT is one too many; the error stays unset for the caller's to stand.
 */
typedef SecretBytes *(*LoadPassphrase) (const char *file, unsigned attempt, void *data,
                                        GError **error);

/*
 * Certificate, key, PKCS#12 and CAs of PROFILE. OUTRIDER_ERROR_FILE; OUTRIDER_ERROR_SECRET_NEEDED, OUTRIDER_ERROR_SECRET_WRONG
 * of a file that ASK gave no (other) passphrase for.
 */
bool load_credentials (const Profile *profile, LoadPassphrase ask, void *data,
                       Credentials *credentials, GError **error);
