/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stand-in-resolve1.h"

#include <gio/gio.h>
#include <stdbool.h>

#define NAME "org.freedesktop.resolve1"
#define LINK "/org/freedesktop/resolve1/link/stand_in"

static const char interfaces[] =
    "<node><interface name='org.freedesktop.resolve1.Manager'>"
    "<method name='GetLink'><arg type='i' direction='in'/><arg type='o' direction='out'/></method>"
    "<method name='SetLinkDNS'><arg type='i' direction='in'/><arg type='a(iay)' "
    "direction='in'/></method>"
    "<method name='SetLinkDomains'><arg type='i' direction='in'/><arg type='a(sb)' "
    "direction='in'/></method>"
    "<method name='SetLinkDefaultRoute'><arg type='i' direction='in'/><arg type='b' "
    "direction='in'/></method>"
    "<method name='SetLinkLLMNR'><arg type='i' direction='in'/><arg type='s' "
    "direction='in'/></method>"
    "<method name='SetLinkMulticastDNS'><arg type='i' direction='in'/><arg type='s' "
    "direction='in'/></method>"
    "<method name='RevertLink'><arg type='i' direction='in'/></method>"
    "<method name='FlushCaches'/>"
    "</interface></node>";

/* Not by a property of GDBus, which would see to it that its type is right. */
static const char properties[] =
    "<node><interface name='org.freedesktop.DBus.Properties'><method name='Get'>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='v' direction='out'/>"
    "</method></interface></node>";

struct StandInResolve1
{
    StandInResolve1Options options; /* counts down in the thread alone */
    char *address;
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    GMutex lock;
    GCond changed;
    bool ready;
    GString *story;
};

static bool
is (const char *wanted, const char *method)
{
    return g_strcmp0 (wanted, method) == 0;
}

static void
note (StandInResolve1 *self, const char *method, GVariant *parameters)
{
    g_autofree char *text = g_variant_print (parameters, false);
    g_mutex_lock (&self->lock);
    g_string_append_printf (self->story, "%s %s\n", method, text);
    g_mutex_unlock (&self->lock);
}

static void
called (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
        const char *method, GVariant *parameters, GDBusMethodInvocation *call, void *data)
{
    StandInResolve1 *self = data;
    StandInResolve1Options *options = &self->options;
    if (is ("GetLink", method))
        g_dbus_method_invocation_return_value (call, g_variant_new ("(o)", LINK));
    else if (is (options->ignores, method))
        note (self, method, parameters);
    else if (is (options->lacks, method))
        g_dbus_method_invocation_return_error_literal (call, G_DBUS_ERROR,
                                                       G_DBUS_ERROR_UNKNOWN_METHOD, "what?");
    else if (is (options->refuses, method))
        g_dbus_method_invocation_return_dbus_error (call, NAME ".LinkBusy", "the link is managed");
    else if (options->late_link > 0 && options->late_link-- > 0)
        g_dbus_method_invocation_return_dbus_error (call, NAME ".NoSuchLink", "not known");
    else
    {
        note (self, method, parameters);
        g_dbus_method_invocation_return_value (call, NULL);
    }
}

static void
asked (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
       const char *method, GVariant *parameters, GDBusMethodInvocation *call, void *data)
{
    StandInResolve1 *self = data;
    bool late = self->options.late_scope > 0 && self->options.late_scope-- > 0;
    GVariant *mask = self->options.scopes_type != NULL ? g_variant_new ("s", "1")
                                                       : g_variant_new ("t", late ? 6 : 7);
    g_dbus_method_invocation_return_value (call, g_variant_new ("(v)", mask));
}

static void export(StandInResolve1 *self, GDBusConnection *bus, const char *path, const char *xml,
                   GDBusInterfaceMethodCallFunc call)
{
    const GDBusInterfaceVTable table = { .method_call = call };
    g_autoptr (GError) error = NULL;
    g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);
    g_assert_no_error (error);
    g_dbus_connection_register_object (bus, path, node->interfaces[0], &table, self, NULL, &error);
    g_assert_no_error (error);
}

static void *
run (void *data)
{
    StandInResolve1 *self = data;
    g_autoptr (GError) error = NULL;
    g_main_context_push_thread_default (self->context);
    g_autoptr (GDBusConnection) bus =
        g_dbus_connection_new_for_address_sync (self->address,
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                    G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                NULL, NULL, &error);
    g_assert_no_error (error);
    export(self, bus, "/org/freedesktop/resolve1", interfaces, called);
    export(self, bus, LINK, properties, asked);
    g_autoptr (GVariant) owned = g_dbus_connection_call_sync (
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
        g_variant_new ("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error (error);
    g_assert_nonnull (owned);
    g_mutex_lock (&self->lock);
    self->ready = true;
    g_cond_signal (&self->changed);
    g_mutex_unlock (&self->lock);
    g_main_loop_run (self->loop);
    g_dbus_connection_close_sync (bus, NULL, NULL);
    g_main_context_pop_thread_default (self->context);
    return NULL;
}

StandInResolve1 *
stand_in_resolve1_new (const char *address, const StandInResolve1Options *options)
{
    StandInResolve1 *self = g_new0 (StandInResolve1, 1);
    self->options = *options;
    self->address = g_strdup (address);
    self->context = g_main_context_new ();
    self->loop = g_main_loop_new (self->context, false);
    self->story = g_string_new (NULL);
    g_mutex_init (&self->lock);
    g_cond_init (&self->changed);
    self->thread = g_thread_new ("resolve1", run, self);
    g_mutex_lock (&self->lock);
    while (!self->ready)
        g_cond_wait (&self->changed, &self->lock);
    g_mutex_unlock (&self->lock);
    return self;
}

static int
quit (void *loop)
{
    g_main_loop_quit (loop);
    return G_SOURCE_REMOVE;
}

void
stand_in_resolve1_free (StandInResolve1 *self)
{
    if (self == NULL)
        return;
    g_main_context_invoke (self->context, quit, self->loop);
    g_thread_join (self->thread);
    g_main_loop_unref (self->loop);
    g_main_context_unref (self->context);
    g_mutex_clear (&self->lock);
    g_cond_clear (&self->changed);
    g_string_free (self->story, true);
    g_free (self->address);
    g_free (self);
}

char *
stand_in_resolve1_take_story (StandInResolve1 *self)
{
    g_mutex_lock (&self->lock);
    char *story = g_strdup (self->story->str);
    g_string_truncate (self->story, 0);
    g_mutex_unlock (&self->lock);
    return story;
}
