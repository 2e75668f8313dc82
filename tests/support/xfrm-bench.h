/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The kernel plane against itself: two planes in two network namespaces of this process, a wire between these, and a child
 * between the planes. Needs a kernel with ESP and XFRM interfaces: tests/vm/run brings one.
 *
 *     10.50.0.1  near (192.0.2.1)  ===  far (192.0.2.2)  10.50.0.2
 *
 * What works on a namespace works on the one that we are in: the near one, unless a test enters the other.
 */

#include "dataplane/xfrm-message.h"
#include "dataplane/xfrm.h"

#define NEAR "192.0.2.1"
#define FAR "192.0.2.2"
#define NEAR_INSIDE "10.50.0.1"
#define FAR_INSIDE "10.50.0.2"

/* Of ESP in UDP. */
#define NEAR_PORT 4501
#define FAR_PORT 4502

/* On all packets outside. */
#define OUTER_MARK 0x4f75

/* The near end's of the child that a bench has; the far end's are the same turned round. */
#define NEAR_SPI_IN 0x1000
#define NEAR_SPI_OUT 0x1001

/* What a child protects its packets with. */
typedef struct
{
    const char *encryption;
    const char *integrity; /* NULL: the encryption does it */
    bool esn;
    bool encapsulated;
} XfrmKind;

extern const XfrmKind xfrm_kind_plain;
extern const XfrmKind xfrm_kind_in_udp;

typedef struct
{
    OutriderDataPlane *plane;
    UdpTransport *transport;
    IkeChildSa *child; /* NULL: none was added */
    bool near;
    int fd; /* a socket inside */
    unsigned expiring, expired;
    unsigned waiting; /* packets without a child */
} XfrmEnd;

typedef struct
{
    XfrmEnd *near, *far;
} XfrmBench;

/* Makes the namespaces and the wire: once, before the first bench. */
void xfrm_bench_lay_wire (void);

void xfrm_bench_enter_far (void);
void xfrm_bench_enter_near (void);

/* A command of the shell's in the namespace that we are in; it must succeed. */
void xfrm_bench_run (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Two planes with their devices up, and no child. */
XfrmBench *xfrm_bench_new (void);
XfrmBench *xfrm_bench_new_with_child (const XfrmKind *kind);
void xfrm_bench_free (XfrmBench *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (XfrmBench, xfrm_bench_free)

/* Both ends get their child; once. */
void xfrm_bench_add_child (XfrmBench *self, const XfrmKind *kind);

/* A new plane with the same child, which begins its numbers anew, takes the place of the far end's. NEAR_ADDRESS: its gateway. */
void xfrm_bench_restart_far (XfrmBench *self, const char *near_address);

/* Whether a packet arrives, each way. */
bool xfrm_bench_works (const XfrmBench *self);

/* ---- one end ---- */

/* Another SA of child 1. SPI: what the near end hears by; the far end hears by the next number. */
IkeChildSa *xfrm_end_make_child (const XfrmEnd *self, const XfrmKind *kind, uint32_t spi);
void xfrm_end_install (const XfrmEnd *self, IkeChildSa *child);
void xfrm_end_switch_child (const XfrmEnd *self, IkeChildSa *child);

/* From inside to ADDRESS, whatever becomes of it. */
void xfrm_end_send (const XfrmEnd *self, const char *address);

/* Whether a packet comes within a second. */
bool xfrm_end_hears (const XfrmEnd *self);

/* Whether a packet of the one comes to the other. */
bool xfrm_end_reaches (const XfrmEnd *self, const XfrmEnd *other);

/* ---- what is in the kernel, of ours ---- */

typedef struct
{
    unsigned found;
    XfrmStateFacts last;
} XfrmStates;

/* SPI 0: all. */
XfrmStates xfrm_states_find (uint32_t spi);

/* From or to ADDRESS. */
XfrmStates xfrm_states_find_at (const char *address);

unsigned xfrm_policies_count (void);
void xfrm_assert_nothing_is_left (void);
