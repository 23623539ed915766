#include "profile/rss_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static struct rss_process *find(const struct rss_ledger *ledger, pid_t pid)
{
	for (size_t i = ledger->count; i-- > 0;)
		if (ledger->processes[i].pid == pid)
			return &ledger->processes[i];
	return NULL;
}

struct rss_process *rss_ledger_process(struct rss_ledger *ledger, pid_t pid)
{
	struct rss_process *p = find(ledger, pid);

	if (p || ledger->count == RSS_PROCESSES_MAX)
		return p;
	if (!(ledger->count & (ledger->count - 1)))
		ledger->processes = xrealloc(ledger->processes,
					     ledger->count ? ledger->count * 2 : 1,
					     sizeof(*ledger->processes));
	p = &ledger->processes[ledger->count++];
	*p = (struct rss_process){.pid = pid};
	return p;
}

/* A child made by vfork(2) works in its parent's memory until it execs. */
static struct rss_process *owner_of(struct rss_ledger *ledger, const struct perf_event *event)
{
	struct rss_process *p = rss_ledger_process(ledger, event->pid), *parent;

	parent = p && !p->has_mm ? find(ledger, p->parent) : NULL;
	return parent && parent->has_mm && parent->mm_id == event->mm_id ? parent : p;
}

/* An ending thread has released its mm already when its last pages are counted. */
static struct rss_process *leaving_process(const struct rss_ledger *ledger,
					   const struct perf_event *event)
{
	struct rss_process *p = find(ledger, event->pid);

	return p && p->has_mm && p->mm_id == event->mm_id && p->is_seen[event->counter] &&
			       event->size > p->size[event->counter]
		       ? p
		       : NULL;
}

static int64_t resident(const struct rss_process *p)
{
	return p->size[RSS_FILE] + p->size[RSS_ANON] + p->size[RSS_SHMEM];
}

int64_t rss_ledger_gain(struct rss_ledger *ledger, const struct perf_event *event)
{
	const enum rss_counter c = event->counter;
	struct rss_process *p = event->is_current ? owner_of(ledger, event)
						  : leaving_process(ledger, event);
	int64_t last;

	ledger->pages += event->period;
	if (!p || event->t_ns < p->t_ns[c])
		return 0;
	p->has_mm = true;
	p->mm_id = event->mm_id;
	if (!p->is_seen[c] && (p->is_forked_unseen || p->inherited[c] > event->size))
		p->inherited[c] = event->size;
	last = p->is_seen[c] ? p->size[c] : p->inherited[c];
	rss_ledger_set_size(ledger, p, event, event->size);
	return event->size - last;
}

void rss_ledger_set_size(struct rss_ledger *ledger, struct rss_process *p,
			 const struct perf_event *event, int64_t size)
{
	const enum rss_counter c = event->counter;

	p->is_seen[c] = true;
	p->size[c] = size;
	p->t_ns[c] = event->t_ns;
	p->pages[c] = ledger->pages;
	p->highest = resident(p) > p->highest ? resident(p) : p->highest;
}

uint64_t rss_ledger_pages(struct rss_ledger *ledger, const struct perf_event *event)
{
	const struct rss_process *p = owner_of(ledger, event);

	return ledger->pages + event->period - (p ? p->pages[event->counter] : 0);
}

uint64_t rss_ledger_last_ns(struct rss_ledger *ledger, const struct perf_event *event)
{
	const struct rss_process *p = owner_of(ledger, event);

	return p ? p->t_ns[event->counter] : 0;
}

void rss_ledger_add_unseen(struct rss_ledger *ledger, pid_t pid, enum rss_counter counter,
			   int64_t bytes)
{
	struct rss_process *p = find(ledger, pid);

	if (!p)
		return;
	p->size[counter] += bytes;
	p->highest += bytes;
}

void rss_ledger_was_higher(struct rss_ledger *ledger, pid_t pid, int64_t bytes)
{
	struct rss_process *p = find(ledger, pid);

	if (p)
		p->highest += bytes;
}

void rss_ledger_peak(struct rss_ledger *ledger, pid_t pid, int64_t bytes, bool is_killed)
{
	struct rss_process *p = find(ledger, pid);

	if (!p || p->has_forked)
		return;
	p->peak = bytes;
	p->is_killed = is_killed;
}

int64_t rss_ledger_missing(const struct rss_ledger *ledger, pid_t pid, uint64_t *unheard_ns)
{
	const struct rss_process *p = find(ledger, pid);
	uint64_t heard_ns = 0;

	*unheard_ns = 0;
	if (!p)
		return -1;
	for (int c = 0; c < RSS_COUNT; c++)
		heard_ns = p->t_ns[c] > heard_ns ? p->t_ns[c] : heard_ns;
	*unheard_ns = p->end_ns > heard_ns ? p->end_ns - heard_ns : 0;
	if (p->peak <= 0 || (p->is_killed && p->peak <= p->highest))
		return -1;
	return p->peak > p->highest ? p->peak - p->highest : 0;
}

static void end_copy(struct rss_ledger *ledger, struct rss_process *p)
{
	ledger->copies -= p->is_copy;
	p->is_copy = false;
}

void rss_ledger_exit(struct rss_ledger *ledger, pid_t pid, uint64_t t_ns)
{
	struct rss_process *p = find(ledger, pid);

	if (!p)
		return;
	p->end_ns = t_ns;
	end_copy(ledger, p);
}

void rss_ledger_fork(struct rss_ledger *ledger, const struct perf_event *event,
		     bool is_forked_unseen)
{
	struct rss_process *p = rss_ledger_process(ledger, event->pid), *parent;

	if (!p)
		return;
	ledger->copies += !p->is_copy;
	*p = (struct rss_process){
		.pid = event->pid,
		.parent = event->parent,
		.has_forked = true,
		.is_copy = true,
		.is_forked_unseen = is_forked_unseen,
	};
	parent = find(ledger, event->parent);
	if (!parent)
		return;
	parent->has_forked = true;
	p->is_watched = parent->is_watched;
	memcpy(p->inherited, parent->is_seen[RSS_ANON] ? parent->size : parent->inherited,
	       sizeof(p->inherited));
}

void rss_ledger_exec(struct rss_ledger *ledger, const struct perf_event *event)
{
	struct rss_process *p = rss_ledger_process(ledger, event->pid);

	if (!p)
		return;
	end_copy(ledger, p);
	*p = (struct rss_process){
		.pid = event->pid, .parent = p->parent, .is_watched = p->is_watched};
}

void rss_ledger_release(struct rss_ledger *ledger)
{
	free(ledger->processes);
	*ledger = (struct rss_ledger){0};
}
