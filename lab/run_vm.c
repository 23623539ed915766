/* The place "vm": the same oomlab boots as PID 1 of a guest and sends its record back. */
#include <stdlib.h>
#include <string.h>
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
static char **inner_argv(const struct run *run, char *spec_option)
{
	static char self[] = "oomlab", command[] = "run", inside[] = "--inside-guest", end[] = "--";
	static char unprofiled[] = "--no-touch-profile";
	size_t argc = 0, n = 0;
	char **argv;

	while (run->argv[argc])
		argc++;
	argv = xcalloc(argc + 7, sizeof(*argv));
	argv[n++] = self;
	argv[n++] = command;
	argv[n++] = inside;
	argv[n++] = spec_option;
	if (run->options->no_touch_profile)
		argv[n++] = unprofiled;
	argv[n++] = end;
	argv[n++] = run->path;
	for (size_t i = 1; i < argc; i++)
		argv[n++] = run->argv[i];
	return argv;
}

int run_vm(struct run *run, struct err *err)
{
	json_t *spec = spec_to_json(&run->spec);
	_cleanup_free_ char *text = json_dumps(spec, JSON_COMPACT);
	_cleanup_free_ char *option = text_format("--spec-json=%s", text);
	_cleanup_free_ char **argv = inner_argv(run, option);
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	char *programs[] = {run->path, NULL};
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
		record_put_note(&run->writer,
				"The guest had the command, what it loads and what --file named, and "
				"nothing else of this host; --share-host shows it all, read-only");
	live_stage(&run->live, "booting");
	r = vm_run(&request, &result, err);
	if (result.lines_dropped)
		record_put_lost(&run->writer, "record", result.lines_dropped);
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
	}
	return result.interrupted ? 0 : r;
}
