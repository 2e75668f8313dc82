/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/validate.h"

#include "errors.h"
#include "profile/keyfile.h"
#include "profile/keys.h"

/* A rule between fields: the key that is to blame, and what is wrong with it; NULL if all is well. */
typedef struct
{
    const char *section;
    const char *key;
    const char *(*complain) (const Profile *profile);
} Rule;

static bool
has_eap (const Profile *profile)
{
    return profile->method != PROFILE_METHOD_CERTIFICATE && profile->method != PROFILE_METHOD_PSK;
}

static const char *
check_address (const Profile *profile)
{
    return profile->addresses == NULL || profile->addresses[0] == NULL
               ? "missing: the gateway's host name or address"
               : NULL;
}

static const char *
check_trust (const Profile *profile)
{
    return profile->trust == PROFILE_TRUST_FILE && profile->ca_file == NULL ? "file needs a ca-file"
                                                                            : NULL;
}

static const char *
check_ca_file (const Profile *profile)
{
    return profile->trust != PROFILE_TRUST_FILE && profile->ca_file != NULL
               ? "of no use without trust=file"
               : NULL;
}

static const char *
check_user (const Profile *profile)
{
    return has_eap (profile) && profile->user == NULL ? "missing: the method needs a user name"
                                                      : NULL;
}

static const char *
check_certificate (const Profile *profile)
{
    return profile->method == PROFILE_METHOD_CERTIFICATE && profile->certificate_file == NULL &&
                   profile->pkcs12_file == NULL
               ? "missing: method certificate needs certificate-file and key-file, or pkcs12-file"
               : NULL;
}

static const char *
check_key (const Profile *profile)
{
    bool certificate = profile->certificate_file != NULL;
    if (profile->method != PROFILE_METHOD_CERTIFICATE || certificate == (profile->key_file != NULL))
        return NULL;
    return certificate ? "missing: the private key of certificate-file"
                       : "of no use without its certificate-file";
}

static const char *
check_pkcs12 (const Profile *profile)
{
    return profile->method == PROFILE_METHOD_CERTIFICATE && profile->pkcs12_file != NULL &&
                   (profile->certificate_file != NULL || profile->key_file != NULL)
               ? "stands beside certificate-file or key-file: only one of both can be meant"
               : NULL;
}

static const char *
check_kill_switch (const Profile *profile)
{
    return profile->kill_switch && profile->routes == PROFILE_NONE
               ? "without routes there is nothing to refuse"
               : NULL;
}

static const Rule rules[] = {
    { "gateway", "address", check_address },  { "gateway", "trust", check_trust },
    { "gateway", "ca-file", check_ca_file },  { "login", "user", check_user },
    { "login", "pkcs12-file", check_pkcs12 }, { "login", "certificate-file", check_certificate },
    { "login", "key-file", check_key },       { "network", "kill-switch", check_kill_switch },
};

/* However the profile was made: each value must be one that its key would take. */
static bool
check_values (const Profile *profile, const char *name, GError **error)
{
    g_autoptr (Profile) scratch = profile_new ();
    for (size_t i = 0; i < profile_n_keys; i++)
    {
        const ProfileKey *key = &profile_keys[i];
        g_autofree char *value = key->write (key, profile);
        if (value == NULL || profile_key_read (key, value, scratch, error))
            continue;
        g_prefix_error (error, "%s: [%s] %s: ", name, key->section, key->name);
        return false;
    }
    return true;
}

bool
profile_validate (const Profile *self, const char *name, GError **error)
{
    if (!check_values (self, name, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS (rules); i++)
    {
        const char *complaint = rules[i].complain (self);
        if (complaint == NULL)
            continue;
        g_autofree char *place = profile_find_place (self, rules[i].section, rules[i].key);
        if (place == NULL)
            place = g_strdup_printf ("%s: [%s] %s", name, rules[i].section, rules[i].key);
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID, "%s: %s", place,
                     complaint);
        return false;
    }
    return true;
}
