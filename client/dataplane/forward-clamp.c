/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/forward-clamp.h"

#ifdef HAVE_NFTABLES

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <stdbool.h>

#define LIBRARY "libnftables.so.1"

enum
{
    HEADERS_V4 = 40, /* IP and TCP, without options (RFC 6691) */
    HEADERS_V6 = 60,
};

/* The library's functions, looked up when they are first wanted. */
typedef struct
{
    __typeof__ (&nft_ctx_new) make;
    __typeof__ (&nft_ctx_free) release;
    __typeof__ (&nft_ctx_buffer_output) keep_output;
    __typeof__ (&nft_ctx_buffer_error) keep_errors;
    __typeof__ (&nft_run_cmd_from_buffer) run;
} Library;

struct ForwardClamp
{
    char *device;
    unsigned mtu;
    guint pending;
    struct nft_ctx *context; /* owns the table while it lives */
    bool in_force;
};

static const Library *
get_library (void)
{
    static gsize once;
    static Library library;
    if (g_once_init_enter (&once))
    {
        void *handle = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL)
        {
            library.make = dlsym (handle, "nft_ctx_new");
            library.release = dlsym (handle, "nft_ctx_free");
            library.keep_output = dlsym (handle, "nft_ctx_buffer_output");
            library.keep_errors = dlsym (handle, "nft_ctx_buffer_error");
            library.run = dlsym (handle, "nft_run_cmd_from_buffer");
        }
        g_once_init_leave (&once, 1);
    }
    bool whole = library.make != NULL && library.release != NULL && library.keep_output != NULL &&
                 library.keep_errors != NULL && library.run != NULL;
    return whole ? &library : NULL;
}

/* Part of commands: nothing that nft could take for more than a name. */
static bool
is_plain (const char *device)
{
    for (const char *c = device; *c != '\0'; c++)
        if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_' && *c != '.')
            return false;
    return true;
}

ForwardClamp *
forward_clamp_new (const char *device)
{
    ForwardClamp *self = g_new0 (ForwardClamp, 1);
    self->device = g_strdup (device);
    return self;
}

static void
append_rules (GString *commands, const ForwardClamp *self, const char *family, unsigned headers)
{
    static const char *const ways[] = { "iifname", "oifname" };
    for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
        g_string_append_printf (commands,
                                "add rule inet outrider-%s forward %s \"%s\" meta nfproto %s "
                                "tcp flags & syn == syn tcp option maxseg size set %u\n",
                                self->device, ways[i], self->device, family, self->mtu - headers);
}

/* One transaction: the kernel never lowers the value to more than it is. */
static char *
make_commands (const ForwardClamp *self)
{
    GString *commands = g_string_new (NULL);
    if (self->in_force)
        g_string_append_printf (commands, "flush chain inet outrider-%s forward\n", self->device);
    else
        g_string_append_printf (commands,
                                "add table inet outrider-%s { flags owner; }\n"
                                "add chain inet outrider-%s forward { type filter hook forward "
                                "priority mangle; policy accept; }\n",
                                self->device, self->device);
    append_rules (commands, self, "ipv4", HEADERS_V4);
    append_rules (commands, self, "ipv6", HEADERS_V6);
    return g_string_free (commands, false);
}

static gboolean
put_in_force (gpointer data)
{
    ForwardClamp *self = data;
    const Library *library = get_library ();
    self->pending = 0;
    if (library == NULL || self->mtu <= HEADERS_V6 || !is_plain (self->device))
        return G_SOURCE_REMOVE;
    if (self->context == NULL)
        self->context = library->make (NFT_CTX_DEFAULT);
    if (self->context == NULL)
        return G_SOURCE_REMOVE;
    library->keep_output (self->context);
    library->keep_errors (self->context);
    g_autofree char *commands = make_commands (self);
    self->in_force = library->run (self->context, commands) == 0 || self->in_force;
    return G_SOURCE_REMOVE;
}

void
forward_clamp_set_mtu (ForwardClamp *self, unsigned mtu)
{
    if (mtu == self->mtu)
        return;
    self->mtu = mtu;
    if (self->pending == 0)
        self->pending = g_idle_add_full (G_PRIORITY_LOW, put_in_force, self, NULL);
}

void
forward_clamp_free (ForwardClamp *self)
{
    if (self == NULL)
        return;
    g_clear_handle_id (&self->pending, g_source_remove);
    if (self->context != NULL)
        get_library ()->release (self->context);
    g_free (self->device);
    g_free (self);
}

#else

ForwardClamp *
forward_clamp_new (const char *device)
{
    return NULL;
}

void
forward_clamp_free (ForwardClamp *self)
{
}

void
forward_clamp_set_mtu (ForwardClamp *self, unsigned mtu)
{
}

#endif
