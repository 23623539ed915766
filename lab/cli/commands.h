/*
 * commands.h - the subcommands. Each takes argv from its own name on and returns the exit status
 * of the program; each prints its own errors.
 */
#ifndef OOMLAB_CLI_COMMANDS_H
#define OOMLAB_CLI_COMMANDS_H

#include <stdio.h>

typedef int command_fn(int argc, char **argv);

command_fn cmd_run, cmd_list, cmd_report, cmd_explain, cmd_doctor;

/* Not for people: what the image of this lab starts with; what waits in a container (gate.h). */
command_fn cmd_entry, gate_main;

/* The command of that name, or NULL. */
command_fn *command_named(const char *name);

/* One line each, for --help. */
void commands_print(FILE *to);

#endif
