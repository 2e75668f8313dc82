/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Who owns what of the kernel's: each tunnel of the kernel plane has a number, and all that it installs carries the if_id
 * XFRM_IF_ID_BASE + number. Unlike a TUN device, all that outlives its process when that is killed.
 *
 * The number is claimed by a listening socket of an abstract name. Such a name lives exactly where the kernel's states do, in
 * the network namespace, and exactly as long as its process; a file under /run or a process id would be judged wrongly by
 * containers that share a network and nothing else. What has our if_id and no claim is a leftover.
 */

#include "bytes/address.h"

#define XFRM_IF_ID_BASE 0x4f750000u
#define XFRM_NUMBERS_MAX 1024u

/* Claims NUMBER: a descriptor that holds it until it is closed; -1: another tunnel has it. */
int xfrm_claim_new (unsigned number);

/* A process that may hold such a claim does: root, or whoever we are. */
bool xfrm_claim_is_held (uint32_t if_id);

/* An if_id of ours, claimed or not. */
bool xfrm_claim_is_ours (uint32_t if_id);

/*
 * Removes what tunnels of dead processes left: policies, states and interfaces with our if_ids. Others' are never touched.
 * Whatever the kernel refuses stays for the next time.
 */
void xfrm_remove_leftovers (void);

/* How many of them there are. 0, or the errno of a kernel that does not tell: EPERM. */
int xfrm_count_leftovers (unsigned *ret_count);

/*
 * Others' policies that take packets from SOURCE to anywhere and bear no if_id: outer packets of ours are among those. 0, or
 * an errno as above.
 */
int xfrm_count_foreign (const IpAddress *source, unsigned *ret_count);
