/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/dns.h"

#include "network/dns-file.h"
#include "network/dns-resolvconf.h"
#include "network/dns-resolved.h"
#include "network/journal.h"
#include "network/resolv-conf.h"

typedef enum
{
    WAY_NONE,
    WAY_RESOLVED,
    WAY_RESOLVCONF,
    WAY_FILE,
} Way;

static const char *const names[] = {
    [WAY_RESOLVED] = "systemd-resolved",
    [WAY_RESOLVCONF] = "resolvconf",
    [WAY_FILE] = "file",
};

struct Dns
{
    DnsResolved *resolved;
    DnsResolvconf *resolvconf;
    DnsFile *file;
    Way way; /* in force */
};

Dns *
dns_new (const char *root)
{
    Dns *self = g_new0 (Dns, 1);
    g_autofree char *path = g_strconcat (root, RESOLV_CONF, NULL);
    g_autofree char *journals = g_strconcat (root, JOURNAL_DIRECTORY, NULL);
    self->resolved = dns_resolved_new (root);
    self->resolvconf = dns_resolvconf_new (root);
    self->file = dns_file_new (path, journals);
    return self;
}

void
dns_free (Dns *self)
{
    if (self == NULL)
        return;
    dns_revert (self);
    dns_resolved_free (self->resolved);
    dns_resolvconf_free (self->resolvconf);
    dns_file_free (self->file);
    g_free (self);
}

/* The file first: where it leads decides on the way. */
bool
dns_repair (Dns *self, GError **error)
{
    return dns_file_repair (self->file, error) && dns_resolvconf_repair (self->resolvconf, error) &&
           dns_resolved_repair (self->resolved, error);
}

static bool
is_full (const NetworkPlan *plan)
{
    return plan->full_v4 || plan->full_v6;
}

/* A full tunnel wants the other servers left out: what cannot do that is passed over. */
static bool
resolvconf_suits (const Dns *self, bool full)
{
    return !full || dns_resolvconf_is_exclusive (self->resolvconf);
}

static Way
choose (Dns *self, bool full)
{
    if (dns_resolved_owns_names (self->resolved))
        return WAY_RESOLVED;
    if (dns_resolvconf_owns_names (self->resolvconf) && resolvconf_suits (self, full))
        return WAY_RESOLVCONF;
    return WAY_FILE;
}

/* Some programs read the file where the C library asks systemd-resolved: with full routes they shall not ask others either. */
static bool
apply_resolved (Dns *self, const NetworkPlan *plan, GError **error)
{
    if (!dns_resolved_apply (self->resolved, plan, error))
        return false;
    if (is_full (plan) && !dns_resolved_has_file (self->resolved))
        return dns_file_apply (self->file, plan, error);
    dns_file_revert (self->file);
    return true;
}

static bool
apply_way (Dns *self, const NetworkPlan *plan, GError **error)
{
    switch (self->way)
    {
    case WAY_NONE:
        return true;
    case WAY_RESOLVED:
        return apply_resolved (self, plan, error);
    case WAY_RESOLVCONF:
        return dns_resolvconf_apply (self->resolvconf, plan, error);
    case WAY_FILE:
        return dns_file_apply (self->file, plan, error);
    }
    g_assert_not_reached ();
}

/* In the way that is in force already, so that no name goes another way in between. */
static bool
apply_in_place (Dns *self, const NetworkPlan *plan)
{
    return self->way != WAY_NONE && plan->dns->len > 0 &&
           (self->way != WAY_RESOLVCONF || resolvconf_suits (self, is_full (plan))) &&
           apply_way (self, plan, NULL);
}

bool
dns_apply (Dns *self, const NetworkPlan *plan, GError **error)
{
    if (apply_in_place (self, plan))
        return true;
    dns_revert (self);
    self->way = plan->dns->len > 0 ? choose (self, is_full (plan)) : WAY_NONE;
    if (apply_way (self, plan, error))
        return true;
    dns_revert (self);
    return false;
}

void
dns_revert (Dns *self)
{
    dns_file_revert (self->file);
    dns_resolvconf_revert (self->resolvconf);
    dns_resolved_revert (self->resolved);
    self->way = WAY_NONE;
}

const char *
dns_get_way (Dns *self)
{
    return names[self->way != WAY_NONE ? self->way : choose (self, false)];
}
