#include "run_container.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "src/trace_format.h"

/* Asked once: an image may have been looked at before the facts are. */
static int find_engine(struct run *run, struct err *err)
{
	enum place place = run->options->place;

	if (run->engine.name)
		return 0;
	if (engine_find(place == PLACE_CONTAINER ? NULL : place_names[place], &run->engine, err)) {
		run->engine.name = NULL;
		return -1;
	}
	return 0;
}

void run_container_find(struct run *run, struct err *reason)
{
	if (!place_is_container(run->options->place))
		return;
	if (find_engine(run, reason) < 0)
		run->facts.engine_reason = reason->text;
	run->facts.engine = run->engine.name;
	run->facts.engine_version = run->engine.cgroup_version;
}

int run_container_command(struct run *run, char **operands, struct err *err)
{
	_cleanup_strbuf_ struct strbuf ignored = STRBUF_INIT;
	enum place place = run->options->place;
	const char *named = place == PLACE_CONTAINER ? NULL : place_names[place];
	struct container_question question;

	if (!run->options->image)
		return err_set(err, EXIT_USAGE, "a command in a container needs --image");
	/* At once with the engine's own words about itself, where it is known which one. */
	if (named)
		container_ask_image(named, run->options->image, &question);
	if (find_engine(run, err) < 0) {
		if (named)
			engine_end(&question.call, &ignored, &(struct err)ERR_INIT);
		return -1;
	}
	if (!named)
		container_ask_image(run->engine.name, run->options->image, &question);
	run->image_argv = container_command(&question, operands, err);
	if (!run->image_argv)
		return -1;
	run->argv = run->image_argv;
	run->path = xstrdup(run->argv[0]);
	return 0;
}

/* cgroup v1: who is at the limit then waits for memory, for ever. */
static void note_disabled_killer(struct run *run, const struct cg *cg)
{
	_cleanup_strbuf_ struct strbuf control = STRBUF_INIT;

	if (cg->version == 1 &&
	    !io_read_at(cg->levels[0].dirfd, "memory.oom_control", 4096, &control) &&
	    io_keyed_number(control.buf, "oom_kill_disable") == 1)
		record_put_note(&run->writer,
				"The OOM killer is disabled in this container: at the "
				"limit the target waits, and nothing is killed");
}

int run_container_start(struct run *run, int ring, struct container *container,
			struct target *target, struct cg *cg, struct err *err)
{
	const struct target_fd inherited = {TRACE_FD_ENV, ring};
	const struct container_request request = {
		.engine = &run->engine,
		.image = run->options->image,
		.path = run->path,
		.bound = run->spec.name ? run->path : NULL,
		.argv = run->argv,
		.options = run->options->container_options,
		.spec = &run->spec,
		.fds = &inherited,
		.fd_count = 1,
		.preload = run->preload,
	};
	struct record_engine engine = {
		.name = run->engine.name,
		.version = run->engine.version,
		.image = run->options->image ? run->options->image : CONTAINER_EMPTY_IMAGE,
	};

	if (container_start(&request, container, target, cg, err) < 0)
		return -1;
	engine.container = container->name;
	record_put_engine(&run->writer, &engine);
	record_put_run(&run->writer, &(struct record_run){
					     .page_size = RECORD_ABSENT,
					     .cgroup_version = cg->version,
				     });
	record_put_start(&run->writer, io_now_ns(), target->pid, cg->levels[0].path);
	note_disabled_killer(run, cg);
	return 0;
}

static void put_exit(struct run *run, pid_t pid, int64_t exit_status)
{
	record_put_exit(&run->writer, &(struct record_process_end){
					      .t_ns = io_now_ns(),
					      .pid = pid,
					      .is_target = true,
					      .is_engines_word = true,
					      .exit_status = exit_status,
					      .signal = RECORD_ABSENT,
				      });
}

void run_container_ask(struct run *run, struct container *container, pid_t pid, bool end_known)
{
	struct container_end end = {0};
	struct err err = ERR_INIT;

	if (container_ask(container, &end, &err) < 0) {
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
			"The status 137 is the engine's word for SIGKILL and for a first "
			"process that itself ends with 137, as a shell does whose child was "
			"killed; this kernel does not tell another user which it was");
	free(end.error);
}

void run_container_remove(struct run *run, struct container *container)
{
	struct err err = ERR_INIT;

	if (container_remove(container, &err) == 0)
		return;
	err_print(&err);
	record_put_note(&run->writer, err.text);
}
