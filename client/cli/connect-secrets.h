/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Where `outrider connect` takes secrets from: the files and the descriptor of the command line before the first packet; else
 * the terminal, else a systemd credential, and not before they are needed. An answer is kept for the next connection.
 */

#include "cli/connect-options.h"
#include "cli/prompt.h"
#include "network/host.h"
#include "profile/credentials.h"
#include "tunnel/tunnel.h"

enum
{
    CONNECT_SECRET_KINDS = 3, /* of IkeSecretKind */
    CONNECT_PASSPHRASE_ATTEMPTS = 3,
};

typedef struct
{
    const ConnectOptions *options;
    OutriderHost *host;
    void (*about_to_ask) (void *owner); /* before the terminal is changed */
    void *owner;
    OutriderTunnel *tunnel; /* borrowed; NULL before there is one */
    SecretBytes *given;     /* by --password-file, --password-fd */
    SecretBytes *answers[CONNECT_SECRET_KINDS];
    int kind; /* that the prompt asks for */
    Prompt *prompt;
    SecretBytes *passphrase; /* the answer to the last question before there is a tunnel */
    bool stopping;
} ConnectSecrets;

/* Reads what the command line names, and the profile's files, into CREDENTIALS; asks for passphrases on the way. */
bool connect_secrets_load (ConnectSecrets *self, Credentials *credentials, GError **error);

/* Answers the tunnel's question for a secret of KIND, now or when the user has typed it. */
void connect_secrets_ask (ConnectSecrets *self, int kind);

/* No question any more: the terminal is as before. */
void connect_secrets_stop (ConnectSecrets *self);
void connect_secrets_clear (ConnectSecrets *self);
