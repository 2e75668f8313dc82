/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What the pump carries: the SAs, made in the main thread with all that their packets need, and the table that says which
 * of them is for what. A table never changes; a new one takes its place. Of an SA the sending thread uses the outbound
 * half alone and the receiving thread the inbound half, so neither waits for anybody.
 */

#include "dataplane/inner.h"
#include "esp/pair.h"
#include "ike/actions.h"

#include <stdatomic.h>

/* SAs at a time, old ones that drain included. */
#define PUMP_SAS_MAX 64

typedef enum
{
    COUNT_PACKETS,
    COUNT_OCTETS,
    COUNT_REPLAYED,
    COUNT_UNVERIFIED,
    COUNT_SELECTORS,
    COUNT_MALFORMED,
    COUNT_TOO_BIG,
    COUNT_EXHAUSTED,
    COUNT_LOST, /* the kernel did not take it */
    N_COUNTS,
} PumpCount;

/* Written by one thread, read by any. */
typedef struct
{
    _Atomic uint64_t values[N_COUNTS];
} PumpCounts;

static inline void
pump_counts_add (PumpCounts *self, PumpCount count, uint64_t number)
{
    uint64_t before = atomic_load_explicit (&self->values[count], memory_order_relaxed);
    atomic_store_explicit (&self->values[count], before + number, memory_order_relaxed);
}

static inline uint64_t
pump_counts_get (const PumpCounts *self, PumpCount count)
{
    return atomic_load_explicit (&self->values[count], memory_order_relaxed);
}

typedef struct
{
    unsigned references; /* the main thread's business */
    IkeChildSa *child;
    EspPair *esp;
    bool announced;     /* as coming to its end; the main thread's business, too */
    uint8_t apart1[64]; /* the threads write to cache lines of their own */
    PumpCounts sent;
    uint8_t apart2[64];
    PumpCounts received;
    uint8_t apart3[64];
} PumpSa;

PumpSa *pump_sa_new (IkeChildSa *child, unsigned replay_window, GError **error);
PumpSa *pump_sa_ref (PumpSa *self);
void pump_sa_unref (PumpSa *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PumpSa, pump_sa_unref)

typedef struct
{
    unsigned mtu; /* of inner packets; 0: no limit */
    unsigned outbound_count;
    unsigned inbound_count;
    PumpSa *outbound[PUMP_SAS_MAX]; /* one a child, by number */
    PumpSa *inbound[PUMP_SAS_MAX];
} PumpTable;

PumpTable *pump_table_new (void);
void pump_table_free (PumpTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PumpTable, pump_table_free)
PumpTable *pump_table_copy (const PumpTable *self);

/*
 * SA is heard from now on; it also sends, unless another SA of the same child does: then that one sends until
 * pump_table_switch (). False: the table is full, or this SA is there already.
 */
bool pump_table_add (PumpTable *self, PumpSa *sa);

/* The SA with this inbound SPI sends for its child from now on. False: there is none. */
bool pump_table_switch (PumpTable *self, uint32_t spi_in);

/* The SA with this inbound SPI is gone both ways. False: there was none. */
bool pump_table_remove (PumpTable *self, uint32_t spi_in);

/* The first child, by number, whose selectors take the packet. */
PumpSa *pump_table_find_outbound (const PumpTable *self, const InnerPacket *packet);
PumpSa *pump_table_find_inbound (const PumpTable *self, uint32_t spi);

/* What came out of SA is what its selectors allow. */
bool pump_sa_allows (const PumpSa *self, const InnerPacket *packet);
