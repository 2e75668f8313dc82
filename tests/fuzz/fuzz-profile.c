/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A profile's key file: what is read can be written, and reads back as the same.
 */

#include "fuzz/fuzz.h"
#include "profile/keyfile.h"
#include "profile/validate.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (Profile) profile = profile_from_keyfile (byte_view (data, size), "fuzz", &error);
    FUZZ_CHECK_ERROR (profile != NULL, error);
    if (profile == NULL)
    {
        FUZZ_MUST (g_utf8_validate (error->message, -1, NULL));
        return 0;
    }
    profile_validate (profile, "fuzz", NULL);
    g_autofree char *once = profile_to_keyfile (profile);
    g_autoptr (Profile) again = profile_from_keyfile (byte_view_of_string (once), "again", &error);
    FUZZ_MUST (again != NULL);
    g_autofree char *twice = profile_to_keyfile (again);
    FUZZ_MUST (strcmp (once, twice) == 0);
    return 0;
}
