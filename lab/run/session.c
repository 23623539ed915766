#include "run/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/target.h"
#include "run/run_backend.h"
#include "run/run_dir.h"
#include "run/run_guard.h"
#include "run/run_once.h"
#include "run/run_preload.h"
#include "run/run_share.h"
#include "spec/scenarios.h"
#include "symbols/symbols.h"

/* The words after "--": a command of this host, or of a container's image. */
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

/* SCENARIO, a path, or what stands behind "--": sets run->argv, path and spec. */
static int find_target(struct run *run, char **operands, bool is_command, struct err *err)
{
	if (!operands[0] && !run->options->image)
		return err_set(err, EXIT_USAGE,
			       "nothing to run; give a scenario ('oomlab list') or '-- COMMAND'");
	if (is_command || !operands[0] || strchr(operands[0], '/'))
		return find_command(run, operands, err);
	run->argv = operands;
	if (operands[1] && *operands[1] == '-')
		return err_set(
			err, EXIT_USAGE,
			"'%s' stands behind the scenario; options go before it: oomlab run %s ... %s",
			operands[1], operands[1], operands[0]);
	if (operands[1]) {
		err_set(err, EXIT_USAGE,
			"'%s' stands where a scenario does, and those take no arguments",
			operands[0]);
		return err_hint(err, "a command goes behind '--': oomlab run ... -- %s %s%s",
				operands[0], operands[1], operands[2] ? " ..." : "");
	}
	run->path = scenarios_find(operands[0], err);
	return run->path ? spec_ask_program(run->path, &run->spec, err) : -1;
}

static int settle_spec(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;

	if (o->inside_guest)
		return spec_parse(o->spec_json ? o->spec_json : "", "--spec-json", &run->spec, err);
	spec_override(&run->spec, &o->spec);
	if (o->expect) {
		spec_expect_nothing(&run->spec);
		run->spec.has_expect = true;
		run->spec.expect = (struct expect){.outcome = o->expect};
	}
	if (spec_wants_guest(&o->spec) && o->backend != BACKEND_AUTO && o->backend != BACKEND_VM)
		return err_set(
			err, EXIT_USAGE,
			"--guest-ram, --guest-swap, --guest-zram, --guest-scratch and --guest-numa are for --backend=vm");
	if (o->share_host && o->isolated)
		return err_set(err, EXIT_USAGE, "--share-host and --isolated exclude each other");
	if ((o->image || o->container_option_count) && !backend_is_container(o->backend))
		return err_set(
			err, EXIT_USAGE,
			"--image and --container-option are for --backend=docker, podman or container");
	return spec_validate(&run->spec, err);
}

/* Options that make sense in a guest only choose the VM. */
static enum backend wanted_backend(const struct run_options *o)
{
	bool needs_guest = o->kernel || o->share_host || o->isolated || o->file_count ||
			   spec_wants_guest(&o->spec);

	if (o->inside_guest)
		return BACKEND_CGROUP;
	return needs_guest && o->backend == BACKEND_AUTO ? BACKEND_VM : o->backend;
}

/* Whether this process has it in effect, as /proc/self/status says (capabilities(7)). */
static bool has_capability(int number)
{
	_cleanup_strbuf_ struct strbuf status = STRBUF_INIT;
	const char *line;

	if (io_read_at(AT_FDCWD, "/proc/self/status", 1 << 16, &status) < 0)
		return false;
	line = strstr(status.buf, "\nCapEff:");
	return line && strtoull(line + strlen("\nCapEff:"), NULL, 16) >> number & 1;
}

static int probe(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;

	run->facts = (struct plan_facts){
		.is_guest = o->inside_guest,
		.allow_host_sysctl = o->allow_host_sysctl,
		.profiles = !o->no_touch_profile,
		.counts_calls = o->preload,
		.premortem_percent = o->premortem_percent,
	};
	run->facts.has_sys_resource = has_capability(CAP_SYS_RESOURCE);
	if (access("/dev/kmsg", R_OK) < 0 && !o->inside_guest)
		run->facts.kmsg_reason =
			"the scenario needs the kernel log, which this user may not read";
	if (!o->inside_guest && run_share_lacks(run, &run->reasons.files))
		run->facts.files_reason = run->reasons.files.text;
	return run_backend_probe(run, err);
}

/* A core file was requested explicitly, so what prevents it is an error before the run. */
static int check_core(const struct run *run, struct err *err)
{
	struct err missing = ERR_INIT;
	char *gdb;

	if (!run->options->premortem_core || run->options->inside_guest || run->plan.skip)
		return 0;
	if (run->plan.backend == BACKEND_VM)
		return err_set(
			err, EXIT_USAGE,
			"--premortem=gcore: a core file cannot leave the VM; it needs --backend=cgroup or a container, on a host with cgroup v2");
	if (!run->options->premortem_percent)
		return err_set(err, EXIT_USAGE,
			       "--premortem=gcore needs the snapshot that --premortem=off forbids");
	gdb = target_find("gdb", &missing);
	free(gdb);
	return gdb ? 0
		   : err_set(err, EXIT_USAGE,
			     "--premortem=gcore needs gdb; install the package gdb");
}

/* Does once what all runs of this session need. */
static int prepare(struct run *run, struct err *err)
{
	const struct run_backend *backend = run_backend(run->plan.backend);

	if (run->plan.skip)
		return 0;
	if (backend->prepare && backend->prepare(run, err) < 0)
		return -1;
	return run_preload_prepare(run, err);
}

static int print_plan(const struct run *run)
{
	plan_print(stdout, &run->plan, &run->spec, &run->facts, run->options->kernel);
	return !run->plan.skip ? EXIT_OK : run_is_judged(run) ? EXIT_SKIP : EXIT_LAB_BROKEN;
}

/* A signal that came after a run had ended is still pending. */
static bool is_interrupted(struct run *run)
{
	const struct timespec at_once = {0};
	int signal = run->signal ? 0 : sigtimedwait(&run->signals, NULL, &at_once);

	if (signal > 0)
		run->signal = signal;
	return run->signal;
}

/* The status is of the signal that interrupted a run, else the first one that is not 0. */
static int run_repeatedly(struct run *run, struct err *err)
{
	int status = 0;

	if (!run->options->quiet && !run->options->inside_guest && !run->options->is_unkept)
		run_dir_warning(run->options->reports);
	for (long i = 0; i < run->options->repeat && !(i && is_interrupted(run)); i++) {
		int once = run_once(run, err);

		if (once < 0)
			return -1;
		status = status ? status : once;
		folder_close(&run->folder);
		if (run->writer.fd >= 0 && !run->options->inside_guest)
			close(STEAL_FD(run->writer.fd));
	}
	if (!run->options->quiet)
		tally_print(&run->tally, run->spec.name ? run->spec.name : run->argv[0],
			    run->spec.name ? stdout : stderr);
	return run->signal ? 128 + run->signal : status;
}

static void release(struct run *run)
{
	spec_release(&run->spec);
	run_backend_cleanup(run);
	run_guard_end(run);
	symbols_use_files(NULL);
	modules_release(&run->modules);
	pid_map_release(&run->pid_map);
	free(run->path);
	free(run->preload);
	for (size_t i = 0; run->container.argv && run->container.argv[i]; i++)
		free(run->container.argv[i]);
	free(run->container.argv);
	folder_close(&run->folder);
	if (run->json)
		fclose(run->json);
}

/* Who asked for nothing is told what was taken, and what else there is. */
static void tell_choice(const struct run *run)
{
	const struct plan *plan = &run->plan;
	bool is_chosen = wanted_backend(run->options) == BACKEND_AUTO;

	if (!is_chosen || run->options->quiet || plan->skip || plan->backend != BACKEND_VM)
		return;
	fprintf(stderr, "oomlab: takes the VM: %s%s%s\n", plan->reason,
		plan->alternative ? "; " : "", plan->alternative ? plan->alternative : "");
}

/* A command that misses a file then fails in words that do not tell why. */
static void tell_fallback(const struct run *run)
{
	if (run_share_fell_back(run) && !run->options->quiet)
		fprintf(stderr, "oomlab: the VM has only the command and what it loads: %s\n",
			run->reasons.share.text);
}

static int conduct(struct run *run, char **operands, bool is_command, struct err *err)
{
	spec_init(&run->spec);
	if (find_target(run, operands, is_command, err) < 0 || settle_spec(run, err) < 0 ||
	    probe(run, err) < 0)
		return -1;
	plan_make(&run->spec, wanted_backend(run->options), &run->facts, &run->plan);
	if (prepare(run, err) < 0)
		return -1;
	if (run->options->dry_run)
		return print_plan(run);
	if (check_core(run, err) < 0)
		return -1;
	tell_choice(run);
	tell_fallback(run);
	run_block_signals(run);
	return run_repeatedly(run, err);
}

/* Release with release(). */
static struct run new_run(const struct run_options *options)
{
	return (struct run){.options = options,
			    .writer = {.fd = -1},
			    .trace_port = -1,
			    .own_guardian = GUARDIAN_INIT,
			    .folder = FOLDER_INIT,
			    .container.made = CONTAINER_INIT};
}

char *session_auto(void)
{
	const struct run_options options = {.backend = BACKEND_AUTO, .repeat = 1};
	struct run run = new_run(&options);
	struct err err = ERR_INIT;
	char *words;

	spec_init(&run.spec);
	run.spec.memory_max = (struct amount){.bytes = MIB(512), .is_set = true};
	if (probe(&run, &err) < 0) {
		words = text_format("nothing: %s", err.text);
	} else {
		plan_make(&run.spec, BACKEND_AUTO, &run.facts, &run.plan);
		words = run.plan.skip
				? text_format("nothing: %s", run.plan.skip)
				: text_format("%s: %s%s%s", backend_names[run.plan.backend],
					      run.plan.reason, run.plan.alternative ? "; " : "",
					      run.plan.alternative ? run.plan.alternative : "");
	}
	release(&run);
	return words;
}

/* The command's standard output goes where its errors go, so that JSON alone stands here. */
static int divert_stdout(struct run *run, struct err *err)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	run->json = fd < 0 ? NULL : fdopen(fd, "we");
	if (run->json && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		return 0;
	if (!run->json && fd >= 0)
		close(fd);
	return err_errno(err, EXIT_LAB_BROKEN, "cannot divert the standard output");
}

int session_run(const struct run_options *options, char **operands, bool is_command,
		struct err *err)
{
	struct run run = new_run(options);
	bool diverts = options->json && !options->dry_run;
	int status = diverts && divert_stdout(&run, err) < 0
			     ? -1
			     : conduct(&run, operands, is_command, err);

	if (status < 0)
		err->status = run_once_status(&run, err);
	release(&run);
	return status;
}
