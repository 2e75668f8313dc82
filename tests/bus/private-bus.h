/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A message bus that nobody else knows: dbus-daemon(1) at the place of the system bus under a scratch directory.
 */

#include <stdbool.h>
#include <sys/types.h>

typedef struct PrivateBus PrivateBus;

/* Listens at ROOT/run/dbus/system_bus_socket; starts services by the files in ROOT/services. Aborts the test if it cannot. */
PrivateBus *private_bus_new (const char *root);
void private_bus_free (PrivateBus *self);

const char *private_bus_get_address (const PrivateBus *self);

/* A silent bus: it takes connections, and answers nothing. */
void private_bus_pause (PrivateBus *self);
void private_bus_resume (PrivateBus *self);
