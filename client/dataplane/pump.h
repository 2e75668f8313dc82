/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The pump: two threads between the TUN device and the socket, one a direction. They share nothing but the table of SAs,
 * which the main thread changes as a whole: it publishes a new one, waits until both threads have passed a point where
 * they hold nothing of the old one, and frees that. So packets meet no lock, no queue and no allocation.
 */

#include "dataplane/dataplane.h"
#include "dataplane/device.h"
#include "dataplane/table.h"

typedef struct Pump Pump;

/*
 * Borrows the socket of TRANSPORT and starts. DEVICE and TRANSPORT outlive the pump; TABLE becomes the pump's, even if
 * it fails, with OUTRIDER_ERROR_HOST_REFUSED.
 */
Pump *pump_new (const TunDevice *device, UdpTransport *transport, PumpTable *table,
                PumpOffloads offloads, GError **error);

/* Ends both threads and gives the socket back. */
void pump_free (Pump *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pump, pump_free)

/* TABLE, which becomes the pump's, is in force when this returns, and the former one is freed. */
void pump_publish (Pump *self, PumpTable *table);

/* The table in force. */
const PumpTable *pump_get_table (const Pump *self);

/* Adds what belongs to no SA, and when something last came in. */
void pump_add_counters (const Pump *self, OutriderCounters *counters);

/* Adds what an SA counted. */
void pump_sa_add_counters (const PumpSa *self, OutriderCounters *counters);
