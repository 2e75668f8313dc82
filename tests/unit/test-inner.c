/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/checksum.h"
#include "dataplane/icmp.h"
#include "dataplane/inner.h"

/* RFC 1071, word by word. */
static uint16_t
plain_sum (const uint8_t *octets, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 2)
    {
        sum += (uint32_t)octets[i] << 8 | (i + 1 < size ? octets[i + 1] : 0);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void
checksum_agrees_with_the_plain_one (void)
{
    static uint8_t room[4096];
    for (size_t i = 0; i < sizeof room; i++)
        room[i] = i % 3 == 0 ? 0xff : (uint8_t)g_test_rand_int ();
    for (size_t at = 0; at < 33; at++)
        for (size_t size = 0; size < 300; size++)
            g_assert_cmphex (checksum_add (0, room + at, size), ==,
                             GUINT16_TO_BE (plain_sum (room + at, size)));
    for (size_t size = 300; size < sizeof room; size += 61)
        g_assert_cmphex (checksum_add (0, room, size), ==, GUINT16_TO_BE (plain_sum (room, size)));

    static uint8_t ones[65536];
    memset (ones, 0xff, sizeof ones);
    g_assert_cmphex (checksum_add (0xffff, ones, sizeof ones), ==, 0xffff);
    g_assert_cmphex (checksum_add (0, ones, 0), ==, 0);
}

static void
checksums_add_up (void)
{
    static const uint8_t octets[] = { 0x12, 0x34, 0xfe, 0xdc, 0xff, 0xff, 0x80, 0x01 };
    uint16_t whole = checksum_add (0, octets, sizeof octets);
    g_assert_cmphex (checksum_add (checksum_add (0, octets, 4), octets + 4, 4), ==, whole);
    g_assert_cmphex (checksum_add_u16 (checksum_add (0, octets, 6), 0x8001), ==, whole);
    static const uint8_t pseudo[] = { 10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 1, 0x11, 0x70 };
    g_assert_cmphex (checksum_pseudo (pseudo, 8, 6, 0x11170), ==,
                     checksum_add (0, pseudo, sizeof pseudo));
}

/* A UDP packet over IPv4 from 10.0.0.1:1000 to 10.0.0.2:53. */
static const uint8_t udp4[] = { 0x45, 0, 0, 32, 0, 1,    0x40, 0,  64, 17, 0, 0, 10, 0, 0, 1,
                                10,   0, 0, 2,  3, 0xe8, 0,    53, 0,  12, 0, 0, 1,  2, 3, 4 };

static void
ipv4_is_read (void)
{
    InnerPacket packet;
    uint8_t octets[64] = { 0 };
    memcpy (octets, udp4, sizeof udp4);
    g_assert_true (inner_packet_parse (byte_view (octets, sizeof octets), &packet));
    g_assert_cmpint (packet.family, ==, IP_V4);
    g_assert_cmpuint (packet.size, ==, sizeof udp4);
    g_assert_cmpuint (packet.network_size, ==, 20);
    g_assert_true (packet.has_ports);
    g_assert_cmpuint (packet.source_port, ==, 1000);
    g_assert_cmpuint (packet.destination_port, ==, 53);
    g_autofree char *destination = ip_address_format (&packet.destination);
    g_assert_cmpstr (destination, ==, "10.0.0.2");

    octets[6] = 0x20; /* more fragments */
    g_assert_true (inner_packet_parse (byte_view (octets, sizeof udp4), &packet));
    g_assert_true (packet.fragment && packet.first && !packet.has_ports);
    octets[6] = 0;
    octets[7] = 1;
    g_assert_true (inner_packet_parse (byte_view (octets, sizeof udp4), &packet));
    g_assert_true (packet.fragment && !packet.first && !packet.has_ports);
}

static void
ipv4_that_lies_is_refused (void)
{
    static const struct
    {
        size_t at;
        uint8_t value;
    } lies[] = {
        { 0, 0x44 },              /* header too short */
        { 0, 0x4f },              /* header longer than the packet */
        { 0, 0x55 },              /* no IP */
        { 0, 0x00 }, { 2, 0x01 }, /* longer than the octets */
        { 3, 33 },   { 3, 19 },   /* shorter than its header */
    };
    InnerPacket packet;
    for (size_t i = 0; i < G_N_ELEMENTS (lies); i++)
    {
        uint8_t octets[sizeof udp4];
        memcpy (octets, udp4, sizeof udp4);
        octets[lies[i].at] = lies[i].value;
        g_assert_false (inner_packet_parse (byte_view (octets, sizeof octets), &packet));
    }
    for (size_t size = 0; size < sizeof udp4; size++)
        g_assert_false (inner_packet_parse (byte_view (udp4, size), &packet));
}

/* Writes an IPv6 header in front of CONTENT. */
static size_t
make_v6 (uint8_t *ret_octets, uint8_t next_header, const uint8_t *content, size_t size)
{
    memset (ret_octets, 0, 40);
    ret_octets[0] = 0x60;
    inner_write_u16 (ret_octets + 4, (uint16_t)size);
    ret_octets[6] = next_header;
    ret_octets[7] = 64;
    ret_octets[8] = 0xfd;
    ret_octets[23] = 1;
    ret_octets[24] = 0xfd;
    ret_octets[39] = 2;
    memcpy (ret_octets + 40, content, size);
    return 40 + size;
}

static void
ipv6_extensions_are_walked (void)
{
    static const uint8_t content[] = {
        60, 0, 0, 0, 0, 0, 0, 0,                         /* hop by hop */
        44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* destination options */
        17, 0, 0, 0, 0, 0, 0, 9,                         /* an atomic fragment */
        1,  0, 2, 0, 0, 8, 0, 0,                         /* UDP 256 to 512 */
    };
    uint8_t octets[128];
    InnerPacket packet;
    size_t size = make_v6 (octets, 0, content, sizeof content);
    g_assert_true (inner_packet_parse (byte_view (octets, size), &packet));
    g_assert_cmpuint (packet.protocol, ==, 17);
    g_assert_cmpuint (packet.network_size, ==, 40 + 32);
    g_assert_true (packet.has_ports && !packet.fragment);
    g_assert_cmpuint (packet.destination_port, ==, 512);

    octets[40 + 24 + 3] = 1; /* more fragments */
    g_assert_true (inner_packet_parse (byte_view (octets, size), &packet));
    g_assert_true (packet.fragment && packet.first && !packet.has_ports);
    octets[40 + 24 + 2] = 1; /* a later one: what follows is no UDP header */
    g_assert_true (inner_packet_parse (byte_view (octets, size), &packet));
    g_assert_true (packet.fragment && !packet.first && !packet.has_ports);

    octets[40 + 8 + 1] = 9; /* an extension longer than the packet */
    g_assert_false (inner_packet_parse (byte_view (octets, size), &packet));
}

static void
endless_extensions_are_refused (void)
{
    uint8_t content[8 * 32] = { 0 };
    uint8_t octets[512];
    for (size_t i = 0; i < sizeof content; i += 8)
        content[i] = 60;
    InnerPacket packet;
    size_t size = make_v6 (octets, 60, content, sizeof content);
    g_assert_false (inner_packet_parse (byte_view (octets, size), &packet));
}

static void
no_octets_are_believed (void)
{
    for (unsigned round = 0; round < 50000; round++)
    {
        size_t size = (size_t)g_test_rand_int_range (0, 120);
        g_autofree uint8_t *octets = g_malloc (MAX (size, 1));
        for (size_t i = 0; i < size; i++)
            octets[i] = i % 7 == 2 ? 0 : (uint8_t)g_test_rand_int ();
        static const uint8_t firsts[] = { 0x45, 0x46, 0x60 };
        if (size > 0)
            octets[0] = firsts[round % G_N_ELEMENTS (firsts)];
        if (size > 6 && round % 2 == 0)
            octets[6] = (uint8_t[]){ 0, 43, 44, 51, 60, 17 }[round / 2 % 6];
        InnerPacket packet;
        if (!inner_packet_parse (byte_view (octets, size), &packet))
            continue;
        g_assert_cmpuint (packet.size, <=, size);
        g_assert_cmpuint (packet.network_size, <=, packet.size);
        uint8_t answer[ICMP_ANSWER_MAX];
        g_assert_cmpuint (
            icmp_answer_write (round % 3 == 0 ? ICMP_ANSWER_TOO_BIG : ICMP_ANSWER_PROHIBITED,
                               &packet, octets, 1400, answer),
            <=, sizeof answer);
    }
}

/* The answer is a packet itself, with right checksums, the other way round, and quotes the packet. */
static void
check_answer (const uint8_t *answer, size_t size, const InnerPacket *to, const uint8_t *quoted)
{
    InnerPacket packet;
    g_assert_true (inner_packet_parse (byte_view (answer, size), &packet));
    g_assert_cmpuint (packet.size, ==, size);
    g_assert_true (ip_address_equal (&packet.destination, &to->source));
    g_assert_true (ip_address_equal (&packet.source, &to->destination));
    g_assert_cmpmem (answer + packet.network_size + 8, size - packet.network_size - 8, quoted,
                     MIN (size - packet.network_size - 8, to->size));
    uint16_t sum = 0;
    if (packet.family == IP_V6)
        sum = checksum_pseudo (answer + 8, 32, PROTOCOL_ICMPV6, size - 40);
    else
        g_assert_cmphex (checksum_add (0, answer, 20), ==, 0xffff);
    g_assert_cmphex (checksum_add (sum, answer + packet.network_size, size - packet.network_size),
                     ==, 0xffff);
}

static void
answers_tell_the_cause (void)
{
    uint8_t octets[2000] = { 0 }, answer[ICMP_ANSWER_MAX];
    InnerPacket packet;
    memcpy (octets, udp4, sizeof udp4);
    inner_write_u16 (octets + 2, 1500);
    g_assert_true (inner_packet_parse (byte_view (octets, sizeof octets), &packet));
    size_t size = icmp_answer_write (ICMP_ANSWER_TOO_BIG, &packet, octets, 1438, answer);
    g_assert_cmpuint (size, ==, 576);
    check_answer (answer, size, &packet, octets);
    g_assert_cmpuint (answer[20], ==, 3);
    g_assert_cmpuint (answer[21], ==, 4);
    g_assert_cmpuint (inner_read_u16 (answer + 26), ==, 1438);
    size = icmp_answer_write (ICMP_ANSWER_PROHIBITED, &packet, octets, 0, answer);
    check_answer (answer, size, &packet, octets);
    g_assert_cmpuint (answer[20], ==, 3);
    g_assert_cmpuint (answer[21], ==, 13);
    g_assert_cmpuint (inner_read_u32 (answer + 24), ==, 0);

    uint8_t content[1500] = { 1, 0, 2, 0, 5, 0xdc };
    make_v6 (octets, PROTOCOL_UDP, content, sizeof content);
    g_assert_true (inner_packet_parse (byte_view (octets, sizeof octets), &packet));
    size = icmp_answer_write (ICMP_ANSWER_TOO_BIG, &packet, octets, 1400, answer);
    g_assert_cmpuint (size, ==, 1280);
    check_answer (answer, size, &packet, octets);
    g_assert_cmpuint (answer[40], ==, 2);
    g_assert_cmpuint (inner_read_u32 (answer + 44), ==, 1400);
    size = icmp_answer_write (ICMP_ANSWER_PROHIBITED, &packet, octets, 0, answer);
    check_answer (answer, size, &packet, octets);
    g_assert_cmpuint (answer[40], ==, 1);
    g_assert_cmpuint (answer[41], ==, 1);
}

static void
some_are_never_answered (void)
{
    static const struct
    {
        size_t at;
        uint8_t value;
    } cases[] = {
        { 16, 224 }, /* to multicast */
        { 16, 255 }, /* to all */
        { 12, 0 },   /* from nobody */
        { 7, 1 },    /* a later fragment */
    };
    uint8_t octets[sizeof udp4], answer[ICMP_ANSWER_MAX];
    InnerPacket packet;
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        memcpy (octets, udp4, sizeof udp4);
        octets[cases[i].at] = cases[i].value;
        g_assert_true (inner_packet_parse (byte_view (octets, sizeof octets), &packet));
        g_assert_cmpuint (icmp_answer_write (ICMP_ANSWER_PROHIBITED, &packet, octets, 0, answer),
                          ==, 0);
    }
    /* Nor an ICMP error; but an echo request is. */
    memcpy (octets, udp4, sizeof udp4);
    octets[9] = PROTOCOL_ICMP;
    octets[20] = 3;
    g_assert_true (inner_packet_parse (byte_view (octets, sizeof octets), &packet));
    g_assert_cmpuint (icmp_answer_write (ICMP_ANSWER_PROHIBITED, &packet, octets, 0, answer), ==,
                      0);
    octets[20] = 8;
    g_assert_cmpuint (icmp_answer_write (ICMP_ANSWER_PROHIBITED, &packet, octets, 0, answer), >, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/checksum/plain", checksum_agrees_with_the_plain_one);
    g_test_add_func ("/checksum/parts", checksums_add_up);
    g_test_add_func ("/inner/ipv4", ipv4_is_read);
    g_test_add_func ("/inner/ipv4/lies", ipv4_that_lies_is_refused);
    g_test_add_func ("/inner/ipv6", ipv6_extensions_are_walked);
    g_test_add_func ("/inner/ipv6/endless", endless_extensions_are_refused);
    g_test_add_func ("/inner/random", no_octets_are_believed);
    g_test_add_func ("/icmp/answers", answers_tell_the_cause);
    g_test_add_func ("/icmp/silence", some_are_never_answered);
    return g_test_run ();
}
