/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The names that a certificate carries, and how they compare with a name sought; the room's own.
 */

#include "certs/identity.h"
#include "certs/openssl.h"

/* For people: the alternative names; without any the common names. NULL-terminated. */
char **certs_names_list (X509 *certificate);

/* The first alternative name that IKE can type; NULL: none. */
CertsIdentity *certs_names_get_first_identity (X509 *certificate);

/* Each of certs_identity_matches_certificate ()'s rules for one type. */
bool certs_names_match_host (X509 *certificate, const char *host, size_t size);
bool certs_names_match_address (X509 *certificate, const void *octets, size_t size);
bool certs_names_match_mailbox (X509 *certificate, const char *mailbox, size_t size);

/* The octets are text of printable ASCII without a NUL. */
bool certs_names_are_plain (const void *octets, size_t size);

/* "a@B" equals "a@b", "A@b" does not. */
bool certs_names_equal_mailboxes (const char *a, size_t a_size, const char *b, size_t b_size);
