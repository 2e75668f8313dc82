/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/path-mtu.h"

/* Between looks at whether what is proven still holds, and between searches for more (RFC 8899 5.1.1). */
#define CONFIRM_AFTER ((gint64)60 * G_USEC_PER_SEC)
#define RAISE_AFTER ((gint64)600 * G_USEC_PER_SEC)

/* The first search is looked at again soon: on a busy path an answer may just have been late. */
#define DOUBT_AFTER ((gint64)30 * G_USEC_PER_SEC)

/* What links and tunnels on the way are wont to carry: PPPoE, GRE, other VPNs, mobile networks; jumbo frames. */
static const unsigned common[] = { 1300, 1320, 1340, 1360, 1380, 1400, 1420, 1438, 1454,
                                   1460, 1472, 1480, 1492, 1500, 1600, 2000, 4000, 8000 };

/* The middle one of the common sizes that are not settled; 0: there is none. */
static unsigned
find_candidate (const PathMtu *self)
{
    unsigned first = 0, count = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS (common); i++)
        if (common[i] > self->tried && common[i] < self->failed)
        {
            first = count == 0 ? i : first;
            count++;
        }
    return count > 0 ? common[first + count / 2] : 0;
}

static unsigned
next_size (const PathMtu *self)
{
    if (self->tried < self->most && self->failed > self->most)
        return self->most; /* mostly it just works */
    unsigned candidate = find_candidate (self);
    return candidate != 0 ? candidate : self->proven;
}

bool
path_mtu_is_settled (const PathMtu *self)
{
    return next_size (self) == self->proven;
}

static void
plan_next (PathMtu *self, gint64 now)
{
    self->trying = 0;
    self->due = now;
    if (path_mtu_is_settled (self))
        self->due += CONFIRM_AFTER;
    if (path_mtu_is_settled (self) && self->proven < self->most)
        self->due = CLAMP (self->raise_at, now, self->due);
}

static void
begin_search (PathMtu *self, gint64 again_after, gint64 now)
{
    self->tried = self->proven;
    self->failed = self->most + 1;
    self->raise_at = now + again_after;
    plan_next (self, now);
}

void
path_mtu_init (PathMtu *self, unsigned most, gint64 now)
{
    *self = (PathMtu){ .proven = MIN (PATH_MTU_BASE, most), .most = most };
    begin_search (self, DOUBT_AFTER, now);
}

void
path_mtu_set_most (PathMtu *self, unsigned most, gint64 now)
{
    if (most == self->most)
        return;
    self->most = most;
    self->proven = MIN (self->proven, most);
    begin_search (self, DOUBT_AFTER, now);
}

gint64
path_mtu_get_deadline (const PathMtu *self)
{
    return self->trying != 0 ? G_MAXINT64 : self->due;
}

unsigned
path_mtu_begin (PathMtu *self, gint64 now)
{
    if (now >= self->raise_at && self->proven < self->most)
        begin_search (self, RAISE_AFTER, now);
    self->trying = next_size (self);
    return self->trying;
}

void
path_mtu_postpone (PathMtu *self, gint64 when)
{
    self->trying = 0;
    self->due = when;
}

void
path_mtu_take_answer (PathMtu *self, unsigned size, gint64 now)
{
    if (self->trying == 0)
        return; /* of a search that was given up meanwhile */
    self->tried = MAX (self->tried, self->trying);
    self->proven = MAX (self->proven, MIN (size, self->most));
    plan_next (self, now);
}

void
path_mtu_take_loss (PathMtu *self, gint64 now)
{
    if (self->trying == 0)
        return;
    self->failed = self->trying;
    if (self->trying <= self->proven)
    {
        self->proven = MIN (PATH_MTU_BASE, self->most);
        self->tried = self->proven;
    }
    plan_next (self, now);
}
