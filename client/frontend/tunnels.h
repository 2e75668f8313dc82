/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The tunnels that run on this host: each process that carries one listens on a socket of its own in TUNNELS_DIRECTORY,
 * PID.sock, for root and its own user alone. One line is asked, one JSON object on a line is answered:
 *
 *     status            what `outrider status --json` prints of it
 *     down              ends the tunnel in order; {"ok":true}
 *     rekey ike|child   {"ok":true}
 *
 * Anything else is answered {"ok":false}.
 */

#include <glib.h>
#include <stdbool.h>

#define TUNNELS_DIRECTORY "/run/outrider/tunnels"
#define TUNNELS_REQUEST_MAX 64        /* octets */
#define TUNNELS_ANSWER_MAX (16 << 20) /* octets */

/* Sockets (char *, paths) of processes that live; NO_RIGHTS if they may not be seen. DIRECTORY as above, or a test's. */
GPtrArray *tunnels_list (const char *directory, GError **error);

/* Asks one of them; PATIENCE: seconds. NULL: it is gone (CONNECTION_LOST), or not ours to ask (NO_RIGHTS). */
char *tunnels_ask (const char *path, const char *request, unsigned patience, GError **error);

/* Removes the sockets of processes that are gone; how many. */
unsigned tunnels_remove_leftovers (const char *directory);
