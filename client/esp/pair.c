/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "esp/pair.h"

EspPair *
esp_pair_new (const EspKeys *keys, GError **error)
{
    g_autoptr (Cipher) seal =
        cipher_new (keys->encryption, keys->integrity, keys->encryption_key_out,
                    keys->integrity_key_out, CIPHER_SEAL, error);
    if (seal == NULL)
        return NULL;
    g_autoptr (Cipher) open =
        cipher_new (keys->encryption, keys->integrity, keys->encryption_key_in,
                    keys->integrity_key_in, CIPHER_OPEN, error);
    if (open == NULL)
        return NULL;

    EspPair *self = g_new0 (EspPair, 1);
    self->spi_in = keys->spi_in;
    self->outbound =
        esp_outbound_new (keys->spi_out, g_steal_pointer (&seal), keys->encryption, keys->esn);
    self->inbound = esp_inbound_new (keys->spi_in, g_steal_pointer (&open), keys->encryption,
                                     keys->esn, keys->replay_window);
    return self;
}

void
esp_pair_free (EspPair *self)
{
    if (self == NULL)
        return;
    esp_outbound_free (self->outbound);
    esp_inbound_free (self->inbound);
    g_free (self);
}

bool
esp_pair_use_vectors (EspPair *self)
{
    return esp_outbound_use_vectors (self->outbound) && esp_inbound_use_vectors (self->inbound);
}

unsigned
esp_get_inner_mtu (const Algorithm *encryption, const Algorithm *integrity, bool encapsulated,
                   IpFamily outer, unsigned outer_mtu)
{
    unsigned ip_header = outer == IP_V6 ? 40 : 20;
    unsigned icv = integrity != NULL ? integrity->icv_size : encryption->icv_size;
    unsigned around =
        ip_header + (encapsulated ? 8 : 0) + ESP_HEADER_SIZE + encryption->iv_size + icv;
    unsigned alignment = MAX (4, encryption->block_size);
    if (outer_mtu <= around + alignment)
        return 0;
    /* Pad length and next header stand in the last block. */
    return (outer_mtu - around) / alignment * alignment - 2;
}
