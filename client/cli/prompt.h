/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Asks for a secret on the terminal, without echo, while the main loop goes on. The terminal is as before when the prompt is
 * freed.
 */

#include "bytes/secret.h"

typedef struct Prompt Prompt;

/* SECRET is borrowed; NULL: end of input instead of an answer. The prompt may be freed from within. */
typedef void (*PromptAnswer) (SecretBytes *secret, void *data);

/* NULL: there is no terminal. */
Prompt *prompt_new (const char *question, PromptAnswer answer, void *data);
void prompt_free (Prompt *self);
