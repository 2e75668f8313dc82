/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What an error notify of the gateway means for the user: one table (RFC 7296 3.10.1). */

#include "ike/session-internal.h"

static GError *
explain_refused_login (IkeLogin login, const char *name)
{
    static const char *const causes[] = {
        [IKE_LOGIN_PSK] =
            ": the pre-shared key is another one there, or belongs to another identity",
        [IKE_LOGIN_CERTIFICATE] = ": it does not take our certificate, or not for this identity",
        [IKE_LOGIN_EAP] = "",
    };
    return g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_LOGIN_REFUSED,
                        "the gateway refused the login%s (%s)", causes[login], name);
}

GError *
ike_session_explain_notify (IkeSession *self, const IkeNotify *notify, bool about_child)
{
    static const struct
    {
        IkeNotifyType type;
        OutriderError code;
        const char *text;
    } known[] = {
        { NOTIFY_INTERNAL_ADDRESS_FAILURE, OUTRIDER_ERROR_NO_ADDRESS,
          "the gateway has no virtual address to give" },
        { NOTIFY_FAILED_CP_REQUIRED, OUTRIDER_ERROR_NO_ADDRESS,
          "the gateway did not take the request for an address" },
        { NOTIFY_TS_UNACCEPTABLE, OUTRIDER_ERROR_SELECTORS_REFUSED,
          "the gateway refused the networks asked for" },
        { NOTIFY_SINGLE_PAIR_REQUIRED, OUTRIDER_ERROR_SELECTORS_REFUSED,
          "the gateway wants one network at a time" },
    };
    const char *name = ike_notify_type_get_name (notify->type);
    if (notify->type == NOTIFY_AUTHENTICATION_FAILED)
        return explain_refused_login (self->config->login, name);
    for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
        if (known[i].type == notify->type)
            return g_error_new (OUTRIDER_ERROR, known[i].code, "%s (%s)", known[i].text, name);

    if (notify->type == NOTIFY_NO_PROPOSAL_CHOSEN)
    {
        g_autofree char *offered = ike_proposals_format (about_child ? self->config->esp_proposals
                                                                     : self->config->ike_proposals);
        return g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_NO_PROPOSAL,
                            "the gateway accepts nothing of our %s offer: %s",
                            about_child ? "ESP" : "IKE", offered);
    }
    if (notify->type == NOTIFY_MICROSOFT_STATUS && notify->data.size == 4)
    {
        ByteReader reader = byte_reader (notify->data);
        return g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_REFUSED,
                            "the gateway ended it with Windows error %u",
                            byte_reader_u32 (&reader));
    }
    return g_error_new (OUTRIDER_ERROR, OUTRIDER_ERROR_GATEWAY_REFUSED,
                        "the gateway ended it with notify %u (%s)", notify->type, name);
}

const Algorithm *
ike_session_find_wanted_group (IkeSession *self, const IkeNotify *notify,
                               const GPtrArray *proposals, const Algorithm *current)
{
    ByteReader reader = byte_reader (notify->data);
    uint16_t id = byte_reader_u16 (&reader);
    const Algorithm *group =
        byte_reader_done (&reader) ? ike_proposals_find_group (proposals, id) : NULL;
    if (group == current || self->group_changes >= IKE_GROUP_CHANGES_MAX)
        return NULL;
    self->group_changes++;
    return group;
}
