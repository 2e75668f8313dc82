/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs/der.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

typedef struct
{
    const unsigned char *at;
    const unsigned char *end;
} Der;

/* The element at the front: its whole extent to RET_WHOLE, its content to RET_CONTENT. False: none of that tag and class. */
static bool
take (Der *self, int tag, int class, Der *ret_whole, Der *ret_content)
{
    const unsigned char *content = self->at;
    long size = 0;
    int found_tag = 0, found_class = 0;
    int flags =
        ASN1_get_object (&content, &size, &found_tag, &found_class, (long)(self->end - self->at));
    /* 0x80: broken; 1: of indefinite length, which DER has not. */
    if ((flags & 0x81) != 0 || found_tag != tag || (found_class & V_ASN1_PRIVATE) != class ||
        size > self->end - content)
        return false;
    *ret_whole = (Der){ self->at, content + size };
    *ret_content = (Der){ content, content + size };
    self->at = content + size;
    return true;
}

static bool
find (Der der, Der *ret_key)
{
    Der whole, certificate, body, content;
    if (!take (&der, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &whole, &certificate) ||
        der.at != der.end || !take (&certificate, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &whole, &body))
        return false;
    take (&body, 0, V_ASN1_CONTEXT_SPECIFIC, &whole, &content); /* version, absent in version 1 */
    static const int before_key[] = { V_ASN1_INTEGER, V_ASN1_SEQUENCE, V_ASN1_SEQUENCE,
                                      V_ASN1_SEQUENCE, V_ASN1_SEQUENCE };
    for (size_t i = 0; i < sizeof before_key / sizeof before_key[0]; i++)
        if (!take (&body, before_key[i], V_ASN1_UNIVERSAL, &whole, &content))
            return false;
    return take (&body, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, ret_key, &content);
}

bool
certs_der_find_public_key (const unsigned char *der, size_t size, const unsigned char **ret_key,
                           size_t *ret_key_size)
{
    Der key;
    bool found = size > 0 && find ((Der){ der, der + size }, &key);
    ERR_clear_error ();
    if (!found)
        return false;
    *ret_key = key.at;
    *ret_key_size = (size_t)(key.end - key.at);
    return true;
}
