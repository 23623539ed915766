/* The processes that the kernel killed, if several; and those that left the run's cgroup. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"

enum { ROWS_MOST = 8 };

static const struct record_process *process_of(const struct record *r, int64_t pid)
{
	for (size_t i = r->process_count; i-- > 0;)
		if (r->processes[i].pid == pid)
			return &r->processes[i];
	return NULL;
}

/* "sh (pid 12)"; the caller frees. */
static char *parent_words(const struct record *r, int64_t pid)
{
	const struct record_process *process = process_of(r, pid);

	if (pid == r->target_pid)
		return xstrdup("oomlab");
	if (!process || !is_known(process->parent))
		return xstrdup("not known");
	return text_format("%s (pid %" PRId64 ")",
			   process->parent_comm ? process->parent_comm : "?", process->parent);
}

/* The limit that ran out, as briefly as it can be named. The caller frees. */
static char *limit_of(const struct record *r, const struct oomlog_event *e)
{
	const char *own = r->cgroup_path, *path = e->oom_memcg;
	size_t len = own ? strlen(own) : 0;

	if (!path)
		return xstrdup(e->scope == SCOPE_GLOBAL ? "the machine" : "not in the log");
	if (len > 1 && !strcmp(path, own))
		return xstrdup("its own");
	if (len > 1 && cgroup_is_within(path, own))
		return text_format("below the run's own: %s", path + len + 1);
	return xstrdup(path);
}

static void add_row(const struct facts *f, struct doc *doc, const struct oomlog_event *e,
		    const struct oomlog_victim *v)
{
	_cleanup_free_ char *pid = text_format("%" PRId64, v->pid);
	_cleanup_free_ char *parent = parent_words(f->record, v->pid);
	_cleanup_free_ char *limit = limit_of(f->record, e);
	_cleanup_free_ char *anon = is_known(v->anon_rss_bytes)
					    ? text_format("%s", SIZE(v->anon_rss_bytes))
					    : xstrdup("-");

	doc_row(doc, anon, pid, v->comm ? v->comm : "?", parent, limit);
}

typedef void victim_fn(const struct facts *f, struct doc *doc, const struct oomlog_event *e,
		       const struct oomlog_victim *v);

static void each_victim(const struct facts *f, struct doc *doc, victim_fn *tell)
{
	const struct kills *kills = f->conclusion->kills;
	size_t told = 0;

	for (size_t i = 0; i < kills->count; i++) {
		const struct oomlog_event *e = &kills->items[i].event;

		for (size_t j = 0; j < e->victim_count && told < ROWS_MOST; j++)
			if (kills_is_of_run(f->record, f->conclusion->kills, e, j)) {
				tell(f, doc, e, &e->victims[j]);
				told++;
			}
	}
}

static void cite_victim(const struct facts *f, struct doc *doc, const struct oomlog_event *e,
			const struct oomlog_victim *v)
{
	(void)e;
	cite_kmsg(doc, kills_line(f->record, v->line));
}

/* mm/oom_kill.c kills the process that it chose, then all of the group, that one again. */
static void say_counted_twice(const struct facts *f, struct doc *doc)
{
	const struct kills *kills = f->conclusion->kills;
	int64_t counted = record_delta(f->own, COUNTER_OOM_KILL);
	int64_t groups = record_delta(f->own, COUNTER_OOM_GROUP_KILL);

	if (!is_known(counted) || !is_known(groups) || groups < 1 || kills->outside ||
	    counted != (int64_t)kills->victims + groups)
		return;
	doc_sentence(doc,
		     "The counter rose by %" PRId64
		     ": in a group kill the kernel counts the process that it chose twice.",
		     counted);
	cite_event(doc, f, COUNTER_OOM_GROUP_KILL);
}

/* Says how many were killed, and how many of them only the counter tells. */
static void say_count(const struct facts *f, struct doc *doc)
{
	const struct kills *kills = f->conclusion->kills;
	int64_t killed = f->conclusion->killed;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_printf(&sb, "In all the kernel killed %" PRId64 " processes of this run", killed);
	if ((int64_t)kills->victims < killed)
		strbuf_printf(&sb, ", as its counter says; the log names %zu of them",
			      kills->victims);
	if (kills->undumped)
		strbuf_printf(
			&sb, "; %zu of the log's %zu kill line%s without the kernel's account",
			kills->undumped, kills->victims, kills->victims == 1 ? " is" : "s are");
	doc_sentence(doc, "%s.", sb.buf);
	if (kills->victims > kills->outside || (int64_t)kills->victims < killed)
		cite_event(doc, f, COUNTER_OOM_KILL);
	each_victim(f, doc, cite_victim);
	say_counted_twice(f, doc);
}

static bool is_told_of(const struct record *r, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (r->processes[i].cgroup &&
		    !strcmp(r->processes[i].cgroup, r->processes[before].cgroup))
			return true;
	return false;
}

static size_t count_in(const struct record *r, const char *cgroup)
{
	size_t n = 0;

	for (size_t i = 0; i < r->process_count; i++)
		n += r->processes[i].cgroup && !strcmp(r->processes[i].cgroup, cgroup);
	return n;
}

/* One sentence for each cgroup: a process that leaves takes its children along. */
static void say_left(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	size_t told = 0;

	for (size_t i = 0; i < r->process_count && told < ROWS_MOST; i++) {
		const struct record_process *p = &r->processes[i];
		char others[64] = "";
		size_t n;

		if (!p->cgroup || is_told_of(r, i))
			continue;
		n = count_in(r, p->cgroup);
		if (n > 1)
			snprintf(others, sizeof(others),
				 " and %zu more that the program had started", n - 1);
		doc_sentence(
			doc,
			"%s (pid %" PRId64
			")%s%s left the run's cgroup for %s, or began there: the limits of this run do not hold there, and memory is not counted.",
			p->comm ? p->comm : "A process", p->pid, others,
			n > 1 ? "" : ", which the program had started,", p->cgroup);
		doc_cite(doc, "record line %u", p->line);
		told++;
	}
}

static void add_table(const struct facts *f, struct doc *doc)
{
	size_t more = f->conclusion->kills->victims;
	char text[64];

	doc_table(doc);
	doc_row(doc, "anonymous", "pid", "killed", "started by", "limit of");
	each_victim(f, doc, add_row);
	if (more <= ROWS_MOST)
		return;
	snprintf(text, sizeof(text), "%zu more", more - ROWS_MOST);
	doc_row(doc, "", "", text, "", "");
}

void story_victims(const struct facts *f, struct doc *doc)
{
	if (f->conclusion->killed > 1)
		say_count(f, doc);
	if (f->conclusion->kills->victims > 1)
		add_table(f, doc);
	say_left(f, doc);
}
