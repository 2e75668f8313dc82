/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The kill switches in force, which may outlive their tunnels, as status, down and doctor speak of them: by the name of
 * their profile, or of its gateway where it has none.
 */

#include "network/plan.h"

/* NetworkGuard of NAME; NULL: all. Anybody may look. */
GPtrArray *guards_list (const char *name, GError **error);

/* Lifts that of NAME, or all; how many. NO_RIGHTS, HOST_REFUSED. */
bool guards_lift (const char *name, unsigned *ret_lifted, GError **error);

/* NAME is what GUARD goes by. */
bool guards_is_of (const NetworkGuard *guard, const char *name);

/* "0.0.0.0/0, ::/0": what it refuses, the first few. */
char *guards_format_refused (const NetworkGuard *guard);
