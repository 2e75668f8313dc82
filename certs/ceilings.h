/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Every ceiling of this room.
 */

enum
{
    CERTS_CERTIFICATE_SIZE_MAX = 64 * 1024, /* octets of one certificate's DER */
    CERTS_CHAIN_MAX = 10,                   /* certificates from a gateway, its own included */
    CERTS_LIST_MAX = 2000, /* certificates of one file; a system's bundle has some 150 */
    CERTS_FILE_SIZE_MAX = 4 * 1024 * 1024, /* octets of a file of certificates or keys */
    CERTS_PASSPHRASE_MAX = 1024,           /* octets */
    CERTS_PBE_ITERATIONS_MAX = 5000000, /* of stretching a password, for one file: a few seconds */
    CERTS_RSA_BITS_MIN = 2048,
    CERTS_SECURITY_LEVEL =
        2, /* OpenSSL's: 112 bits; refuses SHA-1, RSA < 2048, curves < 224 bits */
    CERTS_NAMES_SHOWN_MAX = 20,           /* names listed in one message */
    CERTS_IDENTITY_SIZE_MAX = 4096,       /* octets of an identity's value */
    CERTS_RDN_MAX = 64,                   /* parts of a distinguished name written as text */
    CERTS_ALGORITHM_IDENTIFIER_MAX = 255, /* one octet gives its size, RFC 7427 3 */
};
