/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the session tests share: certificates made once a program, a network for each way to log in, and tables as tests.
 */

#include "support/network.h"

/* Makes the certificates; the end frees them. */
void fixture_begin (void);
void fixture_end (void);

/* A certificate of the test root; KEY as in pki.h; a NAME with "@" is a mailbox. */
PkiEntity *fixture_issue (const char *key, const char *name, const char *usage);
const PkiEntity *fixture_root (void);

/* "vpn.example.com" and "alice@example.com", both ECDSA. */
const PkiEntity *fixture_gateway (void);
const PkiEntity *fixture_client (void);

/* A gateway for LOGIN with its certificate. */
ResponderConfig fixture_responder (IkeLogin login);

/* A client's configuration with its certificate. */
IkeSessionConfig *fixture_config (IkeLogin login);

/* Both, and the client trusts the test root. CONFIG (taken over) and RESPONDER may be NULL. */
Network *fixture_network (IkeLogin login, IkeSessionConfig *config,
                          const ResponderConfig *responder);

/* Started, and established. */
Network *fixture_connected (IkeLogin login, IkeSessionConfig *config,
                            const ResponderConfig *responder);

/* One test for each row; a row begins with its name (const char *). */
void fixture_add_table (const char *prefix, const void *rows, size_t n_rows, size_t size,
                        GTestDataFunc test);

#define FIXTURE_ADD_TABLE(prefix, rows, test)                                                      \
    fixture_add_table (prefix, rows, G_N_ELEMENTS (rows), sizeof rows[0], test)
