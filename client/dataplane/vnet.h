/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The header that stands before each packet of a TUN device with offload: the kernel's virtio_net_hdr, in host order. It
 * lets one read or write carry a packet larger than the MTU, which is really a train of equal ones (GSO), with its
 * checksum still to be made.
 */

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

typedef struct virtio_net_hdr VnetHeader;

/* Of Linux 6.2, which the headers of Debian 12 do not know yet. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#endif
#ifndef TUN_F_USO6
#define TUN_F_USO6 0x40
#endif

/* Where TCP and UDP keep their checksum. */
#define TCP_CHECKSUM_OFFSET 16
#define UDP_CHECKSUM_OFFSET 6

/* An IP packet's largest size, and that of what a GSO packet's payload is made of. */
#define PACKET_MAX 65535
