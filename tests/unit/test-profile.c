/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "errors.h"
#include "profile/credentials.h"
#include "profile/keyfile.h"
#include "profile/keys.h"
#include "profile/validate.h"

static Profile *
read_text (const char *text, GError **error)
{
    return profile_from_keyfile (byte_view_of_string (text), "lab.profile", error);
}

static Profile *
read_good (const char *text)
{
    g_autoptr (GError) error = NULL;
    Profile *profile = read_text (text, &error);
    g_assert_no_error (error);
    g_assert_nonnull (profile);
    return profile;
}

static void
assert_refused (const char *text, const char *message)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (Profile) profile = read_text (text, &error);
    g_assert_null (profile);
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
    if (!g_str_has_prefix (error->message, message))
        g_error ("%s\nis refused with\n%s\nnot with\n%s", text, error->message, message);
}

/* ---- what a profile says ---- */

static void
defaults_are_those_of_the_manual (void)
{
    g_autoptr (Profile) profile = read_good ("");
    g_assert_cmpuint (profile->port, ==, 500);
    g_assert_cmpint (profile->trust, ==, PROFILE_TRUST_SYSTEM);
    g_assert_cmpint (profile->method, ==, PROFILE_METHOD_EAP_MSCHAPV2);
    g_assert_cmpint (profile->routes, ==, PROFILE_FROM_GATEWAY);
    g_assert_cmpint (profile->dns, ==, PROFILE_FROM_GATEWAY);
    g_assert_cmpint (profile->plane, ==, PROFILE_PLANE_AUTO);
    g_assert_true (profile->ipv6_guard && profile->mobike && profile->retry);
    g_assert_true (profile->initial_contact);
    g_assert_false (profile->kill_switch || profile->reauth || profile->on_demand);
    g_assert_cmpint (profile->dpd_delay, ==, 30);
    g_assert_cmpint (profile->rekey_ike, ==, 4 * 3600);
    g_assert_cmpint (profile->rekey_child, ==, 3600);
    g_autofree char *text = profile_to_keyfile (profile);
    g_assert_cmpstr (text, ==, "");
}

static void
whole_profile_is_read (void)
{
    g_autoptr (Profile) profile = read_good (
        "\xef\xbb\xbf# a comment\r\n"
        "[profile]\r\nname = Work and more\r\n\r\n"
        "[gateway]\naddress=vpn.example.com; 2001:db8::1 ;192.0.2.1\nidentity=C=CH, CN=vpn\n"
        "trust=file\nca-file=ca.pem\nport=4500\nrevocation=off\n"
        "[login]\nuser=CORP\\alice\nmethod=eap\nidentity=keyid:0x0a0b\n"
        "[proposals]\nike=aes256gcm16-prfsha384-ecp384\nesp=aes256gcm16\n"
        "[network]\nroutes=10.1.2.3/8;2001:db8::/32\nexclude=10.9.0.0/16, 10.8.0.1\n"
        "dns=10.0.0.1;2001:db8::53\ndomains=corp.example;b\xc3\xbc"
        "ro.example\nmtu=1300\n"
        "ipv6-guard=no\ninterface=vpn%d\nplane=userspace\nkill-switch=no\n"
        "[session]\ndpd-delay=5m\nrekey-ike=1d\nrekey-child=90\nretry=false\n"
        "initial-contact=no\nencapsulation=always\n"
        "[login]\ntoken=\ncertificate-file=\n");
    g_assert_cmpstr (profile->name, ==, "Work and more");
    g_assert_cmpuint (g_strv_length (profile->addresses), ==, 3);
    g_assert_cmpstr (profile->addresses[1], ==, "2001:db8::1");
    g_assert_cmpstr (profile->gateway_identity, ==, "C=CH, CN=vpn");
    g_assert_cmpuint (profile->port, ==, 4500);
    g_assert_cmpstr (profile->user, ==, "CORP\\alice");
    g_assert_cmpint (profile->method, ==, PROFILE_METHOD_EAP);
    g_assert_null (profile->certificate_file);
    g_assert_cmpint (profile->routes, ==, PROFILE_LIST);
    g_autofree char *route = ip_prefix_format (&g_array_index (profile->route_list, IpPrefix, 0));
    g_assert_cmpstr (route, ==, "10.0.0.0/8");
    g_assert_cmpuint (profile->exclude->len, ==, 2);
    g_assert_cmpuint (profile->dns_list->len, ==, 2);
    g_assert_cmpstr (profile->domains[1], ==, "xn--bro-hoa.example");
    g_assert_cmpuint (profile->mtu, ==, 1300);
    g_assert_cmpint (profile->dpd_delay, ==, 300);
    g_assert_cmpint (profile->rekey_ike, ==, 86400);
    g_assert_cmpint (profile->rekey_child, ==, 90);
    g_assert_false (profile->retry || profile->initial_contact);
}

/* A value for each key that is not its default; a key without one here fails the test. */
static const struct
{
    const char *section, *key, *value;
} samples[] = {
    { "profile", "name", "Work \xe2\x9c\x93 [x] = y # z" },
    { "gateway", "address", "vpn.example.com;192.0.2.1;2001:db8::1" },
    { "gateway", "port", "4500" },
    { "gateway", "identity", "@#0a0b" },
    { "gateway", "trust", "file" },
    { "gateway", "ca-file", "../ca files/a;b.pem" },
    { "login", "method", "certificate" },
    { "login", "user", "CORP\\alice\\" },
    { "login", "identity", "alice@example.com" },
    { "login", "certificate-file", "c.pem" },
    { "login", "key-file", "k.pem" },
    { "login", "pkcs12-file", "a.p12" },
    { "proposals", "ike", "aes128-sha256-modp3072" },
    { "proposals", "esp", "aes128gcm16,aes256gcm16" },
    { "network", "routes", "10.0.0.0/8;2001:db8::/32" },
    { "network", "exclude", "10.1.0.0/16" },
    { "network", "dns", "10.0.0.1;2001:db8::1" },
    { "network", "domains", "corp.example;lab.example" },
    { "network", "plane", "kernel" },
    { "network", "mtu", "1280" },
    { "network", "replay-window", "1024" },
    { "network", "lan", "no" },
    { "network", "kill-switch", "yes" },
    { "network", "ipv6-guard", "no" },
    { "network", "interface", "vpn%d" },
    { "session", "mobike", "no" },
    { "session", "dpd-delay", "2m" },
    { "session", "rekey-ike", "0" },
    { "session", "rekey-child", "59" },
    { "session", "retry", "no" },
    { "session", "initial-contact", "no" },
    { "session", "encapsulation", "always" },
};

/* Keys that this version takes with their default alone. */
static const struct
{
    const char *section, *key, *value, *refused;
} fixed[] = {
    { "gateway", "revocation", "off", "soft" },  { "gateway", "revocation", "off", "strict" },
    { "login", "token", "", "pkcs11:object=x" }, { "session", "reauth", "no", "yes" },
    { "session", "on-demand", "no", "true" },    { "login", "method", "eap", "eap-tls" },
    { "login", "method", "eap", "eap-ttls" },    { "login", "method", "eap", "eap-peap" },
    { "login", "method", "eap", "eap-gtc" },     { "login", "method", "eap", "eap-md5" },
    { "login", "method", "eap", "psk+eap-gtc" },
};

static bool
is_covered (const ProfileKey *key)
{
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS (samples); i++)
        found = found || (strcmp (samples[i].section, key->section) == 0 &&
                          strcmp (samples[i].key, key->name) == 0);
    for (size_t i = 0; i < G_N_ELEMENTS (fixed); i++)
        found = found || (strcmp (fixed[i].section, key->section) == 0 &&
                          strcmp (fixed[i].key, key->name) == 0);
    return found;
}

static void
each_key_reads_back_as_written (void)
{
    for (size_t i = 0; i < profile_n_keys; i++)
        if (!is_covered (&profile_keys[i]))
            g_error ("[%s] %s has no sample", profile_keys[i].section, profile_keys[i].name);
    g_autoptr (Profile) all = profile_new ();
    for (size_t i = 0; i < G_N_ELEMENTS (samples); i++)
    {
        g_autofree char *text =
            g_strdup_printf ("[%s]\n%s=%s\n", samples[i].section, samples[i].key, samples[i].value);
        g_autoptr (Profile) one = read_good (text);
        g_autofree char *written = profile_to_keyfile (one);
        g_assert_cmpstr (written, ==, text);
        g_autoptr (GError) error = NULL;
        g_assert_true (
            profile_set (all, samples[i].section, samples[i].key, samples[i].value, "--x", &error));
        g_assert_no_error (error);
    }
    g_autofree char *text = profile_to_keyfile (all);
    g_autoptr (Profile) again = read_good (text);
    g_autoptr (Profile) copy = profile_copy (again);
    g_autofree char *second = profile_to_keyfile (again);
    g_autofree char *third = profile_to_keyfile (copy);
    g_assert_cmpstr (text, ==, second);
    g_assert_cmpstr (text, ==, third);
}

static void
what_this_version_cannot_do_is_refused (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (fixed); i++)
    {
        g_autofree char *good =
            g_strdup_printf ("[%s]\n%s=%s\n", fixed[i].section, fixed[i].key, fixed[i].value);
        g_autoptr (Profile) profile = read_good (good);
        g_assert_false (profile->kill_switch || profile->reauth || profile->on_demand);
        g_autofree char *bad =
            g_strdup_printf ("\n[%s]\n\n%s=%s\n", fixed[i].section, fixed[i].key, fixed[i].refused);
        g_autofree char *place =
            g_strdup_printf ("lab.profile:4: [%s] %s: ", fixed[i].section, fixed[i].key);
        assert_refused (bad, place);
    }
}

/* ---- refusals ---- */

static const struct
{
    const char *text, *message;
} refusals[] = {
    { "[gateway]\naddress=a\ncolour=blue\n",
      "lab.profile:3: [gateway] \"colour\": unknown key; this "
      "section knows address, port, identity" },
    { "[colours]\nroof=blue\n", "lab.profile:1: \"colours\": unknown section" },
    { "[gateway\n", "lab.profile:1: a section has no" },
    { "[", "lab.profile:1: a section has no" },
    { "[]", "lab.profile:1: \"\": unknown section" },
    { "[ gateway ]", "lab.profile:1: \" gateway \": unknown section" },
    { "address=a\n", "lab.profile:1: \"address\": stands before the first [section]" },
    { "[gateway]\naddress\n", "lab.profile:2: neither [section] nor key=value: \"address\"" },
    { "[gateway]\n=a\n", "lab.profile:2: neither [section] nor key=value" },
    { "[gateway]\naddress=a\n\n[gateway]\naddress=b\n",
      "lab.profile:5: [gateway] address: stands already in line 2" },
    { "[login]\nuser=a\nuser=a\n", "lab.profile:3: [login] user: stands already in line 2" },
    { "[login]\npassword=x\n", "lab.profile:2: [login] password: a profile holds no secrets" },
    { "[login]\nPSK=x\n", "lab.profile:2: [login] psk: a profile holds no secrets" },
    { "[gateway]\nident\x01ity=a\n", "lab.profile:2: a control character" },
    { "[login]\nuser=a\xc2\x9b"
      "b\n",
      "lab.profile:2: a control character" },
    { "[login]\nuser=a\xff\n", "lab.profile:2: not UTF-8 text" },
    { "[gateway]\naddress=10.0.0.256\n",
      "lab.profile:2: [gateway] address: \"10.0.0.256\" is neither a host name nor an address" },
    { "[gateway]\naddress=a..b\n", "lab.profile:2: [gateway] address: \"a..b\"" },
    { "[gateway]\naddress=-a\n", "lab.profile:2: [gateway] address: \"-a\"" },
    { "[gateway]\naddress=a/b\n", "lab.profile:2: [gateway] address: \"a/b\"" },
    { "[gateway]\naddress=vpn:4500\n", "lab.profile:2: [gateway] address: \"vpn:4500\"" },
    { "[gateway]\naddress=fe80::1%eth0\n", "lab.profile:2: [gateway] address: \"fe80::1%eth0\"" },
    { "[gateway]\nport=0\n", "lab.profile:2: [gateway] port: 0 is not from 1 to 65535" },
    { "[gateway]\nport=65536\n", "lab.profile:2: [gateway] port: 65536 is not from 1" },
    { "[gateway]\nport=ike\n", "lab.profile:2: [gateway] port: no port number" },
    { "[gateway]\nport=\n", "lab.profile:2: [gateway] port: no port number" },
    { "[gateway]\ntrust=all\n",
      "lab.profile:2: [gateway] trust: \"all\" is none of: system, file" },
    { "[gateway]\ntrust=\n", "lab.profile:2: [gateway] trust: empty; it is one of: system, file" },
    { "[gateway]\nidentity=C=\n", "lab.profile:2: [gateway] identity: " },
    { "[login]\nmethod=telepathy\n", "lab.profile:2: [login] method: \"telepathy\" is none of: "
                                     "eap-mschapv2, eap, certificate, psk" },
    { "[login]\nmethod=certificate+eap-mschapv2\n", "lab.profile:2: [login] method: this version" },
    { "[proposals]\nike=aes257\n", "lab.profile:2: [proposals] ike: " },
    { "[proposals]\nesp=rot13\n", "lab.profile:2: [proposals] esp: " },
    { "[network]\nroutes=10.0.0.0/33\n",
      "lab.profile:2: [network] routes: neither one of gateway, all, "
      "none nor a list: \"10.0.0.0/33\" is no network" },
    { "[network]\nroutes=all;10.0.0.0/8\n", "lab.profile:2: [network] routes: " },
    { "[network]\ndns=,\n", "lab.profile:2: [network] dns: neither one of gateway, none nor a "
                            "list: separators, and" },
    { "[gateway]\naddress=;\n",
      "lab.profile:2: [gateway] address: separators, and nothing between them" },
    { "[network]\nexclude=all\n", "lab.profile:2: [network] exclude: \"all\" is no network" },
    { "[network]\ndns=10.77.0.256\n", "lab.profile:2: [network] dns: " },
    { "[network]\ndns=10.0.0.0/8\n", "lab.profile:2: [network] dns: " },
    { "[network]\ndomains=corp example;a_b!\n", "lab.profile:2: [network] domains: \"a_b!\"" },
    { "[network]\nmtu=575\n", "lab.profile:2: [network] mtu: 575 is not from 576 to 65535" },
    { "[network]\nmtu=65536\n", "lab.profile:2: [network] mtu: 65536" },
    { "[network]\nmtu=big\n", "lab.profile:2: [network] mtu: neither auto nor" },
    { "[network]\ninterface=a/b\n", "lab.profile:2: [network] interface: no name" },
    { "[network]\ninterface=sixteen-letters-\n", "lab.profile:2: [network] interface: no name" },
    { "[network]\ninterface=a%s\n", "lab.profile:2: [network] interface: no name" },
    { "[network]\ninterface=a%d%d\n", "lab.profile:2: [network] interface: no name" },
    { "[network]\ninterface=%d\n", "lab.profile:2: [network] interface: no name" },
    { "[network]\ninterface=all\n", "lab.profile:2: [network] interface: no name" },
    { "[network]\nipv6-guard=maybe\n",
      "lab.profile:2: [network] ipv6-guard: \"maybe\" is none of" },
    { "[session]\ndpd-delay=-1\n", "lab.profile:2: [session] dpd-delay: no duration" },
    { "[session]\ndpd-delay=h\n", "lab.profile:2: [session] dpd-delay: no duration" },
    { "[session]\ndpd-delay=\n", "lab.profile:2: [session] dpd-delay: no duration" },
    { "[session]\ndpd-delay=1.5h\n", "lab.profile:2: [session] dpd-delay: no duration" },
    { "[session]\ndpd-delay=25h\n", "lab.profile:2: [session] dpd-delay: longer than 24 hours" },
    { "[session]\nrekey-ike=9223372036854775807d\n", "lab.profile:2: [session] rekey-ike: longer" },
    { "[session]\nencapsulation=never\n", "lab.profile:2: [session] encapsulation: \"never\"" },
};

static void
refusals_name_line_and_key (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (refusals); i++)
        assert_refused (refusals[i].text, refusals[i].message);
}

static void
sizes_are_bounded (void)
{
    g_autofree char *large = g_strnfill (256 * 1024 + 1, '\n');
    assert_refused (large, "lab.profile: larger than 256 KiB");
    large[256 * 1024] = '\0';
    g_autoptr (Profile) empty = read_good (large);
    g_assert_null (empty->name);

    g_autofree char *line = g_strnfill (8193, '#');
    assert_refused (line, "lab.profile:1: a line of more than");
    line[8192] = '\0';
    g_autoptr (Profile) comment = read_good (line);
    g_assert_null (comment->name);

    g_autofree char *name = g_strnfill (4097, 'n');
    g_autofree char *text = g_strconcat ("[profile]\nname=", name, "\n", NULL);
    assert_refused (text, "lab.profile:2: [profile] name: longer than 4096");

    GString *many = g_string_new ("[gateway]\naddress=");
    for (unsigned i = 0; i < 257; i++)
        g_string_append (many, "a;");
    assert_refused (many->str, "lab.profile:2: [gateway] address: more than 256 items");
    g_string_free (many, true);

    g_autoptr (GError) error = NULL;
    static const char zero[] = "[login]\nuser=a\0b\n";
    g_assert_null (profile_from_keyfile (byte_view (zero, sizeof zero - 1), "lab.profile", &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
}

static void
refused_value_changes_nothing (void)
{
    g_autoptr (Profile) profile =
        read_good ("[gateway]\naddress=a\n[network]\nroutes=10.0.0.0/8\n");
    g_autofree char *before = profile_to_keyfile (profile);
    g_autoptr (GError) error = NULL;
    g_assert_false (profile_set (profile, "network", "routes", "10.0.0.0/8;x", "--routes", &error));
    g_assert_cmpstr (error->message, ==,
                     "--routes: neither one of gateway, all, none nor a list: \"x\" is no network "
                     "such as 10.0.0.0/8 or 2001:db8::/32");
    g_assert_false (profile_set (profile, "gateway", "address", "b;!", "HOST", NULL));
    g_assert_false (profile_set (profile, "network", "colour", "b", "--colour", NULL));
    g_assert_false (profile_set (profile, "login", "user", "a\xff", "--user", NULL));
    g_assert_false (profile_set (profile, "login", "user", "a\nb", "--user", NULL));
    g_autofree char *after = profile_to_keyfile (profile);
    g_assert_cmpstr (before, ==, after);
}

/* ---- rules between fields ---- */

static const struct
{
    const char *text, *message; /* NULL: fine */
} rules[] = {
    { "[gateway]\naddress=a\n[login]\nuser=u\n", NULL },
    { "[login]\nuser=u\n", "lab: [gateway] address: missing" },
    { "[gateway]\naddress=a\n[login]\nuser=u\n[network]\nroutes=none\nkill-switch=yes\n",
      "lab.profile:7: [network] kill-switch: without routes" },
    { "[gateway]\naddress=a\n", "lab: [login] user: missing" },
    { "[gateway]\naddress=a\n[login]\nmethod=eap\n", "lab: [login] user: missing" },
    { "[gateway]\naddress=a\ntrust=file\n[login]\nuser=u\n",
      "lab.profile:3: [gateway] trust: file needs" },
    { "[gateway]\naddress=a\nca-file=c\n[login]\nuser=u\n",
      "lab.profile:3: [gateway] ca-file: of no use" },
    { "[gateway]\naddress=a\ntrust=file\nca-file=c\n[login]\nuser=u\n", NULL },
    { "[gateway]\naddress=a\n[login]\nmethod=psk\n", NULL },
    { "[gateway]\naddress=a\n[login]\nmethod=certificate\n",
      "lab: [login] certificate-file: missing" },
    { "[gateway]\naddress=a\n[login]\nmethod=certificate\ncertificate-file=c\n",
      "lab: [login] key-file: missing" },
    { "[gateway]\naddress=a\n[login]\nmethod=certificate\nkey-file=c\n",
      "lab: [login] certificate-file: missing" },
    { "[gateway]\naddress=a\n[login]\nmethod=certificate\nkey-file=c\npkcs12-file=p\n",
      "lab.profile:6: [login] pkcs12-file: stands beside" },
    { "[gateway]\naddress=a\n[login]\nmethod=certificate\ncertificate-file=c\nkey-file=k\n", NULL },
    { "[gateway]\naddress=a\n[login]\nmethod=certificate\npkcs12-file=p\n", NULL },
};

static void
fields_make_sense_together (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rules); i++)
    {
        g_autoptr (Profile) profile = read_good (rules[i].text);
        g_autoptr (GError) error = NULL;
        bool good = profile_validate (profile, "lab", &error);
        g_assert_true (good == (rules[i].message == NULL));
        if (good)
            continue;
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
        g_assert_true (g_str_has_prefix (error->message, rules[i].message));
    }
}

/* A profile that no key file made: the values are held against the same table. */
static void
values_are_checked_however_they_came (void)
{
    g_autoptr (Profile) profile = read_good ("[gateway]\naddress=a\n[login]\nuser=u\n");
    g_autoptr (GError) error = NULL;
    profile->reauth = true;
    g_assert_false (profile_validate (profile, "bus", &error));
    g_assert_true (g_str_has_prefix (error->message, "bus: [session] reauth: this version"));
    profile->reauth = false;
    profile->on_demand = true;
    g_assert_false (profile_validate (profile, "bus", NULL));
    profile->on_demand = false;
    profile->mtu = 100;
    g_assert_false (profile_validate (profile, "bus", NULL));
    profile->mtu = 0;
    profile->user[0] = '\n';
    g_assert_false (profile_validate (profile, "bus", NULL));
    profile->user[0] = 'u';
    profile->method = PROFILE_METHOD_EAP_TLS;
    g_assert_false (profile_validate (profile, "bus", NULL));
}

static void
names_read_back (void)
{
    for (ProfileMethod method = 0; method <= PROFILE_METHOD_PSK; method++)
    {
        ProfileMethod again = PROFILE_METHOD_EAP;
        g_assert_true (profile_method_parse (profile_method_get_name (method), &again));
        g_assert_cmpint (again, ==, method);
    }
    for (ProfilePlane plane = 0; plane <= PROFILE_PLANE_USERSPACE; plane++)
    {
        ProfilePlane again = PROFILE_PLANE_AUTO;
        g_assert_true (profile_plane_parse (profile_plane_get_name (plane), &again));
        g_assert_cmpint (again, ==, plane);
    }
    g_assert_false (profile_method_parse ("telepathy", &(ProfileMethod){ 0 }));
    g_assert_false (profile_plane_parse ("", &(ProfilePlane){ 0 }));
    profile_free (NULL);
    credentials_free (NULL);
    credentials_free (credentials_new ());
}

/* ---- anything ---- */

/* Lines of the grammar with octets turned: it reads or is refused, and what reads, reads back the same. */
static void
anything_is_read_or_refused (void)
{
    static const char *const pieces[] = {
        "[gateway]\n",       "[network]", "[session]\n", "\n",
        "address=a;b\n",     "routes=",   "10.0.0.0/8;", "dns=all\n",
        "rekey-ike=4h\n",    "=",         "#",           "mtu=1300\n",
        "[login]\nuser=x\n", "\xc3\xbc",  "identity=",   "C=CH"
    };
    unsigned read = 0;
    for (unsigned round = 0; round < 20000; round++)
    {
        g_autoptr (GString) text = g_string_new (NULL);
        int count = g_test_rand_int_range (0, 8);
        for (int i = 0; i < count; i++)
            g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
        int turned = g_test_rand_int_range (0, 3) == 0 ? g_test_rand_int_range (1, 4) : 0;
        for (int i = 0; i < turned && text->len > 0; i++)
            text->str[g_test_rand_int_range (0, (int)text->len)] =
                (char)g_test_rand_int_range (0, 256);
        g_autoptr (GError) error = NULL;
        g_autoptr (Profile) profile =
            profile_from_keyfile (byte_view (text->str, text->len), "f", &error);
        if (profile == NULL)
        {
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
            g_assert_true (g_utf8_validate (error->message, -1, NULL));
            continue;
        }
        read++;
        g_autofree char *written = profile_to_keyfile (profile);
        g_autoptr (Profile) again = read_good (written);
        g_autofree char *second = profile_to_keyfile (again);
        g_assert_cmpstr (written, ==, second);
        profile_validate (profile, "f", NULL);
    }
    g_assert_cmpuint (read, >, 1000);
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/profile/defaults", defaults_are_those_of_the_manual);
    g_test_add_func ("/profile/whole", whole_profile_is_read);
    g_test_add_func ("/profile/round-trip", each_key_reads_back_as_written);
    g_test_add_func ("/profile/not-in-this-version", what_this_version_cannot_do_is_refused);
    g_test_add_func ("/profile/refusals", refusals_name_line_and_key);
    g_test_add_func ("/profile/sizes", sizes_are_bounded);
    g_test_add_func ("/profile/refused-changes-nothing", refused_value_changes_nothing);
    g_test_add_func ("/profile/rules", fields_make_sense_together);
    g_test_add_func ("/profile/values-however-made", values_are_checked_however_they_came);
    g_test_add_func ("/profile/names", names_read_back);
    g_test_add_func ("/profile/anything", anything_is_read_or_refused);
    return g_test_run ();
}
