/*
 * option_table.h - the option table of each command, for its --help and for the shells' completion,
 * and the options that several have.
 */
#ifndef OOMLAB_CLI_OPTION_TABLE_H
#define OOMLAB_CLI_OPTION_TABLE_H

#include <stdbool.h>

#include "base/options.h"

struct option_table {
	const struct option_def *defs;
	size_t count;
};

extern const struct option_table run_option_table, list_option_table, report_option_table,
	explain_option_table, replay_option_table, doctor_option_table, kernel_option_table, clean_option_table,
	completion_option_table, suite_option_table,
	new_scenario_option_table, compare_option_table, fit_option_table;

/*
 * Reads the command line of a command without operands. 0, or the exit status of wrong usage, whose
 * error is printed then.
 */
int option_table_read(const char *command, const struct option_table *table, void *target, int argc,
		      char **argv);

/* What completion_option_table fills; the command itself names all tables, this one too. */
struct completion_options {
	bool help;
};

/* Sets it for the whole process; the target is not used. */
int option_set_color(void *target, const char *value, struct err *err);
#define OPTION_COLOR                                                                 \
	OPTION("color", "auto|always|never", "colour (default auto: on a terminal)", \
	       option_set_color)

/* Where scenarios are found (spec/scenarios.h); the target is not used. */
int option_set_scenarios(void *target, const char *value, struct err *err);
#define OPTION_SCENARIOS                                                                         \
	OPTION("scenarios", "DIR", "folder of the scenarios (default: those of oomlab)",         \
	       option_set_scenarios)

#endif
