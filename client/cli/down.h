/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command `outrider down`; gives the exit status. */
int down_run (int argc, char **argv);
