/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/resolv-conf.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
    FILE_MAX = 256 * 1024,
    LINES_MAX = 1024,
    SERVERS_MAX = 8,
};

/* Whom a server on this host asks in turn: systemd-resolved, dnsmasq for NetworkManager, dnsmasq by resolvconf. */
static const char *const upstream[] = {
    "/run/systemd/resolve/resolv.conf",
    "/run/NetworkManager/no-stub-resolv.conf",
    "/run/dnsmasq/resolv.conf",
};

char *
resolv_conf_follow (const char *path)
{
    char *real = realpath (path, NULL);
    g_autofree char *link = real == NULL ? g_file_read_link (path, NULL) : NULL;
    g_autofree char *directory = g_path_get_dirname (path);
    char *target = g_canonicalize_filename (real != NULL   ? real
                                            : link != NULL ? link
                                                           : path,
                                            directory);
    free (real);
    return target;
}

char *
resolv_conf_get_target (const char *root)
{
    g_autofree char *path = g_strconcat (root, RESOLV_CONF, NULL);
    return resolv_conf_follow (path);
}

static char *
read_file (const char *root, const char *name)
{
    g_autofree char *path = g_strconcat (root, name, NULL);
    char *text = g_malloc0 (FILE_MAX + 1);
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    bool regular = fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode);
    ssize_t more = 1;
    for (size_t size = 0; regular && more > 0 && size < FILE_MAX; size += (size_t)MAX (more, 0))
        more = read (fd, text + size, FILE_MAX - size);
    if (fd >= 0)
        close (fd);
    return text;
}

char *
resolv_conf_read (const char *root)
{
    return read_file (root, RESOLV_CONF);
}

/* An address, with "%" and the name or index of its link where it needs that. */
static bool
parse_server (const char *text, NameServer *ret_server)
{
    g_auto (GStrv) parts = g_strsplit (text, "%", 2);
    NameServer server = { 0 };
    if (parts[0] == NULL || !ip_address_parse (parts[0], &server.address))
        return false;
    if (parts[1] != NULL)
        server.scope = if_nametoindex (parts[1]);
    if (parts[1] != NULL && server.scope == 0)
        server.scope = (unsigned)g_ascii_strtoull (parts[1], NULL, 10);
    *ret_server = server;
    return true;
}

/* systemd-resolved's, on this host: who asks it has asked nobody yet. */
static bool
is_stub (const IpAddress *address)
{
    IpAddress stub;
    return ip_address_parse ("127.0.0.53", &stub) && ip_address_equal (address, &stub);
}

static void
add_servers (const char *text, GArray *servers)
{
    g_auto (GStrv) lines = g_strsplit (text, "\n", LINES_MAX);
    for (char **line = lines; *line != NULL; line++)
    {
        g_auto (GStrv) words = g_strsplit_set (g_strstrip (*line), " \t", 3);
        NameServer server;
        if (g_strv_length (words) >= 2 && strcmp (words[0], "nameserver") == 0 &&
            parse_server (words[1], &server) && !is_stub (&server.address) &&
            servers->len < SERVERS_MAX)
            g_array_append_val (servers, server);
    }
}

GArray *
resolv_conf_list_servers (const char *root)
{
    GArray *servers = g_array_new (false, false, sizeof (NameServer));
    g_autofree char *own = resolv_conf_read (root);
    add_servers (own, servers);
    for (size_t i = 0; i < G_N_ELEMENTS (upstream); i++)
    {
        g_autofree char *text = read_file (root, upstream[i]);
        add_servers (text, servers);
    }
    return servers;
}
