/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The SA payload, as an answer to our offer and as an offer to us; and the text of proposals. Whatever is chosen must
 * have been offered. The first octet says which: 0 IKE, 1 ESP, 2 ESP without groups, 3 text.
 */

#include "fuzz/fuzz.h"
#include "ike/proposal.h"

static bool
offers (const GPtrArray *proposals, const Algorithm *algorithm)
{
    for (guint i = 0; i < proposals->len; i++)
        if (g_ptr_array_find (((const IkeProposal *)proposals->pdata[i])->algorithms, algorithm,
                              NULL))
            return true;
    return false;
}

static void
check_selection (const GPtrArray *ours, const IkeSelection *chosen, bool answer)
{
    bool aead = (chosen->encryption->flags & ALGORITHM_AEAD) != 0;
    FUZZ_MUST (offers (ours, chosen->encryption));
    FUZZ_MUST (aead == (chosen->integrity == NULL));
    FUZZ_MUST (aead || offers (ours, chosen->integrity));
    FUZZ_MUST (chosen->prf == NULL || offers (ours, chosen->prf));
    FUZZ_MUST (chosen->group == NULL || !answer || offers (ours, chosen->group));
    FUZZ_MUST (chosen->group == NULL || (chosen->group->flags & ALGORITHM_WEAK) == 0);
}

static void
check_binary (const GPtrArray *ours, IkeProtocol protocol, ByteView body, uint8_t spi_size)
{
    IkeSelection chosen, again;
    g_autoptr (GError) error = NULL;
    bool ok = ike_proposals_choose (ours, body, spi_size, 19, &chosen, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (ok)
        check_selection (ours, &chosen, false);
    g_clear_error (&error);

    ok = ike_selection_read (body, ours, spi_size, &chosen, &error);
    FUZZ_CHECK_ERROR (ok, error);
    if (!ok)
        return;
    check_selection (ours, &chosen, true);
    FUZZ_MUST (chosen.number >= 1 && chosen.number <= ours->len);
    g_autofree char *text = ike_selection_format (&chosen);
    FUZZ_MUST (text[0] != '\0');

    g_auto (ByteWriter) writer = BYTE_WRITER (4096);
    ike_selection_write (&chosen, protocol, chosen.spi, spi_size, &writer);
    FUZZ_MUST (ike_selection_read (byte_writer_view (&writer), ours, spi_size, &again, NULL));
    FUZZ_MUST (again.number == chosen.number && again.spi == chosen.spi &&
               again.encryption == chosen.encryption && again.integrity == chosen.integrity &&
               again.prf == chosen.prf && again.group == chosen.group && again.esn == chosen.esn);
}

static void
check_text (ByteView input)
{
    static const IkeProtocol protocols[] = { IKE_PROTOCOL_IKE, IKE_PROTOCOL_ESP };
    g_autofree char *text = g_strndup ((const char *)input.data, input.size);
    for (size_t i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
        g_autoptr (GError) error = NULL;
        g_autoptr (GPtrArray) parsed = ike_proposals_parse (protocols[i], text, &error);
        FUZZ_CHECK_ERROR (parsed != NULL, error);
        if (parsed == NULL)
            continue;
        g_autofree char *once = ike_proposals_format (parsed);
        g_autoptr (GPtrArray) reparsed = ike_proposals_parse (protocols[i], once, NULL);
        FUZZ_MUST (reparsed != NULL || parsed->len >= 32);
        if (reparsed == NULL)
            continue;
        g_autofree char *twice = ike_proposals_format (reparsed);
        FUZZ_MUST (strcmp (once, twice) == 0);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static GPtrArray *ike, *esp, *bare;
    if (ike == NULL)
    {
        ike = ike_proposals_default (IKE_PROTOCOL_IKE);
        esp = ike_proposals_parse (
            IKE_PROTOCOL_ESP, "aes256gcm16-ecp256-modp2048-esn-noesn,aes128-sha256-ecp384", NULL);
        bare = ike_proposals_without_groups (esp);
    }
    if (size < 1)
        return 0;
    ByteView body = byte_view (data + 1, size - 1);
    switch (data[0] % 4)
    {
    case 0:
        check_binary (ike, IKE_PROTOCOL_IKE, body, data[0] & 4 ? 8 : 0);
        break;
    case 1:
        check_binary (esp, IKE_PROTOCOL_ESP, body, 4);
        break;
    case 2:
        check_binary (bare, IKE_PROTOCOL_ESP, body, 4);
        break;
    default:
        check_text (body);
    }
    return 0;
}
