/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * ESP from the wire, under a cipher that the first octet chooses: as it is (1st bit clear), or its inside sealed first, so
 * that what stands behind the integrity check is reached, too; and what is read of the inner packet.
 */

#include "dataplane/inner.h"
#include "esp/packet.h"
#include "fuzz/fuzz.h"

static const struct
{
    const char *encryption;
    const char *integrity;
} suites[] = { { "aes256gcm16", NULL }, { "chacha20poly1305", NULL }, { "aes128ccm12", NULL },
               { "aes128", "sha256" },  { "aes128ctr", "sha512" },    { "3des", "sha1" } };

static Cipher *
make_cipher (unsigned suite, CipherDirection direction, const Algorithm **ret_encryption)
{
    static const uint8_t key[128] = { 7 };
    const Algorithm *encryption =
        algorithm_find_name (TRANSFORM_ENCRYPTION, suites[suite].encryption);
    const Algorithm *integrity =
        suites[suite].integrity != NULL
            ? algorithm_find_name (TRANSFORM_INTEGRITY, suites[suite].integrity)
            : NULL;
    Cipher *cipher =
        cipher_new (encryption, integrity,
                    byte_view (key, (size_t)encryption->key_size + encryption->salt_size),
                    byte_view (key, integrity != NULL ? integrity->key_size : 0), direction, NULL);
    FUZZ_MUST (cipher != NULL);
    *ret_encryption = encryption;
    return cipher;
}

static void
look_at_inner (ByteView inner)
{
    InnerPacket packet;
    if (!inner_packet_parse (inner, &packet))
        return;
    FUZZ_MUST (packet.size <= inner.size && packet.network_size <= packet.size);
    FUZZ_MUST (packet.family == IP_V4 || packet.family == IP_V6);
    FUZZ_MUST (packet.source.family == packet.family);
    FUZZ_MUST (!packet.has_ports || packet.first);
}

static void
open_packet (EspInbound *inbound, const uint8_t *packet, size_t size)
{
    /* Of its own, so that nothing is written behind it unseen. */
    g_autofree uint8_t *octets = g_memdup2 (packet, size);
    ByteView inner;
    uint8_t next;
    if (octets == NULL || esp_inbound_open (inbound, octets, size, &inner, &next) != ESP_OPENED)
        return;
    FUZZ_MUST (inner.size < size);
    look_at_inner (inner);
    memcpy (octets, packet, size);
    FUZZ_MUST (esp_inbound_open (inbound, octets, size, &inner, &next) == ESP_REPLAYED);
}

/* The octets as the plaintext of a packet, trailer and all: header and IV by hand, for no sender would make such. */
static void
open_sealed (EspInbound *inbound, Cipher *seal, ByteView plain)
{
    static const uint8_t header[ESP_HEADER_SIZE] = { 0, 0, 0x10, 0, 0, 0, 0, 1 };
    plain.size -= plain.size % MAX (cipher_get_block_size (seal), (size_t)4);
    size_t size = ESP_HEADER_SIZE + plain.size + cipher_get_overhead (seal);
    g_autofree uint8_t *packet = g_malloc0 (size);
    memcpy (packet, header, sizeof header);
    if (plain.size == 0)
        return;
    if (cipher_seal (seal, byte_view (packet, ESP_HEADER_SIZE), (ByteView){ 0 }, plain,
                     packet + ESP_HEADER_SIZE))
        open_packet (inbound, packet, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    unsigned suite = (data[0] >> 2) % G_N_ELEMENTS (suites);
    bool seal = (data[0] & 1) != 0, esn = !seal && (data[0] & 2) != 0;
    const Algorithm *encryption;
    Cipher *opener = make_cipher (suite, CIPHER_OPEN, &encryption);
    g_autoptr (EspInbound) inbound = esp_inbound_new (0x1000, opener, encryption, esn, 0);
    look_at_inner (byte_view (data + 1, size - 1));
    if (!seal)
    {
        open_packet (inbound, data + 1, size - 1);
        return 0;
    }
    g_autoptr (Cipher) sealer = make_cipher (suite, CIPHER_SEAL, &encryption);
    open_sealed (inbound, sealer, byte_view (data + 1, size - 1));
    return 0;
}
