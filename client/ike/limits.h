/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Every limit of the IKE room in one place. Sizes in octets, times in microseconds.
 */

enum
{
    IKE_MESSAGE_MAX = 65000,  /* a message, after reassembly too */
    IKE_PAYLOADS_MAX = 64,    /* in one message */
    IKE_FRAGMENTS_MAX = 64,   /* of one message (RFC 7383) */
    IKE_FRAGMENT_SIZE = 1228, /* of ours: 1280 less IPv6, UDP header and marker */
    IKE_FRAGMENT_SIZE_MIN = 200,
    IKE_PROPOSALS_MAX = 32,    /* read from one SA payload */
    IKE_TRANSFORMS_MAX = 96,   /* read from one proposal */
    IKE_SELECTORS_MAX = 255,   /* the field's own bound */
    IKE_CERTIFICATES_MAX = 12, /* read from one message */
    IKE_CERTIFICATE_MAX = 32 * 1024,
    IKE_IDENTITY_MAX = 1024,
    IKE_COOKIE_MAX = 64, /* RFC 7296 2.6 */
    IKE_NONCE_MIN = 16,  /* RFC 7296 2.10 */
    IKE_NONCE_MAX = 256,
    IKE_NONCE_SIZE = 32,       /* ours */
    IKE_INIT_RESTARTS_MAX = 5, /* cookies and wrong groups, together */
    IKE_GROUP_CHANGES_MAX = 3, /* a rekey asked again with another group */
    IKE_EAP_ROUNDS_MAX = 64,
    IKE_HASHES_MAX = 32,     /* read from SIGNATURE_HASH_ALGORITHMS */
    IKE_NAT_HASHES_MAX = 16, /* NAT_DETECTION_SOURCE_IP notifies looked at */
    IKE_GRANT_ADDRESSES_MAX = 16,
    IKE_GRANT_DNS_MAX = 16,
    IKE_GRANT_DOMAINS_MAX = 64,
    IKE_GRANT_SUBNETS_MAX = 4096,
    IKE_GRANT_BANNER_MAX = 4096,
    IKE_CP_ATTRIBUTES_MAX = 8192,
    IKE_DELETE_SPIS_MAX = 64,
    IKE_EARLY_DELETES_MAX = 4, /* of children whose making was not heard of yet */
    IKE_CHILDREN_MAX = 8,      /* SAs at a time, old ones included */
    IKE_TASKS_MAX = 16,        /* exchanges waiting for their turn */
    IKE_SAS_MAX = 3,           /* the current IKE SA and what a rekey leaves */
    IKE_PROBE_TRIES = 3,       /* of a size, before it is believed not to pass */
    IKE_PROBE_MAX = 9216,      /* octets of a packet: jumbo frames */
    IKE_REVIVALS_MAX = 3,      /* a child deleted by the gateway is made anew so often in a row */
    IKE_SILENT_LOOKS = 2,      /* in a row, before a rekey shall bring the children back to life */
    IKE_ACTIONS_MAX = 1024,
};

#define IKE_SECOND ((gint64)1000000)
#define IKE_RETRANSMIT_FIRST (IKE_SECOND / 2) /* before a round trip was measured */
#define IKE_RETRANSMIT_FLOOR (IKE_SECOND / 4) /* after */
#define IKE_RETRANSMIT_CEILING (4 * IKE_SECOND)
#define IKE_ANSWER_TIMEOUT (18 * IKE_SECOND)     /* one exchange, all tries */
#define IKE_DOUBT_GRACE IKE_SECOND               /* an unproven error waits: RFC 7296 2.21.1 */
#define IKE_CLOSE_TIMEOUT (3 * IKE_SECOND / 2)   /* the delete on the way out */
#define IKE_KEEPALIVE_INTERVAL (20 * IKE_SECOND) /* RFC 3948 */
#define IKE_DELETED_SA_LINGER (20 * IKE_SECOND)  /* its delete may have to be answered again */
#define IKE_OLD_SA_LINGER (60 * IKE_SECOND)      /* a rekeyed SA whose owner forgets to delete it */
#define IKE_RETRY_DELAY (5 * IKE_SECOND)         /* after TEMPORARY_FAILURE */
#define IKE_REVIVAL_FORGIVEN (10 * IKE_SECOND)   /* a child that old was idle, not unwanted */
#define IKE_SILENCE_PAUSE_FIRST (2 * 60 * IKE_SECOND) /* between rekeys of silent children */
#define IKE_SILENCE_PAUSE_LONGEST (60 * 60 * IKE_SECOND)
