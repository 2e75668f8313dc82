/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor.h"

#include "cli/doctor-checks.h"
#include "cli/running.h"
#include "errors.h"
#include "network/netlink-host.h"

#define SUMMARY                                                                                    \
    "Looks at what tunnels need of this host, and at what tunnels left that did not end in "       \
    "order.\nThe exit status is 0 if there is no problem, else 60."

typedef struct
{
    const char *group;
    const char *check;
    void (*run) (Doctor *self);
} Row;

/* Leftover devices keep their routes: so the kernel's part of a tunnel is mended before the rest. */
static const Row rows[] = {
    { "host", "rights", doctor_check_rights },
    { "host", "clock", doctor_check_clock },
    { "host", "legacy-provider", doctor_check_legacy_provider },
    { "host", "vectors", doctor_check_vectors },
    { "data planes", "kernel", doctor_check_kernel_plane },
    { "data planes", "algorithms", doctor_check_algorithms },
    { "data planes", "xfrm-interface", doctor_check_xfrm_interface },
    { "data planes", "tun", doctor_check_tun },
    { "network", "way-out", doctor_check_way_out },
    { "network", "reverse-path", doctor_check_reverse_path },
    { "network", "ipv6", doctor_check_ipv6 },
    { "network", "resolver", doctor_check_resolver },
    { "others", "ports", doctor_check_ports },
    { "others", "policies", doctor_check_foreign_policies },
    { "leftovers", "xfrm", doctor_check_left_xfrm },
    { "leftovers", "routes", doctor_check_left_routes },
    { "leftovers", "resolver", doctor_check_left_resolver },
    { "leftovers", "sockets", doctor_check_left_sockets },
    { "leftovers", "kill-switch", doctor_check_kill_switches },
};

static int
examine (Doctor *self)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        self->group = rows[i].group;
        self->check = rows[i].check;
        rows[i].run (self);
    }
    int status =
        self->problems > 0 ? outrider_error_get_exit_status (OUTRIDER_ERROR_HOST_REFUSED) : 0;
    doctor_conclude (self, status);
    return status;
}

int
doctor_run (int argc, char **argv)
{
    gboolean repair = FALSE, json = FALSE;
    const GOptionEntry entries[] = {
        { "repair", 'r', 0, G_OPTION_ARG_NONE, &repair,
          "mend what was left, as the next \"outrider connect\" would", NULL },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "one JSON object a line, one for each finding",
          NULL },
        { 0 },
    };
    g_autoptr (GError) error = NULL;
    int status = 0;
    if (!running_parse (argc, argv, entries, SUMMARY, NULL, &status))
        return status;
    if (repair && !outrider_netlink_host_is_permitted ())
    {
        g_set_error_literal (&error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS,
                             "--repair needs CAP_NET_ADMIN");
        return running_fail (error, json);
    }
    Doctor self = { .json = json, .repair = repair };
    return examine (&self);
}
