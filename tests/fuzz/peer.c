/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz/peer.h"

static TrafficSelector
get_wanted (void)
{
    IpPrefix prefix;
    FUZZ_MUST (ip_prefix_parse ("10.77.0.0/16", &prefix));
    return traffic_selector_of_prefix (&prefix);
}

Network *
peer_network (IkeLogin login, ResponderLie lie, const void *data)
{
    static bool begun;
    if (!begun)
        fixture_begin ();
    begun = true;
    IkeSessionConfig *config = fixture_config (login);
    ResponderConfig gateway = fixture_responder (login);
    TrafficSelector wanted = get_wanted ();
    g_array_set_size (config->remote, 0);
    g_array_append_val (config->remote, wanted);
    config->dpd_delay = 30 * IKE_SECOND;
    config->answer_timeout = 5 * IKE_SECOND;
    gateway.lie = lie;
    gateway.lie_data = data;
    gateway.fragment_size = 1000;
    return fixture_network (login, config, &gateway);
}

void
peer_check (const Network *network)
{
    TrafficSelector wanted = get_wanted ();
    for (guint c = 0; c < network->children->len; c++)
    {
        const IkeChildSa *child = network->children->pdata[c];
        FUZZ_MUST (child->remote->len > 0 && child->local->len > 0);
        for (guint i = 0; i < child->remote->len; i++)
            FUZZ_MUST (traffic_selector_contains (
                &wanted, &g_array_index (child->remote, TrafficSelector, i)));
        FUZZ_MUST (secret_bytes_size (child->encryption_key_in) > 0);
    }
    FUZZ_MUST (network->children->len <= IKE_CHILDREN_MAX);
    FUZZ_MUST (network->grant == NULL || network->grant->addresses->len > 0);
    FUZZ_MUST (!network->closed || ike_session_get_deadline (network->session) == G_MAXINT64);
}

void
peer_finish (Network *network)
{
    network_run (network, 2 * IKE_SECOND);
    peer_check (network);
    ike_session_close (network->session, network->now);
    network_pull (network);
    network_run (network, 2 * IKE_SECOND);
    FUZZ_MUST (network->closed);
    network_free (network);
}
