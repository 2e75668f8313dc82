/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/join.h"
#include "dataplane/mss.h"
#include "dataplane/pump-step.h"

#include <time.h>

#define KEEPALIVE 0xff
#define MARKER_SIZE 4

struct PumpReceiver
{
    UdpTransport *transport;
    ReceiveBatch *batch;
    bool verified; /* something, in this step */
    _Atomic gint64 last_in;
    PumpCounts counts;
    Joiner joiner;
};

PumpReceiver *
pump_receiver_new (const TunDevice *device, UdpTransport *transport, PumpOffloads offloads)
{
    PumpReceiver *self = g_new0 (PumpReceiver, 1);
    self->transport = transport;
    self->batch = receive_batch_new (transport, offloads);
    joiner_init (&self->joiner, device, offloads);
    return self;
}

void
pump_receiver_free (PumpReceiver *self)
{
    if (self == NULL)
        return;
    receive_batch_free (self->batch);
    g_free (self);
}

const PumpCounts *
pump_receiver_get_counts (const PumpReceiver *self)
{
    return &self->counts;
}

gint64
pump_receiver_get_last_in (const PumpReceiver *self)
{
    return atomic_load_explicit (&self->last_in, memory_order_relaxed);
}

static void
note_time (PumpReceiver *self)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    atomic_store_explicit (&self->last_in, now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000,
                           memory_order_relaxed);
}

/* What was decrypted must be the packet that the ESP trailer said, and one that the child may carry. */
static void
receive_inner (PumpReceiver *self, const PumpTable *table, PumpSa *sa, uint8_t *packet,
               ByteView octets, uint8_t next_header)
{
    InnerPacket inner;
    bool good = inner_packet_parse (octets, &inner) &&
                next_header == (inner.family == IP_V6 ? ESP_NEXT_IPV6 : ESP_NEXT_IPV4);
    if (!good)
    {
        pump_counts_add (&sa->received, COUNT_MALFORMED, 1);
        return;
    }
    if (!pump_sa_allows (sa, &inner))
    {
        pump_counts_add (&sa->received, COUNT_SELECTORS, 1);
        return;
    }
    pump_counts_add (&sa->received, COUNT_PACKETS, 1);
    pump_counts_add (&sa->received, COUNT_OCTETS, inner.size);
    uint8_t *writable = packet + (octets.data - packet);
    mss_clamp (writable, &inner, table->mtu);
    joiner_add (&self->joiner, writable, &inner);
}

static void
receive_esp (PumpReceiver *self, const PumpTable *table, uint8_t *packet, size_t size)
{
    PumpSa *sa = pump_table_find_inbound (table, inner_read_u32 (packet));
    if (sa == NULL)
    {
        pump_counts_add (&self->counts, COUNT_MALFORMED, 1);
        return;
    }
    ByteView inner;
    uint8_t next_header;
    switch (esp_inbound_open (sa->esp->inbound, packet, size, &inner, &next_header))
    {
    case ESP_OPENED:
        self->verified = true;
        receive_inner (self, table, sa, packet, inner, next_header);
        return;
    case ESP_DUMMY:
        self->verified = true;
        return;
    case ESP_REPLAYED:
        pump_counts_add (&sa->received, COUNT_REPLAYED, 1);
        return;
    case ESP_UNVERIFIED:
        pump_counts_add (&sa->received, COUNT_UNVERIFIED, 1);
        return;
    case ESP_MALFORMED:
        pump_counts_add (&sa->received, COUNT_MALFORMED, 1);
        return;
    }
}

/* One datagram: keepalive, IKE behind the non-ESP marker, or ESP (RFC 3948 2). */
static void
receive_datagram (PumpReceiver *self, const PumpTable *table, uint8_t *data, size_t size)
{
    static const uint8_t marker[MARKER_SIZE] = { 0 };
    if (size == 1 && data[0] == KEEPALIVE)
        return;
    if (size <= MARKER_SIZE)
        pump_counts_add (&self->counts, COUNT_MALFORMED, 1);
    else if (memcmp (data, marker, MARKER_SIZE) == 0)
        udp_transport_deliver (self->transport, byte_view (data + MARKER_SIZE, size - MARKER_SIZE));
    else
        receive_esp (self, table, data, size);
}

bool
pump_receiver_step (PumpReceiver *self, const PumpTable *table)
{
    bool more;
    unsigned count = receive_batch_fill (self->batch, &more);
    for (unsigned i = 0; i < count; i++)
    {
        uint8_t *data;
        size_t left, piece;
        if (!receive_batch_get (self->batch, i, &data, &left, &piece))
        {
            pump_counts_add (&self->counts, COUNT_MALFORMED, 1);
            continue;
        }
        /* The kernel may have gathered an IKE message or a keepalive with ESP packets: each is told by itself. */
        for (size_t size; left > 0; data += size, left -= size)
        {
            size = MIN (left, piece);
            receive_datagram (self, table, data, size);
        }
    }
    joiner_flush (&self->joiner);
    if (self->joiner.lost > 0)
        pump_counts_add (&self->counts, COUNT_LOST, self->joiner.lost);
    self->joiner.lost = 0;
    if (self->verified)
        note_time (self);
    self->verified = false;
    return more;
}
