/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/command.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
    COMPLAINT_MAX = 4096,
};

static bool
refuse (GError **error, const char *what, const char *program, int number)
{
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s %s: %s", what, program,
                 g_strerror (number));
    return false;
}

/* ---- the files: in memory, so that neither side ever waits for the other ---- */

static int
make_file (const char *content)
{
    int fd = memfd_create ("outrider", MFD_CLOEXEC);
    size_t size = strlen (content);
    if (fd >= 0 && (write (fd, content, size) != (ssize_t)size || lseek (fd, 0, SEEK_SET) < 0))
    {
        close (fd);
        return -1;
    }
    return fd;
}

/* The last line that says something. */
static char *
read_complaint (int fd)
{
    char text[COMPLAINT_MAX];
    ssize_t size = pread (fd, text, sizeof text, 0);
    g_autofree char *valid = g_utf8_make_valid (text, MAX (size, 0));
    char *end = g_strchomp (valid);
    char *line = strrchr (end, '\n');
    return g_strdup (line != NULL ? line + 1 : end);
}

/* ---- the process ---- */

static int
spawn (const char *const *argv, int input, int complaints, pid_t *ret_process)
{
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
    char *const environment[] = { path, locale, NULL };
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup (&attributes, 0);
    posix_spawnattr_setsigmask (&attributes, &none);
    posix_spawnattr_setsigdefault (&attributes, &all);
    posix_spawn_file_actions_init (&files);
    posix_spawn_file_actions_addchdir_np (&files, "/");
    posix_spawn_file_actions_adddup2 (&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen (&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2 (&files, complaints, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np (&files, STDERR_FILENO + 1);
    int number =
        posix_spawn (ret_process, argv[0], &files, &attributes, (char *const *)argv, environment);
    posix_spawn_file_actions_destroy (&files);
    posix_spawnattr_destroy (&attributes);
    return number;
}

/* False: the time is up. */
static bool
await_end (int process, unsigned timeout)
{
    gint64 deadline = g_get_monotonic_time () + (gint64)timeout * 1000;
    struct pollfd entry = { process, POLLIN, 0 };
    for (;;)
    {
        gint64 left = (deadline - g_get_monotonic_time () + 999) / 1000;
        int ready = poll (&entry, 1, (int)MAX (left, 0));
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return ready > 0;
        if (ready == 0)
            return false;
    }
}

static bool
judge (const siginfo_t *end, const char *program, int complaints, GError **error)
{
    if (end->si_code == CLD_EXITED && end->si_status == 0)
        return true;
    g_autofree char *complaint = read_complaint (complaints);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s: %s %d%s%s", program,
                 end->si_code == CLD_EXITED ? "status" : "signal", end->si_status,
                 *complaint != '\0' ? ": " : "", complaint);
    return false;
}

static bool
wait_for (pid_t process, const char *program, int complaints, unsigned timeout, GError **error)
{
    int fd = pidfd_open (process, 0);
    bool ended = fd >= 0 && await_end (fd, timeout);
    if (fd >= 0)
        close (fd);
    if (!ended)
        kill (-process, SIGKILL);
    siginfo_t end = { 0 };
    while (waitid (P_PID, (id_t)process, &end, WEXITED) < 0 && errno == EINTR)
        ;
    if (ended)
        return judge (&end, program, complaints, error);
    g_set_error (error, OUTRIDER_ERROR, OUTRIDER_ERROR_HOST_REFUSED, "%s did not end within %u ms",
                 program, timeout);
    return false;
}

bool
command_run (const char *const *argv, const char *input, unsigned timeout, GError **error)
{
    int in = make_file (input), complaints = make_file ("");
    pid_t process = 0;
    int number = in < 0 || complaints < 0 ? errno : spawn (argv, in, complaints, &process);
    bool ok = number == 0 ? wait_for (process, argv[0], complaints, timeout, error)
                          : refuse (error, "cannot run", argv[0], number);
    if (in >= 0)
        close (in);
    if (complaints >= 0)
        close (complaints);
    return ok;
}
