/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Tells systemd, if it wants to know (Type=notify), how the service stands: sd_notify (3).
 */

/* "READY=1", "STOPPING=1". Without $NOTIFY_SOCKET nothing happens. */
void notify_systemd (const char *message);
