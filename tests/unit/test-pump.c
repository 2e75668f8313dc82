/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/checksum.h"
#include "dataplane/pump-step.h"
#include "dataplane/pump.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * Two ends of a tunnel in one process: a socket pair stands for each TUN device, the loopback for the Internet. Half of
 * the tests turn the steps by hand, the others let the threads run.
 */

enum
{
    ROOM = 70000,
    STEP = 1300, /* payload of each packet of a train */
    MTU = 1438,
};

typedef struct
{
    TunDevice device;
    int host_fd; /* what the host writes to and reads from its device */
    UdpTransport *transport;
    unsigned heard;
    PumpTable *table;
    PumpSender *sender;
    PumpReceiver *receiver;
} End;

typedef struct
{
    End ends[2];
    PumpOffloads offloads;
} Tunnel;

static void
on_datagram (ByteView datagram, int error_number, void *data)
{
    End *end = data;
    if (error_number == 0)
        end->heard++;
}

static GArray *
selectors_of (const char *first, const char *second)
{
    GArray *selectors = g_array_new (false, false, sizeof (TrafficSelector));
    const char *texts[] = { first, second };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
        IpPrefix prefix;
        g_assert_true (ip_prefix_parse (texts[i], &prefix));
        TrafficSelector selector = traffic_selector_of_prefix (&prefix);
        g_array_append_val (selectors, selector);
    }
    return selectors;
}

static const char *const prefixes[2][2] = {
    { "10.0.0.1", "fd00::1" },
    { "10.0.1.0/24", "fd00:1::/64" },
};

static IkeChildSa *
make_child (unsigned side, uint32_t generation)
{
    static const uint8_t key[20] = { 3, 1, 4, 1, 5 };
    IkeChildSa *child = g_new0 (IkeChildSa, 1);
    g_atomic_ref_count_init (&child->references);
    child->number = 1;
    child->spi_in = 0x1000 + side + 2 * generation;
    child->spi_out = 0x1000 + (1 - side) + 2 * generation;
    child->encapsulated = true;
    child->encryption = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes128gcm16");
    child->encryption_key_in = secret_bytes_new (byte_view (key, sizeof key));
    child->encryption_key_out = secret_bytes_new (byte_view (key, sizeof key));
    child->local = selectors_of (prefixes[side][0], prefixes[side][1]);
    child->remote = selectors_of (prefixes[1 - side][0], prefixes[1 - side][1]);
    return child;
}

static PumpTable *
make_table (unsigned side, uint32_t generation, unsigned mtu)
{
    GError *error = NULL;
    g_autoptr (IkeChildSa) child = make_child (side, generation);
    g_autoptr (PumpSa) sa = pump_sa_new (child, 0, &error);
    g_assert_no_error (error);
    PumpTable *table = pump_table_new ();
    table->mtu = mtu;
    g_assert_true (pump_table_add (table, sa));
    return table;
}

static void
end_open (End *end, PumpOffloads offloads)
{
    int fds[2];
    int room = 1 << 20;
    g_assert_no_errno (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    for (int i = 0; i < 2; i++)
        setsockopt (fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    bool vnet = (offloads & PUMP_TUN_OFFLOAD) != 0;
    end->device = (TunDevice){
        .fd = fds[0], .vnet = vnet, .tso = vnet, .uso = vnet && (offloads & PUMP_TUN_USO) != 0
    };
    end->host_fd = fds[1];
}

static void
turn_to (const End *end, uint16_t port)
{
    IpEndpoint gateway = udp_transport_get_gateway (end->transport);
    gateway.port = port;
    g_assert_true (udp_transport_set_gateway (end->transport, &gateway, NULL));
}

/* Each finds a port of its own, then they turn to each other. */
static void
connect_ends (Tunnel *self)
{
    IpEndpoint gateway = { .port = 9 };
    g_assert_true (ip_address_parse ("127.0.0.1", &gateway.address));
    for (int i = 0; i < 2; i++)
    {
        GError *error = NULL;
        self->ends[i].transport =
            udp_transport_new (&gateway, 0, 0, on_datagram, &self->ends[i], &error);
        g_assert_no_error (error);
    }
    for (int i = 0; i < 2; i++)
        turn_to (&self->ends[i], udp_transport_get_local (self->ends[1 - i].transport).port);
}

static Tunnel *
tunnel_new (PumpOffloads offloads)
{
    Tunnel *self = g_new0 (Tunnel, 1);
    self->offloads = offloads;
    for (int i = 0; i < 2; i++)
        end_open (&self->ends[i], offloads);
    connect_ends (self);
    return self;
}

static void
make_steps (Tunnel *self)
{
    for (unsigned i = 0; i < 2; i++)
    {
        End *end = &self->ends[i];
        udp_transport_lend (end->transport);
        end->table = make_table (i, 0, MTU);
        end->sender = pump_sender_new (&end->device, end->transport, -1, self->offloads);
        end->receiver = pump_receiver_new (&end->device, end->transport, self->offloads);
    }
}

static void
tunnel_free (Tunnel *self)
{
    for (int i = 0; i < 2; i++)
    {
        End *end = &self->ends[i];
        pump_sender_free (end->sender);
        pump_receiver_free (end->receiver);
        pump_table_free (end->table);
        udp_transport_free (end->transport);
        tun_device_close (&end->device);
        close (end->host_fd);
    }
    g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tunnel, tunnel_free)

/* The host's own work: headers with right checksums around PAYLOAD octets of the flow at OFFSET. */
typedef struct
{
    IpFamily family;
    uint8_t protocol;
    uint16_t port;
    bool dont_fragment;
} Flow;

static size_t
header_size_of (const Flow *flow)
{
    return (flow->family == IP_V6 ? 40 : 20) + (flow->protocol == PROTOCOL_TCP ? 20 : 8);
}

static void
write_network (const Flow *flow, size_t size, uint8_t *packet)
{
    if (flow->family == IP_V6)
    {
        packet[0] = 0x60;
        inner_write_u16 (packet + 4, (uint16_t)(size - 40));
        packet[6] = flow->protocol;
        packet[7] = 64;
        packet[8] = packet[24] = 0xfd;
        packet[23] = 1;
        packet[27] = 1;
        packet[39] = 5;
        return;
    }
    packet[0] = 0x45;
    inner_write_u16 (packet + 2, (uint16_t)size);
    packet[6] = flow->dont_fragment ? 0x40 : 0;
    packet[8] = 64;
    packet[9] = flow->protocol;
    inner_write_u32 (packet + 12, 0x0a000001);
    inner_write_u32 (packet + 16, 0x0a000105);
    inner_ipv4_finish (packet, 20);
}

static size_t
make_packet (const Flow *flow, size_t offset, size_t payload, bool whole, uint8_t *packet)
{
    size_t header = header_size_of (flow);
    size_t size = header + payload;
    size_t network = flow->family == IP_V6 ? 40 : 20;
    uint8_t *transport = packet + network;
    memset (packet, 0, header);
    write_network (flow, size, packet);
    inner_write_u16 (transport, flow->port);
    inner_write_u16 (transport + 2, 80);
    size_t field = flow->protocol == PROTOCOL_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
    if (flow->protocol == PROTOCOL_TCP)
    {
        inner_write_u32 (transport + 4, (uint32_t)offset);
        transport[12] = 0x50;
        transport[13] = 0x10;
    }
    else
        inner_write_u16 (transport + 4, (uint16_t)(8 + payload));
    for (size_t i = 0; i < payload; i++)
        packet[header + i] = (uint8_t)((offset + i) * 7 + ((offset + i) >> 9));
    ByteView addresses = inner_get_addresses (packet, flow->family);
    uint16_t sum = checksum_pseudo (addresses.data, addresses.size, flow->protocol, size - network);
    if (whole)
        sum = checksum_finish (checksum_add (sum, transport, size - network));
    checksum_store (transport + field, sum);
    return size;
}

static void
host_write (const End *end, const VnetHeader *vnet, const uint8_t *packet, size_t size)
{
    TunDevice device = end->device;
    struct iovec parts[2] = { { 0 }, { (void *)packet, size } };
    device.fd = end->host_fd;
    g_assert_cmpint (tun_device_write (&device, vnet, parts, 2), ==, 0);
}

static bool
host_read (const End *end, VnetHeader *ret_vnet, uint8_t **ret_packet, size_t *ret_size)
{
    static uint8_t room[64 + ROOM];
    TunDevice device = end->device;
    device.fd = end->host_fd;
    ssize_t size = tun_device_read (&device, room + 64, ROOM, ret_vnet);
    *ret_packet = room + 64;
    *ret_size = size > 0 ? (size_t)size : 0;
    return size >= 0;
}

/* PAYLOAD octets as the host would send them: one train if its device takes trains, else packet by packet. */
static void
host_send (const End *end, const Flow *flow, size_t offset, size_t payload)
{
    static uint8_t packet[ROOM];
    bool udp = flow->protocol == PROTOCOL_UDP;
    bool train = payload > STEP && (udp ? end->device.uso : end->device.tso);
    VnetHeader vnet = { 0 };
    if (train)
        vnet = (VnetHeader){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                             .gso_type = udp                     ? VIRTIO_NET_HDR_GSO_UDP_L4
                                         : flow->family == IP_V6 ? VIRTIO_NET_HDR_GSO_TCPV6
                                                                 : VIRTIO_NET_HDR_GSO_TCPV4,
                             .gso_size = STEP,
                             .csum_start = flow->family == IP_V6 ? 40 : 20,
                             .csum_offset = udp ? UDP_CHECKSUM_OFFSET : TCP_CHECKSUM_OFFSET };
    for (size_t done = 0; done < payload;)
    {
        size_t part = train ? payload : MIN (payload - done, STEP);
        size_t size = make_packet (flow, offset + done, part, !train, packet);
        host_write (end, &vnet, packet, size);
        done += part;
    }
}

/* Reads all of the flow's octets on the other side, checking each; a train's checksum is the kernel's to make. */
static size_t
host_receive (const End *end, const Flow *flow, size_t offset)
{
    VnetHeader vnet;
    uint8_t *packet;
    size_t size, got = 0, network = flow->family == IP_V6 ? 40 : 20;
    while (host_read (end, &vnet, &packet, &size))
    {
        InnerPacket inner;
        g_assert_true (inner_packet_parse (byte_view (packet, size), &inner));
        g_assert_cmpuint (inner.size, ==, size);
        g_assert_cmpuint (inner.protocol, ==, flow->protocol);
        size_t header = header_size_of (flow);
        if (vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE)
        {
            ByteView addresses = inner_get_addresses (packet, flow->family);
            uint16_t sum =
                checksum_pseudo (addresses.data, addresses.size, flow->protocol, size - network);
            g_assert_cmphex (checksum_add (sum, packet + network, size - network), ==, 0xffff);
            g_assert_cmpuint (size, <=, MTU);
        }
        if (flow->protocol == PROTOCOL_TCP)
            g_assert_cmpuint (inner_read_u32 (packet + network + 4), ==, offset + got);
        for (size_t i = header; i < size; i++, got++)
            g_assert_cmpuint (packet[i], ==, (uint8_t)((offset + got) * 7 + ((offset + got) >> 9)));
    }
    return got;
}

static void
carry (Tunnel *self)
{
    while (pump_sender_step (self->ends[0].sender, self->ends[0].table))
        ;
    while (pump_receiver_step (self->ends[1].receiver, self->ends[1].table))
        ;
    pump_receiver_step (self->ends[1].receiver, self->ends[1].table);
}

static void
every_combination_carries_everything (void)
{
    for (unsigned offloads = 0; offloads <= PUMP_EVERYTHING; offloads++)
        for (unsigned kind = 0; kind < 4; kind++)
        {
            g_autoptr (Tunnel) tunnel = tunnel_new (offloads);
            make_steps (tunnel);
            Flow flow = { .family = kind & 1 ? IP_V6 : IP_V4,
                          .protocol = kind & 2 ? PROTOCOL_UDP : PROTOCOL_TCP,
                          .port = 1234,
                          .dont_fragment = true };
            static const size_t sizes[] = { 1, 100, STEP, STEP + 1, 9000 };
            size_t offset = 0;
            for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
            {
                host_send (&tunnel->ends[0], &flow, offset, sizes[i]);
                carry (tunnel);
                g_assert_cmpuint (host_receive (&tunnel->ends[1], &flow, offset), ==, sizes[i]);
                offset += sizes[i];
            }
            const PumpSa *sa = tunnel->ends[1].table->inbound[0];
            g_assert_cmpuint (
                pump_counts_get (&sa->received, COUNT_PACKETS), ==,
                pump_counts_get (&tunnel->ends[0].table->outbound[0]->sent, COUNT_PACKETS));
            g_assert_cmpint (pump_receiver_get_last_in (tunnel->ends[1].receiver), >, 0);
        }
}

static void
a_whole_train_stays_one (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_TCP, .port = 5, .dont_fragment = true };
    host_send (&tunnel->ends[0], &flow, 0, STEP * 40);
    carry (tunnel);
    VnetHeader vnet;
    uint8_t *packet;
    size_t size;
    g_assert_true (host_read (&tunnel->ends[1], &vnet, &packet, &size));
    g_assert_cmpuint (size, ==, 40 + STEP * 40);
    g_assert_cmpuint (vnet.gso_size, ==, STEP);
}

/* What the host's own device answers; the ICMP type and code, and the MTU in it. */
static unsigned
read_answer (const End *end, unsigned *ret_code, unsigned *ret_mtu)
{
    VnetHeader vnet;
    uint8_t *packet;
    size_t size;
    if (!host_read (end, &vnet, &packet, &size))
        return 0;
    size_t network = packet[0] >> 4 == 6 ? 40 : 20;
    *ret_code = packet[network + 1];
    *ret_mtu = inner_read_u16 (packet + network + 6);
    return packet[network];
}

static void
what_no_child_carries_is_prohibited (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    uint8_t packet[2000];
    VnetHeader vnet = { 0 };
    unsigned code = 0, mtu = 0;
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5 };
    size_t size = make_packet (&flow, 0, 100, true, packet);
    packet[18] = 7; /* to another network */
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    g_assert_cmpuint (read_answer (&tunnel->ends[0], &code, &mtu), ==, 3);
    g_assert_cmpuint (code, ==, 13);

    flow.family = IP_V6;
    size = make_packet (&flow, 0, 100, true, packet);
    packet[23] = 9; /* from another address */
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    g_assert_cmpuint (read_answer (&tunnel->ends[0], &code, &mtu), ==, 1);
    g_assert_cmpuint (code, ==, 1);

    /* No more than the limit of them. */
    unsigned answers = 0;
    for (unsigned i = 0; i < 400; i++)
    {
        host_write (&tunnel->ends[0], &vnet, packet, size);
        carry (tunnel);
        answers += read_answer (&tunnel->ends[0], &code, &mtu) != 0;
    }
    g_assert_cmpuint (answers, <, 300);
    g_assert_cmpuint (
        pump_counts_get (pump_sender_get_counts (tunnel->ends[0].sender), COUNT_SELECTORS), ==,
        402);
}

static void
what_a_child_may_not_bring_is_dropped (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    /* The gateway sends as if its child had other selectors. */
    IkeChildSa *child = tunnel->ends[0].table->outbound[0]->child;
    g_array_unref (child->remote);
    child->remote = selectors_of ("0.0.0.0/0", "::/0");
    uint8_t packet[2000];
    VnetHeader vnet = { 0 };
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5 };
    size_t size = make_packet (&flow, 0, 100, true, packet);
    packet[18] = 7;
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    g_assert_cmpuint (host_receive (&tunnel->ends[1], &flow, 0), ==, 0);
    const PumpCounts *counts = &tunnel->ends[1].table->inbound[0]->received;
    g_assert_cmpuint (pump_counts_get (counts, COUNT_SELECTORS), ==, 1);
    g_assert_cmpuint (pump_counts_get (counts, COUNT_PACKETS), ==, 0);
}

static void
too_big_is_answered_or_fragmented (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    uint8_t packet[4000];
    VnetHeader vnet = { 0 };
    unsigned code = 0, mtu = 0;
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5, .dont_fragment = true };
    size_t size = make_packet (&flow, 0, MTU - 28 + 1, true, packet);
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    g_assert_cmpuint (read_answer (&tunnel->ends[0], &code, &mtu), ==, 3);
    g_assert_cmpuint (code, ==, 4);
    g_assert_cmpuint (mtu, ==, MTU);

    flow.family = IP_V6;
    size = make_packet (&flow, 0, 1500, true, packet);
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    g_assert_cmpuint (read_answer (&tunnel->ends[0], &code, &mtu), ==, 2);
    g_assert_cmpuint (mtu, ==, MTU);

    /* IPv6 gets no less than 1280, however narrow the path. */
    tunnel->ends[0].table->mtu = 1000;
    size = make_packet (&flow, 0, 1280 - 48, true, packet);
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    g_assert_cmpuint (host_receive (&tunnel->ends[1], &flow, 0), ==, 1280 - 48);
    tunnel->ends[0].table->mtu = MTU;

    flow = (Flow){ .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5 };
    size = make_packet (&flow, 0, 3000, true, packet);
    host_write (&tunnel->ends[0], &vnet, packet, size);
    carry (tunnel);
    unsigned pieces = 0;
    uint8_t *got;
    while (host_read (&tunnel->ends[1], &vnet, &got, &size))
        pieces++;
    g_assert_cmpuint (pieces, ==, 3);
}

/* Bytes that came over the socket as they are, not through our sender. */
static void
gateway_send (Tunnel *self, const void *octets, size_t size)
{
    g_assert_cmpint (send (udp_transport_get_fd (self->ends[0].transport), octets, size, 0), ==,
                     (ssize_t)size);
}

static void
ike_and_noise_are_told_from_esp (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    static const uint8_t ike[40] = { 0, 0, 0, 0, 1, 2, 3 };
    static const uint8_t unknown[40] = { 9, 9, 9, 9, 0, 0, 0, 1 };
    static const uint8_t known[40] = { 0, 0, 0x10, 1, 0, 0, 0, 1 };
    gateway_send (tunnel, "\xff", 1);
    gateway_send (tunnel, "\x01", 1);
    gateway_send (tunnel, "", 0);
    gateway_send (tunnel, "\0\0\0\0", 4);
    gateway_send (tunnel, ike, sizeof ike);
    gateway_send (tunnel, unknown, sizeof unknown);
    gateway_send (tunnel, known, sizeof known);
    gateway_send (tunnel, known, 9);
    for (unsigned size = 1; size < 200; size++)
    {
        uint8_t noise[200];
        for (unsigned i = 0; i < size; i++)
            noise[i] = (uint8_t)g_test_rand_int ();
        noise[0] = 0;
        memcpy (noise, known, MIN (size, 4));
        gateway_send (tunnel, noise, size);
    }
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5 };
    host_send (&tunnel->ends[0], &flow, 0, 300);
    carry (tunnel);
    for (unsigned i = 0; i < 20; i++)
        pump_receiver_step (tunnel->ends[1].receiver, tunnel->ends[1].table);
    while (g_main_context_iteration (NULL, false))
        ;
    g_assert_cmpuint (tunnel->ends[1].heard, ==, 1);
    g_assert_cmpuint (host_receive (&tunnel->ends[1], &flow, 0), ==, 300);
    const PumpCounts *counts = &tunnel->ends[1].table->inbound[0]->received;
    g_assert_cmpuint (pump_counts_get (counts, COUNT_UNVERIFIED), >, 0);
    g_assert_cmpuint (pump_counts_get (counts, COUNT_PACKETS), ==, 1);
}

static void
what_is_gathered_is_told_apart (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5 };
    /* An ESP packet, an IKE message of its size and a keepalive, in one train as the kernel might gather them. */
    uint8_t inner[200], train[1000];
    size_t size = make_packet (&flow, 0, 100, true, inner);
    EspOutbound *esp = tunnel->ends[0].table->outbound[0]->esp->outbound;
    size_t sealed = esp_outbound_seal (esp, inner, size, ESP_NEXT_IPV4, train);
    memset (train + sealed, 0, sealed);
    train[2 * sealed] = 0xff;
    struct iovec part = { train, 2 * sealed + 1 };
    union
    {
        struct cmsghdr header;
        uint8_t octets[CMSG_SPACE (sizeof (uint16_t))];
    } control = { .header = { .cmsg_level = 17 /* UDP */,
                              .cmsg_type = 103 /* UDP_SEGMENT */,
                              .cmsg_len = CMSG_LEN (sizeof (uint16_t)) } };
    uint16_t step = (uint16_t)sealed;
    memcpy (CMSG_DATA (&control.header), &step, sizeof step);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    if (sendmsg (udp_transport_get_fd (tunnel->ends[0].transport), &message, 0) < 0)
    {
        g_test_skip ("this kernel has no UDP_SEGMENT");
        return;
    }
    carry (tunnel);
    while (g_main_context_iteration (NULL, false))
        ;
    g_assert_cmpuint (tunnel->ends[1].heard, ==, 1);
    g_assert_cmpuint (host_receive (&tunnel->ends[1], &flow, 0), ==, 100);
    g_assert_cmpuint (
        pump_counts_get (pump_receiver_get_counts (tunnel->ends[1].receiver), COUNT_MALFORMED), ==,
        0);
}

/* A gateway that is not there: the kernel reports it on the socket, again and again. */
static void
refusals_end_nothing (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    make_steps (tunnel);
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_UDP, .port = 5 };
    uint16_t port = udp_transport_get_local (tunnel->ends[1].transport).port;
    turn_to (&tunnel->ends[0], 9);
    for (unsigned i = 0; i < 5; i++)
    {
        host_send (&tunnel->ends[0], &flow, 0, 300);
        carry (tunnel);
    }
    turn_to (&tunnel->ends[0], port);
    host_send (&tunnel->ends[0], &flow, 0, 300);
    carry (tunnel);
    g_assert_cmpuint (host_receive (&tunnel->ends[1], &flow, 0), ==, 300);
}

static void
tables_keep_order_and_drain (void)
{
    g_autoptr (PumpTable) table = make_table (0, 0, MTU);
    g_autoptr (IkeChildSa) next = make_child (0, 1);
    g_autoptr (PumpSa) sa = pump_sa_new (next, 0, NULL);
    g_assert_true (pump_table_add (table, sa));
    g_assert_cmpuint (table->outbound_count, ==, 1);
    g_assert_cmpuint (table->inbound_count, ==, 2);
    g_assert_false (table->outbound[0] == sa);
    g_assert_true (pump_table_switch (table, 0x1002));
    g_assert_true (table->outbound[0] == sa);
    g_assert_cmpuint (table->inbound_count, ==, 2);
    g_assert_false (pump_table_switch (table, 0x9999));
    g_assert_nonnull (pump_table_find_inbound (table, 0x1000));
    g_assert_true (pump_table_find_inbound (table, 0x1002) == sa);
    g_autoptr (PumpTable) copy = pump_table_copy (table);
    g_assert_true (pump_table_remove (table, 0x1000));
    g_assert_false (pump_table_remove (table, 0x1000));
    g_assert_null (pump_table_find_inbound (table, 0x1000));
    g_assert_nonnull (pump_table_find_inbound (copy, 0x1000));
    g_assert_true (pump_table_remove (table, 0x1002));
    g_assert_cmpuint (table->outbound_count + table->inbound_count, ==, 0);
    for (uint32_t i = 0; i < PUMP_SAS_MAX; i++)
    {
        g_autoptr (IkeChildSa) child = make_child (0, 10 + i);
        child->number = PUMP_SAS_MAX - i;
        g_autoptr (PumpSa) more = pump_sa_new (child, 0, NULL);
        g_assert_true (pump_table_add (table, more));
    }
    g_assert_false (pump_table_add (table, sa));
    for (unsigned i = 0; i < PUMP_SAS_MAX; i++)
        g_assert_cmpuint (table->outbound[i]->child->number, ==, i + 1);
}

/* The threads carry while the main thread rekeys under them. */
static void
threads_carry_through_rekeys (void)
{
    g_autoptr (Tunnel) tunnel = tunnel_new (PUMP_EVERYTHING);
    Pump *pumps[2];
    for (unsigned i = 0; i < 2; i++)
    {
        GError *error = NULL;
        End *end = &tunnel->ends[i];
        pumps[i] = pump_new (&end->device, end->transport, make_table (i, 0, MTU), tunnel->offloads,
                             &error);
        g_assert_no_error (error);
    }
    Flow flow = { .family = IP_V4, .protocol = PROTOCOL_TCP, .port = 5, .dont_fragment = true };
    size_t got = 0, sent = 0;
    for (uint32_t round = 1; round <= 50; round++)
    {
        host_send (&tunnel->ends[0], &flow, sent, 8000);
        sent += 8000;
        for (unsigned i = 2; i-- > 0;)
        {
            PumpTable *table = pump_table_copy (pump_get_table (pumps[i]));
            g_autoptr (IkeChildSa) child = make_child (i, round);
            g_autoptr (PumpSa) sa = pump_sa_new (child, 0, NULL);
            g_assert_true (pump_table_add (table, sa));
            g_assert_true (pump_table_switch (table, child->spi_in));
            if (round > 2)
                g_assert_true (pump_table_remove (table, 0x1000 + i + 2 * (round - 3)));
            pump_publish (pumps[i], table);
        }
        for (unsigned wait = 0; wait < 2000 && got < sent; wait++)
        {
            got += host_receive (&tunnel->ends[1], &flow, got);
            if (got < sent)
                g_usleep (1000);
        }
        g_assert_cmpuint (got, ==, sent);
    }
    OutriderCounters counters = { 0 };
    pump_add_counters (pumps[1], &counters);
    g_assert_cmpint (counters.last_in, >, 0);
    g_assert_cmpuint (counters.dropped_unverified + counters.dropped_malformed, ==, 0);
    pump_free (pumps[0]);
    pump_free (pumps[1]);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/pump/combinations", every_combination_carries_everything);
    g_test_add_func ("/pump/train", a_whole_train_stays_one);
    g_test_add_func ("/pump/prohibited", what_no_child_carries_is_prohibited);
    g_test_add_func ("/pump/selectors", what_a_child_may_not_bring_is_dropped);
    g_test_add_func ("/pump/too-big", too_big_is_answered_or_fragmented);
    g_test_add_func ("/pump/noise", ike_and_noise_are_told_from_esp);
    g_test_add_func ("/pump/gathered", what_is_gathered_is_told_apart);
    g_test_add_func ("/pump/refused", refusals_end_nothing);
    g_test_add_func ("/pump/tables", tables_keep_order_and_drain);
    g_test_add_func ("/pump/threads", threads_carry_through_rekeys);
    return g_test_run ();
}
