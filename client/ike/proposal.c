/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/proposal.h"

#include "bytes/reader.h"
#include "errors.h"
#include "ike/limits.h"

enum
{
    PROPOSAL_LAST = 0,
    PROPOSAL_MORE = 2,
    TRANSFORM_LAST = 0,
    TRANSFORM_MORE = 3,
    TRANSFORM_TYPES_END = TRANSFORM_ESN + 1,
    ATTRIBUTE_KEY_LENGTH = 0x800e, /* with the bit of a fixed-size attribute */
    ESP_SPI_MIN = 256,             /* below it: reserved (RFC 4303 2.1) */
};

/* No more than fifteen of a type: some gateways look no further. The first group is one that every gateway can parse. */
#define DEFAULT_GROUPS                                                                             \
    "-ecp256-modp2048-curve25519-ecp384-ecp521-modp3072-modp4096"                                  \
    "-ecp256bp-ecp384bp-ecp512bp-curve448-modp6144-modp8192"

static const char *const default_ike[] = {
    "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha256-prfsha384-prfsha512" DEFAULT_GROUPS,
    "aes256-aes128-sha256-sha384-sha512-prfsha256-prfsha384-prfsha512" DEFAULT_GROUPS,
    NULL,
};

/* What nearly everybody has, then what is as safe but rare. */
static const char *const default_esp[] = {
    "aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn",
    "aes256-aes128-sha256-sha384-sha512-esn-noesn",
    "aes192gcm16-aes256gcm12-aes128gcm12-aes256ccm16-aes128ccm16-aes256ccm12-aes128ccm12-esn-noesn",
    "aes256ctr-aes128ctr-aes192-aes128-sha256-sha384-sha512-aescmac-aesxcbc-esn-noesn",
    NULL,
};

void
ike_proposal_free (IkeProposal *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref (self->algorithms);
    g_free (self);
}

static IkeProposal *
proposal_new (IkeProtocol protocol)
{
    IkeProposal *self = g_new0 (IkeProposal, 1);
    self->protocol = protocol;
    self->algorithms = g_ptr_array_new ();
    return self;
}

static GPtrArray *
proposals_new (void)
{
    return g_ptr_array_new_with_free_func ((GDestroyNotify)ike_proposal_free);
}

static bool
proposal_has (const IkeProposal *self, const Algorithm *algorithm)
{
    return g_ptr_array_find (self->algorithms, algorithm, NULL);
}

static const Algorithm *
proposal_first (const IkeProposal *self, TransformType type)
{
    for (guint i = 0; i < self->algorithms->len; i++)
    {
        const Algorithm *algorithm = self->algorithms->pdata[i];
        if (algorithm->type == type)
            return algorithm;
    }
    return NULL;
}

static void
proposal_add (IkeProposal *self, const Algorithm *algorithm)
{
    if (algorithm != NULL && !proposal_has (self, algorithm))
        g_ptr_array_add (self->algorithms, (gpointer)algorithm);
}

/* ---- text ---- */

static bool
parse_word (IkeProposal *self, const char *word, GError **error)
{
    /* A bare "sha256" is integrity; the PRF's own names begin with "prf". */
    static const TransformType types[] = { TRANSFORM_ENCRYPTION, TRANSFORM_INTEGRITY, TRANSFORM_PRF,
                                           TRANSFORM_KEY_EXCHANGE, TRANSFORM_ESN };
    for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    {
        const Algorithm *found = algorithm_find_name (types[i], word);
        if (found == NULL)
            continue;
        bool fits = self->protocol == IKE_PROTOCOL_IKE
                        ? types[i] != TRANSFORM_ESN && (found->flags & ALGORITHM_ESP_ONLY) == 0
                        : types[i] != TRANSFORM_PRF && (found->flags & ALGORITHM_IKE_ONLY) == 0;
        if (!fits)
        {
            g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                         "‘%s’ has no place in this proposal", word);
            return false;
        }
        proposal_add (self, found);
        return true;
    }
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                 "‘%s’ is not an algorithm that Outrider knows", word);
    return false;
}

/* The PRF that goes with an integrity algorithm: "prf" and its name. */
static void
add_prfs_like_integrity (IkeProposal *self)
{
    for (guint i = 0, end = self->algorithms->len; i < end; i++)
    {
        const Algorithm *algorithm = self->algorithms->pdata[i];
        if (algorithm->type != TRANSFORM_INTEGRITY)
            continue;
        g_autofree char *name = g_strconcat ("prf", algorithm->name, NULL);
        proposal_add (self, algorithm_find_name (TRANSFORM_PRF, name));
    }
}

static bool
complete_proposal (IkeProposal *self, const char *text, GError **error)
{
    bool aead = false, plain = false;
    for (guint i = 0; i < self->algorithms->len; i++)
    {
        const Algorithm *algorithm = self->algorithms->pdata[i];
        if (algorithm->type != TRANSFORM_ENCRYPTION)
            continue;
        aead = aead || (algorithm->flags & ALGORITHM_AEAD) != 0;
        plain = plain || (algorithm->flags & ALGORITHM_AEAD) == 0;
    }

    const char *fault = NULL;
    if (self->protocol == IKE_PROTOCOL_IKE && proposal_first (self, TRANSFORM_PRF) == NULL)
        add_prfs_like_integrity (self);
    if (!aead && !plain)
        fault = "names no encryption";
    else if (aead && plain)
        fault = "mixes AEAD and other ciphers: write them as two proposals";
    else if (plain && proposal_first (self, TRANSFORM_INTEGRITY) == NULL)
        fault = "names no integrity algorithm";
    else if (aead && self->protocol == IKE_PROTOCOL_ESP &&
             proposal_first (self, TRANSFORM_INTEGRITY) != NULL)
        fault = "names an integrity algorithm beside an AEAD";
    else if (self->protocol == IKE_PROTOCOL_IKE && proposal_first (self, TRANSFORM_PRF) == NULL)
        fault = "names no PRF";
    else if (self->protocol == IKE_PROTOCOL_IKE &&
             proposal_first (self, TRANSFORM_KEY_EXCHANGE) == NULL)
        fault = "names no key exchange group";
    if (fault != NULL)
    {
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID, "the proposal ‘%s’ %s",
                     text, fault);
        return false;
    }

    /* Beside an AEAD "sha256" only told us the PRF. */
    if (aead)
        for (guint i = self->algorithms->len; i-- > 0;)
            if (((const Algorithm *)self->algorithms->pdata[i])->type == TRANSFORM_INTEGRITY)
                g_ptr_array_remove_index (self->algorithms, i);

    if (self->protocol == IKE_PROTOCOL_ESP && proposal_first (self, TRANSFORM_ESN) == NULL)
    {
        proposal_add (self, algorithm_find_name (TRANSFORM_ESN, "esn"));
        proposal_add (self, algorithm_find_name (TRANSFORM_ESN, "noesn"));
    }
    return true;
}

static IkeProposal *
parse_proposal (IkeProtocol protocol, const char *text, GError **error)
{
    g_autoptr (IkeProposal) self = proposal_new (protocol);
    g_auto (GStrv) words = g_strsplit (text, "-", IKE_TRANSFORMS_MAX);
    for (char **word = words; *word != NULL; word++)
    {
        if (!parse_word (self, g_strstrip (*word), error))
            return NULL;
    }
    return complete_proposal (self, text, error) ? g_steal_pointer (&self) : NULL;
}

/* Asking takes time at every start: what every OpenSSL has is not asked for. */
static bool
may_be_missing (const Algorithm *algorithm)
{
    return (algorithm->flags & (ALGORITHM_OPTIONAL | ALGORITHM_WEAK)) != 0;
}

static void
drop_unavailable (IkeProposal *self)
{
    for (guint i = self->algorithms->len; i-- > 0;)
    {
        const Algorithm *algorithm = self->algorithms->pdata[i];
        if (may_be_missing (algorithm) && !algorithm_is_available (algorithm))
            g_ptr_array_remove_index (self->algorithms, i);
    }
}

bool
ike_proposals_check (const GPtrArray *proposals, GError **error)
{
    for (guint p = 0; p < proposals->len; p++)
    {
        const IkeProposal *proposal = proposals->pdata[p];
        for (guint i = 0; i < proposal->algorithms->len; i++)
        {
            const Algorithm *algorithm = proposal->algorithms->pdata[i];
            if (!may_be_missing (algorithm) || algorithm_is_available (algorithm))
                continue;
            g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                         "this system's OpenSSL does not offer ‘%s’", algorithm->name);
            return false;
        }
    }
    return true;
}

GPtrArray *
ike_proposals_default (IkeProtocol protocol)
{
    GPtrArray *proposals = proposals_new ();
    const char *const *texts = protocol == IKE_PROTOCOL_IKE ? default_ike : default_esp;
    for (size_t t = 0; texts[t] != NULL; t++)
    {
        IkeProposal *proposal = proposal_new (protocol);
        g_auto (GStrv) words = g_strsplit (texts[t], "-", -1);
        for (char **word = words; *word != NULL; word++)
            parse_word (proposal, *word, NULL);
        drop_unavailable (proposal);
        g_ptr_array_add (proposals, proposal);
    }
    return proposals;
}

GPtrArray *
ike_proposals_parse (IkeProtocol protocol, const char *text, GError **error)
{
    g_autoptr (GPtrArray) proposals = proposals_new ();
    g_auto (GStrv) parts = g_strsplit_set (text, ",;", IKE_PROPOSALS_MAX);
    for (char **part = parts; *part != NULL; part++)
    {
        g_strstrip (*part);
        if (**part == '\0')
            continue;
        if (strcmp (*part, "default") == 0)
        {
            g_autoptr (GPtrArray) defaults = ike_proposals_default (protocol);
            g_ptr_array_extend_and_steal (proposals, g_steal_pointer (&defaults));
            continue;
        }
        IkeProposal *proposal = parse_proposal (protocol, *part, error);
        if (proposal == NULL)
            return NULL;
        g_ptr_array_add (proposals, proposal);
    }
    if (proposals->len == 0)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID,
                             "no proposal is named");
        return NULL;
    }
    return g_steal_pointer (&proposals);
}

char *
ike_proposals_format (const GPtrArray *proposals)
{
    GString *text = g_string_new (NULL);
    for (guint p = 0; p < proposals->len; p++)
    {
        const IkeProposal *proposal = proposals->pdata[p];
        g_string_append (text, p > 0 ? ", " : "");
        for (guint i = 0; i < proposal->algorithms->len; i++)
            g_string_append_printf (text, "%s%s", i > 0 ? "-" : "",
                                    ((const Algorithm *)proposal->algorithms->pdata[i])->name);
    }
    return g_string_free (text, false);
}

char *
ike_selection_format (const IkeSelection *self)
{
    const Algorithm *parts[] = { self->encryption, self->integrity, self->prf, self->group };
    GString *text = g_string_new (NULL);
    for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
        if (parts[i] != NULL)
            g_string_append_printf (text, "%s%s", text->len > 0 ? "-" : "", parts[i]->name);
    if (self->esn)
        g_string_append (text, "-esn");
    return g_string_free (text, false);
}

/* ---- groups ---- */

const Algorithm *
ike_proposals_get_first_group (const GPtrArray *proposals)
{
    return proposals->len > 0 ? proposal_first (proposals->pdata[0], TRANSFORM_KEY_EXCHANGE) : NULL;
}

const Algorithm *
ike_proposals_find_group (const GPtrArray *proposals, uint16_t id)
{
    const Algorithm *group = algorithm_find (TRANSFORM_KEY_EXCHANGE, id, 0);
    for (guint p = 0; group != NULL && p < proposals->len; p++)
        if (proposal_has (proposals->pdata[p], group))
            return group;
    return NULL;
}

GPtrArray *
ike_proposals_without_groups (const GPtrArray *proposals)
{
    GPtrArray *bare = proposals_new ();
    for (guint p = 0; p < proposals->len; p++)
    {
        const IkeProposal *proposal = proposals->pdata[p];
        IkeProposal *copy = proposal_new (proposal->protocol);
        for (guint i = 0; i < proposal->algorithms->len; i++)
        {
            const Algorithm *algorithm = proposal->algorithms->pdata[i];
            if (algorithm->type != TRANSFORM_KEY_EXCHANGE)
                proposal_add (copy, algorithm);
        }
        g_ptr_array_add (bare, copy);
    }
    return bare;
}

GPtrArray *
ike_proposals_with_groups (const GPtrArray *proposals, const Algorithm *group,
                           const GPtrArray *others)
{
    g_autoptr (IkeProposal) groups = proposal_new (IKE_PROTOCOL_ESP);
    proposal_add (groups, group);
    for (guint p = 0; p < others->len; p++)
    {
        const GPtrArray *algorithms = ((const IkeProposal *)others->pdata[p])->algorithms;
        for (guint i = 0; i < algorithms->len; i++)
            if (((const Algorithm *)algorithms->pdata[i])->type == TRANSFORM_KEY_EXCHANGE)
                proposal_add (groups, algorithms->pdata[i]);
    }
    GPtrArray *copies = ike_proposals_without_groups (proposals);
    for (guint p = 0; p < copies->len; p++)
        for (guint i = 0; i < groups->algorithms->len; i++)
            proposal_add (copies->pdata[p], groups->algorithms->pdata[i]);
    return copies;
}

/* ---- writing ---- */

static void
write_transform (const Algorithm *algorithm, bool last, ByteWriter *writer)
{
    size_t start = writer->size;
    byte_writer_u8 (writer, last ? TRANSFORM_LAST : TRANSFORM_MORE);
    byte_writer_u8 (writer, 0);
    size_t length = byte_writer_open_u16 (writer);
    byte_writer_u8 (writer, (uint8_t)algorithm->type);
    byte_writer_u8 (writer, 0);
    byte_writer_u16 (writer, algorithm->id);
    if (algorithm->key_bits != 0)
    {
        byte_writer_u16 (writer, ATTRIBUTE_KEY_LENGTH);
        byte_writer_u16 (writer, algorithm->key_bits);
    }
    byte_writer_close_u16 (writer, length, length - start);
}

static void
write_proposal (const IkeProposal *proposal, uint8_t number, bool last, uint64_t spi,
                uint8_t spi_size, ByteWriter *writer)
{
    size_t start = writer->size;
    byte_writer_u8 (writer, last ? PROPOSAL_LAST : PROPOSAL_MORE);
    byte_writer_u8 (writer, 0);
    size_t length = byte_writer_open_u16 (writer);
    byte_writer_u8 (writer, number);
    byte_writer_u8 (writer, (uint8_t)proposal->protocol);
    byte_writer_u8 (writer, spi_size);
    byte_writer_u8 (writer, (uint8_t)proposal->algorithms->len);
    if (spi_size == 4)
        byte_writer_u32 (writer, (uint32_t)spi);
    else if (spi_size == 8)
        byte_writer_u64 (writer, spi);
    for (guint i = 0; i < proposal->algorithms->len; i++)
        write_transform (proposal->algorithms->pdata[i], i + 1 == proposal->algorithms->len,
                         writer);
    byte_writer_close_u16 (writer, length, length - start);
}

void
ike_proposals_write (const GPtrArray *proposals, uint64_t spi, uint8_t spi_size, ByteWriter *writer)
{
    for (guint p = 0; p < proposals->len; p++)
        write_proposal (proposals->pdata[p], (uint8_t)(p + 1), p + 1 == proposals->len, spi,
                        spi_size, writer);
}

void
ike_selection_write (const IkeSelection *self, IkeProtocol protocol, uint64_t spi, uint8_t spi_size,
                     ByteWriter *writer)
{
    g_autoptr (IkeProposal) chosen = proposal_new (protocol);
    proposal_add (chosen, self->encryption);
    proposal_add (chosen, self->prf);
    proposal_add (chosen, self->integrity);
    proposal_add (chosen, self->group);
    if (protocol == IKE_PROTOCOL_ESP)
        proposal_add (chosen, algorithm_find_name (TRANSFORM_ESN, self->esn ? "esn" : "noesn"));
    write_proposal (chosen, self->number, true, spi, spi_size, writer);
}

/* ---- reading ---- */

/* A proposal off the wire: what of it we know, by type. */
typedef struct
{
    uint8_t number;
    uint8_t protocol;
    uint64_t spi;
    uint8_t spi_size;
    unsigned counts[TRANSFORM_TYPES_END]; /* transforms of each type, known or not */
    bool none[TRANSFORM_TYPES_END];       /* number 0 is among them: without */
    bool foreign;                         /* a type that we do not know */
    unsigned n_known;
    const Algorithm *known[IKE_TRANSFORMS_MAX];
} WireProposal;

static void
read_transform (ByteReader *reader, WireProposal *wire)
{
    byte_reader_u8 (reader);
    byte_reader_u8 (reader);
    uint16_t length = byte_reader_u16 (reader);
    if (length < 8)
        byte_reader_fail (reader);
    ByteReader body = byte_reader_sub (reader, (size_t)length - 4);
    uint8_t type = byte_reader_u8 (&body);
    byte_reader_u8 (&body);
    uint16_t id = byte_reader_u16 (&body);
    uint16_t key_bits = 0;
    bool unknown_attribute = false;
    while (byte_reader_ok (&body) && byte_reader_left (&body) > 0)
    {
        uint16_t attribute = byte_reader_u16 (&body);
        uint16_t value = byte_reader_u16 (&body);
        if (attribute == ATTRIBUTE_KEY_LENGTH)
            key_bits = value;
        else
            unknown_attribute = true;
        if ((attribute & 0x8000) == 0)
            byte_reader_take (&body, value);
    }
    if (!byte_reader_done (&body))
    {
        byte_reader_fail (reader);
        return;
    }

    if (type < TRANSFORM_ENCRYPTION || type > TRANSFORM_ESN)
    {
        wire->foreign = true;
        return;
    }
    wire->counts[type]++;
    if (id == 0 && (type == TRANSFORM_INTEGRITY || type == TRANSFORM_KEY_EXCHANGE))
        wire->none[type] = true;
    const Algorithm *algorithm =
        unknown_attribute ? NULL : algorithm_find ((TransformType)type, id, key_bits);
    if (algorithm != NULL)
        wire->known[wire->n_known++] = algorithm;
}

static bool
read_proposal (ByteReader *reader, WireProposal *ret_wire, bool *ret_last)
{
    WireProposal wire = { 0 };
    uint8_t more = byte_reader_u8 (reader);
    byte_reader_u8 (reader);
    uint16_t length = byte_reader_u16 (reader);
    if (length < 8)
        byte_reader_fail (reader);
    ByteReader body = byte_reader_sub (reader, (size_t)length - 4);
    wire.number = byte_reader_u8 (&body);
    wire.protocol = byte_reader_u8 (&body);
    wire.spi_size = byte_reader_u8 (&body);
    unsigned n_transforms = byte_reader_u8 (&body);
    ByteReader spi = byte_reader (byte_reader_take (&body, wire.spi_size));
    if (wire.spi_size == 4)
        wire.spi = byte_reader_u32 (&spi);
    else if (wire.spi_size == 8)
        wire.spi = byte_reader_u64 (&spi);
    else if (wire.spi_size != 0)
        byte_reader_fail (&body);
    if ((wire.spi_size == 4 && wire.spi < ESP_SPI_MIN) || (wire.spi_size == 8 && wire.spi == 0))
        byte_reader_fail (&body);
    if (n_transforms > IKE_TRANSFORMS_MAX)
        byte_reader_fail (&body);
    for (unsigned i = 0; i < n_transforms && byte_reader_ok (&body); i++)
        read_transform (&body, &wire);
    if (!byte_reader_done (&body) || (more != PROPOSAL_MORE && more != PROPOSAL_LAST))
        return false;
    *ret_last = more == PROPOSAL_LAST;
    *ret_wire = wire;
    return true;
}

static bool
refuse_payload (GError **error)
{
    g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL, "a malformed SA payload");
    return false;
}

static bool
wire_has (const WireProposal *wire, const Algorithm *algorithm)
{
    for (unsigned i = 0; i < wire->n_known; i++)
        if (wire->known[i] == algorithm)
            return true;
    return false;
}

/* The algorithm of TYPE that both sides have, ours first; NULL if there is none. */
static const Algorithm *
choose_common (const IkeProposal *ours, const WireProposal *wire, TransformType type)
{
    for (guint i = 0; i < ours->algorithms->len; i++)
    {
        const Algorithm *algorithm = ours->algorithms->pdata[i];
        if (algorithm->type == type && wire_has (wire, algorithm))
            return algorithm;
    }
    return NULL;
}

/* The key exchange: the wanted group if it may be, else the best common one. *RET_OK is false if there must be one. */
static const Algorithm *
choose_group (const IkeProposal *ours, const WireProposal *wire, uint16_t wanted, bool *ret_ok)
{
    *ret_ok = true;
    bool free_choice = proposal_first (ours, TRANSFORM_KEY_EXCHANGE) == NULL;
    const Algorithm *group = algorithm_find (TRANSFORM_KEY_EXCHANGE, wanted, 0);
    if (group != NULL && wire_has (wire, group) &&
        (free_choice ? (group->flags & ALGORITHM_WEAK) == 0 && algorithm_is_available (group)
                     : proposal_has (ours, group)))
        return group;

    if (wire->counts[TRANSFORM_KEY_EXCHANGE] == 0 ||
        (wire->none[TRANSFORM_KEY_EXCHANGE] && wanted == 0))
    {
        *ret_ok = ours->protocol != IKE_PROTOCOL_IKE;
        return NULL;
    }
    for (unsigned i = 0; free_choice && i < wire->n_known; i++)
        if (wire->known[i]->type == TRANSFORM_KEY_EXCHANGE &&
            (wire->known[i]->flags & ALGORITHM_WEAK) == 0 &&
            algorithm_is_available (wire->known[i]))
            return wire->known[i];
    group = free_choice ? NULL : choose_common (ours, wire, TRANSFORM_KEY_EXCHANGE);
    *ret_ok = group != NULL;
    return group;
}

static bool
choose (const IkeProposal *ours, const WireProposal *wire, uint16_t wanted_group,
        IkeSelection *ret_selection)
{
    if (wire->foreign || wire->protocol != ours->protocol)
        return false;
    IkeSelection chosen = {
        .number = wire->number,
        .spi = wire->spi,
        .encryption = choose_common (ours, wire, TRANSFORM_ENCRYPTION),
        .integrity = choose_common (ours, wire, TRANSFORM_INTEGRITY),
        .prf = choose_common (ours, wire, TRANSFORM_PRF),
    };
    if (chosen.encryption == NULL)
        return false;
    bool aead = (chosen.encryption->flags & ALGORITHM_AEAD) != 0;
    if (aead ? wire->counts[TRANSFORM_INTEGRITY] > 0 && !wire->none[TRANSFORM_INTEGRITY]
             : chosen.integrity == NULL)
        return false;
    if (aead)
        chosen.integrity = NULL;
    if ((ours->protocol == IKE_PROTOCOL_IKE) != (chosen.prf != NULL))
        return false;

    bool group_ok = false;
    chosen.group = choose_group (ours, wire, wanted_group, &group_ok);
    if (!group_ok)
        return false;

    /* A gateway that leaves ESN out means short sequence numbers. */
    const Algorithm *esn = choose_common (ours, wire, TRANSFORM_ESN);
    if (ours->protocol == IKE_PROTOCOL_ESP && wire->counts[TRANSFORM_ESN] > 0 && esn == NULL)
        return false;
    chosen.esn = esn != NULL && esn->id == 1;
    *ret_selection = chosen;
    return true;
}

/* Each transform of an answer is one that we offered, or says "without". */
static bool
is_within (const WireProposal *wire, const IkeProposal *ours)
{
    unsigned accounted = 0, all = 0;
    for (unsigned i = 0; i < wire->n_known; i++)
        accounted += proposal_has (ours, wire->known[i]);
    for (int type = TRANSFORM_ENCRYPTION; type < TRANSFORM_TYPES_END; type++)
    {
        accounted += wire->none[type];
        all += wire->counts[type];
    }
    return accounted == all;
}

bool
ike_selection_read (ByteView body, const GPtrArray *ours, uint8_t spi_size,
                    IkeSelection *ret_selection, GError **error)
{
    ByteReader reader = byte_reader (body);
    WireProposal wire;
    bool last = false;
    if (!read_proposal (&reader, &wire, &last) || !last || !byte_reader_done (&reader) ||
        wire.spi_size != spi_size)
        return refuse_payload (error);
    for (int type = TRANSFORM_ENCRYPTION; type < TRANSFORM_TYPES_END; type++)
        if (wire.counts[type] > 1)
            return refuse_payload (error);

    if (wire.number < 1 || wire.number > ours->len)
        wire.number = 0;
    const IkeProposal *ours_of_number = wire.number > 0 ? ours->pdata[wire.number - 1] : NULL;
    uint16_t group = 0;
    for (unsigned i = 0; i < wire.n_known; i++)
        if (wire.known[i]->type == TRANSFORM_KEY_EXCHANGE)
            group = wire.known[i]->id;
    if (ours_of_number == NULL || !is_within (&wire, ours_of_number) ||
        !choose (ours_of_number, &wire, group, ret_selection))
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL,
                             "the gateway chose a proposal that was not offered");
        return false;
    }
    return true;
}

bool
ike_proposals_choose (const GPtrArray *ours, ByteView body, uint8_t spi_size, uint16_t wanted_group,
                      IkeSelection *ret_selection, GError **error)
{
    IkeSelection chosen;
    guint chosen_rank = G_MAXUINT;
    ByteReader reader = byte_reader (body);
    bool last = false;
    for (unsigned n = 0; !last; n++)
    {
        WireProposal wire;
        if (n >= IKE_PROPOSALS_MAX || !read_proposal (&reader, &wire, &last))
            return refuse_payload (error);
        if (wire.spi_size != spi_size)
            continue;
        for (guint p = 0; p < ours->len && p < chosen_rank; p++)
            if (choose (ours->pdata[p], &wire, wanted_group, &chosen))
                chosen_rank = p;
    }
    if (!byte_reader_done (&reader))
        return refuse_payload (error);
    if (chosen_rank == G_MAXUINT)
    {
        g_set_error_literal (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL,
                             "nothing of the gateway's offer is acceptable");
        return false;
    }
    *ret_selection = chosen;
    return true;
}
