/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A netlink socket for the messages of xfrm-message.h. The kernel answers while it is being asked, so nothing here waits for
 * anybody.
 */

#include "dataplane/xfrm-message.h"

typedef struct XfrmSocket XfrmSocket;

/* PROTOCOL: NETLINK_XFRM or NETLINK_ROUTE. NULL with errno set. */
XfrmSocket *xfrm_socket_new (int protocol);
void xfrm_socket_free (XfrmSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (XfrmSocket, xfrm_socket_free)

/* Queues a message that is to be acknowledged; sends what waits if there is no room. */
void xfrm_socket_queue (XfrmSocket *self, const XfrmMessage *message);

/* Sends what waits; 0, or the errno of the first message since the last commit that was refused. */
int xfrm_socket_commit (XfrmSocket *self);

/* One message, and what the kernel says to it: 0 or an errno. Nothing may be waiting. */
int xfrm_socket_do (XfrmSocket *self, const XfrmMessage *message);

/* One message of the answer. */
typedef void (*XfrmSocketHear) (ByteView message, void *data);

/* Asks for an object or a list; each message of the answer is heard. 0 or an errno. */
int xfrm_socket_ask (XfrmSocket *self, const XfrmMessage *question, XfrmSocketHear hear,
                     void *data);

/* Listens to a group (XFRMNLGRP_...) from now on. False with errno set. */
bool xfrm_socket_join (XfrmSocket *self, unsigned group);

/* Hears what came of the groups, without waiting. */
void xfrm_socket_listen (XfrmSocket *self, XfrmSocketHear hear, void *data);

int xfrm_socket_get_fd (const XfrmSocket *self);
