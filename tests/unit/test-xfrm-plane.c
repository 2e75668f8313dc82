/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/choice.h"
#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-socket.h"
#include "dataplane/xfrm.h"
#include "errors.h"
#include "ike/proposal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/udp.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The kernel plane against itself: two planes in two network namespaces of this process, a wire between these, and a child
 * between the planes. Needs a kernel with ESP and XFRM interfaces: tests/vm/run brings one.
 *
 *     10.50.0.1  near (192.0.2.1)  ===  far (192.0.2.2)  10.50.0.2
 */

#define NEAR "192.0.2.1"
#define NEAR_ROAMED "192.0.2.11"
#define FAR "192.0.2.2"
#define FAR_ROAMED "192.0.2.12"
#define NEAR_INSIDE "10.50.0.1"
#define FAR_INSIDE "10.50.0.2"

/* Where new sockets are made; both planes work on wherever we are. */
static int near_namespace, far_namespace;

static void
enter (int namespace)
{
    g_assert_no_errno (setns (namespace, CLONE_NEWNET));
}

static int
make_namespace (void)
{
    g_assert_no_errno (unshare (CLONE_NEWNET));
    int fd = open ("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint (fd, >=, 0);
    return fd;
}

static void G_GNUC_PRINTF (1, 2) shell (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_autofree char *command = g_strdup_vprintf (format, arguments);
    va_end (arguments);
    int status = system (command);
    if (status != 0)
        g_error ("%s: status %d", command, status);
}

/* ---- one end ---- */

typedef struct
{
    OutriderDataPlane *plane;
    UdpTransport *transport;
    unsigned expiring, expired;
    unsigned waiting; /* packets without a child */
} End;

static void
on_datagram (ByteView datagram, int error_number, void *data)
{
}

static void
on_expiring (OutriderDataPlane *plane, guint child, guint spi_in, gboolean hard, gpointer data)
{
    End *self = data;
    g_assert_cmpuint (child, ==, 1);
    *(hard ? &self->expired : &self->expiring) += 1;
}

static void
on_waiting (OutriderDataPlane *plane, gpointer data)
{
    ((End *)data)->waiting++;
}

static IpEndpoint
endpoint (const char *address, uint16_t port)
{
    IpEndpoint self = { .port = port };
    g_assert_true (ip_address_parse (address, &self.address));
    return self;
}

static End *
end_new (const char *gateway, uint16_t gateway_port, uint16_t local_port)
{
    End *self = g_new0 (End, 1);
    g_autoptr (GError) error = NULL;
    IpEndpoint there = endpoint (gateway, gateway_port);
    self->transport = udp_transport_new (&there, local_port, 0, on_datagram, self, &error);
    g_assert_no_error (error);
    self->plane = outrider_xfrm_plane_new (0x4f75);
    g_signal_connect (self->plane, "expiring", G_CALLBACK (on_expiring), self);
    g_signal_connect (self->plane, "traffic-without-child", G_CALLBACK (on_waiting), self);
    g_assert_true (outrider_data_plane_open (self->plane, "plane%d", &error));
    g_assert_no_error (error);
    return self;
}

static void
end_free (End *self)
{
    g_object_unref (self->plane);
    udp_transport_free (self->transport);
    g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (End, end_free)

/* ---- a child of both ---- */

static GArray *
only (const char *address)
{
    GArray *selectors = g_array_new (false, false, sizeof (TrafficSelector));
    IpPrefix prefix;
    g_assert_true (ip_prefix_parse (address, &prefix));
    TrafficSelector selector = traffic_selector_of_prefix (&prefix);
    g_array_append_val (selectors, selector);
    return selectors;
}

static SecretBytes *
make_key (unsigned seed, size_t size)
{
    SecretBytes *key = secret_bytes_new_sized (size);
    for (size_t i = 0; i < size; i++)
        secret_bytes_data (key)[i] = (uint8_t)(seed * 31 + i * 7);
    return key;
}

typedef struct
{
    const char *encryption;
    const char *integrity;
    bool esn;
    bool encapsulated;
} Kind;

static const Kind plain = { "aes256gcm16", NULL, true, false };
static const Kind in_udp = { "aes256gcm16", NULL, true, true };
static const Kind without_esn = { "aes128", "sha256", false, true };
static const Kind plain_without_esn = { "aes256gcm16", NULL, false, false };

/* The near end's; the far end's is the same turned round. */
static IkeChildSa *
make_child (const Kind *kind, uint32_t spi, bool near)
{
    IkeChildSa *child = ike_child_sa_new ();
    child->number = 1;
    child->spi_in = near ? spi : spi + 1;
    child->spi_out = near ? spi + 1 : spi;
    child->encryption = algorithm_find_name (TRANSFORM_ENCRYPTION, kind->encryption);
    child->integrity =
        kind->integrity != NULL ? algorithm_find_name (TRANSFORM_INTEGRITY, kind->integrity) : NULL;
    child->esn = kind->esn;
    child->encapsulated = kind->encapsulated;
    size_t size = (size_t)child->encryption->key_size + child->encryption->salt_size;
    child->encryption_key_in = make_key (child->spi_in, size);
    child->encryption_key_out = make_key (child->spi_out, size);
    if (child->integrity != NULL)
    {
        child->integrity_key_in = make_key (child->spi_in + 100, child->integrity->key_size);
        child->integrity_key_out = make_key (child->spi_out + 100, child->integrity->key_size);
    }
    child->local = only (near ? NEAR_INSIDE "/32" : FAR_INSIDE "/32");
    child->remote = only (near ? FAR_INSIDE "/32" : NEAR_INSIDE "/32");
    return child;
}

/* ---- both ends ---- */

typedef struct
{
    End *near, *far;
    int near_fd, far_fd; /* sockets inside */
} Bench;

static int
open_inside (const End *end, const char *address, const char *other)
{
    const char *device = outrider_data_plane_get_device (end->plane);
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (7) };
    struct timeval limit = { .tv_sec = 1 };
    inet_pton (AF_INET, address, &in.sin_addr);
    shell ("ip addr add %s/32 dev %s && ip link set %s up && ip route add %s dev %s src %s",
           address, device, device, other, device, address);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    g_assert_no_errno (bind (fd, (struct sockaddr *)&in, sizeof in));
    return fd;
}

static Bench *
bench_new (void)
{
    Bench *self = g_new0 (Bench, 1);
    enter (far_namespace);
    self->far = end_new (NEAR, 4501, 4502);
    self->far_fd = open_inside (self->far, FAR_INSIDE, NEAR_INSIDE);
    enter (near_namespace);
    self->near = end_new (FAR, 4502, 4501);
    self->near_fd = open_inside (self->near, NEAR_INSIDE, FAR_INSIDE);
    return self;
}

static void
bench_free (Bench *self)
{
    close (self->near_fd);
    close (self->far_fd);
    end_free (self->near);
    end_free (self->far);
    g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

/* A packet from one end to the other; whether it arrived. */
static bool
passes (int from, int to, const char *address)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (7) };
    inet_pton (AF_INET, address, &in.sin_addr);
    (void)!sendto (from, "hello", 5, 0, (struct sockaddr *)&in, sizeof in);
    char buffer[16];
    return recv (to, buffer, sizeof buffer, 0) == 5;
}

static bool
both_ways (const Bench *self)
{
    return passes (self->near_fd, self->far_fd, FAR_INSIDE) &&
           passes (self->far_fd, self->near_fd, NEAR_INSIDE);
}

static void
install (const End *end, IkeChildSa *child)
{
    g_autoptr (GError) error = NULL;
    outrider_data_plane_install (end->plane, end->transport, child, &error);
    g_assert_no_error (error);
}

static void
let_switch (const End *end, IkeChildSa *child)
{
    g_autoptr (GError) error = NULL;
    outrider_data_plane_switch_child (end->plane, child, &error);
    g_assert_no_error (error);
}

/* ---- what is in the kernel ---- */

typedef struct
{
    uint32_t spi; /* 0: any of ours */
    unsigned found;
    XfrmStateFacts last;
} States;

static void
hear_state (ByteView message, void *data)
{
    States *states = data;
    XfrmStateFacts facts;
    if (!xfrm_read_state (message, &facts) || (states->spi != 0 && facts.spi != states->spi) ||
        !xfrm_claim_is_ours (facts.if_id))
        return;
    states->found++;
    states->last = facts;
}

static States
look_for (uint32_t spi)
{
    States states = { .spi = spi };
    XfrmMessage message;
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    xfrm_write_list_states (&message);
    g_assert_cmpint (xfrm_socket_ask (xfrm, &message, hear_state, &states), ==, 0);
    return states;
}

static void
hear_policy (ByteView message, void *data)
{
    XfrmPolicy policy;
    if (xfrm_read_policy (message, &policy) && xfrm_claim_is_ours (policy.if_id))
        *(unsigned *)data += 1;
}

static unsigned
count_policies (void)
{
    unsigned found = 0;
    XfrmMessage message;
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    xfrm_write_list_policies (&message);
    g_assert_cmpint (xfrm_socket_ask (xfrm, &message, hear_policy, &found), ==, 0);
    return found;
}

static void
assert_nothing_is_left (void)
{
    g_assert_cmpuint (look_for (0).found, ==, 0);
    g_assert_cmpuint (count_policies (), ==, 0);
    g_assert_cmpuint (if_nametoindex ("plane0"), ==, 0);
}

/* ---- the tests ---- */

static void
a_child_and_its_rekey (const Kind *kind)
{
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) near1 = make_child (kind, 0x1000, true);
    g_autoptr (IkeChildSa) far1 = make_child (kind, 0x1000, false);
    g_autoptr (IkeChildSa) near2 = make_child (kind, 0x2000, true);
    g_autoptr (IkeChildSa) far2 = make_child (kind, 0x2000, false);
    OutriderCounters counters;
    g_assert_false (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    install (bench->near, near1);
    install (bench->far, far1);
    g_assert_true (both_ways (bench));

    /* The new one is heard and does not send. */
    g_assert_false (outrider_data_plane_switch_child (bench->near->plane, near2, NULL));
    install (bench->far, far2);
    install (bench->near, near2);
    g_assert_false (
        outrider_data_plane_install (bench->near->plane, bench->near->transport, near2, NULL));
    g_assert_true (both_ways (bench));
    g_assert_cmpuint (look_for (near2->spi_in).last.packets, ==, 0);
    g_assert_cmpuint (look_for (near2->spi_out).last.packets, ==, 0);

    /* One side sends by it already, the other not yet. */
    let_switch (bench->near, near2);
    g_assert_true (both_ways (bench));
    g_assert_cmpuint (look_for (near2->spi_out).last.packets, ==, 1);
    g_assert_cmpuint (look_for (near2->spi_in).last.packets, ==, 0);
    let_switch (bench->far, far2);
    g_assert_true (both_ways (bench));
    g_assert_cmpuint (look_for (near2->spi_in).last.packets, ==, 1);

    outrider_data_plane_remove (bench->near->plane, near1);
    outrider_data_plane_remove (bench->near->plane, near1);
    outrider_data_plane_remove (bench->far->plane, far1);
    g_assert_true (both_ways (bench));
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 5);
    g_assert_cmpuint (counters.packets_in, ==, 5);
    g_assert_cmpuint (counters.octets_in, ==, 5 * 33);
    g_assert_cmpuint (counters.octets_out, ==, 5 * 33);
    g_assert_cmpint (counters.last_in, >, 0);

    outrider_data_plane_remove (bench->near->plane, near2);
    outrider_data_plane_remove (bench->far->plane, far2);
    g_assert_cmpuint (look_for (0).found, ==, 0);
    g_assert_cmpuint (count_policies (), ==, 0);
    g_assert_false (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
}

static void
rekeyed (gconstpointer kind)
{
    a_child_and_its_rekey (kind);
    assert_nothing_is_left ();
}

/* Every ESP algorithm that Outrider knows. */
static void
every_algorithm (void)
{
    size_t count;
    const Algorithm *table = algorithm_get_table (&count);
    g_autoptr (Bench) bench = bench_new ();
    uint32_t spi = 0x3000;
    for (size_t i = 0; i < count; i++)
        for (int esn = 0; esn <= 1; esn++)
        {
            bool mac = table[i].type == TRANSFORM_INTEGRITY;
            bool aead = (table[i].flags & ALGORITHM_AEAD) != 0;
            if (table[i].type != TRANSFORM_ENCRYPTION && !mac)
                continue;
            Kind kind = { mac ? "aes128" : table[i].name,
                          mac    ? table[i].name
                          : aead ? NULL
                                 : "sha256",
                          esn != 0, false };
            g_autoptr (IkeChildSa) near = make_child (&kind, spi, true);
            g_autoptr (IkeChildSa) far = make_child (&kind, spi, false);
            spi += 2;
            g_test_message ("%s%s", table[i].name, esn != 0 ? "-esn" : "");
            install (bench->near, near);
            install (bench->far, far);
            g_assert_true (both_ways (bench));
            outrider_data_plane_remove (bench->near->plane, near);
            outrider_data_plane_remove (bench->far->plane, far);
        }
}

static void
iterate (const unsigned *until)
{
    for (int i = 0; i < 5000 && *until == 0; i++)
        if (!g_main_context_iteration (NULL, false))
            g_usleep (1000);
}

/* Three packets of 33 octets, then five. */
static const XfrmLimits by_packets = { .soft_packets = 3, .hard_packets = 5 };
static const XfrmLimits by_octets = { .soft_octets = 3 * 33, .hard_octets = 5 * 33 };

static void
ends_are_announced (gconstpointer limits)
{
    static const Kind kind = { "aes128", "sha256", false, false };
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) near = make_child (&kind, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (&kind, 0x1000, false);
    outrider_xfrm_plane_set_limits (OUTRIDER_XFRM_PLANE (bench->near->plane), limits);
    install (bench->near, near);
    install (bench->far, far);
    /* The kernel looks before it counts. */
    for (int i = 0; i < 3; i++)
        g_assert_true (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    while (g_main_context_iteration (NULL, false))
        ;
    g_assert_cmpuint (bench->near->expiring, ==, 0);
    g_assert_true (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    iterate (&bench->near->expiring);
    g_assert_cmpuint (bench->near->expiring, ==, 1);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    g_assert_true (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    g_assert_false (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    iterate (&bench->near->expired);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (bench->far->expired, ==, 0);
    g_assert_cmpuint (look_for (near->spi_in).found, ==, 1);
    /* What goes on asking for the SA is told, too. */
    passes (bench->near_fd, bench->far_fd, FAR_INSIDE);
    iterate (&bench->near->waiting);
    g_assert_cmpuint (bench->near->waiting, >=, 1);
}

static void
ends_come_with_time (void)
{
    XfrmLimits limits = { .soft_seconds = 1, .hard_seconds = 2 };
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) near = make_child (&plain, 0x1000, true);
    outrider_xfrm_plane_set_limits (OUTRIDER_XFRM_PLANE (bench->near->plane), &limits);
    install (bench->near, near);
    iterate (&bench->near->expiring);
    g_assert_cmpuint (bench->near->expiring, >=, 1);
    iterate (&bench->near->expired);
    g_assert_cmpuint (bench->near->expired, >=, 1);
}

static void
numbers_have_an_end (void)
{
    static const Kind kind = { "aes128", "sha256", false, false };
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) near = make_child (&kind, 0x1000, true);
    g_autofree char *output = NULL;
    install (bench->near, near);
    g_assert_true (
        g_spawn_command_line_sync ("ip -s xfrm state list spi 0x1001", &output, NULL, NULL, NULL));
    g_assert_nonnull (strstr (output, "limit: soft 3221225472(packets), hard 4294967295(packets)"));
}

/* ---- another path ---- */

/* How the near end's states come to other addresses. */
typedef struct
{
    const Kind *kind;
    bool reinstalled; /* as on a kernel that cannot move them */
} Manner;

static Bench *
bench_for (const Manner *manner)
{
    Bench *self = bench_new ();
    if (manner->reinstalled)
        outrider_xfrm_plane_forgo_migration (OUTRIDER_XFRM_PLANE (self->near->plane));
    return self;
}

/* What takes ESP in UDP in the namespace that we are in. */
static int
open_port (const char *address, uint16_t port)
{
    int type = UDP_ENCAP_ESPINUDP;
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (port) };
    inet_pton (AF_INET, address, &in.sin_addr);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_no_errno (bind (fd, (struct sockaddr *)&in, sizeof in));
    g_assert_no_errno (setsockopt (fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof type));
    return fd;
}

static void
turn_to (const End *end, const char *address, uint16_t port)
{
    IpEndpoint gateway = endpoint (address, port);
    g_assert_true (udp_transport_set_gateway (end->transport, &gateway, NULL));
    outrider_data_plane_moved (end->plane);
}

/* The far end hears that the near one is at ADDRESS. */
static void
tell_far (const Bench *bench, const char *address)
{
    enter (far_namespace);
    turn_to (bench->far, address, 4501);
    enter (near_namespace);
}

/* The way to the gateway begins at another address of ours now, as after a change of network. */
static void
roam (const End *end, const char *address)
{
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    IpEndpoint gateway = udp_transport_get_gateway (end->transport);
    shell ("ip route replace " FAR " dev wire src %s", address);
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

/* The states are the same ones: nothing about them begins anew. */
static void
the_gateways_port_changes (void)
{
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) near = make_child (&in_udp, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (&in_udp, 0x1000, false);
    install (bench->near, near);
    install (bench->far, far);
    for (int i = 0; i < 3; i++)
        g_assert_true (both_ways (bench));

    enter (far_namespace);
    int fd = open_port (FAR, 4503);
    enter (near_namespace);
    turn_to (bench->near, FAR, 4503);
    XfrmStateFacts out = look_for (near->spi_out).last;
    g_assert_cmpuint (out.packets, ==, 3);
    g_assert_cmpuint (out.replay.sent, ==, 3);
    XfrmStateFacts heard = look_for (near->spi_in).last;
    g_assert_cmpuint (count_seen (&heard.replay), ==, 3);
    shell ("ip xfrm state list spi %#x | grep -q 'sport 4501 dport 4503'", near->spi_out);
    g_assert_true (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    g_assert_cmpuint (look_for (near->spi_out).last.replay.sent, ==, 4);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    close (fd);
}

/* Ends that were set stay where they are in a state that was moved; in another one they begin where the first one stopped. */
static void
assert_ends (const Manner *manner, uint32_t spi_out, unsigned soft, unsigned hard)
{
    unsigned leapt = manner->reinstalled || !manner->kind->esn ? 1 << 20 : 0;
    unsigned counted = manner->reinstalled ? 3 : 0;
    shell ("ip -s xfrm state list spi %#x | grep -q 'soft %u(packets), hard %u(packets)'", spi_out,
           soft - leapt - counted, hard - leapt - counted);
}

static void
our_address_changes (gconstpointer data)
{
    const Manner *manner = data;
    const XfrmLimits limits = { .soft_packets = 1 << 22, .hard_packets = 1 << 23 };
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (manner->kind, 0x1000, false);
    outrider_xfrm_plane_set_limits (OUTRIDER_XFRM_PLANE (bench->near->plane), &limits);
    install (bench->near, near);
    install (bench->far, far);
    for (int i = 0; i < 3; i++)
        g_assert_true (both_ways (bench));

    roam (bench->near, NEAR_ROAMED);
    XfrmStateFacts out = look_for (near->spi_out).last;
    XfrmStateFacts heard = look_for (near->spi_in).last;
    g_autofree char *source = ip_address_format (&out.source);
    g_autofree char *destination = ip_address_format (&heard.destination);
    g_assert_cmpstr (source, ==, NEAR_ROAMED);
    g_assert_cmpstr (destination, ==, NEAR_ROAMED);
    g_assert_cmpuint (look_for (0).found, ==, 2);
    g_assert_cmpuint (count_policies (), ==, 3);
    g_assert_cmphex (out.mark, ==, 0x4f75);
    g_assert_cmpuint (out.packets, ==, manner->reinstalled ? 0 : 3);
    g_assert_cmpuint (heard.packets, ==, manner->reinstalled ? 0 : 3);
    /* No number twice, neither way. */
    g_assert_cmpuint (out.replay.sent, >, 3);
    g_assert_cmpuint (out.replay.sent, <=, 3 + (1 << 20));
    g_assert_cmpuint (heard.replay.seen, ==, 3);
    g_assert_cmpuint (count_seen (&heard.replay), ==, 3);
    assert_ends (manner, near->spi_out, 1 << 22, 1 << 23);

    /* A gateway that begins its numbers anew: what was heard before is not taken again. */
    enter (far_namespace);
    end_free (bench->far);
    close (bench->far_fd);
    bench->far = end_new (NEAR_ROAMED, 4501, 4502);
    bench->far_fd = open_inside (bench->far, FAR_INSIDE, NEAR_INSIDE);
    install (bench->far, far);
    enter (near_namespace);
    for (int i = 0; i < 3; i++)
        g_assert_false (passes (bench->far_fd, bench->near_fd, NEAR_INSIDE));
    g_assert_true (both_ways (bench));
    OutriderCounters counters;
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 4);
    g_assert_cmpuint (counters.packets_in, ==, 4);
    g_assert_cmpuint (counters.dropped_replayed, ==, 3);

    /* Nothing moved: nothing is touched. */
    outrider_data_plane_moved (bench->near->plane);
    g_assert_cmpuint (look_for (near->spi_out).last.packets, ==, manner->reinstalled ? 1 : 4);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    roam (bench->near, NEAR);
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 4);
    g_assert_cmpuint (counters.packets_in, ==, 4);
    g_assert_cmpuint (counters.dropped_replayed, ==, 3);
}

static void
the_gateways_address_changes (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (manner->kind, 0x1000, false);
    install (bench->near, near);
    install (bench->far, far);
    g_assert_true (both_ways (bench));
    turn_to (bench->near, FAR_ROAMED, 4503);
    if (manner->kind->encapsulated)
        shell ("ip xfrm state list spi %#x | grep -q 'sport 4501 dport 4503'", near->spi_out);
    XfrmStateFacts out = look_for (near->spi_out).last;
    g_autofree char *destination = ip_address_format (&out.destination);
    g_assert_cmpstr (destination, ==, FAR_ROAMED);
    g_assert_cmpuint (out.replay.sent, >, 1);
    g_assert_cmphex (out.mark, ==, 0x4f75);
    g_assert_cmpuint (look_for (0).found, ==, 2);
    g_assert_cmpuint (count_policies (), ==, 3);
    g_assert_cmpuint (look_for (near->spi_in).last.replay.seen, ==, 1);
    /* It leaves for the new address; who is there knows no such state. */
    passes (bench->near_fd, bench->far_fd, FAR_INSIDE);
    g_assert_cmpuint (look_for (near->spi_out).last.packets, ==, manner->reinstalled ? 1 : 2);
    turn_to (bench->near, FAR, 4502);
    g_assert_true (both_ways (bench));
    g_assert_cmpuint (bench->near->expired, ==, 0);
}

/* Without ESN the numbers end: an SA that has none left to leap over is given up for another. */
static void
no_number_is_left_to_leap_over (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    install (bench->near, near);
    /* iproute2 sets no numbers of a state that is there: one in its place, with the same name and the last numbers but few. */
    shell ("ip xfrm state delete src " NEAR " dst " FAR " proto esp spi %#x", near->spi_out);
    shell ("ip xfrm state add src " NEAR " dst " FAR
           " proto esp spi %#x mode tunnel reqid 65537 replay-oseq 0xfffffff0 "
           "aead 'rfc4106(gcm(aes))' 0x%072x 128 if_id %#x",
           near->spi_out, 0, XFRM_IF_ID_BASE);
    roam (bench->near, NEAR_ROAMED);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (look_for (near->spi_out).found, ==, 0);
    g_assert_cmpuint (look_for (near->spi_in).found, ==, 1);
    roam (bench->near, NEAR);
}

typedef struct
{
    IpAddress address;
    unsigned found;
} StatesAt;

static void
hear_state_at (ByteView message, void *data)
{
    StatesAt *self = data;
    XfrmStateFacts facts;
    if (xfrm_read_state (message, &facts) && xfrm_claim_is_ours (facts.if_id) &&
        (ip_address_equal (&facts.source, &self->address) ||
         ip_address_equal (&facts.destination, &self->address)))
        self->found++;
}

static unsigned
count_states_at (const char *address)
{
    StatesAt states = { .address = endpoint (address, 0).address };
    XfrmMessage message;
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    xfrm_write_list_states (&message);
    g_assert_cmpint (xfrm_socket_ask (xfrm, &message, hear_state_at, &states), ==, 0);
    return states.found;
}

/* Several states on a way: first one that is not used yet, then one that drains. */
static void
a_rekey_is_under_way (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near1 = make_child (manner->kind, 0x1000, true);
    g_autoptr (IkeChildSa) far1 = make_child (manner->kind, 0x1000, false);
    g_autoptr (IkeChildSa) near2 = make_child (manner->kind, 0x2000, true);
    g_autoptr (IkeChildSa) far2 = make_child (manner->kind, 0x2000, false);
    install (bench->near, near1);
    install (bench->far, far1);
    install (bench->far, far2);
    install (bench->near, near2);
    g_assert_true (both_ways (bench));

    roam (bench->near, NEAR_ROAMED);
    tell_far (bench, NEAR_ROAMED);
    g_assert_cmpuint (look_for (0).found, ==, 3);
    g_assert_cmpuint (count_states_at (NEAR_ROAMED), ==, 3);
    g_assert_cmpuint (count_policies (), ==, 3);
    g_assert_true (both_ways (bench));

    let_switch (bench->near, near2);
    g_assert_true (both_ways (bench));
    roam (bench->near, NEAR);
    tell_far (bench, NEAR);
    g_assert_cmpuint (look_for (0).found, ==, 4);
    g_assert_cmpuint (count_states_at (NEAR_ROAMED), ==, 0);
    g_assert_cmpuint (count_policies (), ==, 3);
    g_assert_cmpuint (look_for (near1->spi_out).last.replay.sent, ==, 2 + (2 << 20));
    g_assert_cmpuint (look_for (near2->spi_out).last.replay.sent, ==, 1 + (1 << 20));
    g_assert_cmpuint (look_for (near1->spi_in).last.replay.seen, ==, 3 + (1 << 20));
    g_assert_true (both_ways (bench));
    let_switch (bench->far, far2);
    g_assert_true (both_ways (bench));

    outrider_data_plane_remove (bench->near->plane, near1);
    outrider_data_plane_remove (bench->far->plane, far1);
    g_assert_true (both_ways (bench));
    OutriderCounters counters;
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 6);
    g_assert_cmpuint (counters.packets_in, ==, 6);
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
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (manner->kind, 0x1000, false);
    install (bench->near, near);
    install (bench->far, far);
    const char *common = "proto esp mode tunnel reqid 65537";
    g_autofree char *key = g_strdup_printf ("aead 'rfc4106(gcm(aes))' 0x%040d 128", 0);
    shell ("ip xfrm state add src " NEAR " dst " FAR " spi 0x77 %s %s if_id 0x77", common, key);
    shell ("ip xfrm state add src " FAR " dst " NEAR " spi 0x78 %s %s", common, key);
    shell ("ip xfrm policy add src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
           "tmpl src " NEAR " dst " FAR " %s if_id 0x77",
           common);
    shell ("ip xfrm policy add src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd "
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
    g_assert_true (both_ways (bench));
    roam (bench->near, NEAR);
    shell ("ip xfrm state delete src " NEAR " dst " FAR " proto esp spi 0x77");
    shell ("ip xfrm state delete src " FAR " dst " NEAR " proto esp spi 0x78");
    shell ("ip xfrm policy delete src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd if_id 0x77");
    shell ("ip xfrm policy delete src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd");
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
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) near = make_child (&in_udp, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (&in_udp, 0x1000, false);
    install (bench->near, near);
    install (bench->far, far);
    g_assert_true (both_ways (bench));
    shell ("ip xfrm policy add src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd mark 7 priority 0 "
           "tmpl %s if_id %#x",
           refusal->template, XFRM_IF_ID_BASE);
    roam (bench->near, NEAR_ROAMED);
    g_assert_cmpuint (look_for (near->spi_out).last.packets, ==, 0); /* another one */
    g_assert_cmpuint (look_for (near->spi_in).last.packets, ==, refusal->inbound_moves ? 1 : 0);
    g_assert_cmpuint (count_states_at (NEAR_ROAMED), ==, 2);
    g_assert_cmpuint (look_for (0).found, ==, 2);
    g_assert_cmpuint (count_policies (), ==, 4);
    tell_far (bench, NEAR_ROAMED);
    g_assert_true (both_ways (bench));
    g_assert_cmpuint (bench->near->expired, ==, 0);
    OutriderCounters counters;
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 2);
    g_assert_cmpuint (counters.packets_in, ==, 2);
    shell ("ip xfrm policy delete src 0.0.0.0/32 dst 0.0.0.0/32 proto 255 dir fwd mark 7 if_id %#x",
           XFRM_IF_ID_BASE);
    roam (bench->near, NEAR);
}

/* A state of another's is where one of ours has to go: there is no way, and the SA is lost; the other one stays. */
static void
the_place_is_taken (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    install (bench->near, near);
    shell ("ip xfrm state add src " NEAR_ROAMED " dst " FAR_ROAMED " proto esp spi %#x mode tunnel "
           "reqid 7 aead 'rfc4106(gcm(aes))' 0x%040d 128",
           near->spi_out, 0);
    turn_to (bench->near, FAR_ROAMED, 4502);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (look_for (near->spi_out).found, ==, 0);
    shell ("ip xfrm state delete src " NEAR_ROAMED " dst " FAR_ROAMED " proto esp spi %#x",
           near->spi_out);
    turn_to (bench->near, FAR, 4502);
}

/* The kernel noted a packet in the new place, when that was left in the midst of traffic: the note makes room. */
static void
a_larval_state_makes_room (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    install (bench->near, near);
    /* As a policy that was not turned yet leads there; only that it is about other packets. */
    shell ("ip route add 203.0.113.0/24 dev wire");
    shell ("ip xfrm policy add src 0.0.0.0/0 dst 203.0.113.0/24 dir out tmpl src " NEAR
           " dst " FAR_ROAMED " proto esp spi %#x reqid 65537 mode tunnel",
           near->spi_out);
    g_assert_false (passes (bench->near_fd, bench->far_fd, "203.0.113.1"));
    shell ("ip xfrm state get src " NEAR " dst " FAR_ROAMED " proto esp spi %#x > /dev/null",
           near->spi_out);
    shell ("ip xfrm policy delete src 0.0.0.0/0 dst 203.0.113.0/24 dir out");
    shell ("ip route delete 203.0.113.0/24");
    turn_to (bench->near, FAR_ROAMED, 4502);
    States out = look_for (near->spi_out);
    g_autofree char *destination = ip_address_format (&out.last.destination);
    g_assert_cmpuint (out.found, ==, 1);
    g_assert_false (out.last.larval);
    g_assert_cmpstr (destination, ==, FAR_ROAMED);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    turn_to (bench->near, FAR, 4502);
}

/* A state has ended, and a packet came after: what the kernel noted of it is none that could be moved. */
static void
the_state_is_missing (gconstpointer data)
{
    const Manner *manner = data;
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    install (bench->near, near);
    shell ("ip xfrm state delete src " NEAR " dst " FAR " proto esp spi %#x", near->spi_out);
    g_assert_false (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    g_assert_true (look_for (near->spi_out).last.larval);
    roam (bench->near, NEAR_ROAMED);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (look_for (near->spi_out).found, ==, 0);
    g_assert_cmpuint (look_for (near->spi_in).found, ==, 1);
    g_assert_cmpuint (count_states_at (NEAR_ROAMED), ==, 1);
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
    enter (far_namespace);
    struct sockaddr_ll link = { .sll_family = AF_PACKET,
                                .sll_protocol = htons (ETH_P_IP),
                                .sll_ifindex = (int)if_nametoindex ("wire") };
    int fd = socket (AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    make_room (fd);
    g_assert_no_errno (bind (fd, (struct sockaddr *)&link, sizeof link));
    enter (near_namespace);
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
count_lost (const Manner *manner, void (*move) (const End *end, unsigned number))
{
    g_autoptr (Bench) bench = bench_for (manner);
    g_autoptr (IkeChildSa) near = make_child (manner->kind, 0x1000, true);
    g_autoptr (IkeChildSa) far = make_child (manner->kind, 0x1000, false);
    install (bench->near, near);
    install (bench->far, far);
    /* Ports that take what comes from anywhere. */
    enter (far_namespace);
    int ports[] = { open_port (FAR, 4503), open_port (FAR, 4504) };
    enter (near_namespace);
    turn_to (bench->near, FAR, 4503);
    make_room (bench->far_fd);
    g_assert_true (passes (bench->near_fd, bench->far_fd, FAR_INSIDE));
    int wire = open_wire ();

    Flood flood = { .fd = bench->near_fd };
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
    while (recv (bench->far_fd, &number, sizeof number, MSG_DONTWAIT) == sizeof number)
        lost--;
    unsigned seen = count_numbers (wire, near->spi_out);
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
move_port (const End *end, unsigned number)
{
    turn_to (end, FAR, number % 2 == 0 ? 4504 : 4503);
}

static void
move_address (const End *end, unsigned number)
{
    roam (end, number % 2 == 0 ? NEAR_ROAMED : NEAR);
}

static void
another_port_loses_nothing (void)
{
    static const Manner manner = { .kind = &in_udp };
    g_assert_cmpuint (count_lost (&manner, move_port), ==, 0);
}

/* Where there is one processor, nobody sends while the kernel is busy with a request. */
static void
another_address_loses_little (gconstpointer data)
{
    unsigned most = g_get_num_processors () == 1 ? 0 : FLOOD / 100;
    g_assert_cmpuint (count_lost (data, move_address), <=, most);
}

/* kill -9, beside what is not ours; then the next start. */
static void
the_killed_leave_nothing (void)
{
    shell ("ip xfrm state add src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x77 mode tunnel "
           "reqid 65537 aead 'rfc4106(gcm(aes))' 0x%040d 128 if_id 0x77",
           0);
    shell ("ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out tmpl src 198.51.100.1 dst "
           "198.51.100.2 proto esp mode tunnel if_id 0x77");
    shell ("ip link add foreign0 type xfrm if_id 0x77");
    int ready[2];
    g_assert_no_errno (pipe (ready));
    pid_t pid = fork ();
    if (pid == 0)
    {
        Bench *bench = bench_new ();
        install (bench->near, make_child (&in_udp, 0x1000, true));
        install (bench->far, make_child (&in_udp, 0x1000, false));
        g_assert_cmpint (write (ready[1], "", 1), ==, 1);
        pause ();
        _exit (0);
    }
    char byte;
    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
    outrider_data_plane_remove_leftovers ();
    g_assert_cmpuint (look_for (0).found, ==, 2); /* it lives */
    kill (pid, SIGKILL);
    waitpid (pid, NULL, 0);
    g_assert_cmpuint (look_for (0).found, ==, 2);
    g_assert_cmpuint (count_policies (), ==, 3);
    g_assert_cmpuint (if_nametoindex ("plane0"), !=, 0);
    outrider_data_plane_remove_leftovers ();
    assert_nothing_is_left ();
    enter (far_namespace);
    outrider_data_plane_remove_leftovers ();
    assert_nothing_is_left ();
    enter (near_namespace);
    shell ("ip xfrm state get src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x77 > /dev/null");
    shell ("ip xfrm policy get src 10.1.0.0/16 dst 10.2.0.0/16 dir out if_id 0x77 > /dev/null");
    shell ("ip link delete foreign0 && ip xfrm policy flush && ip xfrm state flush");
    close (ready[0]);
    close (ready[1]);
}

static void
names_and_numbers (void)
{
    g_autoptr (End) first = end_new (FAR, 4500, 0);
    g_autoptr (End) second = end_new (FAR, 4500, 0);
    g_assert_cmpstr (outrider_data_plane_get_device (first->plane), ==, "plane0");
    g_assert_cmpstr (outrider_data_plane_get_device (second->plane), ==, "plane1");
    g_autoptr (GError) error = NULL;
    g_autoptr (OutriderDataPlane) third = outrider_xfrm_plane_new (0);
    g_assert_false (outrider_data_plane_open (third, "plane0", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_clear_error (&error);
    g_assert_false (outrider_data_plane_open (third, "a/b", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_true (outrider_data_plane_open (third, "work", NULL));
    g_assert_cmpstr (outrider_data_plane_get_device (third), ==, "work");
    outrider_data_plane_close (third);
    g_assert_null (outrider_data_plane_get_device (third));
    g_assert_cmpuint (if_nametoindex ("work"), ==, 0);
}

static void
the_whole_offer_is_possible (void)
{
    g_autoptr (GError) error = NULL;
    gint64 begun = g_get_monotonic_time ();
    outrider_kernel_plane_is_possible (IP_V4, NULL, &error);
    g_assert_no_error (error);
    gint64 first = g_get_monotonic_time ();
    outrider_kernel_plane_is_possible (IP_V6, NULL, &error);
    g_assert_no_error (error);
    outrider_kernel_plane_is_possible (IP_V4, NULL, &error);
    g_test_message ("modules loaded: %" G_GINT64_FORMAT " us; then both families: %" G_GINT64_FORMAT
                    " us",
                    first - begun, g_get_monotonic_time () - first);
    assert_nothing_is_left ();
    g_assert_cmpuint (if_nametoindex ("outrider-tried"), ==, 0);
}

/* Other addresses, both ways of coming there. */
static void
add_moves (void)
{
    static const struct
    {
        const char *name;
        const Kind *kind;
        void (*test) (gconstpointer manner);
    } tests[] = {
        { "address/plain", &plain, our_address_changes },
        { "address/in-udp", &in_udp, our_address_changes },
        { "address/without-esn", &without_esn, our_address_changes },
        { "gateway/plain", &plain, the_gateways_address_changes },
        { "gateway/in-udp", &in_udp, the_gateways_address_changes },
        { "last-numbers", &plain_without_esn, no_number_is_left_to_leap_over },
        { "rekey", &in_udp, a_rekey_is_under_way },
        { "others", &plain, others_stay_where_they_are },
        { "taken", &plain, the_place_is_taken },
        { "larval", &plain, a_larval_state_makes_room },
        { "missing", &in_udp, the_state_is_missing },
        { "lost-packets", &in_udp, another_address_loses_little },
        { "lost-packets-without-esn", &without_esn, another_address_loses_little },
    };
    static Manner manners[G_N_ELEMENTS (tests)][2];
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
        for (int again = 0; again <= 1; again++)
        {
            manners[i][again] = (Manner){ tests[i].kind, again != 0 };
            g_autofree char *path = g_strdup_printf (
                "/xfrm-plane/%s/%s", again != 0 ? "reinstalled" : "migrated", tests[i].name);
            g_test_add_data_func (path, &manners[i][again], tests[i].test);
        }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    far_namespace = make_namespace ();
    near_namespace = make_namespace ();
    shell ("ip link add wire type veth peer name wire netns /proc/%d/fd/%d", (int)getpid (),
           far_namespace);
    shell ("ip addr add " NEAR "/24 dev wire && ip link set wire up && ip link set lo up");
    shell ("ip addr add " NEAR_ROAMED "/24 dev wire");
    enter (far_namespace);
    shell ("ip addr add " FAR "/24 dev wire && ip link set wire up && ip link set lo up");
    enter (near_namespace);
    g_test_add_func ("/xfrm-plane/offer", the_whole_offer_is_possible);
    g_test_add_data_func ("/xfrm-plane/rekey/plain", &plain, rekeyed);
    g_test_add_data_func ("/xfrm-plane/rekey/in-udp", &in_udp, rekeyed);
    g_test_add_func ("/xfrm-plane/algorithms", every_algorithm);
    g_test_add_data_func ("/xfrm-plane/ends/packets", &by_packets, ends_are_announced);
    g_test_add_data_func ("/xfrm-plane/ends/octets", &by_octets, ends_are_announced);
    g_test_add_func ("/xfrm-plane/ends/time", ends_come_with_time);
    g_test_add_func ("/xfrm-plane/numbers", numbers_have_an_end);
    g_test_add_func ("/xfrm-plane/moved/port", the_gateways_port_changes);
    g_test_add_func ("/xfrm-plane/moved/lost-packets", another_port_loses_nothing);
    g_test_add_data_func ("/xfrm-plane/moved/refused", &of_all, the_refused_is_reinstalled);
    g_test_add_data_func ("/xfrm-plane/moved/refused-outbound", &of_one,
                          the_refused_is_reinstalled);
    add_moves ();
    g_test_add_func ("/xfrm-plane/killed", the_killed_leave_nothing);
    g_test_add_func ("/xfrm-plane/names", names_and_numbers);
    return g_test_run ();
}
