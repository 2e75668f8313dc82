/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/join.h"
#include "dataplane/segment.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Packets made and checked by this file's own plain means: what the room does cleverly is held against it.
 */

enum
{
    ROOM = 70000,
};

static uint32_t
sum_words (uint32_t sum, const uint8_t *octets, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t
sum_pseudo (const uint8_t *packet, bool v6, size_t transport_size)
{
    uint8_t tail[4] = { 0, v6 ? packet[6] : packet[9], (uint8_t)(transport_size >> 8),
                        (uint8_t)transport_size };
    uint32_t sum = v6 ? sum_words (0, packet + 8, 32) : sum_words (0, packet + 12, 8);
    return sum_words (sum, tail, 4);
}

static void
put16 (uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t
get16 (const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t
get32 (const uint8_t *at)
{
    return get16 (at) << 16 | get16 (at + 2);
}

typedef struct
{
    bool v6;
    bool udp;
    size_t options; /* of TCP */
    uint16_t source_port;
    uint32_t sequence;
    uint8_t flags;
    uint16_t id;
    bool fragmentable;
    uint8_t fill;
} Pattern;

static size_t
network_size_of (const Pattern *pattern)
{
    return pattern->v6 ? 40 : 20;
}

static size_t
header_size_of (const Pattern *pattern)
{
    return network_size_of (pattern) + (pattern->udp ? 8 : 20 + pattern->options);
}

/* The octet that stands at OFFSET of a flow. */
static uint8_t
content_at (const Pattern *pattern, size_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8) + pattern->fill);
}

/* A packet with all checksums, PAYLOAD octets that begin at OFFSET of the flow. */
static size_t
make_packet (const Pattern *pattern, size_t offset, size_t payload, uint8_t *ret_packet)
{
    size_t network = network_size_of (pattern);
    size_t header = header_size_of (pattern);
    size_t size = header + payload;
    uint8_t *transport = ret_packet + network;
    memset (ret_packet, 0, header);
    if (pattern->v6)
    {
        ret_packet[0] = 0x60;
        put16 (ret_packet + 4, (uint32_t)(size - 40));
        ret_packet[6] = pattern->udp ? 17 : 6;
        ret_packet[7] = 63;
        ret_packet[8] = ret_packet[24] = 0xfd;
        ret_packet[23] = 1;
        ret_packet[39] = 2;
    }
    else
    {
        ret_packet[0] = 0x45;
        put16 (ret_packet + 2, (uint32_t)size);
        put16 (ret_packet + 4, pattern->id);
        ret_packet[6] = pattern->fragmentable ? 0 : 0x40;
        ret_packet[8] = 63;
        ret_packet[9] = pattern->udp ? 17 : 6;
        memcpy (ret_packet + 12, (uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, 2 }, 8);
        put16 (ret_packet + 10, 0xffff - sum_words (0, ret_packet, 20));
    }
    put16 (transport, pattern->source_port);
    put16 (transport + 2, 80);
    if (pattern->udp)
        put16 (transport + 4, (uint32_t)(8 + payload));
    else
    {
        uint32_t sequence = pattern->sequence + (uint32_t)offset;
        put16 (transport + 4, sequence >> 16);
        put16 (transport + 6, sequence);
        put16 (transport + 8, 0x1234);
        transport[12] = (uint8_t)((20 + pattern->options) / 4 << 4);
        transport[13] = pattern->flags;
        put16 (transport + 14, 501);
        memset (transport + 20, 1, pattern->options);
    }
    for (size_t i = 0; i < payload; i++)
        ret_packet[header + i] = content_at (pattern, offset + i);
    uint32_t sum = sum_pseudo (ret_packet, pattern->v6, size - network);
    sum = 0xffff - sum_words (sum, transport, size - network);
    put16 (transport + (pattern->udp ? 6 : 16), sum == 0 && pattern->udp ? 0xffff : sum);
    return size;
}

/* The same as a GSO packet: the transport checksum holds the pseudo-header's sum alone. */
static VnetHeader
make_train (const Pattern *pattern, size_t payload, size_t step, uint8_t *ret_packet,
            size_t *ret_size)
{
    size_t network = network_size_of (pattern);
    *ret_size = make_packet (pattern, 0, payload, ret_packet);
    size_t field = network + (pattern->udp ? 6 : 16);
    put16 (ret_packet + field, sum_pseudo (ret_packet, pattern->v6, *ret_size - network));
    return (VnetHeader){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = pattern->udp  ? VIRTIO_NET_HDR_GSO_UDP_L4
                    : pattern->v6 ? VIRTIO_NET_HDR_GSO_TCPV6
                                  : VIRTIO_NET_HDR_GSO_TCPV4,
        .hdr_len = (uint16_t)header_size_of (pattern),
        .gso_size = (uint16_t)step,
        .csum_start = (uint16_t)network,
        .csum_offset = pattern->udp ? 6 : 16,
    };
}

static void
cut_and_compare (const Pattern *pattern, size_t payload, size_t step)
{
    static uint8_t room[ROOM], expected[ROOM];
    size_t size = 0;
    VnetHeader vnet = make_train (pattern, payload, step, room, &size);
    InnerPacket inner;
    SegmentCutter cutter;
    g_assert_true (inner_packet_parse (byte_view (room, size), &inner));
    g_assert_true (segment_cutter_begin (&cutter, &vnet, &inner, room));
    size_t header = header_size_of (pattern);
    g_assert_cmpuint (segment_cutter_get_size (&cutter), ==, header + MIN (step, payload));

    unsigned index = 0;
    uint8_t *packet;
    size_t done = 0;
    while (segment_cutter_next (&cutter, &packet, &size))
    {
        Pattern piece = *pattern;
        size_t left = payload - done;
        size_t part = MIN (left, step);
        piece.id = (uint16_t)(pattern->id + index);
        if (part < left)
            piece.flags &= (uint8_t)~0x09; /* FIN and PSH come last */
        if (index > 0)
            piece.flags &= 0x7f; /* CWR comes first */
        size_t expected_size = make_packet (&piece, done, part, expected);
        g_assert_cmpmem (packet, size, expected, expected_size);
        /* As if it was sealed in place. */
        memset (packet, 0xee, size);
        done += part;
        index++;
    }
    g_assert_cmpuint (done, ==, payload);
}

static void
trains_are_cut (void)
{
    for (unsigned i = 0; i < 8; i++)
    {
        Pattern pattern = {
            .v6 = (i & 1) != 0,
            .udp = (i & 2) != 0,
            .options = (i & 4) != 0 ? 12 : 0,
            .source_port = 40000,
            .sequence = 0xffffff00, /* wraps on the way */
            .flags = 0x99,          /* CWR ACK PSH FIN */
            .id = 0xfffe,
            .fill = (uint8_t)i,
        };
        cut_and_compare (&pattern, 60000, 1386);
        cut_and_compare (&pattern, 1386 * 3, 1386);
        cut_and_compare (&pattern, 1387, 1386);
        cut_and_compare (&pattern, 100, 1386);
        cut_and_compare (&pattern, 500, 1);
        cut_and_compare (&pattern, 999, 7);
    }
}

static void
a_single_packet_gets_its_checksum (void)
{
    uint8_t room[2000], expected[2000], *packet;
    for (unsigned udp = 0; udp < 2; udp++)
    {
        Pattern pattern = { .udp = udp != 0, .source_port = 1, .flags = 0x10 };
        size_t size, expected_size = make_packet (&pattern, 0, 99, expected);
        VnetHeader vnet = make_train (&pattern, 99, 0, room, &size);
        vnet.gso_type = VIRTIO_NET_HDR_GSO_NONE;
        InnerPacket inner;
        SegmentCutter cutter;
        g_assert_true (inner_packet_parse (byte_view (room, size), &inner));
        g_assert_true (segment_cutter_begin (&cutter, &vnet, &inner, room));
        g_assert_true (segment_cutter_next (&cutter, &packet, &size));
        g_assert_cmpmem (packet, size, expected, expected_size);
        g_assert_false (segment_cutter_next (&cutter, &packet, &size));
    }
}

static void
a_header_that_lies_is_refused (void)
{
    static uint8_t room[ROOM];
    Pattern pattern = { .source_port = 1, .flags = 0x10 };
    size_t size = 0;
    InnerPacket inner;
    SegmentCutter cutter;
    VnetHeader good = make_train (&pattern, 3000, 1000, room, &size);
    g_assert_true (inner_packet_parse (byte_view (room, size), &inner));
    VnetHeader bad = good;
    bad.gso_size = 0;
    g_assert_false (segment_cutter_begin (&cutter, &bad, &inner, room));
    static const uint8_t types[] = { VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP_L4,
                                     VIRTIO_NET_HDR_GSO_UDP, 77 };
    for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    {
        bad = good;
        bad.gso_type = types[i];
        g_assert_false (segment_cutter_begin (&cutter, &bad, &inner, room));
    }
    bad = good;
    bad.gso_type = VIRTIO_NET_HDR_GSO_NONE;
    bad.csum_start = (uint16_t)(size - 1);
    g_assert_false (segment_cutter_begin (&cutter, &bad, &inner, room));
    bad.csum_start = 65535;
    bad.csum_offset = 65535;
    g_assert_false (segment_cutter_begin (&cutter, &bad, &inner, room));
    room[20 + 12] = 0x10; /* a TCP header too short */
    g_assert_false (segment_cutter_begin (&cutter, &good, &inner, room));
}

static void
fragments_are_whole_again (void)
{
    static uint8_t room[ROOM], original[ROOM], again[ROOM];
    Pattern pattern = { .udp = true, .source_port = 9, .id = 77, .fragmentable = true };
    static const unsigned mtus[] = { 68, 576, 1000, 1438 };
    for (size_t i = 0; i < G_N_ELEMENTS (mtus); i++)
    {
        size_t size = make_packet (&pattern, 0, 4001, original);
        memcpy (room, original, size);
        FragmentCutter cutter;
        uint8_t *packet;
        size_t piece, end = 0;
        bool last = false;
        g_assert_true (fragment_cutter_begin (&cutter, room, size, mtus[i]));
        while (fragment_cutter_next (&cutter, &packet, &piece))
        {
            g_assert_false (last);
            g_assert_cmpuint (piece, <=, mtus[i]);
            g_assert_cmpuint (get16 (packet + 2), ==, piece);
            g_assert_cmpuint (get16 (packet + 4), ==, 77);
            g_assert_cmphex (sum_words (0, packet, 20), ==, 0xffff);
            size_t offset = (get16 (packet + 6) & 0x1fff) * 8;
            g_assert_cmpuint (offset, ==, end);
            last = (packet[6] & 0x20) == 0;
            memcpy (again + offset, packet + 20, piece - 20);
            end = offset + piece - 20;
            memset (packet, 0xee, piece);
        }
        g_assert_true (last);
        g_assert_cmpmem (again, end, original + 20, size - 20);
    }
    FragmentCutter cutter;
    size_t size = make_packet (&pattern, 0, 100, room);
    g_assert_false (fragment_cutter_begin (&cutter, room, size, 27));
}

/* A device that is a socket pair: each write is one datagram with its vnet header. */
typedef struct
{
    TunDevice device;
    int other;
    Joiner joiner;
    uint8_t packets[64][2048];
    unsigned count;
} Bench;

static Bench *
bench_new (bool vnet)
{
    Bench *self = g_new0 (Bench, 1);
    int fds[2];
    int room = 1 << 20;
    g_assert_no_errno (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds));
    setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    self->device = (TunDevice){ .fd = fds[0], .vnet = vnet, .tso = vnet, .uso = vnet };
    self->other = fds[1];
    joiner_init (&self->joiner, &self->device, PUMP_EVERYTHING);
    return self;
}

static void
bench_free (Bench *self)
{
    tun_device_close (&self->device);
    close (self->other);
    g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static void
bench_add (Bench *self, const Pattern *pattern, size_t offset, size_t payload)
{
    InnerPacket inner;
    uint8_t *packet = self->packets[self->count++ % 64];
    size_t size = make_packet (pattern, offset, payload, packet);
    g_assert_true (inner_packet_parse (byte_view (packet, size), &inner));
    joiner_add (&self->joiner, packet, &inner);
}

/* What was written next; false: nothing. */
static bool
bench_read (Bench *self, VnetHeader *ret_vnet, uint8_t *ret_packet, size_t *ret_size)
{
    TunDevice reader = self->device;
    reader.fd = self->other;
    static uint8_t room[64 + ROOM];
    ssize_t size = tun_device_read (&reader, room + 64, ROOM, ret_vnet);
    if (size < 0)
        return false;
    memcpy (ret_packet, room + 64, (size_t)size);
    *ret_size = (size_t)size;
    return true;
}

static void
expect_single (Bench *self, const Pattern *pattern, size_t offset, size_t payload)
{
    static uint8_t packet[ROOM], expected[ROOM];
    VnetHeader vnet;
    size_t size = 0;
    size_t expected_size = make_packet (pattern, offset, payload, expected);
    g_assert_true (bench_read (self, &vnet, packet, &size));
    g_assert_cmpmem (packet, size, expected, expected_size);
    g_assert_cmpuint (vnet.gso_type, ==, VIRTIO_NET_HDR_GSO_NONE);
    g_assert_cmpuint (vnet.flags, ==, 0);
}

static void
expect_train (Bench *self, const Pattern *pattern, size_t payload, size_t step)
{
    static uint8_t packet[ROOM], expected[ROOM];
    VnetHeader vnet;
    size_t size = 0, expected_size;
    VnetHeader expected_vnet = make_train (pattern, payload, step, expected, &expected_size);
    g_assert_true (bench_read (self, &vnet, packet, &size));
    g_assert_cmpmem (packet, size, expected, expected_size);
    g_assert_cmpmem (&vnet, sizeof vnet, &expected_vnet, sizeof expected_vnet);
}

static void
expect_nothing (Bench *self)
{
    static uint8_t packet[ROOM];
    VnetHeader vnet;
    size_t size = 0;
    g_assert_false (bench_read (self, &vnet, packet, &size));
}

static void
neighbours_are_joined (void)
{
    for (unsigned i = 0; i < 8; i++)
    {
        g_autoptr (Bench) bench = bench_new (true);
        Pattern pattern = {
            .v6 = (i & 1) != 0,
            .udp = (i & 2) != 0,
            .options = (i & 4) != 0 ? 12 : 0,
            .source_port = 40000,
            .sequence = 0xfffffc00,
            .flags = 0x10,
        };
        for (unsigned j = 0; j < 9; j++)
            bench_add (bench, &pattern, j * 1000, 1000);
        expect_nothing (bench);
        joiner_flush (&bench->joiner);
        expect_train (bench, &pattern, 9000, 1000);

        /* A shorter one ends the train; the next one stands alone. */
        for (unsigned j = 0; j < 3; j++)
            bench_add (bench, &pattern, j * 1000, j < 2 ? 1000 : 10);
        expect_train (bench, &pattern, 2010, 1000);
        bench_add (bench, &pattern, 2010, 1000);
        joiner_flush (&bench->joiner);
        expect_single (bench, &pattern, 2010, 1000);
        expect_nothing (bench);
    }
}

static void
a_train_has_a_largest_size (void)
{
    g_autoptr (Bench) bench = bench_new (true);
    Pattern pattern = { .source_port = 40000, .flags = 0x10 };
    for (unsigned j = 0; j < 60; j++)
        bench_add (bench, &pattern, j * 1400, 1400);
    joiner_flush (&bench->joiner);
    expect_train (bench, &pattern, 46 * 1400, 1400);
    static uint8_t packet[ROOM];
    VnetHeader vnet;
    size_t size = 0;
    g_assert_true (bench_read (bench, &vnet, packet, &size));
    g_assert_cmpuint (size, ==, 40 + 14 * 1400);
    g_assert_cmpuint (get32 (packet + 24), ==, 46 * 1400);

    for (unsigned j = 0; j < 64; j++)
        bench_add (bench, &pattern, j * 10, 10);
    joiner_flush (&bench->joiner);
    expect_train (bench, &pattern, 640, 10);
}

static void
push_ends_a_train (void)
{
    g_autoptr (Bench) bench = bench_new (true);
    Pattern pattern = { .source_port = 40000, .flags = 0x10 };
    Pattern push = pattern;
    push.flags = 0x18;
    bench_add (bench, &pattern, 0, 100);
    bench_add (bench, &push, 100, 100);
    expect_train (bench, &push, 200, 100);
    bench_add (bench, &push, 200, 100);
    expect_single (bench, &push, 200, 100);
}

static void
order_within_a_flow_is_kept (void)
{
    g_autoptr (Bench) bench = bench_new (true);
    Pattern pattern = { .source_port = 40000, .flags = 0x10 };
    Pattern fin = pattern;
    fin.flags = 0x11;
    bench_add (bench, &pattern, 0, 100);
    bench_add (bench, &pattern, 100, 100);
    bench_add (bench, &fin, 200, 100); /* not to be joined */
    expect_train (bench, &pattern, 200, 100);
    expect_single (bench, &fin, 200, 100);
    bench_add (bench, &pattern, 0, 100);
    bench_add (bench, &pattern, 200, 100); /* a gap */
    expect_single (bench, &pattern, 0, 100);
    bench_add (bench, &pattern, 300, 200); /* larger than the first */
    expect_single (bench, &pattern, 200, 100);
    bench_add (bench, &pattern, 500, 0); /* an acknowledgement alone */
    expect_single (bench, &pattern, 300, 200);
    expect_single (bench, &pattern, 500, 0);
    expect_nothing (bench);
}

static void
flows_are_kept_apart (void)
{
    g_autoptr (Bench) bench = bench_new (true);
    Pattern patterns[12];
    for (unsigned i = 0; i < G_N_ELEMENTS (patterns); i++)
        patterns[i] =
            (Pattern){ .source_port = (uint16_t)(1000 + i), .flags = 0x10, .fill = (uint8_t)i };
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 4; i++)
            bench_add (bench, &patterns[i], round * 500, 500);
    joiner_flush (&bench->joiner);
    for (unsigned i = 0; i < 4; i++)
        expect_train (bench, &patterns[i], 1500, 500);
    /* More flows than places: nothing is lost. */
    for (unsigned i = 0; i < G_N_ELEMENTS (patterns); i++)
        bench_add (bench, &patterns[i], 0, 500);
    joiner_flush (&bench->joiner);
    static uint8_t packet[ROOM];
    VnetHeader vnet;
    size_t size = 0;
    unsigned seen = 0;
    while (bench_read (bench, &vnet, packet, &size))
        seen |= 1u << (get16 (packet + 20) - 1000);
    g_assert_cmphex (seen, ==, 0xfff);
}

static void
what_does_not_verify_stands_alone (void)
{
    g_autoptr (Bench) bench = bench_new (true);
    Pattern pattern = { .source_port = 40000, .flags = 0x10 };
    bench_add (bench, &pattern, 0, 100);
    uint8_t broken[2048], packet[2048];
    InnerPacket inner;
    VnetHeader vnet;
    size_t size = make_packet (&pattern, 100, 100, broken);
    broken[size - 1] ^= 1;
    g_assert_true (inner_packet_parse (byte_view (broken, size), &inner));
    joiner_add (&bench->joiner, broken, &inner);
    expect_single (bench, &pattern, 0, 100);
    size_t got = 0;
    g_assert_true (bench_read (bench, &vnet, packet, &got));
    g_assert_cmpmem (packet, got, broken, size);

    /* A broken IP header, too. */
    size = make_packet (&pattern, 200, 100, broken);
    broken[8] = 5;
    g_assert_true (inner_packet_parse (byte_view (broken, size), &inner));
    joiner_add (&bench->joiner, broken, &inner);
    g_assert_true (bench_read (bench, &vnet, packet, &got));
    g_assert_cmpmem (packet, got, broken, size);
}

static void
a_plain_device_gets_plain_packets (void)
{
    g_autoptr (Bench) bench = bench_new (false);
    Pattern pattern = { .source_port = 40000, .flags = 0x10 };
    for (unsigned j = 0; j < 3; j++)
        bench_add (bench, &pattern, j * 100, 100);
    joiner_flush (&bench->joiner);
    for (unsigned j = 0; j < 3; j++)
        expect_single (bench, &pattern, j * 100, 100);
}

/* What is joined and cut again is what it was. */
static void
cutting_undoes_joining (void)
{
    for (unsigned i = 0; i < 4; i++)
    {
        g_autoptr (Bench) bench = bench_new (true);
        Pattern pattern = { .v6 = (i & 1) != 0,
                            .udp = (i & 2) != 0,
                            .source_port = 5,
                            .flags = 0x10,
                            .sequence = 12345 };
        for (unsigned j = 0; j < 20; j++)
        {
            bench_add (bench, &pattern, j * 1200, j < 19 ? 1200 : 77);
            pattern.id++;
        }
        joiner_flush (&bench->joiner);
        static uint8_t room[ROOM + 32], expected[ROOM];
        VnetHeader vnet;
        size_t size = 0;
        InnerPacket inner;
        SegmentCutter cutter;
        g_assert_true (bench_read (bench, &vnet, room, &size));
        g_assert_true (inner_packet_parse (byte_view (room, size), &inner));
        g_assert_true (segment_cutter_begin (&cutter, &vnet, &inner, room));
        uint8_t *packet;
        pattern.id = 0;
        for (unsigned j = 0; j < 20; j++)
        {
            g_assert_true (segment_cutter_next (&cutter, &packet, &size));
            size_t expected_size = make_packet (&pattern, j * 1200, j < 19 ? 1200 : 77, expected);
            g_assert_cmpmem (packet, size, expected, expected_size);
            pattern.id++;
        }
        g_assert_false (segment_cutter_next (&cutter, &packet, &size));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/segment/trains", trains_are_cut);
    g_test_add_func ("/segment/single", a_single_packet_gets_its_checksum);
    g_test_add_func ("/segment/lies", a_header_that_lies_is_refused);
    g_test_add_func ("/segment/fragments", fragments_are_whole_again);
    g_test_add_func ("/join/neighbours", neighbours_are_joined);
    g_test_add_func ("/join/largest", a_train_has_a_largest_size);
    g_test_add_func ("/join/push", push_ends_a_train);
    g_test_add_func ("/join/order", order_within_a_flow_is_kept);
    g_test_add_func ("/join/flows", flows_are_kept_apart);
    g_test_add_func ("/join/broken", what_does_not_verify_stands_alone);
    g_test_add_func ("/join/plain", a_plain_device_gets_plain_packets);
    g_test_add_func ("/join/cut", cutting_undoes_joining);
    return g_test_run ();
}
