/* Old runs are removed, the newest kept. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "run/run_clean.h"

struct clean_options {
	const char *reports;
	long keep;
	bool dry_run, help;
};

static int set_reports(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct clean_options *)to)->reports = value;
	return 0;
}

static int set_keep(void *to, const char *value, struct err *err)
{
	if (text_parse_long(value, 0, 1000000, &((struct clean_options *)to)->keep))
		return err_set(err, EXIT_USAGE, "--keep '%s' is not a number from 0 to 1000000",
			       value);
	return 0;
}

static const struct option_def table[] = {
	OPTION("keep", "N", "how many of the newest stay (default 10)", set_keep),
	OPTION("reports", "DIR", "where they are (default reports)", set_reports),
	OPTION_FLAG("dry-run", "name what would go, remove nothing", struct clean_options, dry_run),
	OPTION_HELP(struct clean_options),
};
const struct option_table clean_option_table = {table, ARRAY_SIZE(table)};

static int clean_up(const struct clean_options *options, struct err *err)
{
	struct run_clean clean = {.reports = options->reports,
				  .keep = (size_t)options->keep,
				  .list = options->dry_run ? stdout : NULL};
	int r = run_clean(&clean, err);

	if (r < 0 && !clean.removed)
		return r;
	printf("%s %s", TEXT_COUNT(clean.removed, "run"),
	       options->dry_run ? "would go" : "removed");
	if (!options->dry_run)
		printf(" (%s)", TEXT_SIZE((uint64_t)clean.bytes));
	printf(", %zu kept", clean.kept);
	if (clean.running)
		printf(", %zu still running", clean.running);
	putchar('\n');
	return r;
}

int cmd_clean(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct clean_options options = {.reports = "reports", .keep = 10};
	int status = option_table_read("clean", &clean_option_table, &options, argc, argv);

	if (status)
		return status;
	if (options.help) {
		puts("usage: oomlab clean [OPTIONS]\n\n"
		     "Removes the folders of old runs that belong to this user; a run that is still\n"
		     "going on, links, and whatever else lies there stay.\n");
		options_print(stdout, table, ARRAY_SIZE(table));
		return EXIT_OK;
	}
	if (clean_up(&options, &err) == 0)
		return EXIT_OK;
	err_print(&err);
	return EXIT_FAILED;
}
