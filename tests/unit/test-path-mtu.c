/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The search for a path's MTU, against paths that swallow what is too large. */

#include "tunnel/path-mtu.h"

#define SECOND G_USEC_PER_SEC

typedef struct
{
    PathMtu search;
    unsigned carries; /* the path; larger ones are lost */
    unsigned block; /* sizes that a cipher can fill are multiples of this, and SHORT octets more */
    unsigned probes;
    gint64 now;
} Path;

/* One probe, when it is due. */
static void
probe (Path *path)
{
    path->now = MAX (path->now, path_mtu_get_deadline (&path->search));
    unsigned wanted = path_mtu_begin (&path->search, path->now);
    unsigned sent = wanted / path->block * path->block;
    g_assert_cmpint (path_mtu_get_deadline (&path->search), ==, G_MAXINT64);
    path->probes++;
    if (sent <= path->carries)
        path_mtu_take_answer (&path->search, sent, path->now);
    else
        path_mtu_take_loss (&path->search, path->now);
    g_assert_cmpuint (path->search.proven, <=, MAX (path->carries, PATH_MTU_BASE));
}

static void
settle (Path *path)
{
    for (unsigned i = 0; !path_mtu_is_settled (&path->search); i++)
    {
        g_assert_cmpuint (i, <, 12);
        probe (path);
    }
}

static const struct
{
    unsigned link, carries, block, found, probes;
} cases[] = {
    { 1500, 1500, 1, 1500, 1 }, { 1500, 1492, 1, 1492, 5 },  { 1500, 1400, 1, 1400, 6 },
    { 1500, 1280, 1, 1280, 6 }, { 1500, 1299, 1, 1280, 6 },  { 1280, 1280, 1, 1280, 0 },
    { 1400, 1400, 1, 1400, 1 }, { 1000, 1000, 1, 1000, 0 },  { 9000, 9000, 1, 9000, 1 },
    { 9000, 1500, 1, 1500, 6 }, { 1500, 1500, 16, 1488, 1 }, { 1500, 1400, 16, 1392, 6 },
};

static void
each_path_is_found (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        Path path = { .carries = cases[i].carries, .block = cases[i].block, .now = SECOND };
        path_mtu_init (&path.search, cases[i].link, path.now);
        g_assert_cmpuint (path.search.proven, ==, MIN (cases[i].link, PATH_MTU_BASE));
        settle (&path);
        g_assert_cmpuint (path.search.proven, ==, cases[i].found);
        g_assert_cmpuint (path.probes, <=, cases[i].probes);
        g_assert_cmpint (path.now, ==, SECOND); /* no pause between probes */
        g_assert_cmpint (path_mtu_get_deadline (&path.search), >=, 30 * SECOND);
    }
}

static Path
make_settled (unsigned link, unsigned carries)
{
    Path path = { .carries = carries, .block = 1 };
    path_mtu_init (&path.search, link, 0);
    settle (&path);
    return path;
}

/* It became narrower, and nobody told. */
static void
a_new_black_hole_is_found (void)
{
    Path path = make_settled (1500, 1500);
    probe (&path);
    g_assert_cmpuint (path.search.proven, ==, 1500);
    path.carries = 1400;
    probe (&path);
    g_assert_cmpuint (path.search.proven, ==, PATH_MTU_BASE);
    settle (&path);
    g_assert_cmpuint (path.search.proven, ==, 1400);
    g_assert_cmpint (path.now, <=, 121 * SECOND);
}

static void
a_wider_path_is_found_later (void)
{
    Path path = make_settled (1500, 1400);
    while (path.now < 31 * SECOND)
        probe (&path);
    settle (&path);
    g_assert_cmpuint (path.search.proven, ==, 1400);
    path.carries = 1500;
    for (unsigned i = 0; i < 30 && path.search.proven < 1500; i++)
        probe (&path);
    g_assert_cmpuint (path.search.proven, ==, 1500);
    g_assert_cmpint (path.now, >=, 600 * SECOND);
    g_assert_cmpint (path.now, <, 700 * SECOND);
}

/* Answers of the first search were late, as on a busy machine: the second look finds it. */
static void
the_first_search_is_doubted (void)
{
    Path path = make_settled (1500, 1400);
    path.carries = 1500;
    for (unsigned i = 0; i < 5 && path.search.proven < 1500; i++)
        probe (&path);
    g_assert_cmpuint (path.search.proven, ==, 1500);
    g_assert_cmpint (path.now, <=, 31 * SECOND);
}

static void
routers_that_tell_are_followed (void)
{
    Path path = make_settled (1500, 1500);
    path.carries = 1400;
    path_mtu_set_most (&path.search, 1400, path.now);
    g_assert_cmpuint (path.search.proven, ==, 1400);
    g_assert_true (path_mtu_is_settled (&path.search));
    path.carries = 1500;
    path_mtu_set_most (&path.search, 1500, path.now);
    settle (&path);
    g_assert_cmpuint (path.search.proven, ==, 1500);
}

/* A probe of before comes back after the search began anew: it says nothing. */
static void
late_answers_do_not_count (void)
{
    Path path = make_settled (1500, 1500);
    path_mtu_begin (&path.search, 0);
    path_mtu_set_most (&path.search, 1300, 0);
    path_mtu_take_answer (&path.search, 1500, 0);
    g_assert_cmpuint (path.search.proven, ==, 1300);
    path_mtu_take_loss (&path.search, 0);
    g_assert_cmpuint (path.search.proven, ==, 1300);
}

static void
a_probe_can_wait (void)
{
    PathMtu search;
    path_mtu_init (&search, 1500, 0);
    g_assert_cmpint (path_mtu_get_deadline (&search), ==, 0);
    g_assert_cmpuint (path_mtu_begin (&search, 0), ==, 1500);
    path_mtu_postpone (&search, SECOND);
    g_assert_cmpint (path_mtu_get_deadline (&search), ==, SECOND);
    g_assert_cmpuint (path_mtu_begin (&search, SECOND), ==, 1500);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/path-mtu/found", each_path_is_found);
    g_test_add_func ("/path-mtu/black-hole", a_new_black_hole_is_found);
    g_test_add_func ("/path-mtu/wider", a_wider_path_is_found_later);
    g_test_add_func ("/path-mtu/doubt", the_first_search_is_doubted);
    g_test_add_func ("/path-mtu/told", routers_that_tell_are_followed);
    g_test_add_func ("/path-mtu/late", late_answers_do_not_count);
    g_test_add_func ("/path-mtu/wait", a_probe_can_wait);
    return g_test_run ();
}
