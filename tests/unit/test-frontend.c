/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "errors.h"
#include "frontend/explain.h"
#include "frontend/file.h"
#include "frontend/load.h"
#include "frontend/secrets.h"
#include "frontend/store.h"
#include "profile/keyfile.h"
#include "support/pki.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a directory for a test ---- */

static char *scratch;

static void
remove_directory (const char *path)
{
    g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
    const char *name;
    while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
        g_autofree char *inside = g_build_filename (path, name, NULL);
        if (g_file_test (inside, G_FILE_TEST_IS_DIR))
            remove_directory (inside);
        else
            g_assert_cmpint (g_unlink (inside), ==, 0);
    }
    g_assert_cmpint (g_rmdir (path), ==, 0);
}

/* The path of NAME in the scratch directory, now with that content. */
static char *
put (const char *name, const void *content, gssize size)
{
    g_autoptr (GError) error = NULL;
    char *path = g_build_filename (scratch, name, NULL);
    g_autofree char *directory = g_path_get_dirname (path);
    g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
    g_file_set_contents (path, content, size, &error);
    g_assert_no_error (error);
    return path;
}

static void
put_text (const char *name, const char *content)
{
    g_free (put (name, content, -1));
}

static void
put_bytes (const char *name, GBytes *content)
{
    gsize size = 0;
    const void *data = g_bytes_get_data (content, &size);
    g_free (put (name, data, (gssize)size));
}

/* ---- sentences ---- */

static void
each_failure_has_its_own_words (void)
{
    g_autoptr (GHashTable) sentences = g_hash_table_new (g_str_hash, g_str_equal);
    for (int code = 0; code < OUTRIDER_N_ERRORS; code++)
    {
        const char *sentence = explain_get_sentence ((OutriderError)code);
        const char *hint = explain_get_hint ((OutriderError)code);
        g_assert_true (sentence != NULL && hint != NULL);
        g_assert_false (g_str_has_suffix (sentence, "."));
        g_assert_true (g_str_has_suffix (hint, "."));
        g_assert_null (strchr (sentence, '\n'));
        g_assert_true (g_hash_table_add (sentences, (void *)sentence));
    }
}

static void
evidence_cannot_fool_a_terminal (void)
{
    g_autoptr (GError) error = g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_PASSWORD_WRONG, "%s",
                                            "E=691 \x1b[2J \xff\xe2\x80\xae \xc3\xbc\n");
    g_autofree char *text = explain_error (error);
    g_assert_cmpstr (
        text, ==, "wrong user name or password: E=691 \\x1b[2J \xef\xbf\xbd\\u202e \xc3\xbc\\x0a");
    g_autoptr (GError) same = g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_CLOSED,
                                                   "the gateway ended the connection (x)");
    g_autofree char *once = explain_error (same);
    g_assert_cmpstr (once, ==, same->message);
    g_autoptr (GError) other = g_error_new_literal (G_FILE_ERROR, 1, "");
    g_assert_cmpint (explain_get_code (other), ==, OUTRIDER_ERROR_INTERNAL);
    g_autofree char *plain = explain_error (other);
    g_assert_cmpstr (plain, ==, explain_get_sentence (OUTRIDER_ERROR_INTERNAL));
}

/* ---- files ---- */

static void
assert_unreadable (const char *path, const char *reason)
{
    g_autoptr (GError) error = NULL;
    g_assert_null (file_read (path, 100, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
    g_assert_true (g_str_has_prefix (error->message, path));
    g_assert_nonnull (strstr (error->message, reason));
}

static void
files_are_bounded (void)
{
    g_autofree char *large = g_strnfill (101, 'x');
    g_autofree char *path = put ("large", large, -1);
    assert_unreadable (path, "larger than 100 octets");
    g_autoptr (GBytes) exact = file_read (path, 101, NULL);
    g_assert_cmpuint (g_bytes_get_size (exact), ==, 101);

    g_autofree char *many = g_strnfill (100000, 'y');
    g_autofree char *other = put ("many", many, -1);
    g_autoptr (GBytes) whole = file_read (other, 1000000, NULL);
    g_assert_cmpmem (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole), many, 100000);

    assert_unreadable (scratch, "a directory");
    assert_unreadable ("/dev/zero", "neither a file nor a pipe");
    assert_unreadable ("/nonexistent/file", "No such file");
    g_autofree char *empty = put ("empty", "", 0);
    g_autoptr (GBytes) nothing = file_read (empty, 100, NULL);
    g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
}

static void *
write_to_pipe (void *path)
{
    int descriptor = open (path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint (write (descriptor, "opensesame\n", 11), ==, 11);
    close (descriptor);
    return NULL;
}

static void
named_pipes_are_read (void)
{
    g_autofree char *path = g_build_filename (scratch, "pipe", NULL);
    g_assert_cmpint (mkfifo (path, 0600), ==, 0);
    GThread *writer = g_thread_new ("writer", write_to_pipe, path);
    g_autoptr (GError) error = NULL;
    g_autoptr (SecretBytes) secret = secrets_read_file (path, &error);
    g_thread_join (writer);
    g_assert_no_error (error);
    ByteView view = secret_bytes_view (secret);
    g_assert_cmpmem (view.data, view.size, "opensesame", 10);
}

/* ---- secrets ---- */

static const struct
{
    const char *content, *secret; /* NULL: refused */
} lines[] = {
    { "wonderland\n", "wonderland" },
    { "wonderland", "wonderland" },
    { "wonderland\r\n", "wonderland" },
    { " wonder land \n\n", " wonder land \n" },
    { "\n", NULL },
    { "", NULL },
};

static void
one_newline_is_not_the_secret (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (lines); i++)
    {
        g_autofree char *path = put ("secret", lines[i].content, -1);
        g_autoptr (GError) error = NULL;
        g_autoptr (SecretBytes) secret = secrets_read_file (path, &error);
        if (lines[i].secret == NULL)
        {
            g_assert_null (secret);
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
            continue;
        }
        g_assert_no_error (error);
        g_assert_true (
            byte_view_equal (secret_bytes_view (secret), byte_view_of_string (lines[i].secret)));
    }
    g_autofree char *large = g_strnfill (4097, 'x');
    g_autofree char *path = put ("secret", large, -1);
    g_assert_null (secrets_read_file (path, NULL));

    int ends[2];
    g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint (write (ends[1], "abc\n", 4), ==, 4);
    close (ends[1]);
    g_autoptr (SecretBytes) piped = secrets_read_descriptor (ends[0], NULL);
    close (ends[0]);
    g_assert_cmpuint (secret_bytes_size (piped), ==, 3);
    g_autoptr (GError) error = NULL;
    g_assert_null (secrets_read_descriptor (ends[0], &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
}

static void
credentials_of_systemd (void)
{
    put_text ("credentials/work.password", "wonderland\n");
    put_text ("credentials/work.psk", "\n");
    put_text ("secret.password", "no\n");
    g_autofree char *directory = g_build_filename (scratch, "credentials", NULL);
    g_autoptr (GError) error = NULL;
    g_assert_null (secrets_read_credential ("work", "password", &error));
    g_assert_no_error (error);
    g_setenv ("CREDENTIALS_DIRECTORY", directory, true);
    g_autoptr (SecretBytes) secret = secrets_read_credential ("work", "password", &error);
    g_assert_no_error (error);
    g_assert_cmpuint (secret_bytes_size (secret), ==, 10);
    g_assert_null (secrets_read_credential ("home", "password", &error));
    g_assert_null (secrets_read_credential ("../secret", "password", &error));
    g_assert_no_error (error);
    g_assert_null (secrets_read_credential ("work", "psk", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
    g_unsetenv ("CREDENTIALS_DIRECTORY");
}

/* ---- profiles by name ---- */

static const struct
{
    const char *argument;
    const char *
        path; /* NULL: a host; relative ones are in the scratch directory if they begin with "own" or "machine" */
    const char *name;
} names[] = {
    { "work", "own/work.profile", "work" },         { "home", "machine/home.profile", "home" },
    { "vpn.example.com", NULL, "vpn.example.com" }, { "./work", "./work", "work" },
    { "/x/lab.profile", "/x/lab.profile", "lab" },  { "lab.profile", "lab.profile", "lab" },
};

static void
names_are_found (void)
{
    put_text ("own/work.profile", "");
    put_text ("machine/work.profile", "");
    put_text ("machine/home.profile", "");
    g_autofree char *own = g_build_filename (scratch, "own", NULL);
    g_autofree char *machine = g_build_filename (scratch, "machine", NULL);
    const char *const directories[] = { "/nonexistent", own, machine, NULL };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
        g_autoptr (StoreEntry) entry = store_find_in (directories, names[i].argument);
        g_assert_cmpstr (entry->name, ==, names[i].name);
        bool stored = names[i].path != NULL && (g_str_has_prefix (names[i].path, "own/") ||
                                                g_str_has_prefix (names[i].path, "machine/"));
        g_autofree char *path =
            stored ? g_build_filename (scratch, names[i].path, NULL) : g_strdup (names[i].path);
        g_assert_cmpstr (entry->path, ==, path);
    }
    g_autoptr (StoreEntry) host = store_find ("no-profile-of-that-name.example");
    g_assert_null (host->path);
}

static void
file_names_are_relative_to_the_profile (void)
{
    g_autofree char *path = put ("dir/lab.profile",
                                 "[gateway]\naddress=a\ntrust=file\nca-file=../ca.pem\n"
                                 "[login]\nmethod=certificate\ncertificate-file=c.pem\n"
                                 "key-file=/etc/k.pem\n",
                                 -1);
    g_autoptr (GError) error = NULL;
    g_autoptr (Profile) profile = load_profile (path, &error);
    g_assert_no_error (error);
    g_autofree char *authority = g_build_filename (scratch, "ca.pem", NULL);
    g_autofree char *certificate = g_build_filename (scratch, "dir", "c.pem", NULL);
    g_assert_cmpstr (profile->ca_file, ==, authority);
    g_assert_cmpstr (profile->certificate_file, ==, certificate);
    g_assert_cmpstr (profile->key_file, ==, "/etc/k.pem");
    g_assert_null (profile->pkcs12_file);

    g_autofree char *bad = put ("bad.profile", "[gateway]\ncolour=blue\n", -1);
    g_assert_null (load_profile (bad, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
    g_assert_true (g_str_has_prefix (error->message, bad));
    g_clear_error (&error);
    g_assert_null (load_profile ("/nonexistent/lab.profile", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
}

/* ---- certificates, keys, passphrases ---- */

/* What a user answers, in turn; NULL-terminated. */
typedef struct
{
    const char *const *answers;
    unsigned asked;
    bool cancels;
} Asked;

static SecretBytes *
answer (const char *file, unsigned attempt, void *data, GError **error)
{
    Asked *asked = data;
    g_assert_cmpuint (attempt, ==, asked->asked);
    asked->asked++;
    if (asked->cancels)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CANCELLED, "");
    const char *text = asked->cancels ? NULL : asked->answers[attempt];
    return text != NULL ? secret_bytes_new (byte_view_of_string (text)) : NULL;
}

/* A profile in the scratch directory that logs in by FILES, "certificate-file=c\nkey-file=k". */
static Profile *
profile_with (const char *gateway, const char *files)
{
    g_autofree char *text = g_strdup_printf (
        "[gateway]\naddress=a\n%s\n[login]\nmethod=certificate\n%s\n", gateway, files);
    g_autofree char *path = put ("p.profile", text, -1);
    g_autoptr (GError) error = NULL;
    Profile *profile = load_profile (path, &error);
    g_assert_no_error (error);
    return profile;
}

/* CODE -1: it opens after N_ASKED questions. */
static void
assert_login (const char *files, const char *const *answers, unsigned n_asked, int code)
{
    g_autoptr (Profile) profile = profile_with ("", files);
    g_autoptr (Credentials) credentials = credentials_new ();
    g_autoptr (GError) error = NULL;
    Asked asked = { .answers = answers };
    bool done = load_credentials (profile, answer, &asked, credentials, &error);
    g_assert_cmpuint (asked.asked, ==, n_asked);
    if (code < 0)
    {
        g_assert_no_error (error);
        g_assert_true (done && credentials->bundle != NULL);
        return;
    }
    g_assert_false (done);
    g_assert_null (credentials->bundle);
    g_assert_error (error, OUTRIDER_ERROR, code);
    g_assert_true (g_str_has_prefix (error->message, scratch));
}

static const char *const nobody[] = { NULL };
static const char *const right[] = { "opensesame", NULL };
static const char *const wrong[] = { "closesesame", NULL };
static const char *const late[] = { "a", "b", "opensesame", NULL };

static void
put_login_files (void)
{
    g_autoptr (PkiEntity) root = pki_issue_root ("Root");
    PkiRequest request = { .subject = "CN=alice", .names = "email:alice@example.com" };
    g_autoptr (PkiEntity) alice = pki_issue (&request, root);
    g_autofree char *certificate = pki_get_certificate_pem (alice);
    g_autofree char *plain = pki_get_key_pem (alice, NULL, NULL);
    g_autofree char *locked = pki_get_key_pem (alice, "AES-256-CBC", "opensesame");
    g_autofree char *other = pki_get_key_pem (root, NULL, NULL);
    g_autofree char *authority = pki_get_certificate_pem (root);
    put_text ("c.pem", certificate);
    put_text ("plain.pem", plain);
    put_text ("locked.pem", locked);
    put_text ("other.pem", other);
    put_text ("ca.pem", authority);
    put_text ("text.pem", "not a certificate\n");
    PkiPkcs12 options = { .passphrase = "opensesame" };
    g_autoptr (GBytes) archive = pki_get_pkcs12 (alice, &options);
    put_bytes ("alice.p12", archive);
}

static void
passphrases_are_asked_for_when_needed (void)
{
    put_login_files ();
    assert_login ("certificate-file=c.pem\nkey-file=plain.pem", nobody, 0, -1);
    assert_login ("certificate-file=c.pem\nkey-file=locked.pem", right, 1, -1);
    assert_login ("certificate-file=c.pem\nkey-file=locked.pem", late, 3, -1);
    assert_login ("certificate-file=c.pem\nkey-file=locked.pem", wrong, 2,
                  OUTRIDER_ERROR_SECRET_WRONG);
    assert_login ("certificate-file=c.pem\nkey-file=locked.pem", nobody, 1,
                  OUTRIDER_ERROR_SECRET_NEEDED);
    assert_login ("pkcs12-file=alice.p12", right, 1, -1);
    assert_login ("pkcs12-file=alice.p12", late, 3, -1);
    assert_login ("pkcs12-file=alice.p12", wrong, 2, OUTRIDER_ERROR_SECRET_WRONG);
    assert_login ("pkcs12-file=alice.p12", nobody, 1, OUTRIDER_ERROR_SECRET_NEEDED);
    assert_login ("certificate-file=c.pem\nkey-file=other.pem", nobody, 0, OUTRIDER_ERROR_FILE);
    assert_login ("certificate-file=text.pem\nkey-file=plain.pem", nobody, 0, OUTRIDER_ERROR_FILE);
    assert_login ("certificate-file=c.pem\nkey-file=text.pem", nobody, 0, OUTRIDER_ERROR_FILE);
    assert_login ("pkcs12-file=text.pem", nobody, 0, OUTRIDER_ERROR_FILE);
    assert_login ("pkcs12-file=none.p12", nobody, 0, OUTRIDER_ERROR_FILE);

    g_autoptr (Profile) profile = profile_with ("", "pkcs12-file=alice.p12");
    g_autoptr (Credentials) credentials = credentials_new ();
    g_autoptr (GError) error = NULL;
    Asked asked = { .cancels = true };
    g_assert_false (load_credentials (profile, answer, &asked, credentials, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CANCELLED);
    g_assert_cmpuint (asked.asked, ==, 1);
}

static void
authorities_are_read (void)
{
    put_login_files ();
    g_autoptr (Profile) profile =
        profile_with ("trust=file\nca-file=ca.pem", "certificate-file=c.pem\nkey-file=plain.pem");
    g_autoptr (Credentials) credentials = credentials_new ();
    g_autoptr (GError) error = NULL;
    g_assert_true (load_credentials (profile, answer, NULL, credentials, &error));
    g_assert_cmpuint (credentials->authorities->len, ==, 1);

    g_autoptr (Profile) user = profile_new ();
    g_autoptr (Credentials) system = credentials_new ();
    g_assert_true (load_credentials (user, answer, NULL, system, &error));
    g_assert_null (system->authorities);
    g_assert_null (system->bundle);

    /* A file of the profile is named with its line, one of an option without. */
    g_autoptr (Profile) absent = profile_with ("trust=file\nca-file=absent.pem",
                                               "certificate-file=c.pem\nkey-file=plain.pem");
    g_autoptr (Credentials) nothing = credentials_new ();
    g_assert_false (load_credentials (absent, answer, NULL, nothing, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
    g_assert_nonnull (strstr (error->message, "p.profile:4: [gateway] ca-file: "));
    g_assert_nonnull (strstr (error->message, "absent.pem: No such file"));
    g_clear_error (&error);

    g_assert_true (
        profile_set (profile, "gateway", "ca-file", "/nonexistent/ca.crt", "--ca", NULL));
    g_autoptr (Credentials) none = credentials_new ();
    g_assert_false (load_credentials (profile, answer, NULL, none, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_FILE);
    g_assert_true (g_str_has_prefix (error->message, "/nonexistent/ca.crt"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_autoptr (GError) error = NULL;
    scratch = g_dir_make_tmp ("outrider-frontend-XXXXXX", &error);
    g_assert_no_error (error);
    g_test_add_func ("/frontend/explain/all", each_failure_has_its_own_words);
    g_test_add_func ("/frontend/explain/escaped", evidence_cannot_fool_a_terminal);
    g_test_add_func ("/frontend/file/bounded", files_are_bounded);
    g_test_add_func ("/frontend/file/pipe", named_pipes_are_read);
    g_test_add_func ("/frontend/secrets/newline", one_newline_is_not_the_secret);
    g_test_add_func ("/frontend/secrets/systemd", credentials_of_systemd);
    g_test_add_func ("/frontend/store", names_are_found);
    g_test_add_func ("/frontend/load/relative", file_names_are_relative_to_the_profile);
    g_test_add_func ("/frontend/load/passphrases", passphrases_are_asked_for_when_needed);
    g_test_add_func ("/frontend/load/authorities", authorities_are_read);
    int status = g_test_run ();
    remove_directory (scratch);
    g_free (scratch);
    return status;
}
