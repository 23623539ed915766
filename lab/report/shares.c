#include "report/shares.h"

#include "report/story.h"

bool shares_is_listed(int64_t pid, const void *ctx)
{
	const struct oomlog_event *event = ctx;

	for (size_t i = 0; i < event->task_count; i++)
		if (event->tasks[i].pid == pid || event->tasks[i].tgid == pid)
			return true;
	return false;
}

static bool had_ended(int64_t pid, const void *event)
{
	return !shares_is_listed(pid, event);
}

/* It is in no table of the run's cgroup, and may be alive. */
static bool has_left(const struct record *r)
{
	for (size_t i = 0; i < r->process_count; i++)
		if (r->processes[i].cgroup)
			return true;
	return false;
}

/*
 * The kernel's table of the kill that ended the run, where all of it arrived: who is not in it had
 * ended. That of a cgroup below the run's has not all of them; after other kills there may be
 * processes that were started later. NULL: none.
 */
static const struct oomlog_event *table_at_end(const struct facts *f)
{
	const struct record *r = f->record;

	if (!f->kill || record_lost(r, LOSS_KMSG_LIMIT) || !f->kill->is_target ||
	    !f->kill->is_inside || !f->kill->is_dumped || story_limit_elsewhere(f) || has_left(r) ||
	    record_setting(r, "pid_namespace") || record_lost(r, LOSS_KMSG) ||
	    record_lost(r, LOSS_KMSG_FIRST) || !shares_is_listed(r->target_pid, &f->kill->event))
		return NULL;
	return &f->kill->event;
}

/* What they left in tmpfs and shared memory is charged without them. */
static bool left_something(const struct touches *ended)
{
	int64_t left = 0;

	for (size_t i = 0; i < ended->count; i++)
		left += ended->lines[i].kind == TOUCH_SHMEM ? ended->lines[i].bytes : 0;
	return left > ended->total / 50;
}

void shares_gather(const struct facts *f, struct shares *shares)
{
	const struct oomlog_event *event = table_at_end(f);

	*shares = (struct shares){0};
	if (event)
		touches_gather_if(f->record, had_ended, event, &shares->ended);
	if (shares->ended.count && !left_something(&shares->ended)) {
		touches_gather_if(f->record, shares_is_listed, event, &shares->there);
		shares->table = event;
		return;
	}
	touches_release(&shares->ended);
	touches_gather(f->record, &shares->there);
}

void shares_release(struct shares *shares)
{
	touches_release(&shares->there);
	touches_release(&shares->ended);
}

bool shares_has(int64_t pid, const void *shares)
{
	const struct oomlog_event *table = ((const struct shares *)shares)->table;

	return !table || shares_is_listed(pid, table);
}
