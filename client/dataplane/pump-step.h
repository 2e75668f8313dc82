/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The two halves of the pump as plain steps, each run by a thread of its own in the product and by hand in a test. A step
 * takes what is there, up to a batch, and never waits for input.
 */

#include "dataplane/datagrams.h"
#include "dataplane/table.h"

typedef struct PumpSender PumpSender;
typedef struct PumpReceiver PumpReceiver;

/* STOP_FD: a wait for room in the socket's buffer ends when it becomes readable. */
PumpSender *pump_sender_new (const TunDevice *device, UdpTransport *transport, int stop_fd,
                             PumpOffloads offloads);
void pump_sender_free (PumpSender *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PumpSender, pump_sender_free)

/* TUN to ESP. True: there may be more at once. */
bool pump_sender_step (PumpSender *self, const PumpTable *table);

/* TABLE is new: the path may be another. */
void pump_sender_renew (PumpSender *self);
const PumpCounts *pump_sender_get_counts (const PumpSender *self);

PumpReceiver *pump_receiver_new (const TunDevice *device, UdpTransport *transport,
                                 PumpOffloads offloads);
void pump_receiver_free (PumpReceiver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PumpReceiver, pump_receiver_free)

/* ESP to TUN. True: there may be more at once. */
bool pump_receiver_step (PumpReceiver *self, const PumpTable *table);
const PumpCounts *pump_receiver_get_counts (const PumpReceiver *self);

/* CLOCK_BOOTTIME, microseconds, of the last packet that verified; 0: none yet. Any thread. */
gint64 pump_receiver_get_last_in (const PumpReceiver *self);
