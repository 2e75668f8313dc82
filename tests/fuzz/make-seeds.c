/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * make-seeds CORPUS: writes the first files of each corpus, one folder a target: what a well-behaved peer would send.
 * Certificates among them are made anew each time, so it is run by hand, when a target is new.
 */

#include "eap/peer.h"
#include "fuzz/peer.h"
#include "ike/payloads.h"
#include "support/eap-server.h"

static const char *corpus;

static void
save (const char *target, const char *name, ByteView content)
{
    g_autoptr (GError) error = NULL;
    g_autofree char *folder = g_build_filename (corpus, target, NULL);
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
    g_file_set_contents (path, (const char *)content.data, (gssize)content.size, &error);
    g_assert_no_error (error);
}

static void
save_text (const char *target, const char *name, const char *text)
{
    save (target, name, byte_view_of_string (text));
}

/* PREFIX and then CONTENT. */
static void
save_behind (const char *target, const char *name, ByteView prefix, ByteView content)
{
    g_auto (ByteWriter) writer = BYTE_WRITER (IKE_MESSAGE_MAX);
    byte_writer_bytes (&writer, prefix);
    byte_writer_bytes (&writer, content);
    save (target, name, byte_writer_view (&writer));
}

/* ---- messages ---- */

static NetworkFate
save_datagram (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    g_autofree char *name = g_strdup_printf ("%s-%s-%u", (const char *)network->decide_data,
                                             direction == TO_GATEWAY ? "client" : "gateway", index);
    save ("message", name, byte_view_of_array (datagram));
    return FATE_ARRIVES;
}

static void
make_messages (void)
{
    Network *network = peer_network (IKE_LOGIN_PSK, NULL, NULL);
    network->decide = save_datagram;
    network->decide_data = "psk";
    network_start (network);
    network_run_until_settled (network);
    peer_finish (network);

    static const uint32_t spis[] = { 0x1234, 0x5678 };
    g_auto (IkeChain) chain = IKE_CHAIN ();
    g_autoptr (CertsIdentity) identity = certs_identity_parse ("alice@example.com", NULL);
    ike_identity_payload_write (&chain, PAYLOAD_IDI, identity);
    ike_certificate_payload_write (&chain, pki_get_certificate (fixture_client ()));
    ike_auth_payload_write (&chain, AUTH_METHOD_PSK, byte_view_of_string ("a proof of sorts"));
    ike_notify_write_spi (&chain, NOTIFY_REKEY_SA, 0x1234);
    ike_delete_write_esp (&chain, spis, G_N_ELEMENTS (spis));
    ike_delete_write_ike (&chain);
    ike_grant_write_request (ike_chain_begin (&chain, PAYLOAD_CP));
    ike_chain_end (&chain);
    IkeHeader header = { .initiator_spi = 1, .responder_spi = 2, .exchange = IKE_AUTH };
    g_autoptr (GBytes) message = ike_message_build (&header, &chain);
    save ("message", "all-sorts", byte_view_of_bytes (message));
}

/* ---- payloads ---- */

static void
make_proposals (void)
{
    static const struct
    {
        const char *name;
        uint8_t mode;
        IkeProtocol protocol;
        uint8_t spi_size;
        const char *text;
    } rows[] = {
        { "ike", 0, IKE_PROTOCOL_IKE, 0, "default" },
        { "ike-answer", 0, IKE_PROTOCOL_IKE, 0, "aes256gcm16-prfsha256-ecp256" },
        { "ike-rekey", 4, IKE_PROTOCOL_IKE, 8, "aes256gcm16-prfsha256-ecp256" },
        { "esp", 1, IKE_PROTOCOL_ESP, 4, "default" },
        { "esp-answer", 1, IKE_PROTOCOL_ESP, 4, "aes256gcm16-ecp256-noesn" },
        { "esp-bare", 2, IKE_PROTOCOL_ESP, 4, "aes256gcm16-esn" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        g_autoptr (GPtrArray) proposals =
            ike_proposals_parse (rows[i].protocol, rows[i].text, NULL);
        g_auto (ByteWriter) writer = BYTE_WRITER (4096);
        ike_proposals_write (proposals, 0x1234567, rows[i].spi_size, &writer);
        save_behind ("proposal", rows[i].name, byte_view (&rows[i].mode, 1),
                     byte_writer_view (&writer));
    }
    save_text ("proposal", "text-ike", "\3aes256-aes128-sha256-modp2048,default");
    save_text ("proposal", "text-esp", "\3aes256gcm16-noesn;chacha20poly1305-ecp256-esn");
}

static void
make_selectors (void)
{
    static const char *const texts[] = { "10.0.0.0/8", "192.0.2.1/32", "fd00::/64", "0.0.0.0/0" };
    g_autoptr (GArray) selectors = g_array_new (false, false, sizeof (TrafficSelector));
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
        IpPrefix prefix;
        g_assert_true (ip_prefix_parse (texts[i], &prefix));
        TrafficSelector selector = traffic_selector_of_prefix (&prefix);
        selector.protocol = i == 1 ? 6 : 0;
        selector.first_port = i == 1 ? 80 : 0;
        g_array_append_val (selectors, selector);
        g_auto (ByteWriter) writer = BYTE_WRITER (4096);
        traffic_selectors_write (selectors, &writer);
        g_autofree char *name = g_strdup_printf ("list-%u", selectors->len);
        save ("selectors", name, byte_writer_view (&writer));
    }
}

static void
add_attribute (ByteWriter *writer, CpAttribute type, ByteView value)
{
    byte_writer_u16 (writer, (uint16_t)type);
    byte_writer_u16 (writer, (uint16_t)value.size);
    byte_writer_bytes (writer, value);
}

static void
make_attributes (void)
{
    static const uint8_t six[17] = { 0xfd, 0, 0, 0x77, [15] = 1, 64 };
    g_auto (ByteWriter) writer = BYTE_WRITER (4096);
    byte_writer_u32 (&writer, (uint32_t)CP_TYPE_REPLY << 24);
    add_attribute (&writer, CP_INTERNAL_IP4_ADDRESS, byte_view ("\12\143\0\2", 4));
    add_attribute (&writer, CP_INTERNAL_IP4_NETMASK, byte_view ("\377\377\377\0", 4));
    add_attribute (&writer, CP_INTERNAL_IP4_DNS, byte_view ("\12\115\0\65", 4));
    save ("attributes", "few", byte_writer_view (&writer));
    add_attribute (&writer, CP_INTERNAL_IP6_ADDRESS, byte_view (six, 17));
    add_attribute (&writer, CP_INTERNAL_IP6_DNS, byte_view (six, 16));
    add_attribute (&writer, CP_INTERNAL_IP6_SUBNET, byte_view (six, 17));
    add_attribute (&writer, CP_INTERNAL_IP4_SUBNET, byte_view ("\12\115\0\0\377\377\0\0", 8));
    add_attribute (&writer, CP_INTERNAL_DNS_DOMAIN, byte_view_of_string ("corp.example.com"));
    add_attribute (&writer, CP_UNITY_DEFAULT_DOMAIN, byte_view_of_string ("example.com."));
    add_attribute (&writer, CP_UNITY_SPLIT_DNS, byte_view_of_string ("a.example b.example,c"));
    add_attribute (&writer, CP_UNITY_BANNER, byte_view_of_string ("Welcome\r\nto \xc3\xa9"));
    add_attribute (&writer, CP_UNITY_SPLIT_INCLUDE,
                   byte_view ("\12\0\0\0\377\0\0\0\0\0\0\0\0\0", 14));
    add_attribute (&writer, (CpAttribute)30000, byte_view_of_string ("unknown"));
    save ("attributes", "all", byte_writer_view (&writer));
}

/* ---- EAP ---- */

static void
fill (void *data, uint8_t *ret_octets, size_t size)
{
    memset (ret_octets, 0x42, size);
}

static void
add_packet (ByteWriter *writer, GBytes *packet)
{
    byte_writer_u16 (writer, (uint16_t)g_bytes_get_size (packet));
    byte_writer_bytes (writer, byte_view_of_bytes (packet));
}

/* What the server says in a whole login, to a client whose random numbers are those of the target. */
static void
make_dialogue (const char *name, const EapServerConfig *config)
{
    static const uint8_t challenge[16] = { 1, 2, 3 };
    static const uint8_t methods[] = { EAP_TYPE_MSCHAPV2 };
    static const RandomSource random = { fill, NULL };
    EapServer *server = eap_server_new (config, challenge);
    g_autoptr (EapPeer) peer = eap_peer_new ("DOMAIN\\alice", methods, 1, &random);
    g_auto (ByteWriter) writer = BYTE_WRITER (4096);
    g_autoptr (GBytes) packet = eap_server_start (server);
    for (EapServerTurn turn = EAP_SERVER_SEND; turn == EAP_SERVER_SEND;)
    {
        g_autoptr (GBytes) response = NULL;
        g_autoptr (GBytes) last = g_steal_pointer (&packet);
        add_packet (&writer, last);
        if (eap_peer_receive (peer, byte_view_of_bytes (last), &response, NULL) ==
            EAP_PEER_ASK_PASSWORD)
        {
            g_autoptr (SecretBytes) password = secret_bytes_new (byte_view_of_string ("clouds"));
            eap_peer_answer (peer, password, &response, NULL);
        }
        turn = eap_server_receive (server, byte_view_of_bytes (response), &packet);
    }
    add_packet (&writer, packet);
    save ("eap", name, byte_writer_view (&writer));
    eap_server_free (server);
}

static void
make_eap (void)
{
    EapServerConfig config = { .user = "DOMAIN\\alice",
                               .password = "clouds",
                               .asks_identity = true };
    make_dialogue ("success", &config);
    config.first_method = EAP_TYPE_TTLS;
    make_dialogue ("nak", &config);
    config.first_method = EAP_TYPE_EXPANDED;
    make_dialogue ("expanded", &config);
    config.first_method = 0;
    config.error = 691;
    make_dialogue ("failure", &config);
}

/* ---- ESP ---- */

static void
make_esp (void)
{
    static const uint8_t packets[][48] = {
        { 0x45, 0,    0,  32, 0, 0,  0x40, 0, 64, 17, 0, 0, 10,        0,
          0,    1,    10, 0,  0, 2, /* UDP */
          0x30, 0x39, 0,  53, 0, 12, 0,    0, 1,  2,  3, 4, [46] = 14, 4 },
        { 0x60, 0, 0, 0, 0, 0, 59, 64, 0xfd, [23] = 1, 0xfd, [39] = 2, 1, 2, 3, 4, 5, 6, 6, 41 },
        { 0x46, 0, 0,  44, 0,    0,    0x20, 0,  64,       6,
          0,    0, 10, 0,  0,    1,    10,   0,  0,        2, /* options */
          1,    1, 1,  0,  0x30, 0x39, 0,    80, [46] = 0, 4 },
    };
    for (uint8_t suite = 0; suite < 6; suite++)
        for (size_t i = 0; i < G_N_ELEMENTS (packets); i++)
        {
            uint8_t mode = (uint8_t)(suite << 2 | 1);
            g_autofree char *name = g_strdup_printf ("suite%u-packet%zu", suite, i);
            save_behind ("esp", name, byte_view (&mode, 1),
                         byte_view (packets[i], sizeof packets[i]));
        }
    save ("esp", "raw",
          byte_view ("\0\0\0\20\0\0\0\0\1and so on, for long enough to be opened", 48));
}

/* ---- files ---- */

static void
make_profiles (void)
{
    save_text ("profile", "eap",
               "[profile]\nname=Work\n[gateway]\naddress=vpn.example.com;vpn2.example.com\n"
               "identity=vpn.example.com\ntrust=file\nca-file=ca.pem\n[login]\n"
               "method=eap-mschapv2\nuser=alice\n");
    save_text ("profile", "certificate",
               "[gateway]\naddress=192.0.2.1\n[login]\nmethod=certificate\n"
               "certificate-file=a.pem\nkey-file=a.key\n[proposals]\n"
               "ike=aes256gcm16-prfsha384-ecp384\nesp=aes256gcm16\n");
    save_text ("profile", "network",
               "# comment\n[gateway]\naddress=2001:db8::1\n[login]\nmethod=psk\n[network]\n"
               "routes=10.0.0.0/8;fd00::/8\nexclude=10.1.0.0/16\ndns=10.0.0.1\n"
               "domains=corp.example\nplane=userspace\nmtu=1300\n[session]\ndpd-delay=30\n"
               "rekey-ike=4h\nrekey-child=1h\n");
    save_text ("profile", "unknown", "[gateway]\nadress=x\n");
}

static void
make_certificates (void)
{
    static const char *const keys[] = { "rsa2048", "ecp256", "ed25519" };
    for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
        PkiRequest request = { .subject = "C=CH, O=Test, CN=vpn.example.com",
                               .key = keys[i],
                               .names = "DNS:vpn.example.com,IP:192.0.2.1,email:a@example.com",
                               .usage = "digitalSignature",
                               .extended_usage = "serverAuth" };
        g_autoptr (PkiEntity) entity = pki_issue (&request, i > 0 ? fixture_root () : NULL);
        g_autofree char *name = g_strconcat (keys[i], ".der", NULL);
        save ("certificate", name, byte_view_of_bytes (pki_get_certificate (entity)));
        g_autofree char *pem = pki_get_certificate_pem (entity);
        g_autofree char *key =
            pki_get_key_pem (entity, i == 1 ? "AES-256-CBC" : NULL, i == 1 ? "secret" : NULL);
        g_autofree char *both = g_strconcat (pem, key, NULL);
        g_autofree char *pem_name = g_strconcat (keys[i], ".pem", NULL);
        save_text ("certificate", pem_name, both);
        PkiPkcs12 options = { .passphrase = "secret", .old_ciphers = i == 2 };
        g_autoptr (GBytes) file = pki_get_pkcs12 (entity, &options);
        save ("pkcs12", keys[i], byte_view_of_bytes (file));
    }
    for (unsigned scheme = 0; scheme < CERTS_N_SCHEMES; scheme++)
    {
        g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier ((CertsScheme)scheme);
        g_autofree char *name = g_strdup_printf ("scheme-%u", scheme);
        if (identifier != NULL)
            save ("certificate", name, byte_view_of_bytes (identifier));
    }
}

static void
make_identities (void)
{
    static const char *const texts[] = {
        "\2vpn.example.com", "\1\300\0\2\1",     "\3a@example.com",    "\5fd00::1234567890",
        "\tC=CH, O=x, CN=y", "\t/C=CH/O=x/CN=y", "\13keyid:0x0a0b",    "\13@#0a0b",
        "\2fqdn:a.b",        "\2ipv4:192.0.2.1", "\2ipv6:2001:db8::1", "\2dn:CN=a\\,b+O=\"c\""
    };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
        g_autofree char *name = g_strdup_printf ("text-%zu", i);
        save_text ("identity", name, texts[i]);
    }
}

/* ---- behind the keys ---- */

typedef struct
{
    IkeLogin login;
    uint8_t state[N_STEPS][4]; /* of fuzz-sealed.c, by step and round; 0xff: none */
} Sealed;

static void
save_sealed (const ResponderMessage *message, uint8_t state)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    responder_message_add_notify ((ResponderMessage *)message, NOTIFY_INITIAL_CONTACT,
                                  byte_view ("x", 1));
    for (guint i = 0; i < message->payloads->len; i++)
    {
        const MessagePayload *payload = message->payloads->pdata[i];
        ike_chain_add (&chain, payload->type, byte_view_of_array (payload->body));
    }
    for (uint8_t mode = 0; mode < 3; mode++)
    {
        uint8_t prefix[] = { state, mode, message->header.exchange, chain.first };
        g_autofree char *name = g_strdup_printf ("state%u-mode%u", state, mode);
        save_behind ("sealed", name, byte_view (prefix, sizeof prefix),
                     byte_writer_view (&chain.writer));
    }
}

static void
keep_answers (ResponderMessage *message, const void *data)
{
    const Sealed *sealed = data;
    uint8_t state = message->round < 4 ? sealed->state[message->step][message->round] : 0;
    if (state != 0 || message->step == STEP_INIT)
        save_sealed (message, state);
}

static void
make_sealed (void)
{
    Sealed runs[] = {
        { IKE_LOGIN_PSK,
          { [STEP_AUTH] = { 1 },
            [STEP_CHILD_ANSWER] = { 9 },
            [STEP_IKE_ANSWER] = { 10 },
            [STEP_INFO_ANSWER] = { 11, 12 },
            [STEP_CHILD_REQUEST] = { 8 } } },
        { IKE_LOGIN_PSK, { [STEP_IKE_REQUEST] = { 8 + 13 } } },
        { IKE_LOGIN_PSK, { [STEP_INFO_REQUEST] = { 8 + 26 } } },
        { IKE_LOGIN_CERTIFICATE, { [STEP_AUTH] = { 2 } } },
        { IKE_LOGIN_EAP,
          { [STEP_AUTH] = { 3 }, [STEP_EAP] = { 4, 5, 6 }, [STEP_AUTH_LAST] = { 7 } } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (runs); i++)
    {
        Network *network = peer_network (runs[i].login, keep_answers, &runs[i]);
        network_start (network);
        network_run_until_settled (network);
        g_autoptr (GPtrArray) children = responder_get_children (network->gateway);
        responder_rekey_child (network->gateway, ((IkeChildSa *)children->pdata[0])->spi_in, false,
                               network->now);
        network_run (network, IKE_SECOND);
        responder_rekey_ike (network->gateway, network->now);
        network_run (network, IKE_SECOND);
        ike_session_rekey_child (network->session, network->now);
        network_run (network, IKE_SECOND);
        ike_session_rekey_ike (network->session, network->now);
        network_run (network, IKE_SECOND);
        peer_finish (network);
    }
}

static void
make_scripts (void)
{
    /* operation, length, octets: see fuzz-session.c. */
    static const struct
    {
        const char *name;
        const char *octets;
        size_t size;
    } scripts[] = {
#define SCRIPT(name, octets) { name, octets, sizeof octets - 1 }
        SCRIPT ("psk", "\0\1\0\1\10"),
        SCRIPT ("eap", "\1\1\0\1\20"),
        SCRIPT ("certificate", "\2\1\0\1\10"),
        SCRIPT ("rekey-child",
                "\0\1\0\1\10\4\0\2\1\0\1\0\1\10\4\0\2\x81\0\1\0\1\10\5\0\1\0\1\0\1\10"),
        SCRIPT ("rekey-ike", "\0\1\0\1\10\4\0\2\2\0\1\0\1\10\5\0\1\1\1\0\1\10"),
        SCRIPT ("delete-child", "\0\1\0\1\10\4\0\2\3\0\1\0\1\10\4\0\2\3\0\1\0\1\10"),
        SCRIPT ("delete-ike", "\0\1\0\1\10\4\0\2\4\0\1\0\1\10"),
        SCRIPT ("liveness", "\0\1\0\1\10\4\0\2\0\0\2\0\1\100\2\0\1\100"),
        SCRIPT ("weather", "\1\6\0\10\1\2\3\0\1\2\3\0\2\0\1\40"),
        SCRIPT ("lie-ts",
                "\0\0\0\30\1\377\1\55\1\0\0\0\7\0\0\20\0\0\377\377\12\115\0\0\12\115\0\1\1\0\1\10"),
        SCRIPT ("lie-remove", "\0\0\0\4\1\377\0\57\1\0\1\10"),
        SCRIPT ("lie-add", "\0\0\0\14\1\377\2\51\0\0\0\1\1\2\3\4\1\0\1\10"),
        SCRIPT ("lie-critical", "\0\0\0\4\1\377\202\310\1\0\1\10"),
        SCRIPT ("lie-octets", "\0\0\0\7\1\377\3\41\0\6\1\1\0\1\10"),
        SCRIPT ("silent", "\0\0\0\4\1\0\4\0\2\0\1\4"),
        SCRIPT ("other-exchange", "\0\0\0\4\1\0\5\45\2\0\1\4"),
        SCRIPT ("inject-request", "\0\1\0\1\10\3\0\14\0\45\0\52\0\0\0\10\1\0\0\0\1\0\1\10"),
        SCRIPT ("inject-response",
                "\0\1\0\1\10\5\0\1\0\3\0\14\1\44\0\51\0\0\0\10\0\0\0\53\1\0\1\10"),
        SCRIPT ("hold", "\1\5\0\1\4\1\0\1\10\5\0\1\4\1\0\1\10"),
        SCRIPT ("close", "\0\1\0\1\10\5\0\1\2\4\0\2\4\0\1\0\1\10"),
        SCRIPT ("abort", "\0\1\0\1\10\5\0\1\5\1\0\1\10"),
        SCRIPT ("collision", "\0\1\0\1\10\5\0\1\0\4\0\2\1\0\1\0\1\10\5\0\1\1\4\0\2\2\0\1\0\1\10"),
#undef SCRIPT
    };
    for (size_t i = 0; i < G_N_ELEMENTS (scripts); i++)
        save ("session", scripts[i].name, byte_view (scripts[i].octets, scripts[i].size));
}

int
main (int argc, char **argv)
{
    g_assert_cmpint (argc, ==, 2);
    corpus = argv[1];
    make_messages ();
    make_proposals ();
    make_selectors ();
    make_attributes ();
    make_eap ();
    make_esp ();
    make_profiles ();
    make_certificates ();
    make_identities ();
    make_sealed ();
    make_scripts ();
    return 0;
}
