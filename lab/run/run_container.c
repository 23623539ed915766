#include "run/run_container.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/process.h"
#include "run/run_guard.h"
#include "run/run_preload.h"
#include "src/trace_format.h"

/* Finds the engine once: find_command() may need it before the probe does. */
static int find_engine(struct run *run, struct err *err)
{
	enum backend backend = run->options->backend;

	if (run->container.engine.name)
		return 0;
	if (engine_find(backend == BACKEND_CONTAINER ? NULL : backend_names[backend],
			&run->container.engine, err)) {
		run->container.engine.name = NULL;
		return -1;
	}
	return 0;
}

static struct container_request request_of(struct run *run)
{
	return (struct container_request){
		.engine = &run->container.engine,
		.image = run->options->image,
		.bound = run->spec.name ? run->path : NULL,
		.options = run->options->container_options,
		.spec = &run->spec,
		.guardian = run->guardian,
		.preload = run->preload,
		.command = {run->path, run->argv},
	};
}

/* Whether the plan would run, with what is known before the engine has answered. */
static bool would_run(struct run *run, const char *name)
{
	const struct plan_facts facts = {.engine = name};

	plan_make(&run->spec, run->options->backend, &facts, &run->plan);
	return !run->plan.skip && !run->options->dry_run;
}

/* Something failed. If that is because the engine does not answer, err says so. */
static int refuse(const struct run *run, struct err *err)
{
	struct err why = ERR_INIT;
	struct engine ignored;

	if (engine_find(run->container.engine.name, &ignored, &why) < 0)
		*err = why;
	return -1;
}

static int begin(struct run *run, const char *name, struct err *err)
{
	struct container_request request;

	if (!would_run(run, name))
		return 0;
	if (run_preload_prepare(run, err) < 0)
		return -1;
	run->container.engine.name = name;
	if (run_guard_begin(run, err) < 0)
		return -1;
	request = request_of(run);
	/* With a gate made, what failed is the start of the engine's client. */
	if (container_begin(&request, &run->container.made, err) < 0)
		return run->container.made.listener < 0 ? -1 : refuse(run, err);
	container_wait_made(&run->container.made);
	return 0;
}

/*
 * The image and the operands together make the command. An engine that the user named starts the
 * container first, because that takes longest; the image is asked about meanwhile.
 */
static int find_command(struct run *run, struct err *err)
{
	enum backend backend = run->options->backend;

	run_block_signals(run);
	if (backend != BACKEND_CONTAINER && begin(run, backend_names[backend], err) < 0)
		return -1;
	if (find_engine(run, err) < 0)
		return -1;
	run->container.argv =
		container_command(&run->container.engine, run->options->image, run->argv, err);
	if (!run->container.argv)
		return refuse(run, err);
	run->argv = run->container.argv;
	run->path = xstrdup(run->argv[0]);
	return 0;
}

int run_container_probe(struct run *run, struct err *err)
{
	if (!backend_is_container(run->options->backend))
		return 0;
	if (!run->path && find_command(run, err) < 0)
		return -1;
	if (find_engine(run, &run->reasons.engine) < 0)
		run->facts.engine_reason = run->reasons.engine.text;
	run->facts.engine = run->container.engine.name;
	run->facts.engine_version = run->container.engine.cgroup_version;
	return 0;
}

/* cgroup v1 can disable the OOM killer (memory.oom_control): the target then waits at the limit. */
static void note_disabled_killer(struct run *run, const struct cg *cg)
{
	_cleanup_strbuf_ struct strbuf control = STRBUF_INIT;

	if (cg->version == 1 &&
	    !io_read_at(cg->levels[0].dirfd, "memory.oom_control", 4096, &control) &&
	    io_keyed_number(control.buf, "oom_kill_disable") == 1)
		record_put_note(
			&run->writer,
			"The OOM killer is disabled in this container: at the limit the target waits, and nothing is killed");
}

static void note_turned_away(struct run *run)
{
	const struct container *container = &run->container.made;
	_cleanup_free_ char *note = NULL;

	if (!container->turned_away)
		return;
	note = text_format(
		"%s to the container's gate did not come from the container and %s turned away; the last: %s",
		TEXT_COUNT(container->turned_away, "connection"),
		container->turned_away == 1 ? "was" : "were", container->turned_away_why.text);
	record_put_note(&run->writer, note);
}

static void put_engine(struct run *run)
{
	const char *version = run->container.engine.version;
	const struct record_engine line = {
		.name = run->container.engine.name,
		.version = *version ? version : NULL,
		.image = run->options->image ? run->options->image : CONTAINER_EMPTY_IMAGE,
		.container = run->container.made.name,
	};

	record_put_engine(&run->writer, &line);
}

int run_container_start(struct run *run, int ring, struct target *target, struct cg *cg,
			struct err *err)
{
	const struct target_fd inherited = {TRACE_FD_ENV, ring};
	struct container_request request = request_of(run);

	request.fds = &inherited;
	request.fd_count = 1;
	if (!run->container.made.dir && container_begin(&request, &run->container.made, err) < 0)
		return -1;
	if (container_start(&request, &run->container.made, target, cg, err) < 0)
		return -1;
	if (run_guard_check(guardian_take_inside(run->guardian, cg->levels[0].dirfd), err) < 0)
		return -1;
	pid_map_release(&run->pid_map);
	pid_map_add(&run->pid_map, target->pid, process_pid_inside("/proc", target->pid));
	put_engine(run);
	record_put_run(&run->writer, &(struct record_run){
					     .page_size = ABSENT,
					     .cgroup_version = cg->version,
				     });
	record_put_start(&run->writer, io_now_ns(), target->pid, cg->levels[0].path);
	note_disabled_killer(run, cg);
	note_turned_away(run);
	return 0;
}

void run_container_released(struct run *run)
{
	if (!*run->container.engine.version)
		engine_info_begin(run->container.engine.name, &run->container.info);
}

static void take_info(struct run *run)
{
	struct err ignored = ERR_INIT;

	if (run->container.info.process.pid &&
	    !engine_info_end(&run->container.info, &run->container.engine, &ignored) &&
	    run->writer.fd >= 0)
		put_engine(run);
}

static void put_exit(struct run *run, pid_t pid, int64_t exit_status)
{
	record_put_exit(&run->writer, &(struct record_process_end){
					      .t_ns = io_now_ns(),
					      .pid = pid,
					      .is_target = true,
					      .is_engines_word = true,
					      .exit_status = exit_status,
					      .signal = ABSENT,
				      });
}

void run_container_ask(struct run *run, pid_t pid, bool end_known)
{
	struct container_end end = {0};
	struct err err = ERR_INIT;

	take_info(run);
	if (container_ask(&run->container.made, &end, &err) < 0) {
		_cleanup_free_ char *note =
			text_format("The engine could not be asked at the end: %s", err.text);

		record_put_note(&run->writer, note);
		return;
	}
	record_put_engine_end(&run->writer, &(struct record_engine){
						    .oom_killed = end.oom_killed,
						    .exit_status = end.exit_status,
						    .error = end.error,
					    });
	if (!end_known)
		put_exit(run, pid, end.exit_status);
	if (!end_known && end.exit_status == 137)
		record_put_note(
			&run->writer,
			"The status 137 is the engine's word for SIGKILL and for a first process that itself ends with 137, as a shell does whose child was killed; this kernel does not tell another user which it was");
	free(end.error);
}

void run_container_remove(struct run *run)
{
	struct err err = ERR_INIT;

	take_info(run);
	if (container_remove(&run->container.made, &err) == 0)
		return;
	err_print(&err);
	if (run->writer.fd >= 0)
		record_put_note(&run->writer, err.text);
}
