/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What xfrm-children.c (they come and go) and xfrm-move.c (they go elsewhere) share.
 */

#include "dataplane/xfrm-children.h"
#include "dataplane/xfrm-socket.h"

/* Without ESN, the last sequence number ends the SA. */
#define XFRM_SEQUENCE_HARD ((uint64_t)UINT32_MAX)

typedef enum
{
    XFRM_INBOUND,
    XFRM_OUTBOUND,
} XfrmWay;

typedef struct
{
    IkeChildSa *sa;
    IpEndpoint local; /* outer: what its states were made for */
    IpEndpoint gateway;
    GArray *selectors;    /* XfrmSelector, outbound */
    XfrmLimits limits[2]; /* a way each: what is left of them */
    bool made[2];         /* the state is there, and ours */
    bool sends;           /* its policies are in force */
} XfrmChild;

struct XfrmChildren
{
    XfrmSocket *socket;
    uint32_t if_id;
    const XfrmChildrenConfig *config; /* borrowed */
    UdpTransport *transport;          /* borrowed, while there are children */
    GPtrArray *list;                  /* XfrmChild */
    OutriderCounters gone;            /* what states counted that are no more */
};

/* ---- states ---- */

/* A state of CHILD as it shall be; it borrows the child's keys. */
XfrmState xfrm_children_get_state (const XfrmChildren *self, const XfrmChild *child, XfrmWay way);

/* REPLAY: where it goes on; NULL: it begins. */
bool xfrm_children_install_state (XfrmChildren *self, XfrmChild *child, XfrmWay way,
                                  const XfrmReplay *replay, GError **error);

/* What it counted stays in the sum. */
void xfrm_children_delete_state (XfrmChildren *self, const XfrmState *state, XfrmWay way);

/* Of STATE the destination and the SPI count. False: there is none. */
bool xfrm_children_get_facts (XfrmChildren *self, const XfrmState *state,
                              XfrmStateFacts *ret_facts);

/* What the kernel told LISTENER (XFRMNLGRP_SA) of a state's end; false: nothing. */
bool xfrm_children_hear_end (XfrmSocket *listener, const XfrmState *state,
                             XfrmStateFacts *ret_facts);

void xfrm_children_add_facts (const XfrmStateFacts *facts, XfrmWay way, OutriderCounters *counters);

/* ---- policies ---- */

/* The child's policies of one direction, in place of those that stand. */
void xfrm_children_queue_policies (XfrmChildren *self, const XfrmChild *child,
                                   XfrmDirection direction);
