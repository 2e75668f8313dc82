/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command `outrider status`; gives the exit status. */
int status_run (int argc, char **argv);
