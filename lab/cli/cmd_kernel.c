#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "launch/vm/kernel_fetch.h"

struct kernel_options {
	bool help;
};

static const struct option_def table[] = {OPTION_HELP(struct kernel_options)};
const struct option_table kernel_option_table = {table, ARRAY_SIZE(table)};

static void print_help(void)
{
	puts("usage: oomlab kernel fetch [SERIES...]\n\n"
	     "Fetches Debian's kernels for the VM into the cache: 6.12 and 6.1, or those of SERIES.\n"
	     "Nothing is installed and no root is needed; apt, dpkg and xz must be there.\n");
	options_print(stdout, table, ARRAY_SIZE(table));
}

/* A word that begins like an option would be one of sh's or apt's. */
static int check_series(char *const *series, struct err *err)
{
	for (; *series; series++)
		if (!**series || (*series)[strspn(*series, "0123456789.")])
			return err_set(err, EXIT_USAGE, "'%s' is no series of kernels such as 6.12",
				       *series);
	return 0;
}

int cmd_kernel(int argc, char **argv)
{
	struct kernel_options options = {0};
	struct err err = ERR_INIT;
	int first = options_parse("kernel", table, ARRAY_SIZE(table), &options, argc, argv, &err);
	int status;

	if (first >= 0 && options.help) {
		print_help();
		return EXIT_OK;
	}
	if (first >= 0 && (first == argc || strcmp(argv[first], "fetch") != 0))
		first = err_set(&err, EXIT_USAGE, "give what to do: oomlab kernel fetch");
	if (first < 0 || check_series(argv + first + 1, &err) < 0) {
		err_print(&err);
		return EXIT_USAGE;
	}
	status = kernel_fetch(argv + first + 1, &err);
	if (status < 0)
		err_print(&err);
	return status < 0 ? err.status : status;
}
