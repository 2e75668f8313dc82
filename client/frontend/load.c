/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frontend/load.h"

#include "certs/ceilings.h"
#include "certs/pem.h"
#include "certs/pkcs12.h"
#include "errors.h"
#include "frontend/file.h"
#include "profile/keyfile.h"

enum
{
    PROFILE_SIZE_MAX = 256 * 1024,
};

static void
make_absolute (char **name, const char *directory)
{
    if (*name == NULL)
        return;
    char *absolute = g_canonicalize_filename (*name, directory);
    g_free (*name);
    *name = absolute;
}

Profile *
load_profile (const char *path, GError **error)
{
    g_autoptr (GBytes) content = file_read (path, PROFILE_SIZE_MAX, error);
    if (content == NULL)
        return NULL;
    Profile *profile = profile_from_keyfile (byte_view_of_bytes (content), path, error);
    if (profile == NULL)
        return NULL;
    g_autofree char *absolute = g_canonicalize_filename (path, NULL);
    g_autofree char *directory = g_path_get_dirname (absolute);
    char **names[] = { &profile->ca_file, &profile->certificate_file, &profile->key_file,
                       &profile->pkcs12_file };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        make_absolute (names[i], directory);
    return profile;
}

/* A file that cannot be used is named in a line of the profile, unless an option named it. */
static bool
blame_line (const Profile *profile, const char *section, const char *key, GError **error)
{
    g_autofree char *place = profile_find_place (profile, section, key);
    if (place != NULL && error != NULL &&
        g_error_matches (*error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE))
        g_prefix_error (error, "%s: ", place);
    return false;
}

/* What certs says of octets gets the name of the file that they came from. */
static bool
blame (const char *file, GError **error)
{
    g_prefix_error (error, "%s: ", file);
    return false;
}

static bool
load_certificates (const char *file, GPtrArray **ret_certificates, GError **error)
{
    g_autoptr (GBytes) content = file_read (file, CERTS_FILE_SIZE_MAX, error);
    if (content == NULL)
        return false;
    return certs_parse_certificates (content, ret_certificates, error) || blame (file, error);
}

/* Either of the two things that a passphrase may open. */
typedef struct
{
    CertsKey *key;
    CertsBundle *bundle;
} Opened;

typedef bool (*Open) (GBytes *content, const char *passphrase, size_t size, Opened *ret_opened,
                      GError **error);

static bool
open_key (GBytes *content, const char *passphrase, size_t size, Opened *ret_opened, GError **error)
{
    return certs_parse_key (content, passphrase, size, &ret_opened->key, error);
}

static bool
open_pkcs12 (GBytes *content, const char *passphrase, size_t size, Opened *ret_opened,
             GError **error)
{
    ret_opened->bundle = certs_pkcs12_parse (content, passphrase, size, error);
    return ret_opened->bundle != NULL;
}

static bool
wants_passphrase (const GError *error)
{
    return g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SECRET_NEEDED) ||
           g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SECRET_WRONG);
}

/* Tries without a passphrase first, then with those that ASK gives until it has no more. */
static bool
open_file (const char *file, Open open, LoadPassphrase ask, void *data, Opened *ret_opened,
           GError **error)
{
    g_autoptr (GBytes) content = file_read (file, CERTS_FILE_SIZE_MAX, error);
    if (content == NULL)
        return false;
    g_autoptr (GError) refusal = NULL;
    bool opened = open (content, NULL, 0, ret_opened, &refusal);
    for (unsigned attempt = 0; !opened && wants_passphrase (refusal); attempt++)
    {
        GError *failure = NULL;
        g_autoptr (SecretBytes) passphrase = ask (file, attempt, data, &failure);
        if (failure != NULL)
        {
            g_propagate_error (error, failure);
            return false;
        }
        if (passphrase == NULL)
            break;
        g_clear_error (&refusal);
        ByteView octets = secret_bytes_view (passphrase);
        opened = open (content, (const char *)octets.data, octets.size, ret_opened, &refusal);
    }
    if (opened)
        return true;
    g_propagate_error (error, g_steal_pointer (&refusal));
    return blame (file, error);
}

static bool
load_certificate_and_key (const Profile *profile, LoadPassphrase ask, void *data,
                          Credentials *credentials, GError **error)
{
    g_autoptr (GPtrArray) certificates = NULL;
    Opened opened = { 0 };
    if (!load_certificates (profile->certificate_file, &certificates, error))
        return blame_line (profile, "login", "certificate-file", error);
    if (!open_file (profile->key_file, open_key, ask, data, &opened, error))
        return blame_line (profile, "login", "key-file", error);
    g_autoptr (CertsKey) key = opened.key;
    credentials->bundle = certs_bundle_new (certificates, key, error);
    return credentials->bundle != NULL || blame (profile->certificate_file, error);
}

static bool
load_pkcs12 (const Profile *profile, LoadPassphrase ask, void *data, Credentials *credentials,
             GError **error)
{
    Opened opened = { 0 };
    if (!open_file (profile->pkcs12_file, open_pkcs12, ask, data, &opened, error))
        return blame_line (profile, "login", "pkcs12-file", error);
    credentials->bundle = opened.bundle;
    return true;
}

bool
load_credentials (const Profile *profile, LoadPassphrase ask, void *data, Credentials *credentials,
                  GError **error)
{
    if (profile->trust == PROFILE_TRUST_FILE &&
        !load_certificates (profile->ca_file, &credentials->authorities, error))
        return blame_line (profile, "gateway", "ca-file", error);
    if (profile->method != PROFILE_METHOD_CERTIFICATE)
        return true;
    return profile->pkcs12_file != NULL
               ? load_pkcs12 (profile, ask, data, credentials, error)
               : load_certificate_and_key (profile, ask, data, credentials, error);
}
