/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The TUN device: made, read and written. It is not persistent: with its last descriptor it goes, and with it go its
 * addresses and routes.
 */

#include "dataplane/vnet.h"

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/* What may be tried, each done without where the kernel refuses. Tests switch them off one by one. */
typedef enum
{
    PUMP_TUN_OFFLOAD = 1 << 0, /* trains of packets through TUN: IFF_VNET_HDR, TCP */
    PUMP_TUN_USO = 1 << 1,     /* of UDP, too */
    PUMP_UDP_SEGMENT = 1 << 2, /* trains of datagrams out of the socket */
    PUMP_UDP_GRO = 1 << 3,     /* and into it */
    PUMP_MANY = 1 << 4,        /* several messages a system call */
    PUMP_JOIN = 1 << 5,        /* packets that came out of ESP joined again */
    PUMP_EVERYTHING = (1 << 6) - 1,
} PumpOffloads;

typedef struct
{
    int fd;
    int index;
    char name[IFNAMSIZ];
    bool vnet; /* a VnetHeader stands before each packet */
    bool tso;  /* trains of TCP segments both ways */
    bool uso;  /* trains of UDP datagrams both ways */
} TunDevice;

#define TUN_DEVICE_CLOSED                                                                          \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* WISH: a name or one with a single %d, "outrider%d" if NULL. Fails with NO_TUN, NO_RIGHTS or HOST_REFUSED. */
bool tun_device_open (TunDevice *self, const char *wish, PumpOffloads offloads, GError **error);
void tun_device_close (TunDevice *self);

/* Whether there are TUN devices here; none is made. NO_TUN, NO_RIGHTS or HOST_REFUSED. */
bool tun_device_is_possible (GError **error);

/*
 * One packet to PACKET, whose ROOM octets follow sizeof (VnetHeader) octets that are used, too; its size, or -1 with
 * errno. Without offload the header is all zeros.
 */
ssize_t tun_device_read (const TunDevice *self, uint8_t *packet, size_t room,
                         VnetHeader *ret_header);

/* Writes HEADER and the packet; parts[0] is left free by the caller for the header. 0 or an errno. */
int tun_device_write (const TunDevice *self, const VnetHeader *header, struct iovec *parts,
                      size_t count);

/* A packet as it stands. */
int tun_device_write_packet (const TunDevice *self, const uint8_t *packet, size_t size);
