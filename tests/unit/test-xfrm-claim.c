/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/choice.h"
#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-socket.h"
#include "errors.h"
#include "support/alone.h"

#include <unistd.h>

/*
 * Whose is what of the kernel's, with real policies in a network namespace of this process alone; and what the kernel is
 * found to be able to do, whatever that is.
 */

static XfrmPolicy
make_policy (uint32_t if_id, XfrmDirection direction)
{
    XfrmPolicy policy = { .direction = direction, .if_id = if_id, .priority = 100, .reqid = 1 };
    g_assert_true (ip_prefix_parse ("10.9.0.1/32", &policy.selector.source));
    g_assert_true (ip_prefix_parse ("10.77.0.0/24", &policy.selector.destination));
    g_assert_true (ip_address_parse ("192.0.2.1", &policy.source));
    g_assert_true (ip_address_parse ("192.0.2.2", &policy.destination));
    return policy;
}

static void
put_policies (uint32_t if_id)
{
    static const XfrmDirection directions[] = { XFRM_DIRECTION_IN, XFRM_DIRECTION_OUT,
                                                XFRM_DIRECTION_FORWARD };
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    for (size_t i = 0; i < G_N_ELEMENTS (directions); i++)
    {
        XfrmMessage message;
        XfrmPolicy policy = make_policy (if_id, directions[i]);
        xfrm_write_put_policy (&message, &policy, true);
        xfrm_socket_queue (xfrm, &message);
    }
    g_assert_cmpint (xfrm_socket_commit (xfrm), ==, 0);
}

typedef struct
{
    uint32_t if_id;
    unsigned found;
} Count;

static void
hear_policy (ByteView message, void *data)
{
    Count *count = data;
    XfrmPolicy policy;
    g_assert_true (xfrm_read_policy (message, &policy));
    count->found += policy.if_id == count->if_id;
}

static unsigned
count_policies (uint32_t if_id)
{
    Count count = { .if_id = if_id };
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    XfrmMessage message;
    xfrm_write_list_policies (&message);
    g_assert_cmpint (xfrm_socket_ask (xfrm, &message, hear_policy, &count), ==, 0);
    return count.found;
}

static void
a_claim_is_held_as_long_as_it_is_open (void)
{
    if (!alone_is_possible ())
        return;
    g_assert_false (xfrm_claim_is_held (XFRM_IF_ID_BASE + 7));
    int claim = xfrm_claim_new (7);
    g_assert_cmpint (claim, >=, 0);
    g_assert_cmpint (xfrm_claim_new (7), ==, -1);
    g_assert_true (xfrm_claim_is_held (XFRM_IF_ID_BASE + 7));
    g_assert_true (xfrm_claim_is_held (XFRM_IF_ID_BASE + 7));
    g_assert_false (xfrm_claim_is_held (XFRM_IF_ID_BASE + 8));
    int other = xfrm_claim_new (8);
    g_assert_cmpint (other, >=, 0);
    close (claim);
    close (other);
    g_assert_false (xfrm_claim_is_held (XFRM_IF_ID_BASE + 7));
}

static void
our_numbers (void)
{
    g_assert_true (xfrm_claim_is_ours (XFRM_IF_ID_BASE));
    g_assert_true (xfrm_claim_is_ours (XFRM_IF_ID_BASE + XFRM_NUMBERS_MAX - 1));
    g_assert_false (xfrm_claim_is_ours (XFRM_IF_ID_BASE + XFRM_NUMBERS_MAX));
    g_assert_false (xfrm_claim_is_ours (XFRM_IF_ID_BASE - 1));
    g_assert_false (xfrm_claim_is_ours (0));
}

static unsigned
count_leftovers (void)
{
    unsigned count = 99;
    g_assert_cmpint (xfrm_count_leftovers (&count), ==, 0);
    return count;
}

/* What is left of the dead goes; what belongs to the living, or to others, stays. */
static void
leftovers_are_removed_and_nothing_else (void)
{
    if (!alone_is_possible ())
        return;
    static const uint32_t foreign[] = { 0, 1, XFRM_IF_ID_BASE - 1,
                                        XFRM_IF_ID_BASE + XFRM_NUMBERS_MAX };
    for (size_t i = 0; i < G_N_ELEMENTS (foreign); i++)
        put_policies (foreign[i]);
    int claim = xfrm_claim_new (1);
    put_policies (XFRM_IF_ID_BASE);
    put_policies (XFRM_IF_ID_BASE + 1);
    put_policies (XFRM_IF_ID_BASE + XFRM_NUMBERS_MAX - 1);

    g_assert_cmpuint (count_leftovers (), ==, 6);
    g_assert_cmpuint (count_policies (XFRM_IF_ID_BASE), ==, 3); /* counted, and still there */
    xfrm_remove_leftovers ();
    g_assert_cmpuint (count_leftovers (), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS (foreign); i++)
        g_assert_cmpuint (count_policies (foreign[i]), ==, 3);
    g_assert_cmpuint (count_policies (XFRM_IF_ID_BASE), ==, 0);
    g_assert_cmpuint (count_policies (XFRM_IF_ID_BASE + 1), ==, 3);
    g_assert_cmpuint (count_policies (XFRM_IF_ID_BASE + XFRM_NUMBERS_MAX - 1), ==, 0);

    close (claim);
    g_assert_cmpuint (count_leftovers (), ==, 3);
    xfrm_remove_leftovers ();
    g_assert_cmpuint (count_policies (XFRM_IF_ID_BASE + 1), ==, 0);
    g_assert_cmpuint (count_policies (1), ==, 3);
}

static unsigned
count_foreign (const char *source)
{
    IpAddress address;
    unsigned count = 99;
    g_assert_true (ip_address_parse (source, &address));
    g_assert_cmpint (xfrm_count_foreign (&address, &count), ==, 0);
    return count;
}

/* Others' policies count if they would take what we send to a gateway, wherever that is. */
static void
foreign_policies_that_take_everything (void)
{
    if (!alone_is_possible ())
        return;
    static const struct
    {
        const char *source, *destination;
        XfrmDirection direction;
        uint32_t if_id;
        bool takes;
    } rows[] = {
        { "0.0.0.0/0", "0.0.0.0/0", XFRM_DIRECTION_OUT, 0, true },
        { "192.0.2.0/24", "0.0.0.0/0", XFRM_DIRECTION_OUT, 0, true },
        { "192.0.2.9/32", "0.0.0.0/0", XFRM_DIRECTION_OUT, 0, true },
        { "192.0.2.10/32", "0.0.0.0/0", XFRM_DIRECTION_OUT, 0, false },
        { "0.0.0.0/0", "10.0.0.0/8", XFRM_DIRECTION_OUT, 0, false },
        { "0.0.0.0/0", "0.0.0.0/0", XFRM_DIRECTION_IN, 0, false },
        { "0.0.0.0/0", "0.0.0.0/0", XFRM_DIRECTION_FORWARD, 0, false },
        { "0.0.0.0/0", "0.0.0.0/0", XFRM_DIRECTION_OUT, 7, false },
        { "::/0", "::/0", XFRM_DIRECTION_OUT, 0, false },
    };
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    unsigned before = count_foreign ("192.0.2.9");
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        XfrmPolicy policy = make_policy (rows[i].if_id, rows[i].direction);
        XfrmMessage message;
        g_assert_true (ip_prefix_parse (rows[i].source, &policy.selector.source));
        g_assert_true (ip_prefix_parse (rows[i].destination, &policy.selector.destination));
        xfrm_write_put_policy (&message, &policy, false);
        g_assert_cmpint (xfrm_socket_do (xfrm, &message), ==, 0);
        g_assert_cmpuint (count_foreign ("192.0.2.9"), ==, before + rows[i].takes);
        xfrm_write_delete_policy (&message, &policy);
        g_assert_cmpint (xfrm_socket_do (xfrm, &message), ==, 0);
    }
}

/* More than one send of the queue, and a refusal among them that does not stop the others. */
static void
many_messages_in_a_row (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    XfrmPolicy policy = make_policy (5, XFRM_DIRECTION_OUT);
    XfrmMessage message;
    for (unsigned i = 0; i < 1000; i++)
    {
        policy.selector.destination.address.octets[1] = (uint8_t)(i >> 8);
        policy.selector.destination.address.octets[2] = (uint8_t)i;
        xfrm_write_put_policy (&message, &policy, true);
        xfrm_socket_queue (xfrm, &message);
        if (i == 10)
        {
            policy.if_id = 6;
            xfrm_write_delete_policy (&message, &policy);
            xfrm_socket_queue (xfrm, &message);
            policy.if_id = 5;
        }
    }
    g_assert_cmpint (xfrm_socket_commit (xfrm), !=, 0);
    g_assert_cmpint (xfrm_socket_commit (xfrm), ==, 0);
    g_assert_cmpuint (count_policies (5), ==, 1000);
}

static void
auto_takes_what_is_possible (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (GError) missing = NULL, refused = NULL;
    g_autofree char *why = NULL;
    bool kernel = outrider_kernel_plane_is_possible (IP_V4, NULL, &missing);
    g_autoptr (OutriderDataPlane) automatic =
        outrider_data_plane_choose (PROFILE_PLANE_AUTO, IP_V4, NULL, 0, &why, NULL);
    g_assert_cmpstr (outrider_data_plane_get_name (automatic), ==, kernel ? "kernel" : "userspace");
    g_assert_cmpstr (why, ==, kernel ? NULL : missing->message);

    g_autofree char *nothing = NULL;
    g_autoptr (OutriderDataPlane) wanted =
        outrider_data_plane_choose (PROFILE_PLANE_KERNEL, IP_V4, NULL, 0, &nothing, &refused);
    g_assert_true ((wanted != NULL) == kernel);
    g_assert_null (nothing);
    if (!kernel)
    {
        g_assert_error (refused, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
        g_assert_true (g_str_has_prefix (refused->message, "this kernel has no "));
    }
    /* Whatever was tried is gone. */
    g_assert_cmpuint (if_nametoindex ("outrider-tried"), ==, 0);
}

/* What doctor tells of the kernel is what the choice goes by. */
static void
what_is_missing_is_told (void)
{
    if (!alone_is_possible ())
        return;
    g_autoptr (GError) error = NULL, none = NULL;
    bool possible_at_all = outrider_kernel_plane_is_possible (IP_V4, NULL, NULL);
    bool interfaces = outrider_kernel_plane_has_interfaces (&none);
    g_autoptr (GPtrArray) missing = outrider_kernel_plane_list_missing (&error);
    g_assert_true (interfaces == (none == NULL) && (missing != NULL) == (error == NULL));
    if (missing == NULL || !interfaces)
        g_assert_false (possible_at_all);
    if (missing == NULL)
        g_assert_true (g_str_has_prefix (error->message, "this kernel has no "));
    g_assert_cmpuint (count_leftovers (), ==, 0);
}

static void
userspace_is_not_asked_about (void)
{
    g_autofree char *why = NULL;
    g_autoptr (OutriderDataPlane) plane =
        outrider_data_plane_choose (PROFILE_PLANE_USERSPACE, IP_V6, NULL, 0, &why, NULL);
    g_assert_cmpstr (outrider_data_plane_get_name (plane), ==, "userspace");
    g_assert_true (outrider_data_plane_needs_encapsulation (plane));
    g_assert_null (why);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_autoptr (XfrmSocket) xfrm = alone_enter () ? xfrm_socket_new (NETLINK_XFRM) : NULL;
    alone_set_possible (xfrm != NULL, "a network namespace of one's own, and a kernel with XFRM");
    g_test_add_func ("/xfrm-claim/held", a_claim_is_held_as_long_as_it_is_open);
    g_test_add_func ("/xfrm-claim/numbers", our_numbers);
    g_test_add_func ("/xfrm-claim/leftovers", leftovers_are_removed_and_nothing_else);
    g_test_add_func ("/xfrm-claim/foreign", foreign_policies_that_take_everything);
    g_test_add_func ("/xfrm-claim/many-messages", many_messages_in_a_row);
    g_test_add_func ("/choice/auto", auto_takes_what_is_possible);
    g_test_add_func ("/choice/missing", what_is_missing_is_told);
    g_test_add_func ("/choice/userspace", userspace_is_not_asked_about);
    return g_test_run ();
}
