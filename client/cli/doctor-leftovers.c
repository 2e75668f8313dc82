/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor-checks.h"

#include "cli/guards.h"
#include "cli/running.h"
#include "dataplane/choice.h"
#include "dataplane/xfrm-claim.h"
#include "errors.h"
#include "frontend/tunnels.h"
#include "network/dns.h"
#include "network/journal.h"
#include "network/netlink-routes.h"

#include <errno.h>

#define NEXT                                                                                       \
    "Run \"outrider doctor --repair\" as root; the next \"outrider connect\" mends it, too."

/* What a tunnel that was killed leaves, of one kind. */
typedef struct
{
    const char *what; /* in the plural */
    bool (*count) (unsigned *ret_count, GError **error);
    bool (*mend) (GError **error);
} Leftover;

static bool
count_after_mending (const Doctor *self, const Leftover *kind, unsigned *ret_count, GError **error)
{
    return (!self->repair || kind->mend (error)) && kind->count (ret_count, error);
}

static void
look_for (Doctor *self, const Leftover *kind)
{
    unsigned before = 0, after = 0;
    g_autoptr (GError) error = NULL;
    if (!kind->count (&before, &error) || !count_after_mending (self, kind, &after, &error))
        doctor_failed (self, error);
    else if (after > 0)
        doctor_problem (self, NEXT, "%s of a tunnel that is gone: %u", kind->what, after);
    else if (before > 0)
        doctor_mended (self, "%s of a tunnel that is gone: %u", kind->what, before);
    else
        doctor_good (self, "no %s of a tunnel that is gone", kind->what);
}

/* ---- the kernel's plane ---- */

static bool
count_xfrm (unsigned *ret_count, GError **error)
{
    int refusal = xfrm_count_leftovers (ret_count);
    if (refusal != 0)
        g_set_error (error, OUTRIDER_ERROR,
                     refusal == EPERM ? OUTRIDER_ERROR_NO_RIGHTS : OUTRIDER_ERROR_HOST_REFUSED,
                     "the kernel's IPsec states: %s", g_strerror (refusal));
    return refusal == 0;
}

static bool
mend_xfrm (GError **error)
{
    outrider_data_plane_remove_leftovers ();
    return true;
}

void
doctor_check_left_xfrm (Doctor *self)
{
    static const Leftover kind = { "XFRM interfaces, states and policies", count_xfrm, mend_xfrm };
    look_for (self, &kind);
}

/* ---- routes and rules ---- */

static bool
count_routes (unsigned *ret_count, GError **error)
{
    g_autoptr (Netlink) netlink = netlink_new (error);
    return netlink != NULL && netlink_routes_count_leftovers (netlink, ret_count, error);
}

static bool
mend_routes (GError **error)
{
    g_autoptr (Netlink) netlink = netlink_new (error);
    return netlink != NULL && netlink_routes_remove_leftovers (netlink, error);
}

void
doctor_check_left_routes (Doctor *self)
{
    static const Leftover kind = { "routes and rules", count_routes, mend_routes };
    look_for (self, &kind);
}

/* ---- the resolver ---- */

static bool
count_journals (unsigned *ret_count, GError **error)
{
    return journal_count_leftovers (JOURNAL_DIRECTORY, ret_count, error);
}

static bool
mend_resolver (GError **error)
{
    g_autoptr (Dns) dns = dns_new ("");
    return dns_repair (dns, error);
}

void
doctor_check_left_resolver (Doctor *self)
{
    static const Leftover kind = { "name servers", count_journals, mend_resolver };
    look_for (self, &kind);
}

/* ---- control sockets ---- */

static bool
count_sockets (unsigned *ret_count, GError **error)
{
    *ret_count = tunnels_count_leftovers (TUNNELS_DIRECTORY);
    return true;
}

static bool
mend_sockets (GError **error)
{
    tunnels_remove_leftovers (TUNNELS_DIRECTORY);
    return true;
}

void
doctor_check_left_sockets (Doctor *self)
{
    static const Leftover kind = { "control sockets", count_sockets, mend_sockets };
    look_for (self, &kind);
}

/* ---- kill switches: told, and never lifted but by who says so ---- */

static bool
has_tunnel (const NetworkGuard *guard, const GPtrArray *running)
{
    for (guint i = 0; i < running->len; i++)
        if (guards_is_of (guard, running_get_name (running->pdata[i])))
            return true;
    return false;
}

void
doctor_check_kill_switches (Doctor *self)
{
    g_autoptr (GError) error = NULL;
    unsigned hidden = 0, alone = 0;
    g_autoptr (GPtrArray) guards = guards_list (NULL, &error);
    g_autoptr (GPtrArray) running = guards != NULL ? running_list (NULL, &hidden, &error) : NULL;
    if (running == NULL)
    {
        doctor_failed (self, error);
        return;
    }
    for (guint i = 0; i < guards->len; i++)
    {
        if (has_tunnel (guards->pdata[i], running))
            continue;
        g_autofree char *refused = guards_format_refused (guards->pdata[i]);
        doctor_note (
            self, "\"outrider connect\" goes on behind it, \"outrider down --release\" lifts it.",
            "a kill switch is in force%s: %s is refused",
            hidden > 0 ? ", and its tunnel may be another user's" : " without its tunnel", refused);
        alone++;
    }
    if (alone == 0)
        doctor_good (self, "no kill switch is in force without its tunnel");
}
