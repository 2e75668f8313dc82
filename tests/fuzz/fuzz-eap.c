/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The EAP peer against any sequence of packets, each behind two octets of length; random numbers and the password are
 * always the same, so that the corpus can hold a login that succeeds. Success must never come before a method's end.
 */

#include "eap/peer.h"
#include "fuzz/fuzz.h"

static void
fill (void *data, uint8_t *ret_octets, size_t size)
{
    memset (ret_octets, 0x42, size);
}

/* Whether the packet that was just answered lets a success be believed: MSCHAPv2's own, answered. */
static bool
is_proof (ByteView packet, EapPeerResult result)
{
    return result == EAP_PEER_RESPOND && packet.size > 6 && packet.data[0] == 1 &&
           packet.data[4] == EAP_TYPE_MSCHAPV2 && packet.data[5] == 3;
}

static bool
check_response (GBytes *response, ByteView packet)
{
    ByteReader reader = byte_reader (byte_view_of_bytes (response));
    FUZZ_MUST (byte_reader_u8 (&reader) == 2);
    FUZZ_MUST (byte_reader_u8 (&reader) == packet.data[1]);
    FUZZ_MUST (byte_reader_u16 (&reader) == g_bytes_get_size (response));
    return byte_reader_ok (&reader);
}

static void
converse (ByteReader *input, EapPeer *peer)
{
    bool proven = false;
    while (byte_reader_left (input) > 2)
    {
        g_autoptr (GBytes) response = NULL;
        g_autoptr (GError) error = NULL;
        size_t size = byte_reader_u16 (input);
        ByteView packet = byte_reader_take (input, MIN (size, byte_reader_left (input)));
        EapPeerResult result = eap_peer_receive (peer, packet, &response, &error);
        if (result == EAP_PEER_ASK_PASSWORD)
        {
            g_autoptr (SecretBytes) password = secret_bytes_new (byte_view_of_string ("clouds"));
            result = eap_peer_answer (peer, password, &response, &error);
            FUZZ_MUST (result != EAP_PEER_ASK_PASSWORD);
        }
        FUZZ_MUST ((result == EAP_PEER_FAILED) == (error != NULL));
        FUZZ_MUST ((result == EAP_PEER_RESPOND) == (response != NULL));
        proven = proven || is_proof (packet, result);
        if (response != NULL)
            check_response (response, packet);
        if (result == EAP_PEER_SUCCEEDED)
            FUZZ_MUST (proven && eap_peer_get_msk (peer) != NULL);
        if (result != EAP_PEER_RESPOND)
            return;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const uint8_t methods[] = { EAP_TYPE_MSCHAPV2 };
    static const RandomSource random = { fill, NULL };
    ByteReader input = byte_reader (byte_view (data, size));
    g_autoptr (EapPeer) peer =
        eap_peer_new ("DOMAIN\\alice", methods, G_N_ELEMENTS (methods), &random);
    converse (&input, peer);
    g_autoptr (GError) error = NULL;
    eap_peer_explain_failure (peer, &error);
    FUZZ_MUST (error != NULL);
    return 0;
}
