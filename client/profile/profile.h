/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the user wants, as plain data: a profile. It holds names of files but never opens them, and no secret ever. Keys
 * of [section] key files (keyfile.h) and the options of `outrider connect` fill the same fields.
 */

#include "bytes/address.h"

typedef enum
{
    PROFILE_TRUST_SYSTEM,
    PROFILE_TRUST_FILE, /* ca_file */
} ProfileTrust;

typedef enum
{
    PROFILE_REVOCATION_OFF,
    PROFILE_REVOCATION_SOFT,
    PROFILE_REVOCATION_STRICT,
} ProfileRevocation;

typedef enum
{
    PROFILE_METHOD_EAP_MSCHAPV2,
    PROFILE_METHOD_EAP_TLS,
    PROFILE_METHOD_EAP_TTLS,
    PROFILE_METHOD_EAP_PEAP,
    PROFILE_METHOD_EAP_GTC,
    PROFILE_METHOD_EAP_MD5,
    PROFILE_METHOD_EAP, /* whatever of ours the gateway asks for */
    PROFILE_METHOD_CERTIFICATE,
    PROFILE_METHOD_PSK,
} ProfileMethod;

/* Where a list comes from. */
typedef enum
{
    PROFILE_FROM_GATEWAY,
    PROFILE_ALL,  /* routes: everything */
    PROFILE_NONE, /* dns: leave the resolver alone; routes: set none */
    PROFILE_LIST,
} ProfileSource;

typedef enum
{
    PROFILE_PLANE_AUTO,
    PROFILE_PLANE_KERNEL,
    PROFILE_PLANE_USERSPACE,
} ProfilePlane;

typedef enum
{
    PROFILE_ENCAPSULATION_AUTO,
    PROFILE_ENCAPSULATION_ALWAYS,
} ProfileEncapsulation;

typedef struct
{
    /* [profile] */
    char *name;

    /* [gateway] */
    char **addresses;       /* host names or numeric addresses, tried in order */
    uint16_t port;          /* 500; another one is used from the first message on */
    char *gateway_identity; /* as typed; NULL: the address */
    ProfileTrust trust;
    char *ca_file;
    ProfileRevocation revocation;

    /* [login] */
    ProfileMethod method;
    char *user;
    char *identity; /* as typed; NULL: from user or certificate */
    char *certificate_file;
    char *key_file;
    char *pkcs12_file;
    char *token;

    /* [proposals], as swanctl writes them; NULL: the default offer */
    char *ike;
    char *esp;

    /* [network] */
    ProfileSource routes;
    GArray *route_list; /* IpPrefix, with PROFILE_LIST */
    GArray *exclude;    /* IpPrefix */
    ProfileSource dns;
    GArray *dns_list; /* IpAddress */
    char **domains;   /* beside those of the gateway; NULL: none */
    ProfilePlane plane;
    unsigned mtu;           /* 0: auto */
    unsigned replay_window; /* packets; 0: auto */
    bool lan; /* networks that this host is attached to stay reachable beside a tunnel with rules */
    bool kill_switch;
    bool ipv6_guard;
    char *interface; /* NULL: outrider%d */

    /* [session] */
    bool mobike;
    gint64 dpd_delay; /* seconds; 0: none */
    gint64 rekey_ike; /* seconds; 0: left to the gateway */
    gint64 rekey_child;
    bool reauth;
    bool on_demand;
    bool retry;
    bool initial_contact;
    ProfileEncapsulation encapsulation;
    unsigned timeout; /* seconds until "nobody answers"; not in the file: --timeout; 0: default */

    /* Where it was read; see profile_find_place () */
    char *file;    /* NULL: it was put together otherwise */
    GArray *lines; /* unsigned, by key of the table; 0: not from there */
} Profile;

/* All defaults of DESIGN's key file: trust=system, method=eap-mschapv2, routes=gateway, dns=gateway, ... */
Profile *profile_new (void);
Profile *profile_copy (const Profile *self);
void profile_free (Profile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Profile, profile_free)

/* The names that key files, options and JSON use: "eap-mschapv2", "userspace". */
const char *profile_method_get_name (ProfileMethod method);
bool profile_method_parse (const char *name, ProfileMethod *ret_method);
const char *profile_plane_get_name (ProfilePlane plane);
bool profile_plane_parse (const char *name, ProfilePlane *ret_plane);
