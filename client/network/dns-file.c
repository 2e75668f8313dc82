/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/dns-file.h"

#include "errors.h"
#include "network/dns-share.h"
#include "network/journal.h"
#include "network/resolv-conf.h"
#include "network/whole-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
    FILE_MAX = 256 * 1024,
    SERVERS_MAX = 3, /* what the C library reads (resolv.conf(5)) */
    LINK_MAX_SIZE = 4096,
};

typedef enum
{
    FOUND_NOTHING,
    FOUND_FILE,
    FOUND_LINK,
} Found;

/* What stood at the path, or stands there now. */
typedef struct
{
    Found found;
    char *content; /* of the file, or where the link leads */
    gsize size;
    mode_t mode;
} Snapshot;

struct DnsFile
{
    char *path;
    char *journals; /* a directory */
    char *device;   /* of our share; NULL: nothing of ours is in force */
};

static void
snapshot_clear (Snapshot *self)
{
    g_clear_pointer (&self->content, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Snapshot, snapshot_clear)

DnsFile *
dns_file_new (const char *path, const char *journal_directory)
{
    DnsFile *self = g_new0 (DnsFile, 1);
    self->path = g_strdup (path);
    self->journals = g_strdup (journal_directory);
    return self;
}

void
dns_file_free (DnsFile *self)
{
    if (self == NULL)
        return;
    dns_file_revert (self);
    g_free (self->path);
    g_free (self->journals);
    g_free (self);
}

static bool
refuse (GError **error, const char *what, const char *path)
{
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s %s: %s", what, path,
                 g_strerror (errno));
    return false;
}

/* ---- looking and putting ---- */

static bool
take_snapshot (const char *path, Snapshot *ret_snapshot, GError **error)
{
    g_auto (Snapshot) snapshot = { 0 };
    struct stat status;
    if (lstat (path, &status) < 0)
    {
        if (errno != ENOENT)
            return refuse (error, "cannot look at", path);
        *ret_snapshot = snapshot;
        return true;
    }
    snapshot.mode = status.st_mode & 07777;
    if (S_ISLNK (status.st_mode))
    {
        snapshot.found = FOUND_LINK;
        snapshot.content = g_file_read_link (path, error);
        snapshot.size = snapshot.content != NULL ? strlen (snapshot.content) : 0;
    }
    else
    {
        snapshot.found = FOUND_FILE;
        if (!S_ISREG (status.st_mode) || status.st_size > FILE_MAX)
        {
            errno = S_ISREG (status.st_mode) ? EFBIG : EINVAL;
            return refuse (error, "cannot read", path);
        }
        g_file_get_contents (path, &snapshot.content, &snapshot.size, error);
    }
    if (snapshot.content == NULL)
        return false;
    *ret_snapshot = snapshot;
    snapshot.content = NULL;
    return true;
}

static bool
put_snapshot (const char *path, const Snapshot *snapshot)
{
    switch (snapshot->found)
    {
    case FOUND_NOTHING:
        return unlink (path) == 0 || errno == ENOENT;
    case FOUND_FILE:
        return whole_file_put (path, snapshot->content, snapshot->size, snapshot->mode);
    case FOUND_LINK:
        return whole_file_put_link (path, snapshot->content);
    }
    g_assert_not_reached ();
}

/* ---- the journal: what was there, and what we wrote ---- */

#define JOURNAL "resolv.conf.before"
#define BEFORE "before"

static void
set_octets (GKeyFile *file, const char *key, const char *octets, gsize size)
{
    g_autofree char *text = g_base64_encode ((const guchar *)octets, size);
    g_key_file_set_string (file, BEFORE, key, text);
}

/* PREVIOUS: what of ours stands there until OURS does; NULL: nothing. */
static bool
write_journal (const DnsFile *self, const Snapshot *before, const char *previous, const char *ours,
               GError **error)
{
    g_autoptr (GKeyFile) file = journal_new ();
    g_key_file_set_integer (file, BEFORE, "found", before->found);
    g_key_file_set_integer (file, BEFORE, "mode", (int)before->mode);
    set_octets (file, "content", before->content != NULL ? before->content : "", before->size);
    set_octets (file, "ours", ours, strlen (ours));
    if (previous != NULL)
        set_octets (file, "previous", previous, strlen (previous));
    return journal_write (file, self->journals, JOURNAL, error);
}

typedef struct
{
    Snapshot before;
    char *ours, *previous;
    gsize ours_size, previous_size;
} Journal;

static void
journal_clear (Journal *self)
{
    snapshot_clear (&self->before);
    g_clear_pointer (&self->ours, g_free);
    g_clear_pointer (&self->previous, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Journal, journal_clear)

static char *
get_octets (GKeyFile *file, const char *key, gsize *ret_size)
{
    g_autofree char *text = g_key_file_get_string (file, BEFORE, key, NULL);
    if (text == NULL)
        return NULL;
    g_autofree guchar *octets = g_base64_decode (text, ret_size);
    char *content = g_malloc0 (*ret_size + 1);
    memcpy (content, octets, *ret_size);
    return content;
}

static bool
read_journal (const DnsFile *self, Journal *ret_journal)
{
    g_autoptr (GKeyFile) file = journal_read (self->journals, JOURNAL);
    if (file == NULL)
        return false;
    g_auto (Journal) journal = { 0 };
    journal.before.found = (Found)g_key_file_get_integer (file, BEFORE, "found", NULL);
    journal.before.mode = (mode_t)g_key_file_get_integer (file, BEFORE, "mode", NULL) & 07777;
    journal.before.content = get_octets (file, "content", &journal.before.size);
    journal.ours = get_octets (file, "ours", &journal.ours_size);
    journal.previous = get_octets (file, "previous", &journal.previous_size);
    if (journal.before.content == NULL || journal.ours == NULL || journal.before.found > FOUND_LINK)
        return false;
    *ret_journal = journal;
    journal = (Journal){ 0 };
    return true;
}

static bool
is_file_of (const Snapshot *self, const char *content, gsize size)
{
    return self->found == FOUND_FILE && content != NULL && self->size == size &&
           memcmp (self->content, content, size) == 0;
}

/* ---- the content ---- */

/* Lines of BEFORE that stay: options, and servers as far as there is room for them. */
static void
append_kept (GString *text, const char *before, unsigned servers, bool keep_servers)
{
    g_auto (GStrv) lines = g_strsplit (before, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
    {
        bool server = g_str_has_prefix (*line, "nameserver");
        bool option = g_str_has_prefix (*line, "options") || g_str_has_prefix (*line, "sortlist");
        if (option || (server && keep_servers && servers < SERVERS_MAX))
            g_string_append_printf (text, "%s\n", *line);
        servers += server;
    }
}

static void
append_search (GString *text, const GPtrArray *shares, const char *before)
{
    gsize start = text->len;
    g_string_append (text, "search");
    gsize empty = text->len;
    for (guint i = 0; i < shares->len; i++)
        for (char **domain = ((const DnsShare *)shares->pdata[i])->search; *domain != NULL;
             domain++)
            g_string_append_printf (text, " %s", *domain);
    if (text->len == empty)
    {
        g_string_truncate (text, start);
        return;
    }
    g_auto (GStrv) lines = g_strsplit (before, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
    {
        g_auto (GStrv) words = g_strsplit_set (*line, " \t", -1);
        bool searches = words[0] != NULL &&
                        (strcmp (words[0], "search") == 0 || strcmp (words[0], "domain") == 0);
        for (char **word = words + 1; searches && words[0] != NULL && *word != NULL; word++)
            if (**word != '\0')
                g_string_append_printf (text, " %s", *word);
    }
    g_string_append_c (text, '\n');
}

/* The servers of all tunnels, those of a full one alone if there is one, then those from before. */
static char *
make_content (const GPtrArray *shares, const char *before)
{
    GString *text = g_string_new ("# Made by outrider for");
    bool full = shares->len > 0 && ((const DnsShare *)shares->pdata[0])->full;
    for (guint i = 0; i < shares->len; i++)
        g_string_append_printf (text, "%s %s", i > 0 ? "," : "",
                                ((const DnsShare *)shares->pdata[i])->device);
    g_string_append (text, ". What was here before comes back when the tunnel ends.\n");
    append_search (text, shares, before);
    unsigned servers = 0;
    for (guint i = 0; i < shares->len; i++)
    {
        const DnsShare *share = shares->pdata[i];
        for (char **server = share->servers;
             *server != NULL && servers < SERVERS_MAX && (share->full || !full);
             server++, servers++)
            g_string_append_printf (text, "nameserver %s\n", *server);
    }
    append_kept (text, before, servers, !full);
    return g_string_free (text, false);
}

/* ---- apply and revert ---- */

/* One tunnel at a time; the lock goes with the process. -1: there is no directory yet. */
static int
lock (const DnsFile *self)
{
    int fd = open (self->journals, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        flock (fd, LOCK_EX);
    return fd;
}

static void
unlock (int fd)
{
    if (fd >= 0)
        close (fd);
}

/* Behind a link stands what the resolver used. */
static char *
read_used (const DnsFile *self, const Snapshot *before)
{
    if (before->found != FOUND_LINK)
        return g_strdup (before->content != NULL ? before->content : "");
    g_autofree char *folder = g_path_get_dirname (self->path);
    g_autofree char *first = g_canonicalize_filename (before->content, folder);
    g_autofree char *target = resolv_conf_follow (first);
    g_auto (Snapshot) used = { 0 };
    char *text = NULL;
    if (take_snapshot (target, &used, NULL) && used.found == FOUND_FILE)
        text = g_steal_pointer (&used.content);
    return text != NULL ? text : g_strdup ("");
}

/* Whether the tunnels' own stands there; somebody else may have put something in its place meanwhile. */
static bool
is_ours (const Journal *journal, const Snapshot *now)
{
    return is_file_of (now, journal->ours, journal->ours_size) ||
           is_file_of (now, journal->previous, journal->previous_size);
}

/* What is to come back one day: what stands there, or what stood there before the tunnels' own. */
static bool
find_before (const DnsFile *self, Snapshot *ret_before, char **ret_previous, GError **error)
{
    g_auto (Snapshot) now = { 0 };
    g_auto (Journal) journal = { 0 };
    *ret_previous = NULL;
    if (!take_snapshot (self->path, &now, error))
        return false;
    bool ours = read_journal (self, &journal) && is_ours (&journal, &now);
    if (ours)
        *ret_previous = g_steal_pointer (&now.content);
    Snapshot *before = ours ? &journal.before : &now;
    *ret_before = *before;
    before->content = NULL;
    return true;
}

/* Writes what SHARES want, with what was there before behind it. */
static bool
write_shares (const DnsFile *self, const GPtrArray *shares, GError **error)
{
    g_auto (Snapshot) before = { 0 };
    g_autofree char *previous = NULL;
    if (!find_before (self, &before, &previous, error))
        return false;
    g_autofree char *used = read_used (self, &before);
    g_autofree char *content = make_content (shares, used);
    if (!write_journal (self, &before, previous, content, error))
        return false;
    return whole_file_put (self->path, content, strlen (content), 0644) ||
           refuse (error, "cannot write", self->path);
}

/* Without a share left, what was there comes back, unless somebody else has put something of their own in place of ours. */
static bool
settle (const DnsFile *self, const GPtrArray *shares)
{
    g_auto (Journal) journal = { 0 };
    g_auto (Snapshot) now = { 0 };
    if (!read_journal (self, &journal))
        return true;
    bool ours = take_snapshot (self->path, &now, NULL) && is_ours (&journal, &now);
    if (shares->len > 0)
        return !ours || write_shares (self, shares, NULL);
    bool ok = !ours || put_snapshot (self->path, &journal.before);
    if (ok)
        journal_remove (self->journals, JOURNAL);
    return ok;
}

bool
dns_file_repair (DnsFile *self, GError **error)
{
    unsigned dead = 0;
    int held = lock (self);
    g_autoptr (GPtrArray) shares = dns_share_list (self->journals, &dead);
    bool ok = true;
    if (shares->len == 0)
        whole_file_remove_scratch (self->path);
    if (shares->len == 0 || dead > 0)
        ok = settle (self, shares) || refuse (error, "cannot put back", self->path);
    unlock (held);
    return ok;
}

static void
forget (DnsFile *self)
{
    dns_share_remove (self->journals, self->device);
    g_clear_pointer (&self->device, g_free);
    g_autoptr (GPtrArray) left = dns_share_list (self->journals, NULL);
    settle (self, left);
}

bool
dns_file_apply (DnsFile *self, const NetworkPlan *plan, GError **error)
{
    if (plan->dns->len == 0)
    {
        dns_file_revert (self);
        return true;
    }
    if (g_mkdir_with_parents (self->journals, 0755) < 0)
        return refuse (error, "cannot make", self->journals);
    int held = lock (self);
    bool done = dns_share_write (self->journals, plan, error);
    if (done)
    {
        g_autoptr (GPtrArray) shares = dns_share_list (self->journals, NULL);
        g_free (self->device);
        self->device = g_strdup (plan->device);
        done = write_shares (self, shares, error);
        if (!done)
            forget (self);
    }
    unlock (held);
    return done;
}

void
dns_file_revert (DnsFile *self)
{
    if (self->device == NULL)
        return;
    int held = lock (self);
    forget (self);
    unlock (held);
}
