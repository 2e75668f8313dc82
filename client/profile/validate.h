/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Whether the fields of a profile make sense together: an address is there, the method has what it needs, proposals can be read,
 * and nothing is asked for that this version cannot do.
 */

#include "profile/profile.h"

/* NAME: the file or "the command line", for messages. OUTRIDER_ERROR_PROFILE_INVALID. */
bool profile_validate (const Profile *self, const char *name, GError **error);
