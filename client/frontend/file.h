/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Files that a user named, read as that user: bounded, regular files or pipes only, and wiped from memory afterwards, since
 * any of them may hold a key.
 */

#include "bytes/view.h"

/* OUTRIDER_ERROR_FILE, with the path and the reason. */
GBytes *file_read (const char *path, size_t most, GError **error);

/* All that DESCRIPTOR gives until its end; NAME is for messages. The descriptor stays open. */
GBytes *file_read_descriptor (int descriptor, const char *name, size_t most, GError **error);
