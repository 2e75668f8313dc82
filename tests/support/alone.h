/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A network namespace of this process alone, for tests that change a host's network.
 */

#include <stdbool.h>

/*
 * Moves the process, of one thread still, into a new namespace whose loopback is up. Who is not root becomes it in there, so
 * that programs it runs may do what it may. False: this host does not allow it.
 */
bool alone_enter (void);

/* LINES for ip(8), one after the other until one fails. At most 100 KiB. */
bool alone_run_ip (const char *lines);

/* What main () found: whether its tests are POSSIBLE on this host. NEEDS: what they need for that, in words. */
void alone_set_possible (bool possible, const char *needs);

/* What each of them asks first. False: it is skipped, and says what is missing. */
bool alone_is_possible (void);
