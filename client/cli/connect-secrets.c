/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect-secrets.h"

#include "errors.h"
#include "frontend/explain.h"
#include "frontend/load.h"
#include "frontend/secrets.h"

#include <unistd.h>

/* What a credential of systemd is called after the profile's name: work.password, work.psk. */
static const char *
get_credential_kind (int kind)
{
    return kind == IKE_SECRET_PSK ? "psk" : "password";
}

/* ---- before the tunnel: files ---- */

static bool
read_given (ConnectSecrets *self, Credentials *credentials, GError **error)
{
    const ConnectOptions *options = self->options;
    if (options->psk_file != NULL)
        credentials->psk = secrets_read_file (options->psk_file, error);
    if (options->psk_file != NULL && credentials->psk == NULL)
        return false;
    if (options->password_file == NULL && options->password_descriptor < 0)
        return true;
    self->given = options->password_file != NULL
                      ? secrets_read_file (options->password_file, error)
                      : secrets_read_descriptor (options->password_descriptor, error);
    if (self->given == NULL)
        return false;
    if (options->password_descriptor > STDERR_FILENO)
        close (options->password_descriptor);
    if (options->profile->method != PROFILE_METHOD_CERTIFICATE)
        credentials->password = secret_bytes_ref (self->given);
    return true;
}

static void
take_passphrase (SecretBytes *secret, void *data)
{
    ConnectSecrets *self = data;
    self->passphrase = secret != NULL ? secret_bytes_ref (secret) : NULL;
    g_clear_pointer (&self->prompt, prompt_free);
}

/* Waits for the answer; the main loop goes on, so that signals are heard. */
static SecretBytes *
ask_passphrase (ConnectSecrets *self, const char *file, unsigned attempt, GError **error)
{
    g_autofree char *name = explain_escape (file);
    g_autofree char *question = g_strdup_printf (
        "%sPassphrase for %s: ", attempt > 0 ? "It does not open the file. " : "", name);
    self->about_to_ask (self->owner);
    if (!self->stopping)
        self->prompt = prompt_new (question, take_passphrase, self);
    if (self->prompt == NULL && attempt == 0 && !self->stopping)
        return secrets_read_credential (self->options->entry->name, "password", error);
    while (self->prompt != NULL && !self->stopping)
        g_main_context_iteration (NULL, true);
    if (self->stopping)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_CANCELLED,
                             "before the passphrase was given");
    return g_steal_pointer (&self->passphrase);
}

static SecretBytes *
get_passphrase (const char *file, unsigned attempt, void *data, GError **error)
{
    ConnectSecrets *self = data;
    if (self->given != NULL)
        return attempt == 0 ? secret_bytes_ref (self->given) : NULL;
    if (attempt >= CONNECT_PASSPHRASE_ATTEMPTS)
        return NULL;

    /* Nobody should type a passphrase only to hear that root would have been needed. */
    return outrider_host_prepare (self->host, error) ? ask_passphrase (self, file, attempt, error)
                                                     : NULL;
}

bool
connect_secrets_load (ConnectSecrets *self, Credentials *credentials, GError **error)
{
    return read_given (self, credentials, error) &&
           load_credentials (self->options->profile, get_passphrase, self, credentials, error);
}

/* ---- the tunnel's questions ---- */

/* SECRET is borrowed; NULL says that nobody has one. */
static void
give (ConnectSecrets *self, int kind, SecretBytes *secret)
{
    if (secret != NULL && self->answers[kind] == NULL)
        self->answers[kind] = secret_bytes_ref (secret);
    outrider_tunnel_answer_secret (self->tunnel, secret);
}

static void
take_answer (SecretBytes *secret, void *data)
{
    ConnectSecrets *self = data;
    g_clear_pointer (&self->prompt, prompt_free);
    give (self, self->kind, secret);
}

static char *
make_question (const ConnectSecrets *self, int kind)
{
    const Profile *profile = self->options->profile;
    g_autofree char *place = explain_escape (self->options->entry->name);
    if (kind == IKE_SECRET_PSK)
        return g_strdup_printf ("Pre-shared key for %s: ", place);
    g_autofree char *user = explain_escape (profile->user != NULL ? profile->user : "");
    return g_strdup_printf ("Password of %s for %s: ", user, place);
}

void
connect_secrets_ask (ConnectSecrets *self, int kind)
{
    if (self->answers[kind] != NULL || kind == IKE_SECRET_EAP_IDENTITY || self->stopping)
    {
        give (self, kind, self->answers[kind]);
        return;
    }
    g_clear_pointer (&self->prompt, prompt_free);
    g_autofree char *question = make_question (self, kind);
    self->kind = kind;
    self->prompt = prompt_new (question, take_answer, self);
    if (self->prompt != NULL)
        return;
    g_autoptr (GError) error = NULL;
    g_autoptr (SecretBytes) secret =
        secrets_read_credential (self->options->entry->name, get_credential_kind (kind), &error);
    if (error != NULL)
        g_message ("%s", error->message);
    give (self, kind, secret);
}

void
connect_secrets_stop (ConnectSecrets *self)
{
    self->stopping = true;
    g_clear_pointer (&self->prompt, prompt_free);
}

void
connect_secrets_clear (ConnectSecrets *self)
{
    connect_secrets_stop (self);
    for (int i = 0; i < CONNECT_SECRET_KINDS; i++)
        g_clear_pointer (&self->answers[i], secret_bytes_unref);
    g_clear_pointer (&self->given, secret_bytes_unref);
    g_clear_pointer (&self->passphrase, secret_bytes_unref);
}
