/* What a container of the image runs: the words behind the image's name are a run, or a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "cli/commands.h"
#include "run/run_dir.h"

static const char usage[] =
	"oomlab " OOMLAB_VERSION
	" in a container: reproduces OOM kills under the container's limit\n\n"
	"usage: docker run --rm --memory 512m -v \"$PWD/reports:/reports\" oomlab WORDS...\n\n"
	"WORDS are those of 'oomlab run' (a scenario, options, '-- COMMAND'), or another command:\n"
	"list, explain, report, doctor, clean, each with --help. The report goes to the terminal and to\n"
	"/reports, whoever owns that folder. Nothing else is needed; --read-only, --cap-drop ALL\n"
	"and --network none are fine. With no-new-privileges, or without capabilities where\n"
	"another user than root owns the folder, uid %d must be able to write it.\n"
	"The kernel log is shown with --device /dev/kmsg --cap-add SYSLOG --user 0.\n";

static void say_kept_nowhere(void)
{
	struct stat folder;

	fputs("oomlab: the report is only shown, its files go with the container: " RUN_DIR_DOOR_FOLDER,
	      stderr);
	if (stat(RUN_DIR_DOOR_FOLDER, &folder) < 0)
		fputs(" is not there; docker run -v \"$PWD/reports:/reports\" keeps them\n",
		      stderr);
	else
		fprintf(stderr,
			" belongs to uid %d and this container may not act for it; docker run --user %d keeps them\n",
			(int)folder.st_uid, (int)folder.st_uid);
}

/* The option that tells a run. /dev/shm is there and writable even with --read-only. */
static char *choose_reports(void)
{
	static const char *const others[] = {"/tmp", "/dev/shm"};

	for (size_t i = 0; !run_dir_may_make(RUN_DIR_DOOR_FOLDER) && i < ARRAY_SIZE(others); i++) {
		if (access(others[i], W_OK | X_OK))
			continue;
		say_kept_nowhere();
		return text_format("--unkept-reports=%s", others[i]);
	}
	return xstrdup("--reports=" RUN_DIR_DOOR_FOLDER);
}

static int entry_run(char **argv)
{
	_cleanup_free_ char *reports = choose_reports();
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	/* The folder first: one that is given wins. */
	strvec_pushl(&words, "run", reports);
	strvec_push_all(&words, (const char *const *)argv);
	return cmd_run((int)words.count, (char **)words.list);
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
		return entry_run(argv + 2);
	if (command)
		return command(argc - 1, argv + 1);
	return entry_run(argv + 1);
}
