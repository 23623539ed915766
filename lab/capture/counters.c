/*
 * The counters of a run's cgroups as a source: memory.events and memory.events.local raise POLLPRI
 * when they change (Documentation/admin-guide/cgroup-v2.rst); on v1 the sampler reads them instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "capture/source.h"
#include "snapshot/cgroup_counters.h"

/* LIVELOCK_OOMS or more OOMs and no kill, for this long, are a livelock. */
#define LIVELOCK_NS INT64_C(3000000000)
enum { LIVELOCK_OOMS = 100 };

struct counters {
	struct record_counters before, now;
	bool has_after;	    /* the run's own counters of MOMENT_AFTER are written */
	bool has_told_loss; /* a note says that they could not be read */
	int64_t livelock_since_ns;
};

static bool is_empty(const struct record_counters *counters)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counters->value[i] != ABSENT)
			return false;
	return true;
}

/*
 * For a container's cgroup that its engine has removed already. A counter that was seen to grow has
 * grown so far at least; nothing is known of the others. False when there is nothing to write.
 */
static bool use_last_seen(struct capture *capture, int level, struct record_counters *all)
{
	if (level || capture->counters->has_after || !capture->target ||
	    !capture->target->is_foreign)
		return false;
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (capture->counters->now.value[i] != capture->counters->before.value[i])
			all->value[i] = capture->counters->now.value[i];
	if (!capture->counters->has_told_loss)
		record_put_note(
			capture->w,
			"The engine removed the container's cgroup before its counters could be read a last time: they are as last seen, and left out where nothing was seen");
	capture->counters->has_told_loss = true;
	return !is_empty(all);
}

/* Where the container's cgroup is gone, what the end reader read of it counts. */
static void read_level(const struct capture *capture, int level, struct record_counters *all,
		       struct record_counters *local)
{
	cgroup_counters_read(capture->cg, level, false, all);
	cgroup_counters_read(capture->cg, level, true, local);
	if (level || !capture->end_reader.is_taken || !is_empty(all))
		return;
	*all = capture->end_reader.events;
	*local = capture->end_reader.local;
}

void counters_write_all(struct capture *capture, enum moment when)
{
	for (int level = 0; level < capture->cg->level_count; level++) {
		struct record_counters all, local;

		read_level(capture, level, &all, &local);
		if (is_empty(&all) && !use_last_seen(capture, level, &all))
			continue;
		capture->counters->has_after |= !level && when == MOMENT_AFTER;
		record_put_counters(capture->w, io_now_ns(), level, when, &all,
				    capture->cg->version == 2 ? &local : NULL);
	}
}

static int open_events(struct capture *capture, char *why)
{
	int fd;

	capture->counters = xcalloc(1, sizeof(*capture->counters));
	cgroup_counters_read(capture->cg, 0, false, &capture->counters->before);
	capture->counters->now = capture->counters->before;
	if (capture->cg->version == 1) {
		snprintf(
			why, WHY_MAX,
			"under cgroup v1 memory.failcnt and memory.oom_control are read instead, with fewer facts");
		return -1;
	}
	fd = openat(capture->cg->levels[0].dirfd, "memory.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		snprintf(why, WHY_MAX, "memory.events: %s", strerror(errno));
	return fd;
}

/* Each kill and the first change of every other counter get a mark in the timeline. */
static void mark_change(struct capture *capture, enum counter which,
			const struct record_counters *new)
{
	int64_t was = capture->counters->now.value[which], is = new->value[which];
	if (is == ABSENT || is == was)
		return;
	if (which != COUNTER_OOM_KILL && was > capture->counters->before.value[which])
		return;
	record_put_mark(capture->w, io_now_ns(), (enum mark)(MARK_LOW + which), is);
}

void counters_take(struct capture *capture, const struct record_counters *new)
{
	if (is_empty(new))
		return;
	for (int i = 0; i < COUNTER_COUNT; i++)
		mark_change(capture, (enum counter)i, new);
	if (new->value[COUNTER_OOM_KILL] != capture->counters->now.value[COUNTER_OOM_KILL])
		cgroups_seen_below(capture);
	capture->counters->now = *new;
	if (new->value[COUNTER_OOM_KILL] != ABSENT)
		capture->status.oom_kill = new->value[COUNTER_OOM_KILL] -
					   capture->counters->before.value[COUNTER_OOM_KILL];
}

int64_t counters_now(const struct capture *capture, enum counter which)
{
	return capture->counters->now.value[which];
}

bool counters_show_livelock(struct capture *capture)
{
	struct counters *c = capture->counters;
	int64_t oom = c->now.value[COUNTER_OOM], kill = c->now.value[COUNTER_OOM_KILL];
	int64_t now = io_now_ns();

	if (oom == ABSENT || kill != c->before.value[COUNTER_OOM_KILL] ||
	    oom - c->before.value[COUNTER_OOM] < LIVELOCK_OOMS)
		c->livelock_since_ns = 0;
	else if (!c->livelock_since_ns)
		c->livelock_since_ns = now;
	return c->livelock_since_ns && now - c->livelock_since_ns > LIVELOCK_NS;
}

static void read_events(struct capture *capture)
{
	char text[512];
	struct record_counters new;
	int fd = capture->polls[SOURCE_EVENTS].fd;

	/* This read clears the notification; cgroup_counters_read() opens a file of its own. */
	if (fd >= 0 && pread(fd, text, sizeof(text), 0) < 0)
		return;
	cgroup_counters_read(capture->cg, 0, false, &new);
	counters_take(capture, &new);
}

static void close_events(struct capture *capture)
{
	free(capture->counters);
}

const struct source source_events = {
	.name = "memory.events",
	.open = open_events,
	.read = read_events,
	.close = close_events,
	.events = POLLPRI,
};
