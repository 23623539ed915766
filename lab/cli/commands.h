/*
 * commands.h - the subcommands. Each takes argv from its own name on and returns the exit status
 * of the program; each prints its own errors.
 */
#ifndef OOMLAB_CLI_COMMANDS_H
#define OOMLAB_CLI_COMMANDS_H

#include <stddef.h>
#include <stdio.h>

typedef int command_fn(int argc, char **argv);

command_fn cmd_run, cmd_list, cmd_report, cmd_explain, cmd_replay, cmd_doctor, cmd_kernel,
	cmd_clean, cmd_completion, cmd_suite, cmd_new_scenario, cmd_fit, cmd_compare;

/* Not for people: what the image of this lab starts with; what waits in a container (gate.h);
 * a worker of a suite. */
command_fn cmd_entry, gate_main, suite_worker_main;

struct option_table;

struct command {
	const char *name;
	command_fn *run;  /* NULL: it looks at all of these itself, and main.c knows it */
	const char *help; /* NULL: not for people */
	const struct option_table *options;
};

extern const struct command commands[];
extern const size_t commands_count;

/* The command of that name; NULL: there is none, or it looks at all of these. */
command_fn *command_named(const char *name);

/* The command that was likely meant by a word that is none, or NULL. */
const char *command_meant(const char *word);

/* One line each, for --help. */
void commands_print(FILE *to);

#endif
