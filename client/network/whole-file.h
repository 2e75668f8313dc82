/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Files that others read at any moment: replaced in one step, so that nobody ever sees half of one. What a killed process
 * leaves behind is at most one scratch file, under a name that the next start knows.
 */

#include <stdbool.h>
#include <sys/types.h>

/* Puts CONTENT under PATH; where the name cannot be replaced (a bind mount), the old file's content is changed. errno says why not. */
bool whole_file_put (const char *path, const char *content, size_t size, mode_t mode);

/* Puts a symbolic link under PATH. */
bool whole_file_put_link (const char *path, const char *target);

/* Removes the scratch file of a process that was killed before it could rename it. */
void whole_file_remove_scratch (const char *path);
