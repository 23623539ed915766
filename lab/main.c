#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "commands.h"
#include "launch/vm.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"run", cmd_run, "run a scenario or a command and explain what became of it"},
	{"list", cmd_list, "the scenarios"},
	{"report", cmd_report, "judge and render a finished run again"},
	{"explain", cmd_explain, "what a kernel log says about OOM kills"},
	{"doctor", cmd_doctor, "what this host can do, what is missing, and the cure"},
};

static void print_help(FILE *to)
{
	fputs("oomlab " OOMLAB_VERSION ": reproduces out-of-memory kills and explains them\n\n"
	      "usage: oomlab COMMAND [OPTIONS]\n\n",
	      to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
	fputs("\n'oomlab COMMAND --help' tells more. Examples:\n\n"
	      "  oomlab run memset-2g\n"
	      "  oomlab run --memory 512M -- ./my-server --port 8080\n",
	      to);
}

int main(int argc, char **argv)
{
	if (getpid() == 1 && argc && !strcmp(argv[0], "/init"))
		guest_main();
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("oomlab " OOMLAB_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	struct err err = ERR_INIT;
	err_set(&err, EXIT_USAGE, "there is no command '%s'; see 'oomlab --help'", argv[1]);
	err_print(&err);
	return EXIT_USAGE;
}
