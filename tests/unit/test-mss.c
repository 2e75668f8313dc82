/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The MSS option: lowered where it is larger than the tunnel, with the checksum that a receiver computes; all else stays. */

#include "dataplane/checksum.h"
#include "dataplane/mss.h"

#define ROOM 256

typedef struct
{
    uint8_t octets[ROOM];
    InnerPacket inner;
} Packet;

static uint16_t
sum_of (const Packet *self)
{
    const InnerPacket *inner = &self->inner;
    size_t size = inner->size - inner->network_size;
    uint16_t sum = checksum_pseudo (inner_get_addresses (self->octets, inner->family).data,
                                    inner->family == IP_V6 ? 32 : 8, PROTOCOL_TCP, size);
    return checksum_add (sum, self->octets + inner->network_size, size);
}

/* A TCP packet with FLAGS and OPTIONS (padded to words by the caller), and some payload. */
static Packet
make (bool v6, uint8_t flags, const uint8_t *options, size_t options_size, size_t payload)
{
    Packet packet = { 0 };
    uint8_t *ip = packet.octets, *tcp = ip + (v6 ? 40 : 20);
    size_t size = TCP_HEADER_MIN + options_size + payload;
    ip[0] = v6 ? 0x60 : 0x45;
    inner_write_u16 (ip + (v6 ? 4 : 2), (uint16_t)(v6 ? size : size + 20));
    ip[v6 ? 6 : 9] = PROTOCOL_TCP;
    ip[v6 ? 7 : 8] = 64;
    memset (ip + (v6 ? 8 : 12), 7, v6 ? 32 : 8);
    inner_write_u16 (tcp, 40000);
    inner_write_u16 (tcp + 2, 443);
    tcp[12] = (uint8_t)((TCP_HEADER_MIN + options_size) / 4 << 4);
    tcp[13] = flags;
    memcpy (tcp + TCP_HEADER_MIN, options, options_size);
    memset (tcp + TCP_HEADER_MIN + options_size, 0x5a, payload);
    g_assert_true (inner_packet_parse (byte_view (packet.octets, ROOM), &packet.inner));
    uint16_t checksum = checksum_finish (sum_of (&packet));
    checksum_store (tcp + 16, checksum);
    g_assert_cmphex (sum_of (&packet), ==, 0xffff);
    return packet;
}

static const struct
{
    const char *name;
    bool v6;
    uint8_t flags;
    uint8_t options[12];
    size_t size, payload;
    unsigned mtu;
    unsigned at;    /* where the MSS stands in the options */
    unsigned value; /* expected there; 0: nothing of the packet changes */
} cases[] = {
    { "syn", false, 0x02, { 2, 4, 5, 180 }, 4, 0, 1400, 2, 1360 },
    { "syn-ack", false, 0x12, { 2, 4, 5, 180 }, 4, 0, 1280, 2, 1240 },
    { "ipv6", true, 0x02, { 2, 4, 5, 160 }, 4, 0, 1400, 2, 1340 },
    { "behind-others", false, 0x02, { 4, 2, 1, 1, 2, 4, 5, 180 }, 8, 0, 1400, 6, 1360 },
    { "at-an-odd-place", false, 0x02, { 1, 2, 4, 5, 180, 1, 1, 0 }, 8, 0, 1400, 3, 1360 },
    { "with-payload", false, 0x02, { 2, 4, 5, 180 }, 4, 33, 1400, 2, 1360 },
    { "small-enough", false, 0x02, { 2, 4, 5, 0 }, 4, 0, 1400, 0, 0 },
    { "no-syn", false, 0x10, { 2, 4, 5, 180 }, 4, 0, 1400, 0, 0 },
    { "no-option", false, 0x02, { 1, 1, 1, 1 }, 4, 0, 1400, 0, 0 },
    { "behind-the-end", false, 0x02, { 0, 0, 0, 0, 2, 4, 5, 180 }, 8, 0, 1400, 0, 0 },
    { "cut-off", false, 0x02, { 1, 1, 1, 2 }, 4, 0, 1400, 0, 0 },
    { "longer-than-the-header", false, 0x02, { 2, 5, 5, 180 }, 4, 0, 1400, 0, 0 },
    { "of-no-length", false, 0x02, { 3, 0, 2, 4, 5, 180, 0, 0 }, 8, 0, 1400, 0, 0 },
    { "of-a-wrong-length", false, 0x02, { 2, 3, 5, 0 }, 4, 0, 1400, 0, 0 },
    { "no-limit", false, 0x02, { 2, 4, 5, 180 }, 4, 0, 0, 0, 0 },
};

static void
option_is_lowered (gconstpointer data)
{
    const typeof (cases[0]) *row = data;
    Packet packet = make (row->v6, row->flags, row->options, row->size, row->payload);
    Packet before = packet;
    mss_clamp (packet.octets, &packet.inner, row->mtu);
    if (row->value == 0)
    {
        g_assert_cmpmem (packet.octets, ROOM, before.octets, ROOM);
        return;
    }
    const uint8_t *options = packet.octets + packet.inner.network_size + TCP_HEADER_MIN;
    g_assert_cmpuint (inner_read_u16 (options + row->at), ==, row->value);
    g_assert_cmphex (sum_of (&packet), ==, 0xffff);
}

/* A header that claims to be longer than the packet, a fragment, and octets of any kind: nothing outside is touched. */
static void
hostile_packets_stay (void)
{
    static const uint8_t options[] = { 2, 4, 5, 180 };
    Packet packet = make (false, 0x02, options, sizeof options, 0);
    packet.octets[20 + 12] = 0xf0;
    Packet before = packet;
    mss_clamp (packet.octets, &packet.inner, 1280);
    g_assert_cmpmem (packet.octets, ROOM, before.octets, ROOM);

    for (unsigned i = 0; i < 100000; i++)
    {
        uint8_t *octets = g_malloc (60);
        for (unsigned k = 0; k < 60; k++)
            octets[k] = (uint8_t)g_test_rand_int ();
        octets[0] = 0x45;
        octets[2] = 0;
        octets[3] = (uint8_t)g_test_rand_int_range (20, 61);
        octets[6] &= 0x40;
        octets[7] = 0;
        octets[9] = PROTOCOL_TCP;
        octets[33] |= 0x02;
        InnerPacket inner;
        if (inner_packet_parse (byte_view (octets, 60), &inner))
            mss_clamp (octets, &inner, 576);
        g_free (octets);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        g_autofree char *path = g_strconcat ("/mss/", cases[i].name, NULL);
        g_test_add_data_func (path, &cases[i], option_is_lowered);
    }
    g_test_add_func ("/mss/hostile", hostile_packets_stay);
    return g_test_run ();
}
