/* The OOM kill of a log happens again in a VM, and is set beside the log's. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "cli/replay_log.h"
#include "doc/emit.h"
#include "launch/vm/vm.h"
#include "replay/replay_compare.h"
#include "replay/replay_source.h"
#include "run/session.h"

#define GUEST_RAM_LEAST MIB(512)
#define GUEST_RAM_MOST	GIB(4)
#define TIMEOUT_NS	INT64_C(300000000000)

struct replay {
	const char *reports, *kernel, *scenario;
	int64_t page_size, ram_max;
	bool json, dry_run, help;
	struct what_if_changes changes;
	struct replay_log log;
	/* Found in the first reading. */
	uint64_t events, first_kill;
	/* In the second. */
	uint64_t seen;
	bool is_done;
	int status;
};

static int set_reports(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct replay *)to)->reports = value;
	return 0;
}

static int set_kernel(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct replay *)to)->kernel = value;
	return 0;
}

/* "scenarios/my-kill.c": the file's name is the scenario's. */
static int set_scenario(void *to, const char *value, struct err *err)
{
	const char *slash = strrchr(value, '/'), *name = slash ? slash + 1 : value;
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!len || len >= 64 || strcmp(name + len, ".c") != 0 || !strncmp(name, "stage", 5))
		return err_set(err, EXIT_USAGE,
			       "--scenario '%s' is not a name of small letters, digits and '-' "
			       "that ends in .c, and begins otherwise than with 'stage'",
			       value);
	((struct replay *)to)->scenario = value;
	return 0;
}

static int set_ram(void *to, const char *value, struct err *err)
{
	uint64_t bytes;

	if (text_parse_size(value, &bytes) < 0 || bytes < GUEST_RAM_LEAST || bytes > GIB(1024))
		return err_set(err, EXIT_USAGE, "--guest-ram '%s' is not a size from 512M to 1024G",
			       value);
	((struct replay *)to)->ram_max = (int64_t)bytes;
	return 0;
}

static int set_page_size(void *to, const char *value, struct err *err)
{
	uint64_t bytes;

	if (text_parse_size(value, &bytes) < 0 || !oomlog_is_page_size((int64_t)bytes))
		return err_set(err, EXIT_USAGE, "--page-size '%s': not a page size (4K, 16K, 64K)",
			       value);
	((struct replay *)to)->page_size = (int64_t)bytes;
	return 0;
}

static int add_change(void *to, const char *value, struct err *err)
{
	return what_if_changes_add(&((struct replay *)to)->changes, value, err);
}

static const struct option_def table[] = {
	OPTION("what-if", "CHANGE",
	       "try a change: 'adj NAME=N' (or a pid), limit=SIZE, swap=SIZE, group=on|off, "
	       "kill-allocating=on|off; repeatable",
	       add_change),
	OPTION("guest-ram", "SIZE", "the guest gets no more (default 4G); sizes are scaled to it",
	       set_ram),
	OPTION("kernel", "PATH|SERIES", "of the VM: a vmlinuz, or 6.12 (default), 6.1", set_kernel),
	OPTION("page-size", "SIZE",
	       "page size of the log's machine, where the log does not tell: 4K, 16K, 64K",
	       set_page_size),
	OPTION("reports", "DIR", "where the run's folder goes (default reports)", set_reports),
	OPTION("scenario", "FILE.c",
	       "write it as a scenario to keep, and do not run it; in scenarios/ make builds it",
	       set_scenario),
	OPTION_FLAG("dry-run", "print the processes and cgroups that would be made", struct replay,
		    dry_run),
	OPTION_FLAG("json", "write JSON, schema oomlab.replay/1", struct replay, json),
	OPTION_COLOR,
	OPTION_HELP(struct replay),
};
const struct option_table replay_option_table = {table, ARRAY_SIZE(table)};

static int usage(void)
{
	puts("usage: oomlab replay [OPTIONS] LOG[#N]\n\n"
	     "Makes the OOM kill of a kernel log happen again, in a VM: the cgroups with their\n"
	     "limits, a process for each row of the task table, and one of them that requests\n"
	     "memory. Sets log and run side by side. N is the number of the kill in the log.\n");
	options_print(stdout, table, ARRAY_SIZE(table));
	puts("\n"
	     "Exit status: 0 the same process was killed under the same constraint (with a change:\n"
	     "a process was killed under it), 1 not, or there is nothing to replay, 2 wrong usage,\n"
	     "125 oomlab could not do its part, 130 after ^C.");
	return EXIT_OK;
}

static void count_event(const struct oomlog_event *event, void *ctx)
{
	struct replay *replay = ctx;

	replay->events++;
	if (event->victim_count && !replay->first_kill)
		replay->first_kill = replay->events;
}

/* What the run is compared by: the first kill of its kernel log. */
struct comparing {
	struct replay_comparison *comparison;
	const struct replay_plan *plan;
	const struct oomlog_event *log_event;
	bool is_changed, is_done;
};

static void compare_event(const struct oomlog_event *event, void *ctx)
{
	struct comparing *comparing = ctx;

	if (comparing->is_done || (!event->victim_count && !event->panic))
		return;
	comparing->is_done = true;
	replay_compare(comparing->comparison, comparing->plan, comparing->log_event, event,
		       comparing->is_changed);
}

static int compare(struct replay_comparison *c, const struct replay_plan *plan,
		   const struct oomlog_event *event, bool is_changed, struct err *err)
{
	struct comparing comparing = {c, plan, event, is_changed, false};
	_cleanup_free_ char *kmsg =
		text_format("%s/%s", c->folder, plan->panic_on_oom ? "console.log" : "kmsg.log");
	const struct replay_log log = {.file = kmsg};

	if ((access(kmsg, R_OK) == 0) &&
	    replay_log_read(&log, 0, compare_event, &comparing, err) < 0)
		return -1;
	if (!comparing.is_done)
		replay_compare(c, plan, event, NULL, is_changed);
	return 0;
}

/* 0 with the run's folder in *made, -1, or the exit status after a signal that ended the run. */
static int boot(const struct replay *replay, const struct replay_plan *plan,
		const struct strbuf *stage, char **made, struct err *err)
{
	_cleanup_free_ char *program = io_installed_file("replay-stage");
	char *operands[] = {program, (char[]){VM_STAGE}, NULL};
	struct run_options options = {
		.backend = BACKEND_VM,
		.kernel = replay->kernel,
		.reports = replay->reports,
		.repeat = 1,
		.quiet = true,
		.isolated = true,
		.no_touch_profile = true,
		.stage = stage->buf,
		.stage_size = stage->len,
		.made = made,
	};
	int status;

	if (!program)
		return err_set(err, EXIT_LAB_BROKEN,
			       "the program replay-stage is missing: it belongs beside oomlab, or "
			       "into ../lib/oomlab");
	spec_init(&options.spec);
	options.spec.ram_bytes = plan->ram_bytes;
	options.spec.timeout_ns = TIMEOUT_NS;
	if (plan->nodes > 1)
		options.spec.guest_numa_nodes = plan->nodes;
	status = session_run(&options, operands, true, err);
	if (status < 0)
		return -1;
	if (status == STAGE_KILLED || status == STAGE_SURVIVED)
		return 0;
	/* The guest's end is what is to be seen then; the console has it. */
	if (status == EXIT_LAB_BROKEN && plan->panic_on_oom && *made)
		return 0;
	if (status == 128 + SIGINT || status == 128 + SIGTERM || status == 128 + SIGHUP) {
		fprintf(stderr, "oomlab: interrupted, nothing is compared; the run so far: %s\n",
			*made ? *made : "not begun");
		return status;
	}
	/* It has said why it could not do its part. */
	if (status == EXIT_LAB_BROKEN)
		return status;
	/* It was stopped while the kernel found nobody to kill. */
	if (status == 128 + SIGKILL)
		return 0;
	if (status == STAGE_TOO_EARLY)
		return err_set(err, EXIT_LAB_BROKEN,
			       "memory ran out before all processes were there; a larger "
			       "--guest-ram leaves more room");
	return err_set(err, EXIT_LAB_BROKEN, "the processes could not be made: status %d; see %s",
		       status, *made ? *made : "above");
}

static int write_results(const struct strbuf *stage, const struct replay_comparison *c,
			 const struct doc *doc, json_t *json, struct err *err)
{
	struct folder folder = FOLDER_INIT;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *object = json_dumps(json, JSON_INDENT(2));
	int r;

	emit_text(doc, false, 80, &text);
	r = folder_open(&folder, c->folder, err);
	if (r == 0)
		r = folder_write(&folder, "stage", stage->buf, stage->len, err);
	if (r == 0)
		r = folder_write(&folder, "replay.txt", text.buf, text.len, err);
	if (r == 0)
		r = folder_write(&folder, "replay.json", object, strlen(object), err);
	folder_close(&folder);
	return r;
}

/* A file that is there stays. */
static int write_scenario(const struct replay *replay, const struct replay_plan *plan,
			  struct err *err)
{
	_cleanup_strbuf_ struct strbuf source = STRBUF_INIT;
	_cleanup_free_ char *log = text_format("%s#%" PRIu64, replay->log.file, replay->seen);
	const char *slash = strrchr(replay->scenario, '/');
	const char *base = slash ? slash + 1 : replay->scenario;
	_cleanup_free_ char *name = text_format("%.*s", (int)strlen(base) - 2, base);
	_cleanup_close_ int fd =
		open(replay->scenario, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	replay_source(plan, name, log, &source);
	if (fd < 0)
		return err_errno(err, EXIT_FAILED, "cannot make '%s'", replay->scenario);
	if (io_write_all(fd, source.buf, source.len) < 0) {
		err_errno(err, EXIT_FAILED, "cannot write '%s'", replay->scenario);
		unlink(replay->scenario);
		return -1;
	}
	printf("%s is written; in scenarios/ of oomlab's source, 'make scenario NAME=%s' runs "
	       "it\n",
	       replay->scenario, name);
	return EXIT_OK;
}

static void print_results(const struct replay *replay, const struct replay_comparison *c,
			  const struct doc *doc, json_t *json)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (replay->json) {
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	emit_text(doc, terminal_has_colour(stdout), terminal_columns(stdout), &text);
	fwrite(text.buf, 1, text.len, stdout);
	printf("\nall of it: %s\n(replay.txt, replay.json, stage; the run's own report.html)\n",
	       c->folder);
}

static int judge(const struct replay *replay, const struct replay_comparison *c)
{
	if (c->plan->panic_on_oom)
		return c->has_panicked && c->same_constraint ? EXIT_OK : EXIT_FAILED;
	if (!c->has_kill || !c->same_constraint)
		return EXIT_FAILED;
	return c->same_victim || replay->changes.text_count ? EXIT_OK : EXIT_FAILED;
}

static int perform(struct replay *replay, const struct replay_plan *plan,
		   const struct oomlog_event *event, struct err *err)
{
	_cleanup_strbuf_ struct strbuf stage = STRBUF_INIT;
	_cleanup_(replay_comparison_release) struct replay_comparison c = {0};
	_cleanup_(doc_release) struct doc doc = {0};
	bool was_broken;
	json_t *json;
	int r;

	if (replay->scenario)
		return write_scenario(replay, plan, err);
	replay_plan_write(plan, &stage);
	if (replay->dry_run) {
		fwrite(stage.buf, 1, stage.len, stdout);
		return EXIT_OK;
	}
	c.log = text_format("%s#%" PRIu64, replay->log.file, replay->seen);
	r = boot(replay, plan, &stage, &c.folder, err);
	was_broken = r == EXIT_LAB_BROKEN && c.folder;
	if (r == 0 || was_broken)
		r = compare(&c, plan, event, replay->changes.text_count, err);
	if (r == 0 && was_broken && !c.has_kill)
		r = EXIT_LAB_BROKEN;
	if (r)
		return r;
	if (was_broken)
		strvec_push(&c.differences, "The guest did not outlive it: what came behind this "
					    "kill is no part of the comparison.");
	replay_doc(&doc, &c, &replay->changes);
	json = replay_json(&c, &replay->changes);
	r = write_results(&stage, &c, &doc, json, err);
	print_results(replay, &c, &doc, json);
	json_decref(json);
	return r < 0 ? -1 : judge(replay, &c);
}

/* A name that is in no row is perhaps misspelled. */
static int check_changes(const struct replay *replay, struct err *err)
{
	for (size_t i = 0; i < replay->changes.adj_count; i++)
		if (!replay->changes.adjs[i].is_found)
			return err_set(err, EXIT_USAGE,
				       "--what-if: no process '%s' is in the task table of this "
				       "kill",
				       replay->changes.adjs[i].name);
	return 0;
}

static void replay_event(const struct oomlog_event *event, void *ctx)
{
	struct replay *replay = ctx;
	struct replay_plan plan;
	struct err err = ERR_INIT;
	int status = -1;

	if (++replay->seen != replay->log.wanted)
		return;
	replay->is_done = true;
	if (replay_plan_make(&plan, event, &replay->changes, replay->ram_max, &err) == 0 &&
	    check_changes(replay, &err) == 0)
		status = perform(replay, &plan, event, &err);
	replay_plan_release(&plan);
	if (status < 0) {
		err_wrap(&err, "%s#%" PRIu64, replay->log.file, replay->seen);
		err_print(&err);
		status = err.status;
	}
	replay->status = status;
}

static int choose_event(struct replay *replay, struct err *err)
{
	if (!replay->events)
		return err_set(err, EXIT_FAILED, "%s: no OOM kill in it", replay->log.file);
	if (replay->log.wanted > replay->events)
		return err_set(err, EXIT_FAILED, "%s has %" PRIu64 " OOM kill%s, and no #%" PRIu64,
			       replay->log.file, replay->events, replay->events == 1 ? "" : "s",
			       replay->log.wanted);
	if (replay->log.wanted)
		return 0;
	replay->log.wanted = replay->first_kill ? replay->first_kill : 1;
	if (replay->events > 1)
		fprintf(stderr,
			"oomlab: %s has %" PRIu64 " OOM events; this is #%" PRIu64
			"%s, LOG#N takes another\n",
			replay->log.file, replay->events, replay->log.wanted,
			replay->first_kill ? ", the first that tells who was killed" : "");
	return 0;
}

static int replay_log(struct replay *replay, const char *operand, struct err *err)
{
	if (replay_log_open(&replay->log, operand, err) < 0 ||
	    replay_log_read(&replay->log, replay->page_size, count_event, replay, err) < 0 ||
	    choose_event(replay, err) < 0 ||
	    replay_log_read(&replay->log, replay->page_size, replay_event, replay, err) < 0)
		return -1;
	return replay->is_done ? replay->status
			       : err_set(err, EXIT_FAILED, "%s changed while it was read",
					 replay->log.file);
}

int cmd_replay(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct replay replay = {.reports = "reports",
				.ram_max = (int64_t)GUEST_RAM_MOST,
				.log = REPLAY_LOG_INIT,
				.changes = WHAT_IF_CHANGES_INIT};
	int first = options_parse("replay", table, ARRAY_SIZE(table), &replay, argc, argv, &err);
	int status = -1;

	if (first >= 0 && replay.help)
		status = usage();
	else if (first >= 0 && replay.json + replay.dry_run + (replay.scenario != NULL) > 1)
		err_set(&err, EXIT_USAGE,
			"--json, --dry-run and --scenario exclude one another: give one of them");
	else if (first >= 0 && argc - first != 1)
		err_set(&err, EXIT_USAGE, "replay takes one log: oomlab replay [OPTIONS] LOG[#N]");
	else if (first >= 0)
		status = replay_log(&replay, argv[first], &err);
	replay_log_close(&replay.log);
	what_if_changes_release(&replay.changes);
	if (status >= 0)
		return status;
	err_print(&err);
	return err.status;
}
