/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * JSON objects on a line, as every command prints them: members by name, in the order of the calls. outrider(1) documents
 * them; a change of a name or a meaning is a change of the interface.
 */

#include "bytes/address.h"

#include <glib.h>

typedef struct JsonLine JsonLine;

/* "{" */
JsonLine *json_line_begin (void);

/* "}"; frees SELF. Without a line's end. */
char *json_line_end (JsonLine *self);

/* What is NULL is left out; what is no UTF-8 is made valid. */
void json_line_add_string (JsonLine *self, const char *name, const char *text);
void json_line_add_number (JsonLine *self, const char *name, gint64 number);
void json_line_add_truth (JsonLine *self, const char *name, bool truth);
void json_line_add_prefixes (JsonLine *self, const char *name, const GArray *prefixes);
void json_line_add_addresses (JsonLine *self, const char *name, const GArray *addresses);
void json_line_add_strings (JsonLine *self, const char *name, const GPtrArray *strings);

/* What is added between the two is a member's. */
void json_line_begin_object (JsonLine *self, const char *name);
void json_line_end_object (JsonLine *self);

/* "code", "message" and "hint". */
void json_line_add_failure (JsonLine *self, const GError *error);
