/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Hears of links and addresses that come and go on this host: another LAN after roaming, a new bridge, or somebody who takes
 * away what is ours. Events come in bursts, and are told once a burst.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct Monitor Monitor;

/* DISTURBED: our own device went, went down or lost an address; or more was going on than can be told. */
typedef void (*MonitorChanged) (bool disturbed, void *data);

/* In the thread's default main context. HOST_REFUSED. */
Monitor *monitor_new (MonitorChanged changed, void *data, GError **error);
void monitor_free (Monitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Monitor, monitor_free)

/* Our own device; 0: there is none. What comes there was made by us, and is not told. */
void monitor_set_device (Monitor *self, int device_index);
