/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One end of a tunnel with fixed keys and no IKE: our userspace plane between a TUN device and a UDP socket. Two of them,
 * each in its network namespace, with the SPIs exchanged, are a tunnel to measure and to test.
 *
 *     esp-peer LOCAL-PORT GATEWAY PORT SPI-IN SPI-OUT DEVICE PROPOSAL [MTU]
 *
 * PROPOSAL: "aes128gcm16", "aes128-sha256", each with "-esn" behind it on request. Prints "ready DEVICE MTU" and, after
 * SIGINT or SIGTERM, its counters. OUTRIDER_PUMP_WITHOUT in the environment names offloads that are not tried.
 */

#include "dataplane/tun.h"
#include "errors.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

static const struct
{
    const char *name;
    PumpOffloads offload;
} offload_names[] = {
    { "tun-offload", PUMP_TUN_OFFLOAD },
    { "tun-uso", PUMP_TUN_USO },
    { "udp-segment", PUMP_UDP_SEGMENT },
    { "udp-gro", PUMP_UDP_GRO },
    { "many", PUMP_MANY },
    { "join", PUMP_JOIN },
    { "everything", PUMP_EVERYTHING },
};

static PumpOffloads
read_offloads (void)
{
    PumpOffloads offloads = PUMP_EVERYTHING;
    const char *text = g_getenv ("OUTRIDER_PUMP_WITHOUT");
    g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", ",", -1);
    for (char **word = words; *word != NULL; word++)
        for (size_t i = 0; i < G_N_ELEMENTS (offload_names); i++)
            if (strcmp (*word, offload_names[i].name) == 0)
                offloads &= ~offload_names[i].offload;
    return offloads;
}

/* Both ends know the key of an SPI. */
static SecretBytes *
make_key (uint32_t spi, size_t size)
{
    SecretBytes *key = secret_bytes_new_sized (size);
    for (size_t i = 0; i < size; i++)
        secret_bytes_data (key)[i] = (uint8_t)(spi * 7 + i);
    return key;
}

static GArray *
make_selectors (void)
{
    GArray *selectors = g_array_new (false, false, sizeof (TrafficSelector));
    TrafficSelector any = traffic_selector_any (IP_V4);
    g_array_append_val (selectors, any);
    any = traffic_selector_any (IP_V6);
    g_array_append_val (selectors, any);
    return selectors;
}

static IkeChildSa *
make_child (uint32_t spi_in, uint32_t spi_out, const char *proposal)
{
    g_auto (GStrv) names = g_strsplit (proposal, "-", 3);
    IkeChildSa *child = g_new0 (IkeChildSa, 1);
    g_atomic_ref_count_init (&child->references);
    child->number = 1;
    child->spi_in = spi_in;
    child->spi_out = spi_out;
    child->encapsulated = true;
    for (char **name = names; *name != NULL; name++)
        if (strcmp (*name, "esn") == 0)
            child->esn = true;
        else if (child->encryption == NULL)
            child->encryption = algorithm_find_name (TRANSFORM_ENCRYPTION, *name);
        else
            child->integrity = algorithm_find_name (TRANSFORM_INTEGRITY, *name);
    if (child->encryption == NULL)
        g_error ("unknown proposal %s", proposal);
    size_t size = (size_t)child->encryption->key_size + child->encryption->salt_size;
    child->encryption_key_in = make_key (spi_in, size);
    child->encryption_key_out = make_key (spi_out, size);
    if (child->integrity != NULL)
    {
        child->integrity_key_in = make_key (spi_in, child->integrity->key_size);
        child->integrity_key_out = make_key (spi_out, child->integrity->key_size);
    }
    child->local = make_selectors ();
    child->remote = make_selectors ();
    return child;
}

static void
on_datagram (ByteView datagram, int error_number, void *data)
{
    unsigned *heard = data;
    ++*heard;
}

static gboolean
on_signal (void *loop)
{
    g_main_loop_quit (loop);
    return G_SOURCE_CONTINUE;
}

static void
print_counters (OutriderDataPlane *plane, unsigned heard)
{
    OutriderCounters counters;
    outrider_data_plane_get_counters (plane, &counters);
    const struct
    {
        const char *name;
        uint64_t value;
    } rows[] = {
        { "packets_in", counters.packets_in },
        { "packets_out", counters.packets_out },
        { "octets_in", counters.octets_in },
        { "octets_out", counters.octets_out },
        { "dropped_replayed", counters.dropped_replayed },
        { "dropped_unverified", counters.dropped_unverified },
        { "dropped_by_selectors", counters.dropped_by_selectors },
        { "dropped_malformed", counters.dropped_malformed },
        { "dropped_too_big", counters.dropped_too_big },
        { "dropped_exhausted", counters.dropped_exhausted },
        { "dropped_by_host", counters.dropped_by_host },
        { "heard_beside_esp", heard },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
        printf ("%s %" G_GUINT64_FORMAT "\n", rows[i].name, rows[i].value);
}

int
main (int argc, char **argv)
{
    if (argc < 8)
    {
        fprintf (stderr, "esp-peer LOCAL-PORT GATEWAY PORT SPI-IN SPI-OUT DEVICE PROPOSAL [MTU]\n");
        return 2;
    }
    g_autoptr (GError) error = NULL;
    IpEndpoint gateway = { .port = (uint16_t)atoi (argv[3]) };
    if (!ip_address_parse (argv[2], &gateway.address))
        g_error ("not an address: %s", argv[2]);
    g_autoptr (IkeChildSa) child = make_child ((uint32_t)strtoul (argv[4], NULL, 0),
                                               (uint32_t)strtoul (argv[5], NULL, 0), argv[7]);

    unsigned heard = 0;
    g_autoptr (UdpTransport) transport =
        udp_transport_new (&gateway, (uint16_t)atoi (argv[1]), 0, on_datagram, &heard, &error);
    if (transport == NULL)
        g_error ("%s", error->message);
    g_autoptr (OutriderDataPlane) plane = outrider_tun_plane_new ();
    outrider_tun_plane_set_offloads (OUTRIDER_TUN_PLANE (plane), read_offloads ());
    if (!outrider_data_plane_open (plane, argv[6], &error) ||
        !outrider_data_plane_install (plane, transport, child, &error))
        g_error ("%s", error->message);

    unsigned mtu = outrider_data_plane_get_mtu (plane, child, gateway.address.family,
                                                udp_transport_get_mtu (transport));
    if (argc > 8)
        outrider_data_plane_set_mtu (plane, (unsigned)atoi (argv[8]));
    printf ("ready %s %u\n", outrider_data_plane_get_device (plane), mtu);
    fflush (stdout);

    g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, false);
    g_unix_signal_add (SIGINT, on_signal, loop);
    g_unix_signal_add (SIGTERM, on_signal, loop);
    g_main_loop_run (loop);
    print_counters (plane, heard);
    outrider_data_plane_close (plane);
    return 0;
}
