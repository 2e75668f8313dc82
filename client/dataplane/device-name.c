/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/device-name.h"

#include "errors.h"

#include <string.h>

bool
device_name_check (const char *wish, GError **error)
{
    size_t length = strlen (wish);
    const char *percent = strchr (wish, '%');
    bool good =
        length > 0 && length < IFNAMSIZ && strcmp (wish, ".") != 0 && strcmp (wish, "..") != 0;
    for (size_t i = 0; i < length; i++)
        good = good && g_ascii_isgraph (wish[i]) && wish[i] != '/' && wish[i] != ':';
    if (percent != NULL)
        good = good && percent[1] == 'd' && strchr (percent + 1, '%') == NULL;
    if (!good)
        g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED,
                     "\"%s\" cannot name a network device", wish);
    return good;
}

bool
device_name_fill (const char *wish, unsigned number, char ret_name[IFNAMSIZ])
{
    const char *percent = strchr (wish, '%');
    if (percent == NULL)
        return g_strlcpy (ret_name, wish, IFNAMSIZ) < IFNAMSIZ;
    return (unsigned)g_snprintf (ret_name, IFNAMSIZ, "%.*s%u%s", (int)(percent - wish), wish,
                                 number, percent + 2) < IFNAMSIZ;
}
