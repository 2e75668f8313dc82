/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/notify.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
notify_systemd (const char *message)
{
    const char *path = g_getenv ("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = path != NULL ? strlen (path) : 0;
    if (size < 2 || size >= sizeof address.sun_path || (*path != '/' && *path != '@'))
        return;
    memcpy (address.sun_path, path, size);
    if (*path == '@') /* the abstract name space */
        address.sun_path[0] = '\0';
    int descriptor = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    socklen_t length = (socklen_t)(G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + size);
    sendto (descriptor, message, strlen (message), MSG_NOSIGNAL, (const struct sockaddr *)&address,
            length);
    close (descriptor);
}
