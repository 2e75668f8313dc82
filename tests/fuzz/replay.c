/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * replay DIRECTORY: gives every file of a corpus to the fuzz target that this is linked with, and says so in TAP. An
 * empty corpus is a failure. Each input runs as a test of its own, so that a crash names its file.
 */

#include "fuzz/fuzz.h"

static void
replay_file (gconstpointer data)
{
    g_autoptr (GError) error = NULL;
    char *content = NULL;
    gsize size = 0;
    g_file_get_contents (data, &content, &size, &error);
    g_assert_no_error (error);

    /* Exactly as large as the input, so that a sanitizer sees a read behind its end. */
    g_autofree uint8_t *octets = g_memdup2 (content, size);
    g_free (content);
    g_assert_cmpint (LLVMFuzzerTestOneInput (octets, size), ==, 0);
}

static void
replay_nothing (void)
{
    g_assert_cmpint (LLVMFuzzerTestOneInput (NULL, 0), ==, 0);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_assert_cmpint (argc, ==, 2);
    g_autoptr (GError) error = NULL;
    g_autoptr (GDir) directory = g_dir_open (argv[1], 0, &error);
    g_assert_no_error (error);

    g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
    for (const char *name; (name = g_dir_read_name (directory)) != NULL;)
    {
        char *path = g_build_filename (argv[1], name, NULL);
        g_autofree char *test = g_strconcat ("/corpus/", name, NULL);
        g_ptr_array_add (paths, path);
        g_test_add_data_func (test, path, replay_file);
    }
    g_assert_cmpuint (paths->len, >, 0);
    g_test_add_func ("/nothing", replay_nothing);
    return g_test_run ();
}
