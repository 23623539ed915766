/* What a container of the image runs: the words behind the image's name are a run, or a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "commands.h"

static const char usage[] =
	"oomlab " OOMLAB_VERSION
	" in a container: reproduces OOM kills under the container's limit\n\n"
	"usage: docker run --rm --memory 512m -v \"$PWD/reports:/reports\" oomlab WORDS...\n\n"
	"WORDS are those of 'oomlab run' (a scenario, options, '-- COMMAND'), or another command:\n"
	"list, explain, report, doctor, each with --help. The report goes to the terminal and to\n"
	"/reports, which uid %d must be able to write: add --user \"$(id -u)\", or make it "
	"writable.\n"
	"Nothing else is needed; --read-only, --cap-drop ALL and --network none are fine. The "
	"kernel\n"
	"log is shown with --device /dev/kmsg --cap-add SYSLOG --user 0.\n";

static bool is_writable(const char *dir)
{
	return !access(dir, W_OK | X_OK);
}

/* /dev/shm is there and writable even with --read-only. */
static const char *choose_reports(void)
{
	static const char *const others[] = {"/tmp", "/dev/shm"};

	if (is_writable("/reports"))
		return "/reports";
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (!is_writable(others[i]))
			continue;
		fprintf(stderr,
			"oomlab: /reports %s: the report is only shown, its files go with "
			"the container; docker run -v \"$PWD/reports:/reports\" --user "
			"\"$(id -u)\" keeps them\n",
			access("/reports", F_OK) ? "is not there" : "is not writable here");
		return others[i];
	}
	return "/reports";
}

static int entry_run(int argc, char **argv)
{
	static char name[] = "run";
	_cleanup_free_ char *reports = text_format("--reports=%s", choose_reports());
	_cleanup_free_ char **words = xcalloc((size_t)argc + 3, sizeof(*words));
	int n = 0;

	words[n++] = name;
	words[n++] = reports; /* first: one that is given wins */
	for (int i = 0; i < argc; i++)
		words[n++] = argv[i];
	return cmd_run(n, words);
}

int cmd_entry(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";
	command_fn *command = command_named(word);

	if (!strcmp(word, "--help") || !strcmp(word, "help")) {
		printf(usage, (int)getuid());
		return EXIT_OK;
	}
	if (!strcmp(word, "--version")) {
		puts("oomlab " OOMLAB_VERSION);
		return EXIT_OK;
	}
	if (command == cmd_run)
		return entry_run(argc - 2, argv + 2);
	if (command)
		return command(argc - 1, argv + 1);
	return entry_run(argc - 1, argv + 1);
}
