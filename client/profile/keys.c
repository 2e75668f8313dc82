/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile/keys.h"

#include "certs/identity.h"
#include "errors.h"
#include "ike/proposal.h"

enum
{
    HOST_NAME_MAX_SIZE = 253,
    HOST_LABEL_MAX_SIZE = 63,
    INTERFACE_NAME_MAX_SIZE = 15,
    QUOTED_MAX = 80, /* characters */
};

#define DAY_SECONDS 86400

struct ProfileWord
{
    const char *name;
    unsigned value;
    const char *refusal; /* known, but nothing that this version can do */
};

struct ProfileItemKind
{
    const char *what;
    unsigned size;
    bool (*parse) (const char *text, void *ret_item);
    char *(*format) (const void *item);
};

#define FIELD(type, profile, key) G_STRUCT_MEMBER (type, profile, (key)->offset)
#define LIST(profile, key) G_STRUCT_MEMBER (GArray *, profile, (key)->list_offset)

static bool refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static bool
refuse (GError **error, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_propagate_error (error, g_error_new_valist (OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                                                  format, arguments));
    va_end (arguments);
    return false;
}

char *
profile_quote (const char *text)
{
    if (g_utf8_strlen (text, -1) <= QUOTED_MAX)
        return g_strdup_printf ("\"%s\"", text);
    g_autofree char *start = g_utf8_substring (text, 0, QUOTED_MAX);
    return g_strdup_printf ("\"%s...\"", start);
}

static void
set_string (char **field, const char *value)
{
    g_free (*field);
    *field = *value != '\0' ? g_strdup (value) : NULL;
}

/* ---- text ---- */

static bool
read_text (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    set_string (&FIELD (char *, profile, self), value);
    return true;
}

static char *
write_text (const ProfileKey *self, const Profile *profile)
{
    return g_strdup (FIELD (char *, profile, self));
}

static bool
read_token (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    if (*value != '\0')
        return refuse (error, "keys on a smart card or in a TPM are beyond this version; use "
                              "certificate-file and key-file, or pkcs12-file");
    return read_text (self, value, profile, error);
}

static bool
read_identity (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    if (*value != '\0')
    {
        g_autoptr (CertsIdentity) identity = certs_identity_parse (value, error);
        if (identity == NULL)
            return false;
    }
    return read_text (self, value, profile, error);
}

static bool
read_proposals (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    bool ike = self->offset == G_STRUCT_OFFSET (Profile, ike);
    if (*value != '\0')
    {
        g_autoptr (GPtrArray) proposals =
            ike_proposals_parse (ike ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP, value, error);
        if (proposals == NULL)
            return false;
    }
    return read_text (self, value, profile, error);
}

/* What the kernel takes as a name, and what sysctl does not take for something else. "%d" counts up. */
static bool
read_interface (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    static const char *const reserved[] = { ".", "..", "all", "default", NULL };
    size_t size = strlen (value);
    const char *percent = strchr (value, '%');
    bool good = size <= INTERFACE_NAME_MAX_SIZE && !g_strv_contains (reserved, value);
    for (const char *c = value; *c != '\0'; c++)
        good = good && g_ascii_isgraph (*c) && strchr ("/:\"'\\", *c) == NULL;
    if (percent != NULL) /* a number alone would be taken for an index */
        good = good && percent > value && percent[1] == 'd' && strchr (percent + 1, '%') == NULL;
    if (!good)
        return refuse (error,
                       "no name for a network interface: at most %d characters, no blank, / or :",
                       INTERFACE_NAME_MAX_SIZE);
    return read_text (self, value, profile, error);
}

/* ---- choices ---- */

static char *
list_words (const ProfileWord *words)
{
    GString *list = g_string_new (NULL);
    for (const ProfileWord *word = words; word->name != NULL; word++)
        if (word->refusal == NULL)
            g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", word->name);
    return g_string_free (list, FALSE);
}

static const ProfileWord *
find_word (const ProfileWord *words, const char *name)
{
    for (const ProfileWord *word = words; word->name != NULL; word++)
        if (strcmp (word->name, name) == 0)
            return word;
    return NULL;
}

static bool
check_word (const ProfileKey *self, const char *value, const ProfileWord **ret_word, GError **error)
{
    const ProfileWord *word = find_word (self->words, value);
    g_autofree char *known = list_words (self->words);
    g_autofree char *quoted = profile_quote (value);
    if (word == NULL)
        return refuse (error, "%s is none of: %s", quoted, known);
    if (word->refusal != NULL)
        return refuse (error, "%s", word->refusal);
    *ret_word = word;
    return true;
}

static const char *
get_word_name (const ProfileWord *words, unsigned value)
{
    for (const ProfileWord *word = words; word->name != NULL; word++)
        if (word->value == value)
            return word->name;
    return NULL;
}

static bool
read_word (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    const ProfileWord *word = NULL;
    if (!check_word (self, value, &word, error))
        return false;
    FIELD (unsigned, profile, self) = word->value;
    return true;
}

static char *
write_word (const ProfileKey *self, const Profile *profile)
{
    return g_strdup (get_word_name (self->words, FIELD (unsigned, profile, self)));
}

static bool
read_switch (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    const ProfileWord *word = NULL;
    if (!check_word (self, value, &word, error))
        return false;
    FIELD (bool, profile, self) = word->value != 0;
    return true;
}

static char *
write_switch (const ProfileKey *self, const Profile *profile)
{
    return g_strdup (FIELD (bool, profile, self) ? "yes" : "no");
}

/* "certificate+eap-mschapv2" deserves another answer than a word that nobody knows. */
static bool
read_method (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    if (strchr (value, '+') != NULL)
        return refuse (error, "this version knows one round of authentication, not two");
    return read_word (self, value, profile, error);
}

/* ---- numbers ---- */

static bool
parse_number (const char *text, size_t size, guint64 *ret_number)
{
    g_autofree char *digits = g_strndup (text, size);
    return size > 0 && g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64, ret_number, NULL);
}

static bool
check_range (const ProfileKey *self, guint64 number, GError **error)
{
    return (number >= self->least && number <= self->most) ||
           refuse (error,
                   "%" G_GUINT64_FORMAT " is not from %" G_GUINT64_FORMAT " to "
                   "%" G_GUINT64_FORMAT,
                   number, self->least, self->most);
}

static bool
read_port (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    guint64 number = 0;
    if (!parse_number (value, strlen (value), &number))
        return refuse (error, "no port number");
    if (!check_range (self, number, error))
        return false;
    FIELD (uint16_t, profile, self) = (uint16_t)number;
    return true;
}

static char *
write_port (const ProfileKey *self, const Profile *profile)
{
    return g_strdup_printf ("%u", FIELD (uint16_t, profile, self));
}

static bool
read_automatic (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    guint64 number = 0;
    bool automatic = strcmp (value, "auto") == 0;
    if (!automatic && !parse_number (value, strlen (value), &number))
        return refuse (error, "neither auto nor a number");
    if (!automatic && !check_range (self, number, error))
        return false;
    FIELD (unsigned, profile, self) = (unsigned)number;
    return true;
}

static char *
write_automatic (const ProfileKey *self, const Profile *profile)
{
    unsigned number = FIELD (unsigned, profile, self);
    return number == 0 ? g_strdup ("auto") : g_strdup_printf ("%u", number);
}

/* Largest first: the first one that fits evenly is written. */
static const struct
{
    char suffix;
    unsigned seconds;
} units[] = { { 'd', DAY_SECONDS }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

static bool
read_duration (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    size_t size = strlen (value);
    guint64 number = 0;
    unsigned seconds = 0;
    for (size_t i = 0; i < G_N_ELEMENTS (units) && size > 1; i++)
        if (value[size - 1] == units[i].suffix)
            seconds = units[i].seconds;
    if (!parse_number (value, seconds != 0 ? size - 1 : size, &number))
        return refuse (error, "no duration such as 30s, 5m, 4h or a number of seconds");
    if (seconds == 0)
        seconds = 1;
    if (number > self->most / seconds)
        return refuse (error, "longer than %u hours", (unsigned)(self->most / 3600));
    FIELD (gint64, profile, self) = (gint64)(number * seconds);
    return true;
}

static char *
write_duration (const ProfileKey *self, const Profile *profile)
{
    gint64 seconds = FIELD (gint64, profile, self);
    for (size_t i = 0; i < G_N_ELEMENTS (units) && seconds > 0; i++)
        if (seconds % units[i].seconds == 0 && units[i].seconds > 1)
            return g_strdup_printf ("%" G_GINT64_FORMAT "%c", seconds / units[i].seconds,
                                    units[i].suffix);
    return g_strdup_printf ("%" G_GINT64_FORMAT, seconds);
}

/* ---- lists ---- */

/* The words between semicolons, commas and blanks. NULL: too many. */
static char **
split_list (const char *value)
{
    g_auto (GStrv) parts = g_strsplit_set (value, ";, \t", -1);
    g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
    unsigned count = 0;
    for (char **part = parts; *part != NULL; part++)
        if (**part != '\0')
        {
            if (++count > PROFILE_LIST_MAX)
                return NULL;
            g_strv_builder_add (builder, *part);
        }
    return g_strv_builder_end (builder);
}

static char **
split_value (const char *value, GError **error)
{
    char **words = split_list (value);
    if (words == NULL)
        refuse (error, "more than %d items", PROFILE_LIST_MAX);
    else if (*words == NULL && *value != '\0')
    {
        refuse (error, "separators, and nothing between them");
        g_clear_pointer (&words, g_strfreev);
    }
    return words;
}

static bool
parse_prefix (const char *text, void *ret_item)
{
    IpPrefix prefix;
    if (!ip_prefix_parse (text, &prefix))
        return false;
    *(IpPrefix *)ret_item = ip_prefix_masked (&prefix);
    return true;
}

static char *
format_prefix (const void *item)
{
    return ip_prefix_format (item);
}

static bool
parse_address (const char *text, void *ret_item)
{
    return ip_address_parse (text, ret_item);
}

static char *
format_address (const void *item)
{
    return ip_address_format (item);
}

static const ProfileItemKind networks = {
    .what = "network such as 10.0.0.0/8 or 2001:db8::/32",
    .size = sizeof (IpPrefix),
    .parse = parse_prefix,
    .format = format_prefix,
};
static const ProfileItemKind addresses = {
    .what = "address such as 10.0.0.1 or 2001:db8::1",
    .size = sizeof (IpAddress),
    .parse = parse_address,
    .format = format_address,
};

/* Replaces the content of LIST, or leaves it as it is. */
static bool
read_items (const ProfileItemKind *kind, const char *value, GArray *list, GError **error)
{
    g_auto (GStrv) words = split_value (value, error);
    if (words == NULL)
        return false;
    g_autoptr (GArray) items = g_array_new (false, true, kind->size);
    for (char **word = words; *word != NULL; word++)
    {
        g_array_set_size (items, items->len + 1);
        if (!kind->parse (*word, items->data + (items->len - 1) * (size_t)kind->size))
        {
            g_autofree char *quoted = profile_quote (*word);
            return refuse (error, "%s is no %s", quoted, kind->what);
        }
    }
    g_array_set_size (list, 0);
    g_array_append_vals (list, items->data, items->len);
    return true;
}

static char *
write_items (const ProfileItemKind *kind, const GArray *list)
{
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < list->len; i++)
    {
        g_autofree char *item = kind->format (list->data + i * (size_t)kind->size);
        g_string_append_printf (text, "%s%s", i > 0 ? ";" : "", item);
    }
    return g_string_free (text, FALSE);
}

static bool
read_list (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    return read_items (self->items, value, FIELD (GArray *, profile, self), error);
}

static char *
write_list (const ProfileKey *self, const Profile *profile)
{
    return write_items (self->items, FIELD (GArray *, profile, self));
}

/* A word, or a list; nothing stands for the default, which is the gateway's. */
static bool
read_source (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    const ProfileWord *word = find_word (self->words, *value != '\0' ? value : "gateway");
    if (word == NULL && !read_items (self->items, value, LIST (profile, self), error))
    {
        g_autofree char *known = list_words (self->words);
        g_prefix_error (error, "neither one of %s nor a list: ", known);
        return false;
    }
    if (word != NULL)
        g_array_set_size (LIST (profile, self), 0);
    FIELD (unsigned, profile, self) = word != NULL ? word->value : PROFILE_LIST;
    return true;
}

static char *
write_source (const ProfileKey *self, const Profile *profile)
{
    const char *word = get_word_name (self->words, FIELD (unsigned, profile, self));
    return word != NULL ? g_strdup (word) : write_items (self->items, LIST (profile, self));
}

/* ---- host names ---- */

/* RFC 1123 2.1, and the underscore that real networks use. Digits and dots alone are a mistyped address. */
static bool
is_host_name (const char *text)
{
    g_auto (GStrv) labels = g_strsplit (text, ".", -1);
    unsigned count = g_strv_length (labels);
    bool letters = false;
    if (count > 1 && *labels[count - 1] == '\0')
        count--; /* "example.com." */
    for (unsigned i = 0; i < count; i++)
    {
        size_t size = strlen (labels[i]);
        if (size == 0 || size > HOST_LABEL_MAX_SIZE || labels[i][0] == '-' ||
            labels[i][size - 1] == '-')
            return false;
        letters = strspn (labels[i], "0123456789") != size;
        for (const char *c = labels[i]; *c != '\0'; c++)
            if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_')
                return false;
    }
    return letters && strlen (text) <= HOST_NAME_MAX_SIZE;
}

/* Names beyond ASCII become what DNS and certificates carry. NULL: no name and no address. */
static char *
parse_host (const char *text)
{
    IpAddress address;
    if (ip_address_parse (text, &address))
        return g_strdup (text);
    g_autofree char *ascii = g_hostname_to_ascii (text);
    return ascii != NULL && is_host_name (ascii) ? g_steal_pointer (&ascii) : NULL;
}

static bool
read_hosts (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    g_auto (GStrv) words = split_value (value, error);
    if (words == NULL)
        return false;
    for (char **word = words; *word != NULL; word++)
    {
        char *host = parse_host (*word);
        if (host == NULL)
        {
            g_autofree char *quoted = profile_quote (*word);
            return refuse (error, "%s is neither a host name nor an address", quoted);
        }
        g_free (*word);
        *word = host;
    }
    g_strfreev (FIELD (char **, profile, self));
    FIELD (char **, profile, self) = *words != NULL ? g_steal_pointer (&words) : NULL;
    return true;
}

static char *
write_hosts (const ProfileKey *self, const Profile *profile)
{
    char **list = FIELD (char **, profile, self);
    return list != NULL ? g_strjoinv (";", list) : NULL;
}

/* ---- the words ---- */

static const ProfileWord trusts[] = {
    { "system", PROFILE_TRUST_SYSTEM, NULL },
    { "file", PROFILE_TRUST_FILE, NULL },
    { 0 },
};

#define NO_REVOCATION "this version does not check whether a certificate is revoked; only off"

static const ProfileWord revocations[] = {
    { "off", PROFILE_REVOCATION_OFF, NULL },
    { "soft", PROFILE_REVOCATION_SOFT, NO_REVOCATION },
    { "strict", PROFILE_REVOCATION_STRICT, NO_REVOCATION },
    { 0 },
};

#define NO_METHOD(name) "this version has no " name "; it knows eap-mschapv2, eap, certificate, psk"

static const ProfileWord methods[] = {
    { "eap-mschapv2", PROFILE_METHOD_EAP_MSCHAPV2, NULL },
    { "eap-tls", PROFILE_METHOD_EAP_TLS, NO_METHOD ("eap-tls") },
    { "eap-ttls", PROFILE_METHOD_EAP_TTLS, NO_METHOD ("eap-ttls") },
    { "eap-peap", PROFILE_METHOD_EAP_PEAP, NO_METHOD ("eap-peap") },
    { "eap-gtc", PROFILE_METHOD_EAP_GTC, NO_METHOD ("eap-gtc") },
    { "eap-md5", PROFILE_METHOD_EAP_MD5, NO_METHOD ("eap-md5") },
    { "eap", PROFILE_METHOD_EAP, NULL },
    { "certificate", PROFILE_METHOD_CERTIFICATE, NULL },
    { "psk", PROFILE_METHOD_PSK, NULL },
    { 0 },
};
static const ProfileWord route_sources[] = {
    { "gateway", PROFILE_FROM_GATEWAY, NULL },
    { "all", PROFILE_ALL, NULL },
    { "none", PROFILE_NONE, NULL },
    { 0 },
};
static const ProfileWord dns_sources[] = {
    { "gateway", PROFILE_FROM_GATEWAY, NULL },
    { "none", PROFILE_NONE, NULL },
    { 0 },
};
static const ProfileWord planes[] = {
    { "auto", PROFILE_PLANE_AUTO, NULL },
    { "kernel", PROFILE_PLANE_KERNEL, NULL },
    { "userspace", PROFILE_PLANE_USERSPACE, NULL },
    { 0 },
};
static const ProfileWord encapsulations[] = {
    { "auto", PROFILE_ENCAPSULATION_AUTO, NULL },
    { "always", PROFILE_ENCAPSULATION_ALWAYS, NULL },
    { 0 },
};

#define SWITCH(refusal)                                                                            \
    {                                                                                              \
        { "yes", 1, refusal }, { "no", 0, NULL }, { "true", 1, refusal }, { "false", 0, NULL },    \
            { 0 },                                                                                 \
    }

static const ProfileWord switches[] = SWITCH (NULL);
static const ProfileWord reauths[] = SWITCH ("this version cannot log in again by itself; only no");
static const ProfileWord on_demands[] = SWITCH ("this version cannot connect on demand; only no");

/* ---- the table ---- */

#define AT(field) .offset = G_STRUCT_OFFSET (Profile, field)
#define TEXT(field) AT (field), .read = read_text, .write = write_text
#define WORD(field, list) AT (field), .read = read_word, .write = write_word, .words = list
#define YES_NO(field, list) AT (field), .read = read_switch, .write = write_switch, .words = list
#define HOSTS(field) AT (field), .read = read_hosts, .write = write_hosts
#define DURATION(field, days)                                                                      \
    AT (field), .read = read_duration, .write = write_duration, .most = (days)*DAY_SECONDS
#define SOURCE(field, list, source_words, kind)                                                    \
    AT (field), .list_offset = G_STRUCT_OFFSET (Profile, list), .read = read_source,               \
                .write = write_source, .words = source_words, .items = &(kind)

/* clang-format off */
const ProfileKey profile_keys[] = {
    { "profile", "name", TEXT (name) },

    { "gateway", "address", HOSTS (addresses) },
    { "gateway", "port", AT (port), .read = read_port, .write = write_port, .least = 1, .most = 65535 },
    { "gateway", "identity", AT (gateway_identity), .read = read_identity, .write = write_text },
    { "gateway", "trust", WORD (trust, trusts) },
    { "gateway", "ca-file", TEXT (ca_file) },
    { "gateway", "revocation", WORD (revocation, revocations) },

    { "login", "method", AT (method), .read = read_method, .write = write_word, .words = methods },
    { "login", "user", TEXT (user) },
    { "login", "identity", AT (identity), .read = read_identity, .write = write_text },
    { "login", "certificate-file", TEXT (certificate_file) },
    { "login", "key-file", TEXT (key_file) },
    { "login", "pkcs12-file", TEXT (pkcs12_file) },
    { "login", "token", AT (token), .read = read_token, .write = write_text },

    { "proposals", "ike", AT (ike), .read = read_proposals, .write = write_text },
    { "proposals", "esp", AT (esp), .read = read_proposals, .write = write_text },

    { "network", "routes", SOURCE (routes, route_list, route_sources, networks) },
    { "network", "exclude", AT (exclude), .read = read_list, .write = write_list, .items = &networks },
    { "network", "dns", SOURCE (dns, dns_list, dns_sources, addresses) },
    { "network", "domains", HOSTS (domains) },
    { "network", "plane", WORD (plane, planes) },
    { "network", "mtu", AT (mtu), .read = read_automatic, .write = write_automatic, .least = 576, .most = 65535 },
    { "network", "replay-window", AT (replay_window), .read = read_automatic, .write = write_automatic, .least = 32, .most = 4096 },
    { "network", "lan", YES_NO (lan, switches) },
    { "network", "kill-switch", YES_NO (kill_switch, switches) },
    { "network", "ipv6-guard", YES_NO (ipv6_guard, switches) },
    { "network", "interface", AT (interface), .read = read_interface, .write = write_text },

    { "session", "mobike", YES_NO (mobike, switches) },
    { "session", "dpd-delay", DURATION (dpd_delay, 1) },
    { "session", "rekey-ike", DURATION (rekey_ike, 30) },
    { "session", "rekey-child", DURATION (rekey_child, 30) },
    { "session", "reauth", YES_NO (reauth, reauths) },
    { "session", "on-demand", YES_NO (on_demand, on_demands) },
    { "session", "retry", YES_NO (retry, switches) },
    { "session", "initial-contact", YES_NO (initial_contact, switches) },
    { "session", "encapsulation", WORD (encapsulation, encapsulations) },
};
/* clang-format on */

const size_t profile_n_keys = G_N_ELEMENTS (profile_keys);
G_STATIC_ASSERT (G_N_ELEMENTS (profile_keys) <= PROFILE_KEYS_MAX);

bool
profile_has_section (const char *section)
{
    for (size_t i = 0; i < profile_n_keys; i++)
        if (strcmp (profile_keys[i].section, section) == 0)
            return true;
    return false;
}

const ProfileKey *
profile_key_find (const char *section, const char *name)
{
    for (size_t i = 0; i < profile_n_keys; i++)
        if (strcmp (profile_keys[i].section, section) == 0 &&
            strcmp (profile_keys[i].name, name) == 0)
            return &profile_keys[i];
    return NULL;
}

char *
profile_section_list_keys (const char *section)
{
    GString *list = g_string_new (NULL);
    for (size_t i = 0; i < profile_n_keys; i++)
        if (strcmp (profile_keys[i].section, section) == 0)
            g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", profile_keys[i].name);
    return g_string_free (list, FALSE);
}

bool
profile_key_read (const ProfileKey *self, const char *value, Profile *profile, GError **error)
{
    if (strlen (value) > PROFILE_VALUE_MAX)
        return refuse (error, "longer than %d octets", PROFILE_VALUE_MAX);
    if (!g_utf8_validate (value, -1, NULL))
        return refuse (error, "not UTF-8");
    for (const char *c = value; *c != '\0'; c = g_utf8_next_char (c))
        if (g_unichar_iscntrl (g_utf8_get_char (c)) && *c != '\t')
            return refuse (error, "a control character in the value");
    g_autofree char *stripped = g_strstrip (g_strdup (value));
    if (*stripped == '\0' && self->words != NULL && self->items == NULL)
    {
        g_autofree char *known = list_words (self->words);
        return refuse (error, "empty; it is one of: %s", known);
    }
    return self->read (self, stripped, profile, error);
}
