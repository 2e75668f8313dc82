/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A scratch directory in place of a host's root, as far as its resolver looks at it; and the plan of a tunnel for it.
 */

#include "network/plan.h"

char *host_root_new (void);

/* With all that is in it. */
void host_root_free (char *self);

/* A whole new file under a PATH such as "/etc/resolv.conf"; folders are made. */
void host_root_put (const char *self, const char *path, const char *content);
void host_root_put_link (const char *self, const char *path, const char *target);

/* NULL: there is none. */
char *host_root_read (const char *self, const char *path);

/* Split, with the server 10.77.0.53 and the domain corp.test. */
NetworkPlan *host_root_make_plan (const char *device, int index);
void host_root_add_server (NetworkPlan *plan, const char *address);
