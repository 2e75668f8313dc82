/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Many datagrams to and from the gateway in few system calls. Sending: equal packets that stand end to end leave in one
 * message, which the kernel cuts (UDP_SEGMENT), several messages a call. Receiving: the kernel gathers equal datagrams
 * into one buffer (UDP_GRO). What the kernel refuses is done singly from then on.
 */

#include "dataplane/device.h"
#include "transport/udp.h"

typedef struct SendBatch SendBatch;
typedef struct ReceiveBatch ReceiveBatch;

/* STOP_FD: waiting for room in the socket's buffer ends when it becomes readable. */
SendBatch *send_batch_new (UdpTransport *transport, int stop_fd, PumpOffloads offloads);
void send_batch_free (SendBatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SendBatch, send_batch_free)

/* Room for one packet of SIZE octets, at most PACKET_MAX; sends what waits if there is none. */
uint8_t *send_batch_reserve (SendBatch *self, size_t size);

/* The packet of SIZE octets stands where send_batch_reserve () said. */
void send_batch_commit (SendBatch *self, size_t size);

/* So much waits that it should leave. */
bool send_batch_is_full (const SendBatch *self);

/* Sends all; gives the number of packets that were lost on the way into the kernel. */
unsigned send_batch_flush (SendBatch *self);

/* The path changed: what was given up because of its MTU may be tried again. */
void send_batch_retry_offload (SendBatch *self);

ReceiveBatch *receive_batch_new (UdpTransport *transport, PumpOffloads offloads);

/* Gives the socket back as it was. */
void receive_batch_free (ReceiveBatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReceiveBatch, receive_batch_free)

/* Reads what is there, without waiting; the number of messages. RET_MORE: there may be more. */
unsigned receive_batch_fill (ReceiveBatch *self, bool *ret_more);

/* One message: SIZE octets, datagrams of PIECE octets end to end, the last may be shorter. False: nothing of use. */
bool receive_batch_get (ReceiveBatch *self, unsigned index, uint8_t **ret_data, size_t *ret_size,
                        size_t *ret_piece);
