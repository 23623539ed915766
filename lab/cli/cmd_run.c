#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/run_options.h"
#include "run/session.h"

static void print_help(void)
{
	puts("usage: oomlab run [OPTIONS] SCENARIO\n"
	     "       oomlab run [OPTIONS] -- COMMAND [ARGS...]\n"
	     "       oomlab run [OPTIONS] ./COMMAND [ARGS...]\n\n"
	     "Runs it under a memory limit, watches it from outside, and writes a report.\n");
	run_options_print(stdout);
	puts("\n"
	     "Exit status. A scenario, or with --expect: 0 pass, 1 fail, 77 skip (with the reason),\n"
	     "125 oomlab could not do its part. A plain command: its own status, 128 + N after\n"
	     "signal N (137 after a kill), 125 when oomlab failed (a bad option included), 126 the\n"
	     "command cannot be executed, 127 it is not found. 130 after ^C.");
}

int cmd_run(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct run_options options;
	int first = run_options_parse(argc, argv, &options, &err), status = -1;

	if (first >= 0 && options.help) {
		print_help();
		status = EXIT_OK;
	} else if (first >= 0) {
		status = session_run(&options, argv + first,
				     first > 1 && !strcmp(argv[first - 1], "--"), &err);
	}
	run_options_release(&options);
	if (status >= 0)
		return status;
	err_print(&err);
	return err.status == EXIT_USAGE ? EXIT_LAB_BROKEN : err.status;
}
