/* A scenario of one's own: a file that works, to be changed, and a Makefile that builds it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "spec/scenarios.h"

#define MAKE_RULES "scenario.mk"

struct new_scenario_options {
	bool help;
};

static const struct option_def table[] = {
	OPTION_HELP(struct new_scenario_options),
};
const struct option_table new_scenario_option_table = {table, ARRAY_SIZE(table)};

/* %s: the name, twice. */
static const char template[] =
	"/*\n"
	" * What happens, and why: one process touches anonymous memory, 1 MiB at a time, until its\n"
	" * cgroup's limit of 64 MiB. With swap off nothing of it can be reclaimed, so the first charge\n"
	" * past the limit makes the kernel kill the only candidate, this process.\n"
	" *\n"
	" * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 64 MiB within 3 %%.\n"
	" */\n"
	"#include <stdlib.h>\n"
	"\n"
	"#include \"scenario.h\"\n"
	"\n"
	"static void grow(struct scenario_env *env)\n"
	"{\n"
	"\tfor (int i = 0; i < 96; i++) {\n"
	"\t\tvoid *block = malloc(MIB(1));\n"
	"\n"
	"\t\tif (!block)\n"
	"\t\t\tscenario_refused(env, \"malloc\", MIB(1), 12);\n"
	"\t\t/* Writes each page. A memset() that nobody reads may be removed by the compiler. */\n"
	"\t\tscenario_touch(block, MIB(1));\n"
	"\t}\n"
	"}\n"
	"\n"
	"const struct scenario scenario = {\n"
	"\t.name = \"%s\",\n"
	"\t.summary = \"anonymous memory, 1 MiB at a time, past a limit of 64 MiB\",\n"
	"\t.lesson = \"What is touched is charged; with swap off it stays charged.\",\n"
	"\t.run = grow,\n"
	"\t.cgroup = {.memory_max = BYTES(MIB(64)), .memory_swap_max = BYTES(0)},\n"
	"\t.needs = (const enum need[]){NEED_KMSG, NEED_END},\n"
	"\t.timeout_sec = 60,\n"
	"\t.ceiling_bytes = MIB(100), /* it never touches more, limit or not */\n"
	"\t.expect =\n"
	"\t\t{\n"
	"\t\t\t.outcome = OUTCOME_OOM_KILLED,\n"
	"\t\t\t.constraint = CONSTRAINT_MEMCG,\n"
	"\t\t\t.victim = VICTIM_SELF,\n"
	"\t\t\t.oom_kill = EXACTLY(1),\n"
	"\t\t\t.peak_bytes = WITHIN_PCT(MIB(64), 3),\n"
	"\t\t},\n"
	"};\n";

/* 0; 1: there is such a file already, and it stays; -1 with err. */
static int write_new(const char *path, const char *text, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno == EEXIST)
		return 1;
	errno = fd < 0 ? errno : -io_write_all(fd, text, strlen(text));
	return errno ? err_errno(err, EXIT_FAILED, "cannot write '%s'", path) : 0;
}

static int write_scenario(const char *name, struct err *err)
{
	_cleanup_free_ char *path = text_format("%s.c", name);
	_cleanup_free_ char *text = text_format(template, name);
	int r = write_new(path, text, err);

	if (r > 0)
		return err_set(err, EXIT_FAILED, "'%s' is there already, and stays as it is", path);
	return r;
}

static int write_makefile(const char *name, const char *rules, struct err *err)
{
	_cleanup_free_ char *text =
		text_format("# 'make' builds, 'make run' runs them: oomlab run --scenarios=. NAME\n"
			    "SCENARIOS := %s\n"
			    "include %s\n",
			    name, rules);
	int r = write_new("Makefile", text, err);

	if (r > 0)
		printf("There is a Makefile already: add '%s' to its SCENARIOS.\n", name);
	return r < 0 ? -1 : 0;
}

static int make(const char *name, struct err *err)
{
	_cleanup_free_ char *found = io_installed_file(MAKE_RULES);
	_cleanup_free_ char *rules = found ? realpath(found, NULL) : NULL;

	if (!scenarios_is_name(name))
		return err_set(err, EXIT_USAGE,
			       "'%s' is no scenario name (small letters, digits, '-')", name);
	if (!rules)
		return err_set(err, EXIT_FAILED,
			       "there is no " MAKE_RULES
			       " beside this program or where 'make install' puts it");
	if (write_scenario(name, err) < 0 || write_makefile(name, rules, err) < 0)
		return -1;
	printf("%s.c is a scenario that works; change it, then: make run\n", name);
	return EXIT_OK;
}

int cmd_new_scenario(int argc, char **argv)
{
	struct new_scenario_options options = {0};
	struct err err = ERR_INIT;
	int first = options_parse("new-scenario", table, ARRAY_SIZE(table), &options, argc, argv,
				  &err);
	int status = first < 0 ? -1 : EXIT_OK;

	if (first >= 0 && options.help) {
		puts("usage: oomlab new-scenario NAME\n\n"
		     "Writes NAME.c, a scenario that works as it stands, and a Makefile of three lines\n"
		     "into the current folder. No file that is there is changed.\n");
		options_print(stdout, table, ARRAY_SIZE(table));
	} else if (first >= 0 && first != argc - 1) {
		status = err_set(&err, EXIT_USAGE, "give one name: oomlab new-scenario NAME");
	} else if (first >= 0) {
		status = make(argv[first], &err);
	}
	if (status >= 0)
		return status;
	err_print(&err);
	return err.status;
}
