/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/connect.h"
#include "cli/doctor.h"
#include "cli/down.h"
#include "cli/rekey.h"
#include "cli/status.h"
#include "errors.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
    const char *name;
    const char *summary;
    int (*run) (int argc, char **argv);
} Command;

static int run_help (int argc, char **argv);

static const Command commands[] = {
    { "connect", "connect to a gateway, in the foreground", connect_run },
    { "status", "show the tunnels that run", status_run },
    { "down", "end tunnels, lift the kill switch", down_run },
    { "rekey", "replace the keys of a tunnel now", rekey_run },
    { "doctor", "look for what hinders tunnels, mend what they left", doctor_run },
    { "help", "show the options of a command", run_help },
};

static const Command *
find_command (const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
        if (strcmp (commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int
refuse (const char *complaint, const char *word)
{
    fprintf (stderr, "outrider: %s%s (see \"outrider --help\")\n", complaint, word);
    return outrider_error_get_exit_status (OUTRIDER_ERROR_USAGE);
}

static int
print_help (void)
{
    puts ("Usage:\n  outrider COMMAND [OPTION...]\n\n"
          "A VPN client for IKEv2 gateways.\n\nCommands:");
    for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
        printf ("  %-10s %s\n", commands[i].name, commands[i].summary);
    puts (
        "\nOptions:\n  --help     show this help\n  --version  show the version\n\n"
        "\"outrider COMMAND --help\" shows the options of a command; outrider(1) tells the rest.");
    return 0;
}

static int
run_help (int argc, char **argv)
{
    if (argc < 2 || strcmp (argv[1], "--help") == 0)
        return print_help ();
    const Command *command = find_command (argv[1]);
    if (command == NULL)
        return refuse ("unknown command ", argv[1]);
    char help[] = "--help";
    char *words[] = { argv[1], help, NULL };
    return command->run (2, words);
}

static int
print_version (void)
{
    puts ("outrider " OUTRIDER_VERSION);
    return 0;
}

/* Started without standard files, our sockets would get their numbers, and our lines would be written there. */
static void
occupy_standard_files (void)
{
    int descriptor;
    do
        descriptor = open ("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0)
        close (descriptor);
}

int
main (int argc, char **argv)
{
    occupy_standard_files ();
    static const struct
    {
        const char *option;
        int (*print) (void);
    } options[] = { { "--help", print_help },
                    { "-h", print_help },
                    { "--version", print_version } };
    if (argc < 2)
        return refuse ("which command?", "");
    for (size_t i = 0; i < G_N_ELEMENTS (options); i++)
        if (strcmp (argv[1], options[i].option) == 0)
            return options[i].print ();
    const Command *command = find_command (argv[1]);
    if (command == NULL)
        return refuse (*argv[1] == '-' ? "unknown option " : "unknown command ", argv[1]);
    return command->run (argc - 1, argv + 1);
}
