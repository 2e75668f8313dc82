/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/network.h"

#include "bytes/writer.h"
#include "certs/signature.h"
#include "errors.h"

typedef struct
{
    gint64 at;
    NetworkDirection direction;
    GBytes *datagram;
} Flight;

static void
flight_free (Flight *self)
{
    g_bytes_unref (self->datagram);
    g_free (self);
}

/* ---- the client's side ---- */

static void
fill (void *data, uint8_t *ret_octets, size_t size)
{
    uint64_t *state = data;
    for (size_t i = 0; i < size; i++)
    {
        *state = *state * 6364136223846793005U + 1442695040888963407U;
        ret_octets[i] = (uint8_t)(*state >> 56);
    }
}

RandomSource
network_random (uint64_t *seed)
{
    return (RandomSource){ fill, seed };
}

IkeSessionConfig *
network_config (IkeLogin login)
{
    static uint64_t seed;
    seed = 4711;
    IkeSessionConfig *config = ike_session_config_new ();
    config->random = network_random (&seed);
    config->login = login;
    config->identity = certs_identity_parse ("alice@example.com", NULL);
    config->gateway_identity = certs_identity_parse ("vpn.example.com", NULL);
    config->send_gateway_identity = true;
    config->insist_on_gateway_identity = true;
    config->eap_identity = g_strdup ("alice");
    config->eap_methods[config->n_eap_methods++] = 26;
    return config;
}

IkePath
network_path (void)
{
    IkePath path = { .local = { .port = 500 }, .gateway = { .port = 500 } };
    g_assert_true (ip_address_parse ("192.168.77.2", &path.local.address));
    g_assert_true (ip_address_parse ("198.51.100.10", &path.gateway.address));
    return path;
}

Network *
network_new (IkeSessionConfig *config, const ResponderConfig *responder)
{
    g_autoptr (GError) error = NULL;
    Network *self = g_new0 (Network, 1);
    self->session = ike_session_new (config, &error);
    g_assert_no_error (error);
    self->gateway = responder_new (responder);
    self->now = 1000 * IKE_SECOND;
    g_queue_init (&self->flying);
    self->psk = "a key that both know";
    self->password = "clouds";
    self->wanted = "vpn.example.com";
    self->padding = CERTS_RSA_PSS;
    self->story = g_string_new (NULL);
    self->children = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_child_sa_unref);
    self->port = IKE_PORT;
    return self;
}

void
network_free (Network *self)
{
    if (self == NULL)
        return;
    ike_session_free (self->session);
    responder_free (self->gateway);
    g_queue_clear_full (&self->flying, (GDestroyNotify)flight_free);
    certs_trust_free (self->trust);
    ike_action_free (self->question);
    g_string_free (self->story, TRUE);
    g_ptr_array_unref (self->children);
    ike_grant_free (self->grant);
    g_free (self->gateway_identity);
    g_free (self->proposal);
    g_clear_error (&self->error);
    g_free (self);
}

void
network_start (Network *self)
{
    IkePath path = network_path ();
    ike_session_start (self->session, &path, self->now);
    network_pull (self);
}

/* ---- the wire ---- */

/* What was sent first arrives first, at the same moment too. */
static gint
compare_flights (gconstpointer flying, gconstpointer newer, gpointer unused)
{
    return ((const Flight *)flying)->at <= ((const Flight *)newer)->at ? -1 : 1;
}

static void
fly (Network *self, NetworkDirection direction, ByteView datagram, gint64 at)
{
    Flight *flight = g_new0 (Flight, 1);
    flight->at = at;
    flight->direction = direction;
    flight->datagram = byte_view_to_bytes (datagram);
    g_queue_insert_sorted (&self->flying, flight, compare_flights, NULL);
}

static void
send_datagram (Network *self, NetworkDirection direction, GBytes *datagram)
{
    g_autoptr (GByteArray) octets = g_byte_array_new ();
    g_byte_array_append (octets, g_bytes_get_data (datagram, NULL),
                         (guint)g_bytes_get_size (datagram));
    unsigned index = self->sent[direction]++;
    NetworkFate fate =
        self->decide != NULL ? self->decide (self, direction, index, octets) : FATE_ARRIVES;
    ByteView view = byte_view_of_array (octets);
    gint64 at = self->now + NETWORK_DELAY;
    if (fate == FATE_LATE)
        at += NETWORK_DELAY * 5;
    if (fate != FATE_LOST)
        fly (self, direction, view, at);
    if (fate == FATE_DOUBLED)
        fly (self, direction, view, at + 1);
}

/* ---- the session's host ---- */

static void tell (Network *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
tell (Network *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_string_append (self->story, self->story->len > 0 ? " " : "");
    g_string_append_vprintf (self->story, format, arguments);
    va_end (arguments);
}

static void
answer_secret (Network *self, const IkeAction *action)
{
    const char *text = action->secret == IKE_SECRET_PSK ? self->psk : self->password;
    g_autoptr (SecretBytes) secret =
        text != NULL ? secret_bytes_new (byte_view_of_string (text)) : NULL;
    ike_session_answer_secret (self->session, action->question, secret, self->now);
}

static void
answer_signature (Network *self, const IkeAction *action)
{
    g_autoptr (CertsKey) key = NULL;
    CertsScheme scheme;
    g_autoptr (GBytes) der = g_bytes_ref (pki_get_key (self->own));
    g_assert_true (certs_parse_key (der, NULL, 0, &key, NULL));
    g_autoptr (GError) error = NULL;
    if (!certs_scheme_choose (key, (const uint16_t *)action->hashes->data, action->hashes->len,
                              self->padding, &scheme, &error))
    {
        ike_session_answer_signature (self->session, action->question, 0, (ByteView){ 0 }, error,
                                      self->now);
        return;
    }
    ByteView covered = secret_bytes_view (action->octets);
    g_autoptr (GBytes) signature =
        certs_signature_sign (key, scheme, covered.data, covered.size, NULL);
    g_autoptr (GBytes) identifier = certs_scheme_get_algorithm_identifier (scheme);
    g_auto (ByteWriter) data = BYTE_WRITER (8192);
    if (identifier != NULL)
        byte_writer_u8 (&data, (uint8_t)g_bytes_get_size (identifier));
    byte_writer_bytes (&data, byte_view_of_bytes (identifier));
    byte_writer_bytes (&data, byte_view_of_bytes (signature));
    ike_session_answer_signature (self->session, action->question, certs_scheme_get_method (scheme),
                                  byte_writer_view (&data), NULL, self->now);
}

static void
answer_verdict (Network *self, const IkeAction *action)
{
    g_autoptr (GError) error = NULL;
    g_autoptr (CertsIdentity) wanted = certs_identity_parse (self->wanted, NULL);
    g_assert_nonnull (self->trust);
    if (certs_trust_verify (self->trust, action->chain, PKI_NOW, CERTS_PURPOSE_GATEWAY, &error))
        certs_identity_matches (wanted, action->chain, &error);
    ike_session_answer_verdict (self->session, action->question, error, self->now);
}

static void
answer (Network *self, const IkeAction *action)
{
    if (action->kind == IKE_ACTION_ASK_SECRET)
        answer_secret (self, action);
    else if (action->kind == IKE_ACTION_SIGN)
        answer_signature (self, action);
    else
        answer_verdict (self, action);
}

void
network_answer (Network *self)
{
    g_assert_nonnull (self->question);
    g_autoptr (IkeAction) question = g_steal_pointer (&self->question);
    answer (self, question);
    network_pull (self);
}

static guint
find_child (const Network *self, const IkeChildSa *sa)
{
    guint index = 0;
    for (guint i = 0; i < self->children->len; i++)
        if (((const IkeChildSa *)self->children->pdata[i])->spi_in == sa->spi_in)
            return i;
    g_assert_not_reached ();
    return index;
}

static void
take_child (Network *self, IkeAction *action)
{
    IkeChildSa *sa = action->child;
    if (action->kind == IKE_ACTION_CHILD_UP)
    {
        tell (self, "up:%u", sa->number);
        g_ptr_array_add (self->children, ike_child_sa_ref (sa));
    }
    else if (action->kind == IKE_ACTION_CHILD_SWITCH)
    {
        tell (self, "switch:%u", sa->number);
        self->sending = sa->spi_in;
        find_child (self, sa);
    }
    else
    {
        tell (self, "down:%u", sa->number);
        g_ptr_array_remove_index (self->children, find_child (self, sa));
    }
}

static void
take_send (Network *self, const IkeAction *action)
{
    g_assert_false (self->closed && action->datagram == NULL);
    self->last_sent = self->now;
    if (action->datagram == NULL)
    {
        self->keepalives++;
        return;
    }
    self->largest = MAX (self->largest, g_bytes_get_size (action->datagram));
    send_datagram (self, TO_GATEWAY, action->datagram);
}

static void
take_end (Network *self, IkeAction *action)
{
    g_assert_false (self->closed);
    tell (self, "closed");
    self->closed = true;
    self->error = g_steal_pointer (&action->error);
    self->stage = action->stage;
    self->refused_unproven = action->refused_unproven;
    self->password_in_doubt = action->password_in_doubt;
}

static void
take_action (Network *self, IkeAction *action)
{
    g_assert_true (!self->closed || action->kind == IKE_ACTION_SEND);
    switch (action->kind)
    {
    case IKE_ACTION_SEND:
        take_send (self, action);
        break;
    case IKE_ACTION_ASK_SECRET:
    case IKE_ACTION_SIGN:
    case IKE_ACTION_VERIFY:
        if (!self->holds_answers)
        {
            answer (self, action);
            break;
        }
        ike_action_free (self->question);
        self->question = g_memdup2 (action, sizeof *action);
        *action = (IkeAction){ 0 };
        break;
    case IKE_ACTION_ESTABLISHED:
        tell (self, "established");
        self->grant = g_steal_pointer (&action->grant);
        self->gateway_identity = g_steal_pointer (&action->gateway_identity);
        self->proposal = g_steal_pointer (&action->proposal);
        break;
    case IKE_ACTION_REKEYED:
        tell (self, "rekeyed");
        break;
    case IKE_ACTION_CHILD_UP:
    case IKE_ACTION_CHILD_SWITCH:
    case IKE_ACTION_CHILD_DOWN:
        take_child (self, action);
        break;
    case IKE_ACTION_MOVED:
        tell (self, "moved:%u", action->gateway_port);
        self->port = action->gateway_port;
        break;
    case IKE_ACTION_PROBED:
        tell (self, "%s:%u", action->answered ? "passes" : "lost", action->probe_size);
        break;
    case IKE_ACTION_SILENCE:
        tell (self, "silence");
        break;
    case IKE_ACTION_CLOSED:
        take_end (self, action);
        break;
    }
}

void
network_pull (Network *self)
{
    IkeAction *action;
    while ((action = ike_session_next_action (self->session)) != NULL)
    {
        take_action (self, action);
        ike_action_free (action);
    }
    GBytes *datagram;
    while ((datagram = responder_next_datagram (self->gateway)) != NULL)
    {
        send_datagram (self, TO_CLIENT, datagram);
        g_bytes_unref (datagram);
    }
}

/* ---- time ---- */

/* When something happens next. */
static gint64
get_next (const Network *self)
{
    const Flight *flight = g_queue_peek_head ((GQueue *)&self->flying);
    gint64 next = flight != NULL ? flight->at : G_MAXINT64;
    next = MIN (next, ike_session_get_deadline (self->session));
    next = MIN (next, responder_get_deadline (self->gateway));
    return MAX (next, self->now);
}

static void
step (Network *self, gint64 to)
{
    self->now = to;
    Flight *flight = g_queue_peek_head (&self->flying);
    if (flight != NULL && flight->at <= self->now)
    {
        g_queue_pop_head (&self->flying);
        ByteView datagram = byte_view_of_bytes (flight->datagram);
        if (flight->direction == TO_GATEWAY)
            responder_receive (self->gateway, datagram, self->now);
        else
            ike_session_receive (self->session, datagram, self->now);
        flight_free (flight);
    }
    ike_session_advance (self->session, self->now);
    responder_advance (self->gateway, self->now);
    network_pull (self);
}

/* A session that asks for time without end, at one moment, is caught here. */
static void
guard (gint64 *moment, unsigned *count, gint64 next)
{
    *count = *moment == next ? *count + 1 : 0;
    *moment = next;
    g_assert_cmpuint (*count, <, 1000);
}

void
network_run (Network *self, gint64 duration)
{
    network_pull (self);
    gint64 end = self->now + duration, moment = 0;
    unsigned count = 0;
    for (gint64 next; (next = get_next (self)) <= end;)
    {
        guard (&moment, &count, next);
        step (self, next);
    }
    self->now = end;
}

static void
run_until (Network *self, bool *flag, bool settled)
{
    network_pull (self);
    gint64 end = self->now + 60 * IKE_SECOND, moment = 0;
    unsigned count = 0;
    for (gint64 next;
         !*flag && (!settled || self->grant == NULL) && (next = get_next (self)) <= end;)
    {
        guard (&moment, &count, next);
        step (self, next);
    }
}

void
network_run_until_settled (Network *self)
{
    run_until (self, &self->closed, true);
}

void
network_run_until_closed (Network *self)
{
    run_until (self, &self->closed, false);
    g_assert_true (self->closed);
}

void
network_inject (Network *self, ByteView datagram)
{
    ike_session_receive (self->session, datagram, self->now);
    network_pull (self);
}

void
network_inject_all (Network *self, GPtrArray *datagrams)
{
    for (guint i = 0; i < datagrams->len; i++)
        network_inject (self, byte_view_of_bytes (datagrams->pdata[i]));
}

/* ---- what must hold ---- */

static void
assert_secrets (const SecretBytes *a, const SecretBytes *b)
{
    g_assert_true (secret_equal (secret_bytes_view (a), secret_bytes_view (b)));
}

static void
assert_selectors (const GArray *a, const GArray *b)
{
    g_assert_cmpuint (a->len, ==, b->len);
    for (guint i = 0; i < a->len; i++)
        g_assert_true (traffic_selector_equal (&g_array_index (a, TrafficSelector, i),
                                               &g_array_index (b, TrafficSelector, i)));
}

static void
assert_child (const IkeChildSa *ours, const IkeChildSa *theirs)
{
    g_assert_cmpuint (ours->spi_out, ==, theirs->spi_in);
    g_assert_true (ours->encryption == theirs->encryption);
    g_assert_true (ours->integrity == theirs->integrity);
    g_assert_true (ours->esn == theirs->esn);
    g_assert_cmpuint (secret_bytes_size (ours->encryption_key_in), ==,
                      ours->encryption->key_size + ours->encryption->salt_size);
    assert_secrets (ours->encryption_key_in, theirs->encryption_key_out);
    assert_secrets (ours->encryption_key_out, theirs->encryption_key_in);
    assert_secrets (ours->integrity_key_in, theirs->integrity_key_out);
    assert_secrets (ours->integrity_key_out, theirs->integrity_key_in);
    assert_selectors (ours->local, theirs->remote);
    assert_selectors (ours->remote, theirs->local);
}

void
network_assert_children (const Network *self, unsigned count)
{
    g_autoptr (GPtrArray) theirs = responder_get_children (self->gateway);
    g_assert_cmpuint (self->children->len, ==, count);
    g_assert_cmpuint (theirs->len, ==, count);
    for (guint i = 0; i < count; i++)
    {
        const IkeChildSa *ours = self->children->pdata[i];
        const IkeChildSa *other = NULL;
        for (guint t = 0; t < count; t++)
            if (((const IkeChildSa *)theirs->pdata[t])->spi_out == ours->spi_in)
                other = theirs->pdata[t];
        g_assert_nonnull (other);
        assert_child (ours, other);
    }
}

void
network_assert_established (const Network *self)
{
    g_assert_no_error (self->error);
    g_assert_false (self->closed);
    g_assert_nonnull (self->grant);
    g_assert_true (responder_is_established (self->gateway));
    g_assert_cmpuint (self->grant->addresses->len, ==, 2);
    g_autofree char *v4 = ip_prefix_format (&g_array_index (self->grant->addresses, IpPrefix, 0));
    g_autofree char *v6 = ip_prefix_format (&g_array_index (self->grant->addresses, IpPrefix, 1));
    g_assert_cmpstr (v4, ==, "10.99.0.2/32");
    g_assert_cmpstr (v6, ==, "fd00:99::2/64");
    g_assert_cmpuint (self->grant->dns->len, ==, 1);
    g_assert_cmpstr (self->gateway_identity, ==, "vpn.example.com");
    network_assert_children (self, 1);
}

void
network_assert_closed (const Network *self, OutriderError code)
{
    g_assert_true (self->closed);
    g_assert_error (self->error, OUTRIDER_ERROR, (gint)code);
}

void
network_assert_closed_well (const Network *self)
{
    g_assert_true (self->closed);
    g_assert_no_error (self->error);
}

void
network_assert_story (const Network *self, const char *story)
{
    g_assert_cmpstr (self->story->str, ==, story);
}
