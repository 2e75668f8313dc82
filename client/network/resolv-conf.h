/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The resolver's file as others see it: where it leads and what it says. ROOT is where /etc is, "" for this host.
 */

#include "network/names.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* Where PATH leads in the end; for a link to what does not exist, where it would. */
char *resolv_conf_follow (const char *path);

/* ROOT's file, followed. */
char *resolv_conf_get_target (const char *root);

/* Its content; empty if there is none. */
char *resolv_conf_read (const char *root);

/* NameServer: those that names are asked of now, and those behind them where they are on this host. */
GArray *resolv_conf_list_servers (const char *root);
