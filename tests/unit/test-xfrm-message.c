/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-message.h"
#include "support/netlink.h"
#include "xfrm-captures.h"
#include "xfrm-move-captures.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

/*
 * Every message to the kernel against what iproute2 sends for the same thing (xfrm-captures.h): type, flags and fixed part
 * octet by octet, then the attributes, in whatever order they stand. What iproute2 has no command for stands against what the
 * kernel tells of it when it has done so (xfrm-move-captures.h). The kernel's answers are put together by hand, and spoiled in
 * every place.
 */

#define IF_ID 0x4f750000
#define REQID 65537

static size_t
get_fixed_size (uint16_t type)
{
    switch (type)
    {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
        return sizeof (struct xfrm_usersa_info);
    case XFRM_MSG_DELSA:
        return sizeof (struct xfrm_usersa_id);
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY:
        return sizeof (struct xfrm_userpolicy_info);
    case XFRM_MSG_DELPOLICY:
        return sizeof (struct xfrm_userpolicy_id);
    case XFRM_MSG_GETPOLICY:
        return 0;
    }
    g_assert_not_reached ();
}

static void
assert_like (const XfrmMessage *message, const char *captured)
{
    struct nlmsghdr header;
    memcpy (&header, xfrm_message_view (message).data, sizeof header);
    netlink_assert_like (xfrm_message_view (message), captured, get_fixed_size (header.nlmsg_type),
                         0, 0);
}

/* ---- states ---- */

static IpAddress
address (const char *text)
{
    IpAddress parsed;
    g_assert_true (ip_address_parse (text, &parsed));
    return parsed;
}

static uint8_t encryption_key[64], integrity_key[64];

static XfrmState
make_state (bool v6, uint32_t spi, const char *encryption, const char *integrity)
{
    const Algorithm *cipher = algorithm_find_name (TRANSFORM_ENCRYPTION, encryption);
    const Algorithm *mac =
        integrity != NULL ? algorithm_find_name (TRANSFORM_INTEGRITY, integrity) : NULL;
    for (unsigned i = 0; i < sizeof encryption_key; i++)
    {
        encryption_key[i] = (uint8_t)i;
        integrity_key[i] = (uint8_t)(0x80 + i);
    }
    return (XfrmState){
        .source = address (v6 ? "2001:db8:100::10" : "192.0.2.1"),
        .destination = address (v6 ? "fd77:1::2" : "198.51.100.10"),
        .spi = spi,
        .reqid = REQID,
        .if_id = IF_ID,
        .encryption = cipher,
        .integrity = mac,
        .encryption_key = byte_view (encryption_key, (size_t)cipher->key_size + cipher->salt_size),
        .integrity_key = byte_view (integrity_key, mac != NULL ? mac->key_size : 0),
    };
}

static void
assert_state (const XfrmState *state, const char *captured)
{
    g_auto (XfrmMessage) message;
    xfrm_write_add_state (&message, state);
    assert_like (&message, captured);
}

static void
algorithms (void)
{
    static const struct
    {
        const char *encryption;
        const char *integrity;
        const char *captured;
    } cases[] = {
        { "aes256gcm16", NULL, captured_state_gcm },
        { "aes128gcm8", NULL, captured_state_gcm8 },
        { "aes256ccm12", NULL, captured_state_ccm },
        { "chacha20poly1305", NULL, captured_state_chacha },
        { "aes256", "sha256", captured_state_cbc },
        { "aes128", "sha1", captured_state_sha1 },
        { "aes192", "sha384", captured_state_sha384 },
        { "aes256", "sha512", captured_state_sha512 },
        { "aes128", "aesxcbc", captured_state_xcbc },
        { "aes128", "aescmac", captured_state_cmac },
        { "aes256ctr", "sha256", captured_state_ctr },
        { "3des", "sha1", captured_state_3des },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        XfrmState state =
            make_state (false, 0xc0ffee01 + i, cases[i].encryption, cases[i].integrity);
        assert_state (&state, cases[i].captured);
    }
}

/* Whatever IKE may choose for ESP has a name in the kernel, and its message fits. */
static void
whole_table (void)
{
    size_t count, tried = 0;
    static const XfrmReplay replay = { .words = XFRM_WINDOW_MAX / 32 };
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        const Algorithm *row = &table[i];
        if (row->type == TRANSFORM_ENCRYPTION || row->type == TRANSFORM_INTEGRITY)
        {
            bool mac = row->type == TRANSFORM_INTEGRITY;
            bool aead = (row->flags & ALGORITHM_AEAD) != 0;
            g_assert_nonnull (row->xfrm);
            XfrmState state = make_state (true, 1, mac ? "aes256" : row->name,
                                          mac    ? row->name
                                          : aead ? NULL
                                                 : "sha512");
            state.esn = true;
            state.window = XFRM_WINDOW_MAX;
            state.source_port = state.destination_port = 4500;
            state.mark = 1;
            state.replay = &replay;
            g_auto (XfrmMessage) message;
            xfrm_write_add_state (&message, &state);
            XfrmStateFacts facts;
            g_assert_true (xfrm_read_state (xfrm_message_view (&message), &facts));
            g_assert_cmpuint (facts.replay.words, ==, XFRM_WINDOW_MAX / 32);
            g_assert_false (facts.larval);
            tried++;
        }
    }
    g_assert_cmpuint (tried, >, 20);
}

static void
windows (void)
{
    XfrmState state = make_state (true, 0xc0ffee0d, "aes256", "sha256");
    assert_state (&state, captured_state_v6);
    state.spi++;
    state.window = 32;
    assert_state (&state, captured_state_window32);
    state.spi++;
    state.window = 128;
    assert_state (&state, captured_state_window128);
    state.spi++;
    state.window = 100;
    assert_state (&state, captured_state_window100);
    state.spi++;
    state.window = 128;
    state.esn = true;
    assert_state (&state, captured_state_esn);
    /* On the way out no window is asked for; the kernel wants one with ESN. */
    state = make_state (false, 0xc0ffee12, "aes256", "sha256");
    state.esn = true;
    assert_state (&state, captured_state_esn_out);
}

static void
numbers_go_on (void)
{
    XfrmReplay replay = { .sent = 0x9abcdef0, .seen = 0x12345678, .words = 0 };
    XfrmState state = make_state (true, 0xc0ffee13, "aes256", "sha256");
    state.window = 32;
    state.replay = &replay;
    assert_state (&state, captured_state_resumed);

    state.spi++;
    state.window = 128;
    state.esn = true;
    replay.sent |= 5ull << 32;
    replay.seen |= 3ull << 32;
    assert_state (&state, captured_state_esn_resumed);
}

/* What the kernel says of the numbers is what it is given again. */
static void
numbers_survive (void)
{
    static const struct
    {
        unsigned window;
        bool esn;
        XfrmReplay replay;
    } cases[] = {
        { 32, false, { 7, 9, 1, { 0xdeadbeef } } },
        { 128, false, { 0xffffffff, 0xfffffffe, 4, { 1, 2, 3, 0x80000000 } } },
        { 128, true, { 0x1ffffffff, 0x2fffffffe, 4, { 1, 2, 3, 0x80000000 } } },
        { 4096, true, { 1, 1ull << 40, 128, { [0] = 5, [127] = 6 } } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
        XfrmState state = make_state (false, 1, "aes128gcm16", NULL);
        state.window = cases[i].window;
        state.esn = cases[i].esn;
        state.replay = &cases[i].replay;
        g_auto (XfrmMessage) message;
        xfrm_write_add_state (&message, &state);
        XfrmStateFacts facts;
        g_assert_true (xfrm_read_state (xfrm_message_view (&message), &facts));
        g_assert_cmpuint (facts.replay.sent, ==, cases[i].replay.sent);
        g_assert_cmpuint (facts.replay.seen, ==, cases[i].replay.seen);
        g_assert_cmpuint (facts.replay.words, ==, cases[i].replay.words);
        g_assert_cmpmem (facts.replay.bitmap, sizeof facts.replay.bitmap, cases[i].replay.bitmap,
                         sizeof cases[i].replay.bitmap);
    }
}

static void
encapsulation (void)
{
    XfrmState state = make_state (false, 0xc0ffee15, "aes256", "sha256");
    state.source_port = 53211;
    state.destination_port = 4500;
    assert_state (&state, captured_state_encap);
    state = make_state (true, 0xc0ffee16, "aes256", "sha256");
    state.source_port = state.destination_port = 4500;
    assert_state (&state, captured_state_encap_v6);
}

static void
other_ports (void)
{
    XfrmState state = make_state (false, 0xc0ffee1a, "aes256", "sha256");
    state.source_port = 53211;
    state.destination_port = 4500;
    g_auto (XfrmMessage) message;
    xfrm_write_update_state (&message, &state);
    assert_like (&message, captured_state_update);
}

static void
mark_and_limits (void)
{
    XfrmState state = make_state (false, 0xc0ffee17, "aes256", "sha256");
    state.mark = 0x4f75;
    assert_state (&state, captured_state_mark);
    state = make_state (false, 0xc0ffee18, "aes256", "sha256");
    state.limits = (XfrmLimits){ 1000000, 2000000, 3221225472, 4294967295, 3000, 3600 };
    assert_state (&state, captured_state_limits);
}

static void
all_at_once (void)
{
    XfrmState state = make_state (false, 0xc0ffee19, "aes256gcm16", NULL);
    state.esn = true;
    state.source_port = state.destination_port = 4500;
    state.mark = 0x4f75;
    state.limits.soft_packets = 1000;
    assert_state (&state, captured_state_all);
}

static void
questions_about_states (void)
{
    XfrmMessage message;
    XfrmState state = make_state (false, 0xc0ffee01, "aes256gcm16", NULL);
    xfrm_write_delete_state (&message, &state);
    assert_like (&message, captured_state_delete);
    xfrm_write_get_state (&message, &state);
    netlink_assert_like (xfrm_message_view (&message), captured_state_get,
                         sizeof (struct xfrm_usersa_id), 0, 0);
    state = make_state (true, 0xc0ffee0d, "aes256gcm16", NULL);
    xfrm_write_delete_state (&message, &state);
    assert_like (&message, captured_state_delete_v6);
    /* iproute2 says, too, that it does not ask for certain addresses. */
    xfrm_write_list_states (&message);
    netlink_assert_like (xfrm_message_view (&message), captured_states_list, 0, 0,
                         XFRMA_ADDRESS_FILTER);
}

static void
messages_are_wiped (void)
{
    static const XfrmMessage nothing;
    XfrmMessage message;
    XfrmState state = make_state (false, 1, "aes256", "sha256");
    xfrm_write_add_state (&message, &state);
    xfrm_message_wipe (&message);
    g_assert_cmpmem (&message, sizeof message, &nothing, sizeof nothing);
}

/* ---- policies ---- */

static IpPrefix
prefix (const char *text)
{
    IpPrefix parsed;
    g_assert_true (ip_prefix_parse (text, &parsed));
    return parsed;
}

static XfrmPolicy
make_policy (XfrmDirection direction, const char *source, const char *destination)
{
    bool out = direction == XFRM_DIRECTION_OUT;
    return (XfrmPolicy){
        .direction = direction,
        .selector = { .source = prefix (source), .destination = prefix (destination) },
        .if_id = IF_ID,
        .priority = 1888,
        .source = address (out ? "192.0.2.1" : "198.51.100.10"),
        .destination = address (out ? "198.51.100.10" : "192.0.2.1"),
        .reqid = REQID,
        .spi = out ? 0xc0ffee01 : 0,
    };
}

static void
assert_policy (const XfrmPolicy *policy, const char *captured)
{
    XfrmMessage message;
    xfrm_write_put_policy (&message, policy, true);
    assert_like (&message, captured);
}

static void
policies (void)
{
    XfrmPolicy policy = make_policy (XFRM_DIRECTION_OUT, "10.9.0.1/32", "10.77.0.0/24");
    assert_policy (&policy, captured_policy_out);
    XfrmMessage message;
    xfrm_write_put_policy (&message, &policy, false);
    assert_like (&message, captured_policy_new);
    policy = make_policy (XFRM_DIRECTION_IN, "10.77.0.0/24", "10.9.0.1/32");
    assert_policy (&policy, captured_policy_in);
    policy = make_policy (XFRM_DIRECTION_FORWARD, "10.77.0.0/24", "10.9.0.1/32");
    assert_policy (&policy, captured_policy_fwd);
    policy = make_policy (XFRM_DIRECTION_OUT, "fd00:9::1/128", "::/0");
    policy.priority = 1744;
    assert_policy (&policy, captured_policy_v6_in_v4);

    policy = make_policy (XFRM_DIRECTION_OUT, "10.9.0.1/32", "10.77.0.2/32");
    policy.priority = 1870;
    policy.selector.protocol = 6;
    policy.selector.destination_port = 443;
    policy.selector.destination_mask = UINT16_MAX;
    assert_policy (&policy, captured_policy_ports);
    policy.selector.protocol = 1;
    policy.selector.source_port = 8;
    policy.selector.source_mask = UINT16_MAX;
    policy.selector.destination_port = 0;
    assert_policy (&policy, captured_policy_icmp);
}

static void
questions_about_policies (void)
{
    XfrmMessage message;
    XfrmPolicy policy = make_policy (XFRM_DIRECTION_OUT, "10.9.0.1/32", "10.77.0.0/24");
    xfrm_write_delete_policy (&message, &policy);
    assert_like (&message, captured_policy_delete);
    xfrm_write_list_policies (&message);
    assert_like (&message, captured_policies_list);
}

/* ---- another address ---- */

/* What the kernel tells has no flags, and of the attributes these alone are ours as well. */
static void
assert_told (const XfrmMessage *message, const char *captured, size_t fixed,
             const unsigned *attributes)
{
    g_autoptr (GBytes) told = hex_decode (captured);
    ByteView theirs = byte_view_of_bytes (told);
    struct nlmsghdr our_header, their_header;
    memcpy (&our_header, xfrm_message_view (message).data, sizeof our_header);
    memcpy (&their_header, theirs.data, sizeof their_header);
    g_assert_cmphex (our_header.nlmsg_type, ==, their_header.nlmsg_type);
    NetlinkParts our, their;
    netlink_parts_read (xfrm_message_view (message), fixed, &our);
    netlink_parts_read (theirs, fixed, &their);
    g_autofree char *fixed_part = hex_encode (their.fixed);
    hex_assert_equal (our.fixed, fixed_part);
    for (; *attributes != 0; attributes++)
    {
        g_assert_nonnull (their.attributes[*attributes].data);
        g_autofree char *attribute = hex_encode (their.attributes[*attributes]);
        hex_assert_equal (our.attributes[*attributes], attribute);
    }
}

static uint16_t
flags_of (const XfrmMessage *message)
{
    struct nlmsghdr header;
    memcpy (&header, message->octets, sizeof header);
    return header.nlmsg_flags;
}

static void
states_are_migrated (void)
{
    static const unsigned plain[] = { XFRMA_MIGRATE, 0 };
    static const unsigned in_udp[] = { XFRMA_MIGRATE, XFRMA_ENCAP, 0 };
    XfrmState to = make_state (false, 0xc0ffee01, "aes256gcm16", NULL);
    XfrmPolicy policy = make_policy (XFRM_DIRECTION_FORWARD, "0.0.0.0/32", "0.0.0.0/32");
    policy.selector.protocol = 255;
    policy.source = address ("192.0.2.1");
    policy.destination = address ("198.51.100.10");
    XfrmMessage message;
    to.source = address ("192.0.2.11");
    xfrm_write_migrate (&message, &policy, &to);
    assert_told (&message, captured_migrate, sizeof (struct xfrm_userpolicy_id), plain);
    g_assert_cmphex (flags_of (&message), ==, NLM_F_REQUEST | NLM_F_ACK);

    /* Another family; and the if_id, of which the kernel does not tell, as iproute2 puts it. */
    to.source = address ("fd77:1::2");
    to.destination = address ("2001:db8:100::10");
    to.source_port = 53211;
    to.destination_port = 4500;
    xfrm_write_migrate (&message, &policy, &to);
    assert_told (&message, captured_migrate_encap_v6, sizeof (struct xfrm_userpolicy_id), in_udp);
    NetlinkParts ours;
    netlink_parts_read (xfrm_message_view (&message), sizeof (struct xfrm_userpolicy_id), &ours);
    hex_assert_equal (ours.attributes[XFRMA_IF_ID], "08001f000000754f");
}

static void
states_are_renumbered (void)
{
    static const unsigned plain[] = { XFRMA_REPLAY_VAL, 0 };
    static const unsigned extended[] = { XFRMA_REPLAY_ESN_VAL, 0 };
    XfrmReplay replay = { .sent = 0x9abcdef0, .words = 1 };
    XfrmState state = make_state (false, 0xc0ffee01, "aes256gcm16", NULL);
    state.source = address ("192.0.2.11");
    state.replay = &replay;
    XfrmMessage message;
    xfrm_write_renumber_state (&message, &state);
    assert_told (&message, captured_renumber, sizeof (struct xfrm_aevent_id), plain);
    g_assert_cmphex (flags_of (&message), ==, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE);

    state.source = address ("fd77:1::2");
    state.destination = address ("2001:db8:100::10");
    state.spi++;
    state.esn = true;
    replay.sent |= 5ull << 32;
    xfrm_write_renumber_state (&message, &state);
    assert_told (&message, captured_renumber_esn, sizeof (struct xfrm_aevent_id), extended);
}

/* ---- the interface ---- */

static void
links (void)
{
    XfrmMessage message;
    xfrm_write_add_link (&message, "outrider0", IF_ID, 0);
    netlink_assert_like (xfrm_message_view (&message), captured_link_add, sizeof (struct ifinfomsg),
                         0, 0);
    xfrm_write_add_link (&message, "outrider0", IF_ID, 1400);
    netlink_assert_like (xfrm_message_view (&message), captured_link_add_mtu,
                         sizeof (struct ifinfomsg), 0, 0);
    xfrm_write_delete_link (&message, 1);
    netlink_assert_like (xfrm_message_view (&message), captured_link_delete,
                         sizeof (struct ifinfomsg), 0, 0);
    /* iproute2 asks for virtual functions besides, under another family. */
    xfrm_write_list_links (&message);
    struct ifinfomsg *info = (struct ifinfomsg *)(message.octets + NLMSG_HDRLEN);
    g_assert_cmpuint (info->ifi_family, ==, 0);
    info->ifi_family = 17;
    netlink_assert_like (xfrm_message_view (&message), captured_links_list, sizeof *info, 0,
                         IFLA_EXT_MASK);
}

/* ---- what the kernel says ---- */

typedef struct
{
    GByteArray *octets;
} Saying;

static Saying
say (uint16_t type, const void *fixed, size_t size)
{
    static const uint8_t zeros[4] = { 0 };
    Saying self = { g_byte_array_new () };
    struct nlmsghdr header = { .nlmsg_type = type };
    g_byte_array_append (self.octets, (const guint8 *)&header, sizeof header);
    g_byte_array_append (self.octets, fixed, (guint)size);
    g_byte_array_append (self.octets, zeros, (guint)(NLMSG_ALIGN (size) - size));
    return self;
}

static void
say_attribute (Saying *self, uint16_t type, const void *value, size_t size)
{
    static const uint8_t zeros[4] = { 0 };
    struct nlattr header = { .nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type };
    g_byte_array_append (self->octets, (const guint8 *)&header, sizeof header);
    g_byte_array_append (self->octets, value, (guint)size);
    g_byte_array_append (self->octets, zeros, (guint)(NLA_ALIGN (size) - size));
}

static GBytes *
said (Saying *self)
{
    struct nlmsghdr *header = (struct nlmsghdr *)self->octets->data;
    header->nlmsg_len = self->octets->len;
    return g_byte_array_free_to_bytes (self->octets);
}

static struct xfrm_usersa_info
make_info (void)
{
    struct xfrm_usersa_info info = {
        .id = { .spi = GUINT32_TO_BE (0xc0ffee01), .proto = 50 },
        .family = AF_INET,
        .reqid = REQID,
        .curlft = { .bytes = 1ull << 40, .packets = 1234567 },
        .stats = { .replay_window = 1, .replay = 2, .integrity_failed = 4 },
    };
    IpAddress source = address ("192.0.2.1"), destination = address ("198.51.100.10");
    memcpy (&info.saddr, source.octets, 4);
    memcpy (&info.id.daddr, destination.octets, 4);
    return info;
}

/* FIXED with four words of bitmap behind it, as the kernel tells it. */
static void
say_replay (Saying *saying, const struct xfrm_replay_state_esn *fixed)
{
    static const uint32_t bitmap[] = { 1, 2, 3, 4 };
    uint8_t octets[sizeof *fixed + sizeof bitmap];
    memcpy (octets, fixed, sizeof *fixed);
    memcpy (octets + sizeof *fixed, bitmap, sizeof bitmap);
    say_attribute (saying, XFRMA_REPLAY_ESN_VAL, octets, sizeof octets);
}

static void
say_more_of_state (Saying *saying)
{
    uint32_t if_id = IF_ID, mark = 0x4f75;
    uint64_t used = 1700000000;
    struct xfrm_replay_state_esn replay = {
        .bmp_len = 4, .oseq = 5, .oseq_hi = 6, .seq = 7, .seq_hi = 8
    };
    say_attribute (saying, XFRMA_IF_ID, &if_id, sizeof if_id);
    say_attribute (saying, XFRMA_SET_MARK, &mark, sizeof mark);
    say_attribute (saying, XFRMA_LASTUSED, &used, sizeof used);
    say_replay (saying, &replay);
}

static GBytes *
say_state (void)
{
    struct xfrm_usersa_info info = make_info ();
    Saying saying = say (XFRM_MSG_NEWSA, &info, sizeof info);
    say_more_of_state (&saying);
    return said (&saying);
}

static GBytes *
say_deleted_state (void)
{
    struct xfrm_usersa_info info = make_info ();
    struct xfrm_usersa_id id = { .spi = info.id.spi, .family = AF_INET, .proto = 50 };
    Saying saying = say (XFRM_MSG_DELSA, &id, sizeof id);
    say_attribute (&saying, XFRMA_SA, &info, sizeof info);
    say_more_of_state (&saying);
    return said (&saying);
}

static void
assert_facts (const XfrmStateFacts *facts)
{
    IpAddress source = address ("192.0.2.1"), destination = address ("198.51.100.10");
    g_assert_true (ip_address_equal (&facts->source, &source));
    g_assert_true (ip_address_equal (&facts->destination, &destination));
    g_assert_cmphex (facts->spi, ==, 0xc0ffee01);
    g_assert_cmpuint (facts->reqid, ==, REQID);
    g_assert_cmphex (facts->if_id, ==, IF_ID);
    g_assert_cmphex (facts->mark, ==, 0x4f75);
    g_assert_cmpuint (facts->octets, ==, 1ull << 40);
    g_assert_cmpuint (facts->packets, ==, 1234567);
    g_assert_cmpuint (facts->replayed, ==, 3);
    g_assert_cmpuint (facts->unverified, ==, 4);
    g_assert_cmpuint (facts->last_used, ==, 1700000000);
    g_assert_true (facts->larval); /* no algorithm is said */
    g_assert_cmphex (facts->replay.sent, ==, 0x600000005);
    g_assert_cmphex (facts->replay.seen, ==, 0x800000007);
    g_assert_cmpuint (facts->replay.words, ==, 4);
    g_assert_cmpuint (facts->replay.bitmap[3], ==, 4);
}

static void
states_are_read (void)
{
    XfrmStateFacts facts;
    g_autoptr (GBytes) state = say_state ();
    g_assert_true (xfrm_read_state (byte_view_of_bytes (state), &facts));
    assert_facts (&facts);
    g_autoptr (GBytes) deleted = say_deleted_state ();
    memset (&facts, 0, sizeof facts);
    g_assert_true (xfrm_read_deleted_state (byte_view_of_bytes (deleted), &facts));
    assert_facts (&facts);
    g_assert_false (xfrm_read_state (byte_view_of_bytes (deleted), &facts));
    g_assert_false (xfrm_read_deleted_state (byte_view_of_bytes (state), &facts));
}

/* A bitmap that is longer than its attribute, or than what we keep. */
static void
bitmaps_are_bounded (void)
{
    static const uint32_t lengths[] = { 5, 129, 0x40000000, UINT32_MAX };
    for (size_t i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
        struct xfrm_usersa_info info = make_info ();
        struct xfrm_replay_state_esn replay = { .bmp_len = lengths[i] };
        Saying saying = say (XFRM_MSG_NEWSA, &info, sizeof info);
        say_replay (&saying, &replay);
        g_autoptr (GBytes) state = said (&saying);
        XfrmStateFacts facts;
        g_assert_false (xfrm_read_state (byte_view_of_bytes (state), &facts));
    }
}

static GBytes *
say_policy (void)
{
    XfrmMessage message;
    XfrmPolicy policy = make_policy (XFRM_DIRECTION_FORWARD, "10.77.0.0/24", "10.9.0.1/32");
    policy.selector.protocol = 17;
    policy.selector.source_port = 53;
    policy.selector.source_mask = UINT16_MAX;
    xfrm_write_put_policy (&message, &policy, true);
    ByteView view = xfrm_message_view (&message);
    struct nlmsghdr *header = (struct nlmsghdr *)message.octets;
    header->nlmsg_type = XFRM_MSG_NEWPOLICY;
    return byte_view_to_bytes (view);
}

static void
policies_are_read (void)
{
    XfrmPolicy policy;
    IpPrefix source = prefix ("10.77.0.0/24"), destination = prefix ("10.9.0.1/32");
    g_autoptr (GBytes) message = say_policy ();
    g_assert_true (xfrm_read_policy (byte_view_of_bytes (message), &policy));
    g_assert_cmpint (policy.direction, ==, XFRM_DIRECTION_FORWARD);
    g_assert_true (ip_prefix_equal (&policy.selector.source, &source));
    g_assert_true (ip_prefix_equal (&policy.selector.destination, &destination));
    g_assert_cmpuint (policy.selector.protocol, ==, 17);
    g_assert_cmpuint (policy.selector.source_port, ==, 53);
    g_assert_cmpuint (policy.priority, ==, 1888);
    g_assert_cmphex (policy.if_id, ==, IF_ID);

    /* Prefixes that no address has, and directions that are none. */
    g_autoptr (GByteArray) spoiled = g_bytes_unref_to_array (g_steal_pointer (&message));
    struct xfrm_userpolicy_info *info =
        (struct xfrm_userpolicy_info *)(spoiled->data + NLMSG_HDRLEN);
    info->sel.prefixlen_s = 33;
    g_assert_false (xfrm_read_policy (byte_view_of_array (spoiled), &policy));
    info->sel.prefixlen_s = 24;
    info->dir = 3;
    g_assert_false (xfrm_read_policy (byte_view_of_array (spoiled), &policy));
    info->dir = 2;
    info->sel.family = AF_UNIX;
    g_assert_false (xfrm_read_policy (byte_view_of_array (spoiled), &policy));
}

static GBytes *
say_expiry (void)
{
    uint32_t if_id = IF_ID;
    struct xfrm_user_expire expire = { .state = make_info (), .hard = 1 };
    Saying saying = say (XFRM_MSG_EXPIRE, &expire, sizeof expire);
    say_attribute (&saying, XFRMA_IF_ID, &if_id, sizeof if_id);
    return said (&saying);
}

static GBytes *
say_acquire (void)
{
    uint32_t if_id = IF_ID;
    struct xfrm_user_acquire acquire = { .id.proto = 50 };
    Saying saying = say (XFRM_MSG_ACQUIRE, &acquire, sizeof acquire);
    say_attribute (&saying, XFRMA_IF_ID, &if_id, sizeof if_id);
    return said (&saying);
}

static void
events_are_read (void)
{
    XfrmExpiry expiry;
    uint32_t if_id = 0;
    IpAddress destination = address ("198.51.100.10");
    g_autoptr (GBytes) expire = say_expiry ();
    g_autoptr (GBytes) acquire = say_acquire ();
    g_assert_true (xfrm_read_expiry (byte_view_of_bytes (expire), &expiry));
    g_assert_true (expiry.hard);
    g_assert_cmphex (expiry.spi, ==, 0xc0ffee01);
    g_assert_cmphex (expiry.if_id, ==, IF_ID);
    g_assert_true (ip_address_equal (&expiry.destination, &destination));
    g_assert_true (xfrm_read_acquire (byte_view_of_bytes (acquire), &if_id));
    g_assert_cmphex (if_id, ==, IF_ID);
    g_assert_false (xfrm_read_expiry (byte_view_of_bytes (acquire), &expiry));
    g_assert_false (xfrm_read_acquire (byte_view_of_bytes (expire), &if_id));
}

/* As the kernel tells of it: the name with its zero, the kind with or without. */
static GBytes *
say_link (const char *kind)
{
    uint32_t if_id = IF_ID;
    struct ifinfomsg info = { .ifi_index = 42 };
    Saying data = { g_byte_array_new () };
    Saying about = { g_byte_array_new () };
    Saying saying = say (RTM_NEWLINK, &info, sizeof info);
    say_attribute (&data, IFLA_XFRM_IF_ID, &if_id, sizeof if_id);
    say_attribute (&about, IFLA_INFO_KIND, kind, strlen (kind) + 1);
    say_attribute (&about, IFLA_INFO_DATA, data.octets->data, data.octets->len);
    say_attribute (&saying, IFLA_IFNAME, "outrider0", sizeof "outrider0");
    say_attribute (&saying, IFLA_LINKINFO | NLA_F_NESTED, about.octets->data, about.octets->len);
    g_byte_array_unref (data.octets);
    g_byte_array_unref (about.octets);
    return said (&saying);
}

static void
links_are_read (void)
{
    XfrmLink link;
    g_autoptr (GBytes) ours = say_link ("xfrm");
    g_assert_true (xfrm_read_link (byte_view_of_bytes (ours), &link));
    g_assert_cmpint (link.index, ==, 42);
    g_assert_cmpstr (link.name, ==, "outrider0");
    g_assert_cmphex (link.if_id, ==, IF_ID);
    static const char *const kinds[] = {
        "", "x", "xfr", "xfrm0", "vti", "a kind with a long name"
    };
    for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
        g_autoptr (GBytes) other = say_link (kinds[i]);
        g_assert_false (xfrm_read_link (byte_view_of_bytes (other), &link));
    }
}

static void
read_all (ByteView octets)
{
    XfrmStateFacts facts;
    XfrmPolicy policy;
    XfrmExpiry expiry;
    XfrmLink link;
    uint32_t if_id;
    /* On the heap, in its own size, so that a sanitizer sees each step too far. */
    g_autofree uint8_t *copy = g_memdup2 (octets.data, octets.size);
    ByteView view = byte_view (copy, octets.size);
    xfrm_read_state (view, &facts);
    xfrm_read_deleted_state (view, &facts);
    xfrm_read_policy (view, &policy);
    xfrm_read_expiry (view, &expiry);
    xfrm_read_acquire (view, &if_id);
    if (xfrm_read_link (view, &link))
        g_assert_cmpuint (strlen (link.name), <, sizeof link.name);
}

/* Cut off anywhere, with or without a header that admits it; and each octet at its extremes. */
static void
survive (GBytes *message)
{
    static const uint8_t extremes[] = { 0x00, 0x01, 0x03, 0x7f, 0x80, 0xff };
    ByteView whole = byte_view_of_bytes (message);
    g_autofree uint8_t *copy = g_memdup2 (whole.data, whole.size);
    struct nlmsghdr *header = (struct nlmsghdr *)copy;
    for (size_t size = 0; size < whole.size; size++)
    {
        read_all (byte_view (whole.data, size));
        header->nlmsg_len = (uint32_t)size;
        read_all (byte_view (copy, size));
        read_all (byte_view (copy, whole.size));
    }
    memcpy (copy, whole.data, whole.size);
    for (size_t at = 0; at < whole.size; at++)
        for (size_t e = 0; e < G_N_ELEMENTS (extremes); e++)
        {
            copy[at] = extremes[e];
            read_all (byte_view (copy, whole.size));
            copy[at] = whole.data[at];
        }
    g_bytes_unref (message);
}

static void
spoiled_messages_are_survived (void)
{
    survive (say_state ());
    survive (say_deleted_state ());
    survive (say_policy ());
    survive (say_expiry ());
    survive (say_acquire ());
    survive (say_link ("xfrm"));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/xfrm-message/algorithms", algorithms);
    g_test_add_func ("/xfrm-message/whole-table", whole_table);
    g_test_add_func ("/xfrm-message/windows", windows);
    g_test_add_func ("/xfrm-message/numbers-go-on", numbers_go_on);
    g_test_add_func ("/xfrm-message/numbers-survive", numbers_survive);
    g_test_add_func ("/xfrm-message/encapsulation", encapsulation);
    g_test_add_func ("/xfrm-message/other-ports", other_ports);
    g_test_add_func ("/xfrm-message/mark-and-limits", mark_and_limits);
    g_test_add_func ("/xfrm-message/all-at-once", all_at_once);
    g_test_add_func ("/xfrm-message/questions-about-states", questions_about_states);
    g_test_add_func ("/xfrm-message/wiped", messages_are_wiped);
    g_test_add_func ("/xfrm-message/policies", policies);
    g_test_add_func ("/xfrm-message/questions-about-policies", questions_about_policies);
    g_test_add_func ("/xfrm-message/migrated", states_are_migrated);
    g_test_add_func ("/xfrm-message/renumbered", states_are_renumbered);
    g_test_add_func ("/xfrm-message/links", links);
    g_test_add_func ("/xfrm-message/states-are-read", states_are_read);
    g_test_add_func ("/xfrm-message/bitmaps-are-bounded", bitmaps_are_bounded);
    g_test_add_func ("/xfrm-message/policies-are-read", policies_are_read);
    g_test_add_func ("/xfrm-message/events-are-read", events_are_read);
    g_test_add_func ("/xfrm-message/links-are-read", links_are_read);
    g_test_add_func ("/xfrm-message/spoiled", spoiled_messages_are_survived);
    return g_test_run ();
}
