/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Where secrets come from when nobody is asked: a file, a descriptor, a systemd credential. One newline at the end is not part
 * of the secret. And what keeps them in: no core dump, no debugger.
 */

#include "bytes/secret.h"

/* No core dumps, no reading of our memory by other processes of the same user. Before the first secret is read. */
void secrets_protect_process (void);

/* OUTRIDER_ERROR_FILE: unreadable, empty, or longer than any password. */
SecretBytes *secrets_read_file (const char *path, GError **error);
SecretBytes *secrets_read_descriptor (int descriptor, GError **error);

/* $CREDENTIALS_DIRECTORY/NAME.KIND, KIND "password" or "psk". NULL without an error: there is none. */
SecretBytes *secrets_read_credential (const char *name, const char *kind, GError **error);

/* CONTENT without its last newline, as secret; CONTENT stays the caller's to wipe. */
SecretBytes *secrets_from_line (ByteView content);
