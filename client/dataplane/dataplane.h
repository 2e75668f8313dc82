/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A data plane gives a network device and carries child SAs over it. Two kinds: userspace (TUN, our own ESP in UDP) and the
 * kernel's. All calls are made in the main thread. Who carries a connection listens:
 *
 *     "expiring" (guint child, guint spi_in, gboolean hard)    an SA of that child number comes to its end: it wants a
 *                                                              rekey; hard: it carries nothing any more
 *     "traffic-without-child" ()                               a packet waits for a child that is not there
 */

#include "ike/actions.h"
#include "transport/udp.h"

#include <glib-object.h>

#define OUTRIDER_TYPE_DATA_PLANE (outrider_data_plane_get_type ())
G_DECLARE_INTERFACE (OutriderDataPlane, outrider_data_plane, OUTRIDER, DATA_PLANE, GObject)

typedef struct
{
    uint64_t packets_in, packets_out;
    uint64_t octets_in, octets_out; /* inner packets */
    uint64_t dropped_replayed;      /* replay window */
    uint64_t dropped_unverified;    /* integrity */
    uint64_t dropped_by_selectors;  /* either way */
    uint64_t dropped_malformed;
    uint64_t dropped_too_big;   /* answered with ICMP */
    uint64_t dropped_exhausted; /* the sequence numbers of an SA are used up: it needs a rekey */
    uint64_t dropped_by_host;   /* the socket or the device did not take them */
    gint64 last_in;             /* CLOCK_BOOTTIME, microseconds; 0: nothing yet */
} OutriderCounters;

struct _OutriderDataPlaneInterface
{
    GTypeInterface parent;
    const char *name;         /* "userspace", "kernel" */
    bool needs_encapsulation; /* knows ESP in UDP alone */

    bool (*open) (OutriderDataPlane *self, const char *device, GError **error);
    const char *(*get_device) (OutriderDataPlane *self);
    int (*get_device_index) (OutriderDataPlane *self);
    bool (*install) (OutriderDataPlane *self, UdpTransport *transport, IkeChildSa *child,
                     GError **error);
    bool (*switch_child) (OutriderDataPlane *self, IkeChildSa *child, GError **error);
    void (*remove) (OutriderDataPlane *self, IkeChildSa *child);
    void (*moved) (OutriderDataPlane *self);
    void (*set_mtu) (OutriderDataPlane *self, unsigned mtu);
    void (*set_replay_window) (OutriderDataPlane *self, unsigned packets);
    void (*set_life) (OutriderDataPlane *self,
                      gint64 seconds); /* NULL: no SA outlives the process */
    void (*get_counters) (OutriderDataPlane *self, OutriderCounters *ret_counters);
    void (*close) (OutriderDataPlane *self);
};

/* "userspace" or "kernel" */
const char *outrider_data_plane_get_name (OutriderDataPlane *self);

/* ESP must be in UDP, NAT or not: the plane has nothing but the transport's socket. */
bool outrider_data_plane_needs_encapsulation (OutriderDataPlane *self);

/*
 * Makes the device: DEVICE is its wished name ("outrider%d" counts up); it is down and without addresses. NO_TUN,
 * NO_RIGHTS or HOST_REFUSED.
 */
bool outrider_data_plane_open (OutriderDataPlane *self, const char *device, GError **error);

/* Before install: the anti-replay window in packets (RFC 4303 3.4.3); 0: the plane's default. */
void outrider_data_plane_set_replay_window (OutriderDataPlane *self, unsigned packets);

/*
 * Before install: after so many seconds an SA ends even if nobody is left to renew it, as when this process was killed.
 * Announced as an end by "expiring".
 */
void outrider_data_plane_set_life (OutriderDataPlane *self, gint64 seconds);

/* The device's name and index, after open; NULL and 0 before. */
const char *outrider_data_plane_get_device (OutriderDataPlane *self);
int outrider_data_plane_get_device_index (OutriderDataPlane *self);

/*
 * Carries a child from now on, both ways; while another SA of the same number is there, CHILD is only heard and that one
 * sends, until outrider_data_plane_switch_child (). TRANSPORT is borrowed and outlives the plane's use of it.
 */
bool outrider_data_plane_install (OutriderDataPlane *self, UdpTransport *transport,
                                  IkeChildSa *child, GError **error);

/* CHILD, installed before, sends in place of the SA of the same number; both are heard until the old one is removed. */
bool outrider_data_plane_switch_child (OutriderDataPlane *self, IkeChildSa *child, GError **error);

/* This SA (by its inbound SPI) is gone. What its peer had in flight was waited for by the session. */
void outrider_data_plane_remove (OutriderDataPlane *self, IkeChildSa *child);

/* The transport turned to another endpoint, or has another address of its own. */
void outrider_data_plane_moved (OutriderDataPlane *self);

void outrider_data_plane_get_counters (OutriderDataPlane *self, OutriderCounters *ret_counters);

/* Octets that a full-sized inner packet grows by on an outer link of 1500 octets, padding included. */
unsigned outrider_data_plane_get_overhead (OutriderDataPlane *self, const IkeChildSa *child,
                                           IpFamily outer);

/* The largest inner packet that fits an outer packet of OUTER_MTU. */
unsigned outrider_data_plane_get_mtu (OutriderDataPlane *self, const IkeChildSa *child,
                                      IpFamily outer, unsigned outer_mtu);

/* Tells the plane the inner MTU in force, so that larger packets are answered with ICMP "too big". */
void outrider_data_plane_set_mtu (OutriderDataPlane *self, unsigned mtu);

/* Removes the children and the device. Also done by the last unref. */
void outrider_data_plane_close (OutriderDataPlane *self);

/* For the planes: emit the signals. */
void outrider_data_plane_emit_expiring (OutriderDataPlane *self, unsigned number, uint32_t spi_in,
                                        bool hard);
void outrider_data_plane_emit_traffic_without_child (OutriderDataPlane *self);
