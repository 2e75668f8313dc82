/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/profile.h"

/* Whoever adds a field that owns memory adds it to one of these three tables; copying and freeing follow. */
static const size_t strings[] = {
    G_STRUCT_OFFSET (Profile, name),     G_STRUCT_OFFSET (Profile, gateway_identity),
    G_STRUCT_OFFSET (Profile, ca_file),  G_STRUCT_OFFSET (Profile, user),
    G_STRUCT_OFFSET (Profile, identity), G_STRUCT_OFFSET (Profile, certificate_file),
    G_STRUCT_OFFSET (Profile, key_file), G_STRUCT_OFFSET (Profile, pkcs12_file),
    G_STRUCT_OFFSET (Profile, token),    G_STRUCT_OFFSET (Profile, ike),
    G_STRUCT_OFFSET (Profile, esp),      G_STRUCT_OFFSET (Profile, interface),
    G_STRUCT_OFFSET (Profile, file),
};
static const size_t string_lists[] = {
    G_STRUCT_OFFSET (Profile, addresses),
    G_STRUCT_OFFSET (Profile, domains),
};
static const struct
{
    size_t offset;
    unsigned item_size;
} arrays[] = {
    { G_STRUCT_OFFSET (Profile, route_list), sizeof (IpPrefix) },
    { G_STRUCT_OFFSET (Profile, exclude), sizeof (IpPrefix) },
    { G_STRUCT_OFFSET (Profile, dns_list), sizeof (IpAddress) },
    { G_STRUCT_OFFSET (Profile, lines), sizeof (unsigned) },
};

static const char *const methods[] = {
    [PROFILE_METHOD_EAP_MSCHAPV2] = "eap-mschapv2",
    [PROFILE_METHOD_EAP_TLS] = "eap-tls",
    [PROFILE_METHOD_EAP_TTLS] = "eap-ttls",
    [PROFILE_METHOD_EAP_PEAP] = "eap-peap",
    [PROFILE_METHOD_EAP_GTC] = "eap-gtc",
    [PROFILE_METHOD_EAP_MD5] = "eap-md5",
    [PROFILE_METHOD_EAP] = "eap",
    [PROFILE_METHOD_CERTIFICATE] = "certificate",
    [PROFILE_METHOD_PSK] = "psk",
};
static const char *const planes[] = {
    [PROFILE_PLANE_AUTO] = "auto",
    [PROFILE_PLANE_KERNEL] = "kernel",
    [PROFILE_PLANE_USERSPACE] = "userspace",
};

#define FIELD(type, profile, offset) G_STRUCT_MEMBER (type, profile, offset)

Profile *
profile_new (void)
{
    Profile *self = g_new0 (Profile, 1);
    for (size_t i = 0; i < G_N_ELEMENTS (arrays); i++)
        FIELD (GArray *, self, arrays[i].offset) = g_array_new (false, false, arrays[i].item_size);
    self->port = 500;
    self->ipv6_guard = true;
    self->lan = true;
    self->mobike = true;
    self->dpd_delay = 30;
    self->rekey_ike = 4 * 3600;
    self->rekey_child = 3600;
    self->retry = true;
    self->initial_contact = true;
    return self;
}

Profile *
profile_copy (const Profile *self)
{
    Profile *copy = g_new (Profile, 1);
    *copy = *self;
    for (size_t i = 0; i < G_N_ELEMENTS (strings); i++)
        FIELD (char *, copy, strings[i]) = g_strdup (FIELD (char *, self, strings[i]));
    for (size_t i = 0; i < G_N_ELEMENTS (string_lists); i++)
        FIELD (char **, copy, string_lists[i]) = g_strdupv (FIELD (char **, self, string_lists[i]));
    for (size_t i = 0; i < G_N_ELEMENTS (arrays); i++)
        FIELD (GArray *, copy, arrays[i].offset) =
            g_array_copy (FIELD (GArray *, self, arrays[i].offset));
    return copy;
}

void
profile_free (Profile *self)
{
    if (self == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS (strings); i++)
        g_free (FIELD (char *, self, strings[i]));
    for (size_t i = 0; i < G_N_ELEMENTS (string_lists); i++)
        g_strfreev (FIELD (char **, self, string_lists[i]));
    for (size_t i = 0; i < G_N_ELEMENTS (arrays); i++)
        g_array_unref (FIELD (GArray *, self, arrays[i].offset));
    g_free (self);
}

static int
find_name (const char *const *names, size_t n_names, const char *name)
{
    for (size_t i = 0; i < n_names; i++)
        if (strcmp (names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *
profile_method_get_name (ProfileMethod method)
{
    return methods[method];
}

bool
profile_method_parse (const char *name, ProfileMethod *ret_method)
{
    int found = find_name (methods, G_N_ELEMENTS (methods), name);
    if (found < 0)
        return false;
    *ret_method = (ProfileMethod)found;
    return true;
}

const char *
profile_plane_get_name (ProfilePlane plane)
{
    return planes[plane];
}

bool
profile_plane_parse (const char *name, ProfilePlane *ret_plane)
{
    int found = find_name (planes, G_N_ELEMENTS (planes), name);
    if (found < 0)
        return false;
    *ret_plane = (ProfilePlane)found;
    return true;
}
