/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The kernel plane, as a child lives in it: what it can do, rekeys, ends, and what it leaves behind. test-xfrm-move.c is about
 * other addresses and ports.
 */

#include "dataplane/choice.h"
#include "errors.h"
#include "ike/proposal.h"
#include "support/xfrm-bench.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const XfrmKind without_esn = { "aes128", "sha256", false, false };

static void
a_child_and_its_rekey (const XfrmKind *kind)
{
    g_autoptr (XfrmBench) bench = xfrm_bench_new ();
    g_autoptr (IkeChildSa) near2 = xfrm_end_make_child (bench->near, kind, 0x2000);
    g_autoptr (IkeChildSa) far2 = xfrm_end_make_child (bench->far, kind, 0x2000);
    OutriderCounters counters;
    g_assert_false (xfrm_end_reaches (bench->near, bench->far));
    xfrm_bench_add_child (bench, kind);
    g_assert_true (xfrm_bench_works (bench));

    /* The new one is heard and does not send. */
    g_assert_false (outrider_data_plane_switch_child (bench->near->plane, near2, NULL));
    xfrm_end_install (bench->far, far2);
    xfrm_end_install (bench->near, near2);
    g_assert_false (
        outrider_data_plane_install (bench->near->plane, bench->near->transport, near2, NULL));
    g_assert_true (xfrm_bench_works (bench));
    g_assert_cmpuint (xfrm_states_find (near2->spi_in).last.packets, ==, 0);
    g_assert_cmpuint (xfrm_states_find (near2->spi_out).last.packets, ==, 0);

    /* One side sends by it already, the other not yet. */
    xfrm_end_switch_child (bench->near, near2);
    g_assert_true (xfrm_bench_works (bench));
    g_assert_cmpuint (xfrm_states_find (near2->spi_out).last.packets, ==, 1);
    g_assert_cmpuint (xfrm_states_find (near2->spi_in).last.packets, ==, 0);
    xfrm_end_switch_child (bench->far, far2);
    g_assert_true (xfrm_bench_works (bench));
    g_assert_cmpuint (xfrm_states_find (near2->spi_in).last.packets, ==, 1);

    outrider_data_plane_remove (bench->near->plane, bench->near->child);
    outrider_data_plane_remove (bench->near->plane, bench->near->child);
    outrider_data_plane_remove (bench->far->plane, bench->far->child);
    g_assert_true (xfrm_bench_works (bench));
    outrider_data_plane_get_counters (bench->near->plane, &counters);
    g_assert_cmpuint (counters.packets_out, ==, 5);
    g_assert_cmpuint (counters.packets_in, ==, 5);
    g_assert_cmpuint (counters.octets_in, ==, 5 * 33);
    g_assert_cmpuint (counters.octets_out, ==, 5 * 33);
    g_assert_cmpint (counters.last_in, >, 0);

    outrider_data_plane_remove (bench->near->plane, near2);
    outrider_data_plane_remove (bench->far->plane, far2);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 0);
    g_assert_cmpuint (xfrm_policies_count (), ==, 0);
    g_assert_false (xfrm_end_reaches (bench->near, bench->far));
}

static void
rekeyed (gconstpointer kind)
{
    a_child_and_its_rekey (kind);
    xfrm_assert_nothing_is_left ();
}

/* Every ESP algorithm that Outrider knows. */
static void
every_algorithm (void)
{
    size_t count;
    const Algorithm *table = algorithm_get_table (&count);
    g_autoptr (XfrmBench) bench = xfrm_bench_new ();
    uint32_t spi = 0x3000;
    for (size_t i = 0; i < count; i++)
        for (int esn = 0; esn <= 1; esn++)
        {
            bool mac = table[i].type == TRANSFORM_INTEGRITY;
            bool aead = (table[i].flags & ALGORITHM_AEAD) != 0;
            if (table[i].type != TRANSFORM_ENCRYPTION && !mac)
                continue;
            XfrmKind kind = { mac ? "aes128" : table[i].name,
                              mac    ? table[i].name
                              : aead ? NULL
                                     : "sha256",
                              esn != 0, false };
            g_autoptr (IkeChildSa) near = xfrm_end_make_child (bench->near, &kind, spi);
            g_autoptr (IkeChildSa) far = xfrm_end_make_child (bench->far, &kind, spi);
            spi += 2;
            g_test_message ("%s%s", table[i].name, esn != 0 ? "-esn" : "");
            xfrm_end_install (bench->near, near);
            xfrm_end_install (bench->far, far);
            g_assert_true (xfrm_bench_works (bench));
            outrider_data_plane_remove (bench->near->plane, near);
            outrider_data_plane_remove (bench->far->plane, far);
        }
}

static void
iterate (const unsigned *until)
{
    for (int i = 0; i < 5000 && *until == 0; i++)
        if (!g_main_context_iteration (NULL, false))
            g_usleep (1000);
}

/* Three packets of 33 octets, then five. */
static const XfrmLimits by_packets = { .soft_packets = 3, .hard_packets = 5 };
static const XfrmLimits by_octets = { .soft_octets = 3 * 33, .hard_octets = 5 * 33 };

static void
ends_are_announced (gconstpointer limits)
{
    g_autoptr (XfrmBench) bench = xfrm_bench_new ();
    outrider_xfrm_plane_set_limits (OUTRIDER_XFRM_PLANE (bench->near->plane), limits);
    xfrm_bench_add_child (bench, &without_esn);
    /* The kernel looks before it counts. */
    for (int i = 0; i < 3; i++)
        g_assert_true (xfrm_end_reaches (bench->near, bench->far));
    while (g_main_context_iteration (NULL, false))
        ;
    g_assert_cmpuint (bench->near->expiring, ==, 0);
    g_assert_true (xfrm_end_reaches (bench->near, bench->far));
    iterate (&bench->near->expiring);
    g_assert_cmpuint (bench->near->expiring, ==, 1);
    g_assert_cmpuint (bench->near->expired, ==, 0);
    g_assert_true (xfrm_end_reaches (bench->near, bench->far));
    g_assert_false (xfrm_end_reaches (bench->near, bench->far));
    iterate (&bench->near->expired);
    g_assert_cmpuint (bench->near->expired, ==, 1);
    g_assert_cmpuint (bench->far->expired, ==, 0);
    g_assert_cmpuint (xfrm_states_find (NEAR_SPI_IN).found, ==, 1);
    /* What goes on asking for the SA is told, too. */
    xfrm_end_reaches (bench->near, bench->far);
    iterate (&bench->near->waiting);
    g_assert_cmpuint (bench->near->waiting, >=, 1);
}

static void
ends_come_with_time (void)
{
    XfrmLimits limits = { .soft_seconds = 1, .hard_seconds = 2 };
    g_autoptr (XfrmBench) bench = xfrm_bench_new ();
    outrider_xfrm_plane_set_limits (OUTRIDER_XFRM_PLANE (bench->near->plane), &limits);
    xfrm_bench_add_child (bench, &xfrm_kind_plain);
    iterate (&bench->near->expiring);
    g_assert_cmpuint (bench->near->expiring, >=, 1);
    iterate (&bench->near->expired);
    g_assert_cmpuint (bench->near->expired, >=, 1);
}

static void
numbers_have_an_end (void)
{
    g_autoptr (XfrmBench) bench = xfrm_bench_new_with_child (&without_esn);
    g_autofree char *command =
        g_strdup_printf ("ip -s xfrm state list spi %#x", bench->near->child->spi_out);
    g_autofree char *output = NULL;
    g_assert_true (g_spawn_command_line_sync (command, &output, NULL, NULL, NULL));
    g_assert_nonnull (strstr (output, "limit: soft 3221225472(packets), hard 4294967295(packets)"));
}

/* kill -9, beside what is not ours; then the next start. */
static void
the_killed_leave_nothing (void)
{
    xfrm_bench_run ("ip xfrm state add src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x77 "
                    "mode tunnel reqid 65537 aead 'rfc4106(gcm(aes))' 0x%040d 128 if_id 0x77",
                    0);
    xfrm_bench_run ("ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out "
                    "tmpl src 198.51.100.1 dst 198.51.100.2 proto esp mode tunnel if_id 0x77");
    xfrm_bench_run ("ip link add foreign0 type xfrm if_id 0x77");
    int ready[2];
    g_assert_no_errno (pipe (ready));
    pid_t pid = fork ();
    if (pid == 0)
    {
        xfrm_bench_new_with_child (&xfrm_kind_in_udp);
        g_assert_cmpint (write (ready[1], "", 1), ==, 1);
        pause ();
        _exit (0);
    }
    char byte;
    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
    outrider_data_plane_remove_leftovers ();
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 2); /* it lives */
    kill (pid, SIGKILL);
    waitpid (pid, NULL, 0);
    g_assert_cmpuint (xfrm_states_find (0).found, ==, 2);
    g_assert_cmpuint (xfrm_policies_count (), ==, 3);
    g_assert_cmpuint (if_nametoindex ("plane0"), !=, 0);
    outrider_data_plane_remove_leftovers ();
    xfrm_assert_nothing_is_left ();
    xfrm_bench_enter_far ();
    outrider_data_plane_remove_leftovers ();
    xfrm_assert_nothing_is_left ();
    xfrm_bench_enter_near ();
    xfrm_bench_run ("ip xfrm state get src 198.51.100.1 dst 198.51.100.2 proto esp spi 0x77 "
                    "> /dev/null");
    xfrm_bench_run ("ip xfrm policy get src 10.1.0.0/16 dst 10.2.0.0/16 dir out if_id 0x77 "
                    "> /dev/null");
    xfrm_bench_run ("ip link delete foreign0 && ip xfrm policy flush && ip xfrm state flush");
    close (ready[0]);
    close (ready[1]);
}

static void
names_and_numbers (void)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (OutriderDataPlane) first = outrider_xfrm_plane_new (0);
    g_autoptr (OutriderDataPlane) second = outrider_xfrm_plane_new (0);
    g_autoptr (OutriderDataPlane) third = outrider_xfrm_plane_new (0);
    g_assert_true (outrider_data_plane_open (first, "plane%d", NULL));
    g_assert_true (outrider_data_plane_open (second, "plane%d", NULL));
    g_assert_cmpstr (outrider_data_plane_get_device (first), ==, "plane0");
    g_assert_cmpstr (outrider_data_plane_get_device (second), ==, "plane1");
    g_assert_false (outrider_data_plane_open (third, "plane0", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_clear_error (&error);
    g_assert_false (outrider_data_plane_open (third, "a/b", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED);
    g_assert_true (outrider_data_plane_open (third, "work", NULL));
    g_assert_cmpstr (outrider_data_plane_get_device (third), ==, "work");
    outrider_data_plane_close (third);
    g_assert_null (outrider_data_plane_get_device (third));
    g_assert_cmpuint (if_nametoindex ("work"), ==, 0);
}

static void
the_whole_offer_is_possible (void)
{
    g_autoptr (GError) error = NULL;
    gint64 begun = g_get_monotonic_time ();
    outrider_kernel_plane_is_possible (IP_V4, NULL, &error);
    g_assert_no_error (error);
    gint64 first = g_get_monotonic_time ();
    outrider_kernel_plane_is_possible (IP_V6, NULL, &error);
    g_assert_no_error (error);
    outrider_kernel_plane_is_possible (IP_V4, NULL, &error);
    g_test_message ("modules loaded: %" G_GINT64_FORMAT " us; then both families: %" G_GINT64_FORMAT
                    " us",
                    first - begun, g_get_monotonic_time () - first);
    xfrm_assert_nothing_is_left ();
    g_assert_cmpuint (if_nametoindex ("outrider-tried"), ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    xfrm_bench_lay_wire ();
    g_test_add_func ("/xfrm-plane/offer", the_whole_offer_is_possible);
    g_test_add_data_func ("/xfrm-plane/rekey/plain", &xfrm_kind_plain, rekeyed);
    g_test_add_data_func ("/xfrm-plane/rekey/in-udp", &xfrm_kind_in_udp, rekeyed);
    g_test_add_func ("/xfrm-plane/algorithms", every_algorithm);
    g_test_add_data_func ("/xfrm-plane/ends/packets", &by_packets, ends_are_announced);
    g_test_add_data_func ("/xfrm-plane/ends/octets", &by_octets, ends_are_announced);
    g_test_add_func ("/xfrm-plane/ends/time", ends_come_with_time);
    g_test_add_func ("/xfrm-plane/numbers", numbers_have_an_end);
    g_test_add_func ("/xfrm-plane/killed", the_killed_leave_nothing);
    g_test_add_func ("/xfrm-plane/names", names_and_numbers);
    return g_test_run ();
}
