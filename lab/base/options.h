/*
 * options.h - command lines described by a table; getopt_long(3) does the reading.
 *
 * Pattern of use: a static const table of struct option_def, with a set function for each kind of
 * value. options_parse() calls these in the order of the command line and stops at the first word
 * that is no option, or behind "--". options_print() writes the table for --help.
 */
#ifndef OOMLAB_BASE_OPTIONS_H
#define OOMLAB_BASE_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct option_def {
	const char *name; /* without "--" */
	const char *arg;  /* name of the value in --help; NULL: takes none */
	const char *help; /* one line; NULL: not shown */
	/* Stores the value, NULL when arg is. 0, or -1 with err set. set NULL: see flag_at. */
	int (*set)(void *target, const char *value, struct err *err);
	size_t flag_at; /* without set: offset in the target of a bool that becomes true */
	char letter;	/* "-m" beside "--memory"; 0: it has none */
};

/* An option whose set function stores it. */
#define OPTION(name, arg, help, set) OPTION_LETTER(0, name, arg, help, set)
#define OPTION_LETTER(letter, name, arg, help, set) \
	{                                           \
		name, arg, help, set, 0, letter     \
	}

/* An option without a value that sets the bool `member` of the target, a `type`. */
#define OPTION_FLAG(name, help, type, member)                     \
	{                                                         \
		name, NULL, help, NULL, offsetof(type, member), 0 \
	}

/* Each command has it: the target is a `type` with a bool `help`. */
#define OPTION_HELP(type)                                                  \
	{                                                                  \
		"help", NULL, "this text", NULL, offsetof(type, help), 'h' \
	}

/*
 * Returns the index in argv of the first operand, or -1 with status EXIT_USAGE. `command` is for
 * the hint ("see 'oomlab run --help'"). At most 48 options.
 */
int options_parse(const char *command, const struct option_def *defs, size_t count, void *target,
		  int argc, char **argv, struct err *err);

/* Writes a line for each option that has help, in 80 columns. */
void options_print(FILE *to, const struct option_def *defs, size_t count);

#endif
