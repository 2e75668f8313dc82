/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session/fixture.h"

static PkiEntity *root, *gateway, *client;

void
fixture_begin (void)
{
    root = pki_issue_root ("Test Root");
    gateway = fixture_issue ("ecp256", "vpn.example.com", "serverAuth");
    client = fixture_issue ("ecp256", "alice@example.com", NULL);
}

void
fixture_end (void)
{
    g_clear_pointer (&gateway, pki_free);
    g_clear_pointer (&client, pki_free);
    g_clear_pointer (&root, pki_free);
}

PkiEntity *
fixture_issue (const char *key, const char *name, const char *usage)
{
    g_autofree char *subject = g_strdup_printf ("CN=%s", name);
    g_autofree char *names =
        g_strdup_printf ("%s:%s", strchr (name, '@') != NULL ? "email" : "DNS", name);
    PkiRequest request = {
        .subject = subject, .key = key, .names = names, .extended_usage = usage
    };
    return pki_issue (&request, root);
}

const PkiEntity *
fixture_root (void)
{
    return root;
}

const PkiEntity *
fixture_gateway (void)
{
    return gateway;
}

const PkiEntity *
fixture_client (void)
{
    return client;
}

ResponderConfig
fixture_responder (IkeLogin login)
{
    ResponderConfig config = responder_config (login);
    config.entity = gateway;
    return config;
}

IkeSessionConfig *
fixture_config (IkeLogin login)
{
    IkeSessionConfig *config = network_config (login);
    if (login == IKE_LOGIN_CERTIFICATE)
    {
        config->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
        g_ptr_array_add (config->certificates, g_bytes_ref (pki_get_certificate (client)));
    }
    return config;
}

Network *
fixture_network (IkeLogin login, IkeSessionConfig *config, const ResponderConfig *responder)
{
    ResponderConfig usual = fixture_responder (login);
    Network *network = network_new (config != NULL ? config : fixture_config (login),
                                    responder != NULL ? responder : &usual);
    network->own = client;
    g_autoptr (GPtrArray) authorities = g_ptr_array_new ();
    g_ptr_array_add (authorities, pki_get_certificate (root));
    network->trust = certs_trust_new (authorities, NULL);
    g_assert_nonnull (network->trust);
    return network;
}

Network *
fixture_connected (IkeLogin login, IkeSessionConfig *config, const ResponderConfig *responder)
{
    Network *network = fixture_network (login, config, responder);
    network_start (network);
    network_run_until_settled (network);
    network_assert_established (network);
    network_run (network, NETWORK_DELAY); /* so that all of both sides' words have arrived */
    return network;
}

void
fixture_add_table (const char *prefix, const void *rows, size_t n_rows, size_t size,
                   GTestDataFunc test)
{
    for (size_t i = 0; i < n_rows; i++)
    {
        const char *row = (const char *)rows + i * size;
        g_autofree char *path = g_strdup_printf ("%s/%s", prefix, *(const char *const *)row);
        g_test_add_data_func (path, row, test);
    }
}
