#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "snapshot/premortem.h"
#include "suite/suite_print.h"

struct suite_command {
	struct suite_options suite;
	const char *junit, *resume;
	bool tap, json, quiet, help;
	long jobs_given; /* 0: not given */
};

static int set_backend(void *to, const char *value, struct err *err)
{
	(void)err; /* each run checks it */
	((struct suite_command *)to)->suite.backend = value;
	return 0;
}

static int set_kernel(void *to, const char *value, struct err *err)
{
	(void)err;
	strvec_push(&((struct suite_command *)to)->suite.kernels, value);
	return 0;
}

static int set_reports(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct suite_command *)to)->suite.reports = value;
	return 0;
}

static int set_junit(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct suite_command *)to)->junit = value;
	return 0;
}

static int set_resume(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct suite_command *)to)->resume = value;
	return 0;
}

/* gcore leaves a file as large as the target in each folder. */
static int set_premortem(void *to, const char *value, struct err *err)
{
	long percent;

	((struct suite_command *)to)->suite.premortem = value;
	if (!strcmp(value, "off") ||
	    text_parse_long(value, 1, PREMORTEM_PERCENT_MAX, &percent) == 0)
		return 0;
	return err_set(err, EXIT_USAGE, "--premortem '%s' is neither off nor a number from 1 to %d",
		       value, PREMORTEM_PERCENT_MAX);
}

static int set_count(const char *option, const char *value, long most, long *count, struct err *err)
{
	if (text_parse_long(value, 1, most, count) == 0)
		return 0;
	return err_set(err, EXIT_USAGE, "--%s '%s' is no number from 1 to %ld", option, value,
		       most);
}

static int set_repeat(void *to, const char *value, struct err *err)
{
	return set_count("repeat", value, SUITE_REPEAT_MAX,
			 &((struct suite_command *)to)->suite.repeat, err);
}

static int set_jobs(void *to, const char *value, struct err *err)
{
	return set_count("jobs", value, SUITE_JOBS_MAX, &((struct suite_command *)to)->jobs_given,
			 err);
}

#define FLAG(name, help, member) OPTION_FLAG(name, help, struct suite_command, member)

static const struct option_def table[] = {
	OPTION("backend", "auto|cgroup|vm|docker|podman", "where (default: auto)", set_backend),
	OPTION("kernel", "6.12|6.1|PATH", "of the VM; repeatable: the suite runs on each",
	       set_kernel),
	OPTION("jobs", "N",
	       "runs at once (default: one a processor in the VM, else 1); a guest takes 2 GiB or more",
	       set_jobs),
	OPTION("repeat", "N", "each that often; those that differ are told as flaky", set_repeat),
	OPTION("resume", "DIR", "go on with a suite that did not come to its end", set_resume),
	OPTION("reports", "DIR", "folder of the runs and of the suite's own (default: reports)",
	       set_reports),
	FLAG("tap", "TAP on standard output, a point for each run as it ends", tap),
	OPTION("junit", "FILE", "write JUnit's XML, too", set_junit),
	FLAG("json", "suite.json, and nothing else, on standard output", json),
	FLAG("no-touch-profile", "do not sample which code touches memory", suite.no_touch_profile),
	OPTION("premortem", "PERCENT|off", "when the snapshot is taken, as for 'oomlab run'",
	       set_premortem),
	FLAG("quiet", "no progress", quiet),
	OPTION_SCENARIOS,
	OPTION_COLOR,
	OPTION_HELP(struct suite_command),
};
const struct option_table suite_option_table = {table, ARRAY_SIZE(table)};

static void print_help(void)
{
	puts("usage: oomlab suite [OPTIONS] [SCENARIO|GROUP]...\n"
	     "       oomlab suite --resume DIR\n\n"
	     "Runs scenarios, all or those named, and prints a table of what became of them. In the\n"
	     "VM, those that may share a guest do, each in a cgroup of its own; a scenario that wants\n"
	     "a kernel of its own is given one. Each run has its folder, as that of 'oomlab run'.\n");
	options_print(stdout, table, ARRAY_SIZE(table));
	puts("\nExit status: 0 all passed, 1 one failed, 77 all were skipped, 125 one could not be\n"
	     "judged or was not run, 130 after ^C. What has ended stands in the suite's folder, and\n"
	     "--resume goes on from there.");
}

/* Whom the suite tells while it goes on. */
struct teller {
	const struct suite_command *command;
	bool draws;
};

static void wipe(const struct teller *t)
{
	if (t->draws)
		fputs("\r\033[K", stderr);
}

static void tell_end(const struct suite *suite, const struct suite_run *run, void *ctx)
{
	const struct teller *t = ctx;

	if (t->command->tap)
		suite_print_tap_run(stdout, suite, run);
	else if (!t->command->quiet && !t->draws)
		suite_print_run(stderr, suite, run);
}

static void tell_tick(const struct suite *suite, const struct suite_run *const *running,
		      const double *seconds, size_t count, void *ctx)
{
	const struct teller *t = ctx;
	_cleanup_free_ char *line = NULL;

	if (!t->draws || !count)
		return;
	line = suite_live_line(suite, running, seconds, count, terminal_columns(stderr));
	fprintf(stderr, "\r\033[K%s", line);
}

static int write_file(const char *path, const char *text, struct err *err)
{
	FILE *file = fopen(path, "we");
	bool is_written = file && fputs(text, file) != EOF;

	if (file && fclose(file) == EOF)
		is_written = false;
	return is_written ? 0 : err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s'", path);
}

static int write_forms(const struct suite_command *c, const struct suite *suite, struct err *err)
{
	json_t *object = suite_json(suite);
	_cleanup_free_ char *json = json_dumps(object, JSON_INDENT(2));
	_cleanup_free_ char *junit = suite_junit(suite);

	json_decref(object);
	if (c->json)
		puts(json);
	if (folder_write(&suite->folder, "suite.json", json, strlen(json), err) < 0 ||
	    folder_write(&suite->folder, "junit.xml", junit, strlen(junit), err) < 0)
		return -1;
	return c->junit ? write_file(c->junit, junit, err) : 0;
}

static void print_end(const struct suite_command *c, const struct suite *suite)
{
	if (!c->tap && !c->json)
		suite_print_table(stdout, suite, terminal_columns(stdout),
				  terminal_has_colour(stdout));
	if (c->quiet)
		return;
	fprintf(stderr, "suite: %s\n", suite->folder.path);
	if (suite->done < suite->run_count)
		fprintf(stderr, "to go on: oomlab suite --resume %s\n", suite->folder.path);
}

static int begin(struct suite_command *c, struct suite *suite, char *const *words, struct err *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	bool is_vm = !strcmp(c->suite.backend, "vm") || !strcmp(c->suite.backend, "auto");

	c->suite.jobs = c->jobs_given ? c->jobs_given : is_vm && processors > 1 ? processors : 1;
	if (c->suite.jobs > SUITE_JOBS_MAX)
		c->suite.jobs = SUITE_JOBS_MAX;
	if (c->resume && (*words || c->suite.kernels.count))
		return err_set(err, EXIT_USAGE,
			       "--resume takes scenarios and kernels from the suite's folder");
	if (c->resume)
		return suite_resume(suite, c->resume, c->suite.jobs, err);
	return suite_choose(suite, &c->suite, words, err) < 0 ? -1 : suite_begin(suite, err);
}

static int run_suite(struct suite_command *c, char *const *words, struct err *err)
{
	struct suite suite = SUITE_INIT;
	struct teller teller = {c, !c->quiet && !c->tap && terminal_can_redraw(stderr)};
	const struct suite_watch watch = {.ended = tell_end, .tick = tell_tick, .ctx = &teller};
	int status = begin(c, &suite, words, err);

	if (status == 0 && c->tap)
		suite_print_tap_plan(stdout, &suite);
	if (status == 0)
		status = suite_work(&suite, &watch, err);
	wipe(&teller);
	if (status == 0)
		status = write_forms(c, &suite, err);
	if (status == 0) {
		print_end(c, &suite);
		status = suite_exit_status(&suite);
	}
	suite_release(&suite);
	return status;
}

int cmd_suite(int argc, char **argv)
{
	struct suite_command c = {
		.suite = {.backend = "auto",
			  .reports = "reports",
			  .repeat = 1,
			  .kernels = STRVEC_INIT},
	};
	struct err err = ERR_INIT;
	int first = options_parse("suite", table, ARRAY_SIZE(table), &c, argc, argv, &err);
	int status = first < 0 ? -1 : EXIT_OK;

	if (first >= 0 && c.help)
		print_help();
	else if (first >= 0)
		status = run_suite(&c, argv + first, &err);
	strvec_release(&c.suite.kernels);
	if (status >= 0)
		return status;
	err_print(&err);
	return err.status;
}
