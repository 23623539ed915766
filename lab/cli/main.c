#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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
	fputs("\n'oomlab help COMMAND' tells more. Examples:\n\n"
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

/* "./server" was meant to be run, "lsit" to be "list". */
static int refuse(const char *word)
{
	const char *meant = command_meant(word);
	struct err err = ERR_INIT;

	err_set(&err, EXIT_USAGE, "there is no command '%s'", word);
	if (strchr(word, '/'))
		err_hint(&err, "a program is run by 'oomlab run --memory 512M -- %s'", word);
	else if (meant)
		err_hint(&err, "did you mean '%s'? See 'oomlab --help'", meant);
	else
		err_hint(&err, "see 'oomlab --help'");
	err_print(&err);
	return EXIT_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return !strcmp(word, a) || !strcmp(word, b);
}

/* Those that start or name any of the others are known here alone. */
static command_fn *find(const char *word)
{
	if (!strcmp(word, "entry"))
		return cmd_entry;
	return strcmp(word, "completion") ? command_named(word) : cmd_completion;
}

/* "help run" is "run --help". */
static int help(const char *word)
{
	char option[] = "--help", *argv[] = {(char *)word, option, NULL};
	command_fn *command = find(word);

	return command ? command(2, argv) : refuse(word);
}

static int dispatch(int argc, char **argv)
{
	command_fn *command;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") && argc > 2)
		return help(argv[2]);
	if (is_one_of(argv[1], "--help", "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (is_one_of(argv[1], "--version", "-V")) {
		puts("oomlab " OOMLAB_VERSION);
		return EXIT_OK;
	}
	command = find(argv[1]);
	return command ? command(argc - 1, argv + 1) : refuse(argv[1]);
}

int main(int argc, char **argv)
{
	if (getpid() == 1 && argc && !strcmp(argv[0], "/init"))
		guest_main();
	fill_standard_fds();
	return flush_stdout(dispatch(argc, argv));
}
