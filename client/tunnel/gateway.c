/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/gateway.h"

#include "errors.h"

enum
{
    GATEWAYS_MAX = 16,
};

typedef struct
{
    char **addresses;
    guint next;
    uint16_t port;
    GCancellable *cancellable;
    GatewayResolved resolved;
    void *data;
    GPtrArray *found; /* Gateway */
    GError *error;    /* of the first name that has no address */
} Look;

static void look_on (Look *look);

void
gateway_free (Gateway *self)
{
    if (self == NULL)
        return;
    g_free (self->name);
    g_free (self);
}

static void
look_free (Look *look)
{
    g_strfreev (look->addresses);
    g_clear_object (&look->cancellable);
    g_ptr_array_unref (look->found);
    g_clear_error (&look->error);
    g_free (look);
}

static void
add (Look *look, const char *name, const IpAddress *address)
{
    if (look->found->len >= GATEWAYS_MAX)
        return;
    Gateway *gateway = g_new0 (Gateway, 1);
    gateway->name = g_strdup (name);
    gateway->endpoint = (IpEndpoint){ *address, look->port };
    g_ptr_array_add (look->found, gateway);
}

static void
looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
    Look *look = data;
    const char *name = look->addresses[look->next++];
    g_autoptr (GError) error = NULL;
    GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);
    for (GList *at = addresses; at != NULL; at = at->next)
    {
        GInetAddress *inet = at->data;
        IpAddress address = ip_address (
            byte_view (g_inet_address_to_bytes (inet), g_inet_address_get_native_size (inet)));
        add (look, name, &address);
    }
    g_resolver_free_addresses (addresses);
    if (error != NULL && look->error == NULL)
        look->error = g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_NOT_RESOLVED, "%s: %s", name,
                                   error->message);
    look_on (look);
}

static void
look_on (Look *look)
{
    for (; look->addresses[look->next] != NULL; look->next++)
    {
        IpAddress numeric;
        const char *name = look->addresses[look->next];
        if (ip_address_parse (name, &numeric))
        {
            add (look, name, &numeric);
            continue;
        }
        g_autoptr (GResolver) resolver = g_resolver_get_default ();
        g_resolver_lookup_by_name_async (resolver, name, look->cancellable, looked_up, look);
        return;
    }
    if (!g_cancellable_is_cancelled (look->cancellable))
        look->resolved (look->found, look->found->len > 0 ? NULL : look->error, look->data);
    look_free (look);
}

void
gateway_resolve (char **addresses, uint16_t port, GCancellable *cancellable,
                 GatewayResolved resolved, void *data)
{
    Look *look = g_new0 (Look, 1);
    look->addresses = g_strdupv (addresses);
    look->port = port;
    look->cancellable = g_object_ref (cancellable);
    look->resolved = resolved;
    look->data = data;
    look->found = g_ptr_array_new_with_free_func ((GDestroyNotify)gateway_free);
    look_on (look);
}
