/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/table.h"

PumpSa *
pump_sa_new (IkeChildSa *child, unsigned replay_window, GError **error)
{
    EspKeys keys = {
        .spi_in = child->spi_in,
        .spi_out = child->spi_out,
        .encryption = child->encryption,
        .integrity = child->integrity,
        .esn = child->esn,
        .replay_window = replay_window,
        .encryption_key_in = secret_bytes_view (child->encryption_key_in),
        .encryption_key_out = secret_bytes_view (child->encryption_key_out),
        .integrity_key_in = secret_bytes_view (child->integrity_key_in),
        .integrity_key_out = secret_bytes_view (child->integrity_key_out),
    };
    g_autoptr (EspPair) esp = esp_pair_new (&keys, error);
    if (esp == NULL)
        return NULL;
    PumpSa *self = g_new0 (PumpSa, 1);
    self->references = 1;
    self->child = ike_child_sa_ref (child);
    self->esp = g_steal_pointer (&esp);
    return self;
}

PumpSa *
pump_sa_ref (PumpSa *self)
{
    self->references++;
    return self;
}

void
pump_sa_unref (PumpSa *self)
{
    if (self == NULL || --self->references > 0)
        return;
    ike_child_sa_unref (self->child);
    esp_pair_free (self->esp);
    g_free (self);
}

PumpTable *
pump_table_new (void)
{
    return g_new0 (PumpTable, 1);
}

void
pump_table_free (PumpTable *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; i < self->outbound_count; i++)
        pump_sa_unref (self->outbound[i]);
    for (unsigned i = 0; i < self->inbound_count; i++)
        pump_sa_unref (self->inbound[i]);
    g_free (self);
}

PumpTable *
pump_table_copy (const PumpTable *self)
{
    PumpTable *copy = g_memdup2 (self, sizeof *self);
    for (unsigned i = 0; i < copy->outbound_count; i++)
        pump_sa_ref (copy->outbound[i]);
    for (unsigned i = 0; i < copy->inbound_count; i++)
        pump_sa_ref (copy->inbound[i]);
    return copy;
}

bool
pump_table_add (PumpTable *self, PumpSa *sa)
{
    /* The same keys twice would count from the same nonce twice. */
    if (self->inbound_count == PUMP_SAS_MAX ||
        pump_table_find_inbound (self, sa->child->spi_in) != NULL)
        return false;
    self->inbound[self->inbound_count++] = pump_sa_ref (sa);

    unsigned at = 0;
    while (at < self->outbound_count && self->outbound[at]->child->number < sa->child->number)
        at++;
    if (at < self->outbound_count && self->outbound[at]->child->number == sa->child->number)
        return true;
    memmove (&self->outbound[at + 1], &self->outbound[at],
             (self->outbound_count - at) * sizeof self->outbound[0]);
    self->outbound[at] = pump_sa_ref (sa);
    self->outbound_count++;
    return true;
}

bool
pump_table_switch (PumpTable *self, uint32_t spi_in)
{
    PumpSa *sa = pump_table_find_inbound (self, spi_in);
    for (unsigned i = 0; sa != NULL && i < self->outbound_count; i++)
    {
        if (self->outbound[i]->child->number != sa->child->number)
            continue;
        pump_sa_ref (sa);
        pump_sa_unref (self->outbound[i]);
        self->outbound[i] = sa;
        return true;
    }
    return false;
}

static void
take_out (PumpSa **sas, unsigned *count, unsigned at)
{
    pump_sa_unref (sas[at]);
    --*count;
    memmove (&sas[at], &sas[at + 1], (*count - at) * sizeof sas[0]);
}

bool
pump_table_remove (PumpTable *self, uint32_t spi_in)
{
    for (unsigned i = 0; i < self->outbound_count; i++)
        if (self->outbound[i]->esp->spi_in == spi_in)
        {
            take_out (self->outbound, &self->outbound_count, i);
            break;
        }
    for (unsigned i = 0; i < self->inbound_count; i++)
        if (self->inbound[i]->esp->spi_in == spi_in)
        {
            take_out (self->inbound, &self->inbound_count, i);
            return true;
        }
    return false;
}

static bool
any_matches (const GArray *selectors, const IpAddress *address, const InnerPacket *packet,
             uint16_t port)
{
    for (unsigned i = 0; i < selectors->len; i++)
        if (traffic_selector_matches (&g_array_index (selectors, TrafficSelector, i), address,
                                      packet->protocol, packet->has_ports, port))
            return true;
    return false;
}

PumpSa *
pump_table_find_outbound (const PumpTable *self, const InnerPacket *packet)
{
    for (unsigned i = 0; i < self->outbound_count; i++)
    {
        const IkeChildSa *child = self->outbound[i]->child;
        if (any_matches (child->remote, &packet->destination, packet, packet->destination_port) &&
            any_matches (child->local, &packet->source, packet, packet->source_port))
            return self->outbound[i];
    }
    return NULL;
}

PumpSa *
pump_table_find_inbound (const PumpTable *self, uint32_t spi)
{
    for (unsigned i = 0; i < self->inbound_count; i++)
        if (self->inbound[i]->esp->spi_in == spi)
            return self->inbound[i];
    return NULL;
}

bool
pump_sa_allows (const PumpSa *self, const InnerPacket *packet)
{
    const IkeChildSa *child = self->child;
    return any_matches (child->remote, &packet->source, packet, packet->source_port) &&
           any_matches (child->local, &packet->destination, packet, packet->destination_port);
}
