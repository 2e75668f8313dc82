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
#define TUNNELS_SUFFIX ".sock"
#define TUNNELS_REQUEST_MAX 64        /* octets */
#define TUNNELS_ANSWER_MAX (16 << 20) /* octets */

/*
 * Sockets (char *, paths) of processes that live and listen to us. RET_HIDDEN: how many others there are, which listen to
 * other users; those may be dead. DIRECTORY as above, or a test's. NO_RIGHTS or HOST_REFUSED if it cannot be read; that it
 * is not there is no error.
 */
GPtrArray *tunnels_list (const char *directory, unsigned *ret_hidden, GError **error);

/* Somebody listens at that path. */
bool tunnels_is_alive (const char *path);

/* Asks one of them; PATIENCE: seconds, more than 0. NULL: it is gone (NO_TUNNEL), or not ours to ask (NO_RIGHTS). */
char *tunnels_ask (const char *path, const char *request, unsigned patience, GError **error);

/* The sockets of processes that are gone: how many, and how many were removed. */
unsigned tunnels_count_leftovers (const char *directory);
unsigned tunnels_remove_leftovers (const char *directory);
