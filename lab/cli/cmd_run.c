#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/run_options.h"
#include "spec/scenarios.h"
#include "launch/target.h"
#include "launch/vm/guest.h"
#include "launch/vm/vm.h"
#include "record/verdict.h"
#include "report/report.h"
#include "run/run.h"
#include "run/run_container.h"
#include "run/run_current.h"
#include "run/run_dir.h"
#include "run/run_guard.h"
#include "run/run_kmsg.h"
#include "run/run_preload.h"
#include "run/run_share.h"
#include "run/run_trace.h"
#include "run/run_twin.h"
#include "symbols/symbols.h"

static void print_help(void)
{
	puts("usage: oomlab run [OPTIONS] SCENARIO\n"
	     "       oomlab run [OPTIONS] -- COMMAND [ARGS...]\n\n"
	     "Runs it under a memory limit, watches it from outside, and writes a report.\n");
	run_options_print(stdout);
	puts("\nExit status. A scenario, or with --expect: 0 pass, 1 fail, 77 skip (with the "
	     "reason),\n"
	     "125 the lab could not do its part. A plain command: its own status, 128 + N after\n"
	     "signal N (137 after a kill), 125 when the lab failed (a bad option included), 126 "
	     "the\n"
	     "command cannot be executed, 127 it is not found. 130 after ^C.");
}

/* Behind "--": a command of this host, or of a container's image. */
static int find_command(struct run *run, char **operands, struct err *err)
{
	run->argv = operands;
	if (backend_is_container(run->options->backend))
		return run->options->image
			       ? 0
			       : err_set(err, EXIT_USAGE, "a command in a container needs --image");
	run->path = target_find(operands[0], err);
	return run->path ? 0 : -1;
}

/* SCENARIO, or what stands behind "--": sets run->argv, path and spec. */
static int find_target(struct run *run, char **operands, bool is_command, struct err *err)
{
	if (!operands[0] && !run->options->image)
		return err_set(err, EXIT_USAGE,
			       "nothing to run; give a scenario ('oomlab list') or "
			       "'-- COMMAND'");
	if (is_command || !operands[0])
		return find_command(run, operands, err);
	run->argv = operands;
	if (operands[1] && *operands[1] == '-')
		return err_set(err, EXIT_USAGE,
			       "'%s' stands behind the scenario; options go before it: oomlab run "
			       "%s ... %s",
			       operands[1], operands[1], operands[0]);
	if (operands[1])
		return err_set(err, EXIT_USAGE,
			       "a scenario takes no arguments; a command goes "
			       "behind '--'");
	run->path = scenarios_find(operands[0], err);
	return run->path ? spec_ask_program(run->path, &run->spec, err) : -1;
}

static int settle_spec(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;

	if (o->inside_guest)
		return spec_parse(o->spec_json ? o->spec_json : "", "--spec-json", &run->spec, err);
	run_options_apply(o, &run->spec);
	if (spec_wants_guest(&o->spec) && o->backend != BACKEND_AUTO && o->backend != BACKEND_VM)
		return err_set(err, EXIT_USAGE,
			       "--guest-ram, --guest-swap and --guest-numa are for --backend=vm");
	if ((o->image || o->container_option_count) && !backend_is_container(o->backend))
		return err_set(err, EXIT_USAGE,
			       "--image and --container-option are for "
			       "--backend=docker, podman or container");
	return spec_validate(&run->spec, err);
}

/* Options that only a guest can follow ask for one. */
static enum backend wanted_place(const struct run_options *o)
{
	bool needs_guest = o->kernel || o->share_host || o->file_count ||
			   spec_wants_guest(&o->spec);

	if (o->inside_guest)
		return BACKEND_CGROUP;
	return needs_guest && o->backend == BACKEND_AUTO ? BACKEND_VM : o->backend;
}

static void find_facts(struct run *run)
{
	const struct run_options *o = run->options;
	bool wants_vm = (o->backend == BACKEND_AUTO || o->backend == BACKEND_VM) &&
			!o->inside_guest;

	run->facts = (struct plan_facts){
		.is_guest = o->inside_guest,
		.allow_host_sysctl = o->allow_host_sysctl,
	};
	run_current_find(run, &run->reasons.current);
	run_container_find(run, &run->reasons.engine);
	if (cg_find_home(&run->home, &run->reasons.cgroup) < 0)
		run->facts.cgroup_reason = run->reasons.cgroup.text;
	run->facts.cgroup_version = run->home.version;
	run->facts.cgroup_parent = run->home.parent;
	if (access("/dev/kmsg", R_OK) < 0 && !o->inside_guest)
		run->facts.kmsg_reason = "the scenario needs the kernel log, which this user may "
					 "not read";
	run->facts.vm_works = wants_vm && vm_check(o->kernel, &run->reasons.vm) == 0;
	run->facts.vm_reason = run->reasons.vm.text;
}

static int64_t version_of(const struct run *run)
{
	int version = run->plan.backend == BACKEND_CURRENT ? run->facts.current_version
							   : run->home.version;

	return version ? version : ABSENT;
}

static void write_heads(struct run *run)
{
	struct utsname names;
	char started[32];
	time_t now = time(NULL);
	struct record_run line = {.page_size = ABSENT, .cgroup_version = ABSENT};

	uname(&names);
	if (run->plan.backend != BACKEND_VM) {
		line.kernel = names.release;
		line.machine = names.machine;
		line.page_size = sysconf(_SC_PAGESIZE);
		line.cgroup_version = version_of(run);
	}
	if (!run->options->inside_guest) {
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
		line.id = strrchr(run->folder.path, '/') + 1;
		line.backend = backend_names[run->plan.backend];
		line.started_at = started;
		line.argv = run->argv;
		line.last_line = run->plan.backend == BACKEND_VM ? RECORD_CLOSED : NULL;
	}
	record_put_run(&run->writer, &line);
	if (!run->options->inside_guest)
		record_put_spec(&run->writer, &run->spec);
}

static int open_record(struct run *run, struct err *err)
{
	int fd;

	if (run->options->inside_guest) {
		fd = guest_take_port(GUEST_RECORD_ENV);
		if (fd < 0)
			return err_set(err, EXIT_USAGE, "--inside-guest is for the guest alone");
		run->trace_port = guest_take_port(GUEST_TRACE_ENV);
		record_writer_init(&run->writer, fd);
		return 0;
	}
	if (run_dir_make(run->options->reports, run->spec.name ? run->spec.name : run->argv[0],
			 &run->folder, err) < 0)
		return -1;
	fd = folder_create(&run->folder, RECORD_FILE, err);
	if (fd < 0)
		return -1;
	record_writer_init(&run->writer, fd);
	return 0;
}

/* What no report is printed of and no status tells: why it did not run, or is no result. */
static void say_why_broken(const struct run *run, const struct record *record,
			   const struct conclusion *c)
{
	const char *command = strrchr(run->argv[0], '/');
	const char *name = run->spec.name ? run->spec.name : command ? command + 1 : run->argv[0];
	_cleanup_free_ char *summary = report_summary(record, c);
	const char *unknown = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < c->check_count && !unknown; i++)
		unknown = c->checks[i].is_known ? NULL : c->checks[i].what;
	if (c->outcome == OUTCOME_UNSET || c->outcome == OUTCOME_LAB_ERROR)
		err_set(&err, EXIT_LAB_BROKEN, "%s: %s", name, summary);
	else
		err_set(&err, EXIT_LAB_BROKEN, "%s: cannot be judged: %s is not known", name,
			unknown ? unknown : "what became of it");
	err_print(&err);
}

/* What the record holds is not lost with the rest. Its first line is that of the run. */
static int tell_where(const struct run *run, struct err *err)
{
	return run->writer.lines > 1
		       ? err_hint(err, "what the record holds: oomlab report %s", run->folder.path)
		       : -1;
}

/*
 * A scenario's report is its output; a command's must not mix with what the command prints.
 * is_told: why there is no result stands on the standard error already.
 */
static int conclude(struct run *run, bool is_told, struct err *err)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(conclusion_release) struct conclusion conclusion = {0};
	FILE *to = run->spec.name ? stdout : stderr;

	if (run->writer.failed) {
		*err = run->writer.err;
		return tell_where(run, err);
	}
	if (record_load_in(&run->folder, &record, err) < 0)
		return -1;
	conclusion_draw(&record, &conclusion);
	if (run_write_kmsg(&record, &run->folder, err) < 0 ||
	    report_write_all(&record, &conclusion, &run->folder, err) < 0)
		return tell_where(run, err);
	run_dir_point_latest(run->options->reports, run->folder.path);
	if (!run->options->quiet) {
		report_print_terminal(to, &record, &conclusion, terminal_has_colour(to),
				      terminal_columns(to));
		if (!run->options->is_unkept)
			fprintf(to, "%sreport: %s/report.md\n",
				run->spec.name ? "" : "oomlab: ", run->folder.path);
	} else if (!is_told && !run->signal &&
		   (conclusion.verdict == VERDICT_SKIP || conclusion.verdict == VERDICT_BROKEN)) {
		say_why_broken(run, &record, &conclusion);
	}
	return conclusion_exit_status(&record, &conclusion);
}

/* What a guest has said until it failed is worth its lines, too. */
static int run_guest(struct run *run, struct err *err)
{
	struct err why = ERR_INIT;
	int r = run_vm(run, err);

	if (!run_write_sites(run, &why) || r < 0)
		return r;
	*err = why;
	return -1;
}

static int execute(struct run *run, struct err *err)
{
	if (run->plan.skip) {
		record_put_skip(&run->writer, run->plan.skip);
		record_put_end(&run->writer, io_now_ns());
		return 0;
	}
	return run->plan.backend == BACKEND_VM ? run_guest(run, err) : run_here(run, err);
}

/* Status 2 could be the command's own: the lab's failures of any kind are 125. */
static int status_of(const struct err *err)
{
	return err->status == EXIT_USAGE ? EXIT_LAB_BROKEN : err->status;
}

/* Runs once. Returns the exit status. */
static int run_planned(struct run *run, struct err *err)
{
	int r, status;

	if (run_guard_begin(run, err) < 0 || open_record(run, err) < 0 ||
	    run_guard_took(guardian_take_record(&run->guardian, run->writer.fd), err) < 0)
		return -1;
	live_start(&run->live, run->spec.name ? run->spec.name : run->argv[0],
		   run->options->quiet || run->options->inside_guest);
	write_heads(run);
	if (run->options->twin && !run->plan.skip)
		run_twin(run);
	r = execute(run, err);
	if (run->plan.backend == BACKEND_VM)
		record_put_closed(&run->writer);
	live_end(&run->live);
	if (run->options->inside_guest)
		return r;
	if (r < 0)
		err_print(err);
	status = conclude(run, r < 0, err);
	run_container_remove(run);
	run_guard_end(run);
	if (status < 0)
		return -1;
	if (run->signal)
		return 128 + run->signal;
	return r < 0 ? status_of(err) : status;
}

static void block_signals(struct run *run)
{
	sigset_t all;

	sigemptyset(&run->signals);
	sigaddset(&run->signals, SIGINT);
	sigaddset(&run->signals, SIGTERM);
	sigaddset(&run->signals, SIGHUP);
	all = run->signals;
	sigaddset(&all, SIGCHLD);
	sigprocmask(SIG_BLOCK, &all, NULL);
	/* So that a write fails, with its reason, in place of ending the lab. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static void run_release(struct run *run)
{
	spec_release(&run->spec);
	run_container_remove(run);
	run_guard_end(run);
	symbols_use_files(NULL);
	modules_release(&run->modules);
	pid_map_release(&run->pid_map);
	free(run->path);
	free(run->preload);
	for (size_t i = 0; run->image_argv && run->image_argv[i]; i++)
		free(run->image_argv[i]);
	free(run->image_argv);
	folder_close(&run->folder);
}

/* A core file is asked for by who wants it: what stands in its way is said before the run. */
static int check_core(const struct run *run, struct err *err)
{
	struct err missing = ERR_INIT;
	char *gdb;

	if (!run->options->premortem_core || run->options->inside_guest || run->plan.skip)
		return 0;
	if (run->plan.backend == BACKEND_VM)
		return err_set(err, EXIT_USAGE,
			       "--premortem=gcore: a core file cannot leave the VM; it needs "
			       "--backend=cgroup or a container, on a host with cgroup v2");
	if (!run->options->premortem_percent)
		return err_set(err, EXIT_USAGE,
			       "--premortem=gcore needs the look that --premortem=off forbids");
	gdb = target_find("gdb", &missing);
	free(gdb);
	return gdb ? 0
		   : err_set(err, EXIT_USAGE,
			     "--premortem=gcore needs gdb; install the package gdb");
}

/* A signal that came when a run was over already is still pending. */
static bool is_interrupted(struct run *run)
{
	const struct timespec at_once = {0};
	int signal = run->signal ? 0 : sigtimedwait(&run->signals, NULL, &at_once);

	if (signal > 0)
		run->signal = signal;
	return run->signal;
}

/* Interrupted, its status says so, whatever the runs before came to. */
static int run_repeatedly(struct run *run, struct err *err)
{
	int status = 0;

	if (!run->options->quiet && !run->options->inside_guest && !run->options->is_unkept)
		run_dir_warning(run->options->reports);
	for (long i = 0; i < run->options->repeat && !(i && is_interrupted(run)); i++) {
		int once = run_planned(run, err);

		if (once < 0)
			return -1;
		status = status ? status : once;
		folder_close(&run->folder);
		if (run->writer.fd >= 0 && !run->options->inside_guest)
			close(STEAL_FD(run->writer.fd));
	}
	return run->signal ? 128 + run->signal : status;
}

static int prepare_and_run(struct run *run, char **operands, bool is_command, struct err *err)
{
	spec_init(&run->spec);
	if (find_target(run, operands, is_command, err) < 0 || settle_spec(run, err) < 0)
		return -1;
	if (backend_is_container(run->options->backend) && !run->path) {
		block_signals(run);
		if (run_container_prepare(run, err) < 0)
			return -1;
	}
	find_facts(run);
	run->facts.profiles = !run->options->no_touch_profile;
	run->facts.counts_calls = run->options->preload;
	run->facts.premortem_percent = run->options->premortem_percent;
	plan_make(&run->spec, wanted_place(run->options), &run->facts, &run->plan);
	if (run->plan.backend == BACKEND_CURRENT && !run->plan.skip)
		run_current_settle(run);
	if (!run->plan.skip && run_preload_prepare(run, err) < 0)
		return -1;
	run_share_settle(run);
	if (run->options->dry_run) {
		plan_print(stdout, &run->plan, &run->spec, &run->facts, run->options->kernel);
		return run->plan.skip ? EXIT_SKIP : EXIT_OK;
	}
	if (check_core(run, err) < 0)
		return -1;
	block_signals(run);
	return run_repeatedly(run, err);
}

int cmd_run(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct run_options options;
	struct run run = {.options = &options,
			  .writer = {.fd = -1},
			  .trace_port = -1,
			  .guardian = GUARDIAN_INIT,
			  .folder = FOLDER_INIT,
			  .container = CONTAINER_INIT};
	int first = run_options_parse(argc, argv, &options, &err), status = -1;

	if (first >= 0 && options.help) {
		print_help();
		status = EXIT_OK;
	} else if (first >= 0) {
		status = prepare_and_run(&run, argv + first,
					 first > 1 && !strcmp(argv[first - 1], "--"), &err);
	}
	run_release(&run);
	run_options_release(&options);
	if (status >= 0)
		return status;
	err_print(&err);
	return status_of(&err);
}
