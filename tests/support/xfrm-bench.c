/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/xfrm-bench.h"

#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

const XfrmKind xfrm_kind_plain = { "aes256gcm16", NULL, true, false };
const XfrmKind xfrm_kind_in_udp = { "aes256gcm16", NULL, true, true };

/* ---- namespaces ---- */

/* Where new sockets are made; both planes work on wherever we are. */
static int near_namespace, far_namespace;

void
xfrm_bench_enter_far (void)
{
    g_assert_no_errno (setns (far_namespace, CLONE_NEWNET));
}

void
xfrm_bench_enter_near (void)
{
    g_assert_no_errno (setns (near_namespace, CLONE_NEWNET));
}

static int
make_namespace (void)
{
    g_assert_no_errno (unshare (CLONE_NEWNET));
    int fd = open ("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint (fd, >=, 0);
    return fd;
}

void
xfrm_bench_run (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_autofree char *command = g_strdup_vprintf (format, arguments);
    va_end (arguments);
    int status = system (command);
    if (status != 0)
        g_error ("%s: status %d", command, status);
}

void
xfrm_bench_lay_wire (void)
{
    far_namespace = make_namespace ();
    near_namespace = make_namespace ();
    xfrm_bench_run ("ip link add wire type veth peer name wire netns /proc/%d/fd/%d",
                    (int)getpid (), far_namespace);
    xfrm_bench_run ("ip addr add " NEAR "/24 dev wire && ip link set wire up && ip link set lo up");
    xfrm_bench_enter_far ();
    xfrm_bench_run ("ip addr add " FAR "/24 dev wire && ip link set wire up && ip link set lo up");
    xfrm_bench_enter_near ();
}

/* ---- one end ---- */

static const char *
get_inside (const XfrmEnd *self)
{
    return self->near ? NEAR_INSIDE : FAR_INSIDE;
}

static const char *
get_other_inside (const XfrmEnd *self)
{
    return self->near ? FAR_INSIDE : NEAR_INSIDE;
}

static void
on_datagram (ByteView datagram, int error_number, void *data)
{
}

static void
on_expiring (OutriderDataPlane *plane, guint child, guint spi_in, gboolean hard, gpointer data)
{
    XfrmEnd *self = data;
    g_assert_cmpuint (child, ==, 1);
    *(hard ? &self->expired : &self->expiring) += 1;
}

static void
on_waiting (OutriderDataPlane *plane, gpointer data)
{
    ((XfrmEnd *)data)->waiting++;
}

static void
open_plane (XfrmEnd *self, const char *gateway)
{
    g_autoptr (GError) error = NULL;
    IpEndpoint there = { .port = self->near ? FAR_PORT : NEAR_PORT };
    uint16_t local_port = self->near ? NEAR_PORT : FAR_PORT;
    g_assert_true (ip_address_parse (gateway, &there.address));
    self->transport = udp_transport_new (&there, local_port, 0, on_datagram, self, &error);
    g_assert_no_error (error);
    self->plane = outrider_xfrm_plane_new (OUTER_MARK);
    g_signal_connect (self->plane, "expiring", G_CALLBACK (on_expiring), self);
    g_signal_connect (self->plane, "traffic-without-child", G_CALLBACK (on_waiting), self);
    g_assert_true (outrider_data_plane_open (self->plane, "plane%d", &error));
    g_assert_no_error (error);
}

static void
open_inside (XfrmEnd *self)
{
    const char *device = outrider_data_plane_get_device (self->plane);
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (7) };
    struct timeval limit = { .tv_sec = 1 };
    inet_pton (AF_INET, get_inside (self), &in.sin_addr);
    xfrm_bench_run (
        "ip addr add %s/32 dev %s && ip link set %s up && ip route add %s dev %s src %s",
        get_inside (self), device, device, get_other_inside (self), device, get_inside (self));
    self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_no_errno (setsockopt (self->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    g_assert_no_errno (bind (self->fd, (struct sockaddr *)&in, sizeof in));
}

static XfrmEnd *
end_new (bool near, const char *gateway)
{
    XfrmEnd *self = g_new0 (XfrmEnd, 1);
    self->near = near;
    open_plane (self, gateway);
    open_inside (self);
    return self;
}

static void
end_free (XfrmEnd *self)
{
    close (self->fd);
    g_object_unref (self->plane);
    udp_transport_free (self->transport);
    ike_child_sa_unref (self->child);
    g_free (self);
}

void
xfrm_end_install (const XfrmEnd *self, IkeChildSa *child)
{
    g_autoptr (GError) error = NULL;
    outrider_data_plane_install (self->plane, self->transport, child, &error);
    g_assert_no_error (error);
}

void
xfrm_end_switch_child (const XfrmEnd *self, IkeChildSa *child)
{
    g_autoptr (GError) error = NULL;
    outrider_data_plane_switch_child (self->plane, child, &error);
    g_assert_no_error (error);
}

void
xfrm_end_send (const XfrmEnd *self, const char *address)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (7) };
    inet_pton (AF_INET, address, &in.sin_addr);
    (void)!sendto (self->fd, "hello", 5, 0, (struct sockaddr *)&in, sizeof in);
}

bool
xfrm_end_hears (const XfrmEnd *self)
{
    char buffer[16];
    return recv (self->fd, buffer, sizeof buffer, 0) == 5;
}

bool
xfrm_end_reaches (const XfrmEnd *self, const XfrmEnd *other)
{
    xfrm_end_send (self, get_inside (other));
    return xfrm_end_hears (other);
}

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

IkeChildSa *
xfrm_end_make_child (const XfrmEnd *self, const XfrmKind *kind, uint32_t spi)
{
    IkeChildSa *child = ike_child_sa_new ();
    child->number = 1;
    child->spi_in = self->near ? spi : spi + 1;
    child->spi_out = self->near ? spi + 1 : spi;
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
    child->local = only (get_inside (self));
    child->remote = only (get_other_inside (self));
    return child;
}

/* ---- both ends ---- */

XfrmBench *
xfrm_bench_new (void)
{
    XfrmBench *self = g_new0 (XfrmBench, 1);
    xfrm_bench_enter_far ();
    self->far = end_new (false, NEAR);
    xfrm_bench_enter_near ();
    self->near = end_new (true, FAR);
    return self;
}

XfrmBench *
xfrm_bench_new_with_child (const XfrmKind *kind)
{
    XfrmBench *self = xfrm_bench_new ();
    xfrm_bench_add_child (self, kind);
    return self;
}

void
xfrm_bench_free (XfrmBench *self)
{
    end_free (self->near);
    end_free (self->far);
    g_free (self);
}

void
xfrm_bench_add_child (XfrmBench *self, const XfrmKind *kind)
{
    self->near->child = xfrm_end_make_child (self->near, kind, NEAR_SPI_IN);
    self->far->child = xfrm_end_make_child (self->far, kind, NEAR_SPI_IN);
    xfrm_end_install (self->near, self->near->child);
    xfrm_end_install (self->far, self->far->child);
}

void
xfrm_bench_restart_far (XfrmBench *self, const char *near_address)
{
    IkeChildSa *child = g_steal_pointer (&self->far->child);
    xfrm_bench_enter_far ();
    end_free (self->far);
    self->far = end_new (false, near_address);
    self->far->child = child;
    xfrm_end_install (self->far, child);
    xfrm_bench_enter_near ();
}

bool
xfrm_bench_works (const XfrmBench *self)
{
    return xfrm_end_reaches (self->near, self->far) && xfrm_end_reaches (self->far, self->near);
}

/* ---- what is in the kernel ---- */

typedef struct
{
    uint32_t spi;      /* 0: any */
    IpAddress address; /* IP_NONE: any */
    XfrmStates states;
} Search;

static bool
is_wanted (const Search *search, const XfrmStateFacts *facts)
{
    const IpAddress *address = &search->address;
    return xfrm_claim_is_ours (facts->if_id) && (search->spi == 0 || facts->spi == search->spi) &&
           (address->family == IP_NONE || ip_address_equal (&facts->source, address) ||
            ip_address_equal (&facts->destination, address));
}

static void
hear_state (ByteView message, void *data)
{
    Search *search = data;
    XfrmStateFacts facts;
    if (!xfrm_read_state (message, &facts) || !is_wanted (search, &facts))
        return;
    search->states.found++;
    search->states.last = facts;
}

static XfrmStates
find_states (Search search)
{
    XfrmMessage message;
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    xfrm_write_list_states (&message);
    g_assert_cmpint (xfrm_socket_ask (xfrm, &message, hear_state, &search), ==, 0);
    return search.states;
}

XfrmStates
xfrm_states_find (uint32_t spi)
{
    return find_states ((Search){ .spi = spi });
}

XfrmStates
xfrm_states_find_at (const char *address)
{
    Search search = { 0 };
    g_assert_true (ip_address_parse (address, &search.address));
    return find_states (search);
}

static void
hear_policy (ByteView message, void *data)
{
    XfrmPolicy policy;
    if (xfrm_read_policy (message, &policy) && xfrm_claim_is_ours (policy.if_id))
        *(unsigned *)data += 1;
}

unsigned
xfrm_policies_count (void)
{
    unsigned found = 0;
    XfrmMessage message;
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    xfrm_write_list_policies (&message);
    g_assert_cmpint (xfrm_socket_ask (xfrm, &message, hear_policy, &found), ==, 0);
    return found;
}

void
xfrm_assert_nothing_is_left (void)
{
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 0);
    g_assert_cmpuint (xfrm_policies_count (), ==, 0);
    g_assert_cmpuint (if_nametoindex ("plane0"), ==, 0);
}
