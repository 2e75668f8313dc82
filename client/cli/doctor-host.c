/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor-checks.h"

#include "certs/pkcs12.h"
#include "crypto/cipher.h"
#include "network/netlink-host.h"

#include <sys/stat.h>

void
doctor_check_rights (Doctor *self)
{
    if (outrider_netlink_host_is_permitted ())
        doctor_good (self, "this process may set up tunnels (CAP_NET_ADMIN)");
    else
        doctor_note (self, "Run it as root: \"outrider connect\" needs that, too.",
                     "this process may not set up tunnels, nor see all of what follows");
}

/* No time is known to be right, but some to be wrong: what is before this program was made. */
void
doctor_check_clock (Doctor *self)
{
    struct stat program;
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
    g_autofree char *text = g_date_time_format (now, "%Y-%m-%d %H:%M UTC");
    if (stat ("/proc/self/exe", &program) == 0 && g_date_time_to_unix (now) < program.st_mtime)
        doctor_problem (self, "Set the clock, for example with \"timedatectl set-ntp yes\".",
                        "it is %s by this clock, before this program was installed: certificates "
                        "will not be believed",
                        text);
    else
        doctor_good (self, "it is %s by this clock", text);
}

void
doctor_check_legacy_provider (Doctor *self)
{
    if (certs_pkcs12_reads_old_ciphers ())
        doctor_good (self, "OpenSSL has the old ciphers that many PKCS#12 files still use");
    else
        doctor_note (self,
                     "Install libssl3 or openssl-provider-legacy, or write such a file anew with "
                     "AES.",
                     "OpenSSL's legacy provider (ossl-modules/legacy.so) is missing: PKCS#12 files "
                     "under RC2 cannot be read");
}

void
doctor_check_vectors (Doctor *self)
{
    if (cipher_may_use_vectors ())
        doctor_good (self, "the userspace plane has AES for several blocks at once (VAES)");
    else
        doctor_note (self, NULL,
                     "the userspace plane goes by OpenSSL's AES: no VAES in this processor, or no "
                     "intel-ipsec-mb library");
}
