/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What stands behind the encryption: one message of the gateway's, with its true keys, in each state of a session.
 *
 *     state (1) | mode (1) | exchange (1) | first payload (1) | chain
 *
 * Mode 0 seals the chain alone; mode 1 sends it behind the gateway's true IDr, CERT and AUTH, so that the proof holds
 * and the rest is read; mode 2 as mode 0, in clear.
 */

#include "fuzz/peer.h"
#include "ike/payloads.h"

typedef struct
{
    IkeLogin login;
    unsigned last; /* the client's datagrams behind this many are lost: it waits for the answer */
    ResponderStep step;
    bool established;
    void (*begin) (Network *network);
} State;

static void
begin_child (Network *network)
{
    ike_session_rekey_child (network->session, network->now);
}

static void
begin_ike (Network *network)
{
    ike_session_rekey_ike (network->session, network->now);
}

static void
begin_close (Network *network)
{
    ike_session_close (network->session, network->now);
}

static void
begin_liveness (Network *network)
{
    ike_session_advance (network->session, network->now + 31 * IKE_SECOND);
}

static void
begin_nothing (Network *network)
{
}

static const State states[] = {
    { IKE_LOGIN_PSK, 0, STEP_INIT, false, NULL },
    { IKE_LOGIN_PSK, 1, STEP_AUTH, false, NULL },
    { IKE_LOGIN_CERTIFICATE, 1, STEP_AUTH, false, NULL },
    { IKE_LOGIN_EAP, 1, STEP_AUTH, false, NULL },
    { IKE_LOGIN_EAP, 2, STEP_EAP, false, NULL },
    { IKE_LOGIN_EAP, 3, STEP_EAP, false, NULL },
    { IKE_LOGIN_EAP, 4, STEP_EAP, false, NULL },
    { IKE_LOGIN_EAP, 5, STEP_AUTH_LAST, false, NULL },
    { IKE_LOGIN_PSK, 2, N_STEPS, true, begin_nothing },
    { IKE_LOGIN_PSK, 2, STEP_CHILD_ANSWER, true, begin_child },
    { IKE_LOGIN_PSK, 2, STEP_IKE_ANSWER, true, begin_ike },
    { IKE_LOGIN_PSK, 2, STEP_INFO_ANSWER, true, begin_liveness },
    { IKE_LOGIN_PSK, 2, STEP_INFO_ANSWER, true, begin_close },
};

typedef struct
{
    const State *state;
    uint8_t mode, exchange, first;
    ByteView chain;
} Input;

static NetworkFate
lose_behind (Network *network, NetworkDirection direction, unsigned index, GByteArray *datagram)
{
    const Input *input = network->decide_data;
    return direction == TO_GATEWAY && index >= input->state->last ? FATE_LOST : FATE_ARRIVES;
}

/* Mode 1: the gateway's own message, whose payloads but the proof are the input's. */
static void
lie (ResponderMessage *message, const void *data)
{
    const Input *input = data;
    IkePayloads payloads;
    if (input->mode != 1 || message->step != input->state->step ||
        (message->step == STEP_EAP && message->round + 2 != input->state->last) ||
        !ike_payloads_read (input->first, input->chain, &payloads, NULL))
        return;
    for (guint i = message->payloads->len; i-- > 0;)
    {
        uint8_t type = ((MessagePayload *)message->payloads->pdata[i])->type;
        if (type != PAYLOAD_IDR && type != PAYLOAD_CERT && type != PAYLOAD_AUTH)
            g_ptr_array_remove_index (message->payloads, i);
    }
    for (unsigned i = 0; i < payloads.count; i++)
        responder_message_add (message, payloads.items[i].type, payloads.items[i].critical,
                               payloads.items[i].body);
}

static void
inject (Network *network, const Input *input, bool response)
{
    uint32_t id = response ? responder_get_expected_id (network->gateway)
                           : responder_get_next_id (network->gateway);
    g_autoptr (GPtrArray) datagrams =
        responder_seal (network->gateway, (IkeExchangeType)input->exchange, response, id,
                        input->first, input->chain);
    if (datagrams != NULL)
        network_inject_all (network, datagrams);
}

/* In clear the SPIs are those of a session that was just begun, whose random numbers are always the same. */
static void
inject_in_clear (Network *network, const Input *input)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    uint64_t seed = 4711, spi = 0;
    RandomSource source = network_random (&seed);
    random_fill (&source, &spi, sizeof spi);
    chain.first = input->first;
    byte_writer_bytes (&chain.writer, input->chain);
    IkeHeader header = { .initiator_spi = spi,
                         .responder_spi = 99,
                         .exchange = input->exchange,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr (GBytes) datagram = ike_message_build (&header, &chain);
    if (datagram != NULL)
        network_inject (network, byte_view_of_bytes (datagram));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 4 || size > 20000)
        return 0;
    Input input = { &states[data[0] % G_N_ELEMENTS (states)], data[1] % 3, data[2], data[3],
                    byte_view (data + 4, size - 4) };
    Network *network = peer_network (input.state->login, lie, &input);
    if (input.mode != 1)
    {
        network->decide = lose_behind;
        network->decide_data = &input;
    }
    network_start (network);
    network_run (network, IKE_SECOND / 5);
    if (input.state->established && network->grant != NULL)
    {
        input.state->begin (network);
        network_pull (network);
    }
    if (input.mode == 0)
        inject (network, &input, input.state->step != N_STEPS);
    else if (input.mode == 2)
        inject_in_clear (network, &input);
    peer_check (network);
    peer_finish (network);
    return 0;
}
