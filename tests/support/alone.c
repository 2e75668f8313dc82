/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/alone.h"

#include <fcntl.h>
#include <glib.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
become_root (unsigned uid)
{
    g_autofree char *map = g_strdup_printf ("0 %u 1", uid);
    int fd = open ("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
    bool mapped = fd >= 0 && write (fd, map, strlen (map)) == (ssize_t)strlen (map);
    if (fd >= 0)
        close (fd);
    return mapped;
}

static bool
bring_loopback_up (void)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = fd >= 0 && ioctl (fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0)
        close (fd);
    return up;
}

bool
alone_enter (void)
{
    unsigned uid = getuid ();
    bool apart = unshare (CLONE_NEWNET) == 0 ||
                 (unshare (CLONE_NEWUSER | CLONE_NEWNET) == 0 && become_root (uid));
    return apart && bring_loopback_up ();
}

bool
alone_run_ip (const char *lines)
{
    g_autofree char *command = g_strdup_printf ("ip -batch - <<'END'\n%s\nEND", lines);
    const char *words[] = { "sh", "-c", command, NULL };
    int status = -1;
    return g_spawn_sync (NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                         &status, NULL) &&
           status == 0;
}

/* NULL: nothing. */
static const char *missing;

void
alone_set_possible (bool possible, const char *needs)
{
    missing = possible ? NULL : needs;
}

bool
alone_is_possible (void)
{
    if (missing == NULL)
        return true;
    g_autofree char *reason = g_strconcat ("missing: ", missing, NULL);
    g_test_skip (reason);
    return false;
}
