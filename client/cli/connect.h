/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * `outrider connect`: one tunnel in the foreground, from the command line to the exit status, without a daemon. It is the
 * only command that holds a tunnel itself.
 */

/* ARGV[0] is the command's name. Gives the exit status. */
int connect_run (int argc, char **argv);
