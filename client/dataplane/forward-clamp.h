/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * TCP that this host forwards through a device of the kernel's plane (containers, virtual machines): its Maximum Segment Size is
 * lowered to what fits the tunnel, as mss.h does in the userspace plane. An nftables table that belongs to this process: the
 * kernel removes it with the process, however that ends (Linux 5.12). Where the kernel or the nftables library cannot do it,
 * nothing happens: forwarded connections then rely on ICMP.
 */

#include <glib.h>

typedef struct ForwardClamp ForwardClamp;

/* For DEVICE; it is not in force before an MTU is set. */
ForwardClamp *forward_clamp_new (const char *device);
void forward_clamp_free (ForwardClamp *self);

/* Takes effect when this main context has nothing else to do: not on the way to the connection. */
void forward_clamp_set_mtu (ForwardClamp *self, unsigned mtu);
