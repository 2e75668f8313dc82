/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The kernel plane when the path changes: a child's states come to other addresses and ports, moved by the kernel or installed
 * anew, and lose neither their numbers nor more packets than they must.
 */

#include "dataplane/xfrm-claim.h"
#include "support/xfrm-bench.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/udp.h>
#include <unistd.h>

#define NEAR_ROAMED "192.0.2.11"
#define FAR_ROAMED "192.0.2.12"
#define OTHER_PORT 4503
#define THIRD_PORT 4504

static const XfrmKind without_esn = { "aes128", "sha256", false, true };
static const XfrmKind plain_without_esn = { "aes256gcm16", NULL, false, false };

/* How the near end's states come to other addresses. */
typedef struct
{
    const XfrmKind *kind;
    bool reinstalled; /* as on a kernel that cannot move them */
} Manner;

static XfrmBench *
bench_for (const Manner *manner)
{
    XfrmBench *self = xfrm_bench_new ();
    if (manner->reinstalled)
        outrider_xfrm_plane_forgo_migration (OUTRIDER_XFRM_PLANE (self->near->plane));
    return self;
}

static XfrmBench *
bench_with_child (const Manner *manner)
{
    XfrmBench *self = bench_for (manner);
    xfrm_bench_add_child (self, manner->kind);
    return self;
}

/* What takes ESP in UDP at the far end, from anywhere. */
static int
open_port (uint16_t port)
{
    xfrm_bench_enter_far ();
    int type = UDP_ENCAP_ESPINUDP;
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (port) };
    inet_pton (AF_INET, FAR, &in.sin_addr);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_no_errno (bind (fd, (struct sockaddr *)&in, sizeof in));
    g_assert_no_errno (setsockopt (fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof type));
    xfrm_bench_enter_near ();
    return fd;
}

static void
turn_to (const XfrmEnd *end, const char *address, uint16_t port)
{
    IpEndpoint gateway = { .port = port };
    g_assert_true (ip_address_parse (address, &gateway.address));
    g_assert_true (udp_transport_set_gateway (end->transport, &gateway, NULL));
    outrider_data_plane_moved (end->plane);
}

/* The far end hears that the near one is at ADDRESS. */
static void
tell_far (const XfrmBench *bench, const char *address)
{
    xfrm_bench_enter_far ();
    turn_to (bench->far, address, NEAR_PORT);
    xfrm_bench_enter_near ();
}

/* The way to the gateway begins at another address of ours now, as after a change of network. */
static void
roam (const XfrmEnd *end, const char *address)
{
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    IpEndpoint gateway = udp_transport_get_gateway (end->transport);
    xfrm_bench_run ("ip route replace " FAR " dev wire src %s", address);
    g_assert_no_errno (connect (udp_transport_get_fd (end->transport), &none, sizeof none));
    turn_to (end, FAR, gateway.port);
    IpEndpoint local = udp_transport_get_local (end->transport);
    g_autofree char *text = ip_address_format (&local.address);
    g_assert_cmpstr (text, ==, address);
}

static unsigned
count_seen (const XfrmReplay *replay)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < replay->words; i++)
        seen += (unsigned)__builtin_popcount (replay->bitmap[i]);
    return seen;
}

/* At the near end: PACKETS each way. */
static void
assert_counted (const XfrmBench *bench, unsigned packets, unsigned replayed)
{
    OutriderCounters counters;
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, packets);
    g_assert_cmpuint (counters.packets_in, ==, packets);
    g_assert_cmpuint (counters.dropped_replayed, ==, replayed);
}

/* The states are the same ones: nothing about them begins anew. */
static void
the_gateways_port_changes (void)
{
    g_autoptr (XfrmBench) bench = xfrm_bench_new_with_child (&xfrm_kind_in_udp);
    for (int i = 0; i < 3; i++)
        g_assert_true (xfrm_bench_works (bench));

    int fd = open_port (OTHER_PORT);
    turn_to (bench->near, FAR, OTHER_PORT);
    XfrmStateFacts out = xfrm_states_find (NEAR_SPI_OUT).last;
    g_assert_cmpuint (out.packets, ==, 3);
    g_assert_cmpuint (out.replay.sent, ==, 3);
    XfrmStateFacts heard = xfrm_states_find (NEAR_SPI_IN).last;
    g_assert_cmpuint (count_seen (&heard.replay), ==, 3);
    xfrm_bench_run ("ip xfrm state list spi %#x | grep -q 'sport %d dport %d'", NEAR_SPI_OUT,
                    NEAR_PORT, OTHER_PORT);
    g_assert_true (xfrm_end_reaches (bench->near, bench->far));
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).last.replay.sent, ==, 4);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    close (fd);
}

/* Ends that were set stay where they are in a state that was moved; in another one they begin where the first one stopped. */
static void
assert_ends (const Manner *manner, unsigned soft, unsigned hard)
{
    unsigned leapt = manner->reinstalled || !manner->kind->esn ? 1 << 20 : 0;
    unsigned counted = manner->reinstalled ? 3 : 0;
    xfrm_bench_run ("ip -s xfrm state list spi %#x | grep -q 'soft %u(packets), hard %u(packets)'",
                    NEAR_SPI_OUT, soft - leapt - counted, hard - leapt - counted);
}

static void
our_address_changes (gconstpointer data)
{
    const Manner *manner = data;
    const XfrmLimits limits = { .soft_packets = 1 << 22, .hard_packets = 1 << 23 };
    g_autoptr (XfrmBench) bench = bench_for (manner);
    outrider_xfrm_plane_set_limits (OUTRIDER_XFRM_PLANE (bench->near->plane), &limits);
    xfrm_bench_add_child (bench, manner->kind);
    for (int i = 0; i < 3; i++)
        g_assert_true (xfrm_bench_works (bench));

    roam (bench->near, NEAR_ROAMED);
    XfrmStateFacts out = xfrm_states_find (NEAR_SPI_OUT).last;
    XfrmStateFacts heard = xfrm_states_find (NEAR_SPI_IN).last;
    g_autofree char *source = ip_address_format (&out.source);
    g_autofree char *destination = ip_address_format (&heard.destination);
    g_assert_cmpstr (source, ==, NEAR_ROAMED);
    g_assert_cmpstr (destination, ==, NEAR_ROAMED);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 2);
    g_assert_cmpuint (xfrm_policies_count (), ==, 3);
    g_assert_cmphex (out.mark, ==, OUTER_MARK);
    g_assert_cmpuint (out.packets, ==, manner->reinstalled ? 0 : 3);
    g_assert_cmpuint (heard.packets, ==, manner->reinstalled ? 0 : 3);
    /* No number twice, neither way. */
    g_assert_cmpuint (out.replay.sent, >, 3);
    g_assert_cmpuint (out.replay.sent, <=, 3 + (1 << 20));
    g_assert_cmpuint (heard.replay.seen, ==, 3);
    g_assert_cmpuint (count_seen (&heard.replay), ==, 3);
    assert_ends (manner, 1 << 22, 1 << 23);

    /* A gateway that begins its numbers anew: what was heard before is not taken again. */
    xfrm_bench_restart_far (bench, NEAR_ROAMED);
    for (int i = 0; i < 3; i++)
        g_assert_false (xfrm_end_reaches (bench->far, bench->near));
    g_assert_true (xfrm_bench_works (bench));
    assert_counted (bench, 4, 3);

    /* Nothing moved: nothing is touched. */
    outrider_data_plane_moved (bench->near->plane);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).last.packets, ==,
                      manner->reinstalled ? 1 : 4);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    roam (bench->near, NEAR);
    assert_counted (bench, 4, 3);
}

static void
the_gateways_address_changes (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    g_assert_true (xfrm_bench_works (bench));
    turn_to (bench->near, FAR_ROAMED, OTHER_PORT);
    if (manner->kind->encapsulated)
        xfrm_bench_run ("ip xfrm state list spi %#x | grep -q 'sport %d dport %d'", NEAR_SPI_OUT,
                        NEAR_PORT, OTHER_PORT);
    XfrmStateFacts out = xfrm_states_find (NEAR_SPI_OUT).last;
    g_autofree char *destination = ip_address_format (&out.destination);
    g_assert_cmpstr (destination, ==, FAR_ROAMED);
    g_assert_cmpuint (out.replay.sent, >, 1);
    g_assert_cmphex (out.mark, ==, OUTER_MARK);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 2);
    g_assert_cmpuint (xfrm_policies_count (), ==, 3);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_IN).last.replay.seen, ==, 1);
    /* It leaves for the new address; who is there knows no such state. */
    xfrm_end_reaches (bench->near, bench->far);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).last.packets, ==,
                      manner->reinstalled ? 1 : 2);
    turn_to (bench->near, FAR, FAR_PORT);
    g_assert_true (xfrm_bench_works (bench));
    g_assert_cmpuint (bench->near->expired, ==, 0);
}

/* Without ESN the numbers end: an SA that has none left to leap over is given up for another. */
static void
no_number_is_left_to_leap_over (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    /* iproute2 sets no numbers of a state that is there: one in its place, with the same name and the last numbers but few. */
    xfrm_bench_run ("ip xfrm state delete src " NEAR " dst " FAR " proto esp spi %#x",
                    NEAR_SPI_OUT);
    xfrm_bench_run ("ip xfrm state add src " NEAR " dst " FAR
                    " proto esp spi %#x mode tunnel reqid 65537 replay-oseq 0xfffffff0 "
                    "aead 'rfc4106(gcm(aes))' 0x%072x 128 if_id %#x",
                    NEAR_SPI_OUT, 0, XFRM_IF_ID_BASE);
    roam (bench->near, NEAR_ROAMED);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).found, ==, 0);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_IN).found, ==, 1);
    roam (bench->near, NEAR);
}

/* Several states on a way: first one that is not used yet, then one that drains. */
static void
a_rekey_is_under_way (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    g_autoptr (IkeChildSa) near2 = xfrm_end_make_child (bench->near, manner->kind, 0x2000);
    g_autoptr (IkeChildSa) far2 = xfrm_end_make_child (bench->far, manner->kind, 0x2000);
    xfrm_end_install (bench->far, far2);
    xfrm_end_install (bench->near, near2);
    g_assert_true (xfrm_bench_works (bench));

    roam (bench->near, NEAR_ROAMED);
    tell_far (bench, NEAR_ROAMED);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 3);
    g_assert_cmpuint (xfrm_states_find_at (NEAR_ROAMED).found, ==, 3);
    g_assert_cmpuint (xfrm_policies_count (), ==, 3);
    g_assert_true (xfrm_bench_works (bench));

    xfrm_end_switch_child (bench->near, near2);
    g_assert_true (xfrm_bench_works (bench));
    roam (bench->near, NEAR);
    tell_far (bench, NEAR);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 4);
    g_assert_cmpuint (xfrm_states_find_at (NEAR_ROAMED).found, ==, 0);
    g_assert_cmpuint (xfrm_policies_count (), ==, 3);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).last.replay.sent, ==, 2 + (2 << 20));
    g_assert_cmpuint (xfrm_states_find (near2->spi_out).last.replay.sent, ==, 1 + (1 << 20));
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_IN).last.replay.seen, ==, 3 + (1 << 20));
    g_assert_true (xfrm_bench_works (bench));
    xfrm_end_switch_child (bench->far, far2);
    g_assert_true (xfrm_bench_works (bench));

    outrider_data_plane_remove (bench->near->plane, bench->near->child);
    outrider_data_plane_remove (bench->far->plane, bench->far->child);
    g_assert_true (xfrm_bench_works (bench));
    assert_counted (bench, 6, 0);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    g_assert_cmpuint (bench->far->expired, ==, 0);
}

static char *
ask_ip (const char *command)
{
    char *output = NULL;
    int status = -1;
    g_assert_true (g_spawn_command_line_sync (command, &output, NULL, &status, NULL));
    g_assert_cmpint (status, ==, 0);
    return output;
}

/* What looks like ours in all but the if_id. */
static void
others_stay_where_they_are (gconstpointer data)
{
    static const char *const questions[] = {
        "ip xfrm state get src " NEAR " dst " FAR " proto esp spi 0x77",
        "ip xfrm state get src " FAR " dst " NEAR " proto esp spi 0x78",
        "ip xfrm policy get src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd if_id 0x77",
        "ip xfrm policy get src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd",
    };
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    const char *common = "proto esp mode tunnel reqid 65537";
    g_autofree char *key = g_strdup_printf ("aead 'rfc4106(gcm(aes))' 0x%040d 128", 0);
    xfrm_bench_run ("ip xfrm state add src " NEAR " dst " FAR " spi 0x77 %s %s if_id 0x77", common,
                    key);
    xfrm_bench_run ("ip xfrm state add src " FAR " dst " NEAR " spi 0x78 %s %s", common, key);
    xfrm_bench_run ("ip xfrm policy add src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
                    "tmpl src " NEAR " dst " FAR " %s if_id 0x77",
                    common);
    xfrm_bench_run ("ip xfrm policy add src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
                    "tmpl src " FAR " dst " NEAR " %s",
                    common);
    char *before[G_N_ELEMENTS (questions)];
    for (size_t i = 0; i < G_N_ELEMENTS (questions); i++)
        before[i] = ask_ip (questions[i]);
    roam (bench->near, NEAR_ROAMED);
    for (size_t i = 0; i < G_N_ELEMENTS (questions); i++)
    {
        g_autofree char *after = ask_ip (questions[i]);
        g_assert_cmpstr (after, ==, before[i]);
        g_free (before[i]);
    }
    tell_far (bench, NEAR_ROAMED);
    g_assert_true (xfrm_bench_works (bench));
    roam (bench->near, NEAR);
    xfrm_bench_run ("ip xfrm state delete src " NEAR " dst " FAR " proto esp spi 0x77");
    xfrm_bench_run ("ip xfrm state delete src " FAR " dst " NEAR " proto esp spi 0x78");
    xfrm_bench_run ("ip xfrm policy delete src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
                    "if_id 0x77");
    xfrm_bench_run ("ip xfrm policy delete src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd");
}

/* What the kernel refuses to move is installed anew: here another policy stands before the one that it is to turn. */
typedef struct
{
    const char *template; /* of that policy */
    bool inbound_moves;   /* by that policy, as it happens */
} Refusal;

static const Refusal of_all = { "src 198.51.100.1 dst 198.51.100.2 proto esp mode tunnel", false };
static const Refusal of_one = { "src " FAR " dst " NEAR " proto esp mode tunnel reqid 65537",
                                true };

static void
the_refused_is_reinstalled (gconstpointer data)
{
    const Refusal *refusal = data;
    g_autoptr (XfrmBench) bench = xfrm_bench_new_with_child (&xfrm_kind_in_udp);
    g_assert_true (xfrm_bench_works (bench));
    xfrm_bench_run ("ip xfrm policy add src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
                    "mark 7 priority 0 tmpl %s if_id %#x",
                    refusal->template, XFRM_IF_ID_BASE);
    roam (bench->near, NEAR_ROAMED);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).last.packets, ==, 0); /* another one */
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_IN).last.packets, ==,
                      refusal->inbound_moves ? 1 : 0);
    g_assert_cmpuint (xfrm_states_find_at (NEAR_ROAMED).found, ==, 2);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 2);
    g_assert_cmpuint (xfrm_policies_count (), ==, 4);
    tell_far (bench, NEAR_ROAMED);
    g_assert_true (xfrm_bench_works (bench));
    g_assert_cmpuint (bench->near->expired, ==, 0);
    assert_counted (bench, 2, 0);
    xfrm_bench_run ("ip xfrm policy delete src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
                    "mark 7 if_id %#x",
                    XFRM_IF_ID_BASE);
    roam (bench->near, NEAR);
}

/* A state of another's is where one of ours has to go: there is no way, and the SA is lost; the other one stays. */
static void
the_place_is_taken (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    xfrm_bench_run ("ip xfrm state add src " NEAR_ROAMED " dst " FAR_ROAMED
                    " proto esp spi %#x mode tunnel reqid 7 "
                    "aead 'rfc4106(gcm(aes))' 0x%040d 128",
                    NEAR_SPI_OUT, 0);
    turn_to (bench->near, FAR_ROAMED, FAR_PORT);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).found, ==, 0);
    xfrm_bench_run ("ip xfrm state delete src " NEAR_ROAMED " dst " FAR_ROAMED " proto esp spi %#x",
                    NEAR_SPI_OUT);
    turn_to (bench->near, FAR, FAR_PORT);
}

/* The kernel noted a packet in the new place, when that was left in the midst of traffic: the note makes room. */
static void
a_larval_state_makes_room (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    /* As a policy that was not turned yet leads there; only that it is about other packets. */
    xfrm_bench_run ("ip route add 203.0.113.0/24 dev wire");
    xfrm_bench_run ("ip xfrm policy add src 0.0.0.0/0 dst 203.0.113.0/24 dir out tmpl src " NEAR
                    " dst " FAR_ROAMED " proto esp spi %#x reqid 65537 mode tunnel",
                    NEAR_SPI_OUT);
    xfrm_end_send (bench->near, "203.0.113.1");
    g_assert_false (xfrm_end_hears (bench->far));
    xfrm_bench_run ("ip xfrm state get src " NEAR " dst " FAR_ROAMED
                    " proto esp spi %#x > /dev/null",
                    NEAR_SPI_OUT);
    xfrm_bench_run ("ip xfrm policy delete src 0.0.0.0/0 dst 203.0.113.0/24 dir out");
    xfrm_bench_run ("ip route delete 203.0.113.0/24");
    turn_to (bench->near, FAR_ROAMED, FAR_PORT);
    XfrmStates out = xfrm_states_find (NEAR_SPI_OUT);
    g_autofree char *destination = ip_address_format (&out.last.destination);
    g_assert_cmpuint (out.found, ==, 1);
    g_assert_false (out.last.larval);
    g_assert_cmpstr (destination, ==, FAR_ROAMED);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    turn_to (bench->near, FAR, FAR_PORT);
}

/* A state has ended, and a packet came after: what the kernel noted of it is none that could be moved. */
static void
the_state_is_missing (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    xfrm_bench_run ("ip xfrm state delete src " NEAR " dst " FAR " proto esp spi %#x",
                    NEAR_SPI_OUT);
    g_assert_false (xfrm_end_reaches (bench->near, bench->far));
    g_assert_true (xfrm_states_find (NEAR_SPI_OUT).last.larval);
    roam (bench->near, NEAR_ROAMED);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_OUT).found, ==, 0);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_IN).found, ==, 1);
    g_assert_cmpuint (xfrm_states_find_at (NEAR_ROAMED).found, ==, 1);
    roam (bench->near, NEAR);
}

/* ---- packets while the path changes ---- */

#define FLOOD 4000
#define ROOM (16 << 20)

typedef struct
{
    int fd;
    gint sent;
} Flood;

static gpointer
send_flood (gpointer data)
{
    Flood *self = data;
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (7) };
    inet_pton (AF_INET, FAR_INSIDE, &in.sin_addr);
    for (unsigned i = 0; i < FLOOD; i++)
    {
        (void)!sendto (self->fd, &i, sizeof i, 0, (struct sockaddr *)&in, sizeof in);
        g_atomic_int_inc (&self->sent);
        g_usleep (50);
    }
    return NULL;
}

static void
make_room (int fd)
{
    int room = ROOM;
    g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room));
}

/* All IPv4 packets that come over the wire to the far end. */
static int
open_wire (void)
{
    xfrm_bench_enter_far ();
    struct sockaddr_ll link = { .sll_family = AF_PACKET,
                                .sll_protocol = htons (ETH_P_IP),
                                .sll_ifindex = (int)if_nametoindex ("wire") };
    int fd = socket (AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    make_room (fd);
    g_assert_no_errno (bind (fd, (struct sockaddr *)&link, sizeof link));
    xfrm_bench_enter_near ();
    return fd;
}

/* Where ESP begins in an IPv4 packet; 0: none. */
static size_t
find_esp (const uint8_t *packet, size_t size)
{
    size_t header = size >= 20 ? (packet[0] & 15u) * 4 : 0;
    size_t at = header + (size >= 20 && packet[9] == IPPROTO_UDP ? 8 : 0);
    bool may_be = size >= 20 && (packet[9] == IPPROTO_UDP || packet[9] == IPPROTO_ESP);
    return may_be && size >= at + 8 ? at : 0;
}

static uint32_t
read_number (const uint8_t *octets)
{
    uint32_t number;
    memcpy (&number, octets, sizeof number);
    return ntohl (number);
}

/* The packets of ESP with SPI that came over the wire; each has a higher number than the one before. */
static unsigned
count_numbers (int wire, uint32_t spi)
{
    uint8_t packet[2048];
    struct sockaddr_ll from;
    socklen_t room = sizeof from;
    ssize_t size;
    unsigned count = 0;
    uint32_t last = 0;
    while ((size = recvfrom (wire, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from,
                             &room)) >= 0)
    {
        room = sizeof from;
        size_t esp = find_esp (packet, (size_t)size);
        if (esp == 0 || from.sll_pkttype != PACKET_HOST || read_number (packet + esp) != spi)
            continue;
        uint32_t number = read_number (packet + esp + 4);
        g_assert_cmpuint (number, >, last);
        last = number;
        count++;
    }
    return count;
}

/* Moves the near end ten times while a flood passes; how many packets did not arrive. */
static unsigned
count_lost (const Manner *manner, void (*move) (const XfrmEnd *end, unsigned number))
{
    g_autoptr (XfrmBench) bench = bench_with_child (manner);
    int ports[] = { open_port (OTHER_PORT), open_port (THIRD_PORT) };
    turn_to (bench->near, FAR, OTHER_PORT);
    make_room (bench->far->fd);
    g_assert_true (xfrm_end_reaches (bench->near, bench->far));
    int wire = open_wire ();

    Flood flood = { .fd = bench->near->fd };
    GThread *thread = g_thread_new ("flood", send_flood, &flood);
    for (unsigned i = 0; i < 10; i++)
    {
        while (g_atomic_int_get (&flood.sent) < (gint)(FLOOD / 12 * (i + 1)))
            g_usleep (100);
        move (bench->near, i);
    }
    g_thread_join (thread);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    unsigned number, lost = FLOOD;
    while (recv (bench->far->fd, &number, sizeof number, MSG_DONTWAIT) == sizeof number)
        lost--;
    unsigned seen = count_numbers (wire, NEAR_SPI_OUT);
    g_assert_cmpuint (seen, >=, FLOOD - lost);
    OutriderCounters counters;
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_test_message ("%u of %u packets were lost in 10 moves, %u were seen, %" G_GUINT64_FORMAT
                    " counted",
                    lost, FLOOD, seen, counters.packets_out - 1);
    g_assert_cmpuint (counters.packets_out - 1, >=, seen - FLOOD / 20);
    g_assert_cmpuint (counters.packets_out - 1, <=, FLOOD);
    close (wire);
    close (ports[0]);
    close (ports[1]);
    return lost;
}

static void
move_port (const XfrmEnd *end, unsigned number)
{
    turn_to (end, FAR, number % 2 == 0 ? THIRD_PORT : OTHER_PORT);
}

static void
move_address (const XfrmEnd *end, unsigned number)
{
    roam (end, number % 2 == 0 ? NEAR_ROAMED : NEAR);
}

static void
another_port_loses_nothing (void)
{
    static const Manner manner = { .kind = &xfrm_kind_in_udp };
    g_assert_cmpuint (count_lost (&manner, move_port), ==, 0);
}

/* Where there is one processor, nobody sends while the kernel is busy with a request. */
static void
another_address_loses_little (gconstpointer data)
{
    unsigned most = g_get_num_processors () == 1 ? 0 : FLOOD / 100;
    g_assert_cmpuint (count_lost (data, move_address), <=, most);
}

/* Other addresses, both ways of coming there. */
static void
add_moves (void)
{
    static const struct
    {
        const char *name;
        const XfrmKind *kind;
        void (*test) (gconstpointer manner);
    } tests[] = {
        { "address/plain", &xfrm_kind_plain, our_address_changes },
        { "address/in-udp", &xfrm_kind_in_udp, our_address_changes },
        { "address/without-esn", &without_esn, our_address_changes },
        { "gateway/plain", &xfrm_kind_plain, the_gateways_address_changes },
        { "gateway/in-udp", &xfrm_kind_in_udp, the_gateways_address_changes },
        { "last-numbers", &plain_without_esn, no_number_is_left_to_leap_over },
        { "rekey", &xfrm_kind_in_udp, a_rekey_is_under_way },
        { "others", &xfrm_kind_plain, others_stay_where_they_are },
        { "taken", &xfrm_kind_plain, the_place_is_taken },
        { "larval", &xfrm_kind_plain, a_larval_state_makes_room },
        { "missing", &xfrm_kind_in_udp, the_state_is_missing },
        { "lost-packets", &xfrm_kind_in_udp, another_address_loses_little },
        { "lost-packets-without-esn", &without_esn, another_address_loses_little },
    };
    static Manner manners[G_N_ELEMENTS (tests)][2];
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
        for (int again = 0; again <= 1; again++)
        {
            manners[i][again] = (Manner){ tests[i].kind, again != 0 };
            g_autofree char *path = g_strdup_printf (
                "/xfrm-move/%s/%s", again != 0 ? "reinstalled" : "migrated", tests[i].name);
            g_test_add_data_func (path, &manners[i][again], tests[i].test);
        }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    xfrm_bench_lay_wire ();
    xfrm_bench_run ("ip addr add " NEAR_ROAMED "/24 dev wire");
    g_test_add_func ("/xfrm-move/port/same-states", the_gateways_port_changes);
    g_test_add_func ("/xfrm-move/port/lost-packets", another_port_loses_nothing);
    g_test_add_data_func ("/xfrm-move/refused/both", &of_all, the_refused_is_reinstalled);
    g_test_add_data_func ("/xfrm-move/refused/outbound", &of_one, the_refused_is_reinstalled);
    add_moves ();
    return g_test_run ();
}
