#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/commands.h"
#include "launch/vm/vm.h"

static void print_help(FILE *to)
{
	fputs("oomlab " OOMLAB_VERSION ": reproduces out-of-memory kills and explains them\n\n"
	      "usage: oomlab COMMAND [OPTIONS]\n\n",
	      to);
	commands_print(to);
	fputs("\n'oomlab COMMAND --help' tells more. Examples:\n\n"
	      "  oomlab run memset-2g\n"
	      "  oomlab run --memory 512M -- ./my-server --port 8080\n",
	      to);
}

/* A descriptor 0 to 2 that came closed would become a file of the lab's, and be printed into. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* What could not be printed is an error, unless the reader went away. */
static int flush_stdout(int status)
{
	struct err err = ERR_INIT;

	errno = 0;
	if (status || (fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return status; /* a status other than 0 comes with its own words */
	err_errno(&err, EXIT_LAB_BROKEN, "cannot write to the standard output");
	err_print(&err);
	return err.status;
}

static int dispatch(int argc, char **argv)
{
	struct err err = ERR_INIT;
	command_fn *command;

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
	/* It starts any of the others. */
	command = strcmp(argv[1], "entry") ? command_named(argv[1]) : cmd_entry;
	if (command)
		return command(argc - 1, argv + 1);
	err_set(&err, EXIT_USAGE, "there is no command '%s'; see 'oomlab --help'", argv[1]);
	err_print(&err);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (getpid() == 1 && argc && !strcmp(argv[0], "/init"))
		guest_main();
	fill_standard_fds();
	return flush_stdout(dispatch(argc, argv));
}
