/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * For tests alone: the IV of the next packet to seal, so that published packets can be built and a counter driven to
 * its end. Never in the program: an IV used twice gives the keys of a counter mode away.
 */

#include "crypto/cipher.h"

/* IV of the cipher's IV size. */
void cipher_preset_iv (Cipher *self, ByteView iv);
