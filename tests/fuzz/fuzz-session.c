/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A whole session behind its keys, by a script: the first octet is the login, then steps, each an operation, a length and
 * so many octets. The gateway lies, asks for things, holds its answers back; the client rekeys and closes; time passes.
 */

#include "fuzz/peer.h"
#include "ike/payloads.h"

enum
{
    STEPS_MAX = 24,
    LIES_MAX = 8,
};

typedef struct
{
    uint8_t step, round, action, type;
    ByteView body;
} Lie;

typedef struct
{
    Network *network;
    Lie lies[LIES_MAX];
    unsigned n_lies;
    uint8_t fates[16]; /* of the datagrams to come, both ways */
    unsigned n_fates;
} Script;

/* ---- lies ---- */

static void
tell (ResponderMessage *message, const Lie *lie)
{
    MessagePayload *payload = responder_message_find (message, lie->type, 0);
    switch (lie->action % 6)
    {
    case 0:
        responder_message_remove (message, lie->type);
        break;
    case 1:
        if (payload != NULL)
            responder_message_set (message, lie->type, lie->body);
        break;
    case 2:
        responder_message_add (message, lie->type, (lie->action & 0x80) != 0, lie->body);
        break;
    case 3: /* octets of a body, at a place */
        for (size_t i = 2; payload != NULL && lie->body.size > 2 && i < lie->body.size; i++)
        {
            size_t at = (size_t)(lie->body.data[0] << 8 | lie->body.data[1]) + i - 2;
            if (at < payload->body->len)
                payload->body->data[at] = lie->body.data[i];
        }
        break;
    case 4:
        message->silent = true;
        break;
    default:
        message->header.exchange = lie->type;
    }
}

static void
tell_all (ResponderMessage *message, const void *data)
{
    const Script *script = data;
    for (unsigned i = 0; i < script->n_lies; i++)
        if (script->lies[i].step % N_STEPS == (unsigned)message->step &&
            (script->lies[i].round == 0xff || script->lies[i].round == message->round))
            tell (message, &script->lies[i]);
}

static NetworkFate
decide (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    Script *script = (Script *)network->decide_data;
    if (script->n_fates == 0)
        return FATE_ARRIVES;
    return (NetworkFate)(script->fates[--script->n_fates] % 4);
}

/* ---- the steps ---- */

static void
add_lie (Script *script, ByteReader *body)
{
    Lie lie = { .step = byte_reader_u8 (body),
                .round = byte_reader_u8 (body),
                .action = byte_reader_u8 (body),
                .type = byte_reader_u8 (body) };
    lie.body = byte_reader_take_rest (body);
    if (byte_reader_ok (body) && script->n_lies < LIES_MAX)
        script->lies[script->n_lies++] = lie;
}

static void
inject (Network *network, ByteReader *body)
{
    uint8_t flags = byte_reader_u8 (body), exchange = byte_reader_u8 (body);
    int8_t offset = (int8_t)byte_reader_u8 (body);
    uint8_t first = byte_reader_u8 (body);
    bool response = (flags & 1) != 0;
    uint32_t id = response ? responder_get_expected_id (network->gateway)
                           : responder_get_next_id (network->gateway);
    g_autoptr (GPtrArray) datagrams =
        responder_seal (network->gateway, (IkeExchangeType)exchange, response,
                        id + (uint32_t)(int32_t)offset, first, byte_reader_take_rest (body));
    if (datagrams != NULL)
        network_inject_all (network, datagrams);
}

static uint32_t
pick_child (Network *network, uint8_t number)
{
    g_autoptr (GPtrArray) children = responder_get_children (network->gateway);
    if (children->len == 0 || number == 0xff)
        return 0x12345678;
    return ((const IkeChildSa *)children->pdata[number % children->len])->spi_in;
}

static void
gateway_begins (Network *network, ByteReader *body)
{
    uint8_t what = byte_reader_u8 (body), number = byte_reader_u8 (body);
    Responder *gateway = network->gateway;
    if (!responder_is_established (gateway) || responder_is_waiting (gateway))
        return;
    switch (what % 5)
    {
    case 0:
        responder_check_liveness (gateway, network->now);
        break;
    case 1:
        responder_rekey_child (gateway, pick_child (network, number), (what & 0x80) != 0,
                               network->now);
        break;
    case 2:
        responder_rekey_ike (gateway, network->now);
        break;
    case 3:
        responder_delete_child (gateway, pick_child (network, number), network->now);
        break;
    default:
        responder_delete_ike (gateway, network->now);
    }
}

static void
client_begins (Network *network, uint8_t what)
{
    IkeSession *session = network->session;
    switch (what % 7)
    {
    case 0:
        ike_session_rekey_child (session, network->now);
        break;
    case 1:
        ike_session_rekey_ike (session, network->now);
        break;
    case 2:
        ike_session_close (session, network->now);
        break;
    case 3:
        ike_session_note_traffic (session, network->now - what * IKE_SECOND, what);
        break;
    case 4:
        network->holds_answers = !network->holds_answers;
        if (network->question != NULL && !network->closed)
            network_answer (network);
        break;
    case 5:
        ike_session_probe (session, 1000 + 4 * what, network->now);
        break;
    default:
        ike_session_abort (
            session, g_error_new_literal (OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "fuzz"),
            network->now);
    }
}

static void
set_fates (Script *script, ByteView fates)
{
    script->n_fates = (unsigned)MIN (fates.size, sizeof script->fates);
    if (script->n_fates > 0)
        memcpy (script->fates, fates.data, script->n_fates);
}

static void
do_step (Script *script, uint8_t operation, ByteReader *body)
{
    Network *network = script->network;
    switch (operation % 8)
    {
    case 0:
        add_lie (script, body);
        break;
    case 1:
        network_run (network, byte_reader_u8 (body) * (IKE_SECOND / 50));
        break;
    case 2:
        network_run (network, byte_reader_u8 (body) * IKE_SECOND / 2);
        break;
    case 3:
        inject (network, body);
        break;
    case 4:
        gateway_begins (network, body);
        break;
    case 5:
        client_begins (network, byte_reader_u8 (body));
        break;
    case 6:
        set_fates (script, byte_reader_take_rest (body));
        break;
    default:
        network_inject (network, byte_reader_take_rest (body));
    }
    network_pull (network);
    peer_check (network);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const IkeLogin logins[] = { IKE_LOGIN_PSK, IKE_LOGIN_EAP, IKE_LOGIN_CERTIFICATE };
    ByteReader reader = byte_reader (byte_view (data, size));
    uint8_t login = byte_reader_u8 (&reader);
    if (!byte_reader_ok (&reader) || size > 8192)
        return 0;
    Script script = { 0 };
    script.network = peer_network (logins[login % G_N_ELEMENTS (logins)], tell_all, &script);
    script.network->decide = decide;
    script.network->decide_data = &script;
    bool started = false;
    for (unsigned n = 0; n < STEPS_MAX && byte_reader_left (&reader) >= 3; n++)
    {
        uint8_t operation = byte_reader_u8 (&reader);
        size_t length = byte_reader_u16 (&reader);
        ByteReader body =
            byte_reader (byte_reader_take (&reader, MIN (length, byte_reader_left (&reader))));

        /* Lies may come first; anything else needs a session that was begun. */
        if (!started && operation % 8 != 0)
            network_start (script.network);
        started = started || operation % 8 != 0;
        do_step (&script, operation, &body);
    }
    if (!started)
        network_start (script.network);
    peer_finish (script.network);
    return 0;
}
