/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What `outrider doctor` looks at: a function a question, each telling one finding or more (doctor-findings.h). None needs
 * root to give an answer, and none changes anything unless Doctor.repair says so.
 */

#include "cli/doctor-findings.h"
#include "network/way-out.h"

/* ---- doctor-host.c: the process, its time, its libraries ---- */

void doctor_check_rights (Doctor *self);
void doctor_check_clock (Doctor *self);
void doctor_check_legacy_provider (Doctor *self);
void doctor_check_vectors (Doctor *self);

/* ---- doctor-planes.c: what carries packets ---- */

void doctor_check_kernel_plane (Doctor *self);
void doctor_check_algorithms (Doctor *self);
void doctor_check_xfrm_interface (Doctor *self);
void doctor_check_tun (Doctor *self);

/* ---- doctor-network.c: what a tunnel will meet ---- */

void doctor_check_way_out (Doctor *self);
void doctor_check_reverse_path (Doctor *self);
void doctor_check_ipv6 (Doctor *self);
void doctor_check_resolver (Doctor *self);

/* The way of a tunnel's outer packets to wherever no nearer route leads. False: there is none for FAMILY. */
bool doctor_find_way_out (IpFamily family, WayOut *ret_way);

/* ---- doctor-others.c: other IPsec programs ---- */

void doctor_check_ports (Doctor *self);
void doctor_check_foreign_policies (Doctor *self);

/* ---- doctor-leftovers.c: what tunnels left that did not end in order; these mend ---- */

void doctor_check_left_xfrm (Doctor *self);
void doctor_check_left_routes (Doctor *self);
void doctor_check_left_resolver (Doctor *self);
void doctor_check_left_sockets (Doctor *self);
void doctor_check_kill_switches (Doctor *self);
