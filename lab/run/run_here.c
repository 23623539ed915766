#include "run/run_here.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "capture/capture.h"
#include "capture/settings.h"
#include "launch/sysctl.h"
#include "run/run_container.h"
#include "run/run_current.h"
#include "run/run_guard.h"
#include "run/run_preload.h"
#include "run/run_trace.h"
#include "trace/trace_ring.h"

/* A ring that shares the target's cgroup is charged to its limit, so it is smaller. */
enum { RING_BYTES = 1 << 20, SHARED_RING_BYTES = 1 << 18 };

struct here {
	struct run *run;
	struct sysctl_set sysctls;
	struct cg cg;
	struct trace_ring *ring;
	struct capture *capture;
	struct target target;
	char old_score[16];
};

static int do_protect(struct here *here, struct err *err)
{
	(void)err;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	io_read_line_at(AT_FDCWD, "/proc/self/oom_score_adj", here->old_score,
			sizeof(here->old_score));
	if (io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000"))
		here->old_score[0] = '\0'; /* needs CAP_SYS_RESOURCE; the run goes on */
	return 0;
}

static void undo_protect(struct here *here)
{
	if (here->old_score[0])
		io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", here->old_score);
}

/* `oomlab doctor --restore` puts the settings back, and fails when it could not. */
static int guard_settings(struct run *run, struct err *err)
{
	_cleanup_free_ char *self = io_program_path();
	const char *const restore[] = {self ? self : "oomlab", "doctor", "--restore", NULL};
	const char *const is_left[] = {"true", NULL};

	return run_guard_check(guardian_take_removal(run->guardian, restore, is_left), err);
}

static int do_sysctl(struct here *here, struct err *err)
{
	_cleanup_free_ char *dir = here->run->facts.is_guest ? NULL : sysctl_state_dir();

	if (dir && guard_settings(here->run, err) < 0)
		return -1;
	sysctl_plan(&here->run->spec, &here->sysctls);
	return sysctl_apply(&here->sysctls, dir, err);
}

static void undo_sysctl(struct here *here)
{
	struct err err = ERR_INIT;

	if (sysctl_restore(&here->sysctls, &err) < 0) {
		err_print(&err);
		record_put_note(&here->run->writer, err.text);
	}
}

static int do_own(struct here *here, struct err *err)
{
	if (cg_open_own(&here->cg, err) < 0)
		return -1;
	run_current_note(&here->run->writer, &here->cg, here->run->facts.in_container);
	return 0;
}

static int do_cgroup(struct here *here, struct err *err)
{
	struct run *run = here->run;

	if (cg_name(&run->home, &here->cg, err) < 0 ||
	    run_guard_check(guardian_take_cgroup(run->guardian, here->cg.parent, here->cg.name,
						 here->cg.freezer_parent),
			    err) < 0)
		return -1;
	return cg_create(&run->home, &here->cg, err);
}

static void undo_cgroup(struct here *here)
{
	struct err err = ERR_INIT;

	if (cg_destroy(&here->cg, &err) < 0) {
		err_print(&err);
		record_put_note(&here->run->writer, err.text);
	}
}

static int do_limits(struct here *here, struct err *err)
{
	const struct spec *spec = &here->run->spec;
	const struct cgroup_limits limits = {
		.memory_max = spec->memory_max,
		.memory_high = spec->memory_high,
		.memory_swap_max = spec->memory_swap_max,
		.oom_group = spec->oom_group,
	};

	return cg_limit(&here->cg, &limits, err);
}

static int do_ring(struct here *here, struct err *err)
{
	if (here->run->preload)
		here->ring =
			trace_ring_create_counting(RING_BYTES, run_preload_follow(here->run), err);
	else
		here->ring =
			trace_ring_create(here->cg.is_shared ? SHARED_RING_BYTES : RING_BYTES, err);
	return here->ring ? 0 : -1;
}

static void undo_ring(struct here *here)
{
	trace_ring_free(here->ring);
}

static int do_container(struct here *here, struct err *err)
{
	return run_container_start(here->run, trace_ring_fd(here->ring), &here->target, &here->cg,
				   err);
}

static void undo_container(struct here *here)
{
	/* A removal that has begun goes on while the report is written. */
	if (!container_is_being_removed(&here->run->container.made))
		run_container_remove(here->run);
	target_close(&here->target);
	undo_cgroup(here);
}

static int do_in_force(struct here *here, struct err *err)
{
	const struct cgroup_limits limits = {
		.memory_max = here->run->spec.memory_max,
		.memory_swap_max = here->run->spec.memory_swap_max,
	};

	return cg_check_limits(&here->cg, &limits, err);
}

static int do_engine(struct here *here, struct err *err)
{
	(void)err;
	run_container_ask(here->run, here->target.pid, capture_saw_end(here->capture));
	return 0;
}

static void show_progress(const struct capture_status *status, void *ctx)
{
	struct live *live = ctx;

	live->current_bytes = status->current_bytes;
	live->max_bytes = status->max_bytes;
	live->oom_kill = status->oom_kill;
	live_update(live);
}

static int do_sources(struct here *here, struct err *err)
{
	const struct capture_config config = {
		.writer = &here->run->writer,
		.cg = &here->cg,
		.timeout_ns = here->run->spec.timeout_ns,
		.is_guest = here->run->facts.is_guest,
		.in_container = here->run->facts.in_container,
		.profiles = !here->run->options->no_touch_profile,
		.premortem_percent = here->run->options->premortem_percent,
		.core_dir = here->run->options->premortem_core ? &here->run->folder : NULL,
		.ring = here->ring,
		.guardian = here->run->guardian,
		.program = here->run->path,
		.pid_map = &here->run->pid_map,
		.progress = show_progress,
		.ctx = &here->run->live,
	};

	settings_write(&here->run->writer);
	if (here->run->facts.in_container)
		record_put_setting(&here->run->writer, "in_container", "1");
	here->capture = capture_open(&config, err);
	if (here->capture && here->target.is_foreign)
		capture_attach(here->capture, &here->target);
	return here->capture ? 0 : -1;
}

static void undo_sources(struct here *here)
{
	if (here->capture)
		capture_close(here->capture);
}

static int do_start(struct here *here, struct err *err)
{
	const struct target_fd ring = {TRACE_FD_ENV, trace_ring_fd(here->ring)};
	const int64_t score = here->run->spec.oom_score_adj;
	const struct target_request request = {
		.argv = here->run->argv,
		.path = here->run->path,
		.cg = &here->cg,
		.oom_score_adj = score == SPEC_KEEP && here->cg.is_shared ? CURRENT_VICTIM_SCORE
									  : score,
		.fds = &ring,
		.fd_count = 1,
		.preload = here->run->preload,
	};

	if (target_start(&request, &here->target, err) < 0 ||
	    run_guard_check(guardian_take_process(here->run->guardian, here->target.pidfd), err) <
		    0)
		return -1;
	record_put_start(&here->run->writer, io_now_ns(), here->target.pid,
			 here->cg.levels[0].path);
	capture_attach(here->capture, &here->target);
	return 0;
}

static void undo_start(struct here *here)
{
	target_close(&here->target);
}

static int do_gate(struct here *here, struct err *err)
{
	/* A command prints to the same terminal, where nobody could keep the two apart. */
	if (!here->run->spec.name)
		live_end(&here->run->live);
	live_stage(&here->run->live, "running");
	record_put_gate(&here->run->writer, io_now_ns());
	/*
	 * As soon as the target runs it may stop this process, so the guardian needs the deadline
	 * now.
	 */
	guardian_set_deadline(here->run->guardian, io_now_ns() + here->run->spec.timeout_ns);
	if (target_release(&here->target, here->run->argv[0], err) < 0)
		return -1;
	if (here->target.is_foreign)
		run_container_released(here->run);
	return 0;
}

static int do_watch(struct here *here, struct err *err)
{
	(void)err;
	here->run->signal = capture_watch(here->capture, &here->target);
	live_stage(&here->run->live, "ended");
	return 0;
}

static int do_finish(struct here *here, struct err *err)
{
	capture_finish(here->capture);
	modules_release(&here->run->modules);
	here->run->modules = capture_take_modules(here->capture);
	if (run_trace_write(here->run, here->ring, err) < 0)
		return -1;
	/* An engine learns of the end meanwhile. The host does this for a guest, see run_vm(). */
	return here->run->options->inside_guest ? 0 : run_trace_write_sites(here->run, err);
}

struct step {
	int (*act)(struct here *here, struct err *err);
	void (*undo)(struct here *here); /* called also when `act` failed half-way */
};

static const struct step steps[OP_COUNT] = {
	[OP_PROTECT] = {do_protect, undo_protect},
	[OP_SYSCTL] = {do_sysctl, undo_sysctl},
	[OP_OWN] = {do_own, undo_cgroup},
	[OP_CGROUP] = {do_cgroup, undo_cgroup},
	[OP_LIMITS] = {do_limits, NULL},
	[OP_RING] = {do_ring, undo_ring},
	[OP_CONTAINER] = {do_container, undo_container},
	[OP_IN_FORCE] = {do_in_force, NULL},
	[OP_SOURCES] = {do_sources, undo_sources},
	[OP_START] = {do_start, undo_start},
	[OP_GATE] = {do_gate, NULL},
	[OP_WATCH] = {do_watch, NULL},
	[OP_FINISH] = {do_finish, NULL},
	[OP_ENGINE] = {do_engine, NULL},
};

static int execute(struct here *here, struct err *err)
{
	const struct plan *plan = &here->run->plan;
	size_t done = 0;
	int r = 0;

	while (done < plan->op_count && r == 0)
		r = steps[plan->ops[done++]].act(here, err);
	while (done--)
		if (steps[plan->ops[done]].undo)
			steps[plan->ops[done]].undo(here);
	return r;
}

/* Whether a signal such as ^C ended the run before there was anything to watch. */
static bool was_stopped(struct run *run)
{
	const struct timespec now = {0};
	int signal = run->signal ? run->signal : sigtimedwait(&run->signals, NULL, &now);

	run->signal = signal > 0 ? signal : 0;
	return run->signal > 0;
}

int run_here_probe(struct run *run, struct err *err)
{
	(void)err;
	if (cg_find_home(&run->home, &run->reasons.cgroup) < 0)
		run->facts.cgroup_reason = run->reasons.cgroup.text;
	run->facts.cgroup_version = run->home.version;
	run->facts.cgroup_parent = run->home.parent;
	return 0;
}

int run_here(struct run *run, struct err *err)
{
	struct here here = {.run = run, .target = TARGET_INIT};
	int r = execute(&here, err);

	if (r < 0 && was_stopped(run)) {
		record_put_watchdog(&run->writer, io_now_ns(), WATCHDOG_INTERRUPT);
		r = 0;
	}
	if (r < 0)
		record_put_error(&run->writer, err->text);
	guardian_leave_record(run->guardian);
	record_put_end(&run->writer, io_now_ns());
	return r;
}
