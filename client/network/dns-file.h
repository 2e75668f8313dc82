/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The resolver by its file. What was there before (a file, a symbolic link, nothing) is kept in a journal under a runtime
 * directory before anything is changed, so that the next start can put it back after a crash. If somebody else rewrote the file
 * meanwhile, theirs stays. Several tunnels share the file: each adds its own to it and takes it away again.
 */

#include "network/plan.h"

typedef struct DnsFile DnsFile;

/* PATH: the resolver's file; JOURNAL_DIRECTORY: made if missing, for root alone to write. */
DnsFile *dns_file_new (const char *path, const char *journal_directory);
void dns_file_free (DnsFile *self);

/* Undoes what a process that is gone left behind. OUTRIDER_ERROR_HOST_REFUSED. */
bool dns_file_repair (DnsFile *self, GError **error);

/*
 * Puts the plan's servers and domains first, in place of those of an earlier plan; without full routes the servers from before
 * stay behind them. Nothing to do without servers. On failure what was in force still is. OUTRIDER_ERROR_HOST_REFUSED.
 */
bool dns_file_apply (DnsFile *self, const NetworkPlan *plan, GError **error);

/* As it was found. */
void dns_file_revert (DnsFile *self);
