/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * How large a packet gets through (RFC 8899, over IKE): a liveness check that a Vendor ID payload pads to the size in
 * question, sent whole and never to be fragmented on the way. Who does not know a Vendor ID passes over it (RFC 7296 3.12).
 *
 *     HDR, SK {V}  -->
 *                                        <--  HDR, SK {}
 *
 * If nothing comes back, the same request is sent again without the padding, and the large one beside it, which may be
 * fragmented now: a gateway that has not seen it answers the small one, and one whose answer alone was lost answers the
 * very request that it knows (strongSwan takes nothing else for a repetition). From then on it is a liveness check as any
 * other.
 */

#include "ike/session-internal.h"

enum
{
    UDP_HEADER_SIZE = 8,
    PAYLOAD_HEADER_SIZE = 4,
    PAD_LENGTH_SIZE = 1,
};

/* Octets of the outer packet around an IKE message. */
static unsigned
get_outer (const IkeSession *self)
{
    unsigned ip = self->path.gateway.address.family == IP_V6 ? 40 : 20;
    unsigned marker = self->path.gateway.port == IKE_PORT ? 0 : 4;
    return ip + UDP_HEADER_SIZE + marker;
}

/* A message that fills a packet of SIZE as far as the cipher's blocks allow; NULL: too small a packet. */
static GBytes *
build (IkeSession *self, IkeSa *sa, uint32_t message_id, unsigned size)
{
    Cipher *cipher = sa->keys.seal;
    size_t block = cipher_get_block_size (cipher);
    size_t fixed =
        get_outer (self) + IKE_HEADER_SIZE + PAYLOAD_HEADER_SIZE + cipher_get_overhead (cipher);
    size_t text = size > fixed ? (size - fixed) / block * block : 0;
    if (text < PAYLOAD_HEADER_SIZE + PAD_LENGTH_SIZE + 1)
        return NULL;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ByteWriter *writer = ike_chain_begin (&chain, PAYLOAD_VENDOR_ID);
    byte_writer_zeros (writer, text - PAYLOAD_HEADER_SIZE - PAD_LENGTH_SIZE);
    ike_chain_end (&chain);
    return ike_session_seal_whole (self, sa, INFORMATIONAL, message_id, &chain);
}

static void
push_whole (IkeSession *self, GBytes *datagram, gint64 now)
{
    IkeAction *action = ike_session_push (self, IKE_ACTION_SEND);
    action->datagram = g_bytes_ref (datagram);
    action->whole = true;
    self->last_out = now;
}

static void
tell (IkeSession *self, unsigned size, bool answered)
{
    IkeAction *action = ike_session_push (self, IKE_ACTION_PROBED);
    action->probe_size = size;
    action->answered = answered;
}

bool
ike_probe_start (IkeSession *self, unsigned size, gint64 now)
{
    if (self->state != IKE_STATE_ESTABLISHED || size > IKE_PROBE_MAX || self->tasks->len > 0)
        return false;
    IkeSa *sa = ike_session_get_sa (self);
    if (ike_window_is_waiting (&sa->window))
        return false;
    g_autoptr (GBytes) datagram = build (self, sa, sa->window.next_id, size);
    if (datagram == NULL)
        return false;
    GPtrArray *datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (datagrams, g_bytes_ref (datagram));
    unsigned proven = get_outer (self) + (unsigned)g_bytes_get_size (datagram);
    sa->running = (IkeTask){ .kind = IKE_TASK_PROBE, .spi = proven };
    push_whole (self, datagram, now);
    ike_window_begin (&sa->window, datagrams, self->config->answer_timeout, now);
    return true;
}

void
ike_probe_resend (IkeSession *self, IkeSa *sa, gint64 now)
{
    if (sa->window.tries <= IKE_PROBE_TRIES)
        push_whole (self, sa->window.request->pdata[0], now);
    else
        ike_probe_end (self, sa, now);
}

void
ike_probe_end (IkeSession *self, IkeSa *sa, gint64 now)
{
    if (sa->running.kind != IKE_TASK_PROBE)
        return;
    g_auto (IkeChain) chain = IKE_CHAIN ();
    GBytes *small = ike_session_seal_whole (self, sa, INFORMATIONAL, sa->window.request_id, &chain);
    if (small == NULL)
        return;
    GPtrArray *datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (datagrams, small);
    g_ptr_array_add (datagrams, g_bytes_ref (sa->window.request->pdata[0]));
    ike_session_push_datagrams (self, datagrams, now);
    ike_window_restart (&sa->window, datagrams, now);
    ike_probe_lose (self, sa);
    sa->running = (IkeTask){ .kind = IKE_TASK_LIVENESS };
}

void
ike_probe_receive (IkeSession *self, const IkeTask *task)
{
    tell (self, task->spi, true);
}

void
ike_probe_lose (IkeSession *self, const IkeSa *sa)
{
    if (sa->running.kind == IKE_TASK_PROBE)
        tell (self, sa->running.spi, false);
}
