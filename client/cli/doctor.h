/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command `outrider doctor`; gives the exit status. */
int doctor_run (int argc, char **argv);
