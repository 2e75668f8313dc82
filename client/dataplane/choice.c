/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/choice.h"

#include "dataplane/tun.h"
#include "dataplane/xfrm-claim.h"
#include "dataplane/xfrm-socket.h"
#include "dataplane/xfrm.h"
#include "errors.h"
#include "ike/proposal.h"

#include <errno.h>

/* What is tried has our last if_id, which no tunnel takes: should we die in between, it is a leftover like others. */
#define TRIED_IF_ID (XFRM_IF_ID_BASE + XFRM_NUMBERS_MAX - 1)
#define TRIED_SPI 0x4f750001u
#define TRIED_LINK "outrider-tried"
#define TRIED_MTU 1
#define TRIED_PORT 4500
#define KEY_MAX 128

typedef struct
{
    const Algorithm *encryption;
    const Algorithm *integrity; /* NULL for an AEAD */
    bool esn;
} Trial;

typedef struct
{
    XfrmSocket *xfrm;
    IpFamily outer;
    GArray *passed; /* Trial */
} Trials;

static bool refuse (int error_number, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static bool
refuse (int error_number, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    g_autofree char *reason = g_strdup_vprintf (format, arguments);
    va_end (arguments);
    if (error_number == EPERM || error_number == EACCES)
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_RIGHTS, "%s",
                     g_strerror (error_number));
    else
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s", reason);
    return false;
}

/* ---- states ---- */

static XfrmState
state_of (const Trial *trial, IpFamily outer)
{
    static uint8_t key[KEY_MAX];
    IpAddress self = { .family = outer };
    if (key[1] == 0)
        for (unsigned i = 0; i < KEY_MAX; i++)
            key[i] = (uint8_t)i;
    ip_address_parse (outer == IP_V6 ? "::1" : "127.0.0.1", &self);
    return (XfrmState){
        .source = self,
        .destination = self,
        .spi = TRIED_SPI,
        .reqid = 0,
        .if_id = TRIED_IF_ID,
        .encryption = trial->encryption,
        .integrity = trial->integrity,
        .encryption_key =
            byte_view (key, (size_t)trial->encryption->key_size + trial->encryption->salt_size),
        .integrity_key = byte_view (key, trial->integrity != NULL ? trial->integrity->key_size : 0),
        .esn = trial->esn,
        .window = XFRM_REPLAY_WINDOW_DEFAULT,
        .source_port = TRIED_PORT,
        .destination_port = TRIED_PORT,
    };
}

/* 0, or the errno of the kernel's refusal. */
static int
add_and_delete (XfrmSocket *xfrm, const XfrmState *state)
{
    XfrmMessage message;
    xfrm_write_add_state (&message, state);
    int refusal = xfrm_socket_do (xfrm, &message);
    if (refusal != 0)
        return refusal == EEXIST ? 0 : refusal; /* somebody else is trying, too */
    xfrm_write_delete_state (&message, state);
    xfrm_socket_do (xfrm, &message);
    return 0;
}

/* Key lengths and ICVs are the algorithm's own matter: what the kernel has by name, it has with all of them. */
static bool
is_alike (const Algorithm *a, const Algorithm *b)
{
    return a == b || (a != NULL && b != NULL && strcmp (a->xfrm, b->xfrm) == 0);
}

static bool
has_passed (const Trials *self, const Trial *trial)
{
    for (guint i = 0; i < self->passed->len; i++)
    {
        const Trial *other = &g_array_index (self->passed, Trial, i);
        if (is_alike (other->encryption, trial->encryption) &&
            is_alike (other->integrity, trial->integrity) && other->esn == trial->esn)
            return true;
    }
    return false;
}

static bool
try_state (Trials *self, const Algorithm *encryption, const Algorithm *integrity, bool esn,
           GError **error)
{
    Trial trial = { encryption, integrity, esn };
    if (encryption->xfrm == NULL || (integrity != NULL && integrity->xfrm == NULL))
        return refuse (0, error, "no kernel has %s", encryption->name);
    if (has_passed (self, &trial))
        return true;
    XfrmState state = state_of (&trial, self->outer);
    int refusal = add_and_delete (self->xfrm, &state);
    if (refusal == EPROTONOSUPPORT)
        return refuse (refusal, error, "this kernel has no ESP");
    if (refusal != 0)
        return refuse (refusal, error, "this kernel has no %s%s%s%s (%s)", encryption->name,
                       integrity != NULL ? "-" : "", integrity != NULL ? integrity->name : "",
                       esn ? "-esn" : "", g_strerror (refusal));
    g_array_append_val (self->passed, trial);
    return true;
}

/* ---- a proposal ---- */

static const Algorithm *
get_first (const IkeProposal *proposal, TransformType type)
{
    for (guint i = 0; i < proposal->algorithms->len; i++)
    {
        const Algorithm *algorithm = proposal->algorithms->pdata[i];
        if (algorithm->type == type && (algorithm->flags & ALGORITHM_AEAD) == 0)
            return algorithm;
    }
    return NULL;
}

static bool
offers_esn (const IkeProposal *proposal, bool esn)
{
    for (guint i = 0; i < proposal->algorithms->len; i++)
    {
        const Algorithm *algorithm = proposal->algorithms->pdata[i];
        if (algorithm->type == TRANSFORM_ESN && (algorithm->id != 0) == esn)
            return true;
    }
    return false;
}

/* The kernel puts ciphers and MACs together itself: it is enough that each is tried once, beside one that is known. */
static bool
try_algorithm (Trials *self, const IkeProposal *proposal, const Algorithm *algorithm, bool esn,
               GError **error)
{
    if ((algorithm->flags & ALGORITHM_AEAD) != 0)
        return try_state (self, algorithm, NULL, esn, error);
    const Algorithm *encryption = get_first (proposal, TRANSFORM_ENCRYPTION);
    const Algorithm *integrity = get_first (proposal, TRANSFORM_INTEGRITY);
    if (encryption == NULL || integrity == NULL)
        return true; /* IKE cannot choose it either */
    if (algorithm->type == TRANSFORM_ENCRYPTION)
        return try_state (self, algorithm, integrity, esn, error);
    return algorithm->type != TRANSFORM_INTEGRITY ||
           try_state (self, encryption, algorithm, esn, error);
}

static bool
try_proposal (Trials *self, const IkeProposal *proposal, GError **error)
{
    for (int esn = 0; esn <= 1; esn++)
        for (guint i = 0; offers_esn (proposal, esn != 0) && i < proposal->algorithms->len; i++)
            if (!try_algorithm (self, proposal, proposal->algorithms->pdata[i], esn != 0, error))
                return false;
    return true;
}

/* ---- the interface ---- */

/*
 * An interface with an MTU that none can have: a kernel that knows the kind finds fault with that, and nothing is made; one
 * that does not know it says so. Making one and removing it would take the kernel milliseconds.
 */
static bool
try_interface (GError **error)
{
    g_autoptr (XfrmSocket) route = xfrm_socket_new (NETLINK_ROUTE);
    if (route == NULL)
        return refuse (errno, error, "no netlink socket: %s", g_strerror (errno));
    XfrmMessage message;
    xfrm_write_add_link (&message, TRIED_LINK, TRIED_IF_ID, TRIED_MTU);
    int refusal = xfrm_socket_do (route, &message);
    if (refusal == 0)
    {
        xfrm_write_delete_link (&message, (int)if_nametoindex (TRIED_LINK));
        xfrm_socket_do (route, &message);
    }
    if (refusal == 0 || refusal == EINVAL || refusal == EEXIST)
        return true;
    return refuse (refusal, error, "this kernel has no XFRM interfaces");
}

bool
outrider_kernel_plane_has_interfaces (GError **error)
{
    return try_interface (error);
}

/* ---- what every kernel with ESP has ---- */

static Trial
get_common (void)
{
    return (Trial){
        .encryption = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes128"),
        .integrity = algorithm_find_name (TRANSFORM_INTEGRITY, "sha256"),
    };
}

static bool
try_common (const Trials *self, GError **error)
{
    Trial common = get_common ();
    XfrmState state = state_of (&common, self->outer);
    int refusal = add_and_delete (self->xfrm, &state);
    bool none = refusal == EPROTONOSUPPORT || refusal == EPERM;
    return !none || refuse (refusal, error, "this kernel has no ESP");
}

static void
note_missing (Trials *self, const Algorithm *algorithm, GPtrArray *missing)
{
    Trial common = get_common ();
    bool aead = (algorithm->flags & ALGORITHM_AEAD) != 0;
    bool cipher = algorithm->type == TRANSFORM_ENCRYPTION;
    const Algorithm *integrity = aead ? NULL : cipher ? common.integrity : algorithm;
    if (!try_state (self, cipher ? algorithm : common.encryption, integrity, false, NULL))
        g_ptr_array_add (missing, (void *)algorithm);
}

GPtrArray *
outrider_kernel_plane_list_missing (GError **error)
{
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    g_autoptr (GArray) passed = g_array_new (false, false, sizeof (Trial));
    Trials trials = { .xfrm = xfrm, .outer = IP_V4, .passed = passed };
    if (xfrm == NULL)
        refuse (errno, error, "this kernel has no XFRM");
    if (xfrm == NULL || !try_common (&trials, error))
        return NULL;
    GPtrArray *missing = g_ptr_array_new ();
    size_t count;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
        if ((table[i].type == TRANSFORM_ENCRYPTION || table[i].type == TRANSFORM_INTEGRITY) &&
            (table[i].flags & ALGORITHM_IKE_ONLY) == 0)
            note_missing (&trials, &table[i], missing);
    return missing;
}

/* ---- the choice ---- */

static bool
try_all (Trials *self, const GPtrArray *proposals, GError **error)
{
    /* What is missing mostly is missing altogether. */
    if (!try_common (self, error) || !try_interface (error))
        return false;
    g_autoptr (GPtrArray) defaults =
        proposals == NULL ? ike_proposals_default (IKE_PROTOCOL_ESP) : NULL;
    const GPtrArray *offer = proposals != NULL ? proposals : defaults;
    for (guint i = 0; i < offer->len; i++)
        if (!try_proposal (self, offer->pdata[i], error))
            return false;
    return true;
}

bool
outrider_kernel_plane_is_possible (IpFamily outer, const GPtrArray *proposals, GError **error)
{
    g_autoptr (XfrmSocket) xfrm = xfrm_socket_new (NETLINK_XFRM);
    if (xfrm == NULL)
        return refuse (errno, error, "this kernel has no XFRM");
    g_autoptr (GArray) passed = g_array_new (false, false, sizeof (Trial));
    Trials trials = { .xfrm = xfrm, .outer = outer, .passed = passed };
    return try_all (&trials, proposals, error);
}

OutriderDataPlane *
outrider_data_plane_choose (ProfilePlane wanted, IpFamily outer, const GPtrArray *proposals,
                            uint32_t mark, char **ret_why_not_kernel, GError **error)
{
    *ret_why_not_kernel = NULL;
    if (wanted == PROFILE_PLANE_USERSPACE)
        return outrider_tun_plane_new ();
    g_autoptr (GError) reason = NULL;
    if (outrider_kernel_plane_is_possible (outer, proposals, &reason))
        return outrider_xfrm_plane_new (mark);
    if (wanted == PROFILE_PLANE_KERNEL)
    {
        g_propagate_error (error, g_steal_pointer (&reason));
        return NULL;
    }
    *ret_why_not_kernel = g_strdup (reason->message);
    return outrider_tun_plane_new ();
}

void
outrider_data_plane_remove_leftovers (void)
{
    xfrm_remove_leftovers ();
}
