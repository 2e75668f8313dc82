/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor-checks.h"

#include "dataplane/choice.h"
#include "dataplane/device.h"
#include "errors.h"
#include "frontend/explain.h"

static bool
is_for_want_of_rights (const GError *error)
{
    return g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS);
}

/* The kernel is never needed: where it cannot, the other plane does. */
void
doctor_check_kernel_plane (Doctor *self)
{
    g_autoptr (GError) error = NULL;
    if (outrider_kernel_plane_is_possible (IP_V4, NULL, &error))
        doctor_good (self, "the kernel can carry tunnels, with all that is offered by default");
    else if (is_for_want_of_rights (error))
        doctor_failed (self, error);
    else
        doctor_note (self, NULL, "%s: the userspace plane carries tunnels", error->message);
}

static char *
join_names (const GPtrArray *algorithms)
{
    GString *text = g_string_new (NULL);
    for (guint i = 0; i < algorithms->len; i++)
        g_string_append_printf (text, "%s%s", i > 0 ? ", " : "",
                                ((const Algorithm *)algorithms->pdata[i])->name);
    return g_string_free (text, false);
}

void
doctor_check_algorithms (Doctor *self)
{
    g_autoptr (GPtrArray) missing = outrider_kernel_plane_list_missing (NULL);
    if (missing == NULL)
        return; /* said above */
    g_autofree char *names = join_names (missing);
    if (missing->len == 0)
        doctor_good (self, "the kernel has every algorithm of ESP");
    else
        doctor_note (self, "A profile that names one of them gets the userspace plane.",
                     "the kernel lacks algorithms of ESP: %s", names);
}

void
doctor_check_xfrm_interface (Doctor *self)
{
    g_autoptr (GError) error = NULL;
    if (outrider_kernel_plane_has_interfaces (&error))
        doctor_good (self, "the kernel has XFRM interfaces");
    else if (!is_for_want_of_rights (error)) /* said above */
        doctor_note (self, NULL, "%s", error->message);
}

/* Without it the kernel must do alone. */
void
doctor_check_tun (Doctor *self)
{
    g_autoptr (GError) error = NULL;
    if (tun_device_is_possible (&error))
        doctor_good (self, "the kernel has TUN devices");
    else if (outrider_kernel_plane_is_possible (IP_V4, NULL, NULL))
        doctor_note (self, explain_get_hint (explain_get_code (error)), "no userspace plane: %s",
                     error->message);
    else
        doctor_failed (self, error);
}
