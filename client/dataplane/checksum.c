/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/checksum.h"

/* Four 32-bit words at a time, summed into four 64-bit lanes; every processor of today has such registers. */
typedef uint64_t Lanes __attribute__ ((vector_size (16)));

static uint64_t
sum_vectors (const uint8_t *octets, size_t count)
{
    const Lanes low = { UINT32_MAX, UINT32_MAX };
    Lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    for (; count >= 2; count -= 2, octets += 32)
    {
        Lanes first, second;
        memcpy (&first, octets, 16);
        memcpy (&second, octets + 16, 16);
        a += first & low;
        b += first >> 32;
        c += second & low;
        d += second >> 32;
    }
    if (count > 0)
    {
        Lanes last;
        memcpy (&last, octets, 16);
        a += last & low;
        b += last >> 32;
    }
    a += b + c + d;
    return a[0] + a[1];
}

static uint16_t
fold (uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

uint16_t
checksum_add (uint16_t sum, const uint8_t *octets, size_t size)
{
    size_t vectors = size / 16;
    uint64_t total = sum + sum_vectors (octets, vectors);
    octets += vectors * 16;
    size -= vectors * 16;
    for (; size >= 2; size -= 2, octets += 2)
    {
        uint16_t word;
        memcpy (&word, octets, 2);
        total += word;
    }
    if (size > 0)
    {
        uint8_t padded[2] = { *octets, 0 };
        uint16_t word;
        memcpy (&word, padded, 2);
        total += word;
    }
    return fold (total);
}

uint16_t
checksum_add_u16 (uint16_t sum, uint16_t number)
{
    return fold ((uint64_t)sum + GUINT16_TO_BE (number));
}

uint16_t
checksum_pseudo (const uint8_t *addresses, size_t addresses_size, uint8_t protocol,
                 size_t transport_size)
{
    uint16_t sum = checksum_add (0, addresses, addresses_size);
    sum = checksum_add_u16 (sum, protocol);
    sum = checksum_add_u16 (sum, (uint16_t)(transport_size >> 16));
    return checksum_add_u16 (sum, (uint16_t)transport_size);
}
