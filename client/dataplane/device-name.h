/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What a tunnel's device may be called.
 */

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>

/* Counts up from outrider0. */
#define DEVICE_NAME_DEFAULT "outrider%d"

/* What the kernel takes as a name, with at most one %d. HOST_REFUSED. */
bool device_name_check (const char *wish, GError **error);

/* WISH, checked, with NUMBER in the place of its %d. False: it is too long then. */
bool device_name_fill (const char *wish, unsigned number, char ret_name[IFNAMSIZ]);
