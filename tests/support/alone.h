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
