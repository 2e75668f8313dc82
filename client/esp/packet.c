/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "esp/packet.h"

/* Pad length and next header. */
#define TRAILER_MIN 2

struct EspOutbound
{
    Cipher *cipher;
    uint64_t sequence; /* of the last packet */
    uint32_t spi;
    bool esn;
    bool aead;
    size_t iv_size;
    size_t icv_size;
    size_t alignment;
};

struct EspInbound
{
    Cipher *cipher;
    uint32_t spi;
    bool esn;
    bool aead;
    size_t iv_size;
    size_t icv_size;
    size_t block_size;
    ReplayWindow window;
};

static void
write_u32 (uint8_t *target, uint32_t value)
{
    value = GUINT32_TO_BE (value);
    memcpy (target, &value, sizeof value);
}

static uint32_t
read_u32 (const uint8_t *source)
{
    uint32_t value;
    memcpy (&value, source, sizeof value);
    return GUINT32_FROM_BE (value);
}

/*
 * What the ICV covers besides the ciphertext. The upper half of an extended sequence number is never sent: an AEAD takes
 * it between SPI and lower half (RFC 4106 5), an integrity algorithm behind the ciphertext (RFC 4303 2.2.1).
 */
typedef struct
{
    uint8_t octets[12];
    ByteView header;
    ByteView tail;
} Covered;

static void
covered_init (Covered *self, const uint8_t *packet, uint64_t sequence, bool esn, bool aead)
{
    self->header = byte_view (packet, ESP_HEADER_SIZE);
    self->tail = byte_view (NULL, 0);
    if (!esn)
        return;
    if (!aead)
    {
        write_u32 (self->octets, (uint32_t)(sequence >> 32));
        self->tail = byte_view (self->octets, 4);
        return;
    }
    memcpy (self->octets, packet, 4);
    write_u32 (self->octets + 4, (uint32_t)(sequence >> 32));
    memcpy (self->octets + 8, packet + 4, 4);
    self->header = byte_view (self->octets, 12);
}

EspOutbound *
esp_outbound_new (uint32_t spi, Cipher *cipher, const Algorithm *encryption, bool esn)
{
    EspOutbound *self = g_new0 (EspOutbound, 1);
    self->cipher = cipher;
    self->spi = spi;
    self->esn = esn;
    self->aead = (encryption->flags & ALGORITHM_AEAD) != 0;
    self->iv_size = cipher_get_iv_size (cipher);
    self->icv_size = cipher_get_icv_size (cipher);
    /* RFC 4303 2.4: whole blocks, and whole 4-octet words. */
    self->alignment = MAX (4, cipher_get_block_size (cipher));
    return self;
}

void
esp_outbound_free (EspOutbound *self)
{
    if (self == NULL)
        return;
    cipher_free (self->cipher);
    g_free (self);
}

bool
esp_outbound_use_vectors (EspOutbound *self)
{
    return cipher_use_vectors (self->cipher);
}

static size_t
padded_size (const EspOutbound *self, size_t size)
{
    return (size + TRAILER_MIN + self->alignment - 1) / self->alignment * self->alignment;
}

size_t
esp_outbound_get_size (const EspOutbound *self, size_t size)
{
    return ESP_HEADER_SIZE + self->iv_size + padded_size (self, size) + self->icv_size;
}

bool
esp_outbound_is_exhausted (const EspOutbound *self)
{
    return self->sequence >= (self->esn ? UINT64_MAX : UINT32_MAX);
}

void
esp_outbound_set_sequence (EspOutbound *self, uint64_t sequence)
{
    self->sequence = sequence;
}

size_t
esp_outbound_seal (EspOutbound *self, uint8_t *inner, size_t size, uint8_t next_header,
                   uint8_t *ret_packet)
{
    if (esp_outbound_is_exhausted (self))
        return 0;
    self->sequence++;
    write_u32 (ret_packet, self->spi);
    write_u32 (ret_packet + 4, (uint32_t)self->sequence);

    uint8_t saved[ESP_TRAILER_MAX];
    size_t padded = padded_size (self, size);
    uint8_t *trailer = inner + size;
    uint8_t padding = (uint8_t)(padded - size - TRAILER_MIN);
    memcpy (saved, trailer, sizeof saved);
    for (uint8_t i = 0; i < padding; i++)
        trailer[i] = i + 1;
    trailer[padding] = padding;
    trailer[padding + 1] = next_header;

    Covered covered;
    covered_init (&covered, ret_packet, self->sequence, self->esn, self->aead);
    bool sealed = cipher_seal (self->cipher, covered.header, covered.tail,
                               byte_view (inner, padded), ret_packet + ESP_HEADER_SIZE);
    memcpy (trailer, saved, sizeof saved);
    return sealed ? ESP_HEADER_SIZE + self->iv_size + padded + self->icv_size : 0;
}

EspInbound *
esp_inbound_new (uint32_t spi, Cipher *cipher, const Algorithm *encryption, bool esn,
                 unsigned replay_window)
{
    EspInbound *self = g_new0 (EspInbound, 1);
    self->cipher = cipher;
    self->spi = spi;
    self->esn = esn;
    self->aead = (encryption->flags & ALGORITHM_AEAD) != 0;
    self->iv_size = cipher_get_iv_size (cipher);
    self->icv_size = cipher_get_icv_size (cipher);
    self->block_size = cipher_get_block_size (cipher);
    replay_window_init (&self->window, replay_window, esn);
    return self;
}

void
esp_inbound_free (EspInbound *self)
{
    if (self == NULL)
        return;
    cipher_free (self->cipher);
    g_free (self);
}

bool
esp_inbound_use_vectors (EspInbound *self)
{
    return cipher_use_vectors (self->cipher);
}

/* The trailer at the end of what was decrypted (RFC 4303 2.4: padding counts 1, 2, 3 ...). */
static EspVerdict
strip_trailer (const uint8_t *plain, size_t size, ByteView *ret_inner, uint8_t *ret_next_header)
{
    size_t padding = plain[size - 2];
    uint8_t next_header = plain[size - 1];
    if (padding + TRAILER_MIN > size)
        return ESP_MALFORMED;
    size_t inner = size - TRAILER_MIN - padding;
    for (size_t i = 0; i < padding; i++)
        if (plain[inner + i] != (uint8_t)(i + 1))
            return ESP_MALFORMED;
    if (next_header == ESP_NEXT_NONE)
        return ESP_DUMMY;
    *ret_inner = byte_view (plain, inner);
    *ret_next_header = next_header;
    return ESP_OPENED;
}

EspVerdict
esp_inbound_open (EspInbound *self, uint8_t *packet, size_t size, ByteView *ret_inner,
                  uint8_t *ret_next_header)
{
    size_t overhead = ESP_HEADER_SIZE + self->iv_size + self->icv_size;
    if (size < overhead + TRAILER_MIN || (size - overhead) % self->block_size != 0 ||
        read_u32 (packet) != self->spi)
        return ESP_MALFORMED;

    uint64_t sequence = replay_window_infer (&self->window, read_u32 (packet + 4));
    if (!replay_window_check (&self->window, sequence))
        return ESP_REPLAYED;

    Covered covered;
    covered_init (&covered, packet, sequence, self->esn, self->aead);
    uint8_t *plain = packet + ESP_HEADER_SIZE + self->iv_size;
    if (!cipher_open (self->cipher, covered.header, covered.tail,
                      byte_view (packet + ESP_HEADER_SIZE, size - ESP_HEADER_SIZE), plain))
        return ESP_UNVERIFIED;
    replay_window_update (&self->window, sequence);
    return strip_trailer (plain, size - overhead, ret_inner, ret_next_header);
}
