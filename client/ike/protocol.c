/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ike/protocol.h"

#include <glib.h>

typedef struct
{
    unsigned number;
    const char *name;
} Name;

static const Name exchanges[] = {
    { IKE_SA_INIT, "IKE_SA_INIT" },
    { IKE_AUTH, "IKE_AUTH" },
    { CREATE_CHILD_SA, "CREATE_CHILD_SA" },
    { INFORMATIONAL, "INFORMATIONAL" },
};

static const Name payloads[] = {
    { PAYLOAD_SA, "SA" },     { PAYLOAD_KE, "KE" },       { PAYLOAD_IDI, "IDi" },
    { PAYLOAD_IDR, "IDr" },   { PAYLOAD_CERT, "CERT" },   { PAYLOAD_CERTREQ, "CERTREQ" },
    { PAYLOAD_AUTH, "AUTH" }, { PAYLOAD_NONCE, "Nonce" }, { PAYLOAD_NOTIFY, "N" },
    { PAYLOAD_DELETE, "D" },  { PAYLOAD_VENDOR_ID, "V" }, { PAYLOAD_TSI, "TSi" },
    { PAYLOAD_TSR, "TSr" },   { PAYLOAD_SK, "SK" },       { PAYLOAD_CP, "CP" },
    { PAYLOAD_EAP, "EAP" },   { PAYLOAD_SKF, "SKF" },
};

static const Name notifies[] = {
    { NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, "UNSUPPORTED_CRITICAL_PAYLOAD" },
    { NOTIFY_INVALID_IKE_SPI, "INVALID_IKE_SPI" },
    { NOTIFY_INVALID_MAJOR_VERSION, "INVALID_MAJOR_VERSION" },
    { NOTIFY_INVALID_SYNTAX, "INVALID_SYNTAX" },
    { NOTIFY_INVALID_MESSAGE_ID, "INVALID_MESSAGE_ID" },
    { NOTIFY_INVALID_SPI, "INVALID_SPI" },
    { NOTIFY_NO_PROPOSAL_CHOSEN, "NO_PROPOSAL_CHOSEN" },
    { NOTIFY_INVALID_KE_PAYLOAD, "INVALID_KE_PAYLOAD" },
    { NOTIFY_AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED" },
    { NOTIFY_SINGLE_PAIR_REQUIRED, "SINGLE_PAIR_REQUIRED" },
    { NOTIFY_NO_ADDITIONAL_SAS, "NO_ADDITIONAL_SAS" },
    { NOTIFY_INTERNAL_ADDRESS_FAILURE, "INTERNAL_ADDRESS_FAILURE" },
    { NOTIFY_FAILED_CP_REQUIRED, "FAILED_CP_REQUIRED" },
    { NOTIFY_TS_UNACCEPTABLE, "TS_UNACCEPTABLE" },
    { NOTIFY_INVALID_SELECTORS, "INVALID_SELECTORS" },
    { NOTIFY_TEMPORARY_FAILURE, "TEMPORARY_FAILURE" },
    { NOTIFY_CHILD_SA_NOT_FOUND, "CHILD_SA_NOT_FOUND" },
    { NOTIFY_MICROSOFT_STATUS, "MS_STATUS" },
    { NOTIFY_INITIAL_CONTACT, "INITIAL_CONTACT" },
    { NOTIFY_SET_WINDOW_SIZE, "SET_WINDOW_SIZE" },
    { NOTIFY_ADDITIONAL_TS_POSSIBLE, "ADDITIONAL_TS_POSSIBLE" },
    { NOTIFY_NAT_DETECTION_SOURCE_IP, "NAT_DETECTION_SOURCE_IP" },
    { NOTIFY_NAT_DETECTION_DESTINATION_IP, "NAT_DETECTION_DESTINATION_IP" },
    { NOTIFY_COOKIE, "COOKIE" },
    { NOTIFY_USE_TRANSPORT_MODE, "USE_TRANSPORT_MODE" },
    { NOTIFY_REKEY_SA, "REKEY_SA" },
    { NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, "ESP_TFC_PADDING_NOT_SUPPORTED" },
    { NOTIFY_MOBIKE_SUPPORTED, "MOBIKE_SUPPORTED" },
    { NOTIFY_UPDATE_SA_ADDRESSES, "UPDATE_SA_ADDRESSES" },
    { NOTIFY_COOKIE2, "COOKIE2" },
    { NOTIFY_FRAGMENTATION_SUPPORTED, "FRAGMENTATION_SUPPORTED" },
    { NOTIFY_SIGNATURE_HASH_ALGORITHMS, "SIGNATURE_HASH_ALGORITHMS" },
};

static const char *
find_name (const Name *names, size_t n_names, unsigned number, const char *otherwise)
{
    for (size_t i = 0; i < n_names; i++)
        if (names[i].number == number)
            return names[i].name;
    return otherwise;
}

const char *
ike_exchange_type_get_name (uint8_t type)
{
    return find_name (exchanges, G_N_ELEMENTS (exchanges), type, "unknown exchange");
}

const char *
ike_payload_type_get_name (uint8_t type)
{
    return find_name (payloads, G_N_ELEMENTS (payloads), type, "unknown payload");
}

const char *
ike_notify_type_get_name (uint16_t type)
{
    return find_name (notifies, G_N_ELEMENTS (notifies), type,
                      type < NOTIFY_FIRST_STATUS ? "unknown error" : "unknown status");
}
