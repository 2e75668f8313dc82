/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-options.h"

#include "errors.h"
#include "frontend/load.h"
#include "profile/keyfile.h"
#include "profile/validate.h"

#include <stdio.h>

enum
{
    TIMEOUT_MAX = 3600,
    SECONDS_DIGITS_MAX = 9,
};

/*
 * A row with a section sets that key: to the option's argument, or to the row's own value. Rows without a description are
 * what an option implies; they come first, so that another option may overrule them.
 */
typedef struct
{
    const char *option;
    char letter;
    const char *argument; /* its name in the help; NULL: the option takes none */
    const char *section, *key, *value;
    bool is_file; /* relative to the working directory, not to the profile */
    const char *description;
} Row;

/* clang-format off */
static const Row rows[] = {
    { "user", 'u', "USER", "login", "user", .description = "user name" },
    { "method", 'm', "METHOD", "login", "method",
      .description = "eap-mschapv2 (default), eap, certificate or psk" },
    { "ca", 0, "FILE", "gateway", "ca-file", .is_file = true,
      .description = "trust the CA certificates in FILE, not the system's" },
    { "ca", 0, NULL, "gateway", "trust", "file" },
    { "cert", 0, "FILE", "login", "certificate-file", .is_file = true,
      .description = "log in with the certificate in FILE" },
    { "cert", 0, NULL, "login", "method", "certificate" },
    { "cert", 0, NULL, "login", "pkcs12-file", "" },
    { "key", 0, "FILE", "login", "key-file", .is_file = true, .description = "its private key" },
    { "pkcs12", 0, "FILE", "login", "pkcs12-file", .is_file = true,
      .description = "log in with certificate and key in one PKCS#12 file" },
    { "pkcs12", 0, NULL, "login", "method", "certificate" },
    { "pkcs12", 0, NULL, "login", "certificate-file", "" },
    { "pkcs12", 0, NULL, "login", "key-file", "" },
    { "gateway-id", 0, "ID", "gateway", "identity",
      .description = "whom the gateway must prove to be (default: HOST)" },
    { "id", 0, "ID", "login", "identity", .description = "identity that we use (default: from user or certificate)" },
    { "port", 'p', "PORT", "gateway", "port", .description = "the gateway's UDP port (default: 500, then 4500)" },
    { "psk-file", 0, "FILE", .description = "log in with the pre-shared key in FILE" },
    { "psk-file", 0, NULL, "login", "method", "psk" },
    { "password-file", 0, "FILE", .description = "read the password (or a key's passphrase) from FILE" },
    { "password-fd", 0, "N", .description = "read it from file descriptor N" },
    { "ike", 0, "PROPOSALS", "proposals", "ike", .description = "IKE algorithms, such as aes256gcm16-prfsha384-ecp384" },
    { "esp", 0, "PROPOSALS", "proposals", "esp", .description = "ESP algorithms, such as aes256gcm16" },
    { "routes", 0, "ROUTES", "network", "routes", .description = "gateway (default), all, none, or networks separated by commas" },
    { "plane", 0, "PLANE", "network", "plane", .description = "auto (default), kernel or userspace" },
    { "no-dns", 0, NULL, "network", "dns", "none", .description = "leave the resolver alone" },
    { "no-routes", 0, NULL, "network", "routes", "none", .description = "set no routes" },
    { "timeout", 't', "SECONDS", .description = "give up when nobody has answered for so long" },
    { "once", '1', NULL, "session", "retry", "no", .description = "do not connect again when the connection is lost" },
    { "json", 'j', NULL, .description = "one JSON object a line instead of text" },
    { "verbose", 'v', NULL, .description = "tell more of what happens" },
    { "help", 'h', NULL, .description = "show this help" },
};
/* clang-format on */

static bool refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static bool
refuse (GError **error, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_propagate_error (
        error, g_error_new_valist (OUTRIDER_ERROR, OUTRIDER_ERROR_USAGE, format, arguments));
    va_end (arguments);
    return false;
}

/* What is wrong with a value that came on the command line is the command line's fault. */
static bool
blame_command_line (GError *error)
{
    if (g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID))
        error->code = OUTRIDER_ERROR_USAGE;
    return false;
}

/* ---- the words of the command line ---- */

static gboolean
take_option (const char *option, const char *value, void *data, GError **error)
{
    GHashTable *given = data;
    const char *name = option + strspn (option, "-");
    for (size_t i = 0; i < G_N_ELEMENTS (rows) && option[1] != '-'; i++)
        if (rows[i].letter != '\0' && rows[i].letter == *name)
        {
            name = rows[i].option;
            break;
        }
    g_hash_table_replace (given, g_strdup (name), g_strdup (value != NULL ? value : ""));
    return true;
}

static GOptionContext *
make_context (GHashTable *given)
{
    GOptionContext *context = g_option_context_new ("PROFILE|FILE|HOST");
    GOptionGroup *group = g_option_group_new ("connect", "", "", given, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        if (rows[i].description == NULL)
            continue;
        GOptionEntry entry[2] = {
            {
                .long_name = rows[i].option,
                .short_name = rows[i].letter,
                .arg = G_OPTION_ARG_CALLBACK,
                .flags = rows[i].argument != NULL ? G_OPTION_FLAG_FILENAME : G_OPTION_FLAG_NO_ARG,
                .arg_data = (void *)take_option,
                .description = rows[i].description,
                .arg_description = rows[i].argument,
            },
        };
        g_option_group_add_entries (group, entry);
    }
    g_option_context_set_main_group (context, group);
    g_option_context_set_help_enabled (context, false);
    g_option_context_set_summary (
        context,
        "Connects to an IKEv2 gateway and stays in the foreground until it is told to stop\n"
        "(Ctrl-C). PROFILE is the name of a profile in ~/.config/outrider or /etc/outrider,\n"
        "FILE the path of one, HOST a gateway's name or address.");
    g_option_context_set_description (
        context,
        "Without a password given it is asked for. See outrider(1) for exit statuses and JSON.\n");
    return context;
}

void
connect_options_print_help (void)
{
    g_autoptr (GHashTable) given = g_hash_table_new (g_str_hash, g_str_equal);
    g_autoptr (GOptionContext) context = make_context (given);
    g_set_prgname ("outrider connect");
    g_autofree char *help = g_option_context_get_help (context, true, NULL);
    fputs (help, stdout);
}

/* GOption passes over the value in "--once=no", which would then mean the contrary. */
static bool
check_switches (int argc, char **argv, GError **error)
{
    for (int word = 1; word < argc && strcmp (argv[word], "--") != 0; word++)
        for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
        {
            g_autofree char *start = g_strdup_printf ("--%s=", rows[i].option);
            if (rows[i].argument == NULL && rows[i].description != NULL &&
                g_str_has_prefix (argv[word], start))
                return refuse (error, "--%s takes no value", rows[i].option);
        }
    return true;
}

/* The options to GIVEN, the one argument to RET_NAME. */
static bool
read_words (int argc, char **argv, GHashTable *given, char **ret_name, GError **error)
{
    if (!check_switches (argc, argv, error))
        return false;
    g_autoptr (GOptionContext) context = make_context (given);
    g_auto (GStrv) words = g_new0 (char *, argc + 1);
    for (int i = 0; i < argc; i++)
        words[i] = g_strdup (argv[i]);
    g_autoptr (GError) failure = NULL;
    if (!g_option_context_parse_strv (context, &words, &failure))
    {
        failure->message[0] = g_ascii_tolower (failure->message[0]);
        return refuse (error, "%s", failure->message);
    }
    unsigned count = g_strv_length (words);
    if (g_hash_table_contains (given, "help"))
        return true;

    /* GOption leaves a "--" in place when what follows could be an option. */
    unsigned first = count > 1 && strcmp (words[1], "--") == 0 ? 2 : 1;
    if (count <= first)
        return refuse (error, "connect needs the name of a profile, a file or a host");
    if (count > first + 1)
        return refuse (error, "connect takes one profile or host; \"%s\" is one too many",
                       words[first + 1]);
    if (*words[first] == '\0')
        return refuse (error, "the name of the profile or host is empty");
    *ret_name = g_strdup (words[first]);
    return true;
}

/* ---- onto the profile ---- */

static bool
apply_row (const Row *row, const char *argument, Profile *profile, GError **error)
{
    g_autofree char *source = g_strdup_printf ("--%s", row->option);
    g_autofree char *path =
        row->is_file && *argument != '\0' ? g_canonicalize_filename (argument, NULL) : NULL;
    const char *value = row->value != NULL ? row->value : path != NULL ? path : argument;
    if (row->argument != NULL && *argument == '\0')
        return refuse (error, "%s: empty", source);
    return profile_set (profile, row->section, row->key, value, source, error);
}

static bool
apply_rows (GHashTable *given, Profile *profile, bool implied, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        const char *argument = g_hash_table_lookup (given, rows[i].option);
        if (argument != NULL && rows[i].section != NULL &&
            implied == (rows[i].description == NULL) &&
            !apply_row (&rows[i], argument, profile, error))
            return false;
    }
    return true;
}

static bool
read_number (GHashTable *given, const char *option, guint64 least, guint64 most,
             guint64 *ret_number, GError **error)
{
    const char *text = g_hash_table_lookup (given, option);
    return text == NULL || g_ascii_string_to_unsigned (text, 10, least, most, ret_number, NULL) ||
           refuse (error, "--%s: a number from %u to %u is needed", option, (unsigned)least,
                   (unsigned)most);
}

/* What is no key of a profile. */
static bool
take_others (ConnectOptions *self, GHashTable *given, GError **error)
{
    guint64 descriptor = 0;
    self->password_file = g_strdup (g_hash_table_lookup (given, "password-file"));
    self->psk_file = g_strdup (g_hash_table_lookup (given, "psk-file"));
    if (!read_number (given, "password-fd", 0, G_MAXINT, &descriptor, error))
        return false;
    if (g_hash_table_contains (given, "password-fd"))
        self->password_descriptor = (int)descriptor;
    return self->password_file == NULL || self->password_descriptor < 0 ||
           refuse (error, "--password-file and --password-fd: only one of both can be meant");
}

static bool
check_secrets (const ConnectOptions *self, GError **error)
{
    bool password = self->password_file != NULL || self->password_descriptor >= 0;
    const char *method = profile_method_get_name (self->profile->method);
    bool psk = self->profile->method == PROFILE_METHOD_PSK;
    if (password && psk)
        return refuse (error, "--password-file and --password-fd are of no use with method %s",
                       method);
    if (self->psk_file != NULL && !psk)
        return refuse (error, "--psk-file is of no use with method %s", method);
    return true;
}

static bool
make_profile (ConnectOptions *self, GHashTable *given, GError **error)
{
    guint64 timeout = 0;
    if (!read_number (given, "timeout", 1, TIMEOUT_MAX, &timeout, error))
        return false;
    bool is_host = self->entry->path == NULL;
    if (is_host && strpbrk (self->entry->name, ";, \t\n") != NULL)
        return refuse (error, "no profile is called \"%s\", and no host can be", self->entry->name);
    self->profile = is_host ? profile_new () : load_profile (self->entry->path, error);
    if (self->profile == NULL)
        return false;
    self->profile->timeout = (unsigned)timeout;
    if (!is_host && self->profile->name == NULL)
        self->profile->name = g_strdup (self->entry->name);
    GError *failure = NULL;
    if ((is_host &&
         !profile_set (self->profile, "gateway", "address", self->entry->name, "HOST", &failure)) ||
        !apply_rows (given, self->profile, true, &failure) ||
        !apply_rows (given, self->profile, false, &failure))
    {
        blame_command_line (failure);
        g_propagate_error (error, failure);
        return false;
    }
    if (!profile_validate (self->profile, is_host ? "command line" : self->entry->path, &failure))
    {
        if (is_host)
        {
            blame_command_line (failure);
            g_prefix_error (&failure, "no profile is called \"%s\", and as a host it needs more: ",
                            self->entry->name);
        }
        g_propagate_error (error, failure);
        return false;
    }
    return check_secrets (self, error);
}

bool
connect_options_parse (ConnectOptions *self, int argc, char **argv, GError **error)
{
    *self = (ConnectOptions){ .password_descriptor = -1 };
    g_autoptr (GHashTable) given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *name = NULL;
    bool understood = read_words (argc, argv, given, &name, error);
    self->json = g_hash_table_contains (given, "json");
    self->verbose = g_hash_table_contains (given, "verbose");
    self->help = g_hash_table_contains (given, "help");
    if (!understood || self->help)
        return understood;
    self->entry = store_find (name);
    return take_others (self, given, error) && make_profile (self, given, error);
}

void
connect_options_clear (ConnectOptions *self)
{
    g_clear_pointer (&self->password_file, g_free);
    g_clear_pointer (&self->psk_file, g_free);
    g_clear_pointer (&self->entry, store_entry_free);
    g_clear_pointer (&self->profile, profile_free);
}
