/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor-findings.h"

#include "cli/json-line.h"
#include "errors.h"
#include "frontend/explain.h"

#include <stdio.h>

#define INDENTED "           "

enum
{
    MARGIN = 11, /* columns of INDENTED */
    WIDTH = 80,
};

typedef enum
{
    LEVEL_GOOD,
    LEVEL_MENDED,
    LEVEL_NOTE,
    LEVEL_PROBLEM,
} Level;

static const char *const level_words[] = {
    [LEVEL_GOOD] = "ok",
    [LEVEL_MENDED] = "mended",
    [LEVEL_NOTE] = "note",
    [LEVEL_PROBLEM] = "problem",
};

static void
print_object (const Doctor *self, Level level, const char *text, const char *next)
{
    JsonLine *object = json_line_begin ();
    json_line_add_string (object, "event", "finding");
    json_line_add_string (object, "group", self->group);
    json_line_add_string (object, "check", self->check);
    json_line_add_string (object, "level", level_words[level]);
    json_line_add_string (object, "message", text);
    json_line_add_string (object, "hint", next);
    g_autofree char *line = json_line_end (object);
    puts (line);
}

/* From where the mark ends to the right edge, in whole words. */
static void
print_wrapped (const char *text)
{
    g_auto (GStrv) words = g_strsplit (text, " ", -1);
    glong column = MARGIN;
    for (char **word = words; *word != NULL; word++)
    {
        glong length = g_utf8_strlen (*word, -1);
        bool first = word == words;
        bool next_line = !first && column + 1 + length > WIDTH;
        printf ("%s%s", first ? "" : next_line ? "\n" INDENTED : " ", *word);
        column = next_line ? MARGIN + length : column + length + !first;
    }
    putchar ('\n');
}

static void
print_line (Doctor *self, Level level, const char *text, const char *next)
{
    g_autofree char *escaped = explain_escape (text);
    if (g_strcmp0 (self->heading, self->group) != 0)
        printf ("%s%c%s\n", self->heading != NULL ? "\n" : "", g_ascii_toupper (*self->group),
                self->group + 1);
    self->heading = self->group;
    printf ("  %-8s ", level_words[level]);
    print_wrapped (escaped);
    if (next == NULL)
        return;
    fputs (INDENTED, stdout);
    print_wrapped (next);
}

static void tell (Doctor *self, Level level, const char *next, const char *format,
                  va_list arguments) G_GNUC_PRINTF (4, 0);

static void
tell (Doctor *self, Level level, const char *next, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf (format, arguments);
    self->notes += level == LEVEL_NOTE;
    self->problems += level == LEVEL_PROBLEM;
    if (self->json)
        print_object (self, level, text, next);
    else
        print_line (self, level, text, next);
    fflush (stdout);
}

void
doctor_good (Doctor *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    tell (self, LEVEL_GOOD, NULL, format, arguments);
    va_end (arguments);
}

void
doctor_mended (Doctor *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    tell (self, LEVEL_MENDED, NULL, format, arguments);
    va_end (arguments);
}

void
doctor_note (Doctor *self, const char *next, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    tell (self, LEVEL_NOTE, next, format, arguments);
    va_end (arguments);
}

void
doctor_problem (Doctor *self, const char *next, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    tell (self, LEVEL_PROBLEM, next, format, arguments);
    va_end (arguments);
}

void
doctor_failed (Doctor *self, const GError *error)
{
    OutriderError code = explain_get_code (error);
    g_autofree char *text = explain_error (error);
    if (code == OUTRIDER_ERROR_NO_RIGHTS)
        doctor_note (self, "Run it as root to have this looked at.", "not looked at: %s",
                     error->message);
    else
        doctor_problem (self, explain_get_hint (code), "%s", text);
}

void
doctor_conclude (const Doctor *self, int exit_status)
{
    if (self->json)
    {
        JsonLine *object = json_line_begin ();
        json_line_add_string (object, "event", "doctor");
        json_line_add_number (object, "problems", self->problems);
        json_line_add_number (object, "notes", self->notes);
        json_line_add_number (object, "exit", exit_status);
        g_autofree char *line = json_line_end (object);
        puts (line);
        return;
    }
    if (self->problems == 0)
        puts ("\nNo problem found.");
    else
        printf ("\n%u problem%s found.\n", self->problems, self->problems == 1 ? "" : "s");
}
