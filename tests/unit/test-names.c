/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Names asked of servers on the loopback of a network namespace of this process alone: SERVER and SCOPED answer, REFUSED is
 * one that rules keep from everybody whose questions carry no mark, and nobody listens at CLOSED.
 */

#include "errors.h"
#include "network/names.h"
#include "network/resolv-conf.h"
#include "support/alone.h"
#include "support/host-root.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER "127.0.0.1"
#define REFUSED "127.0.0.3"
#define CLOSED "127.0.0.4"
#define SCOPED "fe80::53"
#define MARK 0x4f75

enum
{
    DNS_PORT = 53,
    MESSAGE_MAX = 512,
    HEADER_SIZE = 12,
    TYPE_A = 1,
    TYPE_AAAA = 28,
};

/* ---- servers ---- */

typedef struct
{
    int sockets[3];
    int stop;
    GThread *thread;
    gint rubbish; /* how many datagrams of it come before each answer */
} Servers;

static int
listen_at (const char *text, unsigned scope)
{
    IpAddress address;
    g_assert_true (ip_address_parse (text, &address));
    bool v6 = address.family == IP_V6;
    struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons (DNS_PORT) };
    struct sockaddr_in6 to6 = { .sin6_family = AF_INET6,
                                .sin6_port = htons (DNS_PORT),
                                .sin6_scope_id = scope };
    memcpy (&to4.sin_addr, address.octets, sizeof to4.sin_addr);
    memcpy (&to6.sin6_addr, address.octets, sizeof to6.sin6_addr);
    int fd = socket (v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint (bind (fd, v6 ? (void *)&to6 : (void *)&to4, v6 ? sizeof to6 : sizeof to4), ==,
                     0);
    return fd;
}

/* From the first label to the end of the question; its type. */
static uint16_t
read_question (const uint8_t *message, size_t size, char *name, size_t *ret_end)
{
    size_t at = HEADER_SIZE, used = 0;
    while (at < size && message[at] != 0 && used + message[at] + 1 < MESSAGE_MAX)
    {
        memcpy (name + used, message + at + 1, message[at]);
        used += message[at];
        name[used++] = '.';
        at += message[at] + 1u;
    }
    name[used] = '\0';
    g_assert_cmpuint (at + 5, <=, size);
    *ret_end = at + 5;
    return (uint16_t)(message[at + 1] << 8 | message[at + 2]);
}

static void
append_answer (GByteArray *answer, uint16_t type)
{
    static const uint8_t v4[] = { 192, 0, 2, 1 };
    static const uint8_t v6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    uint8_t size = type == TYPE_A ? sizeof v4 : sizeof v6;
    const uint8_t head[] = { 0xc0, HEADER_SIZE, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, size };
    g_byte_array_append (answer, head, sizeof head);
    g_byte_array_append (answer, type == TYPE_A ? v4 : v6, size);
}

/* "gw.test" has an address of either family, "v4.test" one; nothing else exists. */
static void
answer_one (Servers *self, int fd)
{
    uint8_t message[MESSAGE_MAX];
    char name[MESSAGE_MAX];
    struct sockaddr_in6 from;
    socklen_t from_size = sizeof from;
    ssize_t size = recvfrom (fd, message, sizeof message, 0, (void *)&from, &from_size);
    g_assert_cmpint (size, >=, HEADER_SIZE);
    size_t end = 0;
    uint16_t type = read_question (message, (size_t)size, name, &end);
    bool both = strcmp (name, "gw.test.") == 0, one = strcmp (name, "v4.test.") == 0;
    bool has = type == TYPE_A ? both || one : type == TYPE_AAAA && both;

    g_autoptr (GByteArray) answer = g_byte_array_new ();
    const uint8_t head[] = { 0x81, both || one ? 0x80 : 0x83, 0, 1, 0, has, 0, 0, 0, 0 };
    g_byte_array_append (answer, message, 2);
    g_byte_array_append (answer, head, sizeof head);
    g_byte_array_append (answer, message + HEADER_SIZE, (guint)(end - HEADER_SIZE));
    if (has)
        append_answer (answer, type);
    static const uint8_t rubbish[] = { 0xff, 0xff, 0x81, 0x80, 0xff, 0xff, 0xc0, 0x0c };
    for (int i = 0; i < g_atomic_int_get (&self->rubbish); i++)
        sendto (fd, rubbish, sizeof rubbish, 0, (void *)&from, from_size);
    sendto (fd, answer->data, answer->len, 0, (void *)&from, from_size);
}

static gpointer
serve (gpointer data)
{
    Servers *self = data;
    enum
    {
        COUNT = G_N_ELEMENTS (self->sockets),
    };
    for (;;)
    {
        struct pollfd ready[COUNT + 1] = { [COUNT] = { .fd = self->stop, .events = POLLIN } };
        for (size_t i = 0; i < COUNT; i++)
            ready[i] = (struct pollfd){ .fd = self->sockets[i], .events = POLLIN };
        poll (ready, COUNT + 1, -1);
        if (ready[COUNT].revents != 0)
            return NULL;
        for (size_t i = 0; i < COUNT; i++)
            if (ready[i].revents != 0)
                answer_one (self, ready[i].fd);
    }
}

static Servers *
servers_new (void)
{
    Servers *self = g_new0 (Servers, 1);
    self->sockets[0] = listen_at (SERVER, 0);
    self->sockets[1] = listen_at (REFUSED, 0);
    self->sockets[2] = listen_at (SCOPED, if_nametoindex ("lo"));
    self->stop = eventfd (0, EFD_CLOEXEC);
    self->thread = g_thread_new ("servers", serve, self);
    return self;
}

static void
servers_free (Servers *self)
{
    g_assert_cmpint (eventfd_write (self->stop, 1), ==, 0);
    g_thread_join (self->thread);
    for (size_t i = 0; i < G_N_ELEMENTS (self->sockets); i++)
        close (self->sockets[i]);
    close (self->stop);
    g_free (self);
}

/* ---- the names ---- */

/* Addresses of NAME in words, sorted by them; the error's message where there is none. */
static char *
look_up (const char *name, const char *server, const char *second, unsigned scope)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GArray) servers = g_array_new (false, false, sizeof (NameServer));
    const char *texts[] = { server, second };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
        NameServer one = { .scope = scope };
        if (texts[i] != NULL && ip_address_parse (texts[i], &one.address))
            g_array_append_val (servers, one);
    }
    g_autoptr (GArray) found = names_look_up (name, servers, MARK, &error);
    if (found == NULL)
    {
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_NOT_RESOLVED);
        return g_strdup (error->message);
    }
    g_assert_no_error (error);
    g_assert_cmpuint (found->len, >, 0);
    g_array_sort (found, (GCompareFunc)ip_address_compare);
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < found->len; i++)
    {
        g_autofree char *address = ip_address_format (&g_array_index (found, IpAddress, i));
        g_string_append_printf (text, "%s%s", i > 0 ? " " : "", address);
    }
    return g_string_free (text, false);
}

static void
assert_found (const char *name, const char *server, const char *second, unsigned scope,
              const char *expected)
{
    g_autofree char *actual = look_up (name, server, second, scope);
    g_assert_cmpstr (actual, ==, expected);
}

#define BOTH "192.0.2.1 2001:db8::1"

static void
both_families (Servers *servers)
{
    assert_found ("gw.test", SERVER, NULL, 0, BOTH);
    assert_found ("v4.test", SERVER, NULL, 0, "192.0.2.1");
}

static void
unknown_names (Servers *servers)
{
    assert_found ("nowhere.test", SERVER, NULL, 0, "nowhere.test: Domain name not found");
    g_autofree char *nothing = look_up ("nowhere.test", NULL, NULL, 0);
    g_assert_true (g_str_has_prefix (nothing, "nowhere.test: "));
}

static void
the_next_server_is_asked (Servers *servers)
{
    assert_found ("gw.test", CLOSED, SERVER, 0, BOTH);
}

static void
rubbish_before_the_answer (Servers *servers)
{
    g_atomic_int_set (&servers->rubbish, 100);
    assert_found ("gw.test", SERVER, NULL, 0, BOTH);
}

static void
refused_without_the_mark (Servers *servers)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons (DNS_PORT) };
    g_assert_cmpint (inet_pton (AF_INET, REFUSED, &to.sin_addr), ==, 1);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint (connect (fd, (void *)&to, sizeof to), ==, -1);
    g_assert_cmpint (errno, ==, EACCES);
    close (fd);
    assert_found ("gw.test", REFUSED, NULL, 0, BOTH);
}

static void
link_local_server (Servers *servers)
{
    assert_found ("gw.test", SCOPED, NULL, if_nametoindex ("lo"), BOTH);
}

/* ---- whom the host asks ---- */

static char *
list_servers (const char *root)
{
    g_autoptr (GArray) servers = resolv_conf_list_servers (root);
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < servers->len; i++)
    {
        const NameServer *server = &g_array_index (servers, NameServer, i);
        g_autofree char *address = ip_address_format (&server->address);
        g_string_append_printf (text, "%s%s%%%u", i > 0 ? " " : "", address, server->scope);
    }
    return g_string_free (text, false);
}

static void
servers_of_the_file (void)
{
    char *root = host_root_new ();
    host_root_put (root, "/etc/resolv.conf",
                   "# nameserver 192.0.2.9\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 \n"
                   "nameserver fe80::1%7\nnameserver fe80::2%no-such-link\nnameserver nonsense\n");
    g_autofree char *plain = list_servers (root);
    g_assert_cmpstr (plain, ==, "192.0.2.1%0 2001:db8::1%0 fe80::1%7 fe80::2%0");
    host_root_put (root, "/etc/resolv.conf", "nameserver 127.0.0.53\n");
    host_root_put (root, "/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.2\n");
    g_autofree char *behind = list_servers (root);
    g_assert_cmpstr (behind, ==, "192.0.2.2%0");
    host_root_put (root, "/etc/resolv.conf", "nameserver 127.0.0.1\n");
    host_root_put (root, "/run/NetworkManager/no-stub-resolv.conf", "nameserver 192.0.2.3\n");
    host_root_put (root, "/run/dnsmasq/resolv.conf", "nameserver 192.0.2.4\n");
    g_autofree char *all = list_servers (root);
    g_assert_cmpstr (all, ==, "127.0.0.1%0 192.0.2.2%0 192.0.2.3%0 192.0.2.4%0");
    host_root_free (root);
}

static bool
prepare (void)
{
    return alone_enter () &&
           alone_run_ip ("address add " SCOPED "/64 dev lo nodad\n"
                         "rule add pref 5 lookup local\n"
                         "rule del pref 0\n"
                         "rule add pref 1 fwmark 0x4f75 lookup local\n"
                         "rule add pref 2 to " REFUSED " ipproto udp dport 53 prohibit");
}

static const struct
{
    const char *path;
    void (*run) (Servers *servers);
} tests[] = {
    { "/names/both-families", both_families },
    { "/names/unknown", unknown_names },
    { "/names/next-server", the_next_server_is_asked },
    { "/names/rubbish", rubbish_before_the_answer },
    { "/names/refused-without-the-mark", refused_without_the_mark },
    { "/names/link-local", link_local_server },
};

static void
with_servers (gconstpointer data)
{
    if (!alone_is_possible ())
        return;
    Servers *servers = servers_new ();
    tests[GPOINTER_TO_SIZE (data)].run (servers);
    servers_free (servers);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    alone_set_possible (prepare (), "a network namespace of one's own, and ip(8)");
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
        g_test_add_data_func (tests[i].path, GSIZE_TO_POINTER (i), with_servers);
    g_test_add_func ("/names/servers-of-the-file", servers_of_the_file);
    return g_test_run ();
}
