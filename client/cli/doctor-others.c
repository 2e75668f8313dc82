/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor-checks.h"

#include "dataplane/xfrm-claim.h"
#include "errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum
{
    IKE_PORT = 500,
    IKE_NAT_PORT = 4500,
    LINES_MAX = 65536, /* of the kernel's list of sockets */
    USERS_MAX = 16,    /* sockets on those ports */
    PROCESSES_MAX = 65536,
    FILES_MAX = 65536, /* open in one process */
};

/* ---- sockets on IKE's ports ---- */

typedef struct
{
    unsigned port;
    unsigned uid;
    unsigned long inode;
    bool told; /* with its process */
} PortUser;

static void
collect_users (const char *path, GArray *users)
{
    char line[512];
    FILE *file = fopen (path, "re");
    for (unsigned i = 0; file != NULL && i < LINES_MAX && users->len < USERS_MAX &&
                         fgets (line, sizeof line, file) != NULL;
         i++)
    {
        PortUser user = { 0 };
        if (sscanf (line, " %*d: %*[0-9A-F]:%x %*s %*s %*s %*s %*s %u %*s %lu", &user.port,
                    &user.uid, &user.inode) == 3 &&
            (user.port == IKE_PORT || user.port == IKE_NAT_PORT))
            g_array_append_val (users, user);
    }
    if (file != NULL)
        fclose (file);
}

static GArray *
list_users (void)
{
    GArray *users = g_array_new (false, false, sizeof (PortUser));
    collect_users ("/proc/net/udp", users);
    collect_users ("/proc/net/udp6", users);
    return users;
}

/* ---- processes ---- */

typedef struct
{
    const char *number;
    char *name;
    bool has_port, has_nat_port;
} Process;

static bool
is_daemon (const char *name)
{
    static const char *const names[] = { "charon", "charon-systemd", "charon-nm", "pluto",
                                         "iked",   "racoon",         "starter",   NULL };
    return g_strv_contains (names, name);
}

static char *
read_process_link (const char *number, const char *name)
{
    g_autofree char *path = g_build_filename ("/proc", number, name, NULL);
    return g_file_read_link (path, NULL);
}

/* As far as it can be seen. */
static bool
shares_network (const char *number)
{
    g_autofree char *ours = read_process_link ("self", "ns/net");
    g_autofree char *its = read_process_link (number, "ns/net");
    return ours == NULL || its == NULL || strcmp (ours, its) == 0;
}

/* Which of USERS it has open. */
static void
find_ports (Process *process, GArray *users)
{
    g_autofree char *folder = g_build_filename ("/proc", process->number, "fd", NULL);
    g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
    const char *file;
    for (unsigned i = 0; files != NULL && i < FILES_MAX && (file = g_dir_read_name (files)) != NULL;
         i++)
    {
        unsigned long inode;
        g_autofree char *path = g_build_filename (folder, file, NULL);
        g_autofree char *target = g_file_read_link (path, NULL);
        if (target == NULL || sscanf (target, "socket:[%lu]", &inode) != 1)
            continue;
        for (guint u = 0; u < users->len; u++)
        {
            PortUser *user = &g_array_index (users, PortUser, u);
            if (user->inode != inode)
                continue;
            user->told = true;
            process->has_port = process->has_port || user->port == IKE_PORT;
            process->has_nat_port = process->has_nat_port || user->port == IKE_NAT_PORT;
        }
    }
}

#define NEXT                                                                                       \
    "Outrider uses other ports and can run beside it; what takes all packets would be told below."

static unsigned
tell_process (Doctor *self, const Process *process)
{
    if (process->has_port || process->has_nat_port)
        doctor_note (self, NEXT, "%s (process %s) has UDP port %s", process->name, process->number,
                     !process->has_nat_port ? "500"
                     : process->has_port    ? "500 and 4500"
                                            : "4500");
    else if (is_daemon (process->name) && shares_network (process->number))
        doctor_note (self, NEXT, "%s (process %s) runs: another IPsec program", process->name,
                     process->number);
    else
        return 0;
    return 1;
}

static unsigned
tell_processes (Doctor *self, GArray *users)
{
    unsigned told = 0;
    g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
    const char *name;
    for (unsigned i = 0;
         processes != NULL && i < PROCESSES_MAX && (name = g_dir_read_name (processes)) != NULL;
         i++)
    {
        Process process = { .number = name };
        g_autofree char *path = g_build_filename ("/proc", name, "comm", NULL);
        if (!g_ascii_isdigit (*name) || !g_file_get_contents (path, &process.name, NULL, NULL))
            continue;
        g_strchomp (process.name);
        if (users->len > 0)
            find_ports (&process, users);
        told += tell_process (self, &process);
        g_free (process.name);
    }
    return told;
}

/* A port may be taken by who cannot be looked into. */
static unsigned
tell_others (Doctor *self, const GArray *users)
{
    unsigned told = 0;
    for (guint i = 0; i < users->len; i++)
    {
        const PortUser *user = &g_array_index (users, PortUser, i);
        if (user->told)
            continue;
        doctor_note (self, NEXT, "a program of user %u has UDP port %u", user->uid, user->port);
        told++;
    }
    return told;
}

void
doctor_check_ports (Doctor *self)
{
    g_autoptr (GArray) users = list_users ();
    unsigned told = tell_processes (self, users);
    told += tell_others (self, users);
    if (told == 0)
        doctor_good (self, "UDP ports 500 and 4500 are free, and no other IPsec program runs");
}

/* ---- policies of theirs ---- */

static int
count_policies (unsigned *ret_count)
{
    static const IpFamily families[] = { IP_V4, IP_V6 };
    unsigned sum = 0;
    for (size_t f = 0; f < G_N_ELEMENTS (families); f++)
    {
        WayOut way;
        unsigned count = 0;
        if (!doctor_find_way_out (families[f], &way) || way.source.family == IP_NONE)
            continue;
        int refusal = xfrm_count_foreign (&way.source, &count);
        if (refusal != 0)
            return refusal;
        sum += count;
    }
    *ret_count = sum;
    return 0;
}

void
doctor_check_foreign_policies (Doctor *self)
{
    unsigned count = 0;
    int refusal = count_policies (&count);
    if (refusal != 0)
    {
        g_autoptr (GError) error =
            g_error_new (OUTRIDER_ERROR,
                         refusal == EPERM ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_HOST_REFUSED,
                         "the kernel's IPsec policies: %s", g_strerror (refusal));
        doctor_failed (self, error);
    }
    else if (count > 0)
        doctor_problem (self, "End that program's connection; \"ip xfrm policy\" shows them.",
                        "another IPsec program's policies take every packet of this host, the "
                        "tunnel's own among them: %u",
                        count);
    else
        doctor_good (self, "no other IPsec program's policy takes the tunnel's packets");
}
