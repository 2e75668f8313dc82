/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/guards.h"

#include "network/netlink-guard.h"

#define SHOWN_MAX 6

static uint64_t
get_owner (const char *name)
{
    g_autoptr (Profile) profile = profile_new ();
    profile->name = g_strdup (name);
    return network_guard_get_owner (profile);
}

bool
guards_is_of (const NetworkGuard *guard, const char *name)
{
    return guard->owner == get_owner (name);
}

GPtrArray *
guards_list (const char *name, GError **error)
{
    g_autoptr (Netlink) netlink = netlink_new (error);
    g_autoptr (GPtrArray) guards = netlink != NULL ? netlink_guard_list (netlink, error) : NULL;
    for (guint i = guards != NULL && name != NULL ? guards->len : 0; i > 0; i--)
        if (!guards_is_of (guards->pdata[i - 1], name))
            g_ptr_array_remove_index (guards, i - 1);
    return g_steal_pointer (&guards);
}

bool
guards_lift (const char *name, unsigned *ret_lifted, GError **error)
{
    g_autoptr (Netlink) netlink = netlink_new (error);
    return netlink != NULL &&
           netlink_guard_lift (netlink, name != NULL ? get_owner (name) : 0, ret_lifted, error);
}

char *
guards_format_refused (const NetworkGuard *guard)
{
    GString *text = g_string_new (guard->refused->len == 0 ? "nothing yet" : NULL);
    for (guint i = 0; i < MIN (guard->refused->len, SHOWN_MAX); i++)
    {
        g_autofree char *prefix = ip_prefix_format (&g_array_index (guard->refused, IpPrefix, i));
        g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", prefix);
    }
    if (guard->refused->len > SHOWN_MAX)
        g_string_append_printf (text, " and %u more", guard->refused->len - SHOWN_MAX);
    return g_string_free (text, false);
}
