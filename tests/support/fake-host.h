/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A host that changes nothing: it keeps what it was asked for, and answers what a test wants.
 */

#include "network/host.h"

#define FAKE_TYPE_HOST (fake_host_get_type ())
G_DECLARE_FINAL_TYPE (FakeHost, fake_host, FAKE, HOST, GObject)

struct _FakeHost
{
    GObject parent;
    GString *calls;       /* "prepare apply find-way check revert ..." */
    NetworkPlan *plan;    /* in force; NULL: none */
    bool lost;            /* there is no way to the gateway */
    bool looping;         /* the way to the gateway leads into the plan's device */
    WayOut way;           /* else this is it */
    const char *sentence; /* what a check finds; NULL: nothing */
};

FakeHost *fake_host_new (void);
