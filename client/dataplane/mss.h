/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * TCP's Maximum Segment Size as both ends of a connection announce it in their first packets (RFC 9293 3.7.1): lowered to what
 * fits the tunnel. This host's own connections follow the device's MTU anyway; those of containers and virtual machines behind
 * it do not.
 */

#include "dataplane/inner.h"

/* PACKET is whole, parsed as INNER, its checksum complete. Whatever is odd about its options stays as it is. */
void mss_clamp (uint8_t *packet, const InnerPacket *inner, unsigned mtu);
