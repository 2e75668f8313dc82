/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What status, down and rekey share: the tunnels that run, chosen by a name, and asked.
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct
{
    char *path;     /* of its socket */
    char *text;     /* its status, a JSON object; "state":"silent" if it does not answer */
    json_t *status; /* the same, read */
} Running;

/*
 * Running, those of NAME: a profile's name, the gateway as it was typed, or the device; NULL: all. RET_HIDDEN (may be NULL):
 * how many others there may be, of users whose tunnels we may not ask.
 */
GPtrArray *running_list (const char *name, unsigned *ret_hidden, GError **error);

/* The same for who wants to change them: NO_RIGHTS also if there is none that we may ask, but others. */
GPtrArray *running_list_own (const char *name, GError **error);

/* A member as text; FALLBACK if there is none. */
const char *running_get (const Running *self, const char *member, const char *fallback);

/* What people call it: the profile's name, else its address; its socket if it does not say. */
const char *running_get_name (const Running *self);

/*
 * The words of a command with at most one NAME, or none (RET_NAME NULL); a profile's file counts as its name. Prints the help or the complaint itself: false, with
 * the status to end with.
 */
bool running_parse (int argc, char **argv, const GOptionEntry *entries, const char *summary,
                    char **ret_name, int *ret_status);

/* Wrong words: prints the COMPLAINT in one line; gives the exit status. After running_parse (). */
int running_refuse_words (const char *complaint);

/* Prints the sentence and the hint, or the object; gives the exit status. */
int running_fail (const GError *error, bool json);
