/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/gateway.h"

#include "errors.h"
#include "network/names.h"
#include "network/netlink-host.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum
{
    GATEWAYS_MAX = 16,
};

/* The thread owns what it writes until it hands the look to the main loop. */
struct GatewayLook
{
    gatomicrefcount references; /* the caller's, the thread's */
    char **addresses;
    uint16_t port;
    GArray *servers;          /* NameServer; NULL: no kill switch */
    GatewayResolved resolved; /* NULL: cancelled; of the main thread */
    void *data;
    GMainContext *context;
    GPtrArray *found; /* Gateway */
    GError *error;    /* of the first name that has no address */
};

void
gateway_free (Gateway *self)
{
    if (self == NULL)
        return;
    g_free (self->name);
    g_free (self);
}

static void
look_unref (GatewayLook *self)
{
    if (!g_atomic_ref_count_dec (&self->references))
        return;
    g_strfreev (self->addresses);
    g_clear_pointer (&self->servers, g_array_unref);
    g_main_context_unref (self->context);
    g_ptr_array_unref (self->found);
    g_clear_error (&self->error);
    g_free (self);
}

static void
add (GatewayLook *self, const char *name, const IpAddress *address)
{
    if (self->found->len >= GATEWAYS_MAX)
        return;
    Gateway *gateway = g_new0 (Gateway, 1);
    gateway->name = g_strdup (name);
    gateway->endpoint = (IpEndpoint){ *address, self->port };
    g_ptr_array_add (self->found, gateway);
}

static IpAddress
read_address (const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
    {
        const struct sockaddr_in6 *v6 = (const void *)address;
        return ip_address (byte_view (&v6->sin6_addr, sizeof v6->sin6_addr));
    }
    const struct sockaddr_in *v4 = (const void *)address;
    return ip_address (byte_view (&v4->sin_addr, sizeof v4->sin_addr));
}

static bool
look_up_in_spite (GatewayLook *self, const char *name)
{
    g_autoptr (GArray) addresses = names_look_up (name, self->servers, OUTRIDER_OUTER_MARK, NULL);
    for (guint i = 0; addresses != NULL && i < addresses->len; i++)
        add (self, name, &g_array_index (addresses, IpAddress, i));
    return addresses != NULL;
}

/* As any program asks: of whatever this host takes names from, in its order (nsswitch.conf; RFC 6724, gai.conf). */
static void
look_up (GatewayLook *self, const char *name)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_DGRAM,
                              .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *addresses = NULL;
    int result = getaddrinfo (name, NULL, &hints, &addresses);
    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next)
        if (at->ai_family == AF_INET || at->ai_family == AF_INET6)
        {
            IpAddress address = read_address (at->ai_addr);
            add (self, name, &address);
        }
    if (result != 0 && self->error == NULL)
        self->error = g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_NAME_NOT_RESOLVED, "%s: %s", name,
                                   gai_strerror (result));
    if (addresses != NULL)
        freeaddrinfo (addresses);
}

static gboolean
hand_over (gpointer data)
{
    GatewayLook *self = data;
    if (self->resolved != NULL)
    {
        self->resolved (self->found, self->found->len > 0 ? NULL : self->error, self->data);
        look_unref (self);
    }
    return G_SOURCE_REMOVE;
}

static void
look_at_all (GatewayLook *self)
{
    for (char **name = self->addresses; *name != NULL; name++)
    {
        IpAddress numeric;
        if (ip_address_parse (*name, &numeric))
            add (self, *name, &numeric);
        else if (self->servers == NULL || !look_up_in_spite (self, *name))
            look_up (self, *name);
    }
}

static gpointer
run (gpointer data)
{
    GatewayLook *self = data;
    look_at_all (self);
    GSource *source = g_idle_source_new ();
    g_source_set_priority (source, G_PRIORITY_DEFAULT);
    g_source_set_callback (source, hand_over, self, (GDestroyNotify)look_unref);
    g_source_attach (source, self->context);
    g_source_unref (source);
    return NULL;
}

static bool
has_names (char **addresses)
{
    IpAddress numeric;
    for (char **name = addresses; *name != NULL; name++)
        if (!ip_address_parse (*name, &numeric))
            return true;
    return false;
}

GatewayLook *
gateway_look_new (char **addresses, uint16_t port, const GArray *servers, GatewayResolved resolved,
                  void *data)
{
    GatewayLook *self = g_new0 (GatewayLook, 1);
    g_atomic_ref_count_init (&self->references);
    self->addresses = g_strdupv (addresses);
    self->port = port;
    self->servers = servers != NULL ? g_array_copy ((GArray *)servers) : NULL;
    self->resolved = resolved;
    self->data = data;
    self->context = g_main_context_ref_thread_default ();
    self->found = g_ptr_array_new_with_free_func ((GDestroyNotify)gateway_free);
    if (has_names (addresses))
    {
        g_atomic_ref_count_inc (&self->references);
        g_thread_unref (g_thread_new ("outrider-names", run, self));
        return self;
    }
    look_at_all (self);
    hand_over (self);
    return NULL;
}

void
gateway_look_cancel (GatewayLook *self)
{
    self->resolved = NULL;
    look_unref (self);
}
