#include "capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "capture/source.h"
#include "launch/guardian.h"
#include "profile/profile.h"
#include "snapshot/premortem.h"
#include "symbols/unwind.h"

#define END_PATIENCE_MS	    5000
#define PID_MAP_INTERVAL_NS INT64_C(10000000)

static const struct source *const sources[SOURCE_COUNT] = {
	[SOURCE_KMSG] = &source_kmsg,
	[SOURCE_EVENTS] = &source_events,
	[SOURCE_MARK_VICTIM] = &source_mark_victim,
	[SOURCE_SAMPLER] = &source_sampler,
	[SOURCE_FAMILY] = &source_family,
	[SOURCE_TOUCH] = &source_touch,
	[SOURCE_SIGNALS] = &source_signals,
	[SOURCE_GUARDIAN] = &source_guardian,
	[SOURCE_TARGET] = &source_target,
	[SOURCE_SCENARIO] = &source_scenario,
};

static int open_source(struct capture *capture, int i, struct err *err)
{
	char why[WHY_MAX] = "";
	int fd;

	capture->polls[i] = (struct pollfd){.fd = -1, .events = sources[i]->events};
	if (!sources[i]->open)
		return 0;
	fd = sources[i]->open(capture, why);
	capture->polls[i].fd = fd < 0 ? -1 : fd;
	if (fd == SOURCE_NEEDLESS)
		record_put_needless(capture->w, sources[i]->name, why);
	else if (sources[i]->name)
		record_put_source(capture->w, sources[i]->name, fd >= 0, fd < 0 ? why : NULL);
	else if (fd < 0)
		return err_set(err, EXIT_LAB_BROKEN, "cannot watch the run: %s", why);
	return 0;
}

static void write_limits(struct capture *capture)
{
	for (int level = 0; level < capture->cg->level_count; level++) {
		struct cgroup_limits limits;

		cg_read_limits(capture->cg, level, &limits);
		record_put_cgroup(capture->w, level, capture->cg->levels[level].path, &limits);
		if (level == 0)
			capture->status.max_bytes = limits.memory_max.is_set &&
								    !limits.memory_max.is_max
							    ? (int64_t)limits.memory_max.bytes
							    : INT64_MAX;
	}
}

static void sample_for_premortem(void *ctx, int64_t value[METRIC_COUNT])
{
	struct capture *capture = ctx;

	sampler_take(capture);
	sampler_find_memory_files(capture);
	memcpy(value, sampler_last(capture)->value, sizeof(sampler_last(capture)->value));
}

static void arm_premortem(struct capture *capture)
{
	const struct premortem_config config = {
		.w = capture->w,
		.cg = capture->cg,
		.percent = capture->config.premortem_percent,
		.core_dir = capture->config.core_dir,
		.ring = capture->config.ring,
		.sample = sample_for_premortem,
		.ctx = capture,
	};

	premortem_arm(&capture->premortem, &config);
}

/* While the target is frozen its timeout does not run. */
static void check_premortem(struct capture *capture)
{
	if (!capture->target_ended)
		capture->deadline_ns += premortem_check(&capture->premortem, capture->target,
							capture->profile,
							counters_now(capture, COUNTER_HIGH));
}

struct capture *capture_open(const struct capture_config *config, struct err *err)
{
	struct capture *capture = xcalloc(1, sizeof(*capture));

	capture->config = *config;
	capture->w = config->writer;
	capture->cg = config->cg;
	capture->status = (struct capture_status){.current_bytes = ABSENT};
	capture->usage_fd = -1;
	for (int i = 0; i < SOURCE_COUNT; i++)
		capture->polls[i].fd = -1;
	write_limits(capture);
	guest_files_read(capture, &(struct record_sample){.t_ns = 0});
	for (int i = 0; i < SOURCE_COUNT; i++)
		if (open_source(capture, i, err) < 0) {
			capture_close(capture);
			return NULL;
		}
	counters_write_all(capture, MOMENT_BEFORE);
	arm_premortem(capture);
	return capture;
}

/* The file is held open because read_headroom() reads it at every wakeup. */
static void open_usage(struct capture *capture)
{
	const struct cg *cg = capture->cg;
	const char *name = cg->version == 2 ? "memory.current" : "memory.usage_in_bytes";

	if (capture->status.max_bytes != INT64_MAX)
		capture->usage_fd = openat(cg->levels[0].dirfd, name, O_RDONLY | O_CLOEXEC);
}

void capture_attach(struct capture *capture, const struct target *target)
{
	char why[WHY_MAX] = "";

	family_open(capture, target->pid);
	if (!capture->config.profiles)
		return;
	capture->profile = profile_open(target->pid, target->is_foreign, why, sizeof(why));
	record_put_source(capture->w, RECORD_SOURCE_TOUCH, capture->profile, *why ? why : NULL);
	if (!capture->profile)
		return;
	unwind_hint(profile_unwind(capture->profile), capture->config.program);
	capture->polls[SOURCE_TOUCH] =
		(struct pollfd){.fd = profile_fd(capture->profile), .events = POLLIN};
	open_usage(capture);
}

/* The profile counts every page when little headroom is left. */
static void read_headroom(struct capture *capture)
{
	char text[32];
	ssize_t n = capture->usage_fd < 0 ? -1
					  : pread(capture->usage_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return;
	text[n] = '\0';
	profile_set_headroom(capture->profile, capture->status.max_bytes - strtoll(text, NULL, 10));
}

static void read_touch(struct capture *capture)
{
	read_headroom(capture);
	profile_drain(capture->profile);
}

/*
 * The guardian writes a deed also when it found no process left: then the target ended by itself.
 */
static bool has_guardian_ended_run(const struct capture *capture)
{
	return capture->deed.ended > 0;
}

static void read_guardian(struct capture *capture)
{
	struct guardian_deed *deed = &capture->deed;

	if (!guardian_read(capture->config.guardian, deed))
		return;
	if (deed->why == GUARDIAN_NOTHING)
		record_put_note(
			capture->w,
			"The run's guardian was ended while the run went on: had oomlab been ended, too, nothing would have stopped the target");
	capture->polls[SOURCE_GUARDIAN].fd = guardian_fd(capture->config.guardian);
}

/* Its descriptor is put in by capture_watch(). */
const struct source source_guardian = {
	.read = read_guardian,
	.events = POLLIN,
};

/* Its descriptor is put in by capture_attach(). */
const struct source source_touch = {
	.read = read_touch,
	.events = POLLIN,
};

static int wait_ms(const struct capture *capture)
{
	int64_t left = capture->deadline_ns - io_now_ns();

	return left <= 0 ? 0 : left > INT64_C(1000000000) ? 1000 : (int)(left / 1000000) + 1;
}

/* No limit holds the target any more, so it must not go on. */
static void stop_escaped(struct capture *capture)
{
	_cleanup_free_ char *text = text_format(
		"the program left its cgroup for '%s', where the limits of this run do not hold, and oomlab stopped it",
		capture->escaped_to);

	record_put_error(capture->w, text);
	syscall(SYS_pidfd_send_signal, capture->target->pidfd, SIGKILL, NULL, 0);
}

static enum watchdog why_stop(struct capture *capture)
{
	if (has_guardian_ended_run(capture))
		return WATCHDOG_TIMEOUT;
	if (capture->stop_signal)
		return WATCHDOG_INTERRUPT;
	if (capture->escaped_to)
		return WATCHDOG_ESCAPE;
	if (counters_show_livelock(capture))
		return WATCHDOG_LIVELOCK;
	return io_now_ns() >= capture->deadline_ns ? WATCHDOG_TIMEOUT : WATCHDOG_NONE;
}

/* A killed process leaves its cgroup some time before it can be waited for. */
static void await_end(struct capture *capture)
{
	struct pollfd end = {.fd = capture->target->pidfd, .events = POLLIN};

	if (capture->target_ended)
		return;
	poll(&end, 1, END_PATIENCE_MS);
	source_target.read(capture);
}

static void stop_all(struct capture *capture, enum watchdog why)
{
	if (has_guardian_ended_run(capture)) { /* the guardian has written its line */
		await_end(capture);
		return;
	}
	/* Read before the kill: what the target looked like when it was stopped. */
	sampler_take(capture);
	record_put_watchdog(capture->w, io_now_ns(), why);
	if (capture->escaped_to)
		stop_escaped(capture);
	family_stop(capture);
	cg_kill(capture->cg);
	await_end(capture);
}

static void poll_once(struct capture *capture, int timeout_ms)
{
	if (poll(capture->polls, SOURCE_COUNT, timeout_ms) <= 0)
		return;
	for (int i = 0; i < SOURCE_COUNT; i++)
		if (capture->polls[i].fd >= 0 && capture->polls[i].revents)
			sources[i]->read(capture);
}

/* Runs after each wakeup, at most once in PID_MAP_INTERVAL_NS. */
static void update_pid_map(struct capture *capture)
{
	int64_t now = io_now_ns();

	if (!capture->config.pid_map || now - capture->pid_map_ns < PID_MAP_INTERVAL_NS)
		return;
	pid_map_look(capture->config.pid_map, capture->cg->levels[0].dirfd, "/proc");
	capture->pid_map_ns = io_now_ns();
}

static void watch_once(struct capture *capture)
{
	poll_once(capture, wait_ms(capture));
	update_pid_map(capture);
	check_premortem(capture);
}

/*
 * While the launcher was stopped the guardian may have ended the target, and the loop saw only
 * that.
 */
static enum watchdog why_ended_by_guardian(struct capture *capture)
{
	read_guardian(capture);
	return has_guardian_ended_run(capture) ? WATCHDOG_TIMEOUT : WATCHDOG_NONE;
}

int capture_watch(struct capture *capture, struct target *target)
{
	enum watchdog why = WATCHDOG_NONE;

	capture->target = target;
	capture->polls[SOURCE_TARGET].fd = target->pidfd;
	capture->polls[SOURCE_SCENARIO].fd = target->scenario_fd;
	capture->started_ns = io_now_ns();
	capture->deadline_ns = capture->started_ns + capture->config.timeout_ns;
	capture->polls[SOURCE_GUARDIAN].fd = guardian_fd(capture->config.guardian);
	if (target->is_foreign)
		end_reader_start(&capture->end_reader, capture->cg, target);
	while (!capture->target_ended && !(why = why_stop(capture)))
		watch_once(capture);
	why = why ? why : why_ended_by_guardian(capture);
	if (why)
		stop_all(capture, why);
	guardian_set_deadline(capture->config.guardian, 0);
	capture->polls[SOURCE_TARGET].fd = capture->polls[SOURCE_SCENARIO].fd = -1;
	capture->polls[SOURCE_GUARDIAN].fd = -1;
	return capture->stop_signal;
}

static void end_leftovers(struct capture *capture)
{
	int left;
	char text[128];

	/* The engine ends what is left in a container. */
	if (capture->target && capture->target->is_foreign)
		return;
	left = cg_population(capture->cg);
	if (!left)
		return;
	snprintf(text, sizeof(text),
		 "%s of the target %s still running at its end and stopped by oomlab",
		 TEXT_COUNT(left, "process"), left == 1 ? "was" : "were");
	record_put_note(capture->w, text);
	cg_kill(capture->cg);
	processes_reap(capture);
}

static void put_losses(struct capture *capture)
{
	for (int i = 0; i < SOURCE_COUNT; i++)
		if (sources[i]->put_losses)
			sources[i]->put_losses(capture);
}

static void finish_touch(struct capture *capture)
{
	if (!capture->profile) {
		capture->modules = premortem_take_modules(&capture->premortem);
		return;
	}
	profile_drain(capture->profile);
	profile_write(capture->profile, capture->w);
	capture->modules = profile_take_modules(capture->profile);
	profile_free(STEAL(capture->profile));
	capture->polls[SOURCE_TOUCH].fd = -1;
}

void capture_finish(struct capture *capture)
{
	int64_t left;

	source_events.read(capture);
	premortem_disarm(&capture->premortem);
	sampler_take(capture);
	family_end(capture);
	end_leftovers(capture);
	source_events.read(capture);
	cgroups_seen_below(capture);
	counters_write_all(capture, MOMENT_AFTER);
	if (capture->polls[SOURCE_MARK_VICTIM].fd >= 0)
		source_mark_victim.read(capture);
	finish_touch(capture);
	kmsg_await_quiet(capture, capture->status.oom_kill);
	sampler_take(capture);
	guest_files_note(capture, sampler_last(capture));
	/* In a shared cgroup what oomlab holds cannot be told from what was left behind. */
	left = sampler_last(capture)->value[METRIC_CURRENT];
	if (left != ABSENT && !capture->cg->is_shared)
		record_put_residue(capture->w, left);
	put_losses(capture);
}

struct modules capture_take_modules(struct capture *capture)
{
	struct modules taken = capture->modules;

	capture->modules = (struct modules){0};
	return taken;
}

bool capture_saw_end(const struct capture *capture)
{
	return capture->end_known;
}

void capture_close(struct capture *capture)
{
	static const int own[] = {SOURCE_KMSG, SOURCE_EVENTS, SOURCE_SAMPLER, SOURCE_SIGNALS};

	end_reader_stop(&capture->end_reader);
	for (int i = 0; i < SOURCE_COUNT; i++)
		if (sources[i]->close)
			sources[i]->close(capture);
	guest_files_close(capture);
	cgroups_seen_release(&capture->cgroups_seen);
	if (capture->usage_fd >= 0)
		close(capture->usage_fd);
	profile_free(capture->profile);
	free(capture->escaped_to);
	modules_release(&capture->modules);
	premortem_release(&capture->premortem);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (capture->polls[own[i]].fd >= 0)
			close(capture->polls[own[i]].fd);
	free(capture);
}
