/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A name looked up in spite of a kill switch: as any other program would ask, but where the host refuses the way to a name
 * server, the question carries a mark that its rules let pass. So nobody else's questions need to pass.
 */

#include "bytes/address.h"

#include <stdint.h>

typedef struct
{
    IpAddress address;
    unsigned scope; /* the link of a link-local address, by its index; 0: any */
} NameServer;

/*
 * The addresses of NAME (IpAddress, at least one), as /etc/hosts has them, else of SERVERS (NameServer, in their order), with
 * the host's search domains; sorted by RFC 6724. MARK: SO_MARK of questions whose way is refused. Waits, for some
 * seconds where nobody answers; may be called in any thread. NULL: NAME_NOT_RESOLVED.
 */
GArray *names_look_up (const char *name, const GArray *servers, uint32_t mark, GError **error);
