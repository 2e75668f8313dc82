/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/fake-host.h"

static void host_init (OutriderHostInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeHost, fake_host, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (OUTRIDER_TYPE_HOST, host_init))

static FakeHost *
note (OutriderHost *host, const char *call)
{
    FakeHost *self = FAKE_HOST (host);
    g_string_append_printf (self->calls, "%s%s", self->calls->len > 0 ? " " : "", call);
    return self;
}

static bool
prepare (OutriderHost *host, GError **error)
{
    note (host, "prepare");
    return true;
}

static bool
apply (OutriderHost *host, const NetworkPlan *plan, GError **error)
{
    FakeHost *self = note (host, "apply");
    network_plan_free (self->plan);
    self->plan = network_plan_copy (plan);
    return true;
}

static bool
find_way (OutriderHost *host, const IpAddress *gateway, const IpAddress *local, WayOut *ret_way)
{
    FakeHost *self = note (host, "find-way");
    if (self->lost)
        return false;
    *ret_way = self->way;
    if (self->looping)
        ret_way->device_index = self->plan->device_index;
    return true;
}

static GPtrArray *
check (OutriderHost *host)
{
    FakeHost *self = note (host, "check");
    GPtrArray *sentences = g_ptr_array_new_with_free_func (g_free);
    if (self->sentence != NULL)
        g_ptr_array_add (sentences, g_strdup (self->sentence));
    return sentences;
}

static void
revert (OutriderHost *host)
{
    FakeHost *self = note (host, "revert");
    g_clear_pointer (&self->plan, network_plan_free);
}

static void
host_init (OutriderHostInterface *interface)
{
    interface->prepare = prepare;
    interface->apply = apply;
    interface->find_way = find_way;
    interface->check = check;
    interface->revert = revert;
}

static void
fake_host_finalize (GObject *object)
{
    FakeHost *self = FAKE_HOST (object);
    g_string_free (self->calls, true);
    g_clear_pointer (&self->plan, network_plan_free);
    G_OBJECT_CLASS (fake_host_parent_class)->finalize (object);
}

static void
fake_host_class_init (FakeHostClass *klass)
{
    G_OBJECT_CLASS (klass)->finalize = fake_host_finalize;
}

static void
fake_host_init (FakeHost *self)
{
    self->calls = g_string_new (NULL);
}

FakeHost *
fake_host_new (void)
{
    return g_object_new (FAKE_TYPE_HOST, NULL);
}
