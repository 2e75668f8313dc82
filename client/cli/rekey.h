/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command `outrider rekey`; gives the exit status. */
int rekey_run (int argc, char **argv);
