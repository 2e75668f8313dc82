/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The netlink messages of the kernel plane, as octets in and octets out: SAs ("states"), policies and events of
 * NETLINK_XFRM, and the XFRM interface of NETLINK_ROUTE. No socket here. Numbers are in host order unless a field of the
 * kernel's wants otherwise, which is settled here.
 */

#include "bytes/address.h"
#include "crypto/algorithms.h"

#include <linux/netlink.h>
#include <net/if.h>

#define XFRM_MESSAGE_MAX 2048

/* A bitmap of so many packets at most, so that a state fits a message; the kernel takes 32768. */
#define XFRM_WINDOW_MAX 4096

typedef struct
{
    _Alignas(struct nlmsghdr) uint8_t octets[XFRM_MESSAGE_MAX];
} XfrmMessage;

ByteView xfrm_message_view (const XfrmMessage *self);

/* Messages hold keys. */
void xfrm_message_wipe (XfrmMessage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (XfrmMessage, xfrm_message_wipe)

/* When a state ends of itself (hard), and when that is announced (soft). 0: never. */
typedef struct
{
    uint64_t soft_octets, hard_octets;
    uint64_t soft_packets, hard_packets;
    uint64_t soft_seconds, hard_seconds; /* since it was made */
} XfrmLimits;

/* Where the sequence numbers of a state stand. */
typedef struct
{
    uint64_t sent; /* the last one; the upper half is 0 without ESN */
    uint64_t seen; /* the highest */
    unsigned words;
    uint32_t bitmap[XFRM_WINDOW_MAX / 32]; /* those before it, as the kernel keeps them */
} XfrmReplay;

/* One SA, one direction. */
typedef struct
{
    IpAddress source; /* outer */
    IpAddress destination;
    uint32_t spi;
    uint32_t reqid;
    uint32_t if_id;
    const Algorithm *encryption;
    const Algorithm *integrity; /* NULL for an AEAD */
    ByteView encryption_key;    /* key and salt */
    ByteView integrity_key;
    bool esn;
    unsigned window;           /* in packets; 0: replays are not looked for, as on the way out */
    uint16_t source_port;      /* ESP in UDP (RFC 3948); 0: ESP as it is */
    uint16_t destination_port; /* likewise */
    uint32_t mark;             /* put on the packets that come out; 0: none */
    XfrmLimits limits;
    const XfrmReplay *replay; /* goes on from there; NULL: begins */
} XfrmState;

/* Which packets; the prefixes have no host bits. ICMP: type as the source's port, code as the destination's. */
typedef struct
{
    IpPrefix source;
    IpPrefix destination;
    uint8_t protocol; /* 0: any */
    uint16_t source_port, source_mask;
    uint16_t destination_port, destination_mask;
} XfrmSelector;

typedef enum
{
    XFRM_DIRECTION_IN,
    XFRM_DIRECTION_OUT,
    XFRM_DIRECTION_FORWARD,
} XfrmDirection;

typedef struct
{
    XfrmDirection direction;
    XfrmSelector selector;
    uint32_t if_id;
    uint32_t priority; /* the lowest counts */
    /* The states that serve it: */
    IpAddress source;
    IpAddress destination;
    uint32_t reqid;
    uint32_t spi; /* 0: any */
} XfrmPolicy;

/* ---- messages to the kernel: each asks for an acknowledgement, but those that ask a question ---- */

void xfrm_write_add_state (XfrmMessage *ret_message, const XfrmState *state);

/* The state with these addresses and this SPI gets the ports and the limits of STATE; its numbers and counters go on. */
void xfrm_write_update_state (XfrmMessage *ret_message, const XfrmState *state);

/* Its numbers stand where STATE's replay says from now on. */
void xfrm_write_renumber_state (XfrmMessage *ret_message, const XfrmState *state);

/*
 * A state with the addresses, reqid and if_id of POLICY, whichever the kernel finds first, and POLICY itself, which is in force,
 * go to the addresses and ports of TO. The state goes on from where it stood when the kernel made a copy of it; the copied one
 * may have gone on for a while. ENOPROTOOPT: this kernel cannot.
 */
void xfrm_write_migrate (XfrmMessage *ret_message, const XfrmPolicy *policy, const XfrmState *to);

/* Of STATE the addresses and the SPI count. */
void xfrm_write_delete_state (XfrmMessage *ret_message, const XfrmState *state);

/* Answered by the state itself. */
void xfrm_write_get_state (XfrmMessage *ret_message, const XfrmState *state);

/* Answered by all states of ESP. */
void xfrm_write_list_states (XfrmMessage *ret_message);

/* A policy; REPLACE: in place of the one with the same direction, selector and if_id, which EEXIST speaks of otherwise. */
void xfrm_write_put_policy (XfrmMessage *ret_message, const XfrmPolicy *policy, bool replace);
void xfrm_write_delete_policy (XfrmMessage *ret_message, const XfrmPolicy *policy);
void xfrm_write_list_policies (XfrmMessage *ret_message);

/* MTU 0: the kernel's default. Refused with EEXIST if either the name or the if_id is in use. */
void xfrm_write_add_link (XfrmMessage *ret_message, const char *name, uint32_t if_id, unsigned mtu);
void xfrm_write_delete_link (XfrmMessage *ret_message, int index);

/* Answered by links; not all of them need be XFRM interfaces. */
void xfrm_write_list_links (XfrmMessage *ret_message);

/* ---- messages from the kernel: false if it is no such message, or a malformed one ---- */

/* What the kernel tells of a state. */
typedef struct
{
    IpAddress source;
    IpAddress destination;
    uint32_t spi;
    uint32_t reqid;
    uint32_t if_id; /* 0: none */
    uint32_t mark;  /* likewise */
    uint64_t octets, packets;
    uint64_t replayed, unverified;
    uint64_t last_used; /* seconds since 1970; 0: this kernel does not say */
    bool larval;        /* without keys: the kernel's note that a packet waits for such a state */
    XfrmReplay replay;
} XfrmStateFacts;

/* An answer or an entry of a list; also the last word on a state that was deleted, which goes to who listens. */
bool xfrm_read_state (ByteView message, XfrmStateFacts *ret_state);
bool xfrm_read_deleted_state (ByteView message, XfrmStateFacts *ret_state);

/* RET_POLICY: direction, selector, if_id and priority alone. */
bool xfrm_read_policy (ByteView message, XfrmPolicy *ret_policy);

/* A policy that leaves its packets as they are: it allows them and wants no state. */
bool xfrm_is_bypass (ByteView message);

typedef struct
{
    IpAddress destination;
    uint32_t spi;
    uint32_t if_id;
    bool hard;
} XfrmExpiry;

bool xfrm_read_expiry (ByteView message, XfrmExpiry *ret_expiry);

/* A packet met a policy whose states are not there. */
bool xfrm_read_acquire (ByteView message, uint32_t *ret_if_id);

typedef struct
{
    int index;
    char name[IFNAMSIZ];
    uint32_t if_id;
} XfrmLink;

bool xfrm_read_link (ByteView message, XfrmLink *ret_link);
