/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/responder-internal.h"

#include "ike/payloads.h"

static void
payload_free (MessagePayload *self)
{
    g_byte_array_unref (self->body);
    g_free (self);
}

void
responder_message_add (ResponderMessage *self, IkePayloadType type, bool critical, ByteView body)
{
    MessagePayload *payload = g_new0 (MessagePayload, 1);
    payload->type = (uint8_t)type;
    payload->critical = critical;
    payload->body = g_byte_array_new ();
    g_byte_array_append (payload->body, body.data, (guint)body.size);
    g_ptr_array_add (self->payloads, payload);
}

ResponderMessage *
responder_message_new (ResponderStep step, unsigned round, const IkeHeader *header,
                       const IkeChain *chain)
{
    ResponderMessage *self = g_new0 (ResponderMessage, 1);
    self->step = step;
    self->round = round;
    self->header = *header;
    self->payloads = g_ptr_array_new_with_free_func ((GDestroyNotify)payload_free);
    IkePayloads payloads;
    bool ok = ike_payloads_read (chain->first, byte_writer_view (&chain->writer), &payloads, NULL);
    g_assert_true (ok);
    for (unsigned i = 0; i < payloads.count; i++)
        responder_message_add (self, payloads.items[i].type, false, payloads.items[i].body);
    return self;
}

void
responder_message_free (ResponderMessage *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref (self->payloads);
    g_free (self);
}

MessagePayload *
responder_message_find (ResponderMessage *self, IkePayloadType type, unsigned nth)
{
    for (guint i = 0; i < self->payloads->len; i++)
    {
        MessagePayload *payload = self->payloads->pdata[i];
        if (payload->type == type && nth-- == 0)
            return payload;
    }
    return NULL;
}

void
responder_message_remove (ResponderMessage *self, IkePayloadType type)
{
    MessagePayload *payload;
    while ((payload = responder_message_find (self, type, 0)) != NULL)
        g_ptr_array_remove (self->payloads, payload);
}

void
responder_message_set (ResponderMessage *self, IkePayloadType type, ByteView body)
{
    MessagePayload *payload = responder_message_find (self, type, 0);
    g_assert_nonnull (payload);
    g_byte_array_set_size (payload->body, 0);
    g_byte_array_append (payload->body, body.data, (guint)body.size);
}

void
responder_message_add_notify (ResponderMessage *self, IkeNotifyType type, ByteView data)
{
    g_auto (IkeChain) chain = IKE_CHAIN ();
    ike_notify_write (&chain, type, data);
    ByteView view = byte_writer_view (&chain.writer);
    responder_message_add (self, PAYLOAD_NOTIFY, false, byte_view (view.data + 4, view.size - 4));
}

void
responder_message_replace_by_notify (ResponderMessage *self, IkeNotifyType type, ByteView data)
{
    g_ptr_array_set_size (self->payloads, 0);
    responder_message_add_notify (self, type, data);
}

void
responder_message_write (const ResponderMessage *self, IkeChain *ret_chain)
{
    for (guint i = 0; i < self->payloads->len; i++)
    {
        const MessagePayload *payload = self->payloads->pdata[i];
        ByteWriter *writer = ike_chain_begin (ret_chain, payload->type);
        if (payload->critical)
            writer->data[writer->size - 3] |= 0x80;
        byte_writer_bytes (writer, byte_view_of_array (payload->body));
        ike_chain_end (ret_chain);
    }
}

static void
describe_payload (GString *text, const IkePayload *payload)
{
    IkeNotify notify;
    if (payload->type == PAYLOAD_NOTIFY && ike_notify_read (payload->body, &notify, NULL))
        g_string_append_printf (text, "N(%s)", ike_notify_type_get_name (notify.type));
    else
        g_string_append (text, ike_payload_type_get_name (payload->type));
}

void
responder_describe (GString *text, bool from_client, const IkeHeader *header,
                    const IkePayloads *payloads, bool again)
{
    g_string_append_printf (text, "%s %s %s%u {", from_client ? "-->" : "<--",
                            ike_exchange_type_get_name (header->exchange),
                            (header->flags & IKE_FLAG_RESPONSE) != 0 ? "answer " : "",
                            header->message_id);
    for (unsigned i = 0; i < payloads->count; i++)
    {
        g_string_append (text, i > 0 ? ", " : "");
        describe_payload (text, &payloads->items[i]);
    }
    g_string_append_printf (text, "}%s\n", again ? " again" : "");
}
