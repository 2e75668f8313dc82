/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Whole connects on a good network: each way to log in, each kind of key, cookies, wrong groups, fragments, NAT, and the
 * algorithms by which both sides must come to the same keys.
 */

#include "session/fixture.h"

/* ---- PSK ---- */

/*
 *     HDR, SAi1, KEi, Ni, N...  -->
 *                               <--  HDR, SAr1, KEr, Nr, N...
 *     HDR, SK {IDi, IDr, AUTH, N(INITIAL_CONTACT), CP, SAi2, TSi, TSr}  -->
 *                               <--  HDR, SK {IDr, AUTH, CP, SAr2, TSi, TSr}
 */
static void
test_psk (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    network_run (network, 5 * IKE_SECOND);
    network_assert_story (network, "established up:1");
    g_assert_cmpstr (responder_get_transcript (network->gateway), ==,
                     "--> IKE_SA_INIT 0 {SA, KE, Nonce, N(NAT_DETECTION_SOURCE_IP), "
                     "N(NAT_DETECTION_DESTINATION_IP), N(FRAGMENTATION_SUPPORTED), "
                     "N(SIGNATURE_HASH_ALGORITHMS)}\n"
                     "<-- IKE_SA_INIT answer 0 {SA, KE, Nonce, N(NAT_DETECTION_SOURCE_IP), "
                     "N(NAT_DETECTION_DESTINATION_IP), N(SIGNATURE_HASH_ALGORITHMS)}\n"
                     "--> IKE_AUTH 1 {IDi, IDr, AUTH, N(INITIAL_CONTACT), CP, SA, TSi, TSr}\n"
                     "<-- IKE_AUTH answer 1 {IDr, AUTH, CP, SA, TSi, TSr}\n");
    g_assert_cmpuint (network->port, ==, IKE_PORT);
}

/* RFC 7296 2.4: whose credentials are used in several places does not say that this is the only one. */
static void
test_without_initial_contact (void)
{
    static const struct
    {
        IkeLogin login;
        const char *first;
    } rows[] = {
        { IKE_LOGIN_PSK, "--> IKE_AUTH 1 {IDi, IDr, AUTH, CP, SA, TSi, TSr}\n" },
        { IKE_LOGIN_EAP, "--> IKE_AUTH 1 {IDi, IDr, CP, SA, TSi, TSr}\n" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        IkeSessionConfig *config = fixture_config (rows[i].login);
        config->initial_contact = false;
        g_autoptr (Network) network = fixture_network (rows[i].login, config, NULL);
        network_start (network);
        network_run_until_settled (network);
        network_assert_established (network);
        const char *all = responder_get_transcript (network->gateway);
        g_assert_nonnull (strstr (all, rows[i].first));
        g_assert_null (strstr (all, "INITIAL_CONTACT"));
    }
}

static void
test_psk_wrong (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network->psk = "another key";
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_LOGIN_REFUSED);
    g_assert_cmpstr (network->stage, ==, "IKE_AUTH");
    g_assert_true (network->refused_unproven);
}

static void
test_psk_missing (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network->psk = NULL;
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_SECRET_NEEDED);
}

/* The key is right, the name is not the one that was asked for. */
static void
test_psk_other_name (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.identity = "other.example.com";
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_NAME_MISMATCH);
    g_assert_nonnull (strstr (network->error->message, "other.example.com"));
    network_run (network, IKE_SECOND);
    g_assert_true (responder_is_gone (network->gateway)); /* it was told */
}

static void
test_psk_any_name (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.identity = "other.example.com";
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->insist_on_gateway_identity = config->send_gateway_identity = false;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    g_assert_cmpstr (network->gateway_identity, ==, "other.example.com");
    network_assert_children (network, 1);
}

/* ---- certificates ---- */

typedef struct
{
    const char *name;
    const char *gateway_key;
    const char *client_key;
    bool old_auth;
    CertsRsaPadding padding;
} CertificateCase;

static const CertificateCase certificate_cases[] = {
    { "rsa-pss", "rsa2048", "rsa2048", false, CERTS_RSA_PSS },
    { "rsa-pkcs1", "rsa2048", "rsa2048", false, CERTS_RSA_PKCS1 },
    { "rsa-old", "rsa2048", "rsa2048", true, CERTS_RSA_PKCS1 },
    { "ecdsa-256", "ecp256", "ecp256", false, CERTS_RSA_PSS },
    { "ecdsa-384", "ecp384", "ecp384", false, CERTS_RSA_PSS },
    { "ecdsa-521", "ecp521", "ecp521", false, CERTS_RSA_PSS },
    { "ecdsa-256-old", "ecp256", "ecp256", true, CERTS_RSA_PSS },
    { "ecdsa-384-old", "ecp384", "ecp384", true, CERTS_RSA_PSS },
    { "ed25519", "ed25519", "ed25519", false, CERTS_RSA_PSS },
    { "ed448", "ed448", "ed448", false, CERTS_RSA_PSS },
    { "mixed", "rsa2048", "ed25519", false, CERTS_RSA_PSS },
};

/*
 *     HDR, SK {IDi, CERT, CERTREQ, IDr, AUTH, N(INITIAL_CONTACT), CP, SAi2, TSi, TSr}  -->
 *                               <--  HDR, SK {IDr, CERT, AUTH, CP, SAr2, TSi, TSr}
 */
static void
test_certificate (gconstpointer data)
{
    const CertificateCase *row = data;
    g_autoptr (PkiEntity) server =
        fixture_issue (row->gateway_key, "vpn.example.com", "serverAuth");
    g_autoptr (PkiEntity) own = fixture_issue (row->client_key, "alice@example.com", NULL);
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_CERTIFICATE);
    gateway.entity = server;
    gateway.old_auth = row->old_auth;
    gateway.padding = row->padding;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_CERTIFICATE);
    g_ptr_array_remove_index (config->certificates, 0);
    g_ptr_array_add (config->certificates, g_bytes_ref (pki_get_certificate (own)));
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_CERTIFICATE, config, &gateway);
    network->own = own;
    network->padding = row->padding;
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

static void
test_certificate_untrusted (void)
{
    g_autoptr (PkiEntity) stranger = pki_issue_root ("Stranger");
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_CERTIFICATE, NULL, NULL);
    g_autoptr (GPtrArray) authorities = g_ptr_array_new ();
    g_ptr_array_add (authorities, pki_get_certificate (stranger));
    certs_trust_free (network->trust);
    network->trust = certs_trust_new (authorities, NULL);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_CA_UNKNOWN);
    g_assert_cmpuint (network->children->len, ==, 0);
    network_run (network, IKE_SECOND);
    g_assert_true (responder_is_gone (network->gateway));
}

/* A good certificate of our CA, but of another host. */
static void
test_certificate_of_another (void)
{
    g_autoptr (PkiEntity) thief = fixture_issue ("ecp256", "thief.example.com", "serverAuth");
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_CERTIFICATE);
    gateway.entity = thief;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_CERTIFICATE, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_NAME_MISMATCH);
    g_assert_nonnull (strstr (network->error->message, "thief.example.com"));
}

/* The CAs that we trust are named in CERTREQ, SHA-1 of each one's key. */
static NetworkFate
count_octets (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    if (direction == TO_GATEWAY && index == 1)
        *(guint *)network->decide_data = datagram->len;
    return FATE_ARRIVES;
}

static void
test_certificate_request (void)
{
    guint without = 0, with = 0;
    for (unsigned asked = 0; asked < 2; asked++)
    {
        IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
        g_autoptr (Network) network = NULL;
        if (asked != 0)
        {
            config->authority_hashes =
                g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
            for (unsigned i = 0; i < 16; i++)
                g_ptr_array_add (config->authority_hashes, g_bytes_new_static ("hash", 4));
        }
        network = fixture_network (IKE_LOGIN_EAP, config, NULL);
        network->decide = count_octets;
        network->decide_data = asked != 0 ? &with : &without;
        network_start (network);
        network_run_until_settled (network);
        network_assert_established (network);
        g_assert_cmpuint (
            responder_count_in_transcript (network->gateway, "{IDi, CERTREQ, IDr, N("), ==, asked);
    }
    g_assert_cmpuint (with - without, ==, 4 + 1 + 16 * 4);
}

/* More than a message can hold: said at once, not sent in pieces that do not fit. */
static void
test_too_many_certificates (void)
{
    static uint8_t large[30000];
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_CERTIFICATE);
    for (unsigned i = 0; i < 3; i++)
        g_ptr_array_add (config->certificates, g_bytes_new_static (large, sizeof large));
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_CERTIFICATE, config, NULL);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_INTERNAL);
}

static void
test_long_identity (void)
{
    g_autofree char *name = g_strnfill (IKE_IDENTITY_MAX + 1, 'a');
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    certs_identity_free (config->identity);
    config->identity = certs_identity_new (CERTS_IDENTITY_KEY_ID, name, strlen (name));
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, NULL);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_PROFILE_INVALID);
}

static void
test_no_group (void)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) offer = ike_proposals_default (IKE_PROTOCOL_IKE);
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->ike_proposals = ike_proposals_without_groups (offer);
    g_assert_null (ike_session_new (config, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
}

/* ---- EAP ---- */

/*
 *     HDR, SK {IDi, IDr, N(INITIAL_CONTACT), CP, SAi2, TSi, TSr}  -->
 *                               <--  HDR, SK {IDr, CERT, AUTH, EAP (Identity)}
 *     HDR, SK {EAP (alice)}     -->  <--  HDR, SK {EAP (Challenge)}
 *     HDR, SK {EAP (Response)}  -->  <--  HDR, SK {EAP (S=...)}
 *     HDR, SK {EAP (Success)}   -->  <--  HDR, SK {EAP-Success}
 *     HDR, SK {AUTH}            -->  <--  HDR, SK {AUTH, CP, SAr2, TSi, TSr}
 */
static void
test_eap (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    network_assert_story (network, "established up:1");
    const char *all = responder_get_transcript (network->gateway);
    g_assert_nonnull (
        strstr (all, "--> IKE_AUTH 1 {IDi, IDr, N(INITIAL_CONTACT), CP, SA, TSi, TSr}\n"
                     "<-- IKE_AUTH answer 1 {IDr, CERT, AUTH, EAP}\n"
                     "--> IKE_AUTH 2 {EAP}\n<-- IKE_AUTH answer 2 {EAP}\n"
                     "--> IKE_AUTH 3 {EAP}\n<-- IKE_AUTH answer 3 {EAP}\n"
                     "--> IKE_AUTH 4 {EAP}\n<-- IKE_AUTH answer 4 {EAP}\n"
                     "--> IKE_AUTH 5 {AUTH}\n<-- IKE_AUTH answer 5 {AUTH, CP, SA, TSi, TSr}\n"));
}

static void
test_eap_without_identity (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.eap_identity = false;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

static void
test_eap_after_nak (gconstpointer data)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.eap_first = (uint8_t)GPOINTER_TO_UINT (data);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

static void
test_eap_domain (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.user = "DOMAIN\\alice";
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
    g_free (config->eap_identity);
    config->eap_identity = g_strdup ("DOMAIN\\alice");
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

/* ---- detours of IKE_SA_INIT ---- */

typedef struct
{
    const char *name;
    unsigned cookies;
    uint16_t group;
    bool same_cookie;
    bool connects;
} Detour;

static const Detour detours[] = {
    { "cookie", 1, 0, false, true },
    { "group", 0, 20, false, true },
    { "cookie-and-group", 1, 21, false, true },
    { "modp-group", 1, 14, false, true },
    { "two-cookies", 2, 0, false, true },
    { "five-cookies", 5, 0, false, true },
    { "endless-cookies", 1000, 0, false, false },
    { "group-not-offered", 0, 2, false, false },
    { "group-unknown", 0, 4711, false, false },
};

/*
 *     HDR, SAi1, KEi, Ni  -->             <--  HDR, N(COOKIE)
 *     HDR, N(COOKIE), SAi1, KEi, Ni  -->  <--  HDR, N(INVALID_KE_PAYLOAD)
 *     HDR, N(COOKIE), SAi1, KEi', Ni  --> <--  HDR, SAr1, KEr, Nr
 */
static void
test_detour (gconstpointer data)
{
    const Detour *row = data;
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.cookies = row->cookies;
    gateway.wants_group = row->group;
    gateway.same_cookie = row->same_cookie;
    gint64 begun;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    begun = network->now;
    network_start (network);
    network_run_until_settled (network);
    if (row->connects)
    {
        network_assert_established (network);
        g_assert_cmpint (network->now - begun, <, IKE_SECOND / 2); /* no wait but round trips */
        return;
    }
    network_assert_closed (network,
                           row->cookies > 0 ? OUTRIDER_ERROR_PROTOCOL : OUTRIDER_ERROR_NO_PROPOSAL);
    g_assert_cmpuint (network->sent[TO_GATEWAY], <=,
                      1 + IKE_INIT_RESTARTS_MAX + 1); /* repeated once in doubt */
}

/* ---- fragments ---- */

static void
test_fragments (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.fragment_size = 250;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
    config->fragment_size = 300;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    g_assert_cmpuint (network->sent[TO_GATEWAY], >, 7);
    g_assert_cmpuint (network->sent[TO_CLIENT], >, 8);
}

/* IKE_SA_INIT cannot be cut; all that follows it fits the size. */
static NetworkFate
check_sizes (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    if (direction == TO_GATEWAY && index > 0)
        g_assert_cmpuint (datagram->len, <=, 300);
    return FATE_ARRIVES;
}

static void
test_fragment_sizes (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    gateway.fragment_size = 1000;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
    config->fragment_size = 300;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, config, &gateway);
    network->decide = check_sizes;
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
}

/* A gateway that does not know fragments gets none. */
static void
test_no_fragments (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_EAP);
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_EAP);
    config->fragment_size = 300;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_EAP, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    g_assert_cmpuint (network->sent[TO_GATEWAY], ==, 6);
}

/* ---- NAT ---- */

typedef struct
{
    const char *name;
    bool client_nat, gateway_nat, forced, no_detection;
    bool floats, behind;
} NatCase;

static const NatCase nat_cases[] = {
    { "none", false, false, false, false, false, false },
    { "client", true, false, false, false, true, true },
    { "gateway", false, true, false, false, true, false },
    { "both", true, true, false, false, true, true },
    { "forced", false, false, true, false, true, false },
    { "old-gateway", true, false, false, true, false, false },
};

static void
test_nat (gconstpointer data)
{
    const NatCase *row = data;
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.no_nat_detection = row->no_detection;
    if (row->client_nat)
    {
        g_assert_true (ip_address_parse ("203.0.113.7", &gateway.peer.address));
        gateway.peer.port = 1024;
    }
    if (row->gateway_nat)
        g_assert_true (ip_address_parse ("10.0.0.1", &gateway.own.address));
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->force_encapsulation = row->forced;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    network_assert_story (network,
                          row->floats ? "moved:4500 established up:1" : "established up:1");
    const IkeChildSa *child = network->children->pdata[0];
    g_assert_true (child->encapsulated == row->floats);
    g_assert_true (ike_session_is_behind_nat (network->session) == row->behind);
}

/* The same over IPv6, with a translator and without. */
static void
test_nat_v6 (void)
{
    for (unsigned translated = 0; translated < 2; translated++)
    {
        ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
        IkePath path = network_path ();
        g_assert_true (ip_address_parse ("2001:db8::2", &path.local.address));
        g_assert_true (ip_address_parse ("2001:db8:100::10", &path.gateway.address));
        gateway.own = path.gateway;
        gateway.peer = path.local;
        gateway.peer.address.octets[15] ^= translated;
        g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
        ike_session_start (network->session, &path, network->now);
        network_run_until_settled (network);
        network_assert_established (network);
        g_assert_true (ike_session_is_behind_nat (network->session) == (translated != 0));
    }
}

static void
test_forced_without_support (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.no_nat_detection = true;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    config->force_encapsulation = true;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_PROTOCOL);
}

/* Started on 4500, it stays there and says nothing of moving. */
static void
test_start_on_nat_port (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.peer.port = 1024;
    gateway.own.port = 4500;
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    IkePath path = network_path ();
    path.gateway.port = 4500;
    ike_session_start (network->session, &path, network->now);
    network_pull (network);
    network_run_until_settled (network);
    network_assert_story (network, "established up:1");
    g_assert_true (((const IkeChildSa *)network->children->pdata[0])->encapsulated);
}

/* ---- algorithms ---- */

typedef struct
{
    const char *ike;
    const char *esp;
    const char *chosen;
} AlgorithmCase;

static const AlgorithmCase algorithm_cases[] = {
    { "aes128-sha256-modp2048", "aes128-sha256", "aes128-sha256-prfsha256-modp2048" },
    { "aes256-sha512-modp3072", "aes256-sha512", "aes256-sha512-prfsha512-modp3072" },
    { "aes192-sha384-ecp384", "aes192-sha384", "aes192-sha384-prfsha384-ecp384" },
    { "aes128ctr-sha256-ecp256", "aes128ctr-sha256", "aes128ctr-sha256-prfsha256-ecp256" },
    { "aes128gcm16-prfsha256-curve25519", "aes128gcm16", "aes128gcm16-prfsha256-curve25519" },
    { "aes256gcm8-prfsha384-ecp521", "aes256gcm8", "aes256gcm8-prfsha384-ecp521" },
    { "aes256ccm16-prfsha256-ecp256bp", "aes256ccm12", "aes256ccm16-prfsha256-ecp256bp" },
    { "chacha20poly1305-prfsha512-curve448", "chacha20poly1305",
      "chacha20poly1305-prfsha512-curve448" },
    { "aes128-aesxcbc-modp2048", "aes128-aesxcbc", "aes128-aesxcbc-prfaesxcbc-modp2048" },
    { "aes128-aescmac-prfaescmac-ecp256", "aes128-aescmac", "aes128-aescmac-prfaescmac-ecp256" },
    { "3des-sha1-modp1024", "3des-sha1", "3des-sha1-prfsha1-modp1024" },
};

static void
test_algorithms (gconstpointer data)
{
    const AlgorithmCase *row = data;
    g_autoptr (GError) error = NULL;
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.ike = row->ike;
    gateway.esp = row->esp;
    IkeSessionConfig *config = fixture_config (IKE_LOGIN_PSK);
    g_clear_pointer (&config->ike_proposals, g_ptr_array_unref);
    g_clear_pointer (&config->esp_proposals, g_ptr_array_unref);
    config->ike_proposals = ike_proposals_parse (IKE_PROTOCOL_IKE, row->ike, &error);
    g_assert_no_error (error);
    config->esp_proposals = ike_proposals_parse (IKE_PROTOCOL_ESP, row->esp, &error);
    g_assert_no_error (error);
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, config, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    g_assert_cmpstr (network->proposal, ==, row->chosen);
    g_autofree char *esp = ike_child_sa_format_proposal (network->children->pdata[0]);
    g_autofree char *expected = g_strconcat (row->esp, "-esn", NULL);
    g_assert_cmpstr (esp, ==, expected);
}

static void
test_no_common_proposal (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.ike = "3des-sha1-modp1024";
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network_start (network);
    network_run_until_settled (network);
    network_assert_closed (network, OUTRIDER_ERROR_NO_PROPOSAL);
    g_assert_cmpstr (network->stage, ==, "IKE_SA_INIT");
    g_assert_nonnull (strstr (network->error->message, "aes256gcm16"));
}

static void
test_no_common_esp_proposal (void)
{
    ResponderConfig gateway = fixture_responder (IKE_LOGIN_PSK);
    gateway.esp = "3des-sha1";
    g_autoptr (Network) network = fixture_network (IKE_LOGIN_PSK, NULL, &gateway);
    network_start (network);
    network_run_until_closed (network);
    network_assert_closed (network, OUTRIDER_ERROR_NO_PROPOSAL);
    network_assert_story (network, "closed");
    g_assert_true (responder_is_gone (network->gateway)); /* the IKE SA was deleted */
}

/* Some gateways refuse the child's offer with a notify alone, without a proof: it is still not the IKE offer. */
static void
refuse_in_auth (ResponderMessage *message, const void *data)
{
    if (message->step == *(const ResponderStep *)data)
        responder_message_replace_by_notify (message, NOTIFY_NO_PROPOSAL_CHOSEN, (ByteView){ 0 });
}

static void
test_esp_proposal_refused_alone (void)
{
    static const struct
    {
        IkeLogin login;
        ResponderStep step;
    } rows[] = { { IKE_LOGIN_PSK, STEP_AUTH }, { IKE_LOGIN_EAP, STEP_AUTH_LAST } };
    for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
        ResponderConfig gateway = fixture_responder (rows[i].login);
        gateway.lie = refuse_in_auth;
        gateway.lie_data = &rows[i].step;
        g_autoptr (Network) network = fixture_network (rows[i].login, NULL, &gateway);
        network_start (network);
        network_run_until_closed (network);
        network_assert_closed (network, OUTRIDER_ERROR_NO_PROPOSAL);
        g_assert_cmpstr (network->stage, ==, "IKE_AUTH");
        g_assert_nonnull (strstr (network->error->message, "ESP"));
        g_assert_null (strstr (network->error->message, "prfsha256"));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    fixture_begin ();
    g_test_add_func ("/connect/psk", test_psk);
    g_test_add_func ("/connect/without-initial-contact", test_without_initial_contact);
    g_test_add_func ("/connect/psk/wrong", test_psk_wrong);
    g_test_add_func ("/connect/psk/missing", test_psk_missing);
    g_test_add_func ("/connect/psk/other-name", test_psk_other_name);
    g_test_add_func ("/connect/psk/any-name", test_psk_any_name);
    FIXTURE_ADD_TABLE ("/connect/certificate", certificate_cases, test_certificate);
    g_test_add_func ("/connect/certificate/untrusted", test_certificate_untrusted);
    g_test_add_func ("/connect/certificate/of-another", test_certificate_of_another);
    g_test_add_func ("/connect/certificate/request", test_certificate_request);
    g_test_add_func ("/connect/certificate/too-many", test_too_many_certificates);
    g_test_add_func ("/connect/long-identity", test_long_identity);
    g_test_add_func ("/connect/no-group", test_no_group);
    g_test_add_func ("/connect/eap", test_eap);
    g_test_add_func ("/connect/eap/without-identity", test_eap_without_identity);
    g_test_add_data_func ("/connect/eap/after-nak", GUINT_TO_POINTER (6), test_eap_after_nak);
    g_test_add_data_func ("/connect/eap/after-expanded-nak", GUINT_TO_POINTER (254),
                          test_eap_after_nak);
    g_test_add_func ("/connect/eap/domain", test_eap_domain);
    FIXTURE_ADD_TABLE ("/connect/detour", detours, test_detour);
    g_test_add_func ("/connect/fragments", test_fragments);
    g_test_add_func ("/connect/fragments/sizes", test_fragment_sizes);
    g_test_add_func ("/connect/fragments/none", test_no_fragments);
    FIXTURE_ADD_TABLE ("/connect/nat", nat_cases, test_nat);
    g_test_add_func ("/connect/nat/ipv6", test_nat_v6);
    g_test_add_func ("/connect/nat/forced-without-support", test_forced_without_support);
    g_test_add_func ("/connect/nat/start-on-4500", test_start_on_nat_port);
    FIXTURE_ADD_TABLE ("/connect/algorithms", algorithm_cases, test_algorithms);
    g_test_add_func ("/connect/algorithms/none-common", test_no_common_proposal);
    g_test_add_func ("/connect/algorithms/none-common-esp", test_no_common_esp_proposal);
    g_test_add_func ("/connect/algorithms/esp-refused-alone", test_esp_proposal_refused_alone);
    int result = g_test_run ();
    fixture_end ();
    return result;
}
