/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/prompt.h"

#include "frontend/secrets.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <termios.h>
#include <unistd.h>

enum
{
    ANSWER_MAX = 4096, /* what a terminal gives as one line */
};

struct Prompt
{
    int terminal;
    struct termios before;
    guint source;
    PromptAnswer answer;
    void *data;
};

/* No echo but of the newline; and no Ctrl-\, which would end us before the echo is back. */
static bool
hide_input (Prompt *self)
{
    struct termios hidden;
    if (tcgetattr (self->terminal, &self->before) != 0)
        return false;
    hidden = self->before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    hidden.c_lflag |= ECHONL | ICANON;
    hidden.c_cc[VQUIT] = _POSIX_VDISABLE;
    return tcsetattr (self->terminal, TCSAFLUSH, &hidden) == 0;
}

static void
write_text (int terminal, const char *text)
{
    size_t left = strlen (text);
    while (left > 0)
    {
        ssize_t count = TEMP_FAILURE_RETRY (write (terminal, text, left));
        if (count <= 0)
            return;
        text += count;
        left -= (size_t)count;
    }
}

static gboolean
line_came (int terminal, GIOCondition condition, void *data)
{
    Prompt *self = data;
    uint8_t line[ANSWER_MAX];
    ssize_t count = TEMP_FAILURE_RETRY (read (terminal, line, sizeof line));
    g_autoptr (SecretBytes) secret =
        count > 0 ? secrets_from_line (byte_view (line, (size_t)count)) : NULL;
    explicit_bzero (line, sizeof line);
    if (secret == NULL) /* Ctrl-D left the cursor where it was */
        write_text (terminal, "\n");
    self->source = 0;
    self->answer (secret, self->data);
    return G_SOURCE_REMOVE;
}

Prompt *
prompt_new (const char *question, PromptAnswer answer, void *data)
{
    int terminal = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return NULL;
    Prompt *self = g_new0 (Prompt, 1);
    self->terminal = terminal;
    self->answer = answer;
    self->data = data;
    if (!hide_input (self))
    {
        close (terminal);
        g_free (self);
        return NULL;
    }
    write_text (terminal, question);
    self->source = g_unix_fd_add (terminal, G_IO_IN | G_IO_HUP | G_IO_ERR, line_came, self);
    return self;
}

void
prompt_free (Prompt *self)
{
    if (self == NULL)
        return;
    if (self->source != 0)
    {
        g_source_remove (self->source);
        write_text (self->terminal, "\n");
    }
    tcsetattr (self->terminal, TCSAFLUSH, &self->before);
    close (self->terminal);
    g_free (self);
}
