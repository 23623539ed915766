#include "cli/option_table.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/terminal.h"

static const struct option_def completion[] = {
	OPTION_HELP(struct completion_options),
};
const struct option_table completion_option_table = {completion, ARRAY_SIZE(completion)};

int option_table_read(const char *command, const struct option_table *table, void *target, int argc,
		      char **argv)
{
	struct err err = ERR_INIT;
	int first = options_parse(command, table->defs, table->count, target, argc, argv, &err);

	if (first >= 0 && first < argc)
		first = err_set(&err, EXIT_USAGE, "'%s' is one too many", argv[first]);
	if (first >= 0)
		return 0;
	err_print(&err);
	return EXIT_USAGE;
}

int option_set_color(void *target, const char *value, struct err *err)
{
	(void)target;
	if (terminal_colour(value) < 0)
		return err_set(err, EXIT_USAGE, "--color '%s' is none of auto, always, never",
			       value);
	return 0;
}

int option_set_scenarios(void *target, const char *value, struct err *err)
{
	(void)target;
	if (setenv("OOMLAB_SCENARIOS", value, 1) == 0)
		return 0;
	return err_errno(err, EXIT_USAGE, "--scenarios '%s'", value);
}
