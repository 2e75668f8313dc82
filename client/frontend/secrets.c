/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frontend/secrets.h"

#include "errors.h"
#include "frontend/file.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum
{
    SECRET_SIZE_MAX = 4096,
};

void
secrets_protect_process (void)
{
    static const struct rlimit none = { 0, 0 };
    setrlimit (RLIMIT_CORE, &none);
    prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

SecretBytes *
secrets_from_line (ByteView content)
{
    if (content.size > 0 && content.data[content.size - 1] == '\n')
        content.size--;
    if (content.size > 0 && content.data[content.size - 1] == '\r')
        content.size--;
    return secret_bytes_new (content);
}

/* Takes CONTENT, which may be NULL after a failure. */
static SecretBytes *
take_content (GBytes *content, const char *name, GError **error)
{
    if (content == NULL)
        return NULL;
    g_autoptr (SecretBytes) secret = secrets_from_line (byte_view_of_bytes (content));
    g_bytes_unref (content);
    if (secret_bytes_size (secret) > 0)
        return g_steal_pointer (&secret);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE, "%s: it holds no secret", name);
    return NULL;
}

SecretBytes *
secrets_read_file (const char *path, GError **error)
{
    return take_content (file_read (path, SECRET_SIZE_MAX, error), path, error);
}

SecretBytes *
secrets_read_descriptor (int descriptor, GError **error)
{
    g_autofree char *name = g_strdup_printf ("file descriptor %d", descriptor);
    return take_content (file_read_descriptor (descriptor, name, SECRET_SIZE_MAX, error), name,
                         error);
}

SecretBytes *
secrets_read_credential (const char *name, const char *kind, GError **error)
{
    const char *directory = g_getenv ("CREDENTIALS_DIRECTORY");
    if (directory == NULL || strchr (name, '/') != NULL)
        return NULL;
    g_autofree char *file = g_strdup_printf ("%s.%s", name, kind);
    g_autofree char *path = g_build_filename (directory, file, NULL);
    return g_file_test (path, G_FILE_TEST_EXISTS) ? secrets_read_file (path, error) : NULL;
}
