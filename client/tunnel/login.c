/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/login.h"

#include "bytes/writer.h"
#include "eap/method.h"
#include "errors.h"
#include "ike/limits.h"

static bool
has_eap (const Profile *profile)
{
    return profile->method != PROFILE_METHOD_CERTIFICATE && profile->method != PROFILE_METHOD_PSK;
}

/* The methods that a profile allows; EAP alone means all of ours. */
static void
set_eap_methods (IkeSessionConfig *config, ProfileMethod method)
{
    static const struct
    {
        ProfileMethod method;
        EapType type;
    } types[] = {
        { PROFILE_METHOD_EAP_MSCHAPV2, EAP_TYPE_MSCHAPV2 },
        { PROFILE_METHOD_EAP_TLS, EAP_TYPE_TLS },
        { PROFILE_METHOD_EAP_TTLS, EAP_TYPE_TTLS },
        { PROFILE_METHOD_EAP_PEAP, EAP_TYPE_PEAP },
        { PROFILE_METHOD_EAP_GTC, EAP_TYPE_GTC },
        { PROFILE_METHOD_EAP_MD5, EAP_TYPE_MD5 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
        if ((method == types[i].method || method == PROFILE_METHOD_EAP) &&
            eap_method_find ((uint8_t)types[i].type) != NULL)
            config->eap_methods[config->n_eap_methods++] = (uint8_t)types[i].type;
}

/* A user's name as IDi: a mailbox or a host name where it looks like one, else a key id, which carries any octets. */
static CertsIdentity *
identity_of_user (const char *user)
{
    bool plain = true;
    for (const char *c = user; *c != '\0'; c++)
        plain = plain && (g_ascii_isalnum (*c) || strchr ("._-@", *c) != NULL);
    CertsIdentity *identity = plain ? certs_identity_parse (user, NULL) : NULL;
    return identity != NULL ? identity
                            : certs_identity_new (CERTS_IDENTITY_KEY_ID, user, strlen (user));
}

static bool
set_identity (IkeSessionConfig *config, const Profile *profile, const Credentials *credentials,
              GError **error)
{
    if (profile->identity != NULL)
        config->identity = certs_identity_parse (profile->identity, error);
    else if (profile->method == PROFILE_METHOD_CERTIFICATE)
        config->identity = certs_bundle_get_default_identity (credentials->bundle);
    else if (profile->user != NULL)
        config->identity = identity_of_user (profile->user);
    else if (profile->method != PROFILE_METHOD_PSK)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                             "the login has no user name");
    if (config->identity == NULL && error != NULL && *error == NULL &&
        profile->method == PROFILE_METHOD_CERTIFICATE)
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                             "the certificate names nobody: the profile needs an identity");
    return config->identity != NULL || profile->method == PROFILE_METHOD_PSK;
}

static bool
set_gateway_identity (IkeSessionConfig *config, const Profile *profile, const char *address,
                      GError **error)
{
    bool named = profile->gateway_identity != NULL;
    config->gateway_identity =
        certs_identity_parse (named ? profile->gateway_identity : address, error);

    /* Not named, it is not sent: a gateway that calls itself otherwise would find no connection for it. */
    config->send_gateway_identity = named;
    config->insist_on_gateway_identity = named;
    return config->gateway_identity != NULL;
}

static bool
is_self_issued (GBytes *certificate)
{
    g_autoptr (CertsDescription) description = certs_describe (certificate, NULL);
    return description != NULL && strcmp (description->subject, description->issuer) == 0;
}

static void
set_certificates (IkeSessionConfig *config, const CertsBundle *bundle)
{
    config->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add (config->certificates, g_bytes_ref (bundle->certificate));
    for (guint i = 0; i < bundle->chain->len; i++)
        if (!is_self_issued (bundle->chain->pdata[i]))
            g_ptr_array_add (config->certificates, g_bytes_ref (bundle->chain->pdata[i]));
}

static bool
set_proposals (IkeSessionConfig *config, const Profile *profile, GError **error)
{
    const char *texts[] = { profile->ike, profile->esp };
    IkeProtocol protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    GPtrArray **targets[] = { &config->ike_proposals, &config->esp_proposals };
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
        if (texts[i] == NULL)
            continue;
        GPtrArray *parsed = ike_proposals_parse (protocols[i], texts[i], error);
        if (parsed == NULL)
            return false;
        if (!ike_proposals_check (parsed, error))
        {
            g_ptr_array_unref (parsed);
            return false;
        }
        *targets[i] = parsed;
    }
    return true;
}

/* A profile that lists its networks asks for those alone: some gateways refuse a wider wish instead of narrowing it. */
static void
set_selectors (IkeSessionConfig *config, const Profile *profile)
{
    if (profile->routes != PROFILE_LIST || profile->route_list->len == 0)
        return;
    g_array_set_size (config->remote, 0);
    for (guint i = 0; i < profile->route_list->len; i++)
    {
        TrafficSelector selector =
            traffic_selector_of_prefix (&g_array_index (profile->route_list, IpPrefix, i));
        g_array_append_val (config->remote, selector);
    }
}

IkeSessionConfig *
login_make_config (const Profile *profile, const Credentials *credentials, const char *address,
                   GError **error)
{
    g_autoptr (IkeSessionConfig) config = ike_session_config_new ();
    config->login = has_eap (profile)                               ? IKE_LOGIN_EAP
                    : profile->method == PROFILE_METHOD_CERTIFICATE ? IKE_LOGIN_CERTIFICATE
                                                                    : IKE_LOGIN_PSK;
    if (config->login == IKE_LOGIN_CERTIFICATE && credentials->bundle == NULL)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                             "the login by certificate has no certificate");
        return NULL;
    }
    if (!set_identity (config, profile, credentials, error) ||
        !set_gateway_identity (config, profile, address, error) ||
        !set_proposals (config, profile, error))
        return NULL;
    config->eap_identity = g_strdup (profile->user);
    if (config->login == IKE_LOGIN_EAP)
        set_eap_methods (config, profile->method);
    if (config->login == IKE_LOGIN_CERTIFICATE)
        set_certificates (config, credentials->bundle);
    config->authority_hashes = certs_hash_authority_keys (credentials->authorities);
    set_selectors (config, profile);
    config->initial_contact = profile->initial_contact;
    config->dpd_delay = profile->dpd_delay * IKE_SECOND;
    config->rekey_ike = profile->rekey_ike * IKE_SECOND;
    config->rekey_child = profile->rekey_child * IKE_SECOND;
    return g_steal_pointer (&config);
}

CertsTrust *
login_make_trust (const Credentials *credentials, GError **error)
{
    return credentials->authorities != NULL ? certs_trust_new (credentials->authorities, error)
                                            : certs_trust_new_system ();
}

bool
login_sign (const Credentials *credentials, const SecretBytes *octets, const GArray *hashes,
            CertsRsaPadding padding, uint8_t *ret_method, GBytes **ret_data, GError **error)
{
    const CertsKey *key = credentials->bundle->key;
    CertsScheme scheme;
    if (!certs_scheme_choose (key, (const uint16_t *)hashes->data, hashes->len, padding, &scheme,
                              error))
        return false;
    ByteView covered = secret_bytes_view (octets);
    g_autoptr (GBytes) signature =
        certs_signature_sign (key, scheme, covered.data, covered.size, error);
    if (signature == NULL)
        return false;

    /* RFC 7427 3: the identifier's length, the identifier, the signature. */
    g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier (scheme);
    g_auto (ByteWriter) writer = BYTE_WRITER (8192);
    if (identifier != NULL)
    {
        byte_writer_u8 (&writer, (uint8_t)g_bytes_get_size (identifier));
        byte_writer_bytes (&writer, byte_view_of_bytes (identifier));
    }
    byte_writer_bytes (&writer, byte_view_of_bytes (signature));
    *ret_method = certs_scheme_get_method (scheme);
    *ret_data = byte_writer_finish (&writer);
    return true;
}

bool
login_verify (CertsTrust *trust, const CertsIdentity *wanted, const CertsChain *chain,
              const CertsIdentity *claimed, GError **error)
{
    gint64 now = g_get_real_time () / G_USEC_PER_SEC;
    if (!certs_trust_verify (trust, chain, now, CERTS_PURPOSE_GATEWAY, error))
        return false;

    /* No certificate holds a key id: the CA that the profile names vouches for who may claim it. */
    if (wanted->type == CERTS_IDENTITY_KEY_ID && !certs_trust_is_system (trust) &&
        certs_identity_equal (wanted, claimed))
        return true;
    return certs_identity_matches (wanted, chain, error);
}

void
login_explain_refusal (const Profile *profile, const Credentials *credentials, GError *error)
{
    if (!g_error_matches (error, OUTRIDER_ERROR, OUTRIDER_ERROR_LOGIN_REFUSED) ||
        profile->method != PROFILE_METHOD_CERTIFICATE)
        return;
    g_autoptr (GError) fault = NULL;
    g_autoptr (CertsIdentity) identity =
        profile->identity != NULL ? certs_identity_parse (profile->identity, NULL)
                                  : certs_bundle_get_default_identity (credentials->bundle);
    gint64 now = g_get_real_time () / G_USEC_PER_SEC;
    if (identity == NULL || certs_bundle_check (credentials->bundle, identity, now, &fault))
        return;
    g_autofree char *refusal = error->message;
    error->message = g_strdup_printf ("%s; %s", refusal, fault->message);
}
