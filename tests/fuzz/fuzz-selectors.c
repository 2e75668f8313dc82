/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The TS payload: what it reads writes back, and what two selectors share lies within both.
 */

#include "fuzz/fuzz.h"
#include "ike/limits.h"
#include "ike/selector.h"

static void
check_pair (const TrafficSelector *a, const TrafficSelector *b)
{
    TrafficSelector common, other;
    bool ok = traffic_selector_intersect (a, b, &common);
    FUZZ_MUST (ok == traffic_selector_intersect (b, a, &other));
    if (!ok)
        return;
    FUZZ_MUST (traffic_selector_equal (&common, &other));
    FUZZ_MUST (traffic_selector_contains (a, &common));
    FUZZ_MUST (traffic_selector_contains (b, &common));
    if (common.first_port <= common.last_port)
        FUZZ_MUST (
            traffic_selector_matches (a, &common.first, common.protocol, true, common.first_port));
}

static void
check_one (const TrafficSelector *self)
{
    FUZZ_MUST (ip_address_compare (&self->first, &self->last) <= 0);
    FUZZ_MUST (self->first_port <= self->last_port);
    FUZZ_MUST (traffic_selector_equal (self, self));
    g_autofree char *text = traffic_selector_format (self);
    FUZZ_MUST (text[0] != '\0');
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autoptr (GArray) selectors = NULL, again = NULL;
    g_autoptr (GError) error = NULL;
    bool ok = traffic_selectors_read (byte_view (data, size), &selectors, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return 0;
    FUZZ_MUST (selectors->len <= IKE_SELECTORS_MAX);
    for (guint i = 0; i < selectors->len; i++)
    {
        check_one (&g_array_index (selectors, TrafficSelector, i));
        check_pair (&g_array_index (selectors, TrafficSelector, 0),
                    &g_array_index (selectors, TrafficSelector, i));
    }
    if (selectors->len == 0)
        return 0;
    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    traffic_selectors_write (selectors, &writer);
    FUZZ_MUST (traffic_selectors_read (byte_writer_view (&writer), &again, NULL));
    FUZZ_MUST (again->len == selectors->len);
    for (guint i = 0; i < again->len; i++)
        FUZZ_MUST (traffic_selector_equal (&g_array_index (again, TrafficSelector, i),
                                           &g_array_index (selectors, TrafficSelector, i)));
    return 0;
}
