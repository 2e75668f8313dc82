/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/bus.h"

#include "errors.h"

#include <dlfcn.h>
#include <gio/gio.h>

#define LIBRARY "libgio-2.0.so.0"

/* Its functions that are used here, by their names without "g_". */
typedef struct
{
    __typeof__ (&g_cancellable_new) cancellable_new;
    __typeof__ (&g_cancellable_cancel) cancellable_cancel;
    __typeof__ (&g_dbus_address_escape_value) dbus_address_escape_value;
    __typeof__ (&g_dbus_connection_new_for_address) dbus_connection_new_for_address;
    __typeof__ (&g_dbus_connection_new_for_address_finish) dbus_connection_new_for_address_finish;
    __typeof__ (&g_dbus_connection_is_closed) dbus_connection_is_closed;
    __typeof__ (&g_dbus_connection_call_sync) dbus_connection_call_sync;
    __typeof__ (&g_dbus_error_get_remote_error) dbus_error_get_remote_error;
    __typeof__ (&g_dbus_error_strip_remote_error) dbus_error_strip_remote_error;
    __typeof__ (&g_io_error_quark) io_error_quark;
} Gio;

struct Bus
{
    char *root;
    GDBusConnection *connection; /* NULL: not reached yet */
};

/* ---- the library ---- */

static bool
find_functions (void *library, Gio *gio)
{
#define FIND(name) ((gio->name = dlsym (library, "g_" #name)) != NULL)
    return FIND (cancellable_new) && FIND (cancellable_cancel) &&
           FIND (dbus_address_escape_value) && FIND (dbus_connection_new_for_address) &&
           FIND (dbus_connection_new_for_address_finish) && FIND (dbus_connection_is_closed) &&
           FIND (dbus_connection_call_sync) && FIND (dbus_error_get_remote_error) &&
           FIND (dbus_error_strip_remote_error) && FIND (io_error_quark);
#undef FIND
}

/* Once loaded it stays: it has types and a thread of its own. NULL: there is none. */
static const Gio *
get_gio (void)
{
    static gsize once;
    static Gio gio;
    static bool whole;
    if (g_once_init_enter (&once))
    {
        void *library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        whole = library != NULL && find_functions (library, &gio);
        g_once_init_leave (&once, 1);
    }
    return whole ? &gio : NULL;
}

/* ---- the connection ---- */

Bus *
bus_new (const char *root)
{
    Bus *self = g_new0 (Bus, 1);
    self->root = g_strdup (root);
    return self;
}

void
bus_free (Bus *self)
{
    if (self == NULL)
        return;
    g_clear_object (&self->connection);
    g_free (self->root);
    g_free (self);
}

typedef struct
{
    GDBusConnection *connection;
    GError *error;
    bool done;
} Opening;

static void
opened (GObject *source, GAsyncResult *result, void *data)
{
    Opening *opening = data;
    opening->connection =
        get_gio ()->dbus_connection_new_for_address_finish (result, &opening->error);
    opening->done = true;
}

static int
give_up (void *cancellable)
{
    get_gio ()->cancellable_cancel (cancellable);
    return G_SOURCE_REMOVE;
}

/* The synchronous call has no bound on its time, so this is the other one, in a loop of its own. */
static bool
connect_to (Bus *self, const char *address, int timeout, GError **error)
{
    g_autoptr (GMainContext) context = g_main_context_new ();
    g_autoptr (GCancellable) cancellable = get_gio ()->cancellable_new ();
    g_autoptr (GSource) limit = g_timeout_source_new ((guint)timeout);
    Opening opening = { 0 };
    g_main_context_push_thread_default (context);
    g_source_set_callback (limit, give_up, cancellable, NULL);
    g_source_attach (limit, context);
    get_gio ()->dbus_connection_new_for_address (address,
                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                 NULL, cancellable, opened, &opening);
    while (!opening.done)
        g_main_context_iteration (context, true);
    g_source_destroy (limit);
    g_main_context_pop_thread_default (context);
    self->connection = opening.connection;
    if (opening.error != NULL)
        g_propagate_error (error, opening.error);
    return self->connection != NULL;
}

bool
bus_reach (Bus *self, int timeout, GError **error)
{
    const Gio *gio = get_gio ();
    if (gio == NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                             LIBRARY " cannot be loaded: the system bus is out of reach");
        return false;
    }
    if (self->connection != NULL && gio->dbus_connection_is_closed (self->connection))
        g_clear_object (&self->connection);
    if (self->connection != NULL)
        return true;
    g_autofree char *path = g_strconcat (self->root, "/run/dbus/system_bus_socket", NULL);
    g_autofree char *escaped = gio->dbus_address_escape_value (path);
    g_autofree char *address = g_strconcat ("unix:path=", escaped, NULL);
    return connect_to (self, address, timeout, error);
}

GVariant *
bus_call (Bus *self, const char *name, const char *path, const char *interface, const char *method,
          GVariant *parameters, int timeout, GError **error)
{
    g_return_val_if_fail (self->connection != NULL, NULL);
    return get_gio ()->dbus_connection_call_sync (self->connection, name, path, interface, method,
                                                  parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                                  timeout, NULL, error);
}

/* ---- its errors ---- */

bool
bus_error_is (const GError *error, const char *name)
{
    const Gio *gio = get_gio ();
    g_autofree char *remote = gio != NULL ? gio->dbus_error_get_remote_error (error) : NULL;
    return g_strcmp0 (remote, name) == 0;
}

bool
bus_error_is_silence (const GError *error)
{
    const Gio *gio = get_gio ();
    return error != NULL && gio != NULL && error->domain == gio->io_error_quark () &&
           (error->code == G_IO_ERROR_TIMED_OUT || error->code == G_IO_ERROR_CANCELLED);
}

void
bus_error_strip (GError *error)
{
    if (get_gio () != NULL)
        get_gio ()->dbus_error_strip_remote_error (error);
}
