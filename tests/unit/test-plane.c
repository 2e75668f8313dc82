/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/tun.h"
#include "errors.h"
#include "support/alone.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The plane with a real TUN device, in a network namespace of this process alone. The gateway is a socket on the loopback
 * that looks at the SPIs of what reaches it.
 */

typedef struct
{
    OutriderDataPlane *plane;
    UdpTransport *transport;
    int gateway_fd;
    unsigned heard;
} Bench;

static void
bring_up (const char *device, const char *address)
{
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { 0 };
    g_strlcpy (request.ifr_name, device, sizeof request.ifr_name);
    struct sockaddr_in in = { .sin_family = AF_INET };
    inet_pton (AF_INET, address, &in.sin_addr);
    memcpy (&request.ifr_addr, &in, sizeof in);
    g_assert_no_errno (ioctl (fd, SIOCSIFADDR, &request));
    in.sin_addr.s_addr = htonl (ntohl (in.sin_addr.s_addr) + 1);
    memcpy (&request.ifr_dstaddr, &in, sizeof in);
    g_assert_no_errno (ioctl (fd, SIOCSIFDSTADDR, &request));
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    g_assert_no_errno (ioctl (fd, SIOCSIFFLAGS, &request));
    close (fd);
}

static GArray *
everything (void)
{
    GArray *selectors = g_array_new (false, false, sizeof (TrafficSelector));
    TrafficSelector any = traffic_selector_any (IP_V4);
    g_array_append_val (selectors, any);
    return selectors;
}

static IkeChildSa *
make_child (uint32_t spi)
{
    static const uint8_t key[20] = { 2, 7, 1, 8 };
    IkeChildSa *child = g_new0 (IkeChildSa, 1);
    g_atomic_ref_count_init (&child->references);
    child->number = 1;
    child->spi_in = spi;
    child->spi_out = spi + 1;
    child->encapsulated = true;
    child->encryption = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes128gcm16");
    child->encryption_key_in = secret_bytes_new (byte_view (key, sizeof key));
    child->encryption_key_out = secret_bytes_new (byte_view (key, sizeof key));
    child->local = everything ();
    child->remote = everything ();
    return child;
}

static void
on_datagram (ByteView datagram, int error_number, void *data)
{
    Bench *self = data;
    if (error_number == 0)
        self->heard++;
}

static Bench *
bench_new (void)
{
    Bench *self = g_new0 (Bench, 1);
    GError *error = NULL;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    struct timeval limit = { .tv_sec = 2 };
    self->gateway_fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt (self->gateway_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    g_assert_no_errno (bind (self->gateway_fd, (struct sockaddr *)&address, size));
    g_assert_no_errno (getsockname (self->gateway_fd, (struct sockaddr *)&address, &size));
    IpEndpoint gateway = { .port = ntohs (address.sin_port) };
    g_assert_true (ip_address_parse ("127.0.0.1", &gateway.address));
    self->transport = udp_transport_new (&gateway, 0, 0, on_datagram, self, &error);
    g_assert_no_error (error);
    address.sin_port = htons (udp_transport_get_local (self->transport).port);
    g_assert_no_errno (connect (self->gateway_fd, (struct sockaddr *)&address, size));

    self->plane = outrider_tun_plane_new ();
    g_assert_cmpstr (outrider_data_plane_get_name (self->plane), ==, "userspace");
    g_assert_null (outrider_data_plane_get_device (self->plane));
    g_assert_true (outrider_data_plane_open (self->plane, "plane%d", &error));
    g_assert_no_error (error);
    bring_up (outrider_data_plane_get_device (self->plane), "10.50.0.1");
    return self;
}

static void
bench_free (Bench *self)
{
    g_object_unref (self->plane);
    udp_transport_free (self->transport);
    close (self->gateway_fd);
    g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

/* The host sends a datagram into the tunnel; the SPI under which the gateway gets it. */
static uint32_t
send_and_look (Bench *self)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons (7) };
    inet_pton (AF_INET, "10.50.0.2", &to.sin_addr);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint (sendto (fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), ==, 5);
    close (fd);
    uint8_t packet[2048];
    ssize_t size = recv (self->gateway_fd, packet, sizeof packet, 0);
    /* 20 + 8 + 5 inside, padded to 36; 8 + 8 + 16 around. */
    g_assert_cmpint (size, ==, 68);
    return (uint32_t)packet[0] << 24 | (uint32_t)packet[1] << 16 | (uint32_t)packet[2] << 8 |
           packet[3];
}

static void
gateway_says_something (Bench *self)
{
    unsigned before = self->heard;
    g_assert_cmpint (send (self->gateway_fd, "\0\0\0\0ike", 7, 0), ==, 7);
    for (int i = 0; i < 2000 && self->heard == before; i++)
        if (!g_main_context_iteration (NULL, false))
            g_usleep (1000);
    g_assert_cmpuint (self->heard, ==, before + 1);
}

static void
children_come_and_go (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) first = make_child (0x100);
    g_autoptr (IkeChildSa) second = make_child (0x200);
    OutriderCounters counters;
    gateway_says_something (bench);
    g_assert_true (outrider_data_plane_install (bench->plane, bench->transport, first, NULL));
    outrider_data_plane_set_mtu (bench->plane, 1400);
    g_assert_cmphex (send_and_look (bench), ==, 0x101);
    gateway_says_something (bench);
    /* The next SA of the child is heard, and sends once it is switched to; the same keys never start twice. */
    g_assert_false (outrider_data_plane_switch_child (bench->plane, second, NULL));
    g_assert_true (outrider_data_plane_install (bench->plane, bench->transport, second, NULL));
    g_assert_false (outrider_data_plane_install (bench->plane, bench->transport, second, NULL));
    g_assert_cmphex (send_and_look (bench), ==, 0x101);
    g_assert_true (outrider_data_plane_switch_child (bench->plane, second, NULL));
    g_assert_cmphex (send_and_look (bench), ==, 0x201);
    outrider_data_plane_remove (bench->plane, first);
    outrider_data_plane_remove (bench->plane, first);
    g_assert_cmphex (send_and_look (bench), ==, 0x201);
    outrider_data_plane_moved (bench->plane);
    outrider_data_plane_get_counters (bench->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 4);
    g_assert_cmpuint (counters.octets_out, ==, 4 * 33);

    /* Without a child the socket is the main loop's again, and nothing was forgotten. */
    outrider_data_plane_remove (bench->plane, second);
    gateway_says_something (bench);
    outrider_data_plane_get_counters (bench->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 4);
    g_assert_true (outrider_data_plane_install (bench->plane, bench->transport, first, NULL));
    g_assert_cmphex (send_and_look (bench), ==, 0x101);
    gateway_says_something (bench);
    outrider_data_plane_get_counters (bench->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 5);
}

typedef struct
{
    Bench *bench;
    IkeChildSa *second; /* what the rekey gives */
    guint spi_in;
    unsigned announced;
} Rekey;

static void
on_expiring (OutriderDataPlane *plane, guint child, guint spi_in, gboolean hard, gpointer data)
{
    Rekey *rekey = data;
    g_assert_cmpuint (child, ==, 1);
    g_assert_false (hard);
    rekey->announced++;
    rekey->spi_in = spi_in;
    g_assert_true (
        outrider_data_plane_install (plane, rekey->bench->transport, rekey->second, NULL));
    g_assert_true (outrider_data_plane_switch_child (plane, rekey->second, NULL));
}

/* Without ESN; once an SA, and not while there are numbers enough. */
static void
sequence_numbers_run_low (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) first = make_child (0x100);
    g_autoptr (IkeChildSa) second = make_child (0x200);
    Rekey rekey = { .bench = bench, .second = second };
    second->esn = true;
    outrider_tun_plane_set_sequence_limit (OUTRIDER_TUN_PLANE (bench->plane), 2, 1);
    g_signal_connect (bench->plane, "expiring", G_CALLBACK (on_expiring), &rekey);
    g_assert_true (outrider_data_plane_install (bench->plane, bench->transport, first, NULL));
    g_assert_cmphex (send_and_look (bench), ==, 0x101);
    gateway_says_something (bench);
    g_assert_cmpuint (rekey.announced, ==, 0);
    g_assert_cmphex (send_and_look (bench), ==, 0x101);
    for (int i = 0; i < 2000 && rekey.announced == 0; i++)
        if (!g_main_context_iteration (NULL, false))
            g_usleep (1000);
    g_assert_cmpuint (rekey.announced, ==, 1);
    g_assert_cmphex (rekey.spi_in, ==, 0x100);
    for (int i = 0; i < 3; i++)
        g_assert_cmphex (send_and_look (bench), ==, 0x201);
    gateway_says_something (bench);
    g_assert_cmpuint (rekey.announced, ==, 1);
}

static void
another_transport_takes_over (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (Bench) other = bench_new ();
    g_autoptr (IkeChildSa) first = make_child (0x100);
    g_autoptr (IkeChildSa) second = make_child (0x200);
    g_assert_true (outrider_data_plane_install (bench->plane, bench->transport, first, NULL));
    g_assert_true (outrider_data_plane_install (bench->plane, other->transport, second, NULL));
    gateway_says_something (bench);
    gateway_says_something (other);
    outrider_data_plane_close (bench->plane);
    gateway_says_something (other);
}

static void
the_device_goes_with_the_plane (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (IkeChildSa) child = make_child (0x100);
    g_autofree char *name = g_strdup (outrider_data_plane_get_device (bench->plane));
    g_assert_true (g_str_has_prefix (name, "plane"));
    g_assert_cmpint ((int)if_nametoindex (name), ==,
                     outrider_data_plane_get_device_index (bench->plane));
    g_assert_true (outrider_data_plane_install (bench->plane, bench->transport, child, NULL));
    outrider_data_plane_close (bench->plane);
    g_assert_cmpuint (if_nametoindex (name), ==, 0);
    g_assert_null (outrider_data_plane_get_device (bench->plane));
    outrider_data_plane_close (bench->plane);
    /* And comes again. */
    g_assert_true (outrider_data_plane_open (bench->plane, NULL, NULL));
    g_assert_cmpstr (outrider_data_plane_get_device (bench->plane), ==, "outrider0");
}

static void
names_are_checked (void)
{
    if (!alone_is_possible ())
        return;
    static const char *const names[] = {
        "", ".", "..", "a/b", "a b", "sixteen-letters-", "%d%d", "%s", "a%", "a:b", "\xc3\xa4",
    };
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
        g_autoptr (OutriderDataPlane) plane = outrider_tun_plane_new ();
        g_autoptr (GError) error = NULL;
        g_assert_false (outrider_data_plane_open (plane, names[i], &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    }
    g_autoptr (Bench) bench = bench_new ();
    g_autoptr (OutriderDataPlane) second = outrider_tun_plane_new ();
    g_autoptr (GError) error = NULL;
    g_assert_false (
        outrider_data_plane_open (second, outrider_data_plane_get_device (bench->plane), &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
}

static void
mtu_and_overhead_agree (void)
{
    g_autoptr (OutriderDataPlane) plane = outrider_tun_plane_new ();
    g_autoptr (IkeChildSa) child = make_child (1);
    g_assert_cmpuint (outrider_data_plane_get_mtu (plane, child, IP_V4, 1500), ==, 1438);
    g_assert_cmpuint (outrider_data_plane_get_mtu (plane, child, IP_V6, 1500), ==, 1418);
    g_assert_cmpuint (outrider_data_plane_get_overhead (plane, child, IP_V4), ==, 62);
    g_assert_cmpuint (outrider_data_plane_get_overhead (plane, child, IP_V6), ==, 82);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (alone_enter () && access ("/dev/net/tun", R_OK | W_OK) == 0,
                        "a network namespace of one's own, and /dev/net/tun");
    g_test_add_func ("/plane/mtu", mtu_and_overhead_agree);
    g_test_add_func ("/plane/children", children_come_and_go);
    g_test_add_func ("/plane/sequence-numbers", sequence_numbers_run_low);
    g_test_add_func ("/plane/transports", another_transport_takes_over);
    g_test_add_func ("/plane/device", the_device_goes_with_the_plane);
    g_test_add_func ("/plane/names", names_are_checked);
    return g_test_run ();
}
