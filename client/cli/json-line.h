/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * JSON objects on a line, as every command prints them: members by name, in the order of the calls. outrider(1) documents
 * them; a change of a name or a meaning is a change of the interface.
 */

#include "bytes/address.h"

#include <json-glib/json-glib.h>

/* "{" */
JsonBuilder *json_line_begin (void);

/* "}"; frees BUILDER. Without a line's end. */
char *json_line_end (JsonBuilder *builder);

/* What is NULL is left out; what is no UTF-8 is made valid. */
void json_line_add_string (JsonBuilder *builder, const char *name, const char *text);
void json_line_add_number (JsonBuilder *builder, const char *name, gint64 number);
void json_line_add_truth (JsonBuilder *builder, const char *name, bool truth);
void json_line_add_prefixes (JsonBuilder *builder, const char *name, const GArray *prefixes);
void json_line_add_addresses (JsonBuilder *builder, const char *name, const GArray *addresses);
void json_line_add_strings (JsonBuilder *builder, const char *name, const GPtrArray *strings);

/* "code", "message" and "hint". */
void json_line_add_failure (JsonBuilder *builder, const GError *error);
