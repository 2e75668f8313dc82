/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/dns-share.h"

#include "network/journal.h"

#define PREFIX "resolv.conf.of-"
#define SHARE "share"

void
dns_share_free (DnsShare *self)
{
    if (self == NULL)
        return;
    g_free (self->device);
    g_strfreev (self->servers);
    g_strfreev (self->search);
    g_free (self);
}

static char *
name_of (const char *device)
{
    return g_strconcat (PREFIX, device, NULL);
}

/* When the device first wanted something; G_MAXINT64: now. */
static gint64
find_order (const char *directory, const char *name)
{
    g_autoptr (GKeyFile) file = journal_read (directory, name);
    bool own = file != NULL && journal_is_of_the_living (file);
    gint64 order = own ? g_key_file_get_int64 (file, SHARE, "order", NULL) : 0;
    return order != 0 ? order : g_get_real_time ();
}

bool
dns_share_write (const char *directory, const NetworkPlan *plan, GError **error)
{
    g_autofree char *name = name_of (plan->device);
    gint64 order = find_order (directory, name);
    g_autoptr (GKeyFile) file = journal_new ();
    g_autoptr (GStrvBuilder) servers = g_strv_builder_new ();
    for (guint i = 0; i < plan->dns->len; i++)
    {
        g_autofree char *text = ip_address_format (&g_array_index (plan->dns, IpAddress, i));
        g_strv_builder_add (servers, text);
    }
    g_auto (GStrv) list = g_strv_builder_end (servers);
    g_key_file_set_string (file, SHARE, "device", plan->device);
    g_key_file_set_string_list (file, SHARE, "servers", (const char *const *)list,
                                g_strv_length (list));
    g_key_file_set_string_list (file, SHARE, "search", (const char *const *)plan->search->pdata,
                                plan->search->len);
    g_key_file_set_boolean (file, SHARE, "full", plan->full_v4 || plan->full_v6);
    g_key_file_set_int64 (file, SHARE, "order", order);
    return journal_write (file, directory, name, error);
}

void
dns_share_remove (const char *directory, const char *device)
{
    g_autofree char *name = name_of (device);
    journal_remove (directory, name);
}

static DnsShare *
read_share (GKeyFile *file)
{
    DnsShare *self = g_new0 (DnsShare, 1);
    self->device = g_key_file_get_string (file, SHARE, "device", NULL);
    self->servers = g_key_file_get_string_list (file, SHARE, "servers", NULL, NULL);
    self->search = g_key_file_get_string_list (file, SHARE, "search", NULL, NULL);
    self->full = g_key_file_get_boolean (file, SHARE, "full", NULL);
    self->order = g_key_file_get_int64 (file, SHARE, "order", NULL);
    if (self->search == NULL)
        self->search = g_new0 (char *, 1);
    if (self->device != NULL && self->servers != NULL)
        return self;
    dns_share_free (self);
    return NULL;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
    const DnsShare *first = *(const DnsShare *const *)a, *second = *(const DnsShare *const *)b;
    if (first->full != second->full)
        return first->full ? -1 : 1;
    return first->order < second->order ? -1 : first->order > second->order;
}

GPtrArray *
dns_share_list (const char *directory, unsigned *ret_dead)
{
    GPtrArray *shares = g_ptr_array_new_with_free_func ((GDestroyNotify)dns_share_free);
    g_auto (GStrv) names = journal_list (directory, PREFIX);
    unsigned dead = 0;
    for (char **name = names; *name != NULL; name++)
    {
        g_autoptr (GKeyFile) file = journal_read (directory, *name);
        DnsShare *share =
            file != NULL && journal_is_of_the_living (file) ? read_share (file) : NULL;
        if (share != NULL)
            g_ptr_array_add (shares, share);
        else
        {
            journal_remove (directory, *name);
            dead++;
        }
    }
    g_ptr_array_sort (shares, compare);
    if (ret_dead != NULL)
        *ret_dead = dead;
    return shares;
}
