/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table of exchanges, row by row: a message with all that it must have passes; with one of them missing, one too many,
 * or something foreign, it does not. An error notify stands in for what is missing in answers, and only there.
 */

#include "errors.h"
#include "ike/exchange.h"

static const struct
{
    IkeMessageKind kind;
    const char *name;
    bool error_will_do;
    IkePayloadType must[6];
    IkePayloadType may[4];
} rows[] = {
    { IKE_MESSAGE_INIT_RESPONSE,
      "init",
      true,
      { PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE },
      { PAYLOAD_CERTREQ } },
    { IKE_MESSAGE_AUTH_EAP_FIRST,
      "eap-first",
      true,
      { PAYLOAD_IDR, PAYLOAD_EAP },
      { PAYLOAD_CERT, PAYLOAD_CERTREQ, PAYLOAD_AUTH } },
    { IKE_MESSAGE_AUTH_EAP_NEXT, "eap-next", true, { PAYLOAD_EAP }, { 0 } },
    { IKE_MESSAGE_AUTH_EAP_LAST,
      "eap-last",
      true,
      { PAYLOAD_AUTH, PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR },
      { PAYLOAD_CP } },
    { IKE_MESSAGE_AUTH_DIRECT,
      "direct",
      true,
      { PAYLOAD_IDR, PAYLOAD_AUTH, PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR },
      { PAYLOAD_CERT, PAYLOAD_CERTREQ, PAYLOAD_CP } },
    { IKE_MESSAGE_CHILD_REQUEST,
      "child-request",
      false,
      { PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR },
      { PAYLOAD_KE, PAYLOAD_CP } },
    { IKE_MESSAGE_CHILD_RESPONSE,
      "child-response",
      true,
      { PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR },
      { PAYLOAD_KE, PAYLOAD_CP } },
    { IKE_MESSAGE_REKEY_IKE_REQUEST,
      "ike-request",
      false,
      { PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE },
      { 0 } },
    { IKE_MESSAGE_REKEY_IKE_RESPONSE,
      "ike-response",
      true,
      { PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE },
      { 0 } },
    { IKE_MESSAGE_INFORMATIONAL, "informational", false, { 0 }, { PAYLOAD_DELETE, PAYLOAD_CP } },
};

static void
add (IkePayloads *payloads, IkePayloadType type)
{
    payloads->items[payloads->count++] = (IkePayload){ .type = (uint8_t)type };
}

/* TS_UNACCEPTABLE, or the status INITIAL_CONTACT. */
static void
add_notify (IkePayloads *payloads, bool error)
{
    static const uint8_t refusal[] = { 0, 0, 0, 38 }, status[] = { 0, 0, 0x40, 0 };
    payloads->items[payloads->count++] =
        (IkePayload){ .type = PAYLOAD_NOTIFY,
                      .body = { error ? refusal : status, sizeof refusal } };
}

static bool
passes (size_t row, const IkePayloads *payloads)
{
    uint8_t critical = 77;
    g_autoptr (GError) error = NULL;
    bool ok = ike_exchange_check (rows[row].kind, payloads, &critical, &error);
    g_assert_true (ok == (error == NULL));
    if (!ok)
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
    g_assert_true (!ok || critical == 0);
    return ok;
}

/* All that must be there but number LEFT_OUT. */
static IkePayloads
make (size_t row, size_t left_out)
{
    IkePayloads payloads = { .count = 0 };
    for (size_t i = 0; i < G_N_ELEMENTS (rows[row].must) && rows[row].must[i] != 0; i++)
        if (i != left_out)
            add (&payloads, rows[row].must[i]);
    return payloads;
}

static void
test_row (gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE (data);
    IkePayloads payloads = make (row, SIZE_MAX);
    g_assert_true (passes (row, &payloads));
    for (size_t i = 0; i < G_N_ELEMENTS (rows[row].must) && rows[row].must[i] != 0; i++)
    {
        payloads = make (row, i);
        g_assert_false (passes (row, &payloads));
        add_notify (&payloads, false);
        g_assert_false (passes (row, &payloads));
        add_notify (&payloads, true);
        g_assert_true (passes (row, &payloads) == rows[row].error_will_do);
        payloads = make (row, SIZE_MAX);
        add (&payloads, rows[row].must[i]);
        g_assert_false (passes (row, &payloads));
        add_notify (&payloads, true); /* which excuses no surplus */
        g_assert_false (passes (row, &payloads));
    }
    payloads = make (row, SIZE_MAX);
    for (size_t i = 0; i < G_N_ELEMENTS (rows[row].may) && rows[row].may[i] != 0; i++)
        add (&payloads, rows[row].may[i]);
    add (&payloads, PAYLOAD_VENDOR_ID);
    g_assert_true (passes (row, &payloads));
}

static bool
is_listed (size_t row, IkePayloadType type)
{
    for (size_t i = 0; i < G_N_ELEMENTS (rows[row].must); i++)
        if (rows[row].must[i] == type)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS (rows[row].may); i++)
        if (rows[row].may[i] == type)
            return true;
    return type == PAYLOAD_NOTIFY || type == PAYLOAD_VENDOR_ID;
}

static void
test_foreign (void)
{
    for (size_t row = 0; row < G_N_ELEMENTS (rows); row++)
        for (int type = PAYLOAD_SA; type <= PAYLOAD_EAP; type++)
        {
            IkePayloads payloads = make (row, SIZE_MAX);
            if (is_listed (row, (IkePayloadType)type))
                continue;
            add (&payloads, (IkePayloadType)type);
            g_assert_false (passes (row, &payloads));
            add_notify (&payloads, true);
            g_assert_false (passes (row, &payloads));
        }
}

static void
test_critical (void)
{
    for (size_t row = 0; row < G_N_ELEMENTS (rows); row++)
    {
        uint8_t critical = 0;
        IkePayloads payloads = make (row, SIZE_MAX);
        payloads.items[payloads.count++] = (IkePayload){ .type = 201, .critical = true };
        g_assert_false (ike_exchange_check (rows[row].kind, &payloads, &critical, NULL));
        g_assert_cmpuint (critical, ==, 201);
        g_assert_false (ike_exchange_check (rows[row].kind, &payloads, NULL, NULL));
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_assert_cmpuint (G_N_ELEMENTS (rows), ==, IKE_N_MESSAGES);
    for (size_t row = 0; row < G_N_ELEMENTS (rows); row++)
    {
        g_autofree char *path = g_strdup_printf ("/exchange/%s", rows[row].name);
        g_test_add_data_func (path, GSIZE_TO_POINTER (row), test_row);
    }
    g_test_add_func ("/exchange/foreign", test_foreign);
    g_test_add_func ("/exchange/critical", test_critical);
    return g_test_run ();
}
