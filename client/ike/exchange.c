/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/exchange.h"

#include "errors.h"
#include "ike/payloads.h"

typedef struct
{
    IkePayloadType type;
    unsigned least;
    unsigned most;
} Rule;

enum
{
    MANY = IKE_PAYLOADS_MAX,
    RULES_MAX = 10,
};

typedef struct
{
    const char *name;
    bool error_will_do; /* an error notify instead of what must be there */
    Rule rules[RULES_MAX];
} Row;

/* Notify and Vendor ID may stand anywhere. */
static const Row rows[IKE_N_MESSAGES] = {
    [IKE_MESSAGE_INIT_RESPONSE] = { "the answer to IKE_SA_INIT",
                                    true,
                                    { { PAYLOAD_SA, 1, 1 },
                                      { PAYLOAD_KE, 1, 1 },
                                      { PAYLOAD_NONCE, 1, 1 },
                                      { PAYLOAD_CERTREQ, 0, MANY } } },
    [IKE_MESSAGE_AUTH_EAP_FIRST] = { "the gateway's first IKE_AUTH answer",
                                     true,
                                     { { PAYLOAD_IDR, 1, 1 },
                                       { PAYLOAD_CERT, 0, MANY },
                                       { PAYLOAD_CERTREQ, 0, MANY },
                                       { PAYLOAD_AUTH, 0, 1 },
                                       { PAYLOAD_EAP, 1, 1 } } },
    [IKE_MESSAGE_AUTH_EAP_NEXT] = { "an EAP answer", true, { { PAYLOAD_EAP, 1, 1 } } },
    [IKE_MESSAGE_AUTH_EAP_LAST] = { "the gateway's last IKE_AUTH answer",
                                    true,
                                    { { PAYLOAD_AUTH, 1, 1 },
                                      { PAYLOAD_CP, 0, 1 },
                                      { PAYLOAD_SA, 1, 1 },
                                      { PAYLOAD_TSI, 1, 1 },
                                      { PAYLOAD_TSR, 1, 1 } } },
    [IKE_MESSAGE_AUTH_DIRECT] = { "the gateway's IKE_AUTH answer",
                                  true,
                                  { { PAYLOAD_IDR, 1, 1 },
                                    { PAYLOAD_CERT, 0, MANY },
                                    { PAYLOAD_CERTREQ, 0, MANY },
                                    { PAYLOAD_AUTH, 1, 1 },
                                    { PAYLOAD_CP, 0, 1 },
                                    { PAYLOAD_SA, 1, 1 },
                                    { PAYLOAD_TSI, 1, 1 },
                                    { PAYLOAD_TSR, 1, 1 } } },
    [IKE_MESSAGE_CHILD_REQUEST] = { "a request for a child SA",
                                    false,
                                    { { PAYLOAD_SA, 1, 1 },
                                      { PAYLOAD_NONCE, 1, 1 },
                                      { PAYLOAD_KE, 0, 1 },
                                      { PAYLOAD_CP, 0, 1 },
                                      { PAYLOAD_TSI, 1, 1 },
                                      { PAYLOAD_TSR, 1, 1 } } },
    [IKE_MESSAGE_CHILD_RESPONSE] = { "an answer about a child SA",
                                     true,
                                     { { PAYLOAD_SA, 1, 1 },
                                       { PAYLOAD_NONCE, 1, 1 },
                                       { PAYLOAD_KE, 0, 1 },
                                       { PAYLOAD_CP, 0, 1 },
                                       { PAYLOAD_TSI, 1, 1 },
                                       { PAYLOAD_TSR, 1, 1 } } },
    [IKE_MESSAGE_REKEY_IKE_REQUEST] = { "a request to rekey the IKE SA",
                                        false,
                                        { { PAYLOAD_SA, 1, 1 },
                                          { PAYLOAD_NONCE, 1, 1 },
                                          { PAYLOAD_KE, 1, 1 } } },
    [IKE_MESSAGE_REKEY_IKE_RESPONSE] = { "an answer about the IKE SA",
                                         true,
                                         { { PAYLOAD_SA, 1, 1 },
                                           { PAYLOAD_NONCE, 1, 1 },
                                           { PAYLOAD_KE, 1, 1 } } },
    [IKE_MESSAGE_INFORMATIONAL] = { "an INFORMATIONAL message",
                                    false,
                                    { { PAYLOAD_DELETE, 0, MANY }, { PAYLOAD_CP, 0, 1 } } },
};

static const Rule *
find_rule (const Row *row, uint8_t type)
{
    for (size_t i = 0; i < RULES_MAX && row->rules[i].type != PAYLOAD_NONE; i++)
        if (row->rules[i].type == type)
            return &row->rules[i];
    return NULL;
}

static bool
check_foreign (const Row *row, const IkePayloads *payloads, GError **error)
{
    for (unsigned i = 0; i < payloads->count; i++)
    {
        uint8_t type = payloads->items[i].type;
        if (type == PAYLOAD_NOTIFY || type == PAYLOAD_VENDOR_ID || find_rule (row, type) != NULL)
            continue;
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL, "%s brings a %s payload",
                     row->name, ike_payload_type_get_name (type));
        return false;
    }
    return true;
}

bool
ike_exchange_check (IkeMessageKind kind, const IkePayloads *payloads, uint8_t *ret_critical,
                    GError **error)
{
    const Row *row = &rows[kind];
    const IkePayload *critical = ike_payloads_find_unknown_critical (payloads);
    if (ret_critical != NULL)
        *ret_critical = critical != NULL ? critical->type : 0;
    if (critical != NULL)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                     "%s insists on a payload of type %u that Outrider does not know", row->name,
                     critical->type);
        return false;
    }
    if (!check_foreign (row, payloads, error))
        return false;

    IkeNotify notify;
    bool waived = row->error_will_do && ike_notify_find_error (payloads, &notify);
    for (size_t i = 0; i < RULES_MAX && row->rules[i].type != PAYLOAD_NONE; i++)
    {
        const Rule *rule = &row->rules[i];
        unsigned count = ike_payloads_count (payloads, rule->type);
        if ((count >= rule->least || waived) && count <= rule->most)
            continue;
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL, "%s has %u %s payloads",
                     row->name, count, ike_payload_type_get_name (rule->type));
        return false;
    }
    return true;
}

bool
ike_exchange_check_request (IkeMessageKind kind, const IkePayloads *payloads, IkeChain *response)
{
    uint8_t critical = 0;
    if (ike_exchange_check (kind, payloads, &critical, NULL))
        return true;
    if (critical != 0)
        ike_notify_write (response, NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, byte_view (&critical, 1));
    else
        ike_notify_write (response, NOTIFY_INVALID_SYNTAX, (ByteView){ 0 });
    return false;
}
