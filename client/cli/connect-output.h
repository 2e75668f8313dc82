/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What `outrider connect` tells while it runs: in calm lines for people, or as one JSON object a line. Standard output is
 * flushed after each; a reader that is gone does not end the tunnel.
 */

#include "cli/json-line.h"
#include "profile/profile.h"
#include "tunnel/tunnel.h"

typedef struct
{
    OutriderTunnelState state;
    const Profile *profile;
    const OutriderTunnelFacts *facts; /* filled while connected; elapsed and since also later */
    const GError *error;              /* of RECONNECTING: why */
    const OutriderCounters *counters; /* of DISCONNECTED: since the connection stood */
} ConnectReport;

typedef struct
{
    void (*state) (const ConnectReport *report);
    void (*rekeyed) (const char *sa);
    void (*notice) (const char *story);
    void (*failed) (const GError *error, const char *stage);
} ConnectOutput;

extern const ConnectOutput connect_human;
extern const ConnectOutput connect_json;

/* The members of a connection that stands, and of its counters, in whatever object they are told. */
void connect_json_add_facts (JsonLine *object, const OutriderTunnelFacts *facts);
void connect_json_add_counters (JsonLine *object, const OutriderCounters *counters);
