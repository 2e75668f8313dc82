/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/host.h"

G_DEFINE_INTERFACE (OutriderHost, outrider_host, G_TYPE_OBJECT)

static void
outrider_host_default_init (OutriderHostInterface *interface)
{
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
