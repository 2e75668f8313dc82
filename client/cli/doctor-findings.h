/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What `outrider doctor` finds, told at once: a line each under the heading of its group, or a JSON object. A finding is
 * good, worth knowing, a problem, or was a problem until --repair mended it; a next step says what the user can do.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct
{
    bool json;
    bool repair;       /* mend what can be mended */
    const char *group; /* of the check under way, and its name */
    const char *check;
    const char *heading; /* the last one that was printed */
    unsigned notes;
    unsigned problems;
} Doctor;

/* Sentences without capital and full stop; NEXT (may be NULL for a note) is a whole sentence. */
void doctor_good (Doctor *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void doctor_mended (Doctor *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void doctor_note (Doctor *self, const char *next, const char *format, ...) G_GNUC_PRINTF (3, 4);
void doctor_problem (Doctor *self, const char *next, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* What could not be looked at: a note if it is for want of rights, else a problem. */
void doctor_failed (Doctor *self, const GError *error);

/* The last words. */
void doctor_conclude (const Doctor *self, int exit_status);
