/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a tunnel wants of its host, and what becomes of the host's answers: the whole tunnel, with a real TUN device and in real
 * time, to the test gateway behind a socket on the loopback. The host changes nothing.
 */

#include "errors.h"
#include "support/alone.h"
#include "support/fake-host.h"
#include "support/responder.h"
#include "tunnel/deadline.h"
#include "tunnel/tunnel.h"

#include <arpa/inet.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARKER 4 /* octets before IKE on any port but 500 (RFC 3948 2.2) */
#define PATIENCE (10 * G_TIME_SPAN_SECOND)
#define WARNING "the excluded network 10.77.9.0/24 has no way outside"

typedef struct
{
    FakeHost *host;
    OutriderTunnel *tunnel;
    Responder *gateway;
    int fd;
    guint source;
    struct sockaddr_in client;
    GString *story; /* states and notices, each on its line */
} Scene;

/* ---- the gateway's side ---- */

static void
send_all (Scene *self)
{
    GBytes *next;
    while ((next = responder_next_datagram (self->gateway)) != NULL)
    {
        g_autoptr (GBytes) datagram = next;
        g_autoptr (GByteArray) marked = g_byte_array_new ();
        g_byte_array_append (marked, (const guint8 *)"\0\0\0\0", MARKER);
        g_byte_array_append (marked, g_bytes_get_data (datagram, NULL),
                             (guint)g_bytes_get_size (datagram));
        sendto (self->fd, marked->data, marked->len, 0, (const struct sockaddr *)&self->client,
                sizeof self->client);
    }
}

static gboolean
gateway_hears (int fd, GIOCondition condition, gpointer data)
{
    Scene *self = data;
    uint8_t buffer[65536];
    socklen_t size = sizeof self->client;
    ssize_t received =
        recvfrom (fd, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)&self->client, &size);
    if (received > MARKER)
        responder_receive (self->gateway, byte_view (buffer + MARKER, (size_t)received - MARKER),
                           deadline_now ());
    send_all (self);
    return G_SOURCE_CONTINUE;
}

static uint16_t
open_gateway (Scene *self)
{
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof own;
    ResponderConfig config = responder_config (IKE_LOGIN_PSK);
    self->gateway = responder_new (&config);
    self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_no_errno (bind (self->fd, (const struct sockaddr *)&own, sizeof own));
    g_assert_no_errno (getsockname (self->fd, (struct sockaddr *)&own, &size));
    self->source = g_unix_fd_add (self->fd, G_IO_IN, gateway_hears, self);
    return ntohs (own.sin_port);
}

/* ---- the tunnel's side ---- */

static void
state_changed (OutriderTunnel *tunnel, Scene *self)
{
    g_string_append_printf (self->story, "%s\n",
                            outrider_tunnel_state_get_name (outrider_tunnel_get_state (tunnel)));
}

static void
notice (OutriderTunnel *tunnel, const char *story, Scene *self)
{
    g_string_append_printf (self->story, "(%s)\n", story);
}

static Profile *
make_profile (uint16_t port)
{
    static const char *const addresses[] = { "127.0.0.1", NULL };
    Profile *profile = profile_new ();
    profile->addresses = g_strdupv ((char **)addresses);
    profile->port = port;
    profile->gateway_identity = g_strdup ("vpn.example.com");
    profile->identity = g_strdup ("alice");
    profile->method = PROFILE_METHOD_PSK;
    profile->plane = PROFILE_PLANE_USERSPACE;
    return profile;
}

static void
begin (Scene *self)
{
    static const char psk[] = "a key that both know";
    *self = (Scene){ .host = fake_host_new (), .story = g_string_new (NULL) };
    self->host->way = (WayOut){ .device_index = 4711, .device = "wan" };
    Credentials *credentials = credentials_new ();
    credentials->psk = secret_bytes_new (byte_view (psk, strlen (psk)));
    self->tunnel = outrider_tunnel_new (make_profile (open_gateway (self)), credentials,
                                        OUTRIDER_HOST (self->host));
    g_signal_connect (self->tunnel, "state-changed", G_CALLBACK (state_changed), self);
    g_signal_connect (self->tunnel, "notice", G_CALLBACK (notice), self);
    g_signal_connect (self->tunnel, "warning", G_CALLBACK (notice), self);
}

static gboolean
out_of_time (gpointer unused)
{
    g_error ("the tunnel does not get there");
    return G_SOURCE_REMOVE;
}

static void
run_until (Scene *self, OutriderTunnelState wanted)
{
    guint timeout = g_timeout_add (PATIENCE / G_TIME_SPAN_MILLISECOND, out_of_time, NULL);
    while (outrider_tunnel_get_state (self->tunnel) != wanted)
        g_main_context_iteration (NULL, true);
    g_source_remove (timeout);
}

/* What was sent and not heard yet is on the loopback: it is there at once. */
static void
end (Scene *self)
{
    outrider_tunnel_disconnect (self->tunnel);
    run_until (self, OUTRIDER_TUNNEL_DISCONNECTED);
    while (g_main_context_iteration (NULL, false))
        ;
    g_assert_true (responder_is_gone (self->gateway));
    g_assert_null (self->host->plan);
    g_signal_handlers_disconnect_by_data (self->tunnel, self);
    g_object_unref (self->tunnel);
    g_object_unref (self->host);
    g_source_remove (self->source);
    close (self->fd);
    responder_free (self->gateway);
    g_string_free (self->story, true);
}

/* ---- the tests ---- */

static void
one_question_before_it_is_up (void)
{
    Scene scene;
    OutriderTunnelFacts facts;
    if (!alone_is_possible ())
        return;
    begin (&scene);
    scene.host->sentence = WARNING;
    outrider_tunnel_connect (scene.tunnel);
    run_until (&scene, OUTRIDER_TUNNEL_CONNECTED);
    g_assert_cmpstr (scene.host->calls->str, ==, "prepare apply find-way check");
    g_assert_true (g_str_has_suffix (scene.story->str, "connected\n(" WARNING ")\n"));
    outrider_tunnel_get_facts (scene.tunnel, &facts);
    g_assert_nonnull (facts.way);
    g_assert_cmpstr (facts.way->device, ==, "wan");

    /* The host may have moved. */
    g_strlcpy (scene.host->way.device, "wlan", IFNAMSIZ);
    outrider_tunnel_look_at_way (scene.tunnel);
    outrider_tunnel_get_facts (scene.tunnel, &facts);
    g_assert_cmpstr (facts.way->device, ==, "wlan");
    scene.host->lost = true;
    outrider_tunnel_look_at_way (scene.tunnel);
    outrider_tunnel_get_facts (scene.tunnel, &facts);
    g_assert_null (facts.way);
    end (&scene);
}

static void
unknown_way (void)
{
    Scene scene;
    OutriderTunnelFacts facts;
    if (!alone_is_possible ())
        return;
    begin (&scene);
    scene.host->lost = true;
    outrider_tunnel_connect (scene.tunnel);
    run_until (&scene, OUTRIDER_TUNNEL_CONNECTED);
    outrider_tunnel_get_facts (scene.tunnel, &facts);
    g_assert_null (facts.way);
    end (&scene);
}

static void
way_into_the_tunnel (void)
{
    Scene scene;
    if (!alone_is_possible ())
        return;
    begin (&scene);
    scene.host->looping = true;
    scene.host->sentence = WARNING;
    outrider_tunnel_connect (scene.tunnel);
    run_until (&scene, OUTRIDER_TUNNEL_DISCONNECTED);
    const GError *error = outrider_tunnel_get_error (scene.tunnel);
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_nonnull (strstr (error->message, "127.0.0.1 would go into the tunnel itself"));
    g_assert_cmpstr (outrider_tunnel_get_stage (scene.tunnel), ==, "host");
    g_assert_null (strstr (scene.story->str, "\nconnected"));
    g_assert_null (strstr (scene.story->str, WARNING));
    /* Put back before the goodbye, and at the end in any case. */
    g_assert_cmpstr (scene.host->calls->str, ==, "prepare apply find-way revert revert");
    end (&scene);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (alone_enter () && access ("/dev/net/tun", R_OK | W_OK) == 0,
                        "a network namespace of one's own, and /dev/net/tun");
    g_test_add_func ("/host/one-question", one_question_before_it_is_up);
    g_test_add_func ("/host/unknown-way", unknown_way);
    g_test_add_func ("/host/way-into-the-tunnel", way_into_the_tunnel);
    return g_test_run ();
}
