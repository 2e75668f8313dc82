/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/plan.h"

#include "bytes/reader.h"
#include "errors.h"

enum
{
    DNS_PORT = 53,
    MTU_LEAST_V4 = 576,
    MTU_LEAST_V6 = 1280, /* RFC 8200 5: less, and the kernel takes IPv6 off the device */
    LAN_WIDEST_V4 = 8,   /* a network that claims more is after our traffic */
    LAN_WIDEST_V6 = 32,
    REMOTES_TOLD = 4,
};

static GArray *
prefixes_new (void)
{
    return g_array_new (false, false, sizeof (IpPrefix));
}

static const IpPrefix *
prefix_at (const GArray *prefixes, guint i)
{
    return &g_array_index (prefixes, IpPrefix, i);
}

static bool
prefix_covers (const IpPrefix *outer, const IpPrefix *inner)
{
    return outer->length <= inner->length && ip_prefix_contains (outer, &inner->address);
}

static bool
any_covers (const GArray *prefixes, const IpPrefix *inner)
{
    for (guint i = 0; i < prefixes->len; i++)
        if (prefix_covers (prefix_at (prefixes, i), inner))
            return true;
    return false;
}

/* Those of PREFIXES that no one of EXCLUDES covers. */
static GArray *
without (const GArray *prefixes, const GArray *excludes)
{
    GArray *kept = prefixes_new ();
    for (guint i = 0; i < prefixes->len; i++)
        if (!any_covers (excludes, prefix_at (prefixes, i)))
            g_array_append_vals (kept, prefix_at (prefixes, i), 1);
    return kept;
}

static int
compare_prefixes (gconstpointer a, gconstpointer b)
{
    const IpPrefix *first = a, *second = b;
    int order = ip_address_compare (&first->address, &second->address);
    return order != 0 ? order : (int)first->length - (int)second->length;
}

/* Sorted, each masked, without doubles and without what another one covers: covering ones sort first. */
static GArray *
normalise (const GArray *prefixes)
{
    g_autoptr (GArray) sorted = prefixes_new ();
    for (guint i = 0; i < prefixes->len; i++)
    {
        IpPrefix masked = ip_prefix_masked (prefix_at (prefixes, i));
        g_array_append_val (sorted, masked);
    }
    g_array_sort (sorted, compare_prefixes);
    GArray *kept = prefixes_new ();
    for (guint i = 0; i < sorted->len; i++)
    {
        const IpPrefix *prefix = prefix_at (sorted, i);
        if (kept->len == 0 || !prefix_covers (prefix_at (kept, kept->len - 1), prefix))
            g_array_append_vals (kept, prefix, 1);
    }
    return kept;
}

/* Two prefixes are nested or apart: what lists share is the inner one of each nested pair. Both lists are normalised. */
static GArray *
intersect (const GArray *a, const GArray *b)
{
    g_autoptr (GArray) shared = prefixes_new ();
    guint i = 0, j = 0;
    while (i < a->len && j < b->len)
    {
        const IpPrefix *first = prefix_at (a, i), *second = prefix_at (b, j);
        if (prefix_covers (first, second))
        {
            g_array_append_vals (shared, second, 1);
            j++;
        }
        else if (prefix_covers (second, first))
        {
            g_array_append_vals (shared, first, 1);
            i++;
        }
        else if (compare_prefixes (first, second) < 0)
            i++;
        else
            j++;
    }
    return normalise (shared);
}

static GArray *
of_family (const GArray *prefixes, IpFamily family)
{
    GArray *kept = prefixes_new ();
    for (guint i = 0; i < prefixes->len; i++)
        if (prefix_at (prefixes, i)->address.family == family)
            g_array_append_vals (kept, prefix_at (prefixes, i), 1);
    return kept;
}

static GArray *
prefixes_of_selectors (const GArray *selectors, IpFamily family)
{
    g_autoptr (GArray) all = prefixes_new ();
    for (guint i = 0; i < selectors->len; i++)
    {
        const TrafficSelector *selector = &g_array_index (selectors, TrafficSelector, i);
        if (selector->first.family == family)
            ip_range_to_prefixes (&selector->first, &selector->last, all);
    }
    return normalise (all);
}

/* What is asked for by name: the profile's list, or the networks that the gateway itself names. Normalised. */
static GArray *
list_asked (const NetworkPlanInputs *inputs, IpFamily family)
{
    g_autoptr (GArray) asked = NULL;
    switch (inputs->profile->routes)
    {
    case PROFILE_FROM_GATEWAY:
        asked = of_family (inputs->grant->subnets, family);
        break;
    case PROFILE_LIST:
        asked = of_family (inputs->profile->route_list, family);
        break;
    case PROFILE_ALL:
    case PROFILE_NONE:
        return prefixes_new ();
    }
    return normalise (asked);
}

/* Of a network, what a prefix is that is longer by so many bits. */
static double
get_share (int longer)
{
    double share = 1;
    for (; longer > 0; longer--)
        share /= 2;
    return share;
}

/* Those of ASKED that ROUTES have not all of: the shares of what lies inside add up to less than one. Both are normalised. */
static void
append_missing (const GArray *asked, const GArray *routes, GArray *missing)
{
    guint at = 0;
    for (guint i = 0; i < asked->len; i++)
    {
        const IpPrefix *network = prefix_at (asked, i);
        double share = 0;
        while (at < routes->len && compare_prefixes (prefix_at (routes, at), network) < 0 &&
               !prefix_covers (prefix_at (routes, at), network))
            at++;
        if (at < routes->len && prefix_covers (prefix_at (routes, at), network))
            continue;
        for (; at < routes->len && prefix_covers (network, prefix_at (routes, at)); at++)
            share += get_share (prefix_at (routes, at)->length - network->length);
        if (share < 1)
            g_array_append_vals (missing, network, 1);
    }
}

/* What of SELECTORS one family's routes are, before the excludes. Both lists are normalised. */
static GArray *
choose_routes (const Profile *profile, const GArray *asked, const GArray *selectors)
{
    if (profile->routes == PROFILE_NONE)
        return prefixes_new ();
    bool all = profile->routes == PROFILE_ALL ||
               (profile->routes == PROFILE_FROM_GATEWAY && asked->len == 0);
    return all ? g_array_copy ((GArray *)selectors) : intersect (asked, selectors);
}

static bool
is_usable (const NetworkPlanInputs *inputs, IpFamily family)
{
    return family != IP_V6 || !inputs->without_v6;
}

static bool
has_address (const NetworkPlanInputs *inputs, IpFamily family)
{
    const GArray *addresses = inputs->grant->addresses;
    for (guint i = 0; i < addresses->len; i++)
        if (prefix_at (addresses, i)->address.family == family)
            return is_usable (inputs, family);
    return false;
}

static IpPrefix
host_prefix (const IpAddress *address)
{
    return (IpPrefix){ *address, (uint8_t)(8 * ip_family_size (address->family)) };
}

/* The gateway's own name servers are meant to be reached through the tunnel, as far as the selectors carry them. */
static void
add_dns_routes (const NetworkPlan *plan, const GArray *selectors, IpFamily family, GArray *routes)
{
    for (guint i = 0; i < plan->dns->len; i++)
    {
        const IpAddress *server = &g_array_index (plan->dns, IpAddress, i);
        IpPrefix host = host_prefix (server);
        if (server->family == family && any_covers (selectors, &host))
            g_array_append_val (routes, host);
    }
}

/* All that packets of the wide world are sent to: a gateway may leave out what no host has. */
static bool
is_everything (const GArray *routes, IpFamily family)
{
    static const struct
    {
        IpFamily family;
        const char *first, *last;
    } worlds[] = { { IP_V4, "1.0.0.0", "126.255.255.255" },
                   { IP_V4, "128.0.0.0", "223.255.255.255" },
                   { IP_V6, "2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" } };
    g_autoptr (GArray) world = prefixes_new ();
    g_autoptr (GArray) missing = prefixes_new ();
    for (size_t i = 0; i < G_N_ELEMENTS (worlds); i++)
    {
        IpAddress first, last;
        if (worlds[i].family == family && ip_address_parse (worlds[i].first, &first) &&
            ip_address_parse (worlds[i].last, &last))
            ip_range_to_prefixes (&first, &last, world);
    }
    append_missing (world, routes, missing);
    return missing->len == 0;
}

/* False: the profile wants all traffic in the tunnel, and the gateway does not carry all of a family that it gave an address for. */
static bool
plan_routes (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    static const IpFamily families[] = { IP_V4, IP_V6 };
    bool *full[] = { &plan->full_v4, &plan->full_v6 };
    for (size_t f = 0; f < G_N_ELEMENTS (families); f++)
    {
        g_autoptr (GArray) asked = list_asked (inputs, families[f]);
        if (!has_address (inputs, families[f]))
        {
            g_array_append_vals (plan->missing, asked->data, asked->len);
            continue;
        }
        g_autoptr (GArray) selectors = prefixes_of_selectors (inputs->remote, families[f]);
        g_autoptr (GArray) routes = choose_routes (inputs->profile, asked, selectors);
        if (inputs->profile->routes != PROFILE_NONE && inputs->profile->dns == PROFILE_FROM_GATEWAY)
            add_dns_routes (plan, selectors, families[f], routes);
        g_autoptr (GArray) final = normalise (routes);
        *full[f] = is_everything (final, families[f]);
        if (inputs->profile->routes == PROFILE_ALL && !*full[f])
            return false;
        append_missing (asked, final, plan->missing);
        g_array_append_vals (plan->routes, final->data, final->len);
    }
    plan->block_v6 =
        inputs->profile->ipv6_guard && plan->full_v4 && !plan->full_v6 && is_usable (inputs, IP_V6);
    return true;
}

/*
 * The gateway's own address is reached around the tunnel, by packets without the mark, too: a kernel that checks where
 * packets come from (rp_filter) asks for the way back to the gateway without one.
 */
static void
plan_excludes (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    g_autoptr (GArray) wanted = g_array_copy (inputs->profile->exclude);
    IpPrefix gateway = host_prefix (&inputs->gateway);
    if (any_covers (plan->routes, &gateway))
        g_array_append_val (wanted, gateway);
    g_autoptr (GArray) sorted = normalise (wanted);
    for (guint i = 0; i < sorted->len; i++)
        if (is_usable (inputs, prefix_at (sorted, i)->address.family))
            g_array_append_val (plan->excludes, *prefix_at (sorted, i));
    g_autoptr (GArray) routes = g_steal_pointer (&plan->routes);
    plan->routes = without (routes, plan->excludes);
    plan->own_table = plan->excludes->len > 0 || plan->full_v4 || plan->full_v6 ||
                      inputs->profile->kill_switch; /* its rules stand before the main table's */
}

/* Whoever runs a network says how wide it is: not so wide that it takes the whole world. */
static bool
is_too_wide (const LocalNetwork *network)
{
    if (network->tunnelled)
        return false;
    int widest = network->prefix.address.family == IP_V4 ? LAN_WIDEST_V4 : LAN_WIDEST_V6;
    return network->prefix.length < widest;
}

static bool
has_network (const GArray *networks, const LocalNetwork *wanted)
{
    for (guint i = 0; i < networks->len; i++)
    {
        const LocalNetwork *network = &g_array_index (networks, LocalNetwork, i);
        if (network->device_index == wanted->device_index &&
            ip_prefix_equal (&network->prefix, &wanted->prefix))
            return true;
    }
    return false;
}

static GArray *
networks_new (void)
{
    return g_array_new (false, true, sizeof (LocalNetwork));
}

/* Those of NETWORKS that are not of our own device, once each. TOO_WIDE (may be NULL) gets those that are no LAN. */
static GArray *
choose_attached (const GArray *networks, int own_device, GArray *too_wide)
{
    GArray *chosen = networks_new ();
    for (guint i = 0; networks != NULL && i < networks->len; i++)
    {
        const LocalNetwork *network = &g_array_index (networks, LocalNetwork, i);
        GArray *list = is_too_wide (network) ? too_wide : chosen;
        if (network->device_index != own_device && list != NULL && !has_network (list, network))
            g_array_append_vals (list, network, 1);
    }
    return chosen;
}

bool
network_is_inside (const LocalNetwork *network, const GArray *prefixes)
{
    for (guint i = 0; i < prefixes->len; i++)
    {
        const IpPrefix *prefix = prefix_at (prefixes, i);
        bool shared = network->tunnelled && ip_prefix_equal (prefix, &network->prefix);
        if (!shared && prefix_covers (prefix, &network->prefix))
            return true;
    }
    return false;
}

/* One that has a tunnel's network inside needs no word: that is nearer, and the rest is not ours. */
static bool
takes (const NetworkPlan *plan, const LocalNetwork *network)
{
    return network_is_inside (network, plan->routes) ||
           (plan->block_v6 && network->prefix.address.family == IP_V6);
}

static void
append_taken (const NetworkPlan *plan, const GArray *networks, GArray *taken)
{
    for (guint i = 0; i < networks->len; i++)
    {
        const LocalNetwork *network = &g_array_index (networks, LocalNetwork, i);
        if (takes (plan, network))
            g_array_append_vals (taken, network, 1);
    }
}

static void
plan_attached (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    if (!plan->own_table || !inputs->profile->lan)
        return;
    g_autoptr (GArray) too_wide = networks_new ();
    g_autoptr (GArray) networks =
        choose_attached (inputs->local_networks, plan->device_index, too_wide);
    append_taken (plan, networks, plan->attached);
    append_taken (plan, too_wide, plan->too_wide);
}

/* Attached networks that are as near as the tunnel's or nearer stay here. A default route has all of them inside: no news. */
static void
plan_overlaps (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    const GArray *networks = inputs->local_networks;
    bool stays = inputs->profile->lan || !plan->own_table;
    for (guint i = 0; networks != NULL && stays && i < networks->len; i++)
    {
        const LocalNetwork *network = &g_array_index (networks, LocalNetwork, i);
        bool full = network->prefix.address.family == IP_V6 ? plan->full_v6 : plan->full_v4;
        for (guint k = 0; k < plan->routes->len && !full; k++)
        {
            const IpPrefix *route = prefix_at (plan->routes, k);
            if (!prefix_covers (route, &network->prefix) ||
                network->device_index == plan->device_index ||
                (plan->own_table ? !has_network (plan->attached, network) : network->tunnelled))
                continue;
            g_array_append_vals (plan->overlaps, network, 1);
            break;
        }
    }
}

static void
plan_dns (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    const Profile *profile = inputs->profile;
    if (profile->dns == PROFILE_NONE)
        return;
    const GArray *servers = profile->dns == PROFILE_LIST ? profile->dns_list : inputs->grant->dns;
    for (guint i = 0; i < servers->len; i++)
    {
        const IpAddress *server = &g_array_index (servers, IpAddress, i);
        if (is_usable (inputs, server->family))
            g_array_append_val (plan->dns, *server);
    }
}

/* RFC 1918, 6598, 4193, 4291 2.5.6: addresses that everybody may have, and somebody else has elsewhere. */
static bool
is_private (const IpAddress *address)
{
    static const char *const networks[] = { "10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
                                            "100.64.0.0/10", "fc00::/7",      "fe80::/10" };
    for (size_t i = 0; i < G_N_ELEMENTS (networks); i++)
    {
        IpPrefix network;
        if (ip_prefix_parse (networks[i], &network) && ip_prefix_contains (&network, address))
            return true;
    }
    return false;
}

static bool
is_attached (const NetworkPlanInputs *inputs, const IpAddress *address)
{
    const GArray *networks = inputs->local_networks;
    for (guint i = 0; networks != NULL && i < networks->len; i++)
        if (ip_prefix_contains (&g_array_index (networks, LocalNetwork, i).prefix, address))
            return true;
    return false;
}

/*
 * A server of the gateway's network that neither the tunnel nor a network of this host's leads to: who has its address out
 * there would be asked for the inside's names. The profile's own list is what its user wants.
 */
static void
drop_strays (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    if (inputs->profile->dns != PROFILE_FROM_GATEWAY || inputs->profile->routes == PROFILE_NONE)
        return;
    for (guint i = plan->dns->len; i > 0; i--)
    {
        const IpAddress *server = &g_array_index (plan->dns, IpAddress, i - 1);
        IpPrefix host = host_prefix (server);
        if (!is_private (server) || any_covers (plan->routes, &host) ||
            any_covers (plan->excludes, &host) || is_attached (inputs, server))
            continue;
        g_array_append_vals (plan->strays, server, 1);
        g_array_remove_index (plan->dns, i - 1);
    }
}

static void
add_search (GPtrArray *search, const char *domain)
{
    g_autofree char *folded = g_ascii_strdown (domain, -1);
    if (!g_ptr_array_find_with_equal_func (search, folded, g_str_equal, NULL))
        g_ptr_array_add (search, g_steal_pointer (&folded));
}

/*
 * Which domains are believed (RFC 8598): none without a server to ask; the profile's own as they are; the gateway's,
 * but for a top-level one such as "com" from a gateway that carries some networks only.
 */
static void
plan_domains (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    const Profile *profile = inputs->profile;
    const GPtrArray *granted = inputs->grant->domains;
    if (plan->dns->len == 0)
        return;
    for (char **domain = profile->domains; domain != NULL && *domain != NULL; domain++)
        if (strchr (*domain, ':') == NULL)
            add_search (plan->search, *domain);
    for (guint i = 0; profile->dns == PROFILE_FROM_GATEWAY && i < granted->len; i++)
        if (plan->full_v4 || plan->full_v6 || strchr (granted->pdata[i], '.') != NULL)
            add_search (plan->search, granted->pdata[i]);
}

static void
plan_addresses (NetworkPlan *plan, const NetworkPlanInputs *inputs)
{
    const GArray *addresses = inputs->grant->addresses;
    for (guint i = 0; i < addresses->len; i++)
    {
        IpPrefix host = host_prefix (&prefix_at (addresses, i)->address);
        if (is_usable (inputs, host.address.family))
            g_array_append_val (plan->addresses, host);
    }
}

static void
refuse_without_routes (const NetworkPlanInputs *inputs, GError **error)
{
    if (inputs->profile->routes == PROFILE_LIST)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SELECTORS_REFUSED,
                             "the gateway carries none of the networks that the profile asks for");
        return;
    }
    g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < MIN (inputs->remote->len, REMOTES_TOLD); i++)
        g_ptr_array_add (
            words, traffic_selector_format (&g_array_index (inputs->remote, TrafficSelector, i)));
    g_ptr_array_add (words, NULL);
    g_autofree char *text = g_strjoinv (", ", (char **)words->pdata);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SELECTORS_REFUSED,
                 "nothing of what the gateway carries (%s%s) is left to be routed", text,
                 inputs->remote->len > REMOTES_TOLD ? ", ..." : "");
}

NetworkPlan *
network_plan_new (const NetworkPlanInputs *inputs, GError **error)
{
    g_autoptr (NetworkPlan) plan = g_new0 (NetworkPlan, 1);
    plan->device = g_strdup (inputs->device);
    plan->device_index = inputs->device_index;
    plan->mtu =
        MAX (inputs->mtu, (unsigned)(has_address (inputs, IP_V6) ? MTU_LEAST_V6 : MTU_LEAST_V4));
    plan->addresses = prefixes_new ();
    plan->routes = prefixes_new ();
    plan->excludes = prefixes_new ();
    plan->attached = networks_new ();
    plan->too_wide = networks_new ();
    plan->overlaps = networks_new ();
    plan->missing = prefixes_new ();
    plan->strays = g_array_new (false, false, sizeof (IpAddress));
    plan->dns = g_array_new (false, false, sizeof (IpAddress));
    plan->search = g_ptr_array_new_with_free_func (g_free);
    plan_addresses (plan, inputs);
    if (plan->addresses->len == 0 && inputs->grant->addresses->len > 0)
    {
        g_set_error_literal (
            error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
            "the gateway gave IPv6 addresses alone, and IPv6 is switched off here");
        return NULL;
    }
    plan_dns (plan, inputs);
    if (!plan_routes (plan, inputs))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_SELECTORS_REFUSED,
                             "the profile wants all traffic in the tunnel, the gateway carries "
                             "some networks only");
        return NULL;
    }
    plan_excludes (plan, inputs);
    drop_strays (plan, inputs);
    plan_attached (plan, inputs);
    plan_overlaps (plan, inputs);
    plan_domains (plan, inputs);
    /* Some gateways listen where name servers do: what goes there then is the tunnel itself. */
    plan->guard_dns = inputs->profile->dns != PROFILE_NONE && (plan->full_v4 || plan->full_v6) &&
                      inputs->profile->port != DNS_PORT;
    plan->dns_default = plan->full_v4 || plan->full_v6 || plan->search->len == 0;

    bool wants_routes = inputs->profile->routes != PROFILE_NONE;
    if (wants_routes && plan->routes->len == 0)
    {
        refuse_without_routes (inputs, error);
        return NULL;
    }
    return g_steal_pointer (&plan);
}

bool
network_has_family (const GArray *prefixes, IpFamily family)
{
    for (guint i = 0; i < prefixes->len; i++)
        if (prefix_at (prefixes, i)->address.family == family)
            return true;
    return false;
}

bool
network_plan_has_address (const NetworkPlan *self, const IpPrefix *address)
{
    for (guint i = 0; i < self->addresses->len; i++)
        if (ip_prefix_equal (prefix_at (self->addresses, i), address))
            return true;
    return false;
}

static gpointer
copy_string (gconstpointer text, gpointer unused)
{
    return g_strdup (text);
}

NetworkPlan *
network_plan_copy (const NetworkPlan *self)
{
    NetworkPlan *copy = g_memdup2 (self, sizeof *self);
    copy->device = g_strdup (self->device);
    copy->addresses = g_array_copy (self->addresses);
    copy->routes = g_array_copy (self->routes);
    copy->excludes = g_array_copy (self->excludes);
    copy->attached = g_array_copy (self->attached);
    copy->too_wide = g_array_copy (self->too_wide);
    copy->overlaps = g_array_copy (self->overlaps);
    copy->missing = g_array_copy (self->missing);
    copy->strays = g_array_copy (self->strays);
    copy->dns = g_array_copy (self->dns);
    copy->search = g_ptr_array_copy (self->search, copy_string, NULL);
    return copy;
}

/* By element: what pads a structure may be anything. */
static bool
same_prefixes (const GArray *a, const GArray *b)
{
    for (guint i = 0; a->len == b->len && i < a->len; i++)
        if (!ip_prefix_equal (prefix_at (a, i), prefix_at (b, i)))
            return false;
    return a->len == b->len;
}

static bool
same_addresses (const GArray *a, const GArray *b)
{
    for (guint i = 0; a->len == b->len && i < a->len; i++)
        if (!ip_address_equal (&g_array_index (a, IpAddress, i), &g_array_index (b, IpAddress, i)))
            return false;
    return a->len == b->len;
}

static bool
same_networks (const GArray *a, const GArray *b)
{
    for (guint i = 0; a->len == b->len && i < a->len; i++)
    {
        const LocalNetwork *first = &g_array_index (a, LocalNetwork, i);
        const LocalNetwork *second = &g_array_index (b, LocalNetwork, i);
        if (first->device_index != second->device_index ||
            !ip_prefix_equal (&first->prefix, &second->prefix) ||
            !ip_address_equal (&first->address, &second->address))
            return false;
    }
    return a->len == b->len;
}

static bool
same_strings (const GPtrArray *a, const GPtrArray *b)
{
    for (guint i = 0; a->len == b->len && i < a->len; i++)
        if (strcmp (a->pdata[i], b->pdata[i]) != 0)
            return false;
    return a->len == b->len;
}

bool
network_plan_differs_by_mtu_alone (const NetworkPlan *a, const NetworkPlan *b)
{
    return a->device_index == b->device_index && a->own_table == b->own_table &&
           a->block_v6 == b->block_v6 && a->guard_dns == b->guard_dns &&
           same_prefixes (a->addresses, b->addresses) && same_prefixes (a->routes, b->routes) &&
           same_prefixes (a->excludes, b->excludes) && same_networks (a->attached, b->attached) &&
           same_addresses (a->dns, b->dns) && same_strings (a->search, b->search);
}

void
network_plan_free (NetworkPlan *self)
{
    if (self == NULL)
        return;
    g_free (self->device);
    g_array_unref (self->addresses);
    g_array_unref (self->routes);
    g_array_unref (self->excludes);
    g_array_unref (self->attached);
    g_array_unref (self->too_wide);
    g_array_unref (self->overlaps);
    g_array_unref (self->missing);
    g_array_unref (self->strays);
    g_array_unref (self->dns);
    g_ptr_array_unref (self->search);
    g_free (self);
}

/* ---- the kill switch ---- */

uint64_t
network_guard_get_owner (const Profile *profile)
{
    const char *name = profile->name != NULL        ? profile->name
                       : profile->addresses != NULL ? profile->addresses[0]
                                                    : "";
    guint8 digest[32];
    gsize size = sizeof digest;
    g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
    g_checksum_update (checksum, (const guchar *)name, (gssize)strlen (name));
    g_checksum_get_digest (checksum, digest, &size);
    ByteReader reader = byte_reader (byte_view (digest, size));
    uint64_t owner = byte_reader_u64 (&reader);
    return owner != 0 ? owner : 1;
}

static void
add_everything (GArray *prefixes)
{
    IpPrefix v4 = { .address = { .family = IP_V4 } }, v6 = { .address = { .family = IP_V6 } };
    g_array_append_val (prefixes, v4);
    g_array_append_val (prefixes, v6);
}

static GArray *
get_guarded (const Profile *profile, const NetworkPlan *plan)
{
    g_autoptr (GArray) networks = prefixes_new ();
    bool all = profile->routes == PROFILE_ALL;
    if (profile->routes == PROFILE_LIST)
        g_array_append_vals (networks, profile->route_list->data, profile->route_list->len);
    else if (plan != NULL)
        g_array_append_vals (networks, plan->routes->data, plan->routes->len);
    if (plan == NULL ? all : plan->block_v6 || (all && profile->ipv6_guard))
        add_everything (networks);
    return normalise (networks);
}

NetworkGuard *
network_guard_new (const Profile *profile, const NetworkPlan *plan, const GArray *local_networks,
                   const GArray *gateways)
{
    if (!profile->kill_switch)
        return NULL;
    g_autoptr (GArray) around = g_array_copy (profile->exclude);
    for (guint i = 0; i < gateways->len; i++)
    {
        IpPrefix host = host_prefix (&g_array_index (gateways, IpAddress, i));
        g_array_append_val (around, host);
    }
    g_autoptr (GArray) guarded = get_guarded (profile, plan);
    NetworkGuard *self = g_new0 (NetworkGuard, 1);
    self->owner = network_guard_get_owner (profile);
    self->attached = choose_attached (profile->lan ? local_networks : NULL,
                                      plan != NULL ? plan->device_index : 0, NULL);
    self->open = normalise (around);
    self->refused = without (guarded, self->open);
    return self;
}

void
network_guard_free (NetworkGuard *self)
{
    if (self == NULL)
        return;
    g_array_unref (self->refused);
    g_array_unref (self->attached);
    g_array_unref (self->open);
    g_free (self);
}
