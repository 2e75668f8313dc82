/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The socket by which a running tunnel is asked and told (frontend/tunnels.h has the words). Who asks is held for hostile:
 * root and the process's own user alone are heard, few at a time, each for a short line and a short while; the tunnel
 * never waits.
 */

#include <glib.h>

typedef struct Control Control;

/* The answer to REQUEST, one line of JSON without its end; NULL: not understood. */
typedef char *(*ControlAnswer) (const char *request, void *data);

/* Listens in DIRECTORY (made if missing), in this main context. OUTRIDER_ERROR_HOST_REFUSED. */
Control *control_new (const char *directory, ControlAnswer answer, void *data, GError **error);
void control_free (Control *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Control, control_free)
