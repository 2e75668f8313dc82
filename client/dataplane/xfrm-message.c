/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-message.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define LINK_KIND "xfrm"

/* ---- the frame ---- */

static struct nlmsghdr *
begin (XfrmMessage *message, uint16_t type, uint16_t flags)
{
    memset (message, 0, sizeof *message); /* what pads attributes goes to the kernel, too */
    struct nlmsghdr *header = mnl_nlmsg_put_header (message->octets);
    header->nlmsg_type = type;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return header;
}

ByteView
xfrm_message_view (const XfrmMessage *self)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)self->octets;
    return byte_view (self->octets, header->nlmsg_len);
}

void
xfrm_message_wipe (XfrmMessage *self)
{
    explicit_bzero (self, sizeof *self);
}

/* Room for SIZE octets in an attribute, zeroed and aligned to 4. */
static void *
reserve (struct nlmsghdr *header, uint16_t type, size_t size)
{
    struct nlattr *attribute = mnl_nlmsg_get_payload_tail (header);
    g_assert (header->nlmsg_len + MNL_ALIGN (MNL_ATTR_HDRLEN + size) <= XFRM_MESSAGE_MAX);
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + size);
    header->nlmsg_len += MNL_ALIGN (attribute->nla_len);
    return mnl_attr_get_payload (attribute);
}

/* As iproute2 does it, without the flag that says what the kernel knows: that it is a nest. */
static struct nlattr *
open_nest (struct nlmsghdr *header, uint16_t type)
{
    struct nlattr *nest = mnl_attr_nest_start (header, type);
    nest->nla_type = type;
    return nest;
}

static uint16_t
family_of (const IpAddress *address)
{
    return address->family == IP_V6 ? AF_INET6 : AF_INET;
}

static void
put_address (xfrm_address_t *field, const IpAddress *address)
{
    memcpy (field, address->octets, ip_family_size (address->family));
}

/* ---- states ---- */

static uint64_t
limit_of (uint64_t value)
{
    return value != 0 ? value : XFRM_INF;
}

static void
put_limits (struct xfrm_lifetime_cfg *field, const XfrmLimits *limits)
{
    /* In time, it is 0 that means never. */
    *field = (struct xfrm_lifetime_cfg){
        .soft_byte_limit = limit_of (limits->soft_octets),
        .hard_byte_limit = limit_of (limits->hard_octets),
        .soft_packet_limit = limit_of (limits->soft_packets),
        .hard_packet_limit = limit_of (limits->hard_packets),
        .soft_add_expires_seconds = limits->soft_seconds,
        .hard_add_expires_seconds = limits->hard_seconds,
    };
}

static void
put_name (char *field, const char *name)
{
    g_strlcpy (field, name, sizeof ((struct xfrm_algo *)NULL)->alg_name);
}

static void
put_aead (struct nlmsghdr *header, const Algorithm *algorithm, ByteView key)
{
    struct xfrm_algo_aead *field =
        reserve (header, XFRMA_ALG_AEAD, sizeof (struct xfrm_algo_aead) + key.size);
    put_name (field->alg_name, algorithm->xfrm);
    field->alg_key_len = (unsigned)key.size * 8;
    field->alg_icv_len = algorithm->icv_size * 8u;
    memcpy (field->alg_key, key.data, key.size);
}

static void
put_cipher (struct nlmsghdr *header, const Algorithm *algorithm, ByteView key)
{
    struct xfrm_algo *field =
        reserve (header, XFRMA_ALG_CRYPT, sizeof (struct xfrm_algo) + key.size);
    put_name (field->alg_name, algorithm->xfrm);
    field->alg_key_len = (unsigned)key.size * 8;
    memcpy (field->alg_key, key.data, key.size);
}

static void
put_integrity (struct nlmsghdr *header, const Algorithm *algorithm, ByteView key)
{
    struct xfrm_algo_auth *field =
        reserve (header, XFRMA_ALG_AUTH_TRUNC, sizeof (struct xfrm_algo_auth) + key.size);
    put_name (field->alg_name, algorithm->xfrm);
    field->alg_key_len = (unsigned)key.size * 8;
    field->alg_trunc_len = algorithm->icv_size * 8u;
    memcpy (field->alg_key, key.data, key.size);
}

static void
put_algorithms (struct nlmsghdr *header, const XfrmState *state)
{
    if ((state->encryption->flags & ALGORITHM_AEAD) != 0)
    {
        put_aead (header, state->encryption, state->encryption_key);
        return;
    }
    put_integrity (header, state->integrity, state->integrity_key);
    put_cipher (header, state->encryption, state->encryption_key);
}

static void
put_encapsulation (struct nlmsghdr *header, const XfrmState *state)
{
    if (state->source_port == 0)
        return;
    struct xfrm_encap_tmpl *field = reserve (header, XFRMA_ENCAP, sizeof *field);
    field->encap_type = UDP_ENCAP_ESPINUDP;
    field->encap_sport = htons (state->source_port);
    field->encap_dport = htons (state->destination_port);
}

/*
 * Extended sequence numbers and windows of more than 32 packets have a bitmap of their own. The kernel wants a window with
 * ESN even on the way out, where it has no meaning: the smallest, then.
 */
static unsigned
window_of (const XfrmState *state)
{
    return MIN (state->window == 0 && state->esn ? 1 : state->window, XFRM_WINDOW_MAX);
}

static bool
has_bitmap (const XfrmState *state)
{
    return state->esn || window_of (state) > 32;
}

static void
put_replay (struct nlmsghdr *header, const XfrmState *state)
{
    const XfrmReplay *replay = state->replay;
    if (!has_bitmap (state))
    {
        if (replay == NULL)
            return;
        struct xfrm_replay_state *field = reserve (header, XFRMA_REPLAY_VAL, sizeof *field);
        field->oseq = (uint32_t)replay->sent;
        field->seq = (uint32_t)replay->seen;
        field->bitmap = replay->words > 0 ? replay->bitmap[0] : 0;
        return;
    }
    /* Without its bitmap the field stands for an empty one. */
    unsigned words = (window_of (state) + 31) / 32;
    bool resumed = replay != NULL && replay->words > 0;
    struct xfrm_replay_state_esn *field =
        reserve (header, XFRMA_REPLAY_ESN_VAL,
                 sizeof (struct xfrm_replay_state_esn) + (resumed ? words * sizeof (uint32_t) : 0));
    field->bmp_len = words;
    field->replay_window = window_of (state);
    if (replay == NULL)
        return;
    field->oseq = (uint32_t)replay->sent;
    field->oseq_hi = (uint32_t)(replay->sent >> 32);
    field->seq = (uint32_t)replay->seen;
    field->seq_hi = (uint32_t)(replay->seen >> 32);
    if (resumed)
        memcpy (field->bmp, replay->bitmap, MIN (words, replay->words) * sizeof (uint32_t));
}

static void
write_state (XfrmMessage *ret_message, uint16_t type, const XfrmState *state)
{
    struct nlmsghdr *header = begin (ret_message, type, NLM_F_ACK);
    struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header (header, sizeof *info);
    put_address (&info->saddr, &state->source);
    put_address (&info->id.daddr, &state->destination);
    info->id.spi = htonl (state->spi);
    info->id.proto = IPPROTO_ESP;
    put_limits (&info->lft, &state->limits);
    info->reqid = state->reqid;
    info->family = family_of (&state->destination);
    info->mode = XFRM_MODE_TUNNEL;
    /* Either family inside, whatever is outside. */
    info->flags = (uint8_t)(XFRM_STATE_AF_UNSPEC | (state->esn ? XFRM_STATE_ESN : 0));
    if (!has_bitmap (state))
        info->replay_window = (uint8_t)window_of (state);
    put_algorithms (header, state);
    put_encapsulation (header, state);
    put_replay (header, state);
    if (state->mark != 0)
    {
        mnl_attr_put_u32 (header, XFRMA_SET_MARK, state->mark);
        mnl_attr_put_u32 (header, XFRMA_SET_MARK_MASK, UINT32_MAX);
    }
    mnl_attr_put_u32 (header, XFRMA_IF_ID, state->if_id);
}

void
xfrm_write_add_state (XfrmMessage *ret_message, const XfrmState *state)
{
    write_state (ret_message, XFRM_MSG_NEWSA, state);
}

void
xfrm_write_update_state (XfrmMessage *ret_message, const XfrmState *state)
{
    write_state (ret_message, XFRM_MSG_UPDSA, state);
}

static void
put_state_id (struct xfrm_usersa_id *field, const XfrmState *state)
{
    put_address (&field->daddr, &state->destination);
    field->spi = htonl (state->spi);
    field->family = family_of (&state->destination);
    field->proto = IPPROTO_ESP;
}

void
xfrm_write_renumber_state (XfrmMessage *ret_message, const XfrmState *state)
{
    struct nlmsghdr *header = begin (ret_message, XFRM_MSG_NEWAE, NLM_F_ACK | NLM_F_REPLACE);
    struct xfrm_aevent_id *id = mnl_nlmsg_put_extra_header (header, sizeof *id);
    put_state_id (&id->sa_id, state);
    put_address (&id->saddr, &state->source);
    id->flags = XFRM_AE_CU;
    id->reqid = state->reqid;
    put_replay (header, state);
}

static void
write_state_id (XfrmMessage *ret_message, uint16_t type, uint16_t flags, const XfrmState *state)
{
    struct nlmsghdr *header = begin (ret_message, type, flags);
    put_state_id (mnl_nlmsg_put_extra_header (header, sizeof (struct xfrm_usersa_id)), state);
    put_address (reserve (header, XFRMA_SRCADDR, sizeof (xfrm_address_t)), &state->source);
}

void
xfrm_write_delete_state (XfrmMessage *ret_message, const XfrmState *state)
{
    write_state_id (ret_message, XFRM_MSG_DELSA, NLM_F_ACK, state);
}

void
xfrm_write_get_state (XfrmMessage *ret_message, const XfrmState *state)
{
    write_state_id (ret_message, XFRM_MSG_GETSA, 0, state);
}

void
xfrm_write_list_states (XfrmMessage *ret_message)
{
    struct nlmsghdr *header = begin (ret_message, XFRM_MSG_GETSA, NLM_F_DUMP);
    mnl_attr_put_u8 (header, XFRMA_PROTO, IPPROTO_ESP);
}

/* ---- policies ---- */

static uint8_t
direction_of (XfrmDirection direction)
{
    switch (direction)
    {
    case XFRM_DIRECTION_IN:
        return XFRM_POLICY_IN;
    case XFRM_DIRECTION_OUT:
        return XFRM_POLICY_OUT;
    case XFRM_DIRECTION_FORWARD:
        return XFRM_POLICY_FWD;
    }
    g_assert_not_reached ();
}

static void
put_selector (struct xfrm_selector *field, const XfrmSelector *selector)
{
    put_address (&field->saddr, &selector->source.address);
    put_address (&field->daddr, &selector->destination.address);
    field->prefixlen_s = selector->source.length;
    field->prefixlen_d = selector->destination.length;
    field->family = family_of (&selector->source.address);
    field->proto = selector->protocol;
    field->sport = htons (selector->source_port);
    field->sport_mask = htons (selector->source_mask);
    field->dport = htons (selector->destination_port);
    field->dport_mask = htons (selector->destination_mask);
}

static void
put_template (struct nlmsghdr *header, const XfrmPolicy *policy)
{
    struct xfrm_user_tmpl *field = reserve (header, XFRMA_TMPL, sizeof *field);
    put_address (&field->saddr, &policy->source);
    put_address (&field->id.daddr, &policy->destination);
    field->id.spi = htonl (policy->spi);
    field->id.proto = IPPROTO_ESP;
    field->family = family_of (&policy->destination);
    field->reqid = policy->reqid;
    field->mode = XFRM_MODE_TUNNEL;
    field->aalgos = field->ealgos = field->calgos = UINT32_MAX; /* the state decides */
}

void
xfrm_write_put_policy (XfrmMessage *ret_message, const XfrmPolicy *policy, bool replace)
{
    static const XfrmLimits never = { 0 };
    struct nlmsghdr *header =
        begin (ret_message, replace ? XFRM_MSG_UPDPOLICY : XFRM_MSG_NEWPOLICY, NLM_F_ACK);
    struct xfrm_userpolicy_info *info = mnl_nlmsg_put_extra_header (header, sizeof *info);
    put_selector (&info->sel, &policy->selector);
    put_limits (&info->lft, &never);
    info->priority = policy->priority;
    info->dir = direction_of (policy->direction);
    info->action = XFRM_POLICY_ALLOW;
    put_template (header, policy);
    mnl_attr_put_u32 (header, XFRMA_IF_ID, policy->if_id);
}

static struct nlmsghdr *
begin_policy_id (XfrmMessage *message, uint16_t type, const XfrmPolicy *policy)
{
    struct nlmsghdr *header = begin (message, type, NLM_F_ACK);
    struct xfrm_userpolicy_id *id = mnl_nlmsg_put_extra_header (header, sizeof *id);
    put_selector (&id->sel, &policy->selector);
    id->dir = direction_of (policy->direction);
    return header;
}

void
xfrm_write_delete_policy (XfrmMessage *ret_message, const XfrmPolicy *policy)
{
    struct nlmsghdr *header = begin_policy_id (ret_message, XFRM_MSG_DELPOLICY, policy);
    mnl_attr_put_u32 (header, XFRMA_IF_ID, policy->if_id);
}

void
xfrm_write_migrate (XfrmMessage *ret_message, const XfrmPolicy *policy, const XfrmState *to)
{
    struct nlmsghdr *header = begin_policy_id (ret_message, XFRM_MSG_MIGRATE, policy);
    struct xfrm_user_migrate *field = reserve (header, XFRMA_MIGRATE, sizeof *field);
    put_address (&field->old_saddr, &policy->source);
    put_address (&field->old_daddr, &policy->destination);
    field->old_family = family_of (&policy->destination);
    put_address (&field->new_saddr, &to->source);
    put_address (&field->new_daddr, &to->destination);
    field->new_family = family_of (&to->destination);
    field->proto = IPPROTO_ESP;
    field->mode = XFRM_MODE_TUNNEL;
    field->reqid = policy->reqid;
    put_encapsulation (header, to);
    mnl_attr_put_u32 (header, XFRMA_IF_ID, policy->if_id);
}

void
xfrm_write_list_policies (XfrmMessage *ret_message)
{
    begin (ret_message, XFRM_MSG_GETPOLICY, NLM_F_DUMP);
}

/* ---- the interface ---- */

void
xfrm_write_add_link (XfrmMessage *ret_message, const char *name, uint32_t if_id, unsigned mtu)
{
    struct nlmsghdr *header =
        begin (ret_message, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    mnl_nlmsg_put_extra_header (header, sizeof (struct ifinfomsg));
    mnl_attr_put_strz (header, IFLA_IFNAME, name);
    if (mtu != 0)
        mnl_attr_put_u32 (header, IFLA_MTU, mtu);
    struct nlattr *info = open_nest (header, IFLA_LINKINFO);
    mnl_attr_put_str (header, IFLA_INFO_KIND, LINK_KIND);
    struct nlattr *data = open_nest (header, IFLA_INFO_DATA);
    mnl_attr_put_u32 (header, IFLA_XFRM_IF_ID, if_id);
    mnl_attr_nest_end (header, data);
    mnl_attr_nest_end (header, info);
}

void
xfrm_write_delete_link (XfrmMessage *ret_message, int index)
{
    struct nlmsghdr *header = begin (ret_message, RTM_DELLINK, NLM_F_ACK);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header (header, sizeof *link);
    link->ifi_index = index;
}

void
xfrm_write_list_links (XfrmMessage *ret_message)
{
    struct nlmsghdr *header = begin (ret_message, RTM_GETLINK, NLM_F_DUMP);
    mnl_nlmsg_put_extra_header (header, sizeof (struct ifinfomsg));
    struct nlattr *info = open_nest (header, IFLA_LINKINFO);
    mnl_attr_put_str (header, IFLA_INFO_KIND, LINK_KIND); /* the kernel looks for us */
    mnl_attr_nest_end (header, info);
}

/* ---- reading ---- */

enum
{
    ATTRIBUTES_MAX =
        64, /* types that are looked at: all of XFRMA and IFLA that are asked for here */
};

typedef struct
{
    ByteView values[ATTRIBUTES_MAX];
} Attributes;

static bool
read_attributes (ByteView octets, Attributes *ret_attributes)
{
    *ret_attributes = (Attributes){ 0 };
    while (octets.size >= NLA_HDRLEN)
    {
        struct nlattr header;
        memcpy (&header, octets.data, sizeof header);
        if (header.nla_len < NLA_HDRLEN || header.nla_len > octets.size)
            return false;
        unsigned type = header.nla_type & NLA_TYPE_MASK;
        if (type < ATTRIBUTES_MAX)
            ret_attributes->values[type] =
                byte_view (octets.data + NLA_HDRLEN, (size_t)header.nla_len - NLA_HDRLEN);
        size_t step = MIN ((size_t)NLA_ALIGN (header.nla_len), octets.size);
        octets = byte_view (octets.data + step, octets.size - step);
    }
    return true;
}

/* A message of TYPE: its fixed part is copied to RET_FIXED, what follows is read as attributes. */
static bool
read_message (ByteView message, uint16_t type, void *ret_fixed, size_t fixed,
              Attributes *ret_attributes)
{
    struct nlmsghdr header;
    if (message.size < sizeof header)
        return false;
    memcpy (&header, message.data, sizeof header);
    if (header.nlmsg_type != type || header.nlmsg_len > message.size ||
        header.nlmsg_len < NLMSG_HDRLEN + fixed)
        return false;
    memcpy (ret_fixed, message.data + NLMSG_HDRLEN, fixed);
    size_t before =
        NLMSG_HDRLEN + MIN ((size_t)NLMSG_ALIGN (fixed), header.nlmsg_len - NLMSG_HDRLEN);
    return read_attributes (byte_view (message.data + before, header.nlmsg_len - before),
                            ret_attributes);
}

/* The attribute's octets, if it is there and at least so long. */
static bool
read_value (const Attributes *attributes, unsigned type, void *ret_value, size_t size)
{
    ByteView value = attributes->values[type];
    if (value.size < size)
        return false;
    memcpy (ret_value, value.data, size);
    return true;
}

static uint32_t
read_if_id (const Attributes *attributes)
{
    uint32_t if_id = 0;
    read_value (attributes, XFRMA_IF_ID, &if_id, sizeof if_id);
    return if_id;
}

static IpAddress
address_of (const xfrm_address_t *field, uint16_t family)
{
    size_t size = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
    return ip_address (byte_view (field, size));
}

static bool
read_replay (const Attributes *attributes, XfrmReplay *ret_replay)
{
    XfrmReplay replay = { 0 };
    struct xfrm_replay_state plain;
    struct xfrm_replay_state_esn esn;
    if (read_value (attributes, XFRMA_REPLAY_ESN_VAL, &esn, sizeof esn))
    {
        ByteView value = attributes->values[XFRMA_REPLAY_ESN_VAL];
        size_t bitmap = value.size - sizeof esn;
        if (esn.bmp_len > G_N_ELEMENTS (replay.bitmap) || bitmap < esn.bmp_len * sizeof (uint32_t))
            return false;
        replay.sent = (uint64_t)esn.oseq_hi << 32 | esn.oseq;
        replay.seen = (uint64_t)esn.seq_hi << 32 | esn.seq;
        replay.words = esn.bmp_len;
        memcpy (replay.bitmap, value.data + sizeof esn, esn.bmp_len * sizeof (uint32_t));
    }
    else if (read_value (attributes, XFRMA_REPLAY_VAL, &plain, sizeof plain))
    {
        replay.sent = plain.oseq;
        replay.seen = plain.seq;
        replay.words = 1;
        replay.bitmap[0] = plain.bitmap;
    }
    *ret_replay = replay;
    return true;
}

static bool
gather_state (const struct xfrm_usersa_info *info, const Attributes *attributes,
              XfrmStateFacts *ret_state)
{
    XfrmStateFacts state = {
        .source = address_of (&info->saddr, info->family),
        .destination = address_of (&info->id.daddr, info->family),
        .spi = ntohl (info->id.spi),
        .reqid = info->reqid,
        .if_id = read_if_id (attributes),
        .octets = info->curlft.bytes,
        .packets = info->curlft.packets,
        .replayed =
            info->stats.replay + info->stats.replay_window, /* seen before, or too old to tell */
        .unverified = info->stats.integrity_failed,
        .larval = attributes->values[XFRMA_ALG_AEAD].size == 0 &&
                  attributes->values[XFRMA_ALG_CRYPT].size == 0,
    };
    read_value (attributes, XFRMA_SET_MARK, &state.mark, sizeof state.mark);
    read_value (attributes, XFRMA_LASTUSED, &state.last_used, sizeof state.last_used);
    if (info->id.proto != IPPROTO_ESP || state.destination.family == IP_NONE ||
        !read_replay (attributes, &state.replay))
        return false;
    *ret_state = state;
    return true;
}

bool
xfrm_read_state (ByteView message, XfrmStateFacts *ret_state)
{
    struct xfrm_usersa_info info;
    Attributes attributes;
    return read_message (message, XFRM_MSG_NEWSA, &info, sizeof info, &attributes) &&
           gather_state (&info, &attributes, ret_state);
}

bool
xfrm_read_deleted_state (ByteView message, XfrmStateFacts *ret_state)
{
    struct xfrm_usersa_id id;
    struct xfrm_usersa_info info;
    Attributes attributes;
    return read_message (message, XFRM_MSG_DELSA, &id, sizeof id, &attributes) &&
           read_value (&attributes, XFRMA_SA, &info, sizeof info) &&
           gather_state (&info, &attributes, ret_state);
}

static bool
gather_selector (const struct xfrm_selector *field, XfrmSelector *ret_selector)
{
    XfrmSelector selector = {
        .source = { address_of (&field->saddr, field->family), field->prefixlen_s },
        .destination = { address_of (&field->daddr, field->family), field->prefixlen_d },
        .protocol = field->proto,
        .source_port = ntohs (field->sport),
        .source_mask = ntohs (field->sport_mask),
        .destination_port = ntohs (field->dport),
        .destination_mask = ntohs (field->dport_mask),
    };
    size_t bits = ip_family_size (selector.source.address.family) * 8;
    if (bits == 0 || field->prefixlen_s > bits || field->prefixlen_d > bits)
        return false;
    *ret_selector = selector;
    return true;
}

bool
xfrm_read_policy (ByteView message, XfrmPolicy *ret_policy)
{
    struct xfrm_userpolicy_info info;
    Attributes attributes;
    XfrmPolicy policy = { 0 };
    if (!read_message (message, XFRM_MSG_NEWPOLICY, &info, sizeof info, &attributes) ||
        info.dir > XFRM_POLICY_FWD || !gather_selector (&info.sel, &policy.selector))
        return false;
    static const XfrmDirection directions[] = {
        [XFRM_POLICY_IN] = XFRM_DIRECTION_IN,
        [XFRM_POLICY_OUT] = XFRM_DIRECTION_OUT,
        [XFRM_POLICY_FWD] = XFRM_DIRECTION_FORWARD,
    };
    policy.direction = directions[info.dir];
    policy.priority = info.priority;
    policy.if_id = read_if_id (&attributes);
    *ret_policy = policy;
    return true;
}

bool
xfrm_is_bypass (ByteView message)
{
    struct xfrm_userpolicy_info info;
    Attributes attributes;
    return read_message (message, XFRM_MSG_NEWPOLICY, &info, sizeof info, &attributes) &&
           info.action == XFRM_POLICY_ALLOW && attributes.values[XFRMA_TMPL].size == 0;
}

bool
xfrm_read_expiry (ByteView message, XfrmExpiry *ret_expiry)
{
    struct xfrm_user_expire expire;
    Attributes attributes;
    if (!read_message (message, XFRM_MSG_EXPIRE, &expire, sizeof expire, &attributes) ||
        expire.state.id.proto != IPPROTO_ESP)
        return false;
    *ret_expiry = (XfrmExpiry){
        .destination = address_of (&expire.state.id.daddr, expire.state.family),
        .spi = ntohl (expire.state.id.spi),
        .if_id = read_if_id (&attributes),
        .hard = expire.hard != 0,
    };
    return true;
}

bool
xfrm_read_acquire (ByteView message, uint32_t *ret_if_id)
{
    struct xfrm_user_acquire acquire;
    Attributes attributes;
    if (!read_message (message, XFRM_MSG_ACQUIRE, &acquire, sizeof acquire, &attributes))
        return false;
    *ret_if_id = read_if_id (&attributes);
    return true;
}

/* The kernel's strings end with a zero, or with the attribute. */
static bool
read_string (ByteView value, char *ret_text, size_t room)
{
    if (value.size == 0)
        return false;
    size_t size = strnlen ((const char *)value.data, value.size);
    if (size >= room)
        return false;
    memcpy (ret_text, value.data, size);
    ret_text[size] = '\0';
    return true;
}

bool
xfrm_read_link (ByteView message, XfrmLink *ret_link)
{
    struct ifinfomsg info;
    Attributes attributes, about, data;
    char kind[sizeof LINK_KIND + 1];
    XfrmLink link = { 0 };
    if (!read_message (message, RTM_NEWLINK, &info, sizeof info, &attributes) ||
        !read_string (attributes.values[IFLA_IFNAME], link.name, sizeof link.name) ||
        !read_attributes (attributes.values[IFLA_LINKINFO], &about) ||
        !read_string (about.values[IFLA_INFO_KIND], kind, sizeof kind) ||
        strcmp (kind, LINK_KIND) != 0 || !read_attributes (about.values[IFLA_INFO_DATA], &data) ||
        !read_value (&data, IFLA_XFRM_IF_ID, &link.if_id, sizeof link.if_id))
        return false;
    link.index = info.ifi_index;
    *ret_link = link;
    return true;
}
