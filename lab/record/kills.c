#include "record/kills.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "oomlog/event_fields.h"
#include "record/query.h"

struct search {
	const struct record *record;
	struct kills *kills;
};

bool cgroup_is_within(const char *path, const char *top)
{
	size_t len;

	if (!path || !top)
		return false;
	len = strlen(top);
	if (len && top[len - 1] == '/')
		len--;
	return !strncmp(path, top, len) && (!path[len] || path[len] == '/');
}

/* NULL for "/": inside a cgroup namespace each process sees that path. */
static const char *own_path(const struct record *r)
{
	return r->cgroup_path && strcmp(r->cgroup_path, "/") ? r->cgroup_path : NULL;
}

/* In a cgroup namespace the container's id, which is a part of the path, tells its cgroup. */
static bool is_own_memcg(const struct record *r, const char *memcg)
{
	const char *id = record_setting(r, "container_id");

	if (own_path(r))
		return cgroup_is_within(memcg, own_path(r));
	return id && *id && memcg && strstr(memcg, id);
}

/*
 * In a pid namespace a run has other pids than the kernel log: there its processes are found by
 * their cgroup, and the target among them by its name and its end.
 */
static bool has_foreign_pids(const struct record *r)
{
	return record_setting(r, "pid_namespace");
}

static bool is_named_as_target(const struct record *r, const char *comm)
{
	const char *slash, *name = r->argc ? r->argv[0] : "";

	slash = strrchr(name, '/');
	name = slash ? slash + 1 : name;
	return comm && record_target_got_sigkill(r) && !strncmp(comm, name, 15);
}

static bool is_target(const struct record *r, const struct oomlog_victim *victim)
{
	if (has_foreign_pids(r))
		return is_named_as_target(r, victim->comm);
	return is_known(r->target_pid) && victim->pid == r->target_pid;
}

static bool is_pid_of_run(const struct record *r, int64_t pid)
{
	if (!is_known(pid) || has_foreign_pids(r))
		return false;
	if (pid == r->target_pid)
		return true;
	for (size_t i = 0; i < r->end_count; i++)
		if (r->ends[i].pid == pid)
			return true;
	for (size_t i = 0; i < r->process_count; i++)
		if (r->processes[i].pid == pid)
			return true;
	return false;
}

/* The record has the pid of each process that the target started. */
static bool knows_pids(const struct record *r)
{
	const struct record_source *source = record_source_named(r, RECORD_SOURCE_PROCESSES);

	return source && source->is_open && !record_lost(r, LOSS_PROCESS_RECORDS) &&
	       !has_foreign_pids(r);
}

/* A kill line without the report that names cgroups. */
static bool is_bare(const struct oomlog_event *e, size_t i)
{
	return !e->oom_memcg && !e->group_memcg && !(i == 0 && e->task_memcg) &&
	       is_known(e->victims[i].pid);
}

bool kills_is_unknown(const struct record *r, const struct kills *kills,
		      const struct oomlog_event *e, size_t i)
{
	return is_bare(e, i) && !kills_is_of_run(r, kills, e, i) &&
	       (!knows_pids(r) || kills->missing > 0);
}

/*
 * The cgroup of the first victim is in the event. The further victims of a group kill are below
 * the memcg of the group, which is below oom_memcg.
 */
bool kills_is_of_run(const struct record *r, const struct kills *kills,
		     const struct oomlog_event *e, size_t i)
{
	if (is_pid_of_run(r, e->victims[i].pid))
		return true;
	if (kills->takes_bare && is_bare(e, i))
		return true;
	if (is_own_memcg(r, e->oom_memcg))
		return true;
	if (is_own_memcg(r, e->group_memcg))
		return true;
	return i == 0 && is_own_memcg(r, e->task_memcg);
}

static size_t find_chosen(const struct oomlog_event *e)
{
	size_t i = 0;

	while (i < e->victim_count && e->victims[i].pid != e->summary_pid)
		i++;
	return is_known(e->summary_pid) ? i : e->victim_count;
}

/* Counts a process once: the chosen one of a group has two lines. False: it was counted before. */
static bool count_victim(struct kills *kills, int64_t pid, const struct kill *kill)
{
	for (size_t i = 0; is_known(pid) && i < kills->pid_count; i++)
		if (kills->pids[i] == pid) {
			kills->repeated++;
			return false;
		}
	kills->pids = xrealloc(kills->pids, kills->pid_count + 1, sizeof(*kills->pids));
	kills->pids[kills->pid_count++] = pid;
	kills->victims++;
	kills->outside += kill->is_outside;
	kills->undumped += !kill->is_dumped;
	return true;
}

static void judge_victim(struct search *s, struct kill *kill, size_t i)
{
	const struct oomlog_event *e = &kill->event;

	if (!kills_is_of_run(s->record, s->kills, e, i)) {
		s->kills->bare += is_bare(e, i);
		s->kills->unknown += kills_is_unknown(s->record, s->kills, e, i);
		return;
	}
	if (kill->first_own == e->victim_count)
		kill->first_own = i;
	if (!count_victim(s->kills, e->victims[i].pid, kill))
		return;
	if (is_target(s->record, &e->victims[i]))
		kill->is_target = true;
	else
		kill->child_count++;
}

/* Where a process of the run was last seen, outside of its cgroup; NULL: never. */
static const char *last_seen_outside(const struct record *r, int64_t pid)
{
	const char *cgroup = NULL;

	for (size_t i = 0; i < r->process_count; i++)
		if (r->processes[i].pid == pid && r->processes[i].cgroup)
			cgroup = r->processes[i].cgroup;
	return cgroup;
}

/* Without the kernel's report the victim's cgroup is where it was last seen. */
static void find_outside(const struct record *r, struct kill *kill)
{
	const struct oomlog_event *e = &kill->event;

	if (e->task_memcg) {
		kill->is_outside = own_path(r) && !is_own_memcg(r, e->task_memcg);
		return;
	}
	for (size_t i = 0; i < e->victim_count && !kill->left_for; i++)
		if (is_pid_of_run(r, e->victims[i].pid))
			kill->left_for = last_seen_outside(r, e->victims[i].pid);
	kill->is_outside = kill->left_for != NULL;
}

static struct kill judge(struct search *s, const struct oomlog_event *e)
{
	const struct record *r = s->record;
	struct kill kill = {.event = *e,
			    .first_own = e->victim_count,
			    .chosen = find_chosen(e),
			    .is_inside = is_own_memcg(r, e->oom_memcg),
			    .is_dumped = e->invoker_comm || e->lines.invoked};

	find_outside(r, &kill);
	for (size_t i = 0; i < e->victim_count; i++)
		judge_victim(s, &kill, i);
	if (kill.first_own < e->victim_count)
		s->kills->repeated += (size_t)e->duplicate_kills;
	return kill;
}

static bool is_global(const struct oomlog_event *e)
{
	return e->scope == SCOPE_GLOBAL;
}

static void on_event(const struct oomlog_event *e, void *ctx)
{
	struct search *s = ctx;
	struct kills *kills = s->kills;
	struct kill kill = judge(s, e);

	if (!kill.is_target && !kill.child_count && !kill.is_inside && !is_global(e) &&
	    !cgroup_is_within(own_path(s->record), e->oom_memcg))
		return;
	kills->no_victim += kill.is_inside && !e->victim_count;
	if (kills->count >= KILLS_MAX) {
		kills->dropped++;
		return;
	}
	event_fields_own(&kill.event, &kills->texts);
	kills->items = xrealloc(kills->items, kills->count + 1, sizeof(*kills->items));
	kills->items[kills->count++] = kill;
}

static void feed(struct oomlog *log, const struct record *r)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < r->kmsg_count; i++) {
		const struct record_kmsg *k = &r->kmsg[i];
		int64_t t_ns = or_zero(k->t_ns);

		strbuf_clear(&sb);
		strbuf_printf(&sb, "%d,%llu,%lld,-;", k->priority, (unsigned long long)k->seq,
			      (long long)(t_ns / 1000));
		for (const char *p = k->text; *p; p++)
			strbuf_putc(&sb, *p == '\n' ? ' ' : *p);
		strbuf_putc(&sb, '\n');
		oomlog_feed(log, sb.buf, sb.len);
	}
}

static struct kills *search_log(const struct record *record, int64_t missing, bool takes_bare)
{
	struct search search = {.record = record, .kills = xcalloc(1, sizeof(struct kills))};
	struct oomlog_options options = {
		.page_size = or_zero(record->page_size),
		.event = on_event,
		.ctx = &search,
	};
	struct oomlog *log = oomlog_new(&options);

	search.kills->missing = missing;
	search.kills->takes_bare = takes_bare;
	feed(log, record);
	oomlog_end(log);
	oomlog_free(log);
	return search.kills;
}

/* Kills that the cgroup's counter has beyond those that are known to be of the run. */
static int64_t missing_kills(const struct record *r, const struct kills *kills)
{
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);

	return or_zero(delta) - (int64_t)(kills->victims - kills->outside + kills->repeated);
}

/*
 * A process that joined the cgroup by other ways than fork (docker exec, cgroup.procs) is not known
 * by its pid. Each kill has its line: where the log is whole and has as many bare lines as the
 * counter has kills that no victim accounts for, those lines are these kills.
 */
struct kills *kills_find(const struct record *record)
{
	struct kills *kills = search_log(record, 0, false);
	int64_t missing = missing_kills(record, kills);
	bool takes_bare = record_saw_all_kmsg(record) && missing == (int64_t)kills->bare;

	if (missing <= 0 || !kills->bare)
		return kills;
	kills_free(kills);
	return search_log(record, missing, takes_bare);
}

void kills_free(struct kills *kills)
{
	if (!kills)
		return;
	pool_release(&kills->texts);
	free(kills->pids);
	free(kills->items);
	free(kills);
}

const struct record_kmsg *kills_line(const struct record *record, uint64_t line)
{
	return line && line <= record->kmsg_count ? &record->kmsg[line - 1] : NULL;
}

const struct kill *kills_main(const struct kills *kills)
{
	const struct kill *child = NULL;

	for (size_t i = 0; i < kills->count; i++) {
		const struct kill *kill = &kills->items[i];

		if (kill->is_target)
			return kill;
		if (kill->child_count && (!child || (kill->is_dumped && !child->is_dumped)))
			child = kill;
	}
	return child;
}

static bool has_left(const struct record *r)
{
	for (size_t i = 0; i < r->process_count; i++)
		if (r->processes[i].cgroup)
			return true;
	return false;
}

bool kills_are_ruled_out(const struct record *r, const struct kills *kills)
{
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);

	if (kills->unknown || kills->victims || (is_known(delta) && delta))
		return false;
	return record_saw_all_kmsg(r) || (delta == 0 && !has_left(r));
}
