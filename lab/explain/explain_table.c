#include "explain/explain_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain_parts.h"

/* A longer path is shown from its last component on. */
#define WHOSE_MAX 26
/* "2026-11-23T10:00:00", without what is behind it. */
#define WHEN_MAX 19

static const char *keep(struct explain_table *t, const char *text)
{
	return pool_text(&t->pool, (struct span){text, strlen(text)});
}

static const char *when_of(struct explain_table *t, const struct oomlog_event *ev)
{
	if (ev->wall)
		return pool_text(&t->pool,
				 span_head((struct span){ev->wall, strlen(ev->wall)}, WHEN_MAX));
	if (is_known(ev->time_ns) && ev->time_ns >= 0)
		return pool_format(&t->pool, "%" PRId64 ".%03" PRId64 " s",
				   ev->time_ns / 1000000000, ev->time_ns / 1000000 % 1000);
	return "";
}

static const char *shortened(struct explain_table *t, const char *text)
{
	const char *slash = strrchr(text, '/');

	if (text_starts_with(text, "cgroup "))
		text += 7;
	if (strlen(text) <= WHOSE_MAX || !slash || slash == text)
		return keep(t, text);
	return pool_format(&t->pool, "...%s", slash);
}

static const char *whose_of(struct explain_table *t, const struct oomlog_event *ev,
			    struct explanation *x)
{
	if (explain_is_memcg(ev))
		return ev->oom_memcg ? shortened(t, explain_cgroup(x, ev->oom_memcg)) : "a cgroup";
	if (ev->scope == SCOPE_CPUSET)
		return "a cpuset's nodes";
	if (ev->scope == SCOPE_MEMPOLICY)
		return "a policy's nodes";
	if (is_known(ev->beancounter))
		return pool_format(&t->pool, "OpenVZ container %" PRId64, ev->beancounter);
	return ev->scope == SCOPE_GLOBAL ? "the machine" : "not said";
}

static const char *who_of(struct explain_table *t, const struct oomlog_event *ev,
			  struct explanation *x)
{
	if (!ev->victim_count)
		return ev->panic ? "panic" : ev->no_killable_process ? "nobody" : "not said";
	const char *name = explain_name(x, ev->victims[0].comm);

	if (ev->victim_count == 1)
		return keep(t, name);
	return pool_format(&t->pool, "%s and %zu more", name, ev->victim_count - 1);
}

static int64_t size_of(const struct oomlog_event *ev)
{
	int64_t sum = ABSENT;

	for (size_t i = 0; i < ev->victim_count; i++)
		if (is_known(ev->victims[i].anon_rss_bytes))
			sum = or_zero(sum) + ev->victims[i].anon_rss_bytes +
			      or_zero(ev->victims[i].file_rss_bytes) +
			      or_zero(ev->victims[i].shmem_rss_bytes);
	return sum;
}

/* In a few words, only what the report says in whole sentences. */
static const char *why_of(const struct oomlog_event *ev, const struct explanation *x)
{
	const struct candidate *v = x->victim == SIZE_MAX ? NULL : &x->candidates[x->victim];

	if (ev->by_hand)
		return "by hand (sysrq)";
	if (ev->mechanism == MECHANISM_LIMIT_LOWERED)
		return "limit was lowered";
	if (explain_is_origin(ev))
		return "ran swapoff";
	if (ev->allocating_task)
		return "asked last";
	if (v && x->candidate_count == 1 && explain_is_memcg(ev))
		return "alone there";
	if (v && x->largest == x->victim)
		return "the largest";
	if (v && v->oom_score_adj > 0)
		return "oom_score_adj";
	if (!v && ev->victim_count && ev->victims[0].oom_score_adj == 1000 &&
	    explain_is_machine(ev))
		return "oom_score_adj 1000";
	return "";
}

static bool is_same(const struct explain_row *a, const struct explain_row *b)
{
	int64_t gap = a->size_bytes - b->size_bytes;

	if (is_known(a->size_bytes) != is_known(b->size_bytes))
		return false;
	return !strcmp(a->whose, b->whose) && !strcmp(a->who, b->who) && !strcmp(a->why, b->why) &&
	       (!is_known(a->size_bytes) || llabs(gap) <= a->size_bytes / 10);
}

void explain_table_add(struct explain_table *t, const struct oomlog_event *ev,
		       struct explanation *x)
{
	struct explain_row row = {.first = ++t->events, .last = t->events, .count = 1};
	struct explain_row *last = t->count ? &t->rows[t->count - 1] : NULL;

	t->has_unsaid |= !ev->victim_count;
	if (t->count == EXPLAIN_ROWS_MAX && last->last + 1 < row.first)
		return;
	row.when = when_of(t, ev);
	row.whose = whose_of(t, ev, x);
	row.who = who_of(t, ev, x);
	row.why = why_of(ev, x);
	row.size_bytes = size_of(ev);
	if (last && is_same(last, &row)) {
		last->last = row.last;
		last->count++;
	} else if (t->count < EXPLAIN_ROWS_MAX) {
		*ARRAY_PUSH(t->rows, t->count, t->capacity) = row;
	}
}

static void add_row(struct doc *doc, const struct explain_row *row)
{
	char index[64];

	if (row->count == 1)
		snprintf(index, sizeof(index), "%" PRIu64, row->first);
	else
		snprintf(index, sizeof(index), "%" PRIu64 "-%" PRIu64, row->first, row->last);
	doc_row(doc, index, row->when, row->whose, row->who,
		is_known(row->size_bytes) ? TEXT_SIZE((uint64_t)row->size_bytes) : "-", row->why);
}

void explain_table_doc(const struct explain_table *t, struct doc *doc)
{
	const struct explain_row *last = t->count ? &t->rows[t->count - 1] : NULL;

	if (t->events < 2 || !last)
		return;
	doc_heading(doc, "%" PRIu64 " OOM %s", t->events, t->has_unsaid ? "events" : "kills");
	doc_table(doc);
	doc_row(doc, "OOM", "when", "whose memory", "killed", "resident", "why");
	for (size_t i = 0; i < t->count; i++)
		add_row(doc, &t->rows[i]);
	if (last->last < t->events)
		doc_sentence(doc, "%" PRIu64 " more are not in this table.",
			     t->events - last->last);
}

void explain_table_release(struct explain_table *t)
{
	free(t->rows);
	pool_release(&t->pool);
	*t = (struct explain_table){0};
}
