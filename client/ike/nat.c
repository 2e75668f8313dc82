/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/nat.h"

#include "crypto/prf.h"

GBytes *
nat_hash (uint64_t initiator_spi, uint64_t responder_spi, const IpEndpoint *endpoint,
          GError **error)
{
    uint64_t spis[] = { GUINT64_TO_BE (initiator_spi), GUINT64_TO_BE (responder_spi) };
    uint16_t port = GUINT16_TO_BE (endpoint->port);
    ByteView parts[] = { byte_view (spis, sizeof spis), ip_address_view (&endpoint->address),
                         byte_view (&port, sizeof port) };
    return digest_compute ("SHA1", parts, G_N_ELEMENTS (parts), error);
}

bool
nat_write_notifies (IkeChain *chain, uint64_t initiator_spi, uint64_t responder_spi,
                    const IkePath *path, ByteView source_noise, GError **error)
{
    g_autoptr (GBytes) source = nat_hash (initiator_spi, responder_spi, &path->local, error);
    g_autoptr (GBytes) destination =
        source != NULL ? nat_hash (initiator_spi, responder_spi, &path->gateway, error) : NULL;
    if (destination == NULL)
        return false;
    ike_notify_write (chain, NOTIFY_NAT_DETECTION_SOURCE_IP,
                      source_noise.size > 0 ? source_noise : byte_view_of_bytes (source));
    ike_notify_write (chain, NOTIFY_NAT_DETECTION_DESTINATION_IP, byte_view_of_bytes (destination));
    return true;
}

bool
nat_read_notifies (const IkePayloads *payloads, uint64_t initiator_spi, uint64_t responder_spi,
                   const IkePath *path, NatFinding *ret_finding, GError **error)
{
    g_autoptr (GBytes) ours = nat_hash (initiator_spi, responder_spi, &path->local, error);
    g_autoptr (GBytes) theirs =
        ours != NULL ? nat_hash (initiator_spi, responder_spi, &path->gateway, error) : NULL;
    if (theirs == NULL)
        return false;

    bool source_seen = false, source_fits = false, destination_seen = false,
         destination_fits = false;
    unsigned position = 0, looked_at = 0;
    IkeNotify notify;
    while (looked_at < IKE_NAT_HASHES_MAX && ike_notify_next (payloads, &position, &notify))
    {
        if (notify.type == NOTIFY_NAT_DETECTION_SOURCE_IP)
        {
            source_seen = true;
            source_fits |= byte_view_equal (notify.data, byte_view_of_bytes (theirs));
            looked_at++;
        }
        else if (notify.type == NOTIFY_NAT_DETECTION_DESTINATION_IP)
        {
            destination_seen = true;
            destination_fits |= byte_view_equal (notify.data, byte_view_of_bytes (ours));
            looked_at++;
        }
    }
    *ret_finding = (NatFinding){
        .supported = source_seen && destination_seen,
        .local = destination_seen && !destination_fits,
        .gateway = source_seen && !source_fits,
    };
    return true;
}
