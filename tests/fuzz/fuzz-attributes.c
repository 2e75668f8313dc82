/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The configuration payload: whatever a gateway grants, what comes out is within its limits and fit to be used.
 */

#include "fuzz/fuzz.h"
#include "ike/attributes.h"
#include "ike/limits.h"

static void
check_domain (const char *domain)
{
    size_t length = strlen (domain);
    FUZZ_MUST (length > 0 && length <= 253 && domain[length - 1] != '.' && domain[0] != '.');
    for (const char *c = domain; *c != '\0'; c++)
        FUZZ_MUST (g_ascii_isalnum (*c) || strchr ("-_.", *c) != NULL);
}

static void
check_text (const char *text)
{
    FUZZ_MUST (g_utf8_validate (text, -1, NULL));
    for (const char *c = text; *c != '\0'; c++)
        FUZZ_MUST (*c == '\n' || !g_ascii_iscntrl (*c));
}

static void
check_grant (const IkeGrant *grant)
{
    FUZZ_MUST (grant->addresses->len <= IKE_GRANT_ADDRESSES_MAX);
    FUZZ_MUST (grant->dns->len <= IKE_GRANT_DNS_MAX);
    FUZZ_MUST (grant->domains->len <= IKE_GRANT_DOMAINS_MAX);
    FUZZ_MUST (grant->subnets->len <= IKE_GRANT_SUBNETS_MAX);
    for (guint i = 0; i < grant->addresses->len; i++)
    {
        const IpPrefix *prefix = &g_array_index (grant->addresses, IpPrefix, i);
        FUZZ_MUST (prefix->length <= 8 * ip_family_size (prefix->address.family));
    }
    for (guint i = 0; i < grant->subnets->len; i++)
    {
        const IpPrefix *prefix = &g_array_index (grant->subnets, IpPrefix, i);
        IpPrefix masked = ip_prefix_masked (prefix);
        FUZZ_MUST (ip_prefix_equal (prefix, &masked));
    }
    for (guint i = 0; i < grant->domains->len; i++)
        check_domain (grant->domains->pdata[i]);
    if (grant->default_domain != NULL)
        check_domain (grant->default_domain);
    if (grant->banner != NULL)
        check_text (grant->banner);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autoptr (IkeGrant) grant = NULL;
    g_autoptr (GError) error = NULL;
    bool ok = ike_grant_read_reply (byte_view (data, size), &grant, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return 0;
    check_grant (grant);
    g_autoptr (IkeGrant) copy = ike_grant_copy (grant);
    check_grant (copy);
    FUZZ_MUST (copy->domains->len == grant->domains->len);
    return 0;
}
