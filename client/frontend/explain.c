/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frontend/explain.h"

#include <stdbool.h>

static const struct
{
    const char *sentence;
    const char *hint;
} explanations[OUTRIDER_N_ERRORS] = {
    [OUTRIDER_ERROR_INTERNAL] = {
        "Outrider itself failed",
        "This is a defect of Outrider or of a library; please report it with the line above.",
    },
    [OUTRIDER_ERROR_USAGE] = {
        "the command line is wrong",
        "\"outrider connect --help\" lists the options.",
    },
    [OUTRIDER_ERROR_NAME_NOT_RESOLVED] = {
        "the gateway's name has no address",
        "Check how the name is written, and whether this host has a network and a name server.",
    },
    [OUTRIDER_ERROR_NO_ANSWER] = {
        "the gateway does not answer",
        "A firewall on the way may drop UDP ports 500 and 4500, or the gateway is down; another network "
        "tells which.",
    },
    [OUTRIDER_ERROR_UNREACHABLE] = {
        "the gateway cannot be reached",
        "Check this host's network, and whether an IKEv2 gateway runs at that address.",
    },
    [OUTRIDER_ERROR_NO_PROPOSAL] = {
        "the gateway accepts none of the offered algorithms",
        "Ask its administrator for the IKE and ESP proposals and name them with --ike and --esp, or in "
        "[proposals] of the profile; some gateways say this, too, where they know no connection for this "
        "address.",
    },
    [OUTRIDER_ERROR_CA_UNKNOWN] = {
        "the gateway's certificate comes from an authority that is not trusted",
        "Get the CA certificate from the gateway's administrator and name it with --ca, or with trust=file "
        "and ca-file in the profile.",
    },
    [OUTRIDER_ERROR_CERTIFICATE_EXPIRED] = {
        "the gateway's certificate is not valid at this time",
        "Check this host's clock; if it is right, the gateway's administrator has to renew the certificate.",
    },
    [OUTRIDER_ERROR_CERTIFICATE_INVALID] = {
        "the gateway's certificate is not acceptable",
        "Tell the gateway's administrator what the line above says.",
    },
    [OUTRIDER_ERROR_NAME_MISMATCH] = {
        "the gateway is not the one that was asked for",
        "If it is the right gateway under another name, connect to that name or give it with --gateway-id, "
        "or as identity in [gateway]; otherwise somebody may be in between.",
    },
    [OUTRIDER_ERROR_GATEWAY_AUTH_FAILED] = {
        "the gateway did not prove who it is",
        "With a pre-shared key, check the key; otherwise the gateway is not set up for this login, or somebody is in "
        "between.",
    },
    [OUTRIDER_ERROR_LOGIN_REFUSED] = {
        "the gateway refused the login",
        "Check the user name or identity, the method, and the password, key or certificate.",
    },
    [OUTRIDER_ERROR_PASSWORD_WRONG] = {
        "wrong user name or password",
        "Check both; too many attempts may lock the account.",
    },
    [OUTRIDER_ERROR_PASSWORD_EXPIRED] = {
        "the password has expired",
        "Change it where your organisation lets you, then connect again.",
    },
    [OUTRIDER_ERROR_ACCOUNT_DISABLED] = {
        "the account is disabled or may not dial in",
        "Ask the administrator to allow this account to use the VPN.",
    },
    [OUTRIDER_ERROR_ACCOUNT_HOURS] = {
        "the account may not log in at this time",
        "Try again within the hours that the administrator has set.",
    },
    [OUTRIDER_ERROR_PASSWORD_CHANGE] = {
        "the password could not be changed",
        "Change it where your organisation lets you, then connect again.",
    },
    [OUTRIDER_ERROR_EAP_METHOD_REFUSED] = {
        "the gateway wants another way to log in",
        "Ask its administrator for the EAP method; this version knows EAP-MSCHAPv2.",
    },
    [OUTRIDER_ERROR_SECRET_NEEDED] = {
        "a secret is needed and there is nobody to ask",
        "Give it with --password-file, --password-fd or --psk-file, as a systemd credential, or start in a "
        "terminal.",
    },
    [OUTRIDER_ERROR_SECRET_WRONG] = {
        "the passphrase does not open the file",
        "Check the passphrase that protects the key or the PKCS#12 file.",
    },
    [OUTRIDER_ERROR_NO_ADDRESS] = {
        "the gateway gave no address",
        "Its pool may be empty or this user has none: ask its administrator.",
    },
    [OUTRIDER_ERROR_SELECTORS_REFUSED] = {
        "the gateway does not carry the wanted networks",
        "If --routes or the profile lists networks, try routes=gateway; else ask its administrator which "
        "networks this user may reach.",
    },
    [OUTRIDER_ERROR_NO_RIGHTS] = {
        "this user may not do that",
        "Run it as root (sudo outrider ...) or with the capability CAP_NET_ADMIN.",
    },
    [OUTRIDER_ERROR_NO_TUN] = {
        "this system has no TUN device",
        "Load the module with \"modprobe tun\"; a container needs /dev/net/tun passed in.",
    },
    [OUTRIDER_ERROR_HOST_REFUSED] = {
        "this system refused a step",
        "The line above names the step; what was done before it has been undone.",
    },
    [OUTRIDER_ERROR_PROFILE_INVALID] = {
        "the profile is not valid",
        "Correct what the line above names; outrider.profile(5) describes every key.",
    },
    [OUTRIDER_ERROR_FILE] = {
        "a file cannot be used",
        "Check the name, the permissions and the content of the file.",
    },
    [OUTRIDER_ERROR_PROTOCOL] = {
        "the gateway broke the protocol",
        "Make sure that it is an IKEv2 gateway; if it is, please report the line above.",
    },
    [OUTRIDER_ERROR_GATEWAY_REFUSED] = {
        "the gateway refused the connection",
        "Ask its administrator what its log says at this time.",
    },
    [OUTRIDER_ERROR_GATEWAY_CLOSED] = {
        "the gateway ended the connection",
        "Connect again; if it ends again, ask its administrator for the reason.",
    },
    [OUTRIDER_ERROR_CONNECTION_LOST] = {
        "the gateway does not answer any more",
        "Check the network of this host and connect again.",
    },
    [OUTRIDER_ERROR_NO_TUNNEL] = {
        "no such tunnel is up",
        "\"outrider status\" shows those that run, \"outrider connect\" starts one.",
    },
    [OUTRIDER_ERROR_CANCELLED] = {
        "ended as asked",
        "Connect again whenever you like.",
    },
};

const char *
explain_get_sentence (OutriderError code)
{
    g_return_val_if_fail ((unsigned)code < OUTRIDER_N_ERRORS, "");
    return explanations[code].sentence;
}

const char *
explain_get_hint (OutriderError code)
{
    g_return_val_if_fail ((unsigned)code < OUTRIDER_N_ERRORS, "");
    return explanations[code].hint;
}

OutriderError
explain_get_code (const GError *error)
{
    bool ours =
        error->domain == OUTRIDER_ERROR && error->code >= 0 && error->code < OUTRIDER_N_ERRORS;
    return ours ? (OutriderError)error->code : OUTRIDER_ERROR_INTERNAL;
}

char *
explain_escape (const char *text)
{
    g_autofree char *valid = g_utf8_make_valid (text, -1);
    GString *escaped = g_string_new (NULL);
    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
        gunichar letter = g_utf8_get_char (c);
        bool hidden = g_unichar_iscntrl (letter) || g_unichar_type (letter) == G_UNICODE_FORMAT;
        if (hidden)
            g_string_append_printf (escaped, letter < 0x100 ? "\\x%02x" : "\\u%04x", letter);
        else
            g_string_append_unichar (escaped, letter);
    }
    return g_string_free (escaped, FALSE);
}

char *
explain_error (const GError *error)
{
    g_autofree char *evidence = explain_escape (error->message);
    const char *sentence = explain_get_sentence (explain_get_code (error));
    if (g_str_has_prefix (evidence, sentence))
        return g_steal_pointer (&evidence);
    return *evidence != '\0' ? g_strdup_printf ("%s: %s", sentence, evidence) : g_strdup (sentence);
}
