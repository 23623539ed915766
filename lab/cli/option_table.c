#include "cli/option_table.h"

#include "base/cleanup.h"
#include "base/terminal.h"

static const struct option_def completion[] = {
	OPTION_HELP(struct completion_options),
};
const struct option_table completion_option_table = {completion, ARRAY_SIZE(completion)};

int option_set_color(void *target, const char *value, struct err *err)
{
	(void)target;
	if (terminal_colour(value) < 0)
		return err_set(err, EXIT_USAGE, "--color '%s' is none of auto, always, never",
			       value);
	return 0;
}
