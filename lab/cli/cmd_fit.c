/* The smallest memory limit that a command survives: each run is an `oomlab run` of its own. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "doc/emit.h"
#include "fit/fit_tell.h"
#include "record/query.h"
#include "report/facts.h"
#include "report/report.h"

enum {
	JOBS_MAX = 32,
	HEAD_ROOM = 10,
	HEAD_ROOM_MAX = 400,
	REPORT_BYTES_MAX = 64 << 20,
	TIMES_FREE = 10, /* a run may take that often what the free one took, */
	GRACE_S = 30,	 /* and this besides */
	LOOKS = 3,
};

struct fit_options {
	struct strvec passed; /* options of `oomlab run` */
	char *const *command;
	const char *html, *reports, *swap;
	long confirm, jobs, head_room, timeout_s;
	bool json, markdown, quiet, survives_only, help;
};

/* One run under way. */
struct trial {
	int64_t limit;
	struct spawned process;
	struct strbuf json;
};

/* What is read of a run that has ended. */
struct outcome_of {
	struct fit_run run;
	char *folder, *summary, *place; /* owned */
	bool has_own_kernel;
};

static int pass(struct fit_options *o, const char *option, const char *value)
{
	strvec_pushf(&o->passed, "--%s=%s", option, value);
	return 0;
}

#define PASS(function, option)                                            \
	static int function(void *to, const char *value, struct err *err) \
	{                                                                 \
		(void)err; /* the run checks it */                        \
		return pass(to, option, value);                           \
	}
PASS(set_backend, "backend")
PASS(set_kernel, "kernel")
PASS(set_image, "image")
PASS(set_guest_ram, "guest-ram")
PASS(set_thp, "thp")

static int set_swap(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct fit_options *)to)->swap = value;
	return pass(to, "swap", value);
}

static int set_html(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct fit_options *)to)->html = value;
	return 0;
}

static int set_reports(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct fit_options *)to)->reports = value;
	return 0;
}

static int number(const char *option, const char *value, long least, long most, long *to,
		  struct err *err)
{
	if (text_parse_long(value, least, most, to) == 0)
		return 0;
	return err_set(err, EXIT_USAGE, "--%s '%s' is no number from %ld to %ld", option, value,
		       least, most);
}

static int set_confirm(void *to, const char *value, struct err *err)
{
	return number("confirm", value, 1, FIT_CONFIRM_MAX, &((struct fit_options *)to)->confirm,
		      err);
}

static int set_jobs(void *to, const char *value, struct err *err)
{
	return number("jobs", value, 1, JOBS_MAX, &((struct fit_options *)to)->jobs, err);
}

static int set_head_room(void *to, const char *value, struct err *err)
{
	return number("head-room", value, 0, HEAD_ROOM_MAX, &((struct fit_options *)to)->head_room,
		      err);
}

static int set_timeout(void *to, const char *value, struct err *err)
{
	return number("timeout", value, 1, 1000000, &((struct fit_options *)to)->timeout_s, err);
}

#define FLAG(name, help, member) OPTION_FLAG(name, help, struct fit_options, member)

static const struct option_def table[] = {
	OPTION("confirm", "N", "run both sides of the edge that often (default: 3)", set_confirm),
	OPTION("jobs", "N", "runs at once (default: 1; more disturb what is said of time)",
	       set_jobs),
	OPTION("head-room", "PERCENT", "what the lines to paste add (default: 10)", set_head_room),
	FLAG("survives-only", "not the limit from which on it is as fast as without one",
	     survives_only),
	OPTION("timeout", "SECONDS",
	       "of each run (default: ten times what the free one took, and 30)", set_timeout),
	OPTION("backend", "auto|cgroup|vm|docker|podman", "where (default: auto)", set_backend),
	OPTION("kernel", "6.12|6.1|PATH", "of the VM", set_kernel),
	OPTION("image", "NAME", "of the container", set_image),
	OPTION("guest-ram", "SIZE", "of the VM", set_guest_ram),
	OPTION("swap", "SIZE|max", "what it may swap (default: nothing)", set_swap),
	OPTION("thp", "always|madvise|never", "transparent huge pages (VM)", set_thp),
	OPTION("reports", "DIR", "folder of the runs (default: reports)", set_reports),
	FLAG("json", "as JSON, schema oomlab.fit/1", json),
	FLAG("markdown", "as Markdown", markdown),
	OPTION("html", "FILE", "write it as a page, too", set_html),
	FLAG("quiet", "no line for each run", quiet),
	OPTION_COLOR,
	OPTION_HELP(struct fit_options),
};
const struct option_table fit_option_table = {table, ARRAY_SIZE(table)};

static void print_help(void)
{
	puts("usage: oomlab fit [OPTIONS] -- COMMAND [ARGS]...\n\n"
	     "Finds the smallest memory limit that a command survives, by running it: once without a\n"
	     "limit, then under limits until the edge is known, and some times on both sides of it. What\n"
	     "the command prints goes nowhere. It must end by itself with status 0, do the same each\n"
	     "time, and bear to be killed half way.\n");
	options_print(stdout, table, ARRAY_SIZE(table));
	puts("\nExit status: 0 a limit was found, 1 none was, or the command fails without one, 2 wrong\n"
	     "usage, 125 a run could not be done or judged.");
}

static int start(const struct fit_options *o, int64_t limit, const char *const *more,
		 struct trial *trial, struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct spawn request = {
		.program = "/proc/self/exe",
		.in = {SPAWN_NULL},
		.out = {SPAWN_PIPE},
		.err = {SPAWN_NULL},
		.dies_with_caller = true,
		.timeout_ns = SPAWN_FOREVER,
		.output_max = REPORT_BYTES_MAX,
	};
	int r;

	strvec_pushl(&words, "oomlab", "run", "--quiet", "--json", "--premortem=off");
	strvec_pushf(&words, "--reports=%s", o->reports);
	if (is_known(limit))
		strvec_pushf(&words, "--memory=%" PRId64, limit);
	strvec_push_all(&words, o->passed.list);
	strvec_push_all(&words, more);
	strvec_push(&words, "--");
	strvec_push_all(&words, (const char *const *)o->command);
	request.argv = words.list;
	*trial = (struct trial){.limit = limit, .process = SPAWNED_INIT, .json = STRBUF_INIT};
	r = spawn_start(&request, &trial->process);
	errno = -r;
	return r ? err_errno(err, EXIT_LAB_BROKEN, "cannot start a run") : 0;
}

/*
 * What no reclaim frees: the most that a sample had beside files of a disk, or the peak without the
 * most that any had of these. A short run has few samples.
 */
static int64_t needed_of(const struct record *r, int64_t peak)
{
	int64_t most = ABSENT, files = 0;

	for (size_t i = 0; i < r->sample_count; i++) {
		const int64_t *v = r->samples[i].value;
		int64_t cache = or_zero(v[METRIC_FILE]) - or_zero(v[METRIC_SHMEM]);

		files = cache > files ? cache : files;
		if (is_known(v[METRIC_CURRENT]) && v[METRIC_CURRENT] - cache > or_zero(most))
			most = v[METRIC_CURRENT] - cache;
	}
	return is_known(most) && peak - files > most ? peak - files : most;
}

static int64_t stalled_of(const struct record *r)
{
	int64_t first = ABSENT, last = ABSENT;

	for (size_t i = 0; i < r->sample_count; i++) {
		int64_t us = r->samples[i].value[METRIC_PSI_FULL_US];

		if (!is_known(us))
			continue;
		first = is_known(first) ? first : us;
		last = us;
	}
	return is_known(last) && last >= first ? (last - first) * 1000 : ABSENT;
}

static int64_t status_of(const struct record *r)
{
	const struct record_process_end *end = record_target_end(r);

	if (end && is_known(end->exit_status))
		return end->exit_status;
	return end && is_known(end->signal) ? 128 + end->signal : ABSENT;
}

static void read_record(const struct record *r, const struct conclusion *c, int64_t limit,
			struct outcome_of *of)
{
	struct facts facts;

	facts_gather(r, c, &facts);
	of->run = (struct fit_run){
		.limit = limit,
		.survived = c->outcome == OUTCOME_SURVIVED && !c->killed,
		.what = c->outcome ? spec_outcome_names[c->outcome] : "not run",
		.status = status_of(r),
		.peak = facts.peak,
		.needed = needed_of(r, facts.peak),
		.duration_ns = or_zero(facts_duration_ns(&facts)),
		.stalled_ns = stalled_of(r),
	};
	of->has_own_kernel = text_is_same(r->backend, "vm");
	of->summary = report_summary(r, c);
	of->place = text_format(
		"%s, Linux %s%s", r->cgroup_version == 1 ? "cgroup v1" : "cgroup v2",
		r->kernel ? r->kernel : "?", of->has_own_kernel ? ", virtual machine" : "");
}

/* A run that the lab could not do, or that left nothing to judge by, says nothing of the limit. */
static int judge(const struct conclusion *c, const struct outcome_of *of, struct err *err)
{
	enum outcome outcome = c->outcome;

	if (outcome && outcome != OUTCOME_LAB_ERROR && outcome != OUTCOME_PANICKED)
		return 0;
	return err_set(err, EXIT_LAB_BROKEN, "a run could not be judged: %s", of->summary);
}

static int load(const char *folder_path, int64_t limit, struct outcome_of *of, struct err *err)
{
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(conclusion_release) struct conclusion conclusion = {0};

	if (folder_open(&folder, folder_path, err) < 0 || record_load_in(&folder, &record, err) < 0)
		return -1;
	conclusion_draw(&record, &conclusion);
	read_record(&record, &conclusion, limit, of);
	return judge(&conclusion, of, err);
}

/*
 * What a run printed went nowhere, with what its command did. Its plan is made once more: that says, as
 * an error of this command, what is wrong with the command line or this host. 1: nothing is.
 */
static int ask_plan(const struct fit_options *o, const struct trial *trial, struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT;
	struct spawn request = {
		.program = "/proc/self/exe",
		.in = {SPAWN_NULL},
		.out = {SPAWN_NULL},
		.err = {SPAWN_PIPE},
		.timeout_ns = 60 * SPAWN_SECOND,
		.output_max = 4096,
	};
	int status = 0;

	strvec_pushl(&words, "oomlab", "run", "--quiet", "--dry-run");
	if (is_known(trial->limit))
		strvec_pushf(&words, "--memory=%" PRId64, trial->limit);
	strvec_push_all(&words, o->passed.list);
	strvec_push(&words, "--");
	strvec_push_all(&words, (const char *const *)o->command);
	request.argv = words.list;
	if (spawn_run(&request, NULL, &said, &status) || !status || !said.len)
		return 1;
	said.buf[strcspn(said.buf, "\n")] = '\0';
	return err_set(err, EXIT_LAB_BROKEN, "%s",
		       text_starts_with(said.buf, "oomlab: ") ? said.buf + strlen("oomlab: ")
							      : said.buf);
}

static int tell_no_report(const struct fit_options *o, const struct trial *trial, struct err *err)
{
	int status = trial->process.status;
	int shown = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (shown == 128 + SIGINT)
		return err_set(err, 128 + SIGINT, "interrupted");
	if (ask_plan(o, trial, err) < 0)
		return -1;
	err_set(err, EXIT_LAB_BROKEN, "a run left no report (status %d)", shown);
	return err_hint(err, "try it alone: oomlab run%s%s -- COMMAND", o->passed.count ? " " : "",
			o->passed.count ? o->passed.list[0] : "");
}

static int finish(const struct fit_options *o, struct trial *trial, struct outcome_of *of,
		  struct err *err)
{
	int r = spawn_finish(&trial->process, &trial->json, NULL);
	json_t *report =
		json_loadb(trial->json.buf ? trial->json.buf : "", trial->json.len, 0, NULL);
	const char *id = json_string_value(json_object_get(json_object_get(report, "run"), "id"));

	*of = (struct outcome_of){0};
	strbuf_release(&trial->json);
	if (r || !id || strchr(id, '/')) {
		r = tell_no_report(o, trial, err);
	} else {
		of->folder = text_format("%s/%s", o->reports, id);
		r = load(of->folder, trial->limit, of, err);
	}
	json_decref(report);
	return r;
}

static void drop(struct outcome_of *of)
{
	free(of->folder);
	free(of->summary);
	free(of->place);
	*of = (struct outcome_of){0};
}

static void say_run(const struct fit_options *o, const struct fit_run *run)
{
	if (o->quiet)
		return;
	fprintf(stderr, "  %-10s %s, %s\n",
		is_known(run->limit) ? TEXT_SIZE((uint64_t)run->limit) : "no limit", run->what,
		TEXT_DURATION((uint64_t)run->duration_ns));
}

/* Runs that may go on at once; all are waited for, also after a failure. */
static int try_limits(const struct fit_options *o, const int64_t *limits, size_t count,
		      struct fit *fit, struct err *err)
{
	static const char *const plain[] = {"--no-touch-profile", NULL};
	struct trial trials[JOBS_MAX];
	size_t started = 0;
	int r = 0;

	for (; started < count && r == 0; started += r == 0)
		r = start(o, limits[started], plain, &trials[started], err);
	for (size_t i = 0; i < started; i++) {
		struct outcome_of of;
		struct err later = ERR_INIT;
		int finished = finish(o, &trials[i], &of, r ? &later : err);

		r = r ? r : finished;
		if (finished == 0) {
			say_run(o, &of.run);
			fit_add(fit, &of.run);
		}
		drop(&of);
	}
	return r;
}

static int run_free(const struct fit_options *o, struct outcome_of *of, struct err *err)
{
	static const char *const plain[] = {"--no-touch-profile", NULL};
	struct trial trial;

	if (start(o, ABSENT, plain, &trial, err) < 0 || finish(o, &trial, of, err) < 0)
		return -1;
	say_run(o, &of->run);
	if (!of->run.survived) {
		size_t len = strlen(of->summary);

		/* The error goes on behind it. */
		err_set(err, EXIT_FAILED,
			"without a limit the command does not survive either: %.*s",
			(int)(len && of->summary[len - 1] == '.' ? len - 1 : len), of->summary);
		return err_hint(err, "see %s", of->folder);
	}
	if (!is_known(of->run.peak) || of->run.peak <= 0)
		return err_set(err, EXIT_LAB_BROKEN,
			       "how much the command had charged without a limit is not known");
	return 0;
}

static int search(const struct fit_options *o, struct fit *fit, struct err *err)
{
	int64_t limits[JOBS_MAX];
	size_t count;

	while ((count = fit_next(fit, limits, (size_t)o->jobs)))
		if (try_limits(o, limits, count, fit, err) < 0)
			return -1;
	return 0;
}

/* Once more with the touch profile, so that the lines are named; where the edge is unsteady, some times. */
static void look_at_failure(const struct fit_options *o, const struct fit_result *r,
			    struct outcome_of *of)
{
	static const char *const none[] = {NULL};

	*of = (struct outcome_of){0};
	for (int i = 0; i < LOOKS && is_known(r->fails) && !of->folder; i++) {
		struct err err = ERR_INIT;
		struct trial trial;

		if (start(o, r->fails, none, &trial, &err) < 0)
			return;
		if (finish(o, &trial, of, &err) < 0 || of->run.survived)
			drop(of);
	}
}

static int write_page(const struct doc *doc, const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf page = STRBUF_INIT;
	FILE *file = fopen(path, "we");
	bool is_written;

	emit_html(doc, &page);
	is_written = file && fwrite(page.buf, 1, page.len, file) == page.len;
	if (file && fclose(file) == EOF)
		is_written = false;
	return is_written ? 0 : err_errno(err, EXIT_FAILED, "cannot write '%s'", path);
}

static int print(const struct fit_options *o, const struct fit *fit,
		 const struct fit_context *context, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};
	int r = 0;

	fit_tell(fit, context, &doc);
	if (o->json) {
		json_t *object = fit_json(fit, context);

		json_dumpf(object, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(object);
	} else if (o->markdown) {
		emit_markdown(&doc, &text);
	} else {
		emit_text(&doc, terminal_has_colour(stdout), terminal_columns(stdout), &text);
	}
	fwrite(text.buf ? text.buf : "", 1, text.len, stdout);
	if (o->html)
		r = write_page(&doc, o->html, err);
	doc_release(&doc);
	return r;
}

static char *words_of(char *const *command)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (char *const *word = command; *word; word++)
		strbuf_printf(&text, "%s%s", word == command ? "" : " ", *word);
	return strbuf_detach(&text);
}

static int fit_command(struct fit_options *o, struct err *err)
{
	_cleanup_free_ char *words = words_of(o->command);
	_cleanup_(drop) struct outcome_of free_run = {0};
	_cleanup_(drop) struct outcome_of failure = {0};
	struct fit_context context = {
		.command = words, .swap = o->swap, .head_room = (int)o->head_room};
	struct fit_result result;
	struct fit fit;

	if (o->timeout_s)
		strvec_pushf(&o->passed, "--timeout=%ld", o->timeout_s);
	if (run_free(o, &free_run, err) < 0)
		return -1;
	if (!o->timeout_s)
		strvec_pushf(&o->passed, "--timeout=%" PRId64,
			     free_run.run.duration_ns / 1000000000 * TIMES_FREE + GRACE_S);
	fit_init(&fit, &free_run.run);
	fit.confirm = (int)o->confirm;
	fit.wants_unthrashed = !o->survives_only;
	if (search(o, &fit, err) < 0)
		return -1;
	fit_result(&fit, &result);
	look_at_failure(o, &result, &failure);
	context.place = free_run.place;
	context.has_own_kernel = free_run.has_own_kernel;
	context.failure = failure.summary;
	context.failure_folder = failure.folder;
	if (print(o, &fit, &context, err) < 0)
		return -1;
	return is_known(result.survives) ? EXIT_OK : EXIT_FAILED;
}

int cmd_fit(int argc, char **argv)
{
	struct fit_options options = {.passed = STRVEC_INIT,
				      .reports = "reports",
				      .confirm = FIT_CONFIRM,
				      .jobs = 1,
				      .head_room = HEAD_ROOM};
	struct err err = ERR_INIT;
	int first = options_parse("fit", table, ARRAY_SIZE(table), &options, argc, argv, &err);
	int status;

	if (first >= 0 && options.help) {
		print_help();
		strvec_release(&options.passed);
		return EXIT_OK;
	}
	if (first >= 0 && first >= argc) {
		first = err_set(&err, EXIT_USAGE,
				"give a command: oomlab fit -- COMMAND [ARGS]...");
	}
	options.command = argv + (first < 0 ? argc : first);
	status = first < 0 ? -1 : fit_command(&options, &err);
	strvec_release(&options.passed);
	if (status >= 0)
		return status;
	err_print(&err);
	return err.status;
}
