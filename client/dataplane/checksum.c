/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/checksum.h"

/* Asks what the C library found out when it was loaded: to ask the processor costs microseconds in a virtual machine. */
#ifdef __x86_64__
#include <sys/platform/x86.h>
#endif

/* Eight 32-bit words at a time, summed into 64-bit lanes, which cannot overflow before 2^32 of them. */
typedef uint64_t Lanes __attribute__ ((vector_size (32)));

static inline __attribute__ ((always_inline)) uint64_t
sum_lanes (const uint8_t *octets, size_t count)
{
    const Lanes low = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    Lanes a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
    for (; count >= 2; count -= 2, octets += 64)
    {
        Lanes first, second;
        memcpy (&first, octets, 32);
        memcpy (&second, octets + 32, 32);
        a += first & low;
        b += first >> 32;
        c += second & low;
        d += second >> 32;
    }
    if (count > 0)
    {
        Lanes last;
        memcpy (&last, octets, 32);
        a += last & low;
        b += last >> 32;
    }
    a += b + c + d;
    return a[0] + a[1] + a[2] + a[3];
}

#ifdef __x86_64__
/* The same with registers of 32 octets, where the processor has them. */
static __attribute__ ((target ("avx2"))) uint64_t
sum_lanes_avx2 (const uint8_t *octets, size_t count)
{
    return sum_lanes (octets, count);
}
#endif

/* COUNT times 32 octets. */
static uint64_t
sum_vectors (const uint8_t *octets, size_t count)
{
#ifdef __x86_64__
    if (count > 4 && CPU_FEATURE_ACTIVE (AVX2))
        return sum_lanes_avx2 (octets, count);
#endif
    return sum_lanes (octets, count);
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
    size_t vectors = size / 32;
    uint64_t total = sum + sum_vectors (octets, vectors);
    octets += vectors * 32;
    size -= vectors * 32;
    for (; size >= 4; size -= 4, octets += 4)
    {
        uint32_t words;
        memcpy (&words, octets, 4);
        total += words;
    }
    if (size >= 2)
    {
        uint16_t word;
        memcpy (&word, octets, 2);
        total += word;
        octets += 2;
        size -= 2;
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
