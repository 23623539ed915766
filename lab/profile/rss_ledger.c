#include "profile/rss_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static struct touch_process *find(const struct touch_scale *scale, pid_t pid)
{
	for (size_t i = scale->count; i-- > 0;)
		if (scale->processes[i].pid == pid)
			return &scale->processes[i];
	return NULL;
}

struct touch_process *touch_scale_process(struct touch_scale *scale, pid_t pid)
{
	struct touch_process *p = find(scale, pid);

	if (p || scale->count == TOUCH_PROCESSES_MAX)
		return p;
	if (!(scale->count & (scale->count - 1)))
		scale->processes = xrealloc(scale->processes, scale->count ? scale->count * 2 : 1,
					    sizeof(*scale->processes));
	p = &scale->processes[scale->count++];
	*p = (struct touch_process){.pid = pid};
	return p;
}

/* A child made by vfork(2) works in its parent's memory until it execs. */
static struct touch_process *owner_of(struct touch_scale *scale, const struct touch_event *event)
{
	struct touch_process *p = touch_scale_process(scale, event->pid), *parent;

	parent = p && !p->has_mm ? find(scale, p->parent) : NULL;
	return parent && parent->has_mm && parent->mm_id == event->mm_id ? parent : p;
}

/* A thread that ends has let go of its memory already when its last pages are counted. */
static struct touch_process *leaving_process(const struct touch_scale *scale,
					     const struct touch_event *event)
{
	struct touch_process *p = find(scale, event->pid);

	return p && p->has_mm && p->mm_id == event->mm_id && p->is_seen[event->counter] &&
			       event->size > p->size[event->counter]
		       ? p
		       : NULL;
}

static int64_t resident(const struct touch_process *p)
{
	return p->size[RSS_FILE] + p->size[RSS_ANON] + p->size[RSS_SHMEM];
}

int64_t touch_weigh(struct touch_scale *scale, const struct touch_event *event)
{
	const enum rss_counter m = event->counter;
	struct touch_process *p = event->is_current ? owner_of(scale, event)
						    : leaving_process(scale, event);
	int64_t last;

	scale->pages += event->period;
	if (!p || event->t_ns < p->t_ns[m])
		return 0;
	p->has_mm = true;
	p->mm_id = event->mm_id;
	if (!p->is_seen[m] && (p->is_blind || p->inherited[m] > event->size))
		p->inherited[m] = event->size;
	last = p->is_seen[m] ? p->size[m] : p->inherited[m];
	touch_scale_read(scale, p, event, event->size);
	return event->size - last;
}

void touch_scale_read(struct touch_scale *scale, struct touch_process *p,
		      const struct touch_event *event, int64_t size)
{
	const enum rss_counter m = event->counter;

	p->is_seen[m] = true;
	p->size[m] = size;
	p->t_ns[m] = event->t_ns;
	p->pages[m] = scale->pages;
	p->highest = resident(p) > p->highest ? resident(p) : p->highest;
}

uint64_t touch_scale_pages(struct touch_scale *scale, const struct touch_event *event)
{
	const struct touch_process *p = owner_of(scale, event);

	return scale->pages + event->period - (p ? p->pages[event->counter] : 0);
}

uint64_t touch_scale_last_ns(struct touch_scale *scale, const struct touch_event *event)
{
	const struct touch_process *p = owner_of(scale, event);

	return p ? p->t_ns[event->counter] : 0;
}

void touch_scale_grow(struct touch_scale *scale, pid_t pid, enum rss_counter counter, int64_t bytes)
{
	struct touch_process *p = find(scale, pid);

	if (!p)
		return;
	p->size[counter] += bytes;
	p->highest += bytes;
}

void touch_scale_was_higher(struct touch_scale *scale, pid_t pid, int64_t bytes)
{
	struct touch_process *p = find(scale, pid);

	if (p)
		p->highest += bytes;
}

void touch_scale_peak(struct touch_scale *scale, pid_t pid, int64_t bytes, bool is_killed)
{
	struct touch_process *p = find(scale, pid);

	if (!p || p->has_forked)
		return;
	p->peak = bytes;
	p->is_killed = is_killed;
}

int64_t touch_scale_missing(const struct touch_scale *scale, pid_t pid, uint64_t *unheard_ns)
{
	const struct touch_process *p = find(scale, pid);
	uint64_t heard_ns = 0;

	*unheard_ns = 0;
	if (!p)
		return -1;
	for (int m = 0; m < RSS_COUNT; m++)
		heard_ns = p->t_ns[m] > heard_ns ? p->t_ns[m] : heard_ns;
	*unheard_ns = p->end_ns > heard_ns ? p->end_ns - heard_ns : 0;
	if (p->peak <= 0 || (p->is_killed && p->peak <= p->highest))
		return -1;
	return p->peak > p->highest ? p->peak - p->highest : 0;
}

int64_t touch_scale_missed(struct touch_scale *scale, pid_t pid)
{
	struct touch_process *p = find(scale, pid);
	int64_t missed = p ? p->missed_faults : 0;

	if (p)
		p->missed_faults = 0;
	return missed;
}

static void end_copy(struct touch_scale *scale, struct touch_process *p)
{
	scale->copies -= p->is_copy;
	p->is_copy = false;
}

void touch_scale_exit(struct touch_scale *scale, pid_t pid, uint64_t t_ns)
{
	struct touch_process *p = find(scale, pid);

	if (!p)
		return;
	p->end_ns = t_ns;
	end_copy(scale, p);
}

void touch_scale_fork(struct touch_scale *scale, const struct touch_event *event, bool is_blind)
{
	struct touch_process *p = touch_scale_process(scale, event->pid), *parent;

	if (!p)
		return;
	scale->copies += !p->is_copy;
	*p = (struct touch_process){
		.pid = event->pid,
		.parent = event->parent,
		.has_forked = true,
		.is_copy = true,
		.is_blind = is_blind,
	};
	parent = find(scale, event->parent);
	if (!parent)
		return;
	parent->has_forked = true;
	p->is_watched = parent->is_watched;
	memcpy(p->inherited, parent->is_seen[RSS_ANON] ? parent->size : parent->inherited,
	       sizeof(p->inherited));
}

void touch_scale_exec(struct touch_scale *scale, const struct touch_event *event)
{
	struct touch_process *p = touch_scale_process(scale, event->pid);

	if (!p)
		return;
	end_copy(scale, p);
	*p = (struct touch_process){
		.pid = event->pid, .parent = p->parent, .is_watched = p->is_watched};
}

void touch_scale_release(struct touch_scale *scale)
{
	free(scale->processes);
	*scale = (struct touch_scale){0};
}
