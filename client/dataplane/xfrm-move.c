/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/xfrm-move.h"

#include "dataplane/xfrm-children-internal.h"

#include <linux/xfrm.h>
#include <netinet/in.h>

/*
 * What sends goes on to send until it ends, so that its last number is not known before. Its successor leaps ahead, further
 * than one state can send in the time that a move may take: four million packets a second.
 */
#define SEQUENCE_LEAP ((uint64_t)1 << 20)
#define LEAP_MICROSECONDS (G_USEC_PER_SEC / 4)

/* One child on its way to other addresses. */
typedef struct
{
    XfrmChild *child;
    XfrmState from[2];        /* its states, as they were */
    XfrmStateFacts before[2]; /* likewise */
    bool late;                /* the leap may have been too short */
    bool lost;                /* one of its states, or its numbers */
} Move;

static uint64_t
reduce (uint64_t limit, uint64_t used)
{
    return limit == 0 ? 0 : limit > used ? limit - used : 1;
}

/* What was used up stays used up; the time begins anew, which the session's own clock watches. */
static void
reduce_limits (XfrmLimits *limits, uint64_t packets, uint64_t octets)
{
    limits->soft_packets = reduce (limits->soft_packets, packets);
    limits->hard_packets = reduce (limits->hard_packets, packets);
    limits->soft_octets = reduce (limits->soft_octets, octets);
    limits->hard_octets = reduce (limits->hard_octets, octets);
}

/* False: there are not so many numbers left. */
static bool
leap (const XfrmChild *child, XfrmReplay *replay)
{
    replay->sent += SEQUENCE_LEAP;
    return child->sa->esn || replay->sent <= XFRM_SEQUENCE_HARD;
}

/* False: it is not there, or what is there is no SA yet. */
static bool
find_state (XfrmChildren *self, const XfrmState *state, XfrmStateFacts *ret_facts)
{
    return xfrm_children_get_facts (self, state, ret_facts) && !ret_facts->larval;
}

/*
 * What is larval there and ours is of a packet that came when another address had just been left, and is removed. False: an SA
 * of another's has the place.
 */
static bool
sweep (XfrmChildren *self, const XfrmState *place)
{
    XfrmStateFacts facts;
    if (!xfrm_children_get_facts (self, place, &facts))
        return true;
    bool ours = facts.larval && facts.reqid == place->reqid;
    if (ours)
        xfrm_children_delete_state (self, place, XFRM_OUTBOUND);
    return ours;
}

/* A state that is of no use any more, wherever it stands. In its new place may be another's of the same name. */
static void
give_up (XfrmChildren *self, Move *move, XfrmWay way)
{
    const XfrmState places[] = { move->from[way],
                                 xfrm_children_get_state (self, move->child, way) };
    for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    {
        XfrmStateFacts facts;
        if (xfrm_children_get_facts (self, &places[i], &facts) && facts.reqid == places[i].reqid)
            xfrm_children_delete_state (self, &places[i], way);
    }
    move->child->made[way] = false;
    move->lost = true;
}

static void
queue_update (XfrmChildren *self, const XfrmChild *child, XfrmWay way)
{
    XfrmState state = xfrm_children_get_state (self, child, way);
    g_auto (XfrmMessage) message;
    xfrm_write_update_state (&message, &state);
    xfrm_socket_queue (self->socket, &message);
}

/* ---- other ports ---- */

static bool
change_ports (XfrmChildren *self, const XfrmChild *child)
{
    for (XfrmWay way = XFRM_INBOUND; way <= XFRM_OUTBOUND; way++)
        if (child->made[way] && child->sa->encapsulated)
            queue_update (self, child, way);
    return xfrm_socket_commit (self->socket) == 0;
}

/* ---- other addresses: the kernel moves the states ---- */

/*
 * XFRM_MSG_MIGRATE turns a policy to other addresses, and with it one state that serves it: the state is copied, with its
 * numbers; the policy is turned; the copied state ends. Were it the policy that packets meet, what other processors send in
 * between would use numbers, and with them nonces, that the copy uses again. So each state is moved by a carrier, a policy that
 * no packet meets. The real ones follow when the numbers of the copy have leapt ahead:
 *
 *     inbound:   policies in, forward    carrier, MIGRATE
 *     outbound:                          carrier, MIGRATE    NEWAE: the leap    policies out
 *
 * Both are one request to the kernel each. Nothing leaves while the copied state is gone and the policy not yet there, which is
 * for two messages without keys. Inbound, policies come first so that what the copied state still hears is dropped behind it:
 * the copy would take it again.
 *
 * A rekey has several states on a way; MIGRATE takes the first that it finds. As many are moved as there are, then each is
 * looked for.
 */
static XfrmPolicy
carrier_of (const XfrmState *from)
{
    static const IpPrefix nobody = { .address = { .family = IP_V4 }, .length = 32 };
    return (XfrmPolicy){
        .direction = XFRM_DIRECTION_FORWARD,
        .selector = { .source = nobody, .destination = nobody, .protocol = IPPROTO_RAW },
        .if_id = from->if_id,
        .priority = 0, /* newer kernels take the first that such packets would meet */
        .source = from->source,
        .destination = from->destination,
        .reqid = from->reqid,
    };
}

/* The carrier anew for each: it has gone to the new addresses with the one before. */
static void
queue_migrations (XfrmChildren *self, const GPtrArray *moves, XfrmWay way)
{
    for (guint i = 0; i < moves->len; i++)
    {
        const Move *move = moves->pdata[i];
        if (!move->child->made[way])
            continue;
        XfrmPolicy carrier = carrier_of (&move->from[way]);
        XfrmState to = xfrm_children_get_state (self, move->child, way);
        XfrmMessage message;
        xfrm_write_put_policy (&message, &carrier, true);
        xfrm_socket_queue (self->socket, &message);
        xfrm_write_migrate (&message, &carrier, &to);
        xfrm_socket_queue (self->socket, &message);
    }
}

static void
queue_policies (XfrmChildren *self, const GPtrArray *moves, XfrmDirection direction)
{
    for (guint i = 0; i < moves->len; i++)
    {
        const Move *move = moves->pdata[i];
        if (move->child->sends)
            xfrm_children_queue_policies (self, move->child, direction);
    }
}

static bool
commit_migrations (XfrmChildren *self, const GPtrArray *moves)
{
    const Move *any = moves->pdata[0];
    XfrmPolicy carrier = carrier_of (&any->from[XFRM_INBOUND]);
    XfrmMessage message;
    int refusal = xfrm_socket_commit (self->socket);
    xfrm_write_delete_policy (&message, &carrier);
    xfrm_socket_do (self->socket, &message);
    return refusal == 0;
}

/* Asks for what is moved, and gives up what is not there. */
static void
look_before (XfrmChildren *self, const GPtrArray *moves, XfrmWay way)
{
    for (guint i = 0; i < moves->len; i++)
    {
        Move *move = moves->pdata[i];
        if (move->child->made[way] && !find_state (self, &move->from[way], &move->before[way]))
            give_up (self, move, way);
    }
}

/* False: not with this kernel. */
static bool
migrate_inbound (XfrmChildren *self, const GPtrArray *moves)
{
    look_before (self, moves, XFRM_INBOUND);
    queue_policies (self, moves, XFRM_DIRECTION_IN);
    queue_policies (self, moves, XFRM_DIRECTION_FORWARD);
    queue_migrations (self, moves, XFRM_INBOUND);
    return commit_migrations (self, moves);
}

static void
queue_leaps (XfrmChildren *self, const GPtrArray *moves)
{
    for (guint i = 0; i < moves->len; i++)
    {
        const Move *move = moves->pdata[i];
        if (!move->child->made[XFRM_OUTBOUND])
            continue;
        XfrmState to = xfrm_children_get_state (self, move->child, XFRM_OUTBOUND);
        XfrmReplay replay = move->before[XFRM_OUTBOUND].replay;
        leap (move->child, &replay);
        to.replay = &replay;
        XfrmMessage message;
        xfrm_write_renumber_state (&message, &to);
        xfrm_socket_queue (self->socket, &message);
    }
}

static void
migrate_outbound (XfrmChildren *self, const GPtrArray *moves)
{
    gint64 begun = g_get_monotonic_time ();
    look_before (self, moves, XFRM_OUTBOUND);
    for (guint i = 0; i < moves->len; i++)
    {
        Move *move = moves->pdata[i];
        XfrmReplay replay = move->before[XFRM_OUTBOUND].replay;
        if (move->child->made[XFRM_OUTBOUND] && !leap (move->child, &replay))
            give_up (self, move, XFRM_OUTBOUND);
    }
    queue_migrations (self, moves, XFRM_OUTBOUND);
    queue_leaps (self, moves);
    queue_policies (self, moves, XFRM_DIRECTION_OUT);
    commit_migrations (self, moves);
    bool late = g_get_monotonic_time () - begun > LEAP_MICROSECONDS;
    for (guint i = 0; i < moves->len; i++)
        ((Move *)moves->pdata[i])->late = late;
}

/* Old kernels forget this or that when they copy a state. */
static bool
is_whole (const XfrmState *to, XfrmWay way, const XfrmStateFacts *before,
          const XfrmStateFacts *facts)
{
    uint64_t least = before->replay.sent + (way == XFRM_OUTBOUND ? SEQUENCE_LEAP : 0);
    return facts->if_id == to->if_id && facts->reqid == to->reqid && facts->mark == to->mark &&
           facts->replay.words == before->replay.words &&
           facts->replay.seen >= before->replay.seen && facts->replay.sent >= least;
}

static uint64_t
missing (uint64_t before, uint64_t now)
{
    return before > now ? before - now : 0;
}

/* What the kernel does not count on stays in the sum. */
static void
keep_counters (XfrmChildren *self, XfrmWay way, const XfrmStateFacts *before,
               const XfrmStateFacts *now)
{
    XfrmStateFacts kept = {
        .packets = missing (before->packets, now->packets),
        .octets = missing (before->octets, now->octets),
        .replayed = missing (before->replayed, now->replayed),
        .unverified = missing (before->unverified, now->unverified),
    };
    xfrm_children_add_facts (&kept, way, &self->gone);
}

/* The numbers that it leapt over are used up, of which the kernel counted no packet. */
static void
shorten (XfrmChildren *self, XfrmChild *child)
{
    if (child->sa->esn)
        return;
    reduce_limits (&child->limits[XFRM_OUTBOUND], SEQUENCE_LEAP, 0);
    queue_update (self, child, XFRM_OUTBOUND);
    xfrm_socket_commit (self->socket);
}

/* Whether the kernel moved it; what came there damaged is given up. */
static bool
adopt (XfrmChildren *self, Move *move, XfrmWay way)
{
    XfrmState to = xfrm_children_get_state (self, move->child, way);
    XfrmStateFacts facts;
    if (!find_state (self, &to, &facts) || !ip_address_equal (&facts.source, &to.source))
        return false;
    if (!is_whole (&to, way, &move->before[way], &facts))
    {
        give_up (self, move, way);
        return true;
    }
    keep_counters (self, way, &move->before[way], &facts);
    if (way == XFRM_OUTBOUND)
        shorten (self, move->child);
    if (!ip_address_equal (&to.destination, &move->from[way].destination))
        sweep (self, &move->from[way]);
    return true;
}

/* ---- other addresses: another state goes on where the first one stopped ---- */

/* Nothing comes to the new address yet: the gateway does not know it. */
static bool
reinstall_inbound (XfrmChildren *self, XfrmSocket *listener, const Move *move)
{
    XfrmChild *child = move->child;
    const XfrmState *from = &move->from[XFRM_INBOUND];
    XfrmStateFacts last;
    XfrmMessage message;
    xfrm_write_delete_state (&message, from);
    if (xfrm_socket_do (self->socket, &message) != 0 ||
        !xfrm_children_hear_end (listener, from, &last))
        return false;
    xfrm_children_add_facts (&last, XFRM_INBOUND, &self->gone);
    reduce_limits (&child->limits[XFRM_INBOUND], last.packets, last.octets);
    return xfrm_children_install_state (self, child, XFRM_INBOUND, &last.replay, NULL);
}

static void
queue_all_policies (XfrmChildren *self, const XfrmChild *child)
{
    static const XfrmDirection directions[] = { XFRM_DIRECTION_IN, XFRM_DIRECTION_FORWARD,
                                                XFRM_DIRECTION_OUT };
    for (size_t d = 0; child->sends && d < G_N_ELEMENTS (directions); d++)
        xfrm_children_queue_policies (self, child, directions[d]);
}

/*
 * Side by side unless the kernel takes them for the same, which it does by the destination. Then the policies name no SPI
 * while there is no state: a packet that comes leaves a larval one behind, which would have the place if it had the SPI.
 */
static bool
replace_outbound (XfrmChildren *self, const XfrmState *from, const XfrmState *to, XfrmChild *child)
{
    XfrmMessage deletion;
    g_auto (XfrmMessage) addition;
    xfrm_write_delete_state (&deletion, from);
    xfrm_write_add_state (&addition, to);
    bool alike = ip_address_equal (&from->destination, &to->destination);
    if (alike)
    {
        child->made[XFRM_OUTBOUND] = false;
        queue_all_policies (self, child);
        xfrm_socket_queue (self->socket, &deletion);
        child->made[XFRM_OUTBOUND] = true;
    }
    xfrm_socket_queue (self->socket, &addition);
    queue_all_policies (self, child);
    if (!alike)
        xfrm_socket_queue (self->socket, &deletion);
    return xfrm_socket_commit (self->socket) == 0;
}

/* By one request to the kernel. What that tells of the first one's end says whether the leap was far enough. */
static bool
reinstall_outbound (XfrmChildren *self, XfrmSocket *listener, const Move *move)
{
    XfrmChild *child = move->child;
    const XfrmState *from = &move->from[XFRM_OUTBOUND];
    XfrmStateFacts before, last;
    if (!find_state (self, from, &before))
        return false;
    XfrmReplay replay = before.replay;
    if (!leap (child, &replay))
        return false;
    reduce_limits (&child->limits[XFRM_OUTBOUND], before.packets + SEQUENCE_LEAP, before.octets);
    XfrmState to = xfrm_children_get_state (self, child, XFRM_OUTBOUND);
    to.replay = &replay;
    bool replaced = replace_outbound (self, from, &to, child);
    if (!xfrm_children_hear_end (listener, from, &last))
        return false;
    xfrm_children_add_facts (&last, XFRM_OUTBOUND, &self->gone);
    return replaced && last.replay.sent <= replay.sent;
}

static bool
reinstall (XfrmChildren *self, const Move *move, XfrmWay way)
{
    g_autoptr (XfrmSocket) listener = xfrm_socket_new (NETLINK_XFRM);
    if (listener == NULL || !xfrm_socket_join (listener, XFRMNLGRP_SA))
        return false;
    return way == XFRM_INBOUND ? reinstall_inbound (self, listener, move)
                               : reinstall_outbound (self, listener, move);
}

/* ---- all of them ---- */

static bool
is_elsewhere (const XfrmChildren *self, const XfrmChild *child)
{
    IpEndpoint local = udp_transport_get_local (self->transport);
    IpEndpoint gateway = udp_transport_get_gateway (self->transport);
    return !ip_endpoint_equal (&local, &child->local) ||
           !ip_endpoint_equal (&gateway, &child->gateway);
}

/* Elsewhere by more than a port. */
static bool
is_far (const XfrmChildren *self, const XfrmChild *child)
{
    IpEndpoint local = udp_transport_get_local (self->transport);
    IpEndpoint gateway = udp_transport_get_gateway (self->transport);
    return !ip_address_equal (&local.address, &child->local.address) ||
           !ip_address_equal (&gateway.address, &child->gateway.address);
}

static void
take_endpoints (const XfrmChildren *self, XfrmChild *child)
{
    child->local = udp_transport_get_local (self->transport);
    child->gateway = udp_transport_get_gateway (self->transport);
}

/* Those that share their policies, and for the kernel one's states stand for another's: the child of NUMBER over a rekey. */
static GPtrArray *
begin_moves (XfrmChildren *self, unsigned number)
{
    GPtrArray *moves = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < self->list->len; i++)
    {
        XfrmChild *child = self->list->pdata[i];
        if (child->sa->number != number || !is_far (self, child))
            continue;
        Move *move = g_new0 (Move, 1);
        move->child = child;
        for (XfrmWay way = XFRM_INBOUND; way <= XFRM_OUTBOUND; way++)
            move->from[way] = xfrm_children_get_state (self, child, way);
        take_endpoints (self, child);
        g_ptr_array_add (moves, move);
    }
    return moves;
}

/* Kernels of today complain loudly when they find out while they move a state that another one has the place. */
static void
clear_places (XfrmChildren *self, const GPtrArray *moves)
{
    for (guint i = 0; i < moves->len; i++)
    {
        Move *move = moves->pdata[i];
        for (XfrmWay way = XFRM_INBOUND; way <= XFRM_OUTBOUND; way++)
        {
            XfrmState to = xfrm_children_get_state (self, move->child, way);
            bool alike = ip_address_equal (&to.destination, &move->from[way].destination);
            if (move->child->made[way] && !alike && !sweep (self, &to))
                give_up (self, move, way);
        }
    }
}

static void
settle (XfrmChildren *self, Move *move, XfrmWay way)
{
    bool late = way == XFRM_OUTBOUND && move->late;
    if (!move->child->made[way] || (!late && adopt (self, move, way)))
        return;
    if (late || !reinstall (self, move, way))
        give_up (self, move, way);
}

static void
move_number (XfrmChildren *self, unsigned number, GPtrArray *lost)
{
    g_autoptr (GPtrArray) moves = begin_moves (self, number);
    clear_places (self, moves);
    if (!self->config->reinstalls && migrate_inbound (self, moves))
        migrate_outbound (self, moves);
    for (guint i = 0; i < moves->len; i++)
    {
        Move *move = moves->pdata[i];
        settle (self, move, XFRM_INBOUND);
        settle (self, move, XFRM_OUTBOUND);
        if (move->lost)
            g_ptr_array_add (lost, ike_child_sa_ref (move->child->sa));
    }
}

GPtrArray *
xfrm_children_move (XfrmChildren *self)
{
    GPtrArray *lost = g_ptr_array_new_with_free_func ((GDestroyNotify)ike_child_sa_unref);
    for (guint i = 0; i < self->list->len; i++)
    {
        XfrmChild *child = self->list->pdata[i];
        if (is_far (self, child))
            move_number (self, child->sa->number, lost);
        else if (is_elsewhere (self, child))
        {
            take_endpoints (self, child);
            if (!change_ports (self, child))
                g_ptr_array_add (lost, ike_child_sa_ref (child->sa));
        }
    }
    return lost;
}
