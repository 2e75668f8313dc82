/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Octets that nobody else may see: passwords, keys, shared secrets. Reference counted, of fixed size; they live in
 * OpenSSL's secure heap where there is room (locked into memory, left out of core dumps) and are wiped when the last
 * reference goes.
 */

#include "bytes/view.h"

typedef struct SecretBytes SecretBytes;

SecretBytes *secret_bytes_new (ByteView content);

/* SIZE zeroed octets, to be filled through secret_bytes_data () before they are shared. */
SecretBytes *secret_bytes_new_sized (size_t size);

SecretBytes *secret_bytes_ref (SecretBytes *self);
void secret_bytes_unref (SecretBytes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SecretBytes, secret_bytes_unref)

/* NULL gives the empty view. */
ByteView secret_bytes_view (const SecretBytes *self);
uint8_t *secret_bytes_data (SecretBytes *self);
size_t secret_bytes_size (const SecretBytes *self);

/* Compares in a time that depends on the sizes alone. */
bool secret_equal (ByteView a, ByteView b);
