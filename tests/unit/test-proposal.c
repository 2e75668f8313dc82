/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Proposals: as text, as SA payload, the default offer, and the choice between two sides with all its refusals.
 */

#include "errors.h"
#include "ike/proposal.h"

static GPtrArray *
parse (IkeProtocol protocol, const char *text)
{
    g_autoptr (GError) error = NULL;
    GPtrArray *proposals = ike_proposals_parse (protocol, text, &error);
    g_assert_no_error (error);
    g_assert_nonnull (proposals);
    return proposals;
}

/* ---- text ---- */

static const struct
{
    IkeProtocol protocol;
    const char *text;
    const char *formatted; /* NULL: refused, and the message holds BLAMED */
    const char *blamed;
} texts[] = {
    { IKE_PROTOCOL_IKE, "aes256-sha256-modp2048", "aes256-sha256-modp2048-prfsha256", NULL },
    { IKE_PROTOCOL_IKE, "aes256gcm16-prfsha384-ecp384", "aes256gcm16-prfsha384-ecp384", NULL },
    { IKE_PROTOCOL_IKE, "aes256gcm16-sha384-ecp384", "aes256gcm16-ecp384-prfsha384", NULL },
    { IKE_PROTOCOL_IKE, " aes128-sha256-ecp256 , aes256-sha512-ecp521 ",
      "aes128-sha256-ecp256-prfsha256, aes256-sha512-ecp521-prfsha512", NULL },
    { IKE_PROTOCOL_IKE, "aes128-sha256-ecp256;aes128-sha256-ecp256;",
      "aes128-sha256-ecp256-prfsha256, aes128-sha256-ecp256-prfsha256", NULL },
    { IKE_PROTOCOL_IKE, "aes128-aes128-sha256-sha256-ecp256-ecp256",
      "aes128-sha256-ecp256-prfsha256", NULL },
    { IKE_PROTOCOL_IKE, "3des-sha1-modp1024", "3des-sha1-modp1024-prfsha1", NULL },
    { IKE_PROTOCOL_ESP, "aes256gcm16", "aes256gcm16-esn-noesn", NULL },
    { IKE_PROTOCOL_ESP, "aes256gcm16-noesn", "aes256gcm16-noesn", NULL },
    { IKE_PROTOCOL_ESP, "aes128-sha256-ecp256", "aes128-sha256-ecp256-esn-noesn", NULL },
    { IKE_PROTOCOL_IKE, "", NULL, "no proposal" },
    { IKE_PROTOCOL_IKE, ",;,", NULL, "no proposal" },
    { IKE_PROTOCOL_IKE, "aes256-sha256", NULL, "group" },
    { IKE_PROTOCOL_IKE, "sha256-modp2048", NULL, "encryption" },
    { IKE_PROTOCOL_IKE, "aes256-modp2048", NULL, "integrity" },
    { IKE_PROTOCOL_IKE, "aes256gcm16-ecp256", NULL, "PRF" },
    { IKE_PROTOCOL_IKE, "aes256gcm16-aes256-sha256-ecp256", NULL, "mixes" },
    { IKE_PROTOCOL_IKE, "aes256-sha256-modp2048-esn", NULL, "‘esn’" },
    { IKE_PROTOCOL_IKE, "rot13-sha256-modp2048", NULL, "‘rot13’" },
    { IKE_PROTOCOL_IKE, "aes256--modp2048", NULL, "‘’" },
    { IKE_PROTOCOL_IKE, "aes256-sha256-modp2048,aes", NULL, "‘aes’" },
    { IKE_PROTOCOL_ESP, "aes256-sha256-prfsha256", NULL, "‘prfsha256’" },
    { IKE_PROTOCOL_ESP, "aes256gcm16-sha256", NULL, "beside an AEAD" },
    { IKE_PROTOCOL_ESP, "aes256", NULL, "integrity" },
    { IKE_PROTOCOL_ESP, "esn", NULL, "encryption" },
};

static void
test_text (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
        g_autoptr (GError) error = NULL;
        g_autoptr (GPtrArray) parsed =
            ike_proposals_parse (texts[i].protocol, texts[i].text, &error);
        if (texts[i].formatted == NULL)
        {
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROFILE_INVALID);
            if (strstr (error->message, texts[i].blamed) == NULL)
                g_error ("'%s': %s", texts[i].text, error->message);
            continue;
        }
        g_assert_no_error (error);
        g_autofree char *formatted = ike_proposals_format (parsed);
        g_assert_cmpstr (formatted, ==, texts[i].formatted);
    }
}

static void
test_too_many (void)
{
    g_autoptr (GString) text = g_string_new (NULL);
    for (unsigned i = 0; i < 40; i++)
        g_string_append (text, "aes128-sha256-ecp256,");
    g_assert_null (ike_proposals_parse (IKE_PROTOCOL_IKE, text->str, NULL));
}

/* ---- the default ---- */

static unsigned
count_type (const IkeProposal *proposal, TransformType type)
{
    unsigned count = 0;
    for (guint i = 0; i < proposal->algorithms->len; i++)
        count += ((const Algorithm *)proposal->algorithms->pdata[i])->type == type;
    return count;
}

/* Some gateways read no more than fifteen transforms of a type; the first group is one that all can parse. */
static void
test_default (void)
{
    static const IkeProtocol protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    for (size_t p = 0; p < G_N_ELEMENTS (protocols); p++)
    {
        g_autoptr (GPtrArray) offer = ike_proposals_default (protocols[p]);
        g_assert_cmpuint (offer->len, >=, 2);
        for (guint i = 0; i < offer->len; i++)
        {
            const IkeProposal *proposal = offer->pdata[i];
            g_assert_cmpint (proposal->protocol, ==, protocols[p]);
            for (int type = TRANSFORM_ENCRYPTION; type <= TRANSFORM_ESN; type++)
                g_assert_cmpuint (count_type (proposal, (TransformType)type), <=, 15);
            for (guint a = 0; a < proposal->algorithms->len; a++)
            {
                const Algorithm *algorithm = proposal->algorithms->pdata[a];
                g_assert_false (algorithm->flags & ALGORITHM_WEAK);
                g_assert_true (algorithm_is_available (algorithm));
            }
        }
    }
    g_autoptr (GPtrArray) ike = ike_proposals_default (IKE_PROTOCOL_IKE);
    g_assert_cmpuint (ike_proposals_get_first_group (ike)->id, ==, 19);
    g_autoptr (GPtrArray) esp = ike_proposals_default (IKE_PROTOCOL_ESP);
    g_assert_null (ike_proposals_get_first_group (esp));
    g_autoptr (GPtrArray) named = parse (IKE_PROTOCOL_IKE, "default");
    g_assert_cmpuint (named->len, ==, ike->len);
}

/* What this OpenSSL cannot do is named, but not where it is only read. */
static void
test_check (void)
{
    g_autoptr (GPtrArray) offer = parse (IKE_PROTOCOL_IKE, "aes128-sha256-ecp256,default");
    g_autoptr (GError) error = NULL;
    g_assert_true (ike_proposals_check (offer, &error));
    g_assert_no_error (error);
    size_t count = 0;
    const Algorithm *table = algorithm_get_table (&count);
    for (size_t i = 0; i < count; i++)
    {
        g_autoptr (GError) refused = NULL;
        g_autoptr (GPtrArray) wider = parse (IKE_PROTOCOL_IKE, "aes128-sha256-ecp256");
        g_ptr_array_add (((IkeProposal *)wider->pdata[0])->algorithms, (gpointer)&table[i]);
        bool available = algorithm_is_available (&table[i]);
        g_assert_true (ike_proposals_check (wider, &refused) == available);
        if (!available)
            g_assert_nonnull (strstr (refused->message, table[i].name));
    }
}

static void
test_groups (void)
{
    g_autoptr (GPtrArray) offer =
        parse (IKE_PROTOCOL_ESP, "aes128gcm16-ecp384,aes256gcm16-modp2048-ecp256");
    g_assert_cmpuint (ike_proposals_get_first_group (offer)->id, ==, 20);
    g_assert_cmpuint (ike_proposals_find_group (offer, 14)->id, ==, 14);
    g_assert_null (ike_proposals_find_group (offer, 21));
    g_assert_null (ike_proposals_find_group (offer, 0));
    g_assert_null (ike_proposals_find_group (offer, 65000));
    g_autoptr (GPtrArray) bare = ike_proposals_without_groups (offer);
    g_autofree char *text = ike_proposals_format (bare);
    g_assert_cmpstr (text, ==, "aes128gcm16-esn-noesn, aes256gcm16-esn-noesn");
}

/* ---- the choice ---- */

static const struct
{
    IkeProtocol protocol;
    const char *ours;
    const char *theirs;
    uint16_t wanted_group;
    const char *chosen; /* NULL: nothing fits */
    unsigned number;    /* of their proposal */
} choices[] = {
    /* Our order decides, in proposals and within them. */
    { IKE_PROTOCOL_IKE, "aes256-aes128-sha256-ecp256", "aes128-aes256-sha256-ecp256", 19,
      "aes256-sha256-prfsha256-ecp256", 1 },
    { IKE_PROTOCOL_IKE, "aes256-sha256-ecp256,aes128-sha256-ecp256",
      "aes128-sha256-ecp256,aes256-sha256-ecp256", 19, "aes256-sha256-prfsha256-ecp256", 2 },
    { IKE_PROTOCOL_IKE, "aes256-sha256-ecp256", "aes128-sha256-ecp256", 19, NULL, 0 },
    { IKE_PROTOCOL_IKE, "aes256-sha256-ecp256", "aes256-sha512-ecp256", 19, NULL, 0 },
    { IKE_PROTOCOL_IKE, "aes256-sha256-prfsha256-ecp256", "aes256-sha256-prfsha512-ecp256", 19,
      NULL, 0 },
    { IKE_PROTOCOL_IKE, "aes256-sha256-ecp256", "aes256-sha256-ecp384", 20, NULL, 0 },
    { IKE_PROTOCOL_IKE, "aes256gcm16-prfsha256-ecp256", "aes256-sha256-ecp256", 19, NULL, 0 },

    /* The group of their KE payload spares a round trip. */
    { IKE_PROTOCOL_IKE, "aes256-sha256-ecp256-ecp384", "aes256-sha256-ecp256-ecp384", 20,
      "aes256-sha256-prfsha256-ecp384", 1 },
    { IKE_PROTOCOL_IKE, "aes256-sha256-ecp256", "aes256-sha256-ecp256-modp1024", 2,
      "aes256-sha256-prfsha256-ecp256", 1 },

    /* Children: ours may leave groups open. */
    { IKE_PROTOCOL_ESP, "aes256gcm16", "aes256gcm16", 0, "aes256gcm16-esn", 1 },
    { IKE_PROTOCOL_ESP, "aes256gcm16", "aes256gcm16-noesn", 0, "aes256gcm16", 1 },
    { IKE_PROTOCOL_ESP, "aes256gcm16-esn", "aes256gcm16-noesn", 0, NULL, 0 },
    { IKE_PROTOCOL_ESP, "aes256gcm16", "aes256gcm16-ecp256", 19, "aes256gcm16-ecp256-esn", 1 },
    { IKE_PROTOCOL_ESP, "aes256gcm16", "aes256gcm16-modp1024", 2, NULL, 0 },
    { IKE_PROTOCOL_ESP, "aes256gcm16-ecp384", "aes256gcm16-ecp256", 19, NULL, 0 },
    { IKE_PROTOCOL_ESP, "aes256-sha256", "aes256-sha256", 0, "aes256-sha256-esn", 1 },
};

static void
test_choice (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (choices); i++)
    {
        g_autoptr (GPtrArray) ours = parse (choices[i].protocol, choices[i].ours);
        g_autoptr (GPtrArray) theirs = parse (choices[i].protocol, choices[i].theirs);
        g_autoptr (GError) error = NULL;
        g_auto (ByteWriter) writer = BYTE_WRITER (8192);
        IkeSelection selection;
        uint8_t spi_size = choices[i].protocol == IKE_PROTOCOL_ESP ? 4 : 8;
        ike_proposals_write (theirs, 0x11223344, spi_size, &writer);
        bool ok = ike_proposals_choose (ours, byte_writer_view (&writer), spi_size,
                                        choices[i].wanted_group, &selection, &error);
        if (choices[i].chosen == NULL)
        {
            g_assert_false (ok);
            g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL);
            continue;
        }
        g_assert_no_error (error);
        g_autofree char *text = ike_selection_format (&selection);
        g_assert_cmpstr (text, ==, choices[i].chosen);
        g_assert_cmpuint (selection.number, ==, choices[i].number);
        g_assert_cmpuint (selection.spi, ==, 0x11223344);
    }
}

/* Another SPI size than the exchange has is no offer for it. */
static void
test_other_spi_size (void)
{
    g_autoptr (GPtrArray) offer = parse (IKE_PROTOCOL_IKE, "aes256-sha256-ecp256");
    g_autoptr (GError) error = NULL;
    g_auto (ByteWriter) writer = BYTE_WRITER (8192);
    IkeSelection selection;
    ike_proposals_write (offer, 1, 0, &writer);
    g_assert_false (
        ike_proposals_choose (offer, byte_writer_view (&writer), 8, 19, &selection, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL);
}

static void
test_selection_round_trip (void)
{
    g_autoptr (GPtrArray) offer = parse (IKE_PROTOCOL_ESP, "aes128-sha256-ecp256,aes256gcm16");
    const Algorithm *gcm = algorithm_find_name (TRANSFORM_ENCRYPTION, "aes256gcm16");
    IkeSelection chosen = { .number = 2, .encryption = gcm, .esn = true }, read;
    g_auto (ByteWriter) writer = BYTE_WRITER (8192);
    ike_selection_write (&chosen, IKE_PROTOCOL_ESP, 0xaabbccdd, 4, &writer);
    g_assert_true (ike_selection_read (byte_writer_view (&writer), offer, 4, &read, NULL));
    g_assert_true (read.encryption == gcm && read.integrity == NULL && read.group == NULL);
    g_assert_true (read.esn);
    g_assert_cmpuint (read.number, ==, 2);
    g_assert_cmpuint (read.spi, ==, 0xaabbccdd);

    /* Under the number of another proposal it was not offered. */
    writer.data[4] = 1;
    g_autoptr (GError) error = NULL;
    g_assert_false (ike_selection_read (byte_writer_view (&writer), offer, 4, &read, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
}

/* An answer must not hold a choice: two algorithms of a type. */
static void
test_answer_with_choice (void)
{
    g_autoptr (GPtrArray) offer = parse (IKE_PROTOCOL_ESP, "aes128-aes256-sha256-noesn");
    g_auto (ByteWriter) writer = BYTE_WRITER (8192);
    IkeSelection read;
    ike_proposals_write (offer, 0xaabbccdd, 4, &writer);
    g_autoptr (GError) error = NULL;
    g_assert_false (ike_selection_read (byte_writer_view (&writer), offer, 4, &read, &error));
    g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
}

/* A group in the answer to an offer without groups. */
static void
test_answer_with_group (void)
{
    g_autoptr (GPtrArray) offer = parse (IKE_PROTOCOL_ESP, "aes256gcm16");
    g_autoptr (GPtrArray) theirs = parse (IKE_PROTOCOL_ESP, "aes256gcm16-ecp256-noesn");
    g_auto (ByteWriter) writer = BYTE_WRITER (8192);
    IkeSelection read;
    ike_proposals_write (theirs, 0xaabbccdd, 4, &writer);
    g_assert_false (ike_selection_read (byte_writer_view (&writer), offer, 4, &read, NULL));
}

/* Every cut of a good payload is malformed, and so is each with something behind it. */
static void
test_cut (void)
{
    g_autoptr (GPtrArray) offer = ike_proposals_default (IKE_PROTOCOL_IKE);
    g_auto (ByteWriter) writer = BYTE_WRITER (8192);
    IkeSelection selection;
    ike_proposals_write (offer, 0, 0, &writer);
    ByteView whole = byte_writer_view (&writer);
    g_assert_true (ike_proposals_choose (offer, whole, 0, 19, &selection, NULL));
    for (size_t size = 0; size < whole.size; size++)
    {
        g_autoptr (GError) error = NULL;
        g_autofree uint8_t *cut = g_memdup2 (whole.data, size);
        g_assert_false (
            ike_proposals_choose (offer, byte_view (cut, size), 0, 19, &selection, &error));
        g_assert_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_PROTOCOL);
    }
    byte_writer_u8 (&writer, 0);
    g_assert_false (
        ike_proposals_choose (offer, byte_writer_view (&writer), 0, 19, &selection, NULL));
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/proposal/text", test_text);
    g_test_add_func ("/proposal/text/too-many", test_too_many);
    g_test_add_func ("/proposal/default", test_default);
    g_test_add_func ("/proposal/check", test_check);
    g_test_add_func ("/proposal/groups", test_groups);
    g_test_add_func ("/proposal/choice", test_choice);
    g_test_add_func ("/proposal/choice/other-spi-size", test_other_spi_size);
    g_test_add_func ("/proposal/answer/round-trip", test_selection_round_trip);
    g_test_add_func ("/proposal/answer/with-choice", test_answer_with_choice);
    g_test_add_func ("/proposal/answer/with-group", test_answer_with_group);
    g_test_add_func ("/proposal/cut", test_cut);
    return g_test_run ();
}
