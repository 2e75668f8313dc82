/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "errors.h"
#include "transport/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A gateway that is a plain socket on the loopback, and what the transport heard. */
typedef struct
{
    IpFamily family;
    int gateway_fd;
    IpEndpoint gateway;
    UdpTransport *transport;
    GPtrArray *heard; /* GBytes */
    GArray *errors;   /* int */
} Bench;

static void
on_receive (ByteView datagram, int error_number, void *data)
{
    Bench *self = data;
    if (error_number != 0)
        g_array_append_val (self->errors, error_number);
    else
        g_ptr_array_add (self->heard, byte_view_to_bytes (datagram));
}

static uint16_t
bind_loopback (int fd, IpFamily family)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    socklen_t size = family == IP_V6 ? sizeof v6 : sizeof v4;
    struct sockaddr *address = family == IP_V6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    g_assert_no_errno (bind (fd, address, size));
    g_assert_no_errno (getsockname (fd, address, &size));
    return ntohs (family == IP_V6 ? v6.sin6_port : v4.sin_port);
}

static Bench *
bench_new (IpFamily family)
{
    Bench *self = g_new0 (Bench, 1);
    self->family = family;
    self->heard = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    self->errors = g_array_new (false, false, sizeof (int));
    self->gateway_fd = socket (family == IP_V6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_true (
        ip_address_parse (family == IP_V6 ? "::1" : "127.0.0.1", &self->gateway.address));
    self->gateway.port = bind_loopback (self->gateway_fd, family);
    GError *error = NULL;
    self->transport = udp_transport_new (&self->gateway, 0, 0, on_receive, self, &error);
    g_assert_no_error (error);
    return self;
}

static void
bench_free (Bench *self)
{
    udp_transport_free (self->transport);
    if (self->gateway_fd >= 0)
        close (self->gateway_fd);
    g_ptr_array_unref (self->heard);
    g_array_unref (self->errors);
    g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

/* The gateway answers to where the transport sends from. */
static void
gateway_connect (Bench *self)
{
    struct sockaddr_in6 address;
    socklen_t size = sizeof address;
    uint8_t octets[64];
    g_assert_true (udp_transport_send (self->transport, byte_view ("hello", 5)));
    ssize_t got =
        recvfrom (self->gateway_fd, octets, sizeof octets, 0, (struct sockaddr *)&address, &size);
    g_assert_cmpmem (octets, (size_t)got, "\0\0\0\0hello", 9);
    g_assert_no_errno (connect (self->gateway_fd, (struct sockaddr *)&address, size));
}

static void
gateway_send (Bench *self, const char *octets, size_t size)
{
    g_assert_cmpint (send (self->gateway_fd, octets, size, 0), ==, size);
}

static gboolean
on_late (void *data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

/* Turns the main loop until COUNT things are there, or for TIMEOUT milliseconds. */
static void
turn (const unsigned *count, unsigned wanted, unsigned timeout)
{
    bool late = false;
    guint source = g_timeout_add (timeout, on_late, &late);
    while (!late && *count < wanted)
        g_main_context_iteration (NULL, true);
    if (!late)
        g_source_remove (source);
}

static void
assert_heard (const Bench *self, unsigned index, const char *text)
{
    g_assert_cmpuint (self->heard->len, >, index);
    ByteView octets = byte_view_of_bytes (self->heard->pdata[index]);
    g_assert_cmpmem (octets.data, octets.size, text, strlen (text));
}

static void
the_marker_comes_and_goes (gconstpointer data)
{
    g_autoptr (Bench) bench = bench_new (GPOINTER_TO_INT (data));
    gateway_connect (bench);
    gateway_send (bench, "\0\0\0\0one", 7);
    gateway_send (bench, "\xff", 1);        /* a keepalive */
    gateway_send (bench, "\1\2\3\4esp", 7); /* nobody reads ESP here */
    gateway_send (bench, "\0\0\0\0", 4);
    gateway_send (bench, "", 0);
    gateway_send (bench, "\0\0\0\0two", 7);
    turn (&bench->heard->len, 2, 2000);
    g_assert_cmpuint (bench->heard->len, ==, 2);
    assert_heard (bench, 0, "one");
    assert_heard (bench, 1, "two");

    udp_transport_send_keepalive (bench->transport);
    uint8_t octets[16];
    g_assert_cmpint (recv (bench->gateway_fd, octets, sizeof octets, 0), ==, 1);
    g_assert_cmphex (octets[0], ==, 0xff);
}

static void
it_knows_where_it_is (void)
{
    g_autoptr (Bench) bench = bench_new (IP_V4);
    IpEndpoint local = udp_transport_get_local (bench->transport);
    g_autofree char *address = ip_address_format (&local.address);
    g_assert_cmpstr (address, ==, "127.0.0.1");
    g_assert_cmpuint (local.port, !=, 0);
    g_assert_cmpuint (udp_transport_get_mtu (bench->transport), >=, 1280);

    IpEndpoint gateway = udp_transport_get_gateway (bench->transport);
    gateway.port = 9;
    g_assert_true (udp_transport_set_gateway (bench->transport, &gateway, NULL));
    IpEndpoint moved = udp_transport_get_local (bench->transport);
    g_assert_true (ip_endpoint_equal (&local, &moved));
    g_assert_cmpuint (udp_transport_get_gateway (bench->transport).port, ==, 9);
}

static void
a_refusal_is_heard_and_ends_nothing (void)
{
    g_autoptr (Bench) bench = bench_new (IP_V4);
    close (bench->gateway_fd);
    bench->gateway_fd = -1;
    g_assert_true (udp_transport_send (bench->transport, byte_view ("x", 1)));
    turn (&bench->errors->len, 1, 2000);
    g_assert_cmpuint (bench->errors->len, ==, 1);
    g_assert_cmpint (g_array_index (bench->errors, int, 0), ==, ECONNREFUSED);
    /* The next one leaves as if nothing had been. */
    g_assert_true (udp_transport_send (bench->transport, byte_view ("x", 1)));
    g_assert_true (udp_transport_send (bench->transport, byte_view ("x", 1)));
}

static void
a_gateway_without_a_route_is_unreachable (void)
{
    g_autoptr (GError) error = NULL;
    IpEndpoint gateway = { .port = 500 };
    g_assert_true (ip_address_parse ("255.255.255.255", &gateway.address));
    g_assert_null (udp_transport_new (&gateway, 0, 0, on_receive, NULL, &error));
    g_assert_nonnull (error);
    g_assert_true (error->domain == OUTRIDER_ERROR);
}

static void *
deliver_many (void *data)
{
    UdpTransport *transport = data;
    for (int i = 0; i < 200; i++)
        udp_transport_deliver (transport, byte_view ("pump", 4));
    return NULL;
}

static void
a_pump_hands_over_and_the_queue_is_bounded (void)
{
    g_autoptr (Bench) bench = bench_new (IP_V4);
    gateway_connect (bench);
    udp_transport_lend (bench->transport);
    gateway_send (bench, "\0\0\0\0mine", 8);
    GThread *thread = g_thread_new ("pump", deliver_many, bench->transport);
    g_thread_join (thread);
    turn (&bench->heard->len, 1000, 100);
    g_assert_cmpuint (bench->heard->len, >, 0);
    g_assert_cmpuint (bench->heard->len, <, 200);
    for (unsigned i = 0; i < bench->heard->len; i++)
        assert_heard (bench, i, "pump");
    /* What came meanwhile was the pump's to read; given back, the main loop reads it. */
    unsigned before = bench->heard->len;
    udp_transport_reclaim (bench->transport);
    turn (&bench->heard->len, before + 1, 2000);
    assert_heard (bench, before, "mine");
}

static void
free_in_the_middle (ByteView datagram, int error_number, void *data)
{
    g_clear_pointer ((UdpTransport **)data, udp_transport_free);
}

static void
the_receiver_may_free_it (void)
{
    g_autoptr (Bench) bench = bench_new (IP_V4);
    UdpTransport *transport =
        udp_transport_new (&bench->gateway, 0, 0, free_in_the_middle, &transport, NULL);
    g_assert_nonnull (transport);
    for (int i = 0; i < 3; i++)
        udp_transport_deliver (transport, byte_view ("x", 1));
    while (transport != NULL)
        g_main_context_iteration (NULL, true);
    while (g_main_context_iteration (NULL, false))
        ;
}

static void
a_look_tells_of_a_narrower_path (void)
{
    g_autoptr (Bench) bench = bench_new (IP_V4);
    unsigned mtu = udp_transport_get_mtu (bench->transport);
    IpEndpoint before = udp_transport_get_local (bench->transport);
    udp_transport_look_at_path (bench->transport, mtu);
    while (g_main_context_iteration (NULL, false))
        ;
    g_assert_cmpuint (bench->errors->len, ==, 0);
    udp_transport_look_at_path (bench->transport, mtu + 1);
    turn (&bench->errors->len, 1, 2000);
    g_assert_cmpuint (bench->errors->len, ==, 1);
    g_assert_cmpint (g_array_index (bench->errors, int, 0), ==, EMSGSIZE);

    /* And it is still where it was. */
    IpEndpoint after = udp_transport_get_local (bench->transport);
    g_assert_true (ip_endpoint_equal (&before, &after));
    gateway_connect (bench);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_data_func ("/udp/marker/v4", GINT_TO_POINTER (IP_V4), the_marker_comes_and_goes);
    g_test_add_data_func ("/udp/marker/v6", GINT_TO_POINTER (IP_V6), the_marker_comes_and_goes);
    g_test_add_func ("/udp/endpoints", it_knows_where_it_is);
    g_test_add_func ("/udp/refused", a_refusal_is_heard_and_ends_nothing);
    g_test_add_func ("/udp/unreachable", a_gateway_without_a_route_is_unreachable);
    g_test_add_func ("/udp/pump", a_pump_hands_over_and_the_queue_is_bounded);
    g_test_add_func ("/udp/look", a_look_tells_of_a_narrower_path);
    g_test_add_func ("/udp/free", the_receiver_may_free_it);
    return g_test_run ();
}
