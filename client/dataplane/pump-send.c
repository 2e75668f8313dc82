/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/icmp.h"
#include "dataplane/mss.h"
#include "dataplane/pump-step.h"
#include "dataplane/segment.h"

#include <errno.h>

/* Reads from the device that one step makes at most, so that a new table is soon seen. */
#define READS_MAX 256

/* IPv6 links carry at least this (RFC 8200 5): below, the outer packet is fragmented instead. */
#define IPV6_MTU_MIN 1280

/* ICMP answers: so many at once, and so many a second (RFC 1812 4.3.2.8, RFC 4443 2.4 f). */
#define ANSWERS_BURST 50
#define ANSWERS_PER_SECOND 100

/* Before the packet: its vnet header. Behind it: what ESP appends while it seals in place. */
#define HEADROOM 64

struct PumpSender
{
    const TunDevice *device;
    SendBatch *batch;
    unsigned answers_left;
    gint64 answers_since; /* monotonic microseconds */
    PumpCounts counts;
    SegmentCutter cutter;
    FragmentCutter fragments;
    uint8_t answer[ICMP_ANSWER_MAX];
    uint8_t room[HEADROOM + PACKET_MAX + ESP_TRAILER_MAX];
};

PumpSender *
pump_sender_new (const TunDevice *device, UdpTransport *transport, int stop_fd,
                 PumpOffloads offloads)
{
    PumpSender *self = g_new0 (PumpSender, 1);
    self->device = device;
    self->batch = send_batch_new (transport, stop_fd, offloads);
    self->answers_left = ANSWERS_BURST;
    return self;
}

void
pump_sender_free (PumpSender *self)
{
    if (self == NULL)
        return;
    send_batch_free (self->batch);
    g_free (self);
}

void
pump_sender_renew (PumpSender *self)
{
    send_batch_retry_offload (self->batch);
}

const PumpCounts *
pump_sender_get_counts (const PumpSender *self)
{
    return &self->counts;
}

static bool
may_answer (PumpSender *self)
{
    if (self->answers_left == 0)
    {
        gint64 now = g_get_monotonic_time ();
        gint64 earned = (now - self->answers_since) * ANSWERS_PER_SECOND / G_USEC_PER_SEC;
        if (earned <= 0)
            return false;
        self->answers_left = (unsigned)MIN (earned, ANSWERS_BURST);
        self->answers_since = now;
    }
    self->answers_left--;
    return true;
}

static void
answer (PumpSender *self, IcmpAnswer kind, const InnerPacket *inner, const uint8_t *packet,
        unsigned mtu)
{
    size_t size = icmp_answer_write (kind, inner, packet, mtu, self->answer);
    if (size > 0 && may_answer (self))
        tun_device_write_packet (self->device, self->answer, size);
}

static void
seal (PumpSender *self, PumpSa *sa, IpFamily family, uint8_t *packet, size_t size)
{
    EspOutbound *esp = sa->esp->outbound;
    size_t sealed = esp_outbound_get_size (esp, size);
    if (sealed > PACKET_MAX)
    {
        pump_counts_add (&sa->sent, COUNT_TOO_BIG, 1);
        return;
    }
    uint8_t *place = send_batch_reserve (self->batch, sealed);
    uint8_t next_header = family == IP_V6 ? ESP_NEXT_IPV6 : ESP_NEXT_IPV4;
    sealed = esp_outbound_seal (esp, packet, size, next_header, place);
    if (sealed == 0)
    {
        pump_counts_add (&sa->sent, COUNT_EXHAUSTED, 1);
        return;
    }
    send_batch_commit (self->batch, sealed);
    pump_counts_add (&sa->sent, COUNT_PACKETS, 1);
    pump_counts_add (&sa->sent, COUNT_OCTETS, size);
}

static void
seal_fragments (PumpSender *self, PumpSa *sa, uint8_t *packet, size_t size, unsigned mtu)
{
    if (!fragment_cutter_begin (&self->fragments, packet, size, mtu))
    {
        pump_counts_add (&sa->sent, COUNT_TOO_BIG, 1);
        return;
    }
    while (fragment_cutter_next (&self->fragments, &packet, &size))
        seal (self, sa, IP_V4, packet, size);
}

/* Routers fragment IPv4 packets that allow it; any other sender is told. */
static bool
may_fragment (const InnerPacket *inner, const uint8_t *packet)
{
    return inner->family == IP_V4 && (inner_ipv4_fragment_field (packet) & IPV4_DONT_FRAGMENT) == 0;
}

static unsigned
get_limit (const PumpTable *table, IpFamily family)
{
    if (table->mtu == 0)
        return PACKET_MAX;
    return family == IP_V6 ? MAX (table->mtu, IPV6_MTU_MIN) : table->mtu;
}

static void
send_packet (PumpSender *self, const PumpTable *table, const VnetHeader *vnet, uint8_t *packet,
             size_t size)
{
    InnerPacket inner;
    if (!inner_packet_parse (byte_view (packet, size), &inner))
    {
        pump_counts_add (&self->counts, COUNT_MALFORMED, 1);
        return;
    }
    PumpSa *sa = pump_table_find_outbound (table, &inner);
    if (sa == NULL)
    {
        pump_counts_add (&self->counts, COUNT_SELECTORS, 1);
        answer (self, ICMP_ANSWER_PROHIBITED, &inner, packet, 0);
        return;
    }
    unsigned limit = get_limit (table, inner.family);
    if (!segment_cutter_begin (&self->cutter, vnet, &inner, packet))
    {
        pump_counts_add (&sa->sent, COUNT_MALFORMED, 1);
        return;
    }
    mss_clamp (packet, &inner, table->mtu); /* a SYN stands as it came, its checksum made */
    bool fits = segment_cutter_get_size (&self->cutter) <= limit;
    if (!fits && !may_fragment (&inner, packet))
    {
        pump_counts_add (&sa->sent, COUNT_TOO_BIG, 1);
        answer (self, ICMP_ANSWER_TOO_BIG, &inner, packet, limit);
        return;
    }
    while (segment_cutter_next (&self->cutter, &packet, &size))
        if (size <= limit)
            seal (self, sa, inner.family, packet, size);
        else
            seal_fragments (self, sa, packet, size, limit);
}

bool
pump_sender_step (PumpSender *self, const PumpTable *table)
{
    uint8_t *packet = self->room + HEADROOM;
    bool more = true;
    for (unsigned i = 0; i < READS_MAX && !send_batch_is_full (self->batch); i++)
    {
        VnetHeader vnet;
        ssize_t size = tun_device_read (self->device, packet, PACKET_MAX, &vnet);
        if (size < 0)
        {
            more = errno == EINTR;
            break;
        }
        send_packet (self, table, &vnet, packet, (size_t)size);
    }
    unsigned lost = send_batch_flush (self->batch);
    if (lost > 0)
        pump_counts_add (&self->counts, COUNT_LOST, lost);
    return more;
}
