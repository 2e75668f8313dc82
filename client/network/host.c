/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/host.h"

#include "errors.h"

G_DEFINE_INTERFACE (OutriderHost, outrider_host, G_TYPE_OBJECT)

static void
outrider_host_default_init (OutriderHostInterface *interface)
{
    g_signal_new ("changed", OUTRIDER_TYPE_HOST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 0);
}

bool
outrider_host_prepare (OutriderHost *self, GError **error)
{
    return OUTRIDER_HOST_GET_IFACE (self)->prepare (self, error);
}

bool
outrider_host_apply (OutriderHost *self, const NetworkPlan *plan, GError **error)
{
    return OUTRIDER_HOST_GET_IFACE (self)->apply (self, plan, error);
}

bool
outrider_host_guard (OutriderHost *self, const NetworkGuard *guard, GError **error)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    if (interface->guard != NULL)
        return interface->guard (self, guard, error);
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                         "there is no kill switch here");
    return false;
}

GArray *
outrider_host_list_networks (OutriderHost *self)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    return interface->list_networks != NULL ? interface->list_networks (self) : NULL;
}

GArray *
outrider_host_list_name_servers (OutriderHost *self)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    return interface->list_name_servers != NULL ? interface->list_name_servers (self)
                                                : g_array_new (false, false, sizeof (NameServer));
}

GPtrArray *
outrider_host_check (OutriderHost *self)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    return interface->check != NULL ? interface->check (self) : g_ptr_array_new ();
}

bool
outrider_host_find_way (OutriderHost *self, const IpAddress *gateway, const IpAddress *local,
                        WayOut *ret_way)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    return interface->find_way != NULL && interface->find_way (self, gateway, local, ret_way);
}

void
outrider_host_revert (OutriderHost *self)
{
    OUTRIDER_HOST_GET_IFACE (self)->revert (self);
}

bool
outrider_host_lacks_v6 (OutriderHost *self, const char *device)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    return interface->lacks_v6 != NULL && interface->lacks_v6 (self, device);
}

const char *
outrider_host_get_resolver (OutriderHost *self)
{
    OutriderHostInterface *interface = OUTRIDER_HOST_GET_IFACE (self);
    return interface->get_resolver != NULL ? interface->get_resolver (self) : NULL;
}
