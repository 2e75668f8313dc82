/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The one place with sentences and hints for people. A failure has a code (errors.h), which gives the sentence and the
 * hint here, and a message, which gives the evidence: "wrong user name or password: the gateway said E=691".
 */

#include "errors.h"

/* One sentence, lower case, without a full stop. */
const char *explain_get_sentence (OutriderError code);

/* What the user can do about it: one sentence with its full stop. */
const char *explain_get_hint (OutriderError code);

/* An error that is not of OUTRIDER_ERROR counts as OUTRIDER_ERROR_INTERNAL. */
OutriderError explain_get_code (const GError *error);

/* Sentence and evidence in one line, control characters escaped. */
char *explain_error (const GError *error);

/* TEXT that may have come from anywhere, fit for a terminal: control characters and what is not UTF-8 as \x1b. */
char *explain_escape (const char *text);
