/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What algorithms.c asks of group.c; nobody else includes this.
 */

#include "crypto/algorithms.h"

/* Whether OpenSSL knows the parameters of this key exchange. */
bool group_is_available (const Algorithm *group);
