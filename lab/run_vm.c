/* The place "vm": the same oomlab boots as PID 1 of a guest and sends its record back. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm.h"
#include "run.h"

#define BOOT_TIMEOUT_NS INT64_C(60000000000)
#define SLACK_NS	INT64_C(60000000000) /* for boot, power-off and a slow machine */

static int take_line(const char *text, size_t len, void *ctx)
{
	struct run *run = ctx;

	if (!text) {
		live_update(&run->live);
		return 0;
	}
	live_record_line(&run->live, text, len);
	return record_put_raw(&run->writer, text, len);
}

/* oomlab run --inside-guest --spec-json=... -- PATH ARGS... */
static char **inner_argv(const struct run *run, char *spec_option, char *premortem,
			 char *library_option)
{
	static char self[] = "oomlab", command[] = "run", inside[] = "--inside-guest", end[] = "--";
	static char unprofiled[] = "--no-touch-profile", preload[] = "--preload";
	size_t argc = 0, n = 0;
	char **argv;

	while (run->argv[argc])
		argc++;
	argv = xcalloc(argc + 10, sizeof(*argv));
	argv[n++] = self;
	argv[n++] = command;
	argv[n++] = inside;
	argv[n++] = spec_option;
	argv[n++] = premortem;
	if (run->options->no_touch_profile)
		argv[n++] = unprofiled;
	if (run->preload) {
		argv[n++] = preload;
		argv[n++] = library_option;
	}
	argv[n++] = end;
	argv[n++] = run->path;
	for (size_t i = 1; i < argc; i++)
		argv[n++] = run->argv[i];
	return argv;
}

/* Inside a guest the target cannot see that what it prints is lost out here. */
static void note_output(struct run *run, const char *name, int cause)
{
	_cleanup_free_ char *text = NULL;

	if (!cause)
		return;
	text = text_format("What the command wrote to its %s was lost in part: %s", name,
			   strerror(cause));
	record_put_note(&run->writer, text);
}

/* The target is root in the guest, too. */
static int lab_was_killed(int signal, struct err *err)
{
	return err_set(
		err, EXIT_LAB_BROKEN,
		"the lab inside the guest was ended by signal %d (%s), sent by the target or a "
		"process of it",
		signal, strsignal(signal));
}

int run_vm(struct run *run, struct err *err)
{
	json_t *spec = spec_to_json(&run->spec);
	_cleanup_free_ char *text = json_dumps(spec, JSON_COMPACT);
	_cleanup_free_ char *option = text_format("--spec-json=%s", text);
	_cleanup_free_ char *library = text_format("--preload-library=%s", run->preload);
	_cleanup_free_ char *premortem =
		run->options->premortem_percent
			? text_format("--premortem=%d", run->options->premortem_percent)
			: xstrdup("--premortem=off");
	_cleanup_free_ char **argv = inner_argv(run, option, premortem, library);
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	char *programs[] = {run->path, run->preload, NULL};
	const struct vm_request request = {
		.kernel = run->options->kernel,
		.ram_bytes = run->plan.ram_bytes,
		.argv = argv,
		.envp = environ,
		.cwd = run->options->share_host ? cwd : NULL,
		.programs = programs,
		.files = (char *const *)run->options->files,
		.share_host = run->options->share_host,
		.run_dir = run->dir,
		.boot_timeout_ns = BOOT_TIMEOUT_NS,
		.timeout_ns = (uint64_t)(run->spec.timeout_ns + SLACK_NS),
		.signals = &run->signals,
		.line = take_line,
		.ctx = run,
	};
	struct vm_result result = {0};
	int r;

	json_decref(spec);
	if (!run->spec.name && !request.share_host)
		record_put_note(
			&run->writer,
			"The guest had the command, what it loads and what --file named, and "
			"nothing else of this host; --share-host shows it all, read-only");
	live_stage(&run->live, "booting");
	r = vm_run(&request, &result, err);
	if (result.lines_dropped)
		record_put_lost(&run->writer, "record", result.lines_dropped);
	note_output(run, "standard output", result.out_cause);
	note_output(run, "standard error", result.err_cause);
	if (result.accelerator)
		record_put_run(&run->writer, &(struct record_run){
						     .accelerator = result.accelerator,
						     .page_size = RECORD_ABSENT,
						     .cgroup_version = RECORD_ABSENT,
					     });
	if (result.interrupted) {
		run->signal = result.signal;
		record_put_watchdog(&run->writer, io_now_ns(), "interrupt");
	} else if (r < 0) {
		record_put_error(&run->writer, err->text);
	} else if (WIFSIGNALED(result.status)) {
		r = lab_was_killed(WTERMSIG(result.status), err);
		record_put_error(&run->writer, err->text);
	}
	return result.interrupted ? 0 : r;
}
