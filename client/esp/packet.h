/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * ESP packets in tunnel mode (RFC 4303): inner packet in, ESP packet out, and back. What stands between the UDP header and
 * the end of the datagram is
 *
 *     SPI (4) | sequence number (4) | IV | inner packet, padding 1 2 3 .., pad length (1), next header (1) | ICV
 *
 * Each direction belongs to one thread at a time and allocates nothing once it is made.
 */

#include "crypto/cipher.h"
#include "esp/replay.h"

#define ESP_HEADER_SIZE 8

/* Padding, pad length and next header at most: what must be writable behind an inner packet that is sealed. */
#define ESP_TRAILER_MAX 18

/* Next header values that we send or know (RFC 4303 2.6). */
#define ESP_NEXT_IPV4 4
#define ESP_NEXT_IPV6 41
#define ESP_NEXT_NONE 59 /* a dummy, to be dropped */

typedef struct EspOutbound EspOutbound;
typedef struct EspInbound EspInbound;

typedef enum
{
    ESP_OPENED,
    ESP_DUMMY,      /* verified, and to be dropped without a word (RFC 4303 2.6) */
    ESP_REPLAYED,   /* seen before, or older than the window */
    ESP_UNVERIFIED, /* the ICV is wrong */
    ESP_MALFORMED,  /* too short, no whole blocks, or verified and yet senseless */
} EspVerdict;

/* Takes CIPHER, made for sealing with ENCRYPTION. */
EspOutbound *esp_outbound_new (uint32_t spi, Cipher *cipher, const Algorithm *encryption, bool esn);
void esp_outbound_free (EspOutbound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EspOutbound, esp_outbound_free)

/* The size of the ESP packet around SIZE octets. */
size_t esp_outbound_get_size (const EspOutbound *self, size_t size);

/*
 * Seals SIZE octets at INNER into RET_PACKET, which does not overlap them, and gives the packet's size; 0 if the sequence
 * numbers are used up (they never wrap, RFC 4303 3.3.3) or the cipher failed. ESP_TRAILER_MAX octets behind INNER are
 * used and put back.
 */
size_t esp_outbound_seal (EspOutbound *self, uint8_t *inner, size_t size, uint8_t next_header,
                          uint8_t *ret_packet);

/* See cipher_use_vectors (). */
bool esp_outbound_use_vectors (EspOutbound *self);

/* No packet can be sealed any more. */
bool esp_outbound_is_exhausted (const EspOutbound *self);

/* For tests: the number of the last packet sent. */
void esp_outbound_set_sequence (EspOutbound *self, uint64_t sequence);

/* Takes CIPHER, made for opening what ENCRYPTION sealed. REPLAY_WINDOW in packets; 0: the default. */
EspInbound *esp_inbound_new (uint32_t spi, Cipher *cipher, const Algorithm *encryption, bool esn,
                             unsigned replay_window);
void esp_inbound_free (EspInbound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EspInbound, esp_inbound_free)

bool esp_inbound_use_vectors (EspInbound *self);

/*
 * Opens the ESP packet in place. On ESP_OPENED, RET_INNER is what stood before the padding, borrowed from PACKET, and
 * RET_NEXT_HEADER what it is said to be; whether it is that, and whether octets of traffic flow confidentiality follow
 * (RFC 4303 2.7), its own header tells.
 */
EspVerdict esp_inbound_open (EspInbound *self, uint8_t *packet, size_t size, ByteView *ret_inner,
                             uint8_t *ret_next_header);
