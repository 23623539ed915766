#include "run/run_vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "launch/vm/vm.h"
#include "run/run_keep.h"
#include "run/run_share.h"
#include "run/run_trace.h"

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
	run->has_begun |= strstr(text, "\"ev\":\"gate\"") != NULL;
	run_keep_note(run, text);
	return record_put_raw(&run->writer, text, len);
}

static void make_way(int fd, const char *text, size_t len, void *ctx)
{
	struct run *run = ctx;

	if (isatty(fd))
		live_make_way(&run->live, text[len - 1] == '\n');
}

/* "oomlab run --inside-guest --spec-json=... -- PATH ARGS..." */
static void push_inner(struct strvec *words, const struct run *run)
{
	json_t *spec = spec_to_json(&run->spec);
	_cleanup_free_ char *text = json_dumps(spec, JSON_COMPACT);

	strvec_pushl(words, "oomlab", "run", "--inside-guest");
	strvec_pushf(words, "--spec-json=%s", text);
	if (run->options->premortem_percent)
		strvec_pushf(words, "--premortem=%d", run->options->premortem_percent);
	else
		strvec_push(words, "--premortem=off");
	if (run->options->no_touch_profile)
		strvec_push(words, "--no-touch-profile");
	if (run->preload) {
		strvec_push(words, "--preload");
		strvec_pushf(words, "--preload-library=%s", run->preload);
	}
	strvec_pushl(words, "--", run->path);
	if (run->argv[0])
		strvec_push_all(words, (const char *const *)run->argv + 1);
	json_decref(spec);
}

/*
 * Notes output that was lost on the host, which the target in the guest cannot notice, unless its
 * pipe breaks because nobody reads here any more.
 */
static void note_output(struct run *run, const char *name, int cause)
{
	_cleanup_free_ char *text = NULL;

	if (!cause)
		return;
	text = text_format("What the command wrote to its %s was lost in part: %s", name,
			   cause == ETIME ? "nobody had read it when the time was up"
					  : strerror(cause));
	record_put_note(&run->writer, text);
}

/* The target is root in the guest, so it can kill oomlab there. */
static int lab_was_killed(int signal, struct err *err)
{
	return err_set(
		err, EXIT_LAB_BROKEN,
		"the guest's own oomlab was ended by signal %d (%s), sent by the target or a process of it",
		signal, strsignal(signal));
}

static void put_result(struct run *run, const struct vm_result *result)
{
	if (result->lines_dropped)
		record_put_lost(&run->writer, LOSS_RECORD, result->lines_dropped);
	note_output(run, "standard output", result->out_cause);
	note_output(run, "standard error", result->err_cause);
	if (result->accelerator)
		record_put_run(&run->writer, &(struct record_run){
						     .accelerator = result->accelerator,
						     .page_size = ABSENT,
						     .cgroup_version = ABSENT,
					     });
}

/* Records what ended the guest. 0, or -1 with err where oomlab failed. */
static int put_end(struct run *run, const struct vm_result *result, int r, struct err *err)
{
	if (result->interrupted) {
		run->signal = result->signal;
		record_put_watchdog(&run->writer, io_now_ns(), WATCHDOG_INTERRUPT);
		return 0;
	}
	/* Told to panic, or hit by what the target did: it is the run's end, no failure of the lab. */
	if (result->panic && run->has_begun) {
		record_put_panic(&run->writer, result->panic);
		return 0;
	}
	if (r >= 0 && WIFSIGNALED(result->status))
		r = lab_was_killed(WTERMSIG(result->status), err);
	if (r < 0)
		record_put_error(&run->writer, err->text);
	return r;
}

static uint64_t size_of(int64_t bytes)
{
	return bytes == SPEC_KEEP ? 0 : (uint64_t)bytes;
}

static struct vm_machine machine_for(struct run *run, char *const *programs)
{
	const struct spec *spec = &run->spec;

	return (struct vm_machine){
		.kernel = run->options->kernel,
		.ram_bytes = run->plan.ram_bytes,
		.swap_bytes = size_of(spec->guest_swap_bytes),
		.scratch_bytes = size_of(spec->guest_scratch_bytes),
		.zram_bytes = size_of(spec->guest_zram_bytes),
		.numa_nodes = spec->guest_numa_nodes == SPEC_KEEP ? 1 : (int)spec->guest_numa_nodes,
		.programs = programs,
		.files = (char *const *)run->options->files,
		.stage = run->options->stage,
		.stage_size = run->options->stage_size,
		.share_host = run->shares_host,
		.boot_timeout_ns = BOOT_TIMEOUT_NS,
		.guardian = run->guardian,
		.signals = &run->signals,
	};
}

static int run_in_guest(struct run *run, struct err *err)
{
	_cleanup_strvec_ struct strvec inner = STRVEC_INIT;
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	char *programs[] = {run->path, run->preload, NULL};
	const struct vm_machine machine = machine_for(run, programs);
	struct vm_request request = {
		.envp = environ,
		.cwd = run->spec.name && !run->shares_host ? NULL : cwd,
		.run_dir = &run->folder,
		.timeout_ns = (uint64_t)(run->spec.timeout_ns + SLACK_NS),
		.line = take_line,
		.output = make_way,
		.ctx = run,
	};
	struct vm_result result = {0};
	struct vm *vm;
	int r;

	push_inner(&inner, run);
	request.argv = (char *const *)inner.list;
	run_share_note(run);
	vm = run_keep_vm(run, &machine);
	if (vm_is_up(vm))
		record_put_note(&run->writer,
				"Other runs had ended in this guest before this one began");
	live_stage(&run->live, vm_is_up(vm) ? "starting" : "booting");
	r = vm_run(vm, &request, &result, err);
	put_result(run, &result);
	r = put_end(run, &result, r, err);
	run_keep_return(run, vm, r == 0 && !result.interrupted && !result.panic);
	free(result.panic);
	return r;
}

int run_vm_probe(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;
	bool is_in_question = (o->backend == BACKEND_AUTO || o->backend == BACKEND_VM) &&
			      !o->inside_guest;

	(void)err;
	run->facts.vm_works = is_in_question && vm_check(o->kernel, &run->reasons.vm) == 0;
	run->facts.vm_reason = run->reasons.vm.text;
	return 0;
}

int run_vm_prepare(struct run *run, struct err *err)
{
	(void)err;
	run_share_settle(run);
	return 0;
}

/* Sites are resolved also after a failure, for what the guest has sent until then. */
int run_vm(struct run *run, struct err *err)
{
	struct err why = ERR_INIT;
	int r = run_in_guest(run, err);

	if (!run_trace_write_sites(run, &why) || r < 0)
		return r;
	*err = why;
	return -1;
}
